package report

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fatih/color"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

func TestTextGolden(t *testing.T) {
	for _, c := range []struct {
		name string
		rep  *scanner.Report
		opt  TextOptions
	}{
		{"history.txt", sampleReport(t), TextOptions{}},
		{"history-narrow-color.txt", sampleReport(t), TextOptions{Color: true, Width: 60, Summary: true}},
		{"history-120-links.txt", linked(sampleReport(t)), TextOptions{Color: true, Width: 120, Cut: true, Links: &Links{Root: "/srv/example", Host: "build-1"}}},
		{"history-plain.txt", sampleReport(t), TextOptions{Plain: true, Summary: true}},
		{"staged.txt", stagedReport(t), TextOptions{Width: 100, Cut: true}},
		{"staged-piped.txt", stagedReport(t), TextOptions{}},
		{"staged-plain.txt", stagedReport(t), TextOptions{Plain: true}},
		{"many.txt", manyPlaces(t, 25), TextOptions{Width: 100, Cut: true, All: "skant scan . | less"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Text(&b, c.rep, sampleRules(), c.opt); err != nil {
				t.Fatal(err)
			}
			golden(t, c.name, b.Bytes())
		})
	}
}

// linked is a report that names its repository's page.
func linked(rep *scanner.Report) *scanner.Report {
	rep.Repository = &scanner.Repository{URI: "https://github.com/OWNER/example"}
	return rep
}

func manyPlaces(t *testing.T, n int) *scanner.Report {
	t.Helper()
	rep := stagedReport(t)
	rep.Command = "scan"
	f := rep.Findings[0]
	rep.Findings = nil
	for i := range n {
		f.Location.Path = fmt.Sprintf("dir/file%03d", i)
		f.Location.Kind = scanner.KindFile
		rep.Findings = append(rep.Findings, f)
	}
	return rep
}

func TestTextSaysNothingForClean(t *testing.T) {
	var b bytes.Buffer
	if err := Text(&b, cleanReport(), nil, TextOptions{Color: true}); err != nil || b.Len() > 0 {
		t.Errorf("clean scan: %q, %v", b.String(), err)
	}
}

func TestTextNeverSilentWhenIncomplete(t *testing.T) {
	rep := cleanReport()
	rep.Coverage.Complete = false
	var b bytes.Buffer
	if err := Text(&b, rep, nil, TextOptions{}); err != nil || !strings.Contains(b.String(), "INCOMPLETE") {
		t.Errorf("incomplete scan without a reason: %q, %v", b.String(), err)
	}
}

// TestTextKeepsEveryGroup checks that only places are cut, never secrets.
func TestTextKeepsEveryGroup(t *testing.T) {
	rep := manyPlaces(t, 300)
	for i := range rep.Findings {
		rep.Findings[i].Fingerprint = fmt.Sprintf("v1:%04d", i)
	}
	var b bytes.Buffer
	if err := Text(&b, rep, sampleRules(), TextOptions{}); err != nil {
		t.Fatal(err)
	}
	for i := range rep.Findings {
		if !strings.Contains(b.String(), fmt.Sprintf("fingerprint v1:%04d\n", i)) {
			t.Fatalf("secret %d is not shown", i)
		}
	}
}

func TestTextNeutralisesTerminalSequences(t *testing.T) {
	rep := sampleReport(t)
	nasty := "a\x1b[31mb\x9bc\u202ed\u2066e\rf\bg\x00h\u200bi\xffj"
	for i := range rep.Findings {
		f := &rep.Findings[i]
		f.Title, f.Excerpt, f.RuleID, f.Fingerprint = nasty, nasty, nasty, nasty+f.Fingerprint
		f.Facts = map[string]string{nasty: nasty}
		f.Reasons = []string{nasty}
		f.Location.Path, f.Location.Object, f.Location.Decoded = nasty, nasty, []string{nasty}
		f.Severity, f.Confidence, f.Verdict, f.Location.Kind = "\x1b[1m", "\x1b[2m", "\x1b[3m", "\x1b[4m"
		f.Secret, f.Revealed = redacted(t, nasty), nasty+"\n"+nasty
		f.Location.Commit = &scanner.Commit{ID: nasty, Author: nasty, Email: nasty, Summary: nasty}
		if f.Suppressed != nil {
			f.Suppressed = &scanner.Suppression{By: nasty, Where: nasty, Reason: nasty}
		}
	}
	for i := range rep.Coverage.Skipped {
		rep.Coverage.Skipped[i] = scanner.Skip{What: nasty, Reason: nasty, Count: 3, Unread: i > 0, Items: []string{nasty}}
	}
	var b bytes.Buffer
	if err := Text(&b, rep, sampleRules(), TextOptions{Summary: true}); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if visible.Text(line) != line {
			t.Errorf("not neutralised: %q", line)
		}
	}
}

func TestTextLeavesGlobalColorAlone(t *testing.T) {
	before := color.NoColor
	var on, off bytes.Buffer
	if err := Text(&on, sampleReport(t), sampleRules(), TextOptions{Color: true}); err != nil {
		t.Fatal(err)
	}
	if err := Text(&off, sampleReport(t), sampleRules(), TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(on.String(), "\x1b[") || strings.Contains(off.String(), "\x1b[") {
		t.Error("colour does not follow the option")
	}
	if color.NoColor != before {
		t.Error("the global switch was changed")
	}
}

// brokenWriter fails after n bytes, as a closed pipe does.
type brokenWriter struct{ n int }

var errBroken = errors.New("broken")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.n -= len(p); w.n < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestWriteErrorsAreReturned(t *testing.T) {
	rep, set := manyPlaces(t, 2000), sampleRules()
	for i := range rep.Findings {
		rep.Findings[i].Fingerprint = fmt.Sprint(i)
	}
	for _, n := range []int{0, 5000} {
		for name, write := range formats(rep) {
			if err := write(&brokenWriter{n}, rep, set); !errors.Is(err, errBroken) {
				t.Errorf("%s after %d bytes: error is %v", name, n, err)
			}
		}
	}
}

func TestSummary(t *testing.T) {
	incomplete := cleanReport()
	incomplete.Coverage.Complete = false
	empty := cleanReport()
	empty.Coverage = scanner.Coverage{Complete: true}
	for _, c := range []struct {
		rep  *scanner.Report
		want string
	}{
		{sampleReport(t), "3 secrets in 5 places: 1 live, 2 not asked; 1 finding suppressed; 120 commits, 1,204 blobs, 31 MB read; " +
			"INCOMPLETE: 7 blobs not read (larger than 100 MiB; raise --max-size) and 1 more reason"},
		{stagedReport(t), "1 secret in 1 place; 2 blobs, 840 bytes read; complete"},
		{cleanReport(), "no secrets; 1 file, 12 bytes read; complete"},
		{incomplete, "no secrets; 1 file, 12 bytes read; INCOMPLETE: the scan ended before everything was read"},
		{empty, "no secrets; nothing was read; complete"},
	} {
		if got := Summary(c.rep); got != c.want {
			t.Errorf("Summary:\n got %s\nwant %s", got, c.want)
		}
	}
}

func TestWordsForPeople(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(999), "999"}, {Count(1000), "1,000"}, {Count(1234567), "1,234,567"}, {Count(-1234), "-1,234"},
		{Size(999), "999 bytes"}, {Size(1), "1 byte"}, {Size(1000), "1.0 kB"}, {Size(999_600), "1.0 MB"}, {Size(8_100_000_000), "8.1 GB"},
		{Size(31_400_000), "31 MB"}, {Number(1, "place"), "1 place"}, {Number(0, "place"), "0 places"},
		{Things(1, "blobs"), "1 blob"}, {Things(1, "entries"), "1 entry"}, {Things(1, "branches"), "1 branch"},
		{Things(7, "blobs"), "7 blobs"}, {Things(1, "input"), "1 input"},
		{clipAround("abcdefghijkl", "hij", 8), "…efghij…"}, {clipAround("abcdefghij", "hij", 8), "…efghij"}, {clipAround("日本語テスト=x", "=x", 6), "…ト=x"},
		{clipAround("abcdefghijkl", "bc", 8), "abcdefg…"}, {clipAround("abcdefghijkl", "bcdefghijk", 6), "…bcde…"}, {clipAround("abc", "c", 3), "abc"}, {clipAround("abcdef", "x", 4), "abc…"},
		{Clip("abcdef", 4), "abc…"}, {Clip("abcd", 4), "abcd"}, {Clip("日本語テスト", 6), "日本…"}, {Clip("abc", 0), "abc"},
		{visible.Text("a\tb\u202ec\xff"), `a\tb\u202ec\xff`}, {visible.Text("früh 日本\u3000語"), "früh 日本\u3000語"}, {visible.Text("\U000e0041"), `\U000e0041`},
		{strings.Join(Wrap("aa bb cc dddddddd", 5), "|"), "aa bb|cc|dddddddd"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
