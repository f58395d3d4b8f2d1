package report

import (
	"github.com/skant-dev/skant/scanner"
)

// Tint colours words as the text format does, for texts that are no reports. Its zero value leaves them as they are.
type Tint struct{ palette *palette }

// NewTint returns a tint that is on or off.
func NewTint(on bool) Tint {
	if !on {
		return Tint{}
	}
	p := newPalette(true)
	return Tint{&p}
}

// Verdict colours a text by what it says of a secret: red what is alive, blue what is dead.
func (t Tint) Verdict(v scanner.Verdict, text string) string {
	if t.palette == nil {
		return text
	}
	return t.palette.verdict(v).Sprint(text)
}

// Strong is for what a reader looks for first.
func (t Tint) Strong(text string) string {
	if t.palette == nil {
		return text
	}
	return t.palette.strong.Sprint(text)
}

// Faint is for what is there to be complete.
func (t Tint) Faint(text string) string {
	if t.palette == nil {
		return text
	}
	return t.palette.faint.Sprint(text)
}
