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

// every has one state for the kinds that are installed where none is named.
func every(s State) map[string]State {
	out := map[string]State{}
	for _, k := range DefaultKinds() {
		out[k.Name] = s
	}
	return out
}

func uninstall(r Repo, opt Options) (removed []string, err error) {
	removed, restored, err := Uninstall(r, Kinds(), opt)
	return append(removed, restored...), err
}

func wantStates(t *testing.T, r Repo, opt Options, want map[string]State) *Overview {
	t.Helper()
	o, err := Status(r, opt)
	if err != nil {
		t.Fatal(err)
	}
	got := states(o.Hooks)
	for name := range got {
		if _, asked := want[name]; !asked {
			delete(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
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
		installed, err := Install(r, DefaultKinds(), opt)
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
	if err != nil || len(entries) != len(DefaultKinds()) {
		t.Errorf("hooks folder holds %v, %v", entries, err)
	}
	removed, err := uninstall(r, opt)
	if err != nil || len(removed) != len(DefaultKinds()) {
		t.Errorf("removed %q, %v", removed, err)
	}
	wantStates(t, r, opt, every(Missing))
	if removed, err := uninstall(r, opt); err != nil || len(removed) != 0 {
		t.Errorf("removed again %q, %v", removed, err)
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
		installed, err := Install(r, DefaultKinds(), opt)
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

func TestOutdated(t *testing.T) {
	r, opt := newRepo(t)
	if _, err := Install(r, DefaultKinds(), Options{Binary: "/gone/skant"}); err != nil {
		t.Fatal(err)
	}
	o := wantStates(t, r, opt, every(Outdated))
	if h := o.Hooks[0]; h.Binary != "/gone/skant" || h.BinaryFound || !h.Active() {
		t.Errorf("hook %+v", h)
	}
	if _, err := Install(r, DefaultKinds(), opt); err != nil {
		t.Fatal(err)
	}
	wantStates(t, r, opt, every(Installed))
	if got := read(t, o.Hooks[0].Path); got != scriptV2(Kinds()[0], setup{binary: opt.Binary}) {
		t.Errorf("the hook is now %q", got)
	}
}

func TestVersions(t *testing.T) {
	k, server := Kinds()[0], Kinds()[3]
	s := setup{binary: "/a b"}
	for _, c := range []struct {
		kind          Kind
		content       string
		current, ours bool
	}{
		{k, scriptV1(k, s), false, true},
		{k, scriptV2(k, s), true, true},
		{k, scriptV1(k, s) + "#", false, false},
		{Kinds()[2], scriptV2(Kinds()[2], s), true, true},
		{Kinds()[2], scriptV2(k, s), false, false},
		{server, scriptV2(server, s), true, true},
		{server, scriptV2(server, setup{binary: "/a b", onError: "allow"}), true, true},
		{server, scriptV2(server, setup{binary: "/a b", onError: "nothing"}), false, false},
	} {
		got, current, ours := recognise(c.content, c.kind, scripts())
		if current != c.current || ours != c.ours || ours != (got.binary == "/a b") {
			t.Errorf("%q: %+v, current %v, ours %v", c.content, got, current, ours)
		}
	}
	if text := scriptV1(Kinds()[2], s); text != "" {
		t.Errorf("version 1 had no pre-push hook: %q", text)
	}
}

func TestOnError(t *testing.T) {
	r, opt := newRepo(t)
	kinds := AllKinds(true)
	opt.OnError = "allow"
	installed, err := Install(r, kinds, opt)
	if err != nil || len(installed) != 1 || installed[0].OnError != "allow" {
		t.Fatalf("%+v, %v", installed, err)
	}
	// Renewing it does not change what it was told; saying something else does.
	other := Options{Binary: filepath.Join(r.WorkTree, "other")}
	write(t, other.Binary, "", 0o755)
	if installed, err = Install(r, kinds, other); err != nil || installed[0].OnError != "allow" || installed[0].Binary != other.Binary {
		t.Errorf("%+v, %v", installed, err)
	}
	other.OnError = "block"
	if installed, err = Install(r, kinds, other); err != nil || installed[0].OnError != "block" || installed[0].State != Installed {
		t.Errorf("%+v, %v", installed, err)
	}
}

func TestOlderVersionIsRenewed(t *testing.T) {
	r, opt := newRepo(t)
	for _, k := range DefaultKinds() {
		write(t, filepath.Join(r.CommonDir, "hooks", k.Name), scriptV1(k, setup{binary: opt.Binary}), 0o755)
	}
	o := wantStates(t, r, opt, every(Outdated))
	if !o.Hooks[0].Active() {
		t.Error("an older hook still runs skant")
	}
	installed, err := Install(r, DefaultKinds(), opt)
	if err != nil || installed[0].State != Installed || installed[0].Kept != "" {
		t.Errorf("%+v, %v", installed, err)
	}
}

func TestNotExecutable(t *testing.T) {
	r, opt := newRepo(t)
	installed, err := Install(r, DefaultKinds(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(installed[0].Path, 0o644); err != nil {
		t.Fatal(err)
	}
	if o := wantStates(t, r, opt, every(Installed)); o.Hooks[0].Executable || o.Hooks[0].Active() {
		t.Errorf("hook %+v", o.Hooks[0])
	}
	if installed, err = Install(r, DefaultKinds(), opt); err != nil || !installed[0].Active() {
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
		installed, err := Install(r, DefaultKinds(), opt)
		var elsewhere *ElsewhereError
		if !errors.As(err, &elsewhere) || installed != nil || elsewhere.Folder != c.folder || len(elsewhere.Lines) != len(DefaultKinds()) {
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
	if _, err := Install(r, DefaultKinds(), opt); err != nil {
		t.Fatal(err)
	}
	r.HooksPath = "shared"
	opt.AnyHooksPath = true
	if o := wantStates(t, r, opt, every(Missing)); len(o.Shadowed) != len(DefaultKinds()) {
		t.Errorf("shadowed %q", o.Shadowed)
	}
	if _, err := Install(r, DefaultKinds(), opt); err != nil {
		t.Fatal(err)
	}
	wantStates(t, r, opt, every(Installed))
	if removed, err := uninstall(r, opt); err != nil || len(removed) != 2*len(DefaultKinds()) {
		t.Errorf("removed %q, %v", removed, err)
	}
}

func TestLinkedWorktree(t *testing.T) {
	r, opt := newRepo(t)
	r.GitDir = filepath.Join(r.CommonDir, "worktrees", "x")
	if _, err := Install(r, DefaultKinds(), opt); err != nil {
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
		if _, err := Install(r, DefaultKinds(), Options{Binary: bad}); err == nil {
			t.Errorf("binary %q is accepted", bad)
		}
	}
}

// FuzzRecognise holds that nothing but a text that this package writes passes for one.
func FuzzRecognise(f *testing.F) {
	for _, k := range Kinds() {
		f.Add(scriptV2(k, setup{binary: "/usr/bin/skant"}))
		f.Add(scriptV1(k, setup{binary: "/it's/skant"}) + "x")
	}
	f.Add("\nskant='")
	f.Add("\nskant=''\nonerror='allow'\n")
	f.Fuzz(func(t *testing.T, content string) {
		for _, k := range Kinds() {
			s, current, ours := recognise(content, k, scripts())
			if ours && content != scriptV1(k, s) && content != scriptV2(k, s) || current && content != scriptV2(k, s) {
				t.Errorf("%q passes for ours", content)
			}
			chained(content, k)
			owner(content, k)
			needsItsName(content, content, k)
		}
	})
}
