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
	return framework{path: filepath.Join(npmTools(t), ".bin", "prek")}
}

// eachFramework runs a test with every framework.
func eachFramework(t *testing.T, test func(t *testing.T, f framework)) {
	t.Run("pre-commit", func(t *testing.T) { test(t, preCommit(t)) })
	t.Run("prek", func(t *testing.T) { test(t, prek(t)) })
}

// published makes a repository of our own files as they are now, as the framework would clone it, and returns its
// path and commit. Without whole it has the hooks' file alone. more is files beside these, by their names.
func published(t *testing.T, f framework, whole bool, more map[string]string) (path, commit string) {
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
			text = strings.NewReplacer("[pre-commit, pre-merge-commit, pre-push,", "[commit, merge-commit, push,",
				"minimum_pre_commit_version: 3.2.0", "minimum_pre_commit_version: 2.0.0").Replace(text)
		}
		r.write(name, text)
	}
	for name, text := range more {
		r.write(name, text)
	}
	r.git("add", "-f", ".")
	r.git("commit", "-qm", "x")
	return r.dir, strings.TrimSpace(r.git("rev-parse", "HEAD"))
}

// using returns a repository that is set up for hooks by a configuration as docs/frameworks.md shows it, with the framework's
// stores in folders of the test. The manual's word for the program, pre-commit, stands for the framework whichever it is.
func using(t *testing.T, f framework, config string) *workRepo {
	t.Helper()
	built := strings.Contains(config, "OWNER") && !strings.Contains(config, "-system")
	path, commit := published(t, f, built, nil)
	return usingOf(t, f, config, built, path, commit)
}

// usingOf is using with what we have published. If the framework builds it, no other skant is in PATH.
func usingOf(t *testing.T, f framework, config string, built bool, path, commit string) *workRepo {
	t.Helper()
	r := newRepo(t)
	store, programs := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(programs, "pre-commit"), []byte("#!/bin/sh\nexec '"+f.path+"' \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	paths := programs + ":" + os.Getenv("PATH")
	if !built {
		paths = filepath.Dir(skant) + ":" + paths
	}
	r.env = append(r.env, "PRE_COMMIT_HOME="+store, "PREK_HOME="+store, "PREK_COLOR=never", "PRE_COMMIT_COLOR=never", "PATH="+paths)
	r.env = append(r.env, offlineGo(t)...)
	r.write(".pre-commit-config.yaml", strings.NewReplacer("https://github.com/OWNER/skant", path, "COMMIT", commit).Replace(config))
	r.write("README", "clean\n")
	r.git("add", ".")
	r.git("commit", "-qm", "first")
	return r
}

// ofPath is the manual's configuration with the skant in PATH in place of one that the framework builds.
func ofPath(t *testing.T) string {
	t.Helper()
	return strings.Replace(documented(t, "pre-commit config"), "id: skant\n", "id: skant-system\n        alias: skant\n", 1)
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

func TestFrameworkCommit(t *testing.T) {
	eachFramework(t, func(t *testing.T, f framework) {
		secret := newSecret(t)
		r := using(t, f, ofPath(t))
		r.mustRun("pre-commit install")
		judgesTheIndex(r, secret)
		judgesMerges(r, secret)
		r.write("README", secret+"\n")
		r.blocked(secret, "readme", "commit", "-am", "x")
		r.passes("commit", "-qm", "nothing is staged", "--allow-empty")
	})
}

// TestFrameworkBuilds runs the hooks that the framework builds from our source.
func TestFrameworkBuilds(t *testing.T) {
	eachFramework(t, func(t *testing.T, f framework) {
		secret := newSecret(t)
		r := using(t, f, documented(t, "pre-commit config")+"      - id: skant-files\n")
		r.mustRun("pre-commit files")
		r.mustRun("pre-commit install")
		r.write("--help", "clean\n")
		r.write("new\nline", "clean\n")
		r.git("add", ".")
		r.passes("commit", "-qm", "x")
		r.write("new\nline", secret+"\n")
		r.write("a b/\"it's\"", secret+"\n")
		r.git("add", ".")
		r.blocked(secret, "it's", "commit", "-m", "x")
		r.blocked(secret, `new\nline`, "commit", "-m", "x", "new\nline")
		code, out := r.runs("pre-commit files")
		if code == 0 || !strings.Contains(out, "it's") || !strings.Contains(out, `new\nline`) || strings.Contains(out, secret[20:60]) {
			t.Errorf("exit %d\n%s", code, hide(out, secret))
		}
		r.git("commit", "-qnm", "unseen")
		r.write("README", secret+"\n")
		r.blocked(secret, "readme", "commit", "-am", "x")
		code, out = r.run(f.path, "run", "--files", "README")
		if strings.Contains(out, "(leaked credentials in files)") {
			t.Errorf("skant-files runs outside of the manual stage: exit %d\n%s", code, hide(out, secret))
		}
	})
}

// TestFrameworkOldGo holds that a hook which cannot be built, because its go.mod asks for a newer Go, blocks and says why.
func TestFrameworkOldGo(t *testing.T) {
	eachFramework(t, func(t *testing.T, f framework) {
		path, commit := published(t, f, false, map[string]string{"go.mod": "module example.com/m\n\ngo 1.99.0\n", "main.go": "package main\n\nfunc main() {}\n"})
		r := usingOf(t, f, documented(t, "pre-commit config"), true, path, commit)
		r.mustRun("pre-commit install")
		r.write("a", "clean\n")
		r.git("add", ".")
		before := r.commits()
		if code, out := r.run("git", "commit", "-m", "x"); code == 0 || r.commits() != before || !strings.Contains(out, "1.99.0") {
			t.Errorf("exit %d\n%s", code, out)
		}
	})
}

// TestFrameworkByHand holds that nobody takes a look at what is staged for one at all files.
func TestFrameworkByHand(t *testing.T) {
	eachFramework(t, func(t *testing.T, f framework) {
		secret := newSecret(t)
		r := using(t, f, ofPath(t))
		for _, args := range [][]string{{"run"}, {"run", "--all-files"}} {
			r.must(f.path, args...)
		}
		r.write("sub/leak", secret+"\n")
		r.git("add", ".")
		r.git("commit", "-qnm", "x")
		// What a person does who adds the hook to a project: the configuration is staged.
		r.write("news", "clean\n")
		r.git("add", ".")
		path, _ := published(t, f, false, nil)
		for _, args := range [][]string{
			{"run"}, {"run", "--all-files"}, {"run", "skant", "--all-files", "--hook-stage", "manual"}, {"try-repo", path, "skant-system", "--verbose"},
			{"try-repo", path, "skant-system", "--all-files"},
		} {
			code, out := r.run(f.path, args...)
			if code == 0 || !strings.Contains(out, "sub/leak") || !strings.Contains(out, "all files of the work tree") || strings.Contains(out, secret[20:60]) {
				t.Errorf("%q: exit %d\n%s", args, code, hide(out, secret))
			}
		}
	})
}

// TestFrameworkArgs holds that flags reach skant, that verbose shows what was searched, and that any status but 0 blocks.
func TestFrameworkArgs(t *testing.T) {
	eachFramework(t, func(t *testing.T, f framework) {
		config := documented(t, "pre-commit args")
		r := using(t, f, config)
		r.mustRun("pre-commit install")
		r.write("a", "clean\n")
		r.git("add", ".")
		if code, out := r.run("git", "commit", "-m", "x"); code != 0 || !strings.Contains(out, "1 file") {
			t.Errorf("verbose: exit %d\n%s", code, out)
		}
		r.write("large", strings.Repeat("clean\n", 2_000_000))
		r.git("add", ".")
		if code, out := r.run("git", "commit", "-m", "x"); code == 0 || !strings.Contains(out, "exit code: 3") || !strings.Contains(out, "INCOMPLETE") {
			t.Errorf("a file above the bound: exit %d\n%s", code, out)
		}
		path := filepath.Join(r.dir, ".pre-commit-config.yaml")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r.write(".pre-commit-config.yaml", strings.Replace(string(text), "--max-size=10MiB", "--no-such-flag", 1))
		r.git("add", ".")
		if code, out := r.run("git", "commit", "-m", "x"); code == 0 || !strings.Contains(out, "exit code: 2") {
			t.Errorf("an unknown flag: exit %d\n%s", code, out)
		}
	})
}

// TestFrameworkOlder runs the manual's configuration for versions that do not know the stages' names of now.
func TestFrameworkOlder(t *testing.T) {
	f := preCommit(t)
	secret := newSecret(t)
	r := using(t, f, documented(t, "pre-commit local"))
	r.mustRun("pre-commit install")
	judgesPartlyStaged(r, secret)
	judgesMerges(r, secret)
	r.remote()
	judgesPush(r, secret)
}
