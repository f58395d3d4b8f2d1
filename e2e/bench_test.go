//go:build bench

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestBench times the program beside git and prints a table. It asserts nothing about time: a machine is never quiet
// enough for that. SKANT_BENCH_REPO names the repository that is read; `make bench REPO=...` sets it.
func TestBench(t *testing.T) {
	binary := benchBuild(t)
	repo := os.Getenv("SKANT_BENCH_REPO")
	if repo == "" {
		repo = ".."
	}
	t.Logf("history of %s: 3 rounds in turn", filepath.Base(repo))
	compare(t, 3,
		timed{name: "skant history", dir: repo, args: []string{binary, "history", ".", "-o", "json=" + filepath.Join(t.TempDir(), "out.json"), "--no-progress", "--no-cache"}},
		timed{name: "git cat-file (all objects)", dir: repo, args: catFile},
		timed{name: "git log -p -U0 --all", dir: repo, args: []string{"git", "log", "-p", "-U0", "--all", "--no-ext-diff", "--no-textconv"}})
}

// benchBuild builds the program as releases are built.
func benchBuild(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "skant")
	t.Setenv("CGO_ENABLED", "0")
	benchRun(t, "../", "go", "build", "-trimpath", "-o", binary, "./cmd/skant")
	return binary
}

// catFile prints every object of a repository: the least that anything built on git's own output can cost.
var catFile = []string{"git", "cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer"}

// timed is a command to time.
type timed struct {
	name, dir string
	args      []string
	env       []string // beside that of this process
	before    func()   // runs untimed before each run; may be nil
}

// cost is what one run of a command took. Sizes are in bytes, 0 where the system does not tell.
type cost struct {
	wall, cpu       float64 // seconds; cpu is that of the kernel and of child processes, too
	anonymous, peak int64   // the greatest anonymous and the greatest resident size; the latter has mapped files
	exit            int
}

// compare runs commands in turn, after one run of each that is not counted, and prints seconds, the ratio of each round to
// the others' in the same round, that of processor time, which says more on a busy machine, and peak memory.
func compare(t *testing.T, rounds int, cmds ...timed) {
	t.Helper()
	cmds = slices.DeleteFunc(cmds, func(c timed) bool {
		_, err := once(c)
		if err != nil {
			t.Logf("left out: %s: %v", c.name, err) // git cannot print the patches of a partial clone, for one
		}
		return err != nil
	})
	seconds, cpu := make([][]float64, len(cmds)), make([][]float64, len(cmds))
	peak := make([]int64, len(cmds))
	for range rounds {
		for i, c := range cmds {
			run, err := once(c)
			if err != nil {
				t.Fatal(err)
			}
			seconds[i], cpu[i] = append(seconds[i], run.wall), append(cpu[i], run.cpu)
			peak[i] = max(peak[i], run.peak)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-28s %9s %9s %9s %9s %9s %12s\n", "", "min s", "median s", "max s", "CPU s", "peak MiB", cmds[0].name+" is")
	for i, c := range cmds {
		ratio := ""
		if i > 0 {
			var wall, processor []float64
			for round := range seconds[0] {
				wall = append(wall, seconds[0][round]/seconds[i][round])
				processor = append(processor, cpu[0][round]/cpu[i][round])
			}
			ratio = fmt.Sprintf("%.2f of it, of its CPU %.2f", median(wall), median(processor))
		}
		fmt.Fprintf(&b, "%-28s %9.4f %9.4f %9.4f %9.4f %9d   %s\n",
			c.name, slices.Min(seconds[i]), median(seconds[i]), slices.Max(seconds[i]), median(cpu[i]), peak[i]>>20, ratio)
	}
	t.Log(b.String())
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// once runs a command with its output thrown away. Findings and incomplete coverage are no failure here.
func once(c timed) (cost, error) {
	if c.before != nil {
		c.before()
	}
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, err
	}
	stop, anonymous := make(chan struct{}), make(chan int64)
	go func() { anonymous <- watchAnonymous(cmd.Process.Pid, stop) }()
	err := cmd.Wait()
	run := cost{wall: time.Since(start).Seconds()}
	close(stop)
	run.anonymous = <-anonymous
	run.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	run.peak = peakMemory(cmd.ProcessState)
	run.exit = cmd.ProcessState.ExitCode()
	var exit *exec.ExitError
	if errors.As(err, &exit) && (run.exit == 1 || run.exit == 3) {
		err = nil
	}
	if err != nil {
		return cost{}, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return run, nil
}

// watchAnonymous returns the greatest anonymous memory that a process was seen with until stop is closed: what it holds
// beside mapped files. Only Linux tells.
func watchAnonymous(pid int, stop <-chan struct{}) (greatest int64) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return greatest
		case <-tick.C:
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		if _, rest, ok := bytes.Cut(status, []byte("RssAnon:")); ok {
			var kibibytes int64
			if _, err := fmt.Sscan(string(rest), &kibibytes); err == nil {
				greatest = max(greatest, kibibytes<<10)
			}
		}
	}
}

// stagedRepository makes a repository of 2,000 files in 100 folders, 10 of them changed and staged. With later set that is
// done more than a second after the commit, as people do: otherwise git cannot tell by their times that the other files
// have not changed, and forgets what it knew of their folders.
func stagedRepository(t *testing.T, later bool) string {
	t.Helper()
	dir := t.TempDir()
	benchRun(t, dir, "git", "init", "-q")
	line := "\treturn fmt.Errorf(\"line %d of a file that is like any other\", n)\n"
	write := func(i int, more string) {
		name := filepath.Join(dir, fmt.Sprintf("dir%02d", i%100), fmt.Sprintf("file%04d.go", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(fmt.Sprintf("// file %d\n", i)+strings.Repeat(line, 40)+more), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2000 {
		write(i, "")
	}
	benchRun(t, dir, "git", "add", ".")
	benchRun(t, dir, "git", "-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qm", "all")
	benchRun(t, dir, "git", "repack", "-adq")
	if later {
		time.Sleep(1100 * time.Millisecond)
		benchRun(t, dir, "git", "update-index", "--really-refresh")
	}
	for i := range 10 {
		write(i*177, "// changed\n")
	}
	benchRun(t, dir, "git", "add", ".")
	return dir
}

func benchRun(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}
