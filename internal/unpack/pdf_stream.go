package unpack

import (
	"bytes"
	"encoding/ascii85"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
)

var (
	errPDF       = errors.New("no PDF")
	errPDFFilter = errors.New("a filter of PDF that is not read")
)

// inflate decodes the stream of object i into memory that is held; the caller releases its capacity.
func (p *pdfReader) inflate(i int, d pdfDict) (data []byte, err error) {
	r, err := p.decoder(i, d)
	if err != nil {
		return nil, err
	}
	const first = 16 << 10
	for size := first; ; size *= 2 {
		if err := p.w.hold(int64(size)); err != nil {
			return data, err
		}
		p.w.release(int64(cap(data)))
		data = append(make([]byte, 0, size), data...)
		n, err := io.ReadFull(r, data[len(data):size])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF && n < size:
			return data, nil
		case err != nil:
			return data, err
		case int64(len(data)) >= p.w.opt.MaxMember:
			return data, errLong
		}
	}
}

// decoder returns what undoes the filters of the stream of object i. The error is errPDFFilter if one is not known, and
// errImage if it is an image.
func (p *pdfReader) decoder(i int, d pdfDict) (io.Reader, error) {
	r := p.w.input(p.objects[i].stream)
	list, ok := p.resolve(first(d, "Filter", "F")).([]any)
	if !ok && first(d, "Filter", "F") != nil {
		list = []any{first(d, "Filter", "F")}
	}
	if len(list) > 4 {
		return nil, errPDFFilter
	}
	for _, f := range list {
		name, _ := p.resolve(f).(pdfName)
		switch name {
		case "FlateDecode", "Fl":
			// The two bytes before the data say nothing, and the checksum behind it is wrong or missing in many files.
			var head [2]byte
			if _, err := io.ReadFull(r, head[:]); err != nil {
				return p.w.input(nil), nil
			}
			r = flate.NewReader(r)
		case "ASCIIHexDecode", "AHx":
			r = &hexReader{r: r}
		case "ASCII85Decode", "A85":
			r = ascii85.NewDecoder(&untilTilde{r: r})
		case "DCTDecode", "DCT", "JPXDecode", "CCITTFaxDecode", "CCF", "JBIG2Decode":
			return nil, errImage
		default:
			return nil, errPDFFilter
		}
	}
	return &meter{p.w, r, p.path, "pdf"}, nil
}

var errImage = errors.New("an image")

func first(d pdfDict, keys ...string) any {
	for _, k := range keys {
		if v := d[k]; v != nil {
			return v
		}
	}
	return nil
}

// hexReader undoes ASCIIHexDecode.
type hexReader struct{ r io.Reader }

func (h *hexReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	in := make([]byte, 2*min(len(p), 4<<10))
	n, err := io.ReadFull(h.r, in)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	l := pdfLexer{data: append([]byte{'<'}, in[:n]...)}
	return copy(p, l.hex()), err
}

// untilTilde ends a stream of ASCII85 at its mark and leaves the mark at its start out.
type untilTilde struct {
	r    io.Reader
	done bool
}

func (u *untilTilde) Read(p []byte) (int, error) {
	if u.done {
		return 0, io.EOF
	}
	n, err := u.r.Read(p)
	p = p[:n]
	if bytes.HasPrefix(p, []byte("<~")) {
		n = copy(p, p[2:])
		p = p[:n]
	}
	if i := bytes.IndexByte(p, '~'); i >= 0 {
		n, u.done = i, true
	}
	return n, err
}
