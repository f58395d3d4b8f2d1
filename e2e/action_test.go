//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestActionIsPlain holds the action to one command a step, with values only through quoted variables, and to other
// actions only by commit.
func TestActionIsPlain(t *testing.T) {
	pinned := regexp.MustCompile(`@[0-9a-f]{40}$`)
	for _, s := range readAction(t).Runs.Steps {
		switch {
		case s.Uses != "":
			if !pinned.MatchString(s.Uses) {
				t.Errorf("%s: %q is not pinned by commit", s.Name, s.Uses)
			}
		case s.Shell != "bash":
			t.Errorf("%s: shell %q", s.Name, s.Shell)
		default:
			if why := notPlain(s.Run); why != "" {
				t.Errorf("%s: %s: %s", s.Name, why, s.Run)
			}
		}
	}
	for run, plain := range map[string]bool{
		`go build -o "$A/b"`: true, `x <<< "$A  b"`: true, `a; b`: false, `a && b`: false, `a | b`: false, "a\nb": false, `a $B`: false,
		`a "$(b)"`: false, "a `b`": false, `if a`: false, `a > b`: false, `a "${{ b }}"`: false, `a "${B:-c}"`: false, `A=b c`: false, `a "b`: false,
	} {
		if got := notPlain(run) == ""; got != plain {
			t.Errorf("%q: plain is %t", run, got)
		}
	}
}

// notPlain says why a line of shell is more than one command with quoted variables.
func notPlain(run string) string {
	if strings.Contains(run, "${") || strings.Contains(run, "$(") || strings.Contains(run, "`") || strings.Contains(run, `\`) {
		return "it is computed"
	}
	quoted := false
	for _, c := range strings.ReplaceAll(run, " <<< ", " ") {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '$' && !quoted:
			return "a variable without quotes"
		case !quoted && strings.ContainsRune("\n;|&<>()*?!#'", c):
			return "more than one command"
		}
	}
	first, _, _ := strings.Cut(run, " ")
	switch {
	case quoted:
		return "a quote is not closed"
	case slices.Contains([]string{"if", "for", "while", "case", "test", "[", "[[", "eval", "set", "export", "bash", "sh"}, first):
		return "it is a program"
	case strings.Contains(strings.Split(first, `"`)[0], "="):
		return "it sets a variable"
	}
	return ""
}

// pushed is the event of a push to a branch.
func pushed(before, after string) event {
	return event{name: "push", head: after, payload: map[string]any{
		"ref": "refs/heads/main", "before": before, "after": after, "created": strings.Trim(before, "0") == "", "deleted": false, "forced": false,
		"repository": map[string]any{"full_name": "team/app", "default_branch": "main"},
	}}
}

// pullRequest is the event of a pull request from a repository.
func pullRequest(from, base, head string) event {
	return event{name: "pull_request", head: head, ref: "refs/pull/7/merge", payload: map[string]any{
		"action": "synchronize", "number": 7.0, "repository": map[string]any{"full_name": "team/app", "default_branch": "main"},
		"pull_request": map[string]any{
			"number": 7.0,
			"base":   map[string]any{"ref": "main", "sha": base, "repo": map[string]any{"full_name": "team/app", "fork": false}},
			"head":   map[string]any{"ref": "topic", "sha": head, "repo": map[string]any{"full_name": from, "fork": from != "team/app"}},
		},
	}}
}

// scheduled is the event of a clock.
func scheduled(head string) event {
	return event{name: "schedule", head: head, payload: map[string]any{
		"schedule": "1 2 * * *", "repository": map[string]any{"full_name": "team/app", "default_branch": "main"},
	}}
}

// leaking makes a repository in which the second of three commits adds a secret that the third takes away again.
func leaking(t *testing.T, secret string) (r *workRepo, first, leak, last string) {
	r = newRepo(t)
	commit := func(name, content string) string {
		r.write(name, content)
		r.git("add", ".")
		r.git("commit", "-qm", name)
		return strings.TrimSpace(r.git("rev-parse", "HEAD"))
	}
	first = commit("a", "clean\n")
	leak = commit("config", "key = "+secret+"\n")
	last = commit("config", "key = none\n")
	return r, first, leak, last
}

func TestActionRuns(t *testing.T) {
	secret := newSecret(t)
	r, first, leak, last := leaking(t, secret)
	temp := t.TempDir()
	bot := pullRequest("team/app", first, last)
	bot.actor = "dependabot[bot]"
	for _, c := range []struct {
		name   string
		event  event
		inputs map[string]string
		// want are the exit codes that will do: what cannot be known is 2 or 3, but never clean.
		want       []int
		categories string
		findings   string
	}{
		{"a push that adds one", pushed(first, last), nil, []int{1}, "skant-tree", "1"},
		{"a push that adds none", pushed(leak, last), nil, []int{0}, "skant-tree", "0"},
		{"a new branch", pushed(strings.Repeat("0", 40), last), nil, []int{1}, "skant-tree", "1"},
		{"a pull request", pullRequest("team/app", first, last), nil, []int{1}, "skant-tree", "1"},
		{"a clean pull request", pullRequest("team/app", leak, last), nil, []int{0}, "skant-tree", "0"},
		{"a pull request of a fork", pullRequest("eve/app", first, last), nil, []int{1}, "", "1"},
		{"a pull request of Dependabot", bot, nil, []int{1}, "", "1"},
		{"without upload", pushed(first, last), map[string]string{"upload": "false"}, []int{1}, "", "1"},
		{"nothing fails it", pushed(first, last), map[string]string{"fail-on": "none"}, []int{0}, "skant-tree", "1"},
		{"a schedule", scheduled(last), map[string]string{"history": "true"}, []int{1}, "skant-tree skant-history", "1"},
		{"a range by hand", scheduled(last), map[string]string{"base": leak, "head": last}, []int{0}, "skant-tree", "0"},
		{"a base that is not there", scheduled(last), map[string]string{"base": strings.Repeat("12", 20), "head": last}, []int{3}, "skant-tree", ""}, // the tree was read whole, the range was not
		{"a policy that does not exist", pushed(first, last), map[string]string{"fail-on": "nothing"}, []int{2}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			os.Remove(filepath.Join(r.dir, "skant.sarif"))
			run := (&actionRunner{t: t, repo: r, temp: temp}).run(c.event, c.inputs)
			if !slices.Contains(c.want, run.code) {
				t.Errorf("exit %d, want one of %d\n%s", run.code, c.want, hide(run.out, secret))
			}
			if strings.Contains(run.out+run.summary+fmt.Sprint(run.outputs), secret[20:60]) {
				t.Errorf("the secret is shown")
			}
			if categories := uploaded(t, run, secret); categories != c.categories {
				t.Errorf("uploaded %q, want %q; steps %q", categories, c.categories, run.steps)
			}
			if c.findings == "" {
				return
			}
			if run.outputs["findings"] != c.findings || run.outputs["live"] != "0" || run.outputs["complete"] != "true" {
				t.Errorf("outputs %q\n%s", run.outputs, hide(run.out, secret))
			}
			holdSARIF(t, run.outputs["sarif"], secret)
			if want := filepath.Join(r.dir, "skant.sarif"); run.outputs["sarif"] != want {
				t.Errorf("SARIF in %s, want %s", run.outputs["sarif"], want)
			}
			if run.code == 1 && c.event.name != "schedule" && !strings.Contains(run.out, "::error ") {
				t.Errorf("no annotation\n%s", hide(run.out, secret))
			}
			if run.summary == "" {
				t.Error("no summary")
			}
		})
	}
}

// uploaded returns the categories that were uploaded, and holds that each has a report.
func uploaded(t *testing.T, run actionRun, secret string) string {
	t.Helper()
	var categories []string
	for _, u := range run.uploads {
		if !strings.HasPrefix(u["uses"], "github/codeql-action/upload-sarif@") {
			t.Errorf("%q runs", u["uses"])
		}
		holdSARIF(t, u["sarif_file"], secret)
		categories = append(categories, u["category"])
	}
	return strings.Join(categories, " ")
}

func holdSARIF(t *testing.T, path, secret string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(content), `"2.1.0"`) || strings.Contains(string(content), secret[20:60]) {
		t.Errorf("SARIF of %d bytes in %q, %v", len(content), path, err)
	}
}

// TestActionUploadsWholeStates: what one push adds must not replace what the pushes before it have added.
func TestActionUploadsWholeStates(t *testing.T) {
	secret := newSecret(t)
	r, _, leak, _ := leaking(t, secret)
	r.git("switch", "-q", "--detach", leak)
	r.write("b", "clean\n")
	r.git("add", ".")
	r.git("commit", "-qm", "b")
	head := strings.TrimSpace(r.git("rev-parse", "HEAD"))
	run := (&actionRunner{t: t, repo: r, temp: t.TempDir()}).run(pushed(leak, head), nil)
	if run.code != 0 || len(run.uploads) != 1 {
		t.Fatalf("exit %d, %d uploads\n%s", run.code, len(run.uploads), hide(run.out, secret))
	}
	content, err := os.ReadFile(run.uploads[0]["sarif_file"])
	if err != nil || !regexp.MustCompile(`"uri":\s*"config"`).Match(content) {
		t.Errorf("the finding in the tree would be closed: %v\n%s", err, hide(string(content), secret))
	}
}

// TestActionUploadsNothingIncomplete: what could not be read must not count as fixed.
func TestActionUploadsNothingIncomplete(t *testing.T) {
	secret := newSecret(t)
	r, first, _, last := leaking(t, secret)
	r.write("broken.zip", "PK\x03\x04 is no archive\n")
	run := (&actionRunner{t: t, repo: r, temp: t.TempDir()}).run(pushed(last, last), map[string]string{"base": first})
	if run.code == 0 || len(run.uploads) > 0 || !slices.Contains(run.steps, "Scan the tree") {
		t.Errorf("exit %d, %d uploads, steps %q\n%s", run.code, len(run.uploads), run.steps, hide(run.out, secret))
	}
}

// TestActionElsewhere runs it for a repository that is not at the top of the workspace.
func TestActionElsewhere(t *testing.T) {
	secret := newSecret(t)
	inner, first, _, last := leaking(t, secret)
	outer := newRepo(t)
	folder := filepath.Join(outer.dir, "some where")
	if err := os.Rename(inner.dir, folder); err != nil {
		t.Fatal(err)
	}
	run := (&actionRunner{t: t, repo: outer, temp: t.TempDir()}).run(pushed(first, last),
		map[string]string{"working-directory": "some where", "sarif": "reports.sarif"})
	if run.code != 1 || uploaded(t, run, secret) != "skant-tree" || run.uploads[0]["checkout_path"] != outer.dir+"/some where" {
		t.Errorf("exit %d, uploads %q\n%s", run.code, run.uploads, hide(run.out, secret))
	}
	holdSARIF(t, filepath.Join(outer.dir, "reports.sarif"), secret)
}

func TestActionIsNotInjected(t *testing.T) {
	secret := newSecret(t)
	r, _, _, last := leaking(t, secret)
	temp := t.TempDir()
	for _, name := range []string{"base", "head", "fail-on", "verify", "sarif"} {
		for _, hostile := range []string{"$(touch pwned)", "`touch pwned`", "x; touch pwned #", `"; touch pwned; "`, "--output=json=pwned", "a\ntouch pwned"} {
			run := (&actionRunner{t: t, repo: r, temp: temp}).run(pushed(last, last), map[string]string{name: hostile})
			if name != "sarif" && run.code < 2 {
				t.Errorf("%s %q: exit %d\n%s", name, hostile, run.code, run.out)
			}
			if _, err := os.Stat(filepath.Join(r.dir, "pwned")); err == nil {
				t.Fatalf("%s %q was executed", name, hostile)
			}
		}
	}
}

// release makes the files of a release, and a gh that hands them out and accepts nothing but what action.yml asks for.
func release(t *testing.T, program []byte) (path, files, checksum string) {
	t.Helper()
	path, files = t.TempDir(), t.TempDir()
	write := func(name string, content []byte, mode os.FileMode) {
		if err := os.WriteFile(name, content, mode); err != nil {
			t.Fatal(err)
		}
	}
	name := "skant-action_Linux_X64"
	sum := sha256.Sum256(program)
	list := fmt.Sprintf("%s  skant_linux_amd64.tar.gz\n%s  %s\n", strings.Repeat("0", 64), hex.EncodeToString(sum[:]), name)
	write(filepath.Join(files, name), program, 0o644)
	write(filepath.Join(files, "checksums.txt"), []byte(list), 0o644)
	write(filepath.Join(path, "gh"), []byte(`#!/bin/sh
[ "$GH_TOKEN" = "a token" ] || { echo "gh: no token" >&2; exit 4; }
want="release download --repo OWNER/skant --pattern $PROGRAM --pattern checksums.txt --dir $RUNNER_TEMP/skant-action --clobber -- v1.2.3"
[ "$*" = "$want" ] || { echo "gh: asked for $*" >&2; exit 1; }
mkdir -p "$RUNNER_TEMP/skant-action" && cp '`+files+`'/* "$RUNNER_TEMP/skant-action/"
`), 0o755)
	sum = sha256.Sum256([]byte(list))
	return path, files, hex.EncodeToString(sum[:])
}

// TestActionVerifies runs the action with a released program: the right one runs, and no other.
func TestActionVerifies(t *testing.T) {
	if out, err := exec.Command("uname", "-sm").Output(); err != nil || strings.TrimSpace(string(out)) != "Linux x86_64" {
		t.Skip("the release of this test has a program for Linux on x86_64 only")
	}
	program, err := os.ReadFile(skant)
	if err != nil {
		t.Fatal(err)
	}
	secret := newSecret(t)
	r, first, _, last := leaking(t, secret)
	path, files, checksum := release(t, program)
	run := func(version, checksum string) actionRun {
		return (&actionRunner{t: t, repo: r, temp: t.TempDir(), path: path}).run(pushed(first, last),
			map[string]string{"version": version, "checksum": checksum})
	}
	good := run("v1.2.3", checksum)
	if good.code != 1 || good.outputs["findings"] != "1" || slices.Contains(good.steps, "Build skant") || !slices.Contains(good.steps, "Verify skant") {
		t.Errorf("exit %d, steps %q\n%s", good.code, good.steps, hide(good.out, secret))
	}
	refused := func(name string, run actionRun) {
		t.Helper()
		if run.code == 0 || slices.Contains(run.steps, "Scan the commits") || len(run.uploads) > 0 {
			t.Errorf("%s: exit %d, steps %q\n%s", name, run.code, run.steps, run.out)
		}
	}
	refused("no checksum", run("v1.2.3", ""))
	refused("another checksum", run("v1.2.3", strings.Repeat("0", 64)))
	refused("another version", run("v1.2.4", checksum))
	refused("a version like an option", run("--help", checksum))
	for name, content := range map[string]string{"skant-action_Linux_X64": "#!/bin/sh\nexit 0\n", "checksums.txt": strings.Repeat("0", 64) + "  x\n"} {
		whole, err := os.ReadFile(filepath.Join(files, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(files, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		refused("a changed "+name, run("v1.2.3", checksum))
		if name == "checksums.txt" {
			sum := sha256.Sum256([]byte(content))
			refused("a list that lacks the program", run("v1.2.3", hex.EncodeToString(sum[:])))
		}
		if err := os.WriteFile(filepath.Join(files, name), whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
