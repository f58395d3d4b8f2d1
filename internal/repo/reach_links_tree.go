package repo

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/skant-dev/skant/internal/pack"
)

// linkWorker is what one worker of a [LinkCheck] remembers, and its buffers for one tree.
type linkWorker struct {
	recent [recentIDs]recentID
	// names are the numbers of the names met so far, texts the names by number.
	names     map[string]uint32
	texts     []string
	nameBytes int

	steps   []treeStep
	fresh   []freshEntry
	lengths []byte
	// ids are those that have yet to be looked up, one after the other, and asked what each is wanted for.
	ids     []byte
	asked   []askedID
	numbers []uint32
	arena   recordArena
}

// askedID is an id that has to be looked up: the number of its name in the entry that names it, the kind of that, and
// where in a record its number belongs; nil if there is no record.
type askedID struct {
	name uint32
	kind uint8
	at   []byte
}

// kindOwn stands in the place of a kind for a tree's own id.
const kindOwn = 255

// recentID remembers an object that was met lately, under which name, and its number plus one; 0 if it is empty. It has
// room for the ids of nearly all repositories; others do without, which is slower. It fills half a line of a processor's
// cache.
type recentID struct {
	id           [recentLength]byte
	number, name uint32
	_            uint32
}

const (
	recentIDs    = 1 << 15
	recentLength = 20
	// maxNameBytes bounds the names that a worker remembers.
	maxNameBytes = 32 << 20
	// maxEntryLength is the longest entry of which a tree's deltas can be checked by what they change.
	maxEntryLength = 255
	// lookUpBatch is how many ids are looked up together, which takes less time.
	lookUpBatch = 128
)

// The kinds of entries, as far as they matter here.
const (
	kindFile = iota
	kindSymlink
	kindTree
	kindGitlink
)

// freshEntry is an entry that was parsed: where its id starts, the number of its name (at first its length), and its
// object's number plus one, 0 for a submodule.
type freshEntry struct {
	at           int
	name, number uint32
	mode         uint32
	kind         uint8
	// ask says that the number is not known yet; it belongs at recorded in the steps of the record.
	ask      bool
	recorded int
}

// treeStep is a part of a tree: fresh entries, or count entries of its base from entry start on.
type treeStep struct {
	fresh        bool
	start, count int
}

// treeState is what a tree leaves for its deltas: the lengths of its entries, all of them well formed and checked, and
// the number of its record, 0 if it has none.
type treeState struct {
	lengths []byte
	record  uint32
}

// baseCursor is at the start of an entry of a base, or at its end.
type baseCursor struct {
	lengths   []byte
	entry, at int
	// left is how many more entries may be passed. A delta with its copies out of order could go back and forth for ever;
	// what it copies when this is used up is parsed like the rest.
	left int
}

// Tree checks the entries of a tree. Malformed ones go to gap. The error is that of Names.
func (c *LinkCheck) Tree(worker int, o *pack.Object, gap Gap) error {
	w := c.workers[worker]
	w.steps, w.fresh, w.lengths = w.steps[:0], w.fresh[:0], w.lengths[:0]
	base, _ := o.BaseState.(*treeState)
	whole := c.parse(w, o, base, gap)
	if err := c.recall(worker, o); err != nil {
		return err
	}
	record := c.record(w, o, base)
	if len(w.asked) >= lookUpBatch {
		c.lookUp(w)
	}
	if whole && o.Deltas {
		o.State = &treeState{bytes.Clone(w.lengths), record}
	}
	return nil
}

// parse cuts a tree into what its base has and what has to be looked at. It reports whether deltas may rely on it: if
// all entries are well formed and none is too long.
func (c *LinkCheck) parse(w *linkWorker, o *pack.Object, base *treeState, gap Gap) (whole bool) {
	whole = true
	var copies []pack.Copy
	var cursor baseCursor
	if base != nil {
		copies = o.Copies
		cursor = baseCursor{lengths: base.lengths, left: 16*len(base.lengths) + 1024}
	}
	for at := 0; at < len(o.Data); {
		for len(copies) > 0 && copies[0].To+copies[0].Len <= at {
			copies = copies[1:]
		}
		if len(copies) > 0 && copies[0].To <= at {
			if n := w.carry(&cursor, copies[0], at); n > 0 {
				at += n
				continue
			}
		}
		length, ok := c.entry(w, o, at, gap)
		whole = whole && ok && length <= maxEntryLength
		if length == 0 {
			return false
		}
		w.lengths = append(w.lengths, byte(length))
		at += length
	}
	return whole
}

// carry takes over the entries that lie wholly in a copy, if an entry of the base starts where the copy has the position
// at. It returns their length in bytes. Their bytes are those of the base, so that there is nothing new to find in them.
func (w *linkWorker) carry(cursor *baseCursor, c pack.Copy, at int) int {
	from := c.From + at - c.To
	if from < cursor.at {
		cursor.entry, cursor.at = 0, 0
	}
	if cursor.advance(from); cursor.at != from {
		return 0
	}
	start := cursor.entry
	cursor.advance(c.From + c.Len)
	if cursor.entry == start {
		return 0
	}
	w.lengths = append(w.lengths, cursor.lengths[start:cursor.entry]...)
	w.steps = append(w.steps, treeStep{false, start, cursor.entry - start})
	return cursor.at - from
}

// advance goes to the last entry that starts at limit or before, unless too much was passed already.
func (b *baseCursor) advance(limit int) {
	const even, sum = 0x00ff00ff00ff00ff, 0x0001000100010001
	start := b.entry
	for b.left > 0 {
		// Eight lengths at a time, added up in one word.
		for b.entry+8 <= len(b.lengths) {
			x := binary.LittleEndian.Uint64(b.lengths[b.entry:])
			n := int((x&even + x>>8&even) * sum >> 48)
			if b.at+n > limit {
				break
			}
			b.at += n
			b.entry += 8
		}
		if b.entry == len(b.lengths) || b.at+int(b.lengths[b.entry]) > limit {
			break
		}
		b.at += int(b.lengths[b.entry])
		b.entry++
	}
	b.left -= b.entry - start
}

// entry parses the entry at a position and returns its length, 0 if that cannot be told, and whether it is well formed.
func (c *LinkCheck) entry(w *linkWorker, o *pack.Object, at int, gap Gap) (length int, ok bool) {
	rest := o.Data[at:]
	mode, start := quickMode(rest)
	end := start + entryEnd(rest[start:])
	if end < start || end+c.idLen >= len(rest) {
		_, _, err := cutTreeEntry(rest, c.idLen)
		gap("trees", o.ID.String(), err)
		return 0, false
	}
	length, ok = end+1+c.idLen, true
	if start == 0 || start == end {
		entry, _, err := cutTreeEntry(rest, c.idLen)
		if err != nil {
			ok = false
			gap("trees", o.ID.String(), err)
		}
		mode, start = entry.Mode, end-len(entry.Name)
	}
	w.fresh = append(w.fresh, freshEntry{
		at: at + end + 1, name: uint32(end - start), kind: entryKind(mode), mode: mode, ask: true,
	})
	if n := len(w.steps); n > 0 && w.steps[n-1].fresh {
		w.steps[n-1].count++
	} else {
		w.steps = append(w.steps, treeStep{true, len(w.fresh) - 1, 1})
	}
	return length, ok
}

// recall fills in what is known of the fresh entries, and the numbers of their names.
func (c *LinkCheck) recall(worker int, o *pack.Object) error {
	w := c.workers[worker]
	if c.idLen == recentLength {
		// Looking at all slots once lets the processor wait for several of them at a time.
		for i := range w.fresh {
			e := &w.fresh[i]
			e.number = w.slot(o.Data[e.at:]).number
		}
	}
	for i := range w.fresh {
		e := &w.fresh[i]
		id, name := o.Data[e.at:e.at+c.idLen], o.Data[e.at-1-int(e.name):e.at-1]
		e.name = 0
		switch {
		case e.kind == kindGitlink:
			// A submodule's commit is in another repository. Were it remembered, a file with the same id would go unchecked.
			e.number, e.ask = 0, false
		case e.number != 0:
			if slot := w.slot(id); sameID(&slot.id, id) {
				e.number, e.name, e.ask = slot.number, slot.name, false
			}
		}
		if int(e.name) >= len(w.texts) || w.texts[e.name] != string(name) {
			n, err := c.name(worker, o.ID, name, e.mode)
			if err != nil {
				return err
			}
			e.name = n
		}
	}
	return nil
}

// slot is where an id is remembered.
func (w *linkWorker) slot(id []byte) *recentID {
	return &w.recent[binary.LittleEndian.Uint16(id)%recentIDs]
}

// sameID compares ids word by word, which is quicker than a call.
func sameID(a *[recentLength]byte, id []byte) bool {
	const word = 8
	return binary.LittleEndian.Uint64(a[:]) == binary.LittleEndian.Uint64(id) &&
		binary.LittleEndian.Uint64(a[word:]) == binary.LittleEndian.Uint64(id[word:]) &&
		binary.LittleEndian.Uint32(a[2*word:]) == binary.LittleEndian.Uint32(id[2*word:])
}

// quickMode reads the modes that git writes, with the space, and returns where the name starts; 0 for other modes.
func quickMode(entry []byte) (mode uint32, name int) {
	const (
		six, seven         = 1<<48 - 1, 1<<56 - 1
		folder             = '4' | '0'<<8 | '0'<<16 | '0'<<24 | '0'<<32 | ' '<<40
		regular            = '1' | '0'<<8 | '0'<<16 | '6'<<24 | '4'<<32 | '4'<<40 | ' '<<48
		program            = '1' | '0'<<8 | '0'<<16 | '7'<<24 | '5'<<32 | '5'<<40 | ' '<<48
		link               = '1' | '2'<<8 | '0'<<16 | '0'<<24 | '0'<<32 | '0'<<40 | ' '<<48
		submodule          = '1' | '6'<<8 | '0'<<16 | '0'<<24 | '0'<<32 | '0'<<40 | ' '<<48
		modeProgram uint32 = 0o100755
	)
	if len(entry) < 8 {
		return 0, 0
	}
	x := binary.LittleEndian.Uint64(entry)
	switch x & seven {
	case regular:
		return ModeRegular, 7
	case program:
		return modeProgram, 7
	case link:
		return ModeSymlink, 7
	case submodule:
		return ModeGitlink, 7
	}
	if x&six == folder {
		return ModeTree, 6
	}
	return 0, 0
}

func entryKind(mode uint32) uint8 {
	switch {
	case IsTree(mode):
		return kindTree
	case IsGitlink(mode):
		return kindGitlink
	case IsSymlink(mode):
		return kindSymlink
	default:
		return kindFile
	}
}

// name returns the worker's number of a name, and shows names that it has not met.
func (c *LinkCheck) name(worker int, tree pack.ID, name []byte, mode uint32) (uint32, error) {
	w := c.workers[worker]
	if n, known := w.names[string(name)]; known {
		return n, nil
	}
	if w.nameBytes+len(name) > maxNameBytes {
		// From now on only what was met lately is known, and records, which need all names, are no longer kept.
		c.records.stop()
		clear(w.names)
		w.texts, w.nameBytes = nil, 0
	}
	const overhead = 64
	text := string(name)
	n := uint32(len(w.texts))
	w.names[text] = n
	w.texts = append(w.texts, text)
	w.nameBytes += len(name) + overhead
	if c.Names != nil {
		return n, c.Names(worker, tree, name, mode)
	}
	return n, nil
}

// ask puts an id among those that will be looked up; its number plus one is to be written at a place, unless that is nil.
func (w *linkWorker) ask(id []byte, name uint32, kind uint8, at []byte) {
	w.ids = append(w.ids, id...)
	w.asked = append(w.asked, askedID{name, kind, at})
}

// lookUp finds the objects that were asked for, and notes those that are missing.
func (c *LinkCheck) lookUp(w *linkWorker) {
	if len(w.numbers) < len(w.asked) {
		w.numbers = make([]uint32, 2*len(w.asked))
	}
	clear(w.numbers)
	if c.numbers != nil {
		c.numbers.Find(w.ids, w.numbers)
	}
	for i := range w.asked {
		asked, raw, number := &w.asked[i], w.ids[i*c.idLen:(i+1)*c.idLen], w.numbers[i]
		if number == 0 {
			what := ""
			switch asked.kind {
			case kindTree:
				what = "trees"
			case kindFile, kindSymlink:
				what = "blobs"
			}
			id, _ := pack.IDFromBytes(raw)
			if number = c.elsewhere(id, what); number == noNumber {
				c.records.stop()
			}
		}
		if asked.at != nil {
			binary.LittleEndian.PutUint32(asked.at, number)
		}
		if asked.kind != kindOwn && c.idLen == recentLength {
			slot := w.slot(raw)
			copy(slot.id[:], raw)
			slot.number, slot.name = number, asked.name
		}
	}
	w.ids, w.asked = w.ids[:0], w.asked[:0]
}

// finish looks up what is left. No more trees may be shown.
func (c *LinkCheck) finish() {
	for _, w := range c.workers {
		c.lookUp(w)
	}
}

// entryEnd returns where the NUL of the first entry of a tree is, or -1. Names are short, so that looking at eight bytes
// at a time is faster than a search made for long texts.
func entryEnd(data []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(data); i += 8 {
		x := binary.LittleEndian.Uint64(data[i:])
		if zero := (x - ones) &^ x & tops; zero != 0 {
			return i + bits.TrailingZeros64(zero)/8
		}
	}
	for ; i < len(data); i++ {
		if data[i] == 0 {
			return i
		}
	}
	return -1
}
