package purge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/visible"
)

// document is a plan as JSON; docs/purge-plan.schema.json describes it. No value of a secret and no name that has one is in it.
type document struct {
	SchemaVersion string       `json:"schema_version"`
	At            time.Time    `json:"at"`
	Repository    string       `json:"repository"`
	Remote        string       `json:"remote,omitempty"`
	RemoteAsked   bool         `json:"remote_asked"`
	Ready         bool         `json:"ready"`
	Command       string       `json:"command"`
	Secrets       []planSecret `json:"secrets"`
	Effect        planEffect   `json:"effect"`
	Checks        []planCheck  `json:"checks"`
	Beyond        []planBeyond `json:"beyond"`
	Host          planHost     `json:"host"`
}

type planSecret struct {
	Number      int    `json:"number"`
	Fingerprint string `json:"fingerprint"`
	RuleID      string `json:"rule_id"`
	Title       string `json:"title"`
	Redacted    string `json:"secret_redacted"`
	Replaced    int    `json:"versions_replaced"`
	LeftOut     int    `json:"versions_left_out"`
}

type planEffect struct {
	Total         int       `json:"commits"`
	Commits       int       `json:"commits_rewritten"`
	SignedCommits int       `json:"signed_commits"`
	SignedTags    int       `json:"signed_tags"`
	Replaced      int       `json:"versions_replaced"`
	LeftOut       int       `json:"versions_left_out"`
	Refs          []planRef `json:"refs"`
}

type planRef struct {
	Name     string `json:"name"`
	Commit   string `json:"commit,omitempty"`
	LosesSig bool   `json:"loses_signature,omitempty"`
	Renamed  bool   `json:"renamed,omitempty"`
	Deleted  bool   `json:"deleted,omitempty"`
}

type planCheck struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Detail string `json:"detail"`
	Run    string `json:"run,omitempty"`
}

type planBeyond struct {
	What   string `json:"what"`
	Count  int    `json:"count"`
	Remedy string `json:"remedy"`
}

type planHost struct {
	// Protected says for each host that it may be where branches are protected.
	Protected    []planProtect `json:"protected_branches"`
	FirstChanged []string      `json:"first_changed_commits"`
	Blobs        []string      `json:"blobs"`
	PullRefs     []string      `json:"pull_refs"`
	PullUnknown  int           `json:"pull_refs_unknown"`
	Letter       string        `json:"letter"`
}

type planProtect struct {
	Host  string `json:"host"`
	Where string `json:"where"`
}

// states are the words of JSON for the states of a check.
var states = map[State]string{Fine: "ok", Note: "note", Unknown: "unknown", Blocks: "blocks"}

// JSON writes the plan as docs/purge-plan.schema.json describes it.
func (p *Plan) JSON(w io.Writer) error {
	affected, unknown := p.pulls()
	d := document{
		SchemaVersion: "1.0", At: p.in.Now.UTC(), Repository: visible.Text(p.clonePath()), Remote: visible.Text(p.in.Remote), RemoteAsked: p.RemoteRefs != nil,
		Ready: len(p.Blocked()) == 0, Command: p.Command(), Secrets: []planSecret{}, Checks: []planCheck{}, Beyond: []planBeyond{},
		Effect: planEffect{Total: p.Effect.Total, Commits: p.Effect.Commits, SignedCommits: p.Effect.Signed, Replaced: p.Effect.Blobs, LeftOut: p.Effect.Stripped, Refs: []planRef{}},
		Host:   planHost{FirstChanged: append([]string{}, p.firstChanged()...), Blobs: append([]string{}, p.blobs()...), PullRefs: []string{}, PullUnknown: unknown, Letter: p.letter()},
	}
	for _, h := range p.hosts() {
		d.Host.Protected = append(d.Host.Protected, planProtect{h.name, h.protect})
	}
	for _, name := range affected {
		d.Host.PullRefs = append(d.Host.PullRefs, p.shown(visible.Text(name)))
	}
	for _, s := range p.Secrets {
		d.Secrets = append(d.Secrets, planSecret{s.Number, s.Fingerprint, s.RuleID, visible.Text(s.Title), visible.Text(s.Redacted), s.Texts, s.Stripped})
	}
	for _, r := range p.Effect.Refs {
		one := planRef{Name: visible.Text(r.Shown), LosesSig: r.SignedTag, Renamed: r.Renamed != "", Deleted: r.Deleted}
		if !r.Commit.IsZero() {
			one.Commit = r.Commit.String()
		}
		if r.SignedTag {
			d.Effect.SignedTags++
		}
		d.Effect.Refs = append(d.Effect.Refs, one)
	}
	for _, c := range p.sorted() {
		d.Checks = append(d.Checks, planCheck{c.Name, states[c.State], c.Detail, c.Run})
	}
	for _, x := range p.Beyond {
		d.Beyond = append(d.Beyond, planBeyond{visible.Text(x.What), x.Count, x.Remedy})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// sorted are the checks, those first that somebody has to do something about.
func (p *Plan) sorted() []Check {
	order := []State{Blocks, Unknown, Note, Fine}
	all := slices.Clone(p.Checks)
	slices.SortStableFunc(all, func(a, b Check) int { return slices.Index(order, a.State) - slices.Index(order, b.State) })
	return all
}

// Text writes the plan for a terminal.
func (p *Plan) Text(w io.Writer) error {
	b := &page{}
	b.line("%s\nA purge comes after revoking, never instead of it: whoever has a copy keeps it.", p.headline())
	b.line("\nSecrets")
	for _, s := range p.Secrets {
		b.line("  %d. %s  %s  (%s, fingerprint %s)", s.Number, visible.Text(s.Title), visible.Text(s.Redacted), s.RuleID, s.Print)
		b.line("     %s", s.how())
	}
	b.line("\nWhat it rewrites")
	for _, line := range p.effectLines(nil) {
		b.line("  %s", line)
	}
	for _, r := range p.Effect.Refs[:min(len(p.Effect.Refs), maxNamed)] {
		b.line("    %s%s", visible.Text(r.Shown), r.note())
	}
	if n := len(p.Effect.Refs) - maxNamed; n > 0 {
		b.line("    and %d more", n)
	}
	last := State("")
	for _, c := range p.sorted() {
		if c.State != last {
			b.line("\n%s", titles[c.State])
			last = c.State
		}
		if c.State == Fine {
			b.line("  %s", c.Name)
			continue
		}
		b.line("  %s: %s", c.Name, plain(c.Detail))
		if c.Run != "" {
			b.line("      %s", c.Run)
		}
	}
	if all := p.hosts(); len(all) > 1 {
		b.line("\nWhere branches are protected")
		for _, h := range all {
			b.line("  %s: %s", h.name, plain(h.protect))
		}
	}
	if len(p.Beyond) > 0 {
		b.line("\nFound where no rewriting of history reaches")
	}
	for _, x := range p.Beyond {
		b.line("  %s %s. %s", count(x.Count, "place", "places"), visible.Text(x.What), plain(x.Remedy))
	}
	b.line("\nThen\n  %s\n      %s", thenText, p.Command())
	b.line("  `-o markdown` has, besides, what no purge reaches and the text for the host's support.")
	_, err := io.WriteString(w, b.String())
	return err
}

// titles stand over the checks of each state.
var titles = map[State]string{Blocks: "Stops the purge", Unknown: "Cannot be known from here", Note: "To be known before", Fine: "Looked at, and fine"}

// plain takes the marks of code away, which a terminal does not show.
func plain(s string) string { return strings.ReplaceAll(s, "`", "") }
