package repo

import (
	"bytes"
	"context"
	"path/filepath"

	"github.com/skant-dev/skant/internal/pack"
)

// WorktreeIndex is the index of one worktree.
type WorktreeIndex struct {
	// Name is that of the file as in [GitFile].
	Name string
	// Version is that of the file's format; 0 where there is no file, or git was asked for its entries.
	Version uint32
	// Entries are in git's order. Undo are versions of files that had a conflict which was resolved: git keeps them, so
	// that the conflict can be brought back.
	Entries, Undo []IndexEntry
}

// Indexes reads the index of every worktree; this worktree's is the first. One that cannot be read goes to gap.
func (r *Repository) Indexes(ctx context.Context, gap Gap) []WorktreeIndex {
	var all []WorktreeIndex
	for i, w := range r.worktrees() {
		own := r
		if i > 0 {
			// Nothing but the place differs, so nothing else need be opened.
			own = &Repository{at: r.at, settings: r.settings, opt: r.opt}
			own.at.gitDir, own.at.index, own.at.indexFromEnv = w.dir, filepath.Join(w.dir, "index"), false
		}
		name := r.gitName(own.at.index)
		idx, err := own.readIndex(ctx)
		var entries []IndexEntry
		if err == nil {
			entries, err = idx.entries()
			err = own.closeIndex(idx, err)
		}
		if err != nil {
			gap("indexes", name, err)
			continue
		}
		all = append(all, WorktreeIndex{Name: name, Version: idx.version, Entries: entries, Undo: idx.undo})
	}
	return all
}

// gitName is how a file is called in [GitFile].
func (r *Repository) gitName(path string) string {
	rel, err := filepath.Rel(r.at.commonDir, path)
	if err != nil || !filepath.IsLocal(rel) {
		return ".git/" + filepath.Base(path)
	}
	return ".git/" + filepath.ToSlash(rel)
}

// staged are the entries of all indexes that name content, each path and content once.
func (r *Repository) staged(gap Gap) []IndexEntry {
	type held struct {
		path string
		id   pack.ID
	}
	var all []IndexEntry
	seen := map[held]bool{}
	for _, idx := range r.Indexes(context.Background(), gap) {
		for _, list := range [][]IndexEntry{idx.Entries, idx.Undo} {
			for _, e := range list {
				if at := (held{e.Path, e.ID}); !seen[at] {
					seen[at] = true
					all = append(all, e)
				}
			}
		}
	}
	return all
}

// decodeResolveUndo reads the index's extension REUC: for each path its name and a NUL, three modes in octal with a NUL
// each, and an id for each mode that is not zero. What is malformed ends the list: git ignores it as well.
func decodeResolveUndo(data []byte, format pack.Format) []IndexEntry {
	var all []IndexEntry
	for len(data) > 0 {
		path, rest, ok := bytes.Cut(data, []byte{0})
		if !ok {
			return all
		}
		var modes [3]uint32
		for i := range modes {
			var text []byte
			if text, rest, ok = bytes.Cut(rest, []byte{0}); !ok {
				return all
			}
			if modes[i], ok = parseMode(text); !ok {
				return all
			}
		}
		for i, mode := range modes {
			if mode == 0 {
				continue
			}
			if len(rest) < format.Size() {
				return all
			}
			id, _ := pack.IDFromBytes(rest[:format.Size()])
			rest = rest[format.Size():]
			all = append(all, IndexEntry{Path: string(path), Mode: mode, ID: id, Stage: uint8(i + 1)})
		}
		data = rest
	}
	return all
}

// IsEmpty reports whether id is that of an empty file, which git need not have stored to know it.
func (r *Repository) IsEmpty(id pack.ID) bool { return id == r.emptyID(pack.Blob) }
