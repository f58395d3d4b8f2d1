//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// action is what of action.yml matters here.
type action struct {
	Inputs map[string]struct {
		Default string `yaml:"default"`
	} `yaml:"inputs"`
	Runs struct {
		Using string `yaml:"using"`
		Steps []step `yaml:"steps"`
	} `yaml:"runs"`
}

type step struct {
	Name  string            `yaml:"name"`
	If    string            `yaml:"if"`
	Uses  string            `yaml:"uses"`
	Shell string            `yaml:"shell"`
	Env   map[string]string `yaml:"env"`
	Run   string            `yaml:"run"`
}

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
	if a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		t.Fatalf("action.yml: %+v", a.Runs)
	}
	return a
}

// TestActionIsPlain holds the action to one line of shell a step, with inputs only through quoted variables, and to
// other actions only by commit.
func TestActionIsPlain(t *testing.T) {
	pinned := regexp.MustCompile(`@[0-9a-f]{40}$`)
	bare := regexp.MustCompile(`(^|[^"=./A-Za-z-])\$`)
	for _, s := range readAction(t).Runs.Steps {
		switch {
		case s.Uses != "" && !pinned.MatchString(s.Uses):
			t.Errorf("%s: %q is not pinned by commit", s.Name, s.Uses)
		case s.Uses == "" && s.Shell != "bash":
			t.Errorf("%s: shell %q", s.Name, s.Shell)
		case strings.ContainsAny(s.Run, "\n;|&`") || strings.Contains(s.Run, "$("):
			t.Errorf("%s: more than one command: %s", s.Name, s.Run)
		case strings.Contains(s.Run, "${{"):
			t.Errorf("%s: an expression in the shell: %s", s.Name, s.Run)
		case strings.Count(s.Run, `"`)%2 != 0 || bare.MatchString(s.Run):
			t.Errorf("%s: a variable without quotes: %s", s.Name, s.Run)
		}
	}
}

// runAction runs the steps as a runner does, with the values of inputs, and returns the exit code of the first that
// fails and all that was printed. temp is the runner's folder; a step whose condition is empty, the build, is run only
// the first time for the same folder.
func runAction(t *testing.T, r *workRepo, temp string, inputs map[string]string) (code int, out string) {
	t.Helper()
	source, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	values := []string{"${{ github.action_path }}", source}
	for name, value := range inputs {
		values = append(values, "${{ inputs."+name+" }}", value)
	}
	built, err := filepath.Glob(filepath.Join(temp, "skant-action", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range readAction(t).Runs.Steps {
		switch s.If {
		case "":
			if len(built) > 0 {
				continue
			}
		case "inputs.base != ''":
			if inputs["base"] == "" {
				continue
			}
		case "inputs.base == ''":
			if inputs["base"] != "" {
				continue
			}
		default:
			t.Fatalf("%s: this test does not know the condition %q", s.Name, s.If)
		}
		script := filepath.Join(temp, "step.sh")
		if err := os.WriteFile(script, []byte(s.Run), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", script)
		cmd.Dir, cmd.Env = r.dir, append(without(without(r.env, "HOME"), "XDG_CACHE_HOME"), "RUNNER_TEMP="+temp, "HOME="+os.Getenv("HOME"))
		for name, value := range s.Env {
			value = strings.NewReplacer(values...).Replace(value)
			if strings.Contains(value, "${{") {
				t.Fatalf("%s: this test does not know the expression %q", s.Name, value)
			}
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		raw, err := cmd.CombinedOutput()
		out += string(raw)
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			return code, out
		}
	}
	return 0, out
}

func TestActionRuns(t *testing.T) {
	secret := newSecret(t)
	r, temp := newRepo(t), t.TempDir()
	commit := func(name, content string) string {
		r.write(name, content)
		r.git("add", ".")
		r.git("commit", "-qm", name)
		return strings.TrimSpace(r.git("rev-parse", "HEAD"))
	}
	first := commit("a", "clean\n")
	leak := commit("config", secret+"\n")
	last := commit("b", "clean\n")
	for _, c := range []struct {
		name, base, head string
		// want are the exit codes that will do: what cannot be known is 2 or 3, but never clean.
		want []int
	}{
		{"a leak in the range", first, last, []int{1}},
		{"none in the range", leak, last, []int{0}},
		{"the whole history", "", last, []int{1}},
		{"a new branch", strings.Repeat("0", 40), last, []int{2, 3}},
		{"a commit that is not in the checkout", strings.Repeat("12", 20), last, []int{2, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			os.Remove(filepath.Join(r.dir, "out.sarif"))
			code, out := runAction(t, r, temp, map[string]string{"base": c.base, "head": c.head, "sarif": "out.sarif"})
			if !slices.Contains(c.want, code) {
				t.Errorf("exit %d, want one of %d\n%s", code, c.want, hide(out, secret))
			}
			if code > 1 {
				return
			}
			sarif, err := os.ReadFile(filepath.Join(r.dir, "out.sarif"))
			if err != nil || !strings.Contains(string(sarif), `"2.1.0"`) || strings.Contains(string(sarif), secret) {
				t.Errorf("SARIF of %d bytes, %v", len(sarif), err)
			}
		})
	}
	for _, hostile := range []string{"$(touch pwned)", "`touch pwned`", "x; touch pwned #", `"; touch pwned; "`, "--output=json=pwned"} {
		code, out := runAction(t, r, temp, map[string]string{"base": hostile, "head": last, "sarif": "out.sarif"})
		if code == 0 || code == 1 {
			t.Errorf("%q: exit %d\n%s", hostile, code, out)
		}
		if _, err := os.Stat(filepath.Join(r.dir, "pwned")); err == nil {
			t.Fatalf("%q was executed", hostile)
		}
	}
}

const actionlintVersion = "v1.7.12"

// actionlint builds actionlint into a folder of the test.
func actionlint(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	fetch := exec.Command("go", "install", "github.com/rhysd/actionlint/cmd/actionlint@"+actionlintVersion)
	fetch.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if out, err := fetch.CombinedOutput(); err != nil {
		missing(t, "go install actionlint: "+err.Error()+"\n"+string(out))
	}
	return filepath.Join(bin, "actionlint")
}

// TestActionlint checks our workflows, and action.yml through the workflow that its documentation shows.
func TestActionlint(t *testing.T) {
	tool := actionlint(t)
	r := newRepo(t)
	for _, name := range []string{"action.yml", "docs/github-action.md"} {
		if _, err := os.Stat(filepath.Join("..", name)); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	r.write("action.yml", string(content))
	manual, err := os.ReadFile("../docs/github-action.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(manual), "```yaml\n")
	block, _, found := strings.Cut(block, "```")
	if !found || !strings.Contains(block, "OWNER/skant@main") {
		t.Fatal("docs/github-action.md shows no workflow")
	}
	local := strings.Replace(block, "OWNER/skant@main", "./", 1)
	r.write(".github/workflows/documented.yml", local)
	ours, err := filepath.Glob("../.github/workflows/*.y*ml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range ours {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r.write(filepath.Join(".github/workflows", filepath.Base(path)), string(content))
	}
	if code, out := r.run(tool, "-no-color"); code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	r.write(".github/workflows/wrong.yml", strings.Replace(local, "uses: ./\n", "uses: ./\n        with:\n          bse: x\n", 1))
	if code, out := r.run(tool, "-no-color"); code == 0 || !strings.Contains(out, "bse") {
		t.Errorf("an input that action.yml does not have is accepted: exit %d\n%s", code, out)
	}
}
