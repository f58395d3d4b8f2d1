package sarif

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLineHashes holds the implementation against what the upload action itself computed: 102 texts, among them every way to end a line,
// characters beyond the basic plane and bytes that are no UTF-8. The file says which version of it that was.
func TestLineHashes(t *testing.T) {
	text, err := os.ReadFile("testdata/linehash.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Source string
		Cases  []struct {
			Text   string
			Hashes []string
		}
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.Cases) < 100 || !strings.Contains(vectors.Source, "codeql-action") {
		t.Fatalf("%d cases of %s", len(vectors.Cases), vectors.Source)
	}
	for i, c := range vectors.Cases {
		raw, err := base64.StdEncoding.DecodeString(c.Text)
		if err != nil {
			t.Fatal(err)
		}
		lines := map[int]bool{}
		want := map[int]string{}
		for n, h := range c.Hashes {
			lines[n+1], want[n+1] = true, h
		}
		lines[len(c.Hashes)+1] = true // there is no such line
		if diff := cmp.Diff(want, LineHashes(raw, lines)); diff != "" {
			t.Errorf("case %d, %q (-action +here):\n%s", i, raw, diff)
		}
	}
}

// TestLineHashesOfFewLines checks that it does not matter which lines are asked for.
func TestLineHashesOfFewLines(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 8))
	text := []byte(strings.Repeat("one = 1\ntwo\n\n", 40))
	all := map[int]bool{}
	for n := 1; n <= 121; n++ {
		all[n] = true
	}
	whole := LineHashes(text, all)
	if len(whole) != 121 {
		t.Fatalf("%d lines", len(whole))
	}
	for range 200 {
		n := 1 + r.IntN(121)
		if got := LineHashes(text, map[int]bool{n: true})[n]; got != whole[n] {
			t.Errorf("line %d: %s, %s among all", n, got, whole[n])
		}
	}
	if len(LineHashes(nil, nil)) != 0 || LineHashes(nil, map[int]bool{1: true})[1] == "" {
		t.Error("the empty text has one line")
	}
}
