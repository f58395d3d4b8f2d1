package repo

import (
	"bytes"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
)

// LFSPointer is what stands in the place of a file that git-lfs keeps.
type LFSPointer struct {
	// OID is the SHA-256 of the content, 64 hex digits; empty if the pointer names none that is known.
	OID string
	// Size is that of the content in bytes; -1 if the pointer does not say.
	Size int64
}

// maxLFSPointer is the length in bytes below which the specification of git-lfs wants a pointer to be.
const maxLFSPointer = 1024

// ParseLFSPointer reads a blob that only says where git-lfs keeps the content; ok is false for any other blob.
func ParseLFSPointer(data []byte) (p LFSPointer, ok bool) {
	if len(data) > maxLFSPointer || !bytes.HasPrefix(data, []byte("version http")) {
		return p, false
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	for _, spec := range []string{"https://git-lfs", "https://hawser", "http://git-media"} {
		ok = ok || bytes.HasPrefix(first, []byte("version "+spec))
	}
	p.Size = -1
	for line := range bytes.Lines(rest) {
		key, value, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), " ")
		switch key {
		case "oid":
			if oid := strings.TrimPrefix(value, "sha256:"); isSHA256(oid) {
				p.OID = oid
			}
		case "size":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 {
				p.Size = n
			}
		}
	}
	return p, ok
}

// isSHA256 keeps a name that a repository chooses from being a path.
func isSHA256(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// LFSObject returns the file in which git-lfs keeps the content of that SHA-256, whether or not it is there. The name is
// not judged beyond being 64 hex digits; nil if it is not that.
func (r *Repository) LFSObject(oid string) *GitFile {
	if !isSHA256(oid) {
		return nil
	}
	rel := filepath.Join(oid[:2], oid[2:4], oid)
	f := &GitFile{Kind: GitLFSObject, path: filepath.Join(r.lfsObjects(), rel)}
	f.Name = ".git/lfs/objects/" + filepath.ToSlash(rel)
	if below, err := filepath.Rel(r.at.commonDir, f.path); err == nil && filepath.IsLocal(below) {
		f.Name = ".git/" + filepath.ToSlash(below)
	}
	return f
}

// lfsObjects is the folder of the contents that git-lfs keeps: lfs.storage has a say in it, as long as it stays inside of
// the git directory.
func (r *Repository) lfsObjects() string {
	storage := filepath.Join(r.at.commonDir, "lfs")
	if own := r.settings.lfsStorage; own != "" {
		if path := under(r.at.commonDir, own); inside(r.at.commonDir, path) {
			storage = path
		}
	}
	return filepath.Join(storage, "objects")
}

// inside reports whether path, as written, is below dir.
func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// OutsidePaths notes what the configuration names outside of the git directory: included files, a folder of hooks, a
// store of git-lfs. They belong to the user or to the work tree, not to the clone.
func (r *Repository) OutsidePaths(note GitNote) {
	lines, err := r.readConfig(filepath.Join(r.at.commonDir, "config"))
	own, e := r.readConfig(filepath.Join(r.at.gitDir, "config.worktree"))
	if err := errors.Join(err, e); err != nil {
		note(true, "settings", "cannot be read: "+cause(err), "")
	}
	for _, l := range append(lines, own...) {
		switch {
		case (l.section == "include" || l.section == "includeif") && l.key == "path":
			r.outside(l.value, "included configuration", note)
		case l.section == "core" && l.key == "hookspath":
			r.outside(l.value, "hooks", note)
		case l.section == "lfs" && l.key == "storage":
			r.outside(l.value, "LFS stores", note)
		}
	}
}

// outside notes a path unless it is inside of the git directory, which is walked.
func (r *Repository) outside(value, what string, note GitNote) {
	if value == "" || inside(r.at.commonDir, under(r.at.commonDir, value)) && !strings.HasPrefix(value, "~") {
		return
	}
	note(false, what, "outside of the git directory; scan it with `skant scan PATH`", clip(value))
}
