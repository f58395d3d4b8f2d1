package repo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

func TestParseCommit(t *testing.T) {
	const id = "0123456789012345678901234567890123456789"
	tree := "tree " + id + "\n"
	people := "author A <a@x> 1700000000 +0100\ncommitter C <c@x> 1700000001 -0230\n"
	tests := []struct {
		name, data       string
		parents          int
		message, summary string
		bad              bool
	}{
		{"root", tree + people + "\nhello\n\nbody\n", 0, "hello\n\nbody\n", "hello", false},
		{"two parents", tree + "parent " + id + "\nparent " + id + "\n" + people + "\nm", 2, "m", "m", false},
		{"no message", tree + people, 0, "", "", false},
		{"empty message", tree + people + "\n", 0, "", "", false},
		{"no people", tree + "\nm\n", 0, "m\n", "m", false},
		{"signature", tree + people + "gpgsig -----BEGIN\n line\n \n end\nencoding latin1\n\nm\n", 0, "m\n", "m", false},
		{"sha256", "tree " + id + strings.Repeat("a", 24) + "\n" + people + "\nm", 0, "m", "m", false},
		{"blank lines first", tree + people + "\n\n \nm\nn", 0, "\n \nm\nn", "m", false},
		{"nothing", "", 0, "", "", true},
		{"no tree", people, 0, "", "", true},
		{"short tree", "tree 0123\n" + people, 0, "", "", true},
		{"tree without end", "tree " + id, 0, "", "", true},
		{"parent of nonsense", tree + "parent xyz\n" + people, 0, "", "", true},
		{"too many parents", tree + strings.Repeat("parent "+id+"\n", maxParents+1), 0, "", "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := ParseCommit([]byte(test.data))
			if test.bad {
				if !errors.Is(err, ErrMalformed) {
					t.Fatalf("error %v, want ErrMalformed", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Parents) != test.parents || string(c.Message) != test.message || c.Summary() != test.summary {
				t.Errorf("parents %d, message %q, summary %q", len(c.Parents), c.Message, c.Summary())
			}
			if test.data[c.MessageOffset:] != test.message {
				t.Errorf("message offset %d", c.MessageOffset)
			}
		})
	}
}

func TestParsePerson(t *testing.T) {
	at := func(seconds int64, zone int) time.Time { return time.Unix(seconds, 0).In(time.FixedZone("", zone)) }
	tests := []struct {
		line string
		want Person
	}{
		{"A B <a@x> 1700000000 +0130", Person{"A B", "a@x", at(1700000000, 5400)}},
		{"A <a@x> 1700000000 -0800", Person{"A", "a@x", at(1700000000, -28800)}},
		{"<a@x> 0 +0000", Person{"", "a@x", at(0, 0)}},
		{"A <> 12", Person{"A", "", at(12, 0)}},
		{"A > B <a@x> 12 +0000", Person{"A > B", "a@x", at(12, 0)}},
		{"A <a@x>y> 12 +0000", Person{"A", "a@x", at(12, 0)}},
		{"A <a@x> 99999999999999999999 +0000", Person{"A", "a@x", time.Time{}}},
		{"A <a@x> 999999999999999 +0000", Person{"A", "a@x", time.Time{}}},
		{"A <a@x> -5 +0000", Person{"A", "a@x", time.Time{}}},
		{"A <a@x> 12 +9999", Person{"A", "a@x", at(12, 0)}},
		{"A <a@x> 12 nonsense", Person{"A", "a@x", at(12, 0)}},
		{"A <a@x>", Person{"A", "a@x", time.Time{}}},
		{"A", Person{"A", "", time.Time{}}},
		{"", Person{}},
	}
	for _, test := range tests {
		got := ParsePerson([]byte(test.line))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q: %s", test.line, diff)
		}
	}
}

func TestParseTag(t *testing.T) {
	s := newSandbox(t)
	head := s.commit("one")
	s.git("tag", "-a", "v1", "-m", "first\n\nsecond")
	data, err := s.open().object(mustID(t, s.git("rev-parse", "v1")), pack.Tag)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := ParseTag(data)
	if err != nil {
		t.Fatal(err)
	}
	if tag.Object.String() != head || tag.Type != "commit" || tag.Name != "v1" || string(tag.Message) != "first\n\nsecond\n" ||
		tag.Tagger().Email != "carl@example.com" || !bytes.Equal(data[tag.MessageOffset:], tag.Message) {
		t.Errorf("tag %+v", tag)
	}
	if _, err := ParseTag([]byte("type commit\n\nm")); !errors.Is(err, ErrMalformed) {
		t.Errorf("error %v, want ErrMalformed", err)
	}
}

func TestParseTreeAgreesWithGit(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		s := newSandbox(t, "--object-format="+format)
		for _, name := range []string{"a", "b/c", "b.x", "\xff", "new\nline", "ä"} {
			s.write(name, name)
		}
		s.commit("one")
		r := s.open()
		data, err := r.Tree(mustID(t, s.git("rev-parse", "HEAD^{tree}")))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for e, err := range ParseTree(data, r.Format().Size()) {
			if err != nil {
				t.Fatal(err)
			}
			kind := "blob"
			if IsTree(e.Mode) {
				kind = "tree"
			}
			got = append(got, fmt.Sprintf("%06o %s %s\t%s", e.Mode, kind, e.ID, e.Name))
		}
		want := strings.Split(strings.TrimSuffix(s.git("ls-tree", "-z", "HEAD"), "\x00"), "\x00")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("tree differs from git's (-git +ours):\n%s", diff)
		}
	}
}

func TestParseTreeHostile(t *testing.T) {
	id := strings.Repeat("i", 20)
	good := "100644 good\x00" + id
	tests := []struct {
		name, data  string
		names, errs int
	}{
		{"empty", "", 0, 0},
		{"dots and slashes", "40000 ..\x00" + id + "100644 a/b\x00" + id + "100644 .git\x00" + id, 3, 0},
		{"twice", good + good, 2, 0},
		{"no name", "100644 \x00" + id + good, 1, 1},
		{"no mode", " x\x00" + id + good, 1, 1},
		{"no space", "100644\x00" + id + good, 1, 1},
		{"long mode", "10064400 x\x00" + id + good, 1, 1},
		{"mode of letters", "xyz x\x00" + id + good, 1, 1},
		{"cut in id", good + "100644 x\x00" + id[:19], 1, 1},
		{"cut in name", good + "100644 x", 1, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			names, errs := 0, 0
			for _, err := range ParseTree([]byte(test.data), 20) {
				switch {
				case err == nil:
					names++
				case errors.Is(err, ErrMalformed):
					errs++
				default:
					t.Errorf("error %v", err)
				}
			}
			if names != test.names || errs != test.errs {
				t.Errorf("%d names and %d errors, want %d and %d", names, errs, test.names, test.errs)
			}
		})
	}
}

func FuzzParseCommit(f *testing.F) {
	f.Add([]byte("tree 0123456789012345678901234567890123456789\nauthor A <a@x> 1700000000 +0100\n\nhello\n"))
	f.Add([]byte("tree 0123456789012345678901234567890123456789\nparent 0123456789012345678901234567890123456789\nencoding x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCommit(data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if !bytes.Equal(data[c.MessageOffset:], c.Message) {
			t.Fatal("the message does not stand at its offset")
		}
		for _, p := range []Person{c.Author(), c.Committer()} {
			if _, err := json.Marshal(p.When); err != nil {
				t.Fatalf("date that JSON refuses: %v", err)
			}
		}
	})
}

func FuzzParseTree(f *testing.F) {
	f.Add([]byte("100644 a\x00aaaaaaaaaaaaaaaaaaaa40000 b\x00bbbbbbbbbbbbbbbbbbbb"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var back []byte
		clean := true
		for e, err := range ParseTree(data, 20) {
			if err != nil {
				clean = false
				continue
			}
			back = fmt.Appendf(back, "%o %s\x00%s", e.Mode, e.Name, e.ID.Bytes())
		}
		// Writing what was read gives the same bytes, but for zeros in front of a mode.
		if clean && len(back) > len(data) {
			t.Fatalf("read %q as %q", data, back)
		}
		if clean && !bytes.Contains(data, []byte("0")) && !bytes.Equal(data, back) {
			t.Fatalf("read %q as %q", data, back)
		}
	})
}
