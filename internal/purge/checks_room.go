package purge

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/skant-dev/skant/internal/visible"
)

// copies is how many times the objects are on disk at most while a purge works: mirror, bundle, what is rewritten and what is
// packed anew.
const copies = 4

// checkRoom looks at whether the folder can be made and what is needed has room, without writing anything.
func (p *Plan) checkRoom() error {
	parent := filepath.Dir(p.clonePath())
	if dir, err := p.Folder(p.in.Work); err == nil {
		parent = filepath.Dir(dir)
	} // else whoever named it is told, in Run's place
	fine := true
	for _, c := range []struct{ dir, what, run string }{
		{p.in.Repo.CommonDir(), "The git directory cannot be written to, so that this clone cannot be brought along: %s. Work as its owner, or in a clone of your own.", ""},
		{parent, "The folder to work in cannot be made: %s. Name another with --work.", ""},
	} {
		if err := writable(c.dir); err != nil {
			fine = false
			p.add("permissions", Blocks, c.run, c.what, visible.Text(err.Error()))
		}
	}
	if fine {
		p.add("permissions", Fine, "", "The git directory, and the folder in which to work, can be written to.")
	}
	store, err := p.in.Repo.Objects()
	if err != nil {
		return err
	}
	var size int64
	for _, dir := range store.Directories() {
		size += sizeOf(dir)
	}
	need := copies*size + 1<<20
	free, known := p.free(parent)
	switch {
	case !known:
		p.add("disk space", Unknown, "", "About %s are needed in %s; how much is free is not known.", bytesText(need), visible.Text(parent))
	case free < need:
		p.add("disk space", Blocks, "df -h "+visible.ShellWord(parent), "About %s are needed in %s and %s are free: name a folder on another disk with --work.", bytesText(need), visible.Text(parent), bytesText(free))
	default:
		p.add("disk space", Fine, "", "About %s are needed in %s and %s are free.", bytesText(need), visible.Text(parent), bytesText(free))
	}
	return nil
}

// sizeOf adds up the files below a folder, in bytes; what cannot be looked at counts as nothing.
func sizeOf(dir string) (size int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error { // the function returns no error
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				size += info.Size()
			}
		}
		return nil
	})
	return size
}

func bytesText(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	default:
		return fmt.Sprintf("%d KiB", max(1, n>>10))
	}
}

// checkLocks looks for other processes of git.
func (p *Plan) checkLocks() {
	var locks []string
	for _, name := range []string{"packed-refs.lock", "config.lock", "shallow.lock"} {
		if path := filepath.Join(p.in.Repo.CommonDir(), name); exists(path) {
			locks = append(locks, path)
		}
	}
	for _, t := range p.trees {
		locks = append(locks, t.Locks...)
	}
	if len(locks) == 0 {
		p.add("locks", Fine, "", "No other git is at work in this clone.")
		return
	}
	words := make([]string, len(locks))
	for i, path := range locks {
		words[i] = visible.ShellWord(path)
	}
	p.add("locks", Blocks, "ls -l "+strings.Join(words, " "), "Another git is at work in this clone, or was killed: wait for it. If none runs, delete %s.", visible.Text(strings.Join(locks, ", ")))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
