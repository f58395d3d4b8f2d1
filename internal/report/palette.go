package report

import (
	"github.com/fatih/color"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// palette is the colours of the text format. Each is switched on or off by itself, so that the process-wide switch of
// the colour library is neither read nor changed.
type palette struct {
	grave, serious, middling, slight *color.Color
	good, strong, place, faint       *color.Color
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
		grave: tint(color.FgRed, color.Bold), serious: tint(color.FgRed), middling: tint(color.FgYellow),
		slight: tint(color.FgCyan), good: tint(color.FgGreen), strong: tint(color.Bold),
		place: tint(color.FgMagenta), faint: tint(color.Faint),
	}
}

func (p palette) severity(s rules.Severity) *color.Color {
	switch s {
	case rules.Critical:
		return p.grave
	case rules.High:
		return p.serious
	case rules.Medium:
		return p.middling
	default:
		return p.slight
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
