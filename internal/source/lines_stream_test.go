package source

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/scanner"
)

// slowAdded says which lines of a text are new, by counting lines of equal text.
func slowAdded(text string, olds []string) []scanner.LineRange {
	lines := splitLines([]byte(text))
	kept := make([]bool, len(lines))
	for _, old := range olds {
		counts := map[string]int{}
		for _, line := range splitLines([]byte(old)) {
			counts[line]++
		}
		for i, line := range lines {
			if counts[line] > 0 {
				counts[line]--
				kept[i] = true
			}
		}
	}
	return rangesOf(len(lines), func(i int) bool { return !kept[i] })
}

func openers(olds []string) []func() (io.ReadCloser, error) {
	var opens []func() (io.ReadCloser, error)
	for _, old := range olds {
		opens = append(opens, func() (io.ReadCloser, error) {
			return io.NopCloser(iotest.OneByteReader(strings.NewReader(old))), nil
		})
	}
	return opens
}

func TestAddedStreamLines(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for name, c := range map[string]struct {
		text string
		olds []string
	}{
		"nothing":              {"", nil},
		"no old version":       {"a\nb\n", nil},
		"one new line":         {"a\nb\nc\n", []string{"a\nc\n"}},
		"moved line":           {"b\na\n", []string{"a\nb\n"}},
		"more of the same":     {"a\na\na\n", []string{"a\n"}},
		"no end of line":       {"a\nb", []string{"a\nb\n"}},
		"CR LF":                {"a\r\nb\r\n\r\n", []string{"a\nb\n"}},
		"CR within a line":     {"a\rb\nc\r\r\n", []string{"ab\nc\r\n"}},
		"lone CR at the end":   {"a\nb\r", []string{"a\nb"}},
		"empty lines":          {"\n\n\n", []string{"\n"}},
		"two old versions":     {"a\nb\nc\nd\n", []string{"a\nb\n", "c\n"}},
		"lines of many blocks": {long + "1\n" + long + "2\r\n" + long, []string{long + "\n" + long + "2\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := addedStreamLines(strings.NewReader(c.text), openers(c.olds))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(slowAdded(c.text, c.olds), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		texts := make([]string, 3)
		for i := range texts {
			for range rnd.IntN(30) {
				texts[i] += []string{"a", "b", "\n", "\r", "\n"}[rnd.IntN(5)]
			}
		}
		got, err := addedStreamLines(strings.NewReader(texts[0]), openers(texts[1:]))
		if diff := cmp.Diff(slowAdded(texts[0], texts[1:]), got); diff != "" || err != nil {
			t.Fatalf("%q: %v (-want +got):\n%s", texts, err, diff)
		}
	}
}

func TestStreamsThatCannotBeCompared(t *testing.T) {
	broken := errors.New("broken")
	utf16 := []byte("\xff\xfe" + strings.Repeat("a\x00", 50))
	for name, r := range map[string]io.Reader{
		"UTF-16":         bytes.NewReader(utf16),
		"read error":     io.MultiReader(strings.NewReader("a\n"), iotest.ErrReader(broken)),
		"too many lines": strings.NewReader(strings.Repeat("\n", maxStreamLines+1)),
	} {
		if got, err := addedStreamLines(r, nil); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, err := addedStreamLines(strings.NewReader("a\n"), []func() (io.ReadCloser, error){
		func() (io.ReadCloser, error) { return nil, broken },
	}); !errors.Is(err, broken) {
		t.Errorf("old version that cannot be opened: %v", err)
	}
	if _, err := addedStreamLines(strings.NewReader("a\n"), openers([]string{string(utf16)})); !errors.Is(err, errNotComparable) {
		t.Errorf("old version in UTF-16: %v", err)
	}
}

func TestStreamBound(t *testing.T) {
	for limit, want := range map[int64]string{0: "", 3: "tex", 4: "text", 5: "text"} {
		s := newStream(strings.NewReader("text"), limit)
		if head := string(s.head()); head != "text" {
			t.Errorf("head is %q", head)
		}
		data, err := io.ReadAll(s)
		if string(data) != want || err != nil || s.over != (limit < 4) || s.size != int64(len(want)) {
			t.Errorf("with a bound of %d: %q, over %v, size %d, %v", limit, data, s.over, s.size, err)
		}
	}
	broken := errors.New("broken")
	s := newStream(io.MultiReader(strings.NewReader("text"), iotest.ErrReader(broken)), 4)
	if data, err := io.ReadAll(s); string(data) != "text" || !errors.Is(err, broken) || s.over {
		t.Errorf("an error behind the bound: %q, over %v, %v", data, s.over, err)
	}
}
