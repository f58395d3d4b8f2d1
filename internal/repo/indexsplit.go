package repo

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"path/filepath"

	"github.com/skant-dev/skant/internal/pack"
)

// errSplitIndex says that the parts of a split index do not fit together as they should. git is asked then: it knows
// better, or says what is wrong.
var errSplitIndex = errors.New("split index")

// openSharedIndex opens the file that a split index builds upon. Its name is its checksum.
func (r *Repository) openSharedIndex(sum []byte) (*pack.Mapped, error) {
	return pack.Map(filepath.Join(r.at.gitDir, "sharedindex."+hex.EncodeToString(sum)), maxIndex)
}

// join puts a split index together. link has the checksum of the shared file, a bitmap of its entries that are deleted,
// and one of those that are replaced: the first entries of the split file, which have no names, take their places in turn.
// All other entries are added. Without a shared file the extension says nothing.
func (x *index) join(link []byte, shared func(sum []byte) ([]byte, error)) error {
	size := x.format.Size()
	if len(link) < size {
		return fmt.Errorf("%w: extension cut short", errSplitIndex)
	}
	sum, rest := link[:size], link[size:]
	if bytes.Count(sum, []byte{0}) == size {
		return nil
	}
	data, err := shared(sum)
	if err != nil {
		return fmt.Errorf("%w: %w", errSplitIndex, err)
	}
	if !bytes.HasSuffix(data, sum) {
		return fmt.Errorf("%w: the shared file has another checksum", errSplitIndex)
	}
	own := x.places
	ext, err := x.decodeFile(1, data)
	if err != nil || ext.link != nil {
		return fmt.Errorf("%w: the shared file: %w", errSplitIndex, errors.Join(err, ErrMalformed))
	}
	base := x.places
	gone := make([]bool, len(base))
	if len(rest) > 0 {
		if own, err = x.replace(base, own, gone, rest); err != nil {
			return fmt.Errorf("%w: %w", errSplitIndex, err)
		}
	}
	for _, p := range own {
		if x.files[0].names[p.path] == 0 {
			return fmt.Errorf("%w: an entry that is added has no name", errSplitIndex)
		}
	}
	x.merge(base, own, gone)
	return nil
}

// replace marks the entries that are gone and lets those that are replaced point to what replaces them. It returns the
// entries that are added.
func (x *index) replace(base, own []entryPlace, gone []bool, bitmaps []byte) (added []entryPlace, err error) {
	var deleted, replaced bitmap
	if deleted, bitmaps, err = cutBitmap(bitmaps); err == nil {
		replaced, bitmaps, err = cutBitmap(bitmaps)
	}
	if err != nil || len(bitmaps) > 0 {
		return nil, errors.Join(err, ErrMalformed)
	}
	if err := deleted.each(len(base), func(i int) error { gone[i] = true; return nil }); err != nil {
		return nil, err
	}
	err = replaced.each(len(base), func(i int) error {
		if gone[i] || len(own) == 0 || x.files[0].names[own[0].path] != 0 {
			return fmt.Errorf("entry %d cannot be replaced: %w", i+1, ErrMalformed)
		}
		base[i].body, own = own[0].body, own[1:]
		return nil
	})
	return own, err
}

// merge makes one list of the shared file's entries that are not gone and those that are added, both in order. An entry
// that is added takes the place of one of the same name and stage; one of stage 0 ends a conflict.
func (x *index) merge(base, added []entryPlace, gone []bool) {
	all := make([]entryPlace, 0, len(base)+len(added))
	from := index{files: x.files, format: x.format, places: base}
	more := index{files: x.files, format: x.format, places: added}
	b, a := 0, 0
	for b < len(base) || a < len(added) {
		if b < len(base) && gone[b] {
			b++
			continue
		}
		order := 1
		switch {
		case a == len(added):
			order = -1
		case b < len(base):
			if order = bytes.Compare(from.path(b), more.path(a)); order == 0 && more.stage(a) > 0 {
				order = int(from.stage(b)) - int(more.stage(a))
			}
		}
		switch {
		case order < 0:
			all = append(all, base[b])
			b++
		case order == 0: // the added one is next, unless there is another of the same name in base
			b++
			if b < len(base) && more.stage(a) == 0 && bytes.Equal(from.path(b), more.path(a)) {
				continue
			}
			all = append(all, added[a])
			a++
		default:
			all = append(all, added[a])
			a++
		}
	}
	x.places = all
}

// bitmap is one that is compressed as git does it (EWAH): a word that says how many words of only zeros or only ones follow
// it, which are left out, and how many that are there; then those; and so on.
type bitmap struct{ words []byte }

// cutBitmap takes a bitmap off the start of data: the number of bits, that of words, the words, and the place of the last of
// those that count, which only a writer needs.
func cutBitmap(data []byte) (b bitmap, rest []byte, err error) {
	if len(data) < 8 {
		return b, nil, fmt.Errorf("bitmap cut short: %w", ErrMalformed)
	}
	n := int64(binary.BigEndian.Uint32(data[4:])) * 8
	if int64(len(data)) < 8+n+4 {
		return b, nil, fmt.Errorf("bitmap cut short: %w", ErrMalformed)
	}
	return bitmap{data[8 : 8+n]}, data[8+n+4:], nil
}

// each calls f for every bit that is set, in order. All must be below limit.
func (b bitmap) each(limit int, f func(i int) error) error {
	at := uint64(0)
	set := func(i uint64) error {
		if i >= uint64(limit) {
			return fmt.Errorf("bit %d of %d is set: %w", i, limit, ErrMalformed)
		}
		return f(int(i))
	}
	for words := b.words; len(words) > 0; {
		head := binary.BigEndian.Uint64(words)
		words = words[8:]
		run, there := head>>1&0xffffffff, head>>33
		if head&1 != 0 {
			for i := range 64 * run { // ends at the limit
				if err := set(at + i); err != nil {
					return err
				}
			}
		}
		if at += 64 * run; at > 1<<32 {
			return fmt.Errorf("bitmap of more bits than there can be entries: %w", ErrMalformed)
		}
		if there > uint64(len(words)/8) {
			return fmt.Errorf("bitmap cut short: %w", ErrMalformed)
		}
		for range there {
			for w := binary.BigEndian.Uint64(words); w != 0; w &= w - 1 {
				if err := set(at + uint64(bits.TrailingZeros64(w))); err != nil {
					return err
				}
			}
			at += 64
			words = words[8:]
		}
	}
	return nil
}
