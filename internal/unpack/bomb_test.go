package unpack

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// zeros is a stream of n zeros, compressed.
func zeros(t testing.TB, kind string, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if kind == "zstd" {
		var err error
		if w, err = zstd.NewWriter(&b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.CopyN(w, zero{}, n); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// manyEntries is a zip whose directory lists one member n times.
func manyEntries(t testing.TB, n int) []byte {
	one := zipped(t, zip.Store, file{"a", "x"})
	start := bytes.Index(one, []byte(zipEntryMark))
	end := bytes.LastIndex(one, []byte(zipEndMark))
	entry := one[start:end]
	out := append([]byte{}, one[:start]...)
	out = append(out, bytes.Repeat(entry, n)...)
	last := append([]byte{}, one[end:]...)
	binary.LittleEndian.PutUint32(last[12:], uint32(n*len(entry)))
	return append(out, last...)
}

// overlapping is a zip of n members that all are one stream of zeros.
func overlapping(t testing.TB, n int) []byte {
	t.Helper()
	data := manyEntries(t, n)
	body := zeros(t, "gzip", 64<<20)
	body = body[10 : len(body)-8]
	start := bytes.Index(data, []byte(zipEntryMark))
	head := append([]byte{}, data[:zipLocalSize+1]...)
	head = append(head, body...)
	dir := append([]byte{}, data[start:]...)
	for at := 0; at+zipEntrySize <= len(dir) && string(dir[at:at+4]) == zipEntryMark; {
		binary.LittleEndian.PutUint16(dir[at+10:], 8)
		binary.LittleEndian.PutUint32(dir[at+20:], uint32(len(body)))
		binary.LittleEndian.PutUint32(dir[at+24:], 12)
		at += zipEntrySize + le16(dir[at+28:]) + le16(dir[at+30:])
	}
	end := bytes.LastIndex(dir, []byte(zipEndMark))
	binary.LittleEndian.PutUint32(dir[end+16:], uint32(len(head)))
	return append(head, dir...)
}

// sparseTar is a tar of n files that are holes of a gibibyte.
func sparseTar(n int) []byte {
	var out []byte
	for i := range n {
		var h [512]byte
		copy(h[:], fmt.Sprintf("hole%d", i))
		copy(h[100:], "0000644\x000000000\x000000000\x0000000000000\x0000000000000\x00")
		h[156] = 'S'
		copy(h[257:], "ustar  \x00")
		copy(h[386:], "10000000000\x0000000000000\x00")
		copy(h[483:], "10000000000\x00")
		copy(h[148:], "        ")
		sum := 0
		for _, c := range h {
			sum += int(c)
		}
		copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
		out = append(out, h[:]...)
	}
	return append(out, make([]byte, 1024)...)
}

// hugeDictionary is an xz file of n empty blocks, each of which asks for a dictionary of bits.
func hugeDictionary(n int, bits byte) []byte {
	out := []byte("\xfd7zXZ\x00\x00\x00")
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out[6:8]))
	for range n {
		block := []byte{2, 0, 0x21, 1, bits, 0, 0, 0}
		out = append(out, block...)
		out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(block))
		out = append(out, 0, 0, 0, 0) // the end of a block, and padding
	}
	return out
}

// quine is an archive that holds itself, as far as one can tell who has no more depth to look: each layer holds the next.
func quine(t testing.TB) []byte {
	data := []byte("the end")
	for range 40 {
		data = zipped(t, zip.Deflate, file{"r/r.zip", string(data)})
	}
	return data
}

// spread is a zip of zips, each level 16 times the next, with a member of a gibibyte of zeros at the bottom.
func spread(t testing.TB) []byte {
	data := zipped(t, zip.Deflate, file{"0", string(make([]byte, 24<<20))})
	for range 3 {
		var files []file
		for i := range 16 {
			files = append(files, file{fmt.Sprint(i, ".zip"), string(data)})
		}
		data = zipped(t, zip.Deflate, files...)
	}
	return data
}

func TestBombs(t *testing.T) {
	for _, c := range []struct {
		name string
		make func() []byte
		opt  Options
		want string
	}{
		{"gzip of zeros", func() []byte { return zeros(t, "gzip", 300<<20) }, Options{}, "only the beginning was searched"},
		{"tar.gz of zeros", func() []byte {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			tw := tar.NewWriter(w)
			_ = tw.WriteHeader(&tar.Header{Name: "z", Size: 300 << 20})
			_, _ = io.CopyN(tw, zero{}, 300<<20)
			_ = tw.Close()
			_ = w.Close()
			return b.Bytes()
		}, Options{}, "unpacks to more than 64 MiB, which is 200 times its size or more"},
		{"zstd of zeros", func() []byte { return zeros(t, "zstd", 300<<20) }, Options{}, "only the beginning was searched"},
		{"gzip in gzip", func() []byte { return packed(t, "gzip", zeros(t, "gzip", 300<<20)) }, Options{}, "only the beginning was searched"},
		{"zip of zips of zeros", func() []byte { return spread(t) }, Options{}, "unpacks to more than"},
		{"overlapping members", func() []byte { return overlapping(t, 1000) }, Options{}, "unpacks to more than"},
		{"a million members", func() []byte { return manyEntries(t, 1_000_000) }, Options{}, "more than 131072 members"},
		{"holes", func() []byte { return sparseTar(2000) }, Options{}, "unpacks to more than"},
		{"dictionaries of 4 GiB", func() []byte { return hugeDictionary(100_000, 40) }, Options{}, "unpacks to more than"},
		{"a window of 2 GiB", func() []byte {
			return append([]byte("\x28\xb5\x2f\xfd\x00\xa8"), bytes.Repeat([]byte("\x01\x00\x00"), 100)...)
		}, Options{}, "zstd"},
		{"itself", func() []byte { return quine(t) }, Options{}, "nested deeper"},
		{"no memory", func() []byte { return packed(t, "xz", []byte("x")) }, Options{MaxHeld: 1 << 10}, "memory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := c.make()
			runtime.GC()
			stop := watchHeap(t)
			start := time.Now()
			got := seen{}
			total := int64(0)
			err := Walk(t.Context(), data, c.opt, func(m Member) error { total += int64(len(m.Data)); return nil },
				func(g Gap) { got.gaps = append(got.gaps, g.Member+": "+g.Reason) })
			peak := stop()
			if err != nil || !got.gap(c.want) {
				t.Errorf("%v, gaps %.500q", err, got.gaps)
			}
			if peak > 250<<20 { // what is held, and what was and is not collected yet
				t.Errorf("took %d MiB", peak>>20)
			}
			t.Logf("%d bytes: %d MiB given in %s, %d MiB of memory", len(data), total>>20, time.Since(start).Round(time.Millisecond), peak>>20)
		})
	}
}

// watchHeap returns a function that says how much the heap grew at most.
func watchHeap(t *testing.T) func() uint64 {
	t.Helper()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		peak := before.HeapAlloc
		for {
			select {
			case <-done:
				most <- peak - before.HeapAlloc
				return
			case <-time.After(2 * time.Millisecond):
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
		}
	}()
	return func() uint64 { close(done); return <-most }
}

// TestTurns runs walks at once, of which one at a time may hold much.
func TestTurns(t *testing.T) {
	data := zipped(t, zip.Deflate, file{"a", string(make([]byte, 20<<20))})
	turn := NewTurn()
	var holders, most, failed int
	lock := make(chan struct{}, 1)
	results := make(chan error)
	for range 8 {
		go func() {
			results <- Walk(t.Context(), data, Options{Turn: turn}, func(Member) error {
				lock <- struct{}{}
				holders++
				most = max(most, holders)
				<-lock
				time.Sleep(time.Millisecond)
				lock <- struct{}{}
				holders--
				<-lock
				return nil
			}, func(Gap) { lock <- struct{}{}; failed++; <-lock })
		}()
	}
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if most != 1 || failed > 0 {
		t.Errorf("%d at once held much, %d gaps", most, failed)
	}
	turn <- struct{}{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := Walk(ctx, data, Options{Turn: turn}, func(Member) error { return nil }, func(Gap) {})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a walk that waits for its turn ended with %v", err)
	}
}

// TestInterrupt stops a walk while it decodes.
func TestInterrupt(t *testing.T) {
	data := zeros(t, "gzip", 1<<30)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := Walk(ctx, tarOf(t, data), Options{MaxRatio: 1 << 20}, func(Member) error { return nil }, func(Gap) {})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended with %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s to stop", took)
	}
}

// tarOf puts one member many times into a tar.
func tarOf(t testing.TB, data []byte) []byte {
	t.Helper()
	var files []file
	for i := range 20 {
		files = append(files, file{fmt.Sprint(i), string(data)})
	}
	return tarred(t, files...)
}

func TestDamage(t *testing.T) {
	text := strings.Repeat("a line of text\n", 3000)
	files := []file{{"a", text}, {"b", text}, {"c", text}}
	noise := func(data []byte) []byte { // what does not compress, so that cutting cuts something
		out := append([]byte{}, data...)
		x := uint32(1)
		for i := range out {
			x = x*1664525 + 1013904223
			out[i] = byte(x >> 24)
		}
		return out
	}
	long := string(noise([]byte(text)))
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"zip", zipped(t, zip.Deflate, file{"a", long}, file{"b", long})},
		{"tar", tarred(t, file{"a", long}, file{"b", long})},
		{"ar", arred(file{"a", long}, file{"b", long})},
		{"tar.gz", packed(t, "gzip", tarred(t, files...))}, {"tar.xz", packed(t, "xz", tarred(t, files...))},
		{"tar.zst", packed(t, "zstd", tarred(t, file{"a", long}))},
		{"gz", packed(t, "gzip", []byte(long))}, {"xz", packed(t, "xz", []byte(long))},
	} {
		whole := walk(t, c.data, Options{})
		if len(whole.gaps) > 0 {
			t.Fatalf("%s: gaps %q", c.name, whole.gaps)
		}
		for _, cut := range []int{len(c.data) / 3, len(c.data) / 2, len(c.data) * 9 / 10} {
			got := walk(t, c.data[:cut], Options{})
			if len(got.gaps) == 0 {
				t.Errorf("%s cut after %d of %d bytes: no gap", c.name, cut, len(c.data))
			}
			for name, text := range got.members {
				if name != "(names)" && !strings.HasPrefix(whole.members[name], text) {
					t.Errorf("%s cut after %d bytes: %s is not the beginning of what it was", c.name, cut, name)
				}
			}
		}
		if c.name == "tar" || c.name == "ar" {
			continue // a flipped bit of what is stored is other content
		}
		for at := 20; at < len(c.data)-60; at += max(1, len(c.data)/40) {
			flipped := append([]byte{}, c.data...)
			flipped[at] ^= 0x10
			got := walk(t, flipped, Options{})
			if len(got.gaps) == 0 && len(got.members) != len(whole.members) {
				t.Errorf("%s with a flipped bit at %d lost members without a gap", c.name, at)
			}
			for name, text := range whole.members {
				if len(got.gaps) == 0 && got.members[name] != text {
					t.Errorf("%s with a flipped bit at %d: %s is another, without a gap", c.name, at, name)
				}
			}
		}
	}
}
