//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// TestFrameworkPush pushes through the framework's hook: existing and new branches, and histories without any commit that
// the remote has.
func TestFrameworkPush(t *testing.T) {
	eachFramework(t, func(t *testing.T, f framework) {
		secret := newSecret(t)
		r := using(t, f, ofPath(t))
		r.mustRun("pre-commit install")
		r.remote()
		judgesPush(r, secret)

		// A branch of its own, whose first commit is a root.
		r.git("switch", "-q", "--orphan", "island")
		r.git("checkout", "-q", "main", "--", ".pre-commit-config.yaml")
		r.passes("commit", "-qm", "root")
		r.leakInTheMiddle(secret)
		r.pushBlocked(secret, "leak", "island", "-q", "origin", "island")
		r.git("reset", "-q", "--hard", "HEAD~3")
		r.pushPasses("island", "-q", "origin", "island")

		// A history is rewritten.
		r.git("commit", "-qn", "--amend", "-m", "other root", "--allow-empty")
		r.leakInTheMiddle(secret)
		r.pushBlocked(secret, "leak", "island", "-q", "--force", "origin", "island")

		// A remote that has nothing: all that the branch has is new to it.
		bare := t.TempDir()
		r.git("init", "-q", "--bare", "-b", "main", bare)
		r.git("remote", "rename", "origin", "old")
		r.git("remote", "add", "origin", bare)
		r.pushBlocked(secret, "leak", "island", "-q", "origin", "HEAD:refs/heads/island")
		r.git("switch", "-q", "main")
		r.pushPasses("main", "-q", "origin", "main")
	})
}

// TestFrameworkRange runs what the manual says for CI.
func TestFrameworkRange(t *testing.T) {
	eachFramework(t, func(t *testing.T, f framework) {
		secret := newSecret(t)
		r := using(t, f, ofPath(t))
		r.write("old", secret+"\n")
		r.git("add", ".")
		r.git("commit", "-qm", "old")
		r.remote()
		r.write("new", "clean\n")
		r.git("add", ".")
		r.git("commit", "-qm", "new")
		r.mustRun("pre-commit ci")
		r.leakInTheMiddle(secret)
		code, out := r.runs("pre-commit ci")
		if code == 0 || !strings.Contains(out, "leak") || !strings.Contains(out, "exit code: 1") || strings.Contains(out, secret[20:60]) {
			t.Errorf("exit %d\n%s", code, hide(out, secret))
		}
	})
}

// TestFrameworkPushSeveral holds what the manual says of a push of several refs: the framework shows only one of them, and skant's own
// hook, which it keeps beside its own, sees all.
func TestFrameworkPushSeveral(t *testing.T) {
	eachFramework(t, func(t *testing.T, f framework) {
		secret := newSecret(t)
		r := using(t, f, ofPath(t))
		r.remote()
		r.git("switch", "-qc", "leaking")
		r.leakInTheMiddle(secret)
		r.git("switch", "-q", "main")
		r.git("commit", "-qnm", "news", "--allow-empty")
		for range 2 { // the second time the framework's hook is there
			r.mustRun("pre-commit push")
			r.pushBlocked(secret, "leak", "leaking", "-q", "origin", "main", "leaking")
		}
		if out := r.must(skant, "hooks", "status"); !strings.Contains(out, "pre-push") {
			t.Errorf("status tells nothing of the hook that the framework runs:\n%s", out)
		}
		r.must("rm", ".git/hooks/pre-push", ".git/hooks/pre-push.legacy")
		r.mustRun("pre-commit install")
		if code, out := r.run("git", "push", "-q", "origin", "main", "leaking"); code != 0 {
			t.Errorf("the framework shows all refs by now, and the manual can become simpler: exit %d\n%s", code, hide(out, secret))
		}
	})
}

// TestFrameworkAdvice does what skant says where it finds the framework. The names of the stages are those of now.
func TestFrameworkAdvice(t *testing.T) {
	secret := newSecret(t)
	r := using(t, prek(t), "repos: []\n")
	r.mustRun("pre-commit install")
	r.advice("repos:\n", ".pre-commit-config.yaml")
	r.git("add", ".")
	r.git("commit", "-qm", "config", "--no-verify")
	r.remote()
	judgesPartlyStaged(r, secret)
	judgesMerges(r, secret)
	judgesPush(r, secret)
}
