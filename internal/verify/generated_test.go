package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// provider is every provider: a TLS server on this machine that gives one answer to the first request and to each that is
// like it, and an answer that means nothing to any other, as to a negative control.
type provider struct {
	*httptest.Server
	mu           sync.Mutex
	status       int
	header       map[string]string
	body         string
	first        string
	method, path string
	sent         http.Header
	form         string
}

func stand(t testing.TB) *provider {
	p := &provider{}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		seen := fmt.Sprintf("%s %s %v %s", r.Method, r.URL, r.Header, form)
		if p.first == "" {
			p.first, p.method, p.path, p.sent, p.form = seen, r.Method, r.URL.RequestURI(), r.Header.Clone(), string(form)
		}
		w.Header().Set("Content-Type", "application/json")
		if seen != p.first {
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, `{"weather":"fine"}`)
			return
		}
		for name, value := range p.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(p.status)
		_, _ = io.WriteString(w, p.body)
	}))
	t.Cleanup(p.Close)
	return p
}

// answers sets what is answered from now on.
func (p *provider) answers(status int, header map[string]string, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status, p.header, p.body, p.first = status, header, body, ""
}

// ask verifies a finding of a built-in rule with the server in place of its provider.
func (p *provider) ask(t testing.TB, set *rules.Set, f scanner.Finding) scanner.Finding {
	t.Helper()
	v := verifierFor(t, set, set.Lookup(f.RuleID).Provider, p.Server)
	v.standsIn = true
	defer v.client.transport.CloseIdleConnections()
	return one(t, v, f)
}

func withDocs(t testing.TB) *rules.Set {
	t.Helper()
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// secretOf makes a value of which one of a rule's entries says how it is checked. It has the shape of no credential.
func secretOf(t testing.TB, set *rules.Set, rule *rules.Rule, l *rules.Liveness) string {
	t.Helper()
	const plain = "madeup-Zq7-Zq7-Zq7-Zq7-Zq7-Zq7-Zq7-Zq7"
	named, _ := set.LivenessOf(rule)
	for _, k := range named.Kinds {
		if k.Use == l.Name && k.Secret != "" {
			return sample(t, k.Secret) + plain
		}
	}
	return plain
}

// found makes a finding of a rule with a value for everything that its request is made from.
func found(t testing.TB, set *rules.Set, rule *rules.Rule, l *rules.Liveness) scanner.Finding {
	t.Helper()
	fields, err := l.Request.Fields()
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]scanner.Secret{}
	for _, name := range append(fields, l.Needs...) {
		if name != "secret" && name != "endpoint" {
			parts[name] = scanner.NewSecret(name+strings.Repeat("-7qZ", 6), 0)
		}
	}
	return scanner.NewFinding(rule.ID, scanner.NewSecret(secretOf(t, set, rule, l), 0), parts)
}

// TestEveryAnswerOfEveryRule makes, for each answer of each check, an answer that fits its conditions and nothing more, and
// sees that the engine comes to its verdict. What fits none is unknown.
func TestEveryAnswerOfEveryRule(t *testing.T) {
	set := withDocs(t)
	p := stand(t)
	done, checks, asked := map[string]bool{}, 0, 0
	for i := range set.All() {
		rule := &set.All()[i]
		for _, l := range set.ChecksOf(rule) {
			if name := rule.Provider + "/" + l.Name; done[name] || l.Uncheckable != "" {
				continue
			} else {
				done[name] = true
			}
			checks++
			asked += len(l.Answers)
			t.Run(rule.ID+"/"+l.Name, func(t *testing.T) { tryEntry(t, set, p, rule, &l) })
		}
	}
	if checks < 80 || asked < 250 {
		t.Errorf("only %d checks with %d answers were tried", checks, asked)
	}
	t.Logf("%d checks, %d answers", checks, asked)
}

// tryEntry gives one of a rule's entries each of its answers, and some that are none.
func tryEntry(t *testing.T, set *rules.Set, p *provider, rule *rules.Rule, l *rules.Liveness) {
	if l.Signed != "" {
		judgeEach(t, l)
		return
	}
	f := found(t, set, rule, l)
	for n := range l.Answers {
		a := &l.Answers[n]
		status, header, body := craft(t, a)
		p.answers(status, header, body)
		got := p.ask(t, set, f)
		says := a.Says
		if l.NoDead != "" && a.Verdict == "unknown" && status < 500 && status != http.StatusTooManyRequests {
			says += " " + l.NoDead
		}
		if string(got.Verdict) != a.Verdict {
			t.Errorf("answer %d (HTTP %d %s) is %s, want %s: %s", n+1, status, body, got.Verdict, a.Verdict, got.Verification.Says)
		} else if got.Verification.Says != says || got.Verification.Do != a.Do {
			t.Errorf("answer %d (HTTP %d %s) says %q, want %q: an earlier answer fits as well", n+1, status, body, got.Verification.Says, says)
		}
	}
	for _, no := range nonsense {
		p.answers(no.status, map[string]string{"Content-Type": no.kind}, no.body)
		if got := p.ask(t, set, f); got.Verdict != scanner.Unknown {
			t.Errorf("nonsense (HTTP %d %s) is %s: %s", no.status, no.body, got.Verdict, got.Verification.Says)
		}
	}
}

// nonsense are answers that say nothing about a credential, whoever gives them.
var nonsense = []struct {
	status int
	kind   string
	body   string
}{
	{200, "application/json", `{"weather":"fine"}`},
	{200, "text/html", "<!DOCTYPE html><html><title>Log in</title></html>"},
	{401, "text/html", "<html><body>The proxy wants a password.</body></html>"},
	{403, "text/html", "<html><head><title>Attention Required!</title></head></html>"},
	{404, "text/plain", "404 page not found"},
	{429, "text/plain", "slow down"},
	{418, "application/json", `[]`},
	{503, "application/json", `{"weather":"stormy"}`},
}

// judgeEach is for checks whose request code signs: other tests see to the request, this one to the answers.
func judgeEach(t *testing.T, l *rules.Liveness) {
	c := &check{Liveness: *l}
	if err := c.compile(); err != nil {
		t.Fatal(err)
	}
	for n := range l.Answers {
		a := &l.Answers[n]
		if strings.Contains(fmt.Sprint(slices.Collect(maps.Keys(a.JSON))), "{{") {
			continue // named after the credential, which only its own test has
		}
		status, header, body := craft(t, a)
		h := http.Header{"Content-Type": {"application/json"}}
		for name, value := range header {
			h.Set(name, value)
		}
		m := c.judge(&answer{status: status, header: h, body: []byte(body)}, "example.com", map[string]string{"secret": "madeup"}, nil)
		if string(m.verdict) != a.Verdict || m.says != a.Says {
			t.Errorf("answer %d (HTTP %d %s) is %s, want %s: %s", n+1, status, body, m.verdict, a.Verdict, m.says)
		}
	}
}

// craft makes an answer that meets the conditions.
func craft(t testing.TB, a *rules.Answer) (status int, header map[string]string, body string) {
	t.Helper()
	status = 200
	if len(a.Status) > 0 {
		status = a.Status[len(a.Status)-1]
	}
	header = map[string]string{}
	for name, pattern := range a.Headers {
		header[name] = sample(t, pattern)
	}
	var tree any
	for _, path := range slices.Sorted(maps.Keys(a.JSON)) {
		value := sample(t, a.JSON[path])
		if strings.Contains(path, "#") { // the expression looks at the list's text, in which values are quoted
			value = strings.Trim(value, `"`)
		}
		tree = plant(t, tree, steps(path), value)
	}
	switch {
	case tree == nil && a.Body != "":
		return status, header, sample(t, a.Body)
	case tree == nil:
		return status, header, "{}"
	case a.Body != "" && !regexp.MustCompile(a.Body).MatchString(compact(t, tree)):
		tree = plant(t, tree, []string{"more"}, strings.Trim(sample(t, a.Body), `"`))
		if !regexp.MustCompile(a.Body).MatchString(compact(t, tree)) {
			t.Fatalf("no body with JSON %v matches %q", a.JSON, a.Body)
		}
	}
	return status, header, compact(t, tree)
}

func compact(t testing.TB, tree any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

// steps are the names of a path in gjson's syntax; each element of a list is the first.
func steps(path string) []string {
	var out []string
	for _, s := range strings.Split(strings.ReplaceAll(path, `\.`, "\x00"), ".") {
		if s = strings.ReplaceAll(s, "\x00", "."); s == "#" {
			s = "0"
		}
		out = append(out, strings.ReplaceAll(s, `\`, ""))
	}
	return out
}

// plant sets a value in a tree of maps and lists.
func plant(t testing.TB, tree any, path []string, value string) any {
	t.Helper()
	if len(path) == 0 {
		return value
	}
	if n, err := strconv.Atoi(path[0]); err == nil && n < 10 {
		list, _ := tree.([]any)
		for len(list) <= n {
			list = append(list, nil)
		}
		list[n] = plant(t, list[n], path[1:], value)
		return list
	}
	if strings.ContainsAny(path[0], "#@*?()|{}") {
		t.Fatalf("the test cannot make a value at %q", path[0])
	}
	m, ok := tree.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	m[path[0]] = plant(t, m[path[0]], path[1:], value)
	return m
}

// sample makes a text that an expression matches.
func sample(t testing.TB, pattern string) string {
	t.Helper()
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(re)
	if text == "" && pattern == "" {
		text = "something"
	}
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Fatalf("the test makes %q for %q, which does not match", text, pattern)
	}
	return text
}

func textOf(re *syntax.Regexp) string {
	var b strings.Builder
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(runeOf(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			b.WriteString(textOf(sub))
		}
	case syntax.OpAlternate, syntax.OpPlus:
		b.WriteString(textOf(re.Sub[0]))
	case syntax.OpRepeat:
		b.WriteString(strings.Repeat(textOf(re.Sub[0]), re.Min))
	}
	return b.String()
}

// runeOf is a rune of a class, a letter or digit if there is one.
func runeOf(class []rune) rune {
	for _, want := range "x5X_- " {
		for i := 0; i < len(class); i += 2 {
			if class[i] <= want && want <= class[i+1] {
				return want
			}
		}
	}
	return class[0]
}
