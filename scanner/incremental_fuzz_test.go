package scanner

import (
	"math/rand/v2"
	"testing"

	"github.com/skant-dev/skant/internal/chains"
)

// FuzzChanges lets the fuzzer write content and edits of it, choice by choice, and holds the search of what changed
// against the search of everything.
func FuzzChanges(f *testing.F) {
	s := allFindings(f)
	m := material(f, s.set, false)
	limits := chains.Limits{Versions: 4, Size: 4 << 10}
	for seed := range uint64(40) {
		rec := &chains.Recorder{From: rand.New(rand.NewPCG(seed, 5))}
		chains.Make(m, rec, limits)
		f.Add(rec.Data, "")
	}
	f.Fuzz(func(t *testing.T, script []byte, path string) {
		if len(script) > 4096 || len(path) > 100 {
			return
		}
		same(t, s, chains.Make(m, chains.NewScript(script), limits), path, "script")
	})
}

// FuzzChangedBytes gives the engine any bytes in place of made content: a text, what stands in it from one place to
// another, and what comes in its place.
func FuzzChangedBytes(f *testing.F) {
	s := allFindings(f)
	m := material(f, s.set, false)
	rnd := rand.New(rand.NewPCG(1, 9))
	for i := 0; i < len(m.Texts); i += 5 {
		text := code(300, "before") + m.Texts[i] + "\n" + code(300, "after")
		lo := 300 + rnd.IntN(len(m.Texts[i]))
		f.Add([]byte(text), []byte("\n"), uint(lo), uint(lo+rnd.IntN(20)), uint(rnd.IntN(len(text))))
	}
	f.Fuzz(func(t *testing.T, text, more []byte, lo, hi, to uint) {
		if len(text) > 1<<14 || len(more) > 1<<12 {
			return
		}
		n := uint(len(text) + 1)
		h := newHistory(string(text))
		h.edit(func(d *chains.Draft) { d.Delete(int(lo%n), int(hi%n)); d.Insert(int(lo%n), more) })
		h.edit(func(d *chains.Draft) { d.Move(int(lo%n), int(hi%n), int(to%n)) })
		h.edit(func(d *chains.Draft) { d.Insert(int(to%n), more); d.Delete(int(lo%n), int(lo%n)+1) })
		same(t, s, h.list, "", "bytes")
	})
}
