package suppress

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/scanner"
)

func sum(value string) string {
	s := sha1.Sum([]byte(value))
	return hex.EncodeToString(s[:])
}

// results are what lists match: paths with lines.
func results(m Matched) (found, missed []string) {
	for _, f := range m.Findings {
		found = append(found, fmt.Sprintf("%s:%d", f.Location.Path, f.Location.StartLine))
	}
	for _, n := range m.Missed {
		missed = append(missed, n.Where+": "+n.Text)
	}
	return found, missed
}

func TestImport(t *testing.T) {
	one, two, three := token(t, "one"), token(t, "two"), token(t, "three")
	commit := strings.Repeat("ab", 20)
	_, rep := scan(t, nil, files{"a.py": "x\n" + one, "b/c:d.py": two, "e.py": three})
	rep.Findings[2].Location.Commit = &scanner.Commit{ID: commit}
	const (
		other   = "what skant finds at this place has another value: it may be a new secret"
		neither = "skant finds neither this value nor anything at this place"
		nothing = "skant finds nothing at this place, and the list does not say what the value is"
	)
	quoted := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, c := range []struct {
		name          string
		parse         func([]byte) ([]Foreign, error)
		text          string
		found, missed []string
	}{
		{"gitleaks, by value", ParseGitleaks, `[{"RuleID":"acme","Secret":` + quoted(one) + `,"File":"moved.py","StartLine":77}]`, []string{"a.py:2"}, nil},
		{"gitleaks, redacted, by place", ParseGitleaks, `[{"RuleID":"acme","Secret":"REDACTED","File":"a.py","StartLine":2},{"RuleID":"acme","Secret":"REDACTED","File":"a.py","StartLine":3}]`,
			[]string{"a.py:2"}, []string{"a.py:3 (acme): " + nothing}},
		{"gitleaks, another value", ParseGitleaks, `[{"RuleID":"acme","Secret":"old","File":"a.py","StartLine":2}]`, nil, []string{"a.py:2 (acme): " + other}},
		{"gitleaks, another value of a commit", ParseGitleaks, `[{"RuleID":"acme","Secret":"cut","File":"e.py","Commit":"` + commit + `","StartLine":1}]`, []string{"e.py:1"}, nil},
		{"gitleaks, gone", ParseGitleaks, `[{"RuleID":"acme","Secret":"old","File":"z.py","StartLine":2}]`, nil, []string{"z.py:2 (acme): " + neither}},
		{"gitleaks, empty", ParseGitleaks, `[]`, nil, nil},
		{"gitleaksignore", ParseGitleaksIgnore, "# c\n\na.py:acme:2\nb/c:d.py:acme:1\n" + commit + ":e.py:acme:1\n" + strings.Repeat("00", 20) + ":e.py:acme:1\n",
			[]string{"a.py:2", "b/c:d.py:1", "e.py:1"}, []string{"e.py:1 (acme): " + nothing}},
		{"detect-secrets, by value", ParseDetectSecrets, `{"results":{"moved.py":[{"type":"Acme","hashed_secret":"` + sum(two) + `","line_number":3}]}}`, []string{"b/c:d.py:1"}, nil},
		{"detect-secrets, another value", ParseDetectSecrets, `{"results":{"a.py":[{"type":"Acme","hashed_secret":"` + sum("x") + `","line_number":2}]}}`, nil, []string{"a.py:2 (Acme): " + other}},
		{"detect-secrets, written on Windows", ParseDetectSecrets, `{"results":{"b\\c:d.py":[{"type":"Acme","hashed_secret":"","line_number":1}]}}`, []string{"b/c:d.py:1"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := c.parse([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			m := Match(list, rep.Findings)
			found, missed := results(m)
			if diff := cmp.Diff(c.found, found); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.missed, missed); diff != "" {
				t.Error(diff)
			}
			if m.Carried+len(m.Missed) != len(list) {
				t.Errorf("%d carried over, %d missed of %d", m.Carried, len(m.Missed), len(list))
			}
		})
	}
}

// TestImportRefuses holds that an error about a list shows nothing of it: it has values in clear.
func TestImportRefuses(t *testing.T) {
	one := token(t, "one")
	for _, c := range []struct {
		parse func([]byte) ([]Foreign, error)
		text  string
	}{
		{ParseGitleaks, `[{"Secret":` + one}, {ParseGitleaks, `{"Secret":"` + one + `"}`}, {ParseGitleaks, `[{"StartLine":"` + one + `"}]`}, {ParseGitleaks, one},
		{ParseGitleaksIgnore, one}, {ParseGitleaksIgnore, "a:" + one}, {ParseGitleaksIgnore, "a:b:" + one},
		{ParseDetectSecrets, `{}`}, {ParseDetectSecrets, `[]`}, {ParseDetectSecrets, `{"results":{"a":["` + one + `"]}}`}, {ParseDetectSecrets, `{"results":"` + one + `"}`},
	} {
		list, err := c.parse([]byte(c.text))
		if err == nil || list != nil {
			t.Errorf("%q is accepted", c.text)
		} else if strings.Contains(err.Error(), one[4:16]) {
			t.Errorf("%v", err)
		}
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(`[{"RuleID":"a","Secret":"b","File":"c","Commit":"d","StartLine":1}]`))
	f.Add([]byte(`{"results":{"a":[{"type":"t","hashed_secret":"00","line_number":-1}]}}`))
	f.Add([]byte("a:b:1\n0000000000000000000000000000000000000000:a:b:c:2\r\n\xff:\xff:3"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		for _, parse := range []func([]byte) ([]Foreign, error){ParseGitleaks, ParseGitleaksIgnore, ParseDetectSecrets} {
			if list, err := parse(data); err == nil {
				Match(list, nil)
			}
		}
	})
}

// FuzzIgnore holds that what is accepted leaves something.
func FuzzIgnore(f *testing.F) {
	f.Add([]byte("*\n!a"))
	f.Add([]byte("a/\n[!x]*\n\\*\n/"))
	f.Fuzz(func(t *testing.T, data []byte) {
		patterns, err := ParseIgnore(data)
		if err != nil {
			return
		}
		for _, p := range patterns {
			if p.Text == "*" || p.Text == "**" || p.Text == "/*" {
				t.Fatalf("%q leaves out everything", p.Text)
			}
		}
	})
}
