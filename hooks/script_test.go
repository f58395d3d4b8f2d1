package hooks

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shells are the ways in which the shells of this machine run a script; at least one is there.
func shells(t *testing.T) [][]string {
	t.Helper()
	var found [][]string
	for _, c := range [][]string{{"sh"}, {"dash"}, {"bash", "--posix"}, {"bash"}, {"busybox", "sh"}, {"ksh"}, {"zsh", "--emulate", "sh"}} {
		if path, err := exec.LookPath(c[0]); err == nil {
			found = append(found, append([]string{path}, c[1:]...))
		}
	}
	if len(found) == 0 {
		t.Fatal("no shell")
	}
	return found
}

// runHook runs a hook as git does, with arguments and input.
func runHook(shell []string, dir, hook, path, stdin string, args ...string) (exit int, stdout, stderr string) {
	cmd := exec.Command(shell[0], append(append(shell[1:len(shell):len(shell)], hook), args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, append(os.Environ(), "PATH="+path), strings.NewReader(stdin)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	_ = cmd.Run() // The exit code is looked at by the caller.
	return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
}

const system = "/usr/bin:/bin"

// TestScript runs the hook's text in real shells.
func TestScript(t *testing.T) {
	folder := t.TempDir()
	fake := func(name, prints string, exit string) string {
		path := filepath.Join(folder, name, "skant")
		write(t, path, "#!/bin/sh\necho "+prints+" \"$@\"\nexit "+exit+"\n", 0o755)
		return path
	}
	recorded, inPath := fake("it's $(a) \"b\" KIND RUN", "recorded", "3"), fake("bin", "found", "1")
	for _, c := range []struct {
		name, binary, path, said, stderr string
		exit                             int
	}{
		{"the recorded program", recorded, system, "recorded", "", 3},
		{"the one in PATH", filepath.Join(folder, "gone"), filepath.Dir(inPath) + ":" + system, "found", "", 1},
		{"none", "/no/such/skant", system, "", "skant: not found at /no/such/skant and not in PATH", 1},
	} {
		for _, shell := range shells(t) {
			for _, k := range Kinds() {
				hook := filepath.Join(folder, "a hook's folder", k.Name)
				write(t, hook, scriptV2(k, setup{binary: c.binary}), 0o755)
				exit, stdout, stderr := runHook(shell, folder, hook, c.path, "", "one two", "$(x)")
				want := ""
				if c.said != "" {
					want = c.said + " hooks run " + k.Name + " -- one two $(x)\n"
				}
				if exit != c.exit || stdout != want || !strings.HasPrefix(stderr, c.stderr) || c.stderr == "" && stderr != "" {
					t.Errorf("%s, %s, %q: exit %d, stdout %q, stderr %q", k.Name, c.name, shell, exit, stdout, stderr)
				}
				if c.said == "" && !strings.Contains(stderr, k.remedy()) {
					t.Errorf("%s: the message does not say how to go on: %q", k.Name, stderr)
				}
			}
		}
	}
}

func TestScriptV1(t *testing.T) {
	folder := t.TempDir()
	binary := filepath.Join(folder, "skant")
	write(t, binary, "#!/bin/sh\necho ran \"$@\"\nexit 3\n", 0o755)
	hook := filepath.Join(folder, "pre-commit")
	write(t, hook, scriptV1(Kinds()[0], setup{binary: binary}), 0o755)
	if exit, out, _ := runHook([]string{"/bin/sh"}, folder, hook, system, ""); exit != 3 || out != "ran staged\n" {
		t.Errorf("exit %d, %q", exit, out)
	}
}

// TestScriptChains has a hook that stood there before: it runs first, with the same arguments and the same input to the
// byte, and its status ends it.
func TestScriptChains(t *testing.T) {
	folder := t.TempDir()
	binary := filepath.Join(folder, "skant")
	write(t, binary, "#!/bin/sh\necho skant \"$@\"\ncat > skant.in\nexit 3\n", 0o755)
	input := "refs/heads/a 1 refs/heads/$(x) 2\n\\n %s 'b'\n\n-n\n\xff\xe2\x82\n\n\n"
	for _, shell := range shells(t) {
		for _, k := range Kinds() {
			for _, c := range []struct {
				name, kept string
				mode       os.FileMode
				exit       int
				stdout     string
			}{
				{"passes", "#!/bin/sh\necho kept \"$@\"\n[ \"$INPUT\" ] || cat > kept.in\nexit 0\n", 0o755, 3, "kept a b c\nskant hooks run KIND -- a b c\n"},
				{"refuses", "#!/bin/sh\necho kept \"$@\"\nexit 77\n", 0o755, 77, "kept a b c\n"},
				{"without a first line", "echo kept \"$@\"\n", 0o755, 3, "kept a b c\nskant hooks run KIND -- a b c\n"},
				{"reads nothing", "#!/bin/sh\nexit 0\n", 0o755, 3, "skant hooks run KIND -- a b c\n"},
				{"may not be executed", "#!/bin/sh\nexit 77\n", 0o644, 3, "skant hooks run KIND -- a b c\n"},
			} {
				place := filepath.Join(folder, "a b")
				hook := filepath.Join(place, k.Name)
				for _, old := range []string{hook + keptSuffix, filepath.Join(folder, "skant.in"), filepath.Join(folder, "kept.in")} {
					if err := os.RemoveAll(old); err != nil {
						t.Fatal(err)
					}
				}
				write(t, hook, scriptV2(k, setup{binary: binary}), 0o755)
				write(t, hook+keptSuffix, c.kept, c.mode)
				exit, out, errOut := runHook(shell, folder, hook, system, input, "a b", "c")
				if want := strings.ReplaceAll(c.stdout, "KIND", k.Name); exit != c.exit || out != want || errOut != "" {
					t.Errorf("%q, %s, %s: exit %d, %q, %q", shell, k.Name, c.name, exit, out, errOut)
				}
				if k.Stdin && exit == 3 && read(t, filepath.Join(folder, "skant.in")) != input {
					t.Errorf("%q, %s, %s: skant was told %q", shell, k.Name, c.name, read(t, filepath.Join(folder, "skant.in")))
				}
				if k.Stdin && c.name == "passes" && read(t, filepath.Join(folder, "kept.in")) != input {
					t.Errorf("%q, %s, %s: the other hook was told %q", shell, k.Name, c.name, read(t, filepath.Join(folder, "kept.in")))
				}
				// Called by its name alone, from its own folder.
				exit, out, _ = runHook(shell, place, k.Name, system, input, "a b", "c")
				if want := strings.ReplaceAll(c.stdout, "KIND", k.Name); exit != c.exit || out != want {
					t.Errorf("%q, %s, %s, from its folder: exit %d, %q", shell, k.Name, c.name, exit, out)
				}
			}
		}
	}
}

// TestScriptOnError has no program where pushes arrive.
func TestScriptOnError(t *testing.T) {
	folder := t.TempDir()
	server := Kinds()[3]
	git := filepath.Join(folder, "bin", "git")
	for _, c := range []struct {
		onError, config string
		exit            int
	}{{"", "", 1}, {"block", "allow", 1}, {"allow", "block", 0}, {"", "allow", 0}, {"", "block", 1}, {"", "fail", 1}} {
		write(t, git, "#!/bin/sh\n[ \"$*\" = 'config --get skant.onError' ] || exit 9\n[ "+c.config+" != fail ] || exit 1\necho "+c.config+"\n", 0o755)
		for _, shell := range shells(t) {
			hook := filepath.Join(folder, "pre-receive")
			write(t, hook, scriptV2(server, setup{binary: "/no/such/skant", onError: c.onError}), 0o755)
			path := filepath.Dir(git) + ":" + system
			if exit, _, errOut := runHook(shell, folder, hook, path, "x\n"); exit != c.exit || !strings.Contains(errOut, "not found") {
				t.Errorf("%q, %+v: exit %d, %q", shell, c, exit, errOut)
			}
			// A hook that was there before still has its say.
			write(t, hook+keptSuffix, "#!/bin/sh\nread line && [ \"$line\" = x ] && exit 5\n", 0o755)
			want := 5
			if c.exit != 0 {
				want = 1
			}
			if exit, _, _ := runHook(shell, folder, hook, path, "x\n"); exit != want {
				t.Errorf("%q, %+v, chained: exit %d", shell, c, exit)
			}
			if err := os.Remove(hook + keptSuffix); err != nil {
				t.Fatal(err)
			}
		}
		binary := filepath.Join(folder, "skant")
		write(t, binary, "#!/bin/sh\necho \"$@\"\n", 0o755)
		hook := filepath.Join(folder, "there", "pre-receive")
		write(t, hook, scriptV2(server, setup{binary: binary, onError: c.onError}), 0o755)
		want := "hooks run pre-receive --\n"
		if c.onError != "" {
			want = "hooks run pre-receive --on-error=" + c.onError + " --\n"
		}
		if _, out, _ := runHook([]string{"/bin/sh"}, folder, hook, system, ""); out != want {
			t.Errorf("%+v: it runs %q", c, out)
		}
	}
}

// TestScriptIsPlain holds what other systems' shells and editors cannot stand.
func TestScriptIsPlain(t *testing.T) {
	for _, k := range Kinds() {
		text := scriptV2(k, setup{binary: "C:/Program Files/skant/skant.exe"})
		for _, c := range text {
			if c > 126 || c < ' ' && c != '\n' && c != '\t' {
				t.Errorf("%s: %q in the script", k.Name, c)
			}
		}
		for _, word := range []string{"[[", "local ", "function ", "=~", "<<<", "&>", "|&", "$'", " == ", "source ", "echo -"} {
			if strings.Contains(text, word) {
				t.Errorf("%s: %q is no POSIX", k.Name, word)
			}
		}
		for _, token := range []string{"KIND", "KEPT", "PROGRAM", "ONERROR", "REMEDY", "STOP", "UNLESS", "RUN", "FLAG", "BYPASS"} {
			if strings.Contains(text, token) {
				t.Errorf("%s: %s is left in the script", k.Name, token)
			}
		}
		if strings.Contains(text, " \n") || strings.Contains(text, "\t\n") || !strings.HasPrefix(text, "#!/bin/sh\n") {
			t.Errorf("%s: %q", k.Name, text)
		}
	}
}
