package scanner

import (
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
)

// FuzzScan gives the engine any bytes, with the built-in rules: whatever is found has a place in the content and an
// excerpt that hides it.
func FuzzScan(f *testing.F) {
	s := builtin(f)
	for i, r := range s.set.All() {
		for n, tmpl := range r.Examples.Match {
			if n > 1 || strings.Contains(tmpl, "pem ") {
				continue // keys are made anew each time, which is slow
			}
			text, err := rules.Expand(tmpl, r.ID)
			if err != nil {
				f.Fatal(err)
			}
			f.Add([]byte(text), uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, cut uint8) {
		if len(data) > 1<<16 {
			return
		}
		data = append(data[min(int(cut), len(data)):], data...)
		res, err := s.Scan(t.Context(), Text(data), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range res.Findings {
			l := found.Location
			if l.Offset < 0 || l.Offset > int64(len(data)) || l.StartLine < 1 || l.StartColumn < 1 || l.EndLine < l.StartLine {
				t.Errorf("%s is at %+v of %d bytes", found.RuleID, l, len(data))
			}
			if v := found.Secret.body(); len(v) >= gramLength && strings.Contains(found.Excerpt, v) {
				t.Errorf("%s shows itself: %q", found.RuleID, found.Excerpt)
			}
			if strings.ContainsAny(found.Excerpt, "\n\r\x00\x1b") {
				t.Errorf("%s: the excerpt has control characters: %q", found.RuleID, found.Excerpt)
			}
		}
	})
}
