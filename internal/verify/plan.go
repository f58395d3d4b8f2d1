package verify

import (
	"cmp"
	"fmt"
	"maps"
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
	// secrets are the names of the values that may not be shown, prefix is the length of the secret's public prefix.
	secrets  []string
	prefix   int
	findings []int
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
	var lacking []int
	for i := range fs {
		f := &fs[i]
		rule := v.set.Lookup(f.RuleID)
		if rule == nil || rule.Identifier || !f.Secret.Known() || f.Verdict == scanner.Expired {
			continue
		}
		c, err := v.checkOf(rule)
		if err != nil {
			return nil, err
		}
		values := reveal(f)
		u := v.endpoints[rule.Provider]
		if delete(values, "endpoint"); u != nil { // a fact of that name is the repository's word
			values["endpoint"] = u.String()
		}
		if c.askable() && u == nil && c.SelfHosted {
			p.add(i, rule, c, f, values).unasked(scanner.Uncheckable, "It is for a server that has no address of its own, and servers that stand in a repository are never asked.",
				"Name the server: --verify-endpoint "+rule.Provider+"=https://HOST")
			continue
		}
		if c.askable() && len(c.missing(values)) > 0 {
			lacking = append(lacking, i)
			continue
		}
		p.complete(i, rule, c, f, values)
	}
	for _, i := range lacking {
		p.lacking(i, &fs[i])
	}
	return p.tasks, nil
}

// planner collects tasks.
type planner struct {
	v        *Verifier
	tasks    []*task
	byValues map[string]*task
	// pairings are the complete tasks of a rule and a secret.
	pairings map[string][]*task
}

func secretKey(ruleID, secret string) string { return ruleID + "\x00" + secret }

// add puts a finding to the task of its rule and values.
func (p *planner) add(i int, rule *rules.Rule, c *check, f *scanner.Finding, values map[string]string) *task {
	key := secretKey(rule.ID, canonical(values, c.uses(values)))
	t := p.byValues[key]
	if t == nil {
		t = &task{rule: rule, check: c, values: values, secrets: secretsOf(f), prefix: f.Secret.PrefixLength()}
		p.byValues[key] = t
		p.tasks = append(p.tasks, t)
	}
	t.findings = append(t.findings, i)
	return t
}

// complete takes a finding that has everything that the request needs.
func (p *planner) complete(i int, rule *rules.Rule, c *check, f *scanner.Finding, values map[string]string) {
	pair := secretKey(rule.ID, values["secret"])
	before := len(p.tasks)
	known := p.byValues[secretKey(rule.ID, canonical(values, c.uses(values)))]
	if known == nil && len(p.pairings[pair]) == maxPairings {
		p.tooMany(i, rule, c, f, values)
		return
	}
	t := p.add(i, rule, c, f, values)
	if len(p.tasks) > before {
		p.pairings[pair] = append(p.pairings[pair], t)
		switch {
		case !c.known:
			t.unasked(scanner.Uncheckable, "There is no known way to ask whether it is alive without a side effect.", "")
		case c.Uncheckable != "":
			t.unasked(scanner.Uncheckable, c.Uncheckable, "")
		case f.Facts["canary"] != "" && !p.v.opt.Canaries:
			t.unasked(scanner.Uncheckable, "It is a canary: using it raises an alarm, so nobody was asked.", "Ask who set it out, or use --verify-canaries.")
		}
	}
}

func (p *planner) tooMany(i int, rule *rules.Rule, c *check, f *scanner.Finding, values map[string]string) {
	t := &task{rule: rule, check: c, values: values, secrets: secretsOf(f), prefix: f.Secret.PrefixLength(), findings: []int{i}}
	p.tasks = append(p.tasks, t.unasked(scanner.Unknown, fmt.Sprintf("The same secret stands with more than %d different ids; only the first were asked about.", maxPairings), ""))
}

// lacking takes a finding without some of what the request needs: it shares the answers about the same secret where it
// stands complete.
func (p *planner) lacking(i int, f *scanner.Finding) {
	rule := p.v.set.Lookup(f.RuleID)
	whole := p.pairings[secretKey(f.RuleID, f.Secret.Reveal())]
	for _, t := range whole {
		t.findings = append(t.findings, i)
	}
	if len(whole) > 0 {
		return
	}
	c, err := p.v.checkOf(rule)
	if err != nil {
		return // it was made before
	}
	values := reveal(f)
	p.add(i, rule, c, f, values).unasked(scanner.Unknown, "It cannot be asked about without "+strings.Join(c.missing(values), " and ")+", which does not stand near it.", "")
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
	names := append([]string{"secret"}, c.fields...)
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
	switch v {
	case scanner.Live:
		return 5
	case scanner.Restricted:
		return 4
	case scanner.Unknown:
		return 3
	case scanner.Uncheckable:
		return 2
	case scanner.Expired, scanner.Dead:
		return 1
	default:
		return 0
	}
}

// apply writes the results of tasks into their findings, and lets severities follow. A finding that was verified before starts
// from its rule's severity again.
func (v *Verifier) apply(fs []scanner.Finding, tasks []*task) {
	best := make([]*Result, len(fs))
	open := make([]bool, len(fs))
	for _, t := range tasks {
		for _, i := range t.findings {
			open[i] = open[i] || t.settled == nil
			if t.settled != nil && (best[i] == nil || weight(t.settled.Verdict) > weight(best[i].Verdict)) {
				best[i] = t.settled
			}
		}
	}
	for i, r := range best {
		f := &fs[i]
		if open[i] { // the run ended before everything was asked: what was not says nothing
			continue
		}
		if r == nil {
			if f.Verification == nil && f.Verdict == scanner.Expired {
				f.Severity = Severity(f.Severity, f.Verdict)
			}
			continue
		}
		if f.Verification != nil {
			f.Severity = v.set.Lookup(f.RuleID).Severity
		}
		one := r.Verification
		one.Learned = maps.Clone(one.Learned)
		f.Verdict, f.Verification, f.Severity = r.Verdict, &one, Severity(f.Severity, r.Verdict)
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
