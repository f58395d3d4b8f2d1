// Package ci works out what a run in continuous integration has to search: from the variables that a system sets and, on
// GitHub, the event's file. It looks at nothing else: neither at the repository nor at the network. What it is told by others is
// checked here, so that no id that is none and no name that git would take for an option leaves this package.
package ci

import (
	"errors"
	"fmt"
	"strings"
)

// Provider is a system that runs jobs.
type Provider string

// The providers. Other is a system that says no more than CI=true; None is no system at all.
const (
	GitHub    Provider = "github"
	GitLab    Provider = "gitlab"
	Bitbucket Provider = "bitbucket"
	Azure     Provider = "azure"
	CircleCI  Provider = "circleci"
	Jenkins   Provider = "jenkins"
	Buildkite Provider = "buildkite"
	Other     Provider = "other"
	None      Provider = "none"
)

// Title is the provider's name for people.
func (p Provider) Title() string {
	titles := map[Provider]string{
		GitHub: "GitHub Actions", GitLab: "GitLab CI", Bitbucket: "Bitbucket Pipelines", Azure: "Azure Pipelines", CircleCI: "CircleCI",
		Jenkins: "Jenkins", Buildkite: "Buildkite", Other: "an unknown CI system", None: "no CI system",
	}
	return titles[p]
}

// FullClone is what to write where, so that the provider clones the whole history.
func (p Provider) FullClone() string {
	lines := map[Provider]string{
		GitHub:    "in the workflow, below \"uses: actions/checkout\": with: {fetch-depth: 0}",
		GitLab:    "in the job of .gitlab-ci.yml: variables: {GIT_DEPTH: \"0\"}",
		Bitbucket: "in bitbucket-pipelines.yml: clone: {depth: full}",
		Azure:     "among the steps of azure-pipelines.yml: - checkout: self, with fetchDepth: 0",
		CircleCI:  "in the job of .circleci/config.yml: - checkout: {method: full}",
		Jenkins:   "in the job's clone options: no shallow clone, and fetch all branches",
		Buildkite: "in the step: env: {BUILDKITE_GIT_CLONE_FLAGS: \"-v\", BUILDKITE_GIT_FETCH_FLAGS: \"-v\"}",
	}
	if line, ok := lines[p]; ok {
		return line
	}
	return "clone without --depth, or run `git fetch --unshallow` before"
}

// Scan is what is searched.
type Scan uint8

// The kinds of scan.
const (
	// Range is the commits that the head has and the base has not.
	Range Scan = iota + 1
	// History is everything that the clone has.
	History
	// Nothing is what an event brings that only takes something away.
	Nothing
)

// Commit names a commit. At least one field is set; where several are, they are ways to the same end: the id, the revision, the ref.
type Commit struct {
	// ID is an object id of 40 or 64 hex digits in lower case; Bitbucket shortens it, to no less than 7. It may be that of an
	// annotated tag.
	ID string
	// Ref is where the remote has it: the full name of a ref, or "HEAD" for the default branch, whatever its name is.
	Ref string
	// Rev is a revision of this clone: the user's own words, or "HEAD" or "@{upstream}". It is no option, one line, and not longer
	// than 4 kB; nothing else is known of it.
	Rev string
}

// DefaultBranch is the [Commit.Ref] of the remote's default branch.
const DefaultBranch = "HEAD"

// String names the commit for people, in words that may be anybody's.
func (c Commit) String() string {
	switch {
	case c.ID != "":
		return c.ID[:min(len(c.ID), 12)]
	case c.Ref == DefaultBranch:
		return "the default branch"
	case c.Ref != "":
		return strings.TrimPrefix(c.Ref, "refs/heads/")
	default:
		return c.Rev
	}
}

// IsZero reports whether it names nothing.
func (c Commit) IsZero() bool { return c == Commit{} }

// Plan is what a run has to do.
type Plan struct {
	Provider Provider
	// Event is the provider's own word for what happened, safe to show; may be empty.
	Event string
	Scan  Scan
	// Why is a sentence on how it was told what to search.
	Why string
	// Warning is a sentence on a danger of this event; empty for most.
	Warning string

	// What follows is for a Range.

	// Head is the last commit.
	Head Commit
	// Bases are choices, best first: the first that can be had counts.
	Bases []Commit
	// Whole says that without any base the whole history of the head is searched. Otherwise the run is incomplete.
	Whole bool
	// Branch is the full name of the ref that was pushed, if any. A base that is that branch itself is none.
	Branch string
	// Change says that the commits are the change of somebody who must not be trusted to say what is reported: a pull request, from a
	// fork or not. Configuration, rules, ignore file and baseline are then read from the base.
	Change bool
	// Merge is a merge that the provider made of the head and the base. If it is known and its second parent is the head, its
	// first parent is a base that is newer than the others.
	Merge Commit
}

// ErrEvent is wrapped by every error about what the provider said.
var ErrEvent = errors.New("what the CI system says of this run makes no sense")

// invalid is an error about a variable or a key of the event. The value is quoted, and cut, since it may be anybody's.
func invalid(name, value, what string) error {
	if len(value) > 80 {
		value = value[:80] + "..."
	}
	return fmt.Errorf("%w: %s is %q, which is no %s", ErrEvent, name, value, what)
}

// commitID checks an id. zero says that it stands for no commit at all.
func commitID(name, value string) (id string, zero bool, err error) {
	if (len(value) != 40 && len(value) != 64) || strings.Trim(value, "0123456789abcdef") != "" {
		return "", false, invalid(name, value, "commit id")
	}
	if strings.Trim(value, "0") == "" {
		return "", true, nil
	}
	return value, false, nil
}

// someID is commitID where a commit must be named.
func someID(name, value string) (string, error) {
	id, zero, err := commitID(name, value)
	if err == nil && zero {
		err = invalid(name, value, "commit")
	}
	return id, err
}

// maxRefName bounds names of refs, in bytes.
const maxRefName = 1024

// refName checks the full name of a ref by git's rules.
func refName(name, value string) (string, error) {
	bad := !strings.HasPrefix(value, "refs/") || len(value) > maxRefName || strings.Contains(value, "..") || strings.Contains(value, "@{") ||
		strings.HasSuffix(value, ".") || strings.ContainsAny(value, " ~^:?*[\\") ||
		strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f })
	for part := range strings.SplitSeq(value, "/") {
		bad = bad || part == "" || part[0] == '.' || part[0] == '-' || strings.HasSuffix(part, ".lock")
	}
	if bad {
		return "", invalid(name, value, "name of a ref")
	}
	return value, nil
}

// branchName checks the short name of a branch, and returns its full one.
func branchName(name, value string) (string, error) {
	ref, err := refName(name, "refs/heads/"+strings.TrimPrefix(value, "refs/heads/"))
	if err != nil {
		return "", invalid(name, value, "name of a branch")
	}
	return ref, nil
}

// number checks the number of a pull request.
func number(name, value string) (string, error) {
	if value == "" || len(value) > 18 || strings.Trim(value, "0123456789") != "" {
		return "", invalid(name, value, "number")
	}
	return value, nil
}

// word makes a name of an event safe to show: anybody can start a run with one of their own.
func word(value string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		default:
			return '?'
		}
	}, value[:min(len(value), 64)])
	return clean
}

// history is a plan for an event that brings no range.
func history(p Provider, event, why string) Plan {
	return Plan{Provider: p, Event: word(event), Scan: History, Why: why, Head: Commit{Rev: "HEAD"}}
}
