package unpack

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// A PDF is read without its table of contents: every object is found by its own mark, so that a damaged file and what an
// earlier revision left in it are read, too, and a table that lies has nobody to lie to.

// maxPDFObjects bounds the objects of one file.
const maxPDFObjects = 1 << 18

// pdfObject is one object: the text of its value, and its stream, still encoded.
type pdfObject struct {
	number int
	body   []byte
	stream []byte
}

// pdfReader reads one PDF.
type pdfReader struct {
	w     *walker
	path  string
	depth int
	data  []byte
	// objects are all, older revisions among them; latest are the places in it of those that references mean.
	objects []pdfObject
	latest  map[int]int
	fonts   map[int]*pdfFont
	// used are the places of objects whose streams were read as part of a page, or hold no text.
	used map[int]bool
	// held is the memory of the object streams, whose objects are used up to the end.
	held int64
	// blind says that text was shown in a font that does not say which letters its codes mean.
	blind bool
	// glyphs is how much of fonts' tables may still be read.
	glyphs int
	// said are the reasons that were reported, each once.
	said map[string]bool
}

// pdf looks into a PDF. Its text is given page by page, then what stands in its compressed parts, then its strings
// (notes, forms, titles) that are written in another way than they read.
func (w *walker) pdf(path string, depth int, data []byte) error {
	if isEncryptedPDF(data) {
		w.report(path, "encrypted (PDF): save it without its password and scan the file")
		return nil
	}
	p := &pdfReader{
		w: w, path: path, depth: depth, data: data, latest: map[int]int{}, fonts: map[int]*pdfFont{}, used: map[int]bool{},
		glyphs: maxGlyphs, said: map[string]bool{},
	}
	defer func() { w.release(p.held) }()
	p.index()
	if len(p.objects) == 0 {
		w.report(path, "%s", damaged("pdf"))
		return w.fatal
	}
	p.objectStreams()
	for _, step := range []func() error{p.pages, p.forms, p.rest, p.strings} {
		if err := step(); err != nil {
			return err
		}
	}
	if p.blind {
		w.report(path, "some text is in fonts that do not say which letters they show (PDF); convert it to text and scan that")
	}
	return w.fatal
}

// isEncryptedPDF looks for the reference to the dictionary of a password, which is itself never encrypted.
func isEncryptedPDF(data []byte) bool {
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("/Encrypt"))
		if i < 0 {
			return false
		}
		at += i + len("/Encrypt")
		l := pdfLexer{data: data[at:min(len(data), at+64)]}
		if len(l.data) == 0 || !isPDFDelimiter(l.data[0]) {
			continue
		}
		switch v, _ := l.next(0, true); v.(type) {
		case pdfRef, pdfDict:
			return true
		}
	}
}

// markCursor finds the next place of a mark, from places that only go up: so the file is searched once, whatever is
// missing in it.
type markCursor struct {
	data []byte
	mark string
	at   int
}

// after returns the first place of the mark at or behind from, or the length of the data.
func (c *markCursor) after(from int) int {
	if c.at >= from && c.at > 0 {
		return c.at
	}
	if i := bytes.Index(c.data[from:], []byte(c.mark)); i >= 0 {
		c.at = from + i
	} else {
		c.at = len(c.data)
	}
	return c.at
}

// index finds all objects that stand in the file itself. An object ends where the next one starts, at the latest.
func (p *pdfReader) index() {
	starts := markCursor{data: p.data, mark: "obj"}
	ends := markCursor{data: p.data, mark: "endobj"}
	streams := markCursor{data: p.data, mark: "stream"}
	streamEnds := markCursor{data: p.data, mark: "endstream"}
	// next returns the number of the first object behind a place, and where its value starts.
	next := func(from int) (number, at int) {
		for {
			at = starts.after(from)
			if at >= len(p.data) {
				return 0, len(p.data)
			}
			from = at + len("obj")
			if n, ok := objectNumber(p.data[:at]); ok {
				return n, from
			}
		}
	}
	for number, at := next(0); at < len(p.data); {
		following, end := next(at)
		limit := min(end, ends.after(at))
		o := pdfObject{number: number, body: p.data[at:limit]}
		if mark := streams.after(at); mark < limit {
			o.body = p.data[at:mark]
			o.stream = p.extent(o.body, mark+len("stream"), &streamEnds)
			// What looks like an object in a stream is none.
			after := cap(p.data) - cap(o.stream) + len(o.stream)
			if after > end-1 {
				following, end = next(after)
			}
		}
		if !p.add(o) {
			return
		}
		number, at = following, end
	}
}

// extent returns the stream whose data starts, but for a line break, at a place.
func (p *pdfReader) extent(body []byte, start int, ends *markCursor) []byte {
	if start < len(p.data) && p.data[start] == '\r' {
		start++
	}
	if start < len(p.data) && p.data[start] == '\n' {
		start++
	}
	dict, _ := parsePDF(body).(pdfDict)
	if n, ok := dict["Length"].(float64); ok && n >= 0 && n <= float64(len(p.data)-start) {
		end := start + int(n)
		if bytes.HasPrefix(bytes.TrimLeft(p.data[end:min(len(p.data), end+32)], "\r\n "), []byte("endstream")) {
			return p.data[start:end]
		}
	}
	return p.data[start:max(start, ends.after(start))]
}

func (p *pdfReader) add(o pdfObject) bool {
	if len(p.objects) >= maxPDFObjects {
		p.w.report(p.path, "more than %d objects (pdf): the rest was not read; convert it to text and scan that", maxPDFObjects)
		return false
	}
	p.latest[o.number] = len(p.objects)
	p.objects = append(p.objects, o)
	return true
}

// objectNumber reads "12 0 " backwards from the end of before.
func objectNumber(before []byte) (int, bool) {
	before = before[max(0, len(before)-32):]
	field := func() string {
		before = bytes.TrimRight(before, " \r\n\t")
		i := len(before)
		for i > 0 && before[i-1] >= '0' && before[i-1] <= '9' {
			i--
		}
		digits := string(before[i:])
		before = before[:i]
		return digits
	}
	if field() == "" || len(before) == 0 || !isPDFSpace(before[len(before)-1]) {
		return 0, false
	}
	n, err := strconv.Atoi(field())
	return n, err == nil && n <= math.MaxInt32
}

func parsePDF(body []byte) any {
	l := pdfLexer{data: body}
	v, _ := l.next(0, true)
	return v
}

// dict returns the dictionary of an object.
func (p *pdfReader) dict(i int) pdfDict {
	d, _ := parsePDF(p.objects[i].body).(pdfDict)
	return d
}

// resolve follows references to a value.
func (p *pdfReader) resolve(v any) any {
	for range 8 {
		ref, ok := v.(pdfRef)
		if !ok {
			return v
		}
		i, ok := p.latest[int(ref)]
		if !ok {
			return nil
		}
		v = parsePDF(p.objects[i].body)
	}
	return nil
}

func (p *pdfReader) resolveDict(v any) pdfDict {
	d, _ := p.resolve(v).(pdfDict)
	return d
}

// objectStreams adds the objects that are in compressed streams.
func (p *pdfReader) objectStreams() {
	for i := range len(p.objects) {
		if p.objects[i].stream == nil || !bytes.Contains(p.objects[i].body, []byte("ObjStm")) {
			continue
		}
		d := p.dict(i)
		if d["Type"] != pdfName("ObjStm") {
			continue
		}
		data, err := p.inflate(i, d)
		p.held += int64(cap(data))
		if err != nil {
			p.unread(err)
		}
		count, _ := p.resolve(d["N"]).(float64)
		first, _ := p.resolve(d["First"]).(float64)
		if first < 0 || int(first) > len(data) {
			p.unread(errPDF)
			continue
		}
		if !p.compressed(data, int(first), int(min(max(count, 0), maxPDFObjects))) {
			return
		}
	}
}

// compressed adds the objects of one object stream: pairs of number and place come first.
func (p *pdfReader) compressed(data []byte, first, count int) bool {
	l := pdfLexer{data: data[:first]}
	type place struct{ number, at int }
	var places []place
	for range count {
		l.nodes = 0
		number, _ := l.next(0, false)
		offset, _ := l.next(0, false)
		n, ok := number.(float64)
		at, ok2 := offset.(float64)
		if !ok || !ok2 || at < 0 || at > float64(len(data)-first) || n < 0 || n > math.MaxInt32 {
			break
		}
		places = append(places, place{int(n), first + int(at)})
	}
	slices.SortStableFunc(places, func(a, b place) int { return a.at - b.at })
	for i, at := range places {
		end := len(data)
		if i+1 < len(places) {
			end = places[i+1].at
		}
		if at.at < end && !p.add(pdfObject{number: at.number, body: data[at.at:end]}) {
			return false
		}
	}
	return true
}

// unread reports a stream that could not be read, each reason once.
func (p *pdfReader) unread(err error) {
	reason := damaged("pdf")
	switch {
	case errors.Is(err, errPDFFilter):
		reason = "compressed by a method that is not read (PDF); convert it to text and scan that"
	case errors.Is(err, errHeld), errors.Is(err, errLong):
		reason = "needs too much memory at once to unpack (PDF); convert it to text and scan that"
	}
	if !p.said[reason] {
		p.said[reason] = true
		p.w.report(p.path, "%s", reason)
	}
}

// rest looks at all other streams: attachments, object streams, forms' data, metadata.
func (p *pdfReader) rest() error {
	for i := range p.objects {
		if err := p.w.ctx.Err(); err != nil {
			p.w.fatal = err
			return err
		}
		o := &p.objects[i]
		if o.stream == nil || p.used[i] {
			continue
		}
		d := p.dict(i)
		if first(d, "Filter", "F") == nil && d["Type"] != pdfName("EmbeddedFile") || isPDFMedia(d) {
			continue // searched with the file, or no text
		}
		path := join(p.path, fmt.Sprintf("(object %d)", o.number))
		r, err := p.decoder(i, d)
		if errors.Is(err, errImage) {
			continue
		}
		if err != nil {
			p.unread(err)
			continue
		}
		if err := p.w.look(path, p.depth+1, r); err != nil && !errors.Is(err, errBroken) {
			return err
		}
		if p.w.fatal != nil {
			return p.w.fatal
		}
	}
	return nil
}

// isPDFMedia reports whether a stream is pixels, a font, a colour profile or a table of references.
func isPDFMedia(d pdfDict) bool {
	switch d["Subtype"] {
	case pdfName("Image"), pdfName("Type1C"), pdfName("CIDFontType0C"), pdfName("OpenType"):
		return true
	}
	return d["Type"] == pdfName("XRef") || d["Length1"] != nil || d["FunctionType"] != nil || d["ShadingType"] != nil ||
		d["N"] != nil && d["Alternate"] != nil
}

// strings gives the strings of all objects that do not read in the file as they are: with escapes, in UTF-16, in
// hexadecimal digits.
func (p *pdfReader) strings() error {
	var out []byte
	for i := range p.objects {
		if err := p.w.ctx.Err(); err != nil {
			p.w.fatal = err
			return err
		}
		l := pdfLexer{data: p.objects[i].body}
		for l.pos < len(l.data) && len(out) < maxNames {
			switch c := l.data[l.pos]; {
			case c == '(':
				start := l.pos
				s := l.literal()
				if bytes.IndexByte(l.data[start:l.pos], '\\') >= 0 || isWidePDF(s) {
					out = append(append(out, textPDF(s)...), '\n')
				}
			case c == '<' && (l.pos+1 >= len(l.data) || l.data[l.pos+1] != '<'):
				out = append(append(out, textPDF(l.hex())...), '\n')
			case c == '<':
				l.pos += 2
			default:
				l.pos++
			}
		}
	}
	if len(out) >= maxNames {
		p.w.report(p.path, "more than 4 MiB of strings (pdf): the rest of them was not searched; convert it to text and scan that")
	}
	return p.w.give(join(p.path, "(strings)"), out)
}

func isWidePDF(s []byte) bool { return len(s) >= 2 && s[0] == 0xfe && s[1] == 0xff }

// textPDF returns a text string in UTF-8, as far as it is ASCII or UTF-16.
func textPDF(s []byte) []byte {
	if isWidePDF(s) {
		return fromWide(s[2:])
	}
	return s
}
