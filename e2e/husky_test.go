//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// husky returns a repository that is set up as the manual says.
func husky(t *testing.T) *workRepo {
	t.Helper()
	r := nodeRepo(t)
	r.write("package.json", documented(t, "husky package.json"))
	r.write(".husky/pre-commit", documented(t, "husky pre-commit"))
	r.write(".husky/pre-merge-commit", documented(t, "husky pre-commit"))
	r.write(".husky/pre-push", documented(t, "husky pre-push"))
	r.mustRun("husky install")
	r.git("add", ".")
	r.passes("commit", "-qm", "husky")
	return r
}

// judgesPartlyStaged holds that a file is judged by what is committed of it.
func judgesPartlyStaged(r *workRepo, secret string) {
	r.t.Helper()
	line := "key = '" + secret + "'\n"
	r.write("a b/it's", "clean\n"+line)
	r.git("add", ".")
	// What is staged has it, the file no more.
	r.write("a b/it's", "clean\n")
	r.blocked(secret, "a b/it's", "commit", "-m", "x")
	// What is staged has it not any more, the file has.
	r.git("add", ".")
	r.write("a b/it's", line)
	r.passes("commit", "-qm", "x")
	if code, out := r.run("grep", "-q", "key", "a b/it's"); code != 0 {
		r.t.Errorf("the change that was not staged is lost: %s", out)
	}
	r.git("restore", ".")
	r.git("rm", "-q", "a b/it's")
	r.passes("commit", "-qm", "a deletion")
}

// judgesTheIndex holds that commits are judged by what they hold, whatever the framework does with the work tree.
func judgesTheIndex(r *workRepo, secret string) {
	r.t.Helper()
	judgesPartlyStaged(r, secret)
	line := "key = '" + secret + "'\n"
	// Old lines of a file do not count, names may be any.
	r.write("a b/it's", line)
	r.git("add", ".")
	r.blocked(secret, "a b/it's", "commit", "-m", "x")
	r.passes("commit", "-qnm", "unseen")
	r.write("a b/it's", line+"more\n")
	r.passes("commit", "-qam", "x")
	r.write("-n", line)
	r.git("add", "--", "-n")
	r.blocked(secret, "-n", "commit", "-m", "x")
	r.git("rm", "-q", "--cached", "--", "-n")
	r.must("rm", "--", "-n")
	r.write("README", line)
	r.blocked(secret, "readme", "commit", "-m", "x", "README")
	r.git("checkout", "-q", ".")
}

// judgesMerges holds that a merge which needs no help is judged.
func judgesMerges(r *workRepo, secret string) {
	r.t.Helper()
	r.git("switch", "-qc", "side")
	r.write("merged", secret+"\n")
	r.git("add", ".")
	r.passes("commit", "-qnm", "x")
	r.git("switch", "-q", "main")
	r.write("other", "clean\n")
	r.git("add", ".")
	r.passes("commit", "-qm", "x")
	r.blocked(secret, "merged", "merge", "-q", "-m", "merge", "side")
	r.git("merge", "--abort")
	r.git("branch", "-qD", "side")
}

// judgesPush holds that a push is judged by each of its commits, wherever it goes.
func judgesPush(r *workRepo, secret string) {
	r.t.Helper()
	r.git("push", "-q", "--no-verify")
	clean := strings.TrimSpace(r.git("rev-parse", "HEAD"))
	r.leakInTheMiddle(secret)
	r.pushBlocked(secret, "leak", "main", "-q")
	r.pushBlocked(secret, "leak", "new", "-q", "origin", "HEAD:refs/heads/new")
	r.git("branch", "leaking")
	r.git("reset", "-q", "--hard", clean)
	r.write("news", "clean\n")
	r.git("add", ".")
	r.passes("commit", "-qm", "x")
	r.pushPasses("main", "-q")
	r.pushPasses("main", "-q") // nothing is new
	r.git("push", "-q", "origin", "main:gone")
	if code, out := r.run("git", "push", "-q", "origin", ":gone"); code != 0 || r.pushed("gone") != "" {
		r.t.Errorf("a deletion: exit %d\n%s", code, out)
	}
}

// judgesPushes is judgesPush, and holds that a push of several refs is judged by all of them.
func judgesPushes(r *workRepo, secret string) {
	r.t.Helper()
	judgesPush(r, secret)
	r.write("news", "clean too\n")
	r.passes("commit", "-qam", "x")
	r.pushBlocked(secret, "leak", "leaking", "-q", "origin", "main", "leaking")
	r.pushPasses("main", "-q")
}

func TestHusky(t *testing.T) {
	secret := newSecret(t)
	r := husky(t)
	judgesTheIndex(r, secret)
	judgesMerges(r, secret)
	judgesPushes(r, secret)
}

// TestHuskyWithoutProgram holds that a clone in which skant is missing cannot commit.
func TestHuskyWithoutProgram(t *testing.T) {
	r := husky(t)
	r.env = append(without(r.env, "PATH"), "PATH="+os.Getenv("PATH"))
	r.write("a", "clean\n")
	r.git("add", ".")
	if code, out := r.run("git", "commit", "-m", "x"); code == 0 || !strings.Contains(out, "skant") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestHuskyBeside installs husky where skant's own hooks were: they are idle, which status says, and the lines of the manual
// take their place.
func TestHuskyBeside(t *testing.T) {
	secret := newSecret(t)
	r := nodeRepo(t)
	r.must(skant, "hooks", "install", "pre-commit")
	r.must(skant, "hooks", "status")
	r.mustRun("husky install")
	code, out := r.run(skant, "hooks", "status")
	if code == 0 || !strings.Contains(out, ".husky") {
		t.Errorf("status with idle hooks: exit %d\n%s", code, out)
	}
	r.write("leak", secret+"\n")
	r.git("add", ".")
	r.passes("commit", "-qm", "unseen: git runs husky's hooks alone")
	r.write(".husky/pre-commit", documented(t, "husky pre-commit"))
	r.write("again", secret+"\n")
	r.git("add", ".")
	r.blocked(secret, "again", "commit", "-m", "x")
	if before, err := os.ReadFile(filepath.Join(r.dir, ".husky/_/pre-commit")); err != nil || strings.Contains(string(before), "skant") {
		t.Errorf("husky's own file was changed: %v\n%s", err, before)
	}
}

// TestHuskyAdvice does what skant says where it finds husky.
func TestHuskyAdvice(t *testing.T) {
	secret := newSecret(t)
	r := nodeRepo(t)
	r.mustRun("husky install")
	r.advice("", ".husky/pre-commit", ".husky/pre-merge-commit", ".husky/pre-push")
	judgesPartlyStaged(r, secret)
	judgesMerges(r, secret)
	judgesPushes(r, secret)
}
