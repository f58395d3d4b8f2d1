//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hookKinds are the hooks of somebody who commits and pushes.
var hookKinds = []string{"pre-commit", "pre-merge-commit", "pre-push"}

// snapshot returns what is below a folder: names, modes, links, SHA-256 of contents.
func snapshot(t *testing.T, folder string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "%s %v", rel, info.Mode())
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&out, " -> %s", target)
		case info.Mode().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(data)
			fmt.Fprintf(&out, " %s", hex.EncodeToString(sum[:]))
		}
		out.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// TestHookChains has hooks of others in all places. They still run, with what git gives them, ours runs after them, and
// uninstalling leaves the folder as it was.
func TestHookChains(t *testing.T) {
	secret := newSecret(t)
	r := newRepo(t)
	remote := bareRemote(t, r)
	record := filepath.Join(t.TempDir(), "record")
	for i, kind := range hookKinds {
		r.write(".git/hooks/"+kind, "#!/bin/sh\n{ echo \"$0\" \"$@\"; cat; } >> "+record+"\n[ ! -e refuse ] || exit 42\n")
		chmod(t, filepath.Join(r.dir, ".git/hooks", kind), []fs.FileMode{0o755, 0o700, 0o711}[i])
	}
	// One is a link to tracked content.
	r.write("scripts/pre-commit", "#!/bin/sh\necho linked >> "+record+"\n[ ! -e refuse ] || exit 42\n")
	chmod(t, filepath.Join(r.dir, "scripts/pre-commit"), 0o755)
	if err := os.Remove(filepath.Join(r.dir, ".git/hooks/pre-commit")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../scripts/pre-commit", filepath.Join(r.dir, ".git/hooks/pre-commit")); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, filepath.Join(r.dir, ".git/hooks"))
	for range 2 {
		r.must(skant, "hooks", "install", "all")
	}
	recorded := func(want ...string) {
		t.Helper()
		text, err := os.ReadFile(record)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("the other hook was not run with %q: %q", w, text)
			}
		}
		if err := os.Remove(record); err != nil {
			t.Fatal(err)
		}
	}
	r.write("a", "clean\n")
	r.git("add", ".")
	r.passes("commit", "-qm", "x")
	recorded("linked")
	r.git("push", "-q", "origin", "main")
	recorded("pre-push", "origin "+remote+"\nrefs/heads/main "+strings.TrimSpace(r.git("rev-parse", "main"))+" refs/heads/main "+strings.Repeat("0", 40)+"\n")

	// The other hook refuses.
	r.write("b", "clean\n")
	r.git("add", "b")
	r.write("refuse", "")
	if code, out := r.run("git", "commit", "-m", "x"); code == 0 || strings.Contains(out, "skant") {
		t.Errorf("exit %d\n%s", code, out)
	}
	recorded("linked")
	if err := os.Remove(filepath.Join(r.dir, "refuse")); err != nil {
		t.Fatal(err)
	}
	// Ours refuses.
	r.write("c", secret+"\n")
	r.git("add", "c")
	r.blocked(secret, "c", "commit", "-m", "x")
	recorded("linked")
	r.git("commit", "-qnm", "x")
	r.refused(secret, "c", "push", "origin", "main")
	recorded("refs/heads/main")

	if out := r.must(skant, "hooks", "status"); strings.Count(out, "git was stopped") != 3 {
		t.Errorf("status says %s", out)
	}
	if _, err := os.Stat(record); err == nil {
		t.Error("trying out has run a hook of somebody else")
	}
	r.must(skant, "hooks", "uninstall")
	if after := snapshot(t, filepath.Join(r.dir, ".git/hooks")); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// TestHookAfterFormatter has a hook of somebody else that changes what is staged: that is searched, too.
func TestHookAfterFormatter(t *testing.T) {
	secret := newSecret(t)
	r := newRepo(t)
	r.write("template", secret+"\n")
	r.write(".git/hooks/pre-commit", "#!/bin/sh\ncp template made && git add made\n")
	chmod(t, filepath.Join(r.dir, ".git/hooks/pre-commit"), 0o755)
	r.must(skant, "hooks", "install")
	r.write("a", "clean\n")
	r.git("add", "a")
	r.blocked(secret, "made", "commit", "-m", "x")
}

func TestHookForeignToolIsLeftAlone(t *testing.T) {
	r := newRepo(t)
	r.write(".git/hooks/pre-commit", "#!/bin/sh\ncall_lefthook run \"pre-commit\" \"$@\"\n")
	chmod(t, filepath.Join(r.dir, ".git/hooks/pre-commit"), 0o755)
	before := snapshot(t, filepath.Join(r.dir, ".git/hooks"))
	if code, out := r.run(skant, "hooks", "install", "pre-commit"); code != 2 || !strings.Contains(out, "lefthook.yml") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if after := snapshot(t, filepath.Join(r.dir, ".git/hooks")); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if code, out := r.run(skant, "hooks", "status"); code != 1 || !strings.Contains(out, "lefthook wrote it") {
		t.Errorf("exit %d\n%s", code, out)
	}
	r.must(skant, "hooks", "install", "pre-commit", "--chain")
	r.must(skant, "hooks", "uninstall")
	if after := snapshot(t, filepath.Join(r.dir, ".git/hooks")); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func TestHookByALineOfTheUser(t *testing.T) {
	secret := newSecret(t)
	r := newRepo(t)
	r.write(".git/hooks/pre-commit", "#!/bin/sh\n'"+skant+"' hooks run pre-commit -- \"$@\" || exit $?\nexit 0\n")
	chmod(t, filepath.Join(r.dir, ".git/hooks/pre-commit"), 0o755)
	r.must(skant, "hooks", "install")
	if out := r.must(skant, "hooks", "status"); !strings.Contains(out, "chained") || !strings.Contains(out, "not tried") {
		t.Errorf("status says %s", out)
	}
	r.write("config", secret+"\n")
	r.git("add", ".")
	r.blocked(secret, "config", "commit", "-m", "x")
	r.must(skant, "hooks", "uninstall")
	if _, err := os.Stat(filepath.Join(r.dir, ".git/hooks/pre-commit")); err != nil {
		t.Errorf("the hook of another was removed: %v", err)
	}
	if _, err := os.Stat(filepath.Join(r.dir, ".git/hooks/pre-merge-commit")); err == nil {
		t.Error("our own hook is still there")
	}
}

func TestHooksPathElsewhere(t *testing.T) {
	secret := newSecret(t)
	r := hooked(t, false)
	for path, want := range map[string]string{
		".husky": "to .husky/pre-commit:", ".husky/_": "skant hooks run pre-merge-commit -- \"$@\"", "tools/hooks": "--any-hooks-path", "/dev/null": "--any-hooks-path",
	} {
		r.git("config", "core.hooksPath", path)
		if code, out := r.run(skant, "hooks", "status"); code != 1 || !strings.Contains(out, path) || strings.Count(out, "is not run because of that") != 2 {
			t.Errorf("%s: status: exit %d\n%s", path, code, out)
		}
		if code, out := r.run(skant, "hooks", "install"); code != 2 || !strings.Contains(out, want) {
			t.Errorf("%s: install: exit %d\n%s", path, code, out)
		}
		if _, err := os.Lstat(filepath.Join(r.dir, path)); path != "/dev/null" && err == nil {
			t.Errorf("%s was made", path)
		}
	}
	r.git("config", "core.hooksPath", "tools/hooks")
	r.must(skant, "hooks", "install", "--any-hooks-path")
	r.must(skant, "hooks", "status", "pre-commit")
	r.write("config", secret+"\n")
	r.git("add", "config")
	r.blocked(secret, "config", "commit", "-m", "x")
	r.must(skant, "hooks", "uninstall")
	r.git("config", "--unset", "core.hooksPath")
	if code, out := r.run(skant, "hooks", "status"); code != 1 || strings.Contains(out, "git was stopped") {
		t.Errorf("after uninstalling: exit %d\n%s", code, out)
	}
}

// TestHooksFolder holds that skant looks where git itself does.
func TestHooksFolder(t *testing.T) {
	r := hooked(t, false)
	linked := filepath.Join(t.TempDir(), "linked")
	r.git("worktree", "add", "-q", linked)
	top := r.dir
	for _, path := range []string{"", "relative/hooks", "/absolute/hooks", "~/hooks"} {
		if path != "" {
			r.git("config", "core.hooksPath", path)
		}
		for _, dir := range []string{top, linked} {
			r.dir = dir
			want := strings.TrimSpace(r.git("rev-parse", "--git-path", "hooks"))
			if !filepath.IsAbs(want) {
				want = filepath.Join(dir, want)
			}
			_, out := r.run(skant, "hooks", "status")
			if !strings.Contains(out, "git looks for hooks in "+want+"\n") {
				t.Errorf("%q in %s: git says %s, status\n%s", path, dir, want, out)
			}
		}
		r.dir = top
	}
}

// TestHookStatusProves breaks hooks in every way and holds that status notices.
func TestHookStatusProves(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(r *workRepo, hook string)
		says   string
	}{
		"not executable": {func(r *workRepo, hook string) { chmod(r.t, hook, 0o644) }, "chmod +x"},
		"a program that finds nothing": {func(r *workRepo, hook string) {
			fake := filepath.Join(r.dir, "fake")
			r.write("fake", "#!/bin/sh\nexit 0\n")
			chmod(r.t, fake, 0o755)
			replace(r, hook, skant, fake)
		}, "git was NOT stopped"},
		"a program that does not run": {func(r *workRepo, hook string) {
			fake := filepath.Join(r.dir, "fake")
			r.write("fake", "#!/no/such/interpreter\n")
			chmod(r.t, fake, 0o755)
			replace(r, hook, skant, fake)
		}, "but not by skant"},
		"no program":   {func(r *workRepo, hook string) { replace(r, hook, skant, "/no/such/skant") }, "is not there"},
		"one line off": {func(r *workRepo, hook string) { replace(r, hook, "exec ", "exit 0\nexec ") }, "does not run skant"},
		"switched off": {func(r *workRepo, _ string) { r.git("config", "core.hooksPath", "/dev/null") }, "is not run because of that"},
	} {
		for _, kind := range hookKinds {
			t.Run(name+" "+kind, func(t *testing.T) {
				r := newRepo(t)
				r.must(skant, "hooks", "install", kind)
				r.must(skant, "hooks", "status", kind)
				c.breaks(r, filepath.Join(r.dir, ".git/hooks", kind))
				before := snapshot(t, r.dir)
				if code, out := r.run(skant, "hooks", "status", kind); code != 1 || !strings.Contains(out, c.says) {
					t.Errorf("exit %d\n%s", code, out)
				}
				if after := snapshot(t, r.dir); after != before {
					t.Errorf("trying out changed the repository:\n%s\n%s", before, after)
				}
			})
		}
	}
}

func replace(r *workRepo, path, old, replacement string) {
	r.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, replacement, 1)), 0o755); err != nil {
		r.t.Fatal(err)
	}
}

// TestHookStatusTouchesNothing has an index, a work tree and variables that a trial must not get into its hands.
func TestHookStatusTouchesNothing(t *testing.T) {
	r := hooked(t, false)
	r.must(skant, "hooks", "install", "all")
	r.write("README", "changed\n")
	r.write("new", "x\n")
	r.git("add", "new")
	r.git("status") // refreshes the index
	before := snapshot(t, r.dir)
	env := r.env
	for _, extra := range [][]string{nil, {"GIT_DIR=" + filepath.Join(r.dir, ".git"), "GIT_WORK_TREE=" + r.dir}, {"GIT_INDEX_FILE=" + filepath.Join(r.dir, ".git/index")}} {
		r.env = append(without(env, "none"), extra...)
		out := r.must(skant, "hooks", "status")
		if strings.Count(out, "git was stopped") != 3 {
			t.Errorf("%q: %s", extra, out)
		}
		if len(extra) == 2 && !strings.Contains(out, "GIT_DIR is set here") {
			t.Errorf("%q: %s", extra, out)
		}
	}
	r.env = env
	if after := snapshot(t, r.dir); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}
