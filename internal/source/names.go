package source

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// searchNames has every part of a path searched that was not seen before in the same folder: a file may be named after the
// key that it holds, and whoever sees the listing has it. at is where the file is, and the search begins at the byte start of its path.
func searchNames(seen *nameSet, at scanner.Location, start int, visit func(*scanner.Chunk) error) error {
	path := at.Path
	for start < len(path) {
		end := len(path)
		if i := strings.IndexByte(path[start:], '/'); i >= 0 {
			end = start + i
		}
		if name := path[start:end]; mayHold(name) && seen.add([]byte(path[:end])) {
			chunk := scanner.Chunk{Data: []byte(name), Location: at}
			chunk.Location.Path, chunk.Location.Object, chunk.Location.Kind = path[:end], "", scanner.KindFileName
			if err := visit(&chunk); err != nil {
				return err
			}
		}
		start = end + 1
	}
	return nil
}

// shortName is the length in bytes below which a name is no key by itself.
const shortName = 16

// mayHold reports whether a name is long enough for a key, or may assign something shorter. Most names are neither, and to search them all
// would take a tenth of the time of a scan of small files.
func mayHold(name string) bool { return len(name) >= shortName || strings.ContainsAny(name, "=:@") }

// searchNewNames has the parts of every path searched that a change set adds, without those of folders that were there before; at says by
// which commit, if by one. It comes before the search for what files were made from.
func searchNewNames(seen *nameSet, set *repo.ChangeSet, at scanner.Location, visit func(*scanner.Chunk) error) error {
	added := slices.Clone(set.Moved)
	for i := range set.Changes {
		if c := &set.Changes[i]; c.NewPath() {
			added = append(added, *c)
		}
	}
	for i := range added {
		at.Path = added[i].Path
		if err := searchNames(seen, at, added[i].KeptFolder(), visit); err != nil {
			return err
		}
	}
	return nil
}

// nameSet remembers names by their hash, which has a key of its own for each set, so that nobody can choose a name that
// passes for another one. It is safe for concurrent use.
type nameSet struct {
	mu   sync.Mutex
	seed maphash.Seed
	seen map[uint64]struct{}
}

// add reports whether the name is new.
func (s *nameSet) add(name []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seed, s.seen = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	before := len(s.seen)
	s.seen[maphash.Bytes(s.seed, name)] = struct{}{}
	return len(s.seen) > before
}
