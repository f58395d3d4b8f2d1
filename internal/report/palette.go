package report

import (
	"github.com/fatih/color"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// palette is the colours of the text format. They repeat what words say, and are told apart by those who see no red or no green: what is
// alarming is red, what is settled bright blue (the dark one is lost on a dark ground). All can be read on a light ground and on a dark one,
// about three to one in the palettes of common terminals; most of the text has none. Each is switched on or off by itself, so that the
// process-wide switch of the colour library is neither read nor changed.
type palette struct {
	grave, serious, middling, good, strong, faint *color.Color
}

func newPalette(on bool) palette {
	tint := func(attributes ...color.Attribute) *color.Color {
		c := color.New(attributes...)
		if on {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return c
	}
	return palette{
		grave: tint(color.FgRed, color.Bold), serious: tint(color.FgRed), middling: tint(color.FgMagenta, color.Bold),
		good: tint(color.FgHiBlue, color.Bold), strong: tint(color.Bold), faint: tint(color.Faint),
	}
}

// severity returns nil for no colour.
func (p palette) severity(s rules.Severity) *color.Color {
	switch s {
	case rules.Critical:
		return p.grave
	case rules.High:
		return p.serious
	case rules.Medium:
		return nil
	default:
		return p.faint
	}
}

func (p palette) verdict(v scanner.Verdict) *color.Color {
	switch v {
	case scanner.Live:
		return p.grave
	case scanner.Restricted:
		return p.serious
	case scanner.Dead, scanner.Expired:
		return p.good
	default:
		return p.middling
	}
}
