package chains

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
)

// Entry is a blob of a pack, with the delta by which it is stored.
type Entry struct {
	Version
	// ByID says that the delta names its base by id, not by the distance to it: only then may the base come later, or be
	// in another pack.
	ByID bool
	// Listed, if not nil, is the content of which the index has the id: the pack lies.
	Listed []byte
	// Step is the most that one instruction of the delta copies, in bytes; 0 means as much as the format allows.
	Step int
}

// ID returns the hex SHA-1 id under which the blob is listed.
func (e *Entry) ID() string { return fmt.Sprintf("%x", e.sum()) }

func (e *Entry) sum() [20]byte {
	data := e.Data
	if e.Listed != nil {
		data = e.Listed
	}
	return sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...))
}

// entry types of packs.
const (
	blob     = 3
	ofsDelta = 6
	refDelta = 7
)

// WritePack writes a pack of SHA-1 blobs and its index into a folder. order says which of the entries it has, and in
// which order.
func WritePack(dir, name string, list []Entry, order []int) error {
	pack := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(order)))
	at := map[int]int{}
	var rows []row
	for _, i := range order {
		at[i] = len(pack)
		e := &list[i]
		kind, text := byte(blob), e.Data
		var head []byte
		if e.Base >= 0 {
			base := &list[e.Base]
			text = e.delta(len(base.Data))
			start, before := at[e.Base]
			switch {
			case e.ByID:
				sum := base.sum()
				kind, head = refDelta, sum[:]
			case before:
				kind, head = ofsDelta, distance(len(pack)-start)
			default:
				return fmt.Errorf("write pack %q: the base of entry %d does not come before it", name, i)
			}
		}
		pack = append(append(pack, entryHead(kind, len(text))...), head...)
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		if _, err := z.Write(text); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		pack = append(pack, b.Bytes()...)
		rows = append(rows, row{e.sum(), at[i], crc32.ChecksumIEEE(pack[at[i]:])})
	}
	sum := sha1.Sum(pack)
	pack = append(pack, sum[:]...)
	if err := os.WriteFile(filepath.Join(dir, name+".pack"), pack, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".idx"), index(rows, sum[:]), 0o600)
}

func entryHead(kind byte, size int) []byte {
	c := kind<<4 | byte(size&15)
	var b []byte
	for size >>= 4; size > 0; size >>= 7 {
		b = append(b, c|0x80)
		c = byte(size & 0x7f)
	}
	return append(b, c)
}

func distance(back int) []byte {
	b := []byte{byte(back & 0x7f)}
	for back >>= 7; back > 0; back >>= 7 {
		back--
		b = append(b, 0x80|byte(back&0x7f))
	}
	slices.Reverse(b)
	return b
}

// delta returns the instructions that make the entry from a base of so many bytes.
func (e *Entry) delta(base int) []byte {
	b := binary.AppendUvarint(nil, uint64(base))
	b = binary.AppendUvarint(b, uint64(len(e.Data)))
	insert := func(text []byte) {
		for len(text) > 0 {
			n := min(len(text), 127)
			b = append(append(b, byte(n)), text[:n]...)
			text = text[n:]
		}
	}
	step := e.Step
	if step <= 0 {
		step = 0xffffff
	}
	at := 0
	for _, c := range e.Copies {
		insert(e.Data[at:c.To])
		for done := 0; done < c.Len; done += step {
			b = appendCopy(b, c.From+done, min(step, c.Len-done))
		}
		at = c.To + c.Len
	}
	insert(e.Data[at:])
	return b
}

// appendCopy appends a copy instruction; bytes that are 0 are left out.
func appendCopy(b []byte, from, n int) []byte {
	op := len(b)
	b = append(b, 0x80)
	put := func(v, bit int) {
		if v &= 0xff; v != 0 {
			b[op] |= 1 << bit
			b = append(b, byte(v))
		}
	}
	for i := range 4 {
		put(from>>(8*i), i)
	}
	if n == 0x10000 {
		return b
	}
	for i := range 3 {
		put(n>>(8*i), 4+i)
	}
	return b
}

// row is what an index says of an entry.
type row struct {
	id  [20]byte
	at  int
	crc uint32
}

func index(rows []row, sum []byte) []byte {
	slices.SortFunc(rows, func(a, b row) int { return bytes.Compare(a.id[:], b.id[:]) })
	b := []byte("\xfftOc\x00\x00\x00\x02")
	for i := range 256 {
		n := 0
		for _, r := range rows {
			if int(r.id[0]) <= i {
				n++
			}
		}
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	for _, r := range rows {
		b = append(b, r.id[:]...)
	}
	for _, r := range rows {
		b = binary.BigEndian.AppendUint32(b, r.crc)
	}
	for _, r := range rows {
		b = binary.BigEndian.AppendUint32(b, uint32(r.at))
	}
	b = append(b, sum...)
	own := sha1.Sum(b)
	return append(b, own[:]...)
}
