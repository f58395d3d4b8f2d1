package decode

import "bytes"

// CutBefore returns the last place in text, at or before at, where it can be cut in two without an encoded stretch being
// cut: [Views] of both halves are those of the whole. It looks at what stands before the place alone, so that the place
// is as good whatever follows. begins says that text is the beginning of its content; if not, its first line is taken
// for half a line. ok is false if there is no such place.
func CutBefore(text []byte, at int, begins bool) (cut int, ok bool) {
	for brk := bytes.LastIndexByte(text[:at], '\n'); brk >= 0; {
		start, closed := lineBefore(text, brk)
		if start == 0 && !begins {
			return 0, false
		}
		if closed {
			return brk + 1, true
		}
		brk = start - 1
	}
	return 0, begins
}

// lineBefore returns where the line that ends at end begins. closed says that no telling escape begins in it, and that base64
// which reaches its end does not go on in the next: a first line of base64 has a run of the least length, and any other
// has nothing else.
func lineBefore(text []byte, end int) (start int, closed bool) {
	i := end
	for i > 0 && (text[i-1] == ' ' || text[i-1] == '\t' || text[i-1] == '\r') {
		i--
	}
	hi := i
	for i > 0 && is(text[i-1], alphabet) {
		i--
	}
	run := hi - i
	alone := run > 0
	for ; i > 0 && text[i-1] != '\n'; i-- {
		c := text[i-1]
		if is(c, mark) && tells(text[:end], i-1) {
			return bytes.LastIndexByte(text[:i], '\n') + 1, false
		}
		alone = alone && (c == ' ' || c == '\t')
	}
	return i, run < leastMinRun-2 && !alone
}

// CutAfter is [CutBefore] for the first place at or behind at. It looks at what stands behind the place alone. ends says
// that text is the end of its content.
func CutAfter(text []byte, at int, ends bool) (cut int, ok bool) {
	for {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return len(text), ends
		}
		start := at + i + 1
		end, closed := lineAfter(text, start)
		if end == len(text) && !ends {
			return len(text), false
		}
		if closed {
			return start, true
		}
		at = end
	}
}

// lineAfter returns where the line that begins at start ends. closed says that no telling escape begins in it, and that it
// could not go on with the base64 of the line before it.
func lineAfter(text []byte, start int) (end int, closed bool) {
	i := start
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	lo := i
	for i < len(text) && is(text[i], alphabet) {
		i++
	}
	goesOn := i > lo && endsLine(text, i+padding(text, i))
	closed = !goesOn
	for ; i < len(text) && text[i] != '\n'; i++ {
		closed = closed && !(is(text[i], mark) && tells(text, i))
	}
	return i, closed
}

// tells reports whether the mark at i begins an escape whose decoding may bring something to light. It need not know
// whether the mark is itself escaped: then it says yes too often. What it looks at ends with the line.
func tells(text []byte, i int) bool {
	switch text[i] {
	case '%':
		return readPercent(text, i).telling
	case '\\':
		return readBackslash(text, i).telling
	default:
		return readEntity(text, i).telling
	}
}
