package scanner

import (
	"regexp/syntax"
	"strings"
	"sync"

	"github.com/skant-dev/skant/rules"
)

// tokenForms knows how the tokens of the rules begin, and how long they are at least. It is made when the first value of
// no certain form is judged.
type tokenForms struct {
	once sync.Once
	// byFirst are the rules' anchors by their first byte, for those that tell case apart.
	byFirst [256][]tokenForm
}

type tokenForm struct {
	anchor string
	rule   *rules.Rule
}

// leastForm is the shortest anchor that tells a token from a word, in bytes.
const leastForm = 4

// shortFor returns the title of a rule for whose tokens a value is too short, though it begins like one; empty if there
// is none. Such a value is a token that was cut, or made up.
func (s *Scanner) shortFor(value string) string {
	f := &s.forms
	f.once.Do(func() {
		all := s.set.All()
		for i := range all {
			r := &all[i]
			if r.Assignment != "" || r.Fold {
				continue
			}
			for _, a := range r.Anchors {
				if len(a) >= leastForm && !common(a) {
					f.byFirst[a[0]] = append(f.byFirst[a[0]], tokenForm{a, r})
				}
			}
		}
	})
	if value == "" {
		return ""
	}
	for _, form := range f.byFirst[value[0]] {
		if !strings.HasPrefix(value, form.anchor) {
			continue
		}
		if least, ok := leastToken(form.rule.Pattern, form.anchor); ok && len(value) < least {
			return form.rule.Title
		}
	}
	return ""
}

// common reports whether an anchor consists of words that tokens of many kinds begin with: "pat_", "live_".
func common(anchor string) bool {
	words := strings.FieldsFunc(anchor, func(r rune) bool { return r < 'A' || r > 'Z' && r < 'a' || r > 'z' })
	for _, w := range words {
		switch strings.ToLower(w) {
		case "pat", "key", "live", "test", "prod", "sk", "pk", "rk", "tok", "token", "api", "secret", "access", "user", "client", "auth", "id", "at", "ak", "org":
		default:
			return false
		}
	}
	return true
}

// leastToken returns the least length of the secret of a pattern, in bytes; ok is false unless it begins with the anchor.
func leastToken(pattern, anchor string) (n int, ok bool) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, false
	}
	secret := firstGroup(re)
	if secret == nil {
		return 0, false
	}
	heads := []string{""}
	for _, part := range flatten(secret, nil) {
		texts := language(part, maxLeading/len(heads))
		if texts == nil {
			break
		}
		var next []string
		for _, h := range heads {
			for _, t := range texts {
				next = append(next, h+t)
			}
		}
		heads = next
		if len(heads[0]) >= len(anchor) {
			break
		}
	}
	for _, h := range heads {
		if strings.HasPrefix(h, anchor) {
			return leastLength(secret), true
		}
	}
	return 0, false
}

// firstGroup returns the expression of group 1, or nil.
func firstGroup(re *syntax.Regexp) *syntax.Regexp {
	if re.Op == syntax.OpCapture && re.Cap == 1 {
		return re.Sub[0]
	}
	for _, sub := range re.Sub {
		if g := firstGroup(sub); g != nil {
			return g
		}
	}
	return nil
}

// leastLength returns the least length of a match, in bytes.
func leastLength(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(string(re.Rune))
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return leastLength(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * leastLength(re.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, sub := range re.Sub {
			n += leastLength(sub)
		}
		return n
	case syntax.OpAlternate:
		n := leastLength(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			n = min(n, leastLength(sub))
		}
		return n
	default:
		return 0
	}
}
