package ci

import "strings"

// variables collects what is wrong with variables while a plan is made; the first complaint counts.
type variables struct {
	env func(string) string
	err error
}

func (v *variables) keep(value string, err error) string {
	if v.err == nil {
		v.err = err
	}
	return value
}

// id is the commit id in a variable; "" if it is not set or zero.
func (v *variables) id(name string) string {
	value := v.env(name)
	if value == "" {
		return ""
	}
	id, _, err := commitID(name, value)
	return v.keep(id, err)
}

// branch is the full name of the branch in a variable; "" if it is not set.
func (v *variables) branch(name string) string {
	value := v.env(name)
	if value == "" {
		return ""
	}
	return v.keep(branchName(name, value))
}

// ref is the full name of the ref that a branch's or tag's variable names.
func (v *variables) ref(branch, tag string) string {
	if value := v.env(tag); value != "" {
		return v.keep(refName(tag, "refs/tags/"+value))
	}
	return v.branch(branch)
}

func (v *variables) number(name string) string { return v.keep(number(name, v.env(name))) }

// head is the commit in a variable, or HEAD if it is not set.
func (v *variables) head(name string) Commit {
	if id := v.id(name); id != "" {
		return Commit{ID: id}
	}
	return Commit{Rev: "HEAD"}
}

// or is the first name that is not empty.
func or(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}

// change is the plan for a pull request. Without a base that is known, nothing is searched.
func (v *variables) change(p Provider, event string, head Commit, bases ...Commit) (Plan, error) {
	out := Plan{Provider: p, Event: word(event), Scan: Range, Head: head, Change: true}
	for _, b := range bases {
		if !b.IsZero() {
			out.Bases = append(out.Bases, b)
		}
	}
	if v.err == nil && len(out.Bases) == 0 {
		v.err = invalid("the branch that the change is for", "", "branch")
	}
	if v.err != nil {
		return Plan{}, v.err
	}
	out.Why = "the change brings what its branch has and " + Commit{Ref: or(out.Bases[0].Ref, out.Bases[0].ID)}.String() + " has not"
	return out, nil
}

func (v *variables) push(p push) (Plan, error) {
	if v.err != nil {
		return Plan{}, v.err
	}
	return p.plan(), nil
}

func detectGitLab(env func(string) string) (Plan, error) {
	v := &variables{env: env}
	source := env("CI_PIPELINE_SOURCE")
	head := v.head("CI_COMMIT_SHA")
	before := v.id("CI_COMMIT_BEFORE_SHA")
	switch {
	case source == "merge_request_event" || env("CI_MERGE_REQUEST_IID") != "":
		target := v.branch("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
		if id := v.id("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"); id != "" { // CI_COMMIT_SHA is a merge with the target then
			head = Commit{ID: id}
		}
		head.Ref = "refs/merge-requests/" + v.number("CI_MERGE_REQUEST_IID") + "/head"
		var base Commit
		if id := or(v.id("CI_MERGE_REQUEST_DIFF_BASE_SHA"), v.id("CI_MERGE_REQUEST_TARGET_BRANCH_SHA")); id != "" {
			base = Commit{ID: id, Ref: target}
		} else if target != "" {
			base = Commit{Ref: target}
		}
		plan, err := v.change(GitLab, "merge_request_event", head, base)
		// In a merge train the target's side of the merge holds other changes that are not accepted yet.
		if built := v.id("CI_COMMIT_SHA"); err == nil && built != head.ID && env("CI_MERGE_REQUEST_EVENT_TYPE") == "merged_result" {
			plan.Merge = Commit{ID: built}
		}
		return plan, err
	case source == "external_pull_request_event":
		if id := v.id("CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA"); id != "" {
			head = Commit{ID: id}
		}
		return v.change(GitLab, source, head, Commit{
			ID:  v.id("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA"),
			Ref: v.branch("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME"),
		})
	case source == "push" || source == "parent_pipeline" && before != "":
		ref := v.ref("CI_COMMIT_BRANCH", "CI_COMMIT_TAG")
		head.Ref = ref
		return v.push(push{GitLab, source, ref, before, true, head, or(v.branch("CI_DEFAULT_BRANCH"), DefaultBranch)})
	case source == "":
		return Plan{}, invalid("CI_PIPELINE_SOURCE", "", "source of a pipeline")
	default:
		return history(GitLab, source, "a pipeline of this kind brings no range of commits"), v.err
	}
}

func detectBitbucket(env func(string) string) (Plan, error) {
	v := &variables{env: env}
	head := v.head("BITBUCKET_COMMIT")
	if env("BITBUCKET_PR_ID") != "" {
		v.number("BITBUCKET_PR_ID")
		id := env("BITBUCKET_PR_DESTINATION_COMMIT")
		if id != "" && (len(id) < 7 || len(id) > 64 || strings.Trim(id, "0123456789abcdef") != "" || strings.Trim(id, "0") == "") {
			return Plan{}, invalid("BITBUCKET_PR_DESTINATION_COMMIT", id, "commit id")
		}
		return v.change(Bitbucket, "pull-request", head, Commit{ID: id, Ref: v.branch("BITBUCKET_PR_DESTINATION_BRANCH")})
	}
	ref := v.ref("BITBUCKET_BRANCH", "BITBUCKET_TAG")
	head.Ref = ref
	return v.push(push{Bitbucket, "push", ref, "", false, head, DefaultBranch})
}

func detectAzure(env func(string) string) (Plan, error) {
	v := &variables{env: env}
	built := v.head("BUILD_SOURCEVERSION")
	switch reason := env("BUILD_REASON"); reason {
	case "PullRequest":
		head := built
		if id := v.id("SYSTEM_PULLREQUEST_SOURCECOMMITID"); id != "" {
			head = Commit{ID: id}
		}
		if ref := env("BUILD_SOURCEBRANCH"); ref != "" { // refs/pull/N/merge, which leads to the head
			head.Ref = v.keep(refName("BUILD_SOURCEBRANCH", ref))
		}
		plan, err := v.change(Azure, reason, head, Commit{Ref: v.branch("SYSTEM_PULLREQUEST_TARGETBRANCH")})
		if err == nil && built.ID != head.ID {
			plan.Merge = Commit{ID: built.ID}
		}
		return plan, err
	case "IndividualCI", "BatchedCI":
		ref := ""
		if value := env("BUILD_SOURCEBRANCH"); value != "" {
			ref = v.keep(refName("BUILD_SOURCEBRANCH", value))
		}
		built.Ref = ref
		return v.push(push{Azure, reason, ref, "", false, built, DefaultBranch})
	case "":
		return Plan{}, invalid("BUILD_REASON", "", "reason of a build")
	default:
		return history(Azure, reason, "a run with this reason brings no range of commits"), v.err
	}
}

// circleBase is what docs/ci.md has pipeline.git.base_revision put into, because CircleCI sets no variable of its own.
const circleBase = "PIPELINE_GIT_BASE_REVISION"

func detectCircle(env func(string) string) (Plan, error) {
	v := &variables{env: env}
	head := v.head("CIRCLE_SHA1")
	if or(env("CIRCLE_PULL_REQUEST"), env("CIRCLE_PULL_REQUESTS"), env("CIRCLE_PR_NUMBER")) != "" {
		if env("CIRCLE_PR_NUMBER") != "" { // only for forks, whose commits are on no branch here
			head.Ref = "refs/pull/" + v.number("CIRCLE_PR_NUMBER") + "/head"
		}
		return v.change(CircleCI, "pull_request", head, Commit{Ref: DefaultBranch})
	}
	ref := v.ref("CIRCLE_BRANCH", "CIRCLE_TAG")
	head.Ref = ref
	before := v.id(circleBase)
	if before == head.ID { // the commit is built once more, and nothing says that it was found clean the first time
		before = ""
	}
	return v.push(push{CircleCI, "push", ref, before, false, head, DefaultBranch})
}

func detectJenkins(env func(string) string) (Plan, error) {
	v := &variables{env: env}
	head := v.head("GIT_COMMIT")
	if env("CHANGE_ID") != "" {
		return v.change(Jenkins, "change", head, Commit{Ref: v.branch("CHANGE_TARGET")})
	}
	ref := ""
	switch {
	case env("TAG_NAME") != "":
		ref = v.keep(refName("TAG_NAME", "refs/tags/"+env("TAG_NAME")))
	case env("BRANCH_NAME") != "":
		ref = v.branch("BRANCH_NAME")
	case env("GIT_BRANCH") != "":
		name := strings.TrimPrefix(strings.TrimPrefix(env("GIT_BRANCH"), "refs/remotes/"), "origin/")
		ref = v.keep(branchName("GIT_BRANCH", name))
	}
	head.Ref = ref
	return v.push(push{Jenkins, "build", ref, v.id("GIT_PREVIOUS_SUCCESSFUL_COMMIT"), false, head, DefaultBranch})
}

func detectBuildkite(env func(string) string) (Plan, error) {
	v := &variables{env: env}
	head := Commit{Rev: "HEAD"}
	if env("BUILDKITE_COMMIT") != "HEAD" { // what a build that was started by hand says
		head = v.head("BUILDKITE_COMMIT")
	}
	if pull := env("BUILDKITE_PULL_REQUEST"); pull != "" && pull != "false" {
		head.Ref = "refs/pull/" + v.number("BUILDKITE_PULL_REQUEST") + "/head"
		return v.change(Buildkite, "pull_request", head, Commit{Ref: v.branch("BUILDKITE_PULL_REQUEST_BASE_BRANCH")})
	}
	if source := env("BUILDKITE_SOURCE"); source == "schedule" {
		return history(Buildkite, source, "a schedule brings no range of commits"), v.err
	}
	ref := v.ref("BUILDKITE_BRANCH", "BUILDKITE_TAG")
	if env("BUILDKITE_TAG") == "" || head.ID != "" {
		head.Ref = ref
	}
	return v.push(push{Buildkite, "build", ref, "", false, head, or(v.branch("BUILDKITE_PIPELINE_DEFAULT_BRANCH"), DefaultBranch)})
}
