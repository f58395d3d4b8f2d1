package sarif

import (
	"strconv"
	"unicode/utf8"
)

// hashed is how many characters a line hash is of, and factor what each of them but the last is multiplied by.
const (
	hashed = 100
	factor = 37
)

// LineHashes returns the primaryLocationLineHash of lines of a text, by their numbers, which count from 1; lines that the text does not
// have are missing. It is what GitHub's upload action computes from the file in the checkout when a result has none, and complains of
// when it differs: a polynomial in 37, modulo 2^64, of the 100 UTF-16 units from the line's beginning, blanks and tabs left out, line
// ends as \n, the end of the text as one unit 65535 and zeroes behind; in hexadecimal, then how many lines up to this one have the same.
//
// It has no key: whoever has the hash and all but a few characters of the text can find these by trying.
func LineHashes(text []byte, lines map[int]bool) map[int]string {
	sums := map[int]uint64{}
	rollLines(text, func(line int, sum uint64) {
		if lines[line] {
			sums[line] = sum
		}
	})
	wanted := make(map[uint64]int, len(sums)) // how often each was seen so far: only those that are asked for are counted
	for _, sum := range sums {
		wanted[sum] = 0
	}
	out := make(map[int]string, len(sums))
	rollLines(text, func(line int, sum uint64) {
		if _, ok := wanted[sum]; !ok {
			return
		}
		wanted[sum]++
		if lines[line] {
			out[line] = strconv.FormatUint(sum, 16) + ":" + strconv.Itoa(wanted[sum])
		}
	})
	return out
}

// roller is the window over the last hundred units. starts has the number of the line that begins at a unit, or 0.
type roller struct {
	window [hashed]uint16
	starts [hashed]int
	at     int
	sum    uint64
	drop   uint64
	emit   func(line int, sum uint64)
}

// leave tells of the line whose beginning falls out of the window next: it is full, or the text has ended.
func (r *roller) leave() {
	if line := r.starts[r.at]; line > 0 {
		r.emit(line, r.sum)
		r.starts[r.at] = 0
	}
}

func (r *roller) push(unit uint16) {
	old := r.window[r.at]
	r.window[r.at] = unit
	r.sum = r.sum*factor + uint64(unit) - r.drop*uint64(old)
	r.at = (r.at + 1) % hashed
}

// rollLines calls emit for each line of a text in order. The last one is what stands behind the last line end, which may be nothing.
func rollLines(text []byte, emit func(line int, sum uint64)) {
	r := &roller{drop: 1, emit: emit}
	for range hashed {
		r.drop *= factor
	}
	line, begins, afterCR := 0, true, false
	take := func(unit uint16) {
		blank := unit == ' ' || unit == '\t' || afterCR && unit == '\n'
		afterCR = unit == '\r'
		if blank {
			return
		}
		if afterCR {
			unit = '\n'
		}
		r.leave()
		if begins {
			line++
			r.starts[r.at] = line
		}
		begins = unit == '\n'
		r.push(unit)
	}
	for len(text) > 0 {
		c, size := utf8.DecodeRune(text)
		if c == utf8.RuneError && size == 1 {
			size = illFormed(text)
		}
		text = text[size:]
		if c > 0xffff {
			c -= 0x10000
			take(uint16(0xd800 + c>>10))
			c = 0xdc00 + c&0x3ff
		}
		take(uint16(c))
	}
	take(65535)
	for range hashed {
		r.leave()
		r.push(0)
	}
}

// illFormed returns how many bytes at the beginning of text, which is no UTF-8, JavaScript reads as one U+FFFD: as many as could have
// been the beginning of a character.
func illFormed(text []byte) int {
	need, low, high := 0, byte(0x80), byte(0xbf)
	switch b := text[0]; {
	case b >= 0xc2 && b <= 0xdf:
		need = 1
	case b >= 0xe0 && b <= 0xef:
		need = 2
		if b == 0xe0 {
			low = 0xa0
		} else if b == 0xed {
			high = 0x9f
		}
	case b >= 0xf0 && b <= 0xf4:
		need = 3
		if b == 0xf0 {
			low = 0x90
		} else if b == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for n <= need && n < len(text) && text[n] >= low && text[n] <= high {
		n++
		low, high = 0x80, 0xbf
	}
	return n
}
