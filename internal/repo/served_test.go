package repo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/pack"
)

// probed returns a clone of a repository with a branch, a pull ref, an object that nothing reaches and one that is not there.
func probed(t *testing.T) (s *sandbox, clone *Repository, host string) {
	t.Helper()
	s = newSandbox(t)
	s.write("a", "one\n")
	s.git("add", "a")
	s.git("commit", "-qm", "one")
	host = filepath.Join(t.TempDir(), "host.git")
	s.git("clone", "-q", "--bare", s.dir, host)
	s.git("remote", "add", "origin", host)
	r, err := Open(s.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return s, r, host
}

func TestRemoteProbe(t *testing.T) {
	s, r, host := probed(t)
	ctx := context.Background()
	opt := FetchOptions{Env: os.Getenv}
	one := mustID(t, s.git("rev-parse", "HEAD"))
	s.git("--git-dir="+host, "update-ref", "refs/pull/7/head", one.String())
	s.write("stray", "nothing reaches this\n")
	stray := mustID(t, s.git("--git-dir="+host, "hash-object", "-w", "stray"))
	here := mustID(t, s.git("hash-object", "-w", "-t", "blob", "stray"))
	s.write("only-here", "the clone alone has this\n")
	mine := mustID(t, s.git("hash-object", "-w", "only-here"))
	if stray != here {
		t.Fatal("not the same object")
	}
	names, err := RemoteNames(ctx, r, opt)
	if err != nil || len(names) != 1 || names[0] != "origin" {
		t.Fatalf("remotes %q, %v", names, err)
	}
	p, err := NewRemoteProbe(ctx, r, "origin", opt)
	if err != nil {
		t.Fatal(err)
	}
	if p.Path != host || p.Address != host {
		t.Errorf("it is at %q, %q", p.Path, p.Address)
	}
	refs, err := p.Refs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, ref := range refs {
		listed = append(listed, ref.Name)
	}
	if got := strings.Join(listed, " "); got != "HEAD refs/heads/main refs/pull/7/head" {
		t.Errorf("refs: %s", got)
	}
	for _, c := range []struct {
		id   pack.ID
		want Served
	}{{one, ServedYes}, {stray, ServedYes}, {mine, ServedNo}} {
		if got, how := p.Serves(ctx, c.id); got != c.want {
			t.Errorf("%s: %s (%s), want %s", c.id, got, how, c.want)
		}
	}
	all, err := p.History(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got, err := all.Refs()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, ref := range got {
		if name, found := RemoteName(ref.Name); found && ref.ID == one {
			named[name] = true
		}
	}
	if !named["refs/heads/main"] || !named["refs/pull/7/head"] {
		t.Errorf("the history has %v", named)
	}
	folders := p.folders
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range folders {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s was left behind", dir)
		}
	}
	if out := s.git("for-each-ref", "--format=%(refname)"); out != "refs/heads/main\n" && out != "refs/heads/main" {
		t.Errorf("the clone has changed: %q", out)
	}
}

// TestRemoteProbeSilent holds that a remote which does not answer is no remote that has nothing.
func TestRemoteProbeSilent(t *testing.T) {
	s, r, host := probed(t)
	if err := os.Rename(host, host+".gone"); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	p, err := NewRemoteProbe(ctx, r, "origin", FetchOptions{Env: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	if got, how := p.Serves(ctx, mustID(t, s.git("rev-parse", "HEAD"))); got != ServedUnknown || how == "" {
		t.Errorf("it says %s (%s)", got, how)
	}
	if _, err := p.Refs(ctx); err == nil {
		t.Error("no error for the list of refs")
	}
}

func TestPublicAddress(t *testing.T) {
	for address, want := range map[string]string{
		"https://me:word@git.example/x.git?t=1": "https://git.example/x.git",
		"git@git.example:x/y.git":               "git.example:x/y.git",
		"ssh://git@git.example:22/x":            "ssh://git.example:22/x",
		"/srv/a@b/x.git":                        "/srv/a@b/x.git",
		"../x.git":                              "../x.git",
		"https://me:%zz@git.example/x":          "https://...",
	} {
		if got := PublicAddress(address); got != want {
			t.Errorf("%q is shown as %q, want %q", address, got, want)
		}
	}
}
