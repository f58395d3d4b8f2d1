package recovery

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// scriptEnv is an environment in which nothing of the user's git counts.
func scriptEnv(home string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org", "TERM=dumb"}
}

func bash(t *testing.T, home, script string) string {
	t.Helper()
	cmd := exec.Command("bash", "--norc", "-c", script)
	cmd.Dir, cmd.Env = home, scriptEnv(home)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	return string(out)
}

// TestUnpushedWorkIsLeftAlone moves the branches of a clone after the history of its remote was rewritten: what was never pushed stays where it is.
func TestUnpushedWorkIsLeftAlone(t *testing.T) {
	home := t.TempDir()
	bash(t, home, `set -e; git init -q --bare -b main host.git; git clone -q host.git clone 2>/dev/null; cd clone; git checkout -qb main
for i in 1 2 3; do echo $i > f; git add f; git commit -qm $i; done; git push -q origin main main:moved main:ahead 2>/dev/null
git branch -q moved; git branch -q own HEAD~1; git switch -qc ahead; echo mine > mine; git add mine; git commit -qm mine; git switch -q main; git tag kept ahead
cd ..; git clone -q host.git other; cd other; for b in moved ahead; do git switch -q $b; git commit -q --amend -m new; done; git switch -q main; git commit -q --amend -m new; git push -q --force origin main moved ahead`)
	out := bash(t, filepath.Join(home, "clone"), moveBranches("origin"))
	for _, want := range []string{"moved main", "moved moved", "LEFT ALONE own", "LEFT ALONE ahead"} {
		if !strings.Contains(out, want+"\n") {
			t.Errorf("%q is not said in %s", want, out)
		}
	}
	if got := bash(t, filepath.Join(home, "clone"), `[ "$(git rev-parse ahead)" = "$(git rev-parse kept)" ] && [ "$(git rev-parse main)" = "$(git rev-parse origin/main)" ] && git symbolic-ref --short HEAD`); got != "main\n" {
		t.Errorf("it is at %q", got)
	}
	again := bash(t, filepath.Join(home, "clone"), moveBranches("origin"))
	if strings.Contains(again, "moved own") || strings.Contains(again, "moved ahead") {
		t.Errorf("a second run moved what is not pushed: %s", again)
	}
}
