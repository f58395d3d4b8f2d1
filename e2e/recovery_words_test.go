//go:build e2e && unix

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/internal/recovery"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

func wordsBash(t *testing.T, home, script string) string {
	t.Helper()
	cmd := exec.Command("bash", "--norc", "-c", script)
	cmd.Dir, cmd.Env = home, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a",
		"GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org", "TERM=dumb"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	return string(out)
}

// TestRecoveryGitCommands leaks a secret into a repository, has the runbook written, and runs all its commands for git in
// order in one shell. Only what a runbook cannot do is added: the editor that the reader types into, the stash the reader picks.
func TestRecoveryGitCommands(t *testing.T) {
	require(t, "git-filter-repo", "install the Debian package git-filter-repo (make e2e-tools)")
	home := t.TempDir()
	secret := "acme_" + strings.Repeat("x7K", 9)
	clone := filepath.Join(home, "it's a clone")
	wordsBash(t, home, `set -e; git init -q --bare -b main host.git; git clone -q host.git "it's a clone" 2>/dev/null; cd "it's a clone"
git checkout -qb main; echo harmless > README; git add .; git commit -qm start
mkdir 'a dir'; echo "ACME_TOKEN=`+secret+`" > 'a dir/it'\''s.env'; git add .; git commit -qm 'add settings'; git tag -a v1 -m 'with `+secret+`'
echo none > 'a dir/it'\''s.env'; git commit -qam 'take it out'; git push -q origin main v1 2>/dev/null
echo "s=`+secret+`" > stashed; git add stashed; git stash -q; echo done > last; git add last; git commit -qm last; git push -q origin main`)

	set, rep := wordsScanned(t, clone)
	p := recovery.New(rep, set, recovery.Options{Repository: clone, Exposure: &exposure.Exposure{}})
	if len(p.Leaks) != 1 || len(p.Leaks[0].Places) < 3 {
		t.Fatalf("the scan found %+v", p.Leaks)
	}
	before, out, ok := strings.Cut(wordsBash(t, home, wordsScript(t, p, secret)), "=== THE HOST COLLECTS ITS GARBAGE\n")
	if !ok || !strings.Contains(before, "STILL SERVED ") {
		t.Errorf("a host that keeps its garbage was not found out:\n%s", before)
	}
	out = strings.ReplaceAll(before, "STILL SERVED", "served until then") + out
	for _, want := range []string{"gone ", "refused ", "skant recover plan --remote origin ", "skant recover purge --remote origin --incident ", "skant recover check --report audit.json ", "skant history ."} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not said in:\n%s", want, out)
		}
	}
	for _, bad := range []string{"STILL THERE", "STILL SERVED", "fatal:", "error:", secret} {
		if strings.Contains(out, bad) {
			t.Errorf("%q is said in:\n%s", bad, out)
		}
	}
	for _, place := range []string{filepath.Join(home, "host.git"), clone} {
		if left := wordsBash(t, home, `cd "`+place+`"; git rev-list --all | while read -r c; do git grep -I acme_ "$c" -- || true; done; git for-each-ref --format='%(contents)' | grep acme_ || true`); place != clone && left != "" {
			t.Errorf("%s still has it: %s", place, left)
		}
	}
	if left := wordsBash(t, home, `cd "`+clone+`"; git cat-file --batch-all-objects --batch | grep -a acme_ || true; git status --short; git rev-parse main origin/main | uniq -d | wc -l`); left != "1\n" {
		t.Errorf("the clone still has it, or is not where the remote is: %s", left)
	}
	if left := wordsBash(t, home, `cd "`+clone+`"; git stash list`); left != "" {
		t.Errorf("the stash is still there: %s", left)
	}
	if _, err := os.Stat(filepath.Join(home, "skant-incident")); !os.IsNotExist(err) {
		t.Errorf("the folder with the secret in clear is still there: %v", err)
	}
}

func wordsScanned(t *testing.T, path string) (*rules.Set, *scanner.Report) {
	t.Helper()
	set := rules.NewSet([]rules.Rule{{ID: "acme-token", Title: "Acme token", Severity: rules.Critical, Confidence: rules.HighConfidence, Anchors: []string{"acme_"},
		Pattern: `(acme_[A-Za-z0-9]{27})`}}, nil)
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := repo.Open(path, repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := source.NewHistory(r, source.HistoryOptions{})
	res, err := s.Scan(t.Context(), h, &scanner.Recorder{})
	if err != nil {
		t.Fatal(err)
	}
	rep := &scanner.Report{Target: "it's a clone", StartedAt: time.Now().UTC(), Coverage: res.Coverage, Findings: res.Findings}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return set, rep
}

// wordsScript is all that the runbook has for the repository, in its order.
func wordsScript(t *testing.T, p *recovery.Plan, secret string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("set -eu\nskant() { echo \"skant $*\"; }\nEDITOR='tee'\n")
	for _, s := range p.Git {
		for _, step := range s.Steps {
			run := step.Run
			if run == "" {
				continue
			}
			for _, m := range step.Missing {
				if m.Name != "stash" {
					t.Errorf("%v: %s is left to the reader", step.Title, m.Name)
				}
			}
			run = strings.ReplaceAll(run, "<stash>", "'stash@{0}'")
			if strings.Contains(run, "EDITOR") { // what the reader types
				run = "{ " + run + "\n} <<< 'literal:" + secret + "==>REMOVED' > /dev/null"
			}
			if strings.Contains(run, "STILL SERVED") { // until the server of one's own collects its garbage, as the step says
				b.WriteString(run + "\necho === THE HOST COLLECTS ITS GARBAGE\ngit -C \"$HOME/host.git\" gc -q --prune=now\n")
			}
			b.WriteString(run + "\n")
		}
	}
	return b.String()
}
