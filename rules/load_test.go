package rules

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const goodRule = `provider: acme
playbooks:
  key:
    - {phase: stop, title: Revoke it}
rules:
  - id: acme-key
    title: Acme key
    severity: high
    anchors: [acme_]
    pattern: '(acme_[a-z]{8})'
    playbook: key
    examples:
      match: ['<<"acme_">><<lower 8>>']
      clean: [acme_X]
`

func loadText(text string) (*Set, error) {
	return Load(fstest.MapFS{"a.yaml": {Data: []byte(text)}}, ".", "own")
}

func TestLoad(t *testing.T) {
	set, err := loadText(goodRule)
	if err != nil {
		t.Fatal(err)
	}
	r := set.Lookup("acme-key")
	if r == nil {
		t.Fatal("the rule is not there")
	}
	if r.Provider != "acme" || r.Priority != 50 || r.Confidence != HighConfidence || r.Origin != (Origin{"own/a.yaml", 6}) {
		t.Errorf("defaults: %+v", *r)
	}
	if p, ok := set.PlaybookOf(r); !ok || len(p.Steps) != 1 {
		t.Errorf("playbook: %+v", p)
	}
	if set.Lookup("other") != nil {
		t.Error("a rule that is not there is found")
	}
}

// TestLoadErrors changes one thing of a good file at a time. Each message must name file, line, rule and cause.
func TestLoadErrors(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", "title: Acme key", "titel: Acme key", `own/a.yaml:7: rule acme-key: unknown key "titel"`},
		{"unknown top-level key", "provider: acme", "provider: acme\nversion: 2", `own/a.yaml:2: unknown key "version"`},
		{"unknown key in a playbook", "title: Revoke it", "titel: Revoke it", `own/a.yaml:4: unknown key "titel"`},
		{"key twice", "severity: high", "severity: high\n    severity: low", `own/a.yaml:9: rule acme-key: the key "severity" stands twice`},
		{"no list", "anchors: [acme_]", "anchors: acme_", `own/a.yaml:9: rule acme-key: a list is needed here, not "acme_"`},
		{"bad pattern", "{8})", "{8}", "own/a.yaml:6: rule acme-key: pattern: error parsing regexp"},
		{"no group", "(acme_[a-z]{8})", "acme_[a-z]{8}", "the pattern has no group"},
		{"matches nothing", "(acme_[a-z]{8})", "(x?)", "the pattern matches the empty text"},
		{"look-around", "(acme_", "(?!x)(acme_", "error parsing regexp"},
		{"short anchor", "[acme_]", "[ac]", `anchor "ac": at least 3 bytes are needed`},
		{"no anchor", "anchors: [acme_]", "anchors: []", "anchors are missing"},
		{"severity", "severity: high", "severity: urgent", `severity "urgent": known are`},
		{"certain by decree", "severity: high", "severity: high\n    confidence: certain", "certain comes from evidence"},
		{"no title", "title: Acme key", "title: ''", "title is missing"},
		{"id", "id: acme-key", "id: Acme_Key", `id "Acme_Key": write lower-case`},
		{"evidence", "playbook: key", "playbook: key\n    evidence: [psychic]", `evidence "psychic" is not known`},
		{"playbook", "playbook: key", "playbook: keys", `playbook "keys" is not in this file`},
		{"phase", "phase: stop", "phase: pray", `phase "pray": known are`},
		{"check", "playbook: key", "playbook: key\n    checks: {require: ['(']}", `require "(": error parsing`},
		{"entropy", "playbook: key", "playbook: key\n    checks: {entropy: 9}", "entropy 9: write 0 to 8"},
		{"ignored value in clear", "playbook: key", "playbook: key\n    checks: {ignore_sha256: [abc]}", `ignore_sha256 "abc": write 64 hex digits`},
		{"example", "<<lower 8>>", "<<louder 8>>", `function "louder" not defined`},
		{"no examples", "clean: [acme_X]", "clean: []", "examples are missing"},
		{"two secrets", "playbook: key", "playbook: key\n    parts: [{name: a, pattern: '(abc)', secret: true}, {name: b, pattern: '(abd)', secret: true}]", "more than one part"},
		{"part without a fact", "playbook: key", "playbook: key\n    parts: [{name: a, pattern: '(abc)', secret: true}]", "under which name"},
		{"not YAML", "rules:", "rules: [", "own/a.yaml:1:"},
		{"empty", goodRule, "", "own/a.yaml:1: the file is empty"},
		{"no rule", goodRule, "provider: acme\n", "no rule in"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(goodRule, c.old, c.new, 1)
			if text == goodRule {
				t.Fatal("the test changes nothing")
			}
			_, err := loadText(text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant ...%s", err, c.want)
			}
		})
	}
}

func TestLoadReportsAllErrors(t *testing.T) {
	bad := strings.NewReplacer("severity: high", "severity: urgent", "title: Acme key", "title: ''").Replace(goodRule)
	second := strings.Replace(goodRule, "provider: acme", "provider: other", 1)
	_, err := Load(fstest.MapFS{"a.yaml": {Data: []byte(bad)}, "b.yml": {Data: []byte(second)}, "c.txt": {Data: []byte("no rules")}}, ".", "own")
	var one *Error
	if !errors.As(err, &one) || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("errors: %v", err)
	}
	if !strings.Contains(err.Error(), "the id stands at own/a.yaml:6 already") {
		t.Errorf("the duplicate id is not reported: %v", err)
	}
}

func TestMerge(t *testing.T) {
	a, err := loadText(goodRule)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(a, a); err == nil {
		t.Error("a rule was replaced in silence")
	}
	b, err := loadText(strings.ReplaceAll(goodRule, "acme", "umbra"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Merge(a, b)
	if err != nil || m.Len() != 2 {
		t.Fatalf("%v, %v", m, err)
	}
	if _, ok := m.PlaybookOf(m.Lookup("umbra-key")); !ok {
		t.Error("the playbook is lost")
	}
}

func TestLoadPath(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "r.yaml")
	if err := os.WriteFile(file, []byte(goodRule), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{dir, file} {
		set, err := LoadPath(p)
		if err != nil || set.Len() != 1 {
			t.Errorf("%s: %v", p, err)
		}
	}
	if _, err := LoadPath(filepath.Join(dir, "none")); err == nil {
		t.Error("a path that is not there was read")
	}
}

func TestExpand(t *testing.T) {
	for _, tmpl := range []string{
		"<<alnum 20>>", "<<hex 8>> <<HEX 8>> <<b64 9>>", `<<anthropic "sk-ant-api03-">>`, `<<github "ghp_">>`, `<<vercel "vcp_">>`,
		`<<gitlab "glpat-">>`, `<<awsid "AKIA">>`, "<<uuid>>", `<<jwt "{}" "{}">>`, `<<base64 (cat "a" (alnum 4))>>`, `<<$x := digits 3>><<$x>><<$x>>`,
	} {
		a, err := Expand(tmpl, "seed")
		if err != nil {
			t.Errorf("%s: %v", tmpl, err)
			continue
		}
		b, _ := Expand(tmpl, "seed")
		c, _ := Expand(tmpl, "other")
		if a != b || a == c || a == "" {
			t.Errorf("%s: %q, again %q, with another seed %q", tmpl, a, b, c)
		}
	}
	if got, err := Expand("<not a template> ${{ x }}", "s"); err != nil || got != "<not a template> ${{ x }}" {
		t.Errorf("plain text became %q, %v", got, err)
	}
	for _, bad := range []string{"<<alnum -1>>", "<<alnum 99999999>>", `<<repeat "x" 99999999>>`, `<<pem "ROT13">>`, "<<", `<<jwt "x" "{}">>`} {
		if got, err := Expand(bad, "s"); err == nil {
			t.Errorf("%s gave %q", bad, got[:min(len(got), 40)])
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(goodRule)
	f.Add("provider: x\nrules: [{id: 1, checks: {}}]")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := loadText(text)
		if (set == nil) == (err == nil) {
			t.Errorf("set %v with error %v", set, err)
		}
	})
}

func TestBuiltinLint(t *testing.T) {
	set, err := BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range Lint(set) {
		t.Error(e)
	}
	if diff := cmp.Diff(set.Len(), Builtin().Len()); diff != "" {
		t.Errorf("compiled rules (-YAML +compiled):\n%s", diff)
	}
}
