//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ciOrigin is a repository on a server, with a history that is longer than what CI systems clone.
type ciOrigin struct {
	*workRepo
	clock int
	// first, base, stale, head, merge, gone, forced and fresh are ids of commits; see newCIOrigin.
	first, base, stale, head, merge, gone, forced, fresh string
}

// commit makes a commit a minute after the last one.
func (o *ciOrigin) commit(message string, files ...string) string {
	o.t.Helper()
	for i := 0; i+1 < len(files); i += 2 {
		o.write(files[i], files[i+1])
	}
	o.git("add", "-A")
	o.at("commit", "-q", "--allow-empty", "-m", message)
	return o.id("HEAD")
}

// at runs git at the next minute.
func (o *ciOrigin) at(args ...string) {
	o.t.Helper()
	o.clock += 60
	date := fmt.Sprintf("@%d +0000", 1_700_000_000+o.clock)
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = o.dir, append(slices.Clone(o.env), "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	if out, err := cmd.CombinedOutput(); err != nil {
		o.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

func (o *ciOrigin) id(rev string) string { return strings.TrimSpace(o.git("rev-parse", rev)) }

// newCIOrigin makes the history that all of these tests are about. Every secret is the same; files tell where it is found:
//
//	main:    old.env, 120 commits, stale, 10 commits, base
//	topic:   from main~20: topic.env, 3 commits, main~15 merged in, evil.env in the merge alone, head; refs/pull/3/head and refs/pull/3/merge
//	forced:  was at gone (gone.env), is at forced (forced.env)
//	fresh:   from topic: fresh.env
//	v1:      an annotated tag of fresh, with the secret in its message; v2 a lightweight one of base
func newCIOrigin(t *testing.T) *ciOrigin {
	secret := newSecret(t) + "\n"
	o := &ciOrigin{workRepo: newRepo(t)}
	o.commit("old", "old.env", secret)
	o.first = o.id("HEAD")
	for i := range 120 {
		o.commit(fmt.Sprint("main ", i))
	}
	o.stale = o.id("HEAD")
	for i := range 10 {
		o.commit(fmt.Sprint("late ", i), "late.txt", fmt.Sprint(i))
	}
	o.base = o.id("HEAD")
	o.git("checkout", "-q", "-b", "topic", "main~20")
	o.commit("topic", "topic.env", secret)
	for i := range 3 {
		o.commit(fmt.Sprint("topic ", i), "topic.txt", fmt.Sprint(i))
	}
	o.git("merge", "-q", "--no-commit", "--no-ff", "main~15")
	o.commit("take main in", "evil.env", secret)
	o.git("rm", "-q", "topic.env")
	o.head = o.commit("gone again")
	o.git("checkout", "-q", "-b", "fresh")
	o.fresh = o.commit("fresh", "fresh.env", secret)
	o.git("tag", "-a", "-m", "with "+secret, "v1")
	o.git("tag", "v2", "main")
	o.git("checkout", "-q", "-b", "forced", "main~3")
	o.gone = o.commit("gone", "gone.env", secret)
	o.git("reset", "-q", "--hard", "HEAD~1")
	o.forced = o.commit("forced", "forced.env", secret)
	o.git("checkout", "-q", "--detach", "main")
	o.at("merge", "-q", "--no-ff", "-m", "merge", "topic")
	o.merge = o.id("HEAD")
	o.git("update-ref", "refs/pull/3/merge", "HEAD")
	o.git("update-ref", "refs/pull/3/head", "topic")
	o.git("update-ref", "refs/merge-requests/3/head", "topic")
	o.git("checkout", "-q", "main")
	return o
}

// checkout clones as the runners do: init, add the remote, fetch one ref, check it out.
func (o *ciOrigin) checkout(t *testing.T, ref string, config []string, depth ...string) *workRepo {
	t.Helper()
	r := newRepo(t)
	r.git("remote", "add", "origin", "file://"+o.dir)
	for i := 0; i+1 < len(config); i += 2 {
		r.git("config", config[i], config[i+1])
	}
	args := append([]string{"fetch", "-q", "--no-tags"}, depth...)
	local := "refs/remotes/" + strings.TrimPrefix(strings.Replace(ref, "refs/heads/", "refs/origin/", 1), "refs/")
	if strings.HasPrefix(ref, "refs/tags/") {
		local = ref
	}
	r.git(append(args, "origin", "+"+ref+":"+local)...)
	if len(depth) == 0 {
		r.git("fetch", "-q", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/pull/*:refs/remotes/pull/*")
	}
	r.git("checkout", "-q", "--detach", local)
	return r
}

// ciFound runs skant ci and returns the exit code, the paths and kinds of what it finds, sorted, and whether it is complete.
func ciFound(t *testing.T, r *workRepo, env []string, args ...string) (code int, found []string, complete bool, log string) {
	t.Helper()
	cmd := exec.Command(skant, append([]string{"ci", "-o", "json"}, args...)...)
	cmd.Dir, cmd.Env = r.dir, append(slices.Clone(r.env), append([]string{"CI=true", "GITHUB_ACTIONS="}, env...)...)
	var errOut strings.Builder
	cmd.Stderr = &errOut
	raw, err := cmd.Output()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	code = cmd.ProcessState.ExitCode()
	var rep struct {
		Coverage struct {
			Complete bool `json:"complete"`
		} `json:"coverage"`
		Findings []struct {
			Location struct {
				Path, Kind string
			} `json:"location"`
		} `json:"findings"`
	}
	if err := json.Unmarshal(raw, &rep); err != nil {
		t.Fatalf("exit %d: %v\n%s%s", code, err, raw, errOut.String())
	}
	for _, f := range rep.Findings {
		name := f.Location.Path
		if name == "" {
			name = f.Location.Kind
		}
		found = append(found, name)
	}
	slices.Sort(found)
	return code, slices.Compact(found), rep.Coverage.Complete, errOut.String()
}

// gitHubEvent writes an event and returns the variables of its run.
func gitHubEvent(t *testing.T, name, sha string, payload map[string]any) []string {
	t.Helper()
	data, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=" + name, "GITHUB_EVENT_PATH=" + path, "GITHUB_SHA=" + sha}
}

// TestCI compares clones of one commit with whole ones, for every event and provider: both must find what the event brings, and
// nothing else.
func TestCI(t *testing.T) {
	o := newCIOrigin(t)
	tag := o.id("refs/tags/v1")
	zero := strings.Repeat("0", 40)
	push := func(ref, before, after string) []string {
		return gitHubEvent(t, "push", after, map[string]any{
			"ref": ref, "before": before, "after": after, "deleted": false, "forced": false,
			"repository": map[string]any{"default_branch": "main"},
		})
	}
	pull := func(event, base string) []string {
		return gitHubEvent(t, event, o.merge, map[string]any{"action": "synchronize", "pull_request": map[string]any{
			"number": 3, "base": map[string]any{"ref": "main", "sha": base}, "head": map[string]any{"ref": "topic", "sha": o.head},
		}})
	}
	ofTopic := []string{"evil.env", "topic.env"}
	for _, c := range []struct {
		name, ref string
		env       []string
		want      []string
	}{
		{"pull request", "refs/pull/3/merge", pull("pull_request", o.base), ofTopic},
		{"pull request whose base is stale", "refs/pull/3/merge", pull("pull_request", o.stale), ofTopic},
		{"pull request, head checked out", "refs/pull/3/head", pull("pull_request", o.base), ofTopic},
		{"pull request target", "refs/heads/main", pull("pull_request_target", o.base), ofTopic},
		{"merge queue", "refs/heads/main", gitHubEvent(t, "merge_group", o.merge, map[string]any{"merge_group": map[string]any{
			"base_sha": o.base, "base_ref": "refs/heads/main", "head_sha": o.head, "head_ref": "refs/heads/topic",
		}}), ofTopic},
		{"push", "refs/heads/fresh", push("refs/heads/fresh", o.head, o.fresh), []string{"fresh.env"}},
		{"push of the default branch", "refs/heads/main", push("refs/heads/main", o.stale, o.base), nil},
		{"new branch", "refs/heads/fresh", push("refs/heads/fresh", zero, o.fresh), []string{"evil.env", "fresh.env", "topic.env"}},
		{"first push", "refs/heads/main", push("refs/heads/main", zero, o.base), []string{"old.env"}},
		{"forced push", "refs/heads/forced", push("refs/heads/forced", o.gone, o.forced), []string{"forced.env"}},
		{"forced push, the old commit is nowhere", "refs/heads/forced", push("refs/heads/forced", strings.Repeat("12", 20), o.forced), []string{"forced.env"}},
		{"annotated tag", "refs/tags/v1", push("refs/tags/v1", zero, tag), []string{"evil.env", "fresh.env", "tag-message", "topic.env"}},
		{"lightweight tag", "refs/tags/v2", push("refs/tags/v2", zero, o.base), nil},
		{"gitlab request", "refs/merge-requests/3/head", []string{
			"GITLAB_CI=true", "CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_IID=3", "CI_COMMIT_SHA=" + o.head,
			"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main", "CI_MERGE_REQUEST_DIFF_BASE_SHA=" + o.id("main~15"), "CI_COMMIT_BEFORE_SHA=" + zero,
		}, ofTopic},
		{"gitlab merged results", "refs/pull/3/merge", []string{
			"GITLAB_CI=true", "CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_IID=3", "CI_COMMIT_SHA=" + o.merge,
			"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=" + o.head, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA=" + o.base, "CI_MERGE_REQUEST_EVENT_TYPE=merged_result",
			"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main", "CI_MERGE_REQUEST_DIFF_BASE_SHA=" + o.id("main~15"),
		}, ofTopic},
		{"gitlab push", "refs/heads/fresh", []string{
			"GITLAB_CI=true", "CI_PIPELINE_SOURCE=push", "CI_COMMIT_BRANCH=fresh", "CI_DEFAULT_BRANCH=main", "CI_COMMIT_SHA=" + o.fresh, "CI_COMMIT_BEFORE_SHA=" + o.head,
		}, []string{"fresh.env"}},
		{"bitbucket request", "refs/heads/topic", []string{
			"BITBUCKET_BUILD_NUMBER=1", "BITBUCKET_PR_ID=3", "BITBUCKET_COMMIT=" + o.head, "BITBUCKET_BRANCH=topic",
			"BITBUCKET_PR_DESTINATION_BRANCH=main", "BITBUCKET_PR_DESTINATION_COMMIT=" + o.base[:12],
		}, ofTopic},
		{"bitbucket push", "refs/heads/fresh", []string{"BITBUCKET_BUILD_NUMBER=1", "BITBUCKET_COMMIT=" + o.fresh, "BITBUCKET_BRANCH=fresh"}, []string{"evil.env", "fresh.env", "topic.env"}},
		{"bitbucket push of the default branch", "refs/heads/main", []string{"BITBUCKET_BUILD_NUMBER=1", "BITBUCKET_COMMIT=" + o.base, "BITBUCKET_BRANCH=main"}, []string{"old.env"}},
		{"azure request", "refs/pull/3/merge", []string{
			"TF_BUILD=True", "BUILD_REASON=PullRequest", "BUILD_SOURCEVERSION=" + o.merge, "BUILD_SOURCEBRANCH=refs/pull/3/merge",
			"SYSTEM_PULLREQUEST_SOURCECOMMITID=" + o.head, "SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main",
		}, ofTopic},
		{"azure push", "refs/heads/fresh", []string{"TF_BUILD=True", "BUILD_REASON=IndividualCI", "BUILD_SOURCEVERSION=" + o.fresh, "BUILD_SOURCEBRANCH=refs/heads/fresh"}, []string{"evil.env", "fresh.env", "topic.env"}},
		{"circle push", "refs/heads/fresh", []string{"CIRCLECI=true", "CIRCLE_SHA1=" + o.fresh, "CIRCLE_BRANCH=fresh", "PIPELINE_GIT_BASE_REVISION=" + o.head}, []string{"fresh.env"}},
		{"circle request", "refs/heads/topic", []string{"CIRCLECI=true", "CIRCLE_SHA1=" + o.head, "CIRCLE_BRANCH=topic", "CIRCLE_PULL_REQUEST=https://example.org/3"}, ofTopic},
		{"jenkins push", "refs/heads/fresh", []string{"JENKINS_URL=https://example.org", "GIT_COMMIT=" + o.fresh, "GIT_BRANCH=origin/fresh", "GIT_PREVIOUS_SUCCESSFUL_COMMIT=" + o.head}, []string{"fresh.env"}},
		{"jenkins change", "refs/heads/topic", []string{"JENKINS_URL=https://example.org", "GIT_COMMIT=" + o.head, "CHANGE_ID=3", "CHANGE_TARGET=main"}, ofTopic},
		{"buildkite request", "refs/heads/topic", []string{
			"BUILDKITE=true", "BUILDKITE_COMMIT=HEAD", "BUILDKITE_BRANCH=topic", "BUILDKITE_PULL_REQUEST=3", "BUILDKITE_PULL_REQUEST_BASE_BRANCH=main",
		}, ofTopic},
		{"buildkite push", "refs/heads/fresh", []string{
			"BUILDKITE=true", "BUILDKITE_COMMIT=" + o.fresh, "BUILDKITE_BRANCH=fresh", "BUILDKITE_PULL_REQUEST=false", "BUILDKITE_PIPELINE_DEFAULT_BRANCH=main",
		}, []string{"evil.env", "fresh.env", "topic.env"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, clone := range []struct {
				name   string
				config []string
				depth  []string
			}{
				{"whole", nil, nil},
				{"one commit", nil, []string{"--depth=1"}},
				{"twenty commits", nil, []string{"--depth=20"}},
				{"one commit of a server without single commits", []string{"protocol.version", "0"}, []string{"--depth=1"}},
			} {
				r := o.checkout(t, c.ref, clone.config, clone.depth...)
				if clone.config != nil && (strings.Contains(c.name, "forced push") || strings.Contains(c.name, "tag")) {
					continue // what was there before is on no branch, so that such a server cannot give it
				}
				code, found, complete, log := ciFound(t, r, c.env)
				want := 0
				if len(c.want) > 0 {
					want = 1
				}
				if code != want || !complete || !slices.Equal(found, c.want) {
					t.Errorf("%s: exit %d, complete %v, found %v, not %v\n%s", clone.name, code, complete, found, c.want, log)
				}
				if len(clone.depth) == 0 {
					continue
				}
				// Where nothing may be fetched, it is never clean.
				r = o.checkout(t, c.ref, clone.config, "--depth=1")
				code, found, complete, log = ciFound(t, r, c.env, "--no-deepen")
				lightweight := c.name == "lightweight tag"
				if code == 0 && !lightweight || complete && !slices.Equal(found, c.want) {
					t.Errorf("without fetching: exit %d, complete %v, found %v\n%s", code, complete, found, log)
				}
			}
		})
	}
}
