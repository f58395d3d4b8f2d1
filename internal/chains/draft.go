package chains

import "bytes"

// piece is a part of a draft: a range of the base, or, where text is not nil, something that was inserted.
type piece struct {
	from, n int
	text    []byte
}

func (p piece) size() int {
	if p.text != nil {
		return len(p.text)
	}
	return p.n
}

// cut returns the part of a piece from lo to hi.
func (p piece) cut(lo, hi int) piece {
	if p.text != nil {
		return piece{text: p.text[lo:hi:hi]}
	}
	return piece{from: p.from + lo, n: hi - lo}
}

// Draft is a version in the making. Positions are those in the draft as it is; what is out of range is brought into it.
type Draft struct {
	base   []byte
	pieces []piece
}

// NewDraft returns a draft that is a copy of base.
func NewDraft(base []byte) *Draft {
	d := &Draft{base: base}
	if len(base) > 0 {
		d.pieces = []piece{{n: len(base)}}
	}
	return d
}

// Len returns the draft's size in bytes.
func (d *Draft) Len() int {
	n := 0
	for _, p := range d.pieces {
		n += p.size()
	}
	return n
}

// Bytes returns the draft's content.
func (d *Draft) Bytes() []byte {
	out := make([]byte, 0, d.Len())
	for _, p := range d.pieces {
		if p.text != nil {
			out = append(out, p.text...)
		} else {
			out = append(out, d.base[p.from:p.from+p.n]...)
		}
	}
	return out
}

// Done returns the content and what of it was copied; copies that continue each other are one, as in packs.
func (d *Draft) Done() ([]byte, []Copy) {
	var copies []Copy
	to := 0
	for _, p := range d.pieces {
		if p.text == nil && p.n > 0 {
			if n := len(copies); n > 0 && copies[n-1].From+copies[n-1].Len == p.from && copies[n-1].To+copies[n-1].Len == to {
				copies[n-1].Len += p.n
			} else {
				copies = append(copies, Copy{p.from, to, p.n})
			}
		}
		to += p.size()
	}
	return d.Bytes(), copies
}

// split makes a piece begin at a position and returns its index.
func (d *Draft) split(at int) int {
	at = max(0, at)
	for i, p := range d.pieces {
		switch n := p.size(); {
		case at == 0:
			return i
		case at < n:
			rest := append([]piece{p.cut(0, at), p.cut(at, n)}, d.pieces[i+1:]...)
			d.pieces = append(d.pieces[:i:i], rest...)
			return i + 1
		default:
			at -= n
		}
	}
	return len(d.pieces)
}

// take returns the pieces of a range as they are.
func (d *Draft) take(lo, hi int) (pieces []piece, first, last int) {
	d.split(lo)
	last = d.split(max(lo, hi))
	first = d.split(lo)
	return append([]piece(nil), d.pieces[first:last]...), first, last
}

// put makes pieces begin at a position.
func (d *Draft) put(at int, pieces ...piece) {
	i := d.split(at)
	d.pieces = append(d.pieces[:i:i], append(append([]piece(nil), pieces...), d.pieces[i:]...)...)
}

// Insert puts text at a position.
func (d *Draft) Insert(at int, text []byte) {
	if len(text) > 0 {
		d.put(at, piece{text: bytes.Clone(text)})
	}
}

// Delete takes a range out.
func (d *Draft) Delete(lo, hi int) {
	_, first, last := d.take(lo, hi)
	d.pieces = append(d.pieces[:first:first], d.pieces[last:]...)
}

// Duplicate puts a range at a position, too: what was copied is copied twice.
func (d *Draft) Duplicate(lo, hi, at int) {
	pieces, _, _ := d.take(lo, hi)
	d.put(at, pieces...)
}

// Move takes a range out and puts it at a position of what is left.
func (d *Draft) Move(lo, hi, at int) {
	pieces, first, last := d.take(lo, hi)
	d.pieces = append(d.pieces[:first:first], d.pieces[last:]...)
	d.put(at, pieces...)
}

// Retype makes a range inserted text, equal to what it was.
func (d *Draft) Retype(lo, hi int) {
	lo, hi = max(0, lo), min(hi, d.Len())
	if lo >= hi {
		return
	}
	text := d.Bytes()[lo:hi]
	d.Delete(lo, hi)
	d.Insert(lo, text)
}

// Assemble puts text at a position, made of copies from anywhere in the base of at most longest bytes each wherever the
// base has them. skip says how many places in the base are passed over for each copy.
func (d *Draft) Assemble(at int, text []byte, longest func() int, skip func() int) {
	var pieces []piece
	for len(text) > 0 {
		n := max(1, min(longest(), len(text)))
		from := -1
		for ; n > 0 && from < 0; n-- {
			from = find(d.base, text[:n], skip())
			if from >= 0 {
				break
			}
		}
		if from < 0 {
			pieces = append(pieces, piece{text: bytes.Clone(text[:1])})
			text = text[1:]
			continue
		}
		pieces = append(pieces, piece{from: from, n: n})
		text = text[n:]
	}
	d.put(at, pieces...)
}

// find returns where text stands in data: the place after skip others, or the last one.
func find(data, text []byte, skip int) int {
	last := -1
	for at := 0; ; skip-- {
		i := bytes.Index(data[at:], text)
		if i < 0 {
			return last
		}
		last = at + i
		if skip <= 0 {
			return last
		}
		at = last + 1
	}
}
