package pack

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// FuzzIndex checks that whatever the frame of an index lets through can be used without reading past it.
func FuzzIndex(f *testing.F) {
	_, idx, _ := samplePack()
	f.Add(idx, false)
	f.Add(idx[8:], false)
	f.Add(make([]byte, fanoutSize+40), false)
	f.Fuzz(func(t *testing.T, data []byte, sha256 bool) {
		format := SHA1
		if sha256 {
			format = SHA256
		}
		x, err := parseIndex(data, format)
		if err != nil {
			return
		}
		for i := range x.n {
			id := x.id(i)
			if lo, hi := x.find(id.Bytes()); lo < 0 || hi > x.n || lo > hi {
				t.Fatalf("find gives %d to %d of %d", lo, hi, x.n)
			}
			if off, err := x.offset(i); err == nil && off < 0 {
				t.Fatalf("offset %d", off)
			}
			x.crc(i)
		}
		_ = x.verify()
		_ = x.packSum()
	})
}

// FuzzPack reads packs of which the bytes between head and checksum are arbitrary. The index says where entries are, and
// has the right checksums, so that what can be inflated is believed; every entry must be visited or reported.
func FuzzPack(f *testing.F) {
	pack, _, _ := samplePack()
	f.Add(pack[12:len(pack)-20], uint16(9), uint16(30))
	f.Add([]byte("\x35\x78\x9c"), uint16(0), uint16(1))
	f.Fuzz(func(t *testing.T, body []byte, a, b uint16) {
		pack := append([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x04"), body...)
		h := newHash(20)
		h.Write(pack)
		pack = h.Sum(pack)
		offsets := []int{12, 12 + int(a), 12 + int(b), 12 + int(a) + int(b)}
		var rows []row
		for i, off := range offsets {
			end := len(pack) - 20
			for _, next := range offsets {
				if next > off {
					end = min(end, next)
				}
			}
			r := row{id: idOf(Blob, []byte{byte(i)}), offset: uint64(off)}
			if off < end {
				r.crc = crc32.ChecksumIEEE(pack[off:end])
			}
			rows = append(rows, r)
		}
		dir := newStoreDir(t)
		writeFile(t, pack, dir, "pack", "p.pack")
		writeFile(t, buildIndex(rows, pack[len(pack)-20:]), dir, "pack", "p.idx")
		s := open(t, dir, Options{MaxObject: 1 << 20})
		seen, problems := each(t, s, EachOptions{Workers: 1})
		if len(seen)+len(problems) != len(rows) {
			t.Errorf("%d seen, %d problems, want %d together", len(seen), len(problems), len(rows))
		}
		for _, r := range rows {
			_, size, err := s.Stat(r.id)
			if err == nil && size < 0 {
				t.Errorf("Stat says %d bytes", size)
			}
			if typ, data, err := s.Get(r.id); err == nil && idOf(typ, data) != r.id {
				t.Errorf("Get gives the content of another object than %s", r.id)
			}
		}
	})
}

// FuzzDelta compares the application of deltas with a slow one, and checks its bounds.
func FuzzDelta(f *testing.F) {
	f.Add([]byte("base"), delta(4, " and a tail"))
	f.Add([]byte("base"), []byte{4, 8, 0x90, 4, 0x90, 4})
	f.Add([]byte{}, []byte{0, 0})
	f.Fuzz(func(t *testing.T, base, edit []byte) {
		const limit = 1 << 20
		got, err := applyDelta([]byte("before"), base, edit, limit, nil)
		want, ok := slowDelta(base, edit, limit)
		if ok != (err == nil) {
			t.Fatalf("applyDelta says %v, the slow way %v", err, ok)
		}
		if ok && string(got) != "before"+string(want) {
			t.Fatalf("applyDelta makes %q, the slow way %q", got, want)
		}
		if cap(got) > 8*(len(base)+len(edit))+8*len(got)+1024 {
			t.Fatalf("%d bytes were allocated for %d", cap(got), len(got))
		}
	})
}

// slowDelta applies a delta by the letter of git's pack format.
func slowDelta(base, edit []byte, limit uint64) (out []byte, ok bool) {
	r := bytes.NewReader(edit)
	from, err1 := binary.ReadUvarint(r)
	to, err2 := binary.ReadUvarint(r)
	// Longer numbers than ours are possible only for sizes that no object has.
	if err1 != nil || err2 != nil || from != uint64(len(base)) || to > limit {
		return nil, false
	}
	if head := len(edit) - r.Len(); head > maxDeltaHead || !shortNumbers(edit) {
		return nil, false
	}
	for {
		op, err := r.ReadByte()
		if err != nil {
			return out, uint64(len(out)) == to
		}
		if op < 0x80 {
			b := make([]byte, op)
			if n, _ := r.Read(b); op == 0 || n != int(op) {
				return nil, false
			}
			out = append(out, b...)
		} else {
			var v [7]byte
			for i := range v {
				if op>>i&1 == 1 {
					if v[i], err = r.ReadByte(); err != nil {
						return nil, false
					}
				}
			}
			off := int(binary.LittleEndian.Uint32(v[:4]))
			n := int(v[4]) | int(v[5])<<8 | int(v[6])<<16
			if n == 0 {
				n = 1 << 16
			}
			if off+n > len(base) {
				return nil, false
			}
			out = append(out, base[off:off+n]...)
		}
		if uint64(len(out)) > to {
			return nil, false
		}
	}
}

// shortNumbers reports whether both sizes at the head of a delta have at most nine bytes.
func shortNumbers(edit []byte) bool {
	n := 0
	for range 2 {
		start := n
		for n < len(edit) && edit[n] >= 0x80 {
			n++
		}
		n++
		if n-start > 9 {
			return false
		}
	}
	return true
}

func FuzzEntryHeader(f *testing.F) {
	f.Add([]byte{0xb5, 0x0a}, false)
	f.Add([]byte{0xe5, 0x8a, 0x01, 0x80, 0x7f}, true)
	f.Fuzz(func(t *testing.T, b []byte, sha256 bool) {
		hash := 20
		if sha256 {
			hash = 32
		}
		h, err := parseHeader(b, hash)
		if err != nil {
			return
		}
		if h.n < 1 || h.n > len(b) || h.n > maxHeader || h.size < 0 || h.back < 0 {
			t.Errorf("header %+v of %d bytes", h, len(b))
		}
	})
}

func FuzzLoose(f *testing.F) {
	f.Add([]byte("blob 4\x00text"), false)
	f.Add([]byte("tree 0\x00"), false)
	f.Add(deflate([]byte("commit 1\x00x")), true)
	f.Fuzz(func(t *testing.T, data []byte, raw bool) {
		if !raw {
			data = deflate(data)
		}
		path := filepath.Join(t.TempDir(), "object")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		sc := &scratch{hash: newHash(20)}
		typ, size, content, err := readLoose(path, sc, nil, 1<<20, nil)
		if err != nil {
			var large *TooLargeError
			var corrupt *CorruptError
			if !errors.As(err, &large) && !errors.As(err, &corrupt) {
				t.Errorf("error of another sort: %v", err)
			}
			return
		}
		if int64(len(content)) != size || typ < Commit || typ > Tag {
			t.Errorf("%s of %d bytes, declared %d", typ, len(content), size)
		}
		dir := t.TempDir()
		id := idOf(typ, content)
		writeFile(t, data, loosePath(dir, id))
		n := 0
		err = open(t, dir, Options{}).Each(context.Background(), EachOptions{}, func(_ int, o *Object) error {
			n++
			return nil
		}, func(p Problem) { t.Error(p) })
		if err != nil || n != 1 {
			t.Errorf("Each: %v, %d objects", err, n)
		}
	})
}
