package config

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/skant-dev/skant/rules"
)

// Select returns the rules of set, the built-in and the own ones, that are switched on. Where nothing is switched off that
// is set itself. A pattern that matches no rule is an [*Error], as its rule is still on under another name; in the user's
// own file, which serves many repositories, it is a note. So are patterns that cancel each other, and no rule at all.
func (e *Effective) Select(set *rules.Set) (chosen *rules.Set, notes []error, err error) {
	e.off, e.total = map[string]Origin{}, set.Len()
	if len(e.Disable) == 0 && len(e.Only) == 0 {
		return set, nil, nil
	}
	var errs []error
	all := set.All()
	meant := func(key string, items []Item) (hits [][]int) {
		for _, item := range items {
			var found []int
			for i := range all {
				// The pattern was checked: it has letters, digits, dashes, stars and question marks.
				if ok, err := path.Match(item.Text, all[i].ID); err == nil && ok {
					found = append(found, i)
				}
			}
			hits = append(hits, found)
			if len(found) > 0 {
				continue
			}
			problem := &Error{Origin: item.Origin, Key: key, Problem: "no rule is named " + quote(item.Text), Instead: suggest(item.Text, all)}
			if item.Origin.Layer == User {
				notes = append(notes, problem)
			} else {
				errs = append(errs, problem)
			}
		}
		return hits
	}
	only, disable := meant("rules.only", e.Only), meant("rules.disable", e.Disable)
	if len(e.Only) > 0 {
		for i := range all {
			e.off[all[i].ID] = e.Only[0].Origin
		}
	}
	for _, hits := range only {
		for _, i := range hits {
			delete(e.off, all[i].ID)
		}
	}
	for n, hits := range disable {
		for _, i := range hits {
			if _, already := e.off[all[i].ID]; !already {
				e.off[all[i].ID] = e.Disable[n].Origin
			}
		}
	}
	for n, hits := range only {
		if e.cancelled(all, hits) {
			errs = append(errs, &Error{
				Origin: e.Only[n].Origin, Key: "rules.only", Problem: "rules.disable switches everything off that " + quote(e.Only[n].Text) + " names",
				Instead: "take it out of one of the two lists",
			})
		}
	}
	if len(errs) == 0 && len(e.off) == set.Len() {
		errs = append(errs, e.nothingLeft())
	}
	if len(errs) > 0 {
		return nil, notes, errors.Join(errs...)
	}
	return set.Filter(func(r *rules.Rule) bool { _, off := e.off[r.ID]; return !off }), notes, nil
}

// cancelled reports whether rules that were chosen are all off.
func (e *Effective) cancelled(all []rules.Rule, hits []int) bool {
	for _, i := range hits {
		if _, off := e.off[all[i].ID]; !off {
			return false
		}
	}
	return len(hits) > 0
}

func (e *Effective) nothingLeft() error {
	items := e.Disable
	if len(items) == 0 {
		items = e.Only
	}
	return &Error{
		Origin: items[0].Origin, Key: "rules", Problem: fmt.Sprintf("0 rules active: all %d are switched off, so nothing could ever be found", e.total),
		Instead: "take patterns out of rules.disable; to scan nothing, uninstall skant",
	}
}

// suggest says which rule was meant by an id that names none, or which beginning of ids by a pattern.
func suggest(text string, all []rules.Rule) string {
	parts := strings.Count(strings.TrimRight(text, "*?-"), "-") + 1
	var words []string
	for i := range all {
		word := all[i].ID
		if text != strings.TrimRight(text, "*?-") {
			word = strings.Join(strings.SplitN(word, "-", parts+1)[:min(parts, strings.Count(word, "-")+1)], "-") + "-*"
		}
		words = append(words, word)
	}
	if near := Nearest(text, words); near != "" {
		return "did you mean " + near + "?"
	}
	return "`skant rules list` lists them"
}

// Off reports whether the last [Effective.Select] left a rule out, and says by which line, variable or flag.
func (e *Effective) Off(ruleID string) (where string, off bool) {
	at, off := e.off[ruleID]
	if !off {
		return "", false
	}
	return at.String(), true
}

// Counts returns how many rules the last [Effective.Select] kept and left out.
func (e *Effective) Counts() (active, off int) { return e.total - len(e.off), len(e.off) }

// OffBy returns how many rules each file or variable switched off, by its name.
func (e *Effective) OffBy() map[string]int {
	counts := map[string]int{}
	for _, at := range e.off {
		counts[at.Name]++
	}
	return counts
}
