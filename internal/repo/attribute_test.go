package repo

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
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
	rng     *rand.Rand
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
	}
	return b.String()
}

const inventedCommits = 45

func inventHistory(t *testing.T, seed uint64) *sandbox {
	t.Helper()
	h := &inventedHistory{rng: rand.New(rand.NewPCG(seed, 1))}
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
}

func (s *sandbox) truth() *truth {
	s.t.Helper()
	tr := &truth{
		parents: map[string][]string{}, dates: map[string]int64{}, trees: map[string]map[string]string{},
		keys: map[string][]string{},
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
			tr.trees[fields[0]] = map[string]string{}
			for _, entry := range strings.FieldsFunc(s.git("ls-tree", "-r", "-z", fields[0]), func(r rune) bool { return r == 0 }) {
				head, path, _ := strings.Cut(entry, "\t")
				tr.trees[fields[0]][path] = strings.Fields(head)[2]
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
					Key: key, Path: path, Blob: mustID(s.t, blob), Commit: mustID(s.t, commit),
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
				in.First = time.Unix(slices.Min(dates), 0).UTC()
				in.Last = time.Unix(slices.Max(dates), 0).UTC()
				all = append(all, in)
			}
		}
	}
	return all
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

func (s *sandbox) introductions(holding Holding, opt attributionOptions, gap Gap) []Introduction {
	s.t.Helper()
	r := s.open()
	ctx := context.Background()
	g, err := r.ReadGraph(ctx, 2, gap)
	if err != nil {
		s.t.Fatal(err)
	}
	x, err := r.NewReach(ctx, g, gap)
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := r.introductions(ctx, x, holding, opt, gap)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
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
				got := s.introductions(tr.holding(t), attributionOptions{2, edges, maxTreePlaces}, noGap(t))
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
		found, err := r.Introductions(ctx, x, Holding{id: {"k"}}, 2, noGap(t))
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
