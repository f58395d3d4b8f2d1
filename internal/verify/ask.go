package verify

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// variant is one of the requests by which a credential can be asked about: the rule's, or a function's.
type variant struct {
	name   string
	signed signedCheck
}

// variants returns the requests of a check: one, and for some functions more, which are made if the first says dead.
func (c *check) variants() []variant {
	out := []variant{{c.Signed, c.signed}}
	for _, name := range c.signed.further {
		out = append(out, variant{name, signedChecks()[name]})
	}
	return out
}

// outcome is a result and the request that it is owed to.
type outcome struct {
	Result
	by variant
	// fits says that an answer of the rule decided; answered that there was one which another attempt could not better.
	fits, answered bool
}

// request asks about a task's credential, and asks again where that may help.
func (v *Verifier) request(ctx context.Context, t *task) outcome {
	var o outcome
	attempts := 0
	for _, by := range t.check.variants() {
		one := v.paced(ctx, t, by, t.values, t.keep)
		attempts += one.Verification.Attempts
		one.Verification.Attempts = attempts
		if o = one; o.Verdict != scanner.Dead {
			break
		}
	}
	v.explain(t, &o)
	return o
}

// explain adds to an answer what a rule says about its limits: refusals that cannot mean dead, and servers that know nothing of each
// other's credentials.
func (v *Verifier) explain(t *task, o *outcome) {
	says := &o.Verification.Says
	switch status := o.Verification.Status; {
	case o.Verdict == scanner.Dead && t.to != nil && t.check.Elsewhere != "" && !v.standsIn && !v.belongs(t, o.Verification.Host):
		o.Verdict = scanner.Unknown
		*says = o.Verification.Host + ", which was named for " + t.rule.Provider + ", does not accept it. " + t.check.Elsewhere
		o.Verification.Do = "Ask without --verify-endpoint " + t.rule.Provider + "=..., too; it is dead only if nobody knows it."
	case o.Verdict == scanner.Unknown && t.check.NoDead != "" && o.fits && status < 500 && !passing(status):
		*says += " " + t.check.NoDead
	}
}

// owned notes that a server has accepted a credential: it is that server's own, so that a later refusal by it means something.
func (v *Verifier) owned(t *task, host string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.owners[t.key+"\x00"+host] = true
}

// belongs reports whether a server has accepted a credential in this run.
func (v *Verifier) belongs(t *task, host string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.owners[t.key+"\x00"+host]
}

// passing reports whether a status is about the moment or the way, and not about the credential.
func passing(status int) bool {
	switch status {
	case http.StatusProxyAuthRequired, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	default:
		return false
	}
}

// put puts one question with the given values: the task's own, or those of a negative control.
func (v *Verifier) put(ctx context.Context, t *task, by variant, values map[string]string, keep *Exchange) outcome {
	o := outcome{by: by, Result: Result{Verdict: scanner.Unknown}}
	o.Verification = scanner.Verification{At: v.opt.Now().UTC(), Provider: t.rule.Provider}
	for o.Verification.Attempts < maxAttempts {
		req, err := v.build(ctx, t, by, values)
		if err != nil {
			o.Verification.Says, _ = failure(err, "", 0)
			return o
		}
		host := address(req.URL)
		o.Verification.Host = req.URL.Host
		limit := v.limit(host)
		if err := v.acquire(ctx, limit, o.Verification.Host); err != nil {
			o.Verification.Says = because(err, o.Verification)
			return o
		}
		o.Verification.Attempts++
		if keep != nil { // of several questions about a credential the last one is shown, with what came of it
			*keep = Exchange{Asked: v.askedBy(ctx, t, by)}
		}
		again := v.attempt(ctx, t, req, limit, values, keep, &o)
		if !again || ctx.Err() != nil {
			break
		}
	}
	return o
}

// because is why a request was not sent. What the attempt before it came to says more.
func because(err error, so scanner.Verification) string {
	var u unaskable
	if so.Says != "" || !errors.As(err, &u) {
		return so.Says
	}
	return string(u)
}

// attempt sends one request, writes what came of it to o, and waits if it is worth another.
func (v *Verifier) attempt(ctx context.Context, t *task, req *http.Request, limit *hostLimit, values map[string]string, keep *Exchange, o *outcome) (again bool) {
	last := o.Verification.Attempts == maxAttempts
	host := o.Verification.Host
	a, err := v.client.send(ctx, req)
	if ctx.Err() != nil {
		return false
	}
	o.Verification.At = v.opt.Now().UTC()
	var header http.Header
	if err != nil {
		o.Verification.Status = 0
		o.Verification.Says, again = failure(err, host, v.opt.Timeout)
	} else {
		if keep != nil {
			keep.show(a, t.veil(values))
		}
		o.take(t.check.judge(o.by.read(v, values, a), host, values, t.secrets), a.status)
		maps.DeleteFunc(o.Verification.Learned, func(_, fact string) bool { return t.others != nil && t.others.hides(fact) })
		header = a.header
		again = retriable(a.status) && o.Verdict == scanner.Unknown
		o.answered = !again
	}
	if !again {
		limit.answered(err == nil)
		return false
	}
	wait, wished, ok := waitFor(o.Verification.Attempts, header, v.clock())
	if wished && ok {
		limit.pause(v.clock().Add(wait))
	}
	if last || !ok {
		limit.answered(false)
		return false
	}
	return v.sleep(ctx, wait) == nil
}

// take writes a meaning to the outcome.
func (o *outcome) take(m meaning, status int) {
	o.Verdict, o.fits = m.verdict, m.fits
	o.Verification.Status, o.Verification.Says, o.Verification.Do, o.Verification.Learned = status, m.says, m.do, m.learned
}

// read lets a function look at an answer where only code can tell what it says.
func (by variant) read(v *Verifier, values map[string]string, a *answer) *answer {
	if by.signed.judge == nil || a.cut || a.encoded {
		return a
	}
	seen := *a
	seen.body = by.signed.judge(v, values, a)
	return &seen
}

// build makes a request. Its error is unaskable, and holds none of the values.
func (v *Verifier) build(ctx context.Context, t *task, by variant, values map[string]string) (*http.Request, error) {
	to := t.to
	if by.signed.sign != nil {
		req, err := by.signed.sign(ctx, v, values)
		var u unaskable
		switch {
		case errors.As(err, &u):
			return nil, u
		case err != nil:
			return nil, unaskable("The request could not be made from what was found.")
		case to != nil && (req.URL.Host != to.Host || req.URL.Scheme != to.Scheme):
			return nil, unaskable("The request would not go to the endpoint that was named for " + t.rule.Provider + ", so it was not sent.")
		case to == nil && (req.URL.Scheme != "https" || req.URL.Port() != "" || !strings.Contains(req.URL.Host, ".")) || req.URL.User != nil:
			return nil, unaskable("The request would not go to a provider over https, so it was not sent.")
		}
		return req, nil
	}
	return fill(ctx, &t.check.Request, to, values)
}

// fill makes a request from a rule's templates.
func fill(ctx context.Context, r *rules.Request, to *url.URL, values map[string]string) (*http.Request, error) {
	const cannot = unaskable("The request could not be made from what was found.")
	text, err := rules.Fill(r.URL, values)
	if err != nil {
		return nil, cannot
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil {
		return nil, cannot
	}
	switch {
	case r.Host() == "":
		if to == nil || u.Host != to.Host || u.Scheme != to.Scheme {
			return nil, cannot
		}
	case u.Host != r.Host() || u.Scheme != "https":
		return nil, cannot
	case to != nil:
		u = redirected(to, u)
	}
	body, err := rules.Fill(r.Body, values)
	if err != nil {
		return nil, cannot
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, "https://request.invalid/", strings.NewReader(body))
	if err != nil {
		return nil, cannot
	}
	if body == "" {
		req.Body, req.GetBody = nil, nil
	}
	req.URL, req.Host = u, u.Host
	for name, tmpl := range r.Headers {
		value, err := rules.Fill(tmpl, values)
		if err != nil || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			return nil, cannot
		}
		req.Header.Set(name, value)
	}
	return req, nil
}
