package verify

import (
	"testing"

	"github.com/tidwall/gjson"
)

// TestFilledPath: an answer may have a key that is named after the credential, and whatever stands in that name is the name's.
func TestFilledPath(t *testing.T) {
	for _, name := range []string{"plain", "a.b", "a*c", "a?c", "#", "a|b", "@this", `a\b`, "!x", "a:1", "{x}", "[0]", "é.x", "a-b_c"} {
		at, ok := filledPath("of.{{.id}}.state", map[string]string{"id": name, "secret": "s"})
		if !ok {
			t.Fatalf("%q cannot be filled in", name)
		}
		of := func(key string) string {
			return `{"of":{` + string(gjson.AppendJSONString(nil, key)) + `:{"state":"on"}}}`
		}
		if got := gjson.Get(of(name), at).String(); got != "on" {
			t.Errorf("%q: %s finds %q", name, at, got)
		}
		for _, other := range []string{"other", "axc", "a"} {
			if gjson.Get(of(other), at).Exists() {
				t.Errorf("%q: %s finds the key %q, too", name, at, other)
			}
		}
	}
	if at, ok := filledPath("error.code", nil); !ok || at != "error.code" {
		t.Errorf("a path without a value is %q", at)
	}
	if _, ok := filledPath("of.{{.nobody}}", map[string]string{"id": "x"}); ok {
		t.Error("a value that is not there is filled in")
	}
}
