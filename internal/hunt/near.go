package hunt

import (
	"strings"
	"sync"
)

// anchor is a literal of a rule, and where in its spelling it stands.
type anchor struct {
	text   string
	places []anchorPlace
}

// onlyEnd is the reason of a finding of which the beginning is not the value's.
const onlyEnd = "only its end is the same: what stands before it is not how the secret begins, or was not there to compare"

// Near is that of [scanner.KnownValues].
func (h *Hunt) Near(ruleID string, data []byte, pos int) bool {
	t, ok := h.of[ruleID]
	if !ok || t.spelling == nil {
		return true
	}
	known := false
	for i := range t.anchors {
		a := &t.anchors[i]
		end := pos + len(a.text)
		if end > len(data) || string(data[pos:end]) != a.text && (!t.fold || !strings.EqualFold(string(data[pos:end]), a.text)) {
			continue
		}
		for _, at := range a.places {
			if at.unit < 0 || t.spelling.near(data, pos+at.after, at.unit) {
				return true
			}
			known = true
		}
	}
	return !known
}

// Whole is that of [scanner.KnownValues].
func (h *Hunt) Whole(ruleID string, data []byte, lo, hi int) string {
	t := h.of[ruleID]
	if t.whole == nil || t.whole(data, lo, hi) {
		return ""
	}
	return onlyEnd
}

// wholeOf compares what stands beside the end of a long value with its beginning.
func wholeOf(v variant, f form) func(data []byte, lo, hi int) bool {
	// Few of the variants are found anywhere, and the units take much more memory than the value.
	rest := sync.OnceValue(func() []unit { return v.rest(f) })
	return func(data []byte, lo, hi int) bool {
		var is, sure bool
		if v.after {
			is, sure = v.spelling.forth(data, hi, rest(), false)
		} else {
			// The match of an encoding may have one character more than the end.
			is, sure = v.spelling.back(data, []int{lo, min(lo+1, hi)}, rest(), false)
		}
		return is && sure
	}
}
