package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Remote is a place that the configuration of a repository says to fetch from or to push to.
type Remote struct {
	Name string
	// Address is as [PlainAddress] returns it.
	Address string
	// PushOnly says that nothing is fetched from there under the name.
	PushOnly bool
	// url is the whole of it, with what may be a password.
	url string
}

// Bounds on listing remotes.
const (
	maxRemotes    = 32
	configTimeout = 20 * time.Second
)

// Remotes lists the places that the repository's own configuration and what that includes name, origin first, then by name. env looks up the
// variables that [FetchOptions.Env] does, and may be nil. With an error the list may be there, but lacks something.
func (r *Repository) Remotes(ctx context.Context, env func(string) string) ([]Remote, error) {
	lines, err := r.ownConfig(ctx, env)
	if err != nil {
		err = fmt.Errorf("list remotes: %w", err)
	}
	var all []Remote
	seen := map[Remote]bool{}
	add := func(name, url string, pushOnly bool) {
		remote := Remote{cmp.Or(name, PlainAddress(url)), PlainAddress(url), pushOnly, url}
		if !seen[remote] {
			seen[remote] = true
			all = append(all, remote)
		}
	}
	named := map[string]bool{}
	for _, l := range lines {
		named[l.subsection] = named[l.subsection] || l.section == "remote"
	}
	for _, l := range lines {
		switch {
		case l.value == "":
		case l.section == "remote" && l.key == "url":
			add(l.subsection, l.value, false)
		case l.section == "remote" && l.key == "pushurl":
			add(l.subsection, l.value, true)
		case l.section == "branch" && (l.key == "remote" || l.key == "pushremote"), l.section == "remote" && l.subsection == "" && l.key == "pushdefault":
			if strings.ContainsAny(l.value, `/:\`) && !named[l.value] { // an address, as git push -u URL leaves it
				add("", l.value, true)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Remote) int {
		if (a.Name == "origin") != (b.Name == "origin") {
			if a.Name == "origin" {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	if len(all) > maxRemotes {
		err = errors.Join(err, fmt.Errorf("list remotes: %d places, of which %d are looked at", len(all), maxRemotes))
		all = all[:maxRemotes]
	}
	for _, remote := range slices.Clone(all) {
		if to := pushedInstead(lines, remote.Name, remote.url); to != "" && !remote.PushOnly {
			add(remote.Name, to, true)
		}
	}
	return all, err
}

// FetchedAndPushed returns the places of one remote among all: the one that git fetches from, the first address, or nil; and those that it
// pushes to, the addresses for pushing or, without one, all.
func FetchedAndPushed(all []Remote, name string) (from *Remote, to []Remote) {
	var both []Remote
	for _, one := range all {
		switch {
		case one.Name != name:
		case one.PushOnly:
			to = append(to, one)
		default:
			both = append(both, one)
		}
	}
	if len(both) > 0 {
		from = &both[0]
	}
	if len(to) == 0 {
		to = both
	}
	return from, to
}

// pushedInstead is where git pushes to in the place of an address of a remote: by the longest url.*.pushInsteadOf that fits, unless it has an
// address for pushing. It is empty if that is the address itself.
func pushedInstead(lines []ownSetting, name, url string) string {
	longest, to := 0, ""
	for _, l := range lines {
		if l.section == "remote" && l.subsection == name && l.key == "pushurl" {
			return ""
		}
		if l.section == "url" && l.key == "pushinsteadof" && len(l.value) > longest && strings.HasPrefix(url, l.value) {
			longest, to = len(l.value), l.subsection+url[len(l.value):]
		}
	}
	return to
}

// ownSetting is a line of the repository's own configuration.
type ownSetting struct {
	setting
	// included says that it stands in a file that the configuration names.
	included bool
}

// ownConfig reads the repository's own configuration, that of the work tree and what they include. With an error the files
// themselves may have been read, and what they include not.
func (r *Repository) ownConfig(ctx context.Context, env func(string) string) ([]ownSetting, error) {
	var all []ownSetting
	var errs []error
	files := []string{filepath.Join(r.at.commonDir, "config")}
	for i := 0; i < len(files); i++ {
		lines, err := r.readConfig(files[i])
		if err != nil {
			return all, err
		}
		if i == 0 && slices.ContainsFunc(lines, func(l setting) bool {
			return l.section == "extensions" && l.key == "worktreeconfig" && isTrue(l.value)
		}) {
			files = append(files, filepath.Join(r.at.gitDir, "config.worktree"))
		}
		if slices.ContainsFunc(lines, func(l setting) bool { return strings.HasPrefix(l.section, "include") }) {
			more, err := r.included(ctx, files[i], env)
			if err == nil {
				all = append(all, more...)
				continue
			}
			errs = append(errs, err)
		}
		for _, l := range lines {
			all = append(all, ownSetting{setting: l})
		}
	}
	return all, errors.Join(errs...)
}

// included has git read a file of configuration with what it includes.
func (r *Repository) included(ctx context.Context, path string, env func(string) string) ([]ownSetting, error) {
	f := &Fetcher{repo: r, opt: FetchOptions{Env: env, Timeout: configTimeout}, ends: time.Now().Add(configTimeout)}
	out, said, err := f.execute(ctx, maxConfig, "config", "--file", path, "--includes", "--show-origin", "--list", "--null")
	if err != nil {
		return nil, fmt.Errorf("read what the configuration includes: %w: %s", err, complaint(said))
	}
	var all []ownSetting
	fields := strings.Split(string(out), "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		name, value, given := strings.Cut(fields[i+1], "\n")
		if !given {
			value = "true"
		}
		section, _, _ := strings.Cut(name, ".")
		rest := strings.TrimPrefix(strings.TrimPrefix(name, section), ".")
		sub, key := "", rest
		if at := strings.LastIndexByte(rest, '.'); at >= 0 {
			sub, key = rest[:at], rest[at+1:]
		}
		from := strings.TrimPrefix(fields[i], "file:")
		all = append(all, ownSetting{setting{strings.ToLower(section), sub, strings.ToLower(key), value}, filepath.ToSlash(from) != filepath.ToSlash(path)})
	}
	return all, nil
}

// plainScheme is what may stand before "://", with the name of a remote helper.
var plainScheme = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([A-Za-z0-9+.-]+::)?[A-Za-z0-9+.-]+$`) })

// PlainAddress returns an address of a remote without the user, the password and what may stand behind the path.
func PlainAddress(url string) string {
	scheme, rest, found := strings.Cut(url, "://")
	found = found && plainScheme().MatchString(scheme)
	if !found && localURL(url) {
		return url
	}
	if !found { // USER@HOST:PATH, or nothing that git knows
		return url[strings.LastIndexByte(url, '@')+1:]
	}
	// A token that is not escaped may hold any mark of a url, so everything up to the last @ is taken for it.
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	return scheme + "://" + rest
}

// localPath returns the absolute path of a remote on this machine, or "" where it is not known; relative ones begin at the top of the clone.
func (r *Repository) localPath(address string, env func(string) string) string {
	if rest, found := strings.CutPrefix(address, "file://"); found {
		if path, err := url.PathUnescape(rest); err == nil {
			rest = path
		}
		if runtime.GOOS == "windows" && len(rest) > 2 && rest[0] == '/' && rest[2] == ':' { // /C:/...
			rest = rest[1:]
		}
		return filepath.FromSlash(rest)
	}
	if strings.HasPrefix(address, "~") {
		rest, own := strings.CutPrefix(address, "~/")
		if home := lookUp(env, "HOME"); own && filepath.IsAbs(home) {
			return filepath.Join(home, filepath.FromSlash(rest))
		}
		return ""
	}
	top := r.at.workTree
	if top == "" {
		top = r.at.gitDir
	}
	return under(top, filepath.FromSlash(address))
}

// lookUp is a variable of an environment that may be nil.
func lookUp(env func(string) string, name string) string {
	if env == nil {
		return ""
	}
	return env(name)
}
