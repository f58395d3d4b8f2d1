package repo

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // it is git that names objects so
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/pack"
)

// Workshop is a folder outside of every repository, with a mirror of one repository in which history is rewritten. Nothing
// is ever written to the repository itself.
type Workshop struct {
	source *Repository
	// Dir is the folder, Mirror the bare repository in it.
	Dir, Mirror string
	env         func(string) string
}

// ErrNoFilterRepo says that git-filter-repo is not there.
var ErrNoFilterRepo = errors.New("git-filter-repo is not installed")

// workshopConfig is all the configuration that git sees there beside the mirror's own. Single commits, which no ref names,
// are taken over by their ids. Who owns the repository was decided when it was opened.
const workshopConfig = "[uploadpack]\n\tallowAnySHA1InWant = true\n\thideRefs = !refs\n[safe]\n\tdirectory = *\n[gc]\n\tauto = 0\n" +
	"[maintenance]\n\tauto = false\n[core]\n\thooksPath = /dev/null\n\tfsmonitor = false\n\tlogAllRefUpdates = false\n" +
	"[protocol \"file\"]\n\tallow = always\n[user]\n\tname = skant\n\temail = skant@localhost\n"

// NewWorkshop makes the folder, which must not exist, for nobody but its owner. env looks variables up; nil means none.
func (r *Repository) NewWorkshop(dir string, env func(string) string) (*Workshop, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder to work in: %w", err)
	}
	w := r.workshopAt(dir, env)
	if err := os.WriteFile(w.config(), []byte(workshopConfig), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("make the folder to work in: %w", err), os.RemoveAll(dir))
	}
	return w, nil
}

func (r *Repository) workshopAt(dir string, env func(string) string) *Workshop {
	if env == nil {
		env = func(string) string { return "" }
	}
	return &Workshop{source: r, Dir: dir, Mirror: filepath.Join(dir, "purge.git"), env: env}
}

func (w *Workshop) config() string { return filepath.Join(w.Dir, "gitconfig") }

// environment is built from nothing but what finds programs and folders for temporary files.
func (w *Workshop) environment() []string {
	env := []string{
		"HOME=" + w.Dir, "XDG_CONFIG_HOME=" + w.Dir, "GIT_CONFIG_GLOBAL=" + w.config(), "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1", "GIT_ALLOW_PROTOCOL=file", "LC_ALL=C", "PYTHONDONTWRITEBYTECODE=1", "PYTHONSAFEPATH=1",
	}
	for _, name := range []string{"PATH", "TMPDIR", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP"} {
		if value := w.env(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (r *Repository) gitProgram() string {
	if r.opt.Git != "" {
		return r.opt.Git
	}
	return "git"
}

// FilterRepo returns the path of git-filter-repo and which of the options it knows, or an error that wraps [ErrNoFilterRepo].
func (r *Repository) FilterRepo(ctx context.Context, env func(string) string, options ...string) (program string, known []string, err error) {
	program, err = exec.LookPath("git-filter-repo")
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrNoFilterRepo, err)
	}
	w := r.workshopAt(os.TempDir(), env)
	help, err := w.start(ctx, os.TempDir(), program, nil, "-h")
	if err != nil {
		return "", nil, fmt.Errorf("ask git-filter-repo for its options: %w", err)
	}
	for _, option := range options {
		if strings.Contains(string(help), option) {
			known = append(known, option)
		}
	}
	return program, known, nil
}

// Clone makes the mirror: every ref of the repository, and of the objects only what they reach.
func (w *Workshop) Clone(ctx context.Context) error {
	_, err := w.start(ctx, w.Dir, w.source.gitProgram(), nil, "clone", "--quiet", "--mirror", "--no-local", "--template=",
		"--", w.source.at.commonDir, w.Mirror)
	return err
}

// Take gives an object of the repository, and what it reaches, a name in the mirror.
func (w *Workshop) Take(ctx context.Context, id pack.ID, ref string) error {
	_, err := w.Git(ctx, nil, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", w.source.at.commonDir, id.String()+":"+ref)
	return err
}

// Git runs git in the mirror and returns its output.
func (w *Workshop) Git(ctx context.Context, in io.Reader, args ...string) ([]byte, error) {
	return w.start(ctx, w.Mirror, w.source.gitProgram(), in, append([]string{"--no-pager", "--git-dir=" + w.Mirror}, args...)...)
}

// Rewrite runs git-filter-repo in the mirror. What it says may quote what is to be removed, so it is in the error only as far
// as mask leaves it.
func (w *Workshop) Rewrite(ctx context.Context, program string, mask func(string) string, args ...string) error {
	_, err := w.start(ctx, w.Mirror, program, nil, args...)
	if err != nil {
		return errors.New(mask(err.Error()))
	}
	return nil
}

func (w *Workshop) start(ctx context.Context, dir, program string, in io.Reader, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.WaitDelay = dir, w.environment(), in, 5*time.Second
	out, errOut := &boundedBuffer{limit: maxGitOutput}, &boundedBuffer{limit: 64 << 10, drop: true}
	cmd.Stdout, cmd.Stderr = out, errOut
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("run %s %s: %w: %s", filepath.Base(program), firstWord(args), err, lastLine(errOut.buf.String()))
	}
	return out.buf.Bytes(), nil
}

// firstWord is the first argument that is no option.
func firstWord(args []string) string {
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			return a
		}
	}
	return ""
}

// lastLine is where a program says what went wrong, after its progress.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return clip200(s[strings.LastIndexAny(s, "\r\n")+1:])
}

// HistoryLines runs git on the repository and gives each line of what it writes, which is read as it comes; line is valid during
// the call only.
func (r *Repository) HistoryLines(ctx context.Context, each func(line []byte) error, in io.Reader, args ...string) error {
	return r.linesOf(ctx, r.at.gitDir, nil, each, in, args...)
}

// linesOf takes settings, as names and values, that count more than those of the repository.
func (r *Repository) linesOf(ctx context.Context, gitDir string, settings [][2]string, each func(line []byte) error, in io.Reader, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	fixed := []string{"--no-pager", "-c", "core.quotePath=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "core.fsmonitor=false",
		"-c", "core.commitGraph=false", "--git-dir=" + gitDir}
	cmd := exec.CommandContext(ctx, r.gitProgram(), append(fixed, args...)...)
	cmd.Dir, cmd.Stdin, cmd.WaitDelay = gitDir, in, 2*time.Second
	cmd.Env = []string{
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE=" + os.DevNull, "LC_ALL=C", "GIT_COMMON_DIR=" + r.at.commonDir, "GIT_OBJECT_DIRECTORY=" + r.at.objectsDir,
		fmt.Sprint("GIT_CONFIG_COUNT=", len(settings)),
	}
	for i, s := range settings {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, s[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, s[1]))
	}
	errOut := &boundedBuffer{limit: 4096, drop: true}
	cmd.Stderr = errOut
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("run git %s: %w", args[0], err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run git %s: %w", args[0], err)
	}
	failed := eachLine(out, each)
	if failed != nil {
		cancel()
	}
	if err := cmd.Wait(); err != nil && failed == nil {
		return fmt.Errorf("run git %s: %w: %s", args[0], err, lastLine(errOut.buf.String()))
	}
	return failed
}

func eachLine(in io.Reader, each func(line []byte) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), 64<<20)
	for lines.Scan() {
		if err := each(lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// Checkout is a work tree of the repository.
type Checkout struct {
	Path string
	// Head is the commit; Branch the full name of the branch, empty where HEAD is detached. Bare says that it is none.
	Head, Branch string
	Bare         bool
	// Changed are paths that differ from HEAD in the index or from the index in the work tree, at most 20. Where a filter makes what is in
	// the index of what is in the file, a new date is enough.
	Changed []string
	// Busy names what is not finished there, such as a rebase; empty for nothing.
	Busy string
	// Locks are files by which git holds that another git is at work; Sparse says that only some of the files are checked out.
	Locks  []string
	Sparse bool
	// Problem says why it could not be looked at, Foreign that it is a work tree of another repository.
	Problem string
	Foreign bool
}

// maxChanged bounds the paths of [Checkout].
const maxChanged = 20

// Checkouts lists the work trees and what is changed in them. No filter is run: see [Checkout].Changed.
func (r *Repository) Checkouts(ctx context.Context) ([]Checkout, error) {
	out, err := r.runGit(ctx, "worktree", "list", "--porcelain")
	if err != nil {
		return nil, err
	}
	var all []Checkout
	for block := range strings.SplitSeq(strings.TrimSpace(string(out)), "\n\n") {
		var c Checkout
		for line := range strings.Lines(block) {
			key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
			switch key {
			case "worktree":
				c.Path = value
			case "HEAD":
				c.Head = value
			case "branch":
				c.Branch = value
			case "bare":
				c.Bare = true
			}
		}
		if len(all) == 0 { // git takes the folder above a git directory for the main one, which core.worktree may contradict
			c.Bare = c.Bare || r.at.gitDir == r.at.commonDir && r.Bare()
			if r.at.gitDir == r.at.commonDir && !r.Bare() {
				c.Path = r.at.workTree
			}
		}
		if !c.Bare {
			r.lookAt(ctx, &c)
		}
		all = append(all, c)
	}
	return all, nil
}

// Busy says what git has begun in this work tree and not ended: "merge", "rebase", "cherry-pick", "revert", "bisect", "cherry-pick or revert of
// several commits"; "" if nothing.
func (r *Repository) Busy() string { return busyWith(r.at.gitDir) }

// busyWith says what is going on in the work tree of a git directory.
func busyWith(gitDir string) string {
	what := ""
	for _, busy := range []struct{ file, what string }{
		{"sequencer", "cherry-pick or revert of several commits"}, {"MERGE_HEAD", "merge"}, {"rebase-merge", "rebase"}, {"rebase-apply", "rebase"},
		{"CHERRY_PICK_HEAD", "cherry-pick"}, {"REVERT_HEAD", "revert"}, {"BISECT_LOG", "bisect"},
	} {
		if exists(filepath.Join(gitDir, busy.file)) {
			what = busy.what
		}
	}
	return what
}

// lookAt fills in what is changed in a work tree.
func (r *Repository) lookAt(ctx context.Context, c *Checkout) {
	gitDir, err := gitDirOf(c.Path)
	if err != nil {
		c.Problem = "the folder is not there"
		if !errors.Is(err, fs.ErrNotExist) {
			c.Problem = cause(err)
		}
		return
	}
	if c.Foreign = !r.owns(gitDir); c.Foreign {
		c.Problem = "it is a work tree of another repository"
		return
	}
	c.Busy = busyWith(gitDir)
	for _, lock := range []string{"index.lock", "HEAD.lock"} {
		if path := filepath.Join(gitDir, lock); exists(path) {
			c.Locks = append(c.Locks, path)
		}
	}
	if info, err := os.Stat(filepath.Join(gitDir, "info", "sparse-checkout")); err == nil && info.Size() > 0 {
		c.Sparse = r.isSparse(ctx, gitDir)
	}
	note := func(path string) {
		if len(c.Changed) < maxChanged {
			c.Changed = append(c.Changed, path)
		}
	}
	staged := func(line []byte) error { note(string(line)); return nil }
	written := func(line []byte) error {
		if path, changed := differs(c.Path, string(line)); changed {
			note(path)
		}
		return nil
	}
	err = r.linesOf(ctx, gitDir, nil, staged, nil, "diff-index", "--cached", "--name-only", "--no-renames", "--ignore-submodules", "HEAD")
	var off [][2]string
	if err == nil {
		off, err = r.withoutFilters(ctx, gitDir)
	}
	if err == nil {
		err = r.linesOf(ctx, gitDir, off, written, nil, "-C", c.Path, "--work-tree="+c.Path, "diff-files", "--raw", "--no-abbrev", "--no-renames", "--ignore-submodules")
	}
	if err != nil && c.Head != strings.Repeat("0", len(c.Head)) {
		c.Problem = cause(err)
	}
}

// maxFilters bounds the settings of filters, which are handed on in the environment.
const maxFilters = 1000

// withoutFilters returns the settings that switch off all filters that a work tree's configuration names: where the dates of a file and of
// the index are close, git would run them to compare the two.
func (r *Repository) withoutFilters(ctx context.Context, gitDir string) ([][2]string, error) {
	var off [][2]string
	err := r.linesOf(ctx, gitDir, nil, func(line []byte) error {
		name := string(line)
		name = name[:max(0, strings.LastIndexByte(name, '.'))]
		if off = append(off, [2]string{name + ".clean", ""}, [2]string{name + ".process", ""}, [2]string{name + ".required", "false"}); len(off) > maxFilters {
			return errors.New("too many filters are configured")
		}
		return nil
	}, nil, "config", "--includes", "--name-only", "--get-regexp", `^filter\.`)
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() == 1 { // there is none
		err = nil
	}
	return off, err
}

// gitDirOf is the git directory of a work tree.
func gitDirOf(tree string) (string, error) {
	gitDir := filepath.Join(tree, ".git")
	info, err := os.Lstat(gitDir)
	if err != nil || !info.Mode().IsRegular() {
		return gitDir, err
	}
	text, err := readFile(gitDir, maxRefFile)
	if err != nil {
		return "", err
	}
	return under(tree, strings.TrimSpace(strings.TrimPrefix(string(text), "gitdir:"))), nil
}

// IsCheckout reports whether git, in a folder, works with this repository: its configuration may name any folder as its work tree.
func (r *Repository) IsCheckout(tree string) bool {
	gitDir, err := gitDirOf(tree)
	return err == nil && r.owns(gitDir)
}

// owns reports whether a git directory is that of the repository itself or of one of its linked work trees: which folders are its work trees
// is said by files of the clone, which may name any.
func (r *Repository) owns(gitDir string) bool {
	common, err := filepath.EvalSymlinks(r.at.commonDir)
	real, realErr := filepath.EvalSymlinks(gitDir)
	return err == nil && realErr == nil && (real == common || filepath.Dir(real) == filepath.Join(common, "worktrees"))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// isSparse reports whether a work tree has only some of the files; the file that lists them stays when that is switched off.
func (r *Repository) isSparse(ctx context.Context, gitDir string) bool {
	sparse := false
	err := r.linesOf(ctx, gitDir, nil, func(line []byte) error {
		sparse = isTrue(string(line))
		return nil
	}, nil, "config", "--get", "core.sparseCheckout")
	return err == nil && sparse
}

// differs reads a line of diff-files, which goes by size and date, and compares the file itself with the index where no filter is
// needed for that: a clone that was copied has new dates on all of its files.
func differs(top, line string) (path string, changed bool) {
	meta, path, ok := strings.Cut(line, "\t")
	fields := strings.Fields(meta)
	if !ok || len(fields) != 5 {
		return line, true
	}
	if strings.HasPrefix(path, `"`) || fields[4] != "M" || fields[0] != ":"+fields[1] || !strings.HasPrefix(fields[1], "100") {
		return path, true
	}
	var sum hash.Hash = sha1.New() //nolint:gosec // it is git that names objects so
	if len(fields[2]) == sha256.Size*2 {
		sum = sha256.New()
	}
	f, err := openRegular(filepath.Join(top, filepath.FromSlash(path)))
	if err != nil {
		return path, true
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return path, true
	}
	fmt.Fprintf(sum, "blob %d\x00", info.Size())
	if _, err := io.Copy(sum, io.LimitReader(f, info.Size())); err != nil {
		return path, true
	}
	return path, hex.EncodeToString(sum.Sum(nil)) != fields[2]
}

// RemotePlace is what is at one place of a remote.
type RemotePlace struct {
	// Address is as [PlainAddress] returns it.
	Address string
	Refs    map[string]pack.ID
}

// ListRemote returns the refs of a remote that [Repository.Remotes] lists, as it has them now, by full name: of the place that is fetched from
// (nil if there is none), and of all that are pushed to, which are at least one and mostly the same. This opens connections, with
// the user's credentials, as an [Asker] does: no program that the clone names is run.
func (r *Repository) ListRemote(ctx context.Context, remote string, env func(string) string) (fetched *RemotePlace, pushed []RemotePlace, err error) {
	all, err := r.Remotes(ctx, env)
	if err != nil {
		return nil, nil, err
	}
	from, to := FetchedAndPushed(all, remote)
	if len(to) == 0 {
		return nil, nil, fmt.Errorf("no remote is called %s", clip(remote))
	}
	ask := func(one Remote) (*RemotePlace, error) {
		refs, err := r.listPlace(ctx, one, env)
		return &RemotePlace{one.Address, refs}, err
	}
	if from != nil {
		if fetched, err = ask(*from); err != nil {
			return nil, nil, err
		}
	}
	for _, one := range to {
		place := fetched
		if from == nil || one != *from {
			if place, err = ask(one); err != nil {
				return nil, nil, err
			}
		}
		pushed = append(pushed, *place)
	}
	return fetched, pushed, nil
}

func (r *Repository) listPlace(ctx context.Context, place Remote, env func(string) string) (_ map[string]pack.ID, err error) {
	asker, err := NewAsker(ctx, r, place, AskOptions{Env: env})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, asker.Close()) }()
	listed, err := asker.Refs(ctx)
	if err != nil {
		return nil, err
	}
	refs := map[string]pack.ID{}
	for _, one := range listed {
		switch {
		case one.Peeled || one.Name == "HEAD":
		case !validRefName(one.Name):
			return nil, fmt.Errorf("list the refs of %s: a line is malformed", clip(place.Name))
		default:
			refs[one.Name] = one.ID
		}
	}
	return refs, nil
}
