package repo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/pack"
)

// shallowClone clones a sandbox with some depth through a file:// url.
func (s *sandbox) shallowClone(args ...string) *sandbox {
	s.t.Helper()
	dir := filepath.Join(s.t.TempDir(), "clone")
	s.git(append(append([]string{"clone", "-q"}, args...), "file://"+s.dir, dir)...)
	return s.at(dir)
}

// fetcher opens a clone; what it asks git is asked with the sandbox' own configuration.
func (s *sandbox) fetcher(opt FetchOptions, env ...string) *Fetcher {
	s.t.Helper()
	r, err := Open(s.dir, Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	opt.Env = environment(append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
	}, env...)...)
	f, err := NewFetcher(context.Background(), r, opt)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := f.Repository().Close(); err != nil {
			s.t.Error(err)
		}
	})
	return f
}

func (s *sandbox) commits(n int, name string) (last string) {
	for i := range n {
		s.write(name, fmt.Sprintf("%s %d\n", name, i))
		last = s.commit(fmt.Sprintf("%s %d", name, i))
	}
	return last
}

// TestFetchRange holds the commits of a range in clones that are deepened against git in a clone that is whole.
func TestFetchRange(t *testing.T) {
	origin := newSandbox(t)
	origin.commits(50, "start")
	origin.git("checkout", "-qb", "topic")
	head := origin.commits(3, "topic")
	origin.git("checkout", "-q", "main")
	origin.commits(40, "main")
	origin.git("checkout", "-qb", "merged", "topic")
	origin.git("merge", "-q", "-m", "take main in", "main~20")
	merged := origin.commits(2, "after")
	origin.git("checkout", "-q", "--orphan", "orphan")
	orphan := origin.commits(2, "orphan")
	origin.git("checkout", "-q", "main")
	base := origin.git("rev-parse", "main")
	for _, c := range []struct {
		name, head, base string
		deepen           bool
	}{
		{"a topic that is behind", head, base, true},
		{"a topic that took the base in", merged, base, true},
		{"the base itself", base, base, false},
		{"what the base has already", origin.git("rev-parse", "main~3"), base, true},
		{"nothing in common", orphan, base, true},
		{"back to what was before", base, origin.git("rev-parse", "main~1"), false},
		{"the whole history", base, "", true},
	} {
		for _, protocol := range []string{"0", "2"} {
			t.Run(c.name+" v"+protocol, func(t *testing.T) {
				s := *origin
				s.t = t
				clone := s.shallowClone("--depth=1", "--no-single-branch")
				clone.git("config", "protocol.version", protocol)
				rounds := 0
				f := clone.fetcher(FetchOptions{Tell: func(string) { rounds++ }})
				ctx := context.Background()
				spec := RangeSpec{Tips: []pack.ID{mustID(t, c.head)}}
				if err := f.Commit(ctx, spec.Tips[0], "refs/heads/main"); err != nil {
					t.Fatal(err)
				}
				args := []string{"rev-list", c.head}
				if c.base != "" {
					spec.Bases = []pack.ID{mustID(t, c.base)}
					if err := f.Commit(ctx, spec.Bases[0], "refs/heads/main"); err != nil {
						t.Fatal(err)
					}
					args = append(args, "^"+c.base)
				}
				before := rounds
				if err := f.Range(ctx, spec); err != nil {
					t.Fatal(err)
				}
				if deepened := rounds > before; deepened != c.deepen && protocol == "2" {
					t.Errorf("deepened: %v", deepened)
				}
				got, err := f.Repository().Range(ctx, spec)
				if err != nil {
					t.Fatal(err)
				}
				var ids []string
				for _, id := range got.Commits {
					ids = append(ids, id.String())
				}
				want := strings.Fields(origin.git(args...))
				slices.Sort(ids)
				slices.Sort(want)
				if !slices.Equal(ids, want) || len(got.Problems) > 0 {
					t.Errorf("%d commits, not %d; problems: %v", len(ids), len(want), got.Problems)
				}
			})
		}
	}
}

// TestFetchStopsSoon holds that history is not fetched whole for a change of a few commits.
func TestFetchStopsSoon(t *testing.T) {
	origin := newSandbox(t)
	origin.commits(150, "main")
	base := origin.git("rev-parse", "HEAD~2")
	clone := origin.shallowClone("--depth=1")
	f := clone.fetcher(FetchOptions{})
	ctx := context.Background()
	spec := RangeSpec{Tips: []pack.ID{mustID(t, clone.git("rev-parse", "HEAD"))}, Bases: []pack.ID{mustID(t, base)}}
	if err := f.Commit(ctx, spec.Bases[0], ""); err != nil {
		t.Fatal(err)
	}
	if err := f.Range(ctx, spec); err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Fields(clone.git("rev-list", "HEAD"))); n < 3 || n > 60 {
		t.Errorf("the clone has %d commits now", n)
	}
	if err := f.Whole(ctx, RangeSpec{}); err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Fields(clone.git("rev-list", "HEAD"))); n != 150 {
		t.Errorf("the clone has %d commits, not all 150", n)
	}
}

// TestFetchKeepsAWholeCloneWhole: a commit that only the remote has is fetched with its history, and nothing is cut off.
func TestFetchKeepsAWholeCloneWhole(t *testing.T) {
	origin := newSandbox(t)
	origin.commits(5, "main")
	clone := origin.shallowClone()
	forced := origin.commits(4, "gone")
	origin.git("reset", "-q", "--hard", "HEAD~4")
	f := clone.fetcher(FetchOptions{})
	if err := f.Commit(context.Background(), mustID(t, forced), ""); err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Fields(clone.git("rev-list", forced))); n != 9 {
		t.Errorf("%d commits, not 9", n)
	}
	if _, err := os.Stat(filepath.Join(clone.dir, ".git", "shallow")); err == nil {
		t.Error("the clone was made shallow")
	}
	if refs := clone.git("for-each-ref", "--format=%(refname)"); strings.Count(refs, "\n") != 2 {
		t.Errorf("refs were changed: %s", refs)
	}
}

// TestFetchContents: the files that a partial clone left out are there afterwards.
func TestFetchContents(t *testing.T) {
	origin := newSandbox(t)
	origin.git("config", "uploadpack.allowFilter", "true")
	base := origin.commits(3, "main")
	head := origin.commits(4, "main")
	for _, args := range [][]string{{"--filter=blob:none"}, {"--filter=blob:none", "--depth=1"}} {
		clone := origin.shallowClone(args...)
		f := clone.fetcher(FetchOptions{})
		ctx := context.Background()
		spec := RangeSpec{Tips: []pack.ID{mustID(t, head)}, Bases: []pack.ID{mustID(t, base)}}
		if err := f.Commit(ctx, spec.Bases[0], ""); err != nil {
			t.Fatal(err)
		}
		if err := f.Range(ctx, spec); err != nil {
			t.Fatal(err)
		}
		if err := f.Contents(ctx, spec); err != nil {
			t.Fatal(err)
		}
		for id := range strings.FieldsSeq(origin.git("rev-list", "--objects", "--no-object-names", head, "^"+base)) {
			if !f.has(mustID(t, id)) {
				t.Errorf("%q: %s is not there", args, id)
			}
		}
	}
}

func TestFetchDefaultBranch(t *testing.T) {
	origin := newSandbox(t)
	id := origin.commits(2, "main")
	origin.git("branch", "-q", "-m", "trunk")
	f := origin.shallowClone("--depth=1").fetcher(FetchOptions{})
	name, err := f.DefaultBranch(context.Background())
	if err != nil || name != "refs/heads/trunk" {
		t.Errorf("%q, %v", name, err)
	}
	got, err := f.Ref(context.Background(), "HEAD")
	if err != nil || got.String() != id {
		t.Errorf("%v, %v", got, err)
	}
}

func TestFetchRefuses(t *testing.T) {
	origin := newSandbox(t)
	origin.commits(2, "main")
	clone := origin.shallowClone("--depth=1")
	f := clone.fetcher(FetchOptions{})
	ctx := context.Background()
	marker := filepath.Join(t.TempDir(), "marker")
	for _, ref := range []string{
		"--upload-pack=touch " + marker, "", "main", "refs/heads/a:refs/heads/b", "refs/heads/*", "refs/heads/a b", "refs/heads/../x", "refs/heads/a\nb",
		"^refs/heads/main", "+refs/heads/main", "refs/heads/a^", "FETCH_HEAD",
	} {
		if _, err := f.Ref(ctx, ref); err == nil || !strings.Contains(err.Error(), "no name of a ref") {
			t.Errorf("%q: %v", ref, err)
		}
	}
	if err := f.Commit(ctx, mustID(t, strings.Repeat("12", 20)), ""); err == nil {
		t.Error("a commit that nobody has was fetched")
	}
	clone.git("remote", "set-url", "origin", "ext::touch "+marker)
	f = clone.fetcher(FetchOptions{}, "GIT_ALLOW_PROTOCOL=ext", "GIT_PROTOCOL_FROM_USER=1")
	if _, err := f.Ref(ctx, "refs/heads/main"); err == nil {
		t.Error("a remote that is a command was asked")
	}
	clone.git("remote", "set-url", "origin", "https://user:token@127.0.0.1:1/x.git")
	f = clone.fetcher(FetchOptions{})
	if _, err := f.Ref(ctx, "refs/heads/main"); err == nil || strings.Contains(err.Error(), "token") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("something was executed")
	}
}

// TestFetchRunsNothing sets everything that a fetch could run in the clone.
func TestFetchRunsNothing(t *testing.T) {
	origin := newSandbox(t)
	origin.commits(3, "main")
	clone := origin.shallowClone("--depth=1")
	marker := filepath.Join(t.TempDir(), "marker")
	script := filepath.Join(t.TempDir(), "run")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntouch "+marker+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"reference-transaction", "post-checkout", "pre-auto-gc", "post-merge", "post-rewrite"} {
		if err := os.WriteFile(filepath.Join(clone.dir, ".git", "hooks", name), []byte("#!/bin/sh\ntouch "+marker+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	clone.git("config", "core.fsmonitor", script)
	clone.git("config", "gc.auto", "1")
	clone.git("config", "remote.origin.uploadpack", script)
	f := clone.fetcher(FetchOptions{})
	ctx := context.Background()
	tip := mustID(t, clone.git("rev-parse", "HEAD"))
	if err := os.Remove(marker); err != nil && !os.IsNotExist(err) { // git in this test may have asked the monitor
		t.Fatal(err)
	}
	if err := f.Range(ctx, RangeSpec{Tips: []pack.ID{tip}}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.DefaultBranch(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("something was executed")
	}
}

func TestRefNamed(t *testing.T) {
	s := newSandbox(t)
	first, second := s.commits(1, "a"), s.commits(1, "b")
	s.git("tag", "refs/remotes/origin/main", second)
	s.git("tag", "origin/main", second)
	s.git("update-ref", "refs/remotes/origin/there", first)
	s.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/there")
	for _, packed := range []bool{false, true} {
		if packed {
			s.git("pack-refs", "--all")
		}
		r := s.open()
		for name, want := range map[string]string{
			"refs/remotes/origin/main": "", "refs/remotes/origin/there": first, "refs/tags/origin/main": second, "refs/heads/refs": "", "refs/remotes/origin/HEAD": first,
		} {
			ref, err := r.RefNamed(name)
			got := ""
			if !ref.ID.IsZero() {
				got = ref.ID.String()
			}
			if err != nil || got != want {
				t.Errorf("%s: %q, %v, not %q", name, got, err, want)
			}
		}
		for _, bad := range []string{"HEAD", "main", "refs/../config", "refs/heads/a b", "--x"} {
			if _, err := r.RefNamed(bad); err == nil {
				t.Errorf("%q is a name", bad)
			}
		}
	}
}

func TestFetchIsBounded(t *testing.T) {
	origin := newSandbox(t)
	origin.commits(2, "main")
	clone := origin.shallowClone("--depth=1")
	f := clone.fetcher(FetchOptions{})
	f.ends = time.Now().Add(-time.Second)
	if _, err := f.Ref(context.Background(), "refs/heads/main"); err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("after the time is up: %v", err)
	}
}

func TestLocalURL(t *testing.T) {
	for url, want := range map[string]bool{
		"/srv/repo.git": true, "../repo": true, "file:///srv/repo": true, "./a:b": true, "https://host/x": false, "git@host:x": false,
		"ssh://host/x": false, "ext::sh -c x": false, "host:/x": false,
	} {
		if got := localURL(url); got != want {
			t.Errorf("%q: %v", url, got)
		}
	}
}

// TestFetchErrorsHoldNoToken has the token in a url, which git quotes, taken out whatever it is made of.
func TestFetchErrorsHoldNoToken(t *testing.T) {
	for _, token := range []string{"abc", "ab/cd", "ab@cd", "ab:cd?e#f", "ab'cd", "@", "//"} {
		said := withoutUser("fatal: unable to access 'https://user:" + token + "@host.example/x.git/': it failed")
		if want := "fatal: unable to access 'https://host.example/x.git/': it failed"; said != want {
			t.Errorf("%q: %q", token, said)
		}
	}
}
