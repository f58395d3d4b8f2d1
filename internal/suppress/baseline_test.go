package suppress

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	head     = "# skant baseline 1 key=0011:2233:4455:6677:8899:aabb:ccdd:eeff\n"
	hashText = "0123456789abcdef0123456789abcdef"
)

func TestParseBaseline(t *testing.T) {
	entry := grouped(hashText) + " acme-token - ann 2027-01-31 public test key\n"
	want := Entry{Hash: hashText, Rule: "acme-token", Owner: "ann", Expires: "2027-01-31", Reason: "public test key"}
	with := func(change func(e *Entry)) Entry {
		e := want
		change(&e)
		return e
	}
	for _, c := range []struct {
		name, text string
		want       []Entry
	}{
		{"empty", "", nil},
		{"only a head", head, nil},
		{"one entry", head + entry, []Entry{want}},
		{"no line end", head + strings.TrimSpace(entry), []Entry{want}},
		{"CR LF and a mark", "\xef\xbb\xbf" + strings.ReplaceAll(head+entry, "\n", "\r\n"), []Entry{want}},
		{"tabs", head + strings.Join([]string{grouped(hashText), "acme-token", "-", "ann", "2027-01-31", "public test key\n"}, "\t"), []Entry{want}},
		{"head at the end", entry + head, []Entry{want}},
		{"twice", head + head + entry + "\n\n#7\n# a comment\n" + entry, []Entry{want}},
		{"never", head + strings.Replace(entry, "2027-01-31", "never", 1), []Entry{with(func(e *Entry) { e.Expires = Never })}},
		{"path", head + strings.Replace(entry, " - ", " a/b.py ", 1), []Entry{with(func(e *Entry) { e.Path = "a/b.py" })}},
		{"path in quotes", head + strings.Replace(entry, " - ", ` "a b\n\xff\u202e" `, 1), []Entry{with(func(e *Entry) { e.Path = "a b\n\xff\u202e" })}},
		{"a path that is a dash", head + strings.Replace(entry, " - ", ` "-" `, 1), []Entry{with(func(e *Entry) { e.Path = "-" })}},
		{"owner in quotes", head + strings.Replace(entry, " ann ", ` "team one" `, 1), []Entry{with(func(e *Entry) { e.Owner = "team one" })}},
		{"reason in quotes", head + strings.Replace(entry, "public test key", `"public\tkey"`, 1), []Entry{with(func(e *Entry) { e.Reason = "public\tkey" })}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := ParseBaseline([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Entries {
				if b.Entries[i].Line == 0 {
					t.Error("an entry has no line")
				}
				b.Entries[i].Line = 0
			}
			if diff := cmp.Diff(c.want, b.Entries); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseBaselineRefuses(t *testing.T) {
	entry := grouped(hashText) + " acme-token - ann 2027-01-31 public test key\n"
	for _, c := range []struct{ name, text, want string }{
		{"no head", entry, ":1: the head is missing"},
		{"newer", strings.Replace(head, "baseline 1", "baseline 2", 1) + entry, ":1: the version of the file is not known"},
		{"short key", "# skant baseline 1 key=00\n", ":1: the key is not right"},
		{"no key", "# skant baseline 1\n", ":1: the head is not right"},
		{"conflict", head + "<<<<<<< HEAD\n" + entry, ":2: a conflict of a merge"},
		{"conflict, middle", head + "=======\n", ":2: a conflict of a merge"},
		{"conflict, base", head + "||||||| 1234567\n", ":2: a conflict of a merge"},
		{"conflict, end", head + ">>>>>>> topic\n", ":2: a conflict of a merge"},
		{"short hash", head + entry[1:], ":2: the hash is not right"},
		{"in one piece", head + strings.ReplaceAll(entry, ":", ""), ":2: the hash is not right"},
		{"capitals", head + strings.ToUpper(entry), ":2: the hash is not right"},
		{"one word", head + "\n\nnonsense\n", ":4: the rule is not right: it is missing"},
		{"rule", head + strings.Replace(entry, "acme-token", "Acme!", 1), ":2: the rule is not right"},
		{"no owner", head + strings.Replace(entry, " ann ", ` "" `, 1), ":2: the owner is empty"},
		{"no date", head + strings.Replace(entry, "2027-01-31", "soon", 1), ":2: the date is not right"},
		{"no such day", head + strings.Replace(entry, "2027-01-31", "2027-02-31", 1), ":2: the date is not right"},
		{"no reason", head + strings.Replace(entry, "public test key", "", 1), ":2: the reason is missing"},
		{"no word", head + strings.Replace(entry, "public test key", "ok 12345", 1), ":2: the reason is missing"},
		{"open quotes", head + strings.Replace(entry, " - ", ` "a b `, 1), ":2: the path is not right: its quotes do not close"},
		{"after the quotes", head + strings.Replace(entry, " - ", ` "a"b `, 1), ":2: the path is not right: something follows its quotes"},
		{"after the reason", head + strings.Replace(entry, "public test key", `"public key" x`, 1), ":2: something follows the reason"},
		{"invisible path", head + strings.Replace(entry, " - ", " a\u202eb ", 1), ":2: the path is not right: it has characters"},
		{"invisible reason", head + strings.Replace(entry, "test", "te\u202est", 1), ":2: the reason has characters"},
		{"long line", head + strings.Repeat("x", maxLine+1), ":2: the line is longer"},
		{"large", strings.Repeat("#\n", maxBaseline/2+1), ": it is larger than 4 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := ParseBaseline([]byte(c.text))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if b != nil {
				t.Error("a part of the file is returned")
			}
		})
	}
}

// randomEntry makes entries with everything in them that hurts.
func randomEntry(rnd *rand.Rand) Entry {
	hostile := func() string {
		alphabet := []rune("ab/-#\"\\ \t\n\r\x00<>=|é\u202e\u2028😀\ufeff")
		out := make([]rune, 1+rnd.IntN(12))
		for i := range out {
			out[i] = alphabet[rnd.IntN(len(alphabet))]
		}
		return string(out) + []string{"", "\xff"}[rnd.IntN(2)]
	}
	e := Entry{Hash: fmt.Sprintf("%016x%016x", rnd.Uint64(), rnd.Uint64()), Rule: "rule-" + fmt.Sprint(rnd.IntN(9)), Owner: "ann", Expires: Never, Reason: "known since May"}
	if rnd.IntN(2) == 0 {
		e.Path = hostile()
	}
	if rnd.IntN(2) == 0 {
		e.Owner = hostile()
	}
	if rnd.IntN(2) == 0 {
		e.Reason = hostile() + "why" + hostile()
	}
	if rnd.IntN(2) == 0 {
		e.Expires = fmt.Sprintf("20%02d-0%d-1%d", rnd.IntN(100), 1+rnd.IntN(9), rnd.IntN(9))
	}
	return e
}

// TestBaselineRoundTrip: what is written is read back, whatever paths and reasons are, and written again the same. The order
// of the lines and lines that occur twice make no difference.
func TestBaselineRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		b := &Baseline{Keys: [][]byte{bytes.Repeat([]byte{byte(rnd.IntN(256))}, keySize)}, Notes: []string{"# a comment"}}
		for range rnd.IntN(20) {
			b.Entries = append(b.Entries, randomEntry(rnd))
		}
		text := b.Format()
		read, err := ParseBaseline(text)
		if err != nil {
			t.Fatalf("%v\n%q", err, text)
		}
		if again := read.Format(); !bytes.Equal(text, again) {
			t.Fatalf("written again:\n%q\nbefore:\n%q", again, text)
		}
		want := map[Entry]bool{}
		for _, e := range b.Entries {
			want[e] = true
		}
		for _, e := range read.Entries {
			e.Line = 0
			if !want[e] {
				t.Fatalf("read %+v, which was not written", e)
			}
			delete(want, e)
		}
		if len(want) > 0 {
			t.Fatalf("not read back: %+v", want)
		}
		lines := strings.SplitAfter(string(text), "\n")
		mixed := append(slices.Clone(lines), lines...)
		rnd.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		union, err := ParseBaseline([]byte(strings.Join(mixed, "")))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(union.Format(), text) {
			t.Fatalf("shuffled and doubled:\n%s\nbefore:\n%s", union.Format(), text)
		}
	}
}

// FuzzBaseline holds that what is accepted is written and read back the same, and that an error says where.
func FuzzBaseline(f *testing.F) {
	f.Add([]byte(head + grouped(hashText) + " acme-token - ann 2027-01-31 public test key\n"))
	f.Add([]byte(head + grouped(hashText) + " acme-token \"a b\\n\" \"team one\" never \"wh\\ty not\"\r\n#0\n# x"))
	f.Add([]byte("<<<<<<< x\n" + head + "=======\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBaseline(data)
		if err != nil {
			if b != nil || !strings.HasPrefix(err.Error(), ":") {
				t.Fatalf("%v, %v", b, err)
			}
			return
		}
		text := b.Format()
		again, err := ParseBaseline(text)
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%q", err, text)
		}
		if !bytes.Equal(again.Format(), text) {
			t.Fatalf("%q\n%q", again.Format(), text)
		}
		for _, e := range b.Entries {
			if e.check() != nil {
				t.Fatalf("%+v is accepted", e)
			}
		}
	})
}

func TestParseExpiry(t *testing.T) {
	for text, want := range map[string]string{
		"90d": "2027-02-18", "2w": "2026-12-04", "1y": "2027-11-20", "2026-11-20": "2026-11-20", "2031-01-01": "2031-01-01", "never": "never",
		"2026-11-19": "", "": "", "d": "", "0d": "", "-1d": "", "1.5d": "", "90": "", "90m": "", "99999999d": "", "11y": "", "2027-02-31": "", "Never": "",
	} {
		got, err := ParseExpiry(text, now())
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
}
