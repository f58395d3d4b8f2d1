package report

import (
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
)

// Clip returns s, or its beginning and an ellipsis where s is wider than width terminal cells. A width below 1 means
// that there is no limit. s is expected to come from [visible.Text].
func Clip(s string, width int) string {
	if width < 1 || len(s) <= width || uniseg.StringWidth(s) <= width {
		return s
	}
	used, state, rest, end := 0, -1, s, 0
	for rest != "" {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+w > width-1 {
			break
		}
		used += w
		end += len(cluster)
	}
	return s[:end] + "…"
}

// clipAround is [Clip] for a line that holds a value: where the value would be cut off, it is the beginning that goes.
func clipAround(s, value string, width int) string {
	at := strings.Index(s, value)
	if width < 1 || at < 0 || uniseg.StringWidth(s) <= width || uniseg.StringWidth(s[:at+len(value)]) < width {
		return Clip(s, width)
	}
	lead, state, rest := uniseg.StringWidth(s[:at])+2+uniseg.StringWidth(value)-width, -1, s
	for lead > 0 && len(s)-len(rest) < at {
		var w int
		_, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		lead -= w
	}
	return Clip("…"+rest, width)
}

// Count returns n with a comma between groups of three digits: 1,204.
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Number returns n and its noun, in the plural unless n is 1: "1 place", "1,204 places".
func Number(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return Count(n) + " " + noun
}

// Things returns n and what it counts, given in the plural: "7 blobs", "1 entry".
func Things(n int64, plural string) string {
	if n != 1 {
		return Count(n) + " " + plural
	}
	for _, ending := range []struct{ many, one string }{{"ies", "y"}, {"ches", "ch"}, {"xes", "x"}, {"s", ""}} {
		if stem, ok := strings.CutSuffix(plural, ending.many); ok {
			return "1 " + stem + ending.one
		}
	}
	return "1 " + plural
}

// Size returns a number of bytes for people, in decimal units: "512 bytes", "31 MB", "8.1 GB".
func Size(n int64) string {
	if n < 1000 {
		return Number(n, "byte")
	}
	value, unit := float64(n), ""
	for _, u := range []string{"kB", "MB", "GB", "TB", "PB"} {
		if value < 999.5 {
			break
		}
		value, unit = value/1000, u
	}
	if value < 9.95 {
		return strconv.FormatFloat(value, 'f', 1, 64) + " " + unit
	}
	return strconv.FormatFloat(value, 'f', 0, 64) + " " + unit
}
