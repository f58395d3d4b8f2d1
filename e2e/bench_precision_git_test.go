//go:build bench

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gitOutput returns what git prints about a repository.
func gitOutput(t *testing.T, repo string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = repo
	cmd.Env = append(os.Environ(), "GIT_NO_LAZY_FETCH=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: git %s: %v", repo, args[0], err)
	}
	return string(out)
}

// completed returns a repository of which git can print every patch: the one it is given, or, of a partial clone, one with
// the same refs in which what is missing is replaced by an empty file. Without that git stops at the first missing object,
// and with it whatever reads what it prints.
func completed(t *testing.T, repo string) string {
	t.Helper()
	var missing []string
	for line := range strings.Lines(gitOutput(t, repo, "rev-list", "--objects", "--all", "--missing=print", "--quiet")) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "?"); ok {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return repo
	}
	dir := t.TempDir()
	benchRun(t, dir, "git", "init", "-q", "--bare", ".")
	objects := strings.TrimSpace(gitOutput(t, repo, "rev-parse", "--path-format=absolute", "--git-path", "objects"))
	if err := os.WriteFile(filepath.Join(dir, "objects", "info", "alternates"), []byte(objects+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := strings.TrimSpace(gitOutput(t, dir, "hash-object", "-w", "-t", "blob", os.DevNull))
	refs := gitOutput(t, repo, "for-each-ref", "--format=create %(refname) %(objectname)")
	for _, id := range missing {
		refs += "create refs/replace/" + id + " " + empty + "\n"
	}
	update := exec.Command("git", "update-ref", "--stdin")
	update.Dir = dir
	update.Stdin = strings.NewReader(refs)
	if out, err := update.CombinedOutput(); err != nil {
		t.Fatalf("%s: git update-ref: %v: %s", repo, err, out)
	}
	return dir
}

// ownSettings are what would make a scanner report something else in this repository than in others.
var ownSettings = []string{".gitleaks.toml", ".gitleaksignore", ".skantignore"}

// layTree writes the files of HEAD into a folder and returns how many bytes they have. git only says what they are: a work
// tree would run the filters that a repository's attributes ask for, and `git archive` leaves out what they tell it to.
// Links and submodules are left out, as are objects that a partial clone does not have.
func layTree(t *testing.T, repo, dir string) (bytes int64) {
	t.Helper()
	done := dir + ".done"
	if text, err := os.ReadFile(done); err == nil {
		if _, err := fmt.Sscan(string(text), &bytes); err == nil {
			return bytes
		}
	}
	type entry struct{ id, name string }
	var files []entry
	for line := range strings.SplitSeq(gitOutput(t, repo, "ls-tree", "-r", "-z", "HEAD"), "\x00") {
		head, name, _ := strings.Cut(line, "\t")
		parts := strings.Fields(head)
		folders := strings.Split(name, "/")
		wanted := len(parts) == 3 && strings.HasPrefix(parts[0], "100") && filepath.IsLocal(name)
		if wanted && !slices.Contains(folders, ".git") && !slices.Contains(ownSettings, folders[len(folders)-1]) {
			files = append(files, entry{parts[2], name})
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	objects := newObjectReader(t, repo)
	defer objects.close()
	for _, f := range files {
		data, ok := objects.read(f.id)
		if !ok {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		bytes += int64(len(data))
	}
	if err := os.WriteFile(done, []byte(fmt.Sprint(bytes)), 0o600); err != nil {
		t.Fatal(err)
	}
	return bytes
}

// objectReader reads objects of a repository through `git cat-file --batch`.
type objectReader struct {
	t     *testing.T
	cmd   *exec.Cmd
	asked io.WriteCloser
	given *bufio.Reader
}

func newObjectReader(t *testing.T, repo string) *objectReader {
	t.Helper()
	cmd := exec.Command("git", "cat-file", "--batch")
	cmd.Dir = repo
	cmd.Env = append(os.Environ(), "GIT_NO_LAZY_FETCH=1")
	asked, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	given, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &objectReader{t, cmd, asked, bufio.NewReader(given)}
}

// read returns an object's content, and whether the repository has it.
func (r *objectReader) read(id string) ([]byte, bool) {
	r.t.Helper()
	if _, err := fmt.Fprintln(r.asked, id); err != nil {
		r.t.Fatal(err)
	}
	head, err := r.given.ReadString('\n')
	if err != nil {
		r.t.Fatal(err)
	}
	var name, kind string
	var size int
	if _, err := fmt.Sscan(head, &name, &kind, &size); err != nil {
		return nil, false // "ID missing"
	}
	data := make([]byte, size+1) // and the line end behind it
	if _, err := io.ReadFull(r.given, data); err != nil {
		r.t.Fatal(err)
	}
	return data[:size], true
}

func (r *objectReader) close() {
	if err := r.asked.Close(); err != nil {
		r.t.Error(err)
	}
	if err := r.cmd.Wait(); err != nil {
		r.t.Error(err)
	}
}
