package source

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/scanner"
)

// namesOf walks a source and returns the names that it has searched, each with the path that it ends.
func namesOf(t *testing.T, src scanner.Source) []string {
	t.Helper()
	var mu sync.Mutex
	var all []string
	var rec scanner.Recorder
	err := src.Walk(context.Background(), &rec, func(c *scanner.Chunk) error {
		if c.Location.Kind != scanner.KindFileName {
			return nil
		}
		line := fmt.Sprintf("%s in %s", c.Data, c.Location.Path)
		if c.Location.Commit != nil {
			line = c.Location.Commit.Summary + ": " + line
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, strings.ReplaceAll(line, "=", ""))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// TestNamesAreSearched: every part of a path that may hold a key, which = makes of any, once in each folder; of changes only what is at a path where nothing was.
func TestNamesAreSearched(t *testing.T) {
	s := newGitbox(t)
	s.write("kept=/one=", "1\n")
	s.write("kept=/a=/one=", "1\n")
	s.write("moves=", strings.Repeat("long enough to be known again\n", 9))
	s.write("too short/"+strings.Repeat("long", 4), "1\n")
	s.commit("first")
	s.write("kept=/one=", "2\n")
	s.write("new=/deep=/two=", "2\n")
	s.write("kept=/a=/six=", "6\n") // the folders are old: whoever adds a file is not told of their names
	s.write("kept=/b=/five=", "5\n")
	s.git("mv", "moves=", "moved=")
	s.git("add", "-A")
	added := []string{
		"b in kept/b", "deep in new/deep", "five in kept/b/five", "moved in moved", "new in new", "six in kept/a/six", "two in new/deep/two",
	}
	if diff := cmp.Diff(added, namesOf(t, NewStaged(s.open(), StagedOptions{}))); diff != "" {
		t.Errorf("staged (-want +got):\n%s", diff)
	}
	s.commit("second")
	s.write("new=/deep=/three=", "3\n")
	s.commit("third")
	var want []string // the folder of the third file is the second commit's
	for _, line := range added {
		want = append(want, "second: "+line)
	}
	want = append(want, "third: three in new/deep/three")
	if diff := cmp.Diff(want, namesOf(t, diffOf(s, "HEAD~2..HEAD"))); diff != "" {
		t.Errorf("diff (-want +got):\n%s", diff)
	}
	files, err := NewFiles([]string{s.dir}, FilesOptions{Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	all := []string{
		"a in kept/a", "b in kept/b", "deep in new/deep", "five in kept/b/five", "kept in kept", "longlonglonglong in too short/longlonglonglong", "moved in moved", "new in new", "one in kept/a/one",
		"one in kept/one", "six in kept/a/six", "three in new/deep/three", "two in new/deep/two",
	}
	if diff := cmp.Diff(all, namesOf(t, files)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
