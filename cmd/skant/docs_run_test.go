//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// notRun says which lines of the manual TestDocumentedLines does not run, and why. What is in a transcript is run by TestWalkthroughs
// and TestReadmeTranscripts. A row that fits no line is an error.
func notRun() []struct{ line, why string } {
	return []struct{ line, why string }{
		{`^make `, "TestDocumentedCommands looks for the target in the Makefile; CI runs most of them, the benchmarks take minutes"},
		{`^go (test|tool) |^SKANT_BENCH_REPO=`, "profiles of benchmarks, and tests that are told to rewrite files"},
		{`^go (install|build) |^CGO_ENABLED=0 go build|^sha256sum skant-again`, "builds skant; e2e/dist_test.go does it"},
		{`^(curl|sha256sum --check|tar|sudo) `, "about a release, and none is published; e2e/dist_test.go does it with files of its own"},
		{`^(npm|npx|pre-commit) `, "another program, which CI installs: e2e/husky_test.go, e2e/lefthook_test.go, e2e/lintstaged_test.go, e2e/precommit_test.go"},
		{`hooks run pre-(commit|push)( --)? "\$@"`, "a line of a hook, which git calls with its arguments: e2e/hooks_test.go, e2e/husky_test.go"},
		{`^claude `, "another program, with an account; cmd/skant/mcp_test.go speaks to `skant mcp`"},
		{`recover revoke .*--ask`, "asks on a terminal; TestRevokeProviders answers"},
		{`recover purge `, "needs git-filter-repo; docs/recover.md runs it, and e2e/purge_test.go"},
		{`skant triage `, "draws a screen; e2e/triage_test.go types into it in tmux"},
		{`report send .*--yes`, "sends to a service; cmd/skant/report_send_test.go does it to one on this machine"},
		{`^git rebase --onto origin/main OLD`, "what the guard prints, with names of whoever reads it; cmd/skant/recover_story_test.go does it"},
		{`^git (config --system|fetch --prune|switch main|reset --keep)`, "git's own, on the machine or the clone of whoever reads it"},
	}
}

// TestDocumentedLines runs every command line of the manual in a place that has what it names, and wants no line to be refused: its status
// is that of a scan, or of an incident, and not 2 for wrong usage, or 127 for a program that there is not. None shows a secret.
func TestDocumentedLines(t *testing.T) {
	w := newWorld(t)
	pages := documents(t)
	// What has to be there before the lines of a page, and is told in words.
	before := map[string]string{"docs/triage.md": "skant baseline create --owner ann --reason 'the first audit'"}
	reasons, used := notRun(), map[string]bool{}
	ran := 0
	for _, page := range slices.Sorted(maps.Keys(pages)) {
		seen := map[string]bool{}
		for _, line := range typedLines(pages[page]) {
			reason := slices.IndexFunc(reasons, func(r struct{ line, why string }) bool { return regexp.MustCompile(r.line).MatchString(line) })
			if reason >= 0 {
				used[reasons[reason].line] = true
				continue
			}
			if seen[line] {
				continue
			}
			if len(seen) == 0 {
				w.fresh()
				if first := before[page]; first != "" {
					w.run(page, first)
				}
			}
			seen[line] = true
			ran++
			w.run(page, line)
		}
	}
	for _, r := range reasons {
		if !used[r.line] {
			t.Errorf("no line of the manual is like %q any more", r.line)
		}
	}
	if ran < 100 {
		t.Errorf("only %d lines were run", ran)
	}
	t.Logf("%d lines were run", ran)
}

// TestReasonsNameTests looks for the tests and files that are named where a line is not run.
func TestReasonsNameTests(t *testing.T) {
	sources := goSources(t)
	file := regexp.MustCompile(`[a-z0-9_]+/(?:[a-z0-9_]+/)*[a-z0-9_]+\.(?:go|md)`)
	test := regexp.MustCompile(`\bTest[A-Z][A-Za-z]*`)
	for _, r := range notRun() {
		for _, name := range file.FindAllString(r.why, -1) {
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Error(err)
			}
		}
		for _, name := range test.FindAllString(r.why, -1) {
			if !slices.ContainsFunc(slices.Concat(values(sources)...), func(source string) bool { return strings.Contains(source, "\nfunc "+name+"(") }) {
				t.Errorf("there is no %s", name)
			}
		}
	}
}

// TestDocumentedLinesFail holds the test itself against lines that are wrong.
func TestDocumentedLinesFail(t *testing.T) {
	w := newWorld(t)
	w.fresh()
	for _, line := range []string{"skant scna", "skant scan --no-such", "skant report nothing.json", "no-such-program", "skant diff origin/nothing..HEAD", "skant scan . | skant scna"} {
		if w.wrong(line) == "" {
			t.Errorf("%q is taken for a line that works", line)
		}
	}
	if w.wrong("cat key.txt") == "" {
		t.Error("a secret may be shown")
	}
}

// typedLines returns what the code blocks of a page have a person type, but for transcripts that are run and compared.
func typedLines(text string) []string {
	text = regexp.MustCompile("(?s)<!-- transcript: [^\n]* -->\n```console\n.*?```\n").ReplaceAllString(text, "")
	var out []string
	lines := append(fenced(text, "sh"), prompts(text)...)
	for i := 0; i < len(lines); i++ {
		line := strings.TrimPrefix(strings.TrimSpace(lines[i]), "$ ")
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			i++
			line = strings.TrimSuffix(line, `\`) + strings.TrimSpace(lines[i])
		}
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// world is a home with repositories, reports and files by the names that the manual uses.
type world struct {
	*sceneRepo
	home, kept string
	secrets    []string
	// names are what stands in the manual, and what stands for it here.
	names *strings.Replacer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	r := newScene(t)
	w := &world{sceneRepo: r, home: filepath.Dir(r.dir)}
	w.kept = w.home + ".kept"
	for _, template := range []string{`<<anthropic "sk-ant-api03-">>`, `<<vercel "vcp_">>`, `<<github "ghp_">>`, `<<anthropic "sk-ant-admin01-">>`} {
		w.secrets = append(w.secrets, w.secret(template))
	}
	w.build()
	return w
}

// build makes the place once; fresh goes back to it.
func (w *world) build() {
	shop, key := w.dir, w.secrets[0]
	w.dir = filepath.Join(w.home, "src/service")
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	w.git("init", "-q", "-b", "main")
	w.commit("2026-02-03", "Begin", "app.py", "def main():\n    pass\n")
	w.git("tag", "v1.0")
	w.service()
	w.commit("2026-02-10", "Configure", "README.md", "# Service\n")
	w.git("tag", "v1.1")
	w.git("remote", "add", "origin", "file://"+w.home+"/server.git")
	home := w.command("sh", "-ec", `cd ~
git clone -q --mirror src/service server.git
mkdir srv srv/git
git clone -q --mirror server.git srv/git/service.git
for clone in shop other src/site; do rm -rf $clone; git clone -q "file://$HOME/server.git" $clone; done
for name in leaked.txt key.txt token.txt; do cp leaked.txt shop/$name || true; chmod 600 shop/$name; done
cp -R server.git shop/repo.git
tar -czf var/backups/site.tgz -C src site
mkdir bin
for name in pass vault pbpaste; do printf '#!/bin/sh\ncat "$HOME/leaked.txt"\n' > bin/$name; done
printf '#!/bin/sh\nprintf "kind: List\\n"\n' > bin/kubectl
printf '#!/bin/sh\ncat\n' > bin/jq
chmod +x bin/*
cd shop
mkdir -p .git/info
printf 'key.txt\ntoken.txt\nleaked.txt\nrepo.git\n*.json\n' > .git/info/exclude
git switch -q -c feature
git commit -q --allow-empty -m Feature
git switch -q main
git commit -q --allow-empty -m More
git branch my-branch`)
	if out, err := home.CombinedOutput(); err != nil {
		w.t.Fatalf("make the place: %v\n%s", err, out)
	}
	w.dir = shop
	w.reports(key)
	w.copies(w.home, w.kept)
	w.t.Cleanup(func() { _ = os.RemoveAll(w.kept) })
}

// service writes the files of the repository that everything else is a clone of.
func (w *world) service() {
	key, token, forge, admin := w.secrets[0], w.secrets[1], w.secrets[2], w.secrets[3]
	for name, text := range map[string]string{
		"config/settings.py":           strings.Repeat("# a line\n", 40) + `VERCEL_TOKEN = "` + token + "\"\n",
		"src/app.py":                   `client = Client("` + key + "\")\n" + `password = "changeme2024"` + "\n",
		"deploy/app.env":               "GITHUB_TOKEN=" + forge + "\n",
		"deploy/values.yaml":           "replicas: 2\n",
		".env":                         "ANTHROPIC_ADMIN_KEY=" + admin + "\n",
		"production.env":               "ANTHROPIC_API_KEY=${ANTHROPIC_API_KEY}\n",
		"docs/examples/acme.yaml":      w.read(root + "/docs/examples/acme.yaml"),
		"my-rules.yaml":                w.read(root + "/docs/examples/acme.yaml"),
		".skant.yaml":                  "version: 1\n",
		"gitleaks.toml":                "[[rules]]\nid = \"acme-token\"\ndescription = \"Acme token\"\nregex = \"acmt_[a-z0-9]{32}\"\nkeywords = [\"acmt_\"]\n",
		".gitleaksignore":              "src/app.py:generic-api-key:1\n",
		".secrets.baseline":            `{"version": "1.5.0", "results": {"src/app.py": [{"type": "Secret Keyword", "filename": "src/app.py", "hashed_secret": "` + strings.Repeat("0a", 20) + `", "line_number": 1}]}}`,
		"../../leaked.txt":             key + "\n",
		"../../var/backups/README.txt": "nothing\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(w.dir, name)), 0o755); err != nil {
			w.t.Fatal(err)
		}
		w.write(name, text)
	}
}

// reports makes the saved reports and incidents that the manual names, and what stands for names that are another each time.
func (w *world) reports(key string) {
	w.names = strings.NewReplacer()
	for _, line := range []string{"skant history -o json=audit.json", "skant recover check --report audit.json"} {
		if said := w.wrong(line); said != "" {
			w.t.Fatalf("make the place: %s: %s", line, said)
		}
	}
	audit := w.read(filepath.Join(w.dir, "audit.json"))
	for _, name := range []string{"report", "monday", "friday", "before", "after"} {
		w.write(name+".json", audit)
	}
	w.write("gitleaks.json", `[{"RuleID": "generic-api-key", "File": "src/app.py", "StartLine": 1, "Fingerprint": "src/app.py:generic-api-key:1"}]`)
	w.write("incident.json", w.read(filepath.Join(w.dir, "skant-incident.json")))
	prints := regexp.MustCompile(`"fingerprint": "([0-9a-f]{32})"`).FindAllStringSubmatch(audit, -1)
	if len(prints) < 4 {
		w.t.Fatalf("the report has %d findings", len(prints))
	}
	w.names = strings.NewReplacer("go run ./cmd/skant", "skant", "/srv/git", w.home+"/srv/git", "/var/backups", w.home+"/var/backups",
		"gitleaks report.json", "gitleaks gitleaks.json", "3b69370a", prints[0][1], "b7716074768e", prints[0][1], "3f9a1c04d2", prints[1][1], "77c0e2b915", prints[2][1],
		"git clone --mirror URL repo.git", "git clone -q --mirror ~/server.git ~/again.git", "history repo.git", "history ~/again.git",
		"sk-ant-api03-R2D...igAA", key[:16]+"..."+key[len(key)-4:])
}

func (w *world) read(path string) string {
	w.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// fresh makes everything as it was at the beginning: what is new goes, and what has gone or was changed comes back. Copying the whole place
// before each page would take most of the time of the test.
func (w *world) fresh() {
	w.t.Helper()
	then, now := w.listed(w.kept), w.listed(w.home)
	var errs []error
	for path, is := range now {
		// A folder stays a folder, with what is in it.
		if was := then[path]; was != is && !(was.mode.IsDir() && is.mode.IsDir()) {
			errs = append(errs, os.RemoveAll(filepath.Join(w.home, path)))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(then)) {
		if then[path] != now[path] {
			errs = append(errs, restore(filepath.Join(w.kept, path), filepath.Join(w.home, path), then[path]))
		}
	}
	if err := errors.Join(errs...); err != nil {
		w.t.Fatal(err)
	}
}

// entry is what tells a file that was written from one that was not.
type entry struct {
	mode fs.FileMode
	size int64
	time time.Time
}

// listed returns what is below a folder, by its path there.
func (w *world) listed(top string) map[string]entry {
	w.t.Helper()
	out := map[string]entry{}
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		e := entry{mode: info.Mode()}
		if !d.IsDir() {
			e.size, e.time = info.Size(), info.ModTime().UTC()
		}
		rel, err := filepath.Rel(top, path)
		out[rel] = e
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// restore copies one file or folder, without what is in it.
func restore(from, to string, e entry) error {
	switch {
	case e.mode.IsDir():
		return errors.Join(os.MkdirAll(to, 0o755), os.Chmod(to, e.mode.Perm()))
	case e.mode.IsRegular():
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return errors.Join(os.WriteFile(to, data, 0o600), os.Chmod(to, e.mode.Perm()), os.Chtimes(to, e.time, e.time))
	}
	return fmt.Errorf("%s: cannot be restored: %s", from, e.mode)
}

func (w *world) copies(from, to string) {
	w.t.Helper()
	if out, err := exec.Command("sh", "-ec", `rm -rf "$2"; cp -Rp "$1" "$2"`, "sh", from, to).CombinedOutput(); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
}

func (w *world) run(page, line string) {
	w.t.Helper()
	begin := time.Now()
	defer func() {
		if took := time.Since(begin); took > 2*time.Second {
			w.t.Logf("%s: %s took %s", page, line, took.Round(time.Second))
		}
	}()
	if said := w.wrong(w.names.Replace(line)); said != "" {
		w.t.Errorf("%s: %s\n%s", page, line, said)
	}
}

// wrong runs a line and returns what speaks against it.
func (w *world) wrong(line string) string {
	cmd := w.command("sh", "-c", line)
	cmd.Env = append(cmd.Env, "PATH="+filepath.Join(w.home, "bin")+":"+os.Getenv("PATH"), "XDG_CONFIG_HOME="+filepath.Join(w.home, ".config"),
		"XDG_CACHE_HOME="+filepath.Join(w.home, ".cache"), "ALL_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1")
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	said := string(out)
	for _, value := range w.secrets {
		if strings.Contains(said, value[len(value)-20:]) {
			return "a secret is shown"
		}
	}
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		return err.Error()
	case err != nil && exit.ExitCode() != 1 && exit.ExitCode() != 3:
		return fmt.Sprintf("ends with status %d: %s", exit.ExitCode(), said)
	case strings.Contains(said, "\nhint: ") || strings.Contains(said, "not found\n"):
		return "is refused: " + said
	}
	return ""
}
