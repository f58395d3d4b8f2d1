package evidence

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// now is a fixed point in time for every test.
func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

const (
	alnum     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	base64url = alnum + "-_"
)

// chars makes n random characters of an alphabet, the same for every run.
func chars(alphabet string, n int) string {
	rnd := rand.New(rand.NewPCG(uint64(n), uint64(len(alphabet))))
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[rnd.IntN(len(alphabet))])
	}
	return b.String()
}

// token makes a JWT of the given claims, with a signature of no key.
func token(t testing.TB, header, claims map[string]any) string {
	t.Helper()
	enc := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return enc(header) + "." + enc(claims) + "." + chars(base64url, 43)
}

// run calls a function by name.
func run(t testing.TB, name string, in Input) Result {
	t.Helper()
	f, ok := Lookup(name)
	if !ok {
		t.Fatalf("no function %q", name)
	}
	if in.Now.IsZero() {
		in.Now = now()
	}
	return f(in)
}

// value runs a function over a value alone.
func value(t testing.TB, name, v string) Result {
	t.Helper()
	return run(t, name, Input{Value: []byte(v)})
}

// wantFacts checks that each fact is stated as given; "-" means that it is not stated.
func wantFacts(t *testing.T, r Result, want map[string]string) {
	t.Helper()
	for k, v := range want {
		if got, ok := r.Facts[k]; v == "-" && ok || v != "-" && got != v {
			t.Errorf("fact %s = %q, want %q", k, got, v)
		}
	}
}

// wantChange checks the change and that a reason is given where it matters.
func wantChange(t *testing.T, r Result, want Change) {
	t.Helper()
	if r.Change != want {
		t.Errorf("change = %v (%s), want %v", r.Change, r.Reason, want)
	}
}
