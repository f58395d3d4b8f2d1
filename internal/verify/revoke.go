package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptrace"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tidwall/gjson"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// adminName is the name of the user's other credential among the values of a request.
const adminName = "admin"

// maxFound is how much of a provider's list is read, in bytes: longer than other answers, as it has everything of an account.
const maxFound = 8 << 20

// Ending is one secret and the request that ends it. The request is sent once at most, by [Ending.Send].
type Ending struct {
	// Findings are where the secret is in the list that [Verifier.Endings] was given.
	Findings []int
	// Why says in a sentence why skant cannot end it, and Do what to do; Why is empty if it can.
	Why, Do string
	// Way is how it is ended; of no meaning where Why is set, unless Known.
	Way rules.Revocation
	// Known says that there is a way to end secrets of this kind.
	Known bool
	// Found is what the provider calls it, once [Ending.Find] has asked: names and values, safe to be printed.
	Found [][2]string

	v      *Verifier
	t      *task
	finder *task
	sent   atomic.Bool
}

// Answered is what came of a request to end a secret.
type Answered struct {
	// Verdict is revoked, refused or unknown. Revoked is what the provider says; ask about the secret again to know it.
	Verdict string
	// Sent says that the request, or a part of it, may have reached the provider: with unknown, the secret may be revoked or not.
	Sent bool
	// Says and Do are as in scanner.Verification.
	Says, Do string
	// Exchange is what was sent and what came back, masked.
	Exchange Exchange
}

// Endings plans how each distinct secret of some findings is ended, in the order in which they first stand there. Nothing is sent. env
// returns a variable of the environment. What is a canary, only an example, suppressed or a public name is never ended.
func (v *Verifier) Endings(fs []scanner.Finding, env func(string) string) ([]*Ending, error) {
	if _, err := v.plan(fs); err != nil { // the secrets of all are hidden in every answer
		return nil, err
	}
	var order []string
	groups := map[string][]int{}
	for i := range fs {
		key := fs[i].Fingerprint
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], i)
	}
	var out []*Ending
	for _, key := range order {
		e := &Ending{Findings: groups[key], v: v}
		if err := e.prepare(fs, env); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// prepare finds a finding of the secret that has all that the requests need, or says why there is none.
func (e *Ending) prepare(fs []scanner.Finding, env func(string) string) error {
	own := make([]*scanner.Finding, 0, len(e.Findings))
	for _, i := range e.Findings {
		own = append(own, &fs[i])
	}
	counts := slices.DeleteFunc(slices.Clone(own), func(f *scanner.Finding) bool { return f.Suppressed != nil })
	genuine := slices.DeleteFunc(slices.Clone(counts), func(f *scanner.Finding) bool { return f.Example })
	switch {
	case len(counts) == 0:
		e.no("It is suppressed: somebody has said that it does not count.", "")
	case slices.ContainsFunc(own, func(f *scanner.Finding) bool { return f.Facts["canary"] != "" }):
		e.no("It is a canary: ending it would take the alarm away and tell whoever watches it.", "Ask who set it out.")
	case len(genuine) == 0:
		e.no("It stands for a secret and is none: a placeholder, a test's value or a published example.", "")
	}
	if e.Why != "" {
		return nil
	}
	for _, f := range genuine {
		rule := e.ruleOf(f)
		if rule == nil {
			e.no("skant does not know a way to end it.", "")
			continue
		}
		done, err := e.order(rule, f, env)
		if err != nil {
			return err
		}
		if done {
			return e.single(genuine)
		}
	}
	return nil
}

// single gives up on a secret that stands with several of what names it to the provider: one of them may be another's.
func (e *Ending) single(genuine []*scanner.Finding) error {
	if e.t == nil {
		return nil
	}
	given, err := e.Way.Given()
	if err != nil {
		return err
	}
	for _, f := range genuine {
		values := reveal(f)
		for _, name := range given {
			if name != adminName && name != "endpoint" && values[name] != "" && values[name] != e.t.values[name] {
				e.t, e.finder = nil, nil
				e.no("It stands with more than one "+name+", and it cannot be told which is its own.", "")
				return nil
			}
		}
	}
	return nil
}

// ruleOf returns the rule of a finding; nil for public names and rules that are not at hand.
func (e *Ending) ruleOf(f *scanner.Finding) *rules.Rule {
	rule := e.v.set.Lookup(f.RuleID)
	if rule == nil || rule.Identifier {
		return nil
	}
	return rule
}

func (e *Ending) no(why, do string) { e.Why, e.Do = why, do }

// order makes the request of one finding; done says that no other finding of the secret can do better.
func (e *Ending) order(rule *rules.Rule, f *scanner.Finding, env func(string) string) (done bool, err error) {
	values := reveal(f)
	if !f.Secret.Known() {
		_, e.Known = e.v.set.RevocationOf(rule)
		e.no("Its value is not at hand: it is not where the report says.", "")
		return false, nil
	}
	way, ok := e.v.set.RevocationFor(rule, values["secret"])
	if !ok {
		e.no("No request is documented by which whoever holds it ends it.", "")
		return true, nil
	}
	e.Way, e.Known = way, true
	c, finder, err := checksFor(&way)
	if err != nil {
		return true, fmt.Errorf("revocation of %s: %w", rule.ID, err)
	}
	to := e.v.endpointOf(rule, c)
	delete(values, "endpoint") // a fact of these names is the repository's word
	delete(values, adminName)
	if to != nil {
		values["endpoint"] = to.String()
	}
	if way.SelfHosted && to == nil {
		e.no("It is for a server that has no address of its own, and servers that stand in a repository are never told anything.",
			"Name the server: --verify-endpoint "+rule.Provider+"=https://HOST")
		return true, nil
	}
	secrets := secretsOf(f)
	if a := way.Admin; a.Env != "" {
		key := strings.TrimSpace(env(a.Env))
		fits, err := regexp.MatchString(a.Form, key)
		switch {
		case key == "":
			e.no("It takes "+a.Is+", and $"+a.Env+" is not set.", "Set "+a.Env+" and try again.")
			return true, nil
		case err != nil || !fits:
			e.no("It takes "+a.Is+", and what $"+a.Env+" holds is none.", "Set "+a.Env+" and try again.")
			return true, nil
		case key == values["secret"]:
			e.no("$"+a.Env+" holds the leaked secret itself.", "")
			return true, nil
		}
		values[adminName], secrets = key, append(slices.Clone(secrets), adminName)
	}
	given, err := way.Given()
	if err != nil {
		return true, err
	}
	if missing := slices.DeleteFunc(given, func(name string) bool { return values[name] != "" || name == "endpoint" }); len(missing) > 0 {
		e.no("It cannot be ended without "+strings.Join(missing, " and ")+", which does not stand near it.", "")
		return false, nil
	}
	t := task{rule: rule, check: c, values: values, secrets: secrets, prefix: f.Secret.PrefixLength(), to: to}
	e.v.mu.Lock()
	t.others = e.v.others
	e.v.mu.Unlock()
	e.t = &t
	if finder != nil {
		second := t
		second.check = finder
		e.finder = &second
	}
	e.no("", "")
	return true, nil
}

// checksFor makes of a way what requests are built and answers are judged with; finder is nil where nothing is looked up.
func checksFor(way *rules.Revocation) (c, finder *check, err error) {
	c = &check{known: true, Liveness: rules.Liveness{Name: way.Name, Request: way.Request, SelfHosted: way.SelfHosted, Needs: way.Needs, Answers: way.Answers}}
	if err := c.compile(); err != nil {
		return nil, nil, err
	}
	if way.Finds() {
		finder = &check{known: true, Liveness: rules.Liveness{Name: way.Name, Request: way.Find.Request, SelfHosted: way.SelfHosted}}
		err = finder.compile()
	}
	return c, finder, err
}

// Host returns the host that is told; empty where nobody is.
func (e *Ending) Host() string {
	switch {
	case e.t == nil:
		return ""
	case e.t.to != nil:
		return e.t.to.Host
	default:
		return e.Way.Request.Host()
	}
}

// Asked returns the requests as they may be shown, that which looks the secret up first. What is not looked up yet stands as its name.
func (e *Ending) Asked(ctx context.Context) []Asked {
	if e.t == nil {
		return nil
	}
	var out []Asked
	if e.finder != nil {
		out = append(out, e.v.asked(ctx, e.finder))
	}
	shown := *e.t
	shown.values = map[string]string{}
	for name := range e.Way.Find.Take {
		shown.values[name] = strings.ToUpper(name)
	}
	maps.Copy(shown.values, e.t.values)
	return append(out, e.v.asked(ctx, &shown))
}

// Find looks up what the provider calls the secret, where it has to. It only reads. why says in a sentence why the secret cannot be ended;
// an error means that ctx has ended.
func (e *Ending) Find(ctx context.Context) (why string, err error) {
	if e.finder == nil || e.Why != "" || e.Found != nil {
		return e.Why, nil
	}
	a, _, err := e.exchange(ctx, e.finder, maxFound)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		says, _ := failure(err, e.Host(), e.v.opt.Timeout)
		return says, nil
	}
	entry, why := e.entry(a)
	if why != "" {
		return why, nil
	}
	for _, name := range slices.Sorted(maps.Keys(e.Way.Find.Take)) {
		value := entry.Get(e.Way.Find.Take[name])
		if value.Type != gjson.String || value.String() == "" || len(value.String()) > maxLearned || e.hides(value.String()) {
			return "The provider's list has no " + strings.ReplaceAll(name, "_", " ") + " for it.", nil
		}
		e.t.values[name] = value.String()
		e.Found = append(e.Found, [2]string{name, visible.Text(value.String())})
	}
	return "", nil
}

// entry returns the one entry of a list that is the secret.
func (e *Ending) entry(a *answer) (gjson.Result, string) {
	host, f := e.Host(), &e.Way.Find
	switch {
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return gjson.Result{}, fmt.Sprintf("%s does not show its list (HTTP %d) to what $%s holds.", host, a.status, e.Way.Admin.Env)
	case a.status != http.StatusOK || a.cut || a.encoded || !gjson.ValidBytes(a.body):
		return gjson.Result{}, fmt.Sprintf("%s gave an answer (HTTP %d) that is no list of credentials.", host, a.status)
	}
	parsed := gjson.ParseBytes(a.body)
	for path, pattern := range f.Whole {
		at := parsed.Get(path)
		if fits, err := regexp.MatchString(pattern, at.String()); err != nil || !at.Exists() || !fits {
			return gjson.Result{}, host + " has more credentials than one list shows, so that it cannot be told which is the leaked one."
		}
	}
	var entries []gjson.Result
	for _, one := range parsed.Get(f.List).Array() {
		fits := one.IsObject()
		for path, name := range f.Where {
			at := one.Get(path)
			fits = fits && at.Type == gjson.String && at.String() == e.t.values[name]
		}
		if fits {
			entries = append(entries, one)
		}
	}
	switch len(entries) {
	case 1:
		return entries[0], ""
	case 0:
		return gjson.Result{}, "It is not in the list of active credentials: it belongs to another organization than the one of $" + e.Way.Admin.Env + ", or is dead already."
	default:
		return gjson.Result{}, fmt.Sprintf("%d entries of the provider's list fit, and it cannot be told which is the leaked one.", len(entries))
	}
}

func (e *Ending) hides(text string) bool { return e.t.veil(e.t.values).hides(text) }

// Send tells the provider to end the secret, once: a second call sends nothing. If ctx ends meanwhile the verdict is unknown.
func (e *Ending) Send(ctx context.Context) Answered {
	out := Answered{Verdict: string(scanner.Unknown)}
	switch {
	case e.Why != "" || e.t == nil:
		out.Verdict, out.Says, out.Do = rules.Refused, e.Why, e.Do
		return out
	case e.finder != nil && e.Found == nil:
		out.Says = "It was not looked up what the provider calls it, so nothing was sent."
		return out
	case e.sent.Swap(true):
		out.Says = "It was sent before, and is never sent twice."
		return out
	}
	out.Exchange.Asked = e.v.asked(ctx, e.t)
	a, begun, err := e.exchange(ctx, e.t, maxBody)
	out.Sent = begun
	switch {
	case err != nil && !begun:
		if ctx.Err() != nil {
			out.Says = "It was interrupted before anything was sent."
			return out
		}
		out.Says, _ = failure(err, e.Host(), e.v.opt.Timeout)
		out.Do = "Nothing has changed. Try again, or follow the playbook."
		return out
	case err != nil:
		out.Says, _ = failure(err, e.Host(), e.v.opt.Timeout)
		if ctx.Err() != nil {
			out.Says = "It was interrupted before " + e.Host() + " had answered."
		}
		out.Says += " The secret may be revoked, or not."
		return out
	}
	veil := e.t.veil(e.t.values)
	out.Exchange.show(a, veil)
	m := e.t.check.judge(a, e.Host(), e.t.values, e.t.secrets)
	out.Verdict, out.Says, out.Do = string(m.verdict), m.says, m.do
	if out.Verdict == string(scanner.Unknown) && !m.fits {
		out.Says += " The secret may be revoked, or not."
	}
	return out
}

// exchange sends one request. begun says that there was a connection, so that some of it may have arrived.
func (e *Ending) exchange(ctx context.Context, t *task, most int64) (a *answer, begun bool, err error) {
	req, err := fill(ctx, &t.check.Request, t.to, t.values)
	if err != nil {
		return nil, false, err
	}
	host := address(req.URL)
	limit := e.v.limit(host)
	if err := e.v.acquire(ctx, limit, req.URL.Host); err != nil {
		return nil, false, err
	}
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	a, err = e.v.client.sendUpTo(httptrace.WithClientTrace(ctx, trace), req, most)
	limit.answered(err == nil)
	if err != nil {
		var u unaskable
		if errors.As(err, &u) {
			return nil, false, err
		}
		return nil, connected.Load(), err
	}
	return a, true, nil
}
