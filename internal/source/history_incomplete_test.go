package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// spoiled is a way to take something away from a repository.
type spoiled struct {
	name  string
	spoil func(h *historyRepo) *historyRepo
	opt   HistoryOptions
	// unread is what must be recorded, nil if it depends on the damage; found whether the mark is still there.
	unread []string
	found  bool
}

// without clones a repository and takes the original away.
func (h *historyRepo) without(args ...string) *historyRepo {
	h.t.Helper()
	h.git("config", "uploadpack.allowFilter", "true")
	dir := filepath.Join(h.t.TempDir(), "clone")
	h.git(append(append([]string{"clone", "-q"}, args...), "file://"+h.dir, dir)...)
	if err := os.RemoveAll(h.dir); err != nil {
		h.t.Fatal(err)
	}
	return h.at(dir)
}

func missingParts() []spoiled {
	return []spoiled{
		{"shallow clone", func(h *historyRepo) *historyRepo { return h.without("--depth=1") }, HistoryOptions{},
			[]string{"1 commits"}, true},
		{"partial clone without blobs, remote gone", func(h *historyRepo) *historyRepo {
			return h.without("--filter=blob:none", "--no-checkout")
		}, HistoryOptions{}, []string{"3 blobs", "1 objects"}, false},
		{"partial clone without trees, remote gone", func(h *historyRepo) *historyRepo {
			return h.without("--filter=tree:0", "--no-checkout")
		}, HistoryOptions{}, []string{"1 objects", "2 trees"}, false},
		{"missing blob", func(h *historyRepo) *historyRepo { h.lose(h.git("rev-parse", "HEAD:b.txt")); return h },
			HistoryOptions{}, []string{"1 blobs"}, false},
		{"missing folder", func(h *historyRepo) *historyRepo { h.lose(h.git("rev-parse", "HEAD:dir")); return h },
			HistoryOptions{}, []string{"1 trees"}, true},
		{"missing top folder", func(h *historyRepo) *historyRepo { h.lose(h.git("rev-parse", "HEAD^{tree}")); return h },
			HistoryOptions{}, []string{"1 trees"}, true},
		{"missing parent", func(h *historyRepo) *historyRepo { h.lose(h.git("rev-parse", "HEAD~1")); return h },
			HistoryOptions{}, []string{"1 commits"}, true},
		{"missing commit of a branch", func(h *historyRepo) *historyRepo {
			h.git("branch", "gone", h.git("commit-tree", "-m", "m", "HEAD^{tree}"))
			h.lose(h.git("rev-parse", "gone"))
			return h
		}, HistoryOptions{}, []string{"1 refs"}, true},
		{"missing object of a tag", func(h *historyRepo) *historyRepo {
			blob := h.feed("tagged\n", "hash-object", "-w", "--stdin")
			h.git("tag", "-a", "-m", "m", "blob", blob)
			h.lose(blob)
			return h
		}, HistoryOptions{}, []string{"1 blobs"}, true},
	}
}

func unreadableParts() []spoiled {
	return []spoiled{
		{"damaged loose object", func(h *historyRepo) *historyRepo {
			h.overwrite(filepath.Join(".git", "objects", h.git("rev-parse", "HEAD:b.txt")[:2]), 20)
			return h
		}, HistoryOptions{}, nil, false},
		{"damaged pack", func(h *historyRepo) *historyRepo {
			h.git("repack", "-q", "-a", "-d")
			h.overwrite(".git/objects/pack", 60)
			return h
		}, HistoryOptions{}, nil, false},
		{"pack without index", func(h *historyRepo) *historyRepo {
			h.git("repack", "-q", "-a", "-d")
			h.remove(".git/objects/pack/*.idx")
			return h
		}, HistoryOptions{}, nil, false},
		{"alternate that is gone", func(h *historyRepo) *historyRepo {
			h.write(".git/objects/info/alternates", filepath.Join(h.dir, "nowhere")+"\n")
			return h
		}, HistoryOptions{}, []string{"1 alternates"}, true},
		{"blob above the bound", func(h *historyRepo) *historyRepo { return h }, HistoryOptions{MaxSize: 1000},
			[]string{"1 blobs"}, true},
		{"LFS pointer", func(h *historyRepo) *historyRepo {
			h.write("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
			h.commit("pointer")
			return h
		}, HistoryOptions{}, []string{"1 LFS objects"}, true},
		{"archive", func(h *historyRepo) *historyRepo {
			h.write("a.zip", "PK\x03\x04 find-me-k")
			h.commit("archive")
			return h
		}, HistoryOptions{}, []string{"1 archives"}, true},
		{"commit that is no commit", func(h *historyRepo) *historyRepo {
			h.feed("no headers\n", "hash-object", "-w", "-t", "commit", "--literally", "--stdin")
			return h
		}, HistoryOptions{}, []string{"1 commits"}, true},
	}
}

// TestHistoryNeverFalselyComplete takes something away from a repository. Each time the coverage must say so, although
// nothing is found, and nothing that is found may be lost.
func TestHistoryNeverFalselyComplete(t *testing.T) {
	for _, test := range append(missingParts(), unreadableParts()...) {
		t.Run(test.name, func(t *testing.T) {
			h := newHistoryRepo(t)
			h.write("dir/a.txt", "content "+strings.Repeat("x", 2000)+"\n")
			h.write("b.txt", "find-me-k\n")
			h.commit("first")
			h.write("c.txt", "third\n")
			h.commit("second")
			found, coverage := test.spoil(h).scan(test.opt)
			if coverage.Complete {
				t.Errorf("complete: %+v", coverage)
			}
			if test.unread != nil {
				if diff := cmp.Diff(test.unread, historySkips(coverage, true)); diff != "" {
					t.Errorf("unread, want -, got +:\n%s\n%+v", diff, coverage.Skipped)
				}
			}
			if test.unread != nil && (len(found) > 0) != test.found {
				t.Errorf("found %v; want some: %v", historyLines(found), test.found)
			}
			for _, s := range coverage.Skipped {
				if s.Unread && !strings.ContainsAny(s.Reason, ";`:") {
					t.Errorf("no remedy in %+v", s)
				}
			}
		})
	}
}

// overwrite changes the bytes from an offset on in every file below a folder of the repository.
func (h *historyRepo) overwrite(folder string, offset int) {
	h.t.Helper()
	err := filepath.WalkDir(filepath.Join(h.dir, folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".idx") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := offset; i < min(len(data), offset+40); i++ {
			data[i] ^= 0x5a
		}
		return errors.Join(os.Chmod(path, 0o644), os.WriteFile(path, data, 0o644))
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *historyRepo) remove(pattern string) {
	h.t.Helper()
	paths, err := filepath.Glob(filepath.Join(h.dir, pattern))
	if err != nil || len(paths) == 0 {
		h.t.Fatalf("glob %s: %v, %v", pattern, paths, err)
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestHistoryComplete(t *testing.T) {
	t.Run("empty repository", func(t *testing.T) {
		_, coverage := newHistoryRepo(t).scan(HistoryOptions{})
		if !coverage.Complete || coverage.Blobs+coverage.Commits+coverage.Bytes != 0 && coverage.Refs != 1 {
			t.Errorf("coverage %+v; want a complete one of nothing", coverage)
		}
		if diff := cmp.Diff([]string{"1 objects"}, historySkips(coverage, false)); diff != "" {
			t.Errorf("left out, want -, got +:\n%s", diff)
		}
	})
	t.Run("SHA-256", func(t *testing.T) {
		h := newHistoryRepo(t, "--object-format=sha256")
		h.write("dir/a.txt", "find-me-k\n")
		h.commit("first")
		found, coverage := h.scan(HistoryOptions{})
		if !coverage.Complete {
			t.Errorf("not complete: %+v", coverage.Skipped)
		}
		if diff := cmp.Diff([]string{"k commit-content dir/a.txt:1 first"}, historyLines(found)); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
	t.Run("partial clone that has everything", func(t *testing.T) {
		h := newHistoryRepo(t)
		h.write("a.txt", "content\n")
		h.commit("first")
		h.git("config", "uploadpack.allowFilter", "true")
		dir := filepath.Join(t.TempDir(), "clone")
		h.git("clone", "-q", "--filter=blob:limit=1m", "file://"+h.dir, dir)
		_, coverage := h.at(dir).scan(HistoryOptions{})
		if !coverage.Complete {
			t.Errorf("not complete: %+v", coverage.Skipped)
		}
	})
	t.Run("submodule, empty commit, leftover", func(t *testing.T) {
		h := newHistoryRepo(t)
		h.commit("of the empty tree")
		h.write("a.txt", "content\n")
		h.git("add", "a.txt")
		h.git("update-index", "--add", "--cacheinfo", "160000,"+h.git("rev-parse", "HEAD")+",libs/other")
		h.git("commit", "-q", "-m", "with a submodule")
		h.write(".git/ORIG_HEAD", strings.Repeat("1", 40)+"\n")
		_, coverage := h.scan(HistoryOptions{})
		if !coverage.Complete {
			t.Errorf("not complete: %+v", coverage.Skipped)
		}
		if diff := cmp.Diff([]string{"1 refs", "1 submodules"}, historySkips(coverage, false)); diff != "" {
			t.Errorf("left out, want -, got +:\n%s", diff)
		}
	})
}

// TestHistoryKeepsWhatItCannotAttribute makes the refs unreadable: what was found is returned all the same.
func TestHistoryKeepsWhatItCannotAttribute(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "find-me-content\n")
	id := h.commit("find-me-message")
	h.write(".git/refs/heads/"+strings.Repeat("deep/", 100)+"branch", id+"\n")
	found, coverage := h.scan(HistoryOptions{})
	found = inObjects(found)
	want := []string{"content commit-content :1 -", "message commit-message :1 -"}
	if diff := cmp.Diff(want, historyLines(found)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	for _, f := range found {
		if len(f.Reasons) != 1 {
			t.Errorf("reasons %q; want one", f.Reasons)
		}
	}
	if diff := cmp.Diff([]string{"1 attributions", "1 refs"}, historySkips(coverage, true)); diff != "" {
		t.Errorf("unread, want -, got +:\n%s", diff)
	}
}

func FuzzSplitHeaders(f *testing.F) {
	f.Add("tree 1\nauthor a\ncommitter c\ngpgsig x\n y\n\n")
	f.Add("author a")
	f.Add("\nauthor \ncommitter ")
	f.Fuzz(func(t *testing.T, headers string) {
		who, extra := splitHeaders([]byte(headers), "author ", "committer ")
		_, want, found := strings.Cut("x"+headers, "\nauthor ")
		if want = "author " + want; !found {
			want = headers
		}
		got := strings.TrimRight(string(who)+"\n"+string(extra), "\n")
		if got != strings.TrimRight(want, "\n") {
			t.Errorf("%q became %q and %q", headers, who, extra)
		}
	})
}

func TestHistoryStops(t *testing.T) {
	h := newHistoryRepo(t)
	h.write("a.txt", "content\n")
	h.commit("first")
	r, err := repo.Open(h.dir, repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // only read
	stop := errors.New("stop")
	var rec scanner.Recorder
	err = NewHistory(r, HistoryOptions{}).Walk(context.Background(), &rec, func(*scanner.Chunk) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("error of visit: %v; want %v", err, stop)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err = NewHistory(r, HistoryOptions{}).Walk(ctx, &rec, func(*scanner.Chunk) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error of a done context: %v; want %v", err, context.Canceled)
	}
	found := []scanner.Finding{{Fingerprint: "k", Location: scanner.Location{
		Object: h.git("rev-parse", "HEAD:a.txt"), Kind: scanner.KindCommitContent,
	}}}
	if _, err = NewHistory(r, HistoryOptions{}).Attribute(ctx, &rec, found); !errors.Is(err, context.Canceled) {
		t.Errorf("attribution with a done context: %v; want %v", err, context.Canceled)
	}
}
