package source

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"slices"
	"time"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/internal/pack"
)

// maxCleanSize is the number of bytes that were searched, archives unpacked, from which an object is not noted: one more
// has to fit into 32 bits.
const maxCleanSize = math.MaxUint32

// cleanNote is a clean object of a pack, which counts from 1; size is what was searched of it, in bytes.
type cleanNote struct{ pack, position, size uint32 }

// looseNote is a clean loose blob.
type looseNote struct {
	id   pack.ID
	path string
	size uint32
}

// packMemory is what is known of one pack.
type packMemory struct {
	key cache.Key
	// count is the number of its objects; 0 if nothing can be kept of it.
	count int
	// sizes are, by position, the size plus one of each object that is clean; nil if none is known.
	sizes []uint32
	file  pack.PackFile
}

// hook makes the store ask what is known.
func (m *memory) hook(opt *pack.EachOptions, w *historyWalk) {
	if m == nil {
		return
	}
	skip := func(size uint32, when time.Time) {
		w.objects.Add(1)
		w.rec.AddBlob(int(size))
		m.reused.Objects++
		if when.After(m.reused.When) {
			m.reused.When = when
		}
	}
	m.loadLoose()
	opt.Packs = m.loadPacks
	opt.SkipBlob = func(pack, position int) bool {
		p := &m.packs[pack-1]
		if p.sizes == nil || p.sizes[position] == 0 {
			return false
		}
		skip(p.sizes[position]-1, time.Time{})
		return true
	}
	opt.SkipLoose = func(id pack.ID, path string) bool {
		size, ok := m.loose.has(id, path)
		if ok {
			skip(size, m.loose.saved)
		}
		return ok
	}
}

// loadPacks reads what is known of the packs of a run.
func (m *memory) loadPacks(files []pack.PackFile) {
	packs := make([]packMemory, len(files))
	for i, f := range files {
		p := &packs[i]
		p.file = f
		own, ok := cache.Identify(f.Pack)
		index, ok2 := cache.Identify(f.Index)
		if !ok || !ok2 || !own.Settled(f.Opened) || !index.Settled(f.Opened) {
			continue
		}
		p.count = f.Objects
		p.key = m.key("clean in pack", own.Append(nil), index.Append(nil))
		data, saved, ok := m.cache.Get(p.key)
		if !ok {
			continue
		}
		if p.sizes = decodeClean(data, p.count); p.sizes != nil && saved.After(m.reused.When) {
			m.reused.When = saved
		}
	}
	m.mu.Lock()
	m.packs = packs
	m.mu.Unlock()
}

// knows reports whether an object of a pack was searched by an earlier run, with nothing found.
func (m *memory) knows(o *pack.Object) bool {
	return o.Pack > 0 && m.packs[o.Pack-1].sizes != nil && m.packs[o.Pack-1].sizes[o.Position] > 0
}

// decodeClean reads a list of positions, each as the distance from the one before, with sizes. It returns nil for
// anything but a list for a pack of count objects.
func decodeClean(data []byte, count int) []uint32 {
	sizes := make([]uint32, count)
	for next := uint64(0); len(data) > 0; next++ {
		skip, n := binary.Uvarint(data)
		if n <= 0 || skip >= uint64(count) {
			return nil
		}
		size, k := binary.Uvarint(data[n:])
		if next += skip; k <= 0 || next >= uint64(count) || size >= maxCleanSize {
			return nil
		}
		sizes[next] = uint32(size) + 1
		data = data[n+k:]
	}
	return sizes
}

func encodeClean(sizes []uint32) []byte {
	var data []byte
	next := 0
	for i, size := range sizes {
		if size > 0 {
			data = binary.AppendUvarint(data, uint64(i-next))
			data = binary.AppendUvarint(data, uint64(size-1))
			next = i + 1
		}
	}
	return data
}

// saveClean saves what was noted since the last time, together with what another run may have saved meanwhile.
func (m *memory) saveClean() {
	m.mu.Lock()
	packs := m.packs
	m.mu.Unlock()
	byPack := make([][]cleanNote, len(packs))
	var loose []looseNote
	for _, t := range m.watchers {
		t.mu.Lock()
		notes := t.notes
		loose = append(loose, t.looseNotes...)
		t.notes, t.looseNotes = nil, nil
		t.mu.Unlock()
		for _, n := range notes {
			byPack[n.pack-1] = append(byPack[n.pack-1], n)
		}
	}
	for i, notes := range byPack {
		if p := &packs[i]; p.count > 0 && len(notes) > 0 {
			p.save(m, notes)
		}
	}
	if len(loose) > 0 {
		m.saveLoose(loose)
	}
}

func (p *packMemory) save(m *memory, notes []cleanNote) {
	var sizes []uint32
	if data, _, ok := m.cache.Get(p.key); ok {
		sizes = decodeClean(data, p.count)
	}
	if sizes == nil {
		sizes = make([]uint32, p.count)
	}
	fresh := false
	for _, n := range notes {
		fresh = fresh || sizes[n.position] == 0
		sizes[n.position] = n.size + 1
	}
	if !fresh {
		return // a run that has searched nothing new leaves the record as it is
	}
	if err := m.cache.Put(p.key, encodeClean(sizes)); err != nil {
		m.failed(err)
	}
}

// looseMemory are the clean loose blobs: entries of one length, sorted, each an id, four bytes of size, and a hash of the
// state of the file.
type looseMemory struct {
	key   cache.Key
	saved time.Time
	data  []byte
	idLen int
	now   time.Time
}

const (
	looseStateSize = 16
	// maxLooseClean bounds the loose objects that are kept, in number.
	maxLooseClean = 1 << 21
)

func (l *looseMemory) entry() int { return l.idLen + 4 + looseStateSize }

func (m *memory) loadLoose() {
	l := &m.loose
	l.idLen, l.now = m.h.repo.Format().Size(), time.Now()
	l.key = m.key("clean loose objects", []byte(m.h.repo.CommonDir()))
	var ok bool
	if l.data, l.saved, ok = m.cache.Get(l.key); !ok || len(l.data)%l.entry() != 0 {
		l.data = nil
	}
}

// has returns the size of a blob that is known to be clean, and whose file is as it was.
func (l *looseMemory) has(id pack.ID, path string) (size uint32, ok bool) {
	n := l.entry()
	lo, hi := 0, len(l.data)/n
	for lo < hi {
		mid := (lo + hi) / 2
		if bytes.Compare(l.data[mid*n:mid*n+l.idLen], id.Bytes()) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo*n >= len(l.data) || !bytes.Equal(l.data[lo*n:lo*n+l.idLen], id.Bytes()) {
		return 0, false
	}
	rest := l.data[lo*n+l.idLen : (lo+1)*n]
	state, ok := looseState(path, time.Time{})
	if !ok || !bytes.Equal(state, rest[4:]) {
		return 0, false
	}
	return binary.BigEndian.Uint32(rest), true
}

// looseState returns a hash of the state of a file; ok is false if it was changed shortly before at.
func looseState(path string, at time.Time) (state []byte, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, false
	}
	id, ok := cache.Identify(info)
	if !ok || !at.IsZero() && !id.Settled(at) {
		return nil, false
	}
	return hashOf(id.Append(nil))[:looseStateSize], true
}

func (m *memory) saveLoose(notes []looseNote) {
	l := &m.loose
	n := l.entry()
	var all [][]byte
	if data, _, ok := m.cache.Get(l.key); ok && len(data)%n == 0 {
		for e := range slices.Chunk(data, n) {
			all = append(all, e)
		}
	}
	for _, note := range notes {
		state, ok := looseState(note.path, l.now)
		if !ok || len(all) >= maxLooseClean {
			continue
		}
		e := note.id.AppendTo(make([]byte, 0, n))
		e = binary.BigEndian.AppendUint32(e, note.size)
		all = append(all, append(e, state...))
	}
	// Of two entries of one object the later one counts: its file was written anew.
	slices.SortStableFunc(all, func(a, b []byte) int { return bytes.Compare(a[:l.idLen], b[:l.idLen]) })
	var data []byte
	for i, e := range all {
		if i+1 == len(all) || !bytes.Equal(e[:l.idLen], all[i+1][:l.idLen]) {
			data = append(data, e...)
		}
	}
	if len(data) == 0 {
		return
	}
	if err := m.cache.Put(l.key, data); err != nil {
		m.failed(err)
	}
}
