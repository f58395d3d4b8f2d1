package pack

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// directory is one object directory.
type directory struct {
	path string
	info fs.FileInfo
	// packTime is the modification time of the pack folder when it was listed last, at listed.
	packTime, listed time.Time
	// problems are those of the last listing.
	problems []Problem
}

// Bounds on alternates: how many directories in all, and how long the file that lists them may be.
const (
	maxDirectories    = 1024
	maxAlternatesFile = 1 << 20
)

// addDirectory adds an object directory and, recursively, its alternates. from is the file that names it, "" for one
// that the caller asked for.
func (s *Store) addDirectory(path, from string, depth int) {
	problem := func(what string, err error) {
		s.alternates = append(s.alternates, Problem{what, path, err})
	}
	what := "alternate"
	if from == "" {
		what = "directory"
	}
	switch {
	case depth > s.opt.MaxAlternates:
		problem(what, fmt.Errorf("alternates are nested deeper than %d, by %s", s.opt.MaxAlternates, from))
		return
	case len(s.dirs) >= maxDirectories:
		problem(what, fmt.Errorf("more than %d object directories, by %s", maxDirectories, from))
		return
	case from != "" && strings.HasPrefix(filepath.VolumeName(path), `\\`):
		// Opening it would send the user's credentials to a host that the repository names.
		problem(what, fmt.Errorf("alternate on another host is not followed, named in %s", from))
		return
	}
	fi, err := os.Stat(path)
	if err == nil && !fi.IsDir() {
		err = errors.New("not a directory")
	}
	if err != nil {
		problem(what, err)
		return
	}
	for _, d := range s.dirs {
		if os.SameFile(d.info, fi) {
			return
		}
	}
	s.dirs = append(s.dirs, &directory{path: path, info: fi})
	list := filepath.Join(path, "info", "alternates")
	lines, err := readAlternates(list)
	if err != nil && !isGone(err) {
		s.alternates = append(s.alternates, Problem{"alternate", list, err})
	}
	for _, line := range lines {
		if !filepath.IsAbs(line) {
			line = filepath.Join(path, line)
		}
		s.addDirectory(filepath.Clean(line), list, depth+1)
	}
}

// readAlternates reads a list of object directories: one a line, perhaps quoted as in C, # for comments.
func readAlternates(path string) (lines []string, err error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size > maxAlternatesFile {
		err = fmt.Errorf("file is longer than %d bytes, only the beginning is read", maxAlternatesFile)
	}
	scan := bufio.NewScanner(io.LimitReader(f, maxAlternatesFile))
	scan.Buffer(nil, maxAlternatesFile+1)
	for scan.Scan() {
		line := strings.TrimSuffix(scan.Text(), "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		if unquoted, err := strconv.Unquote(line); err == nil && line[0] == '"' {
			line = unquoted
		}
		lines = append(lines, line)
	}
	return lines, errors.Join(err, scan.Err())
}

// changed reports whether packs may have been added since the last listing. A change within two seconds before the
// listing counts, since a file system's clock may not tell the two apart.
func (d *directory) changed() bool {
	fi, err := os.Stat(filepath.Join(d.path, "pack"))
	if err != nil {
		return !isGone(err) || !d.packTime.IsZero()
	}
	return !fi.ModTime().Equal(d.packTime) || d.listed.Sub(d.packTime) < 2*time.Second
}

// list opens the packs that are not known yet. git may be replacing packs at the same time, so that a listing in which
// something is missing is made again before it is believed.
func (d *directory) list(known map[string]bool, format Format) []*pack {
	const attempts = 3
	var all []*pack
	for i := range attempts {
		if i > 0 {
			time.Sleep(20 * time.Millisecond)
		}
		fresh, incomplete := d.listOnce(known, format)
		for _, p := range fresh {
			known[p.path] = true
		}
		all = append(all, fresh...)
		if !incomplete {
			break
		}
	}
	return all
}

// listOnce makes one listing; incomplete says that a file vanished or has no counterpart.
func (d *directory) listOnce(known map[string]bool, format Format) (fresh []*pack, incomplete bool) {
	dir := filepath.Join(d.path, "pack")
	d.problems, d.packTime, d.listed = nil, time.Time{}, time.Now()
	if fi, err := os.Stat(dir); err == nil {
		d.packTime = fi.ModTime()
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		if !isGone(err) {
			d.problems = append(d.problems, Problem{"directory", dir, err})
		}
		return nil, false
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	for _, e := range entries {
		stem, ext := packName(e.Name())
		path := filepath.Join(dir, stem)
		switch {
		case stem == "" || known[path+".pack"]:
		case ext == ".pack" && !names[stem+".idx"]:
			incomplete = true
			d.problems = append(d.problems, Problem{"pack", path + ".pack",
				errors.New("pack has no index: run git index-pack on it")})
		case ext == ".idx" && !names[stem+".pack"]:
			incomplete = true
			d.problems = append(d.problems, Problem{"index", path + ".idx", errors.New("index has no pack")})
		case ext == ".idx":
			var p *pack
			var problems []Problem
			err := guard(func() (err error) {
				p, problems, err = openPack(path+".idx", path+".pack", format)
				return err
			})
			if err != nil {
				incomplete = incomplete || isGone(err)
				d.problems = append(d.problems, Problem{"pack", path + ".pack", err})
				continue
			}
			p.problems = problems
			p.promisor = names[stem+".promisor"]
			fresh = append(fresh, p)
		}
	}
	return fresh, incomplete
}

// packName splits the name of a pack or of its index. git reads whatever is called *.idx with *.pack beside it; its
// temporary files are called otherwise.
func packName(name string) (stem, ext string) {
	ext = filepath.Ext(name)
	if ext != ".pack" && ext != ".idx" || strings.HasPrefix(name, "tmp_") || strings.HasPrefix(name, ".tmp-") {
		return "", ""
	}
	return strings.TrimSuffix(name, ext), ext
}
