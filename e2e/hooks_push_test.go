//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bareRemote makes a bare repository that is the remote origin of r, and returns its path.
func bareRemote(t *testing.T, r *workRepo) string {
	t.Helper()
	remote := filepath.Join(t.TempDir(), "origin.git")
	r.git("init", "-q", "--bare", "-b", "main", remote)
	r.git("remote", "add", "origin", remote)
	return remote
}

// refused runs git push and holds that the hook stops it: no ref of any remote changes, the rule and the place are named, the
// secret is not shown.
func (r *workRepo) refused(secret, place string, args ...string) {
	r.t.Helper()
	before := r.remoteRefs()
	code, out := r.run("git", args...)
	if code == 0 || r.remoteRefs() != before {
		r.t.Errorf("git %q: exit %d, refs before and after\n%s\n%s\n%s", args, code, before, r.remoteRefs(), hide(out, secret))
	}
	if strings.Contains(out, secret[20:60]) {
		r.t.Errorf("git %q: the secret is shown", args)
	}
	for _, want := range []string{"anthropic", place} {
		if !strings.Contains(strings.ToLower(out), strings.ToLower(want)) {
			r.t.Errorf("git %q: %q is not named\n%s", args, want, hide(out, secret))
		}
	}
}

// pushes runs git push and holds that it changes a ref.
func (r *workRepo) pushes(args ...string) string {
	r.t.Helper()
	before := r.remoteRefs()
	code, out := r.run("git", args...)
	if code != 0 || r.remoteRefs() == before {
		r.t.Errorf("git %q: exit %d, no ref changed: %v\n%s", args, code, r.remoteRefs() == before, out)
	}
	return out
}

func (r *workRepo) remoteRefs() string {
	r.t.Helper()
	var all strings.Builder
	for _, name := range strings.Fields(r.git("remote")) {
		_, out := r.run("git", "ls-remote", name)
		all.WriteString(name + "\n" + out)
	}
	return all.String()
}

// change commits a file past the hooks.
func (r *workRepo) change(file, content string) string {
	r.t.Helper()
	r.write(file, content)
	r.git("add", file)
	r.git("commit", "-qnm", "change "+filepath.Base(file))
	return strings.TrimSpace(r.git("rev-parse", "HEAD"))
}

// pushRepo has one commit at a remote, and a hook for pushes.
func pushRepo(t *testing.T) *workRepo {
	t.Helper()
	r := newRepo(t)
	bareRemote(t, r)
	r.must(skant, "hooks", "install", "pre-push")
	r.change("README", "clean\n")
	r.pushes("push", "-q", "-u", "origin", "main")
	return r
}

func TestHookPush(t *testing.T) {
	secret := newSecret(t)
	line := "key = \"" + secret + "\"\n"
	for _, c := range []struct {
		name string
		run  func(r *workRepo)
	}{
		{"a branch that is there", func(r *workRepo) {
			r.change("config", line)
			r.refused(secret, "config", "push")
		}},
		{"a new branch", func(r *workRepo) {
			r.git("switch", "-qc", "side")
			r.change("config", line)
			r.refused(secret, "config", "push", "origin", "side")
			r.refused(secret, "config", "push", "origin", "HEAD:refs/heads/other")
		}},
		{"a new branch without anything new", func(r *workRepo) {
			out := r.pushes("push", "origin", "main:other")
			if !strings.Contains(out, "no secrets") || strings.Contains(out, "commit,") {
				r.t.Errorf("it searched something: %s", out)
			}
		}},
		{"what is there already is not searched again", func(r *workRepo) {
			r.change("config", line)
			r.pushes("push", "-q", "--no-verify")
			r.change("config", line+"more\n")
			r.pushes("push", "-q")
		}},
		{"added and removed again", func(r *workRepo) {
			r.change("config", line)
			r.change("config", "clean\n")
			r.refused(secret, "config", "push")
		}},
		{"a message", func(r *workRepo) {
			r.git("commit", "-qn", "--allow-empty", "-m", "x "+secret)
			r.refused(secret, "message", "push")
		}},
		{"forced", func(r *workRepo) {
			r.change("config", "a\n")
			r.pushes("push", "-q")
			r.git("reset", "-q", "--hard", "HEAD~1")
			r.change("config", line)
			r.refused(secret, "config", "push", "--force")
			r.refused(secret, "config", "push", "--force-with-lease")
		}},
		{"forced back", func(r *workRepo) {
			r.change("config", "a\n")
			r.pushes("push", "-q")
			r.git("reset", "-q", "--hard", "HEAD~1")
			r.pushes("push", "-q", "--force")
		}},
		{"forced over what somebody else pushed", func(r *workRepo) {
			other := newRepo(r.t)
			other.git("clone", "-q", strings.TrimSpace(r.git("remote", "get-url", "origin")), ".x")
			other.dir = filepath.Join(other.dir, ".x")
			other.change("theirs", "a\n")
			other.git("push", "-q", "--no-verify")
			r.change("config", line)
			r.refused(secret, "config", "push", "--force")
			r.git("reset", "-q", "--hard", "HEAD~1")
			r.change("config", "clean\n")
			r.pushes("push", "-q", "--force")
		}},
		{"deleted", func(r *workRepo) {
			r.pushes("push", "-q", "origin", "main:gone")
			r.pushes("push", "-q", "--delete", "origin", "gone")
		}},
		{"several, the last with a secret", func(r *workRepo) {
			for _, b := range []string{"a", "b", "z"} {
				r.git("switch", "-qc", b, "main")
				r.change(b, "clean\n")
			}
			r.change("config", line)
			r.refused(secret, "config", "push", "origin", "a", "b", "z")
			r.refused(secret, "config", "push", "--all")
			r.refused(secret, "config", "push", "--mirror")
		}},
		{"deleted and new at once", func(r *workRepo) {
			r.pushes("push", "-q", "origin", "main:gone")
			r.git("switch", "-qc", "side")
			r.change("config", line)
			r.refused(secret, "config", "push", "origin", ":gone", "side")
		}},
		{"a tag", func(r *workRepo) {
			r.git("switch", "-qc", "side")
			r.change("config", line)
			r.git("tag", "v1")
			r.git("switch", "-q", "main")
			r.refused(secret, "config", "push", "origin", "v1")
			r.git("tag", "-m", "annotated", "v2", "v1")
			r.git("tag", "-m", "a tag of a tag", "v3", "v2")
			r.refused(secret, "config", "push", "origin", "v3")
			r.refused(secret, "config", "push", "--tags")
		}},
		{"the message of a tag", func(r *workRepo) {
			r.git("tag", "-m", "release "+secret, "v1")
			r.refused(secret, "tag", "push", "origin", "v1")
			r.refused(secret, "tag", "push", "--tags")
			r.git("tag", "-m", "outside", "v2", "v1")
			r.refused(secret, "tag", "push", "origin", "v2")
			r.change("a", "b\n")
			r.git("tag", "-f", "-m", "release "+secret, "v1")
			r.refused(secret, "tag", "push", "--follow-tags")
		}},
		{"a clean tag", func(r *workRepo) {
			r.git("tag", "-m", "release", "v1")
			r.pushes("push", "-q", "origin", "v1")
		}},
		{"a tag of a file and of a folder", func(r *workRepo) {
			r.write("sub/config", line)
			r.git("add", ".")
			r.git("tag", "blob", strings.TrimSpace(r.git("hash-object", "-w", "sub/config")))
			r.git("tag", "tree", strings.TrimSpace(r.git("write-tree")))
			r.refused(secret, "anthropic", "push", "origin", "blob")
			r.refused(secret, "sub/config", "push", "origin", "tree")
		}},
		{"the name of a branch", func(r *workRepo) {
			r.refused(secret, "anthropic", "push", "origin", "main:refs/heads/"+secret)
		}},
		{"notes", func(r *workRepo) {
			r.git("notes", "add", "-m", secret)
			r.refused(secret, "anthropic", "push", "origin", "refs/notes/*")
		}},
		{"a merge", func(r *workRepo) {
			r.git("switch", "-qc", "side")
			r.change("config", line)
			r.git("switch", "-q", "main")
			r.change("other", "clean\n")
			r.git("merge", "-q", "--no-ff", "-m", "merge", "side")
			r.refused(secret, "config", "push")
		}},
		{"by revision", func(r *workRepo) {
			r.change("config", line)
			r.refused(secret, "config", "push", "origin", "HEAD@{0}:refs/heads/x")
			r.refused(secret, "config", "push", "origin", strings.TrimSpace(r.git("rev-parse", "HEAD"))+":refs/heads/x")
			r.refused(secret, "config", "push", "origin", "HEAD@{2037-01-01 00:00:00}:refs/heads/x")
		}},
		{"a hostile name", func(r *workRepo) {
			r.change("config", line)
			name := "refs/heads/$(touch${IFS}owned);`touch${IFS}owned`;&&touch${IFS}owned;'\"%s%n"
			r.refused(secret, "config", "push", "origin", "main:"+name)
			if _, err := os.Lstat(filepath.Join(r.dir, "owned")); err == nil {
				r.t.Error("the name of a branch was executed")
			}
		}},
		{"--no-verify", func(r *workRepo) {
			r.change("config", line)
			r.pushes("push", "-q", "--no-verify")
		}},
		{"from a linked work tree", func(r *workRepo) {
			linked := filepath.Join(r.t.TempDir(), "linked")
			r.git("worktree", "add", "-q", "-b", "side", linked)
			r.dir = linked
			r.change("config", line)
			r.refused(secret, "config", "push", "origin", "side")
		}},
		{"from a folder below", func(r *workRepo) {
			r.change("sub/config", line)
			r.dir = filepath.Join(r.dir, "sub")
			r.refused(secret, "sub/config", "push")
		}},
		{"up to date", func(r *workRepo) {
			if code, out := r.run("git", "push"); code != 0 {
				r.t.Errorf("exit %d\n%s", code, out)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := pushRepo(t)
			r.t = t
			c.run(r)
		})
	}
}

// TestHookPushElsewhere pushes to remotes of which less is known. What is at one of them is not at another.
func TestHookPushElsewhere(t *testing.T) {
	secret := newSecret(t)
	r := pushRepo(t)
	r.change("config", secret+"\n")
	r.git("push", "-q", "--no-verify")
	r.git("push", "-q", "--no-verify", "origin", "main:refs/heads/x/y")

	second := filepath.Join(t.TempDir(), "second.git")
	r.git("init", "-q", "--bare", second)
	r.git("remote", "add", "second", second)
	r.refused(secret, "config", "push", "second", "main")
	// A remote without a name, and one whose name is the beginning of another's.
	if code, out := r.run("git", "push", second, "main"); code == 0 {
		t.Errorf("to an address: exit %d\n%s", code, hide(out, secret))
	}
	third := filepath.Join(t.TempDir(), "third.git")
	r.git("init", "-q", "--bare", third)
	r.git("config", "remote.origin/x.url", third)
	r.git("config", "remote.origin/x.fetch", "+refs/heads/*:refs/remotes/origin/x/*")
	r.git("config", "--rename-section", "remote.second", "remote.ori")
	r.refused(secret, "config", "push", "origin/x", "main")
	// The refs of a mirror are one's own.
	r.git("config", "remote.ori.fetch", "+refs/*:refs/*")
	r.refused(secret, "config", "push", "ori", "main")
	// What is there already is known by the refs that fetching has written, however they are called.
	r.git("push", "-q", "--no-verify", third, "main")
	r.git("config", "remote.origin/x.fetch", "+refs/heads/*:refs/remotes/elsewhere/*")
	r.git("fetch", "-q", "origin/x")
	r.change("more", "clean\n")
	r.pushes("push", "-q", "origin/x", "main")
}

// TestHookPushCannotRead has a clone in which something is missing: it is stopped, and says what to do.
func TestHookPushCannotRead(t *testing.T) {
	r := pushRepo(t)
	r.change("a", "one\n")
	blob := strings.TrimSpace(r.git("rev-parse", "HEAD:a"))
	r.git("rm", "-q", "a")
	r.git("commit", "-qnm", "x")
	object := filepath.Join(r.dir, ".git/objects", blob[:2], blob[2:])
	chmod(t, object, 0o644)
	if err := os.WriteFile(object, []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, out := r.run("git", "push")
	if code == 0 || !strings.Contains(out, "not everything could be read") || !strings.Contains(out, "git push --no-verify") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestHookPushShallow pushes from a clone without most of its history.
func TestHookPushShallow(t *testing.T) {
	secret := newSecret(t)
	r := pushRepo(t)
	for _, name := range []string{"a", "b", "c"} {
		r.change(name, name+"\n")
	}
	r.git("push", "-q")
	url := strings.TrimSpace(r.git("remote", "get-url", "origin"))
	shallow := newRepo(t)
	shallow.git("clone", "-q", "--depth=1", "file://"+url, "clone")
	shallow.dir = filepath.Join(shallow.dir, "clone")
	shallow.must(skant, "hooks", "install", "pre-push")
	shallow.change("d", "clean\n")
	shallow.pushes("push", "-q")
	shallow.change("config", secret+"\n")
	shallow.refused(secret, "config", "push")
}

// TestHookPushSHA256 has ids of another length.
func TestHookPushSHA256(t *testing.T) {
	secret := newSecret(t)
	r := newRepo(t)
	r.dir = t.TempDir()
	r.git("init", "-q", "-b", "main", "--object-format=sha256")
	remote := filepath.Join(t.TempDir(), "origin.git")
	r.git("init", "-q", "--bare", "--object-format=sha256", remote)
	r.git("remote", "add", "origin", remote)
	r.must(skant, "hooks", "install", "pre-push")
	r.change("a", "clean\n")
	r.pushes("push", "-q", "origin", "main")
	r.change("config", secret+"\n")
	r.refused(secret, "config", "push", "origin", "main")
	r.pushes("push", "-q", "origin", "HEAD~1:refs/heads/b")
	r.pushes("push", "-q", "origin", ":b")
}
