package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// whole sets everything that a repository may set.
const whole = `# yaml-language-server: $schema=config.schema.json
version: 1
rules:
  files: [ci/acme.yaml]
  disable:
    - generic-*
    - "acme-?"
  only: ["*"]
min-confidence: high
include-examples: true
max-size: 100MiB
timeout: 5m
paths:
  ignore:
    - testdata/
    - "*.md"
    - "!README.md"
baseline: ci/baseline
allow: {compat: true, strict: true}
fail-on: all
output: [json]
verify:
  enabled: false
  endpoints: {}
  only-live: false
  canaries: false
hooks:
  on-error: block
`

func plainly(values Values) map[string][]string {
	out := map[string][]string{}
	for key, items := range values {
		out[key] = []string{}
		for _, i := range items {
			out[key] = append(out[key], i.Text)
		}
	}
	return out
}

func TestDecode(t *testing.T) {
	values, err := Decode([]byte(whole), Name, Repository)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"rules.files": {"ci/acme.yaml"}, "rules.disable": {"generic-*", "acme-?"}, "rules.only": {"*"}, "min-confidence": {"high"},
		"include-examples": {"true"}, "max-size": {"100MiB"}, "timeout": {"5m"}, "paths.ignore": {"testdata/", "*.md", "!README.md"},
		"baseline": {"ci/baseline"}, "allow.compat": {"true"}, "allow.strict": {"true"}, "fail-on": {"all"}, "output": {"json"},
		"verify.enabled": {"false"}, "verify.endpoints": {}, "verify.only-live": {"false"}, "verify.canaries": {"false"}, "hooks.on-error": {"block"},
	}
	if diff := cmp.Diff(want, plainly(values)); diff != "" {
		t.Error(diff)
	}
	if got := values["rules.disable"][1].Origin.String(); got != ".skant.yaml:7" {
		t.Errorf("the second pattern is said to stand at %s", got)
	}
	if len(values) != len(settings()) {
		t.Errorf("%d of %d settings are tried", len(values), len(settings()))
	}
	crlf, err := Decode([]byte("\ufeff"+strings.ReplaceAll(whole, "\n", "\r\n")), Name, Repository)
	if diff := cmp.Diff(values, crlf); diff != "" || err != nil {
		t.Errorf("with a byte-order mark and CRLF: %v\n%s", err, diff)
	}
}

// wrong are files that are refused, by what must be said of them. The version is put in front unless one stands there.
var wrong = []struct{ name, text, want string }{
	{"empty", "-", "is empty"},
	{"comments", "-# nothing\n\n", "is empty"},
	{"null", "-null\n", "is empty"},
	{"no version", "-fail-on: all\n", `"version: 1"`},
	{"newer version", "-version: 2\n", "use a newer skant"},
	{"version as text", "-version: \"1\"\n", "write version: 1"},
	{"version 1.0", "-version: 1.0\n", "write version: 1"},
	{"two documents", "---\nfail-on: all\n", ".skant.yaml:2:1: a second document"},
	{"list", "-- a\n", "settings are needed here"},
	{"text", "-version\n", "settings are needed here"},
	{"unknown key", "rulez: {}\n", `2:1: unknown key "rulez"; did you mean rules?`},
	{"underscore", "min_confidence: high\n", "did you mean min-confidence?"},
	{"nested elsewhere", "disable: [a]\n", "did you mean rules.disable?"},
	{"wrong group", "paths: {disable: [a]}\n", "did you mean rules.disable?"},
	{"below a list", "rules: {disabled: [a]}\n", "did you mean rules.disable?"},
	{"far", "qqqqqqqqqqqq: 1\n", "known here are version, rules, min-confidence"},
	{"twice", "fail-on: all\nfail-on: new\n", "3:1: fail-on: it stands in line 2 already"},
	{"twice in a group", "rules:\n  only: [a]\n  only: [b]\n", "stands in line 3 already"},
	{"alias", "paths: {ignore: &a [x]}\nrules: {only: *a}\n", "aliases, anchors and merges are not read"},
	{"merge", "rules:\n  <<: {only: [a]}\n", "aliases, anchors and merges"},
	{"tag", "paths: {ignore: [!keep x]}\n", "tags are not read"},
	{"binary", "fail-on: !!binary bmV3\n", "tags are not read"},
	{"bare star", "paths:\n  ignore:\n    - *.md\n", "put quotes round"},
	{"tab", "rules:\n\tonly: [a]\n", "no YAML"},
	{"number as key", "1: a\n", "a key is a word"},
	{"list as key", "[a]: b\n", "a key is a word"},
	{"no value", "fail-on:\n", "it has no value"},
	{"no list", "rules: {disable:}\n", "did you mean rules.disable"},
	{"null list", "rules:\n  disable:\n", "a list is needed here"},
	{"scalar for a list", "output: text\n", "a list is needed here"},
	{"list for a scalar", "fail-on: [all]\n", "one value is needed here"},
	{"list in a list", "output: [[text]]\n", "a text is needed here"},
	{"scalar for a group", "rules: none\n", "files, disable, only"},
	{"number in a list", "rules: {disable: [12]}\n", "put it in quotes"},
	{"yes", "include-examples: yes\n", "neither true nor false"},
	{"quoted truth", "include-examples: \"true\"\n", "without quotes"},
	{"confidence", "min-confidence: hgih\n", "did you mean high?"},
	{"fail-on", "fail-on: never\n", "write new, all, live or none"},
	{"open hook", "hooks: {on-error: allow}\n", "may not let a server's hook pass"},
	{"no size", "max-size: big\n", "is no size"},
	{"minus", "max-size: -1\n", "is no size"},
	{"size 0", "max-size: 0\n", "out of range"},
	{"too much", "max-size: 2TiB\n", "out of range"},
	{"exponent", "max-size: 1e3\n", "max-size"},
	{"no unit", "timeout: 30\n", "is no duration"},
	{"minus time", "timeout: -5m\n", "has a sign"},
	{"rule id", "rules: {disable: [Generic]}\n", "no id of a rule"},
	{"character class", "rules: {only: [\"[ab]-key\"]}\n", "no id of a rule"},
	{"empty only", "rules: {only: []}\n", "would leave no rule"},
	{"both", "rules: {only: [generic-*], disable: [generic-*]}\n", "take it out of one of the two lists"},
	{"empty text", "paths: {ignore: [\"\"]}\n", "the value is empty"},
	{"line break", "paths: {ignore: [\"a\\nb\"]}\n", "line break"},
	{"NUL", "paths: {ignore: [\"a\\0b\"]}\n", "line break"},
	{"comment", "paths: {ignore: [\"#a\"]}\n", "would be a comment"},
	{"dot", "paths: {ignore: [.]}\n", "matches nothing"},
	{"dot slash", "paths: {ignore: [./src]}\n", "matches nothing"},
	{"slash", "paths: {ignore: [/]}\n", "names the whole repository"},
	{"star", "paths: {ignore: [docs/, \"*\"]}\n", "ignores the whole repository"},
	{"two stars", "paths: {ignore: [\"**\"]}\n", "ignores the whole repository"},
	{"slash stars", "paths: {ignore: [\"/**\"]}\n", "ignores the whole repository"},
	{"folders", "paths: {ignore: [\"*/\"]}\n", "ignores the whole repository"},
	{"any two letters", "paths: {ignore: [\"?*\"]}\n", "ignores the whole repository"},
	{"file twice", "rules: {files: [a.yaml, a.yaml]}\n", "stands twice"},
	{"two to the screen", "output: [text, text]\n", "standard output"},
	{"verify", "verify: {enabled: true}\n", "may not switch on"},
	{"canaries", "verify: {canaries: true}\n", "may not switch on"},
	{"endpoint", "verify: {endpoints: {github: \"https://api.example\"}}\n", "may not say where secrets are sent"},
	{"output path", "output: [json=/etc/passwd]\n", "may not say where files are written"},
	{"output path inside", "output: [json=out.json]\n", "may not say where files are written"},
	{"absolute rules", "rules: {files: [/etc/rules.yaml]}\n", "no path inside"},
	{"rules above", "rules: {files: [../rules.yaml]}\n", "no path inside"},
	{"rules in .git", "rules: {files: [.GIT/rules.yaml]}\n", "no path inside"},
	{"rules on a drive", "rules: {files: [\"C:rules.yaml\"]}\n", "no path inside"},
	{"rules with backslash", "rules: {files: ['a\\..\\b.yaml']}\n", "no path inside"},
	{"baseline above", "baseline: ../b\n", "no path inside"},
	{"UTF-16", "-\xff\xfev\x00", "UTF-16"},
	{"no UTF-8", "-\xe4\xf6", "no UTF-8"},
	{"NUL byte", "-version: 1\x00\n", "no UTF-8"},
}

func fileOf(c string) string {
	if rest, whole := strings.CutPrefix(c, "-"); whole && !strings.HasPrefix(c, "---") {
		return rest
	}
	return "version: 1\n" + c
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range wrong {
		_, err := Decode([]byte(fileOf(c.text)), Name, Repository)
		if err == nil {
			t.Errorf("%s: accepted", c.name)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %q in it", c.name, err, c.want)
		}
	}
}

// TestDecodeTellsAllAtOnce holds that one run shows every mistake, in the order of the lines.
func TestDecodeTellsAllAtOnce(t *testing.T) {
	_, err := Decode([]byte("version: 1\nfail-on: x\nrules: {only: [A], disabel: []}\nmax-size: -1\n"), Name, Repository)
	var lines []string
	for line := range strings.Lines(err.Error()) {
		where, _, _ := strings.Cut(line, ": ")
		lines = append(lines, where)
	}
	if want := []string{".skant.yaml:2:10", ".skant.yaml:3:16", ".skant.yaml:3:20", ".skant.yaml:4:11"}; !slices.Equal(lines, want) {
		t.Errorf("mistakes at %v, want %v\n%v", lines, want, err)
	}
}

// usersOwn is what only the user's own file may say; usersWrong is what not even that may.
var usersOwn = []string{
	"output: [sarif=/tmp/x.sarif]\n", "rules: {files: [/etc/rules.yaml, ../r.yaml]}\n", "verify: {canaries: true}\n", "verify: {enabled: true}\n", "hooks: {on-error: allow}\n",
	"verify: {endpoints: {github: \"https://ghe.example/api\", vault: \"http://127.0.0.1:8200\"}}\n",
}

var usersWrong = map[string]string{
	"verify: {endpoints: {github: \"http://ghe.example\"}}\n":               "no https address",
	"verify: {endpoints: {github: \"https://u:p@ghe.example\"}}\n":          "more than a host",
	"verify: {endpoints: {github: \"https://ghe.example?x=1\"}}\n":          "more than a host",
	"verify: {endpoints: {\"git hub\": \"https://ghe.example\"}}\n":         "is no provider",
	"verify: {endpoints: {\"\": \"https://ghe.example\"}}\n":                "a provider is missing",
	"verify: {endpoints: [\"github\"]}\n":                                   "a mapping is needed",
	"output: [json=a, sarif=./a]\n":                                         "would both go to",
	"baseline: /tmp/b\n":                                                    "no path inside",
	"verify: {endpoints: {github: \"https://localhost.evil.example:x\"}}\n": "no https address",
}

func TestUsersFileMayMore(t *testing.T) {
	for _, good := range usersOwn {
		if _, err := Decode([]byte("version: 1\n"+good), "config.yaml", User); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, want := range usersWrong {
		if _, err := Decode([]byte("version: 1\n"+bad), "config.yaml", User); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", bad, err, want)
		}
	}
}

// TestHostileFilesAreBounded holds that a file can neither take long nor much to be said about.
func TestHostileFilesAreBounded(t *testing.T) {
	var keys, bomb strings.Builder
	keys.WriteString("version: 1\n")
	for i := range 20_000 {
		fmt.Fprintf(&keys, "k%06d: 1\n", i)
	}
	bomb.WriteString("version: 1\na: &a [x,x,x,x,x,x,x,x,x]\n")
	for c := 'b'; c <= 'z'; c++ {
		fmt.Fprintf(&bomb, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	long := strings.Repeat("a", 100_000)
	for name, file := range map[string]string{
		"many keys":       keys.String(),
		"a million keys":  strings.Repeat("aaaaaaaa: 1\n", 1_000_000),
		"aliases":         bomb.String(),
		"deep lists":      "version: 1\nrules: " + strings.Repeat("[", 100_000),
		"deep mappings":   "version: 1\nrules: " + strings.Repeat("{a: ", 50_000),
		"deep block":      "version: 1\n" + strings.Repeat("- ", 100_000),
		"a long key":      "version: 1\n" + long + ": 1\n",
		"a long value":    "version: 1\nfail-on: " + long + "\n",
		"many values":     "version: 1\nrules: {disable: [" + strings.Repeat("a, ", 60_000) + "]}\n",
		"many documents":  strings.Repeat("---\nversion: 1\n", 10_000),
		"many quotes":     "version: 1\npaths: {ignore: [" + strings.Repeat("\"", 100_001) + "]}\n",
		"a long comment":  "version: 1\n#" + strings.Repeat("x", MaxFile),
		"many directives": strings.Repeat("%TAG !a! b\n", 10_000),
	} {
		begin := time.Now()
		_, err := Decode([]byte(file), Name, Repository)
		switch took := time.Since(begin); {
		case err == nil:
			t.Errorf("%s: accepted", name)
		case took > 3*time.Second:
			t.Errorf("%s: took %v", name, took)
		case len(err.Error()) > 20_000:
			t.Errorf("%s: the message has %d bytes", name, len(err.Error()))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(whole))
	for _, c := range wrong {
		f.Add([]byte(fileOf(c.text)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, layer := range []Layer{Repository, User} {
			values, err := Decode(data, Name, layer)
			if (err == nil) != (values != nil) {
				t.Fatalf("values %v with error %v", values, err)
			}
			if err != nil {
				if !strings.Contains(err.Error(), Name) {
					t.Fatalf("the error does not name the file: %v", err)
				}
				continue
			}
			// Whatever a repository says: nothing leaves the machine, is written, or read outside of it.
			if layer == Repository {
				for _, path := range values["output"] {
					if strings.Contains(path.Text, "=") {
						t.Fatalf("output %q", path.Text)
					}
				}
				if e := values["verify.enabled"]; len(e) > 0 && e[0].Text == "true" || len(values["verify.endpoints"]) > 0 {
					t.Fatal("verification is widened")
				}
				for _, file := range append(values["rules.files"], values["baseline"]...) {
					if strings.HasPrefix(file.Text, "/") || strings.Contains("/"+file.Text+"/", "/../") {
						t.Fatalf("file %q", file.Text)
					}
				}
			}
			// What is shown is a file that means the same.
			user, repository := values, Values(nil)
			if layer == Repository {
				user, repository = nil, values
			}
			e, err := Resolve(user, repository, nil, nil)
			if err != nil {
				t.Fatalf("a file that is right alone is wrong as a layer: %v", err)
			}
			shown, err := e.YAML()
			if err != nil {
				t.Fatal(err)
			}
			again, err := Decode(shown, Name, layer)
			if err != nil {
				t.Fatalf("what is shown is refused: %v\n%s", err, shown)
			}
			for key, items := range plainly(values) {
				if !slices.Equal(items, plainly(again)[key]) {
					t.Fatalf("%s was %q, is shown as %q", key, items, plainly(again)[key])
				}
			}
		}
	})
}
