package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// zeros is an endless supply of them.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// streamText is the content of an object that the tests in this file read as a stream.
var streamText = strings.Repeat("text that is read in pieces\n", 100)

// TestStreamsOfFaultyEntries has the entries that a stream can stumble over.
func TestStreamsOfFaultyEntries(t *testing.T) {
	noise := make([]byte, 5000)
	for i := range noise {
		noise[i] = byte(i * i >> 3)
	}
	blob := func(change func(*entry)) entry { return changed(object(Blob, streamText), change) }
	cut := func(n int) func(*entry) {
		return func(e *entry) { e.packed = deflate(e.data); e.packed = e.packed[:len(e.packed)-n] }
	}
	tests := map[string]struct {
		e    entry
		want string
	}{
		"sound":                         {blob(same), ""},
		"wrong checksum, right content": {blob(func(e *entry) { e.crcFlip = true }), ""},
		"wrong checksum, wrong content": {blob(func(e *entry) { e.crcFlip, e.data = true, bytes.ToUpper(e.data) }), "does not match the id"},
		"declared too long":             {blob(func(e *entry) { e.size = int64(len(e.data)) + 1 }), "shorter"},
		"declared too short":            {blob(func(e *entry) { e.size = int64(len(e.data)) - 1 }), "longer"},
		"cut short":                     {blob(cut(20)), "inflate"},
		"without its checksum":          {blob(cut(4)), "inflate"},
		"not compressed":                {blob(func(e *entry) { e.packed = noise }), "inflate"},
		"declared without end":          {blob(func(e *entry) { e.size = 1 << 50 }), "shorter"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := newStoreDir(t)
			id := test.e.id
			good := object(Blob, "good, and long enough to be a stream")
			addPack(t, dir, "pack-test", test.e, good)
			for _, mapped := range []bool{true, false} {
				s := open(t, dir, Options{MaxObject: 1 << 20})
				if !mapped {
					unmap(t, s)
				}
				seen, problems := each(t, s, EachOptions{StreamAbove: 10})
				err := problems[id.String()]
				if _, ok := seen[id.String()]; ok != (test.want == "") || (err == nil) != ok || len(seen)+len(problems) != 2 {
					t.Errorf("seen %v, problems %v", seen, problems)
				}
				if err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("problem is %q, want one that says %q", err, test.want)
				}
				if data, err := openAll(s, id); (err == nil) != (test.want == "") || err == nil && string(data) != streamText {
					t.Errorf("Open gives %d bytes, %v", len(data), err)
				}
			}
			// A good copy elsewhere takes its place: in a loose object, a pack, or as a delta.
			for name, add := range map[string]func(dir string){
				"loose": func(dir string) { writeLoose(t, dir, id, Blob, []byte(streamText)) },
				"pack":  func(dir string) { addPack(t, dir, "pack-other", object(Blob, streamText)) },
				"delta": func(dir string) {
					d := child(ofsDelta, streamText[:2000], streamText[2000:])
					addPack(t, dir, "pack-delta", object(Blob, streamText[:2000]), d)
				},
			} {
				dir := newStoreDir(t)
				addPack(t, dir, "pack-test", test.e, good)
				add(dir)
				s := open(t, dir, Options{MaxObject: 1 << 20})
				seen, problems := each(t, s, EachOptions{StreamAbove: 10})
				if _, ok := seen[id.String()]; !ok || len(problems) > 0 {
					t.Errorf("with a copy as %s: %d seen, problems %v", name, len(seen), problems)
				}
				if data, err := openAll(s, id); err != nil || string(data) != streamText {
					t.Errorf("with a copy as %s, Open gives %d bytes, %v", name, len(data), err)
				}
			}
		})
	}
}

func openAll(s *Store, id ID) ([]byte, error) {
	_, _, r, err := s.Open(id)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

func TestStreamsOfDamagedLooseObjects(t *testing.T) {
	id := idOf(Blob, []byte(streamText))
	whole := deflate([]byte(fmt.Sprintf("blob %d\x00%s", len(streamText), streamText)))
	for n := range whole {
		for what, file := range map[string][]byte{"cut": whole[:n], "flipped": append(bytes.Clone(whole[:n]), append([]byte{whole[n] ^ 1<<(n%8)}, whole[n+1:]...)...)} {
			dir := newStoreDir(t)
			writeFile(t, file, loosePath(dir, id))
			s := open(t, dir, Options{})
			seen, problems := each(t, s, EachOptions{StreamAbove: 10})
			if len(seen)+len(problems) != 1 {
				t.Errorf("%s at %d: seen %v, problems %v", what, n, seen, problems)
			}
			if data, err := openAll(s, id); err == nil && string(data) != streamText {
				t.Errorf("%s at %d: Open gives something else", what, n)
			}
			writeLoose(t, filepath.Join(dir, "alt"), id, Blob, []byte(streamText))
			s = open(t, dir, Options{Extra: []string{filepath.Join(dir, "alt")}})
			if seen, problems := each(t, s, EachOptions{StreamAbove: 10}); len(seen) != 1 || len(problems) != 0 {
				t.Errorf("%s at %d, with a copy: seen %v, problems %v", what, n, seen, problems)
			}
		}
	}
}

// TestStreamMemory reads blobs that are larger than what may be held. What is packed is small, so that it is quick.
func TestStreamMemory(t *testing.T) {
	const size = 256 << 20
	dir := newStoreDir(t)
	var packed bytes.Buffer
	z := newZlib(&packed)
	h := newHash(20)
	fmt.Fprintf(h, "blob %d\x00", size)
	if _, err := io.CopyN(io.MultiWriter(z, h), zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	id, _ := IDFromBytes(h.Sum(nil))
	// A delta needs it as a base, which is more than may be held: that is the delta's loss alone.
	addPack(t, dir, "pack-test", entry{id: id, kind: uint8(Blob), packed: packed.Bytes(), size: size},
		entry{id: named("made from it"), kind: refDelta, ref: id, data: []byte{0x80, 0x80, 0x80, 0x80, 0x01, 12, 0x90, 12}})
	var file bytes.Buffer
	z = newZlib(&file)
	fmt.Fprintf(z, "blob %d\x00", size+1)
	h.Reset()
	fmt.Fprintf(h, "blob %d\x00", size+1)
	if _, err := io.CopyN(io.MultiWriter(z, h), zeros{}, size+1); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	loose, _ := IDFromBytes(h.Sum(nil))
	writeFile(t, file.Bytes(), loosePath(dir, loose))

	s := open(t, dir, Options{MaxObject: 64 << 20})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sizes := map[ID]int64{}
	var problems []string
	err := s.Each(context.Background(), EachOptions{StreamAbove: 1 << 20, Workers: 1}, func(_ int, o *Object) error {
		n, err := io.Copy(io.Discard, o.Reader)
		if err != nil || n != o.Size {
			t.Errorf("%s: %d bytes of %d, %v", o.ID, n, o.Size, err)
		}
		sizes[o.ID] = n
		return nil
	}, func(p Problem) { problems = append(problems, p.Name) })
	runtime.ReadMemStats(&after)
	if err != nil || len(sizes) != 2 || sizes[id] != size || sizes[loose] != size+1 {
		t.Errorf("seen %v, %v", sizes, err)
	}
	if len(problems) != 1 || problems[0] != named("made from it").String() {
		t.Errorf("problems %v", problems)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
		t.Errorf("it allocated %d bytes", n)
	}
}

// TestStreamsStop holds that visit's error ends the run, and that what visit leaves unread is no problem.
func TestStreamsStop(t *testing.T) {
	dir := newStoreDir(t)
	lie := object(Blob, streamText)
	lie.crcFlip, lie.data = true, []byte(strings.ToUpper(streamText))
	addPack(t, dir, "pack-test", object(Blob, streamText+"1"), lie, object(Blob, streamText+"2"))
	s := open(t, dir, Options{})
	problem := func(p Problem) { t.Errorf("problem %v", p) }
	n := 0
	err := s.Each(t.Context(), EachOptions{StreamAbove: 1, Workers: 1}, func(_ int, o *Object) error {
		n++
		_, err := o.Reader.Read(make([]byte, 7))
		return err
	}, problem)
	if err != nil || n != 3 {
		t.Errorf("%d visited, %v", n, err)
	}
	stop := errors.New("stop")
	if err := s.Each(t.Context(), EachOptions{StreamAbove: 1, Workers: 1}, func(int, *Object) error { return stop }, problem); !errors.Is(err, stop) {
		t.Errorf("Each returns %v", err)
	}
}

// TestStreamOfAFileCutShort cuts a mapped pack while an object in it is read.
func TestStreamOfAFileCutShort(t *testing.T) {
	noise := make([]byte, 1<<20)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	dir := newStoreDir(t)
	e := object(Blob, string(noise))
	addPack(t, dir, "pack-test", e)
	s := open(t, dir, Options{})
	var problems []Problem
	err := s.Each(t.Context(), EachOptions{StreamAbove: 1, Workers: 1}, func(_ int, o *Object) error {
		if err := os.Truncate(filepath.Join(dir, "pack", "pack-test.pack"), 4096); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, o.Reader); err == nil {
			t.Error("all of it is read from a file that is cut short")
		}
		return nil
	}, func(p Problem) { problems = append(problems, p) })
	if err != nil || len(problems) != 1 || problems[0].Name != e.id.String() {
		t.Errorf("problems %v, %v", problems, err)
	}
}
