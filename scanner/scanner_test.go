package scanner

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/rules"
)

// testRules are rules of a made-up provider that show each feature of the engine.
const testRules = `
provider: acme
rules:
  - id: acme-token
    title: Acme token
    severity: critical
    priority: 55
    anchors: [acm_]
    pattern: '(?:^|[^A-Za-z0-9_])(acm_[A-Za-z0-9]{32})(?:[^A-Za-z0-9]|$)'
    checks: {entropy: 3}
    examples: {match: ['<<"acm_">><<alnum 32>>'], clean: [acm_short]}
  - id: acme-any
    title: Acme anything
    severity: low
    priority: 10
    anchors: [acm_]
    pattern: '(acm_[A-Za-z0-9]{8,40})'
    examples: {match: ['<<"acm_">><<alnum 12>>'], clean: [acm_x]}
  - id: acme-pair
    title: Acme key pair
    severity: high
    priority: 60
    anchors: [AKM]
    pattern: '\b(AKM[0-9]{9})\b'
    fact: acme_key_id
    parts:
      - name: acme_secret
        pattern: '["''=\s]([a-z0-9]{30})(?:["''\s]|$)'
        within: 500
        prefer: [secret]
        secret: true
        checks: {entropy: 3}
    examples: {match: ['AKM<<digits 9>> <<lowalnum 30>>'], clean: [AKM]}
  - id: acme-key-id
    title: Acme key id
    severity: low
    identifier: true
    anchors: [AKM]
    pattern: '\b(AKM[0-9]{9})\b'
    examples: {match: ['AKM<<digits 9>>'], clean: [AKM]}
  - id: acme-context
    title: Acme secret by name
    severity: high
    anchors: [acme_password]
    fold: true
    pattern: '(?i)acme_password["'']?\s{0,3}[:=]\s{0,3}["'']?([^\s"'']{6,64})'
    checks: {require: ['[0-9]'], forbid: ['^\$']}
    examples: {match: ['acme_password=<<alnum 20>>1'], clean: ['acme_password=$PW1234']}
  - id: acme-block
    title: Acme block
    severity: high
    anchors: [BEGIN ACME]
    max_length: 5000
    pattern: '(?s)(BEGIN ACME.{10,}?END ACME)'
    checks: {allow_placeholders: true}
    examples: {match: ["BEGIN ACME <<alnum 40>> END ACME"], clean: [BEGIN ACME]}
`

func testScanner(t testing.TB, opt Options) *Scanner {
	t.Helper()
	set, err := rules.Load(fstest.MapFS{"acme.yaml": {Data: []byte(testRules)}}, "acme.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// token makes a value that acme-token takes.
func token(n uint64) string {
	rnd := rand.New(rand.NewPCG(n, 7))
	const chars = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 32)
	for i := range b {
		b[i] = chars[rnd.IntN(len(chars))]
	}
	return "acm_" + string(b)
}

func secretKey(n uint64) string { return strings.ToLower(token(n)[4:34]) }

// scanText returns the findings of one text as "rule@line:column-line:column decoded".
func scanText(t *testing.T, s *Scanner, text string) ([]string, []Finding) {
	t.Helper()
	res, err := s.Scan(t.Context(), Text([]byte(text)), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range res.Findings {
		l := f.Location
		desc := fmt.Sprintf("%s@%d:%d-%d:%d", f.RuleID, l.StartLine, l.StartColumn, l.EndLine, l.EndColumn)
		if len(l.Decoded) > 0 {
			desc += " " + strings.Join(l.Decoded, ">")
		}
		out = append(out, desc)
	}
	return out, res.Findings
}

func TestFindings(t *testing.T) {
	s := testScanner(t, Options{})
	tok, tok2 := token(1), token(2)
	b64 := base64.StdEncoding.EncodeToString
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "hello\nworld\n", nil},
		{"empty", "", nil},
		{"alone", tok, []string{"acme-token@1:1-1:37"}},
		{"second line, after text of two-byte characters", "a\néé=" + tok + "\n", []string{"acme-token@2:4-2:40"}},
		{"two that share a separator", tok + "," + tok2, []string{"acme-token@1:1-1:37", "acme-token@1:38-1:74"}},
		{"same twice", tok + "\n" + tok, []string{"acme-token@1:1-1:37", "acme-token@2:1-2:37"}},
		{"too long for the exact rule", tok + "zz", []string{"acme-any@1:1-1:39"}},
		{"within a word", "x" + tok, []string{"acme-any@1:2-1:38"}},
		{"placeholder", "acm_" + strings.Repeat("x", 32), nil},
		{"low entropy", "acm_" + strings.Repeat("ab", 16), nil},
		{"anchor in other case", "ACME_PASSWORD: 'hunter2222'", []string{"acme-context@1:17-1:27"}},
		{"reference", "acme_password=$PASSWORD1", nil},
		{"no digit", "acme_password=correcthorse", nil},
		{"base64", "x: " + b64([]byte("token="+tok+"\n")), []string{"acme-token@1:12-1:60 base64"}},
		{"base64 twice", "x: " + b64([]byte("a: "+b64([]byte("token="+tok+"\n")))), []string{"acme-token@1:16-1:84 base64>base64"}},
		{"percent", "?t=" + strings.ReplaceAll(tok, "_", "%5F"), []string{"acme-token@1:4-1:42 percent"}},
		{"unicode escape", `{"t":"acm\u005f` + tok[4:] + `"}`, []string{"acme-token@1:7-1:48 escape"}},
		{"block over lines", "x\nBEGIN ACME\n" + body(40) + "\nEND ACME\n", []string{"acme-block@2:1-4:9"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := scanText(t, s, c.text)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestUTF16(t *testing.T) {
	s := testScanner(t, Options{})
	text := "line one é\nkey=" + token(3) + "\n"
	for name, order := range map[string]func(uint16) [2]byte{
		"little": func(u uint16) [2]byte { return [2]byte{byte(u), byte(u >> 8)} },
		"big":    func(u uint16) [2]byte { return [2]byte{byte(u >> 8), byte(u)} },
	} {
		var data []byte
		for _, u := range utf16.Encode([]rune("\uFEFF" + text)) {
			b := order(u)
			data = append(data, b[:]...)
		}
		got, fs := scanText(t, s, string(data))
		if diff := cmp.Diff([]string{"acme-token@2:5-2:41"}, got); diff != "" {
			t.Errorf("%s-endian (-want +got):\n%s", name, diff)
			continue
		}
		if want := int64(2 * (1 + len([]rune("line one é\nkey=")))); fs[0].Location.Offset != want {
			t.Errorf("%s-endian: offset %d, want %d", name, fs[0].Location.Offset, want)
		}
	}
}

func TestBinary(t *testing.T) {
	s := testScanner(t, Options{})
	_, fs := scanText(t, s, "\x7fELF\x00\x01\x02 "+token(4)+" \x00\xff\xfe")
	if len(fs) != 1 || fs[0].Excerpt != fs[0].Secret.Redacted() || len(fs[0].Reasons) != 1 || fs[0].Location.Offset != 8 {
		t.Errorf("%+v", fs)
	}
	_, fs = scanText(t, s, strings.Repeat("text ", 2000)+token(4)+"\x00")
	if len(fs) != 1 || len(fs[0].Reasons) != 0 {
		t.Errorf("text with one odd byte far behind: %+v", fs)
	}
}

func TestPairing(t *testing.T) {
	s := testScanner(t, Options{})
	k1, k2 := secretKey(1), secretKey(2)
	for _, c := range []struct {
		name, text string
		want       map[string]string // secret -> key id
		alone      int
	}{
		{"neighbours", "id=AKM123456789\nsecret=" + k1 + "\n", map[string]string{k1: "AKM123456789"}, 0},
		{"secret first", "secret=" + k1 + "\nid=AKM123456789\n", map[string]string{k1: "AKM123456789"}, 0},
		{
			"two pairs", "AKM123456789 secret " + k1 + " \n\nAKM987654321 secret " + k2 + "\n",
			map[string]string{k1: "AKM123456789", k2: "AKM987654321"}, 0,
		},
		{
			"the word wins over nearness", "AKM123456789 hash=" + k2 + "\nsecret=" + k1 + "\n",
			map[string]string{k1: "AKM123456789"}, 0,
		},
		{"id alone", "AKM123456789", map[string]string{}, 1},
		{"too far", "AKM123456789" + strings.Repeat(" ", 600) + "secret=" + k1, map[string]string{}, 1},
		{"one id twice, one secret", "AKM123456789 secret=" + k1 + " \nAKM123456789", map[string]string{k1: "AKM123456789"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, fs := scanText(t, s, c.text)
			got, alone := map[string]string{}, 0
			for _, f := range fs {
				switch f.RuleID {
				case "acme-pair":
					got[f.Secret.Reveal()] = f.Facts["acme_key_id"]
				case "acme-key-id":
					alone++
					if f.Secret.Redacted() != "AKM123456789" {
						t.Errorf("a public id is shown as %q", f.Secret)
					}
				}
				if strings.Contains(f.Excerpt, k1[:12]) {
					t.Errorf("the excerpt shows the secret: %q", f.Excerpt)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" || alone != c.alone {
				t.Errorf("alone %d, want %d (-want +got):\n%s", alone, c.alone, diff)
			}
		})
	}
}

func TestAddedLines(t *testing.T) {
	s := testScanner(t, Options{})
	text := token(1) + "\n" + token(2) + "\n" + token(3) + "\n"
	for _, c := range []struct {
		name  string
		added func() ([]LineRange, error)
		want  int
		whole bool
	}{
		{"all", nil, 3, true},
		{"middle", func() ([]LineRange, error) { return []LineRange{{2, 2}}, nil }, 1, true},
		{"none", func() ([]LineRange, error) { return nil, nil }, 0, true},
		{"unknown: all count and the scan is incomplete", func() ([]LineRange, error) { return nil, errors.New("gone") }, 3, false},
	} {
		res, err := s.Scan(t.Context(), chunks{{Data: []byte(text), Added: c.added}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Findings) != c.want || res.Coverage.Complete != c.whole {
			t.Errorf("%s: %d findings, complete %v", c.name, len(res.Findings), res.Coverage.Complete)
		}
	}
}

// chunks is a source that yields its elements from several goroutines.
type chunks []Chunk

func (cs chunks) Walk(_ context.Context, _ *Recorder, visit func(*Chunk) error) error {
	var wg sync.WaitGroup
	errs := make([]error, len(cs))
	for i := range cs {
		wg.Go(func() { errs[i] = visit(&cs[i]) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func TestOrderDoesNotDependOnWorkers(t *testing.T) {
	s := testScanner(t, Options{})
	var cs chunks
	for i := range 40 {
		text := strings.Repeat("x\n", i) + token(uint64(i%5)) + " " + token(99)
		cs = append(cs, Chunk{Data: []byte(text), Location: Location{Path: fmt.Sprintf("f%02d", i/2), Object: fmt.Sprint(i)}})
	}
	var first []Finding
	for round := range 10 {
		res, err := s.Scan(t.Context(), cs, nil)
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			first = res.Findings
			continue
		}
		if diff := cmp.Diff(first, res.Findings, cmp.AllowUnexported(Finding{}, Secret{})); diff != "" {
			t.Fatalf("round %d (-first +now):\n%s", round, diff)
		}
	}
	if len(first) != 80 {
		t.Errorf("%d findings, want 80", len(first))
	}
}

// endless yields chunks until it is stopped.
type endless struct{}

func (endless) Walk(ctx context.Context, _ *Recorder, visit func(*Chunk) error) error {
	for n := uint64(0); ; n++ {
		if err := visit(&Chunk{Data: []byte(token(n % 3))}); err != nil {
			return err
		}
	}
}

func TestStopped(t *testing.T) {
	s := testScanner(t, Options{})
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	res, err := s.Scan(ctx, endless{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.Coverage.Complete || len(res.Findings) == 0 {
		t.Errorf("after the time limit: complete %v, %d findings", res.Coverage.Complete, len(res.Findings))
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

// failing is a source that cannot be read.
type failing struct{}

func (failing) Walk(context.Context, *Recorder, func(*Chunk) error) error {
	return errors.New("disk on fire")
}

func TestFailedWalkIsIncomplete(t *testing.T) {
	res, err := testScanner(t, Options{}).Scan(t.Context(), failing{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.Coverage.Complete || len(res.Coverage.Skipped) != 1 {
		t.Errorf("coverage %+v", res.Coverage)
	}
}

func TestNoRulesIsAnError(t *testing.T) {
	if _, err := New(rules.NewSet(nil, nil), Options{}); err == nil {
		t.Error("a scanner without rules was made: it would call everything clean")
	}
}

func TestTooManyMatchesIsIncomplete(t *testing.T) {
	s := testScanner(t, Options{})
	text := strings.Repeat(token(1)+"\n", maxCandidates+10)
	res, err := s.Scan(t.Context(), Text([]byte(text)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.Coverage.Complete || len(res.Findings) == 0 {
		t.Errorf("complete %v with %d findings", res.Coverage.Complete, len(res.Findings))
	}
}

func TestExamplesOfTestRules(t *testing.T) {
	if err := testScanner(t, Options{}).CheckExamples(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestDoubtDoesNotHideProof: of two rules that claim the same bytes the more specific one wins, but where it doubts that
// there is a credential at all and the other has proof, both stay.
func TestDoubtDoesNotHideProof(t *testing.T) {
	specific, general := &rules.Rule{ID: "specific", Priority: 70}, &rules.Rule{ID: "general", Priority: 30}
	cand := func(r *rules.Rule, c rules.Confidence, lo, hi int) candidate {
		return candidate{rule: &compiledRule{Rule: r}, confidence: c, secret: span{lo, hi}, claims: []span{{lo, hi}}, seen: []span{{lo, hi}}}
	}
	for _, c := range []struct {
		name     string
		specific rules.Confidence
		general  rules.Confidence
		added    bool
		want     []string
	}{
		{"sure", rules.HighConfidence, rules.Certain, false, []string{"specific"}},
		{"doubt against proof", rules.LowConfidence, rules.Certain, false, []string{"specific", "general"}},
		{"doubt against a guess", rules.LowConfidence, rules.MediumConfidence, false, []string{"specific"}},
		{"doubt of an added rule", rules.LowConfidence, rules.MediumConfidence, true, []string{"specific", "general"}},
		{"an added rule that is sure", rules.MediumConfidence, rules.HighConfidence, true, []string{"specific"}},
	} {
		var got []string
		specific.Added = c.added
		for _, k := range resolve([]candidate{cand(general, c.general, 12, 20), cand(specific, c.specific, 10, 30)}) {
			got = append(got, k.rule.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestExcerptHidesWhatWasDropped: the value of a candidate that lost to a more specific one is not shown beside it.
func TestExcerptHidesWhatWasDropped(t *testing.T) {
	_, fs := scanText(t, testScanner(t, Options{}), "acme_password="+token(3)+"-hunter7 end")
	if len(fs) != 1 || fs[0].RuleID != "acme-token" || strings.Contains(fs[0].Excerpt, "hunter7") || !strings.Contains(fs[0].Excerpt, "end") {
		t.Errorf("%+v", fs)
	}
}

func TestFingerprint(t *testing.T) {
	a, b := testScanner(t, Options{}), testScanner(t, Options{FingerprintKey: []byte("k")})
	one := a.fingerprint("r", "v")
	if one != a.fingerprint("r", "v") || one == a.fingerprint("r", "w") || one == a.fingerprint("s", "v") || one == b.fingerprint("r", "v") {
		t.Error("a fingerprint must depend on key, rule and value, and on nothing else")
	}
}
