package rules

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// verdicts are those that an answer can mean.
var verdicts = []string{"live", "restricted", "dead", "expired", "unknown"}

// validate returns everything that is wrong with it by itself.
func (l *Liveness) validate() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	ways := 0
	for _, set := range []bool{l.Request.URL != "", l.Signed != "", l.Uncheckable != ""} {
		if set {
			ways++
		}
	}
	switch {
	case ways != 1:
		bad("write one of request, signed and uncheckable")
	case l.Uncheckable != "" && len(l.Answers) > 0:
		bad("what cannot be checked has no answers")
	case l.Uncheckable == "" && len(l.Answers) == 0:
		bad("answers are missing")
	}
	if l.Request.URL != "" {
		errs = append(errs, l.validateRequest()...)
	}
	for i := range l.Answers {
		for _, err := range l.Answers[i].validate() {
			bad("answer %d: %w", i+1, err)
		}
	}
	return errs
}

// hostile are values that must stay values wherever a request has them.
var hostile = []string{"a/../b?c=d&e#f", "x y%2f\\", "@evil.example"}

// validateRequest sees to it that no value can change where a request goes: it is filled with hostile values, and the URL must keep its
// host, its path segments and its query keys.
func (l *Liveness) validateRequest() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	r := &l.Request
	if !slices.Contains([]string{"", "GET", "HEAD", "POST"}, r.Method) {
		bad("method %q: known are GET, HEAD and POST", r.Method)
	}
	if r.Body != "" && r.Method != "POST" {
		bad("a body needs the method POST")
	}
	host := r.Host()
	if l.SelfHosted != (host == "") || strings.HasPrefix(r.URL, endpoint) != l.SelfHosted || strings.ContainsAny(host, "{}@:") || !l.SelfHosted && !strings.Contains(host, ".") {
		bad("url %q: write https:// and a fixed host, or {{.endpoint}} and self_hosted: true", r.URL)
		return errs
	}
	for name := range r.Headers {
		if !canonicalHeader(name) || slices.Contains([]string{"Host", "Cookie", "Connection", "Content-Length", "Transfer-Encoding"}, name) {
			bad("header %q: write it as in Content-Type; Host, Cookie and those of the connection are not the rule's to set", name)
		}
	}
	fields, err := r.Fields()
	if err != nil {
		return append(errs, err)
	}
	if !slices.Contains(fields, "secret") {
		bad("the request does not send the secret")
	}
	var shapes []string
	for _, h := range append([]string{"plain"}, hostile...) {
		values := Values{"endpoint": "https://endpoint.example"}
		for _, name := range fields {
			if name != "endpoint" {
				values[name] = h
			}
		}
		shape, err := shapeOf(r, values)
		if err != nil {
			return append(errs, err)
		}
		shapes = append(shapes, shape)
	}
	if slices.ContainsFunc(shapes, func(s string) bool { return s != shapes[0] }) {
		bad("url %q: a value in it could lead elsewhere; write {{path .name}} or {{query .name}}", r.URL)
	}
	return errs
}

// shapeOf is what no value may change about a request.
func shapeOf(r *Request, values Values) (string, error) {
	filled, err := Fill(r.URL, values)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(filled)
	if err != nil {
		return "", fmt.Errorf("url %q: %w", r.URL, errors.Unwrap(err))
	}
	for _, text := range append(slices.Collect(maps.Values(r.Headers)), r.Body) {
		if _, err := Fill(text, values); err != nil {
			return "", err
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", fmt.Errorf("url %q: its query cannot be read", r.URL)
	}
	return fmt.Sprint(u.Scheme, u.User != nil, u.Host, strings.Count(u.EscapedPath(), "/"), u.Fragment != "", slices.Sorted(maps.Keys(query)), len(query)), nil
}

// validate returns everything that is wrong with an answer.
func (a *Answer) validate() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains(verdicts, a.Verdict) {
		bad("verdict %q: known are %s", a.Verdict, strings.Join(verdicts, ", "))
	}
	if len(a.Status) == 0 && len(a.JSON) == 0 && len(a.Headers) == 0 && a.Body == "" {
		bad("it has no condition, and would fit everything")
	}
	for _, status := range a.Status {
		switch {
		case status < 200 || status > 599 || status/100 == 3:
			bad("status %d: write 200 to 299 or 400 to 599; redirects are never followed, and unknown", status)
		case (status == 408 || status == 425 || status == 429 || status >= 500) && (a.Verdict == "dead" || a.Verdict == "expired"):
			bad("status %d says nothing about the credential, so it cannot be %s", status, a.Verdict)
		}
	}
	if a.Says == "" {
		bad("says is missing: one sentence on what this answer means")
	}
	for _, m := range []map[string]string{a.JSON, a.Headers, {"body": a.Body}} {
		for where, pattern := range m {
			if _, err := regexp.Compile(pattern); err != nil {
				bad("condition on %s: %w", where, err)
			}
		}
	}
	for name := range a.Headers {
		if !canonicalHeader(name) {
			bad("header %q: write it as in Content-Type", name)
		}
	}
	for name, from := range a.Learn {
		kind, _, ok := strings.Cut(from, ":")
		if !factPattern().MatchString(name) || !ok || kind != "json" && kind != "header" {
			bad("learn %s: %q: write a name as in account_id, and json:PATH or header:NAME", name, from)
		}
	}
	return errs
}

// bare reports whether nothing but the status is asked for.
func (a *Answer) bare() bool { return len(a.JSON) == 0 && len(a.Headers) == 0 && a.Body == "" }

// validateFor returns what does not go together with a rule: a request made from a value that the rule does not find.
func (l *Liveness) validateFor(r *Rule) []error {
	known := map[string]bool{"secret": true, "endpoint": true}
	if r.Fact != "" {
		known[r.Fact] = true
	}
	for _, p := range r.Parts {
		known[p.Name] = true
	}
	fields, err := l.Request.Fields()
	if err != nil {
		return nil // told already, of the request itself
	}
	var errs []error
	for _, name := range fields {
		// What evidence states is known only once there is a value.
		if !known[name] && len(r.Evidence) == 0 {
			errs = append(errs, fmt.Errorf("liveness %q needs %q, which the rule does not find", l.Name, name))
		}
		if !known[name] && !slices.Contains(l.Needs, name) {
			errs = append(errs, fmt.Errorf("liveness %q: %q comes from evidence: list it under needs", l.Name, name))
		}
	}
	return errs
}

// lintLiveness returns what would make a verdict a guess.
func lintLiveness(l *Liveness) []error {
	if l.Uncheckable != "" {
		return nil
	}
	var errs []error
	seen := map[string]bool{}
	for i := range l.Answers {
		a := &l.Answers[i]
		seen[a.Verdict] = true
		if (a.Verdict == "dead" || a.Verdict == "expired") && a.bare() && a.StatusAlone == "" {
			errs = append(errs, fmt.Errorf("liveness %q: answer %d cannot tell dead from unknown: ask for a part of the body or a header, or say in status_alone why the status is enough", l.Name, i+1))
		}
		if (a.Verdict == "live") && a.bare() && slices.ContainsFunc(a.Status, func(s int) bool { return s/100 == 2 }) && l.Request.Method == "HEAD" {
			errs = append(errs, fmt.Errorf("liveness %q: answer %d calls every page live: a HEAD request has no body to tell by", l.Name, i+1))
		}
	}
	for _, v := range []string{"live", "dead"} {
		if !seen[v] {
			errs = append(errs, fmt.Errorf("liveness %q: no answer means %s", l.Name, v))
		}
	}
	return errs
}
