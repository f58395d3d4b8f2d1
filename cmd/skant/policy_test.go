package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
)

// policyCase is a path and what must come of reading it: its content, "absent", or a piece of the error's text.
type policyCase struct{ path, want string }

func holdPolicy(t *testing.T, p policyFiles, cases []policyCase) {
	t.Helper()
	for _, c := range cases {
		data, err := p.read(c.path)
		got := string(data)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			got = "absent"
		case err != nil:
			got = err.Error()
		}
		if got != c.want && (err == nil || c.want == "absent" || !strings.Contains(got, c.want)) {
			t.Errorf("%q: %q, want %q", c.path, got, c.want)
		}
		if err != nil && data != nil {
			t.Errorf("%q: data with error %v", c.path, err)
		}
	}
}

// policyTree is a folder with a file of everything that may stand in the place of one.
func policyTree(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "top")
	write := func(name, text string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write(".skant.yaml", "one\n")
	write("ci/rules.yaml", "two\n")
	write("empty", "")
	write("large", strings.Repeat("x", maxPolicyFile))
	write("larger", strings.Repeat("x", maxPolicyFile+1))
	write(filepath.Join("..", "outside"), "out\n")
	if err := os.Mkdir(filepath.Join(dir, ".skantignore"), 0o750); err != nil {
		t.Fatal(err)
	}
	return dir
}

// links puts symbolic links of every kind into a folder; it skips the test where there are none.
func links(t *testing.T, dir string) {
	t.Helper()
	for name, target := range map[string]string{
		"to-file": ".skant.yaml", "to-outside": "../outside", "to-folder": "ci", "to-nothing": "nothing", "to-itself": "to-itself",
		"to-root": "/", "to-device": "/dev/zero",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			unsupported(t, err)
		}
	}
}

func TestWorktreePolicy(t *testing.T) {
	dir := policyTree(t)
	if err := os.WriteFile(filepath.Join(dir, ".git"), []byte("gitdir: elsewhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := worktreePolicy(dir)
	if p.origin != "" || p.name("x") != "x" {
		t.Errorf("the work tree is called %q", p.origin)
	}
	holdPolicy(t, p, []policyCase{
		{".skant.yaml", "one\n"},
		{"ci/rules.yaml", "two\n"},
		{"empty", ""},
		{"large", strings.Repeat("x", maxPolicyFile)},
		{"larger", "more than 4 MiB"},
		{"none", "absent"},
		{"none/x", "absent"},
		{".skant.yaml/x", "absent"},
		{".skantignore", "is a folder"},
		{"ci", "is a folder"},
		{"", "a path below"},
		{".", "a path below"},
		{"../outside", "a path below"},
		{"ci/../.skant.yaml", "a path below"},
		{"./.skant.yaml", "a path below"},
		{"/etc/passwd", "a path below"},
		{filepath.ToSlash(dir) + "/.skant.yaml", "a path below"},
		{"ci//rules.yaml", "a path below"},
		{"ci\\rules.yaml", "a path below"},
		{"C:rules.yaml", "a path below"},
		{".skant.yaml:stream", "a path below"},
		{".git", "a path below"},
		{".git/config", "a path below"},
		{"sub/.GIT/config", "a path below"},
		{"x\x00", "a path below"},
	})
	holdPolicy(t, worktreePolicy(""), []policyCase{{".skant.yaml", "absent"}})
	holdPolicy(t, noPolicy(), []policyCase{{".skant.yaml", "absent"}})
	holdPolicy(t, worktreePolicy(filepath.Join(dir, "gone")), []policyCase{{".skant.yaml", "absent"}})
}

func TestWorktreePolicyFollowsNoLink(t *testing.T) {
	dir := policyTree(t)
	links(t, dir)
	var cases []policyCase
	for _, name := range []string{"to-file", "to-outside", "to-nothing", "to-itself", "to-root", "to-device", "to-folder", "to-folder/rules.yaml", "to-root/etc/passwd"} {
		cases = append(cases, policyCase{name, "symbolic link"})
	}
	holdPolicy(t, worktreePolicy(dir), cases)
	// The top itself may be reached by a link: it is what the user named.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	holdPolicy(t, worktreePolicy(link), []policyCase{{".skant.yaml", "one\n"}})
}

// TestPolicyNamesAreExact makes a file system that does not tell upper case from lower out of one that does: a second name
// for the same file is what such a system shows.
func TestPolicyNamesAreExact(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".SKANT.yaml", "Rules.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folds := false
	if _, err := os.Stat(filepath.Join(dir, ".skant.YAML")); err == nil {
		folds = true
	}
	want := "absent"
	if folds {
		want = "rename it"
	}
	holdPolicy(t, worktreePolicy(dir), []policyCase{{".skant.yaml", want}, {"rules.yaml", want}, {".SKANT.yaml", "x"}, {"Rules.yaml", "x"}})
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	info, err := root.Stat("Rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !folds {
		if err := os.Link(filepath.Join(dir, "Rules.yaml"), filepath.Join(dir, "RULES.YAML")); err != nil {
			unsupported(t, err)
		}
	}
	if err := exactName(root, "rules.yaml", info); err == nil || !strings.Contains(err.Error(), "rename it") {
		t.Errorf("rules.yaml is taken for Rules.yaml: %v", err)
	}
	if err := exactName(root, "Rules.yaml", info); err != nil {
		t.Errorf("the name on the disk is refused: %v", err)
	}
	if err := root.Close(); err != nil {
		t.Error(err)
	}
}

// commitAll makes a repository of a folder and returns it with its one commit.
func commitAll(t *testing.T, dir string) (r *repo.Repository, id string) {
	t.Helper()
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	git("add", "-A")
	git("commit", "-qm", "x")
	r, err := repo.Open(dir, repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r, git("rev-parse", "HEAD")
}

func TestCommitPolicy(t *testing.T) {
	dir := policyTree(t)
	links(t, dir)
	r, rev := commitAll(t, dir)
	commit, err := r.Resolve(rev)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".skant.yaml"), []byte("changed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := commitPolicy(r, commit)
	if p.origin != "commit "+rev[:8] || p.name(".skant.yaml") != ".skant.yaml of commit "+rev[:8] {
		t.Errorf("the commit is called %q", p.origin)
	}
	holdPolicy(t, p, []policyCase{
		{".skant.yaml", "one\n"},
		{"ci/rules.yaml", "two\n"},
		{"empty", ""},
		{"larger", "read larger of commit " + rev[:8]},
		{"none", "absent"},
		{"ci", "absent"},
		{".skant.yaml/x", "absent"},
		{"to-file", "symbolic link"},
		{"to-root", "symbolic link"},
		{"to-folder/rules.yaml", "absent"},
		{"../outside", "a path below"},
		{".git/config", "a path below"},
	})
	got := slices.Collect(p.paths())
	want := strings.Fields("empty large larger .skant.yaml to-device to-file to-folder to-itself to-nothing to-outside to-root ci/rules.yaml")
	if slices.Sort(want); !slices.Equal(slices.Sorted(slices.Values(got)), want) || got[len(got)-1] != "ci/rules.yaml" {
		t.Errorf("the commit's files are %q", got)
	}
	if n := len(slices.Collect(worktreePolicy(dir).paths())); n != len(want) {
		t.Errorf("%d files of HEAD", n)
	}
	missing, err := pack.ParseID(strings.Repeat("ab", len(rev)/2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := commitPolicy(r, missing).read(".skant.yaml"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a commit that is not there: %v; that is no missing file", err)
	}
}
