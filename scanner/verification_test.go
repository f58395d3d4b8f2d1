package scanner

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestValues(t *testing.T) {
	_, fs := scanText(t, testScanner(t, Options{}), "AKM123456789 secret="+secretKey(1)+"\n")
	found := false
	for i := range fs {
		values := fs[i].Values()
		if values["secret"] != fs[i].Secret {
			t.Errorf("%v", values)
		}
		for name, fact := range fs[i].Facts {
			if v := values[name]; v.Reveal() != fact || v.PrefixLength() != len(fact) {
				t.Errorf("%s: %v", name, v)
			}
			found = true
		}
	}
	if !found {
		t.Error("no finding has a part")
	}
	made := NewFinding("acme-token", NewSecret(token(1), 4), map[string]Secret{"other": NewSecret(token(2), 4)})
	if v := made.Values(); v["other"].Reveal() != token(2) || v["secret"].Reveal() != token(1) {
		t.Errorf("%v", v)
	}
	js, err := json.Marshal(made)
	if shown := string(js) + fmt.Sprintf("%v %+v %#v", made, made, &made); err != nil || strings.Contains(shown, token(2)[8:]) {
		t.Errorf("a part is shown: %s, %v", shown, err)
	}
}
