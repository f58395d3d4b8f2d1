package rules

import (
	"regexp"
	"strings"
	"testing"
)

func TestAssignedPattern(t *testing.T) {
	const value = "0123456789abcdef0123456789abcdef"
	find := func(t *testing.T, assigned, text string) string {
		t.Helper()
		set, err := loadText("provider: acme\nrules:\n- id: acme-key\n  title: Acme key\n  severity: high\n  assigned: " + assigned +
			"\n  examples: {match: [a], clean: [b]}\n")
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(set.All()[0].Pattern).FindStringSubmatch(text)
		if m == nil {
			return ""
		}
		return m[1]
	}
	const plain = `{names: [acme], value: "[0-9a-f]{32}"}`
	for _, c := range []struct {
		assigned, text string
		want           bool
	}{
		{plain, "ACME_API_KEY=" + value, true},
		{plain, `export const acmeToken: string = "` + value + `";`, true},
		{plain, `{"acme": {"apiKey": "` + value + `"}}`, true},
		{plain, `{\"acme_secret\":\"` + value + `\"}`, true},
		{plain, "acme:\n  url: https://api.acme.example\n  api_key: " + value + "\n", true},
		{plain, "- name: ACME_KEY\n  value: " + value, true},
		{plain, "X-Acme-Key: " + value + "\r\n", true},
		{plain, "<acme><key>" + value + "</key></acme>", true},
		{plain, "curl -u acme --token " + value, true},
		{plain, "ENV ACME_TOKEN " + value, true},
		{plain, "variable \"acme_key\" {\n  type = string\n  default = \"" + value + "\"\n}", true},
		{plain, "ACME_KEY=\nOTHER=" + value, false},
		{plain, "acme = " + value, false},
		{plain, "key for another = " + value, false},
		{plain, "acme_key=" + value + "0", false},
		{plain, "acme_key=x" + value, false},
		{plain, "acme\n\n\n\nkey: " + value, false},
		{plain, "acme_key" + strings.Repeat(" ", 90) + value, false},
		{`{names: [acme_token], value: "[0-9a-f]{32}"}`, "acme_token=" + value, true},
		{`{names: [acme_token, other], value: "[0-9a-f]{32}"}`, "acme_token=" + value, true},
		{`{names: [acme_token, other], value: "[0-9a-f]{32}"}`, "other=" + value, false},
		{`{names: [acme], words: [""], value: "[0-9a-f]{32}"}`, "acme(" + value + ")", true},
		{`{names: [acme], words: [pin], value: "[0-9a-f]{32}"}`, "acme key " + value, false},
		{`{names: [acme], words: [pin], value: "[0-9a-f]{32}"}`, "acme PIN " + value, true},
	} {
		if got := find(t, c.assigned, c.text); (got == value) != c.want || got != "" && got != value {
			t.Errorf("%s in %q found %q", c.assigned, c.text, got)
		}
	}
}

func TestAssignedErrors(t *testing.T) {
	for assigned, want := range map[string]string{
		`{names: [acme]}`:                                  "value is missing",
		`{value: "x+"}`:                                    "names are missing",
		`{names: [acme], value: "(x+)"}`:                   "has a group",
		`{names: [acme], value: "x*"}`:                     "empty text",
		`{names: [acme], value: "["}`:                      "missing closing",
		`{names: [ac], value: "x+"}`:                       "at least 3",
		`{names: [acme], value: "x+", unknown: 1}`:         "unknown key",
		"{names: [acme], value: \"x+\"}\n  anchors: [abc]": "one or the other",
	} {
		_, err := loadText("provider: acme\nrules:\n- id: acme-key\n  title: Acme key\n  severity: high\n  assigned: " + assigned +
			"\n  examples: {match: [a], clean: [b]}\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", assigned, err, want)
		}
	}
}
