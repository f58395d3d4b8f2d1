package pack

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// verdict is what a faulty store should give: the contents that are visited, and part of what is said of the rest.
type verdict struct {
	seen     []string
	problems map[string]string
}

// checkVerdict reads a whole store and compares contents by value, problems by id.
func checkVerdict(t *testing.T, s *Store, names map[ID]string, want verdict) {
	t.Helper()
	got, problems := each(t, s, EachOptions{Workers: 2})
	var seen []string
	for id := range got {
		parsed, err := ParseID(id)
		if err != nil {
			t.Fatal(err)
		}
		typ, data, err := s.Get(parsed)
		if err != nil {
			t.Errorf("Each visits %s, Get does not: %v", names[parsed], err)
		}
		if idOf(typ, data) != parsed {
			t.Errorf("content of %s is not its own", names[parsed])
		}
		seen = append(seen, names[parsed])
	}
	slices.Sort(seen)
	slices.Sort(want.seen)
	if d := cmp.Diff(want.seen, seen); d != "" {
		t.Errorf("visited (-want +got):\n%s", d)
	}
	for id, err := range problems {
		parsed, _ := ParseID(id)
		text, ok := want.problems[names[parsed]]
		if !ok || !strings.Contains(err.Error(), text) {
			t.Errorf("problem with %s (%s): %v, want one that says %q", id, names[parsed], err, text)
		}
		if _, _, err := s.Get(parsed); err == nil {
			t.Errorf("Each reports %s, Get reads it", names[parsed])
		}
	}
	if len(problems) != len(want.problems) {
		t.Errorf("%d problems, want %d", len(problems), len(want.problems))
	}
}

// child returns an entry for base+tail, made as a delta of another entry.
func child(kind uint8, base, tail string) entry {
	return entry{id: idOf(Blob, []byte(base+tail)), kind: kind, data: delta(len(base), tail), ref: idOf(Blob, []byte(base))}
}

// fault is a pack with something wrong in it. Objects of more than 1 MiB are too large.
type fault struct {
	entries []entry
	want    verdict
}

func changed(e entry, change func(*entry)) entry { change(&e); return e }

func same(*entry) {}

// ofs and ref are deltas of the blob "base ".
func ofs(tail string, change func(*entry)) entry {
	return changed(child(ofsDelta, "base ", tail), change)
}

func ref(tail string, change func(*entry)) entry {
	return changed(child(refDelta, "base ", tail), change)
}

func named(name string) ID { return idOf(Blob, []byte(name)) }

func entryFaults() map[string]fault {
	good, base := object(Blob, "good"), object(Blob, "base ")
	noise := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	return map[string]fault{
		"sound": {
			[]entry{good, base, ofs("one", func(e *entry) { e.back = 1 }), ref("two", same)},
			verdict{seen: []string{"good", "base ", "base one", "base two"}},
		},
		"reference to an entry behind it": {
			[]entry{ref("two", same), base},
			verdict{seen: []string{"base ", "base two"}},
		},
		"unknown types": {
			[]entry{good, changed(object(Blob, "zero"), func(e *entry) { e.kind = 0 }), changed(object(Blob, "five"), func(e *entry) { e.kind = 5 })},
			verdict{[]string{"good"}, map[string]string{"zero": "type 0", "five": "type 5"}},
		},
		"declared too long": {
			[]entry{good, changed(object(Blob, "long"), func(e *entry) { e.size = 5 })},
			verdict{[]string{"good"}, map[string]string{"long": "shorter than its declared size"}},
		},
		"declared too short": {
			[]entry{good, changed(object(Blob, "short"), func(e *entry) { e.size = 4 })},
			verdict{[]string{"good"}, map[string]string{"short": "longer than its declared size"}},
		},
		"declared huge": {
			[]entry{good, changed(object(Blob, "huge"), func(e *entry) { e.size = 1 << 50 })},
			verdict{[]string{"good"}, map[string]string{"huge": "larger than the limit"}},
		},
		"too large, and what is made from it": {
			[]entry{good, object(Blob, string(noise)), changed(child(refDelta, string(noise), "!"), same)},
			verdict{[]string{"good"}, map[string]string{string(noise): "larger than the limit", string(noise) + "!": "read a base of it"}},
		},
		"delta that makes too much": {
			[]entry{good, changed(object(Blob, "bomb"), func(e *entry) {
				e.kind, e.ref = refDelta, good.id
				e.data = append([]byte{4, 0xff, 0xff, 0xff, 0x7f}, bytes.Repeat([]byte{0x90, 4}, 1<<16)...)
			})},
			verdict{[]string{"good"}, map[string]string{"bomb": "larger than the limit"}},
		},
		"base out of the pack": {
			[]entry{good, ofs("far", func(e *entry) { e.rawBack = 100000 }), ofs("before", func(e *entry) { e.rawBack = 1<<62 - 1 })},
			verdict{[]string{"good"}, map[string]string{"base far": "outside the pack", "base before": "outside the pack"}},
		},
		"base in the middle of an entry": {
			[]entry{good, base, ofs("odd", func(e *entry) { e.rawBack = 3 })},
			verdict{[]string{"good", "base "}, map[string]string{"base odd": ""}},
		},
		"base not there": {
			[]entry{good, ref("orphan", same), changed(child(refDelta, "base orphan", "!"), same)},
			verdict{[]string{"good"}, map[string]string{"base orphan": "not found", "base orphan!": "not found"}},
		},
	}
}

func chainFaults() map[string]fault {
	good, base := object(Blob, "good"), object(Blob, "base ")
	return map[string]fault{
		"circle": {
			[]entry{good,
				changed(object(Blob, "a"), func(e *entry) { e.kind, e.ref, e.data = refDelta, named("b"), delta(1, "") }),
				changed(object(Blob, "b"), func(e *entry) { e.kind, e.ref, e.data = refDelta, named("c"), delta(1, "") }),
				changed(object(Blob, "c"), func(e *entry) { e.kind, e.ref, e.data = refDelta, named("a"), delta(1, "") }),
				changed(object(Blob, "tail"), func(e *entry) { e.kind, e.ref, e.data = refDelta, named("c"), delta(1, "") }),
				changed(object(Blob, "self"), func(e *entry) { e.kind, e.ref, e.data = refDelta, named("self"), delta(1, "") }),
			},
			verdict{[]string{"good"}, map[string]string{"a": "circle", "b": "circle", "c": "circle", "tail": "circle", "self": "circle"}},
		},
		"damaged deltas": {
			[]entry{good, base,
				ref("insert of nothing", func(e *entry) { e.data = []byte{5, 22, 0} }),
				ref("copy past the base", func(e *entry) { e.data = []byte{5, 23, 0x91, 1, 5} }),
				ref("insert past the end", func(e *entry) { e.data = []byte{5, 24, 20, 'x'} }),
				ref("too much", func(e *entry) { e.data = []byte{5, 1, 0x90, 5} }),
				ref("too little", func(e *entry) { e.data = []byte{5, 15, 0x90, 5} }),
				ref("another base", func(e *entry) { e.data = []byte{6, 5, 0x90, 5} }),
				ref("cut in a copy", func(e *entry) { e.data = []byte{5, 18, 0xff, 1} }),
				ref("cut in the head", func(e *entry) { e.data = []byte{5} }),
				ref("endless head", func(e *entry) { e.data = bytes.Repeat([]byte{0xff}, 30) }),
				ref("empty", func(e *entry) { e.data = nil }),
			},
			verdict{[]string{"good", "base "}, map[string]string{
				"base insert of nothing": "delta is damaged", "base copy past the base": "delta is damaged",
				"base insert past the end": "delta is damaged", "base too much": "delta is damaged",
				"base too little": "shorter", "base another base": "base of 6 bytes, not of 5",
				"base cut in a copy": "delta is damaged", "base cut in the head": "delta is damaged",
				"base endless head": "delta is damaged", "base empty": "delta is damaged",
			}},
		},
		"not compressed": {
			[]entry{good, changed(object(Blob, "raw"), func(e *entry) { e.packed = []byte("raw") }), changed(object(Blob, "none"), func(e *entry) { e.packed = []byte{} })},
			verdict{[]string{"good"}, map[string]string{"raw": "inflate", "none": "inflate"}},
		},
		"preset dictionary": {
			[]entry{good, changed(object(Blob, "dict"), func(e *entry) { e.packed = []byte{0x78, 0xbb, 1, 2, 3, 4, 5, 6, 7, 8, 9} })},
			verdict{[]string{"good"}, map[string]string{"dict": "inflate"}},
		},
		"offsets out of the pack": {
			[]entry{good, changed(object(Blob, "far"), func(e *entry) { e.offset = 1 << 30 }),
				changed(object(Blob, "very far"), func(e *entry) { e.offset = 1 << 62 }),
				changed(object(Blob, "impossible"), func(e *entry) { e.offset = math.MaxUint64 }),
				changed(object(Blob, "before"), func(e *entry) { e.offset = 4 })},
			verdict{[]string{"good"}, map[string]string{"far": "outside", "very far": "outside", "impossible": "outside", "before": "outside"}},
		},
		"wrong checksum, right content": {
			[]entry{good, changed(object(Blob, "fine"), func(e *entry) { e.crcFlip = true })},
			verdict{seen: []string{"good", "fine"}},
		},
		"wrong checksum, wrong content": {
			[]entry{good, changed(object(Blob, "lie"), func(e *entry) { e.crcFlip, e.data = true, []byte("lye") })},
			verdict{[]string{"good"}, map[string]string{"lie": "does not match the id"}},
		},
		"the same object twice": {
			[]entry{good, good, changed(good, func(e *entry) { e.data = []byte("evil") })},
			verdict{seen: []string{"good"}},
		},
	}
}

func TestFaultyEntries(t *testing.T) {
	tests := entryFaults()
	maps.Copy(tests, chainFaults())
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			names := map[ID]string{}
			for _, e := range test.entries {
				names[e.id] = "?"
			}
			for _, text := range append(slices.Collect(maps.Keys(test.want.problems)), test.want.seen...) {
				names[named(text)] = text
			}
			dir := newStoreDir(t)
			addPack(t, dir, "pack-test", test.entries...)
			checkVerdict(t, open(t, dir, Options{MaxObject: 1 << 20}), names, test.want)
			s := open(t, dir, Options{MaxObject: 1 << 20})
			unmap(t, s)
			checkVerdict(t, s, names, test.want)

			// The same with the missing parts in another pack, and what is damaged there in good order as well.
			var whole []entry
			for id, text := range names {
				if len(text) < 1<<20 {
					whole = append(whole, entry{id: id, kind: uint8(Blob), data: []byte(text)})
				}
			}
			whole = append(whole, object(Blob, "base "), object(Blob, "unrelated"), object(Blob, "filler 1"), object(Blob, "filler 2"))
			addPack(t, dir, "pack-whole", whole...)
			_, problems := each(t, open(t, dir, Options{MaxObject: 1 << 20}), EachOptions{})
			for id, err := range problems {
				if parsed, _ := ParseID(id); len(names[parsed]) < 1<<20 {
					t.Errorf("%q is reported though there is a good copy: %v", names[parsed], err)
				}
			}
		})
	}
}

func TestErrorsAreTyped(t *testing.T) {
	dir := newStoreDir(t)
	large, broken := object(Blob, strings.Repeat("large", 100)), object(Blob, "broken")
	broken.data = []byte("brokem")
	addPack(t, dir, "pack-test", large, broken)
	s := open(t, dir, Options{MaxObject: 100})
	_, _, err := s.Get(large.id)
	var tooLarge *TooLargeError
	if !errors.As(err, &tooLarge) || *tooLarge != (TooLargeError{500, 100}) {
		t.Errorf("Get of a large object: %v", err)
	}
	if typ, size, err := s.Stat(large.id); typ != Blob || size != 500 || err != nil {
		t.Errorf("Stat of a large object: %s, %d, %v", typ, size, err)
	}
	_, _, err = s.Get(broken.id)
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || !strings.HasPrefix(corrupt.Where, filepath.Join(dir, "pack", "pack-test.pack")) {
		t.Errorf("Get of a damaged object: %v", err)
	}
	if _, _, err := s.Get(ID{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of no id: %v", err)
	}
	if s.Has(ID{}) {
		t.Error("the store has no id")
	}
}

func TestDeclaredSizesDoNotAllocate(t *testing.T) {
	dir := newStoreDir(t)
	var entries []entry
	for i := range 50 {
		e := object(Blob, fmt.Sprint("small ", i))
		e.size = 400 << 20
		entries = append(entries, e)
		d := child(refDelta, "good", fmt.Sprint(i))
		d.data = append([]byte{4, 0x80, 0x80, 0x80, 0xc0, 1}, 0x90, 4)
		entries = append(entries, d)
	}
	entries = append(entries, object(Blob, "good"))
	addPack(t, dir, "pack-test", entries...)
	s := open(t, dir, Options{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	seen, problems := each(t, s, EachOptions{Workers: 1})
	runtime.ReadMemStats(&after)
	if len(seen) != 1 || len(problems) != 100 {
		t.Errorf("%d seen, %d problems, want 1 and 100", len(seen), len(problems))
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
		t.Errorf("declared sizes made it allocate %d bytes", n)
	}
}

func TestDepthLimit(t *testing.T) {
	base := object(Blob, "x")
	entries := []entry{base}
	text := "x"
	for i := range 30 {
		e := child(ofsDelta, text, "y")
		e.back = i
		entries = append(entries, e)
		text += "y"
	}
	dir := newStoreDir(t)
	addPack(t, dir, "pack-test", entries...)
	for limit, want := range map[int]int{0: 31, 30: 31, 29: 30, 5: 6} {
		s := open(t, dir, Options{MaxDepth: limit})
		seen, problems := each(t, s, EachOptions{})
		if len(seen) != want || len(problems) != 31-want {
			t.Errorf("with a limit of %d: %d seen, %d problems, want %d and %d", limit, len(seen), len(problems), want, 31-want)
		}
		_, _, err := open(t, dir, Options{MaxDepth: limit}).Get(entries[30].id)
		if (err == nil) != (want == 31) {
			t.Errorf("with a limit of %d, Get: %v", limit, err)
		}
	}
}

// TestHostileCopiesEnd has deltas that refer to each other across packs, each object in many copies. Trying all copies
// of all bases would take for ever.
func TestHostileCopiesEnd(t *testing.T) {
	dir := newStoreDir(t)
	var ids []ID
	for i := range 12 {
		ids = append(ids, idOf(Blob, []byte{byte(i)}))
	}
	for p := range 8 {
		var entries []entry
		for i := range ids {
			if i%2 == p%2 {
				entries = append(entries, entry{id: ids[i], kind: refDelta, data: delta(1, ""), ref: ids[(i+1+2*(p/2))%len(ids)]})
			}
		}
		addPack(t, dir, fmt.Sprint("pack-", p), entries...)
	}
	start := time.Now()
	s := open(t, dir, Options{})
	seen, problems := each(t, s, EachOptions{})
	if len(seen) != 0 || len(problems) != len(ids) {
		t.Errorf("%d seen, %d problems", len(seen), len(problems))
	}
	for _, id := range ids {
		if _, _, err := s.Stat(id); err == nil {
			t.Error("Stat knows the type of what has none")
		}
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %s", d)
	}
}
