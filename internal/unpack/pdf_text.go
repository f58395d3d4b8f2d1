package unpack

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxPDFPages = 1 << 16
	// wordGap is how far apart, in thousandths of the size of the font, letters of two words are at least.
	wordGap = 180
)

// pages gives the text of each page, in the order of the document; pages that nothing leads to come last.
func (p *pdfReader) pages() error {
	order, listed := p.pageOrder()
	for i := range p.objects {
		if !listed[i] && len(order) < maxPDFPages && bytes.Contains(p.objects[i].body, []byte("/Page")) &&
			p.objects[i].stream == nil && p.dict(i)["Type"] == pdfName("Page") {
			order = append(order, i)
		}
	}
	for n, i := range order {
		name := fmt.Sprintf("(page %d)", n+1)
		if !listed[i] {
			name = fmt.Sprintf("(page in object %d)", p.objects[i].number)
		}
		if err := p.page(name, p.dict(i)); err != nil {
			return err
		}
	}
	return nil
}

// pageOrder follows the tree of pages.
func (p *pdfReader) pageOrder() (order []int, listed map[int]bool) {
	listed = map[int]bool{}
	seen := map[pdfRef]bool{}
	var walk func(v any, depth int)
	walk = func(v any, depth int) {
		ref, ok := v.(pdfRef)
		if !ok || seen[ref] || depth > maxPDFNest || len(seen) > 4*maxPDFPages {
			return
		}
		seen[ref] = true
		d := p.resolveDict(ref)
		if kids, ok := p.resolve(d["Kids"]).([]any); ok {
			for _, kid := range kids {
				walk(kid, depth+1)
			}
			return
		}
		if i, ok := p.latest[int(ref)]; ok && d["Contents"] != nil && !listed[i] && len(order) < maxPDFPages {
			listed[i] = true
			order = append(order, i)
		}
	}
	for i := range p.objects {
		if bytes.Contains(p.objects[i].body, []byte("/Catalog")) && p.objects[i].stream == nil {
			walk(p.dict(i)["Pages"], 0)
		}
	}
	return order, listed
}

// page gives the text of one page.
func (p *pdfReader) page(name string, d pdfDict) error {
	contents, ok := p.resolve(d["Contents"]).([]any)
	if !ok {
		contents = []any{d["Contents"]}
	}
	t := newPDFText(p, p.resources(d))
	for _, c := range contents {
		ref, ok := c.(pdfRef)
		if !ok {
			continue
		}
		i, ok := p.latest[int(ref)]
		if !ok || p.objects[i].stream == nil {
			continue
		}
		if err := p.show(t, i); err != nil {
			return err
		}
	}
	return p.w.give(join(p.path, name), t.text())
}

// show adds the text of the content stream of object i.
func (p *pdfReader) show(t *pdfText, i int) error {
	p.used[i] = true
	data, err := p.inflate(i, p.dict(i))
	defer p.w.release(int64(cap(data)))
	if p.w.fatal != nil {
		return p.w.fatal
	}
	if err != nil && !errors.Is(err, errImage) {
		p.unread(err)
	}
	t.run(data)
	return p.w.fatal
}

// resources returns the fonts of a page or form; those of a page may stand in what it is a part of.
func (p *pdfReader) resources(d pdfDict) pdfDict {
	for range maxPDFNest {
		if r := p.resolveDict(d["Resources"]); r != nil {
			return p.resolveDict(r["Font"])
		}
		if d = p.resolveDict(d["Parent"]); d == nil {
			break
		}
	}
	return nil
}

// forms gives the text of what pages are put together from, and of notes and fields as they look.
func (p *pdfReader) forms() error {
	for i := range p.objects {
		o := &p.objects[i]
		if o.stream == nil || p.used[i] || !bytes.Contains(o.body, []byte("/Form")) {
			continue
		}
		d := p.dict(i)
		if d["Subtype"] != pdfName("Form") {
			continue
		}
		t := newPDFText(p, p.resources(d))
		if err := p.show(t, i); err != nil {
			return err
		}
		if err := p.w.give(join(p.path, fmt.Sprintf("(object %d)", o.number)), t.text()); err != nil {
			return err
		}
	}
	return nil
}

// pdfText puts text together as content streams show it.
type pdfText struct {
	p         *pdfReader
	resources pdfDict
	fonts     map[string]*pdfFont
	font      *pdfFont
	saved     []*pdfFont
	y         float64

	// line is the current line with a space wherever the text jumps along it, tight the same without: a program that
	// places each letter by itself writes no words. lines and tights are what they were for the lines before.
	line, tight, lines, tights []byte
}

func newPDFText(p *pdfReader, fonts pdfDict) *pdfText {
	return &pdfText{p: p, resources: fonts, fonts: map[string]*pdfFont{}}
}

// text returns all lines, then those that read otherwise without the gaps in them.
func (t *pdfText) text() []byte {
	t.newline()
	return append(t.lines, t.tights...)
}

func (t *pdfText) newline() {
	if len(t.line) == 0 {
		return
	}
	t.lines = append(append(t.lines, t.line...), '\n')
	if len(t.tight) != len(t.line) {
		t.tights = append(append(t.tights, t.tight...), '\n')
	}
	t.line, t.tight = t.line[:0], t.tight[:0]
}

func (t *pdfText) gap() {
	if n := len(t.line); n > 0 && t.line[n-1] != ' ' {
		t.line = append(t.line, ' ')
	}
}

func (t *pdfText) put(code pdfString) {
	if int64(len(t.lines)+len(t.line)) > t.p.w.opt.MaxMember/4 {
		t.p.unread(errLong)
		return
	}
	start := len(t.line)
	t.line = t.font.appendText(t.p, t.line, code)
	t.tight = append(t.tight, t.line[start:]...)
}

// run interprets a content stream.
func (t *pdfText) run(data []byte) {
	var args []any
	l := pdfLexer{data: data}
	for {
		l.nodes = 0
		v, ok := l.next(0, false)
		if l.over {
			t.p.unread(errPDF)
		}
		if !ok {
			return
		}
		op, isOp := v.(pdfWord)
		if !isOp {
			if len(args) < 16 {
				args = append(args, v)
			}
			continue
		}
		if op == "BI" {
			skipInlineImage(&l)
		} else {
			t.operator(string(op), args)
		}
		args = args[:0]
		if t.p.w.fatal != nil || t.p.w.ctx.Err() != nil {
			return
		}
	}
}

// skipInlineImage moves behind the pixels of an image in a content stream.
func skipInlineImage(l *pdfLexer) {
	for l.pos < len(l.data) {
		i := bytes.Index(l.data[l.pos:], []byte("EI"))
		if i < 0 {
			l.pos = len(l.data)
			return
		}
		at := l.pos + i
		l.pos = at + 2
		if at > 0 && isPDFSpace(l.data[at-1]) && (l.pos == len(l.data) || isPDFSpace(l.data[l.pos])) {
			return
		}
	}
}

func (t *pdfText) operator(op string, args []any) {
	number := func(i int) float64 {
		if i < len(args) {
			n, _ := args[i].(float64)
			return n
		}
		return 0
	}
	switch op {
	case "q":
		if len(t.saved) < maxPDFNest {
			t.saved = append(t.saved, t.font)
		}
	case "Q":
		if n := len(t.saved); n > 0 {
			t.font, t.saved = t.saved[n-1], t.saved[:n-1]
		}
	case "Tf":
		if len(args) > 0 {
			name, _ := args[0].(pdfName)
			t.font = t.named(string(name))
		}
	case "Td", "TD":
		t.move(number(1) != 0)
	case "Tm":
		t.move(number(5) != t.y)
		t.y = number(5)
	case "T*", "ET":
		t.move(op == "T*")
	case "Tj", "'", "\"":
		if op != "Tj" {
			t.newline()
		}
		if n := len(args); n > 0 {
			s, _ := args[n-1].(pdfString)
			t.put(s)
		}
	case "TJ":
		if len(args) > 0 {
			t.spaced(args[0])
		}
	}
}

// named returns the font of a name; each is looked up once.
func (t *pdfText) named(name string) *pdfFont {
	f, ok := t.fonts[name]
	if !ok {
		f = t.p.font(t.resources[name])
		t.fonts[name] = f
	}
	return f
}

func (t *pdfText) move(down bool) {
	if down {
		t.newline()
	} else {
		t.gap()
	}
}

// spaced shows the strings of a list, between which numbers move the place.
func (t *pdfText) spaced(v any) {
	list, _ := v.([]any)
	for _, item := range list {
		switch item := item.(type) {
		case pdfString:
			t.put(item)
		case float64:
			if item < -wordGap {
				t.gap()
			}
		}
	}
}

// pdfFont says which letters the codes of a font mean.
type pdfFont struct {
	// wide says that a code has two bytes.
	wide bool
	// known is what codes mean, from the font's own table; others are what they are in ASCII, unless wide.
	known map[int]string
	// blind are codes of which nobody knows what they mean.
	blind map[int]bool
}

// appendText appends what a string shows.
func (f *pdfFont) appendText(p *pdfReader, out []byte, s pdfString) []byte {
	if f == nil {
		return append(out, s...)
	}
	step := 1
	if f.wide {
		step = 2
	}
	for i := 0; i+step <= len(s); i += step {
		code := int(s[i])
		if f.wide {
			code = code<<8 | int(s[i+1])
		}
		text, ok := f.known[code]
		switch {
		case ok:
			out = append(out, text...)
		case f.wide || f.blind[code]:
			p.blind = true
			out = utf8.AppendRune(out, utf8.RuneError)
		case code < utf8.RuneSelf:
			out = append(out, byte(code))
		default:
			out = utf8.AppendRune(out, rune(code))
		}
	}
	return out
}

// font returns the font that a resource names; nil if there is none.
func (p *pdfReader) font(v any) *pdfFont {
	ref, isRef := v.(pdfRef)
	if isRef {
		if f, ok := p.fonts[int(ref)]; ok {
			return f
		}
	}
	d := p.resolveDict(v)
	if d == nil {
		return nil
	}
	f := &pdfFont{wide: d["Subtype"] == pdfName("Type0"), known: map[int]string{}}
	f.differences(p, d)
	if table, ok := d["ToUnicode"].(pdfRef); ok {
		if i, ok := p.latest[int(table)]; ok && p.objects[i].stream != nil {
			p.used[i] = true
			data, err := p.inflate(i, p.dict(i))
			if err != nil {
				p.unread(err)
			}
			f.table(p, data)
			p.w.release(int64(cap(data)))
		}
	}
	if isRef {
		p.fonts[int(ref)] = f
	}
	return f
}

// differences reads which glyphs the codes of a font name, as far as these are in ASCII.
func (f *pdfFont) differences(p *pdfReader, d pdfDict) {
	list, _ := p.resolve(p.resolveDict(d["Encoding"])["Differences"]).([]any)
	code := 0
	for _, item := range list {
		if p.glyphs <= 0 {
			p.blind = true
			return
		}
		switch item := item.(type) {
		case float64:
			code = int(item)
		case pdfName:
			p.glyphs--
			if text, ok := glyphText(string(item)); ok {
				f.known[code] = text
			} else if !strings.Contains("fi fl ff ffi ffl bullet", string(item)) && isCoded(string(item)) {
				if f.blind == nil {
					f.blind = map[int]bool{}
				}
				f.blind[code] = true
			}
			code++
		}
	}
}
