//go:build bench

package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/scanner"
)

// TestBenchPrecision counts what skant reports on trees and histories of real repositories, beside gitleaks, and prints
// findings per MB in Markdown: by repository, and by rule and confidence. It judges nothing and never fails because of a
// figure. No secret is printed or kept: skant's reports are redacted, and gitleaks is told to redact its own.
// `make bench-precision` sets
//
//	SKANT_PRECISION_REPOS     repositories, separated by spaces, bare ones among them
//	SKANT_PRECISION_WHAT      "trees" or "histories", if not both
//	SKANT_PRECISION_OUT       a file to which every finding of the default confidence goes, a line each, for people to judge
//	SKANT_PRECISION_KEEP      a folder where trees, and what gitleaks said, are kept for the next run
//	SKANT_PRECISION_PROGRAM   a skant that is built already
//	SKANT_PRECISION_GITLEAKS  "no" to leave gitleaks out, which takes most of the time
func TestBenchPrecision(t *testing.T) {
	repos := strings.Fields(os.Getenv("SKANT_PRECISION_REPOS"))
	if len(repos) == 0 {
		t.Fatal("set SKANT_PRECISION_REPOS to repositories; make bench-precision SKANT_PRECISION_REPOS=\"...\" does")
	}
	b := newPrecisionBench(t)
	what := os.Getenv("SKANT_PRECISION_WHAT")
	if what != "histories" {
		trees := b.run(repos, "trees", b.tree)
		t.Log("\n" + trees.table())
		t.Log("\n" + trees.byRule())
	}
	if what != "trees" {
		histories := b.run(repos, "histories", b.history)
		t.Log("\n" + histories.table())
		t.Log("\n" + histories.byRule())
	}
}

// precisionBench is one run over several repositories.
type precisionBench struct {
	t               *testing.T
	skant, gitleaks string        // programs; gitleaks is empty if it is left out
	keep            string        // the folder of trees
	out             *bufio.Writer // findings for people to read; nil if nobody asked
}

func newPrecisionBench(t *testing.T) *precisionBench {
	b := &precisionBench{t: t, skant: os.Getenv("SKANT_PRECISION_PROGRAM"), keep: os.Getenv("SKANT_PRECISION_KEEP")}
	if b.skant == "" {
		b.skant = filepath.Join(t.TempDir(), "skant")
		t.Setenv("CGO_ENABLED", "0") // as `make build` and releases do
		benchRun(t, "../", "go", "build", "-trimpath", "-o", b.skant, "./cmd/skant")
	}
	if os.Getenv("SKANT_PRECISION_GITLEAKS") != "no" {
		program, err := exec.LookPath("gitleaks")
		if err != nil {
			bin := t.TempDir()
			t.Setenv("GOBIN", bin)
			benchRun(t, bin, "go", "install", gitleaksModule)
			program = filepath.Join(bin, "gitleaks")
		}
		b.gitleaks = program
	}
	if b.keep == "" {
		b.keep = t.TempDir()
	}
	if name := os.Getenv("SKANT_PRECISION_OUT"); name != "" {
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		b.out = bufio.NewWriter(file)
		fmt.Fprintln(b.out, "where\trepository\trule\tconfidence\tplace\tredacted\texcerpt")
		t.Cleanup(func() {
			if err := b.out.Flush(); err != nil {
				t.Error(err)
			}
			if err := file.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return b
}

func (b *precisionBench) run(repos []string, what string, one func(repo string) *precision) *precisions {
	all := &precisions{what: what, gitleaks: b.gitleaks != ""}
	for _, repo := range repos {
		start := time.Now()
		p := one(repo)
		p.name = repositoryName(repo)
		b.write(what, p)
		b.t.Logf("%s of %s: %.0f s", what, p.name, time.Since(start).Seconds())
		all.list = append(all.list, p)
	}
	return all
}

// repositoryName is what a repository is called in tables: the name of its folder, or that of the folder around it.
func repositoryName(repo string) string {
	name := filepath.Base(repo)
	if name == ".git" || name == "repo" {
		name = filepath.Base(filepath.Dir(repo))
	}
	return strings.TrimSuffix(name, ".git")
}

// tree scans the files of HEAD.
func (b *precisionBench) tree(repo string) *precision {
	dir := filepath.Join(b.keep, repositoryName(repo)+"-"+gitOutput(b.t, repo, "rev-parse", "HEAD^{tree}")[:12])
	bytes := layTree(b.t, repo, dir)
	report := filepath.Join(b.t.TempDir(), "report.json")
	p := &precision{bytes: bytes}
	p.findings = b.report(report, timed{name: "skant scan", dir: dir, args: []string{b.skant, "scan", ".", "--no-ignore",
		"--no-progress", "-o", "json=" + report}}).Findings
	p.gitleaks, p.stopped = b.leaks(dir+".gitleaks", func() string { return dir }, "dir", ".")
	return p
}

// history scans everything in the object store.
func (b *precisionBench) history(repo string) *precision {
	report := filepath.Join(b.t.TempDir(), "report.json")
	r := b.report(report, timed{name: "skant history", dir: repo, args: []string{b.skant, "history", ".", "--no-cache",
		"--no-progress", "-o", "json=" + report}})
	p := &precision{bytes: r.Coverage.Bytes, findings: r.Findings}
	refs := sha256.Sum256([]byte(gitOutput(b.t, repo, "for-each-ref")))
	kept := filepath.Join(b.keep, fmt.Sprintf("%s-%x.history.gitleaks", repositoryName(repo), refs[:6]))
	p.gitleaks, p.stopped = b.leaks(kept, func() string { return completed(b.t, repo) }, "git", "--log-opts=--all", ".")
	return p
}

// report runs skant and reads the report that it wrote.
func (b *precisionBench) report(name string, c timed) *scanner.Report {
	if _, err := once(c); err != nil {
		b.t.Fatalf("%s: %v", c.dir, err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		b.t.Fatal(err)
	}
	var r scanner.Report
	if err := json.Unmarshal(data, &r); err != nil {
		b.t.Fatalf("%s: %v", c.dir, err)
	}
	return &r
}

// leaks runs gitleaks in a folder and returns how often each of its rules fired, and whether it stopped before the end. What
// it said the last time is kept, because it takes most of the time and says the same.
func (b *precisionBench) leaks(kept string, dir func() string, args ...string) (counts map[string]int, stopped bool) {
	if b.gitleaks == "" {
		return nil, false
	}
	if data, err := os.ReadFile(kept); err == nil && json.Unmarshal(data, &counts) == nil {
		return counts, false
	}
	report := filepath.Join(b.t.TempDir(), "gitleaks.json")
	cmd := exec.Command(b.gitleaks, append([]string{args[0], "--redact", "--no-banner", "--no-color", "--exit-code", "0",
		"--report-format", "json", "--report-path", report}, args[1:]...)...)
	cmd.Dir = dir()
	said, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("%s: gitleaks: %v: %s", cmd.Dir, err, said)
	}
	// It goes on to its report when git ends early, and its exit status says nothing of it.
	if stopped = strings.Contains(string(said), " ERR "); stopped {
		b.t.Logf("%s: gitleaks stopped before the end", cmd.Dir)
	}
	data, err := os.ReadFile(report)
	if err != nil {
		b.t.Fatal(err)
	}
	var found []struct{ RuleID string }
	if err := json.Unmarshal(data, &found); err != nil {
		b.t.Fatalf("%s: gitleaks: %v", cmd.Dir, err)
	}
	counts = map[string]int{}
	for _, f := range found {
		counts[f.RuleID]++
	}
	if data, err = json.Marshal(counts); err == nil && !stopped {
		err = os.WriteFile(kept, data, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return counts, stopped
}

// write notes every finding for a person to judge.
func (b *precisionBench) write(what string, p *precision) {
	if b.out == nil {
		return
	}
	clean := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")
	for i := range p.findings {
		f := &p.findings[i]
		place := fmt.Sprintf("%s:%d", f.Location.Place(), f.Location.StartLine)
		if f.Location.Commit != nil {
			place += "@" + f.Location.Commit.ID[:min(8, len(f.Location.Commit.ID))]
		}
		line := []string{what, p.name, f.RuleID, string(f.Confidence), clean.Replace(place), f.Secret.Redacted(), clean.Replace(f.Excerpt)}
		fmt.Fprintln(b.out, strings.Join(line, "\t"))
	}
}
