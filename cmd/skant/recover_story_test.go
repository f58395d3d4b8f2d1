//go:build unix

package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// recoveryStory is what docs/recover.md tells: from a leak to the proof that it is over.
func recoveryStory() story {
	const token = `<<vercel "vcp_">>`
	return story{name: "recover", page: "docs/recover.md", needs: "git-filter-repo", build: func(r *sceneRepo) {
		r.commit("2026-02-03", "Begin", "app.py", "def main():\n    pass\n")
		r.commit("2026-02-10", "Deploy from CI", "deploy.py", `TOKEN = "`+r.secret(token)+"\"\n")
		r.git("init", "-q", "--bare", "-b", "main", "../server.git")
		r.git("remote", "add", "origin", "../server.git")
		r.git("push", "-q", "origin", "main", "main:refs/pull/1/head")
		r.commit("2026-02-11", "Take the token from the environment", "deploy.py", "TOKEN = os.environ[\"VERCEL_TOKEN\"]\n")
		r.git("tag", "-a", "-m", "First release", "v1.0")
		r.git("push", "-q", "origin", "main", "v1.0")
		// The clone of somebody else, with a commit that is nowhere else.
		r.git("clone", "-q", "../server.git", "../dan")
		r.git("-C", "../dan", "remote", "set-url", "origin", "../server.git")
		r.date = "2026-02-12T10:00:00Z"
		r.git("-C", "../dan", "commit", "-q", "--allow-empty", "-m", "Prices")
		// What the value is taken from, and another place that has it.
		home := filepath.Dir(r.dir)
		files := map[string]string{"leaked.txt": r.secret(token) + "\n", "notes/ci.yaml": "deploy: " + base64.StdEncoding.EncodeToString([]byte(r.secret(token))) + "\n"}
		for name, text := range files {
			path := filepath.Join(home, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				r.t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				r.t.Fatal(err)
			}
		}
		r.asks(r.secret(token))
	}, parts: []part{
		{name: "recover search"}, {name: "recover hunt"},
		{"recover runbook", func(r *sceneRepo) {
			// How much an earlier run knows depends on how long ago that was.
			if err := os.RemoveAll(filepath.Join(filepath.Dir(r.dir), ".cache")); err != nil {
				r.t.Fatal(err)
			}
		}},
		{name: "recover revoke"}, {name: "recover revoke yes"},
		{name: "recover plan"}, {name: "recover purge"},
		{"recover check", func(r *sceneRepo) { r.follow("next.md", "Your clone", "The remote") }},
		{name: "recover protect"}, {name: "recover over"}, {name: "recover stale"}, {name: "recover rebase"},
		{name: "recover clone"},
	}}
}

// follow runs the commands in some sections of a page in the folder above, word for word.
func (r *sceneRepo) follow(page string, sections ...string) {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(r.dir), page))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, section := range sections {
		_, rest, _ := strings.Cut(string(text), "\n## "+section+"\n")
		rest, _, _ = strings.Cut(rest, "\n## ")
		block := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(rest)
		if block == nil {
			r.t.Fatalf("%s has no commands in %q", page, section)
		}
		if out, err := r.command("sh", "-euc", block[1]).CombinedOutput(); err != nil {
			r.t.Fatalf("%s: %v\n%s", section, err, out)
		}
	}
}
