package source

import (
	"bytes"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/scanner"
)

// show writes ranges as "1 3-5".
func show(ranges []scanner.LineRange) string {
	var out []string
	for _, r := range ranges {
		if r.First == r.Last {
			out = append(out, fmt.Sprint(r.First))
		} else {
			out = append(out, fmt.Sprintf("%d-%d", r.First, r.Last))
		}
	}
	return strings.Join(out, " ")
}

func TestAddedLines(t *testing.T) {
	long := func(prefix string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%s%d\n", prefix, i)
		}
		return b.String()
	}
	utf16 := func(text string) string { return string(utf16Bytes("\uFEFF"+text, false)) }
	tests := []struct {
		name, text string
		olds       []string
		want       string
	}{
		{"new file", "a\nb\nc", nil, "1-3"},
		{"empty file", "", nil, ""},
		{"empty before", "a\nb\n", []string{""}, "1-2"},
		{"same", "a\nb\n", []string{"a\nb\n"}, ""},
		{"first", "x\na\nb\n", []string{"a\nb\n"}, "1"},
		{"last", "a\nb\nx\n", []string{"a\nb\n"}, "3"},
		{"middle", "a\nx\ny\nb\nz\n", []string{"a\nb\n"}, "2-3 5"},
		{"changed", "a\nX\nc\n", []string{"a\nb\nc\n"}, "2"},
		{"deleted", "a\nc\n", []string{"a\nb\nc\n"}, ""},
		{"moved", "b\nc\nd\na\n", []string{"a\nb\nc\nd\n"}, "4"},
		{"again", "a\na\n", []string{"a\n"}, "2"},
		{"newline at the end lost", "a\nb", []string{"a\nb\n"}, ""},
		{"newline at the end won", "a\nb\n", []string{"a\nb"}, ""},
		{"now CRLF", "a\r\nb\r\nx\r\n", []string{"a\nb\n"}, "3"},
		{"now LF", "a\nb\nx\n", []string{"a\r\nb\r\n"}, "3"},
		{"blank line", "a\n\nb\n", []string{"a\nb\n"}, "2"},
		{"merge of two", "a\nb\nc\n", []string{"a\nb\n", "b\nc\n"}, ""},
		{"merge and more", "a\nb\nx\nc\n", []string{"a\nb\n", "b\nc\n"}, "3"},
		{"one line of many bytes", strings.Repeat("x", 1<<16), []string{"y"}, "1"},
		{"many small changes", long("a", 300) + "new\n" + long("b", 300), []string{strings.ReplaceAll(long("a", 300)+long("b", 300), "7\n", "7 \n")}, ""},
		{"UTF-16", utf16("a\nx\nb\n"), []string{utf16("a\nb\n")}, "2"},
		{"from UTF-16 to UTF-8", "a\nx\nb\n", []string{utf16("a\nb\n")}, "2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "many small changes" {
				test.want = "" // worked out below: each line that ends in 7, and the new one
				var want []string
				for i, line := range strings.Split(strings.TrimSuffix(test.text, "\n"), "\n") {
					if strings.HasSuffix(line, "7") || line == "new" {
						want = append(want, fmt.Sprint(i+1))
					}
				}
				test.want = strings.Join(want, " ")
			}
			var olds [][]byte
			for _, old := range test.olds {
				olds = append(olds, []byte(old))
			}
			if got := show(addedLines([]byte(test.text), olds)); got != test.want {
				t.Errorf("added %q, want %q", got, test.want)
			}
		})
	}
}

// TestAddedLinesAtRandom checks what must hold whatever the differ does: without the added lines, the new text is what
// was left of the old one, in order.
func TestAddedLinesAtRandom(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for round := range 300 {
		alphabet := 2 + random.Intn(60)
		draw := func() (lines []string) {
			for range random.Intn(60) {
				lines = append(lines, fmt.Sprint(random.Intn(alphabet)))
			}
			return lines
		}
		old, text := draw(), draw()
		if round%2 == 0 {
			text = append(append(append([]string{}, old[:len(old)/3]...), text...), old[len(old)/2:]...)
		}
		kept := keptLines(old, text)
		next := 0
		for i, line := range text {
			if !kept[i] {
				continue
			}
			for next < len(old) && old[next] != line {
				next++
			}
			if next == len(old) {
				t.Fatalf("round %d: line %d of %v is not left of %v: %v", round, i, text, old, kept)
			}
			next++
		}
	}
}

// TestAddedLinesAgreeWithGit edits texts without repeated lines, for which there is only one shortest answer.
func TestAddedLinesAgreeWithGit(t *testing.T) {
	random := rand.New(rand.NewSource(2))
	s := newGitbox(t)
	for round := range 25 {
		var old, text []string
		for i := range 20 + random.Intn(600) {
			line := fmt.Sprintf("line %d", i)
			switch random.Intn(10) {
			case 0:
				old = append(old, line)
			case 1:
				text = append(text, line+" new")
			default:
				old, text = append(old, line), append(text, line)
			}
		}
		before, after := strings.Join(old, "\n")+"\n", strings.Join(text, "\n")+"\n"
		s.write("old", before)
		s.write("new", after)
		out, _ := s.try("diff", "--no-index", "-U0", "--minimal", "old", "new")
		var want []scanner.LineRange
		for line := range strings.Lines(out) {
			var first, n int
			if _, plus, ok := strings.Cut(line, " +"); ok && strings.HasPrefix(line, "@@") {
				if k, _ := fmt.Sscanf(plus, "%d,%d", &first, &n); k == 1 {
					n = 1
				}
				if n > 0 {
					want = append(want, scanner.LineRange{First: first, Last: first + n - 1})
				}
			}
		}
		if diff := cmp.Diff(show(want), show(addedLines([]byte(after), [][]byte{[]byte(before)}))); diff != "" {
			t.Fatalf("round %d (-git +ours):\n%s", round, diff)
		}
	}
}

func TestAddedLinesOfHugeFiles(t *testing.T) {
	old := bytes.Repeat([]byte("x\n"), maxDiffLines+10)
	text := append(append([]byte("first\n"), old...), "last\n"...)
	text[10] = 'y'
	if got := show(addedLines(text, [][]byte{old})); got != fmt.Sprintf("1 4 %d", maxDiffLines+12) {
		t.Errorf("added %q", got)
	}
}

func FuzzAddedLines(f *testing.F) {
	f.Add([]byte("a\nb\n"), []byte("b\r\nc"))
	f.Fuzz(func(t *testing.T, text, old []byte) {
		lines := splitLines(text)
		last := 0
		for _, r := range addedLines(text, [][]byte{old}) {
			if r.First <= last || r.Last < r.First || r.Last > len(lines) {
				t.Fatalf("range %v after line %d of %d", r, last, len(lines))
			}
			last = r.Last
		}
		for _, r := range addedLines(text, [][]byte{text}) {
			t.Fatalf("line %v is new against itself", r)
		}
	})
}
