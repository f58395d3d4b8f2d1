package report

import (
	"net/url"
	"strings"
	"testing"

	"github.com/skant-dev/skant/scanner"
)

func TestFileLinks(t *testing.T) {
	for _, c := range []struct{ root, host, path, want string }{
		{"/srv/a b", "build-1", "c d/é;\"'.env", "file://build-1/srv/a%20b/c%20d/%C3%A9%3B%22%27.env"},
		{"/srv", "", "x/../y.md", "file:///srv/y.md"},
		{"/srv", "", "/etc/x.conf", "file:///etc/x.conf"},
		{"/srv", "", "\xff.env", "file:///srv/%FF.env"},
		{"/srv", "", "100%41.env", "file:///srv/100%2541.env"},
		{`C:\work`, "", "a#b?c.YML", "file:///C:/work/a%23b%3Fc.YML"},
		{"/srv", "a\x1bb", "x.go", "file:///srv/x.go"},
		{"/srv", "", "a\x1b\\b.env", ""}, {"/srv", "", "a\x07.env", ""}, {"/srv", "", "a\nb.env", ""}, {"/srv", "", "a\u009cb.env", ""}, {"/s\x1brv", "", "x.env", ""},
		{"relative", "", "x.env", ""}, {"", "", "x.env", ""}, {"//server/share", "", "x.env", "file:///server/share/x.env"}, {"/srv", "", "", ""},
		{"/srv", "", strings.Repeat("x", 2000) + ".env", ""},
	} {
		f := &scanner.Finding{Location: scanner.Location{Kind: scanner.KindFile, Path: c.path}}
		if got := (&Links{Root: c.root, Host: c.host}).file(f); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.path, c.root, got, c.want)
		}
	}
	gone := &scanner.Finding{Location: scanner.Location{Kind: scanner.KindCommitContent, Path: "x.env"}, Exposure: &scanner.Exposure{}}
	if got := (&Links{Root: "/srv"}).file(gone); got != "" {
		t.Errorf("a file that HEAD has not: %q", got)
	}
	if got := (*Links)(nil).file(gone); got != "" {
		t.Errorf("without links: %q", got)
	}
}

// TestFilesThatRunAreNotLinked: a click on a name that somebody has chosen shows a file, and never runs it.
func TestFilesThatRunAreNotLinked(t *testing.T) {
	for _, name := range []string{"a.js", "a.py", "a.COMMAND", "a.desktop", "a.html", "a.svg", "a.exe", "a.env.bat", "a.env.", "a.env ", "a.csv", "a.webloc", "run", "a.app/run", ".hidden", "a.sh"} {
		f := &scanner.Finding{Location: scanner.Location{Kind: scanner.KindFile, Path: name}}
		if got := (&Links{Root: "/srv"}).file(f); got != "" {
			t.Errorf("%s is linked: %s", name, got)
		}
		if got := (&Links{Root: "/srv", Editor: true}).file(f); got == "" {
			t.Errorf("%s is not linked where an editor opens it", name)
		}
	}
}

func TestCommitLinks(t *testing.T) {
	long := id("a")
	for _, c := range []struct{ uri, id, want string }{
		{"https://github.com/OWNER/x", long, "https://github.com/OWNER/x/commit/" + long},
		{"https://gitlab.example/a/b/c/", long, "https://gitlab.example/a/b/c/-/commit/" + long},
		{"https://bitbucket.org/a/b", long, "https://bitbucket.org/a/b/commits/" + long},
		{"https://git.example:8443/a%20b", long, "https://git.example:8443/a%20b/commit/" + long},
		{"https://user:password@github.com/a/b", long, ""}, {"https://user@github.com/a/b", long, ""},
		{"http://github.com/a/b", long, ""}, {"javascript:alert(1)", long, ""}, {"ssh://git@github.com/a/b", long, ""}, {"https:///a", long, ""},
		{"https://github.com/a?b=c", long, ""}, {"https://github.com/a#b", long, ""}, {"https://github.com/a/../b", long, ""},
		{"https://git\x1b\\hub.com/a", long, ""}, {"https://github.com/a\x07", long, ""}, {"https://github.com/%1b%5c", long, ""}, {"https://github.com/%9c", long, "https://github.com/%9C/commit/" + long},
		{"https://github.com/a/b", "HEAD", ""}, {"https://github.com/a/b", long[:39] + "\x1b", ""}, {"https://github.com/a/b", long[:10], ""}, {"", long, ""},
	} {
		f := &scanner.Finding{Location: scanner.Location{Commit: &scanner.Commit{ID: c.id}}}
		rep := &scanner.Report{Repository: &scanner.Repository{URI: c.uri}}
		if got := (&Links{}).commit(rep, f); got != c.want {
			t.Errorf("%q, %q: %q, want %q", c.uri, c.id, got, c.want)
		}
		f.Location.Submodule = "vendor/x"
		if got := (&Links{}).commit(rep, f); got != "" {
			t.Errorf("a submodule's commit: %q", got)
		}
	}
}

// FuzzLinks checks that an address, if there is one, has no character that ends an escape sequence or a word, no user, and leads to the file.
func FuzzLinks(f *testing.F) {
	f.Add("/srv", "host", "a b", "https://github.com/a/b", id("a"))
	f.Add("C:\\x", "h\x1b", "\x9c;\xff", "https://u:p@x/%1b", "")
	f.Fuzz(func(t *testing.T, root, host, name, uri, commit string) {
		l := &Links{Root: root, Host: host}
		finding := &scanner.Finding{Location: scanner.Location{Kind: scanner.KindFile, Path: name, Commit: &scanner.Commit{ID: commit}}}
		for _, link := range []string{l.file(finding), l.commit(&scanner.Report{Repository: &scanner.Repository{URI: uri}}, finding)} {
			if link == "" {
				continue
			}
			at, err := url.Parse(link)
			if err != nil || at.User != nil || at.RawQuery != "" || at.Fragment != "" || at.Scheme != "file" && at.Scheme != "https" {
				t.Fatalf("%q: %v", link, err)
			}
			if i := strings.IndexFunc(link, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`;"'<>\^{|}`+"`", r) }); i >= 0 {
				t.Fatalf("%q at %d", link, i)
			}
			if strings.IndexFunc(at.Path, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0 {
				t.Fatalf("%q has a control character", at.Path)
			}
		}
	})
}
