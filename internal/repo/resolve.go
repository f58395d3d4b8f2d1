package repo

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/skant-dev/skant/internal/pack"
)

// RevisionError says that a revision names no commit of this clone. Its text names the remedy.
type RevisionError struct {
	Rev    string
	Reason string
	Remedy string
	Err    error
}

func (e *RevisionError) Error() string {
	text := fmt.Sprintf("revision %q: %s", e.Rev, e.Reason)
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}

// Unwrap returns what reading it failed with; may be nil.
func (e *RevisionError) Unwrap() error { return e.Err }

// maxRevision bounds a revision, in bytes.
const maxRevision = 4096

// Resolve returns the commit that a revision names, as `git rev-parse --verify REV^{commit}` does: ids and
// abbreviations of them, refs by their short names, `git describe` output, "@", REF@{N} and @{-N} from the reflog,
// REF@{upstream}, followed by any of ^, ^N, ~, ~N, ^{}, ^{commit}, ^{/text}. The error is a [*RevisionError].
func (r *Repository) Resolve(rev string) (pack.ID, error) {
	if rev == "" || len(rev) > maxRevision || rev[0] == '-' || strings.ContainsAny(rev, "\x00\n") {
		return pack.ID{}, &RevisionError{
			Rev: clip(rev), Reason: "not a revision", Remedy: "name a branch, a tag or a commit id",
		}
	}
	base, steps, err := splitRevision(rev)
	if err != nil {
		return pack.ID{}, &RevisionError{Rev: rev, Reason: err.Error(), Remedy: "write the commit's id instead"}
	}
	id, err := r.resolveBase(base)
	if err != nil {
		return pack.ID{}, r.revisionError(rev, base, err)
	}
	for _, step := range steps {
		if id, err = r.takeStep(id, step); err != nil {
			return pack.ID{}, r.revisionError(rev, base, err)
		}
	}
	if id, err = r.peelToCommit(id); err != nil {
		return pack.ID{}, r.revisionError(rev, base, err)
	}
	return id, nil
}

// ErrUnknownRevision says that nothing here has that name. Of HEAD it says that there is no commit on it yet.
var ErrUnknownRevision = errors.New("no branch, tag or commit of that name is in this clone")

func (r *Repository) revisionError(rev, base string, err error) error {
	out := &RevisionError{Rev: rev, Reason: err.Error(), Err: err}
	cut, _ := r.shallow()
	missing := errors.Is(err, ErrUnknownRevision) || errors.Is(err, pack.ErrNotFound)
	switch {
	case missing && len(cut) > 0:
		out.Remedy = "this clone is shallow: fetch the rest with `git fetch --unshallow` " +
			"(in GitHub Actions: actions/checkout with fetch-depth: 0)"
	case missing:
		out.Remedy = fmt.Sprintf("if it exists elsewhere, fetch it with `git fetch origin %s` "+
			"(in GitHub Actions: actions/checkout with fetch-depth: 0)", strings.TrimPrefix(base, "origin/"))
	}
	if errors.Is(err, pack.ErrNotFound) {
		out.Reason = "its commit is not in this clone"
	}
	return out
}

// step is one suffix of a revision.
type step struct {
	// parent is which parent to go to; 0 means none of them.
	parent int
	// message, if not nil, asks for the newest commit whose message matches, or with negate does not.
	message *regexp.Regexp
	negate  bool
}

// maxSteps bounds ~N.
const maxSteps = 10_000_000

// splitRevision takes the suffixes off. What is in braces belongs to the name: "main@{1}".
func splitRevision(rev string) (base string, steps []step, err error) {
	end := len(rev)
	for i := 0; i < len(rev); i++ {
		if rev[i] == '{' {
			if j := strings.IndexByte(rev[i:], '}'); j > 0 {
				i += j
			}
			continue
		}
		if rev[i] == '^' || rev[i] == '~' {
			end = i
			break
		}
	}
	if strings.ContainsRune(rev[:end], ':') && !strings.Contains(rev[:end], "@{") {
		return "", nil, errors.New("names a file or searches messages, not a commit")
	}
	base, rest := rev[:end], rev[end:]
	for rest != "" {
		var more []step
		if more, rest, err = cutStep(rest); err != nil {
			return "", nil, err
		}
		if len(steps)+len(more) > maxSteps {
			return "", nil, errors.New("goes back too far")
		}
		steps = append(steps, more...)
	}
	return base, steps, nil
}

// cutStep takes one suffix off the start of s.
func cutStep(s string) (steps []step, rest string, err error) {
	if strings.HasPrefix(s, "^{") {
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return nil, "", errors.New("a brace is not closed")
		}
		inner := s[2:end]
		switch {
		case inner == "" || inner == "commit":
			return nil, s[end+1:], nil
		case strings.HasPrefix(inner, "/"):
			st, err := messageStep(inner[1:])
			return []step{st}, s[end+1:], err
		default:
			return nil, "", fmt.Errorf("^{%s} names no commit", inner)
		}
	}
	digits := 1
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	n := 1
	if digits > 1 {
		if n, err = strconv.Atoi(s[1:digits]); err != nil || n > maxSteps {
			return nil, "", errors.New("goes back too far")
		}
	}
	switch s[0] {
	case '^':
		if n == 0 {
			return nil, s[digits:], nil
		}
		return []step{{parent: n}}, s[digits:], nil
	case '~':
		steps = make([]step, n)
		for i := range steps {
			steps[i].parent = 1
		}
		return steps, s[digits:], nil
	}
	return nil, "", fmt.Errorf("cannot make sense of %q", s)
}

// messageStep reads the text of ^{/text}: "!-" negates, "!!" stands for a "!".
func messageStep(text string) (step, error) {
	st := step{}
	if after, ok := strings.CutPrefix(text, "!-"); ok {
		st.negate, text = true, after
	} else if after, ok := strings.CutPrefix(text, "!!"); ok {
		text = "!" + after
	} else if strings.HasPrefix(text, "!") {
		return st, errors.New("only !- and !! may follow the slash")
	}
	var err error
	if st.message, err = regexp.Compile(text); err != nil {
		return st, fmt.Errorf("search messages: %w", err)
	}
	return st, nil
}

func (r *Repository) takeStep(id pack.ID, st step) (pack.ID, error) {
	id, err := r.peelToCommit(id)
	if err != nil {
		return pack.ID{}, err
	}
	if st.message != nil {
		return r.findMessage(id, st)
	}
	c, err := r.Commit(id)
	if err != nil {
		return pack.ID{}, err
	}
	if st.parent > len(c.Parents) {
		return pack.ID{}, fmt.Errorf("commit %s has %d parents", id, len(c.Parents))
	}
	return c.Parents[st.parent-1], nil
}

// findMessage looks through history from id, newest first.
func (r *Repository) findMessage(id pack.ID, st step) (pack.ID, error) {
	w := newRangeWalk(r)
	found := pack.ID{}
	err := w.newestFirst(context.Background(), id, func(c *Commit) bool {
		if st.message.Match(c.Message) != st.negate {
			found = c.ID
		}
		return found.IsZero()
	})
	if err == nil && found.IsZero() {
		err = errors.New("no commit message matches")
	}
	return found, err
}

// peelToCommit follows annotated tags.
func (r *Repository) peelToCommit(id pack.ID) (pack.ID, error) {
	store, err := r.objects()
	if err != nil {
		return pack.ID{}, err
	}
	kind, _, err := store.Stat(id)
	if err != nil {
		return pack.ID{}, fmt.Errorf("read %s: %w", id, err)
	}
	if kind == pack.Tag {
		end := r.peel(id)
		if end.IsZero() {
			return pack.ID{}, fmt.Errorf("tag %s leads to nothing that can be read", id)
		}
		if kind, _, err = store.Stat(end); err != nil {
			return pack.ID{}, fmt.Errorf("read %s: %w", end, err)
		}
		id = end
	}
	if kind != pack.Commit {
		return pack.ID{}, fmt.Errorf("%s is a %s, not a commit", id, kind)
	}
	return id, nil
}

// resolveBase finds what a revision without suffixes names.
func (r *Repository) resolveBase(name string) (pack.ID, error) {
	if name == "" || name == "@" {
		name = "HEAD"
	}
	if id, err := pack.ParseID(strings.ToLower(name)); err == nil && len(name) == 2*r.settings.format.Size() {
		return id, nil
	}
	if i := strings.Index(name, "@{"); i >= 0 && strings.HasSuffix(name, "}") {
		return r.resolveAt(name[:i], name[i+2:len(name)-1])
	}
	ref, err := r.findRef(name)
	if err != nil {
		return pack.ID{}, err
	}
	if !ref.ID.IsZero() {
		return ref.ID, nil
	}
	if i := strings.LastIndex(name, "-g"); i > 0 && isHex(name[i+2:]) {
		if id, err := r.resolvePrefix(name[i+2:]); err == nil {
			return id, nil
		}
	}
	if isHex(name) {
		return r.resolvePrefix(name)
	}
	return pack.ID{}, ErrUnknownRevision
}

// findRef tries the places where a short name may be, in git's order. The id is zero if none has it.
func (r *Repository) findRef(name string) (Ref, error) {
	for _, rule := range plumbing.RefRevParseRules {
		full := fmt.Sprintf(rule, name)
		if !strings.HasPrefix(full, "refs/") {
			if !isPseudo(full) && full != "HEAD" && full != "FETCH_HEAD" && full != "AUTO_MERGE" {
				continue
			}
		} else if !validRefName(full) {
			continue
		}
		ref, err := r.readRef(full)
		if err != nil {
			return Ref{}, err
		}
		if ref.Problem != "" {
			return Ref{}, fmt.Errorf("ref %s %s", full, ref.Problem)
		}
		if !ref.ID.IsZero() {
			return ref, nil
		}
	}
	return Ref{}, nil
}

// isHex reports whether s could be an abbreviated id.
func isHex(s string) bool {
	return len(s) >= 4 && len(s) <= 64 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
