package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/scanner"
)

// filesSkips returns "what: reason [items]" of each skip, with "unread " before those that make a scan incomplete.
func filesSkips(c scanner.Coverage) []string {
	var out []string
	for _, s := range c.Skipped {
		line := fmt.Sprintf("%s: %s %q", s.What, s.Reason, s.Items)
		if s.Unread {
			line = "unread " + line
		}
		out = append(out, line)
	}
	return out
}

func filesCompare(t *testing.T, visited map[string]string, c scanner.Coverage, wantNames, wantSkips []string) {
	t.Helper()
	if diff := cmp.Diff(wantNames, filesNames(visited)); diff != "" {
		t.Errorf("visited (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantSkips, filesSkips(c)); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
}

func TestFilesNames(t *testing.T) {
	top := t.TempDir()
	filesWrite(t, filepath.Join(top, "one/x.txt"), "1")
	filesWrite(t, filepath.Join(top, "one/sub/y.txt"), "2")
	filesWrite(t, filepath.Join(top, "two/x.txt"), "3")
	if err := os.Symlink("one", filepath.Join(top, "named")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(top)
	abs := filepath.ToSlash(top)
	for _, c := range []struct {
		name  string
		opt   FilesOptions
		paths []string
		want  []string
	}{
		{"a folder is its own root", FilesOptions{}, []string{"one"}, []string{"sub/y.txt", "x.txt"}},
		{"the current folder", FilesOptions{}, []string{"."}, []string{"named", "one/sub/y.txt", "one/x.txt", "two/x.txt"}},
		{"an absolute folder", FilesOptions{}, []string{filepath.Join(top, "one")}, []string{"sub/y.txt", "x.txt"}},
		{"several keep their form", FilesOptions{}, []string{"./one/", abs + "/two"}, []string{abs + "/two/x.txt", "one/sub/y.txt", "one/x.txt"}},
		{"a file keeps its form", FilesOptions{}, []string{"one/../one/x.txt"}, []string{"one/x.txt"}},
		{"a root", FilesOptions{Root: top}, []string{"one/sub", abs + "/two/x.txt"}, []string{"one/sub/y.txt", "two/x.txt"}},
		{"outside of the root", FilesOptions{Root: "one"}, []string{"one", "two"}, []string{"sub/y.txt", "two/x.txt", "x.txt"}},
		{"the same twice", FilesOptions{}, []string{"two", abs + "/two"}, []string{"two/x.txt"}},
		{"one inside the other", FilesOptions{}, []string{"one", "one/sub"}, []string{"one/sub/y.txt", "one/x.txt"}},
		{"a link that is named is followed", FilesOptions{}, []string{"named"}, []string{"sub/y.txt", "x.txt"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			visited, coverage := filesRun(t, c.opt, c.paths...)
			if diff := cmp.Diff(c.want, filesNames(visited)); diff != "" {
				t.Errorf("visited (-want +got):\n%s", diff)
			}
			if int(coverage.Files) != len(c.want) || !coverage.Complete {
				t.Errorf("coverage %+v", coverage)
			}
		})
	}
}

func TestFilesUsageErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	filesWrite(t, "file", "")
	for path, want := range map[string]string{
		"no\nsuch": `no file or folder "no\nsuch"; check the spelling, or use - to read standard input`,
		"":         `no file or folder ""; check the spelling, or use - to read standard input`,
		"file/x":   `open "file/x": not a directory; check its permissions`,
	} {
		_, err := NewFiles([]string{path}, FilesOptions{})
		if err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", path, err, want)
		}
	}
	if _, err := NewFiles(nil, FilesOptions{}); err == nil {
		t.Error("no path at all is accepted")
	}
}

func TestFilesContent(t *testing.T) {
	top := t.TempDir()
	filesWrite(t, filepath.Join(top, "empty"), "")
	filesWrite(t, filepath.Join(top, "small"), "small")
	filesWrite(t, filepath.Join(top, "bound"), strings.Repeat("b", 2048))
	filesWrite(t, filepath.Join(top, "large"), strings.Repeat("l", 2049))
	filesWrite(t, filepath.Join(top, "nul"), "a\x00token")
	filesWrite(t, filepath.Join(top, "new\nline\xff"), "hostile")
	filesWrite(t, filepath.Join(top, "a.gz"), "\x1f\x8b\x08raw")
	if err := os.Symlink("../outside/token", filepath.Join(top, "link")); err != nil {
		t.Fatal(err)
	}
	visited, coverage := filesRun(t, FilesOptions{MaxSize: 2048, Workers: 2}, top)
	want := map[string]string{
		"empty": "", "small": "small", "bound": strings.Repeat("b", 2048), "nul": "a\x00token", "new\nline\xff": "hostile",
		"a.gz": "\x1f\x8b\x08raw", "link": "../outside/token",
	}
	if diff := cmp.Diff(want, visited); diff != "" {
		t.Errorf("visited (-want +got):\n%s", diff)
	}
	filesCompare(t, visited, coverage, filesNames(want), []string{
		`unread archives: damaged (gzip): only what could be unpacked was searched ["a.gz"]`,
		`unread files: larger than 2 KiB; raise --max-size ["large"]`,
		`links: symbolic links are not followed; their text is searched ["link"]`,
	})
	if coverage.Files != 7 || coverage.Bytes != 5+2048+7+7+6+16 {
		t.Errorf("%d files of %d bytes", coverage.Files, coverage.Bytes)
	}
}

func TestFilesManyInOneFolder(t *testing.T) {
	top := t.TempDir()
	first := filepath.Join(top, "0")
	filesWrite(t, first, "x")
	const n = 5*listBatch + 3
	for i := 1; i < n; i++ {
		if err := os.Link(first, filepath.Join(top, fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	visited, coverage := filesRun(t, FilesOptions{}, top)
	if len(visited) != n || coverage.Files != n {
		t.Errorf("visited %d of %d, counted %d", len(visited), n, coverage.Files)
	}
}

func TestFilesDeepNesting(t *testing.T) {
	top := t.TempDir()
	deep := top + strings.Repeat("/d", maxFolderDepth)
	filesWrite(t, deep+"/seen", "1")
	filesWrite(t, deep+"/d/unseen", "2")
	visited, coverage := filesRun(t, FilesOptions{}, top)
	below := strings.Repeat("d/", maxFolderDepth)
	filesCompare(t, visited, coverage, []string{below + "seen"}, []string{
		fmt.Sprintf("unread folders: nested deeper than 1000 folders; scan it by itself %q", []string{below + "d"}),
	})
}

func TestFilesVanish(t *testing.T) {
	top := t.TempDir()
	for i := range 3 {
		filesWrite(t, filepath.Join(top, fmt.Sprint(i)), "x")
	}
	f, err := NewFiles([]string{top}, FilesOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	var rec scanner.Recorder
	listed := func() bool { return len(rec.Coverage().Skipped) > 0 }
	err = f.Walk(context.Background(), &rec, func(c *scanner.Chunk) error {
		if c.Location.Kind == scanner.KindFileName {
			return nil // names_test.go is about them
		}
		// By the first visit the lister may not be done; the names that it still finds are then gone before they are read.
		time.Sleep(50 * time.Millisecond)
		for i := range 3 {
			if name := fmt.Sprint(i); name != c.Location.Path {
				if err := os.Remove(filepath.Join(top, name)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c := rec.Coverage()
	if !listed() || c.Complete || c.Files != 1 || c.Skipped[0].Reason != "vanished while the scan ran" || c.Skipped[0].Count != 2 {
		t.Errorf("coverage %+v", c)
	}
}

func TestFilesReplaced(t *testing.T) {
	top := t.TempDir()
	old, other := filepath.Join(top, "old"), filepath.Join(top, "other")
	filesWrite(t, old, "old")
	filesWrite(t, other, "other")
	info, err := os.Lstat(old)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, old); err != nil {
		t.Fatal(err)
	}
	if data, err := readRegular(context.Background(), old, info, 100, nil); !errors.Is(err, errReplaced) || len(data) > 0 {
		t.Errorf("read %q, %v", data, err)
	}
}

func TestFilesCancel(t *testing.T) {
	top := t.TempDir()
	for i := range 200 {
		filesWrite(t, filepath.Join(top, fmt.Sprint(i)), "x")
	}
	f, err := NewFiles([]string{top}, FilesOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	var rec scanner.Recorder
	err = f.Walk(ctx, &rec, func(*scanner.Chunk) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if n := rec.Coverage().Files; n > 10 {
		t.Errorf("%d files were read after the end", n)
	}
	filesNoneLeft(t, before)

	broken := errors.New("engine is broken")
	if err := f.Walk(context.Background(), &rec, func(*scanner.Chunk) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	filesNoneLeft(t, before)
}

func filesNoneLeft(t *testing.T, before int) {
	t.Helper()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
