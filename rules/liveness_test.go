package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// livenessFile is a rule file with the given entries, the first of which its rule names.
func livenessFile(entries string) []byte {
	return []byte(`provider: acme
liveness:
` + inset(entries) + `
rules:
  - id: acme-key
    title: Acme key
    severity: high
    confidence: high
    anchors: [acmekey_]
    pattern: '(acmekey_[A-Za-z0-9]{24})'
    why: It is a test.
    liveness: first
    parts: [{name: acme_id, pattern: '(id-[0-9]{6})', identifier: true, optional: true}]
    examples: {match: [x], clean: [y]}
`)
}

func inset(text string) string {
	const pad = "  "
	return pad + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+pad)
}

const (
	askAcme  = "request: {url: 'https://api.acme.example/me', headers: {Authorization: 'Bearer {{.secret}}'}}"
	liveAcme = "- {status: [200], json: {id: ''}, verdict: live, says: It is.}"
	deadAcme = "- {status: [401], json: {code: '^unknown$'}, verdict: dead, says: It is not.}"
	noAcme   = "- {status: [401], json: {code: ''}, verdict: unknown, says: It is refused.}"
)

func entry(name string, lines ...string) string {
	return name + ":\n    " + strings.Join(lines, "\n    ") + "\n"
}

func TestLivenessIsRead(t *testing.T) {
	other := entry("other", "uncheckable: Nobody can be asked.")
	for _, tt := range []struct {
		name, entries string
		// wrong is a part of the error; empty if there is none. lint is what lint says, likewise.
		wrong, lint string
	}{
		{"dead is known", entry("first", askAcme, "answers:", liveAcme, deadAcme), "", ""},
		{"dead is not known", entry("first", askAcme, "answers:", liveAcme, noAcme), "", "no answer means dead: write one, or say in no_dead"},
		{"dead cannot be known", entry("first", "no_dead: Others get the same.", askAcme, "answers:", liveAcme, noAcme), "", ""},
		{"expired can be known all the same", entry("first", "no_dead: Others get the same.", askAcme, "answers:", liveAcme, "- {status: [401], json: {code: '^expired$'}, verdict: expired, says: It has ended.}"), "", ""},
		{"live has to be known", entry("first", "no_dead: Others get the same.", askAcme, "answers:", noAcme), "", "no answer means live"},
		{"dead and not", entry("first", "no_dead: Others get the same.", askAcme, "answers:", liveAcme, deadAcme), "answer 2 means dead, and no_dead says that none can", ""},
		{"no_dead where nobody is asked", entry("first", "no_dead: Others get the same.", "uncheckable: Nobody can be asked."), "what asks nobody has no no_dead", ""},
		{"dead by the status alone", entry("first", askAcme, "answers:", liveAcme, "- {status: [401], verdict: dead, says: It is not.}"), "", "answer 2 cannot tell dead from unknown"},
		{"expired by the status alone", entry("first", askAcme, "answers:", liveAcme, deadAcme, "- {status: [403], verdict: expired, says: It has ended.}"), "", "answer 3 cannot tell dead from unknown"},
		{"dead by the status alone, with a reason", entry("first", askAcme, "answers:", liveAcme, "- {status: [401], verdict: dead, says: It is not., status_alone: Acme says so of nothing else.}"), "", ""},
		{"live by a head", entry("first", strings.Replace(askAcme, "{url", "{method: HEAD, url", 1), "answers:", "- {status: [200], verdict: live, says: It is.}", deadAcme), "", "calls every page live"},
		{"dead by too many requests", entry("first", askAcme, "answers:", liveAcme, "- {status: [429], body: x, verdict: dead, says: It is not.}"), "status 429 says nothing about the credential", ""},
		{"expired by trouble", entry("first", askAcme, "answers:", liveAcme, "- {status: [503], body: x, verdict: expired, says: It has ended.}"), "status 503 says nothing about the credential", ""},
		{"an answer that redirects", entry("first", askAcme, "answers:", liveAcme, "- {status: [302], verdict: unknown, says: Elsewhere.}"), "redirects are never followed", ""},
		{"an answer without a condition", entry("first", askAcme, "answers:", liveAcme, "- {verdict: dead, says: It is not.}"), "it has no condition", ""},
		{"an answer that says nothing", entry("first", askAcme, "answers:", liveAcme, "- {status: [401], body: x, verdict: dead}"), "says is missing", ""},
		{"a verdict that is none", entry("first", askAcme, "answers:", liveAcme, "- {status: [401], body: x, verdict: gone, says: It is not.}"), `verdict "gone"`, ""},
		{"plain http", entry("first", strings.Replace(askAcme, "https:", "http:", 1), "answers:", liveAcme, deadAcme), "write https:// and a fixed host", ""},
		{"a host from the credential", entry("first", strings.Replace(askAcme, "api.acme.example", "{{.acme_id}}.acme.example", 1), "answers:", liveAcme, deadAcme), "write https:// and a fixed host", ""},
		{"a host with a port", entry("first", strings.Replace(askAcme, "acme.example", "acme.example:8443", 1), "answers:", liveAcme, deadAcme), "write https:// and a fixed host", ""},
		{"an endpoint of what is not self-hosted", entry("first", strings.Replace(askAcme, "https://api.acme.example", "{{.endpoint}}", 1), "answers:", liveAcme, deadAcme), "self_hosted: true", ""},
		{"a value in the path as it is", entry("first", strings.Replace(askAcme, "/me", "/{{.acme_id}}", 1), "answers:", liveAcme, deadAcme), "a value in it could lead elsewhere", ""},
		{"a value in the query as it is", entry("first", strings.Replace(askAcme, "/me", "/me?of={{.acme_id}}", 1), "answers:", liveAcme, deadAcme), "a value in it could lead elsewhere", ""},
		{"values that are escaped", entry("first", strings.Replace(askAcme, "/me", "/{{path .acme_id}}?of={{query .acme_id}}", 1), "answers:", liveAcme, deadAcme), "", ""},
		{"a request without the secret", entry("first", "request: {url: 'https://api.acme.example/me'}", "answers:", liveAcme, deadAcme), "does not send the secret", ""},
		{"a header that is not the rule's", entry("first", strings.Replace(askAcme, "Authorization", "Cookie", 1), "answers:", liveAcme, deadAcme), `header "Cookie"`, ""},
		{"a method that changes something", entry("first", strings.Replace(askAcme, "{url", "{method: DELETE, url", 1), "answers:", liveAcme, deadAcme), `method "DELETE"`, ""},
		{"a body without a method for it", entry("first", strings.Replace(askAcme, "{url", "{body: x, url", 1), "answers:", liveAcme, deadAcme), "a body needs the method POST", ""},
		{"a key that is not known", entry("first", askAcme, "answer:", liveAcme), "answer", ""},
		{"two ways", entry("first", askAcme, "signed: aws-sts", "answers:", liveAcme, deadAcme), "write one of", ""},
		{"a request without answers", entry("first", askAcme), "answers are missing", ""},
		{"elsewhere", entry("first", "elsewhere: Others are alike.", askAcme, "answers:", liveAcme, deadAcme), "", ""},
		{"elsewhere of what is everywhere", entry("first", "elsewhere: Others are alike.", "self_hosted: true", strings.Replace(askAcme, "https://api.acme.example", "{{.endpoint}}", 1), "answers:", liveAcme, deadAcme), "elsewhere is for what has a host of its own", ""},
		{"kinds", entry("first", "kinds:", "- {secret: '^a', use: other}", "- {use: second}") + other + entry("second", askAcme, "answers:", liveAcme, deadAcme), "", ""},
		{"kinds are linted", entry("first", "kinds:", "- {secret: '^a', use: other}", "- {use: second}") + other + entry("second", askAcme, "answers:", liveAcme, noAcme), "", "no answer means dead"},
		{"kinds without a last", entry("first", "kinds:", "- {secret: '^a', use: other}") + other, "the last kind has no secret", ""},
		{"kinds behind the last", entry("first", "kinds:", "- {use: other}", "- {use: other}") + other, "kind 1 fits every secret", ""},
		{"a kind that is no expression", entry("first", "kinds:", "- {secret: '(', use: other}", "- {use: other}") + other, "missing closing", ""},
		{"a kind that is not there", entry("first", "kinds:", "- {secret: '^a', use: others}", "- {use: other}") + other, `"others" is not in this file`, ""},
		{"a kind that says nothing", entry("first", "kinds:", "- {secret: '^a'}", "- {use: other}") + other, "use is missing", ""},
		{"a choice of choices", entry("first", "kinds:", "- {use: second}") + entry("second", "kinds:", "- {use: other}") + other, "is a choice itself", ""},
		{"kinds and a request", entry("first", askAcme, "answers:", liveAcme, deadAcme, "kinds:", "- {use: other}") + other, "write one of", ""},
		{"kinds and answers", entry("first", "kinds:", "- {use: other}", "answers:", liveAcme) + other, "what asks nobody has no answers", ""},
		{"a kind that needs what is not found", entry("first", "kinds:", "- {use: second}") + entry("second", "request: {url: 'https://api.acme.example/{{path .nobody}}', headers: {Authorization: 'Bearer {{.secret}}'}}", "answers:", liveAcme, deadAcme), `needs "nobody"`, ""},
		{"an answer named after a part", entry("first", askAcme, "answers:", liveAcme, "- {status: [401], json: {'of.{{.acme_id}}': '^unknown$'}, verdict: dead, says: It is not.}"), "", ""},
		{"an answer named after what is not found", entry("first", askAcme, "answers:", liveAcme, "- {status: [401], json: {'of.{{.nobody}}': '^unknown$'}, verdict: dead, says: It is not.}"), `needs "nobody"`, ""},
		{"a condition in a header", entry("first", "request: {url: 'https://api.acme.example/me', headers: {Authorization: '{{if .acme_id}}a{{end}}{{.secret}}'}}", "answers:", liveAcme, deadAcme), "stand only values", ""},
		{"a condition in an answer", entry("first", askAcme, "answers:", liveAcme, "- {status: [401], json: {'{{with .acme_id}}x{{end}}': '^unknown$'}, verdict: dead, says: It is not.}"), "stand only values", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, err := Read(livenessFile(tt.entries), "acme.yaml")
			if err != nil || tt.wrong != "" {
				if err == nil || tt.wrong == "" || !strings.Contains(err.Error(), tt.wrong) {
					t.Fatalf("%v, want %q", err, tt.wrong)
				}
				return
			}
			said := ""
			for _, err := range Lint(set) {
				if strings.Contains(err.Error(), "liveness") {
					said += err.Error()
				}
			}
			if (tt.lint == "") != (said == "") || !strings.Contains(said, tt.lint) {
				t.Errorf("lint says %q, want %q", said, tt.lint)
			}
		})
	}
}

func TestLivenessOfKinds(t *testing.T) {
	set, err := Read(livenessFile(entry("first", "kinds:", "- {secret: '^acmekey_A', use: second}", "- {use: other}")+
		entry("second", askAcme, "answers:", liveAcme, deadAcme)+entry("other", "uncheckable: Nobody can be asked.")), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rule := set.Lookup("acme-key")
	for secret, want := range map[string]string{"acmekey_A": "second", "acmekey_B": "other", "xacmekey_A": "other", "": "other"} {
		if l, ok := set.LivenessFor(rule, secret); !ok || l.Name != want {
			t.Errorf("%q is checked by %q, want %q", secret, l.Name, want)
		}
	}
	if all := set.ChecksOf(rule); len(all) != 2 || all[0].Name != "second" || all[1].Name != "other" {
		t.Errorf("%v", all)
	}
	if set.HasOwnServers(rule) {
		t.Error("nothing of it is on servers of others")
	}
}

// What a template names is found, or it is refused.
func TestTemplateFields(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"plain":                                "",
		"{{.a}}":                               "a",
		"{{ .a -}}":                            "a",
		"{{basic .a .b}}{{/* nothing */}}":     "a b",
		`{{basic "api" .a}}`:                   "a",
		"{{.a | path}}{{query (base64 .b)}}":   "a b",
		"{{.a}}{{.a}}":                         "a",
		"{{.}}":                                "!",
		"{{$}}":                                "!",
		"{{$.a}}":                              "!",
		"{{.a.b}}":                             "!",
		"{{(path .a).b}}":                      "!",
		"{{$x := .a}}{{$x}}":                   "!",
		"{{if .a}}{{.b}}{{end}}":               "!",
		"{{if true}}x{{else if .a}}{{end}}":    "!",
		"{{range .a}}x{{end}}":                 "!",
		"{{with .a}}{{.}}{{end}}":              "!",
		`{{define "x"}}{{.a}}{{end}}`:          "!",
		`{{define "request"}}{{.a}}{{end}}`:    "a",
		`{{block "x" .}}{{.a}}{{end}}`:         "!",
		`{{template "x" .}}`:                   "!",
		`{{index . "a"}}`:                      "!",
		`{{printf "%s" .a}}`:                   "!",
		`{{html .a}}`:                          "!",
		`{{call .a}}`:                          "!",
		`{{print 1}}`:                          "!",
		"{{nil}}":                              "!",
		"{{break}}":                            "!",
		"{{.a":                                 "!",
		`x{{define "y"}}{{end}}`:               "!",
		"{{path 1}}":                           "!",
		"{{path true}}":                        "!",
		"{{json .a}}{{slice .b 1}}":            "!",
		"{{path .a | query}}":                  "a",
		"{{path}}":                             "",
		"{{- /* only a comment */ -}}":         "",
		"{{`}}`}}{{.a}}":                       "a",
		"{{.endpoint}}/v1/{{path .acme_id}}?x": "acme_id endpoint",
	} {
		got, err := fieldsOfAll([]string{text})
		switch {
		case want == "!" && err == nil:
			t.Errorf("%q is taken, with %v", text, got)
		case want != "!" && (err != nil || strings.Join(got, " ") != want):
			t.Errorf("%q: %v, %v, want %q", text, got, err, want)
		}
	}
}

// FuzzTemplateFields: a template that is taken is made from the values that it is said to be made from, and from no others.
func FuzzTemplateFields(f *testing.F) {
	for _, seed := range []string{"{{.a}}", "{{basic .a .b}}", "{{if .a}}{{.b}}{{end}}", "{{.}}", "{{$x := .a}}{{$x}}", `{{define "x"}}{{.a}}{{end}}`, "{{path (json .a)}}", `{{define "request"}}{{.c}}{{end}}`, "{{.a.b}}", "{{- .a -}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fields, err := fieldsOfAll([]string{text})
		if err != nil {
			return
		}
		needed, all := Values{}, Values{}
		for _, name := range fields {
			needed[name] = "needed"
		}
		maps.Copy(all, needed)
		for _, name := range []string{"a", "b", "c", "secret", "endpoint"} {
			if !slices.Contains(fields, name) {
				all[name] = "a value that nobody asked for"
			}
		}
		one, errOne := Fill(text, needed)
		two, errTwo := Fill(text, all)
		if one != two || (errOne == nil) != (errTwo == nil) {
			t.Errorf("%q with %v: %q, %v; with more: %q, %v", text, fields, one, errOne, two, errTwo)
		}
		if errOne != nil && strings.Contains(fmt.Sprint(errOne), "map has no entry") {
			t.Errorf("%q names more than %v: %v", text, fields, errOne)
		}
	})
}

// A value that stands in a path stays one segment of it.
func TestFillPath(t *testing.T) {
	for value, want := range map[string]string{"a": "/a/x", "a/b": "/a%2Fb/x", "a/../b?c#d": "/a%2F..%2Fb%3Fc%23d/x", "%2e%2e": "/%252e%252e/x", "...": "/.../x", ".": "", "..": ""} {
		got, err := Fill("/{{path .id}}/x", Values{"id": value})
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", value, got, err)
		}
	}
}
