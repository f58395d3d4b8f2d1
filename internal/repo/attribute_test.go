package repo

import (
	cmp2 "cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

// inventedHistory writes random histories: renames, copies, deletions, things that come back, files that become links or
// folders, merges that take one side, both or neither, with several parents or none in common, and clocks that run wild.
type inventedHistory struct {
	rng *rand.Rand
	// filler is the number of files without keys in each folder, which make trees long enough to be stored as deltas.
	filler  int
	commits []map[string]invented
	parents [][]int
}

type invented struct{ mode, content string }

func (h *inventedHistory) content() string {
	keys := []string{"", "", "a", "b", "a b", "c", "c c"}[h.rng.IntN(7)]
	return fmt.Sprintf("keys:%s version:%d\n", keys, h.rng.IntN(4))
}

func (h *inventedHistory) path() string {
	return []string{"f", "g", "dir/f", "dir/g", "dir/sub/f", "other/f", "other/sub/f", "f/below", "dir/sub"}[h.rng.IntN(9)]
}

// put places a file and removes what cannot stand beside it.
func put(tree map[string]invented, path string, file invented) {
	maps.DeleteFunc(tree, func(old string, _ invented) bool {
		return strings.HasPrefix(old, path+"/") || strings.HasPrefix(path, old+"/")
	})
	tree[path] = file
}

func (h *inventedHistory) change(tree map[string]invented) {
	paths := slices.Sorted(maps.Keys(tree))
	mode := "100644"
	if h.rng.IntN(5) == 0 {
		mode = []string{"120000", "100755"}[h.rng.IntN(2)]
	}
	switch kind := h.rng.IntN(6); {
	case len(paths) == 0 || kind < 2:
		put(tree, h.path(), invented{mode, h.content()})
	case kind == 2:
		delete(tree, paths[h.rng.IntN(len(paths))])
	case kind == 3:
		from := paths[h.rng.IntN(len(paths))]
		file := tree[from]
		delete(tree, from)
		put(tree, h.path(), file)
	case kind == 4:
		put(tree, h.path(), tree[paths[h.rng.IntN(len(paths))]])
	default:
		path := paths[h.rng.IntN(len(paths))]
		tree[path] = invented{mode, tree[path].content}
	}
}

// next adds a commit.
func (h *inventedHistory) next() {
	n := len(h.commits)
	tree, parents := map[string]invented{}, []int(nil)
	count := []int{1, 1, 1, 1, 2, 2, 3, 4}[h.rng.IntN(8)]
	if n == 0 || h.rng.IntN(15) == 0 {
		count = 0
	}
	for range count {
		// Recent commits, so that branches cross.
		p := max(0, n-1-h.rng.IntN(6))
		if slices.Contains(parents, p) {
			continue
		}
		parents = append(parents, p)
		for _, path := range slices.Sorted(maps.Keys(h.commits[p])) {
			if len(parents) == 1 || h.rng.IntN(2) == 0 {
				put(tree, path, h.commits[p][path])
			}
		}
	}
	changes := 1 + h.rng.IntN(3)
	if len(parents) > 1 {
		changes = h.rng.IntN(2)
	}
	for range changes {
		h.change(tree)
	}
	h.commits = append(h.commits, tree)
	h.parents = append(h.parents, parents)
}

// stream returns the history for git fast-import. Some commits are given branches.
func (h *inventedHistory) stream() string {
	var b strings.Builder
	for n, tree := range h.commits {
		ref := "refs/heads/scratch"
		if h.rng.IntN(4) == 0 || n == len(h.commits)-1 {
			ref = fmt.Sprintf("refs/heads/b%02d", n)
		}
		date := 1_600_000_000 + n*1000 + h.rng.IntN(20_000)
		fmt.Fprintf(&b, "reset %s\ncommit %s\nmark :%d\n", ref, ref, n+1)
		fmt.Fprintf(&b, "committer C <c@example.com> %d +0000\ndata 2\nm\n", date)
		for i, p := range h.parents[n] {
			fmt.Fprintf(&b, "%s :%d\n", []string{"from", "merge"}[min(i, 1)], p+1)
		}
		b.WriteString("deleteall\n")
		for _, path := range slices.Sorted(maps.Keys(tree)) {
			file := tree[path]
			fmt.Fprintf(&b, "M %s inline %s\ndata %d\n%s\n", file.mode, path, len(file.content), file.content)
		}
		for i := range h.filler {
			for _, folder := range []string{"", "dir/", "dir/more/", "other/more/deep/"} {
				content := fmt.Sprintf("keys: version:%d of %d\n", (n+i)/17, i)
				fmt.Fprintf(&b, "M 644 inline %sz%02d\ndata %d\n%s\n", folder, i, len(content), content)
			}
		}
	}
	return b.String()
}

const inventedCommits = 45

func inventHistory(t *testing.T, seed uint64) *sandbox { return inventHistoryWith(t, seed, 0) }

func inventHistoryWith(t *testing.T, seed uint64, filler int) *sandbox {
	t.Helper()
	h := &inventedHistory{rng: rand.New(rand.NewPCG(seed, 1)), filler: filler}
	for range inventedCommits {
		h.next()
	}
	s := newSandbox(t)
	limit := []string{"0", "100000"}[seed%2] // packed or loose
	s.feed(h.stream(), "-c", "fastimport.unpackLimit="+limit, "fast-import", "--quiet", "--force")
	// What only the scratch branch held is unreachable now, but is still in the store.
	s.git("update-ref", "-d", "refs/heads/scratch")
	last := fmt.Sprintf("refs/heads/b%02d", inventedCommits-1)
	s.git("symbolic-ref", "HEAD", last)
	s.git("update-ref", "refs/tags/light", last)
	return s
}

// truth is what git says of a repository's commits.
type truth struct {
	parents map[string][]string
	dates   map[string]int64
	// trees have the blob of each path.
	trees map[string]map[string]string
	keys  map[string][]string
	links map[string]map[string]bool
}

func (s *sandbox) truth() *truth {
	s.t.Helper()
	tr := &truth{
		parents: map[string][]string{}, dates: map[string]int64{}, trees: map[string]map[string]string{},
		keys: map[string][]string{}, links: map[string]map[string]bool{},
	}
	for _, line := range strings.Split(s.git("cat-file", "--batch-all-objects", "--batch-check"), "\n") {
		fields := strings.Fields(line)
		switch fields[1] {
		case "blob":
			content := s.git("cat-file", "blob", fields[0])
			keys, _, _ := strings.Cut(strings.TrimPrefix(content, "keys:"), " version")
			for _, key := range strings.Fields(keys) {
				if !slices.Contains(tr.keys[fields[0]], key) {
					tr.keys[fields[0]] = append(tr.keys[fields[0]], key)
				}
			}
		case "commit":
			out := strings.Fields(s.git("rev-list", "--no-walk", "--parents", "--timestamp", fields[0]))
			tr.dates[fields[0]], _ = strconv.ParseInt(out[0], 10, 64)
			tr.parents[fields[0]] = out[2:]
			tr.trees[fields[0]], tr.links[fields[0]] = map[string]string{}, map[string]bool{}
			for _, entry := range strings.FieldsFunc(s.git("ls-tree", "-r", "-z", fields[0]), func(r rune) bool { return r == 0 }) {
				head, path, _ := strings.Cut(entry, "\t")
				tr.trees[fields[0]][path] = strings.Fields(head)[2]
				tr.links[fields[0]][path] = strings.HasPrefix(head, "120000")
			}
		}
	}
	return tr
}

func (tr *truth) holding(t *testing.T) Holding {
	holding := Holding{}
	for blob, keys := range tr.keys {
		holding[mustID(t, blob)] = keys
	}
	return holding
}

func (tr *truth) holds(commit, path, key string) bool {
	return slices.Contains(tr.keys[tr.trees[commit][path]], key)
}

// introductions works out by the definition what the code should find.
func (tr *truth) introductions(s *sandbox) []Introduction {
	var all []Introduction
	head := s.git("rev-parse", "HEAD")
	for commit, tree := range tr.trees {
		for path, blob := range tree {
			for _, key := range tr.keys[blob] {
				if slices.ContainsFunc(tr.parents[commit], func(p string) bool { return tr.holds(p, path, key) }) {
					continue
				}
				in := Introduction{
					Key: key, Path: path, Blob: tr.blob(s.t, blob), Commit: mustID(s.t, commit),
					InHead: tr.holds(head, path, key), Reached: s.reached(commit),
				}
				blobs := map[string]bool{}
				var dates []int64
				for other := range tr.trees {
					if tr.holds(other, path, key) {
						blobs[tr.trees[other][path]] = true
						dates = append(dates, tr.dates[other])
					}
				}
				in.Versions = len(blobs)
				in.Symlink = tr.links[commit][path]
				in.Removed = tr.removed(s.t, commit, path, key)
				in.First = time.Unix(slices.Min(dates), 0).UTC()
				in.Last = time.Unix(slices.Max(dates), 0).UTC()
				for blob := range blobs {
					if id := tr.blob(s.t, blob); !id.IsZero() {
						in.Blobs = append(in.Blobs, id)
					}
				}
				slices.SortFunc(in.Blobs, pack.ID.Compare)
				all = append(all, in)
			}
		}
	}
	tr.firstOnly(all)
	return all
}

// firstOnly leaves the list of blobs to the first introduction of a key at a path.
func (tr *truth) firstOnly(all []Introduction) {
	slices.SortFunc(all, func(a, b Introduction) int {
		return cmp2.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Path, b.Path), cmp2.Compare(tr.dates[a.Commit.String()], tr.dates[b.Commit.String()]),
			a.Commit.Compare(b.Commit))
	})
	for i := len(all) - 1; i > 0; i-- {
		if all[i].Key == all[i-1].Key && all[i].Path == all[i-1].Path {
			all[i].Blobs = nil
		}
	}
}

// blob returns the id of what the truth calls a blob; a name has none.
func (tr *truth) blob(t testing.TB, blob string) pack.ID {
	if len(blob) != 40 {
		return pack.ID{}
	}
	return mustID(t, blob)
}

// named is the truth about names: each path that ends in one of them, of a file or a folder, holds the name's keys.
func (tr *truth) named(names map[string][]string) *truth {
	other := *tr
	other.trees, other.keys, other.links = map[string]map[string]string{}, names, map[string]map[string]bool{}
	for commit, tree := range tr.trees {
		other.trees[commit] = map[string]string{}
		for path := range tree {
			for ; path != "."; path = filepath.Dir(path) {
				if base := filepath.Base(path); names[base] != nil {
					other.trees[commit][path] = base
				}
			}
		}
	}
	return &other
}

// removed follows a key from a commit to its descendants, as long as they hold it.
func (tr *truth) removed(t testing.TB, from, path, key string) []pack.ID {
	children := map[string][]string{}
	for commit, parents := range tr.parents {
		for _, p := range parents {
			children[p] = append(children[p], commit)
		}
	}
	// descends are all that come after, holders those that are reached through holders only.
	follow := func(stop func(string) bool) map[string]bool {
		seen := map[string]bool{from: true}
		for open := []string{from}; len(open) > 0; open = open[1:] {
			for _, c := range children[open[0]] {
				if !seen[c] && !stop(c) {
					seen[c] = true
					open = append(open, c)
				}
			}
		}
		return seen
	}
	descends := follow(func(string) bool { return false })
	holders := follow(func(c string) bool { return !tr.holds(c, path, key) })
	var all []string
	for commit, parents := range tr.parents {
		if tr.holds(commit, path, key) || !slices.ContainsFunc(parents, func(p string) bool { return holders[p] }) {
			continue
		}
		if !slices.ContainsFunc(parents, func(p string) bool { return descends[p] && !tr.holds(p, path, key) }) {
			all = append(all, commit)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp2.Or(cmp2.Compare(tr.dates[a], tr.dates[b]), cmp2.Compare(a, b))
	})
	var ids []pack.ID
	for _, commit := range all[:min(len(all), MaxRemoved)] {
		ids = append(ids, mustID(t, commit))
	}
	return ids
}

// reached asks git which refs reach a commit.
func (s *sandbox) reached(commit string) Reached {
	s.t.Helper()
	refs := strings.Fields(s.git("for-each-ref", "--contains", commit, "--format=%(refname)"))
	slices.Sort(refs)
	reached := Reached{Access: AccessNone, RefCount: len(refs)}
	if len(refs) > 0 {
		reached.Access, reached.Refs = AccessRef, refs[:min(len(refs), MaxRefs)]
	}
	return reached
}

func noGap(t testing.TB) Gap {
	return func(what, item string, why error) { t.Errorf("gap: %s %s: %v", what, item, why) }
}

// introductions finds out both ways, by reading all trees again and from records, which must agree.
func (s *sandbox) introductions(sought Sought, opt attributionOptions, gap Gap) []Introduction {
	s.t.Helper()
	r := s.open()
	ctx := context.Background()
	check, g := s.checkLinks(r, opt.workers)
	x, err := r.NewReach(ctx, g, gap)
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := r.introductions(ctx, x, sought, opt, gap)
	if err != nil {
		s.t.Fatal(err)
	}
	sought.Records = check.Records()
	replayed, err := r.introductions(ctx, x, sought, opt, func(string, string, error) {})
	if err != nil {
		s.t.Fatal(err)
	}
	if diff := cmp.Diff(got, replayed, compareIDs); diff != "" {
		s.t.Errorf("from trees -, from records +:\n%s", diff)
	}
	return got
}

// checkLinks shows a link check all trees and commits.
func (s *sandbox) checkLinks(r *Repository, workers int) (*LinkCheck, *Graph) {
	s.t.Helper()
	store, err := r.Objects()
	if err != nil {
		s.t.Fatal(err)
	}
	check, builder := r.NewLinkCheck(workers), NewGraphBuilder()
	ignore := func(string, string, error) {}
	err = store.Each(context.Background(), pack.EachOptions{Workers: workers}, func(worker int, o *pack.Object) error {
		switch o.Type {
		case pack.Tree:
			return check.Tree(worker, o, ignore)
		case pack.Commit:
			c, err := ParseCommit(o.Data)
			if err != nil {
				return err
			}
			builder.Add(o.ID, c)
		}
		return nil
	}, func(pack.Problem) {})
	if err != nil {
		s.t.Fatal(err)
	}
	g := builder.Graph()
	check.Graph(g)
	return check, g
}

func byPlace(a, b Introduction) int {
	return strings.Compare(a.Key+"\x00"+a.Path+"\x00"+a.Commit.String(), b.Key+"\x00"+b.Path+"\x00"+b.Commit.String())
}

var compareIDs = cmp.Comparer(func(a, b pack.ID) bool { return a == b })

// TestIntroductionsFollowTheDefinition compares with trees and parents as git lists them, on random histories.
func TestIntroductionsFollowTheDefinition(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := inventHistory(t, seed)
			tr := s.truth()
			want := tr.introductions(s)
			if len(want) < 20 {
				t.Fatalf("only %d introductions: the history is too dull to prove anything", len(want))
			}
			slices.SortFunc(want, byPlace)
			for _, edges := range []int64{maxTreeEdges, 30, 0} {
				got := s.introductions(Sought{Blobs: tr.holding(t)}, attributionOptions{2, edges, maxTreePlaces}, noGap(t))
				slices.SortFunc(got, byPlace)
				if diff := cmp.Diff(want, got, compareIDs); diff != "" {
					t.Fatalf("room for %d edges: want -, got +:\n%s", edges, diff)
				}
			}
		})
	}
}

// TestIntroductionsAgreeWithFindObject asks git itself, for one blob at a time: a commit introduces it at a path if the
// comparison with each parent shows it as new there.
func TestIntroductionsAgreeWithFindObject(t *testing.T) {
	s := inventHistory(t, 100)
	tr := s.truth()
	r := s.open()
	ctx := context.Background()
	g, err := r.ReadGraph(ctx, 2, noGap(t))
	if err != nil {
		t.Fatal(err)
	}
	x, err := r.NewReach(ctx, g, noGap(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, blob := range slices.Sorted(maps.Keys(tr.keys)) {
		id := mustID(t, blob)
		found, err := r.Introductions(ctx, x, Sought{Blobs: Holding{id: {"k"}}}, 2, noGap(t))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, in := range found {
			if in.Access == AccessRef {
				got = append(got, in.Commit.String()+" "+in.Path)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(s.findObject(blob, tr), got); diff != "" {
			t.Errorf("blob %s: want -, got +:\n%s", blob, diff)
		}
	}
}

func (s *sandbox) findObject(blob string, tr *truth) []string {
	s.t.Helper()
	out := s.git("log", "--all", "--find-object="+blob, "-m", "--raw", "--no-renames", "--no-abbrev", "--format=@%H")
	fresh := map[string]int{}
	commit := ""
	for _, line := range strings.Split(out, "\n") {
		if id, ok := strings.CutPrefix(line, "@"); ok {
			commit = id
			continue
		}
		// ":OLDMODE NEWMODE OLD NEW STATUS<tab>PATH"
		head, path, found := strings.Cut(line, "\t")
		if fields := strings.Fields(head); found && fields[3] == blob && fields[2] != blob {
			fresh[commit+" "+path]++
		}
	}
	var all []string
	for place, times := range fresh {
		commit, _, _ := strings.Cut(place, " ")
		if times == max(1, len(tr.parents[commit])) {
			all = append(all, place)
		}
	}
	slices.Sort(all)
	return all
}
