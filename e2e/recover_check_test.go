//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/proof"
)

// leakScene is a host with a pull ref, a clone with a merge and a tag, and a second clone with a branch of its own and a stash. All of them
// have a key in an early commit; one and two are the clones.
type leakScene struct {
	one, two *workRepo
	host     string
	secret   string
	file     string
}

func newLeak(t *testing.T) *leakScene {
	t.Helper()
	s := &leakScene{one: newRepo(t), secret: newSecret(t)}
	s.host = bareRemote(t, s.one)
	s.one.env = append(s.one.env, "PATH="+filepath.Dir(skant)+string(os.PathListSeparator)+os.Getenv("PATH"))
	s.one.change("README", "clean\n")
	s.one.change("config", "key = \""+s.secret+"\"\n")
	s.one.git("update-ref", "refs/pull/7/head", "HEAD")
	s.one.git("push", "-q", "origin", "refs/pull/7/head")
	s.one.git("update-ref", "-d", "refs/pull/7/head")
	s.one.change("config", "key = from the vault\n")
	s.one.git("switch", "-qc", "side", "HEAD~1")
	s.one.change("side", "work\n")
	s.one.git("switch", "-q", "main")
	s.one.git("merge", "-q", "--no-edit", "side")
	s.one.git("tag", "-a", "-m", "with "+s.secret, "v1")
	s.one.git("push", "-q", "origin", "main", "side", "v1")
	second := *s.one
	second.dir = filepath.Join(t.TempDir(), "two")
	s.one.git("clone", "-q", s.host, second.dir)
	s.two = &second
	s.two.git("switch", "-qc", "feature", "main~1")
	s.two.change("feature", "of the second clone\n")
	s.two.write("feature", "not finished\n")
	s.two.git("stash", "-q")
	s.two.git("switch", "-q", "main")
	s.file = filepath.Join(t.TempDir(), "incident.json")
	return s
}

// check runs the check with a status that is expected, and returns what it says as text and in detail.
func (s *leakScene) check(t *testing.T, want int, args ...string) (string, *proof.Result) {
	t.Helper()
	saved := filepath.Join(t.TempDir(), "check.json")
	all := append([]string{"recover", "check", "--incident", s.file, "--remote", "--clone", s.two.dir, "-o", "text", "-o", "json=" + saved}, args...)
	code, out := s.one.run(skant, all...)
	if code != want {
		t.Fatalf("exit %d, want %d\n%s", code, want, hide(out, s.secret))
	}
	data, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	var r proof.Result
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{out, string(data), string(kept)} {
		if strings.Contains(text, s.secret[20:40]) {
			t.Fatal("the secret is shown")
		}
	}
	return out, &r
}

// purge makes the history anew without the key, as a tool would, and enters in the file of the incident what it has rewritten.
func (s *leakScene) purge(t *testing.T) {
	t.Helper()
	f, err := incident.Load(s.file)
	if err != nil {
		t.Fatal(err)
	}
	fresh := *s.one
	fresh.dir = filepath.Join(t.TempDir(), "fresh")
	s.one.git("clone", "-q", s.host, fresh.dir)
	old := map[string]string{}
	for _, ref := range []string{"refs/heads/main", "refs/heads/side", "refs/tags/v1"} {
		old[ref] = strings.TrimSpace(s.one.git("rev-parse", ref))
	}
	root := strings.TrimSpace(fresh.git("rev-list", "--max-parents=0", "origin/main"))
	for _, id := range strings.Fields(fresh.git("rev-list", "origin/main", "origin/side", "^"+root)) {
		f.AddObjects([]incident.Object{{ID: id, Type: "commit"}})
	}
	fresh.git("reset", "-q", "--hard", root)
	fresh.git("switch", "-qc", "side")
	fresh.change("side", "work\n")
	fresh.git("switch", "-q", "main")
	fresh.change("config", "key = from the vault\n")
	fresh.git("merge", "-q", "--no-edit", "side")
	fresh.git("tag", "-f", "-a", "-m", "with nothing", "v1")
	fresh.git("push", "-q", "--force", "origin", "main", "side", "v1")
	for ref, id := range old {
		f.Rewritten = append(f.Rewritten, incident.Rewrite{Ref: ref, Old: id, New: strings.TrimSpace(fresh.git("rev-parse", ref))})
	}
	if err := f.Write(s.file); err != nil {
		t.Fatal(err)
	}
}

// claims returns the claims of a kind that are in a state.
func claims(r *proof.Result, kind proof.Kind, state incident.State) []proof.Claim {
	return slices.DeleteFunc(slices.Clone(r.Claims), func(c proof.Claim) bool { return c.Kind != kind || c.State != state })
}

// TestRecoverCheck goes from a leak to the proof that it is over with the commands that the check prints, word for word.
func TestRecoverCheck(t *testing.T) {
	s := newLeak(t)
	audit := filepath.Join(t.TempDir(), "audit.json")
	if code, out := s.one.run(skant, "history", "-o", "json="+audit); code != 1 {
		t.Fatalf("history: exit %d\n%s", code, hide(out, s.secret))
	}
	if err := os.WriteFile(audit+".key", []byte(s.secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dead := false
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if dead || q.Header.Get("X-Api-Key") != s.secret {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`))
			return
		}
		_, _ = w.Write([]byte(`{"data":[{"type":"model","id":"m","display_name":"M","created_at":"2026-01-01T00:00:00Z"}],"has_more":false,"first_id":"m","last_id":"m"}`))
	}))
	defer provider.Close()
	asked := []string{"--verify", "--verify-endpoint", "anthropic=" + provider.URL, "--secret-file", audit + ".key"}

	// Before anything is done the advice is to purge, and the host is known to have it.
	out, r := s.check(t, 1, append(asked, "--report", audit)...)
	if len(claims(r, proof.Dead, incident.Open)) != 1 || !strings.Contains(out, "skant recover plan") || strings.Contains(out, "branch -D") {
		t.Errorf("at the beginning it says\n%s", out)
	}
	dead = true
	s.purge(t)
	out, r = s.check(t, 1, asked...)
	if len(claims(r, proof.Dead, incident.Proven)) != 1 {
		t.Errorf("the provider's word is lost\n%s", out)
	}
	for _, name := range []string{"refs/pull/7/head", "refs/heads/feature", "stash@{0}", "reflog HEAD@{", "refs/tags/v1"} {
		if !strings.Contains(out, name) {
			t.Errorf("%s is not named\n%s", name, out)
		}
	}
	remote := claims(r, proof.Remote, incident.Open)
	if len(remote) != 1 || !strings.Contains(remote[0].Detail, "reached by refs/pull/7/head;") {
		t.Errorf("of the remote it says %+v", remote)
	}

	done := map[string]bool{}
	for _, c := range r.Claims {
		if c.State != incident.Open || done[c.Remedy] {
			continue
		}
		done[c.Remedy] = true
		for line := range strings.SplitSeq(c.Remedy, "\n") {
			if code, out := s.one.run("sh", "-c", line); code != 0 {
				t.Fatalf("%s: exit %d\n%s", line, code, out)
			}
		}
	}
	out, r = s.check(t, 0, asked...)
	if r.State != incident.Proven || !strings.HasPrefix(out, "PROVEN: all ") {
		t.Errorf("at the end it says\n%s", out)
	}
	if got := s.two.git("show", "feature:feature"); got != "of the second clone\n" {
		t.Errorf("the work of the second clone is %q", got)
	}
	s.oracle(t)

	// A stray object on the host alone is enough to be open again.
	blob := strings.TrimSpace(s.one.must("sh", "-c", `printf 'key = "%s"\n' "$0" | git --git-dir="$1" hash-object -w --stdin`, s.secret, s.host))
	_, r = s.check(t, 1, asked...)
	if remote := claims(r, proof.Remote, incident.Open); len(remote) != 1 || !strings.Contains(remote[0].Detail, blob[:8]) {
		t.Errorf("a stray object on the host: %+v", r.Claims)
	}
}

// oracle asks git itself whether anything of the old history is left.
func (s *leakScene) oracle(t *testing.T) {
	t.Helper()
	f, err := incident.Load(s.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range f.Objects {
		for _, dir := range []string{s.one.dir + "/.git", s.two.dir + "/.git", s.host} {
			if code, _ := s.one.run("git", "--git-dir="+dir, "cat-file", "-e", o.ID); code == 0 {
				t.Errorf("%s %s is in %s", o.Type, o.ID, dir)
			}
		}
	}
}
