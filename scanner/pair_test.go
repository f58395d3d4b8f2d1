package scanner

import (
	"fmt"
	"slices"
	"testing"

	"github.com/skant-dev/skant/rules"
)

// TestPartsAreWholeValues puts an access-key id without its secret beside keys of another provider. A run of 40 characters
// within such a key is none of AWS's secrets: taken for one, it would claim its place, and the key would go unreported.
func TestPartsAreWholeValues(t *testing.T) {
	s := builtin(t)
	for n := range 500 {
		seed := fmt.Sprint("parts", n)
		text, err := rules.Expand(`id = <<awsid "AKIA">>`+"\n"+`key = "<<anthropic "sk-ant-api03-">>"`+"\n", seed)
		if err != nil {
			t.Fatal(err)
		}
		_, fs := scanText(t, s, text)
		if !slices.ContainsFunc(fs, func(f Finding) bool { return f.RuleID == "anthropic-api-key" }) {
			t.Errorf("%s: the key beside the id is not found", seed)
		}
	}
}
