package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/skant-dev/skant/internal/pack"
)

// Remote is a place that the configuration of a repository says to fetch from or to push to.
type Remote struct {
	Name string
	// Address is as [PlainAddress] returns it.
	Address string
	// url is the whole of it, with what may be a password.
	url string
}

// maxRemotes bounds the places that are listed.
const maxRemotes = 32

// Remotes lists the places that the repository's own configuration names, each once. Those of included files are not among them.
func (r *Repository) Remotes() ([]Remote, error) {
	lines, err := r.readConfig(filepath.Join(r.at.commonDir, "config"))
	if err != nil {
		return nil, fmt.Errorf("list remotes: %w", err)
	}
	var all []Remote
	for _, l := range lines {
		if l.section != "remote" || l.key != "url" && l.key != "pushurl" || l.value == "" {
			continue
		}
		url := l.value
		if localURL(url) && !strings.HasPrefix(url, "file://") && !strings.HasPrefix(url, "~") {
			top := r.at.workTree
			if top == "" {
				top = r.at.gitDir
			}
			url = under(top, url)
		}
		if slices.ContainsFunc(all, func(have Remote) bool { return have.url == url }) {
			continue
		}
		if all = append(all, Remote{l.subsection, PlainAddress(l.value), url}); len(all) > maxRemotes {
			return all[:maxRemotes], fmt.Errorf("list remotes: more than %d places", maxRemotes)
		}
	}
	return all, nil
}

// PlainAddress returns an address of a remote without the user, the password and what may stand behind the path.
func PlainAddress(url string) string {
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		if localURL(url) {
			return url
		}
		start, _, _ := strings.Cut(url, "/") // of USER@HOST:PATH
		return url[strings.LastIndexByte(start, '@')+1:]
	}
	// A token that is not escaped may hold any mark of a url, so everything up to the last @ is taken for it.
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	return scheme + "://" + rest
}

// AskOptions says how remotes are asked. The zero value is usable.
type AskOptions struct {
	// Env is that of [FetchOptions].
	Env func(string) string
	// Timeout bounds all asking of one remote together; 0 means two minutes.
	Timeout time.Duration
}

// Bounds on asking a remote.
const (
	askTimeout   = 2 * time.Minute
	maxListed    = 256 << 20 // bytes of a list of refs
	maxAsked     = 256       // objects that are asked for at once
	maxAskRounds = 128
)

// Asker asks one remote what it has. It works in a repository of its own, below the folder for temporary files, so that nothing of what is
// fetched gets into the clone, and none of the clone's configuration but addresses and headers for them counts: no program
// that it names is run. The user's own configuration counts, which may have the credentials.
type Asker struct {
	fetcher *Fetcher
	dir     string
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
	a := &Asker{dir: dir}
	scratch, err := a.prepare(r, remote)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ask a remote: %w", err), a.Close())
	}
	a.fetcher = &Fetcher{
		repo: scratch, opt: FetchOptions{Env: opt.Env, Timeout: opt.Timeout}, remote: "asked", ends: time.Now().Add(opt.Timeout),
	}
	url, err := a.fetcher.run(ctx, "remote", "get-url", "--", "asked")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ask a remote: %w", err), a.Close())
	}
	a.fetcher.local = localURL(strings.TrimSpace(string(url)))
	return a, nil
}

// prepare makes an empty repository whose only remote is the one that is asked.
func (a *Asker) prepare(r *Repository, remote Remote) (*Repository, error) {
	for _, name := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(a.dir, filepath.FromSlash(name)), 0o700); err != nil {
			return nil, err
		}
	}
	var b strings.Builder
	b.WriteString("[core]\n\tbare = true\n")
	if r.Format() == pack.SHA256 {
		b.WriteString("\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n")
	} else {
		b.WriteString("\trepositoryformatversion = 0\n")
	}
	b.WriteString("[fetch]\n\tfsckObjects = false\n[transfer]\n\tfsckObjects = false\n[protocol]\n\tversion = 2\n")
	fmt.Fprintf(&b, "[remote \"asked\"]\n\turl = %s\n", configValue(remote.url))
	lines, err := r.readConfig(filepath.Join(r.at.commonDir, "config"))
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		if l.section == "http" && l.key == "extraheader" || l.section == "url" && l.key == "insteadof" {
			fmt.Fprintf(&b, "[%s %s]\n\t%s = %s\n", l.section, configName(l.subsection), l.key, configValue(l.value))
		}
	}
	for name, text := range map[string]string{"HEAD": "ref: refs/heads/none\n", "config": b.String()} {
		if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return Open(a.dir, Options{Git: r.opt.Git})
}

// configValue and configName quote what a configuration file says, and the middle part of a section's name.
func configValue(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\x00", "").Replace(s) + `"`
}

func configName(s string) string {
	if s == "" {
		return ""
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", "", "\x00", "").Replace(s) + `"`
}

// Close removes everything that was fetched.
func (a *Asker) Close() error {
	var err error
	if a.fetcher != nil {
		err = a.fetcher.repo.Close()
	}
	return errors.Join(err, os.RemoveAll(a.dir))
}

// Refs lists the refs that the remote shows, HEAD among them. Behind an annotated tag comes what it finally names, once more with
// the tag's name.
func (a *Asker) Refs(ctx context.Context) ([]RemoteRef, error) {
	out, said, err := a.fetcher.execute(ctx, maxListed, "ls-remote", "--quiet", uploadPack, "--", a.fetcher.remote)
	if err != nil {
		return nil, fmt.Errorf("list the remote's refs: %w: %s", err, complaint(said))
	}
	var refs []RemoteRef
	for line := range strings.Lines(string(out)) {
		hex, name, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		id, err := pack.ParseID(hex)
		if err != nil {
			continue
		}
		refs = append(refs, RemoteRef{Name: strings.TrimSuffix(name, "^{}"), ID: id})
	}
	return refs, nil
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

// refused is what a server says of an object that it does not have, and of one that it gives nobody by its id.
var refused = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(not our ref|request for unadvertised object) ([0-9a-f]{40,64})\b`)
})

// Serve asks for objects by their ids, all at once where the remote has them, and one time more for each that it has not. why says
// in a clause why an answer is unknown. After a number of rounds the rest stays so.
func (a *Asker) Serve(ctx context.Context, ids []pack.ID) (served map[pack.ID]Served, why map[pack.ID]string) {
	served, why = map[pack.ID]Served{}, map[pack.ID]string{}
	left := slices.Clone(ids)
	slices.SortFunc(left, pack.ID.Compare)
	left = slices.Compact(left)
	for round := 0; len(left) > 0; round++ {
		batch := left[:min(len(left), maxAsked)]
		if round == maxAskRounds || ctx.Err() != nil {
			for _, id := range left {
				served[id], why[id] = ServedUnknown, "not asked: too many objects, or too little time"
			}
			break
		}
		said, err := a.fetch(ctx, batch)
		if err == nil {
			a.took(batch, served, why)
			left = left[len(batch):]
			continue
		}
		m := refused().FindStringSubmatch(said)
		at := -1
		if m != nil {
			at = slices.IndexFunc(batch, func(id pack.ID) bool { return id.String() == m[2] })
		}
		switch {
		case at < 0:
			for _, id := range batch {
				served[id], why[id] = ServedUnknown, complaint(said)
			}
			left = left[len(batch):]
			continue
		case m[1] == "not our ref":
			served[batch[at]] = ServedNo
		default:
			served[batch[at]], why[batch[at]] = ServedUnknown, "the remote gives no object by its id, except what its refs name"
		}
		left = slices.Delete(left, at, at+1)
	}
	return served, why
}

// fetch asks for objects, without what commits lead to where the remote can leave that out.
func (a *Asker) fetch(ctx context.Context, ids []pack.ID) (said string, err error) {
	args := []string{
		"fetch", "--quiet", "--no-recurse-submodules", "--no-auto-maintenance", "--no-prune", "--no-write-commit-graph",
		"--no-show-forced-updates", "--no-write-fetch-head", "--no-tags", "--depth=1", "--filter=tree:0", uploadPack, "--", a.fetcher.remote,
	}
	for _, id := range ids {
		args = append(args, id.String())
	}
	_, said, err = a.fetcher.execute(ctx, 1<<20, args...)
	return said, err
}

// took looks for what a fetch without an error has brought.
func (a *Asker) took(ids []pack.ID, served map[pack.ID]Served, why map[pack.ID]string) {
	again, err := a.fetcher.repo.reopen()
	if err == nil {
		a.fetcher.repo = again
	}
	for _, id := range ids {
		switch {
		case err == nil && again.has(id):
			served[id] = ServedYes
		default:
			served[id], why[id] = ServedUnknown, "git fetched it without an error, and it is not there"
		}
	}
}
