//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// framework is a program that runs the hooks of .pre-commit-hooks.yaml.
type framework struct {
	path string
	// oldStages says that it knows the stages by the names they had before pre-commit 3.2.
	oldStages bool
}

// preCommit returns the pre-commit framework of the machine.
func preCommit(t *testing.T) framework {
	t.Helper()
	f := framework{path: require(t, "pre-commit", "install the Debian package pre-commit")}
	out, err := exec.Command(f.path, "--version").Output()
	if err != nil {
		t.Fatalf("pre-commit --version: %v", err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(out), "pre-commit %d.%d", &major, &minor); err != nil {
		t.Fatalf("pre-commit --version: %q", out)
	}
	f.oldStages = major < 3 || major == 3 && minor < 2
	return f
}

const prekVersion = "0.5.3"

// prek returns prek, which reads the same files as pre-commit and knows the names of stages that it has now.
func prek(t *testing.T) framework {
	t.Helper()
	npm := require(t, "npm", "install npm, which fetches prek "+prekVersion)
	folder := t.TempDir()
	fetch := exec.Command(npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, "@j178/prek@"+prekVersion)
	if out, err := fetch.CombinedOutput(); err != nil {
		missing(t, fmt.Sprintf("npm install @j178/prek: %v\n%s", err, out))
	}
	return framework{path: filepath.Join(folder, "node_modules", ".bin", "prek")}
}

// eachFramework runs a test with every framework.
func eachFramework(t *testing.T, test func(t *testing.T, f framework)) {
	t.Run("pre-commit", func(t *testing.T) { test(t, preCommit(t)) })
	t.Run("prek", func(t *testing.T) { test(t, prek(t)) })
}

// published makes a repository of our own files as they are now, as the framework would clone it, and returns its
// path and commit. Without whole it has the hooks' file alone.
func published(t *testing.T, f framework, whole bool) (path, commit string) {
	t.Helper()
	r := newRepo(t)
	files := []string{".pre-commit-hooks.yaml"}
	if whole {
		list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
		list.Dir = ".."
		out, err := list.Output()
		if err != nil {
			t.Fatalf("list our own files: %v", err)
		}
		files = append(files, strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")...)
	}
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join("..", name))
		if os.IsNotExist(err) {
			continue // It is in the index and was deleted.
		}
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		if f.oldStages && name == ".pre-commit-hooks.yaml" {
			// This is what the framework itself does with the names, the other way round.
			text = strings.NewReplacer("[pre-commit, pre-merge-commit,", "[commit, merge-commit,",
				"minimum_pre_commit_version: 3.2.0", "minimum_pre_commit_version: 2.0.0").Replace(text)
		}
		r.write(name, text)
	}
	r.git("add", "-f", ".")
	r.git("commit", "-qm", "x")
	return r.dir, strings.TrimSpace(r.git("rev-parse", "HEAD"))
}

// using returns a repository that is set up for hooks, with the framework's stores in folders of the test. All but
// skant-system are built by the framework.
func using(t *testing.T, f framework, ids ...string) *workRepo {
	t.Helper()
	path, commit := published(t, f, ids[0] != "skant-system")
	r := newRepo(t)
	store := t.TempDir()
	r.env = append(r.env, "PRE_COMMIT_HOME="+store, "PREK_HOME="+store, "PREK_COLOR=never", "PRE_COMMIT_COLOR=never",
		"PATH="+filepath.Dir(skant)+":"+os.Getenv("PATH"))
	r.env = append(r.env, offlineGo(t)...)
	config := fmt.Sprintf("repos:\n- repo: %s\n  rev: %s\n  hooks:\n", path, commit)
	for _, id := range ids {
		config += "  - id: " + id + "\n"
	}
	r.write(".pre-commit-config.yaml", config)
	r.git("add", ".")
	r.git("commit", "-qm", "first")
	return r
}

// offlineGo returns variables with which go builds us from the modules that are on the machine.
func offlineGo(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMODCACHE", "GOCACHE").Output()
	if err != nil {
		t.Fatalf("go env: %v", err)
	}
	mod, cache, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	// Without paths in what is built, a package built for one framework is there for the other.
	return []string{
		"GOPROXY=file://" + filepath.ToSlash(mod) + "/cache/download", "GOSUMDB=off", "GOFLAGS=-modcacherw -trimpath", "GOCACHE=" + cache,
		"GOTOOLCHAIN=local",
	}
}

func TestFrameworkStaged(t *testing.T) {
	eachFramework(t, func(t *testing.T, f framework) {
		secret := newSecret(t)
		r := using(t, f, "skant-system")
		r.must(f.path, "install", "--hook-type", "pre-commit", "--hook-type", "pre-merge-commit")
		r.write("config.py", "key = '"+secret+"'\n")
		r.git("add", ".")
		r.blocked(secret, "config.py", "commit", "-m", "x")
		// What is not staged is put away by the framework while the hook runs.
		r.write("config.py", "clean\n")
		r.git("add", ".")
		r.write("config.py", secret+"\n")
		r.passes("commit", "-qm", "x")
		r.git("restore", ".")
		r.git("rm", "-q", "config.py")
		r.passes("commit", "-qm", "x")

		r.git("switch", "-qc", "side")
		r.write("leak", secret+"\n")
		r.git("add", ".")
		r.passes("commit", "-qnm", "x")
		r.git("switch", "-q", "main")
		r.write("other", "clean\n")
		r.git("add", ".")
		r.passes("commit", "-qm", "x")
		r.blocked(secret, "leak", "merge", "-q", "-m", "merge", "side")
	})
}

// TestFrameworkBuilds runs the hooks that the framework builds from our source.
func TestFrameworkBuilds(t *testing.T) {
	eachFramework(t, func(t *testing.T, f framework) {
		secret := newSecret(t)
		r := using(t, f, "skant", "skant-files")
		manual := []string{"run", "skant-files", "--hook-stage", "manual", "--all-files"}
		r.must(f.path, manual...)
		r.write("--help", "clean\n")
		r.write("a b/it's", secret+"\n")
		r.git("add", ".")
		for _, args := range [][]string{manual, {"run"}} {
			code, out := r.run(f.path, args...)
			if code == 0 || !strings.Contains(out, "a b/it's") || strings.Contains(out, secret[20:60]) {
				t.Errorf("%q: exit %d\n%s", args, code, hide(out, secret))
			}
		}
		r.git("commit", "-qnm", "x")
		code, out := r.run(f.path, "run", "--all-files")
		if code != 0 || strings.Contains(out, "a b/it's") {
			t.Errorf("skant-files runs outside of the manual stage: exit %d\n%s", code, hide(out, secret))
		}
	})
}

func TestFrameworkTryRepo(t *testing.T) {
	eachFramework(t, func(t *testing.T, f framework) {
		secret := newSecret(t)
		path, _ := published(t, f, false)
		r := using(t, f, "skant-system")
		r.write("config", secret+"\n")
		r.git("add", ".")
		code, out := r.run(f.path, "try-repo", path, "skant-system", "--verbose")
		if code == 0 || !strings.Contains(out, "config") || strings.Contains(out, secret[20:60]) {
			t.Errorf("exit %d\n%s", code, hide(out, secret))
		}
	})
}
