// Package decode shows content as a scanner should see it: base64, percent-encoding, backslash escapes, HTML entities,
// hexadecimal text and UTF-16 undone, each decoded stretch with a way back to the bytes of the original input.
package decode

// View is a decoded stretch of an input.
type View struct {
	// Data is the decoded text, with some of the surrounding line where the encoding leaves that readable.
	Data []byte
	// Steps names the encodings that were undone, outermost first, for example ["base64", "percent"].
	Steps []string
}

// Source returns the smallest range of bytes in the original input that Data[lo:hi] came from. Out-of-range arguments
// are brought into range.
func (v *View) Source(lo, hi int) (rawLo, rawHi int) { return 0, 0 }

// Options bounds the work.
type Options struct {
	// MaxDepth is how many encodings may be nested; 0 means 3.
	MaxDepth int
	// MinRun is the least length of a base64 run in characters; 0 means 20.
	MinRun int
	// MaxOutput bounds the decoded bytes of one input, all views together; 0 means 4 times the input and 1 MiB.
	MaxOutput int
}

// Views returns the decoded views of data, and whether a bound of opt was hit, so that something may be missing. The
// input itself is no view; most inputs have none.
func Views(data []byte, opt Options) (views []View, truncated bool) { return nil, false }

// UTF16 returns the whole of data as UTF-8 when data is UTF-16, by its byte order mark or by a clear pattern of NUL
// bytes. The view is to be used in place of data.
func UTF16(data []byte) (*View, bool) { return nil, false }
