package decode

import "bytes"

// CutBefore returns the last place in text, at or before at, where it can be cut in two without an encoded stretch being
// cut: [Views] of both halves are those of the whole. It looks at what stands before the place alone, so that the place
// is as good whatever follows. begins says that text is the beginning of its content; if not, its first line is taken
// for half a line. ok is false if there is no such place.
func CutBefore(text []byte, at int, begins bool) (cut int, ok bool) {
	for end := at; ; {
		// The line before the place ends at the break and begins at start.
		brk := bytes.LastIndexByte(text[:end], '\n')
		if brk < 0 {
			return 0, begins
		}
		start := bytes.LastIndexByte(text[:brk], '\n') + 1
		if start == 0 && !begins {
			return 0, false
		}
		if line := text[start:brk]; !marked(line) && !endsOpen(line) {
			return brk + 1, true
		}
		end = brk
	}
}

// CutAfter is [CutBefore] for the first place at or behind at. It looks at what stands behind the place alone. ends says
// that text is the end of its content.
func CutAfter(text []byte, at int, ends bool) (cut int, ok bool) {
	for {
		brk := bytes.IndexByte(text[at:], '\n')
		if brk < 0 {
			return len(text), ends
		}
		start := at + brk + 1
		end := bytes.IndexByte(text[start:], '\n')
		if end < 0 {
			if !ends {
				return len(text), false
			}
			end = len(text) - start
		}
		if line := text[start : start+end]; !marked(line) && !continues(line) {
			return start, true
		}
		at = start
	}
}

// marked reports whether a line has a byte with which an escape begins.
func marked(line []byte) bool {
	for _, k := range kinds() {
		if bytes.IndexByte(line, k.mark) >= 0 {
			return true
		}
	}
	return false
}

// endsOpen reports whether base64 that reaches the end of a line may go on in the next.
func endsOpen(line []byte) bool {
	line = bytes.TrimRight(line, " \t\r")
	n := len(line)
	for n > 0 && is(line[n-1], alphabet) {
		n--
	}
	// A first line has a run of the least length; any other has nothing else.
	return len(line)-n >= leastMinRun-2 || n < len(line) && len(bytes.TrimLeft(line[:n], " \t")) == 0
}

// continues reports whether a line could go on with the base64 of the line before it.
func continues(line []byte) bool {
	line = bytes.TrimLeft(line, " \t")
	n := 0
	for n < len(line) && is(line[n], alphabet) {
		n++
	}
	return n > 0 && endsLine(line, n+padding(line, n))
}
