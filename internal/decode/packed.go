package decode

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"io"
)

const (
	// gzipMark is the base64 of what gzip begins with: its two bytes and the only method there is.
	gzipMark = "H4sI"
	// maxPackedWork bounds what is unpacked of one input, kept or not, in units of [Options.MaxOutput]: what holds no text
	// costs no output, and a hostile file has as much of it as it likes.
	maxPackedWork = 4
	// chunkSize is how much is unpacked at a time.
	chunkSize = 16 << 10
)

// unpacker holds what unpacking needs, made when it is first needed and used again.
type unpacker struct {
	in   bytes.Reader
	gzip *gzip.Reader
	zlib io.ReadCloser
	// work is how much was unpacked, kept or not.
	work int
}

// packedAt returns where in a run of base64 compressed data begins, and the step that undoes it; step is empty where there
// is none. Words may stand before gzip without a break; the mark of zlib is too short to be looked for anywhere but at the
// beginning.
func packedAt(chars []byte, firstLine int) (at int, step string) {
	if at = bytes.Index(chars[:min(len(chars), firstLine+len(gzipMark)-1)], []byte(gzipMark)); at >= 0 {
		return at, "gzip"
	}
	// The four levels that the second byte tells: 0x01, 0x5e, 0x9c, 0xda. With them the header's own check is right.
	switch third := chars[2]; {
	case chars[0] != 'e':
	case chars[1] == 'J' && third >= 'w' && third <= 'z', chars[1] == 'N' && third >= 'o' && third <= 'r',
		chars[1] == 'F' && third >= '4' && third <= '7', chars[1] == 'A' && third >= 'E' && third <= 'H':
		return 0, "zlib"
	}
	return 0, ""
}

// packed unpacks a run of base64 that holds compressed text. found says that it gave a view.
func (d *decoder) packed(src, chars []byte, ps []piece, parent *View) (found, ok bool) {
	at, step := packedAt(chars, ps[0].hi-ps[0].lo)
	if step == "" {
		return false, true
	}
	run := standard(nil, chars[at:])
	if len(run)%4 == 1 {
		run = run[:len(run)-1]
	}
	raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(run)))
	n, err := base64.RawStdEncoding.Decode(raw, run)
	if err != nil {
		return false, true
	}
	data := d.unpack(raw[:n], step)
	if data == nil {
		return false, true
	}
	return true, d.emitPacked(parent, data, groupMapping(src, ps, at, n, 3, 4), n, "base64", step)
}

// packedHex is packed for hexadecimal digits, which were decoded already.
func (d *decoder) packedHex(src, raw []byte, ps []piece, parent *View) (found, ok bool) {
	data := d.unpack(raw, "gzip")
	if data == nil {
		return false, true
	}
	return true, d.emitPacked(parent, data, groupMapping(src, ps, 0, len(raw), 1, 2), len(raw), "hex", "gzip")
}

// emitPacked emits what was packed as one view with two steps. No byte of it stands anywhere in particular in the input:
// each comes from all of the packed data, so that what is reported, and what is not shown, is all of that.
func (d *decoder) emitPacked(parent *View, data []byte, m mapping, packed int, steps ...string) bool {
	return d.emitView(parent, data, []mapping{wholeMapping(packed), m}, []int{len(data), packed}, steps...)
}

// unpack returns what packed data holds, or the beginning of it, if that is worth keeping; nil else. Data that is cut off or
// damaged gives what comes before. It keeps half of what may still be put out for other views.
func (d *decoder) unpack(packed []byte, step string) []byte {
	limit := min((d.opt.MaxOutput-d.spent)/2, maxPackedWork*d.opt.MaxOutput-d.unpacker.work)
	if limit <= 0 {
		d.truncated = true
		return nil
	}
	r := d.unpacker.open(packed, step)
	if r == nil {
		return nil
	}
	var out []byte
	for len(out) <= limit {
		have := len(out)
		out = append(out, make([]byte, min(chunkSize, limit+1-have))...)
		n, err := io.ReadFull(r, out[have:])
		out = out[:have+n]
		if err != nil {
			break // the end, or damage: what comes before is as good as without
		}
	}
	d.unpacker.work += len(out)
	if len(out) > limit {
		out, d.truncated = out[:limit], true
	}
	if len(out) == 0 || !hasStretch(out, text, stretch) && !all(out, text) && !isUTF16(out) {
		return nil
	}
	return out
}

// open returns a reader of packed data, or nil if its header is none.
func (u *unpacker) open(packed []byte, step string) io.Reader {
	u.in.Reset(packed)
	var err error
	switch {
	case step == "gzip" && u.gzip == nil:
		u.gzip, err = gzip.NewReader(&u.in)
	case step == "gzip":
		err = u.gzip.Reset(&u.in)
	case u.zlib == nil:
		u.zlib, err = zlib.NewReader(&u.in)
	default:
		err = u.zlib.(zlib.Resetter).Reset(&u.in, nil)
	}
	switch {
	case err != nil:
		return nil // a reader that could not be made is nil, and is made the next time
	case step == "gzip":
		return u.gzip
	default:
		return u.zlib
	}
}
