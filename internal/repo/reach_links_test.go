package repo

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

// draw decides how a version of a tree is made; it is random numbers or the bytes of a fuzzer.
type draw func(n int) int

func drawFrom(data []byte) draw {
	return func(n int) int {
		if len(data) == 0 || n <= 1 {
			return 0
		}
		v := int(data[0])
		data = data[1:]
		if n > 256 && len(data) > 0 {
			v = v<<8 | int(data[0])
			data = data[1:]
		}
		return v % n
	}
}

// treeMaker writes trees and deltas of them, as git would and as it would not.
type treeMaker struct {
	draw draw
	ids  [][]byte
}

func (m *treeMaker) entry() []byte {
	modes := []string{
		"100644", "100644", "40000", "100755", "120000", "160000", "040000", "100664", "7", "8", "", "12345670", "1006440000", "0",
	}
	mode := modes[m.draw(6)]
	if m.draw(12) == 1 {
		mode = modes[m.draw(len(modes))]
	}
	name := fmt.Sprintf("name%d", m.draw(40))
	switch m.draw(30) {
	case 1:
		name = ""
	case 2:
		name = strings.Repeat("n", 200+m.draw(60))
	case 3:
		name = "100644 x"
	}
	space := " "
	if m.draw(40) == 1 {
		space = ""
	}
	return slices.Concat([]byte(mode+space+name), []byte{0}, m.ids[m.draw(len(m.ids))])
}

func (m *treeMaker) tree(entries int) []byte {
	var tree []byte
	for range entries {
		tree = append(tree, m.entry()...)
	}
	return tree
}

// version makes content out of copies of a base, some of them as git makes them, and of inserted bytes.
func (m *treeMaker) version(base []byte) (data []byte, copies []pack.Copy) {
	at := 0
	for range 1 + m.draw(12) {
		switch kind := m.draw(8); {
		case kind < 4 && at < len(base):
			// A run of the base, from where the last one ended or from somewhere behind.
			from := at
			if kind > 1 {
				from = min(len(base), at+m.draw(80))
			}
			n := min(len(base)-from, m.draw(400))
			copies = append(copies, pack.Copy{From: from, To: len(data), Len: n})
			data = append(data, base[from:from+n]...)
			at = from + n
		case kind == 4 && len(base) > 0:
			from := m.draw(len(base))
			n := min(len(base)-from, 1+m.draw(3))
			copies = append(copies, pack.Copy{From: from, To: len(data), Len: n})
			data = append(data, base[from:from+n]...)
			at = from + n
		case kind == 5:
			data = append(data, m.tree(1+m.draw(3))...)
		case kind == 6:
			raw := m.entry()
			data = append(data, raw[m.draw(len(raw)):]...)
		default:
			at = 0
		}
	}
	if rest := base[at:]; m.draw(3) > 0 && len(rest) > 0 {
		copies = append(copies, pack.Copy{From: at, To: len(data), Len: len(rest)})
		data = append(data, rest...)
	}
	copies = slices.DeleteFunc(copies, func(c pack.Copy) bool { return c.Len == 0 })
	return data, copies
}

// checkedTree is what a link check has to say of a tree.
type checkedTree struct {
	Gaps    []string
	Entries []string
}

// listed are the entries that a record stands for, base and all.
func listed(t testing.TB, c *LinkCheck, records []treeRecord, number uint32) []string {
	t.Helper()
	if number == 0 {
		return nil
	}
	var entries, base []string
	r := &records[number]
	if r.base != 0 {
		base = listed(t, c, records, r.base)
	}
	reader := recordReader{rest: r.steps}
	for {
		fresh, start, count, more := reader.step()
		if !more {
			return entries
		}
		if !fresh {
			entries = append(entries, base[start:start+count]...)
			continue
		}
		for range count {
			e := reader.entry()
			entries = append(entries, fmt.Sprintf("%d %q %d", e.kind, c.workers[r.worker].texts[e.name], e.number))
		}
	}
}

// checkVersions shows a chain of trees to two checks, one of which is not told how each was made. It returns how many
// entries the other one took over from bases.
func checkVersions(t testing.TB, r *Repository, m *treeMaker) (carried int) {
	t.Helper()
	edits, whole := r.NewLinkCheck(1), r.NewLinkCheck(1)
	metNames := [2]map[string]bool{{}, {}}
	for i, c := range []*LinkCheck{edits, whole} {
		c.Names = func(_ int, _ pack.ID, name []byte, _ uint32) error {
			metNames[i][string(name)] = true
			return nil
		}
	}
	type version struct {
		data  []byte
		state any
	}
	var versions []version
	for n := range 3 + m.draw(10) {
		id, _ := pack.IDFromBytes(fmt.Appendf(nil, "tree %015d", n))
		o := pack.Object{ID: id, Type: pack.Tree, Deltas: true}
		if n == 0 || m.draw(10) == 1 {
			o.Data = m.tree(m.draw(40))
		} else {
			base := versions[m.draw(len(versions))]
			o.Data, o.Copies = m.version(base.data)
			o.BaseState = base.state
		}
		var results [2]checkedTree
		plain := pack.Object{ID: id, Type: pack.Tree, Data: o.Data, Deltas: true}
		for i, show := range []struct {
			check *LinkCheck
			o     *pack.Object
		}{{edits, &o}, {whole, &plain}} {
			gap := func(what, item string, why error) {
				results[i].Gaps = append(results[i].Gaps, fmt.Sprint(what, item, why))
			}
			if err := show.check.Tree(0, show.o, gap); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				carried += carriedBy(show.check.workers[0])
			}
			records := show.check.Records().all()
			results[i].Entries = listed(t, show.check, records, uint32(len(records)-1))
		}
		if !slices.Equal(results[0].Gaps, results[1].Gaps) || !slices.Equal(results[0].Entries, results[1].Entries) {
			t.Fatalf("version %d, %d bytes, copies %v: parsed -, by its edits +:\n%s", n, len(o.Data), o.Copies,
				cmp.Diff(results[1], results[0]))
		}
		if (o.State == nil) != (plain.State == nil) {
			t.Fatalf("version %d: state by edits %v, parsed %v", n, o.State, plain.State)
		}
		if o.State != nil {
			want, got := plain.State.(*treeState).lengths, o.State.(*treeState).lengths
			if !bytes.Equal(want, got) {
				t.Fatalf("version %d: lengths %v, by its edits %v", n, want, got)
			}
		}
		compareParse(t, whole, o.Data, results[1].Entries)
		versions = append(versions, version{o.Data, o.State})
	}
	if !maps.Equal(edits.missing, whole.missing) || !maps.Equal(metNames[0], metNames[1]) {
		t.Fatalf("missing %v, want %v; names %v, want %v", edits.missing, whole.missing, metNames[0], metNames[1])
	}
	return carried
}

// carriedBy returns how many entries of its last tree a worker took over from the base.
func carriedBy(w *linkWorker) (n int) {
	for _, s := range w.steps {
		if !s.fresh {
			n += s.count
		}
	}
	return n
}

// compareParse compares recorded entries with those of the parser.
func compareParse(t testing.TB, c *LinkCheck, data []byte, entries []string) {
	t.Helper()
	var want []string
	for e := range ParseTree(data, c.idLen) {
		if e.ID.IsZero() {
			break
		}
		number := uint32(0)
		if !IsGitlink(e.Mode) {
			number = c.numberOf(e.ID)
		}
		want = append(want, fmt.Sprintf("%d %q %d", entryKind(e.Mode), e.Name, number))
	}
	if !slices.Equal(want, entries) {
		t.Fatalf("by the parser -, recorded +:\n%s", cmp.Diff(want, entries))
	}
}

// linkSandbox is a repository with some objects, and ids of which some are not in it.
func linkSandbox(t testing.TB) (*Repository, [][]byte) {
	t.Helper()
	s := newSandbox(t)
	var ids [][]byte
	for i := range 12 {
		ids = append(ids, mustID(t, s.feed(fmt.Sprint("blob ", i), "hash-object", "-w", "--stdin")).Bytes())
	}
	s.git("repack", "-adfq") // unreachable blobs stay loose
	s.write("packed.txt", "packed\n")
	s.commit("packed")
	s.git("repack", "-adfq")
	ids = append(ids, mustID(t, s.git("rev-parse", "HEAD:packed.txt")).Bytes(), mustID(t, s.git("rev-parse", "HEAD^{tree}")).Bytes())
	ids = append(ids, bytes.Repeat([]byte{0}, 20), bytes.Repeat([]byte{0xff}, 20), []byte("100644 x\x00 100644 y\x00 1"))
	return s.open(), ids
}

// TestEditedTreesAreCheckedLikeWholeOnes holds the check of what a delta changes against a check of everything.
func TestEditedTreesAreCheckedLikeWholeOnes(t *testing.T) {
	r, ids := linkSandbox(t)
	carried := 0
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 3))
		carried += checkVersions(t, r, &treeMaker{rng.IntN, ids})
	}
	if carried < 1000 {
		t.Errorf("%d entries taken over from bases: too few to prove anything", carried)
	}
}

func FuzzEditedTrees(f *testing.F) {
	r, ids := linkSandbox(f)
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 4))
		data := make([]byte, 2000)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		checkVersions(t, r, &treeMaker{drawFrom(data), ids})
	})
}

// TestHostileCopiesAreLinear gives copies that go back and forth in a large base; the count of what is passed over shows
// that they are given up in time, and the result that nothing is lost by it.
func TestHostileCopiesAreLinear(t *testing.T) {
	r, ids := linkSandbox(t)
	check := r.NewLinkCheck(1)
	const entries = 20_000
	var data []byte
	for i := range entries {
		data = append(data, fmt.Appendf(nil, "100644 n%06d\x00", i)...)
		data = append(data, ids[0]...)
	}
	base := pack.Object{ID: mustID(t, strings.Repeat("1", 40)), Type: pack.Tree, Data: data, Deltas: true}
	if err := check.Tree(0, &base, noGap(t)); err != nil {
		t.Fatal(err)
	}
	length := len(data) / entries
	o := pack.Object{ID: mustID(t, strings.Repeat("2", 40)), Type: pack.Tree, BaseState: base.State}
	for i := range entries {
		from := length * (entries - 1) * (i % 2)
		o.Copies = append(o.Copies, pack.Copy{From: from, To: len(o.Data), Len: length})
		o.Data = append(o.Data, data[from:from+length]...)
	}
	if err := check.Tree(0, &o, noGap(t)); err != nil {
		t.Fatal(err)
	}
	w := check.workers[0]
	carried := carriedBy(w)
	if carried == 0 || carried > 100 || len(w.fresh) != entries-carried {
		t.Errorf("%d entries taken over, %d parsed; want a few of them and all others", carried, len(w.fresh))
	}
}
