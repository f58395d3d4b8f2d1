// Package sarif renders a finished scan as SARIF 2.1.0 for GitHub code scanning and every other reader of that format.
// The types of the format are in schema.go, everything else maps our words to SARIF's:
//
//   - A scan is one run. Its category (run.automationDetails.id) is "skant/<command>/": the alerts of a history audit and
//     those of the work tree are then kept apart, and an upload of one does not close the other's.
//   - A rule is a reportingDescriptor of the driver; only rules with results are listed. Its security-severity and
//     precision are the rule's own severity and confidence, since GitHub reads them nowhere else.
//   - A finding is a result with one location, because GitHub shows the first location only: the same secret in ten
//     places is ten results with one partialFingerprints["skantFingerprint/v1"]. Its level follows the severity of the
//     finding, and is "note" once the credential is known to be dead or expired.
//   - A place is a physicalLocation with a percent-encoded URI relative to SRCROOT. A finding of a history scan is anchored
//     to ".git/history/<path>", with the region that it has in the commit which introduced it: a URI that no tracked file
//     can have, because git refuses paths below .git, so that it says nothing about the file of today and stays when
//     that changes. The commit, object and kind are in the result's properties. What is in no file (a commit message, a
//     tag) is anchored to ".git/<kind>/<id of the commit or object>".
//   - The other places of a secret are relatedLocations, the first ten of them; the message counts all.
//   - partialFingerprints.primaryLocationLineHash, by which GitHub tells alerts, is left to its upload action for files of
//     the checkout, unless the report has it (see [LineHashes]), and made of the place for everything else.
//   - Coverage is the run's only invocation: executionSuccessful is coverage.complete, and every reason for which
//     something was not read is a toolExecutionNotification, an error if the scan was asked to read it.
//
// Left out on purpose, because such a file is uploaded: names and addresses of authors, commit messages, secrets in
// clear, and where on the machine the scanned folder lies (a file that was named by its absolute path keeps it). Suppressed
// findings are counted in a notification and are no results, because GitHub opens alerts for results whatever their
// suppressions say. With Report.ListSuppressed they are results with suppressions, for readers that know what those are.
//
// What is over a limit of GitHub is cut in the order of severity and counted in a notification.
package sarif

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

const (
	schemaURI = "https://json.schemastore.org/sarif-2.1.0.json"
	homeURI   = "https://github.com/skant-dev/skant"
	// rootID is the base of every relative URI. It has no URI of its own: where the checkout lies is the reader's
	// business, and the path of this machine is nobody's.
	rootID = "SRCROOT"
)

// Limits of GitHub code scanning; see docs on "SARIF support for code scanning".
const (
	maxResults = 5000
	// maxBytes is a little below the 10,000 kB that Microsoft's validator takes, and far below GitHub's 10 MB, which are compressed.
	maxBytes       = 9_900_000
	maxName        = 255
	maxDescription = 1024
	maxHelp        = 8192
	maxNotes       = 100
	maxURL         = 2048
)

// Options says what is known of the repository. The zero value says what the report does.
type Options struct {
	// RepositoryURI is the https address of the repository, Revision and Branch what was checked out. Without the
	// address the others are not stated.
	RepositoryURI, Revision, Branch string
}

// Write writes the report as SARIF. It returns the first error of w.
func Write(w io.Writer, rep *scanner.Report, set *rules.Set) error {
	return WriteWith(w, rep, set, Options{})
}

// WriteWith is [Write] for a repository of which more is known.
func WriteWith(w io.Writer, rep *scanner.Report, set *rules.Set, opt Options) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(&log{schemaURI, "2.1.0", []*run{newRun(rep, set, opt)}}); err != nil {
		return fmt.Errorf("write sarif: %w", err)
	}
	return nil
}

func newRun(rep *scanner.Report, set *rules.Set, opt Options) *run {
	if set == nil {
		set = rules.NewSet(nil, nil)
	}
	chosen := choose(rep)
	table := newRuleTable(set, chosen.findings)
	r := &run{
		Tool:              tool{driver(&rep.Tool, table)},
		AutomationDetails: automationDetails{category(rep.Command)},
		OriginalURIBaseIDs: map[string]artifactLocation{rootID: {
			Description: &message{"The root of the repository or folder that was scanned."},
		}},
		ColumnKind:      "unicodeCodePoints",
		RedactionTokens: []string{"..."},
		Results:         make([]*result, 0, len(chosen.findings)),
	}
	if at := rep.Repository; at != nil && opt == (Options{}) {
		opt = Options{clip(visible.Text(at.URI), maxURL), clip(visible.Text(at.Revision), maxName), clip(visible.Text(at.Branch), maxName)}
		if unsafeAddress(opt.RepositoryURI) {
			opt.RepositoryURI = ""
		}
	}
	if opt.RepositoryURI != "" {
		r.VersionControlProvenance = []*versionControlDetails{{RepositoryURI: opt.RepositoryURI, RevisionID: opt.Revision,
			Branch: opt.Branch, MappedTo: artifactLocation{URIBaseID: rootID}}}
	}
	r.Invocations = []*invocation{newInvocation(rep, chosen)}
	in := newScope(rep, chosen)
	room := maxBytes - size(&log{schemaURI, "2.1.0", []*run{r}}, "")
	for i, f := range chosen.findings {
		result := newResult(f, in, table)
		if room -= size(result, "    "); room < 0 {
			chosen.dropped += len(chosen.findings) - i
			chosen.large = true
			r.Invocations = []*invocation{newInvocation(rep, chosen)}
			break
		}
		r.Results = append(r.Results, result)
	}
	return r
}

// size is how many bytes a value takes in the file, a little more.
func size(v any, prefix string) int {
	text, err := json.MarshalIndent(v, prefix, " ")
	if err != nil {
		return 0 // it is told when the whole is written
	}
	return len(text) + len(prefix) + len(",\n")
}

// semantic matches what may stand in semanticVersion, which GitHub prefers to version. A build without a version, which
// says "(devel)", is 0.0.0-devel there: validators want a number.
var semantic = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^v?([0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?)$`)
})

func driver(made *scanner.Tool, table *ruleTable) component {
	c := component{
		Name: "skant", Organization: "skant", InformationURI: homeURI, Version: "0.0.0-devel",
		Rules: table.descriptors, Notifications: noteDescriptors(),
	}
	if m := semantic().FindStringSubmatch(clip(visible.Text(made.Version), maxName)); m != nil {
		c.Version = m[1]
	}
	c.SemanticVersion = c.Version
	return c
}

// category names the kind of scan. It must be stable: GitHub closes the alerts of a category that an upload of the same
// category no longer has.
func category(command string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r == '-' {
			return r
		}
		return -1
	}, command)
	if clean == "" {
		clean = "scan"
	}
	return "skant/" + clean[:min(len(clean), 32)] + "/"
}

// timestamp is a point in time as SARIF wants it: UTC.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
