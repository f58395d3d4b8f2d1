//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// npmPackages are the frameworks that npm brings, at the versions that docs/frameworks.md was written for. lint-staged 17
// needs a newer Node than Debian has.
var npmPackages = []string{"@j178/prek@" + prekVersion, "husky@9.1.7", "lint-staged@16.4.0", "lefthook@2.2.2", "simple-git-hooks@2.14.0"}

var npmOnce struct {
	sync.Once
	folder, failure string
}

// npmTools returns a folder node_modules with npmPackages in it, fetched once. No script of a package is run.
func npmTools(t *testing.T) string {
	t.Helper()
	npm := require(t, "npm", "install npm, which fetches "+strings.Join(npmPackages, ", "))
	npmOnce.Do(func() {
		// It goes when TestMain removes the folder of the program.
		npmOnce.folder = filepath.Join(filepath.Dir(filepath.Dir(skant)), "npm")
		args := []string{"install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--prefix", npmOnce.folder}
		err := os.MkdirAll(npmOnce.folder, 0o755)
		if err == nil {
			var out []byte
			out, err = exec.Command(npm, append(args, npmPackages...)...).CombinedOutput()
			npmOnce.failure = string(out)
		}
		if err != nil {
			npmOnce.failure = fmt.Sprintf("npm install %s: %v\n%s", strings.Join(npmPackages, " "), err, npmOnce.failure)
			npmOnce.folder = ""
		}
	})
	if npmOnce.folder == "" {
		missing(t, npmOnce.failure)
	}
	return filepath.Join(npmOnce.folder, "node_modules")
}

// nodeRepo returns a repository with a remote that has its only commit, as a project that has installed npmPackages: its
// commands find skant in PATH, and npx what is in node_modules.
func nodeRepo(t *testing.T) *workRepo {
	t.Helper()
	modules := npmTools(t)
	r := newRepo(t)
	r.env = append(r.env, "PATH="+filepath.Dir(skant)+":"+os.Getenv("PATH"), "npm_config_offline=true", "npm_config_update_notifier=false", "LEFTHOOK_OUTPUT=", "FORCE_COLOR=0")
	if err := os.Symlink(modules, filepath.Join(r.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	r.write(".gitignore", "node_modules\n")
	r.write("package.json", "{}\n")
	r.write("README", "clean\n")
	r.git("add", ".")
	r.git("commit", "-qm", "first")
	r.remote()
	return r
}

// remote makes a bare repository, the remote origin, and pushes the branch to it.
func (r *workRepo) remote() {
	r.t.Helper()
	bare := r.t.TempDir()
	r.git("init", "-q", "--bare", "-b", "main", bare)
	r.git("remote", "add", "origin", bare)
	r.git("push", "-q", "-u", "origin", "main", "--no-verify")
}

// pushed returns what the remote has for a branch; empty if it has none.
func (r *workRepo) pushed(branch string) string {
	r.t.Helper()
	id, _, _ := strings.Cut(r.git("ls-remote", "origin", "refs/heads/"+branch), "\t")
	return id
}

// pushBlocked runs git push and holds that the hook stops it, names rule and file, and does not show the secret.
func (r *workRepo) pushBlocked(secret, file, branch string, args ...string) {
	r.t.Helper()
	before := r.pushed(branch)
	args = append([]string{"push"}, args...)
	code, out := r.run("git", args...)
	if code == 0 || r.pushed(branch) != before {
		r.t.Errorf("git %q: exit %d, and the remote has %q after %q\n%s", args, code, r.pushed(branch), before, hide(out, secret))
	}
	if strings.Contains(out, secret[20:60]) {
		r.t.Errorf("git %q: the secret is shown", args)
	}
	for _, want := range []string{"anthropic", file} {
		if !strings.Contains(strings.ToLower(out), want) {
			r.t.Errorf("git %q: %q is not named\n%s", args, want, hide(out, secret))
		}
	}
}

// pushPasses runs git push and holds that the remote has the branch as it is here.
func (r *workRepo) pushPasses(branch string, args ...string) {
	r.t.Helper()
	args = append([]string{"push"}, args...)
	code, out := r.run("git", args...)
	if want := strings.TrimSpace(r.git("rev-parse", branch)); code != 0 || r.pushed(branch) != want {
		r.t.Errorf("git %q: exit %d, and the remote has %q, not %q\n%s", args, code, r.pushed(branch), want, out)
	}
}

// leakInTheMiddle makes three commits, of which the first brings a secret and the second takes it away.
func (r *workRepo) leakInTheMiddle(secret string) {
	r.t.Helper()
	r.write("leak", secret+"\n")
	r.git("add", ".")
	r.git("commit", "-qnm", "leak")
	r.git("rm", "-q", "leak")
	r.git("commit", "-qnm", "gone")
	r.git("commit", "-qnm", "more", "--allow-empty")
}

// documented returns the block of docs/frameworks.md with a name.
func documented(t *testing.T, name string) string {
	t.Helper()
	m := regexp.MustCompile("(?s)<!-- e2e: " + regexp.QuoteMeta(name) + " -->\n```[a-z]+\n(.*?)```\n").FindStringSubmatch(frameworksPage(t))
	if m == nil {
		t.Fatalf("docs/frameworks.md has no block %q", name)
	}
	return m[1]
}

func frameworksPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/frameworks.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// runs runs the lines of a block of docs/frameworks.md, each as a person would type it. What npm would install is there.
func (r *workRepo) runs(name string) (code int, out string) {
	r.t.Helper()
	seen := false
	for line := range strings.Lines(documented(r.t, name)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "npm install ") {
			continue
		}
		seen = true
		c, o := r.run("sh", "-c", line)
		if code, out = max(code, c), out+o; c != 0 {
			break
		}
	}
	if !seen {
		r.t.Fatalf("the block %q of docs/frameworks.md has no command", name)
	}
	return code, out
}

func (r *workRepo) mustRun(name string) {
	r.t.Helper()
	if code, out := r.runs(name); code != 0 {
		r.t.Fatalf("%s: exit %d\n%s", name, code, out)
	}
}

// TestFrameworksPage holds that each block of docs/frameworks.md is one that a test runs.
func TestFrameworksPage(t *testing.T) {
	page := frameworksPage(t)
	named := regexp.MustCompile("<!-- e2e: (.*) -->\n```[a-z]").FindAllStringSubmatch(page, -1)
	if fences := strings.Count(page, "\n```\n"); fences != len(named) || fences == 0 {
		t.Errorf("%d blocks, of which %d are named", fences, len(named))
	}
	sources, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, name := range sources {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(source)
	}
	var names []string
	for _, m := range named {
		if !strings.Contains(text.String(), `"`+m[1]+`"`) {
			t.Errorf("no test runs the block %q", m[1])
		}
		if slices.Contains(names, m[1]) {
			t.Errorf("two blocks are called %q", m[1])
		}
		names = append(names, m[1])
	}
}

// advice does what `skant hooks install` says is to be added to the files of a framework, where it leaves the framework's hooks
// as they are: each file gets the lines below head. It returns all that was said.
func (r *workRepo) advice(head string, files ...string) string {
	r.t.Helper()
	code, out := r.run(skant, "hooks", "install", "all")
	if code != 2 {
		r.t.Errorf("skant hooks install: exit %d\n%s", code, out)
	}
	out = out[max(0, strings.Index(out, "skant: ")):] // standard output has its say on the hooks before
	told := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(?:.* )?to (\S+):\n((?: {4}.*\n)+)`).FindAllStringSubmatch(out, -1) {
		told[m[1]] += regexp.MustCompile(`(?m)^ {4}`).ReplaceAllString(m[2], "")
	}
	for _, name := range files {
		if told[name] == "" {
			r.t.Fatalf("nothing is said of %s\n%s", name, out)
		}
		r.write(name, head+told[name])
	}
	return out
}
