package source

import (
	"bufio"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/skant-dev/skant/internal/decode"
	"github.com/skant-dev/skant/scanner"
)

// maxStreamLines bounds the lines of content that is compared without being held.
const maxStreamLines = 2_000_000

// errNotComparable is wrapped by the error about content of which new lines cannot be told from old.
var errNotComparable = errors.New("too large to be compared line by line")

// addedStreamLines is [addedLines] for content that is too large to be held, or was made from such: a line is new if the
// old version has no such line, or not as many of them. Where the lines stand does not matter.
func addedStreamLines(text io.Reader, olds []func() (io.ReadCloser, error)) ([]scanner.LineRange, error) {
	seed := maphash.MakeSeed()
	lines, err := lineHashes(text, seed)
	if err != nil {
		return nil, err
	}
	kept := make([]bool, len(lines))
	for _, open := range olds {
		r, err := open()
		if err != nil {
			return nil, err
		}
		old, err := lineHashes(r, seed)
		if err = errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
		counts := make(map[uint64]int32, len(old))
		for _, h := range old {
			counts[h]++
		}
		for i, h := range lines {
			if counts[h] > 0 {
				counts[h]--
				kept[i] = true
			}
		}
	}
	return rangesOf(len(lines), func(i int) bool { return !kept[i] }), nil
}

// lineHashes returns a hash of each line, without its end.
func lineHashes(r io.Reader, seed maphash.Seed) ([]uint64, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if head, _ := in.Peek(headSize); decode.UTF16Rest(head) != nil {
		return nil, fmt.Errorf("%w: it is UTF-16", errNotComparable)
	}
	var all []uint64
	var h maphash.Hash
	h.SetSeed(seed)
	held, open := false, false // whether a carriage return waits for what follows, and whether a line has begun
	for {
		part, err := in.ReadSlice('\n')
		ended := err == nil
		if ended {
			part = part[:len(part)-1]
		} else if err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if len(part) > 0 {
			if held {
				_ = h.WriteByte('\r') // a hash never fails
			}
			if held = part[len(part)-1] == '\r'; held {
				part = part[:len(part)-1]
			}
			_, _ = h.Write(part)
			open = true
		}
		if ended || err == io.EOF && open {
			if len(all) == maxStreamLines {
				return nil, fmt.Errorf("%w: more than %d lines", errNotComparable, maxStreamLines)
			}
			all = append(all, h.Sum64())
			h.Reset()
			held, open = false, false
		}
		if err == io.EOF {
			return all, nil
		}
	}
}
