package purge

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/pack"
)

func (b *box) folder(path string) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Join(b.dir, path), 0o755); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) file(path, text string) string {
	b.t.Helper()
	b.folder(filepath.Dir(path))
	path = filepath.Join(b.dir, path)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

func (b *box) hook(name string) {
	b.t.Helper()
	if err := os.Chmod(b.file(".git/hooks/"+name, "#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		b.t.Fatal(err)
	}
}

// TestChecks holds that each thing that stands in the way is seen, and that Run does nothing then.
func TestChecks(t *testing.T) {
	for _, c := range []struct {
		name, check string
		state       State
		do          func(b *box)
	}{
		{"clean", "work tree", Fine, func(*box) {}},
		{"changed", "work tree", Blocks, func(b *box) {
			if err := os.WriteFile(filepath.Join(b.dir, "a"), []byte("something else"), 0o600); err != nil {
				b.t.Fatal(err)
			}
		}},
		{"staged", "work tree", Blocks, func(b *box) {
			b.git("", "update-index", "--add", "--cacheinfo", "100644,"+b.git("x", "hash-object", "-w", "--stdin")+",new")
		}},
		{"merging", "work tree", Blocks, func(b *box) {
			if err := os.WriteFile(filepath.Join(b.dir, ".git", "MERGE_HEAD"), []byte(b.git("", "rev-parse", "HEAD")+"\n"), 0o600); err != nil {
				b.t.Fatal(err)
			}
		}},
		{"replaced", "replaced objects", Blocks, func(b *box) { b.git("", "replace", "HEAD", "HEAD~1") }},
		{"copied", "work tree", Fine, func(b *box) {
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(filepath.Join(b.dir, "a"), later, later); err != nil {
				b.t.Fatal(err)
			}
		}},
		{"mode", "work tree", Blocks, func(b *box) {
			if err := os.Chmod(filepath.Join(b.dir, "a"), 0o755); err != nil {
				b.t.Fatal(err)
			}
		}},
		{"deleted", "work tree", Blocks, func(b *box) {
			if err := os.Remove(filepath.Join(b.dir, "a")); err != nil {
				b.t.Fatal(err)
			}
		}},
		{"rebasing", "work tree", Blocks, func(b *box) { b.folder(".git/rebase-merge") }},
		{"picking", "work tree", Blocks, func(b *box) { b.folder(".git/sequencer") }},
		{"reverting", "work tree", Blocks, func(b *box) { b.file(".git/REVERT_HEAD", b.git("", "rev-parse", "HEAD")) }},
		{"bisecting", "work tree", Blocks, func(b *box) { b.git("", "bisect", "start", "HEAD", "HEAD~1") }},
		{"bisecting in a linked tree", "work tree", Blocks, func(b *box) {
			b.git("", "worktree", "add", "-q", "--detach", "../linked")
			b.git("", "-C", "../linked", "bisect", "start", "HEAD", "HEAD~1")
		}},
		{"a linked tree that is gone", "work tree", Blocks, func(b *box) {
			b.git("", "worktree", "add", "-q", "--detach", "../linked")
			if err := os.RemoveAll(filepath.Join(b.dir, "..", "linked")); err != nil {
				b.t.Fatal(err)
			}
		}},
		{"linked", "linked work trees", Note, func(b *box) { b.git("", "worktree", "add", "-q", "--detach", "../linked") }},
		{"index lock", "locks", Blocks, func(b *box) { b.file(".git/index.lock", "") }},
		{"index lock of a linked tree", "locks", Blocks, func(b *box) {
			b.git("", "worktree", "add", "-q", "--detach", "../linked")
			b.file(".git/worktrees/linked/index.lock", "")
		}},
		{"refs lock", "locks", Blocks, func(b *box) { b.file(".git/packed-refs.lock", "") }},
		{"no lock", "locks", Fine, func(*box) {}},
		{"packed replacement", "replaced objects", Blocks, func(b *box) {
			b.git("", "replace", "HEAD", "HEAD~1")
			b.git("", "pack-refs", "--all")
		}},
		{"grafts", "grafts", Blocks, func(b *box) { b.file(".git/info/grafts", b.git("", "rev-parse", "HEAD")+"\n") }},
		{"borrowed", "borrowed objects", Note, func(b *box) {
			b.folder("../other/objects")
			b.file(".git/objects/info/alternates", filepath.Join(b.dir, "../other/objects")+"\n")
		}},
		{"sparse", "sparse checkout", Note, func(b *box) { b.git("", "sparse-checkout", "set", "nothing") }},
		{"no longer sparse", "sparse checkout", "", func(b *box) {
			b.git("", "sparse-checkout", "set", "nothing")
			b.git("", "sparse-checkout", "disable")
		}},
		{"room", "disk space", Fine, func(*box) {}},
		{"rights", "permissions", Fine, func(*box) {}},
		{"LFS", "Git LFS", Note, func(b *box) { b.commit(".gitattributes", "*.bin filter=lfs diff=lfs\n", "lfs") }},
		{"LFS objects", "Git LFS", Note, func(b *box) { b.file(".git/lfs/objects/ab/x", "x") }},
		{"no LFS", "Git LFS", Fine, func(*box) {}},
		{"a submodule that is not there", "submodules", Note, func(b *box) {
			b.git("", "update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",sub")
			b.git("", "commit", "-qm", "a submodule")
			b.git("", "rm", "-q", "--cached", "sub")
			b.git("", "commit", "-qm", "none any more")
		}},
		{"no submodules", "submodules", Fine, func(*box) {}},
		{"signed commit", "signatures", Note, func(b *box) {
			raw := strings.Replace(b.git("", "cat-file", "commit", "HEAD"), "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n abc\n\n", 1)
			b.git("", "reset", "-q", "--hard", b.git(raw+"\n", "hash-object", "-t", "commit", "-w", "--stdin"))
		}},
		{"a merge of a signed tag", "signatures", Note, func(b *box) {
			raw := strings.Replace(b.git("", "cat-file", "commit", "HEAD"), "\n\n", "\nmergetag object "+b.git("", "rev-parse", "HEAD")+"\n\n", 1)
			b.git("", "reset", "-q", "--hard", b.git(raw+"\n", "hash-object", "-t", "commit", "-w", "--stdin"))
		}},
		{"signed before", "signatures", Fine, func(b *box) {
			raw := strings.Replace(b.git("", "cat-file", "commit", "HEAD~1"), "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n abc\n\n", 1)
			b.git("", "branch", "signed", b.git(raw+"\n", "hash-object", "-t", "commit", "-w", "--stdin"))
		}},
		{"hooks", "hooks", Note, func(b *box) { b.hook("pre-push") }},
		{"other hooks", "hooks", Fine, func(b *box) { b.hook("pre-commit") }},
		{"earlier", "earlier purge", Fine, func(b *box) { b.folder("../repo-purge-1") }},
		{"cut off", "earlier purge", Note, func(b *box) { b.file("../repo-purge-1/"+workMark, filepath.Join(b.dir, ".git")+"\n") }},
		{"cut off for another", "earlier purge", Fine, func(b *box) { b.file("../repo-purge-1/"+workMark, filepath.Join(b.dir, "..", "git")+"\n") }},
		{"done", "earlier purge", Note, func(b *box) {
			b.file("../any name/"+bundleFile, "")
			b.file("../any name/"+NextFile, "")
			b.file("../any name/purge.git/config", "[remote \"origin\"]\n\turl = "+filepath.Join(b.dir, ".git")+"\n")
		}},
		{"running", "earlier purge", Blocks, func(b *box) {
			path := b.file("../repo-purge-1/"+workMark, filepath.Join(b.dir, ".git")+"\n")
			f, err := os.Open(path)
			if err != nil {
				b.t.Fatal(err)
			}
			b.t.Cleanup(func() { _ = f.Close() })
			if err := hold(f); err != nil {
				b.t.Fatal(err)
			}
		}},
		{"remote", "remote", Note, func(*box) {}},
		{"binary", "left out", Note, func(b *box) { b.commit("prog", "\x00"+leak, "binary") }},
		{"nothing binary", "left out", "", func(*box) {}},
		{"more places", "same text elsewhere", Note, func(*box) {}},
		{"shallow", "clone", Blocks, func(b *box) { b.file(".git/shallow", b.git("", "rev-parse", "HEAD~1")+"\n") }},
		{"partial", "clone", Blocks, func(b *box) {
			b.git("", "config", "core.repositoryformatversion", "1")
			b.git("", "config", "extensions.partialClone", "origin")
		}},
		{"whole", "clone", Fine, func(*box) {}},
		{"submodules", "submodules", Note, func(b *box) {
			if err := os.MkdirAll(filepath.Join(b.dir, ".git", "modules", "x"), 0o755); err != nil {
				b.t.Fatal(err)
			}
		}},
		{"stash", "stash", Note, func(b *box) {
			if err := os.WriteFile(filepath.Join(b.dir, "a"), []byte("stashed"), 0o600); err != nil {
				b.t.Fatal(err)
			}
			b.git("", "stash", "-q")
		}},
		{"branches", "protected branches", Unknown, func(*box) {}},
		{"people", "authors", Blocks, func(b *box) {
			b.git("", "commit", "-q", "--allow-empty", "-m", "x", "--author", "# "+leak+" <a@example.com>")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBox(t)
			b.commit("a", "clean\n", "one")
			b.commit("a", leak+"\n", "two")
			c.do(b)
			p, err := b.plan()
			if err != nil {
				t.Fatal(err)
			}
			var states []State
			for _, check := range p.Checks {
				if check.Name == c.check {
					states = append(states, check.State)
				}
			}
			for _, check := range p.Checks {
				if !may(check.Name, check.State) {
					t.Errorf("the catalogue has no check %q that is %q", check.Name, check.State)
				}
				if check.State == Blocks && c.state != Blocks {
					t.Errorf("%s: %s", check.Name, check.Detail)
				}
			}
			if c.state == "" && len(states) == 0 {
				return
			}
			if len(states) == 0 || states[0] != c.state {
				t.Errorf("%s: %q, want %q\n%s", c.check, states, c.state, p.Markdown(nil))
			}
			if c.state != Blocks {
				return
			}
			dir := filepath.Join(t.TempDir(), "work")
			var not *NotDoneError
			if _, err := p.Run(context.Background(), dir, "", func(string) {}); !errors.As(err, &not) {
				t.Errorf("Run: %v", err)
			}
			if _, err := os.Lstat(dir); err == nil {
				t.Error("Run has made the folder")
			}
		})
	}
}

func (p *Plan) stateOf(name string) State {
	for _, c := range p.Checks {
		if c.Name == name {
			return c.State
		}
	}
	return ""
}

// TestRoom has a disk without room, one that says nothing, and folders that cannot be written to.
func TestRoom(t *testing.T) {
	b := newBox(t)
	b.commit("a", leak+"\n", "one")
	p, err := b.plan()
	if err != nil {
		t.Fatal(err)
	}
	for want, free := range map[State]func(string) (int64, bool){
		Blocks:  func(string) (int64, bool) { return 1 << 10, true },
		Unknown: func(string) (int64, bool) { return 0, false },
		Fine:    func(string) (int64, bool) { return 1 << 30, true },
	} {
		p.Checks, p.free = nil, free
		if err := p.checkRoom(); err != nil {
			t.Fatal(err)
		}
		if got := p.stateOf("disk space"); got != want || !may("disk space", got) {
			t.Errorf("disk space: %q, want %q", got, want)
		}
	}
	if os.Geteuid() == 0 { // root may write everywhere but to a file system that is read-only
		if writable("/proc/self") == nil && writable("/sys") == nil {
			t.Skip("NOT TESTED: nothing is read-only here")
		}
		return
	}
	if err := os.Chmod(filepath.Join(b.dir, ".git"), 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(b.dir, ".git"), 0o700) })
	p.Checks = nil
	if err := p.checkRoom(); err != nil {
		t.Fatal(err)
	}
	if got := p.stateOf("permissions"); got != Blocks {
		t.Errorf("permissions: %q", got)
	}
}

// TestReadOnly mounts the clone read-only, where this user may mount.
func TestReadOnly(t *testing.T) {
	b := newBox(t)
	b.commit("a", leak+"\n", "one")
	probe := filepath.Join(t.TempDir(), "repo")
	if err := os.Mkdir(probe, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "--bind", "-o", "ro", b.dir, probe).CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED: this user may not mount: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", probe).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	p, err := (&box{t, probe}).plan()
	if err != nil {
		t.Fatal(err)
	}
	if got := p.stateOf("permissions"); got != Blocks {
		t.Errorf("permissions: %q", got)
	}
}

// TestBareAndHooksPath looks at a bare repository, and at hooks in a folder of the configuration.
func TestBareAndHooksPath(t *testing.T) {
	b := newBox(t)
	b.commit("a", leak+"\n", "one")
	b.git("", "clone", "-q", "--bare", ".", "../bare.git")
	p, err := (&box{t, filepath.Join(b.dir, "..", "bare.git")}).plan()
	if err != nil {
		t.Fatal(err)
	}
	if got := p.stateOf("bare"); got != Note {
		t.Errorf("bare: %q", got)
	}
	b.hook("pre-push")
	b.git("", "config", "core.hooksPath", "their hooks")
	for _, want := range []State{Fine, Note} {
		if p, err = b.plan(); err != nil {
			t.Fatal(err)
		}
		if got := p.stateOf("hooks"); got != want {
			t.Errorf("hooks: %q, want %q", got, want)
		}
		b.folder("their hooks")
		if err := os.Rename(filepath.Join(b.dir, ".git/hooks/pre-push"), filepath.Join(b.dir, "their hooks/reference-transaction")); err != nil && want == Fine {
			t.Fatal(err)
		}
		b.file(".git/info/exclude", "their hooks\n")
	}
}

// TestRemoteChecks compares what a remote says that it has with what the clone knows.
func TestRemoteChecks(t *testing.T) {
	b := newBox(t)
	b.commit("a", leak+"\n", "one")
	b.git("", "remote", "add", "origin", "../origin.git")
	head := b.git("", "rev-parse", "HEAD")
	b.git("", "update-ref", "refs/remotes/origin/main", head)
	for _, c := range []struct {
		refs          map[string]string
		remote, pulls State
		words         string
	}{
		{nil, Unknown, Unknown, ""},
		{map[string]string{"refs/heads/main": head}, Fine, Fine, ""},
		{map[string]string{"refs/heads/main": strings.Repeat("1", 40)}, Blocks, Fine, "refs/heads/main"},
		{map[string]string{"refs/tags/x": head}, Blocks, Fine, "refs/tags/x"},
		{map[string]string{"refs/heads/main": head, "refs/pull/1/head": head, "refs/pull/1/merge": head, "refs/merge-requests/2/head": head}, Fine, Note, "3 refs of pull requests, open or closed, which only the host can change. 3 name an old commit: refs/merge-requests/2/head, refs/pull/1/head, refs/pull/1/merge. Merge or close the open ones first (1 has a trial merge"},
	} {
		p, err := b.planWith(func(in *Input) { in.Remote = "origin" })
		if err != nil {
			t.Fatal(err)
		}
		p.Checks = nil
		if c.refs != nil {
			p.in.Ask, p.RemoteRefs = true, map[string]pack.ID{}
			for name, id := range c.refs {
				if p.RemoteRefs[name], err = pack.ParseID(id); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := p.checkRemote(); err != nil {
			t.Fatal(err)
		}
		if r, q := p.stateOf("remote"), p.stateOf("pull requests"); r != c.remote || q != c.pulls {
			t.Errorf("%v: remote %q, pull requests %q", c.refs, r, q)
		}
		if !slices.ContainsFunc(p.Checks, func(check Check) bool { return strings.Contains(check.Detail, c.words) }) {
			t.Errorf("%v: nobody says %q: %v", c.refs, c.words, p.Checks)
		}
	}
}

// TestDocsTable holds that docs/purge.md has the table of the checks, and that every one of it is made somewhere.
func TestDocsTable(t *testing.T) {
	text, err := os.ReadFile("../../docs/purge.md")
	if err != nil {
		t.Fatal(err)
	}
	if table := strings.Join(Table(), "\n"); !strings.Contains(string(text), "\n"+table+"\n\n") {
		t.Errorf("docs/purge.md has not this table:\n%s", table)
	}
	code := sources(t)
	for _, k := range Catalogue() {
		if !bytes.Contains(code, []byte(`p.add("`+k.Name+`", `)) && !bytes.Contains(code, []byte(`{"`+k.Name+`", `)) {
			t.Errorf("nothing checks %q", k.Name)
		}
		if k.Stops == "" && k.Tells == "" {
			t.Errorf("%q says nothing", k.Name)
		}
	}
}

// sources is the code of the checks, without the catalogue.
func sources(t *testing.T) []byte {
	t.Helper()
	var all []byte
	for _, name := range []string{"checks.go", "checks_room.go", "checks_remote.go", "leftover.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	return all
}

// TestPushFromMirror has git push a single ref from a clone that was made with --mirror, by the command that is printed.
func TestPushFromMirror(t *testing.T) {
	b := newBox(t)
	b.commit("a", leak+"\n", "one")
	head := b.git("", "rev-parse", "HEAD")
	host := b.dir
	b.dir = filepath.Join(t.TempDir(), "mirror.git")
	cmd := exec.Command("git", "clone", "-q", "--mirror", host, b.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b.git("", "update-ref", "refs/remotes/origin/side", head)
	b.git("", "--git-dir="+filepath.Join(host, ".git"), "update-ref", "refs/heads/side", head)
	p, err := b.planWith(func(in *Input) { in.Remote = "origin" })
	if err != nil {
		t.Fatal(err)
	}
	commands := p.PushCommands(&Result{Dir: t.TempDir(), after: map[string]string{}})
	if len(commands) != 1 {
		t.Fatalf("%q", commands)
	}
	if out, err := exec.Command("sh", "-c", commands[0]).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", commands[0], err, out)
	}
}
