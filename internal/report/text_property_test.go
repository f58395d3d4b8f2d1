package report

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// oddTexts are what names in a repository may be.
var oddTexts = []string{
	"plain", "two words", "früh|stück", "日本語の名前", "👩‍👩‍👧‍👦 family", "e\u0301e\u0301", "🇩🇪🇫🇷", "☂\ufe0f", "\u0301", "a\x1b[31mb", "\x1b]8;;https://evil.example\x1b\\x", "\x9b31m", "\u202egnp.exe",
	"a\nb", "a\rb", "x\x07y", "\xff\xfe", "very/long/path/with/many/parts/and/no/end/in/sight/config.production.env", strings.Repeat("w", 150), strings.Repeat("字", 60), "%1b%5c", "a;b", "..", "-rf", "",
}

// textReport is a report with odd names in every place, of any command, with secrets in many places and objects that were purged.
func textReport(r *rand.Rand) *scanner.Report {
	odd := func() string { return oddTexts[r.IntN(len(oddTexts))] }
	kinds := []scanner.Kind{scanner.KindFile, scanner.KindStaged, scanner.KindCommitContent, scanner.KindCommitMessage, scanner.KindAuthor, scanner.KindStdin,
		scanner.KindUnreachable, scanner.KindReflog, scanner.KindGitConfig, scanner.KindStash, "\x1b[4m"}
	verdicts := []scanner.Verdict{scanner.NotAsked, scanner.Live, scanner.Restricted, scanner.Dead, scanner.Unknown, "\x1b[5m"}
	rep := &scanner.Report{Command: []string{"scan", "history", "staged", "pre-push", "pre-receive", odd()}[r.IntN(6)], ListSuppressed: true}
	if r.IntN(2) == 0 {
		rep.Repository = &scanner.Repository{URI: []string{"https://github.com/OWNER/example", "https://gitlab.example/a/b", "https://x.example/" + odd(), odd()}[r.IntN(4)]}
	}
	for n := range 1 + r.IntN(8) {
		fingerprint := fmt.Sprintf("%032x", r.Uint64()) + odd()
		rule := []string{"anthropic-api-key", odd(), scanner.PurgedObjectRule}[r.IntN(3)]
		for range 1 + r.IntN(14) {
			f := scanner.Finding{Fingerprint: fingerprint, RuleID: rule, Title: odd(), Severity: []rules.Severity{rules.Critical, rules.Low, "\x1b[1m"}[r.IntN(3)],
				Confidence: rules.MediumConfidence, Excerpt: odd(), Verdict: verdicts[r.IntN(len(verdicts))], Reasons: []string{odd(), odd()}, Purged: r.IntN(5) == 0,
				Location: at(odd(), r.IntN(4000), r.IntN(200), 0, kinds[r.IntN(len(kinds))], nil, fmt.Sprintf("%040x", r.Uint64()))}
			f.Location.Decoded = []string{odd()}[:r.IntN(2)]
			f.Location.Member = []string{"", odd()}[r.IntN(2)]
			f.Facts = map[string]string{}
			for range r.IntN(12) {
				f.Facts[odd()+fmt.Sprint(r.IntN(9))] = odd()
			}
			if r.IntN(2) == 0 {
				f.Location.Commit = &scanner.Commit{ID: []string{id("a"), odd()}[r.IntN(2)], Author: odd(), Email: odd(), Date: day(4), Summary: odd()}
				f.Exposure = &scanner.Exposure{InHead: r.IntN(2) == 0}
			}
			if r.IntN(3) == 0 {
				f.Verification = &scanner.Verification{Host: odd(), Says: odd(), Do: odd(), Learned: map[string]string{odd(): odd()}, Status: 200}
			}
			if n == 0 && r.IntN(2) == 0 {
				f.Suppressed = &scanner.Suppression{By: odd(), Where: odd(), Reason: odd()}
			}
			rep.Findings = append(rep.Findings, f)
		}
	}
	rep.Coverage.Skipped = []scanner.Skip{{What: odd(), Reason: odd(), Count: 9, Unread: r.IntN(2) == 0, Items: []string{odd(), odd(), odd(), odd(), odd(), odd(), odd()}}}
	return rep
}

func textWith(t *testing.T, rep *scanner.Report, opt TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, rep, sampleRules(), opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestTextLosesNothingWhenPiped: every fingerprint and every place of the report stands in what goes to a pipe or a file, by itself or in
// words for a screen reader.
func TestTextLosesNothingWhenPiped(t *testing.T) {
	for seed := range uint64(300) {
		rep := textReport(rand.New(rand.NewPCG(seed, 1)))
		text, words := textWith(t, rep, TextOptions{}), textWith(t, rep, TextOptions{Plain: true})
		for i := range rep.Findings {
			f := &rep.Findings[i]
			place := Where(f)
			if f.RuleID == scanner.PurgedObjectRule && f.Suppressed == nil { // a whole object has no line
				place = f.Location.Object
			}
			for _, want := range []string{visible.Text(f.Fingerprint), place} {
				if !strings.Contains(text, want) {
					t.Fatalf("seed %d: %q is not in the text:\n%s", seed, want, text)
				}
			}
			inWords := []string{visible.Text(f.Fingerprint), visible.Text(f.Location.Path)}
			if f.RuleID != scanner.PurgedObjectRule && f.Suppressed == nil {
				inWords = append(inWords, fmt.Sprintf("\nLine: %d\nColumn: %d\n", f.Location.StartLine, f.Location.StartColumn))
			}
			for _, want := range inWords {
				if !strings.Contains(words, want) {
					t.Fatalf("seed %d: %q is not in the plain text:\n%s", seed, want, words)
				}
			}
			for _, fact := range []string{f.Excerpt} {
				if f.Suppressed == nil && rep.Command == "scan" && f.RuleID != scanner.PurgedObjectRule && !strings.Contains(text, visible.Text(fact)) {
					t.Fatalf("seed %d: %q is not in the text:\n%s", seed, fact, text)
				}
			}
		}
		for _, item := range rep.Coverage.Skipped[0].Items {
			if !strings.Contains(text, "    "+strings.TrimRight(visible.Text(item), " ")) {
				t.Fatalf("seed %d: %q is not in the text:\n%s", seed, item, text)
			}
		}
		if strings.Contains(text+words, "\x1b") {
			t.Fatalf("seed %d: an escape in a pipe", seed)
		}
	}
}

// allowedEscapes are the colours and the links that the text format writes. A link has no character but those of an address.
var allowedEscapes = regexp.MustCompile(`\x1b\[[0-9;]*m|\x1b\]8;;\x1b\\|\x1b\]8;id=skant[0-9]+;(file|https)://[A-Za-z0-9/%._~:+@,-]*\x1b\\`)

// TestTextFitsTheTerminal: no line is wider than the terminal, at any width; whatever stands in a report, nothing but our own colours and
// links acts on the terminal; each colour and each link ends in its line.
func TestTextFitsTheTerminal(t *testing.T) {
	links := &Links{Root: "/srv/o\x1bdd", Host: "h\x1b"}
	for width := 20; width <= 200; width++ {
		for seed := range uint64(6) {
			r := rand.New(rand.NewPCG(seed, uint64(width)))
			rep := textReport(r)
			if links.Root = "/srv/example"; seed == 5 {
				links.Root = oddTexts[r.IntN(len(oddTexts))]
			}
			text := textWith(t, rep, TextOptions{Color: seed%2 == 0, Width: width, Cut: seed%3 > 0, Summary: true, Links: links, All: "skant scan 'some where' | less"})
			for _, line := range strings.Split(text, "\n") {
				bare := allowedEscapes.ReplaceAllString(line, "")
				if visible.Text(bare) != bare {
					t.Fatalf("width %d, seed %d: not neutralised: %q", width, seed, line)
				}
				command := strings.HasPrefix(bare, "  skant ") || strings.HasPrefix(bare, "  git ") // not folded
				if w := uniseg.StringWidth(bare); w > width && !command {
					t.Fatalf("width %d, seed %d: %d cells: %q", width, seed, w, bare)
				}
				if n := strings.Count(line, "\x1b]8;"); n%2 != 0 || n > 0 && strings.LastIndex(line, "\x1b]8;") != strings.LastIndex(line, "\x1b]8;;\x1b\\") {
					t.Fatalf("width %d, seed %d: a link does not end: %q", width, seed, line)
				}
				if at := strings.LastIndex(line, "\x1b["); at >= 0 && !regexp.MustCompile(`^\x1b\[(0|22|0;22|24|23)m`).MatchString(line[at:]) {
					t.Fatalf("width %d, seed %d: a colour does not end: %q", width, seed, line)
				}
			}
		}
	}
}

// TestTextFoldsWithoutLoss: what is folded can be put together again.
func TestTextFoldsWithoutLoss(t *testing.T) {
	rep := stagedReport(t)
	rep.Command = "scan"
	path := strings.Repeat("folder字/", 30) + "end.env"
	rep.Findings[0].Location.Path = path
	for width := 20; width <= 200; width += 7 {
		text := textWith(t, rep, TextOptions{Width: width, Cut: true})
		if joined := strings.ReplaceAll(strings.ReplaceAll(text, "\n", ""), " ", ""); !strings.Contains(joined, path+":3:19") || !strings.Contains(joined, "v1:"+strings.Repeat("3f9a", 8)) {
			t.Errorf("width %d: the path is lost:\n%s", width, text)
		}
	}
}

// TestExcerptsAreCut: on a terminal a long line of a file takes one line; in a pipe it is whole.
func TestExcerptsAreCut(t *testing.T) {
	rep := stagedReport(t)
	rep.Command, rep.Findings[0].Excerpt = "scan", strings.Repeat("long ", 100)+"end"
	if text := textWith(t, rep, TextOptions{Width: 80, Cut: true}); strings.Contains(text, "end") || strings.Count(text, "long long") != 7 {
		t.Errorf("on a terminal:\n%s", text)
	}
	if text := textWith(t, rep, TextOptions{}); !strings.Contains(text, rep.Findings[0].Excerpt) {
		t.Errorf("in a pipe:\n%s", text)
	}
}

// TestFoldedRowsHaveNoHoles: what stands in columns where it fits has two spaces between its parts where it does not.
func TestFoldedRowsHaveNoHoles(t *testing.T) {
	rep := manyPlaces(t, 2)
	for i := range rep.Findings {
		f := &rep.Findings[i]
		f.Location.Commit = &scanner.Commit{ID: id("a"), Author: []string{"Ann", "Bartholomew Example"}[i], Date: day(4)}
		f.Location.Kind, f.Exposure = scanner.KindCommitContent, &scanner.Exposure{InHead: true}
	}
	rep.Findings[0].Location.Path = strings.Repeat("long/", 8) + "name.env"
	if text := textWith(t, rep, TextOptions{Width: 80}); !strings.Contains(text, "  Ann  in HEAD\n") {
		t.Error(text)
	}
	if text := textWith(t, rep, TextOptions{Width: 120}); !strings.Contains(text, "  Ann                  in HEAD\n") {
		t.Error(text)
	}
}

// TestCommandsAreNotFolded: a command that is shown can be copied from a terminal of any width, and from a pipe, and means the same there.
func TestCommandsAreNotFolded(t *testing.T) {
	rep := stagedReport(t)
	for _, c := range []struct{ up, path, want string }{
		{"", "two  words and " + strings.Repeat("many more ", 12) + ".env", "'two  words and " + strings.Repeat("many more ", 12) + ".env':3"},
		{"../../", "a/b.env", "../../a/b.env:3"},
		{"", "-rf.env", "./-rf.env:3"},
	} {
		rep.Findings[0].Location.Path = c.path
		for _, opt := range []TextOptions{{}, {Width: 20, Cut: true}, {Width: 80, Color: true}, {Plain: true}} {
			opt.Up, opt.All = c.up, "skant scan 'a  b' | less"
			text := allowedEscapes.ReplaceAllString(textWith(t, rep, opt), "")
			if !strings.Contains(text, "skant explain "+c.want+"\n") {
				t.Errorf("%+v: no %q in\n%s", opt, c.want, text)
			}
		}
	}
	rep = manyPlaces(t, 25)
	if text := textWith(t, rep, TextOptions{Width: 20, Cut: true, All: "skant scan 'a  b' | less"}); !strings.HasSuffix(text, "\nAll of it:\n  skant scan 'a  b' | less\n") {
		t.Errorf("all of it:\n%s", text)
	}
}

// TestHugeWords: what is folded takes time in proportion to its length, whatever it is made of.
func TestHugeWords(t *testing.T) {
	rep := stagedReport(t)
	rep.Command = "scan"
	for _, word := range []string{"x", "字", "a" + strings.Repeat("\u0301", 60)} {
		rep.Findings[0].RuleID, rep.Findings[0].Location.Path = strings.Repeat(word, 300_000/len(word)), strings.Repeat(word, 300_000/len(word))
		start := time.Now()
		text := textWith(t, rep, TextOptions{Width: 20})
		if took := time.Since(start); took > 20*time.Second || len(text) < 600_000 {
			t.Errorf("%.4q: %s for %d bytes", word, took, len(text))
		}
		text = textWith(t, rep, TextOptions{Width: 20, Cut: true, All: "skant scan . | less"})
		if n := strings.Count(text, "\n"); n > 150 || !strings.Contains(text, "…") || !strings.Contains(text, "All of it") {
			t.Errorf("%.4q: %d lines on a terminal", word, n)
		}
	}
}

// TestCutListsSayHowToSeeAll: what is left out on a terminal is counted, and the command that shows it is named once.
func TestCutListsSayHowToSeeAll(t *testing.T) {
	for _, c := range []struct {
		places int
		cut    bool
		want   int
	}{{25, true, 1}, {10, true, 0}, {25, false, 0}} {
		text := textWith(t, manyPlaces(t, c.places), TextOptions{Cut: c.cut, All: "skant scan . | less"})
		if got := strings.Count(text, "All of it: skant scan . | less"); got != c.want || strings.Contains(text, "and 15 more places") != (c.want == 1) {
			t.Errorf("%d places, cut %t:\n%s", c.places, c.cut, text)
		}
	}
}
