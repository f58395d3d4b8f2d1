package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/rules"
)

func decode(t *testing.T, layer Layer, name, text string) Values {
	t.Helper()
	values, err := Decode([]byte("version: 1\n"+text), name, layer)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// layered are the layers of most tests.
func layered(t *testing.T, user, repository string, env map[string]string, flags map[string][]string) (*Effective, error) {
	t.Helper()
	environment, err := Environment(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	typed := Values{}
	for key, list := range flags {
		for _, text := range list {
			typed[key] = append(typed[key], Item{text, Origin{Layer: Flag, Name: "--" + Flags()[key]}})
		}
	}
	return Resolve(decode(t, User, "/home/ann/config.yaml", user), decode(t, Repository, Name, repository), environment, typed)
}

// show writes an effective setting as "value origin, value origin".
func show(e *Effective, key string) string {
	for _, row := range e.Rows() {
		if row.Key == key {
			var parts []string
			for _, item := range row.Items {
				parts = append(parts, item.Text+" "+item.Origin.String())
			}
			return strings.Join(parts, ", ")
		}
	}
	return "no such setting"
}

func TestPrecedence(t *testing.T) {
	for _, c := range []struct {
		name, user, repository string
		env                    map[string]string
		flags                  map[string][]string
		key, want              string
	}{
		{name: "default", key: "min-confidence", want: "medium default"},
		{name: "user", user: "min-confidence: high\n", key: "min-confidence", want: "high /home/ann/config.yaml:2"},
		{name: "repository over user", user: "min-confidence: high\n", repository: "\nmin-confidence: low\n", key: "min-confidence", want: "low .skant.yaml:3"},
		{
			name: "environment over repository", repository: "min-confidence: low\n", env: map[string]string{"SKANT_MIN_CONFIDENCE": "certain"},
			key: "min-confidence", want: "certain SKANT_MIN_CONFIDENCE",
		},
		{
			name: "flag over environment", env: map[string]string{"SKANT_MIN_CONFIDENCE": "certain"}, flags: map[string][]string{"min-confidence": {"low"}},
			key: "min-confidence", want: "low --min-confidence",
		},
		{
			name: "flag over all", user: "timeout: 1s\n", repository: "timeout: 2s\n", env: map[string]string{"SKANT_TIMEOUT": "3s"},
			flags: map[string][]string{"timeout": {"4s"}}, key: "timeout", want: "4s --timeout",
		},
		{name: "an empty variable sets nothing", repository: "timeout: 2s\n", env: map[string]string{"SKANT_TIMEOUT": ""}, key: "timeout", want: "2s .skant.yaml:2"},
		{name: "only commas set nothing", repository: "output: [json]\n", env: map[string]string{"SKANT_OUTPUT": ",\n"}, key: "output", want: "json .skant.yaml:2"},
		{name: "a variable that is 1", env: map[string]string{"SKANT_STRICT_ALLOW": "1"}, key: "allow.strict", want: "true SKANT_STRICT_ALLOW"},
		{
			name: "lists that add", user: "rules: {disable: [a]}\n", repository: "rules: {disable: [b, c]}\n", env: map[string]string{"SKANT_RULES_DISABLE": "d, e"},
			key: "rules.disable", want: "d SKANT_RULES_DISABLE, e SKANT_RULES_DISABLE, b .skant.yaml:2, c .skant.yaml:2, a /home/ann/config.yaml:2",
		},
		{
			name: "rule files add", user: "rules: {files: [u]}\n", repository: "rules: {files: [r]}\n", env: map[string]string{"SKANT_RULES": "e"},
			flags: map[string][]string{"rules.files": {"f", "g"}}, key: "rules.files", want: "f --rules, g --rules, e SKANT_RULES, r .skant.yaml:2, u /home/ann/config.yaml:2",
		},
		{
			name: "lists that replace", user: "output: [text, json=a]\n", env: map[string]string{"SKANT_OUTPUT": "sarif=b\ntext"},
			key: "output", want: "sarif=b SKANT_OUTPUT, text SKANT_OUTPUT",
		},
		{
			name: "only replaces", user: "rules: {only: [a]}\n", repository: "rules: {only: [b]}\n", key: "rules.only", want: "b .skant.yaml:2",
		},
		{name: "an empty list replaces", user: "output: [json]\n", repository: "output: []\n", key: "output", want: ""},
		{
			name: "a repository tightens", user: "verify: {canaries: true}\n", repository: "verify: {canaries: false}\n",
			key: "verify.canaries", want: "false .skant.yaml:2",
		},
		{
			name: "endpoints of the user", user: "verify: {endpoints: {github: \"https://a.example\", npm: \"https://b.example\"}}\n",
			key: "verify.endpoints", want: "github=https://a.example /home/ann/config.yaml:2, npm=https://b.example /home/ann/config.yaml:2",
		},
	} {
		e, err := layered(t, c.user, c.repository, c.env, c.flags)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got := show(e, c.key); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.name, c.key, got, c.want)
		}
	}
}

func TestTypedValues(t *testing.T) {
	e, err := layered(t, "", whole[strings.Index(whole, "rules:"):], nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e.MinConfidence.Is != rules.HighConfidence || !e.IncludeExamples.Is || e.MaxSize.Is != 100<<20 || e.Timeout.Is.Minutes() != 5 ||
		!e.CompatAllow.Is || !e.StrictAllow.Is || e.FailOn.Is != "all" || e.OnError.Is != "block" || e.Baseline.Is != "ci/baseline" ||
		e.Verify.OnlyLive.Is || e.Verify.Enabled.Is || len(e.Ignore) != 3 || e.MaxSizeText() != "100MiB" {
		t.Errorf("%+v", e)
	}
	if _, err := Resolve(nil, nil, nil, nil); err != nil {
		t.Errorf("nothing set: %v", err)
	}
}

// TestLayersContradict holds that layers which are right alone are not wrong together unnoticed.
func TestLayersContradict(t *testing.T) {
	for _, c := range []struct {
		user, repository string
		env              map[string]string
		want             string
	}{
		{"rules: {disable: [a]}\n", "rules: {only: [a]}\n", nil, "/home/ann/config.yaml:2"},
		{"paths: {ignore: [\"*\"]}\n", "", nil, "whole repository"},
	} {
		values, decodeErr := Decode([]byte("version: 1\n"+c.user), "/home/ann/config.yaml", User)
		_, err := Resolve(values, decode(t, Repository, Name, c.repository), nil, nil)
		if decodeErr != nil {
			err = decodeErr
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q and %q: %v, want %q", c.user, c.repository, err, c.want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	_, err := Environment(func(name string) string {
		return map[string]string{
			"SKANT_MAX_SIZE": "-1", "SKANT_FAIL_ON": "alll", "SKANT_OUTPUT": "text,text", "SKANT_STRICT_ALLOW": "yes", "SKANT_BASELINE": "/etc/x",
		}[name]
	})
	for _, want := range []string{
		"SKANT_MAX_SIZE: \"-1\" is no size", "did you mean all?", "SKANT_OUTPUT: output: \"text\" and \"text\" would both", "SKANT_STRICT_ALLOW: \"yes\" is neither",
		"SKANT_BASELINE: \"/etc/x\" is no path",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %q", err, want)
		}
	}
	got := Unknown([]string{"PATH=/bin", "SKANT_MINCONFIDENCE=high", "SKANT_E2E_X=1", "SKANT_OUTPUT=text", "SKANT_ZZZZZZZZZZ=1", "SKANT_RULE=x", "SKANT_CACHE_DIR=x"},
		[]string{"SKANT_E2E_*", "SKANT_CACHE_DIR"})
	want := [][2]string{{"SKANT_MINCONFIDENCE", "SKANT_MIN_CONFIDENCE"}, {"SKANT_RULE", "SKANT_RULES"}, {"SKANT_ZZZZZZZZZZ", ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSelect(t *testing.T) {
	all := rules.Builtin()
	for _, c := range []struct{ name, user, repository, off, on, err string }{
		{name: "nothing", on: "generic-password aws-access-key-id"},
		{name: "disable", repository: "rules: {disable: [generic-*]}\n", off: "generic-password generic-key", on: "github-oauth-token"},
		{name: "only", repository: "rules: {only: [\"github-*\"]}\n", off: "generic-password", on: "github-oauth-token"},
		{
			name: "only and disable", repository: "rules: {only: [\"github-*\"], disable: [github-oauth-token]}\n", off: "github-oauth-token generic-key",
			on: "github-legacy-token",
		},
		{name: "question mark", repository: "rules: {disable: [\"generic-ke?\"]}\n", off: "generic-key", on: "generic-auth"},
		{name: "no such rule", repository: "rules:\n  disable: [github-oath-token]\n", err: ".skant.yaml:3: rules.disable: no rule is named \"github-oath-token\"; did you mean github-oauth-token?"},
		{name: "no such pattern", repository: "rules: {only: [\"githib-*\"]}\n", err: "did you mean github-*?"},
		{name: "nothing like it", repository: "rules: {only: [qqqqqqqqq]}\n", err: "`skant rules list`"},
		{name: "the user's may be of elsewhere", user: "rules: {disable: [acme-key, generic-key]}\n", off: "generic-key", on: "generic-auth"},
		{name: "all off", repository: "rules: {disable: [\"*\"]}\n", err: "0 rules active"},
		{name: "cancelled", repository: "rules: {only: [\"github-*\", \"aws-*\"], disable: [\"git*\"]}\n", err: "everything off that \"github-*\" names"},
		{name: "cancelled by the user", user: "rules: {disable: [\"git*\"]}\n", repository: "rules: {only: [\"github-*\"]}\n", err: "everything off"},
	} {
		e, err := layered(t, c.user, c.repository, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		set, notes, err := e.Select(all)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", c.name, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if (len(notes) > 0) != (strings.Contains(c.user, "acme")) {
			t.Errorf("%s: notes %v", c.name, notes)
		}
		for _, id := range strings.Fields(c.off) {
			if where, off := e.Off(id); !off || set.Lookup(id) != nil || where == "" || where == "default" {
				t.Errorf("%s: %s is on (%q)", c.name, id, where)
			}
		}
		for _, id := range strings.Fields(c.on) {
			if where, off := e.Off(id); off || set.Lookup(id) == nil {
				t.Errorf("%s: %s is off by %s", c.name, id, where)
			}
		}
		if active, off := e.Counts(); active != set.Len() || active+off != all.Len() {
			t.Errorf("%s: %d on, %d off, of %d", c.name, active, off, all.Len())
		}
		if len(e.Disable) == 0 && len(e.Only) == 0 && set != all {
			t.Errorf("%s: the built-in set was copied", c.name)
		}
	}
}

func TestCovers(t *testing.T) {
	tracked := []string{"README.md", "src/a.go", "src/b/c.go", "docs/x.md"}
	for patterns, covered := range map[string]bool{
		"[\"*.md\", \"*.go\"]":              true,
		"[\"*.md\", src/]":                  true,
		"[\"*.md\"]":                        false,
		"[\"/*\", \"!/src/\"]":              false,
		"[\"*\", \"!src/a.go\"]":            true, // git does not look into src for it
		"[\"*\", \"!README.md\"]":           false,
		"[README.md, src, docs]":            true,
		"[\"[!x]*\", \"x*\", \"!nothing\"]": true,
		"[\"**/*.go\", \"**/*.md\"]":        true,
		"[src/a.go, src/b/c.go]":            false,
	} {
		values, err := Decode([]byte("version: 1\npaths: {ignore: "+patterns+"}\n"), Name, Repository)
		if err != nil {
			t.Errorf("%s: %v", patterns, err)
			continue
		}
		e, err := Resolve(nil, values, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Covers(slices.Values(tracked)); (err != nil) != covered {
			t.Errorf("%s: %v, want covered %v", patterns, err, covered)
		}
		if err := e.Covers(slices.Values([]string(nil))); err != nil {
			t.Errorf("%s without a file: %v", patterns, err)
		}
	}
}

func TestWeaker(t *testing.T) {
	e, err := layered(t, "min-confidence: high\n", whole[strings.Index(whole, "rules:"):], map[string]string{"SKANT_HOOKS_ON_ERROR": "allow"}, map[string][]string{"fail-on": {"none"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range e.Weaker() {
		got = append(got, row.Key+"="+show(&Effective{values: Values{row.Key: row.Items}}, row.Key))
	}
	want := []string{
		"rules.disable=generic-* .skant.yaml:5, acme-? .skant.yaml:6", "rules.only=* .skant.yaml:7", "min-confidence=high .skant.yaml:8",
		"paths.ignore=testdata/ .skant.yaml:14, *.md .skant.yaml:15", "allow.compat=true .skant.yaml:18",
		"hooks.on-error=allow SKANT_HOOKS_ON_ERROR",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestShown(t *testing.T) {
	e, err := layered(t, "", "rules: {disable: [\"a-*\"]}\ninclude-examples: true\n", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	yaml, err := e.YAML()
	if err != nil {
		t.Fatal(err)
	}
	json, err := e.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"    - \"a-*\" # .skant.yaml:2\n", "include-examples: true # .skant.yaml:3\n", "max-size: 4GiB # default\n", "files: [] # default\n"} {
		if !strings.Contains(string(yaml), want) {
			t.Errorf("%q is not in\n%s", want, yaml)
		}
	}
	for _, want := range []string{`"origin": ".skant.yaml:2"`, `"value": true`, `"key": "hooks.on-error"`} {
		if !strings.Contains(string(json), want) {
			t.Errorf("%q is not in\n%s", want, json)
		}
	}
}

// FuzzEnvironment holds that no value of a variable comes out of the environment that a file could not say, and that an error
// names the variable.
func FuzzEnvironment(f *testing.F) {
	for _, value := range []string{"", "high", "a,b", ",", "-1", "text=a,sarif=a", "\x00", "1", "../x", "4GiB\n", "a\n,b"} {
		f.Add(uint8(0), value)
		f.Add(uint8(5), value)
	}
	f.Fuzz(func(t *testing.T, which uint8, value string) {
		name := Variables()[int(which)%len(Variables())]
		values, err := Environment(func(asked string) string {
			if asked == name {
				return value
			}
			return ""
		})
		if err != nil {
			if !strings.Contains(err.Error(), name) {
				t.Fatalf("%s=%q: %v", name, value, err)
			}
			return
		}
		for key, items := range values {
			s, _ := lookup(key)
			for _, item := range items {
				if kept, p := s.judge(item.Text, User); p.what != "" || kept != item.Text {
					t.Fatalf("%s=%q sets %s to %q: %s", name, value, key, item.Text, p.what)
				}
			}
		}
		if _, err := Resolve(nil, nil, values, nil); err != nil {
			t.Fatalf("%s=%q: %v", name, value, err)
		}
	})
}

// TestRepositoryTakesBack has the repository's file take back a path that the user's own leaves out everywhere.
func TestRepositoryTakesBack(t *testing.T) {
	user, err := Decode([]byte("version: 1\npaths: {ignore: ['*.md', '*.txt']}\n"), "user", User)
	if err != nil {
		t.Fatal(err)
	}
	repository, err := Decode([]byte("version: 1\npaths: {ignore: ['!README.md', gen/]}\n"), "repository", Repository)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Resolve(user, repository, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, item := range e.Ignore {
		lines = append(lines, item.Text)
	}
	if diff := cmp.Diff([]string{"*.md", "*.txt", "!README.md", "gen/"}, lines); diff != "" {
		t.Error(diff)
	}
}
