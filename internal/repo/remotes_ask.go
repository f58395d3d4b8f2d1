package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/pack"
)

// AskOptions says how remotes are asked. The zero value is usable.
type AskOptions struct {
	// Env is that of [FetchOptions].
	Env func(string) string
	// Timeout bounds all asking of one remote together; 0 means two minutes.
	Timeout time.Duration
}

// Bounds on asking a remote.
const (
	askTimeout = 2 * time.Minute
	maxListed  = 256 << 20 // bytes of a list of refs
	maxIgnored = 6         // settings that are named
)

// asked is what git calls the remote in a repository to ask from, whatever the clone calls it.
const asked = "asked"

// Asker asks one remote what it has. It works in repositories of its own, below the folder for temporary files, which only this user can read,
// so that nothing of what is fetched gets into the clone, and no object of the clone is taken for one of the remote. None of the clone's
// configuration but addresses and headers for them counts: no program that it names is run. The user's own configuration counts, which may have
// the credentials.
type Asker struct {
	Remote
	// Path is the folder of the remote where that is on this machine; empty otherwise.
	Path string

	dir string
	// from is where git is told that the remote is; rules are the settings that it has besides.
	from, rules string
	git         string
	format      pack.Format
	opt         AskOptions
	ends        time.Time
	// place is where it is, after all replacing.
	place string
	local bool
	// ignored are settings of the clone that git would have used to get there.
	ignored []string
	byID    *Fetcher
	opened  []*Fetcher
}

// NewAsker prepares asking a remote that [Repository.Remotes] listed. Close must be called.
func NewAsker(ctx context.Context, r *Repository, remote Remote, opt AskOptions) (*Asker, error) {
	if opt.Timeout <= 0 {
		opt.Timeout = askTimeout
	}
	dir, err := os.MkdirTemp("", "skant-ask-")
	if err != nil {
		return nil, fmt.Errorf("ask a remote: %w", err)
	}
	a := &Asker{Remote: remote, dir: dir, from: remote.url, git: r.opt.Git, format: r.Format(), opt: opt, ends: time.Now().Add(opt.Timeout)}
	if err := a.prepare(ctx, r); err != nil {
		return nil, errors.Join(fmt.Errorf("ask a remote: %w", err), a.Close())
	}
	return a, nil
}

// prepare works out where the remote is and what git has to know of it.
func (a *Asker) prepare(ctx context.Context, r *Repository) error {
	lines, err := r.ownConfig(ctx, a.opt.Env)
	if err != nil {
		return err
	}
	for _, l := range lines {
		a.take(l)
	}
	slices.Sort(a.ignored)
	a.ignored = slices.Compact(a.ignored)
	f, err := a.scratch()
	if err != nil {
		return err
	}
	out, err := f.run(ctx, "remote", "get-url", "--", asked)
	if err != nil {
		return err
	}
	a.place = strings.TrimRight(string(out), "\r\n")
	if a.local = localURL(a.place); a.local {
		a.Path = r.localPath(a.place, a.opt.Env)
		if a.Path != "" && !strings.HasPrefix(a.place, "file://") { // git would begin in the wrong folder
			a.from = a.Path
			a.rules += configLine("url", a.Path, "insteadOf", a.Path) // and nothing shorter is replaced
		}
		a.place = cmp.Or(a.Path, a.place)
	}
	a.byID, err = a.scratch()
	return err
}

// config is the configuration of an empty repository that knows the remote.
func (a *Asker) config() string {
	version := "\trepositoryformatversion = 0\n"
	if a.format == pack.SHA256 {
		version = "\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n"
	}
	return "[core]\n\tbare = true\n" + version + "[fetch]\n\tfsckObjects = false\n[transfer]\n\tfsckObjects = false\n[protocol]\n\tversion = 2\n" +
		configLine("remote", asked, "url", a.from) + a.rules
}

// take takes over what the clone says about addresses. A header that an included file has counts only for the address that stands with it: the file
// may be the user's, and the choice of it that of whoever made the clone.
func (a *Asker) take(l ownSetting) {
	switch {
	case l.section == "http" && l.key == "extraheader" && (!l.included || l.subsection != ""), l.section == "url" && l.key == "insteadof":
		a.rules += configLine(l.section, l.subsection, l.key, l.value)
	case l.section == "credential" && l.key != "username" && l.key != "usehttppath", l.section == "ssh",
		l.section == "core" && slices.Contains([]string{"sshcommand", "askpass", "gitproxy"}, l.key),
		l.section == "remote" && slices.Contains([]string{"proxy", "proxyauthmethod", "uploadpack", "vcs"}, l.key),
		l.section == "http" && (strings.HasPrefix(l.key, "proxy") || strings.HasPrefix(l.key, "ssl") ||
			slices.Contains([]string{"cookiefile", "emptyauth", "curloptresolve", "extraheader"}, l.key)):
		a.ignored = append(a.ignored, clip200(l.section+"."+l.key))
	}
}

// configLine writes one setting as git reads it.
func configLine(section, subsection, key, value string) string {
	if subsection != "" {
		section += ` "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", "", "\x00", "").Replace(subsection) + `"`
	}
	value = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\x00", "").Replace(value)
	return fmt.Sprintf("[%s]\n\t%s = \"%s\"\n", section, key, value)
}

// scratch makes an empty repository whose only remote is the one that is asked.
func (a *Asker) scratch() (*Fetcher, error) {
	dir := filepath.Join(a.dir, strconv.Itoa(len(a.opened)))
	for _, name := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(name)), 0o700); err != nil {
			return nil, err
		}
	}
	for name, text := range map[string]string{"HEAD": "ref: refs/heads/none\n", "config": a.config()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	r, err := Open(dir, Options{Git: a.git})
	if err != nil {
		return nil, err
	}
	f := &Fetcher{repo: r, opt: FetchOptions{Env: a.opt.Env, Timeout: a.opt.Timeout}, remote: asked, local: a.local, ends: a.ends}
	a.opened = append(a.opened, f)
	return f, nil
}

// Same reports whether two askers ask the same place as the same user. It may be called after Close.
func (a *Asker) Same(b *Asker) bool { return a.place == b.place }

// Close removes everything that was fetched.
func (a *Asker) Close() error {
	var errs []error
	for _, f := range a.opened {
		errs = append(errs, f.repo.Close())
	}
	a.opened, a.byID = nil, nil
	return errors.Join(append(errs, os.RemoveAll(a.dir))...)
}

// RemoteRef is a ref as a remote lists it.
type RemoteRef struct {
	Name string
	// ID is what it names; an annotated tag's own.
	ID pack.ID
	// Peeled says that ID is what an annotated tag finally leads to, which is listed behind it.
	Peeled bool
}

// Refs lists the refs that the remote shows, HEAD among them: branches, tags and all others, those of pull requests among them.
func (a *Asker) Refs(ctx context.Context) ([]RemoteRef, error) {
	out, said, err := a.byID.execute(ctx, maxListed, "ls-remote", "--quiet", uploadPack, "--", asked)
	if err != nil {
		return nil, fmt.Errorf("list the remote's refs: %w: %s", err, a.reason(said))
	}
	var refs []RemoteRef
	for line := range strings.Lines(string(out)) {
		hex, name, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		id, err := pack.ParseID(hex)
		if err != nil || name == "" {
			return nil, errors.New("list the remote's refs: there is a line that names no object")
		}
		own, peeled := strings.CutSuffix(name, "^{}")
		refs = append(refs, RemoteRef{own, id, peeled})
	}
	return refs, nil
}

// History fetches all that the remote's refs reach, without the content of files where the remote can leave it out, and returns it as a
// repository of its own, whose refs have names that [RemoteName] knows. The asker closes it.
func (a *Asker) History(ctx context.Context) (*Repository, error) {
	f, err := a.scratch()
	if err != nil {
		return nil, fmt.Errorf("follow the remote's refs: %w", err)
	}
	_, said, err := f.execute(ctx, 1<<20, fetchQuietly("--filter=tree:0", uploadPack, "--", asked, "+refs/*:"+remoteRefs+"*")...)
	if err != nil {
		return nil, fmt.Errorf("follow the remote's refs: %w: %s", err, a.reason(said))
	}
	again, err := f.repo.reopen()
	if err != nil {
		return nil, fmt.Errorf("follow the remote's refs: %w", err)
	}
	f.repo = again
	return again, nil
}

// remoteRefs is what the names of the remote's refs start with in the place of "refs/" in [Asker.History].
const remoteRefs = "refs/skant/"

// RemoteName returns what the remote calls a ref of [Asker.History]; false for one that is not the remote's.
func RemoteName(ref string) (string, bool) {
	rest, found := strings.CutPrefix(ref, remoteRefs)
	return "refs/" + rest, found
}

// fetchQuietly are the arguments of a fetch that does nothing besides.
func fetchQuietly(args ...string) []string {
	return append([]string{
		"fetch", "--quiet", "--no-recurse-submodules", "--no-auto-maintenance", "--no-prune", "--no-write-commit-graph",
		"--no-show-forced-updates", "--no-write-fetch-head", "--no-tags",
	}, args...)
}

// reason is what git says went wrong, and what of the clone's configuration it did without.
func (a *Asker) reason(said string) string {
	why := complaint(said)
	if len(a.ignored) == 0 {
		return why
	}
	names := strings.Join(a.ignored[:min(len(a.ignored), maxIgnored)], ", ")
	return why + "; what the clone itself sets as " + names + " was not used, since it could be any program: set what is needed to get there in " +
		"your own configuration (git config --global), and ask again"
}

// complaint is what git says went wrong, in one line and without the user's name and password.
func complaint(said string) string {
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "warning:") {
			return clip200(withoutUser(line))
		}
	}
	return "git does not say why"
}
