package repo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/pack"
)

// Served says whether a remote gives an object out by its id.
type Served string

// The answers.
const (
	ServedYes     Served = "yes"
	ServedNo      Served = "no"
	ServedUnknown Served = "unknown"
)

// RemoteProbe asks one remote of a clone what it still has. What it fetches goes to folders of its own, readable by this user only,
// which Close removes; nothing of the clone is changed, and no object of the clone is taken for one of the remote.
type RemoteProbe struct {
	// Name is the remote's in the clone, Address where it is, without user and password.
	Name, Address string
	// Path is the folder of the remote where that is on this machine; empty otherwise.
	Path string

	from    *Repository
	opt     FetchOptions
	ends    time.Time
	config  []string // KEY, VALUE, KEY, VALUE, as the clone has them
	folders []string
	byID    *Fetcher
	// opened are the repositories of the folders.
	opened []*Fetcher
}

// RemoteRef is a ref as a remote lists it.
type RemoteRef struct {
	Name string
	// ID is what it names; an annotated tag's own.
	ID pack.ID
}

// RemoteNames returns the names of the remotes that a clone has, origin first.
func RemoteNames(ctx context.Context, r *Repository, opt FetchOptions) ([]string, error) {
	f := &Fetcher{repo: r, opt: opt, ends: deadline(opt)}
	out, err := f.run(ctx, "remote")
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(strings.Fields(string(out)), func(name string) bool { return strings.HasPrefix(name, "-") })
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == "origin" || b != "origin" && a < b:
			return -1
		}
		return 1
	})
	return names, nil
}

func deadline(opt FetchOptions) time.Time {
	if opt.Timeout <= 0 {
		opt.Timeout = fetchTimeout
	}
	return time.Now().Add(opt.Timeout)
}

// NewRemoteProbe returns a probe for a remote of r. Whoever calls it closes the probe.
func NewRemoteProbe(ctx context.Context, r *Repository, name string, opt FetchOptions) (*RemoteProbe, error) {
	if opt.Timeout <= 0 {
		opt.Timeout = fetchTimeout
	}
	p := &RemoteProbe{Name: name, from: r, opt: opt, ends: deadline(opt)}
	f := &Fetcher{repo: r, opt: opt, ends: p.ends}
	out, err := f.run(ctx, "remote", "get-url", "--", name)
	if err != nil {
		return nil, err
	}
	address := strings.TrimRight(string(out), "\r\n")
	p.Address = PublicAddress(address)
	if localURL(address) {
		if p.Path, err = localPath(r, address); err != nil {
			return nil, err
		}
		address = p.Path
	}
	p.config = []string{"remote." + name + ".url", address}
	list, err := f.run(ctx, "config", "--local", "--includes", "--null", "--get-regexp", `^(http|credential|core\.sshcommand|ssh\.variant|remote\..*\.proxy)`)
	if err != nil && exitCode(err) != 1 { // 1 says that there is none
		return nil, err
	}
	for entry := range strings.SplitSeq(string(list), "\x00") {
		if key, value, found := strings.Cut(entry, "\n"); found && len(p.config) < 2*maxGitConfigs {
			p.config = append(p.config, key, value)
		}
	}
	return p, nil
}

// localPath returns the absolute path of a remote on this machine.
func localPath(r *Repository, address string) (string, error) {
	if rest, found := strings.CutPrefix(address, "file://"); found {
		path, err := url.PathUnescape(rest)
		if err != nil {
			return "", fmt.Errorf("use remote: %w", err)
		}
		return path, nil
	}
	start := r.at.workTree
	if start == "" {
		start = r.at.gitDir
	}
	return under(start, address), nil
}

// PublicAddress takes user, password and query out of the address of a remote.
func PublicAddress(address string) string {
	if u, err := url.Parse(address); err == nil && u.Scheme != "" && u.Host != "" {
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		return u.String()
	}
	if i := strings.Index(address, "://"); i >= 0 { // no address that can be read, which may hold anything
		return address[:i+3] + "..."
	}
	if at := strings.LastIndex(address, "@"); at >= 0 && !strings.Contains(address[:at], "/") {
		return address[at+1:]
	}
	return address
}

// Refs lists what the remote advertises: branches, tags and all others, those of pull requests among them.
func (p *RemoteProbe) Refs(ctx context.Context) ([]RemoteRef, error) {
	f, err := p.scratch(ctx)
	if err != nil {
		return nil, err
	}
	out, err := f.run(ctx, "ls-remote", "--quiet", uploadPack, "--", p.Name)
	if err != nil {
		return nil, err
	}
	var refs []RemoteRef
	for line := range strings.Lines(string(out)) {
		hex, name, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		id, err := pack.ParseID(hex)
		if err != nil || strings.HasSuffix(name, "^{}") {
			continue
		}
		refs = append(refs, RemoteRef{name, id})
	}
	return refs, nil
}

// History fetches all that the remote's refs reach, without the content of files where the remote can leave it out, and returns it as a
// repository of its own, whose refs have the remote's names below "refs/skant/". The probe closes it.
func (p *RemoteProbe) History(ctx context.Context) (*Repository, error) {
	f, err := p.scratch(ctx)
	if err != nil {
		return nil, err
	}
	err = f.fetch(ctx, "the commits of "+p.Name, []string{"--filter=tree:0", "--no-write-fetch-head"}, "+refs/*:"+probeRefs+"*")
	return f.repo, err
}

// probeRefs is what the names of the remote's refs start with in the place of "refs/" in [RemoteProbe.History].
const probeRefs = "refs/skant/"

// RemoteName returns what the remote calls a ref of [RemoteProbe.History]; false for one that is not the remote's.
func RemoteName(ref string) (string, bool) {
	rest, found := strings.CutPrefix(ref, probeRefs)
	return "refs/" + rest, found
}

// Serves asks for one object by its id. how is what the remote said, if that is more than yes.
func (p *RemoteProbe) Serves(ctx context.Context, id pack.ID) (answer Served, how string) {
	if p.byID == nil {
		f, err := p.scratch(ctx)
		if err != nil {
			return ServedUnknown, err.Error()
		}
		p.byID = f
	}
	err := p.byID.fetch(ctx, "object "+id.String(), []string{"--depth=1", "--no-write-fetch-head"}, id.String())
	switch {
	case p.byID.has(id):
		return ServedYes, ""
	case err == nil:
		return ServedUnknown, "the remote agreed, and sent something else"
	}
	for _, no := range []string{
		"not our ref", // git: it is not there, or nothing reaches it
		"Server does not allow request for unadvertised", // git with an old protocol: only what refs name is given out
		"is not valid", // JGit
	} {
		if strings.Contains(err.Error(), no) && strings.Contains(err.Error(), id.String()) {
			return ServedNo, ""
		}
	}
	return ServedUnknown, err.Error()
}

// scratch makes an empty repository that knows the remote as the clone does, and no object of it.
func (p *RemoteProbe) scratch(ctx context.Context) (*Fetcher, error) {
	dir, err := os.MkdirTemp("", "skant-probe-")
	if err != nil {
		return nil, fmt.Errorf("make a folder to fetch into: %w", err)
	}
	p.folders = append(p.folders, dir)
	for _, name := range []string{"objects/info", "objects/pack", "refs/heads"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(name)), 0o700); err != nil {
			return nil, fmt.Errorf("make a folder to fetch into: %w", err)
		}
	}
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	if p.from.settings.format == pack.SHA256 {
		config = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n"
	}
	for name, text := range map[string]string{"config": config, "HEAD": "ref: refs/heads/skant-none\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("make a folder to fetch into: %w", err)
		}
	}
	r, err := Open(dir, Options{Git: p.from.opt.Git})
	if err != nil {
		return nil, err
	}
	f := &Fetcher{repo: r, opt: p.fetchOptions(), remote: p.Name, local: p.Path != "", ends: p.ends}
	p.opened = append(p.opened, f)
	return f, nil
}

// fetchOptions are those of the probe with what the clone's configuration says of the remote.
func (p *RemoteProbe) fetchOptions() FetchOptions {
	opt := p.opt
	get := opt.Env
	if get == nil {
		get = func(string) string { return "" }
	}
	count := 0
	for count < maxGitConfigs && get(fmt.Sprintf("GIT_CONFIG_KEY_%d", count)) != "" && get("GIT_CONFIG_COUNT") != "" {
		count++
	}
	own := map[string]string{}
	for i := 0; i+1 < len(p.config) && count < maxGitConfigs; i += 2 {
		own[fmt.Sprintf("GIT_CONFIG_KEY_%d", count)], own[fmt.Sprintf("GIT_CONFIG_VALUE_%d", count)] = p.config[i], p.config[i+1]
		count++
	}
	own["GIT_CONFIG_COUNT"] = fmt.Sprint(count)
	opt.Env = func(name string) string {
		if value, found := own[name]; found {
			return value
		}
		return get(name)
	}
	opt.Tell = nil
	return opt
}

// Close removes all that was fetched.
func (p *RemoteProbe) Close() error {
	var errs []error
	for _, f := range p.opened {
		errs = append(errs, f.repo.Close())
	}
	for _, dir := range p.folders {
		errs = append(errs, os.RemoveAll(dir))
	}
	p.folders, p.opened, p.byID = nil, nil, nil
	return errors.Join(errs...)
}
