package report

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// maxLearned bounds what is shown of a provider's answer, and maxLearnedText each of its values, in bytes.
const (
	maxLearned     = 8
	maxLearnedText = 200
)

// What to do about a credential that is alive.
const (
	revokeLive       = "Revoke it now."
	revokeRestricted = "Revoke it now: what holds it back may go away."
)

// Verification returns what its provider said of the group's credential: the answer that the verdict of the group comes from.
// It is nil if nobody was asked.
func (g *Group) Verification() *scanner.Verification {
	for _, f := range g.Places {
		if f.Verification != nil && f.Verdict == g.Verdict {
			return f.Verification
		}
	}
	return nil
}

// Asked says in a few words who was asked, what the answer's status was and when that was: "api.example.com answered 401 on
// 2026-03-04 09:30 UTC". It is empty where no provider was asked.
func Asked(v *scanner.Verification) string {
	if v == nil || v.Host == "" {
		return ""
	}
	words := visible.Text(v.Host)
	if v.Status > 0 {
		words += " answered " + strconv.Itoa(v.Status)
	} else {
		words += " gave no answer"
	}
	if !v.At.IsZero() {
		words += " on " + v.At.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	if v.Cached {
		words += ", in an earlier run"
	}
	return words
}

// Learned returns what a provider's answer states, as "account: 0001", in alphabetical order, at most eight of them and each
// shortened: the words are those of somebody's server.
func Learned(v *scanner.Verification) []string {
	if v == nil {
		return nil
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(v.Learned)) {
		value := visible.Text(v.Learned[name])
		if value == "" || len(list) == maxLearned {
			continue
		}
		if len(value) > maxLearnedText {
			value = strings.ToValidUTF8(value[:maxLearnedText], "") + "…"
		}
		list = append(list, strings.ReplaceAll(visible.Text(name), "_", " ")+": "+value)
	}
	return list
}

// verification writes what the provider said, and what to do about it.
func (t *textWriter) verification(g *Group) {
	v := g.Verification()
	if v == nil {
		return
	}
	t.wrapped(visible.Text(v.Says), 2, t.verdict(g.Verdict))
	t.wrapped(todo(g.Verdict), 2, t.strong)
	// What a rule says is about the answer: how to go on with the key as well as how to end it.
	t.wrapped(visible.Text(v.Do), 2, t.faint)
	for _, fact := range Learned(v) {
		t.row(2, 4, span{text: Clip(fact, t.room(2)), whole: true})
	}
	t.wrapped(Asked(v), 2, t.faint)
}

// todo is what to do about a credential that is alive; empty for others.
func todo(v scanner.Verdict) string {
	switch v {
	case scanner.Live:
		return revokeLive
	case scanner.Restricted:
		return revokeRestricted
	default:
		return ""
	}
}
