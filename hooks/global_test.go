package hooks

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newGlobal returns a user as this package sees one, with a home of his own, and a program for the hooks to run.
func newGlobal(t *testing.T, configHooks bool) (Global, Options) {
	t.Helper()
	home := t.TempDir()
	binary := filepath.Join(home, "it's a \"folder\"; #1", "skant")
	write(t, binary, "#!/bin/sh\necho ran \"$@\"\nexit 3\n", 0o755)
	return Global{
		ConfigFile: filepath.Join(home, ".gitconfig"), ConfigHooks: configHooks, OwnTemplate: filepath.Join(home, ".config/skant/git-template"),
		Check: func(file string, want map[string]string) error {
			for key, value := range want {
				out, err := exec.Command("git", "config", "--file", file, "-z", "--get-all", key).Output()
				if err != nil || string(out) != value+"\x00" {
					return fmt.Errorf("git reads %q of %s: %w", out, key, err)
				}
			}
			return nil
		},
	}, Options{Binary: binary}
}

// configurations are what may be in a user's configuration, by what is special about it.
var configurations = map[string]string{
	"empty":             "",
	"usual":             "[user]\n\tname = A\n",
	"no end":            "[user]\n\tname = A",
	"lines of Windows":  "[user]\r\n\tname = A\r\n",
	"a comment, no end": "[user]\n\tname = A\n# end",
	"hooks of others":   "[hook \"lint\"]\n\tevent = pre-commit\n\tcommand = lint\n",
	"a line goes on":    "[a]\n\tb = c \\\n", // the comment that a block begins with ends it
	"odd spacing":       "\n\n   [a]b=c\n\n",
}

func TestGlobalConfig(t *testing.T) {
	for name, content := range configurations {
		g, opt := newGlobal(t, true)
		write(t, g.ConfigFile, content, 0o640)
		if err := os.Chmod(g.ConfigFile, 0o640); err != nil {
			t.Fatal(err)
		}
		for _, kinds := range [][]Kind{DefaultKinds(), AllKinds(false), AllKinds(false)} {
			state, err := g.Install(kinds, opt)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(state.Configured) != len(kinds) || state.Outdated {
				t.Errorf("%s: %+v", name, state)
			}
		}
		if text := read(t, g.ConfigFile); !strings.HasPrefix(text, content) || strings.Count(text, blockStart) != 1 {
			t.Errorf("%s: %q", name, text)
		}
		if state, err := g.Status(Options{Binary: "/other"}); err != nil || !state.Outdated {
			t.Errorf("%s: %+v, %v", name, state, err)
		}
		_, _, changed, err := g.Uninstall(opt)
		info, statErr := os.Stat(g.ConfigFile)
		if err != nil || statErr != nil || !changed || read(t, g.ConfigFile) != content || info.Mode().Perm() != 0o640 {
			t.Errorf("%s: changed %v, %v, %v: %q", name, changed, info, err, read(t, g.ConfigFile))
		}
		if _, _, changed, err = g.Uninstall(opt); err != nil || changed {
			t.Errorf("%s: again: %v, %v", name, changed, err)
		}
	}
}

// TestGlobalConfigRuns has a shell run what is configured, as git does.
func TestGlobalConfigRuns(t *testing.T) {
	g, opt := newGlobal(t, true)
	if _, err := g.Install(AllKinds(false), opt); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(opt.Binary); err != nil {
		t.Fatal(err)
	}
	for _, exists := range []bool{false, true} {
		if exists {
			write(t, opt.Binary, "#!/bin/sh\necho ran \"$@\"\nexit 3\n", 0o755)
		}
		for _, k := range AllKinds(false) {
			out, err := exec.Command("git", "config", "--file", g.ConfigFile, "--get", "hook."+configName(k)+".command").Output()
			if err != nil {
				t.Fatal(err)
			}
			for _, shell := range shells(t) {
				cmd := exec.Command(shell[0], append(shell[1:len(shell):len(shell)], "-c", strings.TrimSuffix(string(out), "\n")+` "$@"`, "x", "a b", "c")...)
				said, _ := cmd.CombinedOutput()
				want, exit := "ran hooks run "+k.Name+" -- a b c\n", 3
				if !exists {
					want, exit = "skant: not found at "+opt.Binary+", so nothing was checked for secrets; install it again and run: skant hooks install --global\n", 1
				}
				if string(said) != want || cmd.ProcessState.ExitCode() != exit {
					t.Errorf("%q, %s: exit %d, %q", shell, k.Name, cmd.ProcessState.ExitCode(), said)
				}
			}
		}
	}
}

func TestGlobalConfigThatIsNotThere(t *testing.T) {
	g, opt := newGlobal(t, true)
	g.ConfigFile = filepath.Join(filepath.Dir(g.ConfigFile), "xdg", "git", "config")
	if _, err := g.Install(DefaultKinds(), opt); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := g.Uninstall(opt); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(g.ConfigFile); err == nil {
		t.Errorf("it is still there: %q", read(t, g.ConfigFile))
	}
	// Something was added meanwhile: that stays.
	if _, err := g.Install(DefaultKinds(), opt); err != nil {
		t.Fatal(err)
	}
	write(t, g.ConfigFile, "[a]\n\tb = c\n"+read(t, g.ConfigFile)+"[d]\n\te = f\n", 0o644)
	if _, _, _, err := g.Uninstall(opt); err != nil || read(t, g.ConfigFile) != "[a]\n\tb = c\n[d]\n\te = f\n" {
		t.Errorf("%q, %v", read(t, g.ConfigFile), err)
	}
}

func TestGlobalConfigBehindALink(t *testing.T) {
	g, opt := newGlobal(t, true)
	target := filepath.Join(filepath.Dir(g.ConfigFile), "dotfiles", "gitconfig")
	write(t, target, "[a]\n\tb = c\n", 0o600)
	if err := os.Symlink(target, g.ConfigFile); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Install(DefaultKinds(), opt); err != nil || !strings.Contains(read(t, target), blockStart) {
		t.Fatal(err)
	}
	if _, _, _, err := g.Uninstall(opt); err != nil || read(t, target) != "[a]\n\tb = c\n" {
		t.Errorf("%q, %v", read(t, target), err)
	}
	if link, err := os.Readlink(g.ConfigFile); err != nil || link != target {
		t.Errorf("the link is %q, %v", link, err)
	}
}

// TestGlobalConfigBehindALinkToNowhere: a link is not replaced by a file because what it leads to is not there at the moment.
func TestGlobalConfigBehindALinkToNowhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	if err := os.Symlink("nowhere", path); err != nil {
		t.Fatal(err)
	}
	err := editConfig(path, func(string, bool) (string, bool, error) { return "[a]\n", false, nil }, nil)
	if err == nil || !strings.Contains(err.Error(), "leads nowhere") {
		t.Errorf("error %v", err)
	}
	if to, err := os.Readlink(path); err != nil || to != "nowhere" {
		t.Errorf("the link is now %q, %v", to, err)
	}
}

// TestGlobalConfigStays has configurations that must not be written.
func TestGlobalConfigStays(t *testing.T) {
	block := func(lines string) string { return blockStart + "\n" + lines + blockEnd + "\n" }
	for name, content := range map[string]string{
		"not git's":            "[[[\n",
		"an open quote":        "[a]\n\tb = \"c\n",
		"no end of the block":  blockStart + "\n[hook \"skant-pre-commit\"]\n",
		"an end alone":         "[a]\n" + blockEnd + "\n",
		"two blocks":           block("") + block(""),
		"somebody's own lines": block("[user]\n\tname = me\n"),
		"one line more":        block(hookSection(Kinds()[0], "x") + "\tparallel = true\n"),
		"another comment":      blockStart + "; and more\n" + blockEnd + "\n",
		"binary":               "[a]\n\tb = \x00\n",
	} {
		g, opt := newGlobal(t, true)
		write(t, g.ConfigFile, content, 0o644)
		if _, err := g.Install(DefaultKinds(), opt); err == nil || read(t, g.ConfigFile) != content {
			t.Errorf("%s: error %v, %q", name, err, read(t, g.ConfigFile))
		}
		if _, _, _, err := g.Uninstall(opt); read(t, g.ConfigFile) != content {
			t.Errorf("%s: uninstalling changed it: %v, %q", name, err, read(t, g.ConfigFile))
		}
		if left, err := filepath.Glob(g.ConfigFile + "*"); err != nil || len(left) != 1 {
			t.Errorf("%s: %q is left", name, left)
		}
	}
	g, opt := newGlobal(t, true)
	write(t, g.ConfigFile+".lock", "", 0o600)
	if _, err := g.Install(DefaultKinds(), opt); err == nil || !strings.Contains(err.Error(), ".lock") {
		t.Errorf("while another program writes: %v", err)
	}
	if _, err := os.Stat(g.ConfigFile + ".lock"); err != nil {
		t.Error("the lock of another program was removed")
	}
}

func TestGlobalTemplate(t *testing.T) {
	g, opt := newGlobal(t, false)
	write(t, g.ConfigFile, "[user]\n\tname = A", 0o644)
	state, err := g.Install(DefaultKinds(), opt)
	if err != nil || state.TemplateDir != g.OwnTemplate || state.Hooks[0].State != Installed {
		t.Fatalf("%+v, %v", state, err)
	}
	out, err := exec.Command("git", "config", "--file", g.ConfigFile, "--get", "init.templateDir").Output()
	if err != nil || string(out) != g.OwnTemplate+"\n" {
		t.Errorf("git reads %q, %v", out, err)
	}
	g.TemplateDir, g.TemplateFrom = g.OwnTemplate, "user"
	if _, err := g.Install(AllKinds(false), opt); err != nil {
		t.Fatal(err)
	}
	if removed, _, changed, err := g.Uninstall(opt); err != nil || !changed || len(removed) != 3 || read(t, g.ConfigFile) != "[user]\n\tname = A" {
		t.Errorf("removed %q, %v: %q", removed, err, read(t, g.ConfigFile))
	}
	if _, err := os.Stat(g.OwnTemplate); err == nil {
		t.Error("the folder is still there")
	}
}

func TestGlobalTemplateIsExtended(t *testing.T) {
	g, opt := newGlobal(t, false)
	g.TemplateDir, g.TemplateFrom = filepath.Join(filepath.Dir(g.ConfigFile), "company"), "system"
	hook := filepath.Join(g.TemplateDir, "hooks", "pre-commit")
	write(t, hook, "#!/bin/sh\nexit 0\n", 0o755)
	write(t, filepath.Join(g.TemplateDir, "description"), "ours\n", 0o644)
	for range 2 {
		state, err := g.Install(DefaultKinds(), opt)
		if err != nil || state.Hooks[0].Kept == "" || state.Hooks[1].State != Installed {
			t.Fatalf("%+v, %v", state, err)
		}
	}
	if _, err := os.Stat(g.ConfigFile); err == nil {
		t.Errorf("the configuration was written: %q", read(t, g.ConfigFile))
	}
	if _, restored, _, err := g.Uninstall(opt); err != nil || len(restored) != 1 || read(t, hook) != "#!/bin/sh\nexit 0\n" {
		t.Errorf("restored %q, %v", restored, err)
	}
	for from, dir := range map[string]string{"GIT_TEMPLATE_DIR": g.TemplateDir, "user": "relative"} {
		g.TemplateFrom, g.TemplateDir = from, dir
		if _, err := g.Install(DefaultKinds(), opt); err == nil {
			t.Errorf("%s %s is taken", from, dir)
		}
	}
	var none *ForeignError
	if errors.As(err0(g.Install(nil, Options{})), &none) {
		t.Error("a program without a path is no hook of somebody else")
	}
}

func err0(_ *GlobalState, err error) error { return err }

// FuzzBlock holds that what is added to any configuration can be taken out again, to the byte.
func FuzzBlock(f *testing.F) {
	for _, content := range configurations {
		f.Add(content, "[init]\n", false)
	}
	f.Add(blockStart+"\n"+blockEnd+"\n", "", true)
	f.Fuzz(func(t *testing.T, content, lines string, newFile bool) {
		before, old, found, _, err := cutBlock(content)
		if err != nil {
			return
		}
		parseBlock(old) //nolint:errcheck // it must not crash
		if !found && before != content {
			t.Errorf("without a block, %q becomes %q", content, before)
		}
		if strings.Contains(lines, blockStart) || strings.Contains(lines, blockEnd) || lines != "" && !strings.HasSuffix(lines, "\n") || newFile && before != "" {
			return
		}
		again, got, found, _, err := cutBlock(addBlock(before, lines, newFile))
		if err != nil || !found || again != before || got != lines {
			t.Errorf("%q and %q become %q and %q: %v", before, lines, again, got, err)
		}
	})
}
