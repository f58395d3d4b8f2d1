// Package proof works out whether an incident is over: claims about each secret and each clone, and for each of them whether it is
// proven, open, or cannot be known. It never calls proven what it could not look at.
package proof

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// Kind says what sort of claim it is. The words are part of the JSON output.
type Kind string

// The kinds of claim, in the order in which they are shown.
const (
	// Dead is that the provider takes the secret no more.
	Dead Kind = "dead"
	// Objects is that nothing in a clone holds the secret, by a search of everything.
	Objects Kind = "objects"
	// Reach is that none of the objects which held the secret, or led to it, is in a clone, reachable or not.
	Reach Kind = "reach"
	// Remote is that a remote gives none of these objects out, and that none of its refs reaches one.
	Remote Kind = "remote"
	// Hidden is that nothing would keep quiet about the secret if it came back.
	Hidden Kind = "not-hidden"
	// Hooks is that git runs skant where the secret could come back; Guard that the list of what was purged is there.
	Hooks Kind = "hooks"
	Guard Kind = "guard"
)

// Claim is one claim and what is known of it. Remedy is commands, one a line, in which comments begin with #.
type Claim struct {
	Kind Kind `json:"kind"`
	// Where is the path of the clone, or the name of the remote; empty for a claim about a provider.
	Where string `json:"where,omitempty"`
	incident.Proof
	// Attestation is what a person says of it, whether it counts or not; nil if nobody has said anything.
	Attestation *incident.Attestation `json:"attestation,omitempty"`
}

// Limit is something that no check of this kind can prove.
type Limit struct {
	// Name is what a person can attest it under; empty where nobody needs to be believed.
	Name        incident.Subject      `json:"name,omitempty"`
	What        string                `json:"what"`
	Remedy      string                `json:"remedy,omitempty"`
	Attestation *incident.Attestation `json:"attestation,omitempty"`
}

// Result is one check of one incident.
type Result struct {
	SchemaVersion string         `json:"schema_version"`
	Incident      string         `json:"incident"`
	At            time.Time      `json:"at"`
	State         incident.State `json:"state"`
	// Attested is how many claims rest on the word of a person.
	Attested int `json:"attested,omitempty"`
	// Secrets are what the claims are about, by their number.
	Secrets []Secret `json:"secrets"`
	Claims  []Claim  `json:"claims"`
	Limits  []Limit  `json:"limits"`
}

// Secret names a secret of the incident.
type Secret struct {
	Number      int    `json:"number"`
	Fingerprint string `json:"fingerprint"`
	RuleID      string `json:"rule_id"`
	Title       string `json:"title"`
	Redacted    string `json:"redacted"`
}

// SchemaVersion is that of [Result]. Within a major version changes only add keys.
const SchemaVersion = "1.0"

// Input is all that a check looks at.
type Input struct {
	File   *incident.File
	Clones []*Clone
	// Remotes are the answers of remotes; those with an Err could not be asked.
	Remotes []*RemoteAnswer
	// Ask says that remotes were to be asked, Asked that providers were.
	AskRemotes, AskProviders bool
	// Words are what providers said in this run, by fingerprint.
	Words map[string]Word
	// Known reports whether a rule is there to find a secret with.
	Known func(ruleID string) bool
	// Manual names the steps of the runbook by which a person stops a secret of a rule; empty if there is none.
	Manual func(ruleID string) string
	// Revoke is the command by which the program ends a secret, of which a value stands in the clone at a path; empty where it would not.
	// nil means that it never would.
	Revoke func(s *incident.Secret, path string) string
	// Askable reports whether the provider of a secret of a rule can be asked about it; nil means that all can.
	Askable func(ruleID string) bool
	// Fingerprint is what the incident would know a secret by if a rule had found it; nil if that is not known. KeyHolds says that it
	// is made with the key of the incident.
	Fingerprint func(ruleID string, s scanner.Secret) string
	KeyHolds    bool
	// Searched reports whether a clone that was searched has an object; nil means that all are there.
	Searched func(id string) bool
	// Scrub masks secrets in names of a repository; nil means that nothing is masked.
	Scrub func(string) string
	// Incident is how the file of the incident is named in remedies, Repeat are words of the command that each further check has to have, too, as a
	// shell takes them: --clone with a path, for instance.
	Incident string
	Repeat   []string
	Now      time.Time
}

// Clone is a repository that was searched, or a host of which only hooks and list are looked at.
type Clone struct {
	// Path is how it is called in words; At is its absolute path, for commands that are run from wherever somebody is. Without At it is Path.
	Path, At string
	Repo     *repo.Repository
	// Report is of a search of everything in it, with what suppresses findings entered and no rule switched off; nil for a host.
	Report *scanner.Report
	// Hooks are the hooks that it needs. Purged is the list of what may not come back, nil if there is none; PurgedErr
	// is why it could not be read.
	Hooks     []Hook
	Purged    *incident.Purged
	PurgedErr error
	// Hiding says what in its policy would hide a secret if it came back; "" if nothing would. known is false where that cannot be told.
	Hiding func(s *incident.Secret) (what, remedy string, known bool)
	// Host says that it is where a remote is.
	Host bool
}

// Hook is a hook that a repository needs, and whether git runs skant there.
type Hook struct {
	Name  string
	Works bool
	Why   string
	// Untried says that it seems to run skant, and nobody has tried it.
	Untried bool
}

// Word is what a provider says of a secret.
type Word struct {
	Verdict scanner.Verdict
	At      time.Time
	Says    string
}

// New makes the claims. Its order is that of secrets and kinds. Attestations that speak against what is known are marked so in the file.
func New(in *Input, facts []*Facts) *Result {
	c := &check{in: in}
	if c.in.Scrub == nil {
		c.in.Scrub = func(s string) string { return s }
	}
	if c.in.Askable == nil {
		c.in.Askable = func(string) bool { return true }
	}
	r := &Result{SchemaVersion: SchemaVersion, Incident: in.File.ID, At: in.Now.UTC().Truncate(time.Second), Claims: []Claim{}}
	for i := range in.File.Secrets {
		s := &in.File.Secrets[i]
		r.Secrets = append(r.Secrets, Secret{s.Number, s.Fingerprint, s.RuleID, s.Title, s.Redacted})
		c.contradict(s, facts)
		c.dead(s)
		for _, f := range facts {
			c.objects(s, f)
		}
		for _, f := range facts {
			c.reach(s, f)
		}
		c.remotes(s)
		for _, f := range facts {
			c.hidden(s, f.Clone)
		}
	}
	for _, clone := range in.Clones {
		c.hooks(clone)
		c.guard(clone)
	}
	r.Claims = c.claims
	r.State, r.Attested = r.worst(), r.count(incident.Attested)
	r.Limits = c.limits()
	return r
}

// worst is the state of the whole: proven only if each claim is, attested if the word of a person is all that is missing.
func (r *Result) worst() incident.State {
	if r.count(incident.Open) > 0 {
		return incident.Open
	}
	if r.count(incident.Unknown) > 0 || len(r.Claims) == 0 {
		return incident.Unknown
	}
	if r.count(incident.Attested) > 0 {
		return incident.Attested
	}
	return incident.Proven
}

func (r *Result) count(s incident.State) int {
	n := 0
	for i := range r.Claims {
		if r.Claims[i].State == s {
			n++
		}
	}
	return n
}

// Proofs are the claims as they are kept in the file of the incident.
func (r *Result) Proofs() []incident.Proof {
	all := make([]incident.Proof, 0, len(r.Claims))
	for _, c := range r.Claims {
		all = append(all, c.Proof)
	}
	return all
}

// check collects the claims of one result.
type check struct {
	in     *Input
	claims []Claim
}

// add enters a claim. Text of a repository is masked and made safe here, commands at the place where they are made.
func (c *check) add(kind Kind, where string, secret int, state incident.State, claim, detail, remedy string) {
	where = visible.Text(c.in.Scrub(where))
	c.claims = append(c.claims, Claim{Kind: kind, Where: where, Proof: incident.Proof{
		At: c.in.Now.UTC().Truncate(time.Second), Secret: secret, Claim: visible.Text(c.in.Scrub(claim)), State: state,
		Detail: visible.Text(c.in.Scrub(detail)), Remedy: c.in.Scrub(remedy),
	}})
}

// maxItems bounds how many things of one sort a sentence names.
const maxItems = 8

// list names the first things of a list.
func list(items []string) string {
	if len(items) > maxItems {
		return strings.Join(items[:maxItems], ", ") + fmt.Sprintf(" and %d more", len(items)-maxItems)
	}
	return strings.Join(items, ", ")
}

// distinct drops what is in a list twice and keeps its order.
func distinct(items []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(items, func(s string) bool {
		was := seen[s]
		seen[s] = true
		return was
	})
}

func short(id string) string { return id[:min(8, len(id))] }

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// word is a clone in a command.
func (c *Clone) word() string { return visible.ShellWord(cmp.Or(c.At, c.Path)) }

// at returns how a clone is called in a command, by its path in words.
func (c *check) at(path string) string {
	for _, clone := range c.in.Clones {
		if clone.Path == path {
			return clone.word()
		}
	}
	return visible.ShellWord(path)
}

// first is the repository that a check was given, in a command.
func (c *check) first() string {
	if len(c.in.Clones) == 0 {
		return "."
	}
	return c.in.Clones[0].word()
}

// again is the command of this check, with more flags, which can be run from wherever somebody is.
func (c *check) again(more ...string) string {
	words := []string{"skant recover check"}
	for _, flag := range []struct {
		name  string
		given bool
	}{{"--remote", c.in.AskRemotes}, {"--verify", c.in.AskProviders}} {
		if flag.given && !slices.Contains(more, flag.name) {
			words = append(words, flag.name)
		}
	}
	words = append(append(words, more...), "--incident "+visible.ShellWord(c.in.Incident))
	return strings.Join(append(append(words, c.in.Repeat...), c.first()), " ")
}

// limits are what no check can prove, always.
func (c *check) limits() []Limit {
	in := c.in
	here := c.first()
	all := []Limit{
		{incident.OfForks, "Forks and pull requests of the repository: on GitHub and GitLab they share its objects, and only the host's support can remove them.", "skant recover plan " + here, nil},
		{incident.OfClones, "Clones of others: whoever has fetched has it.", "skant recover check --incident " + visible.ShellWord(in.Incident) + " THEIR_CLONE", nil},
		{incident.OfCopies, "Caches and copies: web views and the API of the host, CI logs, caches and artifacts, images, packages, backups, mirrors.", "", nil},
		{"", "Files of a work tree that git does not know.", "skant scan " + here, nil},
		{"", "A form in which no rule recognises the secret, a part of it for instance.", "skant hunt " + here, nil},
		{incident.OfUse, "Whether somebody has used it, or made new credentials with it: the provider's logs tell, see the review steps of the runbook.", "skant recover runbook " + here, nil},
	}
	if b := in.File.Backup; b != nil && b.Path != "" {
		all = append(all, Limit{
			What: "The backup of " + date(b.At) + " holds every secret. Delete it when nothing of it is needed any more.", Remedy: "rm -- " + visible.ShellWord(b.Path),
		})
	}
	for i := range all {
		if all[i].Name != "" {
			all[i].Attestation = c.said(in.File.Attestation(all[i].Name, 0))
		}
	}
	return all
}
