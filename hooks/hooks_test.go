package hooks

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// newRepo returns a repository as this package sees one, and a program for its hooks to run.
func newRepo(t *testing.T) (Repo, Options) {
	t.Helper()
	top := t.TempDir()
	r := Repo{GitDir: filepath.Join(top, ".git"), CommonDir: filepath.Join(top, ".git"), WorkTree: top, Home: filepath.Join(top, "home")}
	binary := filepath.Join(top, "it's a folder", "skant")
	write(t, binary, "#!/bin/sh\necho ran \"$@\"\n", 0o755)
	return r, Options{Binary: binary}
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// states returns the state of each hook by its name.
func states(hooks []Hook) map[string]State {
	out := map[string]State{}
	for _, h := range hooks {
		out[h.Kind.Name] = h.State
	}
	return out
}

func every(s State) map[string]State {
	out := map[string]State{}
	for _, k := range Kinds() {
		out[k.Name] = s
	}
	return out
}

func wantStates(t *testing.T, r Repo, opt Options, want map[string]State) *Overview {
	t.Helper()
	o, err := Status(r, opt)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, states(o.Hooks)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	return o
}

func TestInstallAndUninstall(t *testing.T) {
	r, opt := newRepo(t)
	o := wantStates(t, r, opt, every(Missing))
	if o.Folder != filepath.Join(r.CommonDir, "hooks") || o.Elsewhere || o.Linked || o.Hooks[0].Active() {
		t.Errorf("overview %+v", o)
	}
	for range 2 {
		installed, err := Install(r, opt)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(every(Installed), states(installed)); diff != "" {
			t.Error(diff)
		}
		for _, h := range installed {
			if !h.Active() || !h.BinaryFound || h.Binary != opt.Binary || h.Line != "" {
				t.Errorf("hook %+v", h)
			}
		}
	}
	wantStates(t, r, Options{}, every(Installed))
	entries, err := os.ReadDir(o.Folder)
	if err != nil || len(entries) != len(Kinds()) {
		t.Errorf("hooks folder holds %v, %v", entries, err)
	}
	removed, err := Uninstall(r, opt)
	if err != nil || len(removed) != len(Kinds()) {
		t.Errorf("removed %q, %v", removed, err)
	}
	wantStates(t, r, opt, every(Missing))
	if removed, err := Uninstall(r, opt); err != nil || len(removed) != 0 {
		t.Errorf("removed again %q, %v", removed, err)
	}
}

func TestForeignHooksAreLeftAlone(t *testing.T) {
	r, opt := newRepo(t)
	ours := scriptV1(Kinds()[0], opt.Binary)
	for name, content := range map[string]string{
		"another tool's":       "#!/bin/sh\nexec lint\n",
		"empty":                "",
		"ours and one byte":    ours + "\n",
		"ours, cut":            ours[:len(ours)-1],
		"ours, one word off":   strings.Replace(ours, "exit 1", "exit 0", 1),
		"ours for another":     scriptV1(Kinds()[1], opt.Binary),
		"with Windows lines":   strings.ReplaceAll(ours, "\n", "\r\n"),
		"a comment names it":   "#!/bin/sh\n# skant staged\n",
		"it runs the wrong":    "skant history\n",
		"program, unquoted":    strings.Replace(ours, quote(opt.Binary), opt.Binary, 1),
		"a command for a name": strings.Replace(ours, quote(opt.Binary), `'/x'$(touch y)''`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(r.CommonDir, "hooks", "pre-commit")
			write(t, path, content, 0o755)
			installed, err := Install(r, opt)
			var foreign *ForeignError
			if !errors.As(err, &foreign) || foreign.Path != path || !strings.Contains(err.Error(), foreign.Line) {
				t.Errorf("error %v", err)
			}
			if foreign.Line != `'`+strings.ReplaceAll(opt.Binary, `'`, `'\''`)+`' staged || exit $?` {
				t.Errorf("line %s", foreign.Line)
			}
			want := map[string]State{"pre-commit": Foreign, "pre-merge-commit": Installed}
			if diff := cmp.Diff(want, states(installed)); diff != "" {
				t.Error(diff)
			}
			if removed, err := Uninstall(r, opt); err != nil || len(removed) != 1 {
				t.Errorf("removed %q, %v", removed, err)
			}
			if got := read(t, path); got != content {
				t.Errorf("the hook is now %q", got)
			}
		})
	}
}

func TestForeignHookThatRunsSkant(t *testing.T) {
	r, opt := newRepo(t)
	path := filepath.Join(r.CommonDir, "hooks", "pre-commit")
	for _, content := range []string{
		"#!/bin/sh\n" + chainLine(Kinds()[0], "/usr/bin/skant") + "\nexec lint\n",
		"skant staged --no-cache",
		"if x; then \"C:/tools/skant.exe\" staged; fi",
	} {
		write(t, path, content, 0o755)
		installed, err := Install(r, opt)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]State{"pre-commit": Chained, "pre-merge-commit": Installed}
		if diff := cmp.Diff(want, states(installed)); diff != "" || !installed[0].Active() {
			t.Errorf("%q: %s", content, diff)
		}
		if got := read(t, path); got != content {
			t.Errorf("the hook is now %q", got)
		}
	}
}

func TestOddFilesInAHooksPlace(t *testing.T) {
	r, opt := newRepo(t)
	folder := filepath.Join(r.CommonDir, "hooks")
	path := filepath.Join(folder, "pre-commit")
	target := filepath.Join(r.WorkTree, "elsewhere")
	write(t, target, scriptV1(Kinds()[0], opt.Binary), 0o755)
	for name, place := range map[string]func() error{
		"folder":            func() error { return os.MkdirAll(path, 0o777) },
		"link to our text":  func() error { return os.Symlink(target, path) },
		"link to nowhere":   func() error { return os.Symlink("nowhere", path) },
		"larger than ours":  func() error { return os.WriteFile(path, make([]byte, maxHook+1), 0o755) },
		"link to a folder":  func() error { return os.Symlink(r.WorkTree, path) },
		"link in a circle ": func() error { return os.Symlink("pre-commit", path) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := errors.Join(os.MkdirAll(folder, 0o777), place()); err != nil {
				t.Fatal(err)
			}
			defer os.Remove(path)
			_, err := Install(r, opt)
			var foreign *ForeignError
			if !errors.As(err, &foreign) {
				t.Errorf("error %v", err)
			}
			if _, err := Uninstall(r, opt); err != nil {
				t.Error(err)
			}
			if _, err := os.Lstat(path); err != nil {
				t.Errorf("it is gone: %v", err)
			}
			if got := read(t, target); got != scriptV1(Kinds()[0], opt.Binary) {
				t.Errorf("the target of the link is now %q", got)
			}
		})
	}
}

func TestOutdated(t *testing.T) {
	r, opt := newRepo(t)
	if _, err := Install(r, Options{Binary: "/gone/skant"}); err != nil {
		t.Fatal(err)
	}
	o := wantStates(t, r, opt, every(Outdated))
	if h := o.Hooks[0]; h.Binary != "/gone/skant" || h.BinaryFound || !h.Active() {
		t.Errorf("hook %+v", h)
	}
	if _, err := Install(r, opt); err != nil {
		t.Fatal(err)
	}
	wantStates(t, r, opt, every(Installed))
	if got := read(t, o.Hooks[0].Path); got != scriptV1(Kinds()[0], opt.Binary) {
		t.Errorf("the hook is now %q", got)
	}
}

func TestVersions(t *testing.T) {
	k := Kinds()[0]
	older := func(_ Kind, binary string) string {
		return "#!/bin/sh\nskant=" + quote(binary) + "\n\"$skant\" staged\n"
	}
	versions := []script{older, scriptV1}
	for _, c := range []struct {
		content       string
		current, ours bool
	}{
		{older(k, "/a b"), false, true},
		{scriptV1(k, "/a b"), true, true},
		{older(k, "/a b") + "#", false, false},
	} {
		binary, current, ours := recognise(c.content, k, versions)
		if current != c.current || ours != c.ours || ours != (binary == "/a b") {
			t.Errorf("%q: binary %q, current %v, ours %v", c.content, binary, current, ours)
		}
	}
}

func TestNotExecutable(t *testing.T) {
	r, opt := newRepo(t)
	installed, err := Install(r, opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(installed[0].Path, 0o644); err != nil {
		t.Fatal(err)
	}
	if o := wantStates(t, r, opt, every(Installed)); o.Hooks[0].Executable || o.Hooks[0].Active() {
		t.Errorf("hook %+v", o.Hooks[0])
	}
	if installed, err = Install(r, opt); err != nil || !installed[0].Active() {
		t.Errorf("hook %+v, %v", installed[0], err)
	}
}

func TestHooksPath(t *testing.T) {
	r, opt := newRepo(t)
	abs := t.TempDir()
	for _, c := range []struct {
		value, folder string
		elsewhere     bool
	}{
		{"", filepath.Join(r.CommonDir, "hooks"), false},
		{filepath.Join(r.CommonDir, "hooks"), filepath.Join(r.CommonDir, "hooks"), false},
		{".git/own", filepath.Join(r.CommonDir, "own"), false},
		{".husky/_", filepath.Join(r.WorkTree, ".husky/_"), true},
		{".git-hooks", filepath.Join(r.WorkTree, ".git-hooks"), true},
		{abs, abs, true},
		{"~/hooks", filepath.Join(r.Home, "hooks"), true},
		{"/dev/null", "/dev/null", true},
	} {
		r.HooksPath = c.value
		o := wantStates(t, r, opt, every(Missing))
		if o.Folder != c.folder || o.Elsewhere != c.elsewhere {
			t.Errorf("%q: folder %q, elsewhere %v", c.value, o.Folder, o.Elsewhere)
		}
		if !c.elsewhere {
			continue
		}
		installed, err := Install(r, opt)
		var elsewhere *ElsewhereError
		if !errors.As(err, &elsewhere) || installed != nil || elsewhere.Folder != c.folder || len(elsewhere.Lines) != len(Kinds()) {
			t.Errorf("%q: %v, error %v", c.value, installed, err)
		}
		if o := wantStates(t, r, opt, every(Missing)); o.Shadowed != nil {
			t.Errorf("%q: shadowed %q", c.value, o.Shadowed)
		}
	}
	for _, bad := range []string{"~other/hooks", "%(prefix)/hooks"} {
		r.HooksPath = bad
		if _, err := Status(r, opt); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%q: error %v", bad, err)
		}
	}
	bare := Repo{GitDir: abs, CommonDir: abs, HooksPath: "other"}
	if o := wantStates(t, bare, opt, every(Missing)); o.Folder != filepath.Join(abs, "other") || o.Elsewhere {
		t.Errorf("bare: %+v", o)
	}
}

func TestHooksPathOnRequest(t *testing.T) {
	r, opt := newRepo(t)
	if _, err := Install(r, opt); err != nil {
		t.Fatal(err)
	}
	r.HooksPath = "shared"
	opt.AnyHooksPath = true
	if o := wantStates(t, r, opt, every(Missing)); len(o.Shadowed) != len(Kinds()) {
		t.Errorf("shadowed %q", o.Shadowed)
	}
	if _, err := Install(r, opt); err != nil {
		t.Fatal(err)
	}
	wantStates(t, r, opt, every(Installed))
	if removed, err := Uninstall(r, opt); err != nil || len(removed) != 2*len(Kinds()) {
		t.Errorf("removed %q, %v", removed, err)
	}
}

func TestLinkedWorktree(t *testing.T) {
	r, opt := newRepo(t)
	r.GitDir = filepath.Join(r.CommonDir, "worktrees", "x")
	if _, err := Install(r, opt); err != nil {
		t.Fatal(err)
	}
	o := wantStates(t, r, opt, every(Installed))
	if !o.Linked || o.Folder != filepath.Join(r.CommonDir, "hooks") {
		t.Errorf("overview %+v", o)
	}
}

func TestBinaryPath(t *testing.T) {
	r, _ := newRepo(t)
	for _, bad := range []string{"", "skant", "./skant", "/a\nb"} {
		if _, err := Install(r, Options{Binary: bad}); err == nil {
			t.Errorf("binary %q is accepted", bad)
		}
	}
}

func FuzzRecognise(f *testing.F) {
	k := Kinds()[0]
	f.Add(scriptV1(k, "/usr/bin/skant"))
	f.Add(scriptV1(k, "/it's/skant") + "x")
	f.Add("\nskant='")
	f.Fuzz(func(t *testing.T, content string) {
		binary, _, ours := recognise(content, k, scripts())
		if ours && content != scriptV1(k, binary) {
			t.Errorf("%q passes for ours", content)
		}
		chained(content, k)
	})
}
