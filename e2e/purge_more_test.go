//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPurgeOddRefs has what is no plain branch: linked work trees, detached heads, tags of tags, tags outside of refs/tags, refs of
// blobs, signatures that are lost, names with marks that a shell acts upon.
func TestPurgeOddRefs(t *testing.T) {
	l := newLeaky(t)
	tree := filepath.Join(t.TempDir(), "tree it's")
	l.git("worktree", "add", "-q", "--detach", tree, "HEAD~1")
	l.must("git", "-C", tree, "commit", "-q", "--allow-empty", "-m", "only here")
	only := strings.TrimSpace(l.must("git", "-C", tree, "rev-parse", "HEAD"))
	l.git("tag", "-a", "-m", "tag of a tag", "nested", "v1")
	l.git("update-ref", "refs/odd/tag", "refs/tags/v1")
	l.git("update-ref", "refs/odd/blob", strings.TrimSpace(l.git("rev-parse", "main:merged.env")))
	l.git("update-ref", "refs/odd/good", strings.TrimSpace(l.git("rev-parse", "main:README")))
	l.git("branch", "it's;$(id>odd)&")
	l.git("tag", "-a", "-m", "with a name", "key-"+l.key)
	l.write("sig", l.git("cat-file", "tag", "v1")+"-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n")
	l.git("update-ref", "refs/tags/signed", strings.TrimSpace(l.git("hash-object", "-t", "tag", "-w", "--literally", "sig")))
	if err := os.Remove(filepath.Join(l.dir, "sig")); err != nil {
		t.Fatal(err)
	}
	l.git("push", "-q", "origin", "--tags")
	l.git("push", "-q", "origin", "--all")

	work := filepath.Join(t.TempDir(), "work")
	code, page, said := l.skant("recover", "purge", "--yes", "--remote", "origin", "--work", work)
	if code != 0 {
		t.Fatalf("purge: exit %d\n%s\n%s", code, page, said)
	}
	for _, title := range []string{"Your clone", "The remote"} {
		commands := commandsOf(t, page, title)
		if code, out := l.run("bash", "-euc", commands); code != 0 {
			t.Fatalf("%s: exit %d\n%s\n%s", title, code, commands, hide(out, l.key))
		}
	}
	for _, path := range []string{l.dir, l.host} {
		if path == l.host {
			l.git("--git-dir="+l.host, "update-ref", "-d", "refs/pull/7/head")
			l.git("--git-dir="+l.host, "gc", "-q", "--prune=now")
		}
		if code, out, said := l.skant("history", "--no-cache", path); code != 0 {
			t.Errorf("history of %s: exit %d\n%s\n%s", path, code, out, said)
		}
	}
	if got := strings.TrimSpace(l.must("git", "-C", tree, "log", "-1", "--format=%H %s")); !strings.HasSuffix(got, " only here") || strings.HasPrefix(got, only) {
		t.Errorf("the linked work tree is at %s", got)
	}
	if out := l.must("git", "-C", tree, "status", "--porcelain"); out != "" {
		t.Errorf("the linked work tree is not clean\n%s", out)
	}
	if out := l.git("cat-file", "tag", "nested"); !strings.Contains(out, "type tag") || !strings.Contains(out, strings.TrimSpace(l.git("rev-parse", "v1"))) {
		t.Errorf("the tag of a tag is\n%s", out)
	}
	if a, b := l.git("rev-parse", "refs/odd/tag"), l.git("rev-parse", "v1"); a != b {
		t.Errorf("the tag outside of refs/tags is %s, not %s", a, b)
	}
	if out := l.git("cat-file", "tag", "signed"); strings.Contains(out, "SIGNATURE") {
		t.Errorf("the signed tag is\n%s", out)
	}
	if out := l.git("cat-file", "tag", "key-REMOVED"); !strings.Contains(out, "tag key-") || !strings.Contains(out, "with a name") {
		t.Errorf("the renamed tag is\n%s", out)
	}
	if code, _ := l.run("git", "rev-parse", "-q", "--verify", "refs/odd/blob"); code == 0 {
		t.Error("the ref of a leaked blob is still there")
	}
	if out := l.git("show", "refs/odd/good"); !strings.Contains(out, "clean") {
		t.Errorf("the ref of another blob is %q", out)
	}
	if _, err := os.Lstat(filepath.Join(l.dir, "odd")); err == nil {
		t.Error("the name of a branch was run as a command")
	}
	l.git("fsck", "--strict", "--no-dangling")
	l.must("git", "--git-dir="+l.host, "fsck", "--strict", "--no-dangling")
}

// TestPurgeOvertaken has somebody commit, and somebody else push, between the purge and its commands: both must be refused, and
// nothing be lost.
func TestPurgeOvertaken(t *testing.T) {
	l := newLeaky(t)
	work := filepath.Join(t.TempDir(), "work")
	code, page, said := l.skant("recover", "purge", "--yes", "--work", work)
	if code != 0 {
		t.Fatalf("purge: exit %d\n%s", code, said)
	}
	other := filepath.Join(t.TempDir(), "other")
	l.git("clone", "-q", l.host, other)
	l.must("git", "-C", other, "commit", "-q", "--allow-empty", "-m", "somebody else's")
	l.must("git", "-C", other, "push", "-q", "origin", "HEAD")
	theirs := l.must("git", "-C", other, "rev-parse", "HEAD")

	l.git("commit", "-q", "--allow-empty", "-m", "meanwhile")
	mine := l.git("rev-parse", "HEAD")
	clone := commandsOf(t, page, "Your clone")
	if code, out := l.run("bash", "-euc", clone); code == 0 {
		t.Errorf("the clone was overwritten\n%s", out)
	}
	if out := l.git("for-each-ref", "refs/skant"); out != "" {
		t.Errorf("refs are left behind:\n%s", hide(out, l.key))
	}
	if l.git("rev-parse", "HEAD") != mine {
		t.Error("a commit made meanwhile is lost")
	}
	l.git("reset", "-q", "--hard", "HEAD~1")
	// Pasted into a terminal, where nothing ends at the first failure: first with a change, then with that stashed.
	l.write("README", "later\n")
	if code, out := l.run("sh", "-c", clone); code == 0 || l.git("diff", "--name-only") != "README\n" {
		t.Errorf("a change made meanwhile is lost: exit %d\n%s", code, hide(out, l.key))
	}
	l.git("stash", "push", "-q")
	stashes := l.git("stash", "list")
	if code, out := l.run("sh", "-c", clone); code == 0 || l.git("stash", "list") != stashes {
		t.Errorf("a stash made meanwhile is lost: exit %d\n%s", code, hide(out, l.key))
	}
	l.git("stash", "drop", "-q")
	if code, out := l.run("bash", "-euc", clone); code != 0 {
		t.Errorf("the clone: exit %d\n%s", code, hide(out, l.key))
	}
	if code, out := l.run("bash", "-euc", commandsOf(t, page, "The remote")); code == 0 {
		t.Errorf("the remote was overwritten\n%s", hide(out, l.key))
	}
	// Refused, the way back leaves none of its refs behind, which hold the secrets, and says what is still there.
	cleaned := l.git("rev-parse", "HEAD")
	l.git("commit", "-q", "--allow-empty", "-m", "later")
	if code, out := l.run("bash", "-euc", commandsOf(t, page, "The way back")); code == 0 || !strings.Contains(out, "gc --prune=now") {
		t.Errorf("the way back: exit %d\n%s", code, hide(out, l.key))
	}
	if out := l.git("for-each-ref", "refs/skant"); out != "" {
		t.Errorf("refs are left behind:\n%s", hide(out, l.key))
	}
	l.git("reset", "-q", "--hard", strings.TrimSpace(cleaned))
	l.git("gc", "--quiet", "--prune=now")
	if got := l.must("git", "--git-dir="+l.host, "rev-parse", "main"); got != theirs {
		t.Error("what somebody pushed meanwhile is lost")
	}
	// With the remote asked, a purge that does not know that push is refused before.
	code, plan, _ := l.skant("recover", "plan", "--remote", "origin")
	if code == 1 && !strings.Contains(plan, "would not be purged") {
		t.Errorf("plan: exit %d\n%s", code, plan)
	}
}

// TestPurgeBare works on the bare repository of a host, and on one secret of two.
func TestPurgeBare(t *testing.T) {
	l := newLeaky(t)
	code, plan, _ := l.skant("recover", "plan", l.host)
	if code != 1 || !strings.Contains(plan, "refs/pull/7/head") {
		t.Fatalf("plan: exit %d\n%s", code, plan)
	}
	_, out, _ := l.skant("history", "-o", "json", l.host)
	_, rest, _ := strings.Cut(out[:strings.Index(out, `"private-key-pem"`)], "")
	print := rest[strings.LastIndex(rest, `"fingerprint"`)+len(`"fingerprint": "`):][:16]
	work := filepath.Join(t.TempDir(), "work")
	code, page, said := l.skant("recover", "purge", "--yes", "--only", print, "--work", work, l.host)
	if code != 0 {
		t.Fatalf("purge: exit %d\n%s", code, said)
	}
	if code, out := l.run("bash", "-euc", commandsOf(t, page, "Your clone")); code != 0 {
		t.Fatalf("exit %d\n%s", code, hide(out, l.key))
	}
	_, out, _ = l.skant("history", "--no-cache", "-o", "json", l.host)
	if strings.Contains(out, `"private-key-pem"`) || !strings.Contains(out, `"anthropic-api-key"`) {
		t.Error("what was asked for is still there, or more than that is gone")
	}
}
