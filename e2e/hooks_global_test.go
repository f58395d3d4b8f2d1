//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// globalUser is a user with a home of his own and a configuration of git; version, if not empty, is what git says of itself.
func globalUser(t *testing.T, version string) *workRepo {
	t.Helper()
	r := newRepo(t)
	home := t.TempDir()
	r.env = append(without(without(without(r.env, "GIT_CONFIG_GLOBAL"), "HOME"), "XDG_CONFIG_HOME"), "HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, ".config"))
	if version != "" {
		git, err := exec.LookPath("git")
		if err != nil {
			t.Fatal(err)
		}
		folder := t.TempDir()
		fake := "#!/bin/sh\n[ \"$1\" = version ] && { echo git version " + version + "; exit 0; }\nexec '" + git + "' \"$@\"\n"
		if err := os.WriteFile(filepath.Join(folder, "git"), []byte(fake), 0o755); err != nil {
			t.Fatal(err)
		}
		r.env = append(without(r.env, "PATH"), "PATH="+folder+":"+os.Getenv("PATH"))
	}
	return r
}

// TestHooksGlobalTemplate is what a git before 2.54 gets: new clones and repositories have the hooks.
func TestHooksGlobalTemplate(t *testing.T) {
	secret := newSecret(t)
	r := globalUser(t, "2.53.0")
	r.git("config", "--global", "user.name", "A")
	before := snapshot(t, homeOf(r.env))
	if code, out := r.run(skant, "hooks", "status", "--global"); code != 1 || !strings.Contains(out, "not installed for all") {
		t.Errorf("exit %d\n%s", code, out)
	}
	out := r.must(skant, "hooks", "install", "--global", "all")
	if !strings.Contains(out, "made or cloned from now on") || !strings.Contains(out, "in one that is there already") {
		t.Errorf("it says %s", out)
	}
	r.must(skant, "hooks", "status", "--global")
	r.change("a", "clean\n")
	clone := *r
	clone.dir = filepath.Join(t.TempDir(), "clone")
	r.git("clone", "-q", r.dir, clone.dir)
	clone.write("config", secret+"\n")
	clone.git("add", ".")
	clone.blocked(secret, "config", "commit", "-m", "x")
	if out := clone.must(skant, "hooks", "status"); strings.Count(out, "git was stopped") != 3 {
		t.Errorf("in a clone: %s", out)
	}
	r.must(skant, "hooks", "uninstall", "--global")
	if err := os.Remove(filepath.Join(homeOf(r.env), ".config", "skant")); err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
	_ = os.Remove(filepath.Join(homeOf(r.env), ".config"))
	if after := snapshot(t, homeOf(r.env)); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	// A template that is there is extended.
	template := filepath.Join(homeOf(r.env), "template")
	if err := os.MkdirAll(filepath.Join(template, "hooks"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"description": "ours\n", "hooks/pre-commit": "#!/bin/sh\necho template hook >&2\n"} {
		if err := os.WriteFile(filepath.Join(template, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.git("config", "--global", "init.templateDir", "~/template")
	before = snapshot(t, homeOf(r.env))
	r.must(skant, "hooks", "install", "--global")
	fresh := *r
	fresh.dir = filepath.Join(t.TempDir(), "fresh")
	r.git("init", "-q", fresh.dir)
	fresh.write("config", secret+"\n")
	fresh.git("add", ".")
	if _, out := fresh.run("git", "commit", "-m", "x"); !strings.Contains(out, "template hook") {
		t.Errorf("the hook of the template was not run: %s", hide(out, secret))
	}
	fresh.blocked(secret, "config", "commit", "-m", "x")
	r.must(skant, "hooks", "uninstall", "--global")
	if after := snapshot(t, homeOf(r.env)); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// TestHooksGlobalConfig is what git 2.54 and newer gets, which is not here: that it is new is made up, and what it would run is
// read back with git and run by a shell.
func TestHooksGlobalConfig(t *testing.T) {
	secret := newSecret(t)
	r := globalUser(t, "2.54.0")
	r.git("config", "--global", "user.name", "A")
	r.git("config", "--global", "hook.lint.event", "pre-commit")
	r.git("config", "--global", "hook.lint.command", "lint")
	before := snapshot(t, homeOf(r.env))
	for range 2 {
		if out := r.must(skant, "hooks", "install", "--global"); !strings.Contains(out, "beside its own hooks") {
			t.Errorf("it says %s", out)
		}
	}
	r.must(skant, "hooks", "status", "--global")
	if got := r.git("config", "--get-regexp", `^hook\..*\.event`); got != "hook.lint.event pre-commit\nhook.skant-pre-commit.event pre-commit\nhook.skant-pre-merge-commit.event pre-merge-commit\n" {
		t.Errorf("git reads %q", got)
	}
	command := strings.TrimSuffix(r.git("config", "--get", "hook.skant-pre-commit.command"), "\n")
	r.write("config", secret+"\n")
	r.git("add", ".")
	if code, out := r.run("sh", "-c", command+` "$@"`, command); code != 1 || !strings.Contains(strings.ToLower(out), "anthropic") {
		t.Errorf("exit %d: %s", code, hide(out, secret))
	}
	// This git does not run it, and status does not say that it does.
	real := *r
	real.env = append(without(r.env, "PATH"), "PATH="+os.Getenv("PATH"))
	if code, out := real.run(skant, "hooks", "status"); code != 1 || !strings.Contains(out, "does not run hooks of its configuration; 2.54 does") {
		t.Errorf("exit %d\n%s", code, out)
	}
	r.git("config", "hook.skant-pre-commit.enabled", "false")
	if code, out := r.run(skant, "hooks", "status", "pre-commit"); code != 1 || !strings.Contains(out, "switched off") {
		t.Errorf("exit %d\n%s", code, out)
	}
	r.git("config", "--unset", "hook.skant-pre-commit.enabled")
	r.must(skant, "hooks", "uninstall", "--global")
	if after := snapshot(t, homeOf(r.env)); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// homeOf is the home folder of an environment.
func homeOf(env []string) string {
	home := ""
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, "HOME="); ok {
			home = value
		}
	}
	return home
}
