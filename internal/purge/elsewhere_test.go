package purge

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestForeignWorkTree holds that no command is printed for a folder of another repository that the clone calls its work tree.
func TestForeignWorkTree(t *testing.T) {
	victim := newBox(t)
	victim.commit("a", "theirs\n", "one")
	b := newBox(t)
	b.commit("a", leak+"\n", "one")
	b.git("", "config", "core.worktree", victim.dir)
	p, err := b.plan()
	if err != nil {
		t.Fatal(err)
	}
	if p.stateOf("work tree") != Blocks {
		t.Error("it does not stop the purge")
	}
	for _, c := range p.Checks {
		if strings.Contains(c.Run, victim.dir) {
			t.Errorf("a command for another repository: %s", c.Run)
		}
	}
}

// TestRemoteWithTwoPlaces holds that a remote is asked both where it is fetched from and where it is pushed to, whichever stands first, and
// that nothing is pushed by what is known of another place.
func TestRemoteWithTwoPlaces(t *testing.T) {
	b := newBox(t)
	b.commit("a", leak+"\n", "one")
	old := b.git("", "rev-parse", "HEAD")
	b.git("", "clone", "-q", "--bare", ".", "../push.git")
	b.commit("a", "none\n", "two")
	b.git("", "clone", "-q", "--bare", ".", "../fetch.git")
	b.git("", "config", "remote.origin.pushurl", "../push.git")
	b.git("", "config", "remote.origin.url", "../fetch.git")
	b.git("", "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
	b.git("", "fetch", "-q", "origin")
	asked := func() (*Plan, Check) {
		p, err := b.planWith(func(in *Input) { in.Remote, in.Ask = "origin", true })
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(p.Checks, func(c Check) bool { return c.Name == "remote" })
		return p, p.Checks[i]
	}
	p, check := asked()
	if check.State != Blocks || !strings.Contains(check.Detail, "fetched from ../fetch.git and pushed to ../push.git") {
		t.Errorf("where they differ: %+v", check)
	}
	if p.RemoteRefs["refs/heads/main"].String() != old {
		t.Error("what is pushed to was not asked")
	}
	cmd := exec.Command("sh", "-ec", check.Run)
	cmd.Dir = t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", check.Run, err, out)
	}
	b.git("", "push", "-q", "origin", "main")
	if _, check = asked(); check.State != Note || !strings.Contains(check.Detail, "fetched from ../fetch.git and pushed to ../push.git") {
		t.Errorf("where they have the same: %+v", check)
	}
	b.git("", "config", "--unset", "remote.origin.pushurl")
	if _, check = asked(); check.State != Fine {
		t.Errorf("one place: %+v", check)
	}
}

// TestOrdinaryText holds that somebody whose password is an ordinary word is told where that word is taken out of, in messages and names too.
func TestOrdinaryText(t *testing.T) {
	b := newBox(t)
	b.commit("a", leak+"\n", "about "+leak)
	b.commit("of-"+leak, leak+"s and "+leak+"s\n", "two")
	p, err := b.plan()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(p.Checks, func(c Check) bool { return c.Name == "same text elsewhere" })
	if i < 0 {
		t.Fatal("nothing is said")
	}
	for _, want := range []string{"2 versions of files and 1 message or author and 1 version of a folder, in names of files", "2 of them within a longer word", "ordinary text"} {
		if !strings.Contains(p.Checks[i].Detail, want) {
			t.Errorf("nobody says %q: %s", want, p.Checks[i].Detail)
		}
	}
}

// TestGraftsHideNothing holds that a file which cuts the history off has no say in what there is to purge.
func TestGraftsHideNothing(t *testing.T) {
	b := newBox(t)
	b.commit("a", leak+"\n", "one")
	b.commit("a", "none\n", "two")
	b.file(".git/info/grafts", b.git("", "rev-parse", "HEAD")+"\n")
	p, err := b.plan()
	if err != nil {
		t.Fatal(err)
	}
	if p.Effect.Commits != 2 || p.stateOf("grafts") != Blocks {
		t.Errorf("%d commits, grafts %q", p.Effect.Commits, p.stateOf("grafts"))
	}
}
