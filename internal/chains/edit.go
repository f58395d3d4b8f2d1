package chains

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
)

// point returns a position where a change makes a difference: mostly in or near a word or a sign that stands there.
func (k *maker) point(data []byte) int {
	if len(data) == 0 {
		return 0
	}
	switch k.c.IntN(6) {
	case 0:
		return [...]int{0, len(data), 1, len(data) - 1}[k.small(4)]
	case 1:
		return k.c.IntN(len(data) + 1)
	default:
		start := k.c.IntN(len(data))
		for range 8 { // most words do not stand there
			w := []byte(k.word())
			i := bytes.Index(data[start:], w)
			if i < 0 {
				i = bytes.Index(data, w)
			} else {
				i += start
			}
			if i >= 0 {
				near := [...]int{0, len(w), 1, len(w) - 1, len(w) + 1, -1, len(w) + k.c.IntN(70), -k.c.IntN(70)}
				return min(max(0, i+near[k.c.IntN(len(near))]), len(data))
			}
		}
		return start
	}
}

// extent returns how much a change takes.
func (k *maker) extent() int {
	switch k.c.IntN(4) {
	case 0:
		return 1 + k.small(4)
	case 1:
		return 1 + k.c.IntN(40)
	case 2:
		return 1 + k.c.IntN(400)
	default:
		return max(1, distances[k.c.IntN(len(distances))]+k.c.IntN(5)-2)
	}
}

// edit makes one change.
func (k *maker) edit(d *Draft) {
	data := d.Bytes()
	at := k.point(data)
	n := k.extent()
	grow := len(data) < k.size
	switch what := k.c.IntN(20); {
	case what == 0: // nothing: equal to its base
	case what <= 2:
		d.Insert(at, []byte(k.word()))
	case what <= 4:
		d.Delete(at, at+n)
	case what == 5:
		d.Delete(at-n, at)
	case what <= 7: // another value, of about the same length
		d.Delete(at, at+n)
		s := k.text()
		cut := k.c.IntN(len(s) + 1)
		d.Insert(at, []byte(s[cut:min(len(s), cut+n)]))
	case what == 8 && grow:
		d.Insert(at, k.filler())
	case what <= 10 && grow:
		d.Insert(at, k.atom())
	case what == 11 && grow:
		d.Duplicate(at, at+n, k.point(data))
	case what == 12:
		d.Move(at, at+n, k.point(data))
	case what == 13:
		d.Retype(at, at+n)
	case what <= 15 && grow: // something new that is made of nothing but old bytes
		most := 1 + k.small(40)
		d.Assemble(at, []byte(k.text()), func() int { return 1 + k.c.IntN(most) }, func() int { return k.small(4) })
	case what == 16: // many seams that change nothing, or little
		for i := range 1 + k.small(12) {
			p := at + i*(1+n/8)
			d.Retype(p, p+1)
		}
	case what == 17:
		k.recode(d, at, n)
	case what == 18:
		k.turn(d)
	default:
		d.Insert(at, []byte(k.word()))
		d.Delete(k.point(d.Bytes()), 0)
	}
}

// recode replaces a range by an encoding of it, or by what it encodes.
func (k *maker) recode(d *Draft, at, n int) {
	data := d.Bytes()
	end := min(len(data), at+n)
	if at >= end {
		return
	}
	text := data[at:end]
	plain, err := base64.RawStdEncoding.DecodeString(string(text[:len(text)&^3]))
	if err != nil || k.c.IntN(2) == 0 {
		plain = k.encodeOnce(text)
	}
	d.Delete(at, end)
	d.Insert(at, plain)
}

// turn makes the whole something else: nothing, binary, UTF-16, a copy in small pieces, twice itself.
func (k *maker) turn(d *Draft) {
	data := d.Bytes()
	switch k.c.IntN(9) {
	case 0:
		d.Insert(0, []byte(signs[20+k.c.IntN(4)]))
	case 1:
		d.Delete(0, k.c.IntN(4))
	case 2:
		d.Delete(0, len(data))
	case 3, 4:
		d.Delete(0, len(data))
		d.Insert(0, utf16Text(data, binary.LittleEndian, k.c.IntN(2) == 0))
	case 5:
		plain := make([]byte, 0, len(data))
		for _, c := range data {
			if c != 0 && c < 0xfe {
				plain = append(plain, c)
			}
		}
		d.Delete(0, len(data))
		d.Assemble(0, plain, func() int { return 64 }, func() int { return 0 })
	case 6: // lines in another order
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			d.Move(0, i+1, len(data))
		}
	case 7:
		if len(data) < k.size {
			d.Duplicate(0, len(data), len(data))
		}
	default: // every so many bytes one is lost
		step := 8 + k.c.IntN(200)
		for at := len(data) - len(data)%step; at > 0 && len(data)/step < 400; at -= step {
			d.Delete(at, at+1)
		}
	}
}
