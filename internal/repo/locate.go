package repo

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// errNotDirectory is what a path through a file fails with.
const errNotDirectory = syscall.ENOTDIR

// maxSmallFile bounds HEAD, .git files, commondir: things that hold one path or id.
const maxSmallFile = 1 << 20

// locate finds the git directory and what follows from it alone. The work tree is found later, since the
// configuration has a say in it.
func locate(path string, env func(string) string) (places, error) {
	start, err := filepath.Abs(path)
	if err != nil {
		return places{}, fmt.Errorf("open repository %q: %w", path, err)
	}
	info, err := os.Stat(start)
	if err != nil {
		return places{}, &NotRepositoryError{Path: path, Reason: "no such file or directory"}
	}
	if !info.IsDir() {
		start = filepath.Dir(start)
	}
	if env == nil {
		env = func(string) string { return "" }
	}
	if dir := env("GIT_DIR"); dir != "" {
		at, reason := openGitDir(under(start, dir), env, start)
		if reason != "" {
			return places{}, &NotRepositoryError{Path: path, Reason: fmt.Sprintf("GIT_DIR is %q: %s", dir, reason)}
		}
		return at, nil
	}
	at, reason := discover(start, env)
	if reason != "" {
		return places{}, &NotRepositoryError{Path: path, Reason: reason}
	}
	return at, nil
}

// discover walks up from start. The reason says why nothing was found.
func discover(start string, env func(string) string) (places, string) {
	rejected := ""
	for dir := start; ; {
		candidate := filepath.Join(dir, ".git")
		if info, err := os.Stat(candidate); err == nil {
			target := candidate
			if !info.IsDir() {
				var reason string
				// As in git, a .git file that leads nowhere ends the search: the folder was meant to be a repository.
				if target, reason = readGitFile(candidate); reason != "" {
					return places{}, reason
				}
			}
			at, reason := openGitDir(target, env, start)
			if reason == "" {
				at.workTree = dir
				return at, ""
			}
			if !info.IsDir() {
				return places{}, fmt.Sprintf("%q points to %q: %s; if the repository or worktree was moved, "+
					"run `git worktree repair` in the main one", candidate, target, reason)
			}
			rejected = fmt.Sprintf("%q is damaged: %s", candidate, reason)
		}
		if at, reason := openGitDir(dir, env, start); reason == "" {
			return at, ""
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	if rejected != "" {
		return places{}, rejected
	}
	return places{}, "not a git repository, nor is any folder above it; run `git init` or name another path"
}

// readGitFile follows a .git file, which holds "gitdir: PATH".
func readGitFile(path string) (target, reason string) {
	data, err := readFile(path, maxSmallFile)
	if err != nil {
		return "", fmt.Sprintf("cannot read %q: %v", path, err)
	}
	name, ok := bytes.CutPrefix(data, []byte("gitdir:"))
	if !ok {
		return "", fmt.Sprintf("%q is no git directory and does not start with \"gitdir:\"", path)
	}
	name = bytes.TrimRight(bytes.TrimLeft(name, " "), "\r\n")
	if len(name) == 0 {
		return "", fmt.Sprintf("%q names no git directory", path)
	}
	if target = under(filepath.Dir(path), string(name)); onOtherHost(target, path) {
		return "", fmt.Sprintf("%q leads to another host, which is not followed", path)
	}
	return target, ""
}

// onOtherHost reports whether a path that a repository names is on a network share (of Windows) where the repository is
// not: opening it would send the user's credentials to a host of the repository's choice.
func onOtherHost(target, from string) bool {
	volume := filepath.VolumeName(target)
	return strings.HasPrefix(volume, `\\`) && !strings.EqualFold(volume, filepath.VolumeName(from))
}

// openGitDir checks that dir is a git directory, as git does: a HEAD, objects, and refs. A reason says why not.
func openGitDir(dir string, env func(string) string, start string) (places, string) {
	at := places{gitDir: dir, commonDir: dir}
	if _, err := os.Lstat(filepath.Join(dir, "HEAD")); err != nil {
		return at, "it has no HEAD"
	}
	if common := env("GIT_COMMON_DIR"); common != "" {
		at.commonDir = under(start, common)
	} else if data, err := readFile(filepath.Join(dir, "commondir"), maxSmallFile); err == nil {
		at.commonDir = under(dir, string(bytes.TrimRight(data, "\r\n")))
	} else if !absent(err) {
		return at, fmt.Sprintf("cannot read its commondir: %v", err)
	}
	if onOtherHost(at.commonDir, dir) {
		return at, "its commondir leads to another host, which is not followed"
	}
	at.objectsDir = filepath.Join(at.commonDir, "objects")
	if objects := env("GIT_OBJECT_DIRECTORY"); objects != "" {
		at.objectsDir = under(start, objects)
	}
	if !isDir(at.objectsDir) {
		return at, fmt.Sprintf("no folder of objects at %q", at.objectsDir)
	}
	if !isDir(filepath.Join(at.commonDir, "refs")) {
		return at, fmt.Sprintf("no folder of refs in %q", at.commonDir)
	}
	for _, name := range splitPathList(env("GIT_ALTERNATE_OBJECT_DIRECTORIES")) {
		at.alternates = append(at.alternates, under(start, name))
	}
	return at, ""
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// splitPathList splits a list of folders as git writes it: an entry that starts with a double quote is quoted like a
// C string, so that it may hold the separator.
func splitPathList(list string) []string {
	var out []string
	for list != "" {
		var entry string
		if strings.HasPrefix(list, `"`) {
			entry, list = cutQuoted(list)
			list = strings.TrimPrefix(list, string(os.PathListSeparator))
		} else {
			entry, list, _ = strings.Cut(list, string(os.PathListSeparator))
		}
		if entry != "" {
			out = append(out, entry)
		}
	}
	return out
}

// cutQuoted takes a C-quoted string off the start of s. One that never ends is taken as it stands.
func cutQuoted(s string) (value, rest string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:]
		case c != '\\' || i+1 == len(s):
			b.WriteByte(c)
		case i+3 < len(s) && isOctal(s[i+1]) && isOctal(s[i+2]) && isOctal(s[i+3]):
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
		default:
			i++
			b.WriteByte(unescape(s[i]))
		}
	}
	return b.String(), ""
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

func unescape(c byte) byte {
	if i := strings.IndexByte("abfnrtv", c); i >= 0 {
		return "\a\b\f\n\r\t\v"[i]
	}
	return c
}

// placeWorkTree settles the work tree once the configuration is known.
func (r *Repository) placeWorkTree(env func(string) string, path string) error {
	start, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("open repository %q: %w", path, err)
	}
	linked := r.at.gitDir != r.at.commonDir
	switch {
	case env != nil && env("GIT_WORK_TREE") != "":
		r.at.workTree = under(start, env("GIT_WORK_TREE"))
	case r.settings.workTree != "":
		r.at.workTree = under(r.at.gitDir, r.settings.workTree)
	case r.settings.bare && !linked:
		r.at.workTree = ""
	case r.at.workTree == "" && env != nil && env("GIT_DIR") != "":
		r.at.workTree = start
	case r.at.workTree == "" && linked:
		// A linked worktree's git directory names the .git file in the work tree.
		if data, err := readFile(filepath.Join(r.at.gitDir, "gitdir"), maxSmallFile); err == nil {
			r.at.workTree = filepath.Dir(under(r.at.gitDir, string(bytes.TrimRight(data, "\r\n"))))
		}
	}
	return nil
}

// placeIndex settles where the index is. git itself is at the top of the work tree when it opens a relative one.
func (r *Repository) placeIndex(env func(string) string, path string) {
	r.at.index = filepath.Join(r.at.gitDir, "index")
	if env == nil || env("GIT_INDEX_FILE") == "" {
		return
	}
	r.at.indexFromEnv = true
	base := r.at.workTree
	if base == "" {
		base = path
	}
	r.at.index = under(base, env("GIT_INDEX_FILE"))
	if abs, err := filepath.Abs(r.at.index); err == nil {
		r.at.index = abs
	}
}
