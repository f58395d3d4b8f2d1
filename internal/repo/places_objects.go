package repo

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zlib"
)

// objects walks what lies about in the object directory beside objects. Tables that git makes from the objects (indexes
// of packs, bitmaps, commit-graphs) hold nothing of their own.
func (w *gitWalk) objects(f gitFolder) error {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		w.note(true, "git directory files", "cannot be read: "+cause(err), f.name)
	}
	for _, e := range entries {
		in := f.child(e.Name())
		switch name := e.Name(); {
		case name == "info" || name == "pack":
			err = w.besidePacks(in)
		case e.IsDir() && len(name) == 2:
			err = w.looseLeftovers(in)
		case strings.HasPrefix(name, "tmp_obj_") && e.Type().IsRegular():
			err = w.visit(&GitFile{Name: in.name, Kind: GitLooseObject, path: in.path})
		case isQuarantine(name) && e.IsDir():
			err = w.quarantine(in)
		case e.Type().IsRegular():
			err = w.visit(&GitFile{Name: in.name, path: in.path})
		default:
			w.note(true, "git directory files", "a folder that git does not know", in.name)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// besidePacks visits the text files among packs and tables.
func (w *gitWalk) besidePacks(f gitFolder) error {
	entries, err := os.ReadDir(f.path)
	if err != nil && !absent(err) {
		w.note(true, "git directory files", "cannot be read: "+cause(err), f.name)
	}
	for _, e := range entries {
		in := f.child(e.Name())
		switch {
		case in.rel == "objects/info/http-alternates":
			w.note(false, "alternates", "object stores on a server, which only git's old HTTP transport reads; clone that "+
				"repository to scan it", in.name)
		case strings.HasPrefix(e.Name(), "tmp_pack_") || strings.HasPrefix(e.Name(), ".tmp-") && strings.HasSuffix(e.Name(), ".pack"):
			w.note(true, "packs", "left by a fetch or push that was interrupted or is still running; wait for it, or take what it "+
				"holds into the repository with `git unpack-objects -r < FILE`, or delete it with `git prune --expire=now`", in.name)
			continue
		case e.IsDir() || isTable(e.Name()):
			continue
		}
		if !e.Type().IsRegular() {
			continue
		}
		if err := w.visit(&GitFile{Name: in.name, path: in.path}); err != nil {
			return err
		}
	}
	return nil
}

// isTable reports whether a file of objects/pack or objects/info is a pack or is made from packs.
func isTable(name string) bool {
	if strings.HasPrefix(name, "commit-graph") || strings.HasPrefix(name, "multi-pack-index") || strings.HasPrefix(name, "tmp_") ||
		strings.HasPrefix(name, ".tmp-") {
		return true
	}
	switch filepath.Ext(name) {
	case ".pack", ".idx", ".rev", ".bitmap", ".mtimes", ".midx", ".graph":
		return true
	}
	return false
}

// looseLeftovers visits the objects that git did not finish to write, in one folder of loose objects.
func (w *gitWalk) looseLeftovers(f gitFolder) error {
	dir, err := os.Open(f.path)
	if err != nil {
		return nil //nolint:nilerr // Whoever reads the objects reports it.
	}
	names, err := dir.Readdirnames(-1)
	if err = errors.Join(err, dir.Close()); err != nil {
		w.note(true, "git directory files", "cannot be read: "+cause(err), f.name)
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "tmp_obj_") {
			continue
		}
		in := f.child(name)
		if err := w.visit(&GitFile{Name: in.name, Kind: GitLooseObject, path: in.path}); err != nil {
			return err
		}
	}
	return nil
}

// isQuarantine reports whether a folder of the object directory is one into which git receives objects before a push or
// fetch is accepted. It stays behind if git is killed.
func isQuarantine(name string) bool {
	return strings.HasPrefix(name, "incoming-") || strings.HasPrefix(name, "tmp_objdir-")
}

// quarantine notes the packs in a quarantine that have no index; all else in it is read with the objects.
func (w *gitWalk) quarantine(f gitFolder) error {
	if !w.quarantines[f.path] {
		w.note(true, "objects", "received by a push or fetch that was interrupted or is still running, and not read; wait for "+
			"it and scan again, or delete them with `git prune --expire=now`", f.name)
		return nil
	}
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return nil //nolint:nilerr // Whoever reads the objects reports it.
	}
	for _, e := range entries {
		in := f.child(e.Name())
		switch name := e.Name(); {
		case name == "pack" || name == "info":
			err = w.besidePacks(in)
		case e.IsDir() && len(name) == 2:
			err = w.looseLeftovers(in)
		default:
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// quarantines lists the quarantine folders of an object directory, which are read with it if [Options.Leftovers] says so.
func quarantines(objectsDir string) []string {
	entries, err := os.ReadDir(objectsDir)
	if err != nil {
		return nil
	}
	var dirs []string
	for _, e := range entries {
		if e.IsDir() && isQuarantine(e.Name()) && len(dirs) < maxQuarantines {
			dirs = append(dirs, filepath.Join(objectsDir, e.Name()))
		}
	}
	return dirs
}

const maxQuarantines = 512

// ReadLoose returns what a [GitLooseObject] holds after its header, at most limit bytes of it; the error says why that
// may not be all.
func (f *GitFile) ReadLoose(limit int64) ([]byte, error) {
	file, err := f.open()
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // Nothing was written.
	z, err := zlib.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("not a zlib stream: %w", ErrMalformed)
	}
	data, err := io.ReadAll(io.LimitReader(z, limit+1))
	if int64(len(data)) > limit {
		return data[:limit], fmt.Errorf("larger than %d bytes", limit)
	}
	if err != nil {
		return data, fmt.Errorf("cut short: %w", ErrMalformed)
	}
	return data, nil
}
