package scanner

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/chains"
	"github.com/skant-dev/skant/rules"
)

// echo is an Allow that answers with everything that it was asked, so that a test sees every byte of it.
func echo(line, above []byte, ruleID string) *Suppression {
	return &Suppression{By: ByInline, Reason: fmt.Sprintf("%q %q %s", line, above, ruleID)}
}

// okay is an Allow that obeys "ok" in a line, and refuses "no".
func okay(line, above []byte, _ string) *Suppression {
	text := append(bytes.Clone(line), above...)
	switch {
	case bytes.Contains(text, []byte("#ok")):
		return &Suppression{By: ByInline, Reason: string(text)}
	case bytes.Contains(text, []byte("#no")):
		return &Suppression{By: ByInline, Refused: "it says no"}
	default:
		return nil
	}
}

func TestAllowText(t *testing.T) {
	key, other := token(1), token(2)
	far := strings.Repeat("x", allowReach)
	for _, c := range []struct{ name, text, want string }{
		{"one line", "a = " + key + " # c\n", `"a = \x00 # c" "" acme-token`},
		{"between lines", "# above\na = " + key + " # c\n# below\n", `"a = \x00 # c" "" acme-token`},
		{"other secrets are not shown", "a " + other + " " + key + " b\n", `"a \x00 \x00 b" "" acme-token`},
		{"far away on its line", "#ok " + far + " " + key + " " + far + "#ok\n", `"` + strings.Repeat("x", allowReach-1) + ` \x00 ` + strings.Repeat("x", allowReach-1) + `" "" acme-token`},
		{"CR LF", "#a\r\na = " + key + "\r\n", `"a = \x00\r" "" acme-token`},
		{"UTF-16", string(toUTF16("a = "+key+" # ünï\n", false, true)), `"a = \x00 # ünï" "" acme-token`},
		{"several lines", "x BEGIN ACME\n" + strings.Repeat("some words ", 300) + "\nEND ACME y\n", `"x \x00 y" "" acme-block`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := testScanner(t, Options{Allow: echo})
			_, fs := scanText(t, s, c.text)
			if len(fs) == 0 {
				t.Fatal("nothing is found")
			}
			for _, f := range fs {
				if f.Suppressed == nil || f.Suppressed.Reason != c.want {
					t.Errorf("%s: asked with %+v, want %s", f.RuleID, f.Suppressed, c.want)
				}
			}
		})
	}
}

// TestAllowed has comments in all places, and asks where they count.
func TestAllowed(t *testing.T) {
	key := token(1)
	far := strings.Repeat("x", allowReach+1)
	for _, c := range []struct{ name, text, want string }{
		{"beside", "a\n" + key + " #ok\n", "file:2"},
		{"before", "#ok " + key, "file:1"},
		{"above", "#ok\n" + key, "file:1"},
		{"two above", "#ok\n\n" + key, ""},
		{"below", key + "\n#ok\n", ""},
		{"too far before", "#ok " + far + " " + key, ""},
		{"too far behind", key + " " + far + "#ok", ""},
		{"above a long line, near its beginning", "#ok\n" + key + " " + far, "file:1"},
		{"above a long line, far into it", "#ok\n" + far + " " + key, ""},
		{"a long line above", "#ok" + far + "\n" + key, ""},
		{"refused", key + " #no", "refused at file:1"},
		{"refused beside, obeyed above", "#ok\n" + key + " #no", "file:1"},
		{"refused above", "#no\n" + key, "refused at file:1"},
		{"binary", "\x00\x01\n" + key + " #ok\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := testScanner(t, Options{Allow: okay})
			got := []string{}
			res, err := s.Scan(t.Context(), &wholeSource{data: []byte(c.text)}, nil)
			if err != nil || len(res.Findings) != 1 {
				t.Fatalf("%v, %v", res, err)
			}
			f := res.Findings[0]
			if f.Suppressed != nil {
				got = append(got, f.Suppressed.Where)
			}
			if f.Refused != nil {
				got = append(got, "refused at "+f.Refused.Where)
				if !strings.Contains(strings.Join(f.Reasons, "\n"), "it says no") {
					t.Errorf("no reason says so: %q", f.Reasons)
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestAllowKinds: only text that is reviewed line by line can allow anything.
func TestAllowKinds(t *testing.T) {
	s := testScanner(t, Options{Allow: okay})
	data := []byte(token(1) + " #ok\n")
	for kind, want := range map[Kind]bool{
		KindFile: true, KindStdin: true, KindStaged: true, KindCommitContent: true, KindCommitMessage: false, KindAuthor: false,
		KindTagMessage: false, KindNote: false, KindRefName: false, KindGitConfig: false, KindReflog: false, KindFileName: false, KindHook: false,
	} {
		for _, member := range []string{"", "a.txt"} {
			res, err := s.Scan(t.Context(), oneChunk{Data: data, Location: Location{Kind: kind, Path: "p", Member: member}}, nil)
			if err != nil || len(res.Findings) != 1 {
				t.Fatalf("%v, %v", res, err)
			}
			if got := res.Findings[0].Suppressed != nil; got != (want && member == "") {
				t.Errorf("%s %s: allowed is %v", kind, member, got)
			}
		}
	}
}

type oneChunk Chunk

func (c oneChunk) Walk(_ context.Context, _ *Recorder, visit func(*Chunk) error) error {
	chunk := Chunk(c)
	return visit(&chunk)
}

// TestAllowMasked: what a comment says is shown like everything else that comes from a repository.
func TestAllowMasked(t *testing.T) {
	s := testScanner(t, Options{Allow: func(line, _ []byte, _ string) *Suppression {
		return &Suppression{By: ByInline, Reason: "see " + token(2)}
	}})
	_, fs := scanText(t, s, token(1)+"\n"+token(2))
	for _, f := range fs {
		if f.Suppressed == nil || strings.Contains(f.Suppressed.Reason, token(2)[10:22]) {
			t.Errorf("%+v", f.Suppressed)
		}
	}
}

// TestAllowInStreams holds what is asked in windows against what is asked of the whole.
func TestAllowInStreams(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 5))
	var b strings.Builder
	for n := range uint64(150) {
		b.WriteString(strings.Repeat("filler é ", rnd.IntN(400)) + strings.Repeat("\n", rnd.IntN(3)))
		if rnd.IntN(2) == 0 {
			b.WriteString("# above " + strings.Repeat("y", rnd.IntN(1200)) + "\n")
		}
		fmt.Fprintf(&b, "%s key=%s %s", strings.Repeat("z", rnd.IntN(1300)), token(n), strings.Repeat("w", rnd.IntN(1300)))
	}
	text := b.String()
	for name, data := range map[string][]byte{
		"plain": []byte(text), "CR LF": []byte(strings.ReplaceAll(text, "\n", "\r\n")), "UTF-16": toUTF16(text, true, true),
	} {
		s := testScanner(t, Options{MinConfidence: rules.LowConfidence, ShowSecrets: true, Allow: echo})
		s.step = 1 << 15
		if n := sameStream(t, s, name, data, nil); n < 100 {
			t.Errorf("%s: only %d findings", name, n)
		}
	}
}

// TestAllowInChanges holds what is asked where only changes are searched against what is asked of the whole: a comment that
// comes, goes or moves while the line of the secret is copied from the base.
func TestAllowInChanges(t *testing.T) {
	s := testScanner(t, Options{MinConfidence: rules.LowConfidence, ShowSecrets: true, Allow: echo})
	rnd := rand.New(rand.NewPCG(3, 6))
	for n := range uint64(60) {
		before, line := code(int(rnd.IntN(3000)), "before"), "key = "+token(n)+" # c\n"
		h := newHistory(before + line + code(3000, "after"))
		at := len(before)
		h.edit(func(d *chains.Draft) { d.Insert(at, []byte("# ok above\n")) })
		h.edit(func(d *chains.Draft) { d.Delete(at, at+2) })
		h.edit(func(d *chains.Draft) { d.Delete(at, at+len(" ok above\n")-1) })
		h.edit(func(d *chains.Draft) { d.Insert(at+len(line)-1, []byte(" ok")) })
		h.edit(func(d *chains.Draft) { d.Insert(0, []byte("x\n")) })
		h.edit(func(d *chains.Draft) { d.Duplicate(at, at+len(line), d.Len()) })
		same(t, s, h.list, "a.go", "a comment that changes")
		h.edit(func(d *chains.Draft) { d.Delete(0, at) })
		same(t, s, h.list, "a.go", "a comment that changes")
	}
	m := material(t, s.set, true)
	for seed := range uint64(40) {
		list := chains.Make(m, rand.New(rand.NewPCG(seed, 9)), chains.Limits{Versions: 8})
		same(t, s, list, "a.go", fmt.Sprintf("seed %d", seed))
	}
}

// rewritten is a source of versions of one file, which knows what has become of it. Unless all are given, only those that
// are new are, and nothing is joined.
type rewritten struct {
	versions []string
	current  []string
	fails    bool
}

func (r *rewritten) Walk(_ context.Context, _ *Recorder, visit func(*Chunk) error) error {
	for i, text := range r.versions {
		c := &Chunk{Data: []byte(text), Location: Location{Kind: KindCommitContent, Path: "file", Object: fmt.Sprint(i)}}
		if err := visit(c); err != nil {
			return err
		}
	}
	return nil
}

func (r *rewritten) Current(_ context.Context, path string) ([][]byte, error) {
	if r.fails {
		return nil, errors.New("damaged")
	}
	var out [][]byte
	for _, text := range r.current {
		out = append(out, []byte(text))
	}
	if path != "file" {
		return nil, errors.New("another file is asked for")
	}
	return out, nil
}

// joined is rewritten as a history: the first version stands for all.
type joined struct{ rewritten }

func (j *joined) Attribute(_ context.Context, _ *Recorder, found []Finding) ([]Finding, error) {
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.Location.Object, b.Location.Object) })
	return found[:1], nil
}

// TestAllowedVersions: a secret counts or not by what the file has become, whatever earlier versions say.
func TestAllowedVersions(t *testing.T) {
	bare, ok, no := "x\n"+token(1)+"\n", "x\n"+token(1)+" #ok\n", "x\n"+token(1)+" #no\n"
	twice := ok + "\n" + token(1) + "\n"
	gone := "x\n"
	type is struct{ history, ranges string }
	for _, c := range []struct {
		name     string
		versions []string
		current  []string
		fails    bool
		want     is
	}{
		{"always allowed", []string{ok}, []string{ok}, false, is{"file:2", "file:2"}},
		{"never", []string{bare}, []string{bare}, false, is{"", ""}},
		{"comment added", []string{bare, ok}, []string{ok}, false, is{"file:2", "file:2 file:2"}},
		{"comment added above, of which a range sees no new line", []string{bare}, []string{"#ok\n" + bare[2:]}, false, is{"", "file:1"}},
		{"comment taken away", []string{ok, bare}, []string{bare}, false, is{"", " "}},
		{"comment made invalid", []string{ok, no}, []string{no}, false, is{"", " "}},
		{"only one of two places", []string{ok, twice}, []string{twice}, false, is{"", "  "}},
		{"gone, always allowed", []string{ok, ok + "\n"}, []string{gone}, false, is{"file:2", "file:2 file:2"}},
		{"file gone, always allowed", []string{ok}, nil, false, is{"file:2", "file:2"}},
		{"gone, once not allowed", []string{bare, ok}, []string{gone}, false, is{"", " "}},
		{"gone, once allowed", []string{ok, bare}, []string{gone}, false, is{"", " "}},
		{"two tips, one not", []string{ok}, []string{ok, bare}, false, is{"", ""}},
		{"two tips, one without it", []string{bare, ok}, []string{ok, gone}, false, is{"file:2", "file:2 file:2"}},
		{"not known", []string{ok}, []string{ok}, true, is{"file:2", ""}},
		{"not known, once not allowed", []string{bare, ok}, []string{ok}, true, is{"", " "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := testScanner(t, Options{Allow: okay})
			r := rewritten{c.versions, c.current, c.fails}
			for _, run := range []struct {
				src  Source
				want string
			}{{&joined{r}, c.want.history}, {&r, c.want.ranges}} {
				res, err := s.Scan(t.Context(), run.src, nil)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, f := range res.Findings {
					where := ""
					if f.Suppressed != nil {
						where = f.Suppressed.Where
					}
					got = append(got, where)
				}
				if strings.Join(got, " ") != run.want {
					t.Errorf("%T: got %q, want %q", run.src, got, run.want)
				}
			}
		})
	}
}

func TestKey(t *testing.T) {
	_, fs := scanText(t, testScanner(t, Options{}), token(1)+"\n"+token(2)+"\n"+token(1))
	_, again := scanText(t, testScanner(t, Options{FingerprintKey: []byte("of one's own")}), token(1))
	if len(fs) != 3 || len(again) != 1 {
		t.Fatalf("%d and %d findings", len(fs), len(again))
	}
	key := []byte("0123456789abcdef")
	if a, b := fs[0].Key(key), fs[1].Key(key); a == b || len(a) != 32 || a != fs[2].Key(key) || a != again[0].Key(key) {
		t.Errorf("keys %q, %q, %q, %q", a, b, fs[2].Key(key), again[0].Key(key))
	}
	if fs[0].Key(key) == fs[0].Key([]byte("another")) || fs[0].Key(nil) == fs[0].Fingerprint {
		t.Error("the key makes no difference")
	}
	other := fs[0]
	other.RuleID = "renamed"
	if other.Key(key) == fs[0].Key(key) {
		t.Error("the rule makes no difference")
	}
	var read Finding
	if err := read.Secret.UnmarshalText([]byte("acm_...")); err != nil || read.Key(key) != "" {
		t.Errorf("a finding without its value has the key %q (%v)", read.Key(key), err)
	}
	want := sha1.Sum([]byte(token(1)))
	if got := fs[0].Secret.Sum(sha1.New()); hex.EncodeToString(got) != hex.EncodeToString(want[:]) {
		t.Errorf("the sum is %x, want %x", got, want)
	}
}
