package repo

import (
	"bytes"
	"cmp"
	"context"
	"hash/maphash"
	"path"
	"slices"

	"github.com/skant-dev/skant/internal/pack"
)

// Bounds of the search for renames. Beyond them a renamed file counts as new, which reports more, never less.
const (
	maxRenamePairs  = 1_000_000
	maxRenameFile   = 4 << 20
	maxRenameBytes  = 256 << 20
	minRenameScore  = 0.5
	maxRemovedFiles = 200_000
)

// dropMoves takes files that only moved out of the changes, and out of what was removed. Each removed file explains
// one new path, as in `git diff -M`.
func (s *ChangeSet) dropMoves(ctx context.Context) error {
	for p := range s.removed {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(s.removed[p]) == 0 || !slices.ContainsFunc(s.Changes, func(c Change) bool { return c.isNew(p) }) {
			continue
		}
		s.removed[p] = s.expand(s.removed[p])
		byID := map[pack.ID][]int{}
		for i, gone := range s.removed[p] {
			byID[gone.ID] = append(byID[gone.ID], i)
		}
		for i := range s.Changes {
			c := &s.Changes[i]
			sources := byID[c.ID]
			at := slices.IndexFunc(sources, func(j int) bool { return s.joined(s.removed[p][j].path, c.Path) })
			if at < 0 || !c.isNew(p) || c.Mode&modeTypeMask != s.removed[p][sources[at]].Mode&modeTypeMask {
				continue
			}
			if c.NewPath() {
				s.Moved = append(s.Moved, *c)
			}
			c.old[p] = s.removed[p][sources[at]].Version
			s.removed[p][sources[at]].ID = pack.ID{}
			byID[c.ID] = slices.Delete(slices.Clone(sources), at, at+1)
		}
		s.removed[p] = slices.DeleteFunc(s.removed[p], func(gone removal) bool { return gone.ID.IsZero() })
		s.Changes = slices.DeleteFunc(s.Changes, func(c Change) bool { return c.old[p].ID == c.ID })
	}
	return nil
}

// joined reports whether a file may have moved from one path to another.
func (s *ChangeSet) joined(from, to string) bool { return s.apart == nil || !s.apart(from, to) }

// isNew reports whether parent p has nothing at the change's path.
func (c *Change) isNew(p int) bool { return c.old[p].ID.IsZero() && !IsGitlink(c.Mode) }

// expand replaces removed folders by the files below them, up to a bound. A tree that cannot be read gives no files.
func (s *ChangeSet) expand(gone []removal) []removal {
	var files []removal
	folders := 0
	for len(gone) > 0 && len(files) < maxRemovedFiles && folders < maxRemovedFiles {
		next := gone[len(gone)-1]
		gone = gone[:len(gone)-1]
		if !IsTree(next.Mode) {
			files = append(files, next)
			continue
		}
		folders++
		data, err := s.repo.Tree(next.ID)
		if err != nil || len(next.path) > maxPath {
			continue
		}
		for e, err := range ParseTree(data, s.repo.settings.format.Size()) {
			if err == nil && !IsGitlink(e.Mode) && len(gone) < maxRemovedFiles {
				gone = append(gone, removal{next.path + "/" + string(e.Name), Version{e.Mode, e.ID}})
			}
		}
	}
	slices.SortFunc(files, func(a, b removal) int { return cmp.Compare(a.path, b.path) })
	return files
}

// Origins returns the versions that change i came from: that at its path in each parent or, where a parent has none,
// the most similar file that the change set removes from that parent. Zero versions mean that all of it is new.
//
// The search for renames runs once for the whole set, when it is first needed. Calls may overlap.
func (s *ChangeSet) Origins(ctx context.Context, i int) []Version {
	s.renames.Do(func() { s.findRenames(ctx) })
	return s.Changes[i].old
}

// pairing is a removed file that may have become a new one.
type pairing struct {
	score        float64
	change, gone int
}

func (s *ChangeSet) findRenames(ctx context.Context) {
	for p := range s.removed {
		var fresh []int
		for i := range s.Changes {
			if c := &s.Changes[i]; c.isNew(p) && !IsSymlink(c.Mode) {
				fresh = append(fresh, i)
			}
		}
		gone := slices.DeleteFunc(slices.Clone(s.removed[p]), func(g removal) bool { return IsSymlink(g.Mode) })
		if len(fresh) == 0 || len(gone) == 0 || len(fresh)*len(gone) > maxRenamePairs {
			continue
		}
		used := make([]bool, len(gone))
		for _, pair := range s.score(ctx, fresh, gone) {
			c := &s.Changes[pair.change]
			if !used[pair.gone] && c.old[p].ID.IsZero() {
				used[pair.gone] = true
				c.old[p] = gone[pair.gone].Version
			}
		}
	}
}

// score compares every new file with every removed one, the most similar pair first.
func (s *ChangeSet) score(ctx context.Context, fresh []int, gone []removal) []pairing {
	reader := lineReader{repo: s.repo, seed: maphash.MakeSeed()}
	sources := make([]*lineBag, len(gone))
	for i := range gone {
		sources[i] = reader.of(gone[i].ID)
	}
	var pairs []pairing
	for _, i := range fresh {
		target := reader.of(s.Changes[i].ID)
		for j, source := range sources {
			if ctx.Err() != nil {
				return nil
			}
			if score := source.similarity(target); score >= minRenameScore && s.joined(gone[j].path, s.Changes[i].Path) {
				if path.Base(gone[j].path) == path.Base(s.Changes[i].Path) {
					score++
				}
				pairs = append(pairs, pairing{score, i, j})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pairing) int { return cmp.Compare(b.score, a.score) })
	return pairs
}

// lineBag is a file as a bag of lines: the hash of each line and how many bytes all lines with that hash have.
type lineBag struct {
	size  int
	bytes map[uint64]int
}

// lineReader reads files for comparison, up to a bound in bytes.
type lineReader struct {
	repo  *Repository
	seed  maphash.Seed
	total int
}

// of returns nil for a file that cannot be read or is too large to compare.
func (p *lineReader) of(id pack.ID) *lineBag {
	store, err := p.repo.objects()
	if err != nil || p.total > maxRenameBytes {
		return nil
	}
	kind, size, err := store.Stat(id)
	if err != nil || kind != pack.Blob || size > maxRenameFile || size == 0 {
		return nil
	}
	_, data, err := store.Get(id)
	if err != nil {
		return nil
	}
	p.total += len(data)
	bag := &lineBag{len(data), make(map[uint64]int, len(data)/32)}
	for line := range bytes.Lines(data) {
		bag.bytes[maphash.Bytes(p.seed, line)] += len(line)
	}
	return bag
}

// similarity is the share of the larger file's bytes that stand in lines which both have: 0 to 1.
func (a *lineBag) similarity(b *lineBag) float64 {
	if a == nil || b == nil {
		return 0
	}
	largest := max(a.size, b.size)
	if float64(min(a.size, b.size)) < minRenameScore*float64(largest) {
		return 0
	}
	small, large := a, b
	if len(small.bytes) > len(large.bytes) {
		small, large = large, small
	}
	common := 0
	for hash, n := range small.bytes {
		common += min(n, large.bytes[hash])
	}
	return float64(common) / float64(largest)
}
