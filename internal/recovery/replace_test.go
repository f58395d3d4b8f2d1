package recovery

import (
	"bytes"
	"fmt"
	"regexp"
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
	for _, out := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q %d %x", s, s, s, s, s, *s)} {
		if strings.Contains(out, value) || strings.Contains(out, fmt.Sprintf("%x", value)) {
			t.Error("printing shows a value")
		}
	}
}
