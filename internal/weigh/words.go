package weigh

import (
	_ "embed"
	"math"
	"slices"
	"strings"
	"sync"
)

// wordList holds words that stand in the code and the prose of many public repositories, one a line, sorted. A value that
// is made of them is a name or a phrase rather than a secret.
//
//go:embed words.txt
var wordList string

// language is what is known of words.
type language struct {
	words []string
	// pairs is by two letters, 26 for the edge of a word: the logarithm of how much more often they follow one another than
	// chance has it.
	pairs [27][27]float64
}

const edge = 26

// theLanguage is made when the first value is weighed.
var theLanguage = sync.OnceValue(func() *language {
	l := &language{words: strings.Fields(wordList)}
	var count [27][27]float64
	for _, w := range l.words {
		before := edge
		for _, c := range []byte(w) {
			count[before][c-'a']++
			before = int(c - 'a')
		}
		count[before][edge]++
	}
	for a := range count {
		sum := 0.0
		for _, n := range count[a] {
			sum += n + 0.5
		}
		for b, n := range count[a] {
			l.pairs[a][b] = math.Log((n + 0.5) / sum * 27)
		}
	}
	return l
})

// knows reports whether w, in lower case, is a word or the plural of one.
func (l *language) knows(w string) bool {
	if _, ok := slices.BinarySearch(l.words, w); ok {
		return true
	}
	for _, ending := range []string{"s", "ed", "ing", "er"} {
		if stem, cut := strings.CutSuffix(w, ending); cut && len(stem) >= 4 {
			if _, ok := slices.BinarySearch(l.words, stem); ok {
				return true
			}
		}
	}
	return false
}

// likeness says how much a run of lower-case letters looks like words of a language: about 0.9 for words, below 0 for
// random letters.
func (l *language) likeness(w string) float64 {
	if w == "" {
		return 0
	}
	sum, before := 0.0, edge
	for _, c := range []byte(w) {
		sum += l.pairs[before][c-'a']
		before = int(c - 'a')
	}
	return (sum + l.pairs[before][edge]) / float64(len(w)+1)
}

// covered returns how many letters of a run in lower case belong to words that it can be cut into: all of a word that is
// known, else the most that words of at least 4 letters cover.
func (l *language) covered(w string) int {
	if len(w) >= 3 && l.knows(w) {
		return len(w)
	}
	if len(w) < 4 || len(w) > maxRun {
		return 0
	}
	best := make([]int, len(w)+1)
	for i := 1; i <= len(w); i++ {
		best[i] = best[i-1]
		for n := 4; n <= min(i, 14); n++ {
			if best[i-n]+n > best[i] && l.knows(w[i-n:i]) {
				best[i] = best[i-n] + n
			}
		}
		// Three letters count where a word ends before them or the run does: "mykey", "keyvault".
		if i >= 3 && (i == 3 || i == len(w)) && best[i-3]+3 > best[i] && l.knows(w[i-3:i]) {
			best[i] = best[i-3] + 3
		}
	}
	return best[len(w)]
}

// maxRun bounds the letters in a row that words are looked for in.
const maxRun = 64

// runs cuts text into runs of letters as identifiers are written: at everything else, and before a capital that a small
// letter precedes or follows. They are in lower case.
func runs(text []byte) []string {
	var out []string
	start := -1
	flush := func(end int) {
		if start >= 0 {
			out = append(out, strings.ToLower(string(text[start:end])))
		}
		start = -1
	}
	for i, c := range text {
		switch {
		case !isLetter(c):
			flush(i)
			continue
		case start < 0:
			start = i
		case isUpper(c) && (!isUpper(text[i-1]) || i+1 < len(text) && isLower(text[i+1])):
			flush(i)
			start = i
		}
	}
	flush(len(text))
	return out
}

func isUpper(c byte) bool  { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool  { return c >= 'a' && c <= 'z' }
func isLetter(c byte) bool { return isUpper(c) || isLower(c) }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
