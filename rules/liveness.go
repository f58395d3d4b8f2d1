package rules

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/textproto"
	"net/url"
	"strings"
	"text/template"
	"text/template/parse"
)

// Liveness says how a provider is asked whether a credential is alive, without a side effect. Exactly one of Request, Signed
// and Uncheckable is set. It stands in a rule file under liveness, and rules name it.
type Liveness struct {
	Name string `yaml:"-"`
	// Request is sent once for each distinct secret.
	Request Request `yaml:"request"`
	// Signed names a function of internal/verify that makes the request, where a signature has to be computed.
	Signed string `yaml:"signed"`
	// Uncheckable is a sentence on why the provider cannot be asked without a side effect, or at all.
	Uncheckable string `yaml:"uncheckable"`
	// SelfHosted says that the provider has no host of its own: it is asked only where the user names one
	// (--verify-endpoint), which stands for {{.endpoint}} in the URL.
	SelfHosted bool `yaml:"self_hosted"`
	// Needs are facts and parts without which the request cannot be made.
	Needs []string `yaml:"needs"`
	// Answers are tried in order; the first that fits decides. What none fits is unknown, and so are, before any of them
	// is asked, redirects and pages of something between us and the provider.
	Answers []Answer `yaml:"answers"`
}

// Request is one HTTP request. URL, header values and body are text/template templates over the values of the credential:
// {{.secret}}, its parts and facts by name, {{.endpoint}}. Functions: basic USER PASSWORD, base64 X, json X (a quoted JSON
// string), and, without which no value may stand in a URL or a form, path X and query X.
type Request struct {
	// Method is GET, HEAD or POST; empty means GET.
	Method string `yaml:"method"`
	// URL is https with a fixed host, or begins with {{.endpoint}}.
	URL     string            `yaml:"url"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
}

// Answer is one shape of an answer and what it means. All conditions that are set must hold.
type Answer struct {
	// Status are HTTP statuses, one of which the answer has.
	Status []int `yaml:"status"`
	// JSON are paths (in gjson's syntax) and RE2 expressions that match somewhere in the value there; "" as the expression asks only
	// that there is such a value.
	JSON map[string]string `yaml:"json"`
	// Headers are names and RE2 expressions, as for JSON.
	Headers map[string]string `yaml:"headers"`
	// Body is an RE2 expression that matches somewhere in the body.
	Body string `yaml:"body"`
	// Verdict is live, restricted, dead, expired or unknown.
	Verdict string `yaml:"verdict"`
	// Learn are facts to state: names and where they are, "json:PATH" or "header:NAME". They hold no secrets.
	Learn map[string]string `yaml:"learn"`
	// Says is one sentence on what the answer means, Do one on what to do about it; Do may be empty.
	Says string `yaml:"says"`
	Do   string `yaml:"do"`
	// StatusAlone says why the status is enough to call the credential dead, where nothing else is asked for.
	StatusAlone string `yaml:"status_alone"`
}

// LivenessOf returns how a rule's credentials are checked; ok is false where nothing is said about it. It needs rules that were
// read by [Load], [BuiltinWithDocs] or [BuiltinFor].
func (s *Set) LivenessOf(r *Rule) (l Liveness, ok bool) {
	l, ok = s.liveness[r.Provider+"/"+r.Liveness]
	return l, ok
}

// Values are what a request is made from: "secret", "endpoint", parts and facts by name.
type Values map[string]string

// Fill returns a template of a request with the values filled in. A value that is missing is an error.
func Fill(tmpl string, values Values) (string, error) {
	t, err := template.New("").Option("missingkey=error").Funcs(requestFuncs()).Parse(tmpl)
	if err != nil {
		return "", fmt.Errorf("fill request: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, map[string]string(values)); err != nil {
		return "", fmt.Errorf("fill request: %w", err)
	}
	return b.String(), nil
}

func requestFuncs() template.FuncMap {
	return template.FuncMap{
		"path":   url.PathEscape,
		"query":  url.QueryEscape,
		"base64": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"basic": func(user, password string) string {
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
		},
		"json": func(s string) (string, error) {
			b, err := json.Marshal(s)
			return string(b), err
		},
	}
}

// endpoint is how the URL of a host that the user names begins.
const endpoint = "{{.endpoint}}"

// Host returns the fixed host of the request's URL; empty if the user names it.
func (r *Request) Host() string {
	rest, ok := strings.CutPrefix(r.URL, "https://")
	if !ok {
		return ""
	}
	return rest[:strings.IndexAny(rest+"/", "/?")]
}

// Fields returns the names of the values that the request is made from.
func (r *Request) Fields() ([]string, error) {
	var names []string
	seen := map[string]bool{}
	texts := []string{r.URL, r.Body}
	for _, v := range r.Headers {
		texts = append(texts, v)
	}
	for _, text := range texts {
		t, err := template.New("").Funcs(requestFuncs()).Parse(text)
		if err != nil {
			return nil, err
		}
		for _, name := range fieldsOf(t.Root) {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// fieldsOf returns the fields that a template names.
func fieldsOf(n parse.Node) []string {
	var names []string
	switch n := n.(type) {
	case *parse.ListNode:
		for _, sub := range n.Nodes {
			names = append(names, fieldsOf(sub)...)
		}
	case *parse.ActionNode:
		names = fieldsOf(n.Pipe)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			names = append(names, fieldsOf(c)...)
		}
	case *parse.CommandNode:
		for _, a := range n.Args {
			names = append(names, fieldsOf(a)...)
		}
	case *parse.FieldNode:
		names = append(names, n.Ident[0])
	}
	return names
}

// canonicalHeader reports whether name is a header's, written as Go writes it.
func canonicalHeader(name string) bool {
	return name != "" && textproto.CanonicalMIMEHeaderKey(name) == name && !strings.ContainsAny(name, " \t\r\n:")
}
