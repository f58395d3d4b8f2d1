//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTextOnATerminal looks at the text report on real terminals: it is as wide as they are and no wider, so that no line is broken by
// the terminal itself; lists are cut, and the command that is named shows the rest; names of files do nothing to the terminal, and links do
// not show.
func TestTextOnATerminal(t *testing.T) {
	r := newRepo(t)
	secret := newSecret(t)
	title := "a\x1b]0;owned\x07\x1b[2Jb"
	names := []string{"a日本語の設定ファイル.env", "früh.env", "a👍🏽.env", title + ".env", "x\x1b]8;;https:evil\x1b\\y.env"}
	for i := range 10 {
		names = append(names, fmt.Sprintf("services/payments/backend/config/environments/production/region-eu-%02d/application-secrets.properties", i))
	}
	for _, name := range names {
		r.write(name, "KEY="+secret+"\n")
	}
	r.git("add", ".")
	r.git("commit", "-q", "-m", "one")
	r.git("remote", "add", "origin", "https://ann:pass@example.org/OWNER/x.git")
	terminal := []string{"CI=", "GITHUB_ACTIONS=", "TERM=xterm-256color", "FORCE_HYPERLINK=1"}
	for _, width := range []int{40, 80, 120} {
		p := newPane(t, r.dir, width, 120, "'"+skant+"' history --no-cache --no-progress", terminal...)
		p.secrets = []string{secret}
		screen := p.waits("status=1", "15 places", "and 5 more places", `\x1b]0;owned`, "history --no-cache")
		if width > 100 && !strings.Contains(screen, "a日本語の設定ファイル.env:1:5") {
			t.Errorf("a name is lost:\n%s", screen)
		}
		joined := p.call("capture-pane", "-p", "-J") // what the terminal broke is whole again, as where it is marked
		lines, said, _ := strings.Cut(joined, "All of it:")
		if shown, _, _ := strings.Cut(screen, "All of it:"); trimmed(lines) != trimmed(shown) {
			t.Errorf("%d columns: the terminal has to break a line:\n%s", width, screen)
		}
		if !strings.Contains(said, "skant history --no-cache --no-progress | less") {
			t.Errorf("%d columns: the command cannot be copied:\n%s", width, joined)
		}
		if strings.Contains(screen, "file://") || strings.Contains(screen, "https://example.org") {
			t.Errorf("links are seen:\n%s", screen)
		}
		if got := p.call("display-message", "-p", "#{pane_title}"); strings.Contains(got, "owned") {
			t.Error("a file's name has changed the title")
		}
	}
	whole := newPane(t, r.dir, 80, 60, "'"+skant+"' history --no-cache --no-progress > '"+filepath.Join(r.dir, "out.txt")+"'", terminal...)
	whole.waits("status=1")
	out, err := os.ReadFile(filepath.Join(r.dir, "out.txt"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	for _, name := range names[5:] {
		if !strings.Contains(text, name+":1:5") {
			t.Errorf("a file does not hold %s", name)
		}
	}
	if strings.Contains(text, "\x1b") || strings.Contains(text, "more place") {
		t.Errorf("a file holds escapes, or not everything:\n%s", text)
	}
	said := newPane(t, r.dir, 80, 60, "'"+skant+"' scan früh.env --plain --no-progress", terminal...)
	screen := said.waits("Secret 1 of 1", "Place 1 of 1", "File: früh.env", "status=1")
	if strings.Contains(said.screen(), "\x1b[") {
		t.Errorf("plain text has colours:\n%s", screen)
	}
}

// trimmed is a text without spaces at the ends of lines.
func trimmed(text string) string {
	lines := strings.Split(strings.TrimRight(text, " \n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
