package repo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseGitVersion(t *testing.T) {
	for text, want := range map[string][2]int{
		"git version 2.39.5\n":                 {2, 39},
		"git version 2.54.0.windows.1\n":       {2, 54},
		"git version 2.50.1 (Apple Git-155)\n": {2, 50},
		"git version 2.54.0-rc1\n":             {2, 54},
		"git version 2.54-rc1\n":               {2, 54},
		"git version 3.0\n":                    {3, 0},
		"git version 2.55.GIT\n":               {2, 55},
	} {
		major, minor, err := parseGitVersion(text)
		if err != nil || [2]int{major, minor} != want {
			t.Errorf("%q: %d.%d, %v", text, major, minor, err)
		}
		git := UserGit{Major: major, Minor: minor}
		if git.RunsConfigHooks() != (major == 3 || minor >= 54) {
			t.Errorf("%q runs hooks of its configuration: %v", text, git.RunsConfigHooks())
		}
	}
	for _, bad := range []string{"", "git version", "git version x", "git version 2", "hub version 2.54.0", "git version x.y", "git version 2."} {
		if _, _, err := parseGitVersion(bad); err == nil {
			t.Errorf("%q is a version", bad)
		}
	}
}

func TestParseConfigHooks(t *testing.T) {
	got := parseConfigHooks(strings.Join([]string{
		"hook.skant-pre-commit.event\npre-commit", "hook.skant-pre-commit.command\nfirst", "hook.skant-pre-commit.command\n'/a b' x\ny",
		"hook.a.b.event\npre-push", "hook.a.b.event\npre-commit", "hook.a.b.enabled\nfalse",
		"hook.forgets.event\npre-commit", "hook.forgets.event\n", "hook.forgets.event\npre-push", "hook.forgets.command\nx",
		"hook.pre-push.enabled\nno", "hook.jobs\n4", "hook..command\nx", "hook.c.command", "hook.d.enabled", "other.d.command\nx", "",
	}, "\x00"))
	want := []ConfigHook{
		{Name: "skant-pre-commit", Command: "'/a b' x\ny", Events: []string{"pre-commit"}},
		{Name: "a.b", Events: []string{"pre-push", "pre-commit"}, Disabled: true},
		{Name: "forgets", Command: "x", Events: []string{"pre-push"}, Disabled: true},
		{Name: "c"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseConfigHooks(f *testing.F) {
	f.Add("hook.a.event\npre-commit\x00hook.a.command\nx\x00")
	f.Add("hook..\n\x00hook.x")
	f.Fuzz(func(t *testing.T, out string) {
		for _, h := range parseConfigHooks(out) {
			if h.Name == "" || !strings.Contains(out, "hook."+h.Name+".") {
				t.Errorf("%q has no hook %q", out, h.Name)
			}
		}
	})
}

func TestConfigHooks(t *testing.T) {
	s := newSandbox(t)
	s.git("config", "hook.lint.event", "pre-commit")
	s.git("config", "hook.lint.command", "lint --all")
	r, err := Open(s.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.ConfigHooks(context.Background())
	if diff := cmp.Diff([]ConfigHook{{Name: "lint", Command: "lint --all", Events: []string{"pre-commit"}}}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for key, want := range map[string]string{"hook.lint.command": "lint --all", "skant.onError": "", "no-key": ""} {
		got, err := r.Setting(context.Background(), key)
		if got != want || (err != nil) != (key == "no-key") {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
}

// TestRemoteRefs holds that only refs that fetching from the remote alone writes count as what it has.
func TestRemoteRefs(t *testing.T) {
	for _, c := range []struct {
		name, remote string
		config       [][2]string
		known        string
	}{
		{"usual", "origin", [][2]string{{"origin", "+refs/heads/*:refs/remotes/origin/*"}}, "refs/remotes/origin/main refs/remotes/origin/x/main"},
		{"another one", "up", [][2]string{{"origin", "+refs/heads/*:refs/remotes/origin/*"}}, ""},
		{"an address", "https://example.com/x.git", [][2]string{{"origin", "+refs/heads/*:refs/remotes/origin/*"}}, ""},
		{"its name begins another's", "origin", [][2]string{
			{"origin", "+refs/heads/*:refs/remotes/origin/*"}, {"origin/x", "+refs/heads/*:refs/remotes/origin/x/*"},
		}, "refs/remotes/origin/main"},
		{"the longer one", "origin/x", [][2]string{
			{"origin", "+refs/heads/*:refs/remotes/origin/*"}, {"origin/x", "+refs/heads/*:refs/remotes/origin/x/*"},
		}, ""},
		{"one branch", "origin", [][2]string{{"origin", "refs/heads/main:refs/remotes/origin/main"}}, "refs/remotes/origin/main"},
		{"a mirror", "origin", [][2]string{{"origin", "+refs/*:refs/*"}}, ""},
		{"its own branches", "origin", [][2]string{{"origin", "+refs/heads/*:refs/heads/*"}}, ""},
		{"an exception, nothing written", "origin", [][2]string{{"origin", "^refs/heads/x"}, {"origin", "refs/heads/main"}}, ""},
		{"two writers", "origin", [][2]string{{"origin", "+refs/heads/*:refs/remotes/origin/*"}, {"b", "+refs/heads/*:refs/remotes/origin/*"}}, ""},
	} {
		s := newSandbox(t)
		for _, pair := range c.config {
			s.git("config", "--add", "remote."+pair[0]+".fetch", pair[1])
		}
		r, err := Open(s.dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		known, _, err := r.RemoteRefs(context.Background(), PushRemote{Name: c.remote})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, ref := range []string{"HEAD", "refs/heads/main", "refs/tags/v1", "refs/remotes/origin/main", "refs/remotes/origin/x/main", "refs/remotes/other/main"} {
			if known(ref) {
				got = append(got, ref)
			}
		}
		if strings.Join(got, " ") != c.known {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// TestRemoteRefsDoubted holds that what a remote had before it got another address is not taken for what is there now.
func TestRemoteRefsDoubted(t *testing.T) {
	for _, c := range []struct {
		name, url, address string
		absent             []string
		doubted            bool
	}{
		{name: "as configured", url: "https://example.com/o/r.git", address: "https://example.com/o/r.git"},
		{name: "not known", url: "https://example.com/o/r.git"},
		{name: "over ssh", url: "https://Example.com/o/r.git", address: "git@example.com:o/r"},
		{name: "with a user", url: "https://example.com/o/r", address: "https://user@example.com/o/r/"},
		{name: "another owner", url: "https://example.com/o/r.git", address: "git@example.com:fork/r.git", doubted: true},
		{name: "another host", url: "https://example.com/o/r.git", address: "https://example.org/o/r.git", doubted: true},
		{name: "a folder", url: "/srv/r.git", address: "/srv/other.git", doubted: true},
		{name: "a new branch", url: "/srv/r.git", address: "/srv/r.git", absent: []string{"refs/heads/new", "refs/tags/v1"}},
		{name: "a branch that should be there", url: "/srv/r.git", address: "/srv/r.git", absent: []string{"refs/heads/main"}, doubted: true},
	} {
		s := newSandbox(t)
		s.git("commit", "-q", "--allow-empty", "-m", "x")
		s.git("remote", "add", "origin", c.url)
		s.git("update-ref", "refs/remotes/origin/main", "HEAD")
		r, err := Open(s.dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		known, doubted, err := r.RemoteRefs(context.Background(), PushRemote{Name: "origin", Address: c.address, Absent: c.absent})
		if err != nil || doubted != c.doubted || known("refs/remotes/origin/main") == c.doubted {
			t.Errorf("%s: doubted %v, %v", c.name, doubted, err)
		}
	}
}

func TestAskUserGit(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	t.Setenv("GIT_CONFIG_GLOBAL", "")
	if err := os.Unsetenv("GIT_CONFIG_GLOBAL"); err != nil {
		t.Fatal(err)
	}
	ask := func() *UserGit {
		t.Helper()
		g, err := AskUserGit(context.Background(), "", os.Getenv)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	own := filepath.Join(home, ".gitconfig")
	if g := ask(); g.ConfigFile != own || g.TemplateDir != "" || g.Major < 2 {
		t.Errorf("%+v", g)
	}
	xdg := filepath.Join(home, ".config/git/config")
	write(xdg, "[init]\n\ttemplateDir = ~/template\n")
	if g := ask(); g.ConfigFile != xdg || g.TemplateDir != filepath.Join(home, "template") || g.TemplateFrom != "user" {
		t.Errorf("%+v", g)
	}
	write(own, "[include]\n\tpath = more\n")
	write(filepath.Join(home, "more"), "[init]\n\ttemplateDir = /included\n")
	if g := ask(); g.ConfigFile != own || g.TemplateDir != "/included" {
		t.Errorf("%+v", g)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(home, "other"))
	write(filepath.Join(home, "system"), "[init]\n\ttemplateDir = /company\n")
	t.Setenv("GIT_CONFIG_SYSTEM", filepath.Join(home, "system"))
	if g := ask(); g.ConfigFile != filepath.Join(home, "other") || g.TemplateDir != "/company" || g.TemplateFrom != "system" {
		t.Errorf("%+v", g)
	}
	t.Setenv("GIT_TEMPLATE_DIR", "/from/env")
	if g := ask(); g.TemplateDir != "/from/env" || g.TemplateFrom != "GIT_TEMPLATE_DIR" {
		t.Errorf("%+v", g)
	}
	write(filepath.Join(home, "other"), "[[[")
	t.Setenv("GIT_TEMPLATE_DIR", "")
	if g, err := AskUserGit(context.Background(), "", os.Getenv); err == nil {
		t.Errorf("a configuration that git cannot read: %+v", g)
	}
	if _, err := AskUserGit(context.Background(), filepath.Join(home, "none"), os.Getenv); err == nil {
		t.Error("there is no such git")
	}
}

// TestTryHook has hooks that stop git, that do not, and that try to get at what is not theirs.
func TestTryHook(t *testing.T) {
	dir := t.TempDir()
	s := newSandbox(t)
	s.write("mine", "x\n")
	s.commit("one")
	t.Setenv("GIT_DIR", filepath.Join(s.dir, ".git"))
	t.Setenv("GIT_WORK_TREE", s.dir)
	t.Setenv("TMPDIR", t.TempDir())
	hook := filepath.Join(dir, "hook's file")
	for _, kind := range []string{"pre-commit", "pre-merge-commit", "pre-push", "pre-receive"} {
		for script, want := range map[string]HookTrial{
			"#!/bin/sh\necho said\nexit 1\n": {true, "said"},
			"#!/bin/sh\necho said\n":         {false, "said"},
			"#!/no/such/shell\n":             {true, ""},
			"#!/bin/sh\n[ ! -e mine ] && [ -z \"$GIT_WORK_TREE\" ] || exit 0\nexit 1\n": {true, ""},
			"#!/bin/sh\nyes | head -c 200000\nexit 1\n":                                 {true, "y"},
		} {
			if kind == "pre-push" && strings.HasPrefix(script, "#!/no") {
				continue // git may wait for ever for the other side then
			}
			if err := errors.Join(os.WriteFile(hook, []byte(script), 0o755), os.Chmod(hook, 0o755)); err != nil {
				t.Fatal(err)
			}
			got, err := TryHook(context.Background(), "", TrialHook{Kind: kind, Path: hook}, []byte("content\n"))
			if err != nil || got.Blocked != want.Blocked || !strings.Contains(got.Output, want.Output) || len(got.Output) > maxTrialOutput {
				t.Errorf("%s, %q: blocked %v, %d bytes of output, %v", kind, script, got.Blocked, len(got.Output), err)
			}
		}
		if err := os.Chmod(hook, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := TryHook(context.Background(), "", TrialHook{Kind: kind, Path: hook}, []byte("x")); err != nil || got.Blocked {
			t.Errorf("%s, not executable: %+v, %v", kind, got, err)
		}
	}
	if _, err := TryHook(context.Background(), "", TrialHook{Kind: "post-commit", Path: hook}, nil); err == nil {
		t.Error("post-commit was tried")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := TryHook(ctx, "", TrialHook{Kind: "pre-commit", Path: hook}, nil); err == nil {
		t.Error("it was tried although nobody waits any more")
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "skant-trial-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

func TestHooksPathEmpty(t *testing.T) {
	s := newSandbox(t)
	r, err := Open(s.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"", "/"} {
		if want != "" {
			s.git("config", "core.hooksPath", "")
		}
		if path, err := r.HooksPath(context.Background()); err != nil || path != want {
			t.Errorf("%q, %v", path, err)
		}
	}
}

func TestHeadRef(t *testing.T) {
	s := newSandbox(t)
	s.git("symbolic-ref", "HEAD", "refs/heads/unborn")
	r, err := Open(s.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if ref, err := r.HeadRef(context.Background()); err != nil || ref != "refs/heads/unborn" {
		t.Errorf("%q, %v", ref, err)
	}
	s.git("commit", "-q", "--allow-empty", "-m", "x")
	s.git("checkout", "-q", "--detach")
	if ref, err := r.HeadRef(context.Background()); err != nil || ref != "" {
		t.Errorf("detached: %q, %v", ref, err)
	}
}
