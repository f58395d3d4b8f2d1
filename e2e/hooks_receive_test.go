//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// receiving returns a repository, and the path of its bare remote, which has a hook for pushes that arrive. The two share
// one commit.
func receiving(t *testing.T) (r *workRepo, remote string) {
	t.Helper()
	r = newRepo(t)
	remote = bareRemote(t, r)
	r.change("README", "clean\n")
	r.pushes("push", "-q", "-u", "origin", "main")
	server := *r
	server.dir = remote
	server.must(skant, "hooks", "install", "pre-receive")
	return r, remote
}

// quarantined holds that nothing of a refused push is in the remote.
func (r *workRepo) quarantined(remote, object string) {
	r.t.Helper()
	if code, _ := r.run("git", "--git-dir="+remote, "cat-file", "-e", object); code == 0 {
		r.t.Errorf("%s is in the remote", object)
	}
	left, err := filepath.Glob(filepath.Join(remote, "objects", "*incoming*"))
	if err != nil || len(left) > 0 {
		r.t.Errorf("left: %q, %v", left, err)
	}
}

func TestHookReceive(t *testing.T) {
	secret := newSecret(t)
	line := "key = \"" + secret + "\"\n"
	for _, c := range []struct {
		name string
		run  func(r *workRepo, remote string)
	}{
		{"a branch that is there", func(r *workRepo, remote string) {
			id := r.change("config", line)
			r.refused(secret, "config", "push")
			r.quarantined(remote, id)
			r.change("config", "clean\n")
			r.refused(secret, "config", "push")
			r.git("reset", "-q", "--hard", "HEAD~2")
			r.change("config", "clean\n")
			r.pushes("push", "-q")
		}},
		{"--no-verify is no way round it", func(r *workRepo, remote string) {
			r.change("config", line)
			r.refused(secret, "config", "push", "--no-verify")
		}},
		{"a new branch, a tag, both", func(r *workRepo, remote string) {
			r.git("switch", "-qc", "side")
			r.change("config", line)
			r.git("tag", "-m", "clean", "v1")
			r.refused(secret, "config", "push", "origin", "side")
			r.refused(secret, "config", "push", "origin", "v1")
			r.refused(secret, "config", "push", "origin", "main:x", "side", "v1")
			r.refused(secret, "config", "push", "--atomic", "origin", "main:x", "side")
		}},
		{"the message of a tag", func(r *workRepo, remote string) {
			r.git("tag", "-m", "release "+secret, "v1")
			r.refused(secret, "tag", "push", "origin", "v1")
		}},
		{"a packed push", func(r *workRepo, remote string) {
			r.git("--git-dir="+remote, "config", "receive.unpackLimit", "1")
			for _, name := range []string{"a", "b", "c"} {
				r.change("large", strings.Repeat("a line that all versions have\n", 2000)+name)
			}
			r.pushes("push", "-q")
			id := r.change("large", strings.Repeat("a line that all versions have\n", 2000)+line)
			r.refused(secret, "large", "push")
			r.quarantined(remote, id)
		}},
		{"forced", func(r *workRepo, remote string) {
			r.change("a", "clean\n")
			r.pushes("push", "-q")
			r.git("reset", "-q", "--hard", "HEAD~1")
			r.change("config", line)
			r.refused(secret, "config", "push", "--force")
		}},
		{"deleted", func(r *workRepo, remote string) {
			r.pushes("push", "-q", "origin", "main:gone")
			r.pushes("push", "-q", "origin", ":gone")
		}},
		{"what is there already", func(r *workRepo, remote string) {
			hook := filepath.Join(remote, "hooks/pre-receive")
			chmod(r.t, hook, 0o644)
			r.change("config", line)
			r.pushes("push", "-q")
			chmod(r.t, hook, 0o755)
			r.change("other", "clean\n")
			r.pushes("push", "-q")
			r.pushes("push", "-q", "origin", "main:side")
		}},
		{"a remote that borrows objects", func(r *workRepo, remote string) {
			borrower := filepath.Join(r.t.TempDir(), "borrower.git")
			r.git("clone", "-q", "--bare", "--shared", remote, borrower)
			server := *r
			server.dir = borrower
			server.must(skant, "hooks", "install", "pre-receive")
			r.git("remote", "add", "borrower", borrower)
			r.change("config", line)
			r.refused(secret, "config", "push", "borrower", "main")
			r.git("reset", "-q", "--hard", "HEAD~1")
			r.change("config", "clean\n")
			r.pushes("push", "-q", "borrower", "main")
		}},
		{"a remote with a work tree", func(r *workRepo, remote string) {
			server := newRepo(r.t)
			server.change("README", "clean\n")
			server.git("config", "receive.denyCurrentBranch", "updateInstead")
			server.must(skant, "hooks", "install", "pre-receive")
			r.git("remote", "add", "tree", server.dir)
			r.git("fetch", "-q", "tree")
			r.git("reset", "-q", "--hard", "tree/main")
			r.change("config", line)
			r.refused(secret, "config", "push", "tree", "main")
			r.git("reset", "-q", "--hard", "HEAD~1")
			r.change("config", "clean\n")
			r.pushes("push", "-q", "tree", "main")
			if out := server.must(skant, "hooks", "status"); !strings.Contains(out, "pre-receive        installed      runs skant") {
				r.t.Errorf("status says %s", out)
			}
		}},
		{"a hostile name", func(r *workRepo, remote string) {
			r.change("config", line)
			r.refused(secret, "config", "push", "origin", "main:refs/heads/$(touch${IFS}owned);`touch${IFS}owned`;'\"%s")
			if _, err := os.Lstat(filepath.Join(remote, "owned")); err == nil {
				r.t.Error("the name of a branch was executed")
			}
		}},
		{"allowed by the push itself", func(r *workRepo, remote string) {
			allowed := "key = \"" + secret + "\" # skant:allow anthropic-api-key it is made up\n"
			id := r.change("config", allowed)
			if out := r.pushes("push"); !strings.Contains(out, "remote: ") {
				r.t.Errorf("it says %s", out)
			}
			r.git("push", "-q", "--force", "origin", "HEAD~1:main")
			r.git("reset", "-q", "--hard", "HEAD~1")
			r.change(".skant.yaml", "version: 1\nallow:\n  strict: true\n")
			r.pushes("push", "-q")
			r.git("cherry-pick", "-n", id)
			r.git("commit", "-qnm", "x")
			r.refused(secret, "config", "push")
			// A push cannot loosen what judges it.
			r.change(".skant.yaml", "version: 1\nrules:\n  disable: [anthropic-api-key]\n")
			r.change(".skantignore", "config\n")
			r.refused(secret, "config", "push")
		}},
		{"few lines", func(r *workRepo, remote string) {
			for i := range 40 {
				r.write("config"+strings.Repeat("x", i), line)
			}
			r.git("add", ".")
			r.git("commit", "-qnm", "x")
			_, out := r.run("git", "push", "--progress")
			if n := strings.Count(out, "remote: "); n > 60 || n < 3 {
				r.t.Errorf("%d lines\n%s", n, out)
			}
			for _, bad := range []string{"\x1b[3", "\x1b[1m", "searching"} {
				if strings.Contains(out, bad) {
					r.t.Errorf("%q in what the other side sees:\n%q", bad, out)
				}
			}
		}},
		{"another hook that was there", func(r *workRepo, remote string) {
			server := *r
			server.dir = remote
			server.must(skant, "hooks", "uninstall")
			hook := filepath.Join(remote, "hooks/pre-receive")
			if err := os.WriteFile(hook, []byte("#!/bin/sh\nwhile read -r old new ref; do\n[ \"$ref\" != refs/heads/no ] || exit 1\ngit cat-file -e \"$new\" || exit 1\ndone\n"), 0o755); err != nil {
				r.t.Fatal(err)
			}
			before := snapshot(r.t, filepath.Join(remote, "hooks"))
			server.must(skant, "hooks", "install", "pre-receive")
			r.change("a", "clean\n")
			if code, _ := r.run("git", "push", "origin", "main:no"); code == 0 {
				r.t.Error("the other hook was not run")
			}
			r.pushes("push", "-q", "origin", "main")
			r.change("config", line)
			r.refused(secret, "config", "push", "origin", "main")
			server.must(skant, "hooks", "uninstall")
			if after := snapshot(r.t, filepath.Join(remote, "hooks")); after != before {
				r.t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, remote := receiving(t)
			r.t = t
			c.run(r, remote)
		})
	}
}

// TestHookReceiveOnError has a search that cannot be finished. It refuses or lets through as it is configured; a secret that
// was found before refuses in any case.
func TestHookReceiveOnError(t *testing.T) {
	secret := newSecret(t)
	for _, c := range []struct {
		name          string
		flags, config []string
		through       bool
	}{
		{"nothing is said", nil, nil, false},
		{"block", []string{"--on-error", "block"}, []string{"skant.onError", "allow"}, false},
		{"allow", []string{"--on-error=allow"}, nil, true},
		{"by configuration", nil, []string{"skant.onError", "allow"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, remote := receiving(t)
			server := *r
			server.dir = remote
			server.must(skant, append([]string{"hooks", "install", "pre-receive"}, c.flags...)...)
			if c.config != nil {
				server.git(append([]string{"config"}, c.config...)...)
			}
			push := func(want string) {
				t.Helper()
				before := r.remoteRefs()
				code, out := r.run("git", "push")
				if (code == 0) != c.through || (r.remoteRefs() != before) != c.through || !strings.Contains(out, want) {
					t.Errorf("exit %d\n%s", code, out)
				}
				if strings.Contains(out, "--no-verify") {
					t.Errorf("a way round that there is not: %s", out)
				}
			}
			server.git("config", "skant.timeout", "1ns")
			r.change("a", "clean\n")
			if c.through {
				push("set to allow that")
			} else {
				push("the time limit was reached")
			}
			server.git("config", "--unset", "skant.timeout")
			r.change("b", "clean\n")
			r.pushes("push", "-q")
			r.change("config", secret+"\n")
			r.refused(secret, "config", "push")
			r.git("reset", "-q", "--hard", "HEAD~1")
			// No program at all.
			server.must("sed", "-i", "s|^skant=.*|skant='/no/such/skant'|", "hooks/pre-receive")
			r.env = append(without(r.env, "PATH"), "PATH=/usr/bin:/bin")
			r.change("d", "clean\n")
			push("not found at /no/such/skant")
		})
	}
}

// TestHookReceiveManyRefs has a server with many refs and a push of many.
func TestHookReceiveManyRefs(t *testing.T) {
	secret := newSecret(t)
	r, remote := receiving(t)
	id := strings.TrimSpace(r.git("rev-parse", "HEAD"))
	var packed strings.Builder
	packed.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for i := range 20_000 {
		fmt.Fprintf(&packed, "%s refs/heads/b%05d\n", id, i)
	}
	if err := os.WriteFile(filepath.Join(remote, "packed-refs"), []byte(packed.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	r.change("config", secret+"\n")
	r.refused(secret, "config", "push", "origin", "main")
	r.git("reset", "-q", "--hard", "HEAD~1")
	r.change("config", "clean\n")
	args := []string{"push", "-q", "origin"}
	for i := range 100 {
		args = append(args, "main:refs/heads/many/"+strconv.Itoa(i))
	}
	r.pushes(args...)
}
