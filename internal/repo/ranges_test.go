package repo

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1" //nolint:gosec // git's object names
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

func (s *sandbox) walk(spec string) *Range {
	s.t.Helper()
	g, err := s.walkErr(spec)
	if err != nil {
		s.t.Fatal(err)
	}
	return g
}

func (s *sandbox) walkErr(spec string) (*Range, error) {
	r := s.open()
	parsed, err := r.ParseRange(spec)
	if err != nil {
		return nil, err
	}
	return r.Range(context.Background(), parsed)
}

func hexes(g *Range) []string {
	var out []string
	for _, id := range g.Commits {
		out = append(out, id.String())
	}
	return out
}

// randomHistory makes a history with merges, dates in disorder, and files that come, change, move and go.
func (s *sandbox) randomHistory(seed int64, n int) (ids []string) {
	random := rand.New(rand.NewSource(seed))
	tree := map[string]map[string]string{} // commit to files
	stream := &strings.Builder{}
	mark := func(i int) string { return fmt.Sprintf(":%d", i+1) }
	for i := range n {
		var parents []int
		for range min(i, 1+random.Intn(8)/5) {
			p := max(0, i-1-random.Intn(6))
			if !slices.Contains(parents, p) {
				parents = append(parents, p)
			}
		}
		files := map[string]string{}
		for _, p := range parents {
			for name, content := range tree[mark(p)] {
				if _, ok := files[name]; !ok || random.Intn(2) == 0 {
					files[name] = content
				}
			}
		}
		for range random.Intn(4) {
			name := fmt.Sprintf("%c/%c/%d", 'a'+random.Intn(2), 'a'+random.Intn(2), random.Intn(4))
			switch content, exists := files[name]; {
			case exists && random.Intn(4) == 0:
				delete(files, name)
			case exists && random.Intn(4) == 0:
				delete(files, name)
				files[name+"m"] = content
			default:
				files[name] = lines(fmt.Sprint(seed, i, random.Int()), 3)
			}
		}
		tree[mark(i)] = files
		fmt.Fprintf(stream, "commit refs/heads/c%d\nmark %s\ncommitter C <c@x> %d +0000\ndata 1\nm\n", i, mark(i), 1_700_000_000+int64(i*100-random.Intn(1000)))
		for k, p := range parents {
			fmt.Fprintf(stream, "%s %s\n", []string{"from", "merge"}[min(k, 1)], mark(p))
		}
		stream.WriteString("deleteall\n")
		for name, content := range files {
			fmt.Fprintf(stream, "M 100644 inline %s\ndata %d\n%s\n", name, len(content), content)
		}
	}
	s.feed(stream.String(), "fast-import", "--quiet", "--force")
	for i := range n {
		ids = append(ids, fmt.Sprintf("c%d", i))
	}
	return strings.Fields(s.git(append([]string{"rev-parse"}, ids...)...))
}

func TestRangeAgreesWithGit(t *testing.T) {
	for seed := range int64(3) {
		s := newSandbox(t)
		ids := s.randomHistory(seed, 60)
		random := rand.New(rand.NewSource(seed))
		for range 10 {
			a, b := ids[random.Intn(len(ids))], ids[random.Intn(len(ids))]
			want := strings.Fields(s.git("rev-list", a+".."+b))
			slices.Sort(want)
			g := s.walk(a + ".." + b)
			got := hexes(g)
			again := hexes(s.walk(a + "..." + b))
			if !slices.Equal(got, again) {
				t.Errorf("%s..%s and %s...%s differ", a, b, a, b)
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				t.Fatalf("%s..%s (-git +ours):\n%s", a, b, diff)
			}
			if len(g.Problems) > 0 {
				t.Errorf("problems %v", g.Problems)
			}
		}
	}
}

func TestRangeOfSeveralEnds(t *testing.T) {
	for seed := range int64(3) {
		s := newSandbox(t)
		ids := s.randomHistory(seed+20, 60)
		random := rand.New(rand.NewSource(seed))
		resolve := func(rev string) pack.ID {
			id, err := s.open().Resolve(rev)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		for round := range 10 {
			var spec RangeSpec
			args := []string{"rev-list"}
			for range 1 + random.Intn(3) {
				id := ids[random.Intn(len(ids))]
				spec.Tips, args = append(spec.Tips, resolve(id)), append(args, id)
			}
			for range round % 4 {
				id := ids[random.Intn(len(ids))]
				spec.Bases, args = append(spec.Bases, resolve(id)), append(args, "^"+id)
			}
			want := strings.Fields(s.git(args...))
			g, err := s.open().Range(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			got := hexes(g)
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				t.Fatalf("%v (-git +ours):\n%s", args, diff)
			}
		}
	}
}

func TestRangeOrder(t *testing.T) {
	s := newSandbox(t)
	ids := s.randomHistory(7, 40)
	g := s.walk(ids[0] + ".." + ids[39])
	at := map[string]int{}
	for i, id := range hexes(g) {
		at[id] = i
	}
	for _, id := range g.Commits {
		c, err := g.repo.Commit(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range c.Parents {
			if i, ok := at[p.String()]; ok && i > at[id.String()] {
				t.Errorf("commit %s stands before its parent %s", id, p)
			}
		}
	}
}

func TestRangeChangesAgreeWithGit(t *testing.T) {
	s := newSandbox(t)
	ids := s.randomHistory(5, 60)
	merges := 0
	for _, tip := range ids[56:] {
		g := s.walk(ids[0] + ".." + tip)
		for _, id := range g.Commits {
			set, err := g.Changes(context.Background(), id)
			if err != nil {
				t.Fatal(err)
			}
			if len(set.Problems) > 0 {
				t.Errorf("problems %v", set.Problems)
			}
			// A path is changed if it is in the comparison with every parent; git leaves moves out of each.
			count := map[string]int{}
			for _, p := range set.Commit.Parents {
				for _, entry := range s.rawDiff("diff-tree", "-r", p.String(), id.String()) {
					count[entry]++
				}
			}
			var want []string
			for entry, n := range count {
				if n == len(set.Commit.Parents) {
					want = append(want, entry)
				}
			}
			if len(set.Commit.Parents) > 1 {
				merges++
			}
			got := changed(set)
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s with %d parents (-git +ours):\n%s", id, len(set.Commit.Parents), diff)
			}
		}
	}
	if merges < 5 {
		t.Errorf("only %d merges: the test shows little", merges)
	}
}

func TestRangeRootCommit(t *testing.T) {
	s := newSandbox(t)
	s.write("a", "a\n")
	s.commit("one")
	s.git("checkout", "-q", "--orphan", "other")
	s.write("b/c", "c\n")
	s.commit("other root")
	g := s.walk("main..other")
	if len(g.Commits) != 1 || len(g.Problems) != 0 {
		t.Fatalf("commits %v, problems %v", g.Commits, g.Problems)
	}
	set, err := g.Changes(context.Background(), g.Commits[0])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{s.git("rev-parse", "other:a") + " a", s.git("rev-parse", "other:b/c") + " b/c"}
	if diff := cmp.Diff(want, changed(set)); diff != "" {
		t.Error(diff)
	}
	_, err = s.walkErr("main...other")
	var bad *RangeError
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), "two dots") {
		t.Errorf("error %v, want a RangeError that names the other spelling", err)
	}
}

func TestRangeErrors(t *testing.T) {
	s := newSandbox(t)
	s.commit("one")
	for spec, want := range map[string]string{
		"":                                  "BASE..HEAD",
		"HEAD":                              "BASE..HEAD",
		"..HEAD":                            "BASE..HEAD",
		"...":                               "BASE..HEAD",
		"..":                                "BASE..HEAD",
		"HEAD..HEAD..HEAD":                  "BASE..HEAD",
		"HEAD....HEAD":                      "BASE..HEAD",
		"^HEAD main":                        "BASE..HEAD",
		"--all..HEAD":                       "branch, a tag",
		"nothing..HEAD":                     "git fetch origin nothing",
		"HEAD..nothing":                     "fetch-depth: 0",
		strings.Repeat("0", 40) + "..HEAD":  "origin/main..HEAD",
		strings.Repeat("12", 20) + "..HEAD": "fetch",
	} {
		_, err := s.walkErr(spec)
		var bad *RangeError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want a RangeError that says %q", spec, err, want)
		}
	}
	if g := s.walk("HEAD.."); len(g.Commits) != 0 || len(g.Problems) != 0 {
		t.Errorf("an empty range: %v", g)
	}
}

func TestRangeInAShallowClone(t *testing.T) {
	origin := newSandbox(t)
	origin.write("old", lines("old", 5))
	base := origin.commit("one")
	for i := range 5 {
		origin.write(fmt.Sprintf("f%d", i), lines(fmt.Sprint(i), 5))
		origin.commit("more")
	}
	origin.git("checkout", "-q", "-b", "feature", base)
	origin.write("new", "new\n")
	origin.commit("feature")
	shallow := origin.at(filepath.Join(t.TempDir(), "shallow"))
	origin.git("clone", "-q", "--depth=2", "--no-single-branch", "file://"+origin.dir, shallow.dir)

	// Everything of this range is there, up to a boundary that belongs to the base as well.
	if g := shallow.walk("origin/main~1..origin/main"); len(g.Commits) != 1 || len(g.Problems) != 0 {
		t.Errorf("commits %v, problems %v; want one commit", g.Commits, g.Problems)
	}
	// The base is there, but what lies between is not.
	g := shallow.walk("origin/feature..origin/main")
	if len(g.Problems) != 1 || !strings.Contains(g.Problems[0].Reason, "git fetch --unshallow") {
		t.Fatalf("problems %v, want one that names git fetch --unshallow", g.Problems)
	}
	// The commit at the boundary is compared with the base, not with nothing.
	set, err := g.Changes(context.Background(), g.Commits[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range set.Changes {
		if c.Path == "old" {
			t.Error("a file that the base has counts as new")
		}
	}
	if len(set.Changes) != 4 {
		t.Errorf("changes %v, want the four files that the base has not", changed(set))
	}
	_, err = shallow.walkErr("origin/feature~1...origin/main~1")
	if err == nil || !strings.Contains(err.Error(), "unshallow") {
		t.Errorf("error %v, want one that names git fetch --unshallow", err)
	}
}

func TestRangeWithMissingObjects(t *testing.T) {
	s := newSandbox(t)
	s.write("dir/a", "a\n")
	one := s.commit("one")
	s.write("dir/a", "b\n")
	two := s.commit("two")
	s.write("dir/a", "c\n")
	s.commit("three")
	s.lose(two)
	g := s.walk(one + "..HEAD")
	if len(g.Commits) != 1 || len(g.Problems) != 1 || g.Problems[0].Item != two {
		t.Errorf("commits %v, problems %v; want a problem about %s", g.Commits, g.Problems, two)
	}
	s.lose(s.git("rev-parse", "HEAD:dir"))
	set, err := g.Changes(context.Background(), g.Commits[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Problems) != 1 || set.Problems[0].What != "trees" {
		t.Errorf("problems %v, want one about a tree", set.Problems)
	}
}

func TestChangesOfHostileTrees(t *testing.T) {
	s := newSandbox(t)
	s.write("f", "x\n")
	base := s.commit("one")
	blob := s.git("rev-parse", "HEAD:f")
	raw := func(entries ...string) string { return s.makeTree(entries...) }
	commit := func(tree string) string {
		return s.git("commit-tree", tree, "-p", base, "-m", "x")
	}
	run := func(id string) *ChangeSet {
		t.Helper()
		g := s.walk(base + ".." + id)
		set, err := g.Changes(context.Background(), g.Commits[0])
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	// Each level names the one below it 16 times: 16^12 paths in 13 objects.
	tree := raw("100644 g " + s.feed("bomb\n", "hash-object", "-w", "--stdin"))
	for range 12 {
		var entries []string
		for i := range 16 {
			entries = append(entries, fmt.Sprintf("40000 %c %s", 'a'+i, tree))
		}
		tree = raw(entries...)
	}
	if set := run(commit(tree)); len(set.Problems) != 1 || set.Problems[0].What != "changes" {
		t.Errorf("a bomb: problems %v, want one about the changes", set.Problems)
	}
	deep := raw("100644 g " + s.feed("deep\n", "hash-object", "-w", "--stdin"))
	for range maxDepth + 5 {
		deep = raw("40000 d " + deep)
	}
	if set := run(commit(deep)); len(set.Problems) != 1 {
		t.Errorf("a deep tree: problems %v, want one", set.Problems)
	}
	other := s.feed("other\n", "hash-object", "-w", "--stdin")
	odd := raw("100644 z "+other, "100644 f "+blob, "100644 f "+other, "100644 .. "+other, "100644 a/b "+other, "100644 a "+other)
	set := run(commit(odd))
	var names []string
	for _, c := range set.Changes {
		names = append(names, c.Path)
	}
	if diff := cmp.Diff([]string{"..", "a", "a/b", "f", "z"}, names); diff != "" {
		t.Error(diff)
	}
	broken := raw("100644 f "+blob, "10z644 g "+other, "100644 h "+other)
	if set := run(commit(broken)); len(set.Problems) != 1 || len(set.Changes) != 1 {
		t.Errorf("a broken entry: problems %v, changes %v", set.Problems, changed(set))
	}
}

// makeTree writes a tree of "MODE NAME ID" entries that git itself would refuse.
func (s *sandbox) makeTree(entries ...string) string {
	s.t.Helper()
	var b strings.Builder
	for _, e := range entries {
		fields := strings.SplitN(e, " ", 3)
		b.WriteString(fields[0] + " " + fields[1] + "\x00")
		b.Write(mustID(s.t, fields[2]).Bytes())
	}
	// Thousands of them are made: git would take a process for each.
	object := fmt.Sprintf("tree %d\x00%s", b.Len(), b.String())
	id := fmt.Sprintf("%x", sha1.Sum([]byte(object)))
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, err := z.Write([]byte(object))
	path := filepath.Join(s.dir, ".git", "objects", id[:2], id[2:])
	err = errors.Join(err, z.Close(), os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, packed.Bytes(), 0o644))
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}
