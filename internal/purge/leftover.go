package purge

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/skant-dev/skant/internal/visible"
)

// Marks in the folder of a purge. The first is there as long as it works and names the clone; whoever is killed leaves it behind.
const (
	workMark   = "skant-purge-unfinished"
	bundleFile = "before.bundle"
	// maxNeighbours bounds the folders that are looked at for what an earlier purge has left.
	maxNeighbours = 4096
)

// markFolder says in a folder that a purge works there. The file stays open, and locked, until release.
func (p *Plan) markFolder(dir string) (release func() error, err error) {
	path := filepath.Join(dir, workMark)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(p.in.Repo.CommonDir() + "\n")
	if err = errors.Join(err, hold(f)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		err := os.Remove(path)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return errors.Join(err, f.Close())
	}, nil
}

// leftover is a folder that an earlier purge of this clone has left. Running says that it is at work in it now, done that it
// came to its end.
type leftover struct {
	dir           string
	running, done bool
}

// leftovers looks for folders of earlier purges beside the repository, and beside the folder that is named to work in.
func (p *Plan) leftovers() []leftover {
	parents := []string{filepath.Dir(p.clonePath())}
	if p.in.Work != "" {
		if abs, err := filepath.Abs(p.in.Work); err == nil && filepath.Dir(abs) != parents[0] {
			parents = append(parents, filepath.Dir(abs))
		}
	}
	var all []leftover
	for _, parent := range parents {
		f, err := os.Open(parent)
		if err != nil {
			continue // then nothing can be made there either, which is a check of its own
		}
		entries, _ := f.ReadDir(maxNeighbours)
		_ = f.Close() // it was only read
		for _, e := range entries {
			if e.IsDir() {
				if l, ours := p.leftoverAt(filepath.Join(parent, e.Name())); ours {
					all = append(all, l)
				}
			}
		}
	}
	return all
}

func (p *Plan) leftoverAt(dir string) (leftover, bool) {
	l := leftover{dir: dir}
	if f, err := openMark(filepath.Join(dir, workMark)); err == nil {
		defer func() { _ = f.Close() }() // it was only read
		text, err := io.ReadAll(io.LimitReader(f, 16<<10))
		l.running = held(f)
		return l, err == nil && strings.TrimSuffix(string(text), "\n") == p.in.Repo.CommonDir()
	}
	for _, name := range []string{bundleFile, NextFile} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || !info.Mode().IsRegular() {
			return l, false
		}
	}
	l.done = true
	f, err := openMark(filepath.Join(dir, "purge.git", "config"))
	if err != nil {
		return l, false
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, 64<<10))
	return l, err == nil && strings.Contains(string(text), "url = "+p.in.Repo.CommonDir()+"\n")
}

// checkLeftovers says what earlier purges have left: it holds secrets in clear.
func (p *Plan) checkLeftovers() {
	found := p.leftovers()
	for _, l := range found {
		run := "rm -rf -- " + visible.ShellWord(l.dir)
		switch {
		case l.running:
			p.add("earlier purge", Blocks, "", "A purge of this clone is running in %s: wait for its end, or end it with Ctrl-C.", visible.Text(l.dir))
		case l.done:
			p.add("earlier purge", Note, run, "%s is of a purge that was done. Its bundle holds the secrets: delete the folder once `skant recover check` has proven all.", visible.Text(l.dir))
		default:
			p.add("earlier purge", Note, run, "%s is of a purge that was killed, or the power failed. It may hold the secrets in clear (replace.txt, before.bundle). Nothing else was changed: delete it.", visible.Text(l.dir))
		}
	}
	if len(found) == 0 {
		p.add("earlier purge", Fine, "", "No folder of one is beside this clone.")
	}
}
