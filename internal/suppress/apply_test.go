package suppress

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

const testRules = `
provider: acme
rules:
  - id: acme-token
    title: Acme token
    severity: critical
    anchors: [acm_]
    pattern: '(?:^|[^A-Za-z0-9_])(acm_[A-Za-z0-9]{32})(?:[^A-Za-z0-9]|$)'
    examples: {match: ['<<"acm_">><<alnum 32>>'], clean: [acm_short]}
`

func token(t testing.TB, seed string) string {
	t.Helper()
	text, err := rules.Expand(`<<"acm_">><<alnum 32>>`, seed)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// files are a state of a repository.
type files map[string]string

func (f files) read(name string) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	}
	return []byte(text), nil
}

func (f files) Walk(_ context.Context, _ *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	for name, text := range f {
		if err := visit(&scanner.Chunk{Data: []byte(text), Location: scanner.Location{Kind: scanner.KindStaged, Path: name, Object: name}}); err != nil {
			return err
		}
	}
	return nil
}

// scan scans a state under a policy.
func scan(t testing.TB, p *Policy, state files) (*scanner.Scanner, *scanner.Report) {
	t.Helper()
	set, err := rules.Load(fstest.MapFS{"acme.yaml": {Data: []byte(testRules)}}, "acme.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{Allow: p.Allow})
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Scan(t.Context(), state, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, &scanner.Report{Findings: res.Findings, Command: "staged"}
}

// silenced gives for each finding "path by where", or "path counts".
func silenced(rep *scanner.Report) []string {
	out := []string{}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		line := f.Location.Path + " counts"
		if s := f.Suppressed; s != nil {
			line = f.Location.Path + " " + s.By + " " + s.Where
			if s.AddedHere {
				line += " added here"
			}
		}
		out = append(out, line)
	}
	return out
}

// baselineOf makes a baseline of what is found in a state.
func baselineOf(t testing.TB, state files, terms Terms) string {
	t.Helper()
	_, rep := scan(t, nil, state)
	b, err := NewBaseline(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if terms.Owner == "" {
		terms = Terms{Owner: "ann", Reason: "known for long", Expires: "2026-12-31", PathScoped: terms.PathScoped}
	}
	if _, err := b.Add(rep.Findings, terms, now(), true); err != nil {
		t.Fatal(err)
	}
	return string(b.Format())
}

func TestApply(t *testing.T) {
	key, other := token(t, "one"), token(t, "two")
	comment := " # skant:allow acme-token a public test key"
	base := baselineOf(t, files{"a": key}, Terms{})
	scoped := baselineOf(t, files{"a": key}, Terms{PathScoped: true})
	ended := strings.ReplaceAll(base, "2026-12-31", "2026-11-19")
	lineOf := func(text string) int { return strings.Count(text[:strings.Index(text, "acme-token")], "\n") + 1 }
	line := lineOf(base)
	at := func(path string) string { return fmt.Sprintf("%s baseline %s:%d", path, BaselineName, line) }
	for _, c := range []struct {
		name   string
		policy files
		state  files
		want   []string
	}{
		{"nothing", files{}, files{"a": key}, []string{"a counts"}},
		{"inline", files{}, files{"a": "x\n" + key + comment}, []string{"a inline a:2"}},
		{"above", files{}, files{"a": comment + "\n" + key}, []string{"a inline a:1"}},
		{"path", files{IgnoreName: "# c\na\n"}, files{"a": key, "b": key}, []string{"a ignore-file .skantignore:2", "b counts"}},
		{"folder", files{IgnoreName: "dir/\n!dir/b"}, files{"dir/b": key}, []string{"dir/b ignore-file .skantignore:1"}},
		{"nested file does not count", files{"dir/" + IgnoreName: "*"}, files{"dir/b": key}, []string{"dir/b counts"}},
		{"taken back", files{IgnoreName: "*.py\n!b.py"}, files{"a.py": key, "b.py": key}, []string{"a.py ignore-file .skantignore:1", "b.py counts"}},
		{"baseline", files{BaselineName: base}, files{"a": key, "b": other}, []string{at("a"), "b counts"}},
		{"moved, renamed, other content", files{BaselineName: base}, files{"b": "x\ny\n  " + key + ";"}, []string{at("b")}},
		{"for a path", files{BaselineName: scoped}, files{"a": key, "b": key}, []string{fmt.Sprintf("a baseline %s:%d", BaselineName, lineOf(scoped)), "b counts"}},
		{"ended", files{BaselineName: ended}, files{"a": key}, []string{"a counts"}},
		{"another rule", files{BaselineName: strings.ReplaceAll(base, "acme-token", "acme-renamed")}, files{"a": key}, []string{"a counts"}},
		{"another key", files{BaselineName: head + base[strings.Index(base, "\n")+1:]}, files{"a": key}, []string{"a counts"}},
		{"two keys", files{BaselineName: head + base}, files{"a": key}, []string{fmt.Sprintf("a baseline %s:%d", BaselineName, line+1)}},
		{"inline goes before", files{BaselineName: base, IgnoreName: "a"}, files{"a": key + comment}, []string{"a inline a:1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy(t, Options{Read: c.policy.read})
			_, rep := scan(t, p, c.state)
			if _, err := p.Apply(rep, false); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, silenced(rep)); diff != "" {
				t.Error(diff)
			}
			p = policy(t, Options{Read: c.policy.read, NoPolicy: true})
			_, rep = scan(t, p, c.state)
			if _, err := p.Apply(rep, false); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(silenced(rep), "\n"); strings.Count(got, "counts") != len(rep.Findings) {
				t.Errorf("without a policy:\n%s", got)
			}
		})
	}
}

func TestApplyFaults(t *testing.T) {
	key := token(t, "one")
	for _, c := range []struct {
		name   string
		policy files
		want   string
	}{
		{"everything ignored", files{IgnoreName: "a\n\n/*\n"}, ".skantignore of commit 12ab34cd:3: this leaves out the whole repository"},
		{"slash", files{IgnoreName: "/"}, ".skantignore of commit 12ab34cd:1: this leaves out the whole repository"},
		{"long line", files{IgnoreName: strings.Repeat("a", 5000)}, ".skantignore of commit 12ab34cd: it has a line of more than 4 KiB"},
		{"large", files{IgnoreName: strings.Repeat("a\n", 1<<20)}, ".skantignore of commit 12ab34cd: it is larger than 1 MiB"},
		{"bad baseline", files{BaselineName: "x"}, ".skant-baseline of commit 12ab34cd:1: the rule is not right"},
	} {
		p := policy(t, Options{Read: c.policy.read, Origin: "commit 12ab34cd"})
		_, rep := scan(t, p, files{"a": key})
		if _, err := p.Apply(rep, false); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
		// Without a finding nothing is read, unless everything was scanned.
		if _, err := p.Apply(&scanner.Report{}, false); err != nil {
			t.Errorf("%s, no finding: %v", c.name, err)
		}
		if _, err := p.Apply(&scanner.Report{}, true); err == nil {
			t.Errorf("%s: a scan of everything does not see it", c.name)
		}
		if p.Check() == nil {
			t.Errorf("%s: the check does not see it", c.name)
		}
	}
	broken := errors.New("it is a symbolic link")
	p := policy(t, Options{Read: func(string) ([]byte, error) { return nil, broken }})
	_, rep := scan(t, p, files{"a": key})
	if _, err := p.Apply(rep, false); !errors.Is(err, broken) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	for _, name := range []string{"../x", "/x", "a/../../x", "."} {
		if _, err := Load(Options{Baseline: name}); err == nil {
			t.Errorf("the baseline may be at %s", name)
		}
	}
}

func TestConfiguredPaths(t *testing.T) {
	key := token(t, "one")
	p := policy(t, Options{Ignore: []Line{{"docs/", ".skant.yaml:3"}, {"*.md", ".skant.yaml:4"}}})
	_, rep := scan(t, p, files{"docs/a": key, "b.md": key, "c": key})
	rep.Command = "scan"
	if _, err := p.Apply(rep, false); err != nil {
		t.Fatal(err)
	}
	want := []string{"b.md ignore-file .skant.yaml:4", "c counts", "docs/a ignore-file .skant.yaml:3"}
	if diff := cmp.Diff(want, silenced(rep)); diff != "" {
		t.Error(diff)
	}
}

func TestStaleAndExpired(t *testing.T) {
	one, two, three := token(t, "one"), token(t, "two"), token(t, "three")
	text := baselineOf(t, files{"a": one, "b": two, "c": three}, Terms{})
	b, err := ParseBaseline([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.Entries {
		if _, rep := scan(t, nil, files{"c": three}); b.Entries[i].Hash == rep.Findings[0].Key(b.Keys[0]) {
			b.Entries[i].Expires = "2026-11-19"
		}
	}
	state := files{"a": one + " # skant:allow acme-token a public test key", "c": three}
	for _, whole := range []bool{false, true} {
		p := policy(t, Options{Read: files{BaselineName: string(b.Format())}.read})
		_, rep := scan(t, p, state)
		o, err := p.Apply(rep, whole)
		if err != nil {
			t.Fatal(err)
		}
		// What is allowed by a comment, too, is not stale.
		if stale := map[bool]int{false: 0, true: 1}[whole]; len(o.Stale) != stale || len(o.Expired) != 1 || o.Inline != 1 || o.Total() != 1 {
			t.Errorf("whole %v: %+v", whole, o)
		}
	}
}

// TestAddedHere: what a change allows itself is told, and refused if that is wanted. What was allowed before is not told.
func TestAddedHere(t *testing.T) {
	one, two := token(t, "one"), token(t, "two")
	comment := " # skant:allow acme-token a public test key"
	for _, c := range []struct {
		name         string
		base, state  files
		want, strict string
	}{
		{"new file", files{}, files{"a": one + comment}, "a inline a:1 added here", "a counts"},
		{"new line", files{"a": "x"}, files{"a": "x\n" + one + comment}, "a inline a:2 added here", "a counts"},
		{"comment is new", files{"a": one}, files{"a": one + comment}, "a inline a:1 added here", "a counts"},
		{"was there", files{"a": one + comment}, files{"a": "x\n" + one + comment + " indeed"}, "a inline a:2", "a inline a:2"},
		{"was there above", files{"a": comment + "\n" + one}, files{"a": one + comment}, "a inline a:1", "a inline a:1"},
		{"one of two places was not", files{"a": one + comment + "\n\n" + one}, files{"a": one + comment}, "a inline a:1 added here", "a counts"},
		{"it was for another secret", files{"a": two + comment}, files{"a": one + comment}, "a inline a:1 added here", "a counts"},
		{"in another file", files{"b": one + comment}, files{"a": one + comment}, "a inline a:1 added here", "a counts"},
		{"had ended", files{"a": one + " # skant:allow acme-token until=2026-01-01 a test"}, files{"a": one + comment}, "a inline a:1 added here", "a counts"},
	} {
		for _, strict := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, ", strict ", strict), func(t *testing.T) {
				p := policy(t, Options{Read: c.base.read, StrictAllow: strict})
				s, rep := scan(t, p, c.state)
				p.Against(c.base.read, s.Allowed)
				o, err := p.Apply(rep, false)
				if err != nil {
					t.Fatal(err)
				}
				want := c.want
				if strict {
					want = c.strict
				}
				if got := strings.Join(silenced(rep), "\n"); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				if refused := strict && c.strict == "a counts"; refused != (len(o.Refused) == 1) || refused != strings.Contains(strings.Join(rep.Findings[0].Reasons, " "), "does not count") {
					t.Errorf("refused %+v, reasons %q", o.Refused, rep.Findings[0].Reasons)
				}
			})
		}
	}
}

func TestAdded(t *testing.T) {
	one, two := token(t, "one"), token(t, "two")
	base := baselineOf(t, files{"a": one}, Terms{})
	b, err := ParseBaseline([]byte(base))
	if err != nil {
		t.Fatal(err)
	}
	_, rep := scan(t, nil, files{"b": two})
	if _, err := b.Add(rep.Findings, Terms{Owner: "eve", Reason: "trust me", Expires: Never, PathScoped: true}, now(), true); err != nil {
		t.Fatal(err)
	}
	more := string(b.Format())
	for _, c := range []struct {
		name       string
		base, head files
		want       []string
	}{
		{"nothing", files{IgnoreName: "a\nb", BaselineName: base}, files{IgnoreName: "b\n# c\n\na\n", BaselineName: base}, nil},
		{"none at all", files{}, files{}, nil},
		{"taken out", files{IgnoreName: "a\nb", BaselineName: more}, files{IgnoreName: "a"}, nil},
		{"a pattern", files{IgnoreName: "a"}, files{IgnoreName: "a\nleak.py"}, []string{".skantignore: leak.py"}},
		{"a file", files{}, files{IgnoreName: "leak.py"}, []string{".skantignore: leak.py"}},
		{"an exception taken out", files{IgnoreName: "*.py\n!leak.py"}, files{IgnoreName: "*.py"}, []string{".skantignore: takes out !leak.py"}},
		{"an entry", files{BaselineName: base}, files{BaselineName: more}, []string{".skant-baseline: acme-token, b, owner eve, until never: trust me"}},
		{"a later end", files{BaselineName: base}, files{BaselineName: strings.ReplaceAll(base, "2026-12-31", "2029-12-31")}, []string{".skant-baseline: acme-token, any path, owner ann, until 2029-12-31: known for long"}},
		{"hostile", files{}, files{IgnoreName: "a\x1b[2Kb\n", BaselineName: strings.Replace(base, " - ann ", ` "x\n::error::" "y\r" `, 1)},
			[]string{".skantignore: " + visible.Text("a\x1b[2Kb"), `.skant-baseline: acme-token, "x\n::error::", owner "y\r", until 2026-12-31: known for long`}},
		{"damaged", files{BaselineName: base}, files{BaselineName: "x"}, []string{".skant-baseline: cannot be read:1: the rule is not right: it is missing; an entry is: hash rule path owner date reason"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Added(c.base.read, c.head.read, "")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range list {
				got = append(got, a.File+": "+a.Text)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBaselineOfTheSame(t *testing.T) {
	one, two := token(t, "one"), token(t, "two")
	text := baselineOf(t, files{"a": one, "b": "x " + one, "c": two}, Terms{})
	if strings.Contains(text, one[8:20]) || bytes.Count([]byte(text), []byte("acme-token")) != 2 {
		t.Errorf("one entry for each secret is wanted:\n%s", text)
	}
	b, err := ParseBaseline([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	_, rep := scan(t, nil, files{"z": two + " " + one})
	change, err := b.Add(rep.Findings, Terms{}, now(), false)
	if err != nil || change != (Change{Known: 2}) {
		t.Errorf("%+v, %v", change, err)
	}
	for i := range b.Entries {
		b.Entries[i].Expires = "2026-11-19"
	}
	change, err = b.Add(rep.Findings, Terms{Owner: "ann", Reason: "known for long", Expires: Never}, now(), true)
	if err != nil || change != (Change{Ended: 2}) || len(b.Entries) != 2 {
		t.Errorf("nothing may be renewed: %+v, %v", change, err)
	}
	if dropped := b.Prune(rep.Findings, now()); len(dropped) != 2 || len(b.Entries) != 0 || len(b.Keys) != 1 {
		t.Errorf("%+v, %d left", dropped, len(b.Entries))
	}
}

// TestBaselineWithoutPath holds that an entry for one path never becomes one for all of them.
func TestBaselineWithoutPath(t *testing.T) {
	_, rep := scan(t, nil, files{"a": token(t, "one")})
	rep.Findings[0].Location.Path = ""
	b, err := NewBaseline(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	change, err := b.Add(rep.Findings, Terms{Owner: "ann", Reason: "known for long", Expires: Never, PathScoped: true}, now(), true)
	if err != nil || change != (Change{Pathless: 1}) || len(b.Entries) != 0 {
		t.Errorf("%+v, %v, %d entries", change, err, len(b.Entries))
	}
}
