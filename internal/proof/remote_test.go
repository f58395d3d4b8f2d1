package proof

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/repo"
)

// askHost asks the only remote of a clone by a version of git's protocol, and returns the claim about it.
func askHost(t *testing.T, r *repo.Repository, objects []incident.Object, version string) (*RemoteAnswer, Claim) {
	t.Helper()
	vars := map[string]string{
		"PATH": os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_COUNT": "1",
		"GIT_CONFIG_KEY_0": "protocol.version", "GIT_CONFIG_VALUE_0": version,
	}
	env := func(name string) string { return vars[name] }
	all, err := r.Remotes(context.Background(), env)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, remotes %v", err, all)
	}
	asker, err := repo.NewAsker(context.Background(), r, all[0], repo.AskOptions{Env: env})
	if err != nil {
		t.Fatal(err)
	}
	in, facts := gone()
	in.File.Objects = objects
	answer := AskRemote(context.Background(), asker, in.File)
	if err := asker.Close(); err != nil {
		t.Fatal(err)
	}
	in.Remotes = []*RemoteAnswer{answer}
	claims := New(in, facts).Claims
	i := slices.IndexFunc(claims, func(c Claim) bool { return c.Kind == Remote })
	if i < 0 {
		t.Fatal("there is no claim about the remote")
	}
	return answer, claims[i]
}

// TestAskRemote asks a host with real git: by a protocol by which it gives out nothing that its refs do not name, nothing is proven,
// whatever it has and says.
func TestAskRemote(t *testing.T) {
	base := t.TempDir()
	host, clone := filepath.Join(base, "host.git"), filepath.Join(base, "clone")
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = base
		cmd.Stdin = strings.NewReader("old\n")
		cmd.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + base, "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
			"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
		}
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %q: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "--bare", "-b", "main", host)
	git("init", "-q", clone)
	git("-C", clone, "remote", "add", "origin", "../host.git")
	tree := git("-C", host, "hash-object", "-w", "-t", "tree", os.DevNull)
	fresh, old := git("-C", host, "commit-tree", "-m", "fresh", tree), git("-C", host, "commit-tree", "-m", "old", tree)
	child := git("-C", host, "commit-tree", "-m", "child", "-p", old, tree)
	blob := git("-C", host, "hash-object", "-w", "--stdin")
	git("-C", host, "update-ref", "refs/heads/main", fresh)
	r, err := repo.Open(clone, repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	expect := func(version string, want incident.State, detail string) {
		t.Helper()
		a, got := askHost(t, r, []incident.Object{{ID: blob, Type: "blob", Secrets: []int{1}}, {ID: old, Type: "commit"}}, version)
		if got.State != want || !strings.Contains(got.Detail, detail) || (got.Remedy == "") != (want == incident.Proven) || a.Path != host {
			t.Errorf("version %s, at %s: %s because %s, want %s (%s)", version, a.Path, got.State, got.Detail, want, detail)
		}
	}
	expect("2", incident.Open, "it gives out "+blob[:8]+", "+old[:8]+" by id")
	expect("0", incident.Unknown, "it gave no answer about "+blob[:8]+", "+old[:8]+": the remote refuses it")
	git("-C", host, "config", "uploadpack.allowTipSHA1InWant", "true")
	expect("0", incident.Unknown, "it gave no answer about "+blob[:8])
	git("-C", host, "update-ref", "refs/pull/7/head", child)
	expect("0", incident.Open, "it is reached by refs/pull/7/head")
	git("-C", host, "tag", "-a", "-m", "m", "v1", child)
	expect("2", incident.Open, "it is reached by refs/pull/7/head, refs/tags/v1;")
	git("-C", host, "update-ref", "-d", "refs/pull/7/head")
	git("-C", host, "tag", "-d", "v1")
	git("-C", host, "gc", "-q", "--prune=now")
	expect("2", incident.Proven, "none of its 2 refs leads to an old object; 2 of 2 were asked for by id")
	expect("0", incident.Unknown, "it gave no answer")
	git("-C", host, "update-ref", "--no-deref", "HEAD", git("-C", host, "commit-tree", "-m", "more", tree)) // may lead to anything
	expect("2", incident.Unknown, "HEAD was not given out as it was listed")
	git("-C", clone, "config", "core.sshCommand", "none")
	if err := os.Rename(host, host+".gone"); err != nil {
		t.Fatal(err)
	}
	expect("2", incident.Unknown, "what the clone itself sets as core.sshcommand was not used")
}
