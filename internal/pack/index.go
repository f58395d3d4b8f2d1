package pack

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math"
	"sort"
)

// index is a pack index, version 1 or 2. Everything stays in the file's bytes.
type index struct {
	data []byte
	n    int
	hash int
	// fanout is the table of 256 counts. Ids, offsets and checksums start at ids, offsets and crcs and repeat every
	// idStep, offStep and 4 bytes; crcs is 0 in version 1, which has none.
	fanout, ids, idStep, offsets, offStep, crcs int
	// large is the table of 64-bit offsets, of version 2.
	large, nLarge int
}

var indexMagic = []byte{0xff, 't', 'O', 'c'}

const fanoutSize = 256 * 4

// parseIndex checks the frame of an index: that all tables are there and that the fanout counts upwards. The tables'
// content is checked where it is used, and by verify.
func parseIndex(data []byte, format Format) (*index, error) {
	x := &index{data: data, hash: format.Size()}
	if bytes.HasPrefix(data, indexMagic) {
		return x, x.frameV2()
	}
	return x, x.frameV1()
}

func (x *index) frameV1() error {
	if err := x.readFanout(0); err != nil {
		return err
	}
	x.offsets, x.offStep = fanoutSize, 4+x.hash
	x.ids, x.idStep = fanoutSize+4, 4+x.hash
	want := int64(fanoutSize) + int64(x.n)*int64(4+x.hash) + 2*int64(x.hash)
	if int64(len(x.data)) != want {
		return fmt.Errorf("index has %d bytes, want %d for %d %d-byte ids", len(x.data), want, x.n, x.hash)
	}
	return nil
}

func (x *index) frameV2() error {
	if len(x.data) < 8 {
		return errors.New("index is cut short")
	}
	if v := binary.BigEndian.Uint32(x.data[4:]); v != 2 {
		return fmt.Errorf("index version %d is not known", v)
	}
	if err := x.readFanout(8); err != nil {
		return err
	}
	fixed := int64(8+fanoutSize) + int64(x.n)*int64(x.hash+8) + 2*int64(x.hash)
	rest := int64(len(x.data)) - fixed
	if rest < 0 || rest%8 != 0 || rest/8 > int64(x.n) {
		return fmt.Errorf("index has %d bytes, want %d for %d %d-byte ids", len(x.data), fixed, x.n, x.hash)
	}
	x.ids, x.idStep = 8+fanoutSize, x.hash
	x.crcs = x.ids + x.n*x.hash
	x.offsets, x.offStep = x.crcs+4*x.n, 4
	x.large, x.nLarge = x.offsets+4*x.n, int(rest/8)
	return nil
}

func (x *index) readFanout(at int) error {
	x.fanout = at
	if len(x.data) < at+fanoutSize {
		return errors.New("index is cut short")
	}
	last := uint32(0)
	for i := range 256 {
		v := binary.BigEndian.Uint32(x.data[at+4*i:])
		if v < last {
			return fmt.Errorf("index fanout goes down at %#02x", i)
		}
		last = v
	}
	// Every entry takes 24 bytes or more: a count that the file cannot hold is caught before it is multiplied.
	if int64(last) > int64(len(x.data))/int64(4+x.hash) || last > math.MaxInt32 {
		return fmt.Errorf("index of %d bytes claims %d entries", len(x.data), last)
	}
	x.n = int(last)
	return nil
}

// raw returns the bytes of the i-th id, in the file.
func (x *index) raw(i int) []byte {
	at := x.ids + i*x.idStep
	return x.data[at : at+x.hash]
}

func (x *index) id(i int) ID {
	id := ID{n: uint8(x.hash)}
	copy(id.b[:], x.raw(i))
	return id
}

// offset returns where in the pack the i-th object starts.
func (x *index) offset(i int) (int64, error) {
	v := binary.BigEndian.Uint32(x.data[x.offsets+i*x.offStep:])
	if x.crcs == 0 || v>>31 == 0 {
		return int64(v), nil
	}
	k := int(v & math.MaxInt32)
	if k >= x.nLarge {
		return 0, fmt.Errorf("index has no large offset %d", k)
	}
	off := binary.BigEndian.Uint64(x.data[x.large+8*k:])
	if off > math.MaxInt64 {
		return 0, fmt.Errorf("index offset %d is not possible", off)
	}
	return int64(off), nil
}

// crc returns the checksum of the i-th object's packed bytes; version 1 has none.
func (x *index) crc(i int) (uint32, bool) {
	if x.crcs == 0 {
		return 0, false
	}
	return binary.BigEndian.Uint32(x.data[x.crcs+4*i:]), true
}

// find returns the range of positions that have the id: empty, one, or more if the pack holds it more than once.
func (x *index) find(raw []byte) (lo, hi int) {
	if len(raw) != x.hash {
		return 0, 0
	}
	if b := int(raw[0]); b > 0 {
		lo = int(binary.BigEndian.Uint32(x.data[x.fanout+4*(b-1):]))
	}
	end := int(binary.BigEndian.Uint32(x.data[x.fanout+4*int(raw[0]):]))
	lo += sort.Search(end-lo, func(i int) bool { return bytes.Compare(x.raw(lo+i), raw) >= 0 })
	for hi = lo; hi < end && bytes.Equal(x.raw(hi), raw); hi++ {
	}
	return lo, hi
}

// packSum returns the checksum of the pack that the index was made for.
func (x *index) packSum() []byte {
	return x.data[len(x.data)-2*x.hash : len(x.data)-x.hash]
}

// verify compares the index with its own checksum.
func (x *index) verify() error {
	h := newHash(x.hash)
	body := x.data[:len(x.data)-x.hash]
	h.Write(body)
	if !bytes.Equal(h.Sum(nil), x.data[len(body):]) {
		return errors.New("index does not match its checksum: ids in it may be wrong or missing")
	}
	return nil
}

func newHash(size int) hash.Hash {
	if size == sha256.Size {
		return sha256.New()
	}
	return sha1.New()
}
