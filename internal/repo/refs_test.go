package repo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

func (s *sandbox) refs() map[string]Ref {
	s.t.Helper()
	refs, err := s.open().Refs()
	if err != nil {
		s.t.Fatal(err)
	}
	byName := map[string]Ref{}
	for _, ref := range refs {
		byName[ref.Name] = ref
	}
	return byName
}

func TestRefsAgreeWithGit(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		s := newSandbox(t, "--object-format="+format)
		s.commit("one")
		s.git("tag", "-a", "-m", "t", "annotated")
		s.git("tag", "-a", "-m", "t", "twice", "annotated")
		s.git("tag", "light")
		s.git("branch", "deep/er/branch")
		s.git("notes", "add", "-m", "n")
		s.git("update-ref", "refs/pull/7/head", "HEAD")
		s.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/heads/main")
		s.git("pack-refs", "--all")
		s.commit("two")
		s.git("tag", "-a", "-m", "t", "loose-annotated")
		s.write("f", "x")
		s.git("stash", "-q", "-u")
		want := map[string]string{}
		for line := range strings.Lines(s.git("for-each-ref", "--format=%(refname) %(objectname) %(*objectname) %(symref)")) {
			fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 2)
			want[fields[0]] = fields[1]
		}
		want["HEAD"] = s.git("rev-parse", "HEAD") + "  refs/heads/main"
		want["ORIG_HEAD"] = s.git("rev-parse", "ORIG_HEAD") + "  "
		got := map[string]string{}
		for name, ref := range s.refs() {
			got[name] = fmt.Sprintf("%s %s %s", ref.ID, ref.Peeled, ref.Symbolic)
			if ref.Problem != "" {
				t.Errorf("%s: %s", name, ref.Problem)
			}
		}
		// for-each-ref peels one level only.
		want["refs/tags/twice"] = s.git("rev-parse", "twice") + " " + s.git("rev-parse", "twice^{}") + " "
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("refs differ from git's (-git +ours):\n%s", diff)
		}
	}
}

func TestRefsOfWorktreesAndPseudoRefs(t *testing.T) {
	s := newSandbox(t)
	one := s.commit("one")
	linked := filepath.Join(s.dir, "..", "linked")
	s.git("worktree", "add", "-q", "--detach", linked)
	w := s.at(linked)
	two := w.commit("two")
	w.git("update-ref", "refs/worktree/own", "HEAD")
	s.git("fetch", "-q", ".", "main:other", "+HEAD:third")
	s.write(".git/MERGE_HEAD", one+"\n"+two+"\n")
	refs := s.refs()
	if refs["HEAD"].ID.String() != one || refs["worktrees/linked/HEAD"].ID.String() != two {
		t.Errorf("heads %v and %v", refs["HEAD"], refs["worktrees/linked/HEAD"])
	}
	if refs["worktrees/linked/refs/worktree/own"].ID.String() != two {
		t.Errorf("per-worktree ref %v", refs["worktrees/linked/refs/worktree/own"])
	}
	all, err := s.open().Refs()
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, ref := range all {
		count[ref.Name]++
	}
	if count["FETCH_HEAD"] != 2 || count["MERGE_HEAD"] != 2 {
		t.Errorf("counts %v", count)
	}
	refs = w.refs()
	if refs["HEAD"].ID.String() != two || refs["main-worktree/HEAD"].ID.String() != one || refs["refs/heads/other"].ID.String() != one {
		t.Errorf("from the linked worktree: %v", refs)
	}
}

func TestRefsThatAreBroken(t *testing.T) {
	s := newSandbox(t)
	one := s.commit("one")
	missing := strings.Repeat("12", 20)
	pipe := filepath.Join(s.dir, ".git", "refs", "heads", "link")
	if err := os.Symlink("/etc/hostname", pipe); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"empty": "", "nonsense": "nonsense\n", "missing": missing + "\n", "outside": "ref: ../../x\n",
		"circle": "ref: refs/heads/circle\n", "unborn": "ref: refs/heads/nowhere\n", "ignored.lock": one + "\n", "long": strings.Repeat("a", 9999),
		"spaced": one + " comment\n",
	} {
		s.write(".git/refs/heads/"+name, content)
	}
	s.write(".git/packed-refs", "# pack-refs with: peeled fully-peeled sorted \n"+one+" refs/heads/packed\nnonsense\n"+
		"xyz refs/heads/badid\n"+one+" ../escape\n^"+one+"\n"+missing+" refs/heads/packedmissing\r\n"+one+" refs/heads/last")
	got := map[string]string{}
	for name, ref := range s.refs() {
		got[name] = ref.Problem
	}
	want := map[string]string{
		"HEAD": "", "refs/heads/main": "", "refs/heads/packed": "", "refs/heads/last": "", "refs/heads/spaced": "",
		"refs/heads/empty": "cannot be read: empty", "refs/heads/nonsense": "holds no object id", "refs/heads/missing": "its object is missing",
		"refs/heads/outside": "stands for something that is no ref name", "refs/heads/circle": "symbolic refs in a circle",
		"refs/heads/unborn": "", "refs/heads/long": "holds no object id", "refs/heads/link": "holds no object id",
		"packed-refs:3": "malformed line", "packed-refs:4": "malformed line", "../escape": "malformed name", "packed-refs:8": "line is cut short",
		"refs/heads/packedmissing": "its object is missing",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefsManyPacked(t *testing.T) {
	const n = 100_000
	s := newSandbox(t)
	one := s.commit("one")
	var b strings.Builder
	b.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for i := range n {
		fmt.Fprintf(&b, "%s refs/heads/branch%06d\n", one, i)
	}
	s.write(".git/packed-refs", b.String())
	r := s.open()
	start := time.Now()
	refs, err := r.Refs()
	if err != nil || len(refs) != n+2 {
		t.Fatalf("%d refs, %v", len(refs), err)
	}
	// Far above what it takes, far below what anything quadratic would.
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	ref, err := r.readRef("refs/heads/branch099999")
	if err != nil || ref.ID.String() != one {
		t.Errorf("%v, %v", ref, err)
	}
	if ref, err := r.readRef("refs/heads/branch09999"); err != nil || !ref.ID.IsZero() {
		t.Errorf("a prefix of a name was taken for it: %v, %v", ref, err)
	}
}

// fakeGit answers as git 2.45 would in a repository with reftables, which the git that runs these tests may not know.
func fakeGit(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "git")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRefsInReftables(t *testing.T) {
	s := newSandbox(t)
	one := s.commit("one")
	s.git("config", "core.repositoryFormatVersion", "1")
	s.git("config", "extensions.refStorage", "reftable")
	s.damage("HEAD", func([]byte) []byte { return []byte("ref: refs/heads/.invalid\n") })
	git := fakeGit(t, `for a in "$@"; do case "$a" in
for-each-ref) echo "`+one+` refs/heads/main "; exit 0;;
rev-parse) echo `+one+`; exit 0;;
esac; done; exit 2`)
	r := s.openWith(Options{Git: git})
	refs, err := r.Refs()
	if err != nil || len(refs) != 2 || refs[1].Name != "refs/heads/main" || refs[1].ID.String() != one {
		t.Errorf("refs %v, %v", refs, err)
	}
	if !slices.ContainsFunc(r.Limits(), func(l Limit) bool { return l.What == "reflogs" }) {
		t.Error("nothing says that reflogs are not read")
	}
	old := s.openWith(Options{Git: fakeGit(t, "echo 'fatal: unknown repository extension found: refstorage' >&2; exit 128")})
	if _, err := old.Refs(); err == nil || !strings.Contains(err.Error(), "2.45") {
		t.Errorf("error %v, want one that names the git to install", err)
	}
	if _, err := old.StagedChanges(t.Context()); err == nil {
		t.Error("staged changes without knowing HEAD")
	}
	if _, err := old.Resolve("main"); err == nil {
		t.Error("resolved without refs")
	}
}

func TestReflogs(t *testing.T) {
	s := newSandbox(t)
	one := s.commit("one")
	two := s.commit("two")
	linked := filepath.Join(s.dir, "..", "linked")
	s.git("worktree", "add", "-q", "-b", "side", linked)
	s.at(linked).commit("three")
	s.write("f", "x")
	s.git("stash", "-q", "-u")
	var got []string
	entries, err := s.open().Reflogs()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Problem != "" || e.Who.Email != "carl@example.com" || e.Who.When.IsZero() {
			t.Errorf("entry %+v", e)
		}
		got = append(got, e.Ref+" "+e.New.String()+" "+e.Message)
	}
	var want []string
	for _, name := range []string{"HEAD", "refs/heads/main", "refs/heads/side", "refs/stash"} {
		lines := strings.Split(s.git("log", "-g", "--format="+name+" %H %gs", name), "\n")
		slices.Reverse(lines)
		want = append(want, lines...)
	}
	lines := strings.Split(s.at(linked).git("log", "-g", "--format=worktrees/linked/HEAD %H %gs", "HEAD"), "\n")
	slices.Reverse(lines)
	want = append(want, lines...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reflogs differ from git's (-git +ours):\n%s", diff)
	}
	if entries[0].Old != (pack.ID{}) || entries[1].Old.String() != one || entries[1].New.String() != two {
		t.Errorf("ids %v, %v", entries[0], entries[1])
	}
}

func FuzzReflog(f *testing.F) {
	id := strings.Repeat("12", 20)
	f.Add([]byte(id + " " + id + " A <a@x> 1700000000 +0100\tcommit: x\n"))
	f.Add([]byte("nonsense\n\n" + id + " " + id))
	f.Add([]byte(strings.Repeat("x", maxReflogLine+5)))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		for e := range parseReflog(data) {
			n++
			if e.Line != n || len(e.Message) > maxReflogLine {
				t.Fatalf("entry %d: line %d, message of %d bytes", n, e.Line, len(e.Message))
			}
		}
		want := strings.Count(string(data), "\n")
		if len(data) > 0 && data[len(data)-1] != '\n' {
			want++
		}
		if n != want {
			t.Fatalf("%d entries of %d lines", n, want)
		}
	})
}

func FuzzPackedRefs(f *testing.F) {
	id := strings.Repeat("12", 20)
	f.Add([]byte("# pack-refs with: peeled\n"+id+" refs/heads/main\n^"+id+"\n"), "refs/heads/main")
	f.Add([]byte("nonsense\n"+id+" refs/heads/main"), "refs/heads/main")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		if !validRefName(name) || strings.ContainsAny(name, "\r\n") {
			return
		}
		all, err := listPackedRefs(data)
		if err != nil {
			t.Fatal(err)
		}
		found := findPackedRef(data, name)
		i := slices.IndexFunc(all, func(ref Ref) bool { return ref.Name == name && ref.Problem == "" })
		if (i >= 0) != (!found.ID.IsZero()) {
			t.Fatalf("listing finds %q at %d, searching finds %v", name, i, found)
		}
		if i >= 0 && all[i] != found {
			t.Fatalf("listing finds %v, searching finds %v", all[i], found)
		}
	})
}
