package repo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/skant-dev/skant/internal/pack"
)

const (
	statBytes      = 40 // times, device, inode, mode, owner, group and size
	modeOffset     = 24
	flagExtended   = 0x4000
	extIntentToAdd = 0x2000
	extSkipWork    = 0x4000
)

// indexFile is the content of an index file, and the paths in it: the content itself unless they are compressed.
type indexFile struct{ data, names []byte }

// indexExtensions is what follows the entries of an index file, as far as it is of use.
type indexExtensions struct {
	tree *cacheTree
	undo []IndexEntry
	// link is the content of the extension of a split index; nil if it is not split.
	link []byte
}

// decodeIndex reads an index file of version 2, 3 or 4. If it is split, shared reads the file that it builds upon, given the
// checksum that this one must end with. The checksums are those of the index's check.
func decodeIndex(data []byte, format pack.Format, shared func(sum []byte) ([]byte, error)) (*index, error) {
	idx := &index{format: format}
	ext, err := idx.decodeFile(0, data)
	if err != nil {
		return nil, sooner(idx.check(), err)
	}
	idx.tree, idx.undo = ext.tree, ext.undo
	if ext.link != nil {
		if err := idx.join(ext.link, shared); err != nil {
			return nil, sooner(idx.check(), err)
		}
	}
	// Only now: the entries of a split index have no names where the other file has them.
	if err := idx.ordered(); err != nil {
		return nil, sooner(idx.check(), err)
	}
	return idx, nil
}

// sooner returns the error that explains another one: what does not match its checksum may be malformed in any way.
func sooner(sum, err error) error {
	if sum != nil {
		return sum
	}
	return err
}

// decodeFile finds the entries of a file and adds their places.
func (x *index) decodeFile(n int, data []byte) (ext indexExtensions, err error) {
	size := x.format.Size()
	if len(data) < size {
		return ext, fmt.Errorf("index of %d bytes: %w", len(data), ErrMalformed)
	}
	body := data[:len(data)-size]
	x.sums = append(x.sums, startSum(data, x.format))
	if len(body) < 12 || string(body[:4]) != "DIRC" {
		return ext, fmt.Errorf("no index header: %w", ErrMalformed)
	}
	version, count := binary.BigEndian.Uint32(body[4:]), int64(binary.BigEndian.Uint32(body[8:]))
	if version < 2 || version > 4 {
		return ext, fmt.Errorf("index version %d is not known", version)
	}
	if count*int64(statBytes+size) > int64(len(body)) {
		return ext, fmt.Errorf("%d entries do not fit in %d bytes: %w", count, len(body), ErrMalformed)
	}
	d := indexDecoder{data: body, pos: 12, version: version, idLen: size, file: uint32(n) << 31}
	if n == 0 {
		x.version = version
	}
	x.places = make([]entryPlace, count)
	for i := range x.places {
		if err := d.decodeEntry(&x.places[i]); err != nil {
			return ext, fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	x.files[n] = indexFile{body, body}
	if version == 4 {
		x.files[n].names = d.names
	}
	return decodeIndexExtensions(body[d.pos:], x.format)
}

type indexDecoder struct {
	data    []byte
	pos     int
	version uint32
	idLen   int
	// file is the bit for this file in the places of its entries.
	file uint32
	// names holds the paths of version 4, one after the other, and previous is where the last of them starts.
	names    []byte
	previous int
}

// decodeEntry finds one entry.
func (d *indexDecoder) decodeEntry(p *entryPlace) error {
	start := d.pos
	if len(d.data)-start < statBytes+d.idLen+2 {
		return fmt.Errorf("cut short: %w", ErrMalformed)
	}
	at := start + statBytes + d.idLen
	flags := binary.BigEndian.Uint16(d.data[at:])
	at += 2
	if flags&flagExtended != 0 {
		if d.version < 3 || len(d.data)-at < 2 {
			return fmt.Errorf("extended flags out of place: %w", ErrMalformed)
		}
		at += 2
	}
	p.body = uint32(start) | d.file
	if d.version == 4 {
		return d.decodeName(p, at)
	}
	end := bytes.IndexByte(d.data[at:], 0)
	if end < 0 || end > maxIndexPath {
		return fmt.Errorf("path without an end: %w", ErrMalformed)
	}
	p.path = uint32(at) | d.file
	// An entry is padded with 1 to 8 zeros to a multiple of 8.
	if d.pos = start + (at+end-start+8)&^7; d.pos > len(d.data) {
		return fmt.Errorf("cut short: %w", ErrMalformed)
	}
	return nil
}

// decodeName puts together a path of version 4, which is that of the entry before without so many bytes of its end, and
// what is added.
func (d *indexDecoder) decodeName(p *entryPlace, at int) error {
	previous := max(0, len(d.names)-d.previous-1) // the length of the path before
	strip, n := cutVarint(d.data[at:])
	if n == 0 || strip > uint64(previous) {
		return fmt.Errorf("path prefix is longer than the path before: %w", ErrMalformed)
	}
	at += n
	end := bytes.IndexByte(d.data[at:], 0)
	kept := d.names[d.previous : d.previous+previous-int(strip)]
	if end < 0 || len(kept)+end > maxIndexPath {
		return fmt.Errorf("path without an end: %w", ErrMalformed)
	}
	if len(d.names)+len(kept)+end+1 > min(maxPathBytes, math.MaxInt32) {
		return fmt.Errorf("paths of more than %d bytes in total", maxPathBytes)
	}
	if d.names == nil { // a path adds about half of its bytes to what the one before has
		d.names = make([]byte, 0, len(d.data))
	}
	next := len(d.names)
	d.names = append(append(d.names, kept...), d.data[at:at+end+1]...)
	p.path, d.previous, d.pos = uint32(next)|d.file, next, at+end+1
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

// decodeIndexExtensions looks through what follows the entries. An extension whose name starts with a capital letter
// may be skipped; any other changes what the entries mean.
func decodeIndexExtensions(data []byte, format pack.Format) (ext indexExtensions, err error) {
	for len(data) > 0 {
		if len(data) < 8 {
			return ext, fmt.Errorf("extension cut short: %w", ErrMalformed)
		}
		name, size := string(data[:4]), int64(binary.BigEndian.Uint32(data[4:]))
		if size > int64(len(data)-8) {
			return ext, fmt.Errorf("extension %q cut short: %w", name, ErrMalformed)
		}
		body := data[8 : 8+size : 8+size]
		data = data[8+size:]
		switch {
		case name == "TREE":
			// A cache that does not parse only costs the short cut: git ignores it as well.
			ext.tree = newCacheTree(body, format)
		case name == "REUC":
			ext.undo = decodeResolveUndo(body, format)
		case name == "link":
			ext.link = body
		case name == "sdir", name[0] >= 'A' && name[0] <= 'Z':
		default:
			return ext, fmt.Errorf("index extension %q is not known", name)
		}
	}
	return ext, nil
}
