package match

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
)

// accepts reports whether an automaton takes a text for one that may have a match.
func accepts(a *Automaton, text []byte) bool {
	w := a.Walk(text)
	return w.From(0, len(text)) || w.Past(len(text)) || w.End()
}

// patterns have everything that patterns of rules have.
var patterns = []string{
	`abc`, `(?i)abc[0-9]{3,40}`, `\babc\b`, `^abc|x$`, `a[bc]{2,300}d`, `(?:ab|cd){1,3}?e`, `(?i:token|key)[^\n]{0,60}?[=:]\s*["']?([a-f0-9]{8})(?:[^a-f0-9]|$)`,
	`(?:[^\n]{0,30}\n){0,2}?[^\n]{0,20}key`, `\Bx+\B`, `(?s:a.{0,5}b)`, `(?m)^ab$`, `[é-ü]+a`, `a\x00b`, `(?:a|b|ab)(?:c|bcd)(?:d*)`, `x*y?z{0,2}w`,
}

// TestAutomatonRefusesNoMatch holds the automaton against the patterns themselves, on texts that nearly match.
func TestAutomatonRefusesNoMatch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 9))
	refused := 0
	for _, p := range patterns {
		re, parsed := regexp.MustCompile(p), parse(t, p)
		a := NewAutomaton(parsed)
		if a == nil {
			t.Errorf("%s: no automaton", p)
			continue
		}
		letters := []string{"a", "b", "c", "d", "e", "x", "y", "z", "w", "key", "token", "=", ": ", "\n", " ", "\"", "0", "f", "é", "ü", "\x00", "\xff", "AB", "abc", "cd"}
		for range 3000 {
			var b strings.Builder
			for range 1 + rnd.IntN(24) {
				b.WriteString(letters[rnd.IntN(len(letters))])
			}
			text := []byte(b.String())
			switch may := accepts(a, text); {
			case re.Match(text) && !may:
				t.Fatalf("%s matches in %q, and the automaton refuses it", p, text)
			case !may:
				refused++
			}
		}
	}
	if refused < 10000 {
		t.Errorf("%d texts were refused: the automaton is of little use", refused)
	}
}

func parse(t testing.TB, pattern string) *syntax.Regexp {
	t.Helper()
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		t.Skip(err) // a fuzzed pattern that is none
	}
	return re
}

// FuzzAutomaton does the same with any pattern and any text.
func FuzzAutomaton(f *testing.F) {
	for _, p := range patterns {
		f.Add(p, []byte("abc key = \"00ff00ff\"\n"))
	}
	f.Fuzz(func(t *testing.T, pattern string, text []byte) {
		if len(pattern) > 200 || len(text) > 2000 {
			return
		}
		parsed := parse(t, pattern)
		re, err := regexp.Compile(pattern)
		if err != nil {
			return
		}
		if a := NewAutomaton(parsed); a != nil && re.Match(text) && !accepts(a, text) {
			t.Errorf("%q matches in %q, and the automaton refuses it", pattern, text)
		}
	})
}
