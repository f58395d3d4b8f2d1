package scanner

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/skant-dev/skant/rules"
)

// Kind says what sort of place a finding was in.
type Kind string

// The kinds of place. They are part of the JSON contract.
const (
	KindFile          Kind = "file"
	KindStdin         Kind = "stdin"
	KindStaged        Kind = "staged"
	KindCommitContent Kind = "commit-content"
	KindCommitMessage Kind = "commit-message"
	KindAuthor        Kind = "author"
	KindTagMessage    Kind = "tag-message"
	KindNote          Kind = "note"
	KindRefName       Kind = "ref-name"
	KindGitConfig     Kind = "git-config"
	KindStash         Kind = "stash"
	KindReflog        Kind = "reflog"
	KindUnreachable   Kind = "unreachable"
	// KindFileName is the name of a file or folder itself, in a tree, an index or the git directory.
	KindFileName Kind = "file-name"
	// KindHook is a hook of the repository, a sample among them.
	KindHook Kind = "hook"
)

// Verdict is what the provider, or the credential itself, says about being alive.
type Verdict string

// The verdicts. The zero value means that nobody asked.
const (
	NotAsked    Verdict = ""
	Live        Verdict = "live"
	Restricted  Verdict = "restricted"
	Dead        Verdict = "dead"
	Expired     Verdict = "expired"
	Unknown     Verdict = "unknown"
	Uncheckable Verdict = "uncheckable"
)

// PurgedObjectRule is the rule id of a finding that is a whole git object, not a secret: one that was purged from the history. Its
// Location names the object; there is no secret and no position.
const PurgedObjectRule = "skant-purged-object"

// Finding is one credential in one place.
type Finding struct {
	Fingerprint string           `json:"fingerprint"`
	RuleID      string           `json:"rule_id"`
	Title       string           `json:"title"`
	Severity    rules.Severity   `json:"severity"`
	Confidence  rules.Confidence `json:"confidence"`
	Secret      Secret           `json:"secret_redacted"`
	// Revealed is the secret in clear. It is empty unless the user asked for --show-secrets.
	Revealed string   `json:"secret,omitempty"`
	Location Location `json:"location"`
	// Excerpt is the line of the finding, shortened, every secret in it masked. Valid UTF-8, no control characters.
	Excerpt string `json:"excerpt"`
	// Verdict is what is known about the credential being alive.
	Verdict Verdict `json:"verdict"`
	// Example says that the value stands for a secret that it is not: a placeholder, a test's value, a published example.
	Example bool `json:"example,omitempty"`
	// Facts are what the credential says about itself: account ids, expiry, the provider's name for it. No secrets.
	Facts map[string]string `json:"facts,omitempty"`
	// Reasons are short sentences on why the confidence or the verdict is what it is.
	Reasons    []string     `json:"reasons,omitempty"`
	Exposure   *Exposure    `json:"exposure,omitempty"`
	Suppressed *Suppression `json:"suppressed,omitempty"`
	// Verification is what asking the provider came to; nil if nobody asked.
	Verification *Verification `json:"verification,omitempty"`
	// Purged says that it was taken out of the history once and comes back: nothing may suppress it. It is either a secret, or
	// a git object under [PurgedObjectRule].
	Purged bool `json:"purged,omitempty"`
	// Refused is a request not to count the finding that is not obeyed; its Refused says why. The finding counts.
	Refused *Suppression `json:"-"`

	// raw is the text that stands in the file for the secret, encoded or not, so that it can be masked too.
	raw []Secret
	// weight is that of an assignment, until its path is known.
	weight *weight
	// conditional says that the rule goes by the path, which was not known when overlaps were resolved; priority is the
	// rule's.
	conditional bool
	priority    int
	// allow is what the text beside it says about it; nil if nothing.
	allow *allowance
	// parts are the further values of the credential, by name, for its verification.
	parts *partValues
}

// Location is where a finding is. Lines and columns count from 1; columns count Unicode code points; EndColumn is the
// column after the last character. For content of a commit they are those of that commit's version of the file.
type Location struct {
	Path        string  `json:"path,omitempty"`
	StartLine   int     `json:"start_line"`
	StartColumn int     `json:"start_column"`
	EndLine     int     `json:"end_line"`
	EndColumn   int     `json:"end_column"`
	Commit      *Commit `json:"commit,omitempty"`
	// Object is the hex id of the git object (blob, commit or tag) that holds the secret; empty outside git.
	Object string `json:"object,omitempty"`
	Kind   Kind   `json:"kind"`
	// Submodule is the path of the submodule in whose own store Object and Commit are, relative to the repository that
	// was scanned; empty for that repository itself. Path starts with it wherever it is a path of the work tree.
	Submodule string `json:"submodule,omitempty"`
	// Member is the path inside an archive at Path, those of archives in archives joined by "!/"; empty outside archives.
	// A last name in round brackets is a view of what is in the archive or document, and no name in it: "(text)",
	// "(page 3)", "(content)". Line, column and offset are those in the member.
	Member string `json:"member,omitempty"`
	// Decoded lists the encodings that had to be undone to see the secret, outermost first, for example ["base64"].
	Decoded []string `json:"decoded,omitempty"`
	// Offset is the byte offset of the secret in the object or file, as it is stored.
	Offset int64 `json:"offset"`
	// LineHash is the primaryLocationLineHash of the line: a hash without any key of what stands there. It is empty unless the user asked
	// for it.
	LineHash string `json:"line_hash,omitempty"`
}

// Place is the path and, inside an archive, the member behind it, as "lib.jar!/config/a.yml"; empty if neither is known.
func (l *Location) Place() string {
	switch {
	case l.Member == "":
		return l.Path
	case l.Path == "":
		return l.Member
	default:
		return l.Path + memberMark + l.Member
	}
}

// file is the path by which rules tell files: that of the innermost member that has a name of its own.
func (l *Location) file() string {
	if l.Member == "" {
		return l.Path
	}
	names := strings.Split(l.Member, memberMark)
	for i := len(names) - 1; i >= 0; i-- {
		if names[i] != "" && names[i][0] != '(' {
			return names[i]
		}
	}
	return l.Path
}

// memberMark stands between the name of an archive and that of a member.
const memberMark = "!/"

// Commit is the commit that introduced a finding.
type Commit struct {
	ID      string    `json:"id"`
	Author  string    `json:"author"`
	Email   string    `json:"email"`
	Date    time.Time `json:"date"`
	Summary string    `json:"summary"`
}

// Exposure is what the repository knows about a secret being reachable.
type Exposure struct {
	// InHead says whether HEAD still has the secret at the finding's path.
	InHead bool `json:"in_head"`
	// Versions is the number of distinct blobs that hold the secret at this path, from its introduction on.
	Versions int `json:"versions,omitempty"`
	// FirstSeen and LastSeen are the committer dates of the first and the last commit known to hold the secret at
	// this path; zero where no commit does.
	FirstSeen time.Time `json:"first_seen,omitzero"`
	LastSeen  time.Time `json:"last_seen,omitzero"`
	// Refs are the full names of refs from which the introducing commit can be reached, at most 20; RefCount is how
	// many there are.
	Refs     []string `json:"refs,omitempty"`
	RefCount int      `json:"ref_count,omitempty"`
	// Removed are the commits that took the secret away from this path again after Location.Commit had brought it there,
	// on whatever branch, the earliest first, at most 5. It can still be had from the commits in between.
	Removed []Commit `json:"removed,omitempty"`
	// Objects are the hex ids, sorted, of all blobs that hold the secret at this path in any commit. Of several findings of a
	// secret at a path only the first, by the committer's date, lists them.
	Objects []string `json:"objects,omitempty"`
}

// Suppression says why a finding does not count.
type Suppression struct {
	// By is the mechanism (ByInline, ByIgnoreFile, ByBaseline), Where the file and line that asked for it.
	By     string `json:"by"`
	Where  string `json:"where,omitempty"`
	Reason string `json:"reason,omitempty"`
	// AddedHere says that the change that was scanned brought the request along with the finding, or for it.
	AddedHere bool `json:"added_here,omitempty"`
	// Refused says why the request is not obeyed. It is empty in Finding.Suppressed.
	Refused string `json:"-"`
}

// SchemaVersion is the version of the JSON report. Within a major version changes only add keys.
const SchemaVersion = "1.0"

// Report is one finished scan: what every output format renders and what the JSON format stores.
type Report struct {
	SchemaVersion string    `json:"schema_version"`
	Tool          Tool      `json:"tool"`
	Target        string    `json:"target"`
	Command       string    `json:"command,omitempty"`
	StartedAt     time.Time `json:"started_at"`
	// Repository is what was checked out where the scan ran; nil outside of repositories.
	Repository *Repository `json:"repository,omitempty"`
	Coverage   Coverage    `json:"coverage"`
	// Hidden counts findings below the least confidence that was asked for; they are not among Findings.
	Hidden   int       `json:"hidden,omitempty"`
	Findings []Finding `json:"findings"`
	// Recovery is the way out of the incident, where `skant recover` made the report; docs/report.schema.json describes it. Reading
	// a report drops it, since it is made anew from the findings.
	Recovery json.RawMessage `json:"recovery,omitempty"`
	// ListSuppressed has the formats for people, and SARIF, list the findings that do not count, which they count otherwise.
	ListSuppressed bool `json:"-"`
}

// Tool names the program that made a report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}
