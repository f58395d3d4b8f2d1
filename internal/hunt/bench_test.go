package hunt

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// BenchmarkAlike searches for an address in text made to cost much: full of addresses that begin and end like it, as they are, in
// strings, behind much space, and with backslashes.
func BenchmarkAlike(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	begin, end := "post"+"gres://application:", "@db.internal.example.org:5432/app"
	h := newHunter(b, nil, begin+random(r, 12, alphabet)+end)
	for name, line := range map[string]string{
		"plain":       "url: " + begin + "0123456789" + end + "\n",
		"strings":     `url: "` + begin + `" + "` + end + "\"\n",
		"space":       begin + "\"" + strings.Repeat(" ", 300) + "\"" + end + "\n",
		"backslashes": begin + strings.Repeat(`\`, 100) + end + "\n",
		"lines":       begin + strings.Repeat("\n", 50) + end + "\n",
		"other":       "url: http://application.example.net/some/path?like=this&and=that\n",
	} {
		text := strings.Repeat(line, 1+600000/len(line))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if fs := h.seek(b, text); len(fs) > 0 {
					b.Fatal(fs)
				}
			}
		})
	}
}
