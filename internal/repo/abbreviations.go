package repo

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
)

// maxObjectDirs bounds the object directories that are looked through for an abbreviation.
const maxObjectDirs = 64

// resolvePrefix returns the commit, or the tag of one, whose id starts with prefix: at least 4 hex digits. Where
// several objects do, only those that lead to a commit count, as in git.
func (r *Repository) resolvePrefix(prefix string) (pack.ID, error) {
	prefix = strings.ToLower(prefix)
	found := map[pack.ID]bool{}
	var firstErr error
	for _, dir := range r.objectDirs() {
		if err := findPrefix(dir, prefix, r.settings.format.Size(), found); err != nil && firstErr == nil {
			firstErr = err
		}
	}
	commits := map[pack.ID]bool{}
	for id := range found {
		if _, err := r.peelToCommit(id); err == nil {
			commits[id] = true
		}
	}
	if len(commits) > 1 {
		return pack.ID{}, fmt.Errorf("short id %q stands for %d commits", prefix, len(commits))
	}
	for id := range commits {
		return id, nil
	}
	if firstErr != nil {
		return pack.ID{}, firstErr
	}
	return pack.ID{}, ErrUnknownRevision
}

// objectDirs lists the object directory and, breadth first, its alternates.
func (r *Repository) objectDirs() []string {
	dirs := append([]string{r.at.objectsDir}, r.at.alternates...)
	seen := map[string]bool{}
	for i := 0; i < len(dirs) && i < maxObjectDirs; i++ {
		if seen[dirs[i]] {
			continue
		}
		seen[dirs[i]] = true
		data, err := readFile(filepath.Join(dirs[i], "info", "alternates"), maxSmallFile)
		if err != nil {
			// Alternates that cannot be read are a problem of the store, which reports it.
			continue
		}
		for line := range strings.Lines(string(data)) {
			line = strings.TrimRight(line, "\r\n")
			if dir := under(dirs[i], line); line != "" && line[0] != '#' && !onOtherHost(dir, dirs[i]) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs[:min(len(dirs), maxObjectDirs)]
}

// findPrefix adds every id of one object directory that starts with prefix.
func findPrefix(dir, prefix string, idLen int, found map[pack.ID]bool) error {
	if loose, err := os.ReadDir(filepath.Join(dir, prefix[:2])); err == nil {
		for _, e := range loose {
			if id, err := pack.ParseID(prefix[:2] + e.Name()); err == nil && strings.HasPrefix(id.String(), prefix) {
				found[id] = true
			}
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "pack"))
	if err != nil && !absent(err) {
		return fmt.Errorf("look short id up: %w", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".idx") {
			continue
		}
		f, err := openRegular(filepath.Join(dir, "pack", e.Name()))
		if err != nil {
			return fmt.Errorf("look short id up: %w", err)
		}
		err = findPrefixInPack(f, prefix, idLen, found)
		_ = f.Close()
		if err != nil {
			return fmt.Errorf("look short id up in %s: %w", e.Name(), err)
		}
	}
	return nil
}

// errPackIndex says that a pack's index has no sense in it.
var errPackIndex = fmt.Errorf("damaged index: %w", ErrMalformed)

// findPrefixInPack searches the sorted ids of a pack's index, of version 1 or 2, without reading all of it.
func findPrefixInPack(f io.ReaderAt, prefix string, idLen int, found map[pack.ID]bool) error {
	head := make([]byte, 8+4*256)
	if n, err := f.ReadAt(head, 0); err != nil && !(errors.Is(err, io.EOF) && n >= 4*256) {
		return fmt.Errorf("read: %w", err)
	}
	// In version 1 a 4-byte offset stands before each id.
	stride, skip, ids := int64(4+idLen), int64(4), int64(4*256)
	fan := head[:4*256]
	if bytes.HasPrefix(head, []byte("\xfftOc")) {
		if binary.BigEndian.Uint32(head[4:]) != 2 {
			return errors.New("version is not known")
		}
		stride, skip, ids, fan = int64(idLen), 0, 8+4*256, head[8:]
	}
	// An odd prefix is filled up with a zero for the search; the comparison afterwards is by digits.
	low, err := hex.DecodeString(prefix + strings.Repeat("0", len(prefix)%2))
	if err != nil {
		return err
	}
	first := 0
	if low[0] > 0 {
		first = int(binary.BigEndian.Uint32(fan[4*(int(low[0])-1):]))
	}
	last := int(binary.BigEndian.Uint32(fan[4*int(low[0]):]))
	if first > last {
		return errPackIndex
	}
	var readErr error
	at := func(i int) []byte {
		id := make([]byte, idLen)
		if _, err := f.ReadAt(id, ids+int64(i)*stride+skip); err != nil {
			readErr = errPackIndex
		}
		return id
	}
	i := first + sort.Search(last-first, func(i int) bool { return bytes.Compare(at(first+i), low) >= 0 })
	for ; i < last && readErr == nil; i++ {
		raw := at(i)
		if !strings.HasPrefix(hex.EncodeToString(raw), prefix) {
			break
		}
		if id, ok := pack.IDFromBytes(raw); ok {
			found[id] = true
		}
	}
	return readErr
}
