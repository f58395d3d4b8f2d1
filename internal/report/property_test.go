package report

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

type format func(io.Writer, *scanner.Report, *rules.Set) error

// formats returns every format of this package under the name that the command line gives it.
func formats(*scanner.Report) map[string]format {
	return map[string]format{
		"text": func(w io.Writer, rep *scanner.Report, set *rules.Set) error {
			return Text(w, rep, set, TextOptions{Color: true, Width: 80, Summary: true})
		},
		"json": JSON, "jsonl": JSONL,
	}
}

// randomSecret is long and of characters that no format escapes, so that a leak is found by a plain search.
func randomSecret(r *rand.Rand) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, 20+r.IntN(100))
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// leaky builds a report whose every text mentions its secret as the scanner's redaction leaves it: masked.
func leaky(t *testing.T, r *rand.Rand) (*scanner.Report, []string) {
	t.Helper()
	rep, secrets := sampleReport(t), []string{}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		value := randomSecret(r)
		secrets = append(secrets, value)
		f.Secret = scanner.NewSecret(value, r.IntN(5))
		masked := f.Secret.Redacted()
		f.Excerpt = "x=" + masked
		f.Location.Path = "dir/" + masked
		f.Location.Commit = &scanner.Commit{ID: id("d"), Author: masked, Email: masked, Date: day(1), Summary: masked}
		f.Facts = map[string]string{"hint": masked}
		f.Reasons = []string{masked}
	}
	return rep, secrets
}

// TestNoFormatPrintsSecrets checks the second promise: no format prints a secret by way of Finding.Secret, and of
// Finding.Revealed only text and JSON say anything.
func TestNoFormatPrintsSecrets(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 50 {
		rep, secrets := leaky(t, r)
		for name, write := range formats(rep) {
			if got := render(t, write, rep); containsAny(got, secrets) {
				t.Fatalf("%s prints a secret:\n%s", name, got)
			}
		}
		for i := range rep.Findings {
			rep.Findings[i].Revealed = secrets[i]
		}
		for name, write := range formats(rep) {
			mayShow := name == "text" || name == "json"
			if got := render(t, write, rep); containsAny(got, secrets) != mayShow {
				t.Fatalf("%s: a revealed secret is shown: %v, want %v", name, !mayShow, mayShow)
			}
		}
	}
}

func render(t *testing.T, write format, rep *scanner.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, rep, sampleRules()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func containsAny(text string, values []string) bool {
	for _, v := range values {
		if strings.Contains(text, v) {
			return true
		}
	}
	return false
}

// TestOrderDoesNotMatter checks that the same findings in another order give the same text.
func TestOrderDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rep := sampleReport(t)
	want := render(t, formats(rep)["text"], rep)
	for range 20 {
		r.Shuffle(len(rep.Findings), func(i, j int) { rep.Findings[i], rep.Findings[j] = rep.Findings[j], rep.Findings[i] })
		if got := render(t, formats(rep)["text"], rep); got != want {
			t.Fatalf("order of findings changes the text:\n%s", got)
		}
	}
}
