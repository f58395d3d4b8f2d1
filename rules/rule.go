// Package rules holds what skant looks for, as data.
//
// A [Rule] is one kind of credential: how to find it, what to check once it is found, what proves it, examples that
// show both sides, and how an incident with it ends. Rules are written in YAML, one file per provider, and are read by
// [Load]; this package is the only reader of those files. [Builtin] returns the rules that come with the program.
//
// The package knows nothing of git, files or output: the engine (package scanner) interprets the rules.
package rules

import "sync"

// Severity is how much harm a live credential of this kind can do.
type Severity string

// The severities, from the most to the least harmful.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Rank orders severities: 4 for [Critical] down to 0 for [Info] and for a value that is none of them.
func (s Severity) Rank() int {
	switch s {
	case Critical:
		return 4
	case High:
		return 3
	case Medium:
		return 2
	case Low:
		return 1
	default:
		return 0
	}
}

// Confidence is how sure skant is that a match is a real credential of the rule's kind.
type Confidence string

// The confidences, from the surest to the least sure. Certain means that a checksum or a structure proves it.
const (
	Certain          Confidence = "certain"
	HighConfidence   Confidence = "high"
	MediumConfidence Confidence = "medium"
	LowConfidence    Confidence = "low"
)

// Rank orders confidences: 3 for [Certain] down to 0 for [LowConfidence], -1 for a value that is none of them.
func (c Confidence) Rank() int {
	switch c {
	case Certain:
		return 3
	case HighConfidence:
		return 2
	case MediumConfidence:
		return 1
	case LowConfidence:
		return 0
	default:
		return -1
	}
}

// Rule is one kind of credential.
//
// The first group of fields is what the engine needs; [Builtin] fills only those. The second group is for people and is
// filled by [Load] and [BuiltinWithDocs].
type Rule struct {
	// ID names the rule for ever: lower case, digits and dashes, starting with the provider. It is part of fingerprints.
	ID string `yaml:"id"`
	// Provider is the file's provider key, for example "anthropic".
	Provider string `yaml:"-"`
	// Title is a noun phrase for one line, for example "Anthropic API key".
	Title string `yaml:"title"`
	// Severity is that of a live credential; evidence may lower or raise it.
	Severity Severity `yaml:"severity"`
	// Confidence is that of a match which passed every check and has no evidence for or against it.
	Confidence Confidence `yaml:"confidence"`
	// Anchors are literals of at least 3 bytes. A match of Pattern contains at least one of them, whole.
	Anchors []string `yaml:"anchors"`
	// Fold says that anchors are found without regard to ASCII case. Patterns say so themselves with (?i).
	Fold bool `yaml:"fold"`
	// Pattern is an RE2 expression; its group 1 is the secret. It sees a bounded window around an anchor.
	Pattern string `yaml:"pattern"`
	// Assignment is a kind of package weigh, in place of a pattern: what is assigned to a name with a word of that kind is
	// weighed, and the weight decides the confidence. The anchors are the words' beginnings.
	Assignment string `yaml:"assignment"`
	// MaxLength bounds the length in bytes of a match of Pattern. 0 lets the engine work it out, which it can for
	// patterns without unbounded repetition; it takes 4096 for others.
	MaxLength int `yaml:"max_length"`
	// Priority decides which rule wins where matches overlap: the higher one, then the longer match. The default is
	// 50; a catch-all has less, a rule that knows more about the same bytes has more.
	Priority int `yaml:"priority"`
	// Identifier says that the value is a public name (a key id), not a secret: it is shown in clear.
	Identifier bool `yaml:"identifier"`
	// Checks are asked of every match; one that fails drops the match.
	Checks Checks `yaml:"checks"`
	// Evidence names functions of internal/evidence that look at the value offline and raise or lower confidence.
	Evidence []string `yaml:"evidence"`
	// Parts are further values that belong to the same credential, looked for near the match.
	Parts []Part `yaml:"parts"`
	// Fact is the name under which the main match is stated when a part, not the match, is the secret.
	Fact string `yaml:"fact"`

	// Assigned is another way to say anchors, fold and pattern: [Load] writes those from it.
	Assigned Assigned `yaml:"assigned"`
	// Why says in one or two sentences what the holder of such a credential can do.
	Why string `yaml:"why"`
	// Docs are links to the provider's own documentation of the format.
	Docs []string `yaml:"docs"`
	// Examples show what the rule finds and what it leaves alone. They are templates, see [Expand].
	Examples Examples `yaml:"examples"`
	// Playbook names the recovery steps, in the rule's file.
	Playbook string `yaml:"playbook"`
	// Liveness names how the provider is asked whether such a credential is alive, in the rule's file.
	Liveness string `yaml:"liveness"`
	// Revocation names how the provider is told to end such a credential, in the rule's file.
	Revocation string `yaml:"revocation"`
	// Origin is the file and line of the rule, for messages.
	Origin Origin `yaml:"-"`
	// Known says that the rule looks for one value, which whoever runs it knows: nothing of a match is shown, not even how it begins.
	Known bool `yaml:"-"`
	// Added says that [Merge] added the rule to others, the built-in ones as a rule.
	Added bool `yaml:"-"`
}

// Checks are conditions on a match. The zero value asks for nothing but that the value is no placeholder.
type Checks struct {
	// Entropy is the least Shannon entropy of the secret, in bits per byte.
	Entropy float64 `yaml:"entropy"`
	// Require are RE2 expressions that must all match somewhere in the secret.
	Require []string `yaml:"require"`
	// Forbid are RE2 expressions none of which may match in the secret.
	Forbid []string `yaml:"forbid"`
	// Context are words, one of which must stand within ContextWithin bytes of the match, without regard to case.
	Context []string `yaml:"context"`
	// ContextWithin is in bytes, to either side. 0 means 120.
	ContextWithin int `yaml:"context_within"`
	// ForbidContext are RE2 expressions none of which may match in the line of the match with the secret taken out.
	ForbidContext []string `yaml:"forbid_context"`
	// Paths are RE2 expressions, one of which must match the path. Empty means every path.
	Paths []string `yaml:"paths"`
	// NotPaths are RE2 expressions none of which may match the path.
	NotPaths []string `yaml:"not_paths"`
	// IgnoreSHA256 are hex SHA-256 sums of published example values, which are no secrets.
	IgnoreSHA256 []string `yaml:"ignore_sha256"`
	// AllowPlaceholders switches off the check that the value is no placeholder ("changeme", "xxxx", "<token>").
	AllowPlaceholders bool `yaml:"allow_placeholders"`
}

// Part is a further value of the same credential, for instance the secret key that goes with an access-key id.
// The nearest candidate in the same file wins; a candidate belongs to one match at most.
type Part struct {
	// Name says what the value is, for example "aws_secret_access_key". A part that is no secret is stated as a fact
	// of that name.
	Name string `yaml:"name"`
	// Pattern is an RE2 expression; its group 1 is the value.
	Pattern string `yaml:"pattern"`
	// Within is the largest distance in bytes from the match, to either side. 0 means 10240.
	Within int `yaml:"within"`
	// Prefer are words: a candidate with one of them in the 64 bytes before it counts as nearer than any without.
	Prefer []string `yaml:"prefer"`
	// Checks are asked of every candidate.
	Checks Checks `yaml:"checks"`
	// Secret says that this value, not the main match, is the finding's secret.
	Secret bool `yaml:"secret"`
	// Identifier says that the value may be shown in clear, as a fact.
	Identifier bool `yaml:"identifier"`
	// Optional says that the rule also fires without it.
	Optional bool `yaml:"optional"`
}

// Examples are templates, see [Expand]. Each must hold (Match) or not hold (Clean) a finding of its rule.
type Examples struct {
	Match []string `yaml:"match"`
	Clean []string `yaml:"clean"`
}

// Origin is where a rule was read: a file name and the line its entry starts on.
type Origin struct {
	File string
	Line int
}

// Phase is a stage of ending an incident. A runbook goes through them in the order of [Phases].
type Phase string

// The phases.
const (
	Stop       Phase = "stop"
	NotCovered Phase = "not-covered"
	Reissue    Phase = "reissue"
	Review     Phase = "review"
	Collateral Phase = "collateral"
	Tell       Phase = "tell"
	Prevent    Phase = "prevent"
)

// Phases returns every phase in the order in which they are worked through.
func Phases() []Phase {
	return []Phase{Stop, NotCovered, Reissue, Review, Collateral, Tell, Prevent}
}

// Step is one thing to do in an incident. Title, Text and Run may hold {fact} placeholders, which the runbook fills in
// with what is known of the incident and leaves as <fact> where it is not.
type Step struct {
	Phase Phase `yaml:"phase"`
	// Title is an imperative of a few words.
	Title string `yaml:"title"`
	// Text says what to know before doing it; may be empty.
	Text string `yaml:"text"`
	// Run holds exact commands, one per line; may be empty.
	Run string `yaml:"run"`
	// Link is the provider's page where the same is done by hand; may be empty.
	Link string `yaml:"link"`
	// Uncertain marks a step whose effect is not documented by the provider.
	Uncertain bool `yaml:"uncertain"`
}

// Playbook is the steps of one kind of incident, in order.
type Playbook struct {
	Name  string
	Steps []Step
}

// Set is an immutable collection of rules with unique ids, in a fixed order.
type Set struct {
	rules []Rule
	// byID is made when a rule is first looked up: most runs look up none.
	byID      map[string]int
	entered   sync.Once
	playbooks map[string]Playbook
	liveness  map[string]Liveness
	// revocations are as liveness.
	revocations map[string]Revocation
	// extra is what is said of rules that were added, by their ids. For these it stands in the place of both maps.
	extra map[string]said
}

// said is what is said of a rule beside it; nil where nothing is.
type said struct {
	playbook   *Playbook
	liveness   *Liveness
	revocation *Revocation
	// provider is the rule's, ownServers what [Set.HasOwnServers] says where it comes from.
	provider   string
	ownServers bool
}

// saidOf returns what is said of a rule of the set.
func (s *Set) saidOf(r *Rule) (of said) {
	of.provider, of.ownServers = r.Provider, s.HasOwnServers(r)
	if p, ok := s.PlaybookOf(r); ok {
		of.playbook = &p
	}
	if l, ok := s.LivenessOf(r); ok {
		of.liveness = &l
	}
	if v, ok := s.RevocationOf(r); ok {
		of.revocation = &v
	}
	return of
}

// NewSet makes a set of the given rules and playbooks, without liveness. A playbook's key is "provider/name".
// The caller has seen to it that ids are unique; of two rules with the same id the later one is found by [Set.Lookup].
func NewSet(rs []Rule, playbooks map[string]Playbook) *Set {
	return &Set{rules: rs, playbooks: playbooks}
}

// All returns the rules in order. The slice is the set's own: do not change it.
func (s *Set) All() []Rule { return s.rules }

// Len returns the number of rules.
func (s *Set) Len() int { return len(s.rules) }

// Lookup returns the rule of that id, or nil.
func (s *Set) Lookup(id string) *Rule {
	s.entered.Do(func() {
		s.byID = make(map[string]int, len(s.rules))
		for i := range s.rules {
			s.byID[s.rules[i].ID] = i
		}
	})
	i, ok := s.byID[id]
	if !ok {
		return nil
	}
	return &s.rules[i]
}

// PlaybookOf returns the recovery steps of a rule; ok is false where it has none.
func (s *Set) PlaybookOf(r *Rule) (p Playbook, ok bool) {
	if of, added := s.extra[r.ID]; added {
		if of.playbook == nil {
			return Playbook{}, false
		}
		return *of.playbook, true
	}
	p, ok = s.playbooks[r.Provider+"/"+r.Playbook]
	return p, ok
}
