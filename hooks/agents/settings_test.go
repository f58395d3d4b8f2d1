package agents

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func place(t *testing.T, agent string, scope Scope, base string) *Place {
	t.Helper()
	a, _ := Find(agent)
	p, ok := a.At(scope, base)
	if !ok {
		t.Fatalf("%s has no %s settings", agent, scope)
	}
	return &p
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// tree lists what is in a folder.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path != dir {
			rel, relErr := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(rel))
			return errors.Join(err, relErr)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// in and out install and uninstall, and fail if that does not change something.
func in(t *testing.T, p *Place) {
	t.Helper()
	if changed, err := p.Install(p.Agent.Command("")); !changed || err != nil {
		t.Fatalf("install: %v, %v", changed, err)
	}
	if changed, err := p.Install(p.Agent.Command("")); changed || err != nil {
		t.Errorf("install twice: %v, %v", changed, err)
	}
	if state, _, err := p.Status(p.Agent.Command("")); state != Installed || err != nil {
		t.Errorf("status %s, %v", state, err)
	}
	if state, _, err := p.Status(p.Agent.Command("/elsewhere/skant")); state != Outdated || err != nil {
		t.Errorf("status for another program %s, %v", state, err)
	}
}

func out(t *testing.T, p *Place) {
	t.Helper()
	if changed, err := p.Uninstall(); !changed || err != nil {
		t.Fatalf("uninstall: %v, %v", changed, err)
	}
	if changed, err := p.Uninstall(); changed || err != nil {
		t.Errorf("uninstall twice: %v, %v", changed, err)
	}
	if state, _, err := p.Status(""); state != Missing || err != nil {
		t.Errorf("status %s, %v", state, err)
	}
}

func TestSettingsFiles(t *testing.T) {
	for _, a := range All() {
		for scope := range a.Settings {
			t.Run(a.Name+" "+string(scope), func(t *testing.T) {
				dir := t.TempDir()
				p := place(t, a.Name, scope, dir)
				in(t, p)
				out(t, p)
				if left := tree(t, dir); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
			})
		}
	}
}

func TestSettingsKeepTheirPlace(t *testing.T) {
	dir := t.TempDir()
	p := place(t, "claude-code", Project, dir)
	have := "{\r\n\t\"model\": \"opus\" // mine\r\n}"
	write(t, p.Path, have)
	write(t, filepath.Join(dir, ".claude", "other"), "x")
	if err := os.Chmod(p.Path, 0o640); err != nil {
		t.Fatal(err)
	}
	in(t, p)
	info, err := os.Stat(p.Path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	out(t, p)
	if got := read(t, p.Path); got != have {
		t.Errorf("%q became %q", have, got)
	}
	if diff := cmp.Diff([]string{".claude", ".claude/other", ".claude/settings.json"}, tree(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestSettingsThatAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	p := place(t, "cursor", Project, dir)
	for _, text := range []string{"", "{", "[]", "{'a': 1}", `{"hooks": 1}`} {
		write(t, p.Path, text)
		_, err := p.Install(p.Agent.Command(""))
		var malformed *MalformedError
		if !errors.As(err, &malformed) || read(t, p.Path) != text {
			t.Errorf("%q: %v, and is now %q", text, err, read(t, p.Path))
		}
		if _, err := p.Uninstall(); !errors.As(err, &malformed) {
			t.Errorf("uninstall %q: %v", text, err)
		}
		if _, _, err := p.Status(""); text != `{"hooks": 1}` && !errors.As(err, &malformed) {
			t.Errorf("status %q: %v", text, err)
		}
	}
	if err := os.Remove(p.Path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Install(p.Agent.Command("")); err == nil {
		t.Error("a folder was taken for settings")
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		if os.Getenv("CI") == "true" { // which runs where links can be made
			t.Fatal(err)
		}
		t.Skipf("NOT TESTED: %v", err)
	}
}

func TestSettingsThroughLinks(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "settings.json")
	write(t, outside, "{}")
	t.Run("of the user", func(t *testing.T) {
		p := place(t, "claude-code", User, t.TempDir())
		link(t, outside, p.Path)
		in(t, p)
		if info, err := os.Lstat(p.Path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link is gone: %v, %v", info.Mode(), err)
		}
		out(t, p)
		if got := read(t, outside); got != "{}" {
			t.Errorf("left %q", got)
		}
	})
	for name, prepare := range map[string]func(dir, path string){
		"the file leads out":   func(_, path string) { link(t, outside, path) },
		"a folder leads out":   func(_, path string) { link(t, filepath.Dir(outside), filepath.Dir(path)) },
		"a folder leads up":    func(dir, path string) { link(t, filepath.Dir(dir), filepath.Dir(path)) },
		"the file is a loop":   func(_, path string) { link(t, "settings.json", path) },
		"the file leads to no": func(_, path string) { link(t, filepath.Join(filepath.Dir(outside), "new"), path) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := place(t, "claude-code", Project, dir)
			prepare(dir, p.Path)
			if _, err := p.Install(p.Agent.Command("")); err == nil {
				t.Error("it was followed")
			}
			if got := read(t, outside); got != "{}" {
				t.Errorf("written outside: %q", got)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(outside), "new")); err == nil {
				t.Error("a file was made outside")
			}
		})
	}
	t.Run("inside", func(t *testing.T) {
		dir := t.TempDir()
		p := place(t, "claude-code", Project, dir)
		write(t, filepath.Join(dir, "shared.json"), "{\n}")
		link(t, filepath.Join("..", "shared.json"), p.Path)
		in(t, p)
		out(t, p)
		if got := read(t, filepath.Join(dir, "shared.json")); got != "{\n}" {
			t.Errorf("left %q", got)
		}
	})
}
