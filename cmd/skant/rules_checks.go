package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
)

// How the credentials of a rule are asked about.
const (
	// checkedHere: --verify asks their provider.
	checkedHere = "verify"
	// checkedThere: they are of servers that have no address of their own, so that the user has to name one.
	checkedThere = "endpoint"
	// checkedNowhere: nobody is asked.
	checkedNowhere = "-"
)

// howChecked says which of these holds for a rule.
func howChecked(set *rules.Set, r *rules.Rule) string {
	how := checkedNowhere
	for _, l := range set.ChecksOf(r) {
		switch {
		case r.Identifier || l.Uncheckable != "":
		case !l.SelfHosted:
			return checkedHere
		default:
			how = checkedThere
		}
	}
	return how
}

// writeCheck writes how the provider of a rule is asked whether a credential is alive, and what each answer means, or why
// nobody is asked.
func writeCheck(b *strings.Builder, set *rules.Set, r *rules.Rule) {
	b.WriteString("\n" + labelCheck + "\n")
	l, ok := set.LivenessOf(r)
	switch {
	case r.Identifier:
		b.WriteString("     " + checkPublic + "\n")
		return
	case !ok:
		b.WriteString("     " + checkUnwritten + "\n")
		return
	}
	for i, one := range set.ChecksOf(r) {
		switch {
		case len(l.Kinds) == 0:
		case l.Kinds[i].Secret == "":
			b.WriteString("   " + checkOtherKinds + "\n")
		default:
			fmt.Fprintf(b, "   "+checkKind+"\n", l.Kinds[i].Secret)
		}
		writeEntry(b, r, &one)
	}
}

// writeEntry writes one of a rule's checks.
func writeEntry(b *strings.Builder, r *rules.Rule, l *rules.Liveness) {
	if l.Uncheckable != "" {
		fmt.Fprintf(b, "     "+checkImpossible+"\n", l.Uncheckable)
		return
	}
	method, address := requestOf(l)
	fmt.Fprintf(b, "     %s %s\n", method, address)
	for _, name := range slices.Sorted(maps.Keys(l.Request.Headers)) {
		fmt.Fprintf(b, "     %s: %s\n", name, l.Request.Headers[name])
	}
	if l.Request.Body != "" {
		for line := range strings.Lines(strings.TrimSpace(l.Request.Body)) {
			b.WriteString("     " + strings.TrimRight(line, "\n") + "\n")
		}
	}
	if l.Signed != "" {
		fmt.Fprintf(b, "     (%s)\n", signedRequests()[l.Signed].how)
	}
	if l.SelfHosted {
		fmt.Fprintf(b, "     "+checkWhere+"\n", r.Provider)
	}
	if len(l.Needs) > 0 {
		fmt.Fprintf(b, "     "+checkNeeds+"\n", strings.Join(l.Needs, ", "))
	}
	for i := range l.Answers {
		writeAnswer(b, &l.Answers[i])
	}
	fmt.Fprintf(b, "     %-12s%s\n", "unknown", checkOtherwise)
	for _, limit := range []string{l.NoDead, l.Elsewhere} {
		if limit != "" {
			fmt.Fprintf(b, "     %-12s%s\n", "", limit)
		}
	}
}

// writeAnswer writes one shape of an answer and what it means.
func writeAnswer(b *strings.Builder, a *rules.Answer) {
	line := func(text string) { fmt.Fprintf(b, "     %-12s%s\n", "", text) }
	fmt.Fprintf(b, "     %-12s%s\n", a.Verdict, conditions(a))
	line(a.Says)
	if a.Do != "" {
		line(fmt.Sprintf(checkDo, a.Do))
	}
	if len(a.Learn) > 0 {
		line(fmt.Sprintf(checkLearns, strings.ReplaceAll(strings.Join(slices.Sorted(maps.Keys(a.Learn)), ", "), "_", " ")))
	}
}

// conditions says what an answer has to be like.
func conditions(a *rules.Answer) string {
	var words []string
	if len(a.Status) > 0 {
		var status []string
		for _, s := range a.Status {
			status = append(status, strconv.Itoa(s))
		}
		words = append(words, "HTTP "+strings.Join(status, " or "))
	}
	where := func(kind, name, pattern string) {
		if pattern == "" {
			words = append(words, kind+" "+name)
			return
		}
		words = append(words, kind+" "+name+" ~ "+pattern)
	}
	for _, name := range slices.Sorted(maps.Keys(a.JSON)) {
		where("JSON", name, a.JSON[name])
	}
	for _, name := range slices.Sorted(maps.Keys(a.Headers)) {
		where("header", name, a.Headers[name])
	}
	if a.Body != "" {
		words = append(words, "body ~ "+a.Body)
	}
	return strings.Join(words, ", ")
}

// requestOf returns the request of a check, its values as templates.
func requestOf(l *rules.Liveness) (method, address string) {
	if l.Signed != "" {
		s := signedRequests()[l.Signed]
		return s.method, s.address
	}
	method = l.Request.Method
	if method == "" {
		method = "GET"
	}
	return method, l.Request.URL
}

// checks are those of a set of rules, for a page that lists them all.
type checks struct {
	// asked and named are those that are asked at a host of their own, and where the user names one; refused those that nobody is asked
	// about. One is a check and the rules that have it.
	asked, named, refused []check
	// Counts of rules: those above, public names, and those of which nothing is said.
	rules, public, unwritten int
}

type check struct {
	provider string
	l        rules.Liveness
	ids      []string
}

// allChecks collects the checks of all rules, by provider and in the order of their rules.
func allChecks(set *rules.Set) *checks {
	all := &checks{}
	at := map[string]*check{}
	var order []*check
	for i := range set.All() {
		r := &set.All()[i]
		all.rules++
		entries := set.ChecksOf(r)
		switch {
		case r.Identifier:
			all.public++
			continue
		case len(entries) == 0:
			all.unwritten++
			continue
		}
		for _, l := range entries {
			key := r.Provider + "/" + l.Name
			if at[key] == nil {
				at[key] = &check{provider: r.Provider, l: l}
				order = append(order, at[key])
			}
			at[key].ids = append(at[key].ids, r.ID)
		}
	}
	slices.SortStableFunc(order, func(a, b *check) int { return strings.Compare(a.provider, b.provider) })
	for _, c := range order {
		switch {
		case c.l.Uncheckable != "":
			all.refused = append(all.refused, *c)
		case c.l.SelfHosted:
			all.named = append(all.named, *c)
		default:
			all.asked = append(all.asked, *c)
		}
	}
	return all
}

// count returns how many rules have one of the checks, and of how many providers they are. Rules of several kinds of credentials have
// several; those in a list of before are not counted again.
func count(list []check, before ...[]check) (ofRules, providers int) {
	seen, counted := map[string]bool{}, map[string]bool{}
	for _, other := range before {
		for i := range other {
			for _, id := range other[i].ids {
				counted[id] = true
			}
		}
	}
	for i := range list {
		for _, id := range list[i].ids {
			if !counted[id] {
				ofRules++
			}
			counted[id] = true
		}
		seen[list[i].provider] = true
	}
	return ofRules, len(seen)
}

// verdictsOf returns the verdicts that a check can give, the most alarming first. Each can give "unknown".
func (c *check) verdictsOf() string {
	var out []string
	for _, v := range []string{"live", "restricted", "expired", "dead"} {
		if slices.ContainsFunc(c.l.Answers, func(a rules.Answer) bool { return a.Verdict == v }) {
			out = append(out, v)
		}
	}
	return strings.Join(out, ", ")
}

// page writes the checks as Markdown: docs/liveness-checks.md.
func (all *checks) page() string {
	var b strings.Builder
	here, providers := count(all.asked)
	there, _ := count(all.named, all.asked)
	refused, _ := count(all.refused, all.asked, all.named)
	fmt.Fprintf(&b, checksIntro, report.Count(int64(here+there)), report.Count(int64(all.rules)), providers,
		report.Count(int64(there)), report.Count(int64(refused)), report.Count(int64(all.unwritten)), report.Count(int64(all.public)))
	writeChecks(&b, checksAsked, all.asked)
	writeChecks(&b, checksNamed, all.named)
	b.WriteString(checksRefused)
	for i := range all.refused {
		c := &all.refused[i]
		fmt.Fprintf(&b, "- **%s**: %s. %s\n", c.provider, codes(c.ids), markdownText(c.l.Uncheckable))
	}
	return b.String()
}

func writeChecks(b *strings.Builder, intro string, list []check) {
	b.WriteString(intro)
	for i := range list {
		c := &list[i]
		method, address := requestOf(&c.l)
		fmt.Fprintf(b, "| %s | %s | `%s %s` | %s |\n", c.provider, codes(c.ids), method, strings.ReplaceAll(shortAddress(address), "|", `\|`), c.verdictsOf())
	}
}

// shortAddress leaves the query and the scheme out.
func shortAddress(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return strings.TrimPrefix(address, "https://")
}

func codes(ids []string) string { return "`" + strings.Join(ids, "`, `") + "`" }

// markdownText is a sentence of a rule in a page: none of it is Markdown.
func markdownText(s string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`, "[", `\[`, "|", `\|`).Replace(s)
}
