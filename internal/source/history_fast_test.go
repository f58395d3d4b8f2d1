package source

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/chains"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// The tests in this file hold what a history finds in the blobs of packs against a plain scan of what git says is in
// them, whatever the packs look like and whoever reads them.

// blobRules are what the built-in rules find, with the least confidence.
func blobRules(t testing.TB) (*scanner.Scanner, chains.Material) {
	t.Helper()
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{MinConfidence: rules.LowConfidence})
	if err != nil {
		t.Fatal(err)
	}
	var m chains.Material
	for _, r := range set.All() {
		m.Words = append(append(m.Words, r.Anchors...), r.Checks.Context...)
		for _, tmpl := range slices.Concat(r.Examples.Match, r.Examples.Clean) {
			if strings.Contains(tmpl, "pem ") {
				continue // takes long to make
			}
			text, err := rules.Expand(tmpl, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			m.Texts = append(m.Texts, text)
		}
	}
	return s, m
}

// unattributed hides that a history can say who introduced what.
type unattributed struct{ h *History }

func (u unattributed) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	return u.h.Walk(ctx, rec, visit)
}

// gitBlobs is every blob as git prints it, each on its own.
type gitBlobs struct{ printed []byte }

func (g gitBlobs) Walk(_ context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	out := bufio.NewReader(bytes.NewReader(g.printed))
	for {
		line, err := out.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		var id, kind string
		var size int
		if _, err := fmt.Sscan(line, &id, &kind, &size); err != nil {
			return fmt.Errorf("git says %q: %w", line, err)
		}
		data := make([]byte, size+1)
		if _, err := io.ReadFull(out, data); err != nil {
			return err
		}
		if kind != "blob" {
			continue
		}
		rec.AddBlob(size)
		at := scanner.Location{Object: id, Kind: scanner.KindCommitContent}
		if err := visit(&scanner.Chunk{Data: data[:size], Location: at}); err != nil {
			return err
		}
	}
}

// places is what was found in blobs: object, rule, place, decoding, fingerprint, confidence, and what the line looks like.
func places(t testing.TB, s *scanner.Scanner, src scanner.Source) (found []string, cov scanner.Coverage) {
	t.Helper()
	res, err := s.Scan(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Findings {
		// What is inside an archive, git does not show.
		if l := f.Location; l.Kind == scanner.KindCommitContent && l.Member == "" {
			found = append(found, fmt.Sprintf("%s %+v %s %s %s %v", f.RuleID, l, f.Fingerprint, f.Confidence, f.Excerpt, f.Reasons))
		}
	}
	slices.Sort(found)
	return found, res.Coverage
}

// holds compares what a repository's history finds with a plain scan, for several numbers of workers, with and without
// memory for the bases that are still needed. It returns how much there was.
func (s *gitbox) holds(sc *scanner.Scanner, least int) {
	s.t.Helper()
	want, plain := places(s.t, sc, gitBlobs{[]byte(s.git("cat-file", "--batch-all-objects", "--batch", "--unordered") + "\n")})
	if len(want) < least {
		s.t.Fatalf("a plain scan has %d findings: the test tests little", len(want))
	}
	for live, list := range map[int][]int{0: {1, 4}, 1: {2, 4}} {
		for _, workers := range list {
			r, err := repo.Open(s.dir, repo.Options{MaxLive: live})
			if err != nil {
				s.t.Fatal(err)
			}
			got, cov := places(s.t, sc, unattributed{NewHistory(r, HistoryOptions{Workers: workers})})
			if diff := cmp.Diff(want, got); diff != "" {
				s.t.Errorf("%d workers, memory %d: -plain +history: %.4000s", workers, live, diff)
			}
			if cov.Blobs != plain.Blobs {
				s.t.Errorf("%d workers, memory %d: %d blobs of %d", workers, live, cov.Blobs, plain.Blobs)
			}
			if err := r.Close(); err != nil {
				s.t.Error(err)
			}
		}
	}
}

// pack writes a pack of the entries. Those of equal content, which a pack may have once only, are written once.
func (s *gitbox) pack(name string, list []chains.Entry, order []int) {
	s.t.Helper()
	if err := chains.WritePack(filepath.Join(s.dir, ".git", "objects", "pack"), name, list, order); err != nil {
		s.t.Fatal(err)
	}
}

// entries makes entries of versions. One version of each content is kept; what was made from another one of the same
// content is made from that.
func entries(list []chains.Version, c chains.Choices) (all []chains.Entry, order []int) {
	first := map[string]int{}
	same := make([]int, len(list))
	for i, v := range list {
		e := chains.Entry{Version: v, ByID: c.IntN(2) == 0}
		if c.IntN(4) == 0 {
			e.Step = 1 + c.IntN(60)
		}
		if e.Base >= 0 {
			e.Base = same[e.Base]
		}
		if len(v.Data) == 0 {
			e.Version = chains.Version{Base: -1} // git takes no delta of fewer than 4 bytes
		}
		at, twice := first[string(v.Data)]
		if !twice {
			at = i
			first[string(v.Data)] = i
			order = append(order, i)
		}
		same[i] = at
		all = append(all, e)
	}
	return all, order
}

// natural numbers the entries in their order.
func natural(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// TestPacksFindTheSame writes packs of made versions: chains and trees of them, deltas of both kinds, bases before and
// behind their deltas, copies in small steps.
func TestPacksFindTheSame(t *testing.T) {
	s, m := blobRules(t)
	box := newGitbox(t)
	rnd := rand.New(rand.NewPCG(8, 1))
	seen := map[string]bool{}
	for n := range 60 {
		limits := chains.Limits{Versions: 12, Size: 8 << 10, Tree: n%2 == 0}
		if n%10 == 0 {
			limits.Versions = 60
		}
		list, order := entries(chains.Make(m, rnd, limits), rnd)
		if n%3 == 0 { // bases behind their deltas
			slices.Reverse(order)
			for i := range list {
				list[i].ByID = true
			}
		}
		box.pack(fmt.Sprintf("pack-%02d", n), list, order)
		for _, i := range order {
			seen[list[i].ID()] = true
		}
	}
	if len(seen) < 300 {
		t.Errorf("%d blobs: the test tests little", len(seen))
	}
	box.holds(s, 500)
}

// deep makes versions of one text, each from the one before it, in which a value wanders, comes, changes and goes.
func deep(m chains.Material, n int, rnd *rand.Rand) []chains.Version {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "line %d says %x\n", i, rnd.Uint64())
	}
	list := []chains.Version{{Data: []byte(b.String()), Base: -1}}
	for i := range n {
		d := chains.NewDraft(list[i].Data)
		at := rnd.IntN(d.Len())
		switch text := m.Texts[rnd.IntN(len(m.Texts))]; i % 10 {
		case 0:
			d.Insert(at, []byte(text+"\n"))
		case 1:
			d.Delete(at, at+rnd.IntN(80))
		case 2:
			d.Move(at, at+rnd.IntN(400), rnd.IntN(d.Len()))
		case 3:
			d.Assemble(at, []byte(text), func() int { return 1 + rnd.IntN(3) }, func() int { return 0 })
		default:
			d.Insert(at, fmt.Appendf(nil, "%d\n", i))
		}
		if d.Len() > 4<<10 {
			d.Delete(0, 2<<10)
		}
		data, copies := d.Done()
		list = append(list, chains.Version{Data: data, Base: i, Copies: copies})
	}
	return list
}

// TestDeepChains reads chains of 50 and of 500 deltas, one pack each, with branches at the deep end of them.
func TestDeepChains(t *testing.T) {
	s, m := blobRules(t)
	box := newGitbox(t)
	rnd := rand.New(rand.NewPCG(8, 2))
	for _, n := range []int{50, 500} {
		list := deep(m, n, rnd)
		for i := range n / 5 { // each base has a second delta, so that it is kept while the first is followed
			d := chains.NewDraft(list[5*i].Data)
			d.Insert(rnd.IntN(d.Len()), []byte(m.Texts[i%len(m.Texts)]))
			data, copies := d.Done()
			list = append(list, chains.Version{Data: data, Base: 5 * i, Copies: copies})
		}
		all, order := entries(list, rnd)
		box.pack(fmt.Sprintf("pack-%03d", n), all, order)
	}
	box.holds(s, 300)
}

// TestOneByteCopies makes contents of nothing but single bytes of their base.
func TestOneByteCopies(t *testing.T) {
	s, m := blobRules(t)
	box := newGitbox(t)
	text := strings.Join(m.Texts[:60], "\n") + "\n"
	var alphabet []byte
	for c := range 256 {
		alphabet = append(alphabet, byte(c))
	}
	list := []chains.Version{{Data: append(alphabet, strings.Repeat("filler\n", 500)...), Base: -1}}
	d := chains.NewDraft(list[0].Data)
	d.Assemble(d.Len(), []byte(text), func() int { return 1 }, func() int { return 0 })
	data, copies := d.Done()
	list = append(list, chains.Version{Data: data, Base: 0, Copies: copies})
	d = chains.NewDraft(data)
	d.Delete(0, 300)
	d.Insert(d.Len()/2, []byte("\n"))
	data, copies = d.Done()
	list = append(list, chains.Version{Data: data, Base: 1, Copies: copies})
	for i := range list[1].Copies[1:] { // the root again and again, by single bytes in another order
		if i%400 != 0 {
			continue
		}
		d := chains.NewDraft(list[0].Data)
		d.Assemble(100+i, []byte(text[i:]), func() int { return 1 }, func() int { return i % 7 })
		data, copies := d.Done()
		list = append(list, chains.Version{Data: data, Base: 0, Copies: copies})
	}
	all, order := entries(list, rand.New(rand.NewPCG(1, 1)))
	for i := range all {
		all[i].Step = 1
	}
	box.pack("pack-bytes", all, order)
	if n := len(list[1].Copies); n < 1000 {
		t.Errorf("%d copies: the test tests little", n)
	}
	box.holds(s, 100)
}

// lines returns about n bytes in which nothing is found, no two lines alike.
func lines(n int, name string) []byte {
	var b []byte
	for i := 0; len(b) < n; i++ {
		b = fmt.Appendf(b, "the %s line has the number %d\n", name, i)
	}
	return b
}

// TestLargeCopies moves about what is longer than the longest copy that git writes, and has values at its seams.
func TestLargeCopies(t *testing.T) {
	s, m := blobRules(t)
	box := newGitbox(t)
	var text []byte
	for i := range 12 {
		text = append(append(text, lines(1<<16-len(m.Texts[i])-1, fmt.Sprint(i))...), m.Texts[i]+"\n"...)
	}
	list := []chains.Version{{Data: text, Base: -1}}
	rnd := rand.New(rand.NewPCG(8, 8))
	for i := range 4 {
		d := chains.NewDraft(list[i].Data)
		d.Move(1<<16-200, 4<<16+200, 6<<16)
		d.Insert(rnd.IntN(d.Len()), []byte(m.Texts[20+i]+"\n"))
		d.Delete(0, 100)
		data, copies := d.Done()
		list = append(list, chains.Version{Data: data, Base: i, Copies: copies})
	}
	all, order := entries(list, rnd)
	for i := range all {
		all[i].Step = 1 << 16
	}
	box.pack("pack-large", all, order)
	box.holds(s, 20)
}

// TestRealPacksFindTheSame lets git make the packs: versions as commits, packed with long chains, twice, and some loose.
func TestRealPacksFindTheSame(t *testing.T) {
	s, m := blobRules(t)
	box := newGitbox(t)
	rnd := rand.New(rand.NewPCG(8, 6))
	var in bytes.Buffer
	commit := 0
	for file := range 12 {
		for _, v := range chains.Make(m, rnd, chains.Limits{Versions: 40, Size: 8 << 10}) {
			commit++
			fmt.Fprintf(&in, "commit refs/heads/file%d\ncommitter a <a@example.com> %d +0000\ndata 2\nm\nM 644 inline file\ndata %d\n%s\n",
				file, 1_700_000_000+commit, len(v.Data), v.Data)
		}
	}
	box.write("stream", in.String())
	box.git("config", "gc.auto", "0")
	script := filepath.Join(box.dir, "stream")
	stdin, err := os.Open(script)
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	box.stdin(stdin, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet")
	box.git("repack", "-adfq", "--depth=200", "--window=20")
	for i := range 5 {
		box.write("late", strings.Repeat(m.Texts[i]+"\n", 20))
		box.git("hash-object", "-w", "late")
	}
	box.holds(s, 300)
	box.git("repack", "-adfq", "--depth=3", "--window=50")
	box.holds(s, 300)
}
