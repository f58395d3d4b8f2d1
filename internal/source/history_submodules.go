package source

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// Bounds on the submodules of one scan: how deep they are nested, and how many there are in all.
const (
	maxSubmoduleDepth = 16
	maxSubmodules     = 4096
)

// family is what a repository and its submodules know of each other, so that none is read twice.
type family struct {
	// seen are git directories, with symbolic links resolved.
	seen map[string]bool
}

// beside is what a history keeps of places other than its own objects.
type beside struct {
	// family, shared by all, and depth tell how the repository came to be read; submodules are those in it.
	family     *family
	depth      int
	submodules []submodule
	// lfs are the blobs whose content git-lfs keeps.
	lfs map[pack.ID]bool
}

// submodule is one submodule that was opened. Its history stays open until that of the whole is closed.
type submodule struct {
	path    string
	history *History
}

const (
	submoduleLeftOut = "another repository; add --submodules to read it, too"
	submoduleAbsent  = "not in this clone; fetch it with `git submodule update --init --recursive` and scan again"
)

// descend reads the submodules if that was asked for, and otherwise names them.
func (w *historyWalk) descend(ctx context.Context, all []repo.Submodule) error {
	for _, s := range all {
		switch {
		case !w.h.opt.Submodules && s.GitDir != "":
			w.rec.LeftOut("submodules", submoduleLeftOut, s.Path)
		case !w.h.opt.Submodules:
			w.rec.LeftOut("submodules", "another repository, of which nothing is in this clone; `git submodule update --init "+
				"--recursive` fetches it", s.Path)
		case s.GitDir == "":
			w.rec.Unread("submodules", submoduleAbsent, s.Path)
		default:
			if err := w.submodule(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// submodule reads one submodule, with those in it.
func (w *historyWalk) submodule(ctx context.Context, s repo.Submodule) error {
	h := w.h
	if h.family == nil {
		h.family = &family{seen: map[string]bool{}}
		if real, err := filepath.EvalSymlinks(h.repo.CommonDir()); err == nil {
			h.family.seen[real] = true
		}
	}
	switch {
	case h.family.seen[s.GitDir]:
		return nil
	case h.depth >= maxSubmoduleDepth:
		w.rec.Unread("submodules", "nested too deep; scan it with `skant history PATH`", s.Path)
		return nil
	case len(h.family.seen) > maxSubmodules:
		w.rec.Unread("submodules", "too many; scan it with `skant history PATH`", s.Path)
		return nil
	}
	h.family.seen[s.GitDir] = true
	r, err := repo.Open(s.GitDir, h.repo.OptionsForSubmodule())
	if err == nil && !sameFolder(r.CommonDir(), s.GitDir) {
		err = errors.Join(errors.New("not a git directory"), r.Close())
	}
	if err != nil {
		w.rec.Unread("submodules", clipReason(err.Error()), s.Path)
		return nil
	}
	if _, err := r.Objects(); err != nil {
		w.rec.Unread("submodules", clipReason(errors.Join(err, r.Close()).Error()), s.Path)
		return nil
	}
	inner := NewHistory(r, h.opt)
	inner.family, inner.depth = h.family, h.depth+1
	h.mu.Lock()
	h.submodules = append(h.submodules, submodule{s.Path, inner})
	h.mu.Unlock()
	w.rec.AddPlaces("submodules", 1)
	err = inner.Walk(ctx, w.rec.Within(s.Path), func(c *scanner.Chunk) error {
		c.Location.Submodule = joinSubmodule(s.Path, c.Location.Submodule)
		if c.Location.Kind != scanner.KindFileName || c.Location.Object == "" {
			c.Location.Path = below(s.Path, c.Location.Path)
		}
		return w.visit(c)
	})
	if err != nil && ctx.Err() == nil {
		w.rec.Unread("submodules", clipReason(err.Error()), s.Path)
		err = nil
	}
	return err
}

// below puts the path of a submodule before a path in it; no path stays none.
func below(submodule, path string) string {
	if path == "" {
		return ""
	}
	return submodule + "/" + path
}

func joinSubmodule(outer, inner string) string {
	if inner == "" {
		return outer
	}
	return outer + "/" + inner
}

func sameFolder(a, b string) bool {
	real, err := filepath.EvalSymlinks(a)
	return err == nil && real == b
}

// Attribute implements [scanner.Attributor].
func (h *History) Attribute(
	ctx context.Context, rec *scanner.Recorder, found []scanner.Finding,
) ([]scanner.Finding, error) {
	own, inside, err := h.ofSubmodules(ctx, rec, found)
	if err != nil || len(own) == 0 {
		return append(own, inside...), err
	}
	own, err = h.attributeOwn(ctx, rec, own)
	return append(own, inside...), err
}

// ofSubmodules attributes what was found in submodules, each by its own history, and returns the rest.
func (h *History) ofSubmodules(
	ctx context.Context, rec *scanner.Recorder, found []scanner.Finding,
) (own, attributed []scanner.Finding, err error) {
	h.mu.Lock()
	submodules := h.submodules
	h.mu.Unlock()
	if len(submodules) == 0 {
		return found, nil, nil
	}
	inside := make([][]scanner.Finding, len(submodules))
	for _, f := range found {
		if n := holder(submodules, f.Location.Submodule); n >= 0 {
			inside[n] = append(inside[n], f)
		} else {
			own = append(own, f)
		}
	}
	for n, s := range submodules {
		if len(inside[n]) == 0 {
			continue
		}
		for i := range inside[n] {
			l := &inside[n][i].Location
			l.Submodule = strings.TrimPrefix(strings.TrimPrefix(l.Submodule, s.path), "/")
			l.Path = strings.TrimPrefix(l.Path, s.path+"/")
		}
		out, e := s.history.Attribute(ctx, rec.Within(s.path), inside[n])
		if e != nil {
			out, err = inside[n], errors.Join(err, e)
		}
		for i := range out {
			l := &out[i].Location
			l.Submodule, l.Path = joinSubmodule(s.path, l.Submodule), below(s.path, l.Path)
		}
		attributed = append(attributed, out...)
	}
	return own, attributed, err
}

// holder is the number of the submodule that a path of a submodule is, or is in; -1 for none. The longest name wins: a
// submodule may be checked out below another one.
func holder(submodules []submodule, path string) int {
	best := -1
	for n, s := range submodules {
		if (path == s.path || strings.HasPrefix(path, s.path+"/")) && (best < 0 || len(s.path) > len(submodules[best].path)) {
			best = n
		}
	}
	return best
}

// Close releases what the walk opened, submodules included, but not the repository that the source was made of.
func (h *History) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var err error
	for _, s := range h.submodules {
		err = errors.Join(err, s.history.Close(), s.history.repo.Close())
	}
	h.submodules = nil
	return err
}
