package repo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/pack"
)

func TestOpen(t *testing.T) {
	s := newSandbox(t)
	s.write("sub/folder/file", "x\n")
	s.commit("one")
	root := filepath.Dir(s.dir)
	linked := filepath.Join(root, "linked")
	s.git("worktree", "add", "-q", "-b", "linked", linked)
	bare := filepath.Join(root, "bare.git")
	s.git("clone", "-q", "--bare", s.dir, bare)
	s.env = []string{"GIT_ALLOW_PROTOCOL=file"}
	s.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", bare, "module")
	separate := filepath.Join(root, "separate")
	s.git("clone", "-q", "--separate-git-dir", filepath.Join(root, "apart"), s.dir, separate)
	git := filepath.Join(s.dir, ".git")

	tests := []struct {
		name, path          string
		env                 []string
		gitDir, common, top string
	}{
		{"top", s.dir, nil, git, git, s.dir},
		{"subfolder", s.dir + "/sub/folder", nil, git, git, s.dir},
		{"file", s.dir + "/sub/folder/file", nil, git, git, s.dir},
		{"bare", bare, nil, bare, bare, ""},
		{"inside bare", bare + "/refs", nil, bare, bare, ""},
		{"git directory", git, nil, git, git, ""},
		{"linked worktree", linked + "/sub", nil, git + "/worktrees/linked", git, linked},
		{"linked worktree's git directory", git + "/worktrees/linked", nil, git + "/worktrees/linked", git, linked},
		{"submodule", s.dir + "/module", nil, git + "/modules/module", git + "/modules/module", s.dir + "/module"},
		{"submodule's git directory", git + "/modules/module", nil, git + "/modules/module", git + "/modules/module", s.dir + "/module"},
		{"separate git directory", separate, nil, root + "/apart", root + "/apart", separate},
		{"GIT_DIR", root, []string{"GIT_DIR=" + git}, git, git, root},
		{"relative GIT_DIR", s.dir, []string{"GIT_DIR=.git"}, git, git, s.dir},
		{"GIT_DIR of a bare one", root, []string{"GIT_DIR=bare.git"}, bare, bare, ""},
		{"GIT_DIR and GIT_WORK_TREE", root, []string{"GIT_DIR=repo/.git", "GIT_WORK_TREE=repo"}, git, git, s.dir},
		{"GIT_COMMON_DIR", root, []string{"GIT_DIR=" + git + "/worktrees/linked", "GIT_COMMON_DIR=" + git, "GIT_WORK_TREE=" + linked}, git + "/worktrees/linked", git, linked},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := Open(test.path, Options{Env: environment(test.env...)})
			if err != nil {
				t.Fatal(err)
			}
			if r.GitDir() != test.gitDir || r.CommonDir() != test.common || r.WorkTree() != test.top {
				t.Errorf("git directory %q, common %q, work tree %q", r.GitDir(), r.CommonDir(), r.WorkTree())
			}
			if r.Bare() != (test.top == "") || r.Format() != pack.SHA1 {
				t.Errorf("bare %v, format %v", r.Bare(), r.Format())
			}
			if id, err := r.Resolve("linked"); err != nil || id.String() != s.git("rev-parse", "HEAD") {
				// The submodule and the clones have the branch as well, the submodule only as a remote one.
				if !strings.Contains(test.name, "submodule") && !strings.Contains(test.name, "separate") {
					t.Errorf("resolve: %v, %v", id, err)
				}
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
		return filepath.Dir(path)
	}
	tests := map[string]struct {
		path string
		env  []string
		want string
	}{
		"no repository":        {file("plain/file", "x"), nil, "git init"},
		"no such path":         {filepath.Join(dir, "nowhere"), nil, "no such file"},
		"empty .git folder":    {filepath.Dir(file("empty/.git/x", "")), nil, "damaged"},
		".git file to nowhere": {file("lost/.git", "gitdir: ../gone\n"), nil, "git worktree repair"},
		".git file of nonsense": {
			file("nonsense/.git", "hello\n"), nil, "gitdir:",
		},
		"GIT_DIR to nowhere": {dir, []string{"GIT_DIR=nowhere"}, "GIT_DIR"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Open(test.path, Options{Env: environment(test.env...)})
			var not *NotRepositoryError
			if !errors.As(err, &not) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a NotRepositoryError that says %q", err, test.want)
			}
		})
	}
}

func TestOpenIgnoresTheEnvironmentUnlessAsked(t *testing.T) {
	s := newSandbox(t)
	t.Setenv("GIT_DIR", filepath.Join(s.dir, "elsewhere"))
	t.Setenv("GIT_INDEX_FILE", "elsewhere")
	s.open()
}

func TestObjectDirectoriesFromTheEnvironment(t *testing.T) {
	s := newSandbox(t)
	s.commit("one")
	outside := filepath.Join(filepath.Dir(s.dir), "with:colon")
	quarantine := s.at(s.dir)
	quarantine.env = []string{
		"GIT_OBJECT_DIRECTORY=" + outside,
		"GIT_ALTERNATE_OBJECT_DIRECTORIES=" + filepath.Join(s.dir, ".git", "objects"),
	}
	if err := os.Mkdir(outside, 0o755); err != nil {
		t.Fatal(err)
	}
	id := quarantine.feed("quarantined\n", "hash-object", "-w", "--stdin")
	for _, env := range [][]string{
		quarantine.env,
		{`GIT_ALTERNATE_OBJECT_DIRECTORIES="` + strings.ReplaceAll(outside, ":", `\072`) + `":/nowhere`},
	} {
		store, err := s.openWith(Options{Env: environment(env...)}).Objects()
		if err != nil {
			t.Fatal(err)
		}
		for _, hex := range []string{id, s.git("rev-parse", "HEAD")} {
			if !store.Has(mustID(t, hex)) {
				t.Errorf("%v: object %s is missing", env, hex)
			}
		}
	}
}

func TestConfigThatIsOddOrBroken(t *testing.T) {
	s := newSandbox(t, "--object-format=sha256")
	// A key on the line of its section, which go-git refuses.
	s.damage("config", func(b []byte) []byte {
		return append(b, []byte("[section \"sub\"] key = value\n")...)
	})
	if got := s.open().Format(); got != pack.SHA256 {
		t.Errorf("format %v", got)
	}
	s.damage("config", func(b []byte) []byte { return append(b, []byte("[broken\n")...) })
	if _, err := Open(s.dir, Options{}); err == nil || !strings.Contains(err.Error(), "configuration") {
		t.Errorf("error %v, want one about the configuration", err)
	}
}

func TestLimits(t *testing.T) {
	origin := newSandbox(t)
	origin.write("a", "a\n")
	origin.commit("one")
	origin.write("a", "b\n")
	origin.commit("two")
	origin.git("config", "uploadpack.allowFilter", "true")
	clone := func(args ...string) *sandbox {
		c := origin.at(filepath.Join(t.TempDir(), "clone"))
		origin.git(append(append([]string{"clone", "-q"}, args...), "file://"+origin.dir, c.dir)...)
		return c
	}
	tests := map[string]struct {
		s    *sandbox
		want []LimitKind
	}{
		"whole":   {clone(), nil},
		"shallow": {clone("--depth=1"), []LimitKind{Shallow}},
		"partial": {clone("--filter=blob:none", "--no-checkout"), []LimitKind{Partial}},
	}
	unknown := clone()
	unknown.git("config", "core.repositoryFormatVersion", "1")
	unknown.git("config", "extensions.novelty", "true")
	tests["unknown extension"] = struct {
		s    *sandbox
		want []LimitKind
	}{unknown, []LimitKind{Foreign}}
	alternate := clone()
	alternate.write(".git/objects/info/alternates", filepath.Join(alternate.dir, "gone")+"\n")
	tests["lost alternate"] = struct {
		s    *sandbox
		want []LimitKind
	}{alternate, []LimitKind{Damaged}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []LimitKind
			for _, l := range test.s.open().Limits() {
				got = append(got, l.Kind)
				if l.What == "" || l.Reason == "" {
					t.Errorf("limit without words: %+v", l)
				}
			}
			if len(got) != len(test.want) || len(got) > 0 && got[0] != test.want[0] {
				t.Errorf("limits %v, want %v", got, test.want)
			}
		})
	}
}
