package report

import (
	"strings"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

// A tint that is off changes nothing; one that is on tells what is alive from what is dead.
func TestTint(t *testing.T) {
	off, on := NewTint(false), NewTint(true)
	for _, got := range []string{off.Strong("a"), off.Faint("a"), off.Verdict(scanner.Live, "a"), Tint{}.Strong("a")} {
		if got != "a" {
			t.Errorf("%q", got)
		}
	}
	seen := map[string]bool{}
	for _, got := range []string{on.Strong("a"), on.Faint("a"), on.Verdict(scanner.Live, "a"), on.Verdict(scanner.Dead, "a"), on.Verdict(scanner.Unknown, "a")} {
		if !strings.Contains(got, "\x1b[") || seen[got] {
			t.Errorf("%q", got)
		}
		seen[got] = true
	}
}
