// Package decode shows content as a scanner should see it: base64, percent-encoding, backslash escapes, HTML entities,
// hexadecimal text and UTF-16 undone, each decoded stretch with a way back to the bytes of the original input.
//
// Compressed data is unpacked where base64 or hexadecimal text holds it. Files that are compressed are another matter: see
// internal/unpack.
package decode

import (
	"math"
	"slices"
)

// View is a decoded stretch of an input.
type View struct {
	// Data is the decoded text. Where the encoding leaves the line around it readable, that stands in it as it is.
	Data []byte
	// Steps names the encodings that were undone, outermost first: base64, hex, percent, escape (those with a backslash),
	// entity, gzip and zlib (behind base64 or hex), utf-16.
	Steps []string

	// maps leads back to the input, the innermost step first.
	maps []mapping
	// lengths are those of what each step decoded to.
	lengths []int
	// depth counts the steps as [Options.MaxDepth] does.
	depth int
	// whole says that nothing of Data has been looked at before, although some of it was only copied.
	whole bool
}

// Source returns the smallest range of bytes in the original input that Data[lo:hi] came from: whole base64 groups, whole
// escapes. Arguments out of range are brought into range. An empty range gives an empty range.
func (v *View) Source(lo, hi int) (rawLo, rawHi int) {
	if n := len(v.Data); n > 0 && lo >= hi {
		// A place between two bytes is where the next one begins, or where the last one ends.
		if lo = max(0, lo); lo < n {
			rawLo, _ = v.Source(lo, lo+1)
			return rawLo, rawLo
		}
		_, rawHi = v.Source(n-1, n)
		return rawHi, rawHi
	}
	for i, m := range v.maps {
		lo, hi = m.source(lo, hi, v.lengths[i])
	}
	return lo, hi
}

// Options bounds the work. The zero value means the defaults.
type Options struct {
	// MaxDepth is how many encodings may be nested; 0 means 3. An escape that is undone several times in a row, as in
	// "%252520", counts once; more than 8 such repetitions are one too many. What unpacks counts with the base64 before it.
	MaxDepth int
	// MinRun is the least length of a base64 run in characters, padding included; 0 means 20, and 12 is the least.
	MinRun int
	// MaxOutput bounds the decoded bytes of one input, all views and the tables that map them back together; 0 means
	// 4 times the input and 1 MiB.
	MaxOutput int
}

const (
	defaultDepth  = 3
	defaultMinRun = 20
	leastMinRun   = 12
	maxRepeated   = 8
	// viewCost and segmentCost are what a view costs beside its bytes.
	viewCost    = 64
	segmentCost = 12
)

// decoder works through one input.
type decoder struct {
	opt       Options
	views     []View
	spent     int
	truncated bool
	// scratch holds base64 while nobody knows yet whether it is worth keeping; joined holds lines put together.
	scratch, joined []byte
	unpacker        unpacker
}

// Views returns the decoded views of data, and whether a bound of opt was hit, so that something may be missing. The
// input itself is no view; most inputs have none. Inputs of 4 GiB and more are not decoded, and reported as truncated.
func Views(data []byte, opt Options) (views []View, truncated bool) {
	if len(data) >= math.MaxUint32 {
		return nil, true
	}
	if opt.MaxDepth <= 0 {
		opt.MaxDepth = defaultDepth
	}
	if opt.MinRun <= 0 {
		opt.MinRun = defaultMinRun
	}
	opt.MinRun = max(opt.MinRun, leastMinRun)
	if opt.MaxOutput <= 0 {
		opt.MaxOutput = 4*len(data) + 1<<20
	}
	// Offsets into views are 32 bits wide, too.
	opt.MaxOutput = min(opt.MaxOutput, math.MaxUint32)
	d := &decoder{opt: opt}
	d.level(data, &View{})
	return d.views, d.truncated
}

// level looks for encodings in one text: the input, or a view of it.
func (d *decoder) level(src []byte, parent *View) {
	if !d.runs(src, parent) {
		return
	}
	for i := range kinds {
		if !d.escapes(src, parent, &kinds[i]) {
			return
		}
	}
}

// emit adds a view of a part of parent, and looks for further encodings in it. It returns false when a bound is hit and
// the caller should stop.
func (d *decoder) emit(parent *View, data []byte, m mapping, step string) bool {
	return d.emitView(parent, data, []mapping{m}, []int{len(data)}, step)
}

// emitView is emit for steps that are taken together and count as one. Maps and lengths are those of the steps, the
// innermost first.
func (d *decoder) emitView(parent *View, data []byte, maps []mapping, lengths []int, steps ...string) bool {
	depth := parent.depth
	if n := len(parent.Steps); n == 0 || parent.Steps[n-1] != steps[0] || order(steps[0]) < 0 {
		depth++
	}
	if depth > d.opt.MaxDepth || len(parent.maps) >= d.opt.MaxDepth+maxRepeated {
		d.truncated = true
		return false
	}
	cost := len(data) + viewCost
	for _, m := range maps {
		cost += segmentCost * len(m)
	}
	if cost > d.opt.MaxOutput-d.spent {
		d.spent, d.truncated = d.opt.MaxOutput, true
		return false
	}
	d.spent += cost
	v := View{
		Data:    data,
		Steps:   append(append(make([]string, 0, len(parent.Steps)+len(steps)), parent.Steps...), steps...),
		maps:    slices.Concat(maps, parent.maps),
		lengths: slices.Concat(lengths, parent.lengths),
		depth:   depth,
	}
	if inner, ok := UTF16(data); ok {
		v.Data, v.Steps = inner.Data, append(v.Steps, inner.Steps...)
		v.maps, v.lengths = append(inner.maps, v.maps...), append(inner.lengths, v.lengths...)
		v.whole = true
		d.spent += len(v.Data) + segmentCost*len(inner.maps[0])
	}
	d.views = append(d.views, v)
	d.level(v.Data, &v)
	return d.spent < d.opt.MaxOutput
}

// fresh reports whether a part of parent's text was changed by decoding it. Where it was not, the part has been looked at
// already in the text that parent came from.
func fresh(parent *View, lo, hi int) bool {
	return len(parent.maps) == 0 || parent.whole || !parent.maps[0].copied(lo, hi)
}
