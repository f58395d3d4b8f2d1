package weigh

import (
	"bytes"
	"math"
	"strings"

	"github.com/skant-dev/skant/internal/match"
)

// shape is what a value looks like.
type shape struct {
	length                                int
	lower, upper, digits, symbols, others int // others are bytes above ASCII and control characters
	spaces                                int
	// classes is how many of lower, upper, digits and symbols it has; switches how often letters and digits follow one another.
	classes, switches int
	// wordLetters are letters that belong to words, of all letters; likeness is that of the letters that do not.
	letters, wordLetters int
	likeness             float64
	// entropy is in bits per byte; fill is its share of what length and alphabet allow, 0 to 1.
	entropy, fill float64
	hex, uuid     bool
	// joints are the signs that join words: - and _.
	joints int
	// distinct is the number of different bytes.
	distinct int
}

func newShape(v []byte) shape {
	s := shape{length: len(v), entropy: match.Entropy(v)}
	var seen [256]bool
	for i, c := range v {
		if !seen[c] {
			seen[c] = true
			s.distinct++
		}
		switch {
		case isLower(c):
			s.lower++
		case isUpper(c):
			s.upper++
		case isDigit(c):
			s.digits++
		case c == ' ' || c == '\t':
			s.spaces++
		case c > ' ' && c < 0x7f:
			s.symbols++
			if c == '-' || c == '_' {
				s.joints++
			}
		default:
			s.others++
		}
		if i > 0 && (isDigit(c) && isLetter(v[i-1]) || isLetter(c) && isDigit(v[i-1])) {
			s.switches++
		}
	}
	for _, n := range []int{s.lower, s.upper, s.digits, s.symbols} {
		if n > 0 {
			s.classes++
		}
	}
	s.hex, s.uuid = isHex(v), isUUID(v)
	s.fill = s.entropy / math.Log2(float64(max(2, min(len(v), s.alphabet()))))
	s.readWords(v)
	return s
}

// alphabet is the number of characters of the smallest usual alphabet that the value is written in.
func (s *shape) alphabet() int {
	if s.hex {
		return 16
	}
	n := 0
	for _, c := range []struct{ has, size int }{{s.lower, 26}, {s.upper, 26}, {s.digits, 10}, {s.symbols, 8}} {
		if c.has > 0 {
			n += c.size
		}
	}
	return n
}

// readWords finds out how much of the letters words explain.
func (s *shape) readWords(v []byte) {
	l := theLanguage()
	sum := 0.0
	for _, run := range runs(v) {
		s.letters += len(run)
		s.wordLetters += l.covered(run)
		sum += l.likeness(run) * float64(len(run))
	}
	// Capitals and small letters of one word in any order: hUnTeR.
	if whole := strings.ToLower(string(v)); s.lower > 0 && s.upper > 0 && len(v) <= maxRun && isLetters(whole) {
		s.wordLetters = max(s.wordLetters, l.covered(whole))
	}
	if s.letters > 0 {
		s.likeness = sum / float64(s.letters)
	}
}

// constant reports whether the value is written like the name of a constant: capitals, digits, and signs between words.
func (s *shape) constant() bool {
	return s.lower == 0 && s.upper > s.digits && s.joints >= 2 && s.joints == s.symbols
}

// wordShare is the share of letters that belong to words, 0 to 1.
func (s *shape) wordShare() float64 {
	if s.letters == 0 {
		return 0
	}
	return float64(s.wordLetters) / float64(s.letters)
}

func isLetters(v string) bool {
	return v != "" && strings.IndexFunc(v, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

func isHex(v []byte) bool {
	lower, upper := false, false
	for _, c := range v {
		switch {
		case isDigit(c):
		case c >= 'a' && c <= 'f':
			lower = true
		case c >= 'A' && c <= 'F':
			upper = true
		default:
			return false
		}
	}
	return len(v) > 0 && !(lower && upper)
}

func isUUID(v []byte) bool {
	if len(v) != 36 {
		return false
	}
	for i, c := range v {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// sequence reports whether most of v counts up or down, repeats itself, or follows a keyboard row.
func sequence(v []byte) bool {
	low := bytes.ToLower(v)
	steps, same := 0, 0
	for i := 1; i < len(low); i++ {
		switch low[i] - low[i-1] {
		case 0:
			same++
		case 1, 255:
			steps++
		}
	}
	if n := len(low) - 1; n >= 3 && (steps*4 >= n*3 || same*4 >= n*3 || (steps+same)*5 >= n*4) {
		return true
	}
	for _, row := range []string{"qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "0987654321", "abcdefghij", "1q2w3e4r5t6y"} {
		for n := 5; n <= len(row) && n <= len(low); n++ {
			if bytes.Contains(low, []byte(row[:n])) && 2*n >= len(low) {
				return true
			}
		}
	}
	return periodic(low)
}

// periodic reports whether v is one short text over and over: "abcabcabc".
func periodic(v []byte) bool {
	for p := 1; p <= len(v)/3; p++ {
		same := true
		for i := p; i < len(v) && same; i++ {
			same = v[i] == v[i-p]
		}
		if same {
			return true
		}
	}
	return false
}
