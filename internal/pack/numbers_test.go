package pack

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
)

// TestNumbersTellObjectsApart looks objects up in packs of many sizes: what is there has one number of its own, however
// many packs have it and however often; what is not there has none.
func TestNumbersTellObjectsApart(t *testing.T) {
	for _, sizes := range [][]int{{}, {0}, {1}, {2, 3}, {700, 500, 20}, {5000}} {
		t.Run(fmt.Sprint(sizes), func(t *testing.T) {
			dir := newStoreDir(t)
			there := map[ID]bool{}
			for i, size := range sizes {
				var entries []entry
				for n := range size {
					e := object(Blob, fmt.Sprint(n/2*i, n)) // some are in several packs
					if n%50 == 7 {
						entries = append(entries, e) // and some twice in one
					}
					entries = append(entries, e)
					there[e.id] = true
				}
				addPack(t, dir, fmt.Sprintf("pack-%040x", i), entries...)
			}
			loose := idOf(Blob, []byte("loose"))
			writeLoose(t, dir, loose, Blob, []byte("loose"))
			s, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			numbers, ok := s.Numbers()
			if !ok {
				t.Fatal("no numbers")
			}
			find := func(id ID) uint32 {
				out := make([]uint32, 3)
				numbers.Find(id.AppendTo(id.AppendTo(nil)), out)
				if out[0] != out[1] || out[2] != 0 || int(out[0]) > numbers.Len() {
					t.Fatalf("%s has numbers %v of %d", id, out, numbers.Len())
				}
				return out[0]
			}
			met := map[uint32]ID{}
			for id := range there {
				n := find(id)
				if other, known := met[n]; n == 0 || known {
					t.Fatalf("%s has number %d, and so has %s", id, n, other)
				}
				met[n] = id
			}
			for n := range 3000 {
				if id := idOf(Blob, fmt.Append(nil, "other", n)); find(id) != 0 {
					t.Errorf("%s, which is not there, has a number", id)
				}
			}
			err = s.Each(context.Background(), EachOptions{}, func(_ int, o *Object) error {
				want := find(o.ID)
				own := numbers.Own(o)
				if own != 0 && numbers.packs[0].idx.id(int(own-1)) != o.ID || (want == 0) != (o.ID == loose) {
					return fmt.Errorf("own number %d, found %d", own, want)
				}
				return nil
			}, func(p Problem) { t.Error(p) })
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// FuzzLocate compares the guessing search with the plain one, in indexes whose ids are anything but random, and perhaps
// not even in order. In those it must only end, and find nothing wrong.
func FuzzLocate(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 200}, uint32(2))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255}, uint32(0))
	f.Fuzz(func(t *testing.T, data []byte, want uint32) {
		n := min(len(data)/4, 300)
		raw := func(v uint32) []byte { return append(binary.BigEndian.AppendUint32([]byte{7}, v), make([]byte, 15)...) }
		x := &index{hash: 20, idStep: 20, fanout: 0, ids: fanoutSize, n: n, data: make([]byte, fanoutSize)}
		for i := range 256 {
			if i >= 7 {
				binary.BigEndian.PutUint32(x.data[4*i:], uint32(n))
			}
		}
		sorted, last := true, uint32(0)
		for i := range n {
			v := binary.BigEndian.Uint32(data[4*i:])
			sorted = sorted && v >= last
			last = v
			x.data = append(x.data, raw(v)...)
		}
		_, _, guess := x.guess(raw(want))
		at, found := x.locate(raw(want), guess)
		lo, hi := x.find(raw(want))
		switch {
		case sorted && (found != (lo < hi) || found && at != lo):
			t.Errorf("found %v at %d; want %d to %d", found, at, lo, hi)
		case found && string(x.raw(at)) != string(raw(want)):
			t.Errorf("found something else at %d", at)
		}
	})
}
