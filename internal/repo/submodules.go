package repo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Submodule is another repository inside of this one.
type Submodule struct {
	// Path is where its work tree is, relative to this repository's and with slashes; where that is not known, the name of
	// its git directory as in [GitFile].
	Path string
	// GitDir is the absolute path of its git directory; empty if it is not here.
	GitDir string
}

// maxSubmodules bounds the submodules of one repository that are looked at.
const maxSubmodules = 1 << 16

// Submodules puts together what belongs to this repository: the git directories that [Repository.GitFiles] met inside of
// its own, by path, with their names; and the paths of its work tree that commits or indexes name as submodules, each of
// which may hold a git directory of its own. What is elsewhere on the disk is not followed, and goes to note.
func (r *Repository) Submodules(stores map[string]string, links []string, note GitNote) []Submodule {
	var all []Submodule
	known := map[string]bool{} // paths
	found := map[string]bool{} // git directories, resolved
	for i, link := range links {
		if i == maxSubmodules {
			note(true, "submodules", fmt.Sprintf("more than %d", maxSubmodules), "")
			break
		}
		if known[link] {
			continue
		}
		known[link] = true
		dir := r.linkedStore(link, note)
		if dir != "" && found[dir] {
			continue
		}
		found[dir] = true
		all = append(all, Submodule{link, dir})
	}
	for dir, name := range stores {
		real := realPath(dir)
		if real == "" || found[real] {
			continue
		}
		found[real] = true
		path := r.storePath(dir)
		if path == "" {
			path = name
		}
		all = append(all, Submodule{path, real})
	}
	return withoutEmptyTwins(all)
}

// withoutEmptyTwins drops a path without a git directory if a git directory says that it belongs there.
func withoutEmptyTwins(all []Submodule) []Submodule {
	here := map[string]bool{}
	for _, s := range all {
		here[s.Path] = here[s.Path] || s.GitDir != ""
	}
	var out []Submodule
	for _, s := range all {
		if s.GitDir != "" || !here[s.Path] {
			out = append(out, s)
		}
	}
	return out
}

// linkedStore returns the git directory, resolved, of what is checked out at a path of the work tree; "" if there is
// none, or none that is inside of this repository.
func (r *Repository) linkedStore(link string, note GitNote) string {
	path := filepath.FromSlash(link)
	if r.at.workTree == "" || !filepath.IsLocal(path) {
		return ""
	}
	top := realPath(r.at.workTree)
	at := realPath(filepath.Join(r.at.workTree, path))
	if top == "" || at != filepath.Join(top, path) {
		// A symbolic link stands in the way: what is behind it is not where the commit says.
		return ""
	}
	dotGit := filepath.Join(at, ".git")
	info, err := os.Lstat(dotGit)
	switch {
	case err != nil:
		return ""
	case info.IsDir():
		if isRepositoryAt(dotGit) {
			return dotGit
		}
		return ""
	case !info.Mode().IsRegular():
		note(false, "submodules", "the store is a symbolic link and not followed; scan it with `skant history PATH`", link)
		return ""
	}
	target, reason := readGitFile(dotGit)
	if reason != "" {
		return ""
	}
	real := realPath(target)
	common := realPath(r.at.commonDir)
	switch {
	case real == "":
		return ""
	case common == "" || real == common || !inside(common, real) && !inside(top, real):
		note(false, "submodules", "the store is outside of this repository; scan it with `skant history PATH`", link)
		return ""
	}
	return real
}

func isRepositoryAt(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && isStore(entries)
}

// storePath returns the path of the work tree at which a git directory says that it is checked out; "" if that is none.
func (r *Repository) storePath(dir string) string {
	lines, err := r.readConfig(filepath.Join(dir, "config"))
	if err != nil || r.at.workTree == "" {
		return ""
	}
	for _, l := range lines {
		if l.section != "core" || l.key != "worktree" || l.value == "" {
			continue
		}
		rel, err := filepath.Rel(r.at.workTree, under(dir, l.value))
		if err == nil && filepath.IsLocal(rel) && rel != "." && !strings.HasPrefix(filepath.ToSlash(rel)+"/", ".git/") {
			return filepath.ToSlash(rel)
		}
	}
	return ""
}

// OptionsForSubmodule are the options to open another repository inside of this one with: the same, without what the
// environment says of this one.
func (r *Repository) OptionsForSubmodule() Options {
	opt := r.opt
	opt.Env = nil
	return opt
}
