package repo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestFileAt(t *testing.T) {
	s := newSandbox(t)
	s.write("top", "1\n")
	s.write("a/b/c.yaml", "2\n")
	if err := os.Symlink("top", filepath.Join(s.dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a", filepath.Join(s.dir, "folder")); err != nil {
		t.Fatal(err)
	}
	commit := s.commit("x")
	r := s.open()
	id, err := r.Resolve(commit)
	if err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]uint32{
		"top": ModeRegular, "a/b/c.yaml": ModeRegular, "link": ModeSymlink,
		"a": 0, "a/b": 0, "none": 0, "top/x": 0, "folder/b/c.yaml": 0, "a/b/c.yaml/": 0, "../top": 0, "": 0,
	} {
		file, err := r.FileAt(id, path)
		if mode == 0 {
			if err == nil || fs.ValidPath(path) && path != "." && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q: %+v, %v; want none", path, file, err)
			}
			continue
		}
		if err != nil || file.Mode != mode || file.ID.String() != s.git("rev-parse", commit+":"+path) {
			t.Errorf("%q: %+v, %v", path, file, err)
		}
	}
}
