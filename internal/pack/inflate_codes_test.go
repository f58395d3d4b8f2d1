package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"io"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// bitWriter writes the bits of a deflate stream.
type bitWriter struct {
	b []byte
	n int
}

// put writes the n low bits of v, lowest first.
func (w *bitWriter) put(v, n int) {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v >> i & 1 << (w.n % 8))
		w.n++
	}
}

// canonical returns the codes of symbols with codes of these lengths, ready to be put.
func canonical(length []int) []int {
	codes := make([]int, len(length))
	code := 0
	for n := 1; n <= maxCode; n++ {
		for s, l := range length {
			if l == n {
				codes[s] = int(bits.Reverse16(uint16(code)) >> (16 - n))
				code++
			}
		}
		code *= 2
	}
	return codes
}

// describe starts the last block, with codes of these lengths. All lengths are written out, in four bits each.
func describe(literal, distance []int) *bitWriter {
	w := new(bitWriter)
	w.put(1|2<<1, 3)
	w.put(len(literal)-257, 5)
	w.put(len(distance)-1, 5)
	w.put(19-4, 4)
	for _, s := range lengthOrder {
		if s < 16 {
			w.put(4, 3)
		} else {
			w.put(0, 3)
		}
	}
	for _, l := range append(slices.Clone(literal), distance...) {
		w.put(int(bits.Reverse8(uint8(l))>>4), 4)
	}
	return w
}

// stream puts a head before the bits, and the checksum of what they should give behind them.
func (w *bitWriter) stream(content string) []byte {
	return binary.BigEndian.AppendUint32(append([]byte{0x78, 0x9c}, w.b...), adler32.Checksum([]byte(content)))
}

// with returns n lengths, those of some symbols set.
func with(n int, set map[int]int) []int {
	l := make([]int, n)
	for s, v := range set {
		l[s] = v
	}
	return l
}

func TestInflateCodes(t *testing.T) {
	raw := func(b ...byte) []byte { return append([]byte{0x78, 0x9c}, b...) }
	// fields puts pairs of a value and its width.
	fields := func(pairs ...int) []byte {
		w := new(bitWriter)
		for i := 0; i < len(pairs); i += 2 {
			w.put(pairs[i], pairs[i+1])
		}
		return append(w.stream(""), make([]byte, 40)...)
	}
	block := func(literal, distance []int, content string, fields ...int) []byte {
		w := describe(literal, distance)
		for i := 0; i < len(fields); i += 2 {
			w.put(fields[i], fields[i+1])
		}
		return w.stream(content)
	}
	ab := map[int]int{'a': 2, 'b': 2, 256: 2, 257: 2}
	// Codes of ab, as they are put.
	const a, b, end, three = 0, 2, 1, 3
	var many []int
	for i := range 257 {
		many = append(many, 8+i/255)
	}
	for name, c := range map[string]struct {
		src  []byte
		want string
		err  error
	}{
		"head of nothing":           {raw()[:1], "", io.ErrUnexpectedEOF},
		"other method":              {[]byte{0x79, 0x9b, 3, 0, 0, 0, 0, 1}, "", errHead},
		"window too large":          {[]byte{0x88, 0x98, 3, 0, 0, 0, 0, 1}, "", errHead},
		"wrong head check":          {[]byte{0x78, 0x9d, 3, 0, 0, 0, 0, 1}, "", errHead},
		"smallest window":           {[]byte{0x08, 0x1d, 3, 0, 0, 0, 0, 1}, "", nil},
		"dictionary":                {[]byte{0x78, 0xbb, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1}, "", errPreset},
		"fixed, empty":              {raw(3, 0, 0, 0, 0, 1), "", nil},
		"fixed, wrong sum":          {raw(3, 0, 0, 0, 0, 2), "", errChecksum},
		"stored, empty":             {raw(1, 0, 0, 255, 255, 0, 0, 0, 1), "", nil},
		"stored, damaged":           {raw(1, 1, 0, 255, 255, 0, 0, 0, 1), "", errStored},
		"stored, cut":               {raw(1, 5, 0, 250, 255, 'x'), "", io.ErrUnexpectedEOF},
		"unknown block":             {raw(7, 0, 0, 0, 0, 0, 0), "", errBlock},
		"blocks without end":        {raw(0, 0, 0, 255, 255), "", io.ErrUnexpectedEOF},
		"fixed, symbol 286":         {fields(3, 3, 0x63, 8), "", errCode},
		"fixed, distance 30":        {fields(3, 3, 0x0c, 8, 0x40, 7, 0x0f, 5), "", errCode},
		"fixed, too far":            {fields(3, 3, 0x40, 7, 0, 5), "", errFar},
		"287 literals":              {fields(5, 3, 30, 5, 0, 5, 0, 4), "", errCodes},
		"31 distances":              {fields(5, 3, 0, 5, 30, 5, 0, 4), "", errCodes},
		"no lengths":                {fields(5, 3, 0, 5, 0, 5, 0, 4, 0, 12), "", errCodes},
		"one bit for lengths":       {fields(5, 3, 0, 5, 0, 5, 0, 4, 0, 9, 1, 3), "", errCodes},
		"too many lengths":          {fields(5, 3, 0, 5, 0, 5, 0, 4, 1, 3, 1, 3, 1, 3, 0, 3), "", errCodes},
		"lengths with a hole":       {fields(5, 3, 0, 5, 0, 5, 0, 4, 2, 3, 2, 3, 2, 3, 0, 3), "", errCodes},
		"repetition of nothing":     {fields(5, 3, 0, 5, 0, 5, 0, 4, 1, 3, 1, 3, 0, 6, 0, 1), "", errCodes},
		"repetition past the end":   {fields(5, 3, 0, 5, 0, 5, 0, 4, 0, 6, 1, 3, 1, 3, 1, 1, 127, 7, 1, 1, 127, 7), "", errCodes},
		"literals only":             {block(with(258, ab), []int{0}, "ab", a, 2, b, 2, end, 2), "ab", nil},
		"match without distances":   {block(with(258, ab), []int{0}, "", a, 2, three, 2, 0, 1, end, 2), "", errCode},
		"one distance":              {block(with(258, ab), []int{1}, "abbbb", a, 2, b, 2, three, 2, 0, 1, end, 2), "abbbb", nil},
		"other bit of one distance": {block(with(258, ab), []int{1}, "", a, 2, three, 2, 1, 1, end, 2), "", errCode},
		"one distance of two bits":  {block(with(258, ab), []int{2}, "a", a, 2, end, 2), "", errCodes},
		"distances with a hole":     {block(with(258, ab), []int{1, 2}, "a", a, 2, end, 2), "", errCodes},
		"too many distances":        {block(with(258, ab), []int{1, 1, 1}, "a", a, 2, end, 2), "", errCodes},
		"two distances":             {block(with(258, ab), []int{1, 1}, "ababa", a, 2, b, 2, three, 2, 1, 1, end, 2), "ababa", nil},
		"too far":                   {block(with(258, ab), []int{1, 1}, "", a, 2, three, 2, 1, 1, end, 2), "", errFar},
		"end only":                  {block(with(257, map[int]int{256: 1}), []int{0}, "", 0, 1), "", nil},
		"end only, other bit":       {block(with(257, map[int]int{256: 1}), []int{0}, "", 1, 1), "", errCode},
		"end of two bits only":      {block(with(257, map[int]int{256: 2}), []int{0}, "", 0, 2), "", errCodes},
		"no end":                    {block(with(257, map[int]int{'a': 1, 'b': 1}), []int{0}, "", 0, 1), "", errCodes},
		"literals with a hole":      {block(with(258, map[int]int{'a': 2, 256: 2}), []int{0}, "", 0, 2), "", errCodes},
		"too many literals":         {block(with(258, map[int]int{'a': 1, 'b': 1, 256: 1}), []int{0}, "", 0, 1), "", errCodes},
		"all literals":              {block(many, []int{0}, "", 0x1ff, 9), "", nil},
		"checksum cut":              {block(with(258, ab), []int{0}, "ab", a, 2, end, 2)[:90], "", io.ErrUnexpectedEOF},
		"bits of the end cut":       {raw(describe(with(258, ab), []int{0}).b...), "", io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			size := len(c.want)
			if c.err != nil && c.err != errChecksum {
				size = 100
			}
			got, used, err := new(inflater).inflate(nil, c.src, int64(size))
			if !errors.Is(err, c.err) || err == nil && string(got) != c.want {
				t.Errorf("gives %q, %d of %d bytes used, %v; want %v", got, used, len(c.src), err, c.err)
			}
		})
	}
}

// randomCode returns lengths of a code without holes for n symbols, none of them longer than maxCode.
func randomCode(r *rand.Rand, n int) []int {
	leaves := []int{0}
	for len(leaves) < n {
		// The same leaf again and again makes long codes.
		i := len(leaves) - 1
		if r.IntN(3) == 0 {
			i = r.IntN(len(leaves))
		}
		for leaves[i] == maxCode {
			i = r.IntN(len(leaves))
		}
		leaves[i]++
		leaves = append(leaves, leaves[i])
	}
	r.Shuffle(n, func(i, j int) { leaves[i], leaves[j] = leaves[j], leaves[i] })
	return leaves
}

// TestInflateRandomCodes writes random symbols in random codes, up to the longest, so that all forms of second tables
// are met.
func TestInflateRandomCodes(t *testing.T) {
	in := new(inflater)
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		literal := randomCode(r, maxLiterals-r.IntN(29))
		distance := randomCode(r, 2+r.IntN(maxDistance-1))
		if len(literal) < 257 || literal[endOfBlock] == 0 {
			t.Fatal("no end")
		}
		w := describe(literal, distance)
		literalCodes, distanceCodes := canonical(literal), canonical(distance)
		var content []byte
		for range r.IntN(400) {
			s := r.IntN(len(literal))
			if s == endOfBlock {
				continue
			}
			if s < endOfBlock {
				content = append(content, byte(s))
				w.put(literalCodes[s], literal[s])
				continue
			}
			length, extra := spread(s-257, 4, 3)
			if s == maxLiterals-1 {
				length, extra = 258, 0
			}
			d := r.IntN(len(distance))
			back, backExtra := spread(d, 2, 1)
			v, backV := r.IntN(1<<extra), r.IntN(1<<backExtra)
			if back+backV > len(content) {
				continue
			}
			w.put(literalCodes[s], literal[s])
			w.put(v, extra)
			w.put(distanceCodes[d], distance[d])
			w.put(backV, backExtra)
			for range length + v {
				content = append(content, content[len(content)-back-backV])
			}
		}
		w.put(literalCodes[endOfBlock], literal[endOfBlock])
		src := w.stream(string(content))
		got, used, err := in.inflate(nil, src, int64(len(content)))
		if err != nil || used != len(src) || !bytes.Equal(got, content) {
			t.Fatalf("seed %d: %d of %d bytes, %v", seed, len(got), len(content), err)
		}
		checkInflate(t, in, src)
	}
}

// spread returns the least value that the i-th symbol stands for and its extra bits: group symbols have the same number
// of them, from the second group on.
func spread(i, group, least int) (base, extra int) {
	base = least
	for s := range i {
		base += 1 << max(s/group-1, 0)
	}
	return base, max(i/group-1, 0)
}

// TestTableRoom checks that tables have room for the second tables of any code, the worst ones among them.
func TestTableRoom(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 3))
		for _, a := range []*alphabet{&literals, &distances} {
			var used []coded
			for s, n := range randomCode(r, 2+r.IntN(len(a.symbols)-1)) {
				used = append(used, coded(s<<4|n))
			}
			size := litSize
			if a == &distances {
				size = distSize
			}
			table := make([]uint32, size)
			mask, ok := a.build(table, used)
			if !ok {
				t.Fatalf("seed %d: refused", seed)
			}
			for i, e := range table[:mask+1] {
				if e == 0 {
					t.Fatalf("seed %d: nothing in place %d", seed, i)
				}
			}
		}
	}
}
