package chains

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

var material = Material{Texts: []string{"alpha-1234567890", "beta=0987654321\nkey: value"}, Words: []string{"alpha", "key", "="}}

// check holds that the copies of versions say what the data has of the base.
func check(t *testing.T, list []Version) {
	t.Helper()
	for i, v := range list {
		at := 0
		for _, c := range v.Copies {
			if c.Len <= 0 || c.To < at || c.To+c.Len > len(v.Data) || v.Base < 0 || v.Base >= i {
				t.Fatalf("version %d of base %d: copy %+v after %d", i, v.Base, c, at)
			}
			if !bytes.Equal(list[v.Base].Data[c.From:c.From+c.Len], v.Data[c.To:c.To+c.Len]) {
				t.Fatalf("version %d: copy %+v is not what the base has", i, c)
			}
			at = c.To + c.Len
		}
	}
}

func TestMake(t *testing.T) {
	copied, moved := 0, 0
	for seed := range uint64(300) {
		rec := &Recorder{From: rand.New(rand.NewPCG(seed, 1))}
		list := Make(material, rec, Limits{Tree: seed%2 == 0})
		check(t, list)
		for _, v := range list {
			for i, c := range v.Copies {
				copied++
				if i > 0 && c.From < v.Copies[i-1].From {
					moved++
				}
			}
		}
		again := Make(material, NewScript(rec.Data), Limits{Tree: seed%2 == 0})
		if len(again) != len(list) || !bytes.Equal(again[len(again)-1].Data, list[len(list)-1].Data) {
			t.Fatalf("seed %d: the script of the choices makes something else", seed)
		}
	}
	if copied < 1000 || moved < 100 {
		t.Errorf("%d copies, %d of them out of order: too few", copied, moved)
	}
	check(t, Make(material, NewScript(nil), Limits{}))
}

// TestShrink looks for the least versions of which the last has a mark in it that was copied.
func TestShrink(t *testing.T) {
	d := NewDraft([]byte("one two three mark four five six"))
	d.Insert(0, []byte("zero "))
	d.Delete(10, 14)
	d.Duplicate(0, 3, d.Len())
	data, copies := d.Done()
	list := []Version{{Data: []byte("old"), Base: -1}, {Data: d.base, Base: -1}, {data, 1, copies}}
	tries := 0
	small := Shrink(list, 1000, func(l []Version) bool {
		tries++
		check(t, l)
		last := l[len(l)-1]
		i := bytes.Index(last.Data, []byte("mark"))
		return len(l) == 2 && i >= 0 && len(last.Copies) > 0 && last.Copies[0].To <= i
	})
	if len(small) != 2 || string(small[0].Data) != "mark" || string(small[1].Data) != "mark" {
		// Bytes before the copy go, too, since the mark may start it.
		t.Errorf("after %d tries: %+v", tries, small)
	}
}
