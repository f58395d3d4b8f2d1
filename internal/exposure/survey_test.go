package exposure

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestEveryHolder puts one secret where it can be and compares the list.
func TestEveryHolder(t *testing.T) {
	host := newBox(t, "--bare")
	b := host.at("clone")
	b.init()
	b.git("remote", "add", "origin", host.dir)
	b.write("a", "nothing\n")
	b.commit("base")
	b.git("push", "-q", "origin", "main")
	b.write("src/config", secretOf("a")+"\n")
	leak := b.commit("leak")
	b.git("push", "-q", "origin", "main")
	pushed := *b.clock
	b.git("tag", "v1")
	b.git("tag", "-a", "-m", "with it", "v2")
	b.git("branch", "topic")
	b.git("update-ref", "refs/pull/7/head", "HEAD")
	b.git("update-ref", "refs/custom/x", "HEAD")
	b.write("a", "stashed\n")
	b.git("stash", "-q")
	linked := filepath.Join(filepath.Dir(b.dir), "linked")
	b.git("worktree", "add", "-q", "--detach", linked, "HEAD")
	b.git("notes", "add", "-m", secretOf("a"), "HEAD~1")
	b.git("reset", "-q", "--hard", "HEAD~1")
	b.write("lost", "x")
	b.git("add", "-A")
	tree := b.git("write-tree")
	b.git("reset", "-q", "--hard")
	lost := b.git("commit-tree", tree, "-p", leak, "-m", "nothing leads here")
	b.write("fresh", secretOf("a")+"\n")
	b.git("add", "-A")
	b.git("config", "skant.kept", secretOf("a"))

	e := b.survey(Options{})
	s := only(t, e)
	want := []string{
		"branch refs/heads/topic", "remote-tracking refs/remotes/origin/main", "pull-request refs/pull/7/head", "tag refs/tags/v1",
		"tag refs/tags/v2", "note refs/notes/commits", "stash refs/stash", "ref worktrees/linked/ORIG_HEAD", "ref refs/custom/x", "worktree " + linked,
		"index fresh", "index " + linked + "/src/config", "file fresh", "file " + linked + "/src/config", "git-file .git/config",
		"reflog HEAD@{2}", "reflog HEAD@{3}", "reflog refs/heads/main@{1}", "reflog refs/heads/topic@{0}",
		"reflog refs/notes/commits@{0}", "reflog refs/remotes/origin/main@{0}", "reflog worktrees/linked/HEAD@{0}", "unreachable " + lost,
	}
	got := s.names()
	slices.Sort(want)
	sorted := slices.Sorted(slices.Values(got))
	if diff := cmp.Diff(want, sorted); diff != "" {
		t.Errorf("holders: want -, got +:\n%s", diff)
	}
	n := 0
	for _, count := range s.Counts {
		n += count
	}
	if n != len(got) {
		t.Errorf("%d holders are counted and %d listed", n, len(got))
	}
	if s.InHead || s.First == nil || s.First.ID != leak || s.First.Author != "Ann Author" {
		t.Errorf("in head %v, first %+v", s.InHead, s.First)
	}
	// Nobody knows when the pull request got it.
	if s.PushedAt.Unix() >= int64(pushed) || !s.Estimate || !strings.Contains(s.PushedHow, "refs/pull/7/head") || s.Days != 1 {
		t.Errorf("pushed at %v (%s), estimate %v, from %v, %d days", s.PushedAt, s.PushedHow, s.Estimate, s.From, s.Days)
	}
	if text, err := json.Marshal(e); err != nil || strings.Contains(string(text), strings.Repeat("a", 12)) {
		t.Errorf("%v: the exposure holds the secret: %s", err, text)
	}
}

// TestSecretInNames names a branch, a worktree and a file after the secret.
func TestSecretInNames(t *testing.T) {
	b := newBox(t)
	b.write("f", secretOf("b")+"\n")
	b.commit("message " + secretOf("b"))
	b.write(secretOf("b"), secretOf("b"))
	b.commit("more")
	b.git("branch", "fix-"+secretOf("b"))
	b.git("worktree", "add", "-q", filepath.Join(filepath.Dir(b.dir), secretOf("b")), "-b", "other")
	b.git("remote", "add", "x-"+secretOf("b"), "https://user:"+secretOf("b")+"@localhost:1/"+secretOf("b"))
	e := b.survey(Options{Remote: true, Timeout: 5 * time.Second})
	text, err := json.Marshal(e)
	if err != nil || strings.Contains(string(text), strings.Repeat("b", 12)) {
		t.Errorf("%v: the exposure holds the secret: %s", err, text)
	}
	s := only(t, e)
	if len(s.names(Branch)) != 3 || len(s.names(Worktree)) != 1 || len(s.Remotes) != 1 || s.Remotes[0].Serves != "unknown" {
		t.Errorf("holders %q, remotes %+v", s.names(), s.Remotes)
	}
}

// random writes a history of merges, tags, stashes and resets in which the secrets come and go.
func random(t *testing.T, seed uint64) (*box, *rand.Rand) {
	b := newBox(t)
	rnd := rand.New(rand.NewPCG(seed, 7))
	b.write("start", "x\n")
	b.commit("start")
	for n := range 45 {
		branches := strings.Fields(b.git("for-each-ref", "--format=%(refname:short)", "refs/heads"))
		path := fmt.Sprint("dir/", rnd.IntN(3))
		switch rnd.IntN(10) {
		case 0:
			b.git("checkout", "-q", "-f", "-B", fmt.Sprint("b", n))
		case 1, 2:
			b.git("checkout", "-q", "-f", branches[rnd.IntN(len(branches))])
		case 3:
			if _, err := b.try("merge", "-q", "-X", "ours", "-m", "merge", branches[rnd.IntN(len(branches))]); err != nil {
				b.git("reset", "-q", "--hard")
			}
		case 4:
			b.git("tag", "-a", "-m", "m", fmt.Sprint("t", n))
			b.git("update-ref", fmt.Sprint("refs/pull/", n, "/head"), "HEAD")
		case 5:
			b.write(path, fmt.Sprint(secretOf("q"), n))
			b.git("add", "-A")
			b.git("stash", "-q")
		case 6:
			if _, err := b.try("reset", "-q", "--hard", "HEAD~1"); err != nil {
				b.git("reset", "-q", "--hard")
			}
		case 7:
			b.write(path, fmt.Sprint("clean ", n, "\n"))
			b.commit("clean")
		default:
			b.write(path, secretOf(string("pqr"[rnd.IntN(3)]))+fmt.Sprintf("\n%d\n", rnd.IntN(4)))
			b.commit("leak")
		}
	}
	return b, rnd
}

// TestHoldersAgreeWithGit asks git, for every commit with a secret in its files, which refs and entries of reflogs contain it.
func TestHoldersAgreeWithGit(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			b, _ := random(t, seed)
			e := b.survey(Options{})
			holding := b.holding()
			if len(e.Secrets) < 2 {
				t.Fatal("too few secrets to prove anything")
			}
			logs := b.logEntries()
			for i := range e.Secrets {
				s := &e.Secrets[i]
				commits := holding[letterOf(b, s)]
				var want, entries []string
				reaching := map[string]bool{}
				for _, c := range commits {
					want = append(want, strings.Fields(b.git("for-each-ref", "--format=%(refname)", "--contains", c))...)
				}
				all := strings.Fields(b.git(append([]string{"rev-list", "--all", "--reflog"}, commits...)...))
				for _, c := range all {
					for _, ancestor := range strings.Fields(b.git("rev-list", c)) {
						if slices.Contains(commits, ancestor) {
							reaching[c] = true
							break
						}
					}
				}
				for name, at := range logs {
					if reaching[at] {
						entries = append(entries, name)
					}
				}
				var refs, got []string
				for _, h := range s.Holders {
					switch h.Kind {
					case Reflog:
						got = append(got, h.Name)
					case Stash:
						if strings.Contains(h.Name, "@{") {
							got = append(got, h.Name)
						} else {
							refs = append(refs, h.Name)
							got = append(got, h.Name+"@{0}")
						}
					case Branch, Tag, Pull, RemoteTracking, Note:
						refs = append(refs, h.Name)
					}
				}
				for _, list := range []*[]string{&want, &entries, &refs, &got} {
					slices.Sort(*list)
					*list = slices.Compact(*list)
				}
				if diff := cmp.Diff(want, refs); diff != "" {
					t.Errorf("secret %d, refs: want -, got +:\n%s", s.Number, diff)
				}
				if diff := cmp.Diff(entries, got); diff != "" {
					t.Errorf("secret %d, reflogs: want -, got +:\n%s", s.Number, diff)
				}
				if s.Commits < len(reaching) { // nobody's commits are among ours, too
					t.Errorf("%d commits reach it, and git knows %d", s.Commits, len(reaching))
				}
				b.checkDates(t, s, commits)
				b.checkObjects(t, s)
			}
		})
	}
}

// letterOf finds out which of the secrets of a generated history it is: the test knows the content of its objects.
func letterOf(b *box, s *Secret) string {
	for _, o := range s.Objects {
		if o.Type == "blob" {
			return b.git("cat-file", "blob", o.ID)[len(mark):][:1]
		}
	}
	b.t.Fatal("no blob holds it")
	return ""
}

// holding lists, for each letter, the commits whose files have its secret, of all that refs and reflogs reach.
func (b *box) holding() map[string][]string {
	all := map[string][]string{}
	for _, c := range strings.Fields(b.git("rev-list", "--all", "--reflog")) {
		for _, letter := range []string{"p", "q", "r"} {
			if _, err := b.try("grep", "-q", secretOf(letter), c); err == nil {
				all[letter] = append(all[letter], c)
			}
		}
	}
	return all
}

// logEntries are what the entries of reflogs name.
func (b *box) logEntries() map[string]string {
	all := map[string]string{}
	for _, ref := range append(strings.Fields(b.git("for-each-ref", "--format=%(refname)")), "HEAD") {
		out, err := b.try("reflog", "show", "--format=%H", ref)
		if err != nil {
			continue
		}
		for i, id := range strings.Fields(out) {
			all[fmt.Sprintf("%s@{%d}", ref, i)] = id
		}
	}
	return all
}

// checkDates compares the first and the last commit with those that git says hold the secret.
func (b *box) checkDates(t *testing.T, s *Secret, commits []string) {
	t.Helper()
	dates := map[string]string{}
	for _, c := range commits {
		dates[c] = b.git("log", "-1", "--format=%ct", c)
	}
	if s.First == nil || s.Last == nil || !slices.Contains(commits, s.First.ID) || !slices.Contains(commits, s.Last.ID) {
		t.Errorf("first %+v, last %+v, of %d commits", s.First, s.Last, len(commits))
		return
	}
	for c, date := range dates {
		if date < dates[s.First.ID] || date > dates[s.Last.ID] {
			t.Errorf("commit %s of %s is not between %s and %s", c, date, dates[s.First.ID], dates[s.Last.ID])
		}
	}
}

// checkObjects compares the blobs with all that git has whose content holds the secret.
func (b *box) checkObjects(t *testing.T, s *Secret) {
	t.Helper()
	letter := letterOf(b, s)
	var want, got []string
	for _, line := range strings.Split(b.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"), "\n") {
		if id, ok := strings.CutPrefix(line, "blob "); ok && strings.Contains(b.git("cat-file", "blob", id), secretOf(letter)) {
			want = append(want, id)
		}
	}
	for _, o := range s.Objects {
		if o.Type == "blob" {
			got = append(got, o.ID)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("blobs: want -, got +:\n%s", diff)
	}
}

// TestPushedWhen follows pushes, fetches and what is left of their traces.
func TestPushedWhen(t *testing.T) {
	host := newBox(t, "--bare")
	b := host.at("clone")
	b.init()
	b.git("remote", "add", "origin", host.dir)
	b.write("f", secretOf("c")+"\n")
	b.commit("leak")
	committed := time.Unix(int64(*b.clock-60), 0).UTC() // rev-parse came after
	if s := only(t, b.survey(Options{})); !s.PushedAt.IsZero() || s.Days != 0 || !strings.HasPrefix(s.PushedHow, "no ref of a remote") {
		t.Errorf("nothing was pushed, and it says %v: %s", s.PushedAt, s.PushedHow)
	}
	*b.clock += 3 * 24 * 60 * 60
	b.git("push", "-q", "origin", "main")
	pushed := time.Unix(int64(*b.clock), 0).UTC()
	later := pushed.Add(10 * 24 * time.Hour)
	b.git("fetch", "-q", "origin", "main") // leaves FETCH_HEAD, which says nothing new
	s := only(t, b.survey(Options{Now: later}))
	if !s.PushedAt.Equal(pushed) || s.Estimate || s.Days != 11 || !s.To.Equal(later) {
		t.Errorf("pushed at %v, %v to %v, %d days, estimate %v: %s", s.PushedAt, s.From, s.To, s.Days, s.Estimate, s.PushedHow)
	}

	other := host.at("other")
	other.init()
	other.git("remote", "add", "origin", host.dir)
	other.git("fetch", "-q")
	fetched := time.Unix(int64(*b.clock), 0).UTC()
	s = only(t, other.survey(Options{Now: later}))
	if !s.PushedAt.Equal(fetched) || !s.Estimate || !s.From.Equal(committed) || !strings.Contains(s.PushedHow, "fetched") {
		t.Errorf("fetched at %v, and it says %v, from %v (committed %v), estimate %v: %s", fetched, s.PushedAt, s.From, committed, s.Estimate, s.PushedHow)
	}

	b.git("reflog", "expire", "--expire=all", "--all")
	s = only(t, b.survey(Options{Now: later}))
	if !s.PushedAt.Equal(committed) || !s.Estimate || !strings.Contains(s.PushedHow, "estimate") {
		t.Errorf("without a reflog it says %v, estimate %v: %s", s.PushedAt, s.Estimate, s.PushedHow)
	}
	// In the host, all that there is was pushed.
	if s = only(t, host.survey(Options{Now: later})); !s.PushedAt.Equal(committed) || !s.Estimate {
		t.Errorf("the host says %v, estimate %v: %s", s.PushedAt, s.Estimate, s.PushedHow)
	}
}

// TestRemote asks a host that has it in a pull ref, then only as an object that nothing reaches, then not at all.
func TestRemote(t *testing.T) {
	host := newBox(t, "--bare")
	b := host.at("clone")
	b.init()
	b.git("remote", "add", "origin", "file://"+host.dir)
	b.write("f", "nothing\n")
	b.commit("base")
	b.git("push", "-q", "origin", "main")
	b.write("f", secretOf("d")+"\n")
	b.commit("leak")
	b.git("push", "-q", "origin", "main", "main:refs/pull/3/head")
	b.git("reset", "-q", "--hard", "HEAD~1")
	b.git("push", "-q", "-f", "origin", "main")
	gone := *b.clock
	// What a configuration can have run.
	marker := filepath.Join(t.TempDir(), "ran")
	for _, key := range []string{"core.sshCommand", "remote.origin.uploadpack", "core.fsmonitor", "core.gitProxy", "credential.helper", "core.askPass"} {
		b.git("config", key, "touch "+marker+";")
	}
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	before := b.git("count-objects", "-v")
	later := time.Unix(int64(*b.clock)+5*24*60*60, 0)
	env := map[string]string{"PATH": os.Getenv("PATH"), "HOME": temporary, "GIT_CONFIG_NOSYSTEM": "1"}
	ask := func() *Secret {
		t.Helper()
		return only(t, b.survey(Options{Remote: true, Now: later, Env: func(name string) string { return env[name] }}))
	}
	s := ask()
	want := []RemoteCopy{{Name: "origin", Address: "file://" + host.dir, Refs: []string{"refs/pull/3/head"}, Serves: "yes"}}
	for i := range s.Remotes {
		s.Remotes[i].How = ""
	}
	if diff := cmp.Diff(want, s.Remotes); diff != "" {
		t.Errorf("a pull ref has it: want -, got +:\n%s", diff)
	}
	host.git("update-ref", "-d", "refs/pull/3/head")
	if s = ask(); len(s.Remotes) != 1 || len(s.Remotes[0].Refs) > 0 || s.Remotes[0].Serves != "yes" || !s.To.Equal(later.UTC()) {
		t.Errorf("nothing there reaches it, and the host has it: %+v, until %v", s.Remotes, s.To)
	}
	// A host that gives out nothing by its id may have it.
	env["GIT_CONFIG_COUNT"], env["GIT_CONFIG_KEY_0"], env["GIT_CONFIG_VALUE_0"] = "1", "protocol.version", "0"
	if s = ask(); len(s.Remotes) != 1 || s.Remotes[0].Serves != "unknown" || !strings.Contains(s.Remotes[0].How, "gives no object by its id") {
		t.Errorf("an old protocol: %+v", s.Remotes)
	}
	delete(env, "GIT_CONFIG_COUNT")
	host.git("reflog", "expire", "--expire=now", "--all")
	host.git("gc", "-q", "--prune=now")
	if s = ask(); len(s.Remotes) != 1 || s.Remotes[0].Serves != "no" || s.To.Unix() != int64(gone) {
		t.Errorf("the host has dropped it: %+v, until %v and not %v", s.Remotes, s.To, time.Unix(int64(gone), 0).UTC())
	}
	if err := os.Rename(host.dir, host.dir+"-away"); err != nil {
		t.Fatal(err)
	}
	if s = ask(); len(s.Remotes) != 1 || s.Remotes[0].Serves != "unknown" || !s.To.Equal(later.UTC()) {
		t.Errorf("there is no host: %+v, until %v", s.Remotes, s.To)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("a program of the configuration was run")
	}
	if after := b.git("count-objects", "-v"); after != before {
		t.Errorf("the clone was changed: %s, before: %s", after, before)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("%v, left behind: %v", err, left)
	}
}
