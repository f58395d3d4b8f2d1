package pack

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	fast "github.com/klauspost/compress/zlib"
)

// zlibAt compresses at a level, of which -2 is Huffman codes only and 0 is stored.
func zlibAt(data []byte, level int) []byte {
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err == nil {
		_, err = w.Write(data)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// slowInflate is the standard library's answer, of which at most limit bytes are read. used is the length of the stream.
func slowInflate(src []byte, limit int) (out []byte, used int, err error) {
	r := bytes.NewReader(src)
	z, err := zlib.NewReader(r)
	if err != nil {
		return nil, 0, err
	}
	out, err = io.ReadAll(io.LimitReader(z, int64(limit)))
	return out, len(src) - r.Len(), err
}

// like makes n bytes that are as easy to compress as a text of letters words.
func like(seed uint64, n, letters int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	var words [64]string
	for i := range words {
		for range 1 + r.IntN(9) {
			words[i] += string(rune('a' + r.IntN(letters)))
		}
	}
	var b []byte
	for len(b) < n {
		b = append(b, words[min(r.IntN(64), r.IntN(64))]...)
		b = append(b, " \n\t("[r.IntN(4)])
		if r.IntN(20) == 0 {
			b = append(b, strings.Repeat(" ", r.IntN(40))...)
		}
	}
	return b[:n]
}

// checkInflate holds the inflater against the standard library. What that accepts may be refused for its codes only:
// zlib, and git with it, refuses more of them than Go does.
func checkInflate(t *testing.T, in *inflater, src []byte) {
	t.Helper()
	const limit = 1 << 20
	want, wantUsed, wantErr := slowInflate(src, limit+1)
	if wantErr == nil && len(want) > limit {
		if out, _, err := in.inflate(nil, src, limit); err == nil || cap(out) > 3*limit {
			t.Fatalf("a long stream gives %v and %d bytes", err, cap(out))
		}
		return
	}
	before := []byte("before")
	got, used, err := in.inflate(before, src, int64(len(want)))
	if !bytes.HasPrefix(got, before) {
		t.Fatalf("what stood in dst is %q now", got[:min(len(got), len(before))])
	}
	got = got[len(before):]
	switch {
	case wantErr != nil && err == nil:
		t.Fatalf("no error for %x, want %v", src, wantErr)
	case wantErr == nil && err != nil && !errors.Is(err, errCodes):
		t.Fatalf("%x: %v, want %d bytes", src, err, len(want))
	case err == nil && (!bytes.Equal(got, want) || used != wantUsed):
		t.Fatalf("%x gives %q of %d bytes, want %q of %d", src, got, used, want, wantUsed)
	}
	if err != nil {
		return
	}
	if _, _, err := in.inflate(nil, src, int64(len(want))+1); !errors.Is(err, errShort) {
		t.Fatalf("one byte more asked for: %v", err)
	}
	if len(want) > 0 {
		if _, _, err := in.inflate(nil, src, int64(len(want))-1); !errors.Is(err, errLong) {
			t.Fatalf("one byte less asked for: %v", err)
		}
	}
}

// FuzzInflateBytes reads arbitrary bytes. The head is made right, or nothing would come behind it.
func FuzzInflateBytes(f *testing.F) {
	for level := -2; level <= 9; level++ {
		f.Add(zlibAt(like(1, 300, 9), level)[2:])
	}
	f.Add([]byte{1, 0, 0, 255, 255, 0, 0, 0, 1})
	in := new(inflater)
	f.Fuzz(func(t *testing.T, body []byte) {
		src := append([]byte{0x78, 0x9c}, body...)
		checkInflate(t, in, src)
		// The checksum of what the blocks give, so that a right stream is among those that are tried.
		if raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body)), 1<<20)); err == nil {
			r := bytes.NewReader(body)
			if _, err := io.Copy(io.Discard, flate.NewReader(r)); err == nil {
				src = append([]byte{0x78, 0x9c}, body[:len(body)-r.Len()]...)
				checkInflate(t, in, binary.BigEndian.AppendUint32(src, adler32.Checksum(raw)))
			}
		}
	})
}

// FuzzInflateContent compresses any content, damages it, cuts it and adds to it.
func FuzzInflateContent(f *testing.F) {
	f.Add([]byte("content"), 9, uint(3), uint(20))
	f.Add(like(2, 2000, 20), 1, uint(3), uint(0))
	f.Add(bytes.Repeat([]byte("ab"), 400), -2, uint(100), uint(70))
	in := new(inflater)
	f.Fuzz(func(t *testing.T, content []byte, level int, cut, flip uint) {
		src := zlibAt(content, -2+int(uint(level)%12))
		got, used, err := in.inflate(nil, append(src, "behind"...), int64(len(content)))
		if err != nil || used != len(src) || !bytes.Equal(got, content) {
			t.Fatalf("%d bytes of a stream of %d give %d of %d bytes, %v", used, len(src), len(got), len(content), err)
		}
		cut %= uint(len(src))
		if _, _, err := in.inflate(nil, src[:cut], int64(len(content))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d of %d: %v", cut, len(src), err)
		}
		flip %= 8 * uint(len(src))
		src[flip/8] ^= 1 << (flip % 8)
		checkInflate(t, in, src)
	})
}

// TestInflateSizes goes through small sizes, and all ends that input and room may have.
func TestInflateSizes(t *testing.T) {
	in := new(inflater)
	text := like(3, 700, 12)
	for n := range len(text) {
		for level := -2; level <= 9; level++ {
			if n > 80 && (n+level)%7 > 0 {
				continue
			}
			src := zlibAt(text[:n], level)
			dst := append(make([]byte, 0, n%5*n/2+n%3), text[:n%11]...)
			behind := bytes.Repeat([]byte{0xff}, n%20)
			got, used, err := in.inflate(dst, append(src, behind...), int64(n))
			if err != nil || used != len(src) || string(got) != string(dst)+string(text[:n]) {
				t.Fatalf("%d bytes at level %d: %d of %d bytes used, %v", n, level, used, len(src), err)
			}
		}
	}
	for level := -2; level <= 9; level++ {
		src := zlibAt(text, level)
		for cut := range src {
			if _, _, err := in.inflate(nil, src[:cut], int64(len(text))); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("level %d cut at %d of %d: %v", level, cut, len(src), err)
			}
		}
	}
}

// TestInflateDamage flips each bit of small streams.
func TestInflateDamage(t *testing.T) {
	in := new(inflater)
	for level := -2; level <= 9; level++ {
		src := zlibAt(like(4, 200, 9), level)
		for i := range 8 * len(src) {
			src[i/8] ^= 1 << (i % 8)
			checkInflate(t, in, src)
			src[i/8] ^= 1 << (i % 8)
		}
	}
}

// TestInflateMatches has matches of all lengths at all small distances, and some far ones.
func TestInflateMatches(t *testing.T) {
	in := new(inflater)
	for distance := 1; distance < 40; distance++ {
		var b []byte
		for length := 3; length <= 258; length++ {
			start := like(uint64(length), distance, 26)
			b = append(b, start...)
			for range length {
				b = append(b, b[len(b)-distance])
			}
			b = append(b, byte(length))
		}
		checkInflate(t, in, zlibAt(b, 9))
	}
	noise := make([]byte, 33000)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for _, back := range []int{258, 4097, 32767, 32768} {
		checkInflate(t, in, zlibAt(append(noise, noise[len(noise)-back:][:200]...), 9))
	}
}

// TestInflateLarge checks that memory is in proportion to what a stream gives, not to what is declared.
func TestInflateLarge(t *testing.T) {
	in := new(inflater)
	for _, n := range []int{growStep - 1, growStep, growStep + 1, 3*growStep + 12345} {
		for level := -2; level <= 9; level += 3 {
			content := like(5, n, 4)
			src := zlibAt(content, level)
			got, used, err := in.inflate(nil, src, int64(n))
			if err != nil || used != len(src) || !bytes.Equal(got, content) {
				t.Errorf("%d bytes at level %d: %d of %d bytes used, %v", n, level, used, len(src), err)
			}
		}
	}
	for _, size := range []int64{1 << 40, 1<<63 - 1} {
		for _, n := range []int{10, 2*growStep + 10} {
			out, _, err := in.inflate(nil, zlibAt(make([]byte, n), 6), size)
			if !errors.Is(err, errShort) || cap(out) > 4*growStep+n {
				t.Errorf("%d bytes, %d declared: %d allocated, %v", n, size, cap(out), err)
			}
		}
	}
	out, _, err := in.inflate(nil, zlibAt(make([]byte, 10*growStep), 6), 100)
	if !errors.Is(err, errLong) || len(out) > 100 || cap(out) > 4096 {
		t.Errorf("a long stream gives %d bytes, %d allocated, %v", len(out), cap(out), err)
	}
}

func TestInflateAllocates(t *testing.T) {
	in := new(inflater)
	content := like(6, 5000, 15)
	dst := make([]byte, 0, 2*len(content))
	for _, level := range []int{-2, 0, 1, 9} {
		for _, n := range []int{20, 5000} {
			src := zlibAt(content[:n], level)
			read := func() {
				if _, _, err := in.inflate(dst, src, int64(n)); err != nil {
					t.Fatal(err)
				}
			}
			read()
			if allocs := testing.AllocsPerRun(10, read); allocs > 0 {
				t.Errorf("level %d, %d bytes: %v allocations", level, n, allocs)
			}
		}
	}
}

func TestInflateUnchecked(t *testing.T) {
	in := new(inflater)
	src := zlibAt([]byte("content"), 6)
	src[len(src)-1]++
	if _, _, err := in.inflate(nil, src, 7); !errors.Is(err, errChecksum) {
		t.Errorf("inflate: %v", err)
	}
	got, used, err := in.inflateUnchecked(nil, src, 7)
	if string(got) != "content" || used != len(src) || err != nil {
		t.Errorf("inflateUnchecked gives %q, %d, %v", got, used, err)
	}
	if _, _, err := in.inflateUnchecked(nil, src[:len(src)-1], 7); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("inflateUnchecked without all of the checksum: %v", err)
	}
}

func TestInflatePrefix(t *testing.T) {
	in := new(inflater)
	content := like(7, 3000, 20)
	for level := -2; level <= 9; level++ {
		src := zlibAt(content, level)
		for _, n := range []int{1, 20, 32, 2999} {
			got, err := in.prefix(src, n)
			if err != nil || !bytes.Equal(got, content[:n]) {
				t.Errorf("prefix of %d at level %d: %d bytes, %v", n, level, len(got), err)
			}
		}
		if got, err := in.prefix(src, 5000); err != nil || !bytes.Equal(got, content) {
			t.Errorf("prefix of more than all at level %d: %d bytes, %v", level, len(got), err)
		}
		for cut := range src {
			got, err := in.prefix(src[:cut], 32)
			if err == nil && !bytes.Equal(got, content[:32]) || cut > 1100 && err != nil {
				t.Errorf("prefix of a stream cut at %d at level %d: %q, %v", cut, level, got, err)
			}
		}
	}
	if got, err := in.prefix([]byte("no zlib stream"), 10); err == nil {
		t.Errorf("prefix of something else: %q", got)
	}
}

func BenchmarkInflate(b *testing.B) {
	for _, size := range []int{200, 2000, 10000, 100000} {
		content := like(8, size, 20)
		src := zlibAt(content, 6)
		dst := make([]byte, 0, size+slack)
		bench := func(name string, f func() error) {
			b.Run(fmt.Sprintf("%d/%s", size, name), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					if err := f(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		in := new(inflater)
		bench("own", func() error {
			_, _, err := in.inflate(dst, src, int64(size))
			return err
		})
		bench("unchecked", func() error {
			_, _, err := in.inflateUnchecked(dst, src, int64(size))
			return err
		})
		r := bytes.NewReader(src)
		z, err := fast.NewReader(r)
		if err != nil {
			b.Fatal(err)
		}
		bench("klauspost", func() error {
			r.Reset(src)
			err := z.(fast.Resetter).Reset(r, nil)
			if err == nil {
				_, err = io.ReadFull(z, dst[:size])
			}
			if err == nil {
				_, err = io.Copy(io.Discard, z)
			}
			return err
		})
	}
}
