//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// story is one walk-through: transcripts that go on where the one before has ended.
type story struct {
	name  string
	build func(r *sceneRepo)
	parts []part
	// page is where it is told; docs/walkthroughs.md if it is empty. needs is a program without which it cannot be run.
	page, needs string
}

// pageOf is the file that a story is told in.
func (s *story) pageOf() string {
	if s.page != "" {
		return s.page
	}
	return "docs/walkthroughs.md"
}

// part is a transcript. Before it, what happens between the two that the page tells in words is done.
type part struct {
	name   string
	before func(r *sceneRepo)
}

func stories() []story {
	const key, token = `<<anthropic "sk-ant-api03-">>`, `<<vercel "vcp_">>`
	return append([]story{
		{name: "hook", build: func(r *sceneRepo) {
			r.commit("2026-02-03", "Begin", "app.py", "def main():\n    pass\n")
			r.git("init", "-q", "--bare", "-b", "main", "../server.git")
			r.git("remote", "add", "origin", "../server.git")
			r.git("push", "-q", "-u", "origin", "main")
		}, parts: []part{
			{name: "hook install"},
			{"hook blocks", func(r *sceneRepo) { r.write("production.env", "ANTHROPIC_API_KEY="+r.secret(key)+"\n") }},
			{name: "hook passes"},
			{"hook allows", func(r *sceneRepo) { r.write("client_test.py", `client = Client("`+r.secret(key)+"\")\n") }},
			{"hook allowed", func(r *sceneRepo) {
				r.write("client_test.py", `client = Client("`+r.secret(key)+"\")  # skant:allow anthropic-api-key made up for this test, opens nothing\n")
			}},
			{"hook push", func(r *sceneRepo) { r.write("notes.txt", "the key for the demo is "+r.secret(token)+"\n") }},
		}},
		{name: "audit", build: func(r *sceneRepo) {
			r.commit("2026-02-03", "Begin", "app.py", "def main():\n    pass\n")
			r.commit("2026-02-10", "Deploy from CI", "deploy.py", `TOKEN = "`+r.secret(token)+"\"\n")
			r.commit("2026-02-11", "Take the token from the environment", "deploy.py", "TOKEN = os.environ[\"VERCEL_TOKEN\"]\n")
			server := filepath.Join(filepath.Dir(r.dir), "server.git")
			r.git("clone", "-q", "--bare", "file://"+r.dir, server)
			// The address stands in what is searched, so it must be as long in every run.
			r.env = append(r.env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url.file://"+server+".insteadOf", "GIT_CONFIG_VALUE_0=https://git.example.org/shop.git")
			r.dir = filepath.Join(filepath.Dir(r.dir), "incident")
			if err := os.Mkdir(r.dir, 0o700); err != nil {
				r.t.Fatal(err)
			}
		}, parts: []part{
			{"audit search", func(r *sceneRepo) { r.asks(r.secret(token)) }},
			{name: "audit alive"}, {name: "audit runbook"},
			{"audit dead", func(r *sceneRepo) { r.providers.revoke(r.secret(token)) }},
			{name: "audit purge"},
			// What the runbook does with git filter-repo, without it.
			{"audit proof", func(r *sceneRepo) { r.purgeServer(r.secret(token)) }},
		}},
		{name: "pull request", build: func(r *sceneRepo) {
			r.commit("2026-02-03", "Begin", "app.py", "def main():\n    pass\n")
			r.git("checkout", "-q", "-b", "deploy")
			r.commit("2026-02-10", "Deploy from CI", "deploy.py", `TOKEN = "`+r.secret(token)+"\"\n")
			r.commit("2026-02-10", "The scanner complains about this file", ".skantignore", "deploy.py\n")
			r.pullRequest()
		}, parts: []part{
			{name: "pull request blocked"},
			{"pull request passes", func(r *sceneRepo) {
				r.git("checkout", "-q", "-f", "deploy")
				r.git("reset", "-q", "--hard", "main")
				r.git("clean", "-q", "-f")
				r.commit("2026-02-11", "Deploy from CI", "deploy.py", "TOKEN = os.environ[\"VERCEL_TOKEN\"]\n")
				r.pullRequest()
			}},
		}},
		recoveryStory(),
	}, firstSteps()...)
}

// pullRequest leaves things as GitHub's runner does for a pull request of the branch deploy: the merge is checked out, and a file
// describes the event.
func (r *sceneRepo) pullRequest() {
	r.t.Helper()
	setUp := r.command("sh", "-ec", `git checkout -q --detach main
git merge -q --no-ff -m "Merge deploy into main" deploy
git update-ref refs/remotes/origin/main main
printf '{"action": "synchronize", "number": 7, "pull_request": {"number": 7, "base": {"ref": "main", "sha": "%s"}, "head": {"ref": "deploy", "sha": "%s"}},
  "repository": {"default_branch": "main"}}' "$(git rev-parse main)" "$(git rev-parse deploy)" > ../event.json
: > ../output`)
	if out, err := setUp.CombinedOutput(); err != nil {
		r.t.Fatalf("set the pull request up: %v\n%s", err, out)
	}
	home := filepath.Dir(r.dir)
	r.env = append(r.env, "CI=true", "GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=pull_request", "GITHUB_EVENT_PATH="+filepath.Join(home, "event.json"),
		"GITHUB_OUTPUT="+filepath.Join(home, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(home, "summary.md"))
}

// purgeServer writes the history of the server anew, without a value.
func (r *sceneRepo) purgeServer(value string) {
	r.t.Helper()
	purge := r.command("sh", "-ec", `cd ..
old=server.git
git init -q --bare -b main "$old.new"
# The lengths of what is exported stay right with a text of the same length.
git -C "$old" fast-export --all | sed "s/$VALUE/$(printf %s "$VALUE" | tr -c '' R)/" | git -C "$old.new" fast-import --quiet
rm -rf "$old"
mv "$old.new" "$old"`)
	purge.Env = append(purge.Env, "VALUE="+value)
	if out, err := purge.CombinedOutput(); err != nil {
		r.t.Fatalf("purge the server: %v\n%s", err, strings.ReplaceAll(string(out), value, "(the value)"))
	}
}

// TestWalkthroughs runs what docs/walkthroughs.md, start.md, writing-rules.md and recover.md show, and compares. -update rewrites them.
func TestWalkthroughs(t *testing.T) {
	texts, told := map[string]string{}, map[string]int{}
	all := stories()
	for i := range all {
		page := all[i].pageOf()
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		texts[page] = string(text)
		told[page] += len(all[i].parts)
	}
	for page, text := range texts {
		if shown := strings.Count(text, "<!-- transcript: "); shown != told[page] {
			t.Errorf("%s has %d transcripts, of which %d are run", page, shown, told[page])
		}
	}
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			if s.needs != "" {
				if _, err := exec.LookPath(s.needs); err != nil {
					unsupported(t, fmt.Errorf("%w: make e2e-tools installs it", err))
				}
			}
			page := s.pageOf()
			before := texts[page]
			texts[page] = s.tell(t, page, before)
			if *update && texts[page] != before {
				if err := os.WriteFile(filepath.Join(root, page), []byte(texts[page]), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// tell runs the transcripts of a story in the text of its page, and returns the text, with -update as it is now.
func (s *story) tell(t *testing.T, page, text string) string {
	t.Helper()
	r := newScene(t)
	home := filepath.Dir(r.dir)
	s.build(r)
	for _, p := range s.parts {
		block := regexp.MustCompile("(?s)<!-- transcript: " + p.name + " -->\n```console\n(.*?)```\n")
		at := block.FindStringSubmatchIndex(text)
		if at == nil {
			t.Fatalf("%s has no transcript %q", page, p.name)
		}
		if p.before != nil {
			p.before(r)
		}
		shown := text[at[2]:at[3]]
		var typed []string
		for line := range strings.Lines(shown) {
			if command, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "$ "); ok {
				typed = append(typed, command)
			}
		}
		got := strings.ReplaceAll(r.replay(typed), home, "/home/ann")
		got = regexp.MustCompile(`::skant-[A-Z2-7]+`).ReplaceAllString(got, "::skant-RANDOM") // it is another one in each run
		got = regexp.MustCompile(`(?m) +$`).ReplaceAllString(got, "")                         // git pads what the other side says
		if *update {
			text = text[:at[2]] + got + text[at[3]:]
		} else if diff := cmp.Diff(strings.Split(shown, "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s: the page shows what is no longer so; `go test ./cmd/skant -run Walkthroughs -update` renews it (-page +now):\n%s", p.name, diff)
		}
	}
	return text
}

// newScene makes an empty repository in a folder shop, alone in its folder and its home.
func newScene(t *testing.T) *sceneRepo {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	home := filepath.Dir(dir)
	r := &sceneRepo{t: t, dir: dir, date: "2026-02-03T10:00:00Z", env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TEMPLATE_DIR=", // sample hooks are other ones with each git
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.org", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.org",
	}}
	r.git("init", "-q", "-b", "main")
	return r
}
