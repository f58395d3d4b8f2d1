package pack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/zlib"
)

// entry is one entry of a pack that a test builds, as wrong as the test needs it.
type entry struct {
	id   ID
	kind uint8
	// data is what is compressed; packed replaces the compressed bytes.
	data, packed []byte
	// size is the declared size if it is not that of data.
	size int64
	// back is the number of the base, for an ofsDelta, and ref its id for a refDelta. rawBack is a distance as such.
	back    int
	rawBack int64
	ref     ID
	// offset replaces the offset in the index, crcFlip spoils the checksum there.
	offset  uint64
	crcFlip bool
}

// object returns an entry that is no delta.
func object(t Type, data string) entry {
	return entry{id: idOf(t, []byte(data)), kind: uint8(t), data: []byte(data)}
}

// idOf returns the SHA-1 id of an object.
func idOf(t Type, data []byte) ID {
	h := newHash(20)
	fmt.Fprintf(h, "%s %d\x00", t, len(data))
	h.Write(data)
	id, _ := IDFromBytes(h.Sum(nil))
	return id
}

// delta returns the delta that appends tail to base.
func delta(base int, tail string) []byte {
	b := binary.AppendUvarint(nil, uint64(base))
	b = binary.AppendUvarint(b, uint64(base+len(tail)))
	b = append(b, 0x80|0x01|0x02|0x10|0x20, 0, 0, byte(base), byte(base>>8))
	for len(tail) > 0 {
		n := min(len(tail), 127)
		b = append(b, byte(n))
		b = append(b, tail[:n]...)
		tail = tail[n:]
	}
	return b
}

func newZlib(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }

func deflate(data []byte) []byte {
	var b bytes.Buffer
	z := newZlib(&b)
	_, _ = z.Write(data)
	_ = z.Close()
	return b.Bytes()
}

// buildPack returns a SHA-1 pack and its index of version 2.
func buildPack(entries []entry) (pack, idx []byte) {
	pack = append(pack, "PACK\x00\x00\x00\x02"...)
	pack = binary.BigEndian.AppendUint32(pack, uint32(len(entries)))
	offsets := make([]int, len(entries))
	rows := make([]row, len(entries))
	for i, e := range entries {
		offsets[i] = len(pack)
		pack = appendEntry(pack, &e, offsets)
		rows[i] = row{e.id, uint64(offsets[i]), crc32.ChecksumIEEE(pack[offsets[i]:])}
		if e.offset != 0 {
			rows[i].offset = e.offset
		}
		if e.crcFlip {
			rows[i].crc ^= 1
		}
	}
	h := newHash(20)
	h.Write(pack)
	pack = h.Sum(pack)
	return pack, buildIndex(rows, pack[len(pack)-20:])
}

func appendEntry(pack []byte, e *entry, offsets []int) []byte {
	start := len(pack)
	size := e.size
	if size == 0 {
		size = int64(len(e.data))
	}
	c := e.kind<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		pack = append(pack, c|0x80)
		c = byte(size & 0x7f)
	}
	pack = append(pack, c)
	switch e.kind {
	case ofsDelta:
		back := e.rawBack
		if back == 0 {
			back = int64(start - offsets[e.back])
		}
		b := []byte{byte(back & 0x7f)}
		for back >>= 7; back > 0; back >>= 7 {
			back--
			b = append(b, 0x80|byte(back&0x7f))
		}
		slices.Reverse(b)
		pack = append(pack, b...)
	case refDelta:
		pack = append(pack, e.ref.Bytes()...)
	}
	if e.packed != nil {
		return append(pack, e.packed...)
	}
	return append(pack, deflate(e.data)...)
}

// row is what an index says of an entry.
type row struct {
	id     ID
	offset uint64
	crc    uint32
}

func buildIndex(rows []row, packSum []byte) []byte {
	slices.SortStableFunc(rows, func(a, b row) int { return a.id.Compare(b.id) })
	b := append([]byte{}, indexMagic...)
	b = binary.BigEndian.AppendUint32(b, 2)
	for i := range 256 {
		n := 0
		for _, r := range rows {
			if int(r.id.b[0]) <= i {
				n++
			}
		}
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	for _, r := range rows {
		b = append(b, r.id.Bytes()...)
	}
	for _, r := range rows {
		b = binary.BigEndian.AppendUint32(b, r.crc)
	}
	var large []byte
	for _, r := range rows {
		if r.offset < 1<<31 {
			b = binary.BigEndian.AppendUint32(b, uint32(r.offset))
			continue
		}
		b = binary.BigEndian.AppendUint32(b, 1<<31|uint32(len(large)/8))
		large = binary.BigEndian.AppendUint64(large, r.offset)
	}
	b = append(b, large...)
	b = append(b, packSum...)
	h := newHash(20)
	h.Write(b)
	return h.Sum(b)
}

// resum gives an index that was changed a right checksum again.
func resum(idx []byte) {
	h := newHash(20)
	h.Write(idx[:len(idx)-20])
	copy(idx[len(idx)-20:], h.Sum(nil))
}

// newStoreDir makes an empty object directory.
func newStoreDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"pack", "info"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func writeFile(t testing.TB, data []byte, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// addPack writes a pack of the given entries.
func addPack(t testing.TB, dir, name string, entries ...entry) {
	t.Helper()
	pack, idx := buildPack(entries)
	writeFile(t, pack, dir, "pack", name+".pack")
	writeFile(t, idx, dir, "pack", name+".idx")
}

func writeLoose(t testing.TB, dir string, id ID, typ Type, data []byte) {
	t.Helper()
	body := append(fmt.Appendf(nil, "%s %d\x00", typ, len(data)), data...)
	writeFile(t, deflate(body), loosePath(dir, id))
}
