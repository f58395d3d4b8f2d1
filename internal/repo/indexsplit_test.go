package repo

import (
	"bytes"
	"context"
	"encoding/binary"
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

// listed is the index as git tells it and as we do, which may not ask git.
func (s *sandbox) listed() (git, ours []string) {
	s.t.Helper()
	if out := strings.TrimSuffix(s.git("ls-files", "--stage", "--sparse", "-z"), "\x00"); out != "" {
		git = strings.Split(out, "\x00")
	}
	entries, err := s.openWith(Options{Git: "/nonexistent/git"}).Index()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		ours = append(ours, fmt.Sprintf("%06o %s %d\t%s", e.Mode, e.ID, e.Stage, e.Path))
	}
	return git, ours
}

// TestStagedInEveryIndex makes random changes to indexes of every kind and holds what is read of them, and what is said to
// be staged, against git.
func TestStagedInEveryIndex(t *testing.T) {
	kinds := map[string][]string{
		"version 2":       {"update-index", "--index-version", "2"},
		"version 4":       {"update-index", "--index-version", "4"},
		"split":           {"update-index", "--split-index"},
		"untracked cache": {"update-index", "--untracked-cache"},
		"sparse":          {"sparse-checkout", "set", "--cone", "--sparse-index", "a", "b/q0"},
	}
	for _, format := range []string{"sha1", "sha256"} {
		for name, kind := range kinds {
			t.Run(format+"/"+name, func(t *testing.T) {
				t.Parallel()
				holdIndex(t, newSandbox(t, "--object-format="+format), kind)
			})
		}
		t.Run(format+"/split version 4", func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t, "--object-format="+format)
			s.git("config", "index.version", "4")
			holdIndex(t, s, kinds["split"])
		})
	}
}

func holdIndex(t *testing.T, s *sandbox, kind []string) {
	random := rand.New(rand.NewSource(int64(len(kind[1]))))
	s.git("config", "splitIndex.maxPercentChange", "60") // neither always nor never a new shared file
	var names []string
	for i := range 120 {
		names = append(names, fmt.Sprintf("%c/%c%d/%d", 'a'+random.Intn(3), 'p'+random.Intn(3), random.Intn(2), i))
	}
	for _, name := range names[:90] {
		s.write(name, name+"\n")
	}
	s.commit("one")
	s.git(kind...)
	if kind[0] == "sparse-checkout" { // git 2.39 crashes if it is to change what is outside with update-index
		names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "a/") && !strings.HasPrefix(name, "b/q0/") })
	}
	split, conflicts, changes := 0, 0, 0
	for round := range 9 {
		for range 1 + random.Intn(9) {
			s.editIndex(random, names[random.Intn(len(names))], round)
		}
		git, ours := s.listed()
		if diff := cmp.Diff(git, ours); diff != "" {
			t.Fatalf("round %d: index differs (-git +ours):\n%s", round, diff)
		}
		want := s.rawDiff("diff", "--cached")
		var got []string
		for _, c := range s.staged().Changes {
			if c.Stage > 0 {
				conflicts++ // git tells of a conflict in other words
				continue
			}
			got = append(got, c.ID.String()+" "+c.Path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d: changes differ from git's (-git +ours):\n%s", round, diff)
		}
		changes += len(got)
		if data, err := os.ReadFile(filepath.Join(s.dir, ".git", "index")); err == nil && bytes.Contains(data, []byte("link\x00\x00")) {
			split++
		}
		if random.Intn(3) == 0 {
			s.git("rm", "-q", "--cached", "--ignore-unmatch", "conflict")
			s.git("commit", "-q", "--allow-empty", "-m", "round")
		}
	}
	if changes == 0 || conflicts == 0 || kind[1] == "--split-index" && split < 3 {
		t.Errorf("%d changes, %d conflicts, %d split indexes: the test tests little", changes, conflicts, split)
	}
}

// editIndex does something to the index alone.
func (s *sandbox) editIndex(random *rand.Rand, name string, round int) {
	s.t.Helper()
	id := s.feed(fmt.Sprintf("%d %d\n", round, random.Int()), "hash-object", "-w", "--stdin")
	switch random.Intn(9) {
	case 0:
		s.git("update-index", "--force-remove", name)
	case 1, 7:
		s.feed(fmt.Sprintf("0 %s\tconflict\n100644 %s 1\tconflict\n100644 %s 2\tconflict\n100755 %s 3\tconflict\n", strings.Repeat("0", len(id)), id, id, id),
			"update-index", "--index-info")
	case 2:
		s.git("update-index", "--add", "--cacheinfo", "100644,"+id+",conflict") // resolves it
	case 3: // a file's name becomes a folder's or the other way round
		s.git("update-index", "--add", "--replace", "--cacheinfo", "100755,"+id+","+filepath.ToSlash(filepath.Dir(name)))
	case 4: // the work tree does not know: times are those of the same second
		s.write("racy", fmt.Sprintf("%d %d\n", round, random.Int()))
		s.git("add", "--sparse", "racy")
	case 8:
		s.write(fmt.Sprint("later", random.Intn(4)), "x\n")
		s.git("add", "--sparse", "--intent-to-add", ".")
	default:
		s.git("update-index", "--add", "--replace", "--cacheinfo", "100644,"+id+","+name)
	}
}

// words makes a bitmap of words, as it is stored.
func words(list ...uint64) []byte {
	b := binary.BigEndian.AppendUint32(nil, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(list)))
	for _, w := range list {
		b = binary.BigEndian.AppendUint64(b, w)
	}
	return binary.BigEndian.AppendUint32(b, 0)
}

func runOf64(bit, zeros, there uint64) uint64 { return bit | zeros<<1 | there<<33 }

func TestBitmap(t *testing.T) {
	ones := func(lo, hi int) (list []int) {
		for i := lo; i < hi; i++ {
			list = append(list, i)
		}
		return list
	}
	for name, test := range map[string]struct {
		data  []byte
		limit int
		want  []int
		fails bool
	}{
		"empty":             {words(), 0, nil, false},
		"no run":            {words(runOf64(0, 0, 0)), 0, nil, false},
		"some bits":         {words(runOf64(0, 0, 1), 1|1<<5|1<<63), 64, []int{0, 5, 63}, false},
		"behind zeros":      {words(runOf64(0, 2, 1), 1), 200, []int{128}, false},
		"ones":              {words(runOf64(1, 1, 1), 1), 65, ones(0, 65), false},
		"two heads":         {words(runOf64(0, 0, 1), 2, runOf64(0, 1, 1), 4), 200, []int{1, 130}, false},
		"beyond the limit":  {words(runOf64(0, 0, 1), 1<<10), 10, nil, true},
		"ones beyond it":    {words(runOf64(1, 1<<32-1, 0)), 3, ones(0, 3), true},
		"too many zeros":    {words(runOf64(0, 1<<32-1, 0)), 3, nil, true},
		"words are missing": {words(runOf64(0, 0, 2), 1), 64, nil, true},
		"lying length":      {append([]byte{0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, words(1)...), 64, nil, true},
		"cut":               {words(runOf64(0, 0, 1), 1)[:20], 64, nil, true},
		"cut in the head":   {[]byte{0, 0, 0}, 64, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			var got []int
			b, rest, err := cutBitmap(test.data)
			if err == nil {
				err = b.each(test.limit, func(i int) error { got = append(got, i); return nil })
			}
			if diff := cmp.Diff(test.want, got); diff != "" || test.fails != (err != nil) || len(rest) > 0 {
				t.Errorf("error %v, rest %d; (-want +got):\n%s", err, len(rest), diff)
			}
			if err != nil && !errors.Is(err, ErrMalformed) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestSplitIndexThatLies changes every byte of the extension of a split index: what is staged must be told as git tells it,
// or be an error.
func TestSplitIndexThatLies(t *testing.T) {
	s := newSandbox(t)
	for i := range 70 {
		s.write(fmt.Sprintf("%02d", i), "x\n")
	}
	s.commit("one")
	s.git("update-index", "--split-index")
	s.write("03", "y\n")
	s.write("new", "z\n")
	s.git("rm", "-q", "--cached", "66")
	s.git("add", "03", "new")
	path := filepath.Join(s.dir, ".git", "index")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(good, []byte("link"))
	size := int(binary.BigEndian.Uint32(good[at+4:]))
	agreed := 0
	for i := at + 8; i < at+8+size; i++ {
		for _, flip := range []byte{1, 0xff} {
			data := bytes.Clone(good)
			data[i] ^= flip
			copy(data[len(data)-20:], make([]byte, 20)) // the checksum is right
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			set, err := s.openWith(Options{Git: "/nonexistent/git"}).StagedChanges(context.Background())
			if err != nil {
				continue
			}
			out, err := s.try("", "ls-files", "--stage", "-z")
			if err != nil {
				t.Fatalf("byte %d: git refuses it (%v), we say %v", i-at-8, err, changed(set))
			}
			agreed++
			if _, ours := s.listed(); strings.Join(ours, "\x00")+"\x00" != out {
				t.Fatalf("byte %d: git has %q, we %q", i-at-8, out, ours)
			}
		}
	}
	if agreed == 0 {
		t.Error("nothing was compared")
	}
}

func FuzzSplitIndex(f *testing.F) {
	s := newSandbox(f)
	for i := range 5 {
		s.write(fmt.Sprint("a/", i), "x\n")
	}
	s.commit("one")
	s.git("update-index", "--split-index")
	shared, err := filepath.Glob(filepath.Join(s.dir, ".git", "sharedindex.*"))
	if err != nil || len(shared) != 1 {
		f.Fatal(shared, err)
	}
	base, err := os.ReadFile(shared[0])
	if err != nil {
		f.Fatal(err)
	}
	s.git("config", "splitIndex.maxPercentChange", "100")
	s.write("a/1", "y\n")
	s.write("a/11", "y\n")
	s.git("rm", "-q", "--cached", "a/4")
	s.git("add", "a/1", "a/11")
	own, err := os.ReadFile(filepath.Join(s.dir, ".git", "index"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(own[:len(own)-20], base)
	f.Fuzz(func(t *testing.T, body, base []byte) {
		idx, err := decodeIndex(append(bytes.Clone(body), make([]byte, 20)...), pack.SHA1, func([]byte) ([]byte, error) { return base, nil })
		if err != nil || idx.check() != nil {
			return
		}
		entries := idx.allEntries()
		if len(entries) > (len(body)+len(base))/62 {
			t.Fatalf("%d entries out of %d bytes", len(entries), len(body)+len(base))
		}
		if !slices.IsSortedFunc(entries, func(a, b IndexEntry) int { return strings.Compare(a.Path, b.Path) }) {
			t.Fatal("entries are out of order")
		}
		if tree := idx.tree; tree != nil {
			tree.folders()
		}
	})
}
