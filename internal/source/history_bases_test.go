package source

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/chains"
)

// TestBasesWithoutState has versions that a search leaves no state for, because they are UTF-16, between ones that it does.
func TestBasesWithoutState(t *testing.T) {
	s, m := blobRules(t)
	box := newGitbox(t)
	var wide []byte
	for _, c := range lines(3000, "wide") {
		wide = append(wide, c, 0)
	}
	d := chains.NewDraft(lines(40_000, "first"))
	list := []chains.Version{{Data: d.Bytes(), Base: -1}}
	edit := func(change func(d *chains.Draft)) {
		d := chains.NewDraft(list[len(list)-1].Data)
		change(d)
		data, copies := d.Done()
		list = append(list, chains.Version{Data: data, Base: len(list) - 1, Copies: copies})
	}
	edit(func(d *chains.Draft) { // UTF-16, with ASCII behind it
		d.Delete(1000, d.Len())
		d.Insert(0, wide)
		d.Insert(d.Len(), append([]byte(strings.Join(m.Texts[:40], "\n")), lines(300, "last")...))
	})
	edit(func(d *chains.Draft) { d.Insert(0, lines(5000, "before")) })              // none any more
	edit(func(d *chains.Draft) { d.Delete(0, 5000); d.Delete(d.Len()-9, d.Len()) }) // one again
	edit(func(d *chains.Draft) { d.Delete(0, len(wide)) })
	edit(func(d *chains.Draft) { d.Insert(d.Len()/2, []byte("\n")) })
	all, order := entries(list, rand.New(rand.NewPCG(8, 9)))
	box.pack("pack-wide", all, order)
	box.holds(s, 100)
}

// TestBasesElsewhere has bases in other packs, the same blobs in several packs and loose, and the same blob as base and as
// delta.
func TestBasesElsewhere(t *testing.T) {
	s, m := blobRules(t)
	box := newGitbox(t)
	rnd := rand.New(rand.NewPCG(8, 4))
	list := deep(m, 40, rnd)
	all, _ := entries(list, rnd)
	whole := make([]chains.Entry, len(all))
	for i, e := range all {
		whole[i] = e
		whole[i].Version = chains.Version{Data: e.Data, Base: -1}
		all[i].ByID = true
	}
	box.pack("pack-all", all, natural(len(all)))
	box.pack("pack-some-whole", whole, []int{3, 9, 20, 21, 22, 40})
	box.pack("pack-some", all, natural(25))
	backwards := natural(len(list))
	slices.Reverse(backwards)
	turned := make([]chains.Entry, len(list)) // each made from the one after it
	for i := range list {
		v := chains.Version{Data: list[i].Data, Base: -1}
		if i+1 < len(list) {
			d := chains.NewDraft(list[i+1].Data)
			d.Delete(0, d.Len())
			d.Assemble(0, list[i].Data, func() int { return 300 }, func() int { return 0 })
			data, copies := d.Done()
			v = chains.Version{Data: data, Base: i + 1, Copies: copies}
		}
		turned[i] = chains.Entry{Version: v}
	}
	box.pack("pack-turned", turned, backwards)
	for i, v := range list {
		if i%4 == 0 {
			name := fmt.Sprintf("file%d", i)
			box.write(name, string(v.Data))
			box.git("hash-object", "-w", name)
			if err := os.Remove(filepath.Join(box.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	box.holds(s, 40)
}

// TestExternalBases reads packs that git itself does not: their deltas have bases that are not in the same pack.
func TestExternalBases(t *testing.T) {
	s, m := blobRules(t)
	box := newGitbox(t)
	list := deep(m, 40, rand.New(rand.NewPCG(8, 5)))
	all := make([]chains.Entry, len(list))
	var printed []byte
	seen := map[string]bool{}
	var order [2][]int
	for i, v := range list {
		all[i] = chains.Entry{Version: v, ByID: true}
		id := all[i].ID()
		if seen[id] {
			continue
		}
		seen[id] = true
		order[i%2] = append(order[i%2], i)
		printed = fmt.Appendf(printed, "%s blob %d\n%s\n", id, len(v.Data), v.Data)
	}
	box.pack("pack-even", all, order[0])
	box.pack("pack-odd", all, order[1])
	want, _ := places(t, s, gitBlobs{printed})
	for _, workers := range []int{1, 4} {
		got, cov := places(t, s, unattributed{NewHistory(box.open(), HistoryOptions{Workers: workers})})
		if diff := cmp.Diff(want, got); diff != "" || len(want) < 40 || cov.Blobs != int64(len(seen)) {
			t.Errorf("%d workers, %d blobs: -plain +history: %s", workers, cov.Blobs, diff)
		}
	}
}

// TestWrongDeltas reads a pack of which every tenth delta makes something else than the index says, while another pack
// has the right content: how the wrong one was made says nothing about the right one.
func TestWrongDeltas(t *testing.T) {
	s, m := blobRules(t)
	box := newGitbox(t)
	list := deep(m, 60, rand.New(rand.NewPCG(8, 7)))
	wrong, right := make([]chains.Entry, len(list)), make([]chains.Entry, len(list))
	var printed []byte
	var order []int
	seen := map[string]bool{}
	for i, v := range list {
		right[i] = chains.Entry{Version: chains.Version{Data: v.Data, Base: -1}}
		wrong[i] = chains.Entry{Version: v}
		if i%10 == 1 { // made by an insertion, of which this delta knows nothing
			n := min(len(list[v.Base].Data), len(v.Data))
			old := chains.Version{Data: list[v.Base].Data[:n], Base: v.Base, Copies: []chains.Copy{{From: 0, To: 0, Len: n}}}
			wrong[i] = chains.Entry{Version: old, Listed: v.Data}
		}
		if id := right[i].ID(); !seen[id] {
			seen[id] = true
			order = append(order, i)
			printed = fmt.Appendf(printed, "%s blob %d\n%s\n", id, len(v.Data), v.Data)
		}
	}
	box.pack("pack-right", right, order[:len(order)-1])
	box.pack("pack-wrong", wrong, order) // has more objects, and is read first
	want, _ := places(t, s, gitBlobs{printed})
	for _, workers := range []int{1, 4} {
		got, cov := places(t, s, unattributed{NewHistory(box.open(), HistoryOptions{Workers: workers})})
		if diff := cmp.Diff(want, got); diff != "" || len(want) < 40 || cov.Blobs != int64(len(seen)) {
			t.Errorf("%d workers, %d blobs of %d: -plain +history: %s", workers, cov.Blobs, len(seen), diff)
		}
	}
}
