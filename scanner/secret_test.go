package scanner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// body is a value of the given length that no rule knows.
func body(n int) string {
	const chars = "q7Zr2LxW9vKd4TnB8mYc3HsJ6gPf1RtV5kQ0"
	return strings.Repeat(chars, n/len(chars)+1)[:n]
}

func TestSecretNeverPrintsItself(t *testing.T) {
	value := "pre-fix-" + body(60)
	s := NewSecret(value, 8)
	holder := struct {
		S    Secret
		P    *Secret
		List []Secret
		Map  map[string]Secret
		Any  any
		// What stands in unexported fields is printed without asking it.
		hidden, list any
		own          Secret
		raw          []Secret
		finding      Finding
	}{s, &s, []Secret{s}, map[string]Secret{"k": s}, s, s, []Secret{s}, s, []Secret{s}, Finding{Secret: s, raw: []Secret{s}}}
	var outputs []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v", "%10.3s", "%08b"} {
		outputs = append(outputs, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, holder))
	}
	js, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	ym, err := yaml.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "secret", s, "holder", holder)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("m", "secret", s, "holder", holder)
	outputs = append(outputs, string(js), string(ym), logged.String(), fmt.Errorf("wrapped: %w, %v", fmt.Errorf("%v", s), s).Error())
	outputs = append(outputs, panicText(s))
	for _, out := range outputs {
		for i := 8; i+gramLength <= len(value); i++ {
			if strings.Contains(out, value[i:i+gramLength]) {
				t.Fatalf("12 characters of the secret are in %q", out)
			}
		}
		if hex := fmt.Sprintf("%x", value[20:40]); strings.Contains(strings.ToLower(out), hex) {
			t.Fatalf("the secret is in hexadecimal in %q", out)
		}
	}
	if s.Reveal() != value {
		t.Error("Reveal does not return the value")
	}
}

func panicText(s Secret) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	panic(s)
}

func TestRedacted(t *testing.T) {
	long := body(60)
	for _, c := range []struct {
		name, value string
		prefix      int
		want        string
	}{
		{"prefix, three, four", "sk-x-" + long, 5, "sk-x-" + long[:3] + "..." + long[56:]},
		{"no prefix", long, 0, long[:3] + "..." + long[56:]},
		{"middling", "ab_" + long[:18], 3, "ab_..." + long[16:18]},
		{"short", "hunter2", 0, "..."},
		{"empty", "", 0, "..."},
		{"words", "two words and many more of them", 0, "..."},
		{"key block", "-----BEGIN " + "X KEY-----\n" + long, 21, "-----BEGIN " + "X KEY-----..."},
		{"key block on one line", "-----BEGIN " + "X KEY-----\\n" + long, 21, "-----BEGIN " + "X KEY-----..."},
		{"control characters", "q\x00\x00" + long, 0, "..."},
		{"prefix out of range", "abc", 99, "abc..."},
	} {
		if got := NewSecret(c.value, c.prefix).Redacted(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSecretRoundTrip(t *testing.T) {
	in := NewSecret(body(40), 0)
	js, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out Secret
	if err := json.Unmarshal(js, &out); err != nil {
		t.Fatal(err)
	}
	if out.Known() || out.Redacted() != in.Redacted() {
		t.Errorf("read back: known %v, %q", out.Known(), out.Redacted())
	}
}
