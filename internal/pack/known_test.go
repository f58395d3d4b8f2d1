package pack

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhereObjectsComeFrom checks what is said of an object's place: only what was made from nothing but one pack, or
// from one file, may be recognised by it.
func TestWhereObjectsComeFrom(t *testing.T) {
	dir := newStoreDir(t)
	base := object(Blob, "a base that another pack has")
	own := object(Blob, "a base of its own")
	thin := entry{id: idOf(Blob, []byte("a base that another pack has, longer")), kind: refDelta, ref: base.id, data: delta(28, ", longer")}
	onThin := entry{id: idOf(Blob, []byte("a base that another pack has, longer, still")), kind: ofsDelta, back: 1, data: delta(36, ", still")}
	onOwn := entry{id: idOf(Blob, []byte("a base of its own, longer")), kind: ofsDelta, back: 0, data: delta(17, ", longer")}
	damaged := object(Blob, "damaged here, whole elsewhere")
	damaged.packed = []byte("no zlib stream")
	addPack(t, dir, "one", own, thin, onThin, onOwn, damaged)
	addPack(t, dir, "two", base)
	loose := "damaged here, whole elsewhere"
	writeLoose(t, dir, damaged.id, Blob, []byte(loose))
	alone := []byte("a loose object")
	writeLoose(t, dir, idOf(Blob, alone), Blob, alone)

	s := open(t, dir, Options{})
	var mu sync.Mutex
	var packs []PackFile
	got := map[string]string{}
	visit := func(_ int, o *Object) error {
		mu.Lock()
		defer mu.Unlock()
		where := filepath.Base(o.Loose)
		if o.Pack > 0 {
			where = filepath.Base(packs[o.Pack-1].Path)
			if p := s.packList()[o.Pack-1]; p.idx.id(o.Position) != o.ID {
				t.Errorf("%s is not at %d in the index", o.ID, o.Position)
			}
		}
		got[string(o.Data)] = where
		return nil
	}
	opt := EachOptions{Packs: func(all []PackFile) { packs = all }}
	if err := s.Each(context.Background(), opt, visit, func(Problem) {}); err != nil {
		t.Fatal(err)
	}
	none := filepath.Base("")
	if d := cmp.Diff(map[string]string{
		"a base that another pack has":                "two.pack",
		"a base that another pack has, longer":        none,
		"a base that another pack has, longer, still": none,
		"a base of its own":                           "one.pack",
		"a base of its own, longer":                   "one.pack",
		loose:                                         none,
		string(alone):                                 idOf(Blob, alone).String()[2:],
	}, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for _, p := range packs {
		for path, info := range map[string]os.FileInfo{p.Path: p.Pack, p.Path[:len(p.Path)-4] + "idx": p.Index} {
			now, err := os.Stat(path)
			if err != nil || !os.SameFile(now, info) || p.Opened.IsZero() {
				t.Errorf("%s: %+v, %v", path, info, err)
			}
		}
	}
}

// TestSkippedObjects skips blobs by their place in a pack, and loose objects by their name.
func TestSkippedObjects(t *testing.T) {
	r := newRepo(t)
	r.fill(1, 120, false)
	r.git(nil, "repack", "-q", "-adf")
	r.fill(2, 20, true)
	s := open(t, r.objects(), Options{})
	all, problems := each(t, s, EachOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var skipped []string
	var packs []PackFile
	skip := func(id ID) bool {
		if id.b[0]%2 == 0 {
			skipped = append(skipped, id.String())
			return true
		}
		return false
	}
	total := int64(0)
	got, problems := each(t, s, EachOptions{
		Total: func(n int64) { total = n },
		Packs: func(all []PackFile) { packs = all },
		SkipBlob: func(pack, position int) bool {
			if len(packs) == 0 || position >= packs[pack-1].Objects {
				t.Errorf("asked for %d in pack %d of %d", position, pack, len(packs))
			}
			return skip(s.packList()[pack-1].idx.id(position))
		},
		SkipLoose: func(id ID, path string) bool {
			if _, err := os.Stat(path); err != nil {
				t.Errorf("asked for a file that is not there: %v", err)
			}
			return skip(id)
		},
	})
	if len(problems) > 0 || len(skipped) == 0 || total != int64(len(got)) {
		t.Errorf("problems %v, %d skipped, %d done of %d", problems, len(skipped), len(got), total)
	}
	slices.Sort(skipped)
	if len(slices.Compact(slices.Clone(skipped))) != len(skipped) {
		t.Error("asked twice for one object")
	}
	for id, c := range all {
		_, visited := got[id]
		if slices.Contains(skipped, id) == visited {
			t.Errorf("%s %s: visited %v", c.Type, id, visited)
		}
	}
}
