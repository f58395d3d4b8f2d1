package decode

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// sampled is how many bytes are looked at to tell UTF-16 from anything else.
	sampled = 4096
	// leastUTF16 is the least length without a byte order mark.
	leastUTF16 = 8
	// ascii is how many bytes of plain text in a row are taken as such: files that programs append to in two encodings
	// exist, and the half in ASCII must not turn into Chinese.
	ascii = 24
)

// UTF16 returns the whole of data as UTF-8 when data is UTF-16, by its byte order mark or by a clear pattern of NUL bytes.
// The view is to be used in place of data. Plain text that follows in the same file is kept as it is, and what is neither
// becomes the replacement character.
func UTF16(data []byte) (*View, bool) {
	order, start := byteOrder(data)
	if order == nil {
		return nil, false
	}
	return transcode(data, start, order), true
}

// UTF16Rest returns what decodes the parts behind data of content that begins with data and is read part by part; it is
// nil if [UTF16] would not decode data. A part begins where a character begins.
func UTF16Rest(data []byte) func(part []byte) *View {
	order, _ := byteOrder(data)
	if order == nil {
		return nil
	}
	return func(part []byte) *View { return transcode(part, 0, order) }
}

// isUTF16 reports whether UTF16 would decode data.
func isUTF16(data []byte) bool {
	order, _ := byteOrder(data)
	return order != nil
}

// byteOrder tells the byte order of UTF-16 text and where it starts, or nil for anything else.
func byteOrder(data []byte) (order binary.ByteOrder, start int) {
	switch {
	case len(data) < 2:
		return nil, 0
	case data[0] == 0xff && data[1] == 0xfe:
		order, start = binary.LittleEndian, 2
	case data[0] == 0xfe && data[1] == 0xff:
		order, start = binary.BigEndian, 2
	}
	sample := data[start:min(len(data), start+sampled)]
	sample = sample[:len(sample)&^1]
	if order != nil {
		if plausible(sample, order) {
			return order, start
		}
		return nil, 0
	}
	if len(sample) < leastUTF16 || bytes.IndexByte(sample, 0) < 0 {
		return nil, 0
	}
	var low, high, plain int
	for i := 0; i < len(sample); i += 2 {
		a, b := sample[i], sample[i+1]
		switch {
		case b == 0 && is(a, text):
			low++
		case a == 0 && is(b, text):
			high++
		case is(a, text) && is(b, text):
			plain++
		}
	}
	units := len(sample) / 2
	switch {
	case low+high+plain < units*9/10 || max(low, high) < units/4:
		return nil, 0
	case low >= high:
		return binary.LittleEndian, 0
	default:
		return binary.BigEndian, 0
	}
}

// plausible reports whether a text with a byte order mark is UTF-16 indeed: free of control characters and half
// characters, and no plain ASCII behind a mark, which would hide it from view.
func plausible(sample []byte, order binary.ByteOrder) bool {
	bad := 0
	for i := 0; i < len(sample); i += 2 {
		u := order.Uint16(sample[i:])
		switch {
		case u == 0, u < 0x20 && !is(byte(u), text), u >= 0xfffe:
			bad++
		case u >= 0xdc00 && u < 0xe000 && i == 0:
			bad++
		}
	}
	return bad*20 <= len(sample)/2 && (len(sample) == 0 || !all(sample, text))
}

// transcode turns UTF-16 into UTF-8.
func transcode(data []byte, start int, order binary.ByteOrder) *View {
	out := make([]byte, 0, len(data)/2+len(data)/8+16)
	var m mapping
	i := start
	for i+1 < len(data) {
		u := rune(order.Uint16(data[i:]))
		if u >= 0x2020 && i+ascii <= len(data) && all(data[i:i+ascii], text) {
			n := plainRun(data, i, order)
			m = m.add(len(out), i, n, 1, 1)
			out = append(out, data[i:i+n]...)
			i += n
			continue
		}
		n := 2
		if utf16.IsSurrogate(u) {
			var low rune
			if i+3 < len(data) {
				low = rune(order.Uint16(data[i+2:]))
			}
			if u = utf16.DecodeRune(u, low); u != utf8.RuneError {
				n = 4
			}
		}
		size := utf8.RuneLen(u)
		m = m.add(len(out), i, size, size, n)
		out = utf8.AppendRune(out, u)
		i += n
	}
	if i < len(data) {
		m = m.add(len(out), i, 3, 3, 1)
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	return &View{Data: out, Steps: []string{"utf-16"}, maps: []mapping{m}, lengths: []int{len(out)}}
}

// plainRun returns how many bytes from i on are plain text. The last one belongs to UTF-16 again if its other half is NUL.
func plainRun(data []byte, i int, order binary.ByteOrder) int {
	n := 0
	for i+n < len(data) && is(data[i+n], text) {
		n++
	}
	if order == binary.LittleEndian && i+n < len(data) && data[i+n] == 0 {
		n--
	}
	return n
}
