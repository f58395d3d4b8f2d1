package hunt

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// BenchmarkAlike searches for an address in a text full of addresses that begin and end like it.
func BenchmarkAlike(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	line := "url: post" + "gres://application:"
	h := newHunter(b, nil, "post"+"gres://application:"+random(r, 12, alphabet)+"@db.internal.example.org:5432/app")
	text := strings.Repeat(line+"0123456789@db.internal.example.org:5432/app\n", 10000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if fs := h.seek(b, text); len(fs) > 0 {
			b.Fatal(fs)
		}
	}
}
