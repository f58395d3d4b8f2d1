package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/scanner"
)

// largeText is more than is held, one line in a thousand unlike the others.
func largeText(extra ...string) string {
	var b strings.Builder
	for n := 0; b.Len() <= streamAbove; n++ {
		fmt.Fprintf(&b, "%s %d\n", strings.Repeat("some text", 100), n)
	}
	return b.String() + strings.Join(extra, "")
}

// streamed walks a source and returns the content of what it visits, by path or object, "held " before what it held, and
// the lines that are new. A stream that fails is given back as the engine does.
func streamed(t *testing.T, ctx context.Context, src scanner.Source) (map[string]string, map[string]string, scanner.Coverage, error) {
	t.Helper()
	content, added := map[string]string{}, map[string]string{}
	var rec scanner.Recorder
	err := src.Walk(ctx, &rec, func(c *scanner.Chunk) error {
		if c.Location.Kind == scanner.KindFileName {
			return nil
		}
		name := c.Location.Path
		if name == "" {
			name = string(c.Location.Kind)
		}
		data, failed := c.Data, error(nil)
		if c.Stream == nil {
			name = "held " + name
		} else if data, failed = io.ReadAll(c.Stream); failed != nil {
			failed = &scanner.StreamError{Err: failed}
		}
		content[name] = string(data)
		if c.Added != nil {
			ranges, err := c.Added()
			added[name] = show(ranges)
			if err != nil {
				added[name] = "error: " + err.Error()
			}
		}
		return failed
	})
	return content, added, rec.Coverage(), err
}

func TestLargeFilesAreStreamed(t *testing.T) {
	text := largeText()
	dir := t.TempDir()
	filesWrite(t, filepath.Join(dir, "large"), text)
	filesWrite(t, filepath.Join(dir, "larger"), text+text)
	filesWrite(t, filepath.Join(dir, "large.7z"), "7z\xbc\xaf\x27\x1c"+text)
	filesWrite(t, filepath.Join(dir, "at the bound"), text[:streamAbove])
	src, err := NewFiles([]string{dir}, FilesOptions{MaxSize: int64(len(text)) + 6, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	content, _, coverage, err := streamed(t, t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"large": text, "large.7z": "7z\xbc\xaf\x27\x1c" + text, "held at the bound": text[:streamAbove]}
	if diff := cmp.Diff(sizes(want), sizes(content)); diff != "" || content["large"] != text {
		t.Errorf("visited (-want +got):\n%s", diff)
	}
	if coverage.Files != 3 || coverage.Bytes != int64(2*len(text)+6+streamAbove) {
		t.Errorf("coverage %+v", coverage)
	}
	if got := strings.Join(filesSkips(coverage), "\n"); !strings.Contains(got, `["large.7z"]`) || !strings.Contains(got, `["larger"]`) || len(coverage.Skipped) != 2 {
		t.Errorf("skipped %s", got)
	}
}

func sizes(content map[string]string) map[string]int {
	out := map[string]int{}
	for name, text := range content {
		out[name] = len(text)
	}
	return out
}

// TestFilesThatGrow has a file that is small when it is listed.
func TestFilesThatGrow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	filesWrite(t, path, "")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	text := largeText()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int64]string{0: text, int64(len(text)): text, int64(len(text)) - 1: text[:len(text)-1]} {
		var rec scanner.Recorder
		var got []byte
		r := fileReader{maxSize: sizeBound(limit), rec: &rec, names: &nameSet{}, visit: func(c *scanner.Chunk) (err error) {
			if c.Location.Kind == scanner.KindFileName {
				return nil
			}
			got, err = io.ReadAll(c.Stream)
			return err
		}}
		if err := r.read(t.Context(), foundFile{path: path, name: "log", info: info}); err != nil {
			t.Fatal(err)
		}
		if string(got) != want || rec.Coverage().Complete != (want == text) {
			t.Errorf("with a bound of %d: %d bytes of %d, coverage %+v", limit, len(got), len(text), rec.Coverage())
		}
	}
}

func TestLargeStdinIsStreamed(t *testing.T) {
	text := largeText()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		in   io.Reader
		max  int64
		want string
		skip string
	}{
		"whole":      {iotest.HalfReader(strings.NewReader(text)), 0, text, ""},
		"at bound":   {strings.NewReader(text), int64(len(text)), text, ""},
		"over bound": {strings.NewReader(text), int64(len(text)) - 1, text[:len(text)-1], "larger than"},
		"broken":     {io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), 0, text, "cannot be read to the end: broken"},
		"archive":    {strings.NewReader("7z\xbc\xaf\x27\x1c" + text), 0, "7z\xbc\xaf\x27\x1c" + text, "7z"},
	} {
		t.Run(name, func(t *testing.T) {
			content, _, coverage, err := streamed(t, t.Context(), NewStdin(c.in, c.max))
			if err != nil || content["stdin"] != c.want || coverage.Bytes != int64(len(c.want)) {
				t.Errorf("%d bytes of %d, coverage %+v, %v", len(content["stdin"]), len(c.want), coverage, err)
			}
			if coverage.Complete != (c.skip == "") || !strings.Contains(strings.Join(filesSkips(coverage), "\n"), c.skip) {
				t.Errorf("skipped %q, want %q", filesSkips(coverage), c.skip)
			}
		})
	}
	// A pipe from which nothing more comes does not keep the program from ending.
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = io.WriteString(w, text)
		cancel()
	}()
	if _, _, _, err := streamed(t, ctx, NewStdin(r, 0)); err == nil {
		t.Error("an interrupted read is no error")
	}
}

// TestLargeVersions compares versions that are too large to be held, in the index and in a range.
func TestLargeVersions(t *testing.T) {
	text := largeText()
	lines := strings.Count(text, "\n")
	s := newGitbox(t)
	s.git("config", "core.compression", "1")
	s.write("grows", text)
	s.write("shrinks", text)
	s.write("same", text)
	base := s.commit("one")
	s.write("grows", "first\n"+text+"last\n")
	s.write("shrinks", text[:5000]+"\nnew\n")
	s.write("fresh", text+"!")
	s.git("add", "-A")
	want := map[string]string{
		"grows": fmt.Sprintf("1 %d", lines+2), "held shrinks": "6-7", "fresh": fmt.Sprintf("1-%d", lines+1),
	}
	check := func(t *testing.T, src scanner.Source, prefix string) {
		t.Helper()
		content, added, coverage, err := streamed(t, t.Context(), src)
		if err != nil || !coverage.Complete {
			t.Errorf("coverage %+v, %v", coverage, err)
		}
		if diff := cmp.Diff(want, added); diff != "" {
			t.Errorf("%s (-want +got):\n%s", prefix, diff)
		}
		if content["grows"] != "first\n"+text+"last\n" {
			t.Errorf("%s: other content of %d bytes", prefix, len(content["grows"]))
		}
	}
	check(t, NewStaged(s.open(), StagedOptions{}), "staged")
	s.commit("two")
	src, err := NewDiff(s.open(), base+"..HEAD", DiffOptions{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, src, "diff")
	s.git("gc", "-q")
	if src, err = NewDiff(s.open(), base+"..HEAD", DiffOptions{}); err != nil {
		t.Fatal(err)
	}
	check(t, src, "diff of packed versions")
	if src, err = NewDiff(s.open(), base+"..HEAD", DiffOptions{MaxSize: streamAbove / 2}); err != nil {
		t.Fatal(err)
	}
	_, _, coverage, err := streamed(t, t.Context(), src)
	if err != nil || len(coverage.Skipped) != 1 || coverage.Skipped[0].Count != 2 {
		t.Errorf("below the bound: coverage %+v, %v", coverage, err)
	}
}

// TestLargeBlobs reads the history of large files: loose, packed whole and as deltas, and damaged.
func TestLargeBlobs(t *testing.T) {
	text := largeText("find-me-end\n")
	h := newHistoryRepo(t)
	h.git("config", "core.compression", "1")
	h.write("large", text)
	h.commit("one")
	h.write("large", "find-me-start\n"+text)
	h.commit("two")
	check := func(t *testing.T, found int) {
		t.Helper()
		fs, coverage := h.scan(HistoryOptions{Workers: 1})
		if len(fs) != found || !coverage.Complete {
			t.Errorf("%d findings, want %d; coverage %+v", len(fs), found, coverage)
		}
	}
	t.Run("loose", func(t *testing.T) { check(t, 2) })
	h.git("-c", "core.bigFileThreshold=1m", "repack", "-q", "-adf")
	t.Run("packed whole", func(t *testing.T) { check(t, 2) })
	h.git("repack", "-q", "-adf")
	t.Run("packed as deltas", func(t *testing.T) { check(t, 2) })
	t.Run("beyond the bound", func(t *testing.T) {
		if fs, coverage := h.scan(HistoryOptions{MaxSize: streamAbove}); len(fs) != 0 || coverage.Complete || coverage.Skipped[0].Count != 2 {
			t.Errorf("%d findings; coverage %+v", len(fs), coverage)
		}
	})
	t.Run("damaged at its end", func(t *testing.T) {
		id := h.git("rev-parse", "HEAD~:large")
		h.git("-c", "core.bigFileThreshold=1m", "repack", "-q", "-adf")
		path := filepath.Join(h.dir, ".git", "objects", id[:2], id[2:])
		content := h.git("cat-file", "blob", id)
		if err := os.RemoveAll(filepath.Join(h.dir, ".git", "objects", "pack")); err != nil {
			t.Fatal(err)
		}
		_ = h.feed(content+"\n", "hash-object", "-w", "--stdin")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Remove(path), os.WriteFile(path, raw[:len(raw)-3], 0o644)); err != nil {
			t.Fatal(err)
		}
		fs, coverage := h.scan(HistoryOptions{})
		listed := false
		for _, skip := range coverage.Skipped {
			for _, item := range skip.Items {
				listed = listed || item == id && skip.Unread
			}
		}
		if !listed || coverage.Complete || len(fs) != 1 {
			t.Errorf("%d findings, coverage %+v", len(fs), coverage)
		}
	})
}

// TestHeadOfAStream reads from a source that gives one byte at a time.
func TestHeadOfAStream(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789"), 1000)
	s := newStream(iotest.OneByteReader(bytes.NewReader(text)), 9_999)
	if head := s.head(); !bytes.Equal(head, text[:headSize]) {
		t.Errorf("head has %d bytes", len(head))
	}
	if got, err := io.ReadAll(s); err != nil || !bytes.Equal(got, text[:9_999]) || !s.over {
		t.Errorf("%d bytes, over %v, %v", len(got), s.over, err)
	}
}
