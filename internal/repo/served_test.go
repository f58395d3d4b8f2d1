package repo

import (
	"context"
	"fmt"
	"io"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

// askEnv is an environment for git without anything of the user's but what is given.
func askEnv(more ...string) func(string) string {
	return environment(append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}, more...)...)
}

// speaking is askEnv with a version of git's protocol.
func speaking(version string, more ...string) func(string) string {
	return askEnv(append(more, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.version", "GIT_CONFIG_VALUE_0="+version)...)
}

// asker prepares asking a remote of a clone, the first of this name.
func asker(t *testing.T, clone *sandbox, name string) *Asker {
	t.Helper()
	return askerWith(t, clone, name, askEnv())
}

func askerWith(t *testing.T, clone *sandbox, name string, env func(string) string) *Asker {
	t.Helper()
	r := clone.open()
	all, err := r.Remotes(context.Background(), env)
	if err != nil {
		t.Fatal(err)
	}
	for _, remote := range all {
		if remote.Name != name {
			continue
		}
		a, err := NewAsker(context.Background(), r, remote, AskOptions{Env: env})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
		return a
	}
	t.Fatalf("no remote is called %q among %v", name, all)
	return nil
}

// asking is a host with objects of all sorts, and a clone of its own that knows where it is.
type asking struct {
	host, clone *sandbox
	// tip is what a branch names, older its parent, blob what older has; of lost, lostBlob and lostTag nothing reaches any. The host does
	// not have absent, which the clone has.
	tip, older, blob, lost, lostBlob, lostTag, absent pack.ID
}

func newAsking(t *testing.T) *asking {
	t.Helper()
	h := newSandbox(t)
	a := &asking{host: h, clone: newSandbox(t)}
	h.write("f", "one\n")
	a.older = mustID(t, h.commit("one"))
	a.blob = mustID(t, h.git("rev-parse", "HEAD:f"))
	h.write("f", "two\n")
	a.tip = mustID(t, h.commit("two"))
	a.lost = mustID(t, h.git("commit-tree", "-p", a.older.String(), "-m", "lost", "HEAD^{tree}"))
	a.lostBlob = mustID(t, h.feed("nothing reaches this\n", "hash-object", "-w", "--stdin"))
	h.git("tag", "-a", "-m", "lost", "lost")
	a.lostTag = mustID(t, h.git("rev-parse", "refs/tags/lost"))
	h.git("tag", "-d", "lost")
	a.absent = mustID(t, a.clone.feed("the clone alone has this\n", "hash-object", "-w", "--stdin"))
	a.clone.git("remote", "add", "origin", h.dir)
	return a
}

func (a *asking) all() []pack.ID {
	return []pack.ID{a.tip, a.older, a.blob, a.lost, a.lostBlob, a.lostTag, a.absent}
}

// TestAskOldHosts asks by each version of the protocol, with each policy of a host: what a host has is never called gone, whatever it
// says about it, and what it does not have never there.
func TestAskOldHosts(t *testing.T) {
	h := newAsking(t)
	for _, version := range []string{"0", "1", "2"} {
		for _, policy := range []string{"", "allowTipSHA1InWant", "allowReachableSHA1InWant", "allowAnySHA1InWant"} {
			_, _ = h.host.try("", "config", "--remove-section", "uploadpack")
			if policy != "" {
				h.host.git("config", "uploadpack."+policy, "true")
			}
			a := askerWith(t, h.clone, "origin", speaking(version))
			served, why := a.Serve(context.Background(), h.all())
			for _, id := range h.all() {
				want := []Served{ServedYes, ServedUnknown}
				switch {
				case id == h.absent && version == "2":
					want = []Served{ServedNo}
				case id == h.absent:
					want = []Served{ServedUnknown}
				case version == "2" || id == h.tip:
					want = []Served{ServedYes}
				}
				if !slices.Contains(want, served[id]) {
					t.Errorf("version %s, %q: %s is %q (%s), want %q", version, policy, id, served[id], why[id], want)
				}
				if (why[id] != "") != (served[id] == ServedUnknown) {
					t.Errorf("version %s, %q: %s is %q because %q", version, policy, id, served[id], why[id])
				}
			}
		}
	}
	if out := h.clone.git("for-each-ref"); out != "" {
		t.Errorf("the clone has changed: %q", out)
	}
}

// TestAskForMany asks for more than fits into one question, of which a host has some: all have an answer.
func TestAskForMany(t *testing.T) {
	h := newAsking(t)
	var input strings.Builder
	for i := range maxAsked + 10 {
		fmt.Fprintf(&input, "blob\ndata <<E\nnumber %d\nE\n", i)
	}
	h.host.feed(input.String(), "fast-import", "--quiet")
	want := map[pack.ID]Served{}
	var ids []pack.ID
	for hex := range strings.FieldsSeq(h.host.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")) {
		want[mustID(t, hex)] = ServedYes
		ids = append(ids, mustID(t, hex))
	}
	for i := range 140 {
		id := mustID(t, fmt.Sprintf("%040x", i+1))
		want[id] = ServedNo
		ids = append(ids, id, id)
	}
	a := asker(t, h.clone, "origin")
	served, why := a.Serve(context.Background(), ids)
	if diff := cmp.Diff(want, served, compareIDs); diff != "" || len(why) > 0 {
		t.Errorf("want -, got +:\n%s%v", diff, why)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	served, why = a.Serve(stopped, ids[:3])
	if len(served) != 3 || served[ids[0]] != ServedUnknown || why[ids[0]] == "" {
		t.Errorf("there was no time, and it says %v, %v", served, why)
	}
}

// TestAskOverHTTP asks git's own server behind a web server.
func TestAskOverHTTP(t *testing.T) {
	path, err := exec.Command("git", "--exec-path").Output()
	backend := filepath.Join(strings.TrimSpace(string(path)), "git-http-backend")
	if _, statErr := os.Stat(backend); err != nil || statErr != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git-http-backend is missing, which comes with git")
		}
		t.Skip("NOT TESTED: git-http-backend is missing")
	}
	h := newAsking(t)
	server := httptest.NewServer(&cgi.Handler{Path: backend, Env: []string{
		"GIT_PROJECT_ROOT=" + filepath.Dir(h.host.dir), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
	}, InheritEnv: []string{"PATH"}, Stderr: io.Discard})
	t.Cleanup(server.Close)
	h.clone.git("remote", "set-url", "origin", server.URL+"/repo/.git")
	for version, want := range map[string][]Served{
		"2": {ServedYes, ServedYes, ServedYes, ServedYes, ServedYes, ServedYes, ServedNo},
		"0": {ServedYes, ServedUnknown, ServedUnknown, ServedUnknown, ServedUnknown, ServedUnknown, ServedUnknown},
	} {
		a := askerWith(t, h.clone, "origin", speaking(version))
		if a.Path != "" {
			t.Errorf("it is at %s", a.Path)
		}
		served, why := a.Serve(context.Background(), h.all())
		var got []Served
		for _, id := range h.all() {
			got = append(got, served[id])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("version %s: want -, got +:\n%s%v", version, diff, why)
		}
		if refs, err := a.Refs(context.Background()); err != nil || len(refs) != 2 {
			t.Errorf("version %s: %v, refs %v", version, err, refs)
		}
	}
}

// TestAskOtherServers has programs in git's place say what other servers say.
func TestAskOtherServers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for git is a shell script")
	}
	h := newAsking(t)
	for _, c := range []struct {
		name, trace, says string
		want              Served
	}{
		{"git", "version 2|agent=git/2.39.5", "fatal: remote error: upload-pack: not our ref ID", ServedNo},
		{"a host with a git of its own", "version 2|agent=git/host-1234", "fatal: remote error: upload-pack: not our ref ID", ServedNo},
		{"git with an old protocol", "version 1|agent=git/2.39.5", "fatal: remote error: upload-pack: not our ref ID", ServedUnknown},
		{"another program with git's words", "version 2|agent=JGit/6", "fatal: remote error: upload-pack: not our ref ID", ServedUnknown},
		{"JGit", "version 2|agent=JGit/6", "fatal: remote error: want ID not valid", ServedUnknown},
		{"JGit that says nothing of itself", "version 2|agent=git/2", "fatal: remote error: want ID not valid", ServedUnknown},
		{"other words", "version 2|agent=git/2", "fatal: remote error: TF401035: The object 'ID' does not exist.", ServedUnknown},
		{"a wrong object", "version 2|agent=git/2", "fatal: remote error: upload-pack: not our ref " + strings.Repeat("2", 40), ServedUnknown},
		{"a fetch that brings nothing", "version 2|agent=git/2", "", ServedUnknown},
		{"no password", "", "fatal: could not read Username for 'https://host.example': terminal prompts disabled", ServedUnknown},
	} {
		a := asker(t, h.clone, "origin")
		script := "#!/bin/sh\nid=none; for arg do id=$arg; done\n"
		for packet := range strings.SplitSeq(c.trace, "|") {
			script += "printf '12:00:00 pkt-line.c:80  packet:        fetch< %s\\n' '" + packet + "' >>\"$GIT_TRACE_PACKET\"\n"
		}
		script += "sed \"s/ID/$id/\" >&2 <<'END'\n" + c.says + "\nEND\n"
		if c.says != "" {
			script += "exit 128\n"
		}
		program := filepath.Join(t.TempDir(), "git")
		if err := os.WriteFile(program, []byte(script), 0o755); err != nil { //nolint:gosec // it is a program
			t.Fatal(err)
		}
		a.byID.repo.opt.Git = program
		earlier := "12:00:00 pkt-line.c:80  packet:        fetch< version 2\n12:00:00 pkt-line.c:80  packet:        fetch< agent=git/2.39.5\n"
		if err := os.WriteFile(filepath.Join(a.dir, "trace"), []byte(earlier), 0o600); err != nil { // what was said before counts no more
			t.Fatal(err)
		}
		served, why := a.Serve(context.Background(), []pack.ID{h.absent})
		if served[h.absent] != c.want || (why[h.absent] == "") != (c.want == ServedNo) {
			t.Errorf("%s: %s (%s), want %s", c.name, served[h.absent], why[h.absent], c.want)
		}
	}
}

// TestAskStrangeLists holds that a list of refs of which a line cannot be read is no list.
func TestAskStrangeLists(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for git is a shell script")
	}
	h := newAsking(t)
	id := h.tip.String()
	for list, want := range map[string]int{
		"": 0, id + "\trefs/heads/main\n": 1, id + "\n": -1, id + "\t\n": -1, id[1:] + "\trefs/heads/main\n": -1, "warning\n" + id + "\trefs/heads/main\n": -1,
	} {
		a := asker(t, h.clone, "origin")
		program := filepath.Join(t.TempDir(), "git")
		if err := os.WriteFile(program, []byte("#!/bin/sh\nprintf '"+list+"'\n"), 0o755); err != nil { //nolint:gosec // it is a program
			t.Fatal(err)
		}
		a.byID.repo.opt.Git = program
		if refs, err := a.Refs(context.Background()); (err != nil) != (want < 0) || err == nil && len(refs) != want {
			t.Errorf("%q: %v, %v", list, refs, err)
		}
	}
}

// TestAskHistory follows the refs of a host, those of pull requests among them, and leaves the clone and the folder for temporary files as they were.
func TestAskHistory(t *testing.T) {
	h := newAsking(t)
	h.host.git("update-ref", "refs/pull/7/head", h.lost.String())
	h.host.git("update-ref", "refs/tags/v1", h.lostTag.String())
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	a := asker(t, h.clone, "origin")
	if a.Path != h.host.dir || a.Address != h.host.dir || a.Name != "origin" {
		t.Errorf("%s is at %q, %q", a.Name, a.Path, a.Address)
	}
	refs, err := a.Refs(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := []RemoteRef{
		{"HEAD", h.tip, false}, {"refs/heads/main", h.tip, false}, {"refs/pull/7/head", h.lost, false}, {"refs/tags/v1", h.lostTag, false},
		{"refs/tags/v1", h.tip, true},
	}
	if diff := cmp.Diff(want, refs, compareIDs); diff != "" {
		t.Errorf("refs: want -, got +:\n%s", diff)
	}
	history, err := a.History(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got, err := history.Refs()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]pack.ID{}
	for _, ref := range got {
		if name, found := RemoteName(ref.Name); found {
			named[name] = ref.ID
		}
	}
	if diff := cmp.Diff(map[string]pack.ID{"refs/heads/main": h.tip, "refs/pull/7/head": h.lost, "refs/tags/v1": h.lostTag}, named, compareIDs); diff != "" {
		t.Errorf("the history has other refs: want -, got +:\n%s", diff)
	}
	for _, id := range []pack.ID{h.older, h.lost} {
		if _, err := history.Commit(id); err != nil {
			t.Errorf("the history lacks %s: %v", id, err)
		}
	}
	if history.has(h.lostBlob) {
		t.Error("nothing reaches a blob, and the history has it")
	}
	if _, ours := RemoteName("refs/heads/main"); ours {
		t.Error("a ref of the history is no ref of the remote")
	}
	if info, err := os.Stat(a.dir); err != nil || info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		t.Errorf("others may read what was fetched: %v, %v", info, err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if out := h.clone.git("for-each-ref"); out != "" {
		t.Errorf("the clone has changed: %q", out)
	}
}

// TestAskWhere finds hosts by all sorts of addresses, as git does, and knows that they are the same.
func TestAskWhere(t *testing.T) {
	h := newAsking(t)
	rel, err := filepath.Rel(h.clone.dir, h.host.dir)
	if err != nil {
		t.Fatal(err)
	}
	rel = filepath.ToSlash(rel)
	h.clone.git("config", "url."+rel+".insteadOf", "short:host")
	h.clone.git("config", "url.ext::sh -c nothing.insteadOf", filepath.ToSlash(filepath.Dir(h.host.dir)))
	var first *Asker
	for i, address := range []string{rel, "file://" + filepath.ToSlash(h.host.dir) + "/.git/..", "short:host"} {
		name := []string{"-x", "file", "a b"}[i]
		h.clone.git("config", "remote."+name+".url", address)
		a := asker(t, h.clone, name)
		if filepath.Clean(a.Path) != h.host.dir {
			t.Errorf("%s is at %s, not %s", address, a.Path, h.host.dir)
		}
		if served, why := a.Serve(context.Background(), []pack.ID{h.lost}); served[h.lost] != ServedYes {
			t.Errorf("%s: %s", address, why[h.lost])
		}
		if first == nil {
			first = a
		}
		if name == "a b" && !a.Same(first) {
			t.Errorf("%s and %s are said to be two places", address, rel)
		}
	}
	other := newAsking(t)
	other.clone.git("remote", "set-url", "origin", "../gone.git")
	h.clone.git("remote", "set-url", "origin", "../gone.git")
	a, b := asker(t, h.clone, "origin"), asker(t, other.clone, "origin")
	if a.Same(b) {
		t.Error("two clones have different folders above them")
	}
	if served, why := a.Serve(context.Background(), []pack.ID{h.absent}); served[h.absent] != ServedUnknown || why[h.absent] == "" {
		t.Errorf("of a host that is not there it is said %v, %v", served, why)
	}
	if _, err := a.Refs(context.Background()); err == nil {
		t.Error("no error for the refs of a host that is not there")
	}
	if _, err := a.History(context.Background()); err == nil {
		t.Error("no error for the history of a host that is not there")
	}
}

// TestAskRunsNothing has a clone name programs in every place where git would take one.
func TestAskRunsNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the programs are shell scripts")
	}
	marker := filepath.Join(t.TempDir(), "ran")
	touch := "touch " + marker
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+touch+"\n"), 0o755); err != nil { //nolint:gosec // it is a program
		t.Fatal(err)
	}
	const nowhere = "https://u:word@localhost:1/r"
	for _, c := range []struct {
		name, address string
		settings      []string // KEY, VALUE, ...
		hint          string
	}{
		{"a helper", "ext::sh -c " + strings.ReplaceAll(touch, " ", "% "), nil, ""},
		{"a helper that is allowed", "ext::" + program, []string{"protocol.ext.allow", "always", "protocol.allow", "always"}, ""},
		{"insteadOf", "https://host.example/r", []string{"url.ext::" + program + " .insteadOf", "https://host.example/"}, ""},
		{"insteadOf of a folder", "../r", []string{"url.ext::" + program + " .insteadOf", "../"}, ""},
		{"vcs", nowhere, []string{"remote.origin.vcs", "ext", "protocol.ext.allow", "always"}, "remote.vcs"},
		{"a new line", "x\next::" + program, []string{"protocol.allow", "always"}, ""},
		{"a folder like a helper", "./ext::" + program, []string{"protocol.allow", "always"}, ""},
		{"ssh", "ssh://localhost:1/r", []string{"core.sshCommand", program, "ssh.variant", "simple"}, "core.sshcommand, ssh.variant"},
		{"a proxy for git", "git://localhost:1/r", []string{"core.gitProxy", program}, "core.gitproxy"},
		{"upload-pack", "../r", []string{"remote.origin.uploadpack", program}, "remote.uploadpack"},
		{"credentials", nowhere, []string{"credential.helper", "!" + touch, "core.askPass", program}, "core.askpass, credential.helper"},
		{"hooks", "../r", []string{"core.hooksPath", filepath.Dir(program), "core.fsmonitor", program, "core.alternateRefsCommand", program}, ""},
	} {
		clone := newSandbox(t)
		clone.git("config", "remote.origin.url", c.address)
		for i := 0; i+1 < len(c.settings); i += 2 {
			clone.git("config", c.settings[i], c.settings[i+1])
		}
		// Even if the user has allowed it for all.
		env := askEnv("GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.ext.allow", "GIT_CONFIG_VALUE_0=always", "GIT_SSH_COMMAND=false")
		a := askerWith(t, clone, "origin", env)
		id := mustID(t, strings.Repeat("1", 40))
		served, why := a.Serve(context.Background(), []pack.ID{id})
		if served[id] != ServedUnknown || why[id] == "" {
			t.Errorf("%s: %v, %v", c.name, served, why)
		}
		_, refsErr := a.Refs(context.Background())
		_, historyErr := a.History(context.Background())
		_, _, listErr := clone.open().ListRemote(context.Background(), "origin", env)
		for _, text := range []string{why[id], fmt.Sprint(refsErr), fmt.Sprint(historyErr), fmt.Sprint(listErr)} {
			if strings.Contains(text, "word") {
				t.Errorf("%s: a password in %q", c.name, text)
			}
			said := strings.Contains(text, "what the clone itself sets as "+c.hint+" was not used") && strings.Contains(text, "git config --global")
			if c.hint != "" && !said || c.hint == "" && strings.Contains(text, "was not used") {
				t.Errorf("%s: it says %q", c.name, text)
			}
		}
		if refsErr == nil || historyErr == nil || listErr == nil {
			t.Errorf("%s: no error", c.name)
		}
		if os.Remove(marker) == nil {
			t.Errorf("%s: a program of the clone was run", c.name)
		}
	}
}
