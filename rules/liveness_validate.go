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
	for _, set := range []bool{l.Request.URL != "", l.Signed != "", l.Uncheckable != "", len(l.Kinds) > 0} {
		if set {
			ways++
		}
	}
	switch {
	case ways != 1:
		bad("write one of request, signed, uncheckable and kinds")
	case l.asks() && len(l.Answers) == 0:
		bad("answers are missing")
	case l.asks():
	case len(l.Answers) > 0:
		bad("what asks nobody has no answers")
	case l.NoDead != "" || l.Elsewhere != "" || l.SelfHosted || len(l.Needs) > 0:
		bad("what asks nobody has no no_dead, elsewhere, self_hosted or needs")
	}
	if l.Elsewhere != "" && l.SelfHosted {
		bad("elsewhere is for what has a host of its own: the others of a self_hosted one are known to be many")
	}
	errs = append(errs, l.validateKinds()...)
	if l.Request.URL != "" {
		errs = append(errs, l.validateRequest()...)
	}
	for i := range l.Answers {
		for _, err := range l.Answers[i].validate() {
			bad("answer %d: %w", i+1, err)
		}
		// Expired may stand beside it: a provider that says so of its own accord knows the credential.
		if l.NoDead != "" && l.Answers[i].Verdict == "dead" {
			bad("answer %d means dead, and no_dead says that none can", i+1)
		}
	}
	if _, err := l.AnswerFields(); err != nil {
		errs = append(errs, err)
	}
	return errs
}

// asks reports whether anybody is asked.
func (l *Liveness) asks() bool { return l.Request.URL != "" || l.Signed != "" }

// validateKinds sees to it that each secret has exactly one kind. Whether the entries that they name exist is looked at with the rules.
func (l *Liveness) validateKinds() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for i, k := range l.Kinds {
		last := i == len(l.Kinds)-1
		switch _, err := regexp.Compile(k.Secret); {
		case err != nil:
			bad("kind %d: %w", i+1, err)
		case k.Secret == "" && !last:
			bad("kind %d fits every secret, so that those after it are never reached", i+1)
		case k.Secret != "" && last:
			bad("the last kind has no secret: it is for all others")
		}
		if k.Use == "" {
			bad("kind %d: use is missing: the name of another entry", i+1)
		}
	}
	return errs
}

// hostile are values that must stay values wherever a request has them.
var hostile = []string{"a/../b?c=d&e#f", "x y%2f\\", "@evil.example"}

func (l *Liveness) validateRequest() []error {
	return l.Request.validate(l.SelfHosted, []string{"", "GET", "HEAD", "POST"}, []string{"secret"})
}

// validate sees to it that no value can change where a request goes: it is filled with hostile values, and the URL must keep its
// host, its path segments and its query keys. methods are those that it may have, "" for GET; sends are values that it has to send.
func (r *Request) validate(selfHosted bool, methods, sends []string) []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains(methods, r.Method) {
		bad("method %q: known are %s", r.Method, strings.Join(slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == "" }), ", "))
	}
	if r.Body != "" && slices.Contains([]string{"", "GET", "HEAD"}, r.Method) {
		bad("a body needs the method POST")
	}
	host := r.Host()
	if selfHosted != (host == "") || strings.HasPrefix(r.URL, endpoint) != selfHosted || strings.ContainsAny(host, "{}@:") || !selfHosted && !strings.Contains(host, ".") {
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
	for _, name := range sends {
		if !slices.Contains(fields, name) {
			bad("the request does not send the %s", name)
		}
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
func (a *Answer) validate() []error { return a.validateAs(verdicts, []string{"dead", "expired"}) }

// validateAs is validate with the verdicts that are known, and those that no answer about the moment or the way can mean.
func (a *Answer) validateAs(known, settled []string) []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains(known, a.Verdict) {
		bad("verdict %q: known are %s", a.Verdict, strings.Join(known, ", "))
	}
	if len(a.Status) == 0 && len(a.JSON) == 0 && len(a.Headers) == 0 && a.Body == "" {
		bad("it has no condition, and would fit everything")
	}
	for _, status := range a.Status {
		switch {
		case status < 200 || status > 599 || status/100 == 3:
			bad("status %d: write 200 to 299 or 400 to 599; redirects are never followed, and unknown", status)
		case (status == 408 || status == 425 || status == 429 || status >= 500) && slices.Contains(settled, a.Verdict):
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

// validateFor returns what does not go together with a rule: kinds that are not there, and a request made from a value that the rule
// does not find.
func (l *Liveness) validateFor(r *Rule, all map[string]Liveness) []error {
	var errs []error
	for _, k := range l.Kinds {
		one, ok := all[r.Provider+"/"+k.Use]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("liveness %q: %q is not in this file", l.Name, k.Use))
		case len(one.Kinds) > 0:
			errs = append(errs, fmt.Errorf("liveness %q: %q is a choice itself", l.Name, k.Use))
		default:
			errs = append(errs, one.validateFor(r, all)...)
		}
	}
	known := map[string]bool{"secret": true, "endpoint": true}
	if r.Fact != "" {
		known[r.Fact] = true
	}
	for _, p := range r.Parts {
		known[p.Name] = true
	}
	fields, err := l.Request.Fields()
	if err != nil {
		return errs // told already, of the request itself
	}
	looked, err := l.AnswerFields()
	if err != nil {
		return errs // likewise
	}
	for _, name := range append(fields, looked...) {
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
	if !l.asks() {
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
		if v == "dead" && l.NoDead != "" {
			continue
		}
		switch {
		case seen[v]:
		case v == "dead":
			errs = append(errs, fmt.Errorf("liveness %q: no answer means dead: write one, or say in no_dead why none can", l.Name))
		default:
			errs = append(errs, fmt.Errorf("liveness %q: no answer means %s", l.Name, v))
		}
	}
	return errs
}
