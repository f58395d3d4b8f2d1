package hooks

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/source"
)

var (
	zeros = strings.Repeat("0", 40)
	idA   = strings.Repeat("a", 40)
	idB   = strings.Repeat("b1", 20)
	long  = strings.Repeat("c", 64)
)

func TestReadPrePush(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     string // "NAME OLD NEW" for each update
		line     int    // of the error
	}{
		{"nothing", "", "", 0},
		{"an empty line", "\n", "", 0},
		{"one", "refs/heads/main " + idA + " refs/heads/main " + idB + "\n", "refs/heads/main " + idB + " " + idA, 0},
		{"new", "HEAD " + idA + " refs/heads/x " + zeros + "\n", "refs/heads/x " + zeros + " " + idA, 0},
		{"deleted", "(delete) " + zeros + " refs/heads/x " + idA + "\n", "refs/heads/x " + idA + " " + zeros, 0},
		{"spaces in what the user wrote", "HEAD@{1 day ago} " + idA + " refs/heads/x " + idB + "\n", "refs/heads/x " + idB + " " + idA, 0},
		{"two, no line end", "a " + idA + " refs/heads/a " + idB + "\nb " + idB + " refs/tags/b " + zeros,
			"refs/heads/a " + idB + " " + idA + ";refs/tags/b " + zeros + " " + idB, 0},
		{"lines of Windows", "a " + idA + " refs/heads/a " + idB + "\r\n", "refs/heads/a " + idB + " " + idA, 0},
		{"SHA-256", "a " + long + " refs/heads/a " + long + "\n", "refs/heads/a " + long + " " + long, 0},
		{"a hostile name", "a " + idA + " refs/heads/$(rm${IFS}x);::set-output\x1b[2J " + idB + "\n",
			"refs/heads/$(rm${IFS}x);::set-output\x1b[2J " + idB + " " + idA, 0},
		{"three fields", "a " + idA + " refs/heads/a\n", "", 1},
		{"no local side", " " + idA + " refs/heads/a " + idB + "\n", "", 1},
		{"a short id", "a " + idA[:39] + " refs/heads/a " + idB + "\n", "", 1},
		{"two kinds of ids", "a " + long + " refs/heads/a " + idB + "\n", "", 1},
		{"cut in the second line", "a " + idA + " refs/heads/a " + idB + "\nb " + idA, "", 2},
		{"no name", "a " + idA + "  " + idB + "\n", "", 1},
		{"a name with a tab", "a " + idA + " refs/heads/a\tb " + idB + "\n", "", 1},
		{"something else", "PRIVATE words\n", "", 1},
		{"a line without an end", strings.Repeat("x", maxUpdateLine+1), "", 1},
	} {
		got, err := ReadPrePush(strings.NewReader(c.in))
		checkUpdates(t, c.name, got, err, c.want, c.line)
	}
}

func TestReadPreReceive(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		line           int
	}{
		{"nothing", "", "", 0},
		{"new and deleted", zeros + " " + idA + " refs/heads/a\n" + idA + " " + zeros + " refs/heads/b\n",
			"refs/heads/a " + zeros + " " + idA + ";refs/heads/b " + idA + " " + zeros, 0},
		{"two fields", idA + " refs/heads/a\n", "", 1},
		{"the other order", "refs/heads/a " + idA + " " + idB + "\n", "", 1},
		{"a space in the name", zeros + " " + idA + " refs/heads/a b\n", "", 1},
	} {
		got, err := ReadPreReceive(strings.NewReader(c.in))
		checkUpdates(t, c.name, got, err, c.want, c.line)
	}
}

func checkUpdates(t *testing.T, name string, got []source.RefUpdate, err error, want string, line int) {
	t.Helper()
	var list []string
	for _, u := range got {
		list = append(list, u.Name+" "+written(u.Old, u.New)+" "+written(u.New, u.Old))
	}
	var bad *StdinError
	if line > 0 {
		if !errors.As(err, &bad) || bad.Line != line || got != nil || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: %v, error %v", name, list, err)
		}
		return
	}
	if err != nil || strings.Join(list, ";") != want {
		t.Errorf("%s: %v, error %v", name, list, err)
	}
}

func TestReadUpdatesStops(t *testing.T) {
	broken := iotest.ErrReader(io.ErrClosedPipe)
	if _, err := ReadPrePush(broken); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
	line := zeros + " " + idA + " r\n"
	var many strings.Reader
	many.Reset(strings.Repeat(line, maxUpdates+1))
	var bad *StdinError
	if _, err := ReadPreReceive(&many); !errors.As(err, &bad) || bad.Line != maxUpdates+1 {
		t.Errorf("error %v", err)
	}
}

// FuzzReadUpdates holds that what is taken can be written again in git's way and is then read as the same.
func FuzzReadUpdates(f *testing.F) {
	f.Add("refs/heads/main " + idA + " refs/heads/main " + idB + "\n")
	f.Add("(delete) " + zeros + " refs/heads/x " + idA + "\r\n\n")
	f.Add(zeros + " " + long + " refs/x\n")
	f.Add("a b c d")
	f.Fuzz(func(t *testing.T, in string) {
		if got, err := ReadPrePush(strings.NewReader(in)); err == nil {
			var again strings.Builder
			for _, u := range got {
				again.WriteString("x " + written(u.New, u.Old) + " " + u.Name + " " + written(u.Old, u.New) + "\n")
			}
			same(t, got, ReadPrePush, again.String())
			if lines := strings.Count(in, "\n") + 1; len(got) > lines {
				t.Errorf("%d updates of %d lines", len(got), lines)
			}
		}
		if got, err := ReadPreReceive(strings.NewReader(in)); err == nil {
			var again strings.Builder
			for _, u := range got {
				again.WriteString(written(u.Old, u.New) + " " + written(u.New, u.Old) + " " + u.Name + "\n")
			}
			same(t, got, ReadPreReceive, again.String())
		}
	})
}

// written is an id as git writes it beside another one.
func written(id, other pack.ID) string {
	if id.IsZero() {
		return strings.Repeat("0", max(len(zeros), len(other.String())))
	}
	return id.String()
}

func same(t *testing.T, want []source.RefUpdate, read func(io.Reader) ([]source.RefUpdate, error), text string) {
	t.Helper()
	got, err := read(strings.NewReader(text))
	if err != nil || len(got) != len(want) {
		t.Fatalf("%q: %v, error %v", text, got, err)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%q: update %d is %v, not %v", text, i, got[i], want[i])
		}
	}
}
