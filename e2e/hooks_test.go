//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hooked returns a repository with the hooks of skant and, unless empty, one commit.
func hooked(t *testing.T, empty bool) *workRepo {
	t.Helper()
	r := newRepo(t)
	r.must(skant, "hooks", "install")
	if !empty {
		r.write("README", "clean\n")
		r.git("add", ".")
		r.passes("commit", "-qm", "first")
	}
	return r
}

func TestHookBlocksAndPasses(t *testing.T) {
	secret := newSecret(t)
	line := "key = \"" + secret + "\"\n"
	for _, c := range []struct {
		name string
		run  func(r *workRepo)
	}{
		{"added", func(r *workRepo) {
			r.write("config.py", line)
			r.git("add", ".")
			r.blocked(secret, "config.py", "commit", "-m", "x")
		}},
		{"commit -a", func(r *workRepo) {
			r.write("README", line)
			r.blocked(secret, "readme", "commit", "-am", "x")
		}},
		{"commit FILE", func(r *workRepo) {
			r.write("README", line)
			r.write("other", "clean\n")
			r.git("add", "other")
			r.blocked(secret, "readme", "commit", "-m", "x", "--", "README")
			// The index that git builds for a single file holds that file alone.
			r.git("add", "README")
			r.passes("commit", "-qm", "x", "--", "other")
		}},
		{"commit --include", func(r *workRepo) {
			r.write("README", line)
			r.write("other", "clean\n")
			r.git("add", "other")
			r.blocked(secret, "readme", "commit", "-m", "x", "--include", "README")
		}},
		{"only part of a file is staged", func(r *workRepo) {
			r.write("README", "clean too\n")
			r.git("add", "README")
			r.write("README", line)
			r.passes("commit", "-qm", "x")
			r.git("add", "README")
			r.write("README", "clean again\n")
			r.blocked(secret, "readme", "commit", "-m", "x")
		}},
		{"renamed", func(r *workRepo) {
			r.git("mv", "README", "README.md")
			r.write("README.md", "clean\n"+line)
			r.blocked(secret, "readme.md", "commit", "-am", "x")
		}},
		{"amended", func(r *workRepo) {
			r.write("README", line)
			r.git("add", "README")
			r.blocked(secret, "readme", "commit", "--amend", "-m", "x")
		}},
		{"in a folder below", func(r *workRepo) {
			r.write("sub/a", line)
			r.git("add", ".")
			r.dir = filepath.Join(r.dir, "sub")
			r.blocked(secret, "sub/a", "commit", "-m", "x")
		}},
		{"an old secret stays where it is", func(r *workRepo) {
			r.write("old", line)
			r.git("add", ".")
			r.passes("commit", "-qnm", "x")
			r.write("old", line+"a line more\n")
			r.passes("commit", "-qam", "x")
		}},
		{"--no-verify", func(r *workRepo) {
			r.write("README", line)
			r.passes("commit", "-qam", "x", "--no-verify")
		}},
		{"an empty commit", func(r *workRepo) { r.passes("commit", "-qm", "x", "--allow-empty") }},
		{"a deletion", func(r *workRepo) {
			r.git("rm", "-q", "README")
			r.passes("commit", "-qm", "x")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := hooked(t, false)
			r.t = t
			c.run(r)
		})
	}
}

func TestHookFirstCommit(t *testing.T) {
	secret := newSecret(t)
	r := hooked(t, true)
	r.write("config", secret+"\n")
	r.git("add", ".")
	r.blocked(secret, "config", "commit", "-m", "x")
	r.write("config", "clean\n")
	r.passes("commit", "-qam", "x")
}

func TestHookMerge(t *testing.T) {
	secret := newSecret(t)
	r := hooked(t, false)
	r.git("switch", "-qc", "side")
	r.write("config", secret+"\n")
	r.git("add", ".")
	// The secret is on a branch of somebody who has no hooks.
	r.passes("commit", "-qnm", "leak")
	r.git("switch", "-q", "main")
	r.write("other", "clean\n")
	r.git("add", ".")
	r.passes("commit", "-qm", "x")
	r.blocked(secret, "config", "merge", "-q", "-m", "merge", "side")
	r.git("merge", "--abort")
	r.git("branch", "-q", "clean", "HEAD~1")
	r.git("switch", "-q", "clean")
	r.write("third", "clean\n")
	r.git("add", ".")
	r.passes("commit", "-qm", "x")
	r.git("switch", "-q", "main")
	r.passes("merge", "-q", "-m", "merge", "clean")
}

func TestHookLinkedWorktree(t *testing.T) {
	secret := newSecret(t)
	r := hooked(t, false)
	linked := filepath.Join(t.TempDir(), "linked")
	r.git("worktree", "add", "-q", linked)
	r.dir = linked
	if out := r.must(skant, "hooks", "status"); !strings.Contains(out, "pre-commit") {
		t.Errorf("status says %q", out)
	}
	r.write("config", secret+"\n")
	r.git("add", ".")
	r.blocked(secret, "config", "commit", "-m", "x")
	r.write("config", "clean\n")
	r.passes("commit", "-qam", "x")
}

func TestHookWithoutProgram(t *testing.T) {
	r := newRepo(t)
	copied := filepath.Join(t.TempDir(), "skant")
	program, err := os.ReadFile(skant)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, program, 0o755); err != nil {
		t.Fatal(err)
	}
	r.must(copied, "hooks", "install")
	if err := os.Remove(copied); err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	r.env = append(without(r.env, "PATH"), "PATH=/usr/bin:/bin")
	r.write("a", "clean\n")
	r.git("add", ".")
	code, out := r.run("git", "commit", "-m", "x")
	if code == 0 || !strings.Contains(out, "git commit --no-verify") || !strings.Contains(out, copied) {
		t.Errorf("exit %d\n%s", code, out)
	}
	r.env = append(without(r.env, "PATH"), "PATH="+filepath.Dir(skant)+":"+path)
	r.passes("commit", "-qm", "x")
}
