package pack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// repo is a git repository that a test has made.
type repo struct {
	t   *testing.T
	dir string
}

func newRepo(t *testing.T, initArgs ...string) *repo {
	t.Helper()
	r := &repo{t, t.TempDir()}
	r.git(nil, append([]string{"init", "-q", "--bare"}, initArgs...)...)
	r.git(nil, "config", "gc.auto", "0")
	return r
}

func (r *repo) objects() string { return filepath.Join(r.dir, "objects") }

// git runs git in the repository and returns what it prints.
func (r *repo) git(stdin io.Reader, args ...string) []byte {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=1700000000 +0000")
	cmd.Stdin = stdin
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// text returns n lines that compress like prose.
func text(rnd *rand.Rand, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("line %d says %x and %d", i, rnd.Uint64(), rnd.IntN(1000))
	}
	return lines
}

// fill makes commits that edit one file again and again, so that there is something to make deltas of, and adds other
// files, an empty one, one that does not compress, and a tag. Loose says whether objects become files of their own.
func (r *repo) fill(seed uint64, commits int, loose bool) {
	r.t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	lines := text(rnd, 300)
	file := func(name, content string) {
		fmt.Fprintf(&b, "M 644 inline %s\ndata %d\n%s\n", name, len(content), content)
	}
	for i := range commits {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter a <a@example.com> %d +0000\ndata 9\nmessage %d\n", 1700000000+i, i%10)
		if i == 0 {
			noise := make([]byte, 70000)
			for k := range noise {
				noise[k] = byte(rnd.Uint32())
			}
			file("empty", "")
			file("noise", string(noise))
		}
		for range 3 {
			lines[rnd.IntN(len(lines))] = text(rnd, 1)[0]
		}
		file("dir/file", strings.Join(lines, "\n"))
		file(fmt.Sprintf("dir%d/small", i%7), strings.Join(text(rnd, 5), "\n"))
	}
	fmt.Fprintf(&b, "tag v%d\nfrom refs/heads/main\ntagger a <a@example.com> 1700000000 +0000\ndata 3\ntag\n", seed)
	limit := "fastimport.unpackLimit=0"
	if loose {
		limit = "fastimport.unpackLimit=1000000"
	}
	r.git(&b, "-c", limit, "fast-import", "--quiet", "--force")
}

// content is what is compared of an object.
type content struct {
	Type string
	Size int
	Sum  [32]byte
}

// oracle returns what git says is in the store.
func (r *repo) oracle() map[string]content {
	r.t.Helper()
	out := bufio.NewReader(bytes.NewReader(r.git(nil, "cat-file", "--batch-all-objects", "--batch", "--unordered")))
	all := map[string]content{}
	for {
		line, err := out.ReadString('\n')
		if err == io.EOF {
			return all
		}
		var id string
		var c content
		if _, err := fmt.Sscan(line, &id, &c.Type, &c.Size); err != nil {
			r.t.Fatalf("cat-file says %q: %v", line, err)
		}
		data := make([]byte, c.Size+1)
		if _, err := io.ReadFull(out, data); err != nil {
			r.t.Fatal(err)
		}
		c.Sum = sha256.Sum256(data[:c.Size])
		all[id] = c
	}
}

// open opens a store and closes it after the test.
func open(t testing.TB, dir string, opt Options) *Store {
	t.Helper()
	s, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// each collects what Each visits and reports. An object that is visited twice, or visited and reported, is an error.
func each(t testing.TB, s *Store, opt EachOptions) (map[string]content, map[string]error) {
	t.Helper()
	var mu sync.Mutex
	seen, problems := map[string]content{}, map[string]error{}
	err := s.Each(context.Background(), opt, func(_ int, o *Object) error {
		data := o.Data
		if o.Reader != nil {
			if opt.StreamAbove == 0 || o.Size <= opt.StreamAbove || o.Type != Blob || data != nil {
				t.Errorf("%s, a %s of %d bytes, is a stream", o.ID, o.Type, o.Size)
			}
			var err error
			if data, err = io.ReadAll(o.Reader); err != nil {
				return nil // it has to be reported
			}
		}
		if int64(len(data)) != o.Size {
			t.Errorf("%s has %d bytes, and is said to have %d", o.ID, len(data), o.Size)
		}
		c := content{o.Type.String(), len(data), sha256.Sum256(data)}
		mu.Lock()
		defer mu.Unlock()
		if _, twice := seen[o.ID.String()]; twice {
			t.Errorf("%s was visited twice", o.ID)
		}
		seen[o.ID.String()] = c
		return nil
	}, func(p Problem) {
		mu.Lock()
		defer mu.Unlock()
		problems[p.Name] = p.Err
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range problems {
		if _, both := seen[id]; both {
			t.Errorf("%s was visited and reported", id)
		}
	}
	return seen, problems
}

// unmap replaces the mappings of a store by plain files, which is how packs are read on systems without mappings.
func unmap(t testing.TB, s *Store) {
	t.Helper()
	for _, p := range s.packList() {
		path := p.file.path
		if err := p.file.close(); err != nil {
			t.Fatal(err)
		}
		f, size, err := openRegular(path)
		if err != nil {
			t.Fatal(err)
		}
		p.file = &file{path: path, size: size, f: f}
	}
}
