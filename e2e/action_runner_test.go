//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// action is what of action.yml matters here.
type action struct {
	Inputs map[string]struct {
		Default string `yaml:"default"`
	} `yaml:"inputs"`
	Outputs map[string]struct {
		Value string `yaml:"value"`
	} `yaml:"outputs"`
	Runs struct {
		Using string `yaml:"using"`
		Steps []step `yaml:"steps"`
	} `yaml:"runs"`
}

type step struct {
	Name             string            `yaml:"name"`
	ID               string            `yaml:"id"`
	If               string            `yaml:"if"`
	Uses             string            `yaml:"uses"`
	With             map[string]string `yaml:"with"`
	Shell            string            `yaml:"shell"`
	WorkingDirectory string            `yaml:"working-directory"`
	Env              map[string]string `yaml:"env"`
	Run              string            `yaml:"run"`
}

// readAction reads action.yml. A key that this runner does not know is an error: it would be passed over in silence.
func readAction(t *testing.T) action {
	t.Helper()
	content, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(content, &a); err != nil {
		t.Fatal(err)
	}
	var strict struct {
		Runs struct {
			Using string `yaml:"using"`
			Steps []step `yaml:"steps"`
		} `yaml:"runs"`
		Rest map[string]any `yaml:",inline"`
	}
	d := yaml.NewDecoder(strings.NewReader(string(content)))
	d.KnownFields(true)
	if err := d.Decode(&strict); err != nil {
		t.Fatalf("action.yml: %v", err)
	}
	if a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		t.Fatalf("action.yml: %+v", a.Runs)
	}
	return a
}

// actionRunner runs the steps of action.yml for one repository, as a runner of GitHub does.
type actionRunner struct {
	t    *testing.T
	repo *workRepo
	// temp is the folder RUNNER_TEMP. What is built there serves the next run.
	temp string
	// path is put before PATH.
	path string
	// env are variables that the workflow sets for the job.
	env []string
}

// actionRun is one run.
type actionRun struct {
	code    int
	out     string
	steps   []string // the names of those that ran
	uploads []map[string]string
	outputs map[string]string
	summary string
}

// event is what GitHub says about why it runs.
type event struct {
	name    string // push, pull_request, ...
	actor   string // ann, if it is empty
	ref     string // refs/heads/main, if it is empty
	head    string // the commit that is checked out
	payload map[string]any
}

// run runs the steps. Inputs that are not given have their defaults.
func (r *actionRunner) run(ev event, inputs map[string]string) actionRun {
	r.t.Helper()
	a := readAction(r.t)
	if ev.actor == "" {
		ev.actor = "ann"
	}
	if ev.ref == "" {
		ev.ref = "refs/heads/main"
	}
	files, err := os.MkdirTemp(r.temp, "run-")
	r.check(err)
	payload, err := json.Marshal(ev.payload)
	r.check(err)
	r.check(os.WriteFile(filepath.Join(files, "event.json"), payload, 0o600))
	source, err := filepath.Abs("..")
	r.check(err)

	system := map[string]string{"linux": "Linux", "darwin": "macOS", "windows": "Windows"}[runtime.GOOS]
	processor := map[string]string{"amd64": "X64", "arm64": "ARM64"}[runtime.GOARCH]
	steps := map[string]any{}
	for _, s := range a.Runs.Steps {
		if s.ID != "" {
			steps[s.ID] = map[string]any{"outputs": open{}}
		}
	}
	e := &expressions{contexts: map[string]any{
		"runner": map[string]any{"os": system, "arch": processor, "temp": r.temp},
		"github": map[string]any{
			"action_path": source, "action_repository": "OWNER/skant", "token": "a token", "event_name": ev.name, "actor": ev.actor,
			"repository": "team/app", "workspace": r.repo.dir, "event": opened(ev.payload),
		},
		"steps": steps,
	}}
	given := map[string]any{}
	for name, input := range a.Inputs {
		value, found := inputs[name]
		if !found {
			value = r.text(e, input.Default)
		}
		given[name] = value
	}
	for name := range inputs {
		if _, found := a.Inputs[name]; !found {
			r.t.Fatalf("action.yml has no input %q", name)
		}
	}
	e.contexts["inputs"] = given

	run := actionRun{outputs: map[string]string{}}
	env := append(without(without(r.repo.env, "HOME"), "XDG_CACHE_HOME"), "HOME="+os.Getenv("HOME"), "CI=true", "GITHUB_ACTIONS=true",
		"RUNNER_TEMP="+r.temp, "GITHUB_WORKSPACE="+r.repo.dir, "GITHUB_EVENT_NAME="+ev.name, "GITHUB_REPOSITORY=team/app",
		"GITHUB_EVENT_PATH="+filepath.Join(files, "event.json"), "GITHUB_SHA="+ev.head, "GITHUB_REF="+ev.ref,
		"GITHUB_SERVER_URL=https://github.com", "GITHUB_STEP_SUMMARY="+filepath.Join(files, "summary"), "GITHUB_ACTOR="+ev.actor)
	env = append(env, r.env...)
	if r.path != "" {
		env = append(env, "PATH="+r.path+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	for i, s := range a.Runs.Steps {
		wanted, err := e.condition(s.If)
		if err != nil {
			r.t.Fatalf("%s: if: %v", s.Name, err)
		}
		if !wanted || r.built(s) {
			continue
		}
		run.steps = append(run.steps, s.Name)
		if s.Uses != "" {
			upload := map[string]string{"uses": s.Uses}
			for name, value := range s.With {
				upload[name] = r.text(e, value)
			}
			run.uploads = append(run.uploads, upload)
			continue
		}
		output := filepath.Join(files, fmt.Sprintf("output-%d", i))
		r.check(os.WriteFile(output, nil, 0o600))
		code, out := r.command(e, s, append(env, "GITHUB_OUTPUT="+output), files)
		run.out += out
		if code != 0 && run.code == 0 {
			run.code, e.failed = code, true
		}
		if s.ID != "" {
			maps.Copy(steps[s.ID].(map[string]any)["outputs"].(open), r.outputs(output))
		}
	}
	for name, output := range a.Outputs {
		run.outputs[name] = r.text(e, output.Value)
	}
	if summary, err := os.ReadFile(filepath.Join(files, "summary")); err == nil {
		run.summary = string(summary)
	}
	return run
}

// built reports whether a step is the build of a program that is there already.
func (r *actionRunner) built(s step) bool {
	if s.Name != "Build skant" {
		return false
	}
	there, err := filepath.Glob(filepath.Join(r.temp, "skant-action", "skant-action_*"))
	r.check(err)
	return len(there) > 0
}

// command runs the shell of a step.
func (r *actionRunner) command(e *expressions, s step, env []string, files string) (code int, out string) {
	r.t.Helper()
	if s.Shell != "bash" {
		r.t.Fatalf("%s: this test does not know the shell %q", s.Name, s.Shell)
	}
	script := filepath.Join(files, "step.sh")
	r.check(os.WriteFile(script, []byte(r.text(e, s.Run)), 0o600))
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", script)
	cmd.Dir, cmd.Env = r.repo.dir, env
	switch dir := r.text(e, s.WorkingDirectory); {
	case filepath.IsAbs(dir):
		cmd.Dir = dir
	case dir != "":
		cmd.Dir = filepath.Join(r.repo.dir, dir)
	}
	for name, value := range s.Env {
		cmd.Env = append(cmd.Env, name+"="+r.text(e, value))
	}
	raw, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		r.t.Fatalf("%s: %v", s.Name, err)
	}
	return cmd.ProcessState.ExitCode(), string(raw)
}

// outputs reads what a step has written for later ones: only lines of the form name=value.
func (r *actionRunner) outputs(path string) map[string]any {
	r.t.Helper()
	content, err := os.ReadFile(path)
	r.check(err)
	out := map[string]any{}
	for line := range strings.Lines(string(content)) {
		name, value, found := strings.Cut(strings.TrimRight(line, "\n"), "=")
		if !found || strings.ContainsAny(name, " <") {
			r.t.Fatalf("this test does not know the form of the output %q", line)
		}
		out[name] = value
	}
	return out
}

func (r *actionRunner) text(e *expressions, s string) string {
	r.t.Helper()
	text, err := e.text(s)
	r.check(err)
	return text
}

func (r *actionRunner) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// opened makes the payload of an event one in which any name may be asked for.
func opened(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := open{}
	for name, value := range m {
		out[name] = opened(value)
	}
	return out
}
