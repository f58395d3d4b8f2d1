//go:build e2e

package e2e

import (
	"encoding/base64"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/evidence"
)

// workRepo is a git repository with a work tree, in which commands are run as a user would.
type workRepo struct {
	t   *testing.T
	dir string
	env []string
}

// newRepo makes an empty repository on the branch main. Its commands see no configuration of the machine, and no skant
// in PATH.
func newRepo(t *testing.T) *workRepo {
	t.Helper()
	home := t.TempDir()
	r := &workRepo{t: t, dir: t.TempDir(), env: append(os.Environ(),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home,
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=C", "GIT_COMMITTER_EMAIL=c@example.com",
		"GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true", "LC_ALL=C.UTF-8", "NO_COLOR=1",
	)}
	r.git("init", "-q", "-b", "main")
	return r
}

// run runs a program in the work tree and returns its exit code and all that it printed.
func (r *workRepo) run(name string, args ...string) (code int, out string) {
	r.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	raw, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		r.t.Fatalf("start %s: %v", name, err)
	}
	return cmd.ProcessState.ExitCode(), string(raw)
}

// must is run for a program that has to succeed.
func (r *workRepo) must(name string, args ...string) string {
	r.t.Helper()
	code, out := r.run(name, args...)
	if code != 0 {
		r.t.Fatalf("%s %q: exit %d\n%s", name, args, code, out)
	}
	return out
}

func (r *workRepo) git(args ...string) string {
	r.t.Helper()
	return r.must("git", args...)
}

func (r *workRepo) write(name, content string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		r.t.Fatal(err)
	}
}

// commits returns how many commits HEAD has; 0 before the first.
func (r *workRepo) commits() int {
	r.t.Helper()
	return strings.Count(r.git("log", "--all", "--format=%H"), "\n")
}

// blocked runs git and holds that the hook stops it, names the rule and the file, and does not show the secret.
func (r *workRepo) blocked(secret, file string, args ...string) {
	r.t.Helper()
	before := r.commits()
	code, out := r.run("git", args...)
	if code == 0 || r.commits() != before {
		r.t.Errorf("git %q: exit %d, %d commits before and %d after\n%s", args, code, before, r.commits(), hide(out, secret))
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

// passes runs git and holds that it makes one more commit.
func (r *workRepo) passes(args ...string) {
	r.t.Helper()
	before := r.commits()
	if code, out := r.run("git", args...); code != 0 || r.commits() != before+1 {
		r.t.Errorf("git %q: exit %d, %d commits before and %d after\n%s", args, code, before, r.commits(), out)
	}
}

// newSecret returns an Anthropic key that was never issued, with a right checksum; the same for the same test.
func newSecret(t *testing.T) string {
	t.Helper()
	var seed [32]byte
	copy(seed[:], t.Name())
	body := make([]byte, 65)
	for i, source := 0, rand.NewChaCha8(seed); i < len(body); i++ {
		body[i] = byte(source.Uint64())
	}
	// 86 characters of base64 stand for 64 bytes and 4 bits, so the last one is one of these.
	text := base64.RawURLEncoding.EncodeToString(body)[:85] + string("AQgw"[body[64]&3])
	text = "sk-" + "ant-api03-" + text
	return text + "-" + evidence.AnthropicSuffix(text)
}

func hide(out, secret string) string { return strings.ReplaceAll(out, secret, "(the secret)") }

// without returns an environment without the variable.
func without(env []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, name+"=") })
}
