package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"

	"github.com/skant-dev/skant/internal/pack"
)

// PushTip is what a pushed object leads to.
type PushTip struct {
	// Tags are the tag objects on the way, the outermost first; empty for all but annotated tags.
	Tags []pack.ID
	// ID is what the last of them names, and Type what that is: a commit, a tree or a blob.
	ID   pack.ID
	Type pack.Type
}

// PushTip follows annotated tags to what they finally name. The error wraps [pack.ErrNotFound] if something on the way is not
// here, and [ErrMalformed] if it is damaged or if tags are nested deeper than git's own tools ever make them.
func (r *Repository) PushTip(id pack.ID) (PushTip, error) {
	var tip PushTip
	store, err := r.objects()
	if err != nil {
		return tip, err
	}
	for range maxPeel {
		kind, _, err := store.Stat(id)
		if err != nil {
			return tip, fmt.Errorf("read %s: %w", id, err)
		}
		if kind != pack.Tag {
			tip.ID, tip.Type = id, kind
			return tip, nil
		}
		tag, err := r.tag(id)
		if err != nil {
			return tip, fmt.Errorf("read tag %s: %w", id, err)
		}
		tip.Tags = append(tip.Tags, id)
		id = tag.Object
	}
	return tip, fmt.Errorf("read tag %s: more than %d tags of tags: %w", id, maxPeel, ErrMalformed)
}

// TagObject returns the bytes of an annotated tag, for [ParseTag].
func (r *Repository) TagObject(id pack.ID) ([]byte, error) { return r.object(id, pack.Tag) }

// TreeFiles returns every file of a tree as a change that adds it.
func (r *Repository) TreeFiles(ctx context.Context, tree pack.ID) (*ChangeSet, error) {
	set := r.newChangeSet(0)
	d := differ{ctx: ctx, set: set, recent: &treeCache{}, total: &atomic.Int64{}}
	if err := set.finish(ctx, d.tree("", tree, nil, 0)); err != nil {
		return nil, err
	}
	return set, nil
}

// PushRemote is the other side of a push, as git tells a hook.
type PushRemote struct {
	// Name is the remote's name, or its address if it has none. Address is where the push goes; empty if that is not known.
	Name, Address string
	// Absent are the names of refs that are pushed to and that are not there yet.
	Absent []string
}

// RemoteRefs returns which refs of this repository tell what a remote has: those that fetching from it writes and fetching
// from no other remote does, below refs/remotes. Without a remote of that name (git push URL) there are none. git is asked,
// because a remote may be configured for the user, or in an included file.
//
// doubted says that these refs are not believed, so that there are none either: because the push goes elsewhere than where
// they were fetched from, or because one of them stands for a ref that is not there. Both happen where a remote got another
// address, and then its refs tell what the one before had.
func (r *Repository) RemoteRefs(ctx context.Context, remote PushRemote) (known func(ref string) bool, doubted bool, err error) {
	out, err := r.askGit(ctx, "config", "-z", "--get-regexp", `^remote\..*\.fetch$`)
	if err != nil {
		return nil, false, fmt.Errorf("ask git for the remotes: %w", err)
	}
	var own, others []string
	for _, entry := range strings.Split(string(out), "\x00") {
		key, value, _ := strings.Cut(entry, "\n")
		name := strings.TrimSuffix(strings.TrimPrefix(key, "remote."), ".fetch")
		from, to, mapped := strings.Cut(strings.TrimPrefix(value, "+"), ":")
		switch {
		case !mapped || strings.HasPrefix(value, "^"):
		case name != remote.Name:
			others = append(others, to)
		case strings.HasPrefix(to, "refs/remotes/"): // what a mirror fetches are the user's own branches, too
			own = append(own, to)
			doubted = doubted || r.tracksAny(from, to, remote.Absent)
		}
	}
	if len(own) > 0 && remote.Address != "" && !doubted {
		fetched, err := r.askGit(ctx, "ls-remote", "--get-url", "--", remote.Name) // this connects to nothing
		if err != nil {
			return nil, false, fmt.Errorf("ask git for the address of the remote: %w", err)
		}
		doubted = place(strings.TrimRight(string(fetched), "\r\n")) != place(remote.Address)
	}
	return func(ref string) bool { return !doubted && matchesAny(own, ref) && !matchesAny(others, ref) }, doubted, nil
}

// tracksAny reports whether a refspec, from one side to the other, has a ref here that stands for one of refs.
func (r *Repository) tracksAny(from, to string, refs []string) bool {
	before, after, star := strings.Cut(from, "*")
	for _, ref := range refs {
		tracking := to
		if star && matchesAny([]string{from}, ref) {
			tracking = strings.Replace(to, "*", ref[len(before):len(ref)-len(after)], 1)
		} else if ref != from {
			continue
		}
		if _, err := r.Resolve(tracking); err == nil {
			return true
		}
	}
	return false
}

// place is what an address leads to, whichever way it goes: people fetch over https and push over ssh.
func place(address string) string {
	_, rest, scheme := strings.Cut(address, "://")
	if !scheme {
		rest = address
		// HOST:PATH, but not a path with a colon in it.
		if host, path, ok := strings.Cut(address, ":"); ok && !strings.Contains(host, "/") {
			rest = host + "/" + strings.TrimLeft(path, "/")
		}
	}
	host, path, _ := strings.Cut(rest, "/")
	host = strings.ToLower(host[strings.LastIndexByte(host, '@')+1:])
	return host + "/" + strings.TrimSuffix(strings.TrimRight(path, "/"), ".git")
}

// matchesAny reports whether a ref is what one of the right sides of refspecs stands for.
func matchesAny(patterns []string, ref string) bool {
	for _, p := range patterns {
		before, after, star := strings.Cut(p, "*")
		if p == ref || star && len(ref) >= len(p)-1 && strings.HasPrefix(ref, before) && strings.HasSuffix(ref, after) {
			return true
		}
	}
	return false
}

// askGit runs git on this repository for configuration as git itself sees it: the user's and the system's count. A status of
// 1, with which git says that nothing is configured, is no error.
func (r *Repository) askGit(ctx context.Context, args ...string) ([]byte, error) {
	program := r.opt.Git
	if program == "" {
		program = "git"
	}
	return runPlainGit(ctx, program, append([]string{"--git-dir=" + r.at.gitDir}, args...)...)
}

// runPlainGit runs git with the environment of this program and returns what it prints.
func runPlainGit(ctx context.Context, program string, args ...string) ([]byte, error) {
	out, errOut := &boundedBuffer{limit: maxSmallFile}, &boundedBuffer{limit: 4096, drop: true}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = out, errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 && len(bytes.TrimSpace(errOut.buf.Bytes())) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, clip(firstLine(errOut.buf.String())))
	}
	return out.buf.Bytes(), nil
}

// firstLine returns the first line of a program's message.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
