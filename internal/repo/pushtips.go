package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
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

// RemoteRefs returns which refs of this repository tell what a remote has: those that fetching from it writes and fetching
// from no other remote does, below refs/remotes. Without a remote of that name (git push URL) there are none. git is asked,
// because a remote may be configured for the user, or in an included file.
func (r *Repository) RemoteRefs(ctx context.Context, remote string) (func(ref string) bool, error) {
	out, err := r.askGit(ctx, "config", "-z", "--get-regexp", `^remote\..*\.fetch$`)
	if err != nil {
		return nil, fmt.Errorf("ask git for the remotes: %w", err)
	}
	var own, others []string
	for _, entry := range strings.Split(string(out), "\x00") {
		key, value, _ := strings.Cut(entry, "\n")
		name := strings.TrimSuffix(strings.TrimPrefix(key, "remote."), ".fetch")
		_, to, mapped := strings.Cut(value, ":")
		switch {
		case !mapped || strings.HasPrefix(value, "^"):
		case name == remote:
			own = append(own, to)
		default:
			others = append(others, to)
		}
	}
	// Only refs/remotes is never written by hand: what a mirror fetches are the user's own branches, too.
	own = slices.DeleteFunc(own, func(to string) bool { return !strings.HasPrefix(to, "refs/remotes/") })
	return func(ref string) bool { return matchesAny(own, ref) && !matchesAny(others, ref) }, nil
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
