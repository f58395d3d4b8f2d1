//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/proof"
)

// runbookGit are the blocks of a runbook that concern the repository.
var runbookGit = regexp.MustCompile(`(?m)(^|[|;&(] *)(git|umask|install|skant (history|diff|hooks|recover (plan|purge|check|guard))) |skant-incident`)

// TestRecoveryRunbook runs every command of the runbook that concerns git, word for word and in its order, in one shell, each way of the purge on a
// story of its own. Only what a page cannot do is added: the commands that the purge prints, what is typed into the editor, which stash is
// meant, and a host that collects its garbage.
func TestRecoveryRunbook(t *testing.T) {
	program, byHand := regexp.MustCompile(`^Purge with this program$`), regexp.MustCompile(`(?i)by hand$`)
	t.Run("program", func(t *testing.T) { runbookWay(t, program, byHand) })
	t.Run("by hand", func(t *testing.T) { runbookWay(t, byHand, program) })
}

// runbookWay goes through the runbook one way: with the sections that the first expression names, and without those of the second.
func runbookWay(t *testing.T, way, other *regexp.Regexp) {
	s := newLeakStory(t)
	s.providers.set(true)
	s.skant(1, "recover", "--remote", "-o", "markdown=runbook.md", s.one.dir)
	editor := filepath.Join(t.TempDir(), "editor")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\nprintf 'literal:%s==>REMOVED\\n' "+s.api+" "+s.token+" >> \"$1\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "EDITOR="+editor)

	pasted := filepath.Join(t.TempDir(), "pasted")
	if err := os.WriteFile(pasted, []byte(s.api+" "+s.token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	var run []runbookBlock
	add := func(b runbookBlock, after string) {
		fmt.Fprintf(&script, "echo '@@ block %d'\n%s\necho \"@@ status $?\"\n%s", len(run), strings.TrimSuffix(b.text, "\n"), after)
		run = append(run, b)
	}
	script.WriteString("set +e\ncd '" + s.one.dir + "'\n")
	ways := 0
	for _, b := range blocksOf(s.read("runbook.md")) {
		if !runbookGit.MatchString(b.text) || other.MatchString(b.section) {
			continue
		}
		if way.MatchString(b.section) {
			ways++
		}
		b.text = strings.ReplaceAll(b.text, "<stash>", "'stash@{0}'")
		if gap := regexp.MustCompile(`<[a-z-]+>`).FindString(b.text); gap != "" {
			t.Errorf("%s: %s is left to the reader", b.step, gap)
		}
		after := ""
		switch {
		case strings.Contains(b.text, "git ls-remote -- origin 'refs/pull/*'"): // what the host's support does then
			after = "git -C '" + s.host + "' update-ref -d refs/pull/1/head\n"
		case strings.Contains(b.text, "STILL SERVED"): // as the step says for a server of one's own: collect its garbage, and ask again
			add(b, "git -C '"+s.host+"' gc -q --prune=now\n")
		}
		if b.step == "Purge" {
			b.text += "printed=$(cat '" + s.one.dir + "'-purge-*/NEXT.md)\n"
			after = `sections=$(printf '%s\n' "$printed" | awk '/^## /{on = /^## Your clone|^## The remote/} /^` + "```" + `/{inside = !inside && on; next} inside')` +
				"\nbash -eu -c \"$sections\" || echo 'fatal: what the purge printed'\n"
		}
		if strings.Contains(b.text, "--secret-file - ") { // what is pasted
			b.text = strings.TrimRight(b.text, "\n") + " < '" + pasted + "'\n"
		}
		add(b, after)
	}
	if ways < 2 || len(run) < 9 {
		t.Fatalf("only %d blocks of commands, %d of this way", len(run), ways)
	}
	_, out := s.bash(script.String())
	s.runbookWent(run, out)

	fresh := filepath.Join(t.TempDir(), "fresh.git")
	s.git("clone", "-q", "--mirror", "--no-local", s.host, fresh)
	s.skant(0, "history", fresh)
	s.clean(fresh, s.host, s.one.dir)
	if _, err := os.Lstat(filepath.Join(s.dir, "skant-incident")); err == nil {
		t.Error("the folder with the secrets is left behind")
	}
	s.runbookProves()
}

// runbookWent holds how each block ended.
func (s *leakStory) runbookWent(run []runbookBlock, out string) {
	s.t.Helper()
	last := map[string]string{} // of what is run twice
	for part := range strings.SplitSeq(out, "@@ block ") {
		number, rest, found := strings.Cut(part, "\n")
		n, err := strconv.Atoi(number)
		if !found || err != nil {
			continue
		}
		b := run[n]
		told, end, _ := strings.Cut(rest, "@@ status ")
		code, _, _ := strings.Cut(end, "\n")
		want := "0"
		switch {
		case strings.Contains(b.text, "skant history") && strings.Contains(b.text, "audit.json"), strings.Contains(b.text, "skant recover plan"):
			want = "1" // there are findings
		case b.step == "Have it proven" && code != "2", strings.Contains(b.text, "skant ci"), strings.Contains(b.text, "skant diff"):
			want = code // what is not proven is looked at below; there is no pipeline here
		}
		if code != want {
			s.t.Errorf("%s: exit %s, want %s\n%s\n%s", b.step, code, want, b.text, told)
		}
		last[b.step] = told
		for _, bad := range []string{"fatal:", "error:", "No such file", "command not found", "STILL THERE", "LEFT ALONE"} {
			if strings.Contains(rest, bad) {
				s.t.Errorf("%s: %q\n%s\n%s", b.step, bad, b.text, rest)
			}
		}
	}
	for step, told := range last {
		if strings.Contains(told, "STILL SERVED") {
			s.t.Errorf("%s\n%s", step, told)
		}
	}
}

// runbookProves holds that nothing is open after the runbook but what it leaves to others, and that the printed remedies end that.
func (s *leakStory) runbookProves() {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "leaked"), []byte(s.api+"\n"+s.token+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	var left []string
	page := s.read("runbook.md")
	for claim, done := range map[string]bool{
		"open hooks 0 ONE":  strings.Contains(page, "skant hooks install all"), // without a word it is pre-commit alone
		"open hooks 0 HOST": strings.Contains(page, "cd "+s.host+" && skant hooks install"),
		"open guard 0 HOST": regexp.MustCompile(`skant recover guard .*` + regexp.QuoteMeta(s.host)).MatchString(page),
	} {
		if !done {
			left = append(left, claim)
		}
	}
	args := []string{"recover", "check", "--remote", "--verify", "--secret-file", "leaked", "--incident", "skant-incident.json", "-o", "json=check.json", s.one.dir}
	s.skant(min(len(left), 1), args...)
	var r proof.Result
	s.unmarshal("check.json", &r)
	s.opens(&r, left...)
	s.remedies(&r, func(*proof.Claim) bool { return true })
	s.skant(0, args...)
}
