package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/ci"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
)

// ciCommits finds the commits of a plan in a clone, and fetches what is missing where that is allowed.
type ciCommits struct {
	app  *app
	plan ci.Plan
	repo *repo.Repository
	// deepen says that fetching is allowed; bound is for how long.
	deepen bool
	bound  time.Duration

	fetcher *repo.Fetcher
	spec    repo.RangeSpec
	// tag is the annotated tag that was pushed, if one was. base is the commit that the policy of a pull request comes from.
	tag, base pack.ID
	notes     []string
}

// errNotFetched says that something is missing in a shallow clone that could be had.
var errNotFetched = errors.New("it is not in this shallow clone, and fetching is not allowed")

func (c *ciCommits) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// settle finds everything. What cannot be found makes the run incomplete, with the line that has all of it cloned.
func (c *ciCommits) settle(ctx context.Context) error {
	err := c.settleRange(ctx)
	c.repo = c.current()
	var rev *repo.RevisionError
	var hint *hintError
	if errors.As(err, &hint) {
		return err
	}
	if errors.As(err, &rev) && !c.shallow() && c.named(rev.Rev) {
		return withHint(err, hintCICommit)
	}
	if err != nil {
		return &incompleteError{err}
	}
	return nil
}

// named reports whether the user named a revision.
func (c *ciCommits) named(rev string) bool {
	return rev == c.plan.Head.Rev || len(c.plan.Bases) == 1 && rev == c.plan.Bases[0].Rev
}

func (c *ciCommits) settleRange(ctx context.Context) error {
	head, err := c.find(ctx, c.plan.Head)
	if err != nil {
		return fmt.Errorf("find the last commit: %w", err)
	}
	c.spec = repo.RangeSpec{Tips: []pack.ID{head}}
	if err := c.settleTag(ctx); err != nil {
		return fmt.Errorf("find the tag: %w", err)
	}
	if err := c.settleBase(ctx, head); err != nil {
		return err
	}
	if len(c.spec.Bases) > 0 {
		c.base = c.spec.Bases[0]
	}
	if !c.short() {
		return nil
	}
	if !c.deepen {
		c.note(noteCIShallow)
		return nil
	}
	fetcher, err := c.remote(ctx)
	if err == nil {
		err = errors.Join(fetcher.Range(ctx, c.spec), fetcher.Contents(ctx, c.spec))
	}
	if err != nil { // the scan will say that it is incomplete, if it is
		c.note(noteCINotDeepened, err)
	}
	return nil
}

// settleTag finds the tag that was pushed where only the commit is told that it leads to. If it is annotated, its message belongs to
// what the push brings.
func (c *ciCommits) settleTag(ctx context.Context) error {
	ref := c.plan.Head.Ref
	if !strings.HasPrefix(ref, "refs/tags/") || c.plan.Provider == ci.GitHub { // which tells the tag's own id
		return nil
	}
	tag, err := c.current().RefNamed(ref)
	if err != nil {
		return err
	}
	if tag.ID.IsZero() {
		if err := c.allowed(ref); err != nil {
			return err
		}
		fetcher, err := c.remote(ctx)
		if err != nil {
			return err
		}
		if tag.ID, err = fetcher.Ref(ctx, ref); err != nil {
			return err
		}
	}
	c.keepTag(tag.ID, c.plan.Head)
	return nil
}

// settleBase finds the first base that can be had.
func (c *ciCommits) settleBase(ctx context.Context, head pack.ID) error {
	if base, ok := c.mergeBase(ctx, head); ok {
		c.spec.Bases = []pack.ID{base}
		return nil
	}
	var errs []error
	for _, choice := range c.plan.Bases {
		id, err := c.find(ctx, choice)
		switch {
		case err == nil:
			if len(errs) > 0 {
				c.note(noteCIBaseInstead, choice, errors.Join(errs...))
			}
			c.spec.Bases = []pack.ID{id}
			return nil
		case errors.Is(err, errNotFetched) || ctx.Err() != nil:
			return fmt.Errorf("find the base: %w", err)
		case errors.Is(err, errOwnBranch):
		default:
			errs = append(errs, err)
		}
	}
	if !c.plan.Whole {
		return fmt.Errorf("find the base: %w", errors.Join(errs...))
	}
	if len(errs) > 0 {
		c.note(noteCINoBase, errors.Join(errs...))
	} else {
		c.note(noteCIWhole)
	}
	return nil
}

// mergeBase returns the base's side of the merge that the provider made, if it is one of this head.
func (c *ciCommits) mergeBase(ctx context.Context, head pack.ID) (pack.ID, bool) {
	id, err := pack.ParseID(c.plan.Merge.ID)
	if err != nil {
		return pack.ID{}, false
	}
	merge, err := c.current().Commit(id)
	if err != nil || len(merge.Parents) != 2 || merge.Parents[1] != head {
		return pack.ID{}, false
	}
	base, err := c.find(ctx, ci.Commit{ID: merge.Parents[0].String()})
	return base, err == nil
}

// current is the repository as it is now.
func (c *ciCommits) current() *repo.Repository {
	if c.fetcher != nil {
		return c.fetcher.Repository()
	}
	return c.repo
}

func (c *ciCommits) shallow() bool { return c.limited(repo.Shallow) }

// short reports whether the clone lacks what could be fetched: history, or contents of files.
func (c *ciCommits) short() bool { return c.limited(repo.Shallow, repo.Partial) }

func (c *ciCommits) limited(kinds ...repo.LimitKind) bool {
	return slices.ContainsFunc(c.current().Limits(), func(l repo.Limit) bool { return slices.Contains(kinds, l.Kind) })
}

// remote returns what fetches.
func (c *ciCommits) remote(ctx context.Context) (*repo.Fetcher, error) {
	if c.fetcher != nil {
		return c.fetcher, nil
	}
	f, err := repo.NewFetcher(ctx, c.repo, repo.FetchOptions{
		Env: c.app.env, Timeout: c.bound, Tell: func(step string) { c.app.say(msgCIFetch, c.app.scrub(lines(step))) },
	})
	if err != nil {
		return nil, err
	}
	c.fetcher = f
	return f, nil
}

// find returns a commit, fetched if it has to be.
func (c *ciCommits) find(ctx context.Context, want ci.Commit) (pack.ID, error) {
	if want.ID != "" {
		return c.findID(ctx, want)
	}
	var err error
	if want.Rev != "" {
		var id pack.ID
		if err = c.unambiguous(want.Rev); err != nil {
			return id, err
		}
		if id, err = c.current().Resolve(want.Rev); err == nil {
			tag, err := c.current().RefNamed("refs/tags/" + strings.TrimPrefix(want.Rev, "refs/tags/"))
			if err == nil && !tag.ID.IsZero() {
				c.keepTag(tag.ID, want)
			}
			return id, nil
		}
		if want.Ref == "" {
			return id, err
		}
	}
	if want.Ref == ci.DefaultBranch {
		return c.findDefault(ctx)
	}
	id, refErr := c.findRef(ctx, want.Ref)
	if refErr != nil {
		return id, errors.Join(err, refErr)
	}
	return id, nil
}

// unambiguous refuses a revision by which more than one thing is called, of which git would take the tag: whoever can push a tag would
// choose the base.
func (c *ciCommits) unambiguous(rev string) error {
	if rev == "HEAD" || strings.ContainsAny(rev, "@^~:") {
		return nil
	}
	var found []string
	ids := map[pack.ID]bool{}
	for _, kind := range []string{"refs/tags/", "refs/heads/", "refs/remotes/"} {
		if ref, err := c.current().RefNamed(kind + rev); err == nil && !ref.ID.IsZero() {
			found = append(found, kind+rev)
			ids[ref.ID] = true
		}
	}
	if id, err := c.current().Resolve(rev); err == nil && len(rev) >= 7 && strings.Trim(rev, "0123456789abcdef") == "" {
		if !strings.HasPrefix(id.String(), rev) && !ids[id] || len(found) > 0 {
			found, ids[id], ids[pack.ID{}] = append(found, "a commit"), true, true
		}
	}
	if len(ids) < 2 {
		return nil
	}
	return withHint(fmt.Errorf("%q may be each of %s", rev, strings.Join(found, ", ")), hintCIAmbiguous)
}

func (c *ciCommits) findID(ctx context.Context, want ci.Commit) (pack.ID, error) {
	id, err := pack.ParseID(want.ID)
	if err != nil { // an abbreviation, which a ref of that name must not answer to
		got, err := c.current().Resolve(want.ID)
		if err == nil && strings.HasPrefix(got.String(), want.ID) {
			return got, nil
		}
		if want.Ref == "" {
			return pack.ID{}, fmt.Errorf("no commit here begins with %s", want.ID)
		}
		return c.findRef(ctx, want.Ref)
	}
	if len(want.ID) != 2*c.repo.Format().Size() {
		return pack.ID{}, fmt.Errorf("%s is no id of a repository with this format", want.ID)
	}
	if !c.has(id) {
		if err := c.allowed(id.String()); err != nil {
			return pack.ID{}, err
		}
		fetcher, err := c.remote(ctx)
		if err != nil {
			return pack.ID{}, err
		}
		if err := fetcher.Commit(ctx, id, want.Ref); err != nil {
			return pack.ID{}, err
		}
	}
	c.keepTag(id, want)
	return c.current().Resolve(want.ID)
}

// keepTag remembers the annotated tag that was pushed.
func (c *ciCommits) keepTag(id pack.ID, want ci.Commit) {
	store, err := c.current().Objects()
	if err != nil || want != c.plan.Head {
		return
	}
	if kind, _, err := store.Stat(id); err == nil && kind == pack.Tag {
		c.tag = id
	}
}

func (c *ciCommits) has(id pack.ID) bool {
	store, err := c.current().Objects()
	return err == nil && store.Has(id)
}

// allowed says why something is not fetched.
func (c *ciCommits) allowed(what string) error {
	switch {
	case c.deepen:
		return nil
	case c.shallow():
		return fmt.Errorf("%s: %w", what, errNotFetched)
	default:
		return fmt.Errorf("%s is not in this clone", what)
	}
}

// findRef returns what a ref of the remote names: as the clone knows it, or else as it is now.
func (c *ciCommits) findRef(ctx context.Context, ref string) (pack.ID, error) {
	local := ref
	if branch, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
		local = "refs/remotes/origin/" + branch
	}
	if known, err := c.current().RefNamed(local); err == nil && !known.ID.IsZero() {
		if id, err := c.current().Resolve(known.ID.String()); err == nil {
			c.keepTag(known.ID, ci.Commit{Ref: ref})
			return id, nil
		}
	}
	if err := c.allowed(strings.TrimPrefix(ref, "refs/heads/")); err != nil {
		return pack.ID{}, err
	}
	fetcher, err := c.remote(ctx)
	if err != nil {
		return pack.ID{}, err
	}
	id, err := fetcher.Ref(ctx, ref)
	if err != nil {
		return pack.ID{}, err
	}
	c.keepTag(id, ci.Commit{Ref: ref})
	return c.current().Resolve(id.String())
}

// errOwnBranch says that a base would be the branch itself that is searched.
var errOwnBranch = errors.New("it is the branch itself")

// findDefault returns the remote's default branch, unless that is what was pushed.
func (c *ciCommits) findDefault(ctx context.Context) (pack.ID, error) {
	name := ""
	if known, err := c.current().RefNamed("refs/remotes/origin/HEAD"); err == nil && strings.HasPrefix(known.Symbolic, "refs/remotes/origin/") {
		name = "refs/heads/" + strings.TrimPrefix(known.Symbolic, "refs/remotes/origin/")
	}
	if name == "" {
		if err := c.allowed("the default branch"); err != nil {
			return pack.ID{}, err
		}
		fetcher, err := c.remote(ctx)
		if err != nil {
			return pack.ID{}, err
		}
		if name, err = fetcher.DefaultBranch(ctx); err != nil {
			return pack.ID{}, err
		}
	}
	if name == c.plan.Branch {
		return pack.ID{}, errOwnBranch
	}
	return c.findRef(ctx, name)
}
