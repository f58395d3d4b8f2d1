package sarif

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// historyFolder is below where the results of a history scan are shown. No tracked file can be there, so that neither the reader nor
// the upload action takes a line of today's file for the line of an old commit, and a result stays the same when the file changes.
const historyFolder = ".git/history"

// maxRelated is how many other places of a secret a result lists, and allRelated how many all results do, the gravest first.
const (
	maxRelated = 10
	allRelated = 2000
)

// scope is what the results of a run have in common.
type scope struct {
	target  string
	history bool
	// places are all chosen findings by fingerprint, counts how many there would be if there were room for all.
	places map[string][]*scanner.Finding
	counts map[string]int
	// listed counts the other places that were listed.
	listed int
}

func newScope(rep *scanner.Report, chosen selection) *scope {
	s := &scope{target: rep.Target, history: rep.Command == "history", places: map[string][]*scanner.Finding{}, counts: chosen.counts}
	for _, f := range chosen.findings {
		s.places[f.Fingerprint] = append(s.places[f.Fingerprint], f)
	}
	return s
}

// anchor is [anchor], or the place below [historyFolder] in a history scan. inCheckout says that the URI may be that of a file there.
func (in *scope) anchor(f *scanner.Finding) (uri string, relative, inCheckout bool) {
	if in.history && f.Location.Path != "" {
		clean := path.Clean("/" + strings.ReplaceAll(f.Location.Path, "..", "_"))
		return percent(path.Join(historyFolder, clean)), true, false
	}
	uri, relative = anchor(f, in.target)
	return uri, relative, f.Location.Path != "" && !strings.HasPrefix(uri, ".git/")
}

// fingerprints are what readers tell results by. GitHub goes by primaryLocationLineHash alone. For a file in the checkout its upload
// action computes that, unless the report has it; for anything else there is nothing to compute it from, so it is made of the place.
func (in *scope) fingerprints(f *scanner.Finding, inCheckout bool) map[string]string {
	out := map[string]string{"skantFingerprint/v1": clip(visible.Text(f.Fingerprint), maxName)}
	switch {
	case !inCheckout:
		out["primaryLocationLineHash"] = placeHash(f)
	case f.Location.LineHash != "" && f.Location.Member == "":
		out["primaryLocationLineHash"] = clip(visible.Text(f.Location.LineHash), maxName)
	}
	return out
}

// placeHash is of the form of a line hash, and the same for the same finding in every run. Lines are not in it.
func placeHash(f *scanner.Finding) string {
	l := &f.Location
	parts := []string{f.Fingerprint, string(l.Kind), scanner.Printable(l.Path), scanner.Printable(l.Member), l.Submodule, l.Object, strconv.FormatInt(l.Offset, 10)}
	if l.Commit != nil {
		parts = append(parts, l.Commit.ID)
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8]) + ":1"
}

// related lists other places of the same secret, the first ones only.
func (in *scope) related(f *scanner.Finding) []relatedLocation {
	var out []relatedLocation
	for _, other := range in.places[f.Fingerprint] {
		if other == f {
			continue
		}
		if len(out) == maxRelated || in.listed == allRelated {
			break
		}
		in.listed++
		words := "The same secret"
		if c := other.Location.Commit; c != nil {
			words += ", introduced in commit " + plain(shortened(c.ID)) + report.Dated(c)
		}
		p := in.place(other)
		p.ContextRegion, p.Region.Snippet = nil, nil
		out = append(out, relatedLocation{p, say(words + ".")})
	}
	return out
}

// more says that a secret is in other places, too.
func (in *scope) more(f *scanner.Finding) string {
	n := in.counts[f.Fingerprint] - 1
	if n < 1 {
		return ""
	}
	return " The same secret is in " + report.Number(int64(n), "more place") + " of this report."
}
