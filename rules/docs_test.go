package rules

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/evidence"
)

// TestDocumentedExamples loads the worked example of the manual, which has to be without fault.
func TestDocumentedExamples(t *testing.T) {
	set, err := LoadPath("../docs/examples/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range Lint(set) {
		t.Error(err)
	}
	if set.Lookup("acme-deploy-token") == nil || set.Lookup("acme-api-key") == nil {
		t.Error("docs/rules.md is about rules that are not there")
	}
}

// TestManualNamesEverything holds docs/rules.md against the code: what can be written in a rule file is explained there.
func TestManualNamesEverything(t *testing.T) {
	text, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	named := func(what, name string) {
		if !strings.Contains(string(text), "`"+name+"`") && !strings.Contains(string(text), "`"+name+" ") {
			t.Errorf("docs/rules.md does not explain the %s `%s`", what, name)
		}
	}
	for _, v := range []any{file{}, Rule{}, Checks{}, Part{}, Examples{}, Step{}} {
		for i := range reflect.TypeOf(v).NumField() {
			if key := reflect.TypeOf(v).Field(i).Tag.Get("yaml"); key != "" && key != "-" {
				named("key", key)
			}
		}
	}
	for _, name := range evidence.Names() {
		named("evidence", name)
	}
	for name := range (generator{}).funcs() {
		named("template function", name)
	}
	for _, p := range Phases() {
		named("phase", string(p))
	}
	for _, s := range []Severity{Critical, High, Medium, Low, Info} {
		named("severity", string(s))
	}
}

// TestManualInventsNothing looks the other way: the tables of evidence and of template functions name only what there
// is.
func TestManualInventsNothing(t *testing.T) {
	text, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	for heading, known := range map[string]func(string) bool{
		"## Evidence\n":           func(name string) bool { _, ok := evidence.Lookup(name); return ok },
		"## Template functions\n": func(name string) bool { _, ok := (generator{}).funcs()[name]; return ok },
	} {
		_, section, found := strings.Cut(string(text), heading)
		if !found {
			t.Fatalf("docs/rules.md has no %q", heading)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		rows := 0
		for line := range strings.Lines(section) {
			if !strings.HasPrefix(line, "| `") {
				continue
			}
			rows++
			first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
			for part := range strings.SplitSeq(first, ", ") {
				name, _, _ := strings.Cut(strings.Trim(part, "`"), " ")
				if !known(name) {
					t.Errorf("docs/rules.md lists %q below %q: there is no such thing", name, strings.TrimSpace(heading))
				}
			}
		}
		if rows == 0 {
			t.Errorf("docs/rules.md has no table below %q", heading)
		}
	}
}
