package repo

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/internal/pack"
)

func TestPlainAddress(t *testing.T) {
	for address, want := range map[string]string{
		"https://host.example/o/r.git":                  "https://host.example/o/r.git",
		"https://user:word@host.example/o/r.git":        "https://host.example/o/r.git",
		"https://word@host.example/o/r?token=word#word": "https://host.example/o/r",
		"https://u:wo/rd@host.example/o/r":              "https://host.example/o/r",
		"https://u:wo?r#d@host.example/o/r":             "https://host.example/o/r",
		"ssh://git@host.example:2222/o/r":               "ssh://host.example:2222/o/r",
		"git@host.example:o/r.git":                      "host.example:o/r.git",
		"u:word@host.example:o/r.git":                   "host.example:o/r.git",
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
	for _, seed := range []string{"word", "wo/rd", "wo?rd", "wo#rd", "w:d", "a%2Fb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		const marked = "PASS"
		for _, address := range []string{"https://u:" + marked + password + "@host.example/o/r", "ssh://" + marked + password + "@host.example/o/r"} {
			if got := PlainAddress(address); strings.Contains(got, marked) {
				t.Errorf("%q shows the password: %q", address, got)
			}
		}
	})
}

// TestAskOldHosts asks a host that speaks no protocol but the first, which gives out nothing that its refs do not name: that is no proof
// that it does not have it.
func TestAskOldHosts(t *testing.T) {
	host := newSandbox(t)
	host.write("f", "one\n")
	first := mustID(t, host.commit("one"))
	host.write("f", "two\n")
	second := mustID(t, host.commit("two"))
	blob := host.blobOf("one\n")
	absent := mustID(t, strings.Repeat("1", 40))
	clone := newSandbox(t)
	clone.git("remote", "add", "origin", host.dir)
	clone.git("remote", "set-url", "--add", "--push", "origin", host.dir+"-mirror")
	r := clone.open()
	remotes, err := r.Remotes()
	if err != nil || len(remotes) != 2 || remotes[0].Name != "origin" || remotes[1].Address != host.dir+"-mirror" {
		t.Fatalf("%v, remotes %+v", err, remotes)
	}
	for _, test := range []struct {
		version                     string
		first, second, blob, absent Served
	}{
		{"2", ServedYes, ServedYes, ServedYes, ServedNo},
		{"0", ServedUnknown, ServedYes, ServedUnknown, ServedUnknown},
	} {
		env := environment("PATH="+os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.version",
			"GIT_CONFIG_VALUE_0="+test.version)
		a, err := NewAsker(context.Background(), r, remotes[0], AskOptions{Env: env})
		if err != nil {
			t.Fatal(err)
		}
		refs, err := a.Refs(context.Background())
		if err != nil || len(refs) != 2 || refs[0].Name != "HEAD" || refs[1].Name != "refs/heads/main" || refs[1].ID != second {
			t.Errorf("protocol %s: %v, refs %+v", test.version, err, refs)
		}
		served, why := a.Serve(context.Background(), []pack.ID{first, second, blob, absent})
		want := map[pack.ID]Served{first: test.first, second: test.second, blob: test.blob, absent: test.absent}
		if diff := cmp.Diff(want, served, compareIDs); diff != "" {
			t.Errorf("protocol %s: want -, got +:\n%s%v", test.version, diff, why)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}
