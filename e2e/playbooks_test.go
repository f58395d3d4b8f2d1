//go:build e2e && linux

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
)

// playbookCommand is the commands of one step, filled in.
type playbookCommand struct{ from, text string }

// Values that stand for what nobody may see in a list of processes: what a person types, what the environment holds, what a tool prints.
const (
	typedCanary   = "typed-canary-3f1c"
	heldCanary    = "held-canary-8a2e"
	printedCanary = "printed-canary-77b0"
)

var (
	playbookGap  = regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`)
	heldVariable = regexp.MustCompile(`\$\{?([A-Z][A-Z0-9_]*)`)
	heldName     = regexp.MustCompile(`(?:KEY|TOKEN|SECRET|PASSWORD|PASS|JWT|LEAKED)$`)
	fileWritten  = regexp.MustCompile(`>\s*"?/[^\s";)|&]+`)
)

// playbookPrograms are the programs that playbooks may call. One that is missing here is a slip of the pen, or new: then it is added.
var playbookPrograms = strings.Fields(`
	skant git gh glab curl jq
	aws az gcloud aliyun oci yc ibmcloud linode-cli heroku fly vercel doppler vault hcp databricks neon pscale npm
	kubectl kubeadm k3s oc docker cosign gitlab-runner
	psql mysql mongosh redis-cli sqlcmd rabbitmqctl
	openssl gpg ssh-keygen wg wg-quick age-keygen minisign certbot sops pass claude scw
	sudo systemctl journalctl crontab last find zgrep awk pkill xargs sleep mv
	cat head tr date cut grep base64 basenc sort`)

// playbookCommands returns the commands of every playbook of the built-in rules, each text once.
func playbookCommands(t *testing.T) []playbookCommand {
	t.Helper()
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	// Recent dates: some commands ask for day after day until today.
	now := time.Now().UTC()
	first := now.Add(-48 * time.Hour)
	facts := map[string]string{"{since}": first.Format(time.RFC3339), "{until}": now.Format(time.RFC3339), "{first_seen_date}": first.Format(time.DateOnly)}
	var out []playbookCommand
	seen := map[string]bool{}
	for i := range set.All() {
		r := &set.All()[i]
		p, ok := set.PlaybookOf(r)
		if !ok {
			t.Errorf("%s has no playbook", r.ID)
		}
		for _, s := range p.Steps {
			text := playbookGap.ReplaceAllStringFunc(s.Run, func(gap string) string {
				if v, ok := facts[gap]; ok {
					return v
				}
				return "x1"
			})
			if text != "" && !seen[text] {
				seen[text] = true
				out = append(out, playbookCommand{r.ID + ": " + s.Title, text})
			}
		}
	}
	return out
}

// TestPlaybookCommandsParse reads the commands of every playbook with two shells, without running anything.
func TestPlaybookCommandsParse(t *testing.T) {
	commands := playbookCommands(t)
	if len(commands) < 300 {
		t.Fatalf("only %d commands", len(commands))
	}
	for _, shell := range []string{"bash", "sh"} {
		path := require(t, shell, "install it")
		for _, c := range commands {
			cmd := exec.Command(path, "-n")
			cmd.Stdin = strings.NewReader(c.text)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %s: %v: %s", c.from, shell, err, out)
			}
		}
	}
}

// playbookShell makes bash run nothing but jq and a few filters: any other program is written down and prints one word. jq is written down, too,
// and says when a program is not one.
const playbookShell = `
note() { local IFS=$'\t'; printf '%s\t\n' "$*" >> "$NOTES"; } # in one piece: a pipeline calls several at once
command_not_found_handle() {
	note "$@"
	case "$*" in
	*print-access-token*|*get-access-token*|*--plain*|*SecretAccessKey*|*create-access-key*|*ClientSecret*|*--query\ password*|*keys\ list*|*-field=token*|*apiKey.id*)
		echo ` + printedCanary + ` ;;
	*) echo x1 ;;
	esac
}
jq() {
	note jq "$@"
	command jq "$@"
	local status=$?
	[ "$status" != 3 ] || note NOT-A-JQ-PROGRAM "$@"
	return "$status"
}
`

// TestPlaybookCommandsKeepSecrets runs the commands of every playbook with programs that only write down how they were called. No secret may be
// among the arguments of any, every program has to be a known one, and what jq is given has to be a program.
func TestPlaybookCommandsKeepSecrets(t *testing.T) {
	bash := require(t, "bash", "install it")
	bin := t.TempDir()
	for _, tool := range []string{"jq", "cat", "head", "tr", "date", "cut", "grep", "base64", "basenc", "sort"} {
		if err := os.Symlink(require(t, tool, "install coreutils, grep and jq"), filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	rc := filepath.Join(bin, "rc")
	if err := os.WriteFile(rc, []byte(playbookShell), 0o600); err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, c := range playbookCommands(t) {
		if found := fileWritten.FindString(c.text); found != "" && !strings.HasSuffix(found, "/dev/null") && !strings.Contains(c.text, "sudo") {
			t.Errorf("%s writes a file outside of the folder: %s", c.from, found)
			continue
		}
		calls += playbookRun(t, bash, bin, rc, c)
	}
	if calls < 500 {
		t.Errorf("only %d programs were called", calls)
	}
	t.Logf("%d calls", calls)
}

// playbookRun runs one step and looks at what it called; it returns how many programs that were.
func playbookRun(t *testing.T, bash, bin, rc string, c playbookCommand) int {
	t.Helper()
	folder := t.TempDir()
	notes := filepath.Join(bin, "notes")
	if err := os.WriteFile(notes, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	cmd := exec.CommandContext(ctx, bash, "-c", c.text)
	cmd.Dir = folder
	cmd.Env = []string{"PATH=" + bin, "HOME=" + folder, "BASH_ENV=" + rc, "NOTES=" + notes, "LC_ALL=C"}
	for _, m := range heldVariable.FindAllStringSubmatch(c.text, -1) {
		if value := heldCanary; heldName.MatchString(m[1]) {
			cmd.Env = append(cmd.Env, m[1]+"="+value)
		}
	}
	cmd.Stdin = strings.NewReader(strings.Repeat(typedCanary+"\n", 20))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	// How it ends says nothing: the programs are none. What was called does.
	if err := cmd.Run(); ctx.Err() != nil {
		t.Errorf("%s: does not end: %v", c.from, err)
	}
	text, err := os.ReadFile(notes)
	if err != nil {
		t.Fatal(err)
	}
	if left := os.Getenv("SKANT_PLAYBOOK_CALLS"); left != "" {
		keepCalls(t, left, c, text)
	}
	for _, canary := range []string{typedCanary, heldCanary, printedCanary} {
		if bytes.Contains(text, []byte(canary)) {
			t.Errorf("%s: a secret is among the arguments of a program:\n%s", c.from, text)
		}
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		name, _, found := strings.Cut(line, "\t")
		switch {
		case !found || strings.HasPrefix(line, " "):
			continue // an argument of several lines
		case name == "NOT-A-JQ-PROGRAM":
			t.Errorf("%s: jq: %s\n%s", c.from, line, said.Bytes())
		case !slices.Contains(playbookPrograms, name):
			t.Errorf("%s: %q is not a program that a playbook may call", c.from, name)
		default:
			n++
		}
	}
	return n
}

// keepCalls adds what a step called to a file, for somebody who holds it against the tools themselves.
func keepCalls(t *testing.T, path string, c playbookCommand, calls []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(f, "## %s\n%s", c.from, calls); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
