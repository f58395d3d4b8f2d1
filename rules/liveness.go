package rules

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
	"text/template"
)

// Liveness says how a provider is asked whether a credential is alive, without a side effect. Exactly one of Request, Signed,
// Uncheckable and Kinds is set. It stands in a rule file under liveness, and rules name it.
type Liveness struct {
	Name string `yaml:"-"`
	// Request is sent once for each distinct secret.
	Request Request `yaml:"request"`
	// Signed names a function of internal/verify that makes the request, where a signature has to be computed.
	Signed string `yaml:"signed"`
	// Uncheckable is a sentence on why the provider cannot be asked without a side effect, or at all.
	Uncheckable string `yaml:"uncheckable"`
	// Kinds choose another of the file's entries by the form of the secret, where a rule finds credentials of several kinds: the
	// first that fits. The last fits every secret.
	Kinds []Kind `yaml:"kinds"`
	// SelfHosted says that the provider has no host of its own: it is asked only where the user names one
	// (--verify-endpoint), which stands for {{.endpoint}} in the URL.
	SelfHosted bool `yaml:"self_hosted"`
	// Needs are facts and parts without which the request cannot be made.
	Needs []string `yaml:"needs"`
	// NoDead is a sentence on why no answer can mean dead: the provider gives a credential that is alive the same one. It is told with
	// refusals that stay unknown, and what would prove the credential dead.
	NoDead string `yaml:"no_dead"`
	// Elsewhere is a sentence on the other hosts that give out credentials of the same form. Where the user named one of them,
	// what it does not know is not dead, as nobody else was asked.
	Elsewhere string `yaml:"elsewhere"`
	// Answers are tried in order; the first that fits decides. What none fits is unknown, and so are, before any of them
	// is asked, redirects and pages of something between us and the provider.
	Answers []Answer `yaml:"answers"`
}

// Kind is one of the kinds of credentials that a rule finds.
type Kind struct {
	// Secret is an RE2 expression that matches somewhere in the secret; empty, in the last, for all others.
	Secret string `yaml:"secret"`
	// Use is the name of the entry by which credentials of this kind are checked.
	Use string `yaml:"use"`
	// entry is that entry, once the file is read.
	entry *Liveness
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

// LivenessOf returns what a rule names as its check, which may be a choice between others (Kinds); ok is false where nothing is said
// about it. It needs rules that were read by [Load], [BuiltinWithDocs] or [BuiltinFor].
func (s *Set) LivenessOf(r *Rule) (l Liveness, ok bool) {
	if of, added := s.extra[r.ID]; added {
		if of.liveness == nil {
			return Liveness{}, false
		}
		return *of.liveness, true
	}
	l, ok = s.liveness[r.Provider+"/"+r.Liveness]
	return l, ok
}

// LivenessFor returns how one of a rule's credentials is checked, by its secret where that decides.
func (s *Set) LivenessFor(r *Rule, secret string) (l Liveness, ok bool) {
	l, ok = s.LivenessOf(r)
	for _, k := range l.Kinds {
		if fits, err := regexp.MatchString(k.Secret, secret); err == nil && fits {
			if k.entry == nil {
				return Liveness{}, false
			}
			return *k.entry, true
		}
	}
	return l, ok
}

// ChecksOf returns every entry by which a rule's credentials are checked: one, or one for each kind.
func (s *Set) ChecksOf(r *Rule) []Liveness {
	l, ok := s.LivenessOf(r)
	if !ok {
		return nil
	}
	if len(l.Kinds) == 0 {
		return []Liveness{l}
	}
	var out []Liveness
	for _, k := range l.Kinds {
		if k.entry != nil {
			out = append(out, *k.entry)
		}
	}
	return out
}

// HasOwnServers reports whether a rule's provider also has credentials that belong to servers that others run. Rules that are switched off
// count: who is shown a secret must not depend on a list of rules. For rules that were added those count that were added, for others the others.
func (s *Set) HasOwnServers(r *Rule) bool {
	if _, added := s.extra[r.ID]; added {
		for _, of := range s.extra {
			if of.ownServers && of.provider == r.Provider {
				return true
			}
		}
		return false
	}
	for name, l := range s.liveness {
		if l.SelfHosted && strings.HasPrefix(name, r.Provider+"/") {
			return true
		}
	}
	return false
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
		"path":   pathSegment,
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

// pathSegment escapes a value that stands in a path. Dots alone are no segment: whoever reads the URL leads them elsewhere.
func pathSegment(s string) (string, error) {
	if s == "." || s == ".." {
		return "", errors.New("fill request: a value is no path segment")
	}
	return url.PathEscape(s), nil
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

// canonicalHeader reports whether name is a header's, written as Go writes it.
func canonicalHeader(name string) bool {
	return name != "" && textproto.CanonicalMIMEHeaderKey(name) == name && !strings.ContainsAny(name, " \t\r\n:")
}
