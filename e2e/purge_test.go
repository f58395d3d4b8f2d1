//go:build e2e

package e2e

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"
)

// leaky is a repository with a secret in every place that a purge reaches, and its remote.
type leaky struct {
	*workRepo
	key, pem, host, clean string
}

func (l *leaky) commit(message string, files map[string]string) string {
	l.t.Helper()
	for name, content := range files {
		l.write(name, content)
		l.git("add", "--", name)
	}
	l.git("commit", "-qm", message)
	return strings.TrimSpace(l.git("rev-parse", "HEAD"))
}

func newLeaky(t *testing.T) *leaky {
	t.Helper()
	require(t, "git-filter-repo", "install the Debian package git-filter-repo")
	l := &leaky{workRepo: newRepo(t), key: newSecret(t)}
	l.host = bareRemote(t, l.workRepo)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	l.pem = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))

	l.commit("start", map[string]string{"README": "clean\n"})
	l.git("tag", "-a", "-m", "clean tag", "v0")
	// A commit with a signature that nobody can check: it must stay as it is, for the secret comes later.
	body := l.git("cat-file", "commit", "HEAD")
	head, message, _ := strings.Cut(body, "\n\n")
	l.write("raw", head+"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\n"+message)
	l.clean = strings.TrimSpace(l.git("hash-object", "-t", "commit", "-w", "raw"))
	if err := os.Remove(filepath.Join(l.dir, "raw")); err != nil {
		t.Fatal(err)
	}
	l.git("reset", "-q", "--hard", l.clean)

	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	member, err := w.Create("conf/.env")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := member.Write([]byte("ANTHROPIC_API_KEY=" + l.key + "\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune("key=" + l.key + "\r\n")) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	l.commit("leak", map[string]string{".env": "A=1\nANTHROPIC_API_KEY=" + l.key + "\n"})
	l.commit("encoded", map[string]string{"secret.yaml": "apiVersion: v1\nkind: Secret\ndata:\n  key: " + base64.StdEncoding.EncodeToString([]byte(l.key)) + "\n"})
	l.commit("binary", map[string]string{"prog.bin": "\x7fELF\x00\x00" + l.key + "\x00", "lib.zip": archive.String(), "wide.txt": string(wide)})
	l.commit("a pem", map[string]string{"tls.key": l.pem})
	l.commit("said "+l.key+" here", map[string]string{"README": "clean 2\n"})
	l.git("-c", "user.name=x "+l.key, "commit", "-q", "--allow-empty", "-m", "author", "--author", "x "+l.key+" <a@example.com>")
	l.commit("named", map[string]string{"dir/" + l.key + ".txt": "a file\n"})
	l.git("notes", "add", "-m", "the key is "+l.key, "HEAD")
	l.git("notes", "add", "-m", "a clean note", "HEAD~3")
	l.git("tag", "-a", "-m", "with "+l.key, "v1")
	l.git("tag", "-a", "-m", "tells "+l.key, "early", l.clean)
	l.git("tag", "light")
	l.git("checkout", "-q", "-b", "side", "HEAD~2")
	l.commit("on the side", map[string]string{"side.txt": "side\n"})
	l.git("checkout", "-q", "main")
	l.git("merge", "-q", "--no-ff", "--no-commit", "side")
	l.commit("merge", map[string]string{"merged.env": "K=" + l.key + "\n"})
	l.git("rm", "-q", ".env")
	l.git("commit", "-qm", "gone")
	l.git("branch", "fix-"+l.key)
	l.write("README", "stashed\n")
	l.git("stash", "push", "-q", "-m", "clean work")
	l.write("README", "stashed "+l.key+"\n")
	l.git("stash", "push", "-q", "-m", "leaky work")
	l.git("push", "-q", "origin", "--all")
	l.git("push", "-q", "origin", "--tags")
	l.git("push", "-q", "origin", "refs/notes/*:refs/notes/*")
	l.git("fetch", "-q", "origin")
	l.git("remote", "set-head", "origin", "main") // as a clone has it
	l.git("--git-dir="+l.host, "update-ref", "refs/pull/7/head", strings.TrimSpace(l.git("rev-parse", "side")))
	return l
}

// shown holds that no secret is in an output.
func (l *leaky) hidden(what, out string) {
	l.t.Helper()
	for _, secret := range []string{l.key[20:60], strings.Split(l.pem, "\n")[1], base64.StdEncoding.EncodeToString([]byte(l.key))[20:80]} {
		if strings.Contains(out, secret) {
			l.t.Errorf("%s shows a secret", what)
		}
	}
}

func (l *leaky) skant(args ...string) (int, string, string) {
	l.t.Helper()
	cmd := exec.Command(skant, args...)
	cmd.Dir, cmd.Env = l.dir, l.env
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); cmd.ProcessState == nil {
		l.t.Fatal(err)
	}
	l.hidden(args[0], out.String()+errOut.String())
	return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
}

// state is all that a purge must not change: refs, reflogs, the index and the objects.
func (l *leaky) state() string {
	l.t.Helper()
	return l.git("for-each-ref") + l.git("reflog", "--all") + l.git("status", "--porcelain") + l.git("count-objects", "-v") + l.remoteRefs()
}

var blocks = regexp.MustCompile("(?s)```sh\n(.*?)```")

// commandsOf are the commands in a section of a page.
func commandsOf(t *testing.T, page, title string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, "\n## "+title+"\n")
	if !ok {
		t.Fatalf("no section %q in\n%s", title, page)
	}
	section, _, _ := strings.Cut(rest, "\n## ")
	found := blocks.FindStringSubmatch(section)
	if found == nil {
		t.Fatalf("no commands in %q", title)
	}
	return found[1]
}

// filterRepos are the folders of the git-filter-repo programs to be tried: the one that is installed, and those that the variable
// SKANT_E2E_FILTER_REPO lists as PATH does.
func filterRepos(t *testing.T) []string {
	t.Helper()
	require(t, "git-filter-repo", "install the Debian package git-filter-repo")
	installed, err := exec.LookPath("git-filter-repo")
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{filepath.Dir(installed)}, filepath.SplitList(os.Getenv("SKANT_E2E_FILTER_REPO"))...)
}

func TestPurge(t *testing.T) {
	for _, folder := range filterRepos(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) { testPurge(t, folder) })
	}
}

func testPurge(t *testing.T, folder string) {
	l := newLeaky(t)
	l.env = append(without(l.env, "PATH"), "PATH="+folder+":"+os.Getenv("PATH"))
	before := l.state()

	code, plan, said := l.skant("recover", "plan", "-o", "markdown", "--remote", "origin")
	if code != 1 {
		t.Fatalf("plan: exit %d\n%s\n%s", code, plan, said)
	}
	for _, want := range []string{"refs/pull/7/head", "refs/heads/fix-REMOVED", "No signed commit", "15 of 17 commits get a new id", "protected branches", "First changed commits", "A server of your own"} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan does not say %q\n%s", want, plan)
		}
	}
	if code, _, said := l.skant("recover", "purge"); code != 2 || !strings.Contains(said, "--yes") {
		t.Errorf("purge without --yes: exit %d\n%s", code, said)
	}
	l.write("README", "changed\n")
	if code, _, said := l.skant("recover", "purge", "--yes"); code != 3 || !strings.Contains(said, "not committed") {
		t.Errorf("purge with changes: exit %d\n%s", code, said)
	}
	l.git("checkout", "-q", "README")
	if l.state() != before {
		t.Fatal("the plan or a refused purge has changed something")
	}

	old := map[string]string{}
	for _, ref := range []string{"main", "v0", "v1", "light", "early", "side"} {
		old[ref] = strings.TrimSpace(l.git("rev-parse", ref))
	}
	work := filepath.Join(t.TempDir(), "the work")
	code, page, said := l.skant("recover", "purge", "--yes", "--remote", "origin", "--work", work)
	if code != 0 {
		t.Fatalf("purge: exit %d\n%s\n%s", code, page, hide(said, l.key))
	}
	if l.state() != before {
		t.Error("the purge has changed the clone or the remote")
	}
	l.files(work, page)

	for _, title := range []string{"Your clone", "The remote"} {
		commands := commandsOf(t, page, title)
		if code, out := l.run("bash", "-euc", commands); code != 0 {
			t.Fatalf("%s: exit %d\n%s\n%s", title, code, commands, hide(out, l.key))
		}
	}
	l.purged(old)

	// A fresh clone of all that the host serves has it only where the pull request keeps it.
	fresh := filepath.Join(t.TempDir(), "fresh.git")
	l.git("clone", "-q", "--mirror", "--no-local", l.host, fresh)
	if code, out, _ := l.skant("history", "--no-cache", "-o", "json", fresh); code != 1 || !strings.Contains(out, "refs/pull/7/head") || strings.Contains(out, "refs/heads/") {
		t.Errorf("history of the host with the pull ref: exit %d\n%s", code, out)
	}
	l.git("--git-dir="+l.host, "update-ref", "-d", "refs/pull/7/head")
	l.git("--git-dir="+l.host, "gc", "-q", "--prune=now")
	if code, out, said := l.skant("history", "--no-cache", l.host); code != 0 {
		t.Errorf("history of the host: exit %d\n%s\n%s", code, out, said)
	}
}

// files holds what a purge leaves in its folder.
func (l *leaky) files(work, page string) {
	l.t.Helper()
	if info, err := os.Stat(work); err != nil || info.Mode().Perm() != 0o700 {
		l.t.Errorf("the folder: %v, %v", info, err)
	}
	for _, gone := range []string{"replace.txt", "paths.txt", "mailmap.txt", "blobs.txt"} {
		if _, err := os.Lstat(filepath.Join(work, gone)); err == nil {
			l.t.Errorf("%s is left behind", gone)
		}
	}
	for _, name := range []string{"skant-incident.json", "NEXT.md"} {
		data, err := os.ReadFile(filepath.Join(work, name))
		if err != nil {
			l.t.Fatal(err)
		}
		l.hidden(name, string(data))
	}
	list, err := os.ReadFile(filepath.Join(l.dir, ".git", "skant", "purged"))
	if err != nil || !strings.Contains(string(list), "object "+strings.TrimSpace(l.git("rev-parse", "main"))) {
		l.t.Errorf("the list of what was purged: %v", err)
	}
	bundle, err := os.ReadFile(filepath.Join(work, "before.bundle"))
	if err != nil {
		l.t.Fatal(err)
	}
	sum := sha256.Sum256(bundle)
	if !strings.Contains(page, hex.EncodeToString(sum[:])) {
		l.t.Error("the page has not the hash of the bundle")
	}
	restored := filepath.Join(l.t.TempDir(), "restored.git")
	l.git("clone", "-q", "--mirror", filepath.Join(work, "before.bundle"), restored)
	if got, want := l.git("--git-dir="+restored, "rev-parse", "refs/heads/main", "refs/tags/v1", "refs/stash"), l.git("rev-parse", "main", "v1", "refs/stash"); got != want {
		l.t.Errorf("the backup has %s, not %s", got, want)
	}
}

// purged holds what the clone has to be after it was brought along.
func (l *leaky) purged(old map[string]string) {
	l.t.Helper()
	if code, out, said := l.skant("history", "--no-cache"); code != 0 {
		l.t.Errorf("history of the clone: exit %d\n%s\n%s", code, out, said)
	}
	for name, id := range old {
		if stays := name == "v0"; (strings.TrimSpace(l.git("rev-parse", name)) == id) != stays {
			l.t.Errorf("%s: moved or not, against what was to be", name)
		}
	}
	if code, _ := l.run("git", "merge-base", "--is-ancestor", l.clean, "main"); code != 0 {
		l.t.Error("the signed commit before the leak was rewritten")
	}
	if got := strings.TrimSpace(l.git("rev-parse", "early^{commit}")); got != l.clean {
		l.t.Errorf("the tag early names %s, not %s", got, l.clean)
	}
	if out := l.git("cat-file", "tag", "v1"); !strings.Contains(out, "tag v1\n") || !strings.Contains(out, "with ***REMOVED***") {
		l.t.Errorf("the tag v1 is\n%s", out)
	}
	if out := l.git("show", "main:secret.yaml"); !strings.Contains(out, "key: ***REMOVED***") {
		l.t.Errorf("secret.yaml is\n%s", out)
	}
	if out := l.git("show", "main:merged.env"); out != "K=***REMOVED***\n" {
		l.t.Errorf("merged.env is\n%s", out)
	}
	if out := l.git("ls-tree", "-r", "--name-only", "main"); !strings.Contains(out, "dir/REMOVED.txt") || strings.Contains(out, "prog.bin") || strings.Contains(out, "lib.zip") {
		l.t.Errorf("the files are\n%s", out)
	}
	if got := strings.Count(l.git("log", "--notes", "--format=%N", "main"), "note") + strings.Count(l.git("log", "--notes", "--format=%N", "main"), "REMOVED"); got != 2 {
		l.t.Errorf("%d of 2 notes are with their commits", got)
	}
	if out := l.git("stash", "list"); strings.Count(out, "\n") != 2 || !strings.Contains(strings.Split(out, "\n")[0], "leaky") {
		l.t.Errorf("the stash is\n%s", out)
	}
	if out := l.git("stash", "show", "-p"); !strings.Contains(out, "+stashed ***REMOVED***") {
		l.t.Errorf("the first entry is\n%s", out)
	}
	if out := l.git("status", "--porcelain"); out != "" {
		l.t.Errorf("the work tree is not clean:\n%s", out)
	}
	l.git("fsck", "--strict", "--no-dangling")
}

// TestPurgeInterrupted has git-filter-repo hang, or fail with the secret in its words: nothing may be left behind, and nothing be told.
func TestPurgeInterrupted(t *testing.T) {
	l := newLeaky(t)
	before := l.state()
	bin := t.TempDir()
	path := os.Getenv("PATH")
	fake := func(script string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(bin, "git-filter-repo"), []byte("#!/bin/sh\nif [ \"$1\" = -h ]; then PATH='"+path+"' exec git-filter-repo -h; fi\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l.env = append(without(l.env, "PATH"), "PATH="+bin+":"+path)

	fake("cat \"${3%/*}\"/../*/replace.txt ./../replace.txt >&2; echo 'bad line: " + l.key + "' >&2; exit 1\n")
	work := filepath.Join(t.TempDir(), "work")
	if code, _, said := l.skant("recover", "purge", "--yes", "--work", work); code != 3 || !strings.Contains(said, "not done") {
		t.Errorf("a purge that fails: exit %d\n%s", code, said)
	}
	if _, err := os.Lstat(work); err == nil || l.state() != before {
		t.Error("a purge that failed has left something behind")
	}

	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		fake("echo > '" + bin + "/started'; exec sleep 60\n")
		cmd := exec.Command(skant, "recover", "purge", "--yes", "--work", work)
		cmd.Dir, cmd.Env = l.dir, l.env
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		started := filepath.Join(bin, "started")
		for range 600 {
			if _, err := os.Lstat(started); err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if info, err := os.Stat(filepath.Join(work, "replace.txt")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file with the values: %v, %v", info, err)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
			t.Errorf("after %s: %v", signal, err)
		}
		if _, err := os.Lstat(work); err == nil || l.state() != before {
			t.Errorf("%s has left something behind", signal)
		}
		if err := os.Remove(started); err != nil {
			t.Fatal(err)
		}
	}
}
