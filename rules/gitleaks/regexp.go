package gitleaks

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	"github.com/skant-dev/skant/rules"
)

// maxAnchors bounds the literals of which one is in every match.
const maxAnchors = 64

// required returns literals, in lower case, of which every match has at least one, whole; nil if there are none that are
// long enough to be searched for.
func required(re *syntax.Regexp) []string {
	best := alternatives(re)
	if best == nil || len(best) > maxAnchors || shortest(best) < rules.MinAnchor {
		return nil
	}
	slices.Sort(best)
	return slices.Compact(best)
}

// alternatives returns literals of which every match of re has one, or nil.
func alternatives(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		text := strings.ToLower(string(re.Rune))
		for _, r := range text {
			if r > unicode.MaxASCII {
				return nil // folding letters beyond ASCII is not what the search for anchors does
			}
		}
		return []string{text}
	case syntax.OpCapture:
		return alternatives(re.Sub[0])
	case syntax.OpPlus:
		return alternatives(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return alternatives(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if set := alternatives(sub); set != nil && len(set) <= maxAnchors && shortest(set) > shortest(best) {
				best = set
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			set := alternatives(sub)
			if set == nil {
				return nil
			}
			all = append(all, set...)
		}
		return all
	}
	return nil
}

func shortest(list []string) int {
	n := 0
	for i, s := range list {
		if i == 0 || len(s) < n {
			n = len(s)
		}
	}
	return n
}

// makeExamples makes a text that the rule matches, and one that it does not. The text is cut into pieces of a template,
// so that the rule file does not hold what the rule finds.
func makeExamples(r *Rule, re *syntax.Regexp) (examples, error) {
	compiled, err := regexp.Compile(r.Pattern)
	if err != nil {
		return examples{}, fmt.Errorf("the pattern does not compile: %w", err)
	}
	forbidden := make([]*regexp.Regexp, len(r.Checks.Forbid))
	for i, p := range r.Checks.Forbid {
		forbidden[i] = regexp.MustCompile(p) // allow has compiled it before
	}
	rnd := rand.New(rand.NewPCG(1, uint64(len(r.Pattern))))
	for range 500 {
		g := generator{rnd: rnd}
		g.write(re)
		m := compiled.FindStringSubmatch(g.b.String())
		if m == nil || m[1] == "" || slices.ContainsFunc(forbidden, func(f *regexp.Regexp) bool { return f.MatchString(m[1]) }) {
			continue
		}
		return examples{Match: []string{template(g.b.String())}, Clean: []string{"nothing to see here"}}, nil
	}
	return examples{}, errors.New("no text could be made that it matches")
}

// template writes text as pieces of a template.
func template(text string) string {
	const piece = 7
	var b strings.Builder
	for len(text) > 0 {
		n := min(piece, len(text))
		fmt.Fprintf(&b, "<<%q>>", text[:n])
		text = text[n:]
	}
	return b.String()
}

// generator writes a random text that an expression matches.
type generator struct {
	b   strings.Builder
	rnd *rand.Rand
}

// most is how often anything without a bound is repeated, and maxText how long a text gets, in bytes.
const most, maxText = 24, 8192

func (g *generator) write(re *syntax.Regexp) {
	if g.b.Len() > maxText {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		g.b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		g.b.WriteRune(g.class(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		g.b.WriteByte(byte('a' + g.rnd.IntN(26)))
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			g.write(sub)
		}
	case syntax.OpAlternate:
		g.write(re.Sub[g.rnd.IntN(len(re.Sub))])
	case syntax.OpStar, syntax.OpQuest:
		// The least that matches is nothing.
	case syntax.OpPlus:
		g.repeat(re.Sub[0], 1, -1)
	case syntax.OpRepeat:
		g.repeat(re.Sub[0], re.Min, re.Max)
	}
}

func (g *generator) repeat(re *syntax.Regexp, least, greatest int) {
	n := least
	if least > 0 && (greatest < 0 || greatest > least) { // a secret that is as short as can be has little entropy
		top := max(least, most)
		if greatest >= 0 {
			top = min(top, greatest)
		}
		n = least + g.rnd.IntN(top-least+1)
	}
	for range min(n, maxText) {
		g.write(re)
	}
}

// class returns a rune of a class: one that can be seen, if there is one.
func (g *generator) class(ranges []rune) rune {
	var visible []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], '!'); r <= min(ranges[i+1], '~'); r++ {
			visible = append(visible, r)
		}
	}
	if len(visible) > 0 {
		return visible[g.rnd.IntN(len(visible))]
	}
	return ranges[0]
}
