package verify

import (
	"context"
	"strings"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

// TestRevokePairs: a secret that stands with two things of which one names it to the provider is not ended by an administrator's key: the
// other may name another key.
func TestRevokePairs(t *testing.T) {
	secret, admin := expand(t, `<<anthropic "sk-ant-api03-">>`), expand(t, adminForm)
	f := scanner.NewFinding("anthropic-api-key", scanner.NewSecret(secret, 13), nil)
	other := f
	f.Facts = map[string]string{"partial_key_hint": secret[:16] + "..." + secret[len(secret)-4:]}
	other.Facts = map[string]string{"partial_key_hint": "sk-ant-api03-Xyz...igAA"}
	env := func(string) string { return admin }
	p := anthropicTeller(t, admin, `{}`)
	v, e := builtinEnding(t, p, "anthropic", f, env)
	if e.Why != "" {
		t.Fatal(e.Why)
	}
	for _, fs := range [][]scanner.Finding{{f, other}, {other, f}} {
		list, err := v.Endings(fs, env)
		if err != nil || len(list) != 1 || !strings.Contains(list[0].Why, "more than one partial_key_hint") {
			t.Fatalf("%+v, %v", list, err)
		}
		if list[0].Send(context.Background()); p.lists+len(p.told) > 0 {
			t.Error("somebody was told")
		}
	}
	if list, err := v.Endings([]scanner.Finding{f, f}, env); err != nil || list[0].Why != "" {
		t.Errorf("twice the same: %+v, %v", list, err)
	}
}
