package repo

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // git's own checksum of the index
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

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
	maxIndex     = 2<<30 - 1 // an offset and one bit more are kept in 32 bits
	maxIndexPath = 1 << 16
	maxPathBytes = 1 << 30
)

// index is an index that was read: where its entries are, in git's order, and the ids of the folders that are known. An
// entry is taken apart when it is asked for, because those of which a hook has to know more than that they are there are
// few among many.
type index struct {
	// files are the index file and, of a split index, the one that it builds upon.
	files  [2]indexFile
	places []entryPlace
	format pack.Format
	// tree is what is known of folders; it may be nil.
	tree *cacheTree
	// undo are versions of files that had a conflict.
	undo []IndexEntry
	// version is that of the format, 0 if git was asked for the entries.
	version uint32
	// listed are the entries if git was asked for them.
	listed []IndexEntry
	// held are the files' contents, until close.
	held []*pack.Mapped
	// sums gives what the comparison of each file with its checksum said.
	sums []<-chan error
}

// entryPlace is where an entry stands: its fixed part in the data of a file, and its path, which ends with a NUL, among
// the names of one. The highest bit of each number selects the file.
type entryPlace struct{ body, path uint32 }

const ofShared = 1 << 31

func (x *index) len() int { return len(x.places) + len(x.listed) }

// path returns the path of an entry; it may not be changed.
func (x *index) path(i int) []byte {
	if x.listed != nil {
		return []byte(x.listed[i].Path)
	}
	at := x.places[i].path
	name := x.files[at>>31].names[at&^ofShared:]
	return name[:bytes.IndexByte(name, 0)] // decodeIndexFile has seen it
}

// stage returns the stage of an entry.
func (x *index) stage(i int) uint8 {
	if x.listed != nil {
		return x.listed[i].Stage
	}
	return uint8(binary.BigEndian.Uint16(x.body(i)[statBytes+x.format.Size():]) >> 12 & 3)
}

func (x *index) body(i int) []byte {
	at := x.places[i].body
	return x.files[at>>31].data[at&^ofShared:]
}

// entry takes an entry apart, all but its path.
func (x *index) entry(i int) (e IndexEntry) {
	if x.listed != nil {
		return x.listed[i]
	}
	body, size := x.body(i), x.format.Size()
	e.Mode = binary.BigEndian.Uint32(body[modeOffset:])
	e.ID, _ = pack.IDFromBytes(body[statBytes : statBytes+size])
	flags := binary.BigEndian.Uint16(body[statBytes+size:])
	e.Stage = uint8(flags >> 12 & 3)
	if flags&flagExtended != 0 {
		extended := binary.BigEndian.Uint16(body[statBytes+size+2:])
		e.IntentToAdd, e.SkipWorktree = extended&extIntentToAdd != 0, extended&extSkipWork != 0
	}
	return e
}

// entries takes all entries apart.
func (x *index) entries() (all []IndexEntry, err error) {
	err = pack.Guard(func() error {
		all = x.allEntries()
		return nil
	})
	return all, err
}

func (x *index) allEntries() []IndexEntry {
	if x.listed != nil || len(x.places) == 0 {
		return x.listed
	}
	all := make([]IndexEntry, len(x.places))
	total := 0
	for i := range all {
		total += len(x.path(i))
	}
	names := make([]byte, 0, total) // one string for all paths
	for i := range all {
		names = append(names, x.path(i)...)
	}
	text := string(names)
	for i := range all {
		n := len(x.path(i))
		all[i] = x.entry(i)
		all[i].Path, text = text[:n], text[n:]
	}
	return all
}

// ordered checks that entries are in git's order, as far as that can be told from one to the next.
func (x *index) ordered() error {
	if len(x.places) == 0 {
		return nil
	}
	before := x.path(0)
	for i := 1; i < len(x.places); i++ {
		path := x.path(i)
		if order := bytes.Compare(before, path); order > 0 || order == 0 && x.stage(i-1) >= x.stage(i) {
			return fmt.Errorf("entry %d is out of order: %w", i+1, ErrMalformed)
		}
		before = path
	}
	return nil
}

// check waits for the checksums.
func (x *index) check() error {
	var errs []error
	for _, sum := range x.sums {
		errs = append(errs, <-sum)
	}
	x.sums = nil
	return errors.Join(errs...)
}

// Index returns every entry of the index, in git's order. A missing index has none. The error is an [*IndexError].
func (r *Repository) Index() ([]IndexEntry, error) {
	idx, err := r.readIndex(context.Background())
	if err != nil {
		return nil, err
	}
	entries, err := idx.entries()
	return entries, r.closeIndex(idx, err)
}

// readIndex reads the index. What it says counts only once closeIndex has let it pass, and is to be read in [pack.Guard].
func (r *Repository) readIndex(ctx context.Context) (*index, error) {
	file, err := pack.Map(r.at.index, maxIndex)
	switch {
	case absent(err) && r.at.indexFromEnv:
		return nil, &IndexError{r.at.index, "GIT_INDEX_FILE names it: unset it, or let git make the file", err}
	case absent(err):
		return &index{}, nil
	case err != nil:
		return nil, &IndexError{r.at.index, "", err}
	}
	held := []*pack.Mapped{file}
	var idx *index
	err = pack.Guard(func() (err error) {
		idx, err = decodeIndex(file.Data(), r.settings.format, func(sum []byte) ([]byte, error) {
			shared, err := r.openSharedIndex(sum)
			if err != nil {
				return nil, err
			}
			held = append(held, shared)
			return shared.Data(), nil
		})
		return err
	})
	if err == nil {
		idx.held = held
		return idx, nil
	}
	err = errors.Join(err, closeAll(held))
	if errors.Is(err, errSplitIndex) {
		idx, err = r.readIndexWithGit(ctx)
	}
	if err != nil {
		return nil, r.damagedIndex(err)
	}
	return idx, nil
}

// closeIndex ends the use of an index, of which err is the outcome. Only now it is compared with its checksum: that may take
// longer than all that was to be done with it, and goes on meanwhile.
func (r *Repository) closeIndex(idx *index, err error) error {
	sum := idx.check()
	if damaged := errors.Join(sum, closeAll(idx.held)); damaged != nil {
		return r.damagedIndex(damaged)
	}
	return err
}

func closeAll(files []*pack.Mapped) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func (r *Repository) damagedIndex(err error) error {
	return &IndexError{r.at.index, "`git status` repairs or explains a damaged index", err}
}

// readIndexWithGit lists an index that this package cannot put together.
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
		idx.listed = append(idx.listed, IndexEntry{
			Path: string(path), Mode: mode, ID: id, Stage: fields[3][0] - '0', SkipWorktree: fields[0][0] == 'S',
		})
	}
	return idx, nil
}

// sumAlone is the size in bytes up to which a checksum is computed before anything else: starting something beside it
// would take as long.
const sumAlone = 256 << 10

// startSum begins to compare a file with the checksum at its end. With index.skipHash git writes zeros instead.
func startSum(data []byte, format pack.Format) <-chan error {
	done := make(chan error, 1)
	body, sum := data[:len(data)-format.Size()], data[len(data)-format.Size():]
	switch {
	case bytes.Count(sum, []byte{0}) == len(sum):
		done <- nil
	case len(data) <= sumAlone:
		done <- compareSum(body, sum)
	default:
		go func() {
			done <- pack.Guard(func() error { return compareSum(body, sum) })
		}()
	}
	return done
}

func compareSum(body, sum []byte) error {
	want := make([]byte, 0, sha256.Size)
	if len(sum) == sha256.Size {
		h := sha256.Sum256(body)
		want = append(want, h[:]...)
	} else {
		h := sha1.Sum(body) //nolint:gosec // git's own checksum of the index
		want = append(want, h[:]...)
	}
	if !bytes.Equal(want, sum) {
		return fmt.Errorf("checksum of the index does not match its content: %w", ErrMalformed)
	}
	return nil
}
