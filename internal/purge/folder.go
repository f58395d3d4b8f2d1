package purge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/skant-dev/skant/internal/incident"
)

// Folder returns the folder to work in: that which is named or, if none is, one beside the repository that has the time in its
// name. It must not exist, and must not be in the repository.
func (p *Plan) Folder(named string) (string, error) {
	top := p.clonePath()
	dir := named
	if dir == "" {
		dir = filepath.Join(filepath.Dir(top), strings.TrimSuffix(filepath.Base(top), ".git")+"-purge-"+p.in.Now.UTC().Format("20060102-150405"))
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the folder %q exists", dir)
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return "", fmt.Errorf("the folder cannot be made: %w", err)
	}
	dir = filepath.Join(parent, filepath.Base(dir))
	inside := []string{p.in.Repo.CommonDir(), p.in.Repo.GitDir()}
	for _, t := range p.trees {
		if !t.Bare {
			inside = append(inside, t.Path)
		}
	}
	for _, in := range inside {
		if real, err := filepath.EvalSymlinks(in); err == nil {
			in = real
		}
		if rel, err := filepath.Rel(in, dir); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return "", fmt.Errorf("the folder %q is inside of the repository", dir)
		}
	}
	return dir, nil
}

// PurgedList is the path of the clone's list of what may not come back.
func (p *Plan) PurgedList() string {
	return filepath.Join(p.in.Repo.CommonDir(), filepath.FromSlash(incident.LocalName))
}

// Keep writes the incident with what was done, and has the clone remember what may not come back.
func (p *Plan) Keep(res *Result) error {
	f := p.Record(res)
	if err := f.Write(res.Incident); err != nil {
		return err
	}
	list := incident.NewPurged()
	list.Add(f)
	return incident.Remember(p.in.Repo.CommonDir(), list)
}
