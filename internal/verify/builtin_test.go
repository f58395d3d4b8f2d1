package verify

import (
	"testing"

	"github.com/skant-dev/skant/rules"
)

// Every way of asking that the built-in rules name can be used: patterns compile, signatures exist.
func TestBuiltinLiveness(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for i := range set.All() {
		r := &set.All()[i]
		for _, l := range set.ChecksOf(r) {
			c := &check{Liveness: l, known: true}
			if err := c.compile(); err != nil {
				t.Error(err)
				continue
			}
			if c.askable() {
				asked++
			}
			for _, by := range c.variants() {
				if c.Signed != "" && by.signed.sign == nil {
					t.Errorf("%s: there is no signature %q", r.ID, by.name)
				}
			}
		}
	}
	t.Logf("%d rules can be asked about", asked)
}
