//go:build e2e

package e2e

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

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

// read returns a file of ours.
func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// files returns the names of our files that a pattern matches.
func files(t *testing.T, pattern string, least int) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", pattern))
	if err != nil || len(paths) < least {
		t.Fatalf("%s: %q, %v", pattern, paths, err)
	}
	for i, p := range paths {
		paths[i] = strings.TrimPrefix(filepath.ToSlash(p), "../")
	}
	return paths
}

// documentedWorkflows are the workflows that we show to others: the examples, and the one in the manual.
func documentedWorkflows(t *testing.T) map[string]string {
	t.Helper()
	shown := map[string]string{}
	for _, name := range files(t, "docs/examples/github-*.yml", 3) {
		shown[name] = read(t, name)
	}
	for i, block := range strings.Split(read(t, "docs/github-action.md"), "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		if strings.Contains(block, "\njobs:") {
			shown[fmt.Sprintf("docs/github-action-%d.yml", i)] = block
		}
	}
	if len(shown) < 4 {
		t.Fatalf("%d workflows are documented", len(shown))
	}
	return shown
}

const usesUs = "OWNER/skant@COMMIT"

// TestActionlint checks our workflows and those that we show to others, and with them the inputs and outputs of action.yml.
func TestActionlint(t *testing.T) {
	tool := actionlint(t)
	r := newRepo(t)
	r.write("action.yml", read(t, "action.yml"))
	for _, name := range files(t, ".github/workflows/*.y*ml", 4) {
		r.write(name, read(t, name))
	}
	shown := ""
	for name, text := range documentedWorkflows(t) {
		if !strings.Contains(text, usesUs) {
			t.Errorf("%s does not use %s", name, usesUs)
		}
		shown = strings.ReplaceAll(text, usesUs, "./")
		r.write(".github/workflows/shown-"+filepath.Base(name), shown)
	}
	if code, out := r.run(tool, "-no-color"); code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	local := regexp.MustCompile(`uses: \./\n(\s+with:\n)?`)
	r.write(".github/workflows/wrong.yml", local.ReplaceAllString(shown, "uses: ./\n        with:\n          bse: x\n"))
	if code, out := r.run(tool, "-no-color"); code == 0 || !strings.Contains(out, "bse") {
		t.Errorf("an input that action.yml does not have is accepted: exit %d\n%s", code, out)
	}
}

// TestWorkflowsAreCareful holds every workflow, ours and the shown ones, to the least that it needs.
func TestWorkflowsAreCareful(t *testing.T) {
	workflows := documentedWorkflows(t)
	for _, name := range files(t, ".github/workflows/*.y*ml", 4) {
		workflows[name] = read(t, name)
	}
	allowed := []string{"contents: read", "security-events: write", "actions: read"}
	release := append([]string{"contents: write", "packages: write", "id-token: write", "attestations: write"}, allowed...)
	pinned := regexp.MustCompile(`^([\w.-]+/)+[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for name, text := range workflows {
		var w struct {
			On          yaml.Node         `yaml:"on"`
			Permissions map[string]string `yaml:"permissions"`
			Jobs        map[string]struct {
				Permissions map[string]string `yaml:"permissions"`
				Timeout     int               `yaml:"timeout-minutes"`
				Steps       []struct {
					Uses string         `yaml:"uses"`
					With map[string]any `yaml:"with"`
					Run  string         `yaml:"run"`
				} `yaml:"steps"`
			} `yaml:"jobs"`
		}
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(text, "pull_request_target") {
			t.Errorf("%s runs with secrets beside what a stranger wrote", name)
		}
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("%s: permissions %v", name, w.Permissions)
		}
		for id, job := range w.Jobs {
			if job.Timeout == 0 {
				t.Errorf("%s: %s has no end", name, id)
			}
			for permission, level := range job.Permissions {
				may := allowed
				if name == ".github/workflows/release.yml" {
					may = release
				}
				if !slices.Contains(may, permission+": "+level) {
					t.Errorf("%s: %s has %s: %s", name, id, permission, level)
				}
			}
			for _, s := range job.Steps {
				if strings.Contains(s.Run, "${{") {
					t.Errorf("%s: an expression in the shell: %s", name, s.Run)
				}
				if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
					t.Errorf("%s: %s leaves the token in the checkout", name, id)
				}
			}
		}
		for _, use := range regexp.MustCompile(`(?m)uses: (.*)$`).FindAllStringSubmatch(text, -1) {
			if use[1] != usesUs && use[1] != "./" && !pinned.MatchString(use[1]) {
				t.Errorf("%s: %s is not pinned by commit, with its version behind it", name, use[1])
			}
		}
	}
}

// example is one of docs/examples for another CI system.
type example struct {
	file string
	// shape is what the system accepts, as far as the example uses it. An unknown key is an error.
	shape any
	// commands finds the shell commands of the job in the text or the shape.
	commands func(text string, shape any) string
	// env makes skant believe that it runs there, on a push to the only branch.
	env []string
}

type gitlabFile struct {
	Skant struct {
		Stage, Image string
		Variables    map[string]string
		Rules        []struct{ If, When string }
		Script       []string
		Artifacts    struct {
			When, Access string
			ExpireIn     string `yaml:"expire_in"`
			Paths        []string
			Reports      map[string]string
		}
		Interruptible bool
		Timeout       string
	}
}

type azureFile struct {
	Trigger, Pr struct{ Branches struct{ Include []string } }
	Schedules   []struct {
		Cron        string
		DisplayName string `yaml:"displayName"`
		Branches    struct{ Include []string }
		Always      bool
	}
	Pool struct {
		Image string `yaml:"vmImage"`
	}
	Variables map[string]string
	Steps     []struct {
		Checkout           string
		FetchDepth         *int  `yaml:"fetchDepth"`
		PersistCredentials *bool `yaml:"persistCredentials"`
		Bash, Publish      string
		DisplayName        string `yaml:"displayName"`
		Artifact           string
		Condition          string
	}
}

type circleFile struct {
	Version float64
	Jobs    struct {
		Skant struct {
			Docker      []struct{ Image string }
			Environment map[string]string
			Steps       []struct {
				Checkout       struct{ Method string }
				Run            struct{ Name, Command string }
				StoreArtifacts struct{ Path string } `yaml:"store_artifacts"`
			}
		}
	}
	Workflows struct{ Skant struct{ Jobs []string } }
}

type bitbucketStep struct {
	Step struct {
		Name              string
		MaxTime           int `yaml:"max-time"`
		Script, Artifacts []string
	}
}

type bitbucketFile struct {
	Image       string
	Clone       struct{ Depth string }
	Definitions struct{ Steps []bitbucketStep }
	Pipelines   struct {
		Default      []bitbucketStep
		PullRequests map[string][]bitbucketStep `yaml:"pull-requests"`
		Custom       struct{ History []bitbucketStep }
	}
}

type buildkiteFile struct {
	Env   map[string]string
	Steps []struct {
		Label, Key string
		Timeout    int `yaml:"timeout_in_minutes"`
		Command    []string
		Artifacts  []string `yaml:"artifact_paths"`
	}
}

func examples() []example {
	join := func(lines []string) string { return strings.Join(lines, "\n") }
	return []example{
		{"gitlab-ci.yml", &gitlabFile{}, func(_ string, s any) string { return join(s.(*gitlabFile).Skant.Script) },
			[]string{"GITLAB_CI=true", "CI_PIPELINE_SOURCE=push", "CI_COMMIT_BRANCH=main", "CI_COMMIT_SHA=HEAD_ID", "CI_COMMIT_BEFORE_SHA=BASE_ID", "CI_DEFAULT_BRANCH=main"}},
		{"azure-pipelines.yml", &azureFile{}, func(_ string, s any) string { return s.(*azureFile).Steps[1].Bash },
			[]string{"TF_BUILD=True", "BUILD_REASON=IndividualCI", "BUILD_SOURCEBRANCH=refs/heads/main", "BUILD_SOURCEVERSION=HEAD_ID"}},
		{"circleci.yml", &circleFile{}, func(_ string, s any) string { return s.(*circleFile).Jobs.Skant.Steps[1].Run.Command },
			[]string{"CIRCLECI=true", "CIRCLE_BRANCH=main", "CIRCLE_SHA1=HEAD_ID", "PIPELINE_GIT_BASE_REVISION=BASE_ID"}},
		{"bitbucket-pipelines.yml", &bitbucketFile{}, func(_ string, s any) string { return join(s.(*bitbucketFile).Pipelines.Default[0].Step.Script) },
			[]string{"BITBUCKET_BUILD_NUMBER=7", "BITBUCKET_BRANCH=main", "BITBUCKET_COMMIT=HEAD_ID"}},
		{"buildkite.yml", &buildkiteFile{}, func(_ string, s any) string {
			return strings.ReplaceAll(join(s.(*buildkiteFile).Steps[0].Command), "$$", "$")
		}, []string{"BUILDKITE=true", "BUILDKITE_BRANCH=main", "BUILDKITE_COMMIT=HEAD_ID", "BUILDKITE_PULL_REQUEST=false"}},
		{"Jenkinsfile", nil, func(text string, _ any) string { return strings.Split(text, "'''")[1] },
			[]string{"JENKINS_URL=https://ci.example.org/", "BRANCH_NAME=main", "GIT_COMMIT=HEAD_ID", "GIT_PREVIOUS_SUCCESSFUL_COMMIT=BASE_ID"}},
	}
}

// TestExamplesRun reads the examples for other CI systems strictly, and runs their commands with a released program: a leak
// fails the job, a clean push does not, and a program with another sum is not run.
func TestExamplesRun(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the examples are for Linux on amd64")
	}
	archive := programArchive(t)
	sum := sha256.Sum256(archive)
	secret := newSecret(t)
	for _, ex := range examples() {
		t.Run(ex.file, func(t *testing.T) {
			text := read(t, "docs/examples/"+ex.file)
			if ex.shape != nil {
				d := yaml.NewDecoder(strings.NewReader(text))
				d.KnownFields(true)
				if err := d.Decode(ex.shape); err != nil {
					t.Fatal(err)
				}
			} else if strings.Count(text, "{") != strings.Count(text, "}") || !strings.Contains(text, "\npipeline {\n") {
				t.Error("braces do not match")
			}
			commands := ex.commands(text, ex.shape)
			run := func(base, head, checksum string, r *workRepo) (int, string) {
				return runExample(t, r, commands, archive, append([]string{"SKANT_VERSION=v1.2.3", "SKANT_SHA256=" + checksum},
					replaced(ex.env, "HEAD_ID", head, "BASE_ID", base)...))
			}
			r, first, _, last := leaking(t, secret)
			code, out := run(first, last, hex.EncodeToString(sum[:]), r)
			if code != 1 || !strings.Contains(out, "config") || strings.Contains(out, secret[20:60]) {
				t.Errorf("a leak: exit %d\n%s", code, hide(out, secret))
			}
			holdSARIF(t, filepath.Join(r.dir, "skant.sarif"), secret)
			code, out = run(first, last, strings.Repeat("0", 64), r)
			if code == 0 || strings.Contains(out, "skant:") && !strings.Contains(out, "FAILED") {
				t.Errorf("another sum: exit %d\n%s", code, hide(out, secret))
			}
			clean := newRepo(t)
			clean.write("a", "clean\n")
			clean.git("add", ".")
			clean.git("commit", "-qm", "a")
			base := strings.TrimSpace(clean.git("rev-parse", "HEAD"))
			clean.git("commit", "-q", "--allow-empty", "-m", "b")
			if code, out := run(base, strings.TrimSpace(clean.git("rev-parse", "HEAD")), hex.EncodeToString(sum[:]), clean); code != 0 {
				t.Errorf("clean: exit %d\n%s", code, out)
			}
		})
	}
}

func replaced(list []string, pairs ...string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = strings.NewReplacer(pairs...).Replace(out[i])
	}
	return out
}

// runExample runs commands in a repository as an agent does, with a curl that fetches nothing but the archive.
func runExample(t *testing.T, r *workRepo, commands string, archive []byte, env []string) (int, string) {
	t.Helper()
	tools, temp := t.TempDir(), t.TempDir()
	served := filepath.Join(tools, "served")
	if err := os.WriteFile(served, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	curl := "#!/bin/sh\n[ \"$1 $2 $4\" = \"-fsSL -o https://github.com/OWNER/skant/releases/download/v1.2.3/skant_linux_amd64.tar.gz\" ] || exit 2\n" +
		"cp '" + served + "' \"$3\"\n"
	if err := os.WriteFile(filepath.Join(tools, "curl"), []byte(curl), 0o755); err != nil {
		t.Fatal(err)
	}
	// Agents have a /tmp of their own; this machine's has other users.
	commands = strings.ReplaceAll(commands, "/tmp", temp)
	cmd := exec.Command("sh", "-ec", commands)
	cmd.Dir = r.dir
	cmd.Env = append(slices.Clone(r.env), env...)
	cmd.Env = append(cmd.Env, "CI=true", "PATH="+tools+":"+os.Getenv("PATH"), "AGENT_TEMPDIRECTORY="+temp, "WORKSPACE_TMP="+temp, "TMPDIR="+temp)
	if strings.Contains(commands, "pipefail") {
		cmd.Args = []string{"bash", "-c", commands}
		cmd.Path, _ = exec.LookPath("bash")
	}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// programArchive packs the program under test as a release does.
func programArchive(t *testing.T) []byte {
	t.Helper()
	program, err := os.ReadFile(skant)
	if err != nil {
		t.Fatal(err)
	}
	var packed strings.Builder
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: "skant", Mode: 0o755, Size: int64(len(program))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return []byte(packed.String())
}
