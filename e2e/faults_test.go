//go:build e2e && (linux || darwin || freebsd)

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mostHeld is how much memory a scan may take at its peak, in bytes, whatever the size of what it reads.
const mostHeld = 150 << 20

// huge is the size of the largest file of these tests: 1 GiB.
const huge = 1 << 30

// report is what these tests look at in a JSON report.
type report struct {
	Coverage struct {
		Complete bool   `json:"complete"`
		Bytes    int64  `json:"bytes"`
		Skipped  []skip `json:"skipped"`
	} `json:"coverage"`
	Findings []struct {
		Location struct {
			Path      string `json:"path"`
			Kind      string `json:"kind"`
			Offset    int64  `json:"offset"`
			StartLine int    `json:"start_line"`
		} `json:"location"`
	} `json:"findings"`
}

type skip struct {
	Reason string   `json:"reason"`
	Items  []string `json:"items"`
}

// scan runs skant, with no memory of earlier runs, and reads its report. Whoever gets the process may do something to
// it while it runs.
func (r *workRepo) scan(in io.Reader, meanwhile func(*os.Process), args ...string) (code int, rep report, peak int64) {
	r.t.Helper()
	cmd := exec.Command(skant, append(args, "--no-progress", "-o", "json")...)
	var out, messages bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = r.dir, in, &out, &messages
	cmd.Env = append(slices.Clone(r.env), "XDG_CACHE_HOME="+r.t.TempDir())
	forgetPeak(r.t)
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	if meanwhile != nil {
		meanwhile(cmd.Process)
	}
	err := cmd.Wait()
	code = cmd.ProcessState.ExitCode()
	if code != 0 && code != 1 && code != 3 {
		r.t.Fatalf("skant %q: %v\n%s", args, err, messages.Bytes())
	}
	if err := json.Unmarshal(out.Bytes(), &rep); err != nil {
		r.t.Fatalf("skant %q: %v", args, err)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = usage.Maxrss
		if runtime.GOOS != "darwin" { // which counts in bytes
			peak *= 1024
		}
	}
	return code, rep, peak
}

// forgetPeak has Linux forget how much memory the tests have taken so far: it counts what a process was before it became another program as
// that one's, so that a scan after a test that holds an archive would seem to take as much as that.
func forgetPeak(t *testing.T) {
	t.Helper()
	debug.FreeOSMemory()
	if runtime.GOOS != "linux" {
		return
	}
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Logf("the peak of the scan may be that of the tests: %v", err)
	}
}

// writeHuge writes zeros, with a line at each of some offsets.
func (r *workRepo) writeHuge(name, line string, offsets ...int64) {
	r.t.Helper()
	f, err := os.Create(filepath.Join(r.dir, name))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, at := range offsets {
		if _, err := f.WriteAt([]byte("\n"+line+"\n"), at); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := f.Truncate(huge); err != nil {
		r.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		r.t.Fatal(err)
	}
}

// TestHugeFile reads a file of 1 GiB in every way that there is: all of it, in little memory.
func TestHugeFile(t *testing.T) {
	r := newRepo(t)
	r.write("small", "nothing\n")
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "one")
	offsets := []int64{8<<20 - 50, huge / 2, huge - 300}
	r.writeHuge("huge.bin", "key = "+newSecret(t), offsets...)
	check := func(kind string, in io.Reader, args ...string) {
		t.Helper()
		code, rep, peak := r.scan(in, nil, args...)
		if code != 1 || !rep.Coverage.Complete || rep.Coverage.Bytes < huge || len(rep.Findings) != len(offsets) {
			t.Errorf("skant %q: exit %d, %d findings, coverage %+v", args, code, len(rep.Findings), rep.Coverage)
		}
		for i, f := range rep.Findings {
			if l := f.Location; i < len(offsets) && (l.Offset != offsets[i]+7 || l.StartLine != 2*i+2 || l.Kind != kind) {
				t.Errorf("skant %q: finding %d is at %+v, want offset %d", args, i, l, offsets[i]+7)
			}
		}
		if peak > mostHeld {
			t.Errorf("skant %q took %d MiB", args, peak>>20)
		}
		t.Logf("skant %q: %d MiB", args, peak>>20)
	}
	check("file", nil, "scan", "huge.bin")
	f, err := os.Open(filepath.Join(r.dir, "huge.bin"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	check("stdin", f, "scan", "-")
	r.git("add", "huge.bin")
	check("staged", nil, "staged")
	r.git("commit", "-q", "-m", "two")
	check("commit-content", nil, "diff", "HEAD~1..HEAD")
	check("commit-content", nil, "history")
	if code, rep, _ := r.scan(nil, nil, "history", "--max-size", "900MiB"); code != 3 || rep.Coverage.Complete {
		t.Errorf("beyond the bound: exit %d, coverage %+v", code, rep.Coverage)
	}
	id := strings.TrimSpace(r.git("rev-parse", "HEAD:huge.bin"))
	r.damagePacks()
	code, rep, peak := r.scan(nil, nil, "history")
	named := slices.ContainsFunc(rep.Coverage.Skipped, func(s skip) bool { return slices.Contains(s.Items, id) })
	if code != 1 && code != 3 || rep.Coverage.Complete || !named || peak > mostHeld {
		t.Errorf("damaged: exit %d, %d MiB, coverage %+v", code, peak>>20, rep.Coverage)
	}
}

// damagePacks changes a stretch of each pack.
func (r *workRepo) damagePacks() {
	r.t.Helper()
	packs, err := filepath.Glob(filepath.Join(r.dir, ".git", "objects", "pack", "*.pack"))
	if err != nil || len(packs) == 0 {
		r.t.Fatalf("%d packs, %v", len(packs), err)
	}
	for _, path := range packs {
		data, err := os.ReadFile(path)
		if err != nil {
			r.t.Fatal(err)
		}
		// A single bit may be one of a distance, and between zeros one distance is as good as another.
		for i := range 100 {
			data[len(data)*2/3+i] ^= byte(0x55 + i)
		}
		if err := os.Remove(path); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestInterrupted ends a scan of the history in the middle: what was found so far is reported, and that it is not all.
func TestInterrupted(t *testing.T) {
	for _, with := range []bool{true, false} {
		r := newRepo(t)
		text := "nothing\n"
		if with {
			text = "key = " + newSecret(t) + "\n"
		}
		r.write("small", text)
		r.git("add", "-A")
		r.git("commit", "-q", "-m", "one")
		r.git("repack", "-q", "-a", "-d") // the larger number of objects comes first
		r.writeHuge("huge.bin", "text")
		r.git("add", "huge.bin")
		want := 3
		if with {
			want = 1
		}
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			code, rep, _ := r.scan(nil, func(p *os.Process) {
				time.Sleep(500 * time.Millisecond)
				if err := p.Signal(signal); err != nil {
					t.Errorf("%s: the scan has ended before it could be interrupted: %v", signal, err)
				}
			}, "history")
			if code != want || rep.Coverage.Complete || (len(rep.Findings) > 0) != with {
				t.Errorf("%s: exit %d, want %d; %d findings, coverage %+v", signal, code, want, len(rep.Findings), rep.Coverage)
			}
			if len(rep.Coverage.Skipped) == 0 || !strings.Contains(rep.Coverage.Skipped[0].Reason, "interrupted") {
				t.Errorf("%s: nothing says that the scan was interrupted: %+v", signal, rep.Coverage)
			}
		}
	}
}

// TestInterruptedInput ends a scan whose input has stopped coming.
func TestInterruptedInput(t *testing.T) {
	r := newRepo(t)
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	code, rep, _ := r.scan(in, func(p *os.Process) {
		// Enough for a window to be searched.
		text := "key = " + newSecret(t) + strings.Repeat("\nmore text", 4<<20)
		if _, err := io.WriteString(out, text); err != nil {
			t.Error(err)
		}
		time.Sleep(500 * time.Millisecond)
		if err := p.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
	}, "scan", "-")
	if code != 1 || rep.Coverage.Complete || len(rep.Findings) != 1 {
		t.Errorf("exit %d, %d findings, coverage %+v", code, len(rep.Findings), rep.Coverage)
	}
}

// TestSomebodyElsesRepository has a repository that git refuses to read, because it belongs to another user.
func TestSomebodyElsesRepository(t *testing.T) {
	r := newRepo(t)
	r.write("file", "key = "+newSecret(t)+"\n")
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "one")
	r.env = append(r.env, "GIT_TEST_ASSUME_DIFFERENT_OWNER=1")
	if code, out := r.run("git", "log"); code == 0 || !strings.Contains(out, "dubious ownership") {
		t.Fatalf("git reads it: exit %d\n%s", code, out)
	}
	if os.Getuid() == 0 {
		err := filepath.WalkDir(r.dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, 54321, 54321)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if code, rep, _ := r.scan(nil, nil, "history"); code != 1 || !rep.Coverage.Complete || len(rep.Findings) != 1 {
		t.Errorf("exit %d, %d findings, coverage %+v", code, len(rep.Findings), rep.Coverage)
	}
}
