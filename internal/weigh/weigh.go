// Package weigh says how likely it is that an assignment gives a real credential.
//
// There is one scoring function, [At]: evidence for and against, each a number of points with the sentence that explains
// it, added up. docs/detection.md describes the evidence; `skant explain` prints it.
package weigh

import (
	"bytes"
	"fmt"
	"regexp"
	"sync"

	"github.com/skant-dev/skant/internal/assign"
)

// The points from which a value counts as a credential of that confidence.
const (
	Low, Medium, High = 1.5, 3.0, 4.5
)

// maxValue bounds a value, in bytes.
const maxValue = 500

// Evidence is one thing that speaks for (above 0) or against a value being a credential.
type Evidence struct {
	Points float64
	Reason string
}

// Result is what the weighing of an assignment came to.
type Result struct {
	assign.Assignment
	// Points is the sum of the evidence.
	Points   float64
	Evidence []Evidence
	// Example says that the value stands for a secret that it is not: a placeholder, a test's. Its confidence is low.
	Example bool
	// Refused says why the value is none at all; empty if it may be one.
	Refused string
}

type weighing struct {
	Result
	text, value []byte
	shape       shape
	// scheme says that the value stands behind the name of an authentication scheme.
	scheme bool
}

func (w *weighing) add(points float64, format string, args ...any) {
	if points != 0 {
		w.Points += points
		w.Evidence = append(w.Evidence, Evidence{points, fmt.Sprintf(format, args...)})
	}
}

// At weighs the assignment to a name with a word of a kind at text[at:]. ok is false where there is no such word, or
// nothing is assigned. It looks at as much of text as package assign does.
func At(k Kind, text []byte, at int) (r Result, ok bool) {
	end := k.wordAt(text, at)
	if end == 0 {
		return r, false
	}
	a, ok := assign.At(text, at, end)
	if !ok {
		return r, false
	}
	w := &weighing{text: text}
	w.Assignment = a
	if !w.weighName(k) {
		w.Refused = "the name tells something about a credential"
		return w.Result, true
	}
	w.trim()
	if len(w.value) == 0 {
		return r, false
	}
	w.shape = newShape(w.value)
	if w.Refused = w.refused(k); w.Refused != "" {
		return w.Result, true
	}
	placeholder := w.example()
	if placeholder == "" && w.echoes() {
		w.Refused = "the value says what the name says"
		return w.Result, true
	}
	w.weighPlace()
	if w.Second {
		w.add(0.5, "the value is the second of two that a login takes")
	}
	if k == Password || w.Second {
		w.weighPassword()
	} else {
		w.weighRandom(k)
	}
	if placeholder != "" {
		w.Example = true
		w.add(-2, "%s", placeholder)
	}
	return w.Result, true
}

// trim leaves out what belongs to the syntax around the value.
func (w *weighing) trim() {
	v := &w.Value
	if w.Quote == 0 {
		if w.inQuery() || bytes.Contains(w.Before.Of(w.text), []byte("://")) {
			if i := bytes.IndexAny(v.Of(w.text), "&#"); i >= 0 {
				v.Hi = v.Lo + i
			}
		}
	}
	if rest, cut := bytes.CutPrefix(v.Of(w.text), []byte("{noop}")); cut { // Spring's word for a password that is not hashed
		v.Lo = v.Hi - len(rest)
	}
	for _, scheme := range []string{"Bearer ", "bearer ", "Basic ", "Token ", "token ", "ApiKey ", "SSWS "} {
		if bytes.HasPrefix(v.Of(w.text), []byte(scheme)) {
			v.Lo += len(scheme)
			w.scheme = true
		}
	}
	w.value = v.Of(w.text)
}

// weighPlace adds what the syntax says.
func (w *weighing) weighPlace() {
	a := &w.Assignment
	switch a.Operator {
	case assign.Compare:
		w.add(-0.6, "the value is compared, not assigned")
	case assign.Argument, assign.Call, assign.Default:
		w.add(-0.3, "the value is an argument")
	case assign.Space:
		if a.Flag {
			w.add(0.3, "the name is a flag")
		} else {
			w.add(-0.8, "only white space stands between name and value")
		}
	}
	if a.Quote != 0 {
		w.add(1, "the value is a literal in quotes")
	} else {
		w.weighBare()
	}
	before := bytes.TrimLeft(a.Before.Of(w.text), " \t")
	if bytes.HasPrefix(before, []byte("//")) || bytes.HasPrefix(before, []byte("#")) || bytes.HasPrefix(before, []byte("*")) {
		w.add(-0.3, "the line is a comment")
	}
	if low := bytes.ToLower(before); bytes.Contains(low, []byte("example")) || bytes.Contains(low, []byte("e.g.")) || bytes.Contains(low, []byte("for instance")) {
		w.add(-1, "the line speaks of an example")
	}
	if w.shape.spaces > 0 {
		w.add(-1.5*float64(min(w.shape.spaces, 4)), "the value has white space in it")
	}
	if before := w.text[max(0, w.Value.Lo-8):w.Value.Lo]; w.scheme || isScheme(before) {
		w.add(0.8, "the value stands behind an authentication scheme")
	} else if a.Quote == 0 && a.Operator == assign.Colon && bytes.IndexByte(a.Name.Of(w.text), '-') > 0 {
		w.add(0.4, "the name is that of a header")
	}
	if a.Quote != 0 && joined(w.text[min(len(w.text), a.Value.Hi+1):a.Line.Hi]) {
		w.add(-1.5, "the value is put together")
	}
	if before := a.Before.Of(w.text); a.Quoted && a.Name.Lo > 0 && len(before) > 0 && before[len(before)-1] == ' ' {
		w.add(-1, "the name is the end of a text")
	}
	if isSum().Match(w.text[max(0, a.Name.Lo-160):a.Name.Lo]) && w.shape.hex {
		w.add(-2, "the text before it speaks of a hash")
	}
	if w.shape.constant() {
		w.add(-2.5, "the value is written like a constant")
	}
	if w.shape.others > 0 {
		w.add(-0.7, "the value has characters beyond ASCII")
	}
}

// isSum matches what is said of hashes.
var isSum = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\bsha-?(?:1|256|384|512)\b|\bmd5\b|checksum|\bdigest\b|\bhash of\b`)
})

// joined reports whether text goes on with the joining of a literal and an expression: " + name".
func joined(text []byte) bool {
	text = bytes.TrimLeft(text, " ")
	if len(text) < 3 || text[0] != '+' && text[0] != '.' {
		return false
	}
	rest := bytes.TrimLeft(text[1:], " ")
	return len(rest) < len(text)-1 && len(rest) > 0 && isLetter(rest[0])
}

// isScheme reports whether text ends with the name of an authentication scheme.
func isScheme(text []byte) bool {
	for _, scheme := range []string{"bearer ", "basic ", "token "} {
		if bytes.HasSuffix(bytes.ToLower(text), []byte(scheme)) {
			return true
		}
	}
	return false
}

// weighBare adds what it says that a value has no quotes.
func (w *weighing) weighBare() {
	a := &w.Assignment
	rest := bytes.TrimSpace(w.text[a.Value.Hi:a.Line.Hi])
	rest = bytes.TrimLeft(rest, ",;\"'`)}]")
	rest = bytes.TrimSpace(rest)
	// Behind the closing quote of a literal that the whole assignment stands in, and before the next of a list of
	// assignments, nothing goes on.
	closed := a.Value.Hi < len(w.text) && (w.text[a.Value.Hi] == '"' || w.text[a.Value.Hi] == '\'')
	variable := a.Operator == assign.Equals && a.Value.Lo == a.Name.Hi+1 && bytes.Equal(a.Name.Of(w.text), bytes.ToUpper(a.Name.Of(w.text)))
	listed := variable || nextAssignment(rest) || w.inQuery()
	prose := !closed && !listed && len(rest) > 0 && rest[0] != '#' && !bytes.HasPrefix(rest, []byte("//")) && rest[0] != '&' && rest[0] != '|' && rest[0] != '<' && rest[0] != '-' && rest[0] != '\\'
	switch {
	case a.Operator == assign.Element:
		w.add(1, "the value is the text of an element")
	case prose && isLetter(rest[0]) && a.Operator != assign.Space && !a.Flag:
		w.add(-1.5, "more words follow the value")
	case a.Operator == assign.Equals && a.Value.Lo == a.Name.Hi+1:
		w.add(0.8, "the value is assigned as in an environment")
	case a.Operator == assign.Colon || a.Operator == assign.Equals:
		w.add(0.6, "the value is assigned as in a configuration")
	}
	if w.shape.digits == 0 && w.shape.symbols == 0 && !a.Flag {
		if w.shape.likeness < 0.1 && w.shape.length >= 5 && w.shape.wordShare() < 0.5 {
			w.add(-0.3, "the value may be a variable, though it is no word")
		} else {
			w.add(-1.5, "the value may be a variable")
		}
	}
}

// nextAssignment reports whether text begins with a name and an equals sign.
func nextAssignment(text []byte) bool {
	n := 0
	for n < len(text) && (isLetter(text[n]) || isDigit(text[n]) || text[n] == '_' || text[n] == '-' || text[n] == '.') {
		n++
	}
	return n > 0 && n < len(text) && text[n] == '='
}

// inQuery reports whether the assignment is a parameter in the query of a URL.
func (w *weighing) inQuery() bool {
	before := w.Before.Of(w.text)
	return len(before) > 0 && (before[len(before)-1] == '?' || before[len(before)-1] == '&')
}

// weighPassword adds what the value's shape says of a password: people choose them.
func (w *weighing) weighPassword() {
	s := &w.shape
	share := s.wordShare()
	switch {
	case s.letters == 0 && s.symbols == 0:
		if s.length >= 6 {
			w.add(0.5, "the value is a number")
		} else {
			w.add(-0.8, "the value is a short number")
		}
	case s.letters == s.length:
		switch {
		case share >= 0.75:
			w.add(-3, "the value is made of words")
		case s.likeness < 0.1:
			w.add(1.2, "the value is no word")
		case share < 0.3:
			w.add(0.3, "the value is hardly a word")
		default:
			w.add(-1, "the value may be words")
		}
	case s.digits == 0:
		w.weighSeparated(share)
	default:
		if share >= 0.75 && s.switches <= 1 {
			w.add(0.5, "the value is a word with a number")
		} else {
			w.add(1.5, "the value mixes letters and digits")
		}
		if s.symbols > 0 && share < 0.75 {
			w.add(0.5, "the value has signs")
		}
	}
	if s.classes >= 3 && s.digits > 0 {
		w.add(0.7, "the value has characters of several classes")
	}
	if s.length >= 12 && share < 0.5 {
		w.add(0.4, "the value is long")
	}
	w.weighHash()
}

// weighSeparated is for values of letters and signs without a digit.
func (w *weighing) weighSeparated(share float64) {
	s := &w.shape
	plain := 0 // signs that names and texts are written with
	for _, c := range w.value {
		switch c {
		case '-', '_', '.', ':', '/', ' ', ',', '?', '\'':
			plain++
		}
	}
	switch {
	case plain == s.symbols+s.spaces && share >= 0.5:
		w.add(-3, "the value is made of words")
	case plain == s.symbols+s.spaces:
		w.add(-0.5, "the value is written like a name")
	case share >= 0.75:
		w.add(0, "the value is a word with signs")
	default:
		w.add(1.2, "the value mixes letters and signs")
	}
}

// weighHash adds what a hash in place of a password says.
func (w *weighing) weighHash() {
	if isHashed().Match(w.value) {
		w.add(-4, "the value is the hash of a password")
	}
}

// isHashed matches hashes of passwords, with a user before them or without.
var isHashed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\$(?:2[abxy]|apr1|[156y]|argon2\w*|pbkdf2\S*|scrypt)\$|^pbkdf2|^\{(?:S?SHA|bcrypt|MD5|crypt)|^(?:sha1|sha256|argon2\w*|bcrypt):`)
})

// weighRandom adds what the value's shape says of a secret that a machine made.
func (w *weighing) weighRandom(k Kind) {
	s := &w.shape
	share := s.wordShare()
	switch {
	case s.uuid:
		w.add(1.7, "the value is a UUID")
		return
	case s.letters == 0:
		w.add(-1, "the value is a number")
	case s.hex && s.length >= 32:
		w.add(2.2, "the value is long and hexadecimal")
	case s.hex && s.length >= 16 && s.digits > 0:
		w.add(1.4, "the value is hexadecimal")
	case s.digits == 0:
		w.weighLetters(share)
	case share > 0.6:
		w.add(-2.5*share, "the value is made of words")
	case s.length >= 20:
		w.add(2.6, "the value is long and mixes letters and digits")
	case s.length >= 14:
		w.add(2.0, "the value mixes letters and digits")
	case s.length >= 10:
		w.add(1.4, "the value mixes letters and digits")
	default:
		w.add(0.8, "the value mixes letters and digits, but is short")
	}
	if share > 0.3 && share <= 0.6 && s.digits > 0 && !s.hex {
		w.add(-2*share, "the value has words in it")
	}
	if s.length >= 16 && s.fill < 0.65 {
		w.add(-1.5, "the value has little variety")
	}
	if s.digits > 0 && s.lower > 0 && s.upper > 0 && share < 0.5 && s.switches >= 3 {
		w.add(0.6, "the value has characters of several classes")
	}
	if k == Token && s.length < 12 {
		w.add(-0.5, "the value is short for a token")
	}
}

// weighLetters is for values without digits.
func (w *weighing) weighLetters(share float64) {
	s := &w.shape
	switch {
	case share >= 0.5:
		w.add(-3, "the value is made of words")
	case s.length >= 16 && s.lower > 0 && s.upper > 0 && s.likeness < 0:
		w.add(2.2, "the value is long and no words")
	case s.length >= 16 && s.likeness < 0:
		w.add(1.2, "the value is long and no words")
	case s.likeness < 0:
		w.add(0.9, "the value is no word")
	default:
		w.add(-1.5, "the value may be words")
	}
}
