package send

import (
	"encoding/json"
	"strings"
	"testing"
)

const goodTemplate = `{"event": "leak", "summary": {{json .Summary}}, "count": {{json .SecretCount}}, "list": [
{{- range $i, $s := .Secrets}}{{if $i}},{{end}}
  {"title": {{json $s.Title}}, "id": {{concat "skant-" .Fingerprint | json}}, "live": {{eq .Verdict "live" | json}}, "at": [{{range $k, $p := .Places}}{{if gt $k 0}},{{end}}{{json .Where}}{{end}}],
   "all": {{json .Places}}}{{end}}
]}`

func TestTemplate(t *testing.T) {
	tmpl, err := ParseTemplate(goodTemplate)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 25} {
		m := New(evil(t, n), Options{})
		body, err := tmpl.Body(m)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Count int
			List  []struct {
				Title, ID string
				At        []string
			}
		}
		d := json.NewDecoder(strings.NewReader(string(body)))
		if err := d.Decode(&got); err != nil || got.Count != n || len(got.List) != n {
			t.Fatalf("%v, %d of %d", err, len(got.List), n)
		}
		for i, x := range got.List {
			if x.Title != m.Secrets[i].Title || x.ID != "skant-"+m.Secrets[i].Fingerprint || len(x.At) != 1 {
				t.Errorf("%+v", x)
			}
		}
	}
}

func TestTemplateRefused(t *testing.T) {
	for text, want := range map[string]string{
		``:                                  "empty",
		`{"a": "{{.Target}}"}`:              "ends in json",
		`{"a": {{.Target | len}}}`:          "ends in json",
		`{{if false}}{{json .Nope}}{{end}}`: `no field "Nope"`,
		`{{range .Secrets}}{{json .Target}}{{end}}`:                        `a secret has no field "Target"`,
		`{{range .Secrets}}{{range .Places}}{{json .Title}}{{end}}{{end}}`: `a place has no field "Title"`,
		`{{json .digest}}`:                        "no field",
		`{{json .Target.X}}`:                      "no field",
		`{{range 1000000000}}{{end}}`:             "range goes over",
		`{{$n := 1000000000}}{{range $n}}{{end}}`: "range goes over",
		`{{$n := .Secrets}}{{if true}}{{$n = 1000000000}}{{end}}{{range $n}}{{end}}`:    "once",
		`{{range len .Secrets}}{{end}}`:                                                 "range goes over",
		`{{range and .Secrets 1000000000}}{{end}}`:                                      "range goes over",
		`{{range .Secrets}}{{range $.Secrets}}{{range $.Secrets}}{{end}}{{end}}{{end}}`: "more than 2 ranges",
		`{{printf "%1000000000d" 1 | json}}`:                                            `no function "printf"`,
		`{{call .X | json}}`:                                                            `no function "call"`,
		`{{define "x"}}{{end}}{}`:                                                       "cannot define",
		`{{template "body" .}}`:                                                         "has no",
		`{{block "y" .}}{{end}}`:                                                        "cannot define",
		`{{nosuch}}`:                                                                    "not defined",
		`{{json (index .Secrets 0)}}`:                                                   `no function "index"`,
		`{{(index .Secrets 0).Title | json}}`:                                           "cannot stand here",
		strings.Repeat("x", maxTemplate+1):                                              "larger than",
	} {
		if _, err := ParseTemplate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v, want %q", text, err, want)
		}
	}
	m := New(evil(t, 3), Options{})
	for text, want := range map[string]string{
		`{"a": "{{json .Target}}"}`: "not valid JSON",
		`{"a": 1,}`:                 "not valid JSON",
		`{{json .Target}}`:          "no JSON object",
		`{"a": [{{range .Secrets}}{{range $.Secrets}}` + strings.Repeat("x", 60_000) + `{{end}}{{end}}]}`: "",
	} {
		tmpl, err := ParseTemplate(text)
		if err != nil {
			t.Errorf("%.80q: %v", text, err)
			continue
		}
		if _, err := tmpl.Body(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v, want %q", text, err, want)
		}
	}
	tmpl, err := ParseTemplate(`{"a": [{{range .Secrets}}{{range $.Secrets}}` + strings.Repeat("1", 60_000) + `{{end}}{{end}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tmpl.Body(New(evil(t, 30), Options{})); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("%v", err)
	}
}

func TestTemplateLine(t *testing.T) {
	_, err := ParseTemplate("{\n\n{{json .Nope}}}")
	if err == nil || !strings.HasPrefix(err.Error(), "line 3: ") {
		t.Errorf("%v", err)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(goodTemplate)
	f.Add(`{{with .Secrets}}{{range .}}{{json .Title}}{{else}}{{break}}{{end}}{{end}}`)
	f.Add(`{{range $x := .Secrets}}{{with $y := .Places}}{{json $y}}{{end}}{{end}}`)
	f.Fuzz(func(t *testing.T, text string) {
		tmpl, err := ParseTemplate(text)
		if err != nil {
			return
		}
		if body, err := tmpl.Body(New(evil(t, 3), Options{})); err == nil && !json.Valid(body) {
			t.Errorf("%q makes %q", text, body)
		}
	})
}
