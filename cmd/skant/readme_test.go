//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/rules"
)

// scene makes the repository in which one transcript of the README takes place.
type scene struct {
	name  string
	build func(r *sceneRepo)
}

func scenes() []scene {
	return []scene{
		{"hook", func(r *sceneRepo) {
			r.commit("2026-02-03", "Begin", "app.py", "def main():\n    pass\n")
			r.write("production.env", "ANTHROPIC_API_KEY="+r.secret(`<<anthropic "sk-ant-api03-">>`)+"\n")
		}},
		{"pull request", func(r *sceneRepo) {
			r.commit("2026-02-03", "Begin", "ask.py", "client = Anthropic()\n")
			r.git("update-ref", "refs/remotes/origin/main", "HEAD")
			r.commit("2026-02-12", "Ask Claude", "ask.py", `client = Anthropic(api_key="`+r.secret(`<<anthropic "sk-ant-api03-">>`)+"\")\n")
			r.commit("2026-02-13", "Remove the key", "ask.py", "client = Anthropic()\n")
		}},
		{"audit", func(r *sceneRepo) {
			r.commit("2026-02-03", "Begin", "app.py", "def main():\n    pass\n")
			r.commit("2026-02-10", "Deploy from CI", "deploy.py", `TOKEN = "`+r.secret(`<<vercel "vcp_">>`)+"\"\n")
			r.commit("2026-02-11", "Take the token from the environment", "deploy.py", "TOKEN = os.environ[\"VERCEL_TOKEN\"]\n")
			r.git("tag", "v1.0")
			r.commit("2026-03-01", "Configure", "app.yaml", "model: claude\nkey: "+r.secret(`<<base64 (anthropic "sk-ant-api03-")>>`)+"\n")
			r.git("reset", "-q", "--hard", "v1.0")
		}},
		{"alive", func(r *sceneRepo) {
			token := r.secret(`<<vercel "vcp_">>`)
			r.commit("2026-02-03", "Begin", "app.py", "def main():\n    pass\n")
			r.commit("2026-02-10", "Deploy from CI", "deploy.py", `TOKEN = "`+token+"\"\n")
			r.commit("2026-02-11", "Take the token from the environment", "deploy.py", "TOKEN = os.environ[\"VERCEL_TOKEN\"]\n")
			r.commit("2026-03-01", "Configure", "app.yaml", "model: claude\nkey: "+r.secret(`<<anthropic "sk-ant-api03-">>`)+"\n")
			r.asks(token)
		}},
		{"shallow", func(r *sceneRepo) {
			r.commit("2026-02-03", "Begin", "app.py", "def main():\n    pass\n")
			r.commit("2026-02-04", "Go on", "app.py", "def main():\n    return 0\n")
			r.git("clone", "-q", "--depth=1", "file://"+r.dir, "checkout")
			r.dir = filepath.Join(r.dir, "checkout")
		}},
	}
}

// sceneRepo is a repository that is the same in every run, the ids of its commits included.
type sceneRepo struct {
	t    *testing.T
	dir  string
	env  []string
	date string
	// providers are those that are asked; nil if none are.
	providers *standIns
}

func (r *sceneRepo) secret(template string) string {
	r.t.Helper()
	value, err := rules.Expand(template, "readme")
	if err != nil {
		r.t.Fatal(err)
	}
	return value
}

func (r *sceneRepo) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *sceneRepo) commit(date, message, name, text string) {
	r.t.Helper()
	r.date = date + "T10:00:00Z"
	r.write(name, text)
	r.git("add", ".")
	r.git("commit", "-q", "-m", message)
}

func (r *sceneRepo) git(args ...string) {
	r.t.Helper()
	if out, err := r.command("git", args...).CombinedOutput(); err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (r *sceneRepo) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = r.dir
	cmd.Env = append(r.env, "GIT_AUTHOR_DATE="+r.date, "GIT_COMMITTER_DATE="+r.date)
	return cmd
}

// replay runs the commands of a transcript, each with the exit status of the one before in $?, and returns the
// transcript as it is now.
func (r *sceneRepo) replay(commands []string) string {
	r.t.Helper()
	const mark = "-- next --"
	var script strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&script, "status=$?; echo '%s'; (exit $status)\n%s\n", mark, c)
	}
	cmd := r.command("sh", "-c", script.String())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // the status is that of the last command, which may be any
	outputs := strings.Split(out.String(), mark+"\n")[1:]
	if len(outputs) != len(commands) {
		r.t.Fatalf("%d commands, but the output of %d:\n%s", len(commands), len(outputs), out.String())
	}
	var transcript strings.Builder
	for i, c := range commands {
		transcript.WriteString("$ " + c + "\n" + outputs[i])
	}
	return r.providers.shown(transcript.String())
}

// TestReadmeTranscripts runs what the README shows, and compares. -update rewrites it.
func TestReadmeTranscripts(t *testing.T) {
	const path = root + "/README.md"
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(readme)
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			block := regexp.MustCompile("(?s)<!-- transcript: " + s.name + " -->\n```console\n(.*?)```\n")
			at := block.FindStringSubmatchIndex(text)
			if at == nil {
				t.Fatalf("README.md has no transcript %q", s.name)
			}
			shown := text[at[2]:at[3]]
			dir := filepath.Join(t.TempDir(), "shop")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			home := filepath.Dir(dir)
			r := &sceneRepo{t: t, dir: dir, date: "2026-02-03T10:00:00Z", env: []string{
				"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
				"GIT_TEMPLATE_DIR=", // sample hooks are other ones with each git
				"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.org", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.org",
			}}
			r.git("init", "-q", "-b", "main")
			s.build(r)
			var typed []string
			for line := range strings.Lines(shown) {
				if command, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "$ "); ok {
					typed = append(typed, command)
				}
			}
			got := r.replay(typed)
			if *update {
				text = text[:at[2]] + got + text[at[3]:]
				return
			}
			if diff := cmp.Diff(strings.Split(shown, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("README.md shows what is no longer so; `go test ./cmd/skant -run Readme -update` renews it (-README +now):\n%s", diff)
			}
		})
	}
	if *update && text != string(readme) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
