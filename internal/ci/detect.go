package ci

import (
	"fmt"
	"strings"
)

// Reader reads the file of an event. It is to refuse what is larger than [MaxEvent].
type Reader func(path string) ([]byte, error)

// Detect says what a run has to search. The error wraps [ErrEvent] if the provider's words make no sense.
func Detect(env func(string) string, read func(path string) ([]byte, error)) (Plan, error) {
	switch {
	case env("GITHUB_ACTIONS") == "true":
		return detectGitHub(env, read)
	case env("GITLAB_CI") != "":
		return detectGitLab(env)
	case env("TF_BUILD") != "":
		return detectAzure(env)
	case env("BITBUCKET_BUILD_NUMBER") != "":
		return detectBitbucket(env)
	case env("CIRCLECI") != "":
		return detectCircle(env)
	case env("BUILDKITE") != "":
		return detectBuildkite(env)
	case env("JENKINS_URL") != "":
		return detectJenkins(env)
	case InCI(env):
		return history(Other, "", "this CI system is not known, so it cannot be told what the run is about: --base names the commit before the first one to search"), nil
	default:
		return Plan{
			Provider: None, Scan: Range, Head: Commit{Rev: "HEAD"}, Bases: []Commit{{Rev: "@{upstream}"}, {Ref: DefaultBranch}}, Whole: true,
			Why: "outside of CI it is what HEAD has and its upstream, or the default branch, has not",
		}, nil
	}
}

// InCI reports whether a CI system says that it runs this.
func InCI(env func(string) string) bool {
	for _, name := range []string{"CI", "GITHUB_ACTIONS", "TF_BUILD", "GITLAB_CI", "BITBUCKET_BUILD_NUMBER", "CIRCLECI", "BUILDKITE", "JENKINS_URL"} {
		if v := env(name); v != "" && v != "false" && v != "0" {
			return true
		}
	}
	return false
}

// Override is what the user says in place of the provider.
type Override struct {
	// Event is "auto", or "history", "push", "pull-request".
	Event string
	// Base and Head are revisions; empty means that they are as detected.
	Base, Head string
}

// Events are the values of [Override.Event].
func Events() []string { return []string{"auto", "history", "push", "pull-request"} }

// Choose is [Detect] with what the user says. Where that answers everything, what the provider says is not asked for.
func Choose(o Override, env func(string) string, read Reader) (Plan, error) {
	for _, rev := range []struct{ flag, value string }{{"--base", o.Base}, {"--head", o.Head}} {
		if err := revision(rev.flag, rev.value); err != nil {
			return Plan{}, err
		}
	}
	detected, err := Detect(env, read)
	switch {
	case o.Event == "history" && (o.Base != "" || o.Head != ""):
		return Plan{}, fmt.Errorf("a history has no --base and no --head")
	case o.Event == "history":
		return history(provider(env), "history", "--event history asks for it"), nil
	case o.Event == "push" || o.Event == "pull-request":
		if o.Base == "" {
			return Plan{}, fmt.Errorf("--event %s needs --base", o.Event)
		}
		detected = Plan{Provider: provider(env), Event: o.Event, Scan: Range, Change: o.Event == "pull-request", Head: Commit{Rev: "HEAD"}}
	case err != nil:
		return Plan{}, err
	}
	if o.Base != "" {
		detected.Scan, detected.Bases, detected.Whole, detected.Merge = Range, []Commit{named(o.Base)}, false, Commit{}
		detected.Why, detected.Branch = "--base names the base", ""
		if detected.Head.IsZero() {
			detected.Head = Commit{Rev: "HEAD"}
		}
	}
	if o.Head != "" {
		if detected.Scan != Range {
			return Plan{}, fmt.Errorf("--head needs --base for this event")
		}
		detected.Head, detected.Merge = named(o.Head), Commit{}
	}
	return detected, nil
}

// named is the commit that the user names: an id can be fetched, and so can a branch that the clone does not know.
func named(rev string) Commit {
	if id, _, err := commitID("", rev); err == nil {
		return Commit{ID: id}
	}
	c := Commit{Rev: rev}
	if ref, err := branchName("", strings.TrimPrefix(strings.TrimPrefix(rev, "refs/remotes/"), "origin/")); err == nil && rev != "HEAD" {
		c.Ref = ref
	}
	return c
}

// revision checks what the user takes for a revision. An empty one is what was not given.
func revision(flag, value string) error {
	if strings.HasPrefix(value, "-") || len(value) > 4096 || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%s is %.80q, which is no revision", flag, value)
	}
	if len(value) >= 40 && strings.Trim(value, "0") == "" {
		return fmt.Errorf("%s is the zero id, which stands for a branch that did not exist before", flag)
	}
	return nil
}

// provider is that of a plan, whatever else can be told.
func provider(env func(string) string) Provider {
	plan, err := Detect(env, func(string) ([]byte, error) { return []byte("{}"), nil })
	if err != nil {
		for name, p := range map[string]Provider{
			"GITHUB_ACTIONS": GitHub, "GITLAB_CI": GitLab, "TF_BUILD": Azure, "BITBUCKET_BUILD_NUMBER": Bitbucket, "CIRCLECI": CircleCI,
			"BUILDKITE": Buildkite, "JENKINS_URL": Jenkins,
		} {
			if env(name) != "" {
				return p
			}
		}
	}
	return plan.Provider
}

// push is what all providers share about a ref that was pushed.
type push struct {
	provider Provider
	event    string
	// ref is the full name; empty if it is not told.
	ref string
	// before is the id that the ref had; "" for one that is new, or if it is not told.
	before string
	// told says that before was told, if only as zeros.
	told bool
	head Commit
	// base is the default branch; DefaultBranch if its name is not told.
	base string
}

// plan chooses the bases. A branch that is new is compared with the default branch alone, not with the other branches that a
// clone knows: two that are pushed at once would each be taken for known because of the other.
func (p push) plan() Plan {
	out := Plan{Provider: p.provider, Event: word(p.event), Scan: Range, Head: p.head, Branch: p.ref, Whole: true}
	if p.before != "" {
		out.Bases = append(out.Bases, Commit{ID: p.before, Ref: p.ref})
	}
	own := p.ref != "" && p.ref == p.base
	// Where it is not told what was pushed, it may be the default branch itself, which is no base for what it brings.
	if !own && p.ref != "" {
		out.Bases = append(out.Bases, Commit{Ref: p.base})
	}
	kind := "branch"
	if strings.HasPrefix(p.ref, "refs/tags/") {
		kind = "tag"
	}
	switch {
	case p.before != "":
		out.Why = "the push brings what the " + kind + " has now and had not before"
	case p.told && own:
		out.Why = "this is the first push of the default branch"
	case p.told:
		out.Why = "the " + kind + " is new, so it is compared with the default branch"
	case own || p.ref == "":
		out.Why = p.provider.Title() + " does not say what was there before the push"
	default:
		out.Why = p.provider.Title() + " does not say what the " + kind + " was before the push, so it is compared with the default branch"
	}
	return out
}
