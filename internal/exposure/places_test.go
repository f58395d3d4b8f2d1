package exposure

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWithoutCommit looks at what no commit holds: texts of tags, blobs and trees that are tagged, staged and lost content.
func TestWithoutCommit(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		for _, test := range []struct {
			name string
			do   func(b *box)
			want []string
		}{
			{"text of a tag, and a tag of it", func(b *box) {
				b.git("tag", "-a", "-m", secretOf("g"), "inner")
				b.git("tag", "-a", "-m", "outer", "outer", "inner")
			}, []string{"tag refs/tags/inner", "tag refs/tags/outer"}},
			{"deleted tag", func(b *box) {
				b.git("tag", "-a", "-m", secretOf("g"), "inner")
				b.git("tag", "-d", "inner")
			}, []string{"unreachable"}},
			{"tagged blob", func(b *box) {
				b.write("f", secretOf("g"))
				b.git("tag", "blob", b.git("hash-object", "-w", "f"))
				if err := os.Remove(filepath.Join(b.dir, "f")); err != nil {
					b.t.Fatal(err)
				}
			}, []string{"tag refs/tags/blob"}},
			{"tagged tree", func(b *box) {
				b.write("sub/f", secretOf("g"))
				b.git("add", "-A")
				b.git("tag", "tree", b.git("write-tree"))
				b.git("rm", "-q", "-r", "-f", "sub")
			}, []string{"tag refs/tags/tree"}},
			{"staged, and changed since", func(b *box) {
				b.write("f", secretOf("g"))
				b.git("add", "-A")
				b.write("f", "other\n")
			}, []string{"index f"}},
			{"lost content", func(b *box) {
				b.write("f", secretOf("g"))
				b.git("hash-object", "-w", "f")
				if err := os.Remove(filepath.Join(b.dir, "f")); err != nil {
					b.t.Fatal(err)
				}
			}, []string{"unreachable"}},
			{"name of a ref", func(b *box) {
				b.git("branch", "x-"+secretOf("g"))
			}, []string{"branch"}},
			{"message of a commit that was amended", func(b *box) {
				b.commit("about " + secretOf("g"))
				b.git("commit", "-q", "--amend", "--allow-empty", "-m", "about nothing")
			}, []string{"reflog HEAD@{1}", "reflog refs/heads/main@{1}"}},
		} {
			t.Run(format+" "+test.name, func(t *testing.T) {
				b := newBox(t, "--object-format="+format)
				b.write("start", "x\n")
				b.commit("start")
				test.do(b)
				e := b.survey(Options{})
				s := only(t, e)
				got := s.names()
				for i, name := range got { // ids, and names that are masked
					for _, kind := range []string{"unreachable", "branch"} {
						if strings.HasPrefix(name, kind+" ") {
							got[i] = kind
						}
					}
				}
				got = cleanOf(got)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("holders: want -, got +:\n%s", diff)
				}
			})
		}
	}
}

// cleanOf leaves out what names of refs and texts of logs add to every test alike.
func cleanOf(names []string) []string {
	var out []string
	for _, n := range names {
		if !strings.HasPrefix(n, "git-file ") {
			out = append(out, n)
		}
	}
	return out
}

// TestTraces reads what reflogs still tell, of a host and of a clone whose older entries are gone.
func TestTraces(t *testing.T) {
	host := newBox(t, "--bare")
	host.git("config", "core.logAllRefUpdates", "true")
	b := host.at("clone")
	b.init()
	b.git("remote", "add", "origin", host.dir)
	b.write("f", "x\n")
	b.commit("base")
	b.git("push", "-q", "origin", "main")
	b.write("f", secretOf("h")+"\n")
	b.commit("leak")
	committed := time.Unix(int64(*b.clock-60), 0).UTC()
	*b.clock += 24 * 60 * 60
	b.git("push", "-q", "origin", "main")
	pushed := time.Unix(int64(*b.clock), 0).UTC()
	if s := only(t, host.survey(Options{})); !s.PushedAt.Equal(pushed) || s.Estimate {
		t.Errorf("the host's reflog has the push at %v, and it says %v: %s", pushed, s.PushedAt, s.PushedHow)
	}
	b.write("g", "y\n")
	b.commit("more")
	b.git("push", "-q", "origin", "main")
	log := filepath.Join(b.dir, ".git", "logs", "refs", "remotes", "origin", "main")
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	entries := strings.SplitAfter(string(text), "\n")
	for first, want := range map[int]time.Time{0: pushed, 1: pushed, 2: committed} {
		if err := os.WriteFile(log, []byte(strings.Join(entries[first:], "")), 0o644); err != nil {
			t.Fatal(err)
		}
		s := only(t, b.survey(Options{}))
		if !s.PushedAt.Equal(want) || s.Estimate != (first == 2) {
			t.Errorf("without the first %d entries it says %v, estimate %v, and not %v: %s", first, s.PushedAt, s.Estimate, want, s.PushedHow)
		}
	}
}

// TestTimeline follows one secret from its commit to the force push that took it from the host.
func TestTimeline(t *testing.T) {
	host := newBox(t, "--bare")
	b := host.at("clone")
	b.init()
	b.git("remote", "add", "origin", host.dir)
	b.write("f", "x\n")
	b.commit("base")
	b.git("push", "-q", "origin", "main")
	b.write("f", secretOf("k")+"\n"+secretOf("l")+"\n")
	leak := b.commit("leak")
	b.git("push", "-q", "origin", "main")
	b.write("f", "x\n")
	fixed := b.commit("fix")
	b.git("push", "-q", "origin", "main")
	b.git("reset", "-q", "--hard", "HEAD~2")
	b.git("push", "-q", "-f", "origin", "main")
	e := b.survey(Options{})
	var got []string
	for i, ev := range e.Timeline {
		if ev.Secret == 1 {
			got = append(got, ev.What)
		}
		if i > 0 && ev.At.Before(e.Timeline[i-1].At) {
			t.Errorf("%q comes after %q", ev.What, e.Timeline[i-1].What)
		}
	}
	want := []string{
		fmt.Sprintf("commit %s brings it into f", leak[:12]), "refs/remotes/origin/main was pushed with it",
		fmt.Sprintf("commit %s takes it out of f", fixed[:12]), "refs/remotes/origin/main does not lead to it any more",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("timeline: want -, got +:\n%s", diff)
	}
	if len(e.Secrets) != 2 || len(e.Secrets[0].Others) != 1 || e.Secrets[0].Others[0] != 2 || e.Secrets[1].Others[0] != 1 {
		t.Errorf("the two came in one commit: %+v", e.Secrets)
	}
}

// TestChangedWorkFile says of a file that is not what was committed that nobody looked into it.
func TestChangedWorkFile(t *testing.T) {
	b := newBox(t)
	b.write("f", secretOf("m")+"\n")
	b.commit("leak")
	if s := only(t, b.survey(Options{})); len(s.names(WorkFile)) != 1 || !s.InHead {
		t.Errorf("the file holds it: %q", s.names())
	}
	b.write("f", secretOf("m")+" changed\n")
	e := b.survey(Options{})
	if s := only(t, e); len(s.names(WorkFile)) != 0 {
		t.Errorf("nobody knows what the file holds: %q", s.names())
	}
	if text := strings.Join(e.Incomplete, "\n"); !strings.Contains(text, "(f): not what is committed") {
		t.Errorf("incomplete: %q", text)
	}
}

// TestSubmodule has a secret in the store of a submodule only, which is another repository with refs of its own.
func TestSubmodule(t *testing.T) {
	inner := newBox(t)
	inner.write("f", secretOf("n")+"\n")
	leak := inner.commit("leak")
	b := inner.at("outer")
	b.init()
	b.write("start", "x\n")
	b.commit("start")
	b.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.dir, "lib")
	b.commit("with a submodule")
	e := b.survey(Options{})
	want := []Holder{{Submodule, "lib", leak}}
	s := only(t, e)
	if diff := cmp.Diff(want, s.Holders); diff != "" || s.First != nil || len(s.Objects) > 0 {
		t.Errorf("want -, got +:\n%s; first %+v, objects %+v", diff, s.First, s.Objects)
	}
	if text := strings.Join(e.Incomplete, "\n"); !strings.Contains(text, "submodule lib") {
		t.Errorf("incomplete: %q", text)
	}
}

// TestRemoteKnowsMore asks a host that has a tag of the leak, and a branch with commits that the clone never saw.
func TestRemoteKnowsMore(t *testing.T) {
	host := newBox(t, "--bare")
	b := host.at("clone")
	b.init()
	b.git("remote", "add", "origin", host.dir)
	b.git("remote", "add", "again", "file://"+host.dir) // is asked once
	b.git("remote", "add", "rewritten", "host:")
	b.git("config", "url."+host.dir+".insteadOf", "host:")
	b.write("f", secretOf("o")+"\n")
	b.commit("leak")
	committed := time.Unix(int64(*b.clock-60), 0).UTC()
	b.git("tag", "-a", "-m", "m", "v1")
	b.git("push", "-q", host.dir, "v1") // by its address, so that nothing is noted
	other := host.at("other")
	other.init()
	other.write("g", "y\n")
	other.commit("unseen")
	other.git("push", "-q", host.dir, "main:unseen")
	env := func(name string) string {
		return map[string]string{"PATH": os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM": "1"}[name]
	}
	if s := only(t, b.survey(Options{Env: env})); !s.PushedAt.IsZero() || !strings.Contains(s.PushedHow, "not asked") {
		t.Errorf("nobody was asked, and it says %v: %s", s.PushedAt, s.PushedHow)
	}
	e := b.survey(Options{Remote: true, Env: env})
	s := only(t, e)
	if !s.PushedAt.Equal(committed) || !s.Estimate || !strings.Contains(s.PushedHow, "The remote origin has it in refs/tags/v1") {
		t.Errorf("it says %v (committed %v), estimate %v: %s", s.PushedAt, committed, s.Estimate, s.PushedHow)
	}
	if len(s.Remotes) != 1 || s.Remotes[0].Serves != "yes" || !cmp.Equal(s.Remotes[0].Refs, []string{"refs/tags/v1"}) {
		t.Errorf("remotes %+v", s.Remotes)
	}
	if text := strings.Join(e.Incomplete, "\n"); !strings.Contains(text, "origin has 1 refs whose objects this clone does not have") {
		t.Errorf("incomplete: %q", text)
	}
}
