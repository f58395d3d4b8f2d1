package pack

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// layouts are ways in which git stores the same sort of history.
var layouts = map[string]func(t *testing.T) *repo{
	"empty": func(t *testing.T) *repo { return newRepo(t) },
	"loose": func(t *testing.T) *repo {
		r := newRepo(t)
		r.fill(1, 20, true)
		return r
	},
	"deep chains": func(t *testing.T) *repo {
		r := newRepo(t)
		r.fill(2, 400, false)
		r.git(nil, "repack", "-q", "-adf", "--depth=4000", "--window=8")
		return r
	},
	"reference deltas": func(t *testing.T) *repo {
		r := newRepo(t)
		r.fill(3, 150, false)
		r.git(nil, "-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-adf", "--depth=250")
		return r
	},
	"several packs, doubles and loose objects": func(t *testing.T) *repo {
		r := newRepo(t)
		r.fill(4, 60, false)
		all := r.git(nil, "rev-list", "--all", "--objects", "--no-object-names")
		r.git(strings.NewReader(string(all)), "pack-objects", "-q", "--window=0", filepath.Join(r.objects(), "pack", "pack"))
		r.fill(5, 30, false)
		r.fill(6, 10, true)
		if n := strings.Count(strings.Join(packFiles(t, r), " "), ".pack"); n < 3 {
			t.Fatalf("repository has only %d packs", n)
		}
		// Copies of what is packed, as an interrupted repack leaves them.
		r.git(strings.NewReader(string(r.git(nil, "cat-file", "blob", "refs/tags/v4:dir/file"))), "hash-object", "-w", "--stdin")
		copyLoose(t, r, strings.Fields(string(all))[:5])
		return r
	},
	"sha256": func(t *testing.T) *repo {
		r := newRepo(t, "--object-format=sha256")
		r.fill(7, 60, false)
		r.git(nil, "repack", "-q", "-adf")
		r.fill(8, 5, true)
		return r
	},
	"index version 1": func(t *testing.T) *repo {
		r := newRepo(t)
		r.fill(9, 60, false)
		r.git(nil, "-c", "pack.indexVersion=1", "repack", "-q", "-adf")
		return r
	},
	"large offsets": func(t *testing.T) *repo {
		r := newRepo(t)
		r.fill(10, 60, false)
		r.git(nil, "repack", "-q", "-adf")
		for _, name := range packFiles(t, r) {
			if path := filepath.Join(r.objects(), "pack", name); filepath.Ext(name) == ".pack" {
				idx := strings.TrimSuffix(path, ".pack") + ".idx"
				if err := os.Remove(idx); err != nil {
					t.Fatal(err)
				}
				r.git(nil, "index-pack", "--index-version=2,0x40", "-o", idx, path)
			}
		}
		return r
	},
	"cruft pack, bitmap and multi-pack index": func(t *testing.T) *repo {
		r := newRepo(t)
		r.fill(11, 40, true)
		for _, word := range []string{"one", "two", "three"} {
			r.git(strings.NewReader("unreachable "+word), "hash-object", "-w", "--stdin")
		}
		r.git(nil, "repack", "-q", "-d", "--cruft", "-a")
		r.fill(12, 10, false)
		r.git(nil, "multi-pack-index", "write")
		if all := strings.Join(packFiles(t, r), " "); !strings.Contains(all, ".mtimes") || !strings.Contains(all, "multi-pack-index") {
			t.Fatalf("packs are %s", all)
		}
		return r
	},
	"alternates": func(t *testing.T) *repo {
		far, near, r := newRepo(t), newRepo(t), newRepo(t)
		far.fill(13, 20, false)
		near.fill(14, 20, true)
		r.fill(15, 20, false)
		link(t, near, "# a comment", far.objects())
		rel, err := filepath.Rel(r.objects(), near.objects())
		if err != nil {
			t.Fatal(err)
		}
		link(t, r, rel, r.objects(), near.objects())
		// Back to where it started: a circle.
		link(t, far, r.objects())
		return r
	},
}

func packFiles(t *testing.T, r *repo) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(r.objects(), "pack"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func link(t *testing.T, r *repo, lines ...string) {
	t.Helper()
	file := filepath.Join(r.objects(), "info", "alternates")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// copyLoose makes loose copies of packed objects.
func copyLoose(t *testing.T, r *repo, ids []string) {
	t.Helper()
	from := open(t, r.objects(), Options{})
	for _, name := range ids {
		id, err := ParseID(name)
		if err != nil {
			t.Fatal(err)
		}
		typ, data, err := from.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		writeLoose(t, r.objects(), id, typ, data)
	}
}

func format(r *repo) Format {
	if strings.TrimSpace(string(r.git(nil, "rev-parse", "--show-object-format"))) == "sha256" {
		return SHA256
	}
	return SHA1
}

func TestStoreEqualsGit(t *testing.T) {
	for name, build := range layouts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := build(t)
			want := r.oracle()
			opt := Options{Format: format(r)}
			for _, workers := range []int{1, 2, 7} {
				s := open(t, r.objects(), opt)
				checkAll(t, s, want, EachOptions{Workers: workers})
			}
			s := open(t, r.objects(), opt)
			unmap(t, s)
			checkAll(t, s, want, EachOptions{Workers: 3})
			checkAccess(t, s, want)
			// With no memory for bases, every one has to be read again.
			s = open(t, r.objects(), opt)
			s.maxLive = 0
			checkAll(t, s, want, EachOptions{Workers: 2})
			checkAccess(t, s, want)
			for _, above := range []int64{1, 5000} {
				s := open(t, r.objects(), opt)
				checkAll(t, s, want, EachOptions{Workers: 2, StreamAbove: above})
				unmap(t, s)
				checkAll(t, s, want, EachOptions{Workers: 2, StreamAbove: above})
			}
		})
	}
}

func checkAll(t *testing.T, s *Store, want map[string]content, opt EachOptions) {
	t.Helper()
	got, problems := each(t, s, opt)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("objects differ from git's (-git +ours):\n%s", d)
	}
	if len(problems) > 0 || len(s.Problems()) > 0 {
		t.Errorf("problems in a sound store: %v, %v", problems, s.Problems())
	}
	for _, typ := range []Type{Commit, Tree, Blob, Tag} {
		some := map[string]content{}
		for id, c := range want {
			if c.Type == typ.String() {
				some[id] = c
			}
		}
		opt.Types = []Type{typ}
		got, _ := each(t, s, opt)
		if d := cmp.Diff(some, got); d != "" {
			t.Errorf("%ss differ from git's (-git +ours):\n%s", typ, d)
		}
	}
}

// checkAccess asks for every object by its id.
func checkAccess(t *testing.T, s *Store, want map[string]content) {
	t.Helper()
	for name, c := range want {
		id, err := ParseID(name)
		if err != nil {
			t.Fatal(err)
		}
		typ, data, err := s.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := (content{typ.String(), len(data), sha256.Sum256(data)}); got != c {
			t.Fatalf("Get(%s) = %v, want %v", id, got, c)
		}
		checkOpen(t, s, id, c)
		// What Get returns belongs to the caller: spoiling it must not spoil what is read later.
		clear(data)
		typ, size, err := s.Stat(id)
		if err != nil || typ.String() != c.Type || size != int64(c.Size) {
			t.Fatalf("Stat(%s) = %s, %d, %v, want %s, %d", id, typ, size, err, c.Type, c.Size)
		}
		if !s.Has(id) {
			t.Fatalf("Has(%s) = false", id)
		}
		id.b[3] ^= 1
		if s.Has(id) {
			t.Fatalf("Has(%s) = true", id)
		}
		if _, _, err := s.Get(id); !errors.Is(err, ErrNotFound) {
			t.Fatalf("Get of an id that is not there: %v", err)
		}
		if _, _, err := s.Stat(id); !errors.Is(err, ErrNotFound) {
			t.Fatalf("Stat of an id that is not there: %v", err)
		}
	}
	checkCache(t, s)
}

// checkOpen reads an object as a stream, in odd pieces.
func checkOpen(t *testing.T, s *Store, id ID, want content) {
	t.Helper()
	typ, size, r, err := s.Open(id)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(iotest.OneByteReader(bufio.NewReaderSize(r, 777)))
	if err != nil {
		t.Fatalf("read %s: %v", id, err)
	}
	if got := (content{typ.String(), len(data), sha256.Sum256(data)}); got != want || size != int64(len(data)) {
		t.Fatalf("Open(%s) = %v of %d bytes, want %v", id, got, size, want)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkCache compares what is kept for later with the ids: a caller that changes what it was given must not reach it.
func checkCache(t *testing.T, s *Store) {
	t.Helper()
	sc := s.getScratch()
	for _, kept := range []map[cacheKey]cached{s.cache.young, s.cache.old} {
		for k, v := range kept {
			id, ok := k.p.idAt(k.off)
			if !ok || sc.check(id, v.typ, v.data) != nil {
				t.Fatalf("the cache holds something else for %s", id)
			}
		}
	}
}

func TestOpenNeedsADirectory(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "missing"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of what is not there: %v", err)
	}
}

func TestWrongFormatIsReported(t *testing.T) {
	r := newRepo(t)
	r.fill(1, 3, true)
	s := open(t, r.objects(), Options{Format: SHA256})
	if seen, problems := each(t, s, EachOptions{}); len(seen) != 0 || len(problems) == 0 {
		t.Errorf("loose objects of another format: %d seen, %d problems", len(seen), len(problems))
	}
	r.git(nil, "repack", "-q", "-ad")
	if s := open(t, r.objects(), Options{Format: SHA256}); len(s.Problems()) != 1 {
		t.Errorf("pack of another format: %v", s.Problems())
	}
}

func TestPromisor(t *testing.T) {
	r := newRepo(t)
	r.fill(1, 3, false)
	if open(t, r.objects(), Options{}).Promisor() {
		t.Error("a plain pack counts as one from a promisor")
	}
	for _, name := range packFiles(t, r) {
		if filepath.Ext(name) == ".pack" {
			file := filepath.Join(r.objects(), "pack", strings.TrimSuffix(name, ".pack")+".promisor")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !open(t, r.objects(), Options{}).Promisor() {
		t.Error("a pack from a promisor is not recognised")
	}
}
