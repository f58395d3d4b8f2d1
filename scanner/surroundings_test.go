package scanner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
)

// surroundings are places where people leave a value under a name; %[1]s is the name in small letters with underscores,
// %[2]s in capitals, %[3]s in camel case, %[4]s the value.
var surroundings = map[string]string{
	"environment": "%[2]s=%[4]s\n",
	"shell":       "export %[2]s='%[4]s'\n",
	"yaml":        "  %[1]s: %[4]s\n",
	"json":        "{\"id\": 7, \"%[3]s\": \"%[4]s\"}",
	"escaped":     `"{\"%[1]s\":\"%[4]s\"}"`,
	"go":          "\t%[3]s := \"%[4]s\"\n",
	"python":      "%[1]s = '%[4]s'\n",
	"javascript":  "const client = new Client({ %[3]s: '%[4]s' });\n",
	"java":        "private static final String %[2]s = \"%[4]s\";\n",
	"php":         "'%[1]s' => '%[4]s',\n",
	"dockerfile":  "ENV %[2]s %[4]s\n",
	"kubernetes":  "- name: %[2]s\n  value: \"%[4]s\"\n",
	"xml":         "<add key=\"%[3]s\" value=\"%[4]s\" />\n",
	"terraform":   "variable \"%[1]s\" {\n  type    = string\n  default = \"%[4]s\"\n}\n",
	"flag":        "run --%[1]s=%[4]s --verbose\n",
	"comment":     "# %[1]s: %[4]s\n",
}

// TestAssignedRulesInSurroundings puts a value of every rule that goes by a name into every place, under that name. A rule
// that names its words itself may want another; what is asked here is that nearly all are found nearly everywhere.
func TestAssignedRulesInSurroundings(t *testing.T) {
	s := builtin(t)
	docs, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	tried, missed := 0, map[string][]string{}
	for _, r := range docs.All() {
		if len(r.Assigned.Names) == 0 || r.Confidence == rules.LowConfidence {
			continue
		}
		value := valueOf(t, s, &r)
		if value == "" || strings.ContainsAny(value, "\"'\\ \n") {
			continue
		}
		word := "api_key"
		if len(r.Assigned.Words) > 0 {
			word = strings.Trim(r.Assigned.Words[0], "_- .")
		}
		name := strings.Trim(strings.Map(nameRune, strings.ToLower(r.Assigned.Names[0])), "_")
		if word != "" && !strings.HasSuffix(name, word) {
			name += "_" + word
		}
		for place, form := range surroundings {
			text := fmt.Sprintf(form, name, strings.ToUpper(name), camel(name), value)
			tried++
			if _, fs := scanText(t, s, text); len(fs) == 0 {
				missed[place] = append(missed[place], r.ID)
			}
		}
	}
	total := 0
	for place, ids := range missed {
		total += len(ids)
		if len(ids)*10 > tried/len(surroundings) {
			t.Errorf("%s: %d rules miss their value: %v", place, len(ids), ids[:min(8, len(ids))])
		}
	}
	if tried < 3000 || total*50 > tried {
		t.Errorf("%d of %d values are missed", total, tried)
	}
}

func nameRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return '_'
}

func camel(name string) string {
	parts := strings.Split(name, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}

// valueOf returns a value that a rule finds in one of its examples.
func valueOf(t *testing.T, s *Scanner, r *rules.Rule) string {
	t.Helper()
	for _, tmpl := range r.Examples.Match {
		text, err := rules.Expand(tmpl, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, fs := scanText(t, s, text)
		for _, f := range fs {
			if f.RuleID == r.ID {
				return f.Secret.Reveal()
			}
		}
	}
	return ""
}
