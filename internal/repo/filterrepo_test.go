package repo

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestCheckoutsRunNothing holds that no filter of the clone is run to tell what is changed, though git would run one where the dates of a
// file and of the index are close.
func TestCheckoutsRunNothing(t *testing.T) {
	for _, c := range []struct{ driver, setting string }{{"x", "clean"}, {"a=b", "clean"}, {"x", "process"}} {
		s := newSandbox(t)
		s.write("f", "one\n")
		s.commit("one")
		marker := filepath.Join(t.TempDir(), "ran")
		s.write(".git/info/attributes", "* filter="+c.driver+"\n")
		s.git("config", "filter."+c.driver+"."+c.setting, "touch '"+marker+"'; cat")
		s.git("config", "filter."+c.driver+".required", "true")
		before := time.Now().Add(-time.Hour)
		if err := os.Chtimes(filepath.Join(s.dir, ".git", "index"), before, before); err != nil {
			t.Fatal(err)
		}
		all, err := s.open().Checkouts(context.Background())
		if err != nil || len(all) != 1 || all[0].Problem != "" || len(all[0].Changed) != 0 {
			t.Errorf("filter.%s.%s: %+v, %v", c.driver, c.setting, all, err)
		}
		if os.Remove(marker) == nil {
			t.Errorf("filter.%s.%s: it was run", c.driver, c.setting)
		}
	}
}

// TestCheckoutsOfOthers holds that a folder that a file of the clone calls a work tree, and that is one of another repository, is none: what is
// printed for it would write over that one's files.
func TestCheckoutsOfOthers(t *testing.T) {
	s := newSandbox(t)
	s.write("f", "one\n")
	head := s.commit("one")
	victim := newSandbox(t)
	victim.write("f", "one\n")
	victim.commit("one")
	s.git("worktree", "add", "-q", "--detach", "../linked")
	own, err := s.open().Checkouts(context.Background())
	if err != nil || len(own) != 2 || own[0].Problem != "" || own[1].Problem != "" {
		t.Fatalf("its own: %+v, %v", own, err)
	}
	linked, err := s.at(own[1].Path).open().Checkouts(context.Background())
	if err != nil || len(linked) != 2 || linked[0].Problem != "" || linked[1].Problem != "" {
		t.Fatalf("its own, seen from the linked one: %+v, %v", linked, err)
	}
	for name, text := range map[string]string{"HEAD": head, "commondir": "../..", "gitdir": filepath.Join(victim.dir, ".git")} {
		s.write(".git/worktrees/evil/"+name, text+"\n")
	}
	all, err := s.open().Checkouts(context.Background())
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, c := range all {
		if want := c.Path == victim.dir; (c.Problem != "") != want {
			t.Errorf("%s: %q", c.Path, c.Problem)
		}
	}
	s.git("config", "core.worktree", victim.dir)
	if all, err = s.open().Checkouts(context.Background()); err != nil || len(all) == 0 || all[0].Problem == "" {
		t.Errorf("core.worktree: %+v, %v", all, err)
	}
}
