package source

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// lfsSeen are the contents of git-lfs that pointers named. It is safe for concurrent use.
type lfsSeen struct {
	mu   sync.Mutex
	oids map[string]bool
}

func (s *lfsSeen) add(oid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.oids == nil {
		s.oids = map[string]bool{}
	}
	s.oids[oid] = true
}

// list returns the contents, sorted.
func (s *lfsSeen) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.oids))
}

func (s *lfsSeen) has(oid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oids[oid]
}

const lfsAbsent = "content is not in this clone; fetch it with `git lfs fetch --all` and scan again"

// lfsPointer searches what git-lfs keeps for a blob that is a pointer, as if it were the blob's own content.
func (w *historyWalk) lfsPointer(id pack.ID, data []byte) error {
	p, ok := repo.ParseLFSPointer(data)
	if !ok {
		return nil
	}
	f := w.h.repo.LFSObject(p.OID)
	if f == nil {
		w.rec.Unread("LFS objects", "the pointer names no SHA-256, so that its content cannot be looked up; "+
			"`git lfs fetch --all` may get it", id.String())
		return nil
	}
	w.lfs.add(p.OID)
	w.h.noteLFS(id)
	return w.lfsContent(f, p, scanner.Location{Object: id.String(), Kind: scanner.KindCommitContent}, id.String())
}

// lfsContent searches what git-lfs keeps. Content that is not what a pointer, or its own name, says is searched all the
// same, and reported.
func (w *historyWalk) lfsContent(f *repo.GitFile, p repo.LFSPointer, at scanner.Location, item string) error {
	const remedy = "; what is here was searched; get it again with `git lfs fsck` and `git lfs fetch --all`"
	sum := sha256.New()
	size, cause, err := w.content(f, w.h.opt.MaxSize, &scanner.Chunk{Location: at}, sum)
	if err != nil {
		return err
	}
	reason := ""
	switch got := hex.EncodeToString(sum.Sum(nil)); {
	case errors.Is(cause, fs.ErrNotExist) && p.OID == got:
		return nil // It is empty, which git-lfs need not store to know it.
	case errors.Is(cause, fs.ErrNotExist):
		reason = lfsAbsent
	case cause != nil:
		reason = w.fileReason(cause)
	case p.Size >= 0 && p.Size != size:
		reason = "not of the size that the pointer says" + remedy
	case p.OID != got:
		reason = "content does not have the SHA-256 of its name" + remedy
	}
	if cause == nil {
		w.rec.AddPlaces("LFS objects", 1)
	}
	if reason != "" {
		w.rec.Unread("LFS objects", reason, item)
	}
	return nil
}

// lfsLeftover searches a content that no pointer names.
func (w *historyWalk) lfsLeftover(f *repo.GitFile) error {
	oid := path.Base(f.Name)
	if w.lfs.has(oid) {
		return nil
	}
	at := scanner.Location{Path: f.Name, Kind: scanner.KindUnreachable}
	return w.lfsContent(f, repo.LFSPointer{OID: oid, Size: -1}, at, f.Name)
}

// noteLFS remembers a blob as a pointer, for attribution.
func (h *History) noteLFS(id pack.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lfs == nil {
		h.lfs = map[pack.ID]bool{}
	}
	h.lfs[id] = true
}

// blobReason says what sort of content it is where the path does not tell: a file of git-lfs, or the target of a link.
func (h *History) blobReason(in *repo.Introduction) string {
	h.mu.Lock()
	lfs := h.lfs[in.Blob]
	h.mu.Unlock()
	switch {
	case lfs:
		return "in the content that git-lfs keeps for this file"
	case in.Symlink:
		return "in the target of a symbolic link"
	}
	return ""
}
