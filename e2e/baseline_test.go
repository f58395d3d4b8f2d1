//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secrets returns keys that were never issued, each another one.
func secrets(t *testing.T, n int) []string {
	t.Helper()
	var all []string
	for i := range n {
		t.Run(fmt.Sprint("key", i), func(t *testing.T) { all = append(all, newSecret(t)) })
	}
	return all
}

// baselined returns a repository with a baseline and some commits.
func baselined(t *testing.T, key string) *workRepo {
	t.Helper()
	r := newRepo(t)
	r.write("old.py", "key = \""+key+"\"\n")
	r.git("add", ".")
	r.git("commit", "-qm", "first")
	r.must(skant, "baseline", "create", "--owner", "ann", "--reason", "known for long")
	r.git("add", ".")
	r.git("commit", "-qm", "baseline")
	return r
}

// addsKnown commits a key on the current branch, with an entry for it, and returns the first digit of its hash.
func (r *workRepo) addsKnown(name, key string) (digit byte) {
	r.t.Helper()
	before := r.baseline()
	r.write(name, "key = \""+key+"\"\n")
	r.must(skant, "baseline", "update", "--owner", "bob", "--reason", "key of the sandbox")
	r.git("add", ".")
	r.git("commit", "-qm", name)
	for line := range strings.Lines(r.baseline()) {
		if !strings.Contains(before, line) {
			return line[0]
		}
	}
	r.t.Fatal("no entry was added")
	return 0
}

func (r *workRepo) baseline() string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, ".skant-baseline"))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// TestBaselineMerges has two branches add an entry each, and git merge them: without a conflict, unless both hashes begin with
// the same digit, and with merge=union always. All is known then on every branch.
func TestBaselineMerges(t *testing.T) {
	keys := secrets(t, 17)
	clean, conflicts := 0, 0
	for n := range 8 {
		for _, union := range []bool{false, true} {
			r := baselined(t, keys[16])
			if union {
				r.write(".gitattributes", ".skant-baseline merge=union\n")
				r.git("add", ".")
				r.git("commit", "-qm", "attributes")
			}
			r.git("checkout", "-qb", "topic")
			theirs := r.addsKnown("theirs.py", keys[2*n])
			r.git("checkout", "-q", "main")
			ours := r.addsKnown("ours.py", keys[2*n+1])
			code, out := r.run("git", "merge", "-q", "--no-edit", "topic")
			switch {
			case code == 0:
				clean++
			case union || ours != theirs:
				t.Errorf("a conflict between hashes that begin with %c and %c, union %v:\n%s", ours, theirs, union, out)
				continue
			default:
				conflicts++
				// What is left in the file is an error that says what to do, and doing it is enough.
				if code, out := r.run(skant, "scan"); code != 2 || !strings.Contains(out, "a conflict of a merge") {
					t.Errorf("with a conflict: exit %d\n%s", code, out)
				}
				var kept []string
				for line := range strings.Lines(r.baseline()) {
					if !strings.HasPrefix(line, "<<<<") && !strings.HasPrefix(line, "====") && !strings.HasPrefix(line, ">>>>") {
						kept = append(kept, line)
					}
				}
				r.write(".skant-baseline", strings.Join(kept, ""))
				r.git("add", ".")
				r.git("commit", "-qm", "merged")
			}
			for _, command := range []string{"scan", "history"} {
				if code, out := r.run(skant, command); code != 0 {
					t.Errorf("%s after the merge: exit %d\n%s", command, code, out)
				}
			}
			before := r.baseline()
			r.must(skant, "baseline", "update")
			r.must(skant, "baseline", "update")
			if after := r.baseline(); strings.Count(after, "anthropic-api-key") != 3 || len(after) > len(before) {
				t.Errorf("after the merge:\n%s\nsorted:\n%s", before, after)
			}
		}
	}
	t.Logf("%d merges without a conflict, %d with one", clean, conflicts)
	if clean < 12 {
		t.Errorf("only %d of 16 merges had no conflict", clean)
	}
}

// TestBaselinesMeet merges two branches that have each made a baseline, with another key.
func TestBaselinesMeet(t *testing.T) {
	keys := secrets(t, 2)
	r := newRepo(t)
	r.write(".gitattributes", ".skant-baseline merge=union\n")
	r.git("add", ".")
	r.git("commit", "-qm", "first")
	for i, branch := range []string{"one", "two"} {
		r.git("checkout", "-qb", branch, "main")
		r.write(branch+".py", "key = \""+keys[i]+"\"\n")
		r.git("add", ".")
		r.git("commit", "-qm", branch)
		r.must(skant, "baseline", "create", "--owner", branch, "--reason", "known for long", "--from", "scan")
		r.git("add", ".")
		r.git("commit", "-qm", "baseline of "+branch)
	}
	r.git("merge", "-q", "--no-edit", "one")
	if strings.Count(r.baseline(), "key=") != 2 {
		t.Fatalf("one key for each is wanted:\n%s", r.baseline())
	}
	for _, command := range []string{"scan", "history"} {
		if code, out := r.run(skant, command); code != 0 {
			t.Errorf("%s after the merge: exit %d\n%s", command, code, out)
		}
	}
	r.must(skant, "baseline", "prune")
	if code, out := r.run(skant, "history"); code != 0 {
		t.Errorf("after prune: exit %d\n%s", code, out)
	}
	// A key that no entry is made with goes, as far as it is not the first.
	r.git("rm", "-q", "one.py")
	r.git("commit", "-qm", "x")
	code, out := r.run(skant, "history")
	if code != 0 || strings.Contains(out, "matches nothing") {
		t.Errorf("what is only in the history is still known: exit %d\n%s", code, out)
	}
}

// TestBaselinePruned merges a branch that takes an entry out with one that adds one.
func TestBaselinePruned(t *testing.T) {
	keys := secrets(t, 3)
	r := baselined(t, keys[0])
	r.addsKnown("a.py", keys[1])
	r.write(".gitattributes", ".skant-baseline merge=union\n")
	r.git("add", ".")
	r.git("commit", "-qm", "attributes")
	r.git("checkout", "-qb", "topic")
	r.addsKnown("b.py", keys[2])
	r.git("checkout", "-q", "main")
	text := strings.ReplaceAll(r.baseline(), " bob 20", " bob 2020-01-01 x20")
	r.write(".skant-baseline", text[:strings.Index(text, " bob 2020-01-01 x")]+" bob 2020-01-01 key of the sandbox\n"+strings.Join(strings.SplitAfter(text[strings.Index(text, " bob 2020-01-01 x"):], "\n")[1:], ""))
	r.must(skant, "baseline", "prune")
	if strings.Contains(r.baseline(), " bob ") {
		t.Fatalf("what has ended is still there:\n%s", r.baseline())
	}
	r.git("commit", "-qam", "pruned")
	r.git("merge", "-q", "--no-edit", "topic")
	code, out := r.run(skant, "scan")
	if code != 1 || !strings.Contains(out, "a.py") || strings.Contains(out, "b.py:") {
		t.Errorf("a.py counts again, and b.py is known: exit %d\n%s", code, hide(out, keys[1]))
	}
}

// TestSuppressionAttacks tries from a topic branch to hide a leak with every file of the policy, while the policy of main is
// what a check reads. skant ci does that; here the policy is that of a work tree on main.
func TestSuppressionAttacks(t *testing.T) {
	key := secrets(t, 1)[0]
	leak := "key = \"" + key + "\"\n"
	for _, c := range []struct {
		name   string
		attack func(r *workRepo)
	}{
		{"ignore file", func(r *workRepo) { r.write(".skantignore", "leak.py\n") }},
		{"everything ignored", func(r *workRepo) { r.write(".skantignore", "*\n") }},
		{"baseline", func(r *workRepo) {
			r.must(skant, "baseline", "create", "--owner", "eve", "--reason", "trust me", "--from", "scan")
		}},
		{"nested ignore file", func(r *workRepo) { r.write("sub/.skantignore", "*\n") }},
		{"attributes", func(r *workRepo) { r.write(".gitattributes", "* -diff binary\nleak.py export-ignore filter=none\n") }},
		{"linked ignore file", func(r *workRepo) {
			r.write("patterns", "leak.py\n")
			if err := os.Symlink("patterns", filepath.Join(r.dir, ".skantignore")); err != nil {
				t.Fatal(err)
			}
		}},
		{"gitignore", func(r *workRepo) { r.write(".gitignore", "leak.py\n") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRepo(t)
			r.write("README", "clean\n")
			r.git("add", ".")
			r.git("commit", "-qm", "first")
			r.git("checkout", "-qb", "topic")
			r.write("leak.py", leak)
			r.write("sub/leak.py", leak)
			r.git("add", "leak.py", "sub/leak.py")
			c.attack(r)
			r.git("add", "-A")
			r.git("commit", "-qm", "leak")
			r.git("checkout", "-q", "main")
			code, out := r.run(skant, "diff", "main..topic")
			if code != 1 || !strings.Contains(out, "leak.py") {
				t.Errorf("exit %d\n%s", code, hide(out, key))
			}
		})
	}
}
