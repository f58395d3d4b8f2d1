// Package recovery turns a finished scan into the way out of a leak: one incident, a runbook with the facts filled in.
//
// [New] builds a [Plan], a value without any format: what leaked, where it still sits and what reaches it, the steps of each
// rule's playbook with their placeholders filled in, where the new values go, whom to tell, what git needs, and what nobody
// knows yet. [Plan.Markdown], [Plan.HTML] and [Plan.JSON] render it; the first two from one description of the pages. None
// of them reads a clock, a file or the network.
//
// What the plan states comes partly from hostile repositories. Values that are put into commands are quoted for a POSIX
// shell, or left for the reader to fill in where no quoting is safe; values in text are kept apart from the words around
// them (see [Span]), so that every format can escape them its own way. The plan holds no secret in clear.
package recovery

import (
	"cmp"
	"slices"
	"time"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// Plan is the way out of one incident.
type Plan struct {
	Tool            scanner.Tool
	Target, Command string
	// ReportedAt is when the scan started: the end of the exposure as far as the report knows.
	ReportedAt time.Time
	Coverage   scanner.Coverage
	// Leaks are the secrets, the one to stop first first.
	Leaks []Leak
	// Surveyed says that a repository was asked how far the secrets got; Timeline and Incomplete are its answer, sorted by time
	// and as sentences.
	Surveyed   bool
	Timeline   []exposure.Event
	Incomplete []string
	// Suppressed and Hidden count findings that are not part of the plan, Returned objects that were purged and are there again.
	Suppressed, Hidden, Returned int
	// Stores are commands for secret managers, for new values that have no other place to go.
	Stores Section
	// Tell is whom to tell of the incident as a whole.
	Tell Section
	// Git is what ends the incident in the repository, common to all leaks, in order.
	Git []Section
	// Unknown are sentences on what nobody knows yet.
	Unknown [][]Span
	// Record is a table for the incident's files, filled in as far as the report knows.
	Record []Entry
}

// Leak is one secret of the incident.
type Leak struct {
	// Number names it in everything that people read, from 1; it is that of the incident's file. Leaks are not in its order.
	Number                               int
	Fingerprint, RuleID, Title, Redacted string
	Severity                             rules.Severity
	Confidence                           rules.Confidence
	Verdict                              scanner.Verdict
	// Verification is the answer of the provider that the verdict comes from; nil if nobody was asked.
	Verification *scanner.Verification
	// Why says what its holder can do; empty where the rule is not known.
	Why     string
	Docs    []string
	Reasons []string
	Facts   []Fact
	// Variable is the name under which programs read it, as far as the places tell.
	Variable string
	// Exposure is how far it got; nil if no repository was asked.
	Exposure *exposure.Secret
	// Places are where it is: those in front of the reader first, then the oldest.
	Places []Place
	// First and Last bound when the repository held it, Since is from when on logs have to be read: the earliest time that
	// anything knows of. Zero where that is not known.
	First, Last, Since time.Time
	// Ahead says that Since is zero because all that is known lies in the future: a clock was wrong, or somebody set it.
	Ahead bool
	// InHead says that at least one place is still there today.
	InHead bool
	// Refs are full names of refs that reach it, RefCount how many are known to.
	Refs     []string
	RefCount int
	// Phases hold the steps in the order of [rules.Phases]; a phase without steps is left out.
	Phases []Section
	// General says that the rule has no playbook and that the steps are those that fit every credential.
	General bool
	// Program are the steps that stop it by this program; those of phase stop do the same by hand. None where the program cannot.
	Program []Step

	provider string
}

// Fact is something that a credential says about itself.
type Fact struct{ Name, Value string }

// Place is one place of a leak.
type Place struct {
	Path string
	// Member is the path inside the archive at Path; empty outside archives.
	Member       string
	Line, Column int
	Kind         scanner.Kind
	// Commit and Date are those of the commit that introduced it; empty and zero outside git.
	Commit string
	Date   time.Time
	// Object is the git object that holds it.
	Object string
	// Decoded lists the encodings in which it stands there, outermost first.
	Decoded []string
	// InHead says whether it is still there; Known whether that was asked.
	InHead, Known bool
	RefCount      int
}

// Section is a phase of a leak, or a part of the work on the repository.
type Section struct {
	// Phase is empty for the work on the repository.
	Phase rules.Phase
	Title string
	Intro []Span
	Steps []Step
}

// Step is one thing to do, its placeholders filled in.
type Step struct {
	Title, Text []Span
	// Run holds shell commands, one a line, ready to be pasted but for what Missing names.
	Run string
	// Other says that the link is another way to do the same.
	Other bool
	// Say is a text to be sent to somebody.
	Say  string
	Link string
	// Uncertain marks a step whose effect is not documented by the provider.
	Uncertain bool
	// Missing are placeholders that stand as <name> in the step, because the value is not known or cannot be put into
	// a command safely.
	Missing []Missing
}

// Missing is a placeholder that the reader must fill in.
type Missing struct {
	Name string
	// Value is what is known, where it could not be put into the command; empty where nothing is.
	Value string
}

// Entry is a row of the incident record. An empty value is for the reader to fill in.
type Entry struct {
	Field string
	Value []Span
}

// Options says what is known besides the report. The zero value is right for most repositories.
type Options struct {
	// Remote is the name of the remote that is purged; empty means origin. Others are further remotes of the clone.
	Remote string
	Others []string
	// RemotePath is where the remote is, if its address is a path below the repository or beside it; empty for every other address.
	RemotePath string
	// Alone says that the repository has no remote: it may be what others push to.
	Alone bool
	// Exposure is what a survey of the repository found out; nil if there was none.
	Exposure *exposure.Exposure
	// Repository is the absolute path of the clone, for commands; empty means the report's target where that is one.
	Repository string
	// Report is the path of the JSON report that the runbook is of, or that is written along with it; empty if there is none.
	Report string
	// Files are names at the top of the work tree that tell where a project is deployed: vercel.json, serverless.yml.
	Files []string
	// Numbers are those of the secrets by fingerprint, where the report is a part of a larger one whose numbers count; nil means
	// that the report's own do.
	Numbers map[string]int
}

// New builds the plan of a report. Suppressed findings are counted and not planned for.
func New(rep *scanner.Report, set *rules.Set, opt Options) *Plan {
	if set == nil {
		set = rules.NewSet(nil, nil)
	}
	opt.Repository = nonEmpty(opt.Repository, rep.Target)
	p := &Plan{Tool: rep.Tool, Target: rep.Target, Command: rep.Command, ReportedAt: rep.StartedAt, Coverage: rep.Coverage,
		Hidden: rep.Hidden}
	groups := map[string][]*scanner.Finding{}
	var order []string
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if f.Suppressed != nil {
			p.Suppressed++
			continue
		}
		if f.RuleID == scanner.PurgedObjectRule {
			p.Returned++
			continue
		}
		if groups[f.Fingerprint] == nil {
			order = append(order, f.Fingerprint)
		}
		groups[f.Fingerprint] = append(groups[f.Fingerprint], f)
	}
	if opt.Exposure != nil {
		p.Surveyed, p.Timeline, p.Incomplete = true, opt.Exposure.Timeline, opt.Exposure.Incomplete
	}
	numbers := opt.Numbers
	if numbers == nil {
		numbers = incident.New(rep, rep.StartedAt).Numbers()
	}
	for _, fingerprint := range order {
		p.Leaks = append(p.Leaks, newLeak(groups[fingerprint], numbers[fingerprint], set, rep.StartedAt, opt))
	}
	slices.SortStableFunc(p.Leaks, compareLeaks)
	if len(p.Leaks) > 0 {
		p.Stores, p.Tell = storeSection(p), tellSection(p)
	}
	p.Git = gitSections(p, opt)
	p.Unknown = unknown(p)
	p.Record = record(p)
	return p
}

// compareLeaks puts the leak to stop first first: what is known to be alive, then the gravest; last what is known to be dead.
func compareLeaks(a, b Leak) int {
	tier := func(l *Leak) int {
		switch l.Verdict {
		case scanner.Live, scanner.Restricted:
			return 0
		case scanner.Dead, scanner.Expired:
			return 2
		default:
			return 1
		}
	}
	return cmp.Or(
		cmp.Compare(tier(&a), tier(&b)),
		cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
		cmp.Compare(alarm(b.Verdict), alarm(a.Verdict)),
		cmp.Compare(b.Confidence.Rank(), a.Confidence.Rank()),
		comparePlaces(a.Places[0], b.Places[0]),
		cmp.Compare(a.Fingerprint, b.Fingerprint),
	)
}

// alive reports whether the provider has said that it knows the credential.
func (l *Leak) alive() bool { return l.Verdict == scanner.Live || l.Verdict == scanner.Restricted }

// alarm orders verdicts: what is not known to be dead counts as alive.
func alarm(v scanner.Verdict) int {
	switch v {
	case scanner.Live:
		return 6
	case scanner.Restricted:
		return 5
	case scanner.Unknown:
		return 4
	case scanner.Uncheckable:
		return 3
	case scanner.Expired:
		return 1
	case scanner.Dead:
		return 0
	default:
		return 2
	}
}

// Total returns the number of places of all leaks.
func (p *Plan) Total() int {
	n := 0
	for i := range p.Leaks {
		n += len(p.Leaks[i].Places)
	}
	return n
}
