package repo

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // git's own checksum of the index
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
)

// IndexEntry is one line of the index.
type IndexEntry struct {
	// Path is relative to the top of the work tree, with slashes; any bytes but NUL. That of a folder which a sparse
	// index keeps as one entry ends with a slash, and its Mode is [ModeTree].
	Path string
	Mode uint32
	ID   pack.ID
	// Stage is 0, or for a path with a merge conflict 1 (common ancestor), 2 (ours), 3 (theirs).
	Stage uint8
	// IntentToAdd marks an entry of `git add --intent-to-add`: nothing of it is staged yet.
	IntentToAdd bool
	// SkipWorktree marks an entry outside of a sparse checkout.
	SkipWorktree bool
}

// IndexError says that the index could not be read. Nothing can be said about what is staged.
type IndexError struct {
	Path   string
	Remedy string
	Err    error
}

func (e *IndexError) Error() string {
	text := fmt.Sprintf("read index %q: %v", e.Path, e.Err)
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}

// Unwrap returns what is wrong with it.
func (e *IndexError) Unwrap() error { return e.Err }

const (
	maxIndex     = 2 << 30
	maxIndexPath = 1 << 16
	maxPathBytes = 1 << 30

	statBytes      = 40 // times, device, inode, mode, owner, group and size
	modeOffset     = 24
	flagExtended   = 0x4000
	extIntentToAdd = 0x2000
	extSkipWork    = 0x4000
)

// errSplitIndex says that most entries are in a second file.
var errSplitIndex = errors.New("split index")

// index is a decoded index file: entries in git's order, and the ids of the folders that are known.
type index struct {
	entries []IndexEntry
	tree    *cacheTree
	// undo are versions of files that had a conflict.
	undo []IndexEntry
	// version is that of the format.
	version uint32
}

// Index returns every entry of the index, in git's order. A missing index has none. The error is an [*IndexError].
func (r *Repository) Index() ([]IndexEntry, error) {
	idx, err := r.readIndex(context.Background())
	if err != nil {
		return nil, err
	}
	return idx.entries, nil
}

func (r *Repository) readIndex(ctx context.Context) (*index, error) {
	data, err := readFile(r.at.index, maxIndex)
	switch {
	case absent(err) && r.at.indexFromEnv:
		return nil, &IndexError{r.at.index, "GIT_INDEX_FILE names it: unset it, or let git make the file", err}
	case absent(err):
		return &index{}, nil
	case err != nil:
		return nil, &IndexError{r.at.index, "", err}
	}
	idx, err := decodeIndex(data, r.settings.format)
	if errors.Is(err, errSplitIndex) {
		idx, err = r.readIndexWithGit(ctx)
	}
	if err != nil {
		return nil, &IndexError{r.at.index, "`git status` repairs or explains a damaged index", err}
	}
	return idx, nil
}

// readIndexWithGit lists a split index, whose shared file and bitmaps git puts together.
func (r *Repository) readIndexWithGit(ctx context.Context) (*index, error) {
	out, err := r.runGit(ctx, "ls-files", "--stage", "-t", "-z", "--full-name")
	if err != nil {
		return nil, fmt.Errorf("it is split, and git, which could read it, failed: %w", err)
	}
	idx := &index{}
	for line := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte{0}), []byte{0}) {
		if len(line) == 0 {
			continue
		}
		// "H 100644 ID STAGE<tab>PATH"; the first letter is S for an entry outside of a sparse checkout.
		head, path, found := bytes.Cut(line, []byte("\t"))
		fields := bytes.Fields(head)
		if !found || len(fields) != 4 || len(fields[3]) != 1 {
			return nil, fmt.Errorf("unexpected output of git ls-files: %w", ErrMalformed)
		}
		mode, ok := parseMode(fields[1])
		id, err := pack.ParseID(string(fields[2]))
		if !ok || err != nil {
			return nil, fmt.Errorf("unexpected output of git ls-files: %w", ErrMalformed)
		}
		idx.entries = append(idx.entries, IndexEntry{
			Path: string(path), Mode: mode, ID: id, Stage: fields[3][0] - '0', SkipWorktree: fields[0][0] == 'S',
		})
	}
	return idx, nil
}

// decodeIndex reads an index file of version 2, 3 or 4.
func decodeIndex(data []byte, format pack.Format) (*index, error) {
	body, err := checkIndexSum(data, format)
	if err != nil {
		return nil, err
	}
	if len(body) < 12 || string(body[:4]) != "DIRC" {
		return nil, fmt.Errorf("no index header: %w", ErrMalformed)
	}
	version, count := binary.BigEndian.Uint32(body[4:]), int64(binary.BigEndian.Uint32(body[8:]))
	if version < 2 || version > 4 {
		return nil, fmt.Errorf("index version %d is not known", version)
	}
	if count*int64(statBytes+format.Size()) > int64(len(body)) {
		return nil, fmt.Errorf("%d entries do not fit in %d bytes: %w", count, len(body), ErrMalformed)
	}
	d := indexDecoder{data: body, pos: 12, version: version, format: format}
	idx := &index{version: version}
	if idx.entries, err = d.decodeEntries(int(count)); err != nil {
		return nil, err
	}
	if idx.tree, idx.undo, err = decodeIndexExtensions(body[d.pos:], format); err != nil {
		return nil, err
	}
	// Only now: the entries of a split index have no names where the other file has them.
	for i := 1; i < len(idx.entries); i++ {
		a, b := &idx.entries[i-1], &idx.entries[i]
		if order := strings.Compare(a.Path, b.Path); order > 0 || order == 0 && a.Stage >= b.Stage {
			return nil, fmt.Errorf("entry %d is out of order: %w", i+1, ErrMalformed)
		}
	}
	return idx, nil
}

// checkIndexSum takes the checksum off the end and compares it. With index.skipHash git writes zeros instead.
func checkIndexSum(data []byte, format pack.Format) ([]byte, error) {
	size := format.Size()
	if len(data) < size {
		return nil, fmt.Errorf("index of %d bytes: %w", len(data), ErrMalformed)
	}
	body, sum := data[:len(data)-size], data[len(data)-size:]
	if bytes.Count(sum, []byte{0}) == size {
		return body, nil
	}
	want := make([]byte, 0, sha256.Size)
	if format == pack.SHA256 {
		h := sha256.Sum256(body)
		want = append(want, h[:]...)
	} else {
		h := sha1.Sum(body) //nolint:gosec // git's own checksum of the index
		want = append(want, h[:]...)
	}
	if !bytes.Equal(want, sum) {
		return nil, fmt.Errorf("checksum of the index does not match its content: %w", ErrMalformed)
	}
	return body, nil
}

type indexDecoder struct {
	data    []byte
	pos     int
	version uint32
	format  pack.Format
	// paths holds all paths, one after the other, so that no entry costs an allocation.
	paths strings.Builder
}

func (d *indexDecoder) decodeEntries(count int) ([]IndexEntry, error) {
	entries := make([]IndexEntry, count)
	// What is left of the file when the rest of each entry is taken off holds all paths, unless they are compressed.
	d.paths.Grow(len(d.data) - count*(statBytes+d.format.Size()))
	previous := ""
	for i := range entries {
		if err := d.decodeEntry(&entries[i], previous); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		previous = entries[i].Path
		if d.paths.Len() > maxPathBytes {
			return nil, fmt.Errorf("paths of more than %d bytes in total", maxPathBytes)
		}
	}
	return entries, nil
}

// decodeEntry reads one entry, whose path may build upon the previous one.
func (d *indexDecoder) decodeEntry(e *IndexEntry, previous string) error {
	idLen := d.format.Size()
	start := d.pos
	if len(d.data)-start < statBytes+idLen+2 {
		return fmt.Errorf("cut short: %w", ErrMalformed)
	}
	e.Mode = binary.BigEndian.Uint32(d.data[start+modeOffset:])
	e.ID, _ = pack.IDFromBytes(d.data[start+statBytes : start+statBytes+idLen])
	at := start + statBytes + idLen
	flags := binary.BigEndian.Uint16(d.data[at:])
	at += 2
	e.Stage = uint8(flags >> 12 & 3)
	if flags&flagExtended != 0 {
		if d.version < 3 || len(d.data)-at < 2 {
			return fmt.Errorf("extended flags out of place: %w", ErrMalformed)
		}
		extended := binary.BigEndian.Uint16(d.data[at:])
		e.IntentToAdd, e.SkipWorktree = extended&extIntentToAdd != 0, extended&extSkipWork != 0
		at += 2
	}
	pathStart := d.paths.Len()
	if d.version == 4 {
		strip, n := cutVarint(d.data[at:])
		if n == 0 || strip > uint64(len(previous)) {
			return fmt.Errorf("path prefix is longer than the path before: %w", ErrMalformed)
		}
		at += n
		d.paths.WriteString(previous[:len(previous)-int(strip)])
	}
	end := bytes.IndexByte(d.data[at:], 0)
	if end < 0 || end > maxIndexPath {
		return fmt.Errorf("path without an end: %w", ErrMalformed)
	}
	d.paths.Write(d.data[at : at+end])
	e.Path = d.paths.String()[pathStart:]
	at += end + 1
	if d.version < 4 {
		// An entry is padded with 1 to 8 zeros to a multiple of 8.
		at = start + (at-1-start+8)&^7
	}
	if at > len(d.data) {
		return fmt.Errorf("cut short: %w", ErrMalformed)
	}
	d.pos = at
	return nil
}

// cutVarint reads git's offset encoding, in which each further byte adds one. n is 0 if there is none.
func cutVarint(data []byte) (value uint64, n int) {
	for i, c := range data[:min(len(data), 9)] {
		if i > 0 {
			value++
		}
		value = value<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return value, i + 1
		}
	}
	return 0, 0
}
