//go:build bench

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// gitleaksModule is what `make bench-history GITLEAKS=1` installs from the Go module proxy, to be run beside skant.
const gitleaksModule = "github.com/zricethezav/gitleaks/v8@v8.30.0"

// TestBenchHistory times `skant history` beside git and gitleaks and prints a table, in Markdown, and how far the figures are
// that it is to reach (docs/performance.md). It never fails because of a speed: a machine is never quiet enough for that,
// which is why everything runs in turn and ratios are those of one round. `make bench-history REPO=...` sets
// SKANT_BENCH_REPO, SKANT_BENCH_ROUNDS and SKANT_BENCH_GITLEAKS.
func TestBenchHistory(t *testing.T) {
	repo := os.Getenv("SKANT_BENCH_REPO")
	if repo == "" {
		t.Fatal("set SKANT_BENCH_REPO to a repository; make bench-history REPO=... does")
	}
	rounds := 3
	if text := os.Getenv("SKANT_BENCH_ROUNDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("SKANT_BENCH_ROUNDS: %q is no number of rounds", text)
		}
		rounds = n
	}
	b := newHistoryBench(t, repo)
	b.warm()
	for round := range rounds {
		for _, s := range b.subjects {
			b.run(s)
		}
		t.Logf("round %d of %d done", round+1, rounds)
	}
	b.gitleaks()
	t.Log("\n" + b.title(rounds) + "\n\n" + b.table() + "\n" + b.targets())
}

// subject is a command and what its runs took.
type subject struct {
	timed
	report string // where it writes its findings as JSON; empty if it has none
	runs   []cost
}

func (s *subject) walls() (out []float64) {
	for _, r := range s.runs {
		out = append(out, r.wall)
	}
	return out
}

// historyBench is one benchmark of one repository. Subjects that this program does not have are nil.
type historyBench struct {
	t                                                       *testing.T
	repo                                                    string
	objects                                                 int
	subjects                                                []*subject
	catFile, plain, oneWorker, first, second, otherScanners *subject
}

func newHistoryBench(t *testing.T, repo string) *historyBench {
	binary := filepath.Join(t.TempDir(), "skant")
	t.Setenv("CGO_ENABLED", "0") // as `make build` and releases do
	benchRun(t, "../", "go", "build", "-trimpath", "-o", binary, "./cmd/skant")
	help, err := exec.Command(binary, "history", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	has := func(flag string) bool { return strings.Contains(string(help), flag+" ") }

	b := &historyBench{t: t, repo: repo, objects: countObjects(t, repo)}
	add := func(s subject) *subject {
		s.dir = repo
		b.subjects = append(b.subjects, &s)
		return &s
	}
	report := filepath.Join(t.TempDir(), "report.json")
	skant := func(name string, more ...string) subject {
		args := append([]string{binary, "history", ".", "-o", "json=" + report, "--no-progress"}, more...)
		return subject{timed: timed{name: name, args: args}, report: report}
	}
	var plain []string
	if has("--no-cache") {
		plain = []string{"--no-cache"}
	}
	b.catFile = add(subject{timed: timed{name: "git cat-file, all objects", args: catFile}})
	b.plain = add(skant("skant history, no cache", plain...))
	one := skant("the same, one worker", plain...)
	for _, flag := range []string{"--workers", "--jobs"} {
		if has(flag) {
			one.args = append(one.args, flag+"=1")
		}
	}
	one.env = []string{"GOMAXPROCS=1"}
	b.oneWorker = add(one)
	if has("--no-cache") {
		cache := filepath.Join(t.TempDir(), "cache")
		first := skant("skant history, first run")
		first.env = []string{"SKANT_CACHE_DIR=" + cache}
		first.before = func() {
			if err := os.RemoveAll(cache); err != nil {
				t.Fatal(err)
			}
		}
		b.first = add(first)
		second := skant("skant history, second run")
		second.env = first.env
		b.second = add(second)
	}
	return b
}

// warm runs what the others do, once, so that the first round does not pay for reading the disk.
func (b *historyBench) warm() {
	for _, s := range []*subject{b.catFile, b.plain} {
		if _, err := once(s.timed); err != nil {
			b.t.Fatalf("%s: %v", s.name, err)
		}
	}
}

func (b *historyBench) run(s *subject) {
	c, err := once(s.timed)
	if err != nil {
		b.t.Fatalf("%s: %v", s.name, err)
	}
	s.runs = append(s.runs, c)
}

// gitleaks runs gitleaks once, which takes minutes, if it is installed or SKANT_BENCH_GITLEAKS asks for it.
func (b *historyBench) gitleaks() {
	program, err := exec.LookPath("gitleaks")
	if err != nil {
		if os.Getenv("SKANT_BENCH_GITLEAKS") == "" {
			b.t.Log("gitleaks is not installed; GITLEAKS=1 installs it from the Go module proxy for this run")
			return
		}
		bin := b.t.TempDir()
		b.t.Setenv("GOBIN", bin)
		benchRun(b.t, bin, "go", "install", gitleaksModule)
		program = filepath.Join(bin, "gitleaks")
	}
	report := filepath.Join(b.t.TempDir(), "gitleaks.json")
	s := &subject{report: report, timed: timed{name: "gitleaks git --log-opts=--all", dir: b.repo, args: []string{program, "git",
		"--log-opts=--all", "--no-banner", "--exit-code", "0", "--report-format", "json", "--report-path", report, "."}}}
	b.run(s)
	b.otherScanners = s
	b.subjects = append(b.subjects, s)
}

func (b *historyBench) title(rounds int) string {
	name := filepath.Base(b.repo)
	if name == ".git" || name == "repo" {
		name = filepath.Base(filepath.Dir(b.repo))
	}
	return fmt.Sprintf("%s, %d objects; rounds in turn: %d; %s, %d cores, %s/%s, %s", name, b.objects, rounds,
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// table is the result in Markdown. Sizes are in MB, of 1,000,000 bytes.
func (b *historyBench) table() string {
	rows := [][]string{{"", "wall s", "CPU s", "of cat-file", "anonymous MB", "resident MB", "findings"}, nil}
	for _, s := range b.subjects {
		var cpu []float64
		var anonymous, peak int64
		for _, r := range s.runs {
			cpu = append(cpu, r.cpu)
			anonymous, peak = max(anonymous, r.anonymous), max(peak, r.peak)
		}
		ofCatFile := "1"
		if s != b.catFile {
			ofCatFile = spread(b.ratios(s, b.catFile), "%.3f")
		}
		rows = append(rows, []string{s.name, fmt.Sprintf("%.2f", median(s.walls())), fmt.Sprintf("%.2f", median(cpu)),
			ofCatFile, megabytes(anonymous), megabytes(peak), b.findings(s)})
	}
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	var out strings.Builder
	for n, row := range rows {
		for i := range width {
			switch {
			case n == 1 && i == 0:
				out.WriteString("| " + strings.Repeat("-", width[i]))
			case n == 1:
				out.WriteString(" | " + strings.Repeat("-", width[i]-1) + ":")
			case i == 0:
				fmt.Fprintf(&out, "| %-*s", width[i], row[i])
			default:
				fmt.Fprintf(&out, " | %*s", width[i], row[i])
			}
		}
		out.WriteString(" |\n")
	}
	return out.String()
}

// ratios returns how much of other's time s took, round by round. One that ran only once is compared with the median.
func (b *historyBench) ratios(s, other *subject) (out []float64) {
	if len(s.runs) != len(other.runs) {
		return []float64{median(s.walls()) / median(other.walls())}
	}
	for i := range s.runs {
		out = append(out, s.runs[i].wall/other.runs[i].wall)
	}
	return out
}

// findings returns how many findings the last run of s wrote, and whether it could not read everything.
func (b *historyBench) findings(s *subject) string {
	if s.report == "" {
		return ""
	}
	data, err := os.ReadFile(s.report)
	if err != nil {
		b.t.Fatal(err)
	}
	var list []json.RawMessage // of gitleaks
	var report struct {
		Findings []json.RawMessage
		Coverage struct{ Complete bool }
	}
	if json.Unmarshal(data, &list) == nil {
		return strconv.Itoa(len(list))
	}
	if err := json.Unmarshal(data, &report); err != nil {
		b.t.Fatalf("%s: %v", s.name, err)
	}
	if !report.Coverage.Complete {
		return fmt.Sprintf("%d, incomplete", len(report.Findings))
	}
	return strconv.Itoa(len(report.Findings))
}

// targets says for each figure that is to be reached whether it is.
func (b *historyBench) targets() string {
	const small, large = 100_000, 500_000 // objects
	var out strings.Builder
	say := func(what, figure string, reached bool) {
		verdict := "not reached"
		if reached {
			verdict = "reached"
		}
		fmt.Fprintf(&out, "- %s: %s, %s\n", what, figure, verdict)
	}
	ofCatFile := b.ratios(b.plain, b.catFile)
	switch {
	case b.objects <= small:
		say("at most 0.6 of cat-file (small repository)", spread(ofCatFile, "%.3f"), median(ofCatFile) <= 0.6)
	case b.objects >= large:
		say("at most 0.20 of cat-file (large repository)", spread(ofCatFile, "%.3f"), median(ofCatFile) <= 0.20)
	default:
		fmt.Fprintf(&out, "- of cat-file, for which a repository of this size has no target: %s\n", spread(ofCatFile, "%.3f"))
	}
	if b.otherScanners != nil {
		times := median(b.otherScanners.walls()) / median(b.plain.walls())
		if b.objects >= large {
			say("at least 20 times as fast as gitleaks (large repository)", fmt.Sprintf("%.1f times", times), times >= 20)
		} else {
			fmt.Fprintf(&out, "- as fast as gitleaks, for which a repository of this size has no target: %.1f times\n", times)
		}
	}
	var anonymous int64
	for _, r := range b.plain.runs {
		anonymous = max(anonymous, r.anonymous)
	}
	if anonymous > 0 {
		say("at most 300 MB beside the mapped pack", megabytes(anonymous)+" MB", anonymous <= 300e6)
	}
	if workers := runtime.NumCPU(); workers > 1 {
		times := b.ratios(b.oneWorker, b.plain)
		say(fmt.Sprintf("%d workers at least 1.7 times one", workers), spread(times, "%.2f")+" times", median(times) >= 1.7)
	}
	if b.second == nil {
		out.WriteString("- second run at most 0.05 of the first: this build has no cache\n")
		return out.String()
	}
	second := b.ratios(b.second, b.first)
	say("second run at most 0.05 of the first", spread(second, "%.3f"), median(second) <= 0.05)
	return out.String()
}

// spread prints the median of a list and, if there are several, its ends.
func spread(list []float64, format string) string {
	if len(list) == 1 {
		return fmt.Sprintf(format, list[0])
	}
	return fmt.Sprintf(format+" ("+format+" to "+format+")", median(list), slices.Min(list), slices.Max(list))
}

func megabytes(n int64) string {
	if n == 0 {
		return "?"
	}
	return strconv.FormatInt(n/1e6, 10)
}

// countObjects returns the number of objects in a repository's own store, as git counts them.
func countObjects(t *testing.T, repo string) (n int) {
	cmd := exec.Command("git", "count-objects", "-v")
	cmd.Dir = repo
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^(?:count|in-pack): (\d+)$`).FindAllStringSubmatch(string(out), -1) {
		part, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		n += part
	}
	return n
}
