package pack

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestLyingIndex flips each byte of an index and gives it a right checksum again, as somebody would who means it. Every
// object is still visited, under whatever name, or something is said.
func TestLyingIndex(t *testing.T) {
	pack, idx, ids := samplePack()
	packSum := pack[len(pack)-20:]
	dir := newStoreDir(t)
	writeFile(t, pack, dir, "pack", "p.pack")
	path := filepath.Join(dir, "pack", "p.idx")
	writeFile(t, idx, path)
	want := contentsOf(t, dir)
	if len(want) != len(ids) {
		t.Fatalf("%d contents of %d objects", len(want), len(ids))
	}
	for n := range len(idx) - 20 {
		for bit := range 8 {
			if n > 8 && bit != n%8 {
				continue
			}
			lying := bytes.Clone(idx)
			lying[n] ^= 1 << bit
			resum(lying)
			writeFile(t, lying, path)
			s, err := Open(dir, Options{MaxObject: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			problems := 0
			err = s.Each(context.Background(), EachOptions{Workers: 1}, func(_ int, o *Object) error {
				got[o.Type.String()+string(o.Data)] = true
				return nil
			}, func(Problem) { problems++ })
			if err != nil {
				t.Fatal(err)
			}
			if problems+len(s.Problems()) == 0 {
				for c := range want {
					if !got[c] {
						t.Errorf("bit %d at %d: %.20q is not visited, and nothing is said", bit, n, c)
					}
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !bytes.Equal(packSum, pack[len(pack)-20:]) {
		t.Error("the pack was changed")
	}
}

// contentsOf returns what is visited in a store, whatever its names.
func contentsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	got := map[string]bool{}
	err := open(t, dir, Options{}).Each(t.Context(), EachOptions{Workers: 1}, func(_ int, o *Object) error {
		got[o.Type.String()+string(o.Data)] = true
		return nil
	}, func(p Problem) { t.Errorf("problem %v", p) })
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestAbsurdlyDeepChain has a chain of deltas that is longer than any that git writes, with branches: as deep as the bound
// it is read, and what is below it is reported, in little time and memory.
func TestAbsurdlyDeepChain(t *testing.T) {
	const depth, limit, branch = 11000, 10000, 50
	base := strings.Repeat("the base of it all\n", 50)
	entries := []entry{object(Blob, base)}
	// link appends a delta that replaces the end of the base behind what all have in common.
	link := func(from int, old, end string) {
		copying := delta(len(base), end)[len(binary.AppendUvarint(nil, uint64(len(base)))):]
		entries = append(entries, entry{
			id: idOf(Blob, []byte(base+end)), kind: ofsDelta, back: from,
			data: append(binary.AppendUvarint(nil, uint64(len(base)+len(old))), copying...),
		})
	}
	last, end, good := 0, "", 1
	for i := 1; i <= depth; i++ {
		next := fmt.Sprintf("%05d", i)
		link(last, end, next)
		last, end = len(entries)-1, next
		if i <= limit {
			good++
		}
		if i%branch == 0 {
			link(last, end, next+"branch")
			if i < limit {
				good++
			}
		}
	}
	dir := newStoreDir(t)
	addPack(t, dir, "pack-deep", entries...)
	for _, workers := range []int{1, 3} {
		s := open(t, dir, Options{MaxDepth: limit})
		var mu sync.Mutex
		seen, problems := 0, 0
		start := time.Now()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := s.Each(t.Context(), EachOptions{Workers: workers}, func(_ int, o *Object) error {
			mu.Lock()
			defer mu.Unlock()
			seen++
			o.State = "state"
			if !bytes.HasPrefix(o.Data, []byte(base)) || o.Copies != nil && o.BaseState != "state" {
				t.Errorf("%s is %.30q, made from %v", o.ID, o.Data, o.BaseState)
			}
			return nil
		}, func(Problem) { problems++ })
		runtime.ReadMemStats(&after)
		if err != nil || seen != good || problems != len(entries)-good {
			t.Errorf("%d workers: %d seen, %d problems, %v; want %d and %d", workers, seen, problems, err, good, len(entries)-good)
		}
		if d := time.Since(start); d > 30*time.Second {
			t.Errorf("%d workers: it took %s", workers, d)
		}
		if n := after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc); n > 100<<20 {
			t.Errorf("%d workers: %d bytes are held", workers, n)
		}
	}
}

// TestOffsetsBeyond2GiB has an object behind a hole of two and of four gigabytes.
func TestOffsetsBeyond2GiB(t *testing.T) {
	for _, at := range []int64{1<<31 - 3, 1 << 31, 1<<32 + 5} {
		e := object(Blob, "far away")
		body := appendEntry(nil, &e, []int{0})
		head := append([]byte("PACK\x00\x00\x00\x02"), 0, 0, 0, 1)
		sum := bytes.Repeat([]byte{7}, 20)
		dir := newStoreDir(t)
		f, err := os.Create(filepath.Join(dir, "pack", "p.pack"))
		if err != nil {
			t.Fatal(err)
		}
		for off, data := range map[int64][]byte{0: head, at: append(bytes.Clone(body), sum...)} {
			if _, err := f.WriteAt(data, off); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		writeFile(t, buildIndex([]row{{e.id, uint64(at), crc32.ChecksumIEEE(body)}}, sum), dir, "pack", "p.idx")
		for _, above := range []int64{0, 1} {
			s := open(t, dir, Options{})
			seen, problems := each(t, s, EachOptions{StreamAbove: above})
			if len(seen) != 1 || len(problems)+len(s.Problems()) != 0 {
				t.Errorf("at %d: seen %v, problems %v, %v", at, seen, problems, s.Problems())
			}
			if _, data, err := s.Get(e.id); err != nil || string(data) != "far away" {
				t.Errorf("at %d: Get gives %q, %v", at, data, err)
			}
		}
	}
}

// TestDamageLeavesNoState damages a base: what it left for its deltas must not be given to what is read elsewhere.
func TestDamageLeavesNoState(t *testing.T) {
	base := object(Blob, "base ")
	bad := base
	bad.data, bad.crcFlip = []byte("evil "), true
	one, two := child(refDelta, "base ", "one"), child(refDelta, "base one", "two")
	broken := changed(child(refDelta, "base ", "three"), func(e *entry) { e.crcFlip, e.data = true, delta(5, "THREE") })
	after := child(refDelta, "base three", " and on")
	dir := newStoreDir(t)
	addPack(t, dir, "pack-a", bad, one, two, broken, after, object(Blob, "filler"))
	for _, e := range []entry{base, object(Blob, "base three")} {
		writeLoose(t, dir, e.id, Blob, e.data)
	}
	want := map[string]string{}
	err := open(t, dir, Options{}).Each(t.Context(), EachOptions{Workers: 1}, func(_ int, o *Object) error {
		o.State = string(o.Data)
		from, ok := o.BaseState.(string)
		if (o.Copies != nil) != ok {
			t.Errorf("%q has copies %v and the state %v", o.Data, o.Copies, o.BaseState)
		}
		for _, c := range o.Copies {
			if string(o.Data[c.To:c.To+c.Len]) != from[c.From:c.From+c.Len] {
				t.Errorf("%q is said to have %+v of %q", o.Data, c, from)
			}
		}
		want[string(o.Data)] = from
		return nil
	}, func(p Problem) { t.Errorf("problem %v", p) })
	if err != nil || len(want) != 6 {
		t.Errorf("seen %q, %v", want, err)
	}
}
