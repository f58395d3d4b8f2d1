package repo

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/pack"
)

func TestResolveAgreesWithGit(t *testing.T) {
	s := newSandbox(t)
	var ids []string
	for _, m := range []string{"one", "two: fix", "three", "four"} {
		ids = append(ids, s.commit(m))
	}
	s.git("tag", "-a", "-m", "t", "v1.0", "HEAD~2")
	s.git("tag", "-a", "-m", "t", "nested", "v1.0")
	s.git("checkout", "-q", "-b", "side/branch", "HEAD~1")
	s.commit("side: fix")
	s.git("checkout", "-q", "-b", "third", "main~3")
	s.commit("third")
	s.git("checkout", "-q", "main")
	s.git("merge", "-q", "-m", "octopus", "side/branch", "third")
	s.git("update-ref", "refs/remotes/origin/main", "HEAD^2")
	s.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	s.git("config", "remote.origin.url", "/nowhere")
	s.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
	s.git("config", "branch.main.remote", "origin")
	s.git("config", "branch.main.merge", "refs/heads/main")
	s.git("branch", "local", "HEAD~1")
	s.git("config", "branch.local.remote", ".")
	s.git("config", "branch.local.merge", "refs/heads/third")
	// Names that could be something else: hex digits, a tag and a branch.
	s.git("branch", "abcd", "HEAD~2")
	s.git("branch", ids[0][:6], "HEAD~1")
	s.git("branch", "v1.0", "HEAD")
	tree := s.git("rev-parse", "HEAD^{tree}")
	check := func(t *testing.T) {
		r := s.open()
		for _, rev := range []string{
			"HEAD", "@", "main", "heads/main", "refs/heads/main", "side/branch", "origin", "origin/main", "v1.0", "tags/v1.0", "heads/v1.0",
			"nested", "nested^{}", "nested^{commit}", "nested~1", "HEAD^", "HEAD^0", "HEAD~0", "HEAD^1", "HEAD^2", "HEAD^3", "HEAD^3^", "HEAD~2",
			"HEAD^^", "HEAD~1^1~1", "@~1", "@^2", "HEAD^{/fix}", "HEAD^{/^one}", "HEAD^{/!-octopus}", "HEAD@{0}", "HEAD@{1}", "@{1}", "@{0}",
			"main@{1}", "main@{2}^", "@{-1}", "@{-2}", "@{-1}~1", "@{u}", "@{upstream}", "main@{UPSTREAM}", "local@{u}", "third",
			ids[0], strings.ToUpper(ids[1]), ids[1][:4], ids[1][:12], ids[2][:39], ids[0][:6], "abcd", "v1.0-2-g" + ids[3][:7], ids[1] + "^", "ORIG_HEAD",
			// None of these is a commit.
			"", "nothing", "HEAD^4", "HEAD~9", tree, tree[:10], "HEAD^{tree}", "HEAD:", ":/one", "-x", "--all", "main..third", "HEAD^{/nothing}", "HEAD@{99}",
			"HEAD^x", "HEAD^{", "HEAD^{blob}", "@{-9}", "third@{u}", strings.Repeat("0", 40), strings.Repeat("1", 40), "refs", "..", "a b", "HEAD\n", "config",
			"FETCH_HEAD", "HEAD~99999999999999999999", "refs/heads/../heads/main", "@@", "logs/HEAD",
		} {
			want, gitErr := s.try("", "rev-parse", "--verify", "--quiet", rev+"^{commit}")
			if rev == ":/one" {
				gitErr = errors.New("searching all refs is not offered")
			}
			got, err := r.Resolve(rev)
			if (err == nil) != (gitErr == nil) {
				t.Errorf("%q: git says %q, %v; we %s, %v", rev, want, gitErr, got, err)
				continue
			}
			var revision *RevisionError
			if err != nil && (!errors.As(err, &revision) || !got.IsZero()) {
				t.Errorf("%q: id %s, error %v, want a RevisionError", rev, got, err)
			}
			if err == nil && got.String() != want {
				t.Errorf("%q: %s, git says %s", rev, got, want)
			}
		}
	}
	t.Run("loose", check)
	s.git("pack-refs", "--all")
	s.git("gc", "-q")
	t.Run("packed", check)
}

func TestResolveSaysWhatToDo(t *testing.T) {
	origin := newSandbox(t)
	old := origin.commit("one")
	origin.commit("two")
	shallow := origin.at(filepath.Join(t.TempDir(), "shallow"))
	origin.git("clone", "-q", "--depth=1", "file://"+origin.dir, shallow.dir)
	for _, test := range []struct {
		s         *sandbox
		rev, want string
	}{
		{shallow, "HEAD~1", "git fetch --unshallow"},
		{shallow, old, "fetch-depth: 0"},
		{shallow, "nothing", "fetch-depth: 0"},
		{origin, "origin/dev", "git fetch origin dev"},
		{origin, "HEAD@{yesterday}", "commit's id"},
		{origin, "HEAD:file", "commit's id"},
	} {
		_, err := test.s.open().Resolve(test.rev)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error %v, want one that says %q", test.rev, err, test.want)
		}
	}
}

func TestResolveAmbiguous(t *testing.T) {
	// So many commits that some share their first four digits, by the birthday rule.
	s := newSandbox(t)
	var stream strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter C <c@x> %d +0000\ndata 1\nm\n", 1_700_000_000+i)
	}
	s.feed(stream.String(), "fast-import", "--quiet")
	seen := map[string]bool{}
	shared := ""
	for id := range strings.FieldsSeq(s.git("rev-list", "main")) {
		if seen[id[:4]] {
			shared = id[:4]
		}
		seen[id[:4]] = true
	}
	if shared == "" {
		t.Fatal("no two commits share four digits")
	}
	if _, err := s.open().Resolve(shared); err == nil || !strings.Contains(err.Error(), "commits") {
		t.Errorf("short id %q: error %v", shared, err)
	}
}

func TestFindPrefixInPackHostile(t *testing.T) {
	tests := map[string]string{
		"empty": "", "short": "\xfftOc\x00\x00\x00\x02", "other version": "\xfftOc\x00\x00\x00\x09" + strings.Repeat("\x00", 2000),
		"fan falls": "\xfftOc\x00\x00\x00\x02" + strings.Repeat("\x00\x00\x00\x09", 0x12) + strings.Repeat("\x00\x00\x00\x01", 0x100),
		"no ids":    "\xfftOc\x00\x00\x00\x02" + strings.Repeat("\x00\x00\x00\x00", 0x12) + strings.Repeat("\x7f\x00\x00\x01", 0x100),
	}
	for name, content := range tests {
		found := map[pack.ID]bool{}
		if err := findPrefixInPack(strings.NewReader(content), "1234", 20, found); err == nil || len(found) > 0 {
			t.Errorf("%s: error %v, found %v", name, err, found)
		}
	}
}
