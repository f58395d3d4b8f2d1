package hunt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// TestNearLosesNothing compares a search with one that tries every pattern at every anchor.
func TestNearLosesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for kind, v := range values(r) {
		h := newHunter(t, nil, v)
		slow, err := scanner.New(h.hunt.Rules(), scanner.Options{})
		if err != nil {
			t.Fatal(err)
		}
		list := encoders()
		for range 45 {
			// One writing each: near another one's anchor a pattern that is tried everywhere also finds a writing which has none itself.
			w := list[r.IntN(len(list))].write(r, v)
			if w == "" {
				continue
			}
			text := mistake(r, w) + "\n"
			got, want := seekWith(t, h.engine, text), seekWith(t, slow, text)
			if !slices.Equal(got, want) {
				t.Errorf("%s, written %q: %v, without a look before: %v", kind, text, got, want)
			}
		}
	}
}

// mistake changes a text a little, or not at all: joints where there were none, or other characters.
func mistake(r *rand.Rand, s string) string {
	for range r.IntN(3) {
		at := r.IntN(len(s))
		put := []string{"\" + \"", "\n", "\\\n    ", "\\", "%25", "x", " ", "\n// ", "\"\"", "&amp;", "0x", "%0a", "\\u000a"}[r.IntN(13)]
		s = s[:at] + put + s[at+r.IntN(2):]
	}
	return s
}

func seekWith(t *testing.T, s *scanner.Scanner, text string) []string {
	t.Helper()
	res, err := s.Scan(context.Background(), one(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for i := range res.Findings {
		f := &res.Findings[i]
		list = append(list, fmt.Sprint(f.RuleID, " ", f.Location.Offset, " ", f.Location.Decoded))
	}
	return list
}

// TestOnlyTheEnd finds long values of which the beginning is there, too, for certain, and says so of others.
func TestOnlyTheEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	for kind, v := range values(r) {
		f := formOf(v)
		if !f.part {
			continue
		}
		h := newHunter(t, nil, v)
		for _, w := range encoders() {
			if w.how[0] == "base64+gzip" || len(f.text) != len(f.bytes) && w.name != "plain" && !strings.HasPrefix(w.name, "json") {
				continue
			}
			body := strings.TrimSpace(v)
			at := strings.LastIndex(body, f.bytes) - 8 - r.IntN(len(f.all)-len(f.text)-50)
			if body[at] == '\n' {
				at++
			}
			other := byte('A')
			if body[at] == other {
				other = 'B'
			}
			for name, c := range map[string]struct {
				text string
				end  bool
			}{
				"whole": {body, false}, "other beginning": {body[:at] + string(other) + body[at+1:], true},
				"missing": {body[:at] + body[at+1:], true}, "longer": {body[:at] + string(other) + body[at:], true},
			} {
				if name != "whole" && r.IntN(3) > 0 {
					continue
				}
				written := w.write(r, c.text)
				if written == "" {
					continue
				}
				fs := h.seek(t, "kk = "+written+"\n")
				if kind == "key" { // what stands beside the lines of a key is no part of it
					fs = slices.DeleteFunc(fs, func(f scanner.Finding) bool { return isPart(f.Facts[FactVariant]) })
				}
				if len(fs) == 0 {
					t.Errorf("%s, %s, %s: not found", kind, w.name, name)
				}
				for i := range fs {
					f := &fs[i]
					if isPart(strings.TrimPrefix(f.Facts[FactVariant], "reversed+")) {
						continue
					}
					if whole := h.engine.Fingerprint(RuleID, h.hunt.known[0].value); (f.Fingerprint == whole) == c.end {
						t.Errorf("%s, %s, %s: the fingerprint", kind, w.name, name)
					}
					isEnd := strings.HasSuffix(f.Facts[FactVariant], variantEnd)
					if isEnd != c.end || isEnd != (f.Confidence == rules.MediumConfidence) || isEnd != strings.HasPrefix(f.Title, "End of") {
						t.Errorf("%s, %s, %s: %v, %s, %q", kind, w.name, name, f.Facts, f.Confidence, f.Title)
					}
				}
				shows(t, fs, f.all)
			}
		}
	}
}

// TestPlaceOf tells where an anchor stands in a spelling, and of one inside of a unit that it is not known.
func TestPlaceOf(t *testing.T) {
	s := write([]string{"a", `\u0026`, "b"}, "")
	for _, c := range []struct {
		at   span
		want anchorPlace
	}{
		{span{0, 4}, anchorPlace{0, 0}}, {span{1, 5}, anchorPlace{1, 0}}, {span{2, 6}, anchorPlace{-1, 0}}, {span{3, 7}, anchorPlace{2, 4}},
		{span{4, 8}, anchorPlace{2, 3}}, {span{8, 8}, anchorPlace{3, 0}},
	} {
		if got := s.placeOf(c.at); got != c.want {
			t.Errorf("%v: %v, want %v", c.at, got, c.want)
		}
	}
	h := &Hunt{of: map[string]target{"x": {spelling: &spelling{units: characters("abcdefgh")}, anchors: []anchor{{"cdef", []anchorPlace{{-1, 0}}}}}}}
	if !h.Near("x", []byte("zzcdefzz"), 2) || !h.Near("x", []byte("abcxefgh"), 2) {
		t.Error("what is not known is ruled out")
	}
}

// TestBeforeIsAligned puts the encoded beginning of a value before its encoded end: that is the whole, encoded.
func TestBeforeIsAligned(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	written := func(units []unit) string {
		var b strings.Builder
		for i := range units {
			b.WriteString(units[i].plain)
		}
		return b.String()
	}
	for n := range 15 {
		whole := random(r, 60+n, alphabet)
		end := whole[len(whole)-20-n%4:]
		for offset := range 15 {
			if got := written(before64(whole, end, offset%3)) + base64Text(end, offset%3); !strings.HasSuffix(base64Text(strings.Repeat("\x00", 3*len(whole)+offset%3-len(whole)+len(end))+whole, 0), got) || len(got) < len(whole) {
				t.Errorf("base64 of %d bytes at %d", len(whole), offset)
			}
			if got := written(before32(whole, end, offset%5)) + base32Text(end, offset%5); !strings.HasSuffix(base32Text(strings.Repeat("\x00", 5*len(whole)+offset%5-len(whole)+len(end))+whole, 0), got) || len(got) < len(whole) {
				t.Errorf("base32 of %d bytes at %d", len(whole), offset)
			}
		}
	}
}
