package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// around searches what is beside the objects: the files of the git directory and the indexes; then what is other
// repositories inside of this one. links are the submodules that HEAD and the index name.
func (w *historyWalk) around(ctx context.Context, links []string) error {
	w.rec.StartPhase("reading the git directory", 0)
	stores := map[string]string{}
	opt := repo.GitFilesOptions{
		OwnOnly: w.h.opt.Submodules,
		Store:   func(path, name string) { stores[path] = name },
	}
	if err := w.h.repo.GitFiles(ctx, opt, w.gitFile, w.note); err != nil {
		return err
	}
	w.h.repo.OutsidePaths(w.note)
	return w.descend(ctx, w.h.repo.Submodules(stores, links, w.note))
}

// note enters what is not among the files of the git directory.
func (w *historyWalk) note(unread bool, what, reason, item string) {
	if unread {
		w.rec.Unread(what, clipReason(reason), item)
	} else {
		w.rec.LeftOut(what, clipReason(reason), item)
	}
}

// gitFile searches one file of the git directory and its name.
func (w *historyWalk) gitFile(f *repo.GitFile) error {
	switch f.Kind {
	case repo.GitLFSObject:
		return w.lfsLeftover(f)
	case repo.GitLooseObject:
		return w.looseLeftover(f)
	}
	name := scanner.Chunk{Data: []byte(f.Name), Location: scanner.Location{Path: f.Name, Kind: scanner.KindFileName}}
	if err := w.visit(&name); err != nil {
		return err
	}
	kind, sort := gitFileKind(f.Kind)
	chunk := scanner.Chunk{Location: scanner.Location{Path: f.Name, Kind: kind}}
	switch f.Kind {
	case repo.GitPackedRefs:
		chunk.Added = func() ([]scanner.LineRange, error) { return oddRefLines(chunk.Data), nil }
	case repo.GitIndex:
		if err := w.indexNames(f.Name); err != nil {
			return err
		}
	}
	_, cause, err := w.content(f, max(w.h.opt.MaxSize, minGitFile), &chunk, io.Discard)
	switch {
	case err != nil:
		return err
	case cause == nil:
		w.rec.AddPlaces(sort, 1)
	case !passing(f.Name, cause):
		w.rec.Unread("git directory files", w.fileReason(cause), f.Name)
	}
	if f.Name == ".git/logs/refs/stash" {
		w.rec.AddPlaces("stash entries", bytes.Count(chunk.Data, []byte("\n")))
	}
	return nil
}

// content searches the content of a file, whose location chunk has, and writes it to sum. size is how much of it there was,
// cause why that is not all; err ends the walk. Small content is left in the chunk.
func (w *historyWalk) content(
	f *repo.GitFile, limit int64, chunk *scanner.Chunk, sum io.Writer,
) (size int64, cause, err error) {
	in, listed, cause := f.Open()
	if cause != nil {
		return 0, cause, nil
	}
	defer in.Close() //nolint:errcheck // Nothing was written.
	if listed > limit {
		return 0, errTooLarge, nil
	}
	if chunk.Added != nil || listed <= streamAbove {
		chunk.Data, cause = io.ReadAll(io.LimitReader(in, limit+1))
		if int64(len(chunk.Data)) > limit {
			chunk.Data, cause = chunk.Data[:limit], errTooLarge
		}
		_, _ = sum.Write(chunk.Data) // a hash never fails
		return int64(len(chunk.Data)), cause, w.file(chunk)
	}
	s := newStream(io.TeeReader(in, sum), limit)
	head := bytes.Clone(s.head())
	cause, err = visitStream(s, chunk, w.visit)
	w.rec.AddFile(int(s.size))
	if s.over {
		cause = errTooLarge
	}
	if err != nil || cause != nil {
		return s.size, cause, err
	}
	return s.size, nil, w.inside.searchLarge(chunk, head, s.size, func() (io.ReadCloser, error) {
		again, _, err := f.Open()
		return again, err
	}, nil)
}

// minGitFile is the size in bytes up to which a file of the git directory is read whatever the bound on blobs.
const minGitFile = 1 << 20

// file searches a file that is no blob.
func (w *historyWalk) file(chunk *scanner.Chunk) error {
	w.rec.AddFile(len(chunk.Data))
	if err := w.visit(chunk); err != nil {
		return err
	}
	return w.inside.search(chunk, nil)
}

// passing reports whether it is no loss that a file vanished: git makes and removes these all the time, and what they
// hold ends up in another file.
func passing(name string, err error) bool {
	return errors.Is(err, fs.ErrNotExist) && (strings.HasSuffix(name, ".lock") || strings.HasSuffix(name, ".new") ||
		strings.HasPrefix(path.Base(name), "tmp_"))
}

func (w *historyWalk) fileReason(err error) string {
	return clipReason(unreadReason(err, w.h.opt.MaxSize))
}

// gitFileKind returns what findings in such a file are labelled, and what the receipt counts it as.
func gitFileKind(kind repo.GitFileKind) (label scanner.Kind, sort string) {
	switch kind {
	case repo.GitHook:
		return scanner.KindHook, "hooks"
	case repo.GitReflog:
		return scanner.KindReflog, "reflogs"
	case repo.GitRef:
		return scanner.KindRefName, "ref files"
	case repo.GitPackedRefs:
		return scanner.KindRefName, "ref files"
	case repo.GitIndex:
		return scanner.KindFileName, "indexes"
	default:
		return scanner.KindGitConfig, "git directory files"
	}
}

// oddRefLines are the lines of packed-refs that are no refs. The names in all others are searched one by one.
func oddRefLines(data []byte) []scanner.LineRange {
	var odd []scanner.LineRange
	number := 0
	for line := range bytes.Lines(data) {
		number++
		text := bytes.TrimRight(line, "\r\n")
		id, name, found := bytes.Cut(text, []byte(" "))
		if found && bytes.HasPrefix(name, []byte("refs/")) || bytes.HasPrefix(text, []byte("^")) {
			if _, err := pack.ParseID(string(bytes.TrimPrefix(id, []byte("^")))); err == nil {
				continue
			}
		}
		if n := len(odd); n > 0 && odd[n-1].Last == number-1 {
			odd[n-1].Last = number
		} else {
			odd = append(odd, scanner.LineRange{First: number, Last: number})
		}
	}
	return odd
}

// indexNames searches the paths in an index that a search of the file does not see whole: those of version 4, which are
// compressed, and those that follow on a length which reads like a part of them. The position of a finding is that in the list
// of paths, one a line.
func (w *historyWalk) indexNames(name string) error {
	idx := w.entries[name]
	var list bytes.Buffer
	for i := range idx.Entries {
		if path := idx.Entries[i].Path; idx.Version > 3 || joins(lengthByte(path)) {
			list.WriteString(path)
			list.WriteByte('\n')
		}
	}
	if list.Len() == 0 {
		return nil
	}
	return w.visit(&scanner.Chunk{
		Data: list.Bytes(), Location: scanner.Location{Path: name, Kind: scanner.KindFileName},
	})
}

// lengthByte is the byte before a path in an index of the versions 2 and 3: the lower one of its length, which is at most 0xfff.
func lengthByte(path string) byte { return byte(min(len(path), 0xfff)) }

// joins reports whether a byte may be one of a token, so that a token behind it seems to begin earlier than it does.
func joins(b byte) bool {
	return b == '_' || b == '-' || '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z'
}

// indexes checks that the content which indexes name is there, and returns the paths that they name as submodules.
func (w *historyWalk) indexes(ctx context.Context) (links []string) {
	store, err := w.h.repo.Objects()
	if err != nil {
		return nil
	}
	w.entries = map[string]repo.WorktreeIndex{}
	for n, idx := range w.h.repo.Indexes(ctx, w.gap) {
		w.entries[idx.Name] = idx
		for i := range idx.Entries {
			e := &idx.Entries[i]
			switch {
			case repo.IsGitlink(e.Mode):
				if n == 0 {
					links = append(links, e.Path)
				}
			case e.IntentToAdd || repo.IsTree(e.Mode) || store.Has(e.ID) || w.h.repo.IsEmpty(e.ID):
			default:
				w.gap("blobs", e.ID.String(), fmt.Errorf("named by an index: %w", pack.ErrNotFound))
			}
		}
	}
	return links
}

// looseLeftover searches as much as there is of an object that git was writing when it was interrupted.
func (w *historyWalk) looseLeftover(f *repo.GitFile) error {
	data, err := f.ReadLoose(w.h.opt.MaxSize)
	switch {
	case err != nil && passing(f.Name, err):
		return nil
	case err != nil:
		w.rec.Unread("unfinished objects", clipReason(unreadReason(err, w.h.opt.MaxSize))+"; git was interrupted, "+
			"or is writing it; `git prune --expire=now` deletes it", f.Name)
	}
	w.rec.AddPlaces("unfinished objects", 1)
	return w.file(&scanner.Chunk{Data: data, Location: scanner.Location{Path: f.Name, Kind: scanner.KindUnreachable}})
}

// walkPlaces is what a walk counts and remembers of places other than blobs, commits and refs.
type walkPlaces struct {
	tags, trees atomic.Int64
	names       nameSet
	// entries are the indexes by the names of their files.
	entries map[string]repo.WorktreeIndex
	lfs     lfsSeen
}

// countObjects enters into the receipt what the object store was read for beside blobs and commits.
func (w *historyWalk) countObjects() {
	for _, c := range []struct {
		what string
		n    int64
	}{{"file names", int64(len(w.names.seen))}, {"annotated tags", w.tags.Load()}, {"trees", w.trees.Load()}} {
		if c.n > 0 {
			w.rec.AddPlaces(c.what, int(c.n))
		}
	}
}

// countRef enters a ref that is a sort of place of its own.
func (w *historyWalk) countRef(name string) {
	switch {
	case strings.HasPrefix(name, "refs/notes/"):
		w.rec.AddPlaces("notes refs", 1)
	case strings.HasPrefix(name, "refs/replace/"):
		w.rec.AddPlaces("replace refs, which are not followed", 1)
	}
}
