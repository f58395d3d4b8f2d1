//go:build e2e && unix

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inserted puts a script in the place of git-filter-repo, which the script can call as $real.
func (l *leaky) inserted(script string) (folder string) {
	l.t.Helper()
	real, err := exec.LookPath("git-filter-repo")
	if err != nil {
		l.t.Fatal(err)
	}
	folder = l.t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "git-filter-repo"), []byte("#!/bin/bash\nreal='"+real+"'\n"+script), 0o755); err != nil {
		l.t.Fatal(err)
	}
	l.env = append(without(l.env, "PATH"), "PATH="+folder+":"+os.Getenv("PATH"))
	return folder
}

// section runs the commands of a section of a page.
func (l *leaky) section(page, title string) {
	l.t.Helper()
	commands := commandsOf(l.t, page, title)
	if code, out := l.run("bash", "-euc", commands); code != 0 {
		l.t.Fatalf("%s: exit %d\n%s\n%s", title, code, commands, hide(out, l.key))
	}
}

// TestPurgeOldFilterRepo has a git-filter-repo that lacks an option, and one that writes refs/replace for each commit as old ones
// do by default: neither may get anything into the clone.
func TestPurgeOldFilterRepo(t *testing.T) {
	l := newLeaky(t)
	before := l.state()
	work := filepath.Join(t.TempDir(), "work")
	l.inserted(`"$real" "$@" | sed s/--replace-refs//g`)
	if code, _, said := l.skant("recover", "purge", "--yes", "--work", work); code != 3 || !strings.Contains(said, "too old: it has no --replace-refs") {
		t.Errorf("without an option: exit %d\n%s", code, said)
	}
	l.inserted(`args=(); for a; do args+=("${a/#update-no-add/update-and-add}"); done; exec "$real" "${args[@]}"`)
	if code, _, said := l.skant("recover", "purge", "--yes", "--work", work); code != 3 || !strings.Contains(said, "has made refs/replace/") {
		t.Errorf("with replace refs: exit %d\n%s", code, said)
	}
	if _, err := os.Lstat(work); err == nil || l.state() != before {
		t.Error("something is left behind")
	}
}

// TestPurgeWayBack brings the clone along and back again, by the printed commands: every ref, the stash and the work trees are what they were.
func TestPurgeWayBack(t *testing.T) {
	for _, detached := range []bool{false, true} {
		t.Run(fmt.Sprint(detached), func(t *testing.T) {
			l := newLeaky(t)
			if detached {
				l.git("checkout", "-q", "--detach", "main~1")
			}
			tree := filepath.Join(t.TempDir(), "linked")
			l.git("worktree", "add", "-q", tree, "side")
			state := func() string {
				return l.git("for-each-ref") + l.git("stash", "list", "--format=%H %gs") + l.git("rev-parse", "HEAD") + l.git("status", "--porcelain") + l.git("ls-files", "-s") +
					l.must("git", "-C", tree, "rev-parse", "HEAD") + l.must("git", "-C", tree, "status", "--porcelain") + l.must("git", "-C", tree, "ls-files", "-s")
			}
			before := state()
			work := filepath.Join(t.TempDir(), "it's work")
			code, page, said := l.skant("recover", "purge", "--yes", "--work", work)
			if code != 0 {
				t.Fatalf("purge: exit %d\n%s", code, said)
			}
			if info, err := os.Stat(filepath.Join(work, "before.bundle")); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the bundle: %v, %v", info, err)
			}
			l.git("bundle", "verify", "--quiet", filepath.Join(work, "before.bundle"))
			l.section(page, "Your clone")
			if code, out, said := l.skant("history", "--no-cache"); code != 0 || state() == before {
				t.Fatalf("the clone is not purged: exit %d\n%s\n%s", code, out, said)
			}
			l.section(page, "The way back")
			if got := state(); got != before {
				t.Errorf("the clone is\n%s\nand was\n%s", hide(got, l.key), hide(before, l.key))
			}
			if code, _, _ := l.skant("history", "--no-cache"); code != 1 {
				t.Errorf("history of what was restored: exit %d", code)
			}
			l.git("fsck", "--strict", "--no-dangling")

			// The folder of a purge that is done is named by the next plan, with the command that deletes it.
			_, plan, _ := l.skant("recover", "plan", "-o", "json")
			if strings.Contains(plan, "It may hold") {
				t.Error("a purge that is done is said to be cut off")
			}
		})
	}
}

// TestPurgePushHook pushes the cleaned refs through skant's own hook, which refuses the old ones.
func TestPurgePushHook(t *testing.T) {
	l := newLeaky(t)
	stale := filepath.Join(t.TempDir(), "stale")
	l.git("clone", "-q", l.host, stale)
	l.must(skant, "hooks", "install", "pre-push")
	l.must("git", "-C", stale, "config", "user.name", "B")
	code, plan, _ := l.skant("recover", "plan", "--remote", "origin")
	if code != 1 || !strings.Contains(plan, "hooks: These run with the commands that are printed: pre-push") {
		t.Errorf("plan: exit %d\n%s", code, plan)
	}
	work := filepath.Join(t.TempDir(), "work")
	code, page, said := l.skant("recover", "purge", "--yes", "--remote", "origin", "--work", work)
	if code != 0 {
		t.Fatalf("purge: exit %d\n%s", code, said)
	}
	l.section(page, "Your clone")
	l.section(page, "The remote")
	cleaned := l.remoteRefs()
	// What was purged does not come back through the same hook.
	l.git("fetch", "-q", stale, "main")
	if code, out := l.run("git", "push", "origin", "FETCH_HEAD:refs/heads/again"); code == 0 || !strings.Contains(out, "purged") {
		t.Errorf("the old history is pushed: exit %d\n%s", code, hide(out, l.key))
	}
	if l.remoteRefs() != cleaned {
		t.Error("the remote has changed")
	}
}

// TestPurgeKilled kills a purge while it works: the next plan names what it has left behind and how to delete it.
func TestPurgeKilled(t *testing.T) {
	l := newLeaky(t)
	before := l.state()
	started := filepath.Join(t.TempDir(), "started")
	l.inserted("if [ \"$1\" = -h ]; then exec \"$real\" -h; fi\n: > '" + started + "'; exec sleep 20\n")
	cmd := exec.Command(skant, "recover", "purge", "--yes")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = l.dir, l.env, &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 600 {
		if _, err := os.Lstat(started); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if code, _, said := l.skant("recover", "purge", "--yes"); code != 3 || !strings.Contains(said, "A purge of this clone is running in ") {
		t.Errorf("a second purge: exit %d\n%s", code, said)
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it was not killed")
	}
	if l.state() != before {
		t.Error("a purge that was killed has changed the clone")
	}
	l.env = append(without(l.env, "PATH"), "PATH="+os.Getenv("PATH"))
	check := func() (run string) {
		code, plan, _ := l.skant("recover", "plan", "-o", "json")
		var doc struct {
			Ready  bool
			Checks []struct{ Name, State, Detail, Run string }
		}
		if err := json.Unmarshal([]byte(plan), &doc); err != nil || code != 1 || !doc.Ready {
			t.Fatalf("plan: exit %d, %v, ready %v", code, err, doc.Ready)
		}
		for _, c := range doc.Checks {
			if c.Name == "earlier purge" && c.State == "note" && strings.Contains(c.Detail, "was killed, or the power failed. It may hold the secrets in clear") {
				return c.Run
			}
		}
		return ""
	}
	run := check()
	if run == "" {
		t.Fatal("nobody says what is left behind")
	}
	l.must("bash", "-euc", run)
	if again := check(); again != "" {
		t.Errorf("after the command there is still %s", again)
	}
	if left, _ := filepath.Glob(l.dir + "-purge-*"); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

// TestPurgeScale purges a long history, and compares the number of commits with what git makes of it.
func TestPurgeScale(t *testing.T) {
	require(t, "git-filter-repo", "install the Debian package git-filter-repo")
	l := &leaky{workRepo: newRepo(t), key: newSecret(t), pem: "-\n-----"}
	const commits, leakAt = 20_000, 500
	var in strings.Builder
	data := func(s string) { fmt.Fprintf(&in, "data %d\n%s\n", len(s), s) }
	for i := 1; i <= commits; i++ {
		fmt.Fprintf(&in, "commit refs/heads/main\nmark :%d\ncommitter A <a@example.com> %d +0000\n", i, 1_500_000_000+i*60)
		data(fmt.Sprint("commit ", i))
		if i > 1 {
			fmt.Fprintf(&in, "from :%d\n", i-1)
		}
		if i%10 == 3 && i > 40 {
			fmt.Fprintf(&in, "merge :%d\n", i-2-i*7%30)
		}
		fmt.Fprintf(&in, "M 100644 inline d%d/f%d.txt\n", i%40, i%900)
		data(fmt.Sprint("text ", i, "\n"))
		if i == leakAt {
			in.WriteString("M 100644 inline conf/.env\n")
			data("ANTHROPIC_API_KEY=" + l.key + "\n")
		}
		if i == leakAt+100 {
			in.WriteString("D conf/.env\n")
		}
	}
	for i := range 50 {
		fmt.Fprintf(&in, "reset refs/heads/b%d\nfrom :%d\n\n", i, (i+1)*commits/51)
	}
	for i := range 30 {
		fmt.Fprintf(&in, "tag v%d\nfrom :%d\ntagger A <a@example.com> 1500000000 +0000\n", i, (i+1)*commits/31)
		data(fmt.Sprint("tag ", i))
	}
	cmd := exec.Command("git", "fast-import", "--quiet")
	cmd.Dir, cmd.Env, cmd.Stdin = l.dir, l.env, strings.NewReader(in.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l.git("reset", "-q", "--hard", "main")
	leaked := strings.TrimSpace(l.git("log", "--all", "--format=%H", "--diff-filter=A", "--", "conf/.env"))
	want := 1 + strings.Count(l.git("rev-list", "--all", "--ancestry-path", "^"+leaked), "\n")
	all := strings.Count(l.git("rev-list", "--all"), "\n")
	work := filepath.Join(t.TempDir(), "work")
	code, page, said := l.skant("recover", "purge", "--yes", "--work", work)
	if code != 0 || all != commits || !strings.Contains(page, fmt.Sprintf("%d of %d commits get a new id", want, all)) {
		t.Fatalf("exit %d, want %d of %d\n%s\n%.600s", code, want, all, said, page)
	}
	l.section(page, "Your clone")
	if got := strings.Count(l.git("rev-list", "--all"), "\n"); got != commits {
		t.Errorf("%d commits, and there were %d", got, commits)
	}
	if code, out, _ := l.skant("history", "--no-cache"); code != 0 {
		t.Errorf("history: exit %d\n%s", code, out)
	}
}

// TestPurgeTooLarge has a file that is larger than what is read: that is said, and nothing is done.
func TestPurgeTooLarge(t *testing.T) {
	l := newLeaky(t)
	l.commit("large", map[string]string{"big.log": strings.Repeat("some line of a log\n", 100_000) + "K=" + l.key + "\n"})
	before := l.state()
	work := filepath.Join(t.TempDir(), "work")
	for _, verb := range [][]string{{"plan"}, {"purge", "--yes", "--work", work}} {
		code, out, said := l.skant(append(append([]string{"recover"}, verb...), "--max-size", "1MiB")...)
		if text := out + said; (code != 3 && verb[0] == "purge") || code == 0 || !strings.Contains(text, "nobody knows what would be left") || !strings.Contains(text, "--max-size") {
			t.Errorf("%s: exit %d\n%s", verb[0], code, text)
		}
	}
	if _, err := os.Lstat(work); err == nil || l.state() != before {
		t.Error("something was done")
	}
	if code, _, said := l.skant("recover", "purge", "--yes", "--work", work); code != 0 {
		t.Errorf("with the usual limit: exit %d\n%s", code, said)
	}
}
