package scanner

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/rules"
)

// streamed is a source of one stream. A stream that fails is recorded, as sources have to.
type streamSource struct {
	data  []byte
	err   error
	added func() ([]LineRange, error)
	clean bool
}

func (s *streamSource) Walk(_ context.Context, rec *Recorder, visit func(*Chunk) error) error {
	var r io.Reader = bytes.NewReader(s.data)
	if s.err != nil {
		r = io.MultiReader(r, iotest.ErrReader(s.err))
	}
	c := &Chunk{Stream: r, Location: Location{Kind: KindFile, Path: "file"}, Added: s.added}
	err := visit(c)
	var ended *StreamError
	if errors.As(err, &ended) {
		rec.Unread("files", ended.Err.Error(), "file")
		err = nil
	}
	s.clean = c.Clean
	return err
}

// whole is the same as one piece.
type wholeSource streamSource

func (s *wholeSource) Walk(_ context.Context, _ *Recorder, visit func(*Chunk) error) error {
	c := &Chunk{Data: s.data, Location: Location{Kind: KindFile, Path: "file"}, Added: s.added}
	err := visit(c)
	s.clean = c.Clean
	return err
}

// describe gives all that a scan says, a finding a line.
func describe(t testing.TB, s *Scanner, src Source) []string {
	t.Helper()
	res, err := s.Scan(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for i := range res.Findings {
		text, err := json.Marshal(&res.Findings[i])
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(text))
	}
	for _, skip := range res.Coverage.Skipped {
		lines = append(lines, fmt.Sprintf("%+v", skip))
	}
	return lines
}

// sameStream searches content in windows and as one piece.
func sameStream(t *testing.T, s *Scanner, name string, data []byte, added func() ([]LineRange, error)) int {
	t.Helper()
	inPieces, asOne := &streamSource{data: data, added: added}, &wholeSource{data: data, added: added}
	want, got := describe(t, s, asOne), describe(t, s, inPieces)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, %d bytes in windows of %d with margins of %d (-whole +stream):\n%s", name, len(data), s.step, s.margin(), diff)
	}
	if asOne.clean != inPieces.clean {
		t.Errorf("%s: clean is %v for the whole, %v for the stream", name, asOne.clean, inPieces.clean)
	}
	return len(want)
}

func toUTF16(text string, big, mark bool) []byte {
	units := utf16.Encode([]rune(text))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	var data []byte
	for _, u := range units {
		if big {
			data = append(data, byte(u>>8), byte(u))
		} else {
			data = append(data, byte(u), byte(u>>8))
		}
	}
	return data
}

// wrapped is base64 in lines of a width.
func wrapped(data []byte, width int) string {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + "\n")
		text = text[width:]
	}
	return b.String() + text + "\n"
}

// TestStreamSeams has secrets at every distance from the seams between windows that are far shorter than what is between
// two secrets.
func TestStreamSeams(t *testing.T) {
	s := testScanner(t, Options{MinConfidence: rules.LowConfidence, ShowSecrets: true})
	rnd := rand.New(rand.NewPCG(11, 3))
	var b strings.Builder
	for n := range uint64(120) {
		b.WriteString(strings.Repeat("é filler, text ", rnd.IntN(60)))
		if rnd.IntN(3) > 0 {
			b.WriteString("\n")
		}
		switch n % 6 {
		case 0, 1:
			fmt.Fprintf(&b, "token=%s ", token(n))
		case 2:
			fmt.Fprintf(&b, "id AKM%09d secret '%s'\n", n, secretKey(n))
		case 3:
			fmt.Fprintf(&b, "x: %s\n", base64.StdEncoding.EncodeToString([]byte("the token="+token(n)+"\n")))
		case 4:
			fmt.Fprintf(&b, "BEGIN ACME\n%s\nEND ACME", strings.Repeat(body(60)+"\n", 1+rnd.IntN(70)))
		case 5:
			fmt.Fprintf(&b, `{"t":"acm\u005f%s", "id": "AKM%09d"}`, token(n)[4:], n-3)
		}
	}
	text := b.String()
	contents := map[string][]byte{
		"plain":                  []byte(text),
		"UTF-16":                 toUTF16(text, false, true),
		"UTF-16 without a mark":  toUTF16(strings.Repeat("plain text ", 400)+text, true, false),
		"UTF-16, then ASCII":     append(toUTF16(text[:40001], false, true), text[40000:]...),
		"base64 in one line":     []byte("x = " + base64.StdEncoding.EncodeToString([]byte(text))),
		"base64 in lines of 76":  []byte("x = \n" + wrapped([]byte(text), 76)),
		"base64 in lines of 61":  []byte("x = \n" + wrapped([]byte(text), 61)),
		"base64 twice":           []byte("x: " + base64.StdEncoding.EncodeToString([]byte("y: "+base64.StdEncoding.EncodeToString([]byte(text))))),
		"base64 of UTF-16":       []byte("x: " + base64.StdEncoding.EncodeToString(toUTF16(text, false, false))),
		"hexadecimal":            []byte("x: " + hex.EncodeToString([]byte(strings.ReplaceAll(text, "é", "e")))),
		"binary":                 []byte("\x7fELF\x00" + text),
		"binary later":           []byte(strings.Repeat("text ", 5000) + "\x00\x01" + text),
		"lines of CR LF":         []byte(strings.ReplaceAll(text, "\n", "\r\n")),
		"one line":               []byte(strings.ReplaceAll(text, "\n", " ")),
		"damaged UTF-8":          []byte(strings.ReplaceAll(text, "é", "\xc3")),
		"nothing but four bytes": []byte(strings.Repeat("😀", 30000) + token(1)),
		"clean":                  []byte(strings.Repeat("nothing here\n", 9000)),
		"empty":                  nil,
	}
	for name, data := range contents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, step := range []int{997, 1 << 15} {
				s := testScanner(t, Options{MinConfidence: rules.LowConfidence, ShowSecrets: true})
				s.step = step
				n := sameStream(t, s, name, data, nil)
				if n < 10 && len(data) > 100 && name != "clean" && !strings.HasPrefix(name, "nothing") {
					t.Errorf("%d findings: the test tests little", n)
				}
			}
		})
	}
	s.step = 64
	sameStream(t, s, "plain", []byte(text[:30000]), nil)
	if t.Failed() {
		return
	}
	for at := range 64 { // each offset from a seam
		data := strings.Repeat("y", at) + strings.Repeat("-\n", 3*s.margin()/2) + token(5) + strings.Repeat(" -\n", s.margin())
		s.step = 1 << 14
		sameStream(t, s, fmt.Sprint("moved by ", at), []byte(data), nil)
	}
}

// TestStreamBuiltin has the examples of all rules in one stream.
func TestStreamBuiltin(t *testing.T) {
	s := allFindings(t)
	rnd := rand.New(rand.NewPCG(5, 5))
	var b strings.Builder
	chosen := 0
	for i, r := range s.set.All() {
		if i%9 != 0 {
			continue // all of them would be more matches than are looked at in one content
		}
		chosen++
		for _, tmpl := range append(append([]string{}, r.Examples.Match...), r.Examples.Clean...) {
			text, err := rules.Expand(tmpl, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			// Further from each other than any rule looks, so that each stands for itself.
			b.WriteString(text + "\n" + strings.Repeat("-- filler\n", 600+rnd.IntN(1500)))
		}
	}
	s.step = 300_000
	if n := sameStream(t, s, "examples", []byte(b.String()), nil); n < chosen {
		t.Errorf("%d findings of %d rules: the test tests little", n, chosen)
	}
	if m := s.margin(); m < 64<<10 || m > windowStep/4 {
		t.Errorf("the margin of the built-in rules is %d", m)
	}
}

func TestStreamAdded(t *testing.T) {
	s := testScanner(t, Options{})
	s.step = 1000
	var b strings.Builder
	for n := range uint64(40) {
		fmt.Fprintf(&b, "%s\n%s\n", strings.Repeat("filler ", 300), token(n))
	}
	some := func() ([]LineRange, error) { return []LineRange{{2, 2}, {40, 50}, {80, 80}}, nil }
	if n := sameStream(t, s, "some lines", []byte(b.String()), some); n != 8 {
		t.Errorf("%d findings, want 8", n)
	}
	fails := func() ([]LineRange, error) { return nil, errors.New("no old version") }
	if n := sameStream(t, s, "lines that nobody knows", []byte(b.String()), fails); n != 41 {
		t.Errorf("%d findings and gaps, want 41", n)
	}
}

// TestStreamFails ends a stream with an error: what came before counts, and the scan is not complete.
func TestStreamFails(t *testing.T) {
	s := testScanner(t, Options{})
	s.step = 1000
	text := strings.Repeat("filler\n", 9000) + token(1) + "\n" + strings.Repeat("filler\n", 9000) + token(2)
	src := &streamSource{data: []byte(text), err: errors.New("the disk is on fire")}
	res, err := s.Scan(t.Context(), src, nil)
	if err != nil || len(res.Findings) != 2 || res.Coverage.Complete || src.clean {
		t.Errorf("%d findings, complete %v, clean %v, %v", len(res.Findings), res.Coverage.Complete, src.clean, err)
	}
	// A source that does not look at the error ends its walk with it.
	res, err = s.Scan(t.Context(), careless{src}, nil)
	if err != nil || len(res.Findings) != 2 || res.Coverage.Complete {
		t.Errorf("careless source: %d findings, complete %v, %v", len(res.Findings), res.Coverage.Complete, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	src = &streamSource{data: []byte(token(1) + strings.Repeat("\nfiller", s.margin()))}
	res, err = s.Scan(ctx, cancelling{src, cancel}, nil)
	if err != nil || res.Coverage.Complete || len(res.Findings) != 1 {
		t.Errorf("interrupted: %d findings, %+v, %v", len(res.Findings), res.Coverage, err)
	}
}

type careless struct{ *streamSource }

func (c careless) Walk(_ context.Context, _ *Recorder, visit func(*Chunk) error) error {
	return visit(&Chunk{Stream: io.MultiReader(bytes.NewReader(c.data), iotest.ErrReader(c.err))})
}

// cancelling ends the scan when the second half of the stream is asked for.
type cancelling struct {
	*streamSource
	cancel func()
}

func (c cancelling) Walk(_ context.Context, _ *Recorder, visit func(*Chunk) error) error {
	half := len(c.data) * 3 / 5
	return visit(&Chunk{Stream: io.MultiReader(bytes.NewReader(c.data[:half]), then(c.cancel), bytes.NewReader(c.data[half:]))})
}

// then calls a function when it is read.
type then func()

func (f then) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

func TestStreamBounds(t *testing.T) {
	s := testScanner(t, Options{})
	var b strings.Builder
	for n := range uint64(maxCandidates + 5) {
		b.WriteString(token(n) + "\n")
	}
	s.step = 1 << 18
	res, err := s.Scan(t.Context(), &streamSource{data: []byte(b.String())}, nil)
	if err != nil || len(res.Findings) != maxCandidates || res.Coverage.Complete {
		t.Errorf("%d findings, complete %v, %v", len(res.Findings), res.Coverage.Complete, err)
	}
}

// TestPhaseCut holds that what stands before a cut is whole groups.
func TestPhaseCut(t *testing.T) {
	for text, want := range map[string]int{
		"":                   0,
		"abcdefg":            0,
		"abcdefgh":           8,
		"abcdefghij":         8,
		"x abcdefghij":       10,
		"x abcd\nefgh\r\nij": 13,
		"éé":                 4,
		"ab ":                3,
		"a/b+c-d_e":          8,
	} {
		if got := phaseCut([]byte(text), len(text)); got != want {
			t.Errorf("phaseCut(%q) = %d, want %d", text, got, want)
		}
	}
	if got := phaseCut([]byte("é"), 1); got != 0 {
		t.Errorf("a code point is cut at %d", got)
	}
}
