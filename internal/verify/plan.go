package verify

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// maxPairings is with how many sets of parts one secret is asked about: which of the key ids that stand near a secret is its
// own can often only be told by asking, and calling the secret dead for a wrong one would be a lie.
const maxPairings = 4

// task is one distinct credential of a rule, and all findings of it.
type task struct {
	rule   *rules.Rule
	check  *check
	values map[string]string
	// key is that of no other task: rule and values.
	key string
	// secrets are the names of the values that may not be shown, prefix is the length of the secret's public prefix.
	secrets  []string
	prefix   int
	findings []int
	// to is the address that the user named, nil for the provider's own.
	to *url.URL
	// others hides the secrets of all tasks.
	others *veil
	// settled is the result, once there is one; cached says that it is from an earlier run.
	settled *Result
	cached  bool
	// keep takes the last answer of the provider, to be shown.
	keep *Exchange
}

// unasked marks a task whose result was clear without asking.
func (t *task) unasked(verdict scanner.Verdict, says, do string) *task {
	t.settled = &Result{Verdict: verdict, Verification: scanner.Verification{Provider: t.rule.Provider, Says: says, Do: do}}
	return t
}

// plan sorts findings into tasks. Those that there is nothing to be told about have none: their secret is not at hand, or is
// a public name, or they say themselves that they have expired.
func (v *Verifier) plan(fs []scanner.Finding) ([]*task, error) {
	p := planner{v: v, byValues: map[string]*task{}, pairings: map[string][]*task{}}
	var lacking []candidate
	for i := range fs {
		f := &fs[i]
		rule := v.set.Lookup(f.RuleID)
		if rule == nil || rule.Identifier || !f.Secret.Known() || f.Verdict == scanner.Expired {
			continue
		}
		c, err := v.checkOf(rule, f.Secret.Reveal())
		if err != nil {
			return nil, err
		}
		values := reveal(f)
		u := v.endpointOf(rule, c)
		if delete(values, "endpoint"); u != nil { // a fact of that name is the repository's word
			values["endpoint"] = u.String()
		}
		if c.signed.prepare != nil {
			c.signed.prepare(values)
		}
		one := candidate{i, rule, c, f, values, u}
		switch {
		case c.askable() && u == nil && c.SelfHosted:
			p.add(one).unasked(scanner.Uncheckable, "It is for a server that has no address of its own, and servers that stand in a repository are never asked.",
				"Name the server: --verify-endpoint "+rule.Provider+"=https://HOST")
		case c.askable() && len(c.missing(values)) > 0:
			lacking = append(lacking, one)
		default:
			p.complete(one)
		}
	}
	for _, one := range lacking {
		p.lacking(one)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.others = v.others.addAll(p.tasks)
	for _, t := range p.tasks {
		t.others = v.others
	}
	return p.tasks, nil
}

// endpointOf returns the address that the user named for what a check asks; nil if that is the provider's own. Where a provider
// also makes servers that others run, an address is of one of those: it is not shown what belongs to the provider's own host.
func (v *Verifier) endpointOf(rule *rules.Rule, c *check) *url.URL {
	u := v.endpoints[rule.Provider]
	if u == nil || c.SelfHosted || v.standsIn {
		return u
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	others, known := v.ownServers[rule.ID]
	if !known {
		others = v.set.HasOwnServers(rule)
		v.ownServers[rule.ID] = others
	}
	if others {
		return nil
	}
	return u
}

// candidate is a finding that somebody could be asked about.
type candidate struct {
	at     int
	rule   *rules.Rule
	check  *check
	f      *scanner.Finding
	values map[string]string
	to     *url.URL
}

func (c *candidate) key() string {
	return secretKey(c.rule.ID, canonical(c.values, c.check.uses(c.values)))
}

// planner collects tasks.
type planner struct {
	v        *Verifier
	tasks    []*task
	byValues map[string]*task
	// pairings are the complete tasks of a rule and a secret, rest what stands for those that are too many.
	pairings map[string][]*task
	rest     map[string]*task
}

func secretKey(ruleID, secret string) string { return ruleID + "\x00" + secret }

func (p *planner) task(one candidate) *task {
	t := &task{key: one.key(), rule: one.rule, check: one.check, values: one.values, secrets: secretsOf(one.f), prefix: one.f.Secret.PrefixLength(), to: one.to}
	p.tasks = append(p.tasks, t)
	return t
}

// add puts a finding to the task of its rule and values.
func (p *planner) add(one candidate) *task {
	t := p.byValues[one.key()]
	if t == nil {
		t = p.task(one)
		p.byValues[t.key] = t
	}
	t.findings = append(t.findings, one.at)
	return t
}

// complete takes a finding that has everything that the request needs.
func (p *planner) complete(one candidate) {
	pair := secretKey(one.rule.ID, one.values["secret"])
	before := len(p.tasks)
	known := p.byValues[one.key()]
	if known == nil && len(p.pairings[pair]) >= maxPairings {
		p.tooMany(one, pair)
		return
	}
	t := p.add(one)
	if len(p.tasks) == before {
		return
	}
	p.pairings[pair] = append(p.pairings[pair], t)
	switch c := one.check; {
	case !c.known:
		t.unasked(scanner.Uncheckable, "skant has no check for credentials of this kind, which says nothing about this one.", "Take it for alive until its provider says otherwise.")
	case c.Uncheckable != "":
		t.unasked(scanner.Uncheckable, c.Uncheckable, "Take it for alive.")
	case one.f.Facts["canary"] != "" && !p.v.opt.Canaries:
		t.unasked(scanner.Uncheckable, "It is a canary: using it raises an alarm, so nobody was asked.", "Ask who set it out, or use --verify-canaries.")
	}
}

// tooMany notes that not all pairings of a secret are tried: if those that are say dead, it may yet be alive.
func (p *planner) tooMany(one candidate, pair string) {
	if p.rest == nil {
		p.rest = map[string]*task{}
	}
	t := p.rest[pair]
	if t == nil {
		t = p.task(one).unasked(scanner.Unknown, fmt.Sprintf("The same secret stands with more than %d different ids; only the first were asked about.", maxPairings), "")
		p.rest[pair] = t
	}
	t.findings = append(t.findings, one.at)
}

// lacking takes a finding without some of what the request needs: it shares the answers about the same secret where it
// stands complete.
func (p *planner) lacking(one candidate) {
	whole := p.pairings[secretKey(one.rule.ID, one.values["secret"])]
	for _, t := range whole {
		t.findings = append(t.findings, one.at)
	}
	if len(whole) > 0 {
		return
	}
	p.add(one).unasked(scanner.Unknown, "It cannot be asked about without "+strings.Join(one.check.missing(one.values), " and ")+", which does not stand near it.", "")
}

// reveal returns the values of a finding in clear.
func reveal(f *scanner.Finding) map[string]string {
	values := map[string]string{}
	for name, s := range f.Values() {
		if text := s.Reveal(); text != "" {
			values[name] = text
		}
	}
	return values
}

// secretsOf returns the names of the values of a finding that may not be shown, sorted.
func secretsOf(f *scanner.Finding) []string {
	var names []string
	for name, s := range f.Values() {
		if s.PrefixLength() < len(s.Reveal()) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// canonical writes the named values so that no two sets of them are written alike.
func canonical(values map[string]string, names []string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%d:%s=%d:%s\n", len(name), name, len(values[name]), values[name])
	}
	return b.String()
}

// uses returns the names of the values that the answer can depend on, sorted.
func (c *check) uses(values map[string]string) []string {
	if !c.askable() {
		return []string{"secret"}
	}
	if c.Signed != "" { // what the function looks at is its own business
		return slices.Sorted(maps.Keys(values))
	}
	names := slices.Concat([]string{"secret"}, c.fields, c.looked)
	slices.Sort(names)
	return slices.Compact(names)
}

// missing returns the names of the values that the request needs and that are not there.
func (c *check) missing(values map[string]string) []string {
	var out []string
	for _, name := range append(slices.Clone(c.Needs), c.fields...) {
		if values[name] == "" && name != "endpoint" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// interleave orders tasks so that hosts take turns: workers that wait for one host would keep others from being asked.
func interleave(tasks []*task) []*task {
	turn := map[string]int{}
	turns := make(map[*task]int, len(tasks))
	for _, t := range tasks {
		turns[t] = turn[t.rule.Provider]
		turn[t.rule.Provider]++
	}
	out := slices.Clone(tasks)
	slices.SortStableFunc(out, func(a, b *task) int { return cmp.Compare(turns[a], turns[b]) })
	return out
}

// weight orders verdicts where a finding has several: what is alive with one pairing is alive.
func weight(v scanner.Verdict) int {
	return slices.Index([]scanner.Verdict{scanner.Dead, scanner.Expired, scanner.Uncheckable, scanner.Unknown, scanner.Restricted, scanner.Live}, v)
}

// apply writes the results of tasks into their findings, and lets severities follow. A finding that was verified before starts
// from its rule's severity again.
//
// A secret is alive if it is with one of the ids that it stands with, wherever that is: all findings of a rule and a secret
// share the gravest result, whatever their order: of several alike the one whose task's key comes first.
func (v *Verifier) apply(fs []scanner.Finding, tasks []*task) {
	shared := map[string]*share{}
	of := make([]*share, len(fs))
	own := make([]*Result, len(fs))
	for _, t := range slices.SortedFunc(slices.Values(tasks), func(a, b *task) int { return strings.Compare(a.key, b.key) }) {
		key := secretKey(t.rule.ID, t.values["secret"])
		s := shared[key]
		if s == nil {
			s = &share{}
			shared[key] = s
		}
		s.take(t.settled)
		for _, i := range t.findings {
			of[i] = s
			if t.settled != nil && (own[i] == nil || weight(t.settled.Verdict) > weight(own[i].Verdict)) {
				own[i] = t.settled
			}
		}
	}
	for i, s := range of {
		f := &fs[i]
		switch {
		case s == nil:
			if f.Verification == nil && f.Verdict == scanner.Expired {
				f.Severity = Severity(f.Severity, f.Verdict)
			}
			continue
		case s.best == nil || s.open && s.best.Verdict != scanner.Live:
			continue // the run ended before everything was asked: what was not says nothing
		}
		if f.Verification != nil {
			f.Severity = v.set.Lookup(f.RuleID).Severity
		}
		r := *s.best
		if mine := own[i]; mine != nil && weight(mine.Verdict) == weight(r.Verdict) {
			r = *mine
		} else {
			r.Verification.Says = "The same secret stands elsewhere with another id, and for that it holds: " + r.Verification.Says
		}
		r.Verification.Learned = maps.Clone(r.Verification.Learned)
		f.Verdict, f.Verification, f.Severity = r.Verdict, &r.Verification, Severity(f.Severity, r.Verdict)
	}
}

// share is what all tasks of a rule and a secret came to. open says that some of them were not asked.
type share struct {
	best *Result
	open bool
}

func (s *share) take(r *Result) {
	s.open = s.open || r == nil
	if r != nil && (s.best == nil || weight(r.Verdict) > weight(s.best.Verdict)) {
		s.best = r
	}
}

// Severity is what a severity becomes with a verdict: one step up if the credential is alive, low at most if it is not.
// Restricted counts as it is: what keeps the holder out may go away.
func Severity(s rules.Severity, v scanner.Verdict) rules.Severity {
	switch {
	case v == scanner.Live:
		return []rules.Severity{rules.Low, rules.Medium, rules.High, rules.Critical, rules.Critical}[s.Rank()]
	case (v == scanner.Dead || v == scanner.Expired) && s.Rank() > rules.Low.Rank():
		return rules.Low
	default:
		return s
	}
}
