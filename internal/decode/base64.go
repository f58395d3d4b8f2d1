package decode

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
)

const (
	// stretch is how many readable bytes in a row make decoded data worth a look: the shortest tokens have as many.
	stretch = 16
	// groups is how many whole base64 groups any stretch of that length covers.
	groups = 4
	// minHex is the least number of hexadecimal digits that are tried.
	minHex = 32
	// lowest is the first byte of the base64 alphabet.
	lowest = '+'
	// maxIndent bounds the white space at the end of a line and before the text of the next.
	maxIndent = 256
)

// piece is a run of characters in a text; a run that was wrapped has one for each line.
type piece struct{ lo, hi int }

// runs finds runs of the base64 alphabet and decodes those that hold text. It jumps from one possible end of a run to the
// next, and so looks at a fraction of ordinary text.
func (d *decoder) runs(src []byte, parent *View) bool {
	window := d.opt.MinRun - 2
	for i := 0; i+window <= len(src); {
		// Most text has white space, a quote or a bracket among any eight bytes: the last eight of a run's least length
		// are asked about at once.
		if low := lowBytes(binary.LittleEndian.Uint64(src[i+window-8:])); low != 0 {
			i += window - bits.LeadingZeros64(low)/8
			continue
		}
		j := i + window - 1
		for j >= i && classes[src[j]]&alphabet != 0 {
			j--
		}
		if j >= i {
			i = j + 1
			continue
		}
		end := i + window
		for end < len(src) && classes[src[end]]&alphabet != 0 {
			end++
		}
		next, ok := d.run(src, piece{i, end}, parent)
		if !ok {
			return false
		}
		i = next
	}
	return true
}

// lowBytes sets the highest bit of each of eight bytes that is below the alphabet.
func lowBytes(x uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	return ^((x&^tops + (0x80-lowest)*ones) | x) & tops
}

// run decodes the run p, joined with the lines that continue it, and returns where to go on.
func (d *decoder) run(src []byte, p piece, parent *View) (next int, ok bool) {
	if p.hi-p.lo+padding(src, p.hi) < d.opt.MinRun {
		return p.hi, true
	}
	if lines := continued(src, p); len(lines) > 1 {
		next = lines[len(lines)-1].hi
		if found, ok := d.pieces(src, lines, parent); found || !ok {
			return next, ok
		}
		// Put together they are nothing: what looked like wrapped lines may be a list.
		for _, l := range lines {
			if l.hi-l.lo+padding(src, l.hi) >= d.opt.MinRun {
				if _, ok := d.pieces(src, []piece{l}, parent); !ok {
					return next, false
				}
			}
		}
		return next, true
	}
	one := [1]piece{p}
	_, ok = d.pieces(src, one[:], parent)
	return p.hi, ok
}

// padding counts the padding characters at i.
func padding(src []byte, i int) int {
	n := 0
	for n < 2 && i+n < len(src) && src[i+n] == '=' {
		n++
	}
	return n
}

// continued returns p and the lines after it that go on with it: entirely base64 but for indentation, and none longer than
// the one before. A shorter one is the last.
func continued(src []byte, p piece) []piece {
	var lines []piece
	width := len(src)
	if start := p.lo; start == 0 || src[start-1] == '\n' {
		width = p.hi - p.lo
	}
	for at := p; ; {
		lo, ok := nextLine(src, at.hi)
		if !ok {
			return lines
		}
		hi := lo
		for hi < len(src) && is(src[hi], alphabet) {
			hi++
		}
		if n := hi - lo; n == 0 || n > width || !endsLine(src, hi+padding(src, hi)) {
			return lines
		}
		if lines == nil {
			lines = append(lines, p)
		}
		at = piece{lo, hi}
		lines = append(lines, at)
		if hi-lo < width && width != len(src) || padding(src, hi) > 0 {
			return lines
		}
		width = hi - lo
	}
}

// nextLine returns where the next line's text begins, if nothing but white space stands before the line break at i.
func nextLine(src []byte, i int) (int, bool) {
	for n := 0; n < maxIndent && i < len(src) && (src[i] == ' ' || src[i] == '\t' || src[i] == '\r'); n++ {
		i++
	}
	if i == len(src) || src[i] != '\n' {
		return 0, false
	}
	i++
	for n := 0; n < maxIndent && i < len(src) && (src[i] == ' ' || src[i] == '\t'); n++ {
		i++
	}
	return i, i < len(src)
}

// endsLine reports whether a line of base64 may end at i: at a line break or at what closes a literal.
func endsLine(src []byte, i int) bool {
	for n := 0; n < maxIndent && i < len(src) && (src[i] == ' ' || src[i] == '\t' || src[i] == '\r'); n++ {
		i++
	}
	if i >= len(src) {
		return true
	}
	switch src[i] {
	case '\n', '"', '\'', '`', ')', ']', '}', ',', ';', '<':
		return true
	default:
		return false
	}
}

// pieces decodes runs that belong together. found says that they gave a view.
func (d *decoder) pieces(src []byte, ps []piece, parent *View) (found, ok bool) {
	if !fresh(parent, ps[0].lo, ps[len(ps)-1].hi) {
		return false, true
	}
	chars := src[ps[0].lo:ps[0].hi]
	if len(ps) > 1 {
		d.joined = d.joined[:0]
		for _, p := range ps {
			d.joined = append(d.joined, src[p.lo:p.hi]...)
		}
		chars = d.joined
	}
	if all(chars, hexDigit) {
		return d.hex(src, chars, ps, parent)
	}
	if found, ok = d.packed(src, chars, ps, parent); found || !ok {
		return found, ok
	}
	// The decoding of views inside views writes over joined, so every reading is judged before the first is emitted.
	var kept [4][]byte
	for phase := range kept {
		// Where a word precedes the base64 without a break, its first group begins elsewhere than the run.
		n := groups
		if phase == 0 {
			n = min(n, len(chars)/4)
		}
		if readable(chars[phase:], n) {
			kept[phase] = d.decode(chars[phase:], phase == 0)
		}
		if phase == 0 && kept[0] != nil && all(kept[0], text) {
			break // nothing is left that could be anything else
		}
	}
	for phase, data := range kept {
		if data != nil {
			found = true
			if !d.emit(parent, data, groupMapping(src, ps, phase, len(data), 3, 4), "base64") {
				return found, false
			}
		}
	}
	return found, true
}

// readable reports whether some n groups in a row decode to text or NUL. It rejects words and paths after looking at a few
// characters.
func readable(chars []byte, n int) bool {
	for i := 0; 4*(i+n) <= len(chars); {
		j := i + n - 1
		for j >= i && asciiGroup(chars[4*j:]) {
			j--
		}
		if j < i && textGroups(chars[4*i:4*(i+n)]) {
			return true
		}
		i = max(i, j) + 1
	}
	return false
}

// asciiGroup reports whether the 4 characters stand for 3 bytes below 128.
func asciiGroup(c []byte) bool {
	return classes[c[0]]&first != 0 && classes[c[1]]&second != 0 && classes[c[2]]&third != 0
}

// textGroups decodes a few groups and looks at all their bytes.
func textGroups(chars []byte) bool {
	var in [4 * groups]byte
	var out [3 * groups]byte
	n, err := base64.RawStdEncoding.Decode(out[:], standard(in[:0], chars))
	if err != nil {
		return false
	}
	for _, c := range out[:n] {
		if c != 0 && !is(c, text) {
			return false
		}
	}
	return true
}

// standard appends chars to dst in the standard alphabet.
func standard(dst, chars []byte) []byte {
	for _, c := range chars {
		switch c {
		case '-':
			c = '+'
		case '_':
			c = '/'
		}
		dst = append(dst, c)
	}
	return dst
}

// decode decodes chars into a slice of its own if the result is worth keeping: if it has a long readable stretch, or is
// UTF-16, or short and readable as a whole.
func (d *decoder) decode(chars []byte, whole bool) []byte {
	if len(chars)%4 == 1 {
		chars = chars[:len(chars)-1]
	}
	if n := base64.RawStdEncoding.DecodedLen(len(chars)); cap(d.scratch) < n {
		d.scratch = make([]byte, n)
	}
	out := d.scratch[:cap(d.scratch)]
	n, err := base64.RawStdEncoding.Decode(out, chars)
	if err != nil {
		if n, err = base64.RawURLEncoding.Decode(out, chars); err != nil {
			// Both alphabets stand in the run.
			n, err = base64.RawStdEncoding.Decode(out, standard(nil, chars))
		}
	}
	if err != nil || n == 0 {
		return nil
	}
	out = out[:n]
	if !hasStretch(out, text, stretch) && !(whole && all(out, text)) && !isUTF16(out) {
		return nil
	}
	return append(make([]byte, 0, n), out...)
}

// groupMapping maps groups of inUnit characters back to the pieces that they stand in. n is the number of decoded bytes,
// outUnit to a group; phase is how many characters precede the first group.
func groupMapping(src []byte, ps []piece, phase, n, outUnit, inUnit int) mapping {
	m := make(mapping, 0, len(ps)+1)
	i, at := 0, ps[0].lo+phase
	for out := 0; out < n; {
		for at >= ps[i].hi {
			i++
			at = ps[i].lo
		}
		if whole := min((ps[i].hi-at)/inUnit, (n-out)/outUnit); whole > 0 {
			m = m.add(out, at, outUnit*whole, outUnit, inUnit)
			out, at = out+outUnit*whole, at+inUnit*whole
			continue
		}
		// A group that is split over lines, or the short last one.
		start, size, need := at, min(outUnit, n-out), inUnit
		if size < outUnit {
			need = size + 1
		}
		for need > 0 {
			for at >= ps[i].hi {
				i++
				at = ps[i].lo
			}
			take := min(need, ps[i].hi-at)
			at, need = at+take, need-take
		}
		end := at
		if size < outUnit {
			end += padding(src, at)
		}
		m = m.add(out, start, size, size, end-start)
		out += size
	}
	return m
}

// hex decodes a run of hexadecimal digits if all of it is text, or compressed text.
func (d *decoder) hex(src, chars []byte, ps []piece, parent *View) (found, ok bool) {
	if len(chars) < minHex || len(chars)%2 != 0 {
		return false, true
	}
	data := make([]byte, len(chars)/2)
	if _, err := hex.Decode(data, chars); err != nil {
		return false, true
	}
	if !all(data, text) {
		if data[0] != 0x1f || data[1] != 0x8b {
			return false, true
		}
		return d.packedHex(src, data, ps, parent)
	}
	return true, d.emit(parent, data, groupMapping(src, ps, 0, len(data), 1, 2), "hex")
}
