package html

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/recovery"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// What the script reads. Keys are short where there are many of them; every text is visible, bounded and ready to be a text node.

type dataSecret struct {
	Key        string       `json:"key"`
	Print      string       `json:"print,omitempty"` // the fingerprint, where the key is another
	Rule       string       `json:"rule"`
	Title      string       `json:"title"`
	Value      string       `json:"value"`
	Provider   string       `json:"provider"`
	Severity   string       `json:"sev"`
	Tone       string       `json:"tone"`
	Rank       int          `json:"rank"`
	Confidence string       `json:"conf"`
	Verdict    string       `json:"verdict"`
	Alive      int          `json:"alive"` // 1 alive, 0 not known, -1 dead
	State      string       `json:"state"`
	Use        string       `json:"use"`
	Since      string       `json:"since,omitempty"`
	Why        string       `json:"why,omitempty"`
	Docs       []string     `json:"docs,omitempty"`
	Facts      [][2]string  `json:"facts,omitempty"`
	Reasons    []string     `json:"reasons,omitempty"`
	Answer     *dataAnswer  `json:"answer,omitempty"`
	Suppressed *dataAllowed `json:"allowed,omitempty"`
	// Steps is the index of its steps, General says that they are those of its rule, with gaps.
	Steps   *int        `json:"steps,omitempty"`
	General bool        `json:"general,omitempty"`
	Places  []dataPlace `json:"places"`
	More    int         `json:"more,omitempty"`
}

type dataAnswer struct {
	Says    string   `json:"says,omitempty"`
	Do      string   `json:"do,omitempty"`
	Asked   string   `json:"asked,omitempty"`
	Learned []string `json:"learned,omitempty"`
}

type dataAllowed struct {
	By     string `json:"by"`
	Where  string `json:"where,omitempty"`
	Reason string `json:"reason,omitempty"`
	Here   bool   `json:"here,omitempty"`
}

type dataPlace struct {
	Where   string `json:"p"`
	Line    int    `json:"l,omitempty"`
	Column  int    `json:"c,omitempty"`
	Kind    string `json:"k,omitempty"`
	Excerpt string `json:"x,omitempty"`
	Decoded string `json:"d,omitempty"`
	Object  string `json:"o,omitempty"`
	Sub     string `json:"s,omitempty"`
	Commit  *int   `json:"i,omitempty"`
	Head    *bool  `json:"h,omitempty"`
	Now     bool   `json:"u,omitempty"`
	Refs    []int  `json:"r,omitempty"`
	RefN    int    `json:"n,omitempty"`
	Removed []int  `json:"g,omitempty"`
	Last    string `json:"z,omitempty"`
	Version int    `json:"v,omitempty"`
}

// dataCommit is id, author, address, time, summary.
type dataCommit [5]string

// tables are what many places share.
type tables struct {
	commits   []dataCommit
	commitAt  map[string]int
	refs      []string
	refAt     map[string]int
	places    int
	remaining int
}

// writeData writes the data block: an object whose tables follow the secrets, which fill them. Secrets for which there is no room are counted.
func (m *model) writeData(out *bufio.Writer) error {
	t := &tables{commitAt: map[string]int{}, refAt: map[string]int{}, remaining: maxData}
	plans, err := m.plans()
	if err != nil {
		return err
	}
	_, _ = out.WriteString(`{"secrets":[`)
	listed := 0
	for i, s := range m.secrets {
		if listed == maxSecrets || t.places >= maxPlaces || t.remaining <= 0 {
			break
		}
		d := m.data(s, t)
		if at, ok := plans.own[s]; ok {
			d.Steps = &at
		} else if at, ok := plans.general[d.Rule]; ok && s.state == stateOpen {
			d.Steps, d.General = &at, true
		}
		if i > 0 {
			_, _ = out.WriteString(",\n")
		}
		if err := t.write(out, d); err != nil {
			return err
		}
		listed++
	}
	for _, part := range []struct {
		name  string
		value any
	}{{"commits", list(t.commits)}, {"refs", list(t.refs)}, {"steps", list(plans.steps)}, {"filled", len(plans.own)}, {"beyond", len(m.secrets) - listed}} {
		if part.name == "commits" {
			_, _ = out.WriteString("]")
		}
		_, _ = out.WriteString(",\n\"" + part.name + "\":")
		if err := t.write(out, part.value); err != nil {
			return err
		}
	}
	_, _ = out.WriteString("}")
	return nil
}

// list is never null in JSON.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// write writes a value as JSON in which <, > and & are escapes, so that nothing in it ends the block.
func (t *tables) write(out *bufio.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode page: %w", err)
	}
	t.remaining -= len(text)
	_, err = out.Write(text)
	return err
}

func (m *model) data(s *secret, t *tables) dataSecret {
	g, f := s.group, s.group.First()
	d := dataSecret{Key: s.key, Rule: clip(f.RuleID, maxName), Title: s.title(), Value: clip(f.Secret.Redacted(), maxName), Provider: s.provider,
		Severity: clip(string(g.Severity), maxName), Tone: tone(g.Severity), Rank: g.Severity.Rank(), Confidence: clip(string(g.Confidence), maxName),
		Verdict: clip(report.VerdictWord(g.Verdict), maxName), State: s.state, Use: s.use, Since: day(s.since), Answer: answer(g)}
	if print := clip(f.Fingerprint, maxName); print != d.Key {
		d.Print = print
	}
	switch {
	case s.alive():
		d.Alive = 1
	case s.dead():
		d.Alive = -1
	}
	if r := m.set.Lookup(f.RuleID); r != nil {
		d.Why = clip(r.Why, maxWords)
		for _, link := range r.Docs {
			if recovery.SafeLink(link) && len(d.Docs) < 5 {
				d.Docs = append(d.Docs, link)
			}
		}
	}
	facts := map[string]string{}
	for _, f := range g.Places[:min(len(g.Places), maxPlacesOf)] {
		for name, value := range f.Facts {
			if facts[name] == "" {
				facts[name] = value
			}
		}
		for _, reason := range f.Reasons {
			if reason = clip(reason, maxLine); !slices.Contains(d.Reasons, reason) && len(d.Reasons) < 20 {
				d.Reasons = append(d.Reasons, reason)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		if len(d.Facts) < 30 && facts[name] != "" {
			d.Facts = append(d.Facts, [2]string{clip(name, maxName), clip(facts[name], maxPath)})
		}
	}
	if a := f.Suppressed; a != nil {
		d.Suppressed = &dataAllowed{clip(a.By, maxName), clip(a.Where, maxPath), clip(a.Reason, maxWords), a.AddedHere}
	}
	for i, f := range g.Places {
		if i == maxPlacesOf || i > 0 && t.places >= maxPlaces {
			d.More = len(g.Places) - i
			break
		}
		d.Places = append(d.Places, t.place(f))
	}
	return d
}

func answer(g *report.Group) *dataAnswer {
	v := g.Verification()
	if v == nil {
		return nil
	}
	a := &dataAnswer{Says: clip(v.Says, maxWords), Do: clip(v.Do, maxWords), Asked: clip(report.Asked(v), maxLine)}
	for _, fact := range report.Learned(v) {
		a.Learned = append(a.Learned, clip(fact, maxLine))
	}
	return a
}

func (t *tables) place(f *scanner.Finding) dataPlace {
	t.places++
	l, e := &f.Location, f.Exposure
	p := dataPlace{Where: where(f), Line: l.StartLine, Column: l.StartColumn, Excerpt: clip(f.Excerpt, maxLine), Object: clip(l.Object, 64), Sub: clip(l.Submodule, maxPath), Now: inUse(f)}
	switch l.Kind {
	case scanner.KindFile, scanner.KindCommitContent, scanner.KindStaged:
	default:
		p.Kind = report.KindWords(*l)
	}
	for i, name := range l.Decoded {
		if i > 0 {
			p.Decoded += " in "
		}
		p.Decoded += clip(name, maxName)
	}
	p.Decoded = clip(p.Decoded, maxName)
	p.Commit = t.commit(l.Commit)
	if e == nil {
		return p
	}
	p.Head, p.RefN, p.Version = &e.InHead, max(e.RefCount, len(e.Refs)), e.Versions
	for _, ref := range e.Refs[:min(len(e.Refs), 20)] {
		ref = clip(ref, maxPath)
		at, ok := t.refAt[ref]
		if !ok {
			at = len(t.refs)
			t.refs, t.refAt[ref] = append(t.refs, ref), at
		}
		p.Refs = append(p.Refs, at)
	}
	for i := range e.Removed[:min(len(e.Removed), 5)] {
		p.Removed = append(p.Removed, *t.commit(&e.Removed[i]))
	}
	p.Last = day(e.LastSeen)
	return p
}

// commit returns the index of a commit, or nil for none.
func (t *tables) commit(c *scanner.Commit) *int {
	if c == nil {
		return nil
	}
	d := dataCommit{clip(c.ID, 64), clip(c.Author, maxName), clip(c.Email, maxName), "", clip(c.Summary, 200)}
	if !c.Date.IsZero() {
		d[3] = c.Date.UTC().Format(time.RFC3339)
	}
	key := d[0] + "\x00" + d[1] + "\x00" + d[2] + "\x00" + d[3] + "\x00" + d[4]
	at, ok := t.commitAt[key]
	if !ok {
		at = len(t.commits)
		t.commits, t.commitAt[key] = append(t.commits, d), at
	}
	return &at
}

// lines makes commands visible, line by line.
func lines(run string) string {
	list := strings.Split(run, "\n")
	for i, line := range list {
		list[i] = visible.Text(line)
	}
	return strings.Join(list, "\n")
}
