//go:build unix

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// firstSteps are what docs/start.md and docs/writing-rules.md tell.
func firstSteps() []story {
	const key, token = `<<anthropic "sk-ant-api03-">>`, `<<vercel "vcp_">>`
	begin := func(r *sceneRepo) { r.commit("2026-02-03", "Begin", "app.py", "def main():\n    pass\n") }
	return []story{
		{name: "start hook", page: "docs/start.md", build: func(r *sceneRepo) {
			begin(r)
			r.write("settings.py", `KEY = "`+r.secret(key)+"\"\n")
		}, parts: []part{{name: "start hook"}}},
		{name: "start audit", page: "docs/start.md", build: func(r *sceneRepo) {
			begin(r)
			r.commit("2026-02-10", "Deploy from CI", "deploy.py", `TOKEN = "`+r.secret(token)+"\"\n")
			r.commit("2026-02-11", "Take the token from the environment", "deploy.py", "TOKEN = os.environ[\"VERCEL_TOKEN\"]\n")
		}, parts: []part{{name: "start audit"}}},
		{name: "first rule", page: "docs/writing-rules.md", build: begin, parts: []part{
			{"rule fails", func(r *sceneRepo) { r.shown("docs/writing-rules.md", 0) }},
			{"rule passes", func(r *sceneRepo) { r.shown("docs/writing-rules.md", 1) }},
			{"rule finds", func(r *sceneRepo) {
				r.write("deploy.env", "INITECH_TOKEN="+r.secret(`<<"intk_">><<lowalnum 24>>`)+"\n")
			}},
			{"rule configured", func(r *sceneRepo) { r.shown("docs/writing-rules.md", 2) }},
		}},
	}
}

// shown writes one of the files that a page shows.
func (r *sceneRepo) shown(page string, which int) {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		r.t.Fatal(err)
	}
	files := regexp.MustCompile("(?s)<!-- file: ([^ ]+) -->\n```[a-z]*\n(.*?)```\n").FindAllStringSubmatch(string(text), -1)
	if which >= len(files) {
		r.t.Fatalf("%s shows %d files", page, len(files))
	}
	r.write(files[which][1], strings.ReplaceAll(files[which][2], "\r\n", "\n"))
}
