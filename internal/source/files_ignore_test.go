package source

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/ignore"
)

// filesTree writes files and makes the folder a git repository if one is asked for.
func filesTree(t *testing.T, files map[string]string) string {
	t.Helper()
	top := t.TempDir()
	for name, content := range files {
		filesWrite(t, filepath.Join(top, name), content)
	}
	return top
}

const filesByGit = "ignored by .gitignore (--no-ignore reads them)"

func TestFilesGitIgnore(t *testing.T) {
	top := filesTree(t, map[string]string{
		".gitignore": "*.log\nbuild/\n", "a.log": "1", "a.txt": "2", "build/x": "3", "build/deep/kept": "4",
		"build/deep/y": "5", "sub/.gitignore": "!b.log", "sub/b.log": "6", "kept.log": "7", "excluded": "8", "mine~": "9",
		".git/info/exclude": "excluded",
	})
	filesGit(t, top, "init", "-q")
	filesGit(t, top, "add", "-f", "build/deep/kept", "kept.log")
	excludes := filepath.Join(t.TempDir(), "excludes")
	filesWrite(t, excludes, "*~")
	left := []string{".gitignore", "a.txt", "build/deep/kept", "kept.log", "sub/.gitignore", "sub/b.log"}
	gitOwn := "folders: git's own store: use `skant history` [\".git\"]"

	asked := 0
	tracked := func(worktree string) (map[string]bool, error) {
		asked++
		return filesTracked(t)(worktree)
	}
	visited, coverage := filesRun(t, FilesOptions{Tracked: tracked, ExcludesFile: excludes}, top)
	filesCompare(t, visited, coverage, left, []string{
		`files: ` + filesByGit + ` ["a.log" "build/deep/y" "build/x" "excluded" "mine~"]`, gitOwn,
	})
	if asked != 1 || !coverage.Complete {
		t.Errorf("the index was asked for %d times; complete: %v", asked, coverage.Complete)
	}

	all := []string{
		".gitignore", "a.log", "a.txt", "build/deep/kept", "build/deep/y", "build/x", "excluded", "kept.log", "mine~",
		"sub/.gitignore", "sub/b.log",
	}
	visited, coverage = filesRun(t, FilesOptions{Tracked: tracked, NoIgnore: true}, top)
	filesCompare(t, visited, coverage, all, []string{gitOwn})
	visited, coverage = filesRun(t, FilesOptions{}, top)
	filesCompare(t, visited, coverage, all, []string{gitOwn})

	fails := func(string) (map[string]bool, error) { return nil, errors.New("bad signature") }
	visited, coverage = filesRun(t, FilesOptions{Tracked: fails}, top)
	filesCompare(t, visited, coverage, all, []string{
		gitOwn, `ignore rules: .gitignore is not applied, because the index cannot be read: bad signature ["` + top + `"]`,
	})

	t.Run("what is named is read", func(t *testing.T) {
		visited, _ := filesRun(t, FilesOptions{Tracked: tracked, Root: top}, filepath.Join(top, "a.log"), filepath.Join(top, "build"))
		want := []string{"a.log", "build/deep/kept", "build/deep/y", "build/x"}
		filesCompare(t, visited, coverage, want, filesSkips(coverage))
	})
	t.Run("ignore files above the named folder hold", func(t *testing.T) {
		filesWrite(t, filepath.Join(top, "sub/deeper/b.log"), "")
		filesWrite(t, filepath.Join(top, "other/c.log"), "")
		visited, coverage := filesRun(t, FilesOptions{Tracked: tracked, Root: top}, filepath.Join(top, "sub/deeper"), filepath.Join(top, "other"))
		filesCompare(t, visited, coverage, []string{"sub/deeper/b.log"}, []string{`files: ` + filesByGit + ` ["other/c.log"]`})
	})
}

func TestFilesGitIgnoreOutsideGit(t *testing.T) {
	top := filesTree(t, map[string]string{".gitignore": "*", "a": "1", ".git/not-a-store": "2"})
	visited, coverage := filesRun(t, FilesOptions{Tracked: filesTracked(t)}, top)
	filesCompare(t, visited, coverage, []string{".git/not-a-store", ".gitignore", "a"}, nil)
}

func TestFilesNestedRepositories(t *testing.T) {
	top := filesTree(t, map[string]string{
		".gitignore": "*.log\nvendor/", "inner/.gitignore": "*.txt", "inner/a.log": "1", "inner/a.txt": "2", "inner/kept.txt": "3",
		"vendor/other/x": "4",
	})
	filesGit(t, top, "init", "-q")
	filesGit(t, filepath.Join(top, "inner"), "init", "-q")
	filesGit(t, filepath.Join(top, "inner"), "add", "-f", "kept.txt")
	visited, coverage := filesRun(t, FilesOptions{Tracked: filesTracked(t)}, top)
	filesCompare(t, visited, coverage, []string{".gitignore", "inner/.gitignore", "inner/a.log", "inner/kept.txt"}, []string{
		`files: ` + filesByGit + ` ["inner/a.txt"]`,
		"folders: git's own store: use `skant history` [\".git\" \"inner/.git\"]",
		`folders: ` + filesByGit + ` ["vendor"]`,
	})
}

func TestFilesLinkedWorktree(t *testing.T) {
	top := filesTree(t, map[string]string{"main/a": "1"})
	filesGit(t, filepath.Join(top, "main"), "init", "-q")
	filesGit(t, filepath.Join(top, "main"), "add", ".")
	filesGit(t, filepath.Join(top, "main"), "commit", "-qm", "x")
	filesGit(t, filepath.Join(top, "main"), "worktree", "add", "-q", "../linked")
	filesWrite(t, filepath.Join(top, "main/.git/info/exclude"), "no*")
	filesWrite(t, filepath.Join(top, "linked/not"), "2")
	visited, coverage := filesRun(t, FilesOptions{Tracked: filesTracked(t)}, filepath.Join(top, "linked"))
	filesCompare(t, visited, coverage, []string{".git", "a"}, []string{`files: ` + filesByGit + ` ["not"]`})
}

func TestFilesBareStore(t *testing.T) {
	top := t.TempDir()
	filesGit(t, top, "init", "-q", "--bare", "store.git")
	for _, paths := range [][]string{{top}, {filepath.Join(top, "store.git")}} {
		visited, coverage := filesRun(t, FilesOptions{Root: top}, paths...)
		if _, ok := visited["store.git/config"]; !ok {
			t.Errorf("the store's configuration was not read: %q", filesNames(visited))
		}
		filesCompare(t, visited, coverage, filesNames(visited), []string{
			"unread folders: a git store, whose objects are compressed; use `skant history` on it [\"store.git\"]",
		})
	}
}

func TestFilesSkantIgnore(t *testing.T) {
	files := map[string]string{
		".skantignore": "samples/\n*.pem\n!keep.pem", "a.pem": "1", "keep.pem": "2", "samples/x": "3", "sub/.skantignore": "!b.pem",
		"sub/b.pem": "4", "c": "5",
	}
	read := []string{".skantignore", "c", "keep.pem", "sub/.skantignore", "sub/b.pem"}
	skips := []string{`files: ignored by .skantignore ["a.pem"]`, `folders: ignored by .skantignore ["samples"]`}
	t.Run("outside git", func(t *testing.T) {
		visited, coverage := filesRun(t, FilesOptions{NoIgnore: true}, filesTree(t, files))
		filesCompare(t, visited, coverage, read, skips)
	})
	t.Run("tracked files", func(t *testing.T) {
		top := filesTree(t, files)
		filesGit(t, top, "init", "-q")
		filesGit(t, top, "add", ".")
		visited, coverage := filesRun(t, FilesOptions{Tracked: filesTracked(t), Root: top}, filepath.Join(top, "sub"),
			filepath.Join(top, "a.pem"), filepath.Join(top, "samples", "x"), filepath.Join(top, "c"))
		filesCompare(t, visited, coverage, []string{"c", "sub/.skantignore", "sub/b.pem"}, []string{
			`files: .skantignore leaves out everything: no file was read ["a.pem" "samples/x"]`,
			`files: ignored by .skantignore ["a.pem" "samples/x"]`,
		})
	})
	t.Run("everything", func(t *testing.T) {
		visited, coverage := filesRun(t, FilesOptions{}, filesTree(t, map[string]string{".skantignore": "*", "a": "1"}))
		filesCompare(t, visited, coverage, []string{}, []string{
			`unread folders: .skantignore leaves out everything: no file was read ["."]`,
			`files: ignored by .skantignore [".skantignore" "a"]`,
		})
	})
	t.Run("a link is no ignore file", func(t *testing.T) {
		top := filesTree(t, map[string]string{"all": "*", "a": "1"})
		if err := os.Symlink("all", filepath.Join(top, ".skantignore")); err != nil {
			t.Fatal(err)
		}
		visited, _ := filesRun(t, FilesOptions{}, top)
		if len(visited) != 3 {
			t.Errorf("visited %q", filesNames(visited))
		}
	})
	t.Run("too large", func(t *testing.T) {
		top := filesTree(t, map[string]string{".skantignore": "*\n" + strings.Repeat("#", ignore.MaxFile), "a": "1"})
		visited, coverage := filesRun(t, FilesOptions{}, top)
		filesCompare(t, visited, coverage, []string{".skantignore", "a"}, []string{
			`unread ignore files: none of its patterns is applied: is larger than 1 MiB ["` + filepath.Join(top, ".skantignore") + `"]`,
		})
	})
}
