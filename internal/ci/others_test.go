package ci

import (
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
)

func noFile(string) ([]byte, error) { return nil, errors.New("no file is read here") }

func TestProviders(t *testing.T) {
	main, topic, tag := "refs/heads/main", "refs/heads/topic", "refs/tags/v1"
	trunk, def := Commit{Ref: main}, Commit{Ref: DefaultBranch}
	at := func(id, ref string) Commit { return Commit{ID: id, Ref: ref} }
	push := func(head Commit, bases ...Commit) Plan {
		return Plan{Scan: Range, Head: head, Bases: bases, Whole: true, Branch: head.Ref}
	}
	change := func(head Commit, base Commit, merge string) Plan {
		return Plan{Scan: Range, Head: head, Bases: []Commit{base}, Change: true, Merge: Commit{ID: merge}}
	}
	everything := Plan{Scan: History, Head: Commit{Rev: "HEAD"}}
	gitlab := map[string]string{"GITLAB_CI": "true", "CI": "true", "CI_COMMIT_SHA": idB, "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BEFORE_SHA": zero}
	request := map[string]string{
		"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
		"CI_MERGE_REQUEST_DIFF_BASE_SHA": idA, "CI_MERGE_REQUEST_EVENT_TYPE": "detached",
	}
	bitbucket := map[string]string{"BITBUCKET_BUILD_NUMBER": "3", "CI": "true", "BITBUCKET_COMMIT": idB, "BITBUCKET_BRANCH": "topic"}
	azure := map[string]string{"TF_BUILD": "True", "BUILD_SOURCEVERSION": idB, "BUILD_SOURCEBRANCH": topic}
	circle := map[string]string{"CIRCLECI": "true", "CI": "true", "CIRCLE_SHA1": idB, "CIRCLE_BRANCH": "topic"}
	jenkins := map[string]string{"JENKINS_URL": "https://ci.example.org/", "GIT_COMMIT": idB, "GIT_BRANCH": "origin/topic"}
	kite := map[string]string{
		"BUILDKITE": "true", "CI": "true", "BUILDKITE_COMMIT": idB, "BUILDKITE_BRANCH": "topic", "BUILDKITE_PULL_REQUEST": "false",
		"BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main", "BUILDKITE_SOURCE": "webhook",
	}
	for _, c := range []struct {
		name string
		base map[string]string
		more map[string]string
		want Plan
	}{
		{"gitlab push", gitlab, map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "topic", "CI_COMMIT_BEFORE_SHA": idA}, push(at(idB, topic), at(idA, topic), trunk)},
		{"gitlab new branch", gitlab, map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "topic"}, push(at(idB, topic), trunk)},
		{"gitlab first push", gitlab, map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}, push(at(idB, main))},
		{"gitlab tag", gitlab, map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_TAG": "v1"}, push(at(idB, tag), trunk)},
		{"gitlab request", gitlab, request, change(at(idB, "refs/merge-requests/7/head"), at(idA, main), "")},
		{"gitlab merged results", gitlab, map[string]string{
			"CI_MERGE_REQUEST_EVENT_TYPE": "merged_result", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": idC, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": idA,
		}, change(at(idC, "refs/merge-requests/7/head"), at(idA, main), idB)},
		{"gitlab merge train", gitlab, map[string]string{
			"CI_MERGE_REQUEST_EVENT_TYPE": "merge_train", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": idC, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": idB,
		}, change(at(idC, "refs/merge-requests/7/head"), at(idA, main), "")},
		{"gitlab request of a fork", gitlab, map[string]string{
			"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "eve/repo", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "",
		}, change(at(idB, "refs/merge-requests/7/head"), trunk, "")},
		{"gitlab child of a request", gitlab, map[string]string{"CI_PIPELINE_SOURCE": "parent_pipeline"}, change(at(idB, "refs/merge-requests/7/head"), at(idA, main), "")},
		{"gitlab github request", gitlab, map[string]string{
			"CI_PIPELINE_SOURCE": "external_pull_request_event", "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA": idC,
			"CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA": idA, "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME": "main",
		}, change(at(idC, ""), at(idA, main), "")},
		{"gitlab schedule", gitlab, map[string]string{"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main"}, everything},
		{"gitlab web", gitlab, map[string]string{"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "main"}, everything},
		{"bitbucket push", bitbucket, nil, push(at(idB, topic), def)},
		{"bitbucket tag", bitbucket, map[string]string{"BITBUCKET_BRANCH": "", "BITBUCKET_TAG": "v1"}, push(at(idB, tag), def)},
		{"bitbucket request", bitbucket, map[string]string{
			"BITBUCKET_PR_ID": "5", "BITBUCKET_PR_DESTINATION_BRANCH": "main", "BITBUCKET_PR_DESTINATION_COMMIT": idA[:12],
		}, change(at(idB, ""), at(idA[:12], main), "")},
		{"azure push", azure, map[string]string{"BUILD_REASON": "IndividualCI"}, push(at(idB, topic), def)},
		{"azure batched", azure, map[string]string{"BUILD_REASON": "BatchedCI"}, push(at(idB, topic), def)},
		{"azure request", azure, map[string]string{
			"BUILD_REASON": "PullRequest", "BUILD_SOURCEBRANCH": "refs/pull/9/merge", "SYSTEM_PULLREQUEST_SOURCECOMMITID": idC,
			"SYSTEM_PULLREQUEST_TARGETBRANCH": main, "SYSTEM_PULLREQUEST_ISFORK": "True",
		}, change(at(idC, "refs/pull/9/merge"), trunk, idB)},
		{"azure request of github", azure, map[string]string{
			"BUILD_REASON": "PullRequest", "BUILD_SOURCEBRANCH": "refs/pull/9/merge", "SYSTEM_PULLREQUEST_SOURCECOMMITID": idC,
			"SYSTEM_PULLREQUEST_TARGETBRANCH": "main",
		}, change(at(idC, "refs/pull/9/merge"), trunk, idB)},
		{"azure by hand", azure, map[string]string{"BUILD_REASON": "Manual"}, everything},
		{"azure schedule", azure, map[string]string{"BUILD_REASON": "Schedule"}, everything},
		{"circle push", circle, map[string]string{"PIPELINE_GIT_BASE_REVISION": idA}, push(at(idB, topic), at(idA, topic), def)},
		{"circle build again", circle, map[string]string{"PIPELINE_GIT_BASE_REVISION": idB}, push(at(idB, topic), def)},
		{"circle push without base", circle, nil, push(at(idB, topic), def)},
		{"circle tag", circle, map[string]string{"CIRCLE_BRANCH": "", "CIRCLE_TAG": "v1"}, push(at(idB, tag), def)},
		{"circle request", circle, map[string]string{"CIRCLE_PULL_REQUEST": "https://example.org/pull/4", "PIPELINE_GIT_BASE_REVISION": idA}, change(at(idB, ""), def, "")},
		{"circle fork", circle, map[string]string{"CIRCLE_PR_NUMBER": "4", "CIRCLE_BRANCH": "pull/4"}, change(at(idB, "refs/pull/4/head"), def, "")},
		{"jenkins push", jenkins, map[string]string{"GIT_PREVIOUS_SUCCESSFUL_COMMIT": idA}, push(at(idB, topic), at(idA, topic), def)},
		{"jenkins first build", jenkins, nil, push(at(idB, topic), def)},
		{"jenkins that does not say the branch", jenkins, map[string]string{"GIT_BRANCH": ""}, push(at(idB, ""))},
		{"jenkins tag", jenkins, map[string]string{"TAG_NAME": "v1"}, push(at(idB, tag), def)},
		{"jenkins change", jenkins, map[string]string{"CHANGE_ID": "3", "CHANGE_TARGET": "main", "BRANCH_NAME": "PR-3"}, change(at(idB, ""), trunk, "")},
		{"buildkite push", kite, nil, push(at(idB, topic), trunk)},
		{"buildkite default branch", kite, map[string]string{"BUILDKITE_BRANCH": "main"}, push(at(idB, main))},
		{"buildkite request", kite, map[string]string{"BUILDKITE_PULL_REQUEST": "8", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main"}, change(at(idB, "refs/pull/8/head"), trunk, "")},
		{"buildkite schedule", kite, map[string]string{"BUILDKITE_SOURCE": "schedule"}, everything},
		{"unknown system", map[string]string{"CI": "true"}, nil, everything},
		{"no system", nil, nil, Plan{Scan: Range, Head: Commit{Rev: "HEAD"}, Bases: []Commit{{Rev: "@{upstream}"}, def}, Whole: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := maps.Clone(c.base)
			if env == nil {
				env = map[string]string{}
			}
			if strings.HasPrefix(c.name, "gitlab") && c.want.Change && c.more["CI_PIPELINE_SOURCE"] != "external_pull_request_event" {
				maps.Copy(env, request)
			}
			maps.Copy(env, c.more)
			got, err := Detect(vars(env), noFile)
			if err != nil {
				t.Fatal(err)
			}
			if got.Why == "" || got.Provider == "" || got.Provider.Title() == "" || got.Provider.FullClone() == "" {
				t.Errorf("it does not say why: %+v", got)
			}
			got.Why, got.Provider, got.Event = "", "", ""
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("\n got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// TestHostileVariables puts what is no id and no name into every variable that is read.
func TestHostileVariables(t *testing.T) {
	systems := []map[string]string{
		{"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"},
		{"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "topic", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_SHA": idB, "CI_COMMIT_BEFORE_SHA": idA},
		{"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_PR_ID": "5", "BITBUCKET_PR_DESTINATION_BRANCH": "main", "BITBUCKET_PR_DESTINATION_COMMIT": idA, "BITBUCKET_COMMIT": idB},
		{"TF_BUILD": "True", "BUILD_REASON": "PullRequest", "BUILD_SOURCEBRANCH": "refs/pull/9/merge", "SYSTEM_PULLREQUEST_SOURCECOMMITID": idC, "SYSTEM_PULLREQUEST_TARGETBRANCH": "main"},
		{"CIRCLECI": "true", "CIRCLE_SHA1": idB, "CIRCLE_BRANCH": "topic", "PIPELINE_GIT_BASE_REVISION": idA},
		{"JENKINS_URL": "x", "GIT_COMMIT": idB, "CHANGE_ID": "3", "CHANGE_TARGET": "main"},
		{"JENKINS_URL": "x", "GIT_COMMIT": idB, "BRANCH_NAME": "topic", "GIT_PREVIOUS_SUCCESSFUL_COMMIT": idA},
		{"BUILDKITE": "true", "BUILDKITE_COMMIT": idB, "BUILDKITE_PULL_REQUEST": "8", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main"},
	}
	free := map[string]bool{
		"GITLAB_CI": true, "BITBUCKET_BUILD_NUMBER": true, "TF_BUILD": true, "CIRCLECI": true, "JENKINS_URL": true, "BUILDKITE": true,
		"CI_PIPELINE_SOURCE": true, "BUILD_REASON": true, "CHANGE_ID": true,
	}
	for _, env := range systems {
		if _, err := Detect(vars(env), noFile); err != nil {
			t.Fatalf("%v: %v", env, err)
		}
		for name := range env {
			if free[name] {
				continue
			}
			for _, bad := range []string{"--upload-pack=x", "a b", "x\ny", "../..", "-", "a:b", strings.Repeat("a", 2000), "\x00", "refs/heads/", "*"} {
				hostile := maps.Clone(env)
				hostile[name] = bad
				if plan, err := Detect(vars(hostile), noFile); !errors.Is(err, ErrEvent) {
					t.Errorf("%s=%.20q: %+v, %v", name, bad, plan, err)
				}
			}
		}
	}
}

func TestChoose(t *testing.T) {
	env, read := event(t, "pull_request", pulled("opened", nil))
	broken, nothing := event(t, "push", obj{})
	manual, dispatch := event(t, "workflow_dispatch", obj{})
	for _, c := range []struct {
		name string
		o    Override
		env  map[string]string
		read Reader
		want Plan
		bad  bool
	}{
		{"the base of a pull request", Override{Event: "auto", Base: "origin/main"}, env, read, Plan{
			Provider: GitHub, Event: "pull_request", Scan: Range, Head: Commit{ID: idB, Ref: "refs/pull/12/head"},
			Bases: []Commit{{Rev: "origin/main", Ref: "refs/heads/main"}}, Change: true,
		}, false},
		{"both ends", Override{Event: "auto", Base: idA, Head: "HEAD"}, env, read, Plan{
			Provider: GitHub, Event: "pull_request", Scan: Range, Head: Commit{Rev: "HEAD"}, Bases: []Commit{{ID: idA}}, Change: true,
		}, false},
		{"an event that says nothing", Override{Event: "pull-request", Base: "main~3"}, broken, nothing, Plan{
			Provider: GitHub, Event: "pull-request", Scan: Range, Head: Commit{Rev: "HEAD"}, Bases: []Commit{{Rev: "main~3"}}, Change: true,
		}, false},
		{"a push", Override{Event: "push", Base: "v1"}, broken, nothing, Plan{
			Provider: GitHub, Event: "push", Scan: Range, Head: Commit{Rev: "HEAD"}, Bases: []Commit{{Rev: "v1", Ref: "refs/heads/v1"}},
		}, false},
		{"the history", Override{Event: "history"}, env, read, Plan{Provider: GitHub, Event: "history", Scan: History, Head: Commit{Rev: "HEAD"}}, false},
		{"by hand with a base", Override{Event: "auto", Base: "v1", Head: "v2"}, manual, dispatch, Plan{
			Provider: GitHub, Event: "workflow_dispatch", Scan: Range, Head: Commit{Rev: "v2", Ref: "refs/heads/v2"}, Bases: []Commit{{Rev: "v1", Ref: "refs/heads/v1"}},
		}, false},
		{"a head alone", Override{Event: "auto", Head: "v2"}, manual, dispatch, Plan{}, true},
		{"a push without base", Override{Event: "push"}, env, read, Plan{}, true},
		{"a history with a base", Override{Event: "history", Base: "x"}, env, read, Plan{}, true},
		{"an option", Override{Event: "auto", Base: "--upload-pack=x"}, env, read, Plan{}, true},
		{"two lines", Override{Event: "auto", Head: "a\nb"}, env, read, Plan{}, true},
		{"zeros", Override{Event: "auto", Base: zero}, env, read, Plan{}, true},
		{"an event that says nothing, alone", Override{Event: "auto"}, broken, nothing, Plan{}, true},
	} {
		got, err := Choose(c.o, vars(c.env), c.read)
		got.Why = ""
		if (err != nil) != c.bad || !c.bad && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", c.name, err, got, c.want)
		}
	}
}

// FuzzDetect holds that whatever an event and variables say, a plan names only ids and refs that git takes for nothing else.
func FuzzDetect(f *testing.F) {
	for _, data := range []string{`{}`, `{"ref":"refs/heads/a","before":"` + idA + `","after":"` + idB + `"}`, `{"merge_group":{"base_sha":"x"}}`} {
		for system := range uint8(8) {
			f.Add(system, "push", data, "main", idA)
			f.Add(system, "merge_request_event", data, "--upload-pack=x", "7")
		}
	}
	f.Fuzz(func(t *testing.T, system uint8, event, data, name, value string) {
		marks := []string{"GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "BITBUCKET_BUILD_NUMBER", "CIRCLECI", "BUILDKITE", "JENKINS_URL", "CI"}
		mark := marks[int(system)%len(marks)]
		env := func(variable string) string {
			switch {
			case variable == mark:
				return "true"
			case variable == "GITHUB_ACTIONS" || variable == "GITLAB_CI" || variable == "TF_BUILD" || variable == "BITBUCKET_BUILD_NUMBER" ||
				variable == "CIRCLECI" || variable == "BUILDKITE" || variable == "JENKINS_URL":
				return ""
			case strings.HasSuffix(variable, "NAME") && variable != "GITHUB_EVENT_NAME", strings.Contains(variable, "BRANCH") && !strings.HasSuffix(variable, "SHA"):
				return name
			case variable == "GITHUB_EVENT_NAME" || variable == "CI_PIPELINE_SOURCE" || variable == "BUILD_REASON":
				return event
			default:
				return value
			}
		}
		plan, err := Detect(env, func(string) ([]byte, error) { return []byte(data), nil })
		if err != nil {
			if !errors.Is(err, ErrEvent) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if plan.Scan == 0 || plan.Why == "" || strings.Trim(plan.Event, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-?") != "" {
			t.Fatalf("%+v", plan)
		}
		for _, c := range append([]Commit{plan.Head, plan.Merge}, plan.Bases...) {
			if c.ID != "" && strings.Trim(c.ID, "0123456789abcdef") != "" || len(c.ID) > 64 {
				t.Fatalf("id %q", c.ID)
			}
			if c.Ref != "" && c.Ref != "HEAD" && (!strings.HasPrefix(c.Ref, "refs/") || strings.ContainsAny(c.Ref, " :\n*^~\\\x00") || strings.Contains(c.Ref, "/-")) {
				t.Fatalf("ref %q", c.Ref)
			}
			if c.Rev != "" && c.Rev != "HEAD" && c.Rev != "@{upstream}" {
				t.Fatalf("revision %q", c.Rev)
			}
		}
		if plan.Change && len(plan.Bases) == 0 {
			t.Fatalf("a change without a base: %+v", plan)
		}
	})
}
