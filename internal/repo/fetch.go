package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/skant-dev/skant/internal/pack"
)

// FetchOptions says how a clone is completed. The zero value is usable.
type FetchOptions struct {
	// Env looks a variable up: git needs some of the user's, to find its credentials and its way through a proxy. Nil means
	// that there are none.
	Env func(string) string
	// Timeout bounds all fetching together; 0 means 10 minutes.
	Timeout time.Duration
	// Tell is told what is about to be fetched, in words; nil means nobody is.
	Tell func(step string)
}

// Bounds on fetching.
const (
	fetchTimeout = 10 * time.Minute
	// firstDepth is by how many commits history is deepened first; then by twice as many, and so on.
	firstDepth   = 32
	deepenRounds = 9
	// maxGitConfigs bounds the settings that GIT_CONFIG_COUNT announces.
	maxGitConfigs = 64
)

// Fetcher completes a clone from the remote that its own configuration names, with the credentials that it has. No other place
// is asked, no branch or tag of the clone is changed, and nothing of what is fetched is executed.
type Fetcher struct {
	repo   *Repository
	opt    FetchOptions
	remote string
	local  bool
	ends   time.Time
	// sources are what the remote was asked for successfully: ids, or the names of refs where it does not give single commits.
	sources []string
	// trace is the file to which git writes what it and the server tell each other; empty for none.
	trace string
}

// uploadPack keeps git from asking the clone's configuration for the program at the other end, which for a path is this machine.
const uploadPack = "--upload-pack=git-upload-pack"

// NewFetcher returns a fetcher for the remote "origin" or, without one, the only remote.
func NewFetcher(ctx context.Context, r *Repository, opt FetchOptions) (*Fetcher, error) {
	if opt.Timeout <= 0 {
		opt.Timeout = fetchTimeout
	}
	f := &Fetcher{repo: r, opt: opt, ends: time.Now().Add(opt.Timeout)}
	out, err := f.run(ctx, "remote")
	if err != nil {
		return nil, err
	}
	names := strings.Fields(string(out))
	switch {
	case slices.Contains(names, "origin"):
		f.remote = "origin"
	case len(names) == 1 && !strings.HasPrefix(names[0], "-"):
		f.remote = names[0]
	default:
		return nil, fmt.Errorf("fetch: the clone has %d remotes, and none is called origin", len(names))
	}
	url, err := f.run(ctx, "remote", "get-url", "--", f.remote)
	if err != nil {
		return nil, err
	}
	f.local = localURL(strings.TrimSpace(string(url)))
	return f, nil
}

// localURL reports whether a url is the path of a repository on this machine: what git takes for one.
func localURL(url string) bool {
	if strings.HasPrefix(url, "file://") {
		return true
	}
	before, _, colon := strings.Cut(url, ":") // HOST:PATH, SCHEME:// or HELPER::ADDRESS
	return !colon || strings.Contains(before, "/") || len(before) == 1 && filepath.IsAbs(url)
}

// Repository returns the repository as it is after the last fetch. The one that [NewFetcher] was given is closed by then.
func (f *Fetcher) Repository() *Repository { return f.repo }

// Commit fetches a commit by its id, without its history where the clone is shallow, and does nothing if it is there already. Where
// the server gives no single commits, ref is fetched, if it is not empty: the name of a ref that leads to it.
func (f *Fetcher) Commit(ctx context.Context, id pack.ID, ref string) error {
	if f.has(id) {
		return nil
	}
	first := f.fetch(ctx, "one commit", f.shallowly("--depth=1"), id.String())
	if first == nil && f.has(id) {
		f.sources = append(f.sources, id.String())
		return nil
	}
	if ref == "" || ctx.Err() != nil {
		return f.lacks(id, first)
	}
	if _, err := f.Ref(ctx, ref); err != nil {
		if first != nil && first.Error() == err.Error() { // as when the remote cannot be reached at all
			return err
		}
		return errors.Join(first, err)
	}
	known := first == nil || !strings.Contains(first.Error(), "not our ref") // otherwise the server has been asked, and has no such commit
	for depth := firstDepth; known && !f.has(id) && f.repo.cutOff() && depth <= firstDepth<<deepenRounds; depth *= 2 {
		if err := f.fetch(ctx, "more of "+ref, []string{"--deepen=" + strconv.Itoa(depth)}, ref); err != nil {
			return err
		}
	}
	if !f.has(id) {
		return f.lacks(id, first)
	}
	return nil
}

func (f *Fetcher) lacks(id pack.ID, err error) error {
	if err == nil {
		err = errors.New("the remote does not have it")
	}
	return fmt.Errorf("fetch commit %s: %w", id, err)
}

// Ref fetches what a ref of the remote names, given by its full name or as "HEAD", and returns its id.
func (f *Fetcher) Ref(ctx context.Context, ref string) (pack.ID, error) {
	if ref != "HEAD" && !fetchable(ref) {
		return pack.ID{}, fmt.Errorf("fetch %q: it is no name of a ref", clip(ref))
	}
	if err := f.fetch(ctx, ref, f.shallowly("--depth=1"), ref); err != nil {
		return pack.ID{}, err
	}
	for _, got := range refLines(filepath.Join(f.repo.at.gitDir, "FETCH_HEAD"), "FETCH_HEAD") {
		if !got.ID.IsZero() {
			f.sources = append(f.sources, ref)
			return got.ID, nil
		}
	}
	return pack.ID{}, fmt.Errorf("fetch %s: git does not say what it is", ref)
}

// fetchable refuses what git would take for anything but one ref of the remote.
func fetchable(ref string) bool {
	return validRefName(ref) && plumbing.ReferenceName(ref).Validate() == nil
}

// RefNamed returns the ref of exactly this full name; its id is zero if there is none. Unlike with [Repository.Resolve] no other ref answers
// in its place: refs/tags/refs/heads/main is none of refs/heads/main.
func (r *Repository) RefNamed(name string) (Ref, error) {
	if !fetchable(name) {
		return Ref{}, fmt.Errorf("find %q: it is no name of a ref", clip(name))
	}
	if !r.settings.reftable {
		return r.readRef(name)
	}
	refs, err := r.Refs()
	if i := slices.IndexFunc(refs, func(ref Ref) bool { return ref.Name == name }); err == nil && i >= 0 {
		return refs[i], nil
	}
	return Ref{Name: name}, err
}

// DefaultBranch returns the full name of the remote's default branch.
func (f *Fetcher) DefaultBranch(ctx context.Context) (string, error) {
	out, err := f.run(ctx, "ls-remote", "--quiet", "--symref", uploadPack, "--", f.remote, "HEAD")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "ref:"), "\t")
		if name = strings.TrimSpace(name); strings.HasPrefix(line, "ref:") && fetchable(name) {
			return name, nil
		}
	}
	return "", errors.New("fetch: the remote does not name its default branch")
}

// Range deepens a shallow clone until a range is whole: no commit of it lacks a parent, and where it begins is known. It does
// nothing if that is so already. The ids are those of commits that the clone has.
func (f *Fetcher) Range(ctx context.Context, spec RangeSpec) error {
	for round := 0; ; round++ {
		short, err := f.repo.endsEarly(ctx, spec)
		if err != nil || !short {
			return err
		}
		if round == deepenRounds || len(spec.Bases) == 0 {
			return f.Whole(ctx, spec)
		}
		depth := firstDepth << round
		if err := f.deepen(ctx, fmt.Sprintf("%d more commits", depth), "--deepen="+strconv.Itoa(depth), spec); err != nil {
			return err
		}
	}
}

// Whole fetches the history that a shallow clone lacks. With an empty range it is that of everything that the remote is
// configured to be fetched for, and tags.
func (f *Fetcher) Whole(ctx context.Context, spec RangeSpec) error {
	if !f.repo.cutOff() {
		return nil
	}
	if len(spec.Tips) == 0 {
		return f.fetch(ctx, "the whole history", []string{"--unshallow", "--tags"})
	}
	return f.deepen(ctx, "the whole history", "--unshallow", spec)
}

// Contents fetches the files that a partial clone left out, of all commits that the ends of a range lead to here.
func (f *Fetcher) Contents(ctx context.Context, spec RangeSpec) error {
	if !f.repo.partial() {
		return nil
	}
	return f.deepenWith(ctx, "what the partial clone left out", []string{"--refetch", "--no-filter"}, spec)
}

// deepen asks for the commits of a range by their ids, then by what they were fetched as, then for all.
func (f *Fetcher) deepen(ctx context.Context, words, option string, spec RangeSpec) error {
	return f.deepenWith(ctx, words, []string{option}, spec)
}

func (f *Fetcher) deepenWith(ctx context.Context, words string, options []string, spec RangeSpec) error {
	var ids []string
	for _, id := range slices.Concat(spec.Tips, spec.Bases) {
		ids = append(ids, id.String())
	}
	var errs []error
	for _, what := range [][]string{ids, f.sources, nil} {
		if len(what) == 0 && len(errs) == 0 {
			continue
		}
		err := f.fetch(ctx, words, options, what...)
		if err == nil || ctx.Err() != nil {
			return err
		}
		errs = append(errs, err)
	}
	return errs[0]
}

// endsEarly reports whether the clone is cut off inside of a range, or so near that some of what belongs to the base may be taken for a
// part of it.
func (r *Repository) endsEarly(ctx context.Context, spec RangeSpec) (bool, error) {
	if !r.cutOff() {
		return false, nil
	}
	w := newRangeWalk(r)
	spec.needCommon = len(spec.Bases) > 0
	common, err := w.run(ctx, spec)
	if err != nil {
		return false, err
	}
	oldest, found := int64(0), false
	for _, c := range w.result {
		if c.excluded {
			continue
		}
		if w.lacksParent(c) {
			return true, nil
		}
		if !found || c.date < oldest {
			oldest, found = c.date, true
		}
	}
	if !found {
		return false, nil
	}
	for _, c := range w.met {
		// What is missing is older than its child. Only where that is newer than a commit of the range, that commit may be missed
		// on the base's side.
		if c.excluded && (c.date >= oldest || !common) && w.lacksParent(c) {
			return true, nil
		}
	}
	return false, nil
}

// lacksParent reports whether the clone was cut off at a commit.
func (w *rangeWalk) lacksParent(c *walkedCommit) bool {
	return w.repo.IsShallow(c.id) && slices.ContainsFunc(c.parents, func(id pack.ID) bool {
		if w.met[id] != nil {
			return false
		}
		_, err := w.repo.Commit(id)
		return err != nil
	})
}

// cutOff reports whether the clone is shallow.
func (r *Repository) cutOff() bool {
	cut, err := r.shallow()
	return err == nil && len(cut) > 0
}

// has reports whether the clone has an object.
func (f *Fetcher) has(id pack.ID) bool {
	store, err := f.repo.objects()
	return err == nil && store.Has(id)
}

// shallowly is an option for a shallow clone. In one that is whole it would cut history off.
func (f *Fetcher) shallowly(option string) []string {
	if f.repo.cutOff() {
		return []string{option}
	}
	return nil
}

// fetch runs git and opens the repository again.
func (f *Fetcher) fetch(ctx context.Context, words string, options []string, what ...string) error {
	if f.opt.Tell != nil {
		f.opt.Tell(words)
	}
	args := append([]string{
		"fetch", "--quiet", "--no-recurse-submodules", "--no-auto-maintenance", "--no-prune", "--no-write-commit-graph",
		"--no-show-forced-updates", uploadPack,
	}, options...)
	if !slices.Contains(options, "--tags") {
		args = append(args, "--no-tags")
	}
	_, err := f.run(ctx, append(append(args, "--", f.remote), what...)...)
	again, openErr := f.repo.reopen()
	if openErr != nil {
		return errors.Join(err, openErr)
	}
	f.repo = again
	return err
}

// reopen opens a repository anew, since the old one knows only the packs that it found, and closes the old one.
func (r *Repository) reopen() (*Repository, error) {
	again := &Repository{at: r.at, settings: r.settings, opt: r.opt, quarantines: r.quarantines}
	again.objects = sync.OnceValues(again.openObjects)
	again.shallow = sync.OnceValues(again.readShallow)
	var err error
	if again.settings, err = again.readSettings(); err != nil {
		return nil, err
	}
	return again, r.Close()
}

// fetchEnv are the variables that reach git: those by which it finds its own configuration, credentials and a proxy.
var fetchEnv = []string{
	"PATH", "HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "TMPDIR", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "GIT_SSH", "GIT_SSH_COMMAND",
	"GIT_SSH_VARIANT", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH",
	"GIT_SSL_CERT", "GIT_SSL_KEY", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY",
	"ALL_PROXY", "NO_PROXY", "KRB5CCNAME", // and, for Windows:
	"SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES",
	"TEMP", "TMP",
}

func (f *Fetcher) environment() []string {
	get := f.opt.Env
	if get == nil {
		get = func(string) string { return "" }
	}
	env := []string{
		"GIT_DIR=" + f.repo.at.gitDir, "GIT_TERMINAL_PROMPT=0", "GCM_INTERACTIVE=never", "SSH_ASKPASS_REQUIRE=never", "GIT_OPTIONAL_LOCKS=0",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "LC_ALL=C",
	}
	allowed := "https:http:ssh:git"
	if f.local {
		allowed = "file"
	}
	env = append(env, "GIT_ALLOW_PROTOCOL="+allowed)
	if f.trace != "" {
		env = append(env, "GIT_TRACE_PACKET="+f.trace)
	}
	for _, name := range fetchEnv {
		if value := get(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	if count, err := strconv.Atoi(get("GIT_CONFIG_COUNT")); err == nil && count > 0 && count <= maxGitConfigs {
		env = append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(count))
		for i := range count {
			for _, name := range []string{"GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"} {
				env = append(env, name+strconv.Itoa(i)+"="+get(name+strconv.Itoa(i)))
			}
		}
	}
	return env
}

// run runs git for something that reaches the remote or the configuration of it. Unlike [Repository.runGit] it lets the user's own
// configuration count, which may have the credentials; nothing of it can come from the content of the repository.
func (f *Fetcher) run(ctx context.Context, args ...string) ([]byte, error) {
	out, said, err := f.execute(ctx, 1<<20, args...)
	if err == nil {
		return out, nil
	}
	first, _, _ := strings.Cut(strings.TrimSpace(said), "\n")
	if first == "" {
		return nil, fmt.Errorf("run git %s: %w", args[0], err)
	}
	return nil, fmt.Errorf("run git %s: %w: %s", args[0], err, clip200(withoutUser(first)))
}

// execute is run, with up to limit bytes of output, and with what git says on standard error, which may name a user and a token.
func (f *Fetcher) execute(ctx context.Context, limit int, args ...string) (output []byte, said string, err error) {
	program := f.repo.opt.Git
	if program == "" {
		program = "git"
	}
	ctx, cancel := context.WithDeadline(ctx, f.ends)
	defer cancel()
	fixed := []string{"--no-pager"}
	for _, c := range []string{
		"core.hooksPath=" + os.DevNull, "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false", "fetch.recurseSubmodules=false",
		"submodule.recurse=false", "fetch.writeCommitGraph=false", "credential.interactive=false", "fetch.output=compact",
	} {
		fixed = append(fixed, "-c", c)
	}
	cmd := exec.CommandContext(ctx, program, append(fixed, args...)...)
	cmd.Dir, cmd.Env = f.repo.at.gitDir, f.environment()
	if f.repo.at.workTree != "" { // from where git takes the path of a remote
		cmd.Dir, cmd.Env = f.repo.at.workTree, append(cmd.Env, "GIT_WORK_TREE="+f.repo.at.workTree)
	}
	cmd.WaitDelay = 2 * time.Second
	out, errOut := &boundedBuffer{limit: limit}, &boundedBuffer{limit: 16 << 10, drop: true}
	cmd.Stdout, cmd.Stderr = out, errOut
	if err = cmd.Run(); err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w (at most %s)", ctx.Err(), f.opt.Timeout)
	}
	return out.buf.Bytes(), errOut.buf.String(), err
}

// userInfo is the name and the token in a url, which git quotes in its errors. A token that is not escaped may hold any mark of
// a url, so everything up to the last @ is taken for it.
var userInfo = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`://\S*@`) })

func withoutUser(s string) string { return userInfo().ReplaceAllString(s, "://") }

func clip200(s string) string { return strings.ToValidUTF8(s[:min(len(s), 200)], "") }
