package recovery

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

func spellings(values ...string) *Spellings {
	var found []scanner.Finding
	for _, v := range values {
		found = append(found, scanner.Finding{Secret: scanner.NewSecret(v, 0)})
	}
	return NewSpellings(found)
}

// TestExpressions holds that the file for git-filter-repo, read as it reads it, does to a text what Clean does.
func TestExpressions(t *testing.T) {
	values := []string{
		strings.Repeat("Ab9", 5), strings.Repeat("Ab9", 5) + "-longer", "has==>an arrow", "literal:x.y*z[", "regex:(a|b)+$", "two\nlines\r\nhere\n",
		"back\\slash\\1\\g<0>", " spaces at its ends ", "hash # and \x01 control", "glob:*.key*",
	}
	s := spellings(values...)
	if s.Len() != len(values) {
		t.Fatalf("%d spellings of %d values", s.Len(), len(values))
	}
	text := []byte("A" + strings.Join(values, "B") + "C")
	want := s.Clean(text)
	got := text
	for line := range bytes.Lines(s.Expressions()) {
		line = bytes.TrimRight(line, "\r\n")
		i := bytes.LastIndex(line, []byte("==>"))
		pattern, ok := bytes.CutPrefix(line[:i], []byte("regex:"))
		if !ok {
			t.Fatal("a line is no regular expression")
		}
		got = regexp.MustCompile(string(pattern)).ReplaceAllLiteral(got, line[i+3:])
	}
	if !bytes.Equal(got, want) || strings.Count(string(want), Removed) != len(values) {
		t.Errorf("got %q, want %q", got, want)
	}
	if strings.Contains(string(want), "-longer") {
		t.Error("a text that begins with another one was broken up by it")
	}
	if s.In(want) || !s.In(text) || s.In([]byte("Ab9")) {
		t.Error("In does not say what is there")
	}
	if got := s.Without("refs/heads/fix-"+values[0], "REMOVED"); got != "refs/heads/fix-REMOVED" {
		t.Errorf("the name is %q", got)
	}
	for line := range bytes.Lines(s.Names()) {
		if !bytes.HasSuffix(line, []byte("==>REMOVED\n")) {
			t.Error("a line for names has another replacement")
		}
	}
}

// TestSpellingsAreHidden holds that no way to print them shows a value, and that what is short is not replaced wherever it stands.
func TestSpellingsAreHidden(t *testing.T) {
	value := strings.Repeat("q7Z", 12)
	s := spellings(value, "short", "")
	if s.Len() != 1 {
		t.Errorf("%d spellings", s.Len())
	}
	many := spellings(value, value+"1", value+"2", value+"3", value+"4", value+"5")
	if many.index == nil {
		t.Fatal("many have no index")
	}
	for _, s := range []*Spellings{s, many} {
		for _, out := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q %d %x %+v", s, s, s, s, s, *s, struct{ S Spellings }{*s})} {
			if strings.Contains(out, value) || strings.Contains(out, fmt.Sprintf("%x", value)) {
				t.Error("printing shows a value")
			}
		}
	}
}

// TestManySpellings compares the search for many texts in one pass with the search for one after the other.
func TestManySpellings(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	letters := "ab\n\x00\xffé"
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[random.IntN(len(letters))]
		}
		return string(b)
	}
	hits := 0
	for range 300 {
		values := make([]string, few+1+random.IntN(20))
		for i := range values {
			values[i] = word(shortest + random.IntN(4))
		}
		s := spellings(values...)
		if s.index == nil && s.Len() > few {
			t.Fatal("there is no index")
		}
		data := word(random.IntN(400))
		if random.IntN(2) == 0 {
			data += values[random.IntN(len(values))] + word(random.IntN(20))
		}
		want := slices.ContainsFunc(values, func(v string) bool { return strings.Contains(data, v) })
		if got := s.In([]byte(data)); got != want {
			t.Fatalf("In is %v, want %v: %q in %q", got, want, values, data)
		}
		if cleaned := s.Clean([]byte(data)); s.In(cleaned) != slices.ContainsFunc(values, func(v string) bool { return strings.Contains(string(cleaned), v) }) {
			t.Fatal("In and Clean disagree")
		}
		longest := 0
		for _, v := range values {
			longest = max(longest, len(v))
		}
		if s.Longest() != longest {
			t.Fatalf("Longest is %d, want %d", s.Longest(), longest)
		}
		if want {
			hits++
		}
	}
	if hits < 100 {
		t.Errorf("only %d of the texts had one", hits)
	}
}

// TestPlaces holds that every place is told with its secret, and whether a longer word has it.
func TestPlaces(t *testing.T) {
	short, long := strings.Repeat("ship", 2), strings.Repeat("ship", 2)+"-long"
	s := NewSpellings([]scanner.Finding{{Fingerprint: "a", Secret: scanner.NewSecret(short, 0)}, {Fingerprint: "b", Secret: scanner.NewSecret(long, 0)}})
	var got []string
	s.Places([]byte("x "+short+" "+long+" my"+short+", "+short+"s\u00e9"+short), func(owner string, inWord bool) {
		got = append(got, fmt.Sprint(owner, " ", inWord))
	})
	if want := []string{"b false", "a false", "a true", "a true", "a true"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	s.Places([]byte("nothing"), func(string, bool) { t.Error("a place in nothing") })
}
