package repo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlainAddress(t *testing.T) {
	for address, want := range map[string]string{
		"https://host.example/o/r.git":                  "https://host.example/o/r.git",
		"https://user:word@host.example/o/r.git":        "https://host.example/o/r.git",
		"https://word@host.example/o/r?token=word#word": "https://host.example/o/r",
		"https://u:wo/rd@host.example/o/r":              "https://host.example/o/r",
		"https://u:wo?r#d@host.example/o/r":             "https://host.example/o/r",
		"https://me:%zz@host.example/o/r":               "https://host.example/o/r",
		"https:/u:wo/rd@host.example/o/r":               "host.example/o/r",
		"ssh://git@host.example:2222/o/r":               "ssh://host.example:2222/o/r",
		"git@host.example:o/r.git":                      "host.example:o/r.git",
		"u:word@host.example:o/r.git":                   "host.example:o/r.git",
		"u:wo/rd@host.example:o/r.git":                  "host.example:o/r.git",
		"helper::https://u:wo/rd@host.example/r":        "helper::https://host.example/r",
		"../host.git":                                   "../host.git",
		"/srv/a:b/c@d":                                  "/srv/a:b/c@d",
		"file:///srv/git/r.git":                         "file:///srv/git/r.git",
	} {
		if got := PlainAddress(address); got != want {
			t.Errorf("%s: %s, not %s", address, got, want)
		}
	}
}

func FuzzPlainAddress(f *testing.F) {
	for _, seed := range []string{"word", "wo/rd", "wo?rd", "wo#rd", "w:d", "a%2Fb", "a@b", "://"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		const marked = "PASS"
		for _, address := range []string{
			"https://u:" + marked + password + "@host.example/o/r", "ssh://" + marked + password + "@host.example/o/r",
			"u:" + marked + password + "@host.example:o/r",
		} {
			if got := PlainAddress(address); strings.Contains(got, marked) {
				t.Errorf("%q shows the password: %q", address, got)
			}
		}
	})
}

func TestLocalPath(t *testing.T) {
	s := newSandbox(t)
	r := s.open()
	home := filepath.Join(s.dir, "home")
	env := environment("HOME=" + home)
	for address, want := range map[string]string{
		"../host.git":              filepath.Join(filepath.Dir(s.dir), "host.git"),
		filepath.Join(s.dir, "x"):  filepath.Join(s.dir, "x"),
		"~/host.git":               filepath.Join(home, "host.git"),
		"~ann/host.git":            "",
		"file:///srv/a%20b/%zz":    filepath.FromSlash("/srv/a%20b/%zz"),
		"file:///srv/a%20b/r.git":  filepath.FromSlash("/srv/a b/r.git"),
		"sub/folder:with/colon.it": filepath.Join(s.dir, "sub", "folder:with", "colon.it"),
	} {
		if got := r.localPath(address, env); got != want {
			t.Errorf("%s is at %s, not %s", address, got, want)
		}
	}
	if got := r.localPath("~/host.git", nil); got != "" {
		t.Errorf("without a home it is at %s", got)
	}
	if got := r.localPath("file:///C:/host.git", nil); runtime.GOOS == "windows" && got != `C:\host.git` {
		t.Errorf("it is at %s", got)
	}
}

// names are those of remotes, with their addresses.
func names(remotes []Remote) []string {
	var all []string
	for _, r := range remotes {
		all = append(all, r.Name+" "+r.Address)
	}
	return all
}

func TestRemotes(t *testing.T) {
	s := newSandbox(t)
	s.write("../more.conf", "[remote \"included\"]\n\turl = https://u:word@host.example/included\n[remote \"origin\"]\n\tpushurl = /push/to\n")
	s.write("../home/own.conf", "[remote \"at-home\"]\n\turl = ../at-home\n")
	config := filepath.Join(s.dir, ".git", "config")
	add := func(text string) {
		t.Helper()
		before, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(config, append(before, text...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	add("[remote \"zoo\"]\n\turl = ../same\n\turl = ../other\n\turl = ../same\n[remote \"-x\"]\n\turl = ../same\n[remote \"origin\"]\n\turl = ../host.git\n\turl =\n" +
		"[remote \"of this tree\"]\n\tprune = true\n[include]\n\tpath = ../../more.conf\n\tpath = ~/own.conf\n")
	s.git("config", "extensions.worktreeConfig", "true")
	s.git("config", "--worktree", "remote.tree.url", "host.example:of/tree")
	env := environment("PATH="+os.Getenv("PATH"), "HOME="+filepath.Join(filepath.Dir(s.dir), "home"), "GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=remote.mine.url", "GIT_CONFIG_VALUE_0=/mine")
	got, err := s.open().Remotes(context.Background(), env)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"origin ../host.git", "origin /push/to", "-x ../same", "at-home ../at-home", "included https://host.example/included",
		"tree host.example:of/tree", "zoo ../same", "zoo ../other",
	}
	if diff := cmp.Diff(want, names(got)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}

	// What cannot be read, and what is too much, is said.
	add("[include]\n\tpath = broken\n")
	s.write(".git/broken", "[nothing\n")
	if got, err = s.open().Remotes(context.Background(), env); err == nil || len(got) != 5 {
		t.Errorf("%v with what is broken: %q", err, names(got))
	}
	s.write(".git/broken", "")
	var many strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&many, "[remote \"m%04d\"]\n\turl = ../m%d\n", i, i)
	}
	add(many.String())
	if got, err = s.open().Remotes(context.Background(), env); err == nil || len(got) != maxRemotes || got[0].Name != "origin" {
		t.Errorf("%v, %d of 5000 remotes", err, len(got))
	}
}

// TestHeadersOfIncludedFiles holds that a clone cannot have a header that stands in a file of the user's sent to an address of its own.
func TestHeadersOfIncludedFiles(t *testing.T) {
	s := newSandbox(t)
	s.write("../own.conf", "[http]\n\textraheader = X-Of: everywhere\n[http \"https://host.example/\"]\n\textraheader = X-Of: host\n")
	s.git("config", "http.extraheader", "X-Of: \"clone\"\ttab")
	s.git("config", "include.path", "../../own.conf")
	s.git("config", "remote.origin.url", "../host.git")
	s.git("config", "credential.https://u:word@host.example.helper", "!touch marker")
	a := asker(t, s, "origin")
	out := s.at(filepath.Join(a.dir, "1")).git("config", "--local", "--get-regexp", "extraheader")
	want := "http.extraheader X-Of: \"clone\"\ttab\nhttp.https://host.example/.extraheader X-Of: host"
	if out != want {
		t.Errorf("headers:\n%s", out)
	}
	if !slices.Equal(a.ignored, []string{"credential.helper", "http.extraheader"}) {
		t.Errorf("ignored: %q", a.ignored)
	}
}

// TestRemotesPushedTo: a push may go elsewhere, by another address for it, or to one that stands with a branch. A name is none, nor is the
// clone itself.
func TestRemotesPushedTo(t *testing.T) {
	s := newSandbox(t)
	for _, set := range [][2]string{
		{"remote.origin.url", "../host.git"}, {"remote.zoo.url", "../other"}, {"remote.set.url", "../x"}, {"remote.set.pushurl", "../y"},
		{"url.ssh://git@host.example/.pushInsteadOf", "../o"}, {"url.ssh://git@short.example/.pushInsteadOf", "../"},
		{"branch.main.remote", "../pushed"}, {"branch.main.pushRemote", "https://u:word@host.example/pushed"}, {"branch.side.remote", "zoo"},
		{"branch.more.remote", "."}, {"remote.pushDefault", "host.example:default"},
	} {
		s.git("config", set[0], set[1])
	}
	all, err := s.open().Remotes(context.Background(), environment("PATH="+os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range all {
		got = append(got, fmt.Sprint(r.Name, " ", r.Address, " ", r.PushOnly))
	}
	want := []string{
		"origin ../host.git false", "../pushed ../pushed true", "host.example:default host.example:default true",
		"https://host.example/pushed https://host.example/pushed true", "set ../x false", "set ../y true", "zoo ../other false",
		"origin ssh://short.example/host.git true", "zoo ssh://host.example/ther true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
