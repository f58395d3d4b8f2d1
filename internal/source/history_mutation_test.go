package source

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // git's object names
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// victim is a small repository in which every kind of object, stored in every way, holds a mark of its own. Its files
// are changed one by one, and restored.
type victim struct {
	gitDir string
	env    []string
	// files are the files below gitDir, sorted, and content what they held.
	files   []string
	content map[string][]byte
	marks   map[string]bool
}

var victimMark = regexp.MustCompile(`find-me-(\w+)`)

func newVictim(t testing.TB) *victim {
	t.Helper()
	s := newGitbox(t, "--template=")
	s.git("config", "gc.auto", "0")
	prose := func(n int) string {
		var b strings.Builder
		for i := range 60 {
			fmt.Fprintf(&b, "line %d of the text, which is %d\n", i, i*i*n%97)
		}
		return b.String()
	}
	s.write("a.txt", prose(1)+"find-me-a1\n")
	s.write("dir/b.txt", "find-me-b\n")
	s.commit("one find-me-c1")
	s.write("a.txt", "find-me-a2\n"+prose(1)+"find-me-a1\n")
	s.commit("two find-me-c2")
	s.git("tag", "-a", "-m", "find-me-t1", "v1")
	s.git("repack", "-q", "-adf", "--depth=50")
	s.git("pack-refs", "--all")
	s.write("a.txt", "find-me-a3\n"+prose(1)+"find-me-a1\n")
	s.commit("three find-me-c3")
	s.git("repack", "-q", "-d")
	s.write("c.txt", strings.Repeat("loose ", 40)+"find-me-l\n")
	s.commit("four find-me-c4")
	s.git("branch", "side", "HEAD~1")
	s.git("tag", "-a", "-m", "find-me-t2", "v2")
	v := &victim{
		gitDir: filepath.Join(s.dir, ".git"), content: map[string][]byte{}, marks: map[string]bool{},
		env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "LC_ALL=C", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull},
	}
	err := filepath.WalkDir(v.gitDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		v.files = append(v.files, path)
		v.content[path] = data
		return errors.Join(err, os.Chmod(path, 0o644))
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(v.files)
	found, coverage, err := v.scan(t.Context())
	if err != nil || !coverage.Complete {
		t.Fatalf("the repository is not sound: %+v, %v", coverage, err)
	}
	v.marks = found
	for _, want := range strings.Fields("a1 a2 a3 b c1 c2 c3 c4 t1 t2 l") {
		if !found[want] {
			t.Fatalf("mark %s is not found in the sound repository", want)
		}
	}
	if missing := v.unreadable(t); len(missing) > 0 {
		t.Fatalf("git cannot read %v", missing)
	}
	return v
}

// scan returns the marks that are found.
func (v *victim) scan(ctx context.Context) (map[string]bool, scanner.Coverage, error) {
	r, err := repo.Open(v.gitDir, repo.Options{})
	if err != nil {
		return nil, scanner.Coverage{}, err
	}
	defer r.Close() //nolint:errcheck // Nothing was written, so there is nothing to lose.
	h := NewHistory(r, HistoryOptions{Workers: 1})
	var rec scanner.Recorder
	var mu sync.Mutex
	found := map[string]bool{}
	var findings []scanner.Finding
	err = h.Walk(ctx, &rec, func(c *scanner.Chunk) error {
		data, err := c.Data, error(nil)
		if c.Stream != nil {
			if data, err = io.ReadAll(c.Stream); err != nil {
				err = &scanner.StreamError{Err: err}
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for _, m := range victimMark.FindAllSubmatch(data, -1) {
			found[string(m[1])] = true
			findings = append(findings, scanner.Finding{Fingerprint: string(m[1]), Location: c.Location})
		}
		return err
	})
	if err == nil {
		// Whatever is damaged, nothing that was found is lost on the way.
		var kept []scanner.Finding
		if kept, err = h.Attribute(ctx, &rec, findings); err == nil {
			still := map[string]bool{}
			for _, f := range kept {
				still[f.Fingerprint] = true
			}
			for mark := range found {
				if !still[mark] {
					err = fmt.Errorf("%s was found, and lost by attribution", mark)
				}
			}
		}
	}
	return found, rec.Coverage(), errors.Join(err, h.Close())
}

// unreadable returns what git cannot read of what its refs reach; a failure of git itself is named, too. git does not
// compare what it reads with the ids, so that this is done here.
func (v *victim) unreadable(t testing.TB) []string {
	t.Helper()
	git := func(in string, args ...string) (string, error) {
		cmd := exec.Command("git", append([]string{"--git-dir=" + v.gitDir}, args...)...)
		cmd.Env, cmd.Stdin = v.env, strings.NewReader(in)
		out, err := cmd.Output()
		return string(out), err
	}
	// Garbage behind a loose object is reason enough for git to refuse it, although what it says is all there.
	trailing := func(err error) bool {
		var exit *exec.ExitError
		return errors.As(err, &exit) && strings.Contains(string(exit.Stderr), "garbage at end of loose object")
	}
	ids, err := git("", "rev-list", "--objects", "--all", "--no-object-names")
	if err != nil && !trailing(err) {
		return []string{"rev-list: " + err.Error()}
	}
	out, err := git(ids, "cat-file", "--batch")
	if err != nil && !trailing(err) {
		return []string{"cat-file: " + err.Error()}
	}
	var bad []string
	rest := []byte(out)
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		var id, kind string
		var size int
		if n, _ := fmt.Sscan(string(line), &id, &kind, &size); n != 3 || size+1 > len(after) {
			return append(bad, string(line))
		}
		sum := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", kind, size, after[:size])) //nolint:gosec // git's object names
		if hex.EncodeToString(sum[:]) != id {
			bad = append(bad, id+" is another object")
		}
		rest = after[size+1:]
	}
	return bad
}

// check holds that a scan which calls itself complete has found everything, and that git could read everything.
func (v *victim) check(t testing.TB, what string, askGit bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	found, coverage, err := v.scan(ctx)
	switch {
	case ctx.Err() != nil:
		t.Errorf("%s: the scan does not end", what)
	case err != nil && strings.Contains(err.Error(), "lost by attribution"):
		t.Errorf("%s: %v", what, err)
	case err != nil || !coverage.Complete:
		return
	}
	for mark := range v.marks {
		if !found[mark] {
			t.Errorf("%s: complete, and %s is not found", what, mark)
		}
	}
	// git gives up on these two files altogether where objects can still be read.
	if !askGit || strings.Contains(what, "/config") || strings.Contains(what, "/packed-refs") {
		return
	}
	if bad := v.unreadable(t); len(bad) > 0 {
		t.Errorf("%s: complete, and git cannot read %v", what, bad)
	}
}

// put writes one file.
func (v *victim) put(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// mutation changes the content of a file: what it does depends on kind, at is a place in the file.
func mutation(kind uint8, at int, data, with []byte) (string, []byte) {
	if len(data) > 0 {
		at %= len(data)
	} else {
		at = 0
	}
	n := min(len(data)-at, 1+len(with))
	switch kind % 8 {
	case 0:
		out := bytes.Clone(data)
		if len(out) > 0 {
			out[at] ^= 1 << (len(with) % 8)
		}
		return "bit flipped", out
	case 1:
		return "cut short", data[:at]
	case 2:
		return "zeroed from there on", append(bytes.Clone(data[:at]), make([]byte, len(data)-at)...)
	case 3:
		return "bytes inserted", slices.Concat(data[:at], with, data[at:])
	case 4:
		return "bytes removed", slices.Concat(data[:at], data[at+n:])
	case 5:
		return "piece doubled", slices.Concat(data[:at+n], data[at:])
	case 6:
		out := bytes.Clone(data)
		copy(out[at:], with)
		return "bytes replaced", out
	default:
		return "bytes appended", slices.Concat(data, with)
	}
}

// TestMutatedRepository changes one file of a repository at random, again and again.
func TestMutatedRepository(t *testing.T) {
	const each = 250
	for part := range uint64(4) {
		t.Run(fmt.Sprint("part ", part), func(t *testing.T) {
			t.Parallel()
			v := newVictim(t)
			rnd := rand.New(rand.NewPCG(part, 17))
			for i := range each {
				path := v.files[rnd.IntN(len(v.files))]
				with := make([]byte, rnd.IntN(12))
				for k := range with {
					with[k] = byte(rnd.Uint32())
				}
				at := rnd.IntN(len(v.content[path]) + 1)
				what, data := mutation(uint8(rnd.Uint32()), at, v.content[path], with)
				v.put(t, path, data)
				v.check(t, fmt.Sprintf("%d: %s at %d of %s (% x)", i, what, at, strings.TrimPrefix(path, v.gitDir), with), i%4 == 0)
				v.put(t, path, v.content[path])
			}
			v.check(t, "restored", true)
		})
	}
}

// TestEveryByteFlipped flips one bit of each byte of each file.
func TestEveryByteFlipped(t *testing.T) {
	const parts, step = 4, 3
	for part := range parts {
		t.Run(fmt.Sprint("part ", part), func(t *testing.T) {
			t.Parallel()
			v := newVictim(t)
			count := 0
			for _, path := range v.files {
				for at := range v.content[path] {
					if count++; count%(parts*step) != part {
						continue
					}
					data := bytes.Clone(v.content[path])
					data[at] ^= 1 << (count / (parts * step) % 8)
					v.put(t, path, data)
					v.check(t, fmt.Sprintf("bit flipped at %d of %s", at, strings.TrimPrefix(path, v.gitDir)), false)
				}
				v.put(t, path, v.content[path])
			}
		})
	}
}

// TestVanishedFiles takes away each file of a repository, and each folder.
func TestVanishedFiles(t *testing.T) {
	v := newVictim(t)
	folders := map[string]bool{}
	for _, path := range v.files {
		folders[filepath.Dir(path)] = true
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		v.checkGone(t, path)
		v.put(t, path, v.content[path])
	}
	for folder := range folders {
		if folder == v.gitDir {
			continue
		}
		aside := v.gitDir + ".aside"
		if err := os.Rename(folder, aside); err != nil {
			t.Fatal(err)
		}
		v.checkGone(t, folder)
		if err := os.Rename(aside, folder); err != nil {
			t.Fatal(err)
		}
	}
	v.check(t, "restored", true)
}

// checkGone is check for something that is gone without a trace: marks that nothing leads to are lost for git, too.
func (v *victim) checkGone(t *testing.T, path string) {
	t.Helper()
	found, coverage, err := v.scan(t.Context())
	if err != nil || !coverage.Complete {
		return
	}
	bad := v.unreadable(t)
	if len(bad) > 0 {
		t.Errorf("without %s: complete, and git cannot read %v", path, bad)
	}
	if lost := len(v.marks) - len(found); lost > 0 && !strings.Contains(path, "objects") {
		t.Errorf("without %s: complete, and %d marks are not found", path, lost)
	}
}

// FuzzMutatedRepository changes one file of a repository.
func FuzzMutatedRepository(f *testing.F) {
	v := newVictim(f)
	for i := range v.files {
		f.Add(uint8(i), uint8(i), uint16(9*i), []byte("\x00\xff"))
	}
	f.Fuzz(func(t *testing.T, file, kind uint8, at uint16, with []byte) {
		if len(with) > 64 {
			return
		}
		path := v.files[int(file)%len(v.files)]
		what, data := mutation(kind, int(at), v.content[path], with)
		v.put(t, path, data)
		v.check(t, fmt.Sprintf("%s at %d of %s", what, at, strings.TrimPrefix(path, v.gitDir)), true)
		v.put(t, path, v.content[path])
	})
}
