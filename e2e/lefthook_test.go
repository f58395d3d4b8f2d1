//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// lefthook returns a repository that is set up as the manual says.
func lefthook(t *testing.T, config string) *workRepo {
	t.Helper()
	r := nodeRepo(t)
	r.write("lefthook.yml", config)
	r.write(".lefthook/pre-push/skant", documented(t, "lefthook script"))
	r.mustRun("lefthook install")
	r.git("add", ".")
	r.passes("commit", "-qm", "lefthook")
	return r
}

func TestLefthook(t *testing.T) {
	secret := newSecret(t)
	r := lefthook(t, documented(t, "lefthook"))
	judgesTheIndex(r, secret)
	judgesMerges(r, secret)
	judgesPushes(r, secret)
}

// TestLefthookSkips holds what the manual says of a push job that is no script. If it fails because lefthook has come to run
// it, the manual can become simpler.
func TestLefthookSkips(t *testing.T) {
	secret := newSecret(t)
	script := "    - script: skant\n      runner: sh\n"
	config := documented(t, "lefthook")
	if !strings.Contains(config, script) {
		t.Fatalf("the manual's job for pushes is another:\n%s", config)
	}
	r := lefthook(t, strings.Replace(config, script, "    - name: skant\n      run: skant hooks run pre-push {0}\n", 1))
	r.git("push", "-q", "--no-verify")
	r.leakInTheMiddle(secret)
	if code, out := r.run("git", "push"); code != 0 || !strings.Contains(out, "no matching push files") {
		t.Errorf("exit %d\n%s", code, hide(out, secret))
	}
}

// TestLefthookAdvice does what skant says where it finds lefthook.
func TestLefthookAdvice(t *testing.T) {
	secret := newSecret(t)
	r := nodeRepo(t)
	r.write("lefthook.yml", "pre-commit:\n  jobs:\n    - run: true\npre-merge-commit:\n  jobs:\n    - run: true\npre-push:\n  jobs:\n    - run: true\n")
	r.mustRun("lefthook install")
	out := r.advice("", "lefthook.yml")
	if !strings.Contains(out, ".lefthook/pre-push/skant") {
		t.Errorf("the script of the push is not told\n%s", out)
	}
	r.write(".lefthook/pre-push/skant", documented(t, "lefthook script"))
	judgesPartlyStaged(r, secret)
	judgesMerges(r, secret)
	judgesPushes(r, secret)
}

func TestSimpleGitHooks(t *testing.T) {
	secret := newSecret(t)
	r := nodeRepo(t)
	r.write("package.json", documented(t, "simple-git-hooks package.json"))
	r.mustRun("simple-git-hooks install")
	r.git("add", ".")
	r.passes("commit", "-qm", "hooks")
	judgesTheIndex(r, secret)
	judgesMerges(r, secret)
	judgesPushes(r, secret)
}
