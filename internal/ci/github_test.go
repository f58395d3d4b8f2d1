package ci

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"reflect"
	"strings"
	"testing"
)

// Ids of commits, and the one that stands for none.
var (
	idA  = strings.Repeat("a1", 20)
	idB  = strings.Repeat("b2", 20)
	idC  = strings.Repeat("c3", 20)
	zero = strings.Repeat("0", 40)
)

// vars makes an environment of pairs.
func vars(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

// event makes the environment of a run on GitHub, and a reader of its event.
func event(t testing.TB, name string, payload any) (env map[string]string, read func(string) ([]byte, error)) {
	t.Helper()
	data, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
			"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": "/event.json", "GITHUB_SHA": idC,
		}, func(path string) ([]byte, error) {
			if path != "/event.json" {
				return nil, os.ErrNotExist
			}
			return data, nil
		}
}

type obj = map[string]any

// pushed is the payload of a push, in the shape that GitHub documents.
func pushed(ref, before, after string, change obj) obj {
	person := obj{"name": "Ann", "email": "ann@example.org", "username": "ann"}
	p := obj{
		"ref": ref, "before": before, "after": after, "created": before == zero, "deleted": after == zero, "forced": false, "base_ref": nil,
		"compare": "https://example.org/compare", "pusher": person, "sender": obj{"login": "ann", "id": 1},
		"repository":  obj{"id": 7, "full_name": "OWNER/repo", "default_branch": "main", "private": false},
		"commits":     []any{obj{"id": after, "message": "x", "distinct": true, "added": []any{"a"}, "removed": []any{}, "modified": []any{}}},
		"head_commit": obj{"id": after, "tree_id": idB, "message": "x", "author": person, "committer": person},
	}
	maps.Copy(p, change)
	return p
}

// pulled is the payload of a pull request.
func pulled(action string, change obj) obj {
	repo := func(name string, fork bool) obj {
		return obj{"full_name": name, "fork": fork, "default_branch": "main"}
	}
	pull := obj{
		"number": 12, "state": "open", "title": "x", "body": nil, "draft": false, "merge_commit_sha": idC, "commits": 3,
		"head": obj{"label": "eve:topic", "ref": "topic", "sha": idB, "repo": repo("eve/repo", true)},
		"base": obj{"label": "OWNER:main", "ref": "main", "sha": idA, "repo": repo("OWNER/repo", false)},
	}
	maps.Copy(pull, change)
	return obj{"action": action, "number": 12, "pull_request": pull, "repository": repo("OWNER/repo", false)}
}

func TestGitHub(t *testing.T) {
	main, topic := "refs/heads/main", "refs/heads/topic"
	onMain, onTopic := Commit{ID: idB, Ref: main}, Commit{ID: idB, Ref: topic}
	before, trunk := Commit{ID: idA, Ref: topic}, Commit{Ref: main}
	pull := Plan{
		Scan: Range, Head: Commit{ID: idB, Ref: "refs/pull/12/head"}, Bases: []Commit{{ID: idA, Ref: main}}, Change: true, Merge: Commit{ID: idC},
	}
	target := pull
	target.Merge = Commit{}
	for _, c := range []struct {
		name, event string
		payload     obj
		want        Plan
		why         string
	}{
		{
			"update", "push", pushed(topic, idA, idB, nil),
			Plan{Scan: Range, Head: onTopic, Bases: []Commit{before, trunk}, Whole: true, Branch: topic}, "has now and had not before",
		},
		{
			"update of the default branch", "push", pushed(main, idA, idB, nil),
			Plan{Scan: Range, Head: onMain, Bases: []Commit{{ID: idA, Ref: main}}, Whole: true, Branch: main}, "has now",
		},
		{
			"forced", "push", pushed(topic, idA, idB, obj{"forced": true}),
			Plan{Scan: Range, Head: onTopic, Bases: []Commit{before, trunk}, Whole: true, Branch: topic}, "has now",
		},
		{
			"new branch", "push", pushed(topic, zero, idB, obj{"base_ref": main}),
			Plan{Scan: Range, Head: onTopic, Bases: []Commit{trunk}, Whole: true, Branch: topic}, "the branch is new",
		},
		{
			"first push", "push", pushed(main, zero, idB, nil),
			Plan{Scan: Range, Head: onMain, Whole: true, Branch: main}, "first push",
		},
		{"deleted branch", "push", pushed(topic, idA, zero, obj{"head_commit": nil}), Plan{Scan: Nothing, Branch: topic}, "only deletes"},
		{
			"new tag", "push", pushed("refs/tags/v1", zero, idB, nil),
			Plan{Scan: Range, Head: Commit{ID: idB, Ref: "refs/tags/v1"}, Bases: []Commit{trunk}, Whole: true, Branch: "refs/tags/v1"}, "the tag is new",
		},
		{
			"annotated tag: after is the tag's own id", "push", pushed("refs/tags/v1", zero, idB, obj{"head_commit": obj{"id": idC}}),
			Plan{Scan: Range, Head: Commit{ID: idB, Ref: "refs/tags/v1"}, Bases: []Commit{trunk}, Whole: true, Branch: "refs/tags/v1"}, "the tag is new",
		},
		{
			"moved tag", "push", pushed("refs/tags/v1", idA, idB, obj{"forced": true}),
			Plan{
				Scan: Range, Head: Commit{ID: idB, Ref: "refs/tags/v1"}, Bases: []Commit{{ID: idA, Ref: "refs/tags/v1"}, trunk}, Whole: true, Branch: "refs/tags/v1",
			}, "the tag has now",
		},
		{
			"no default branch told", "push", pushed(topic, zero, idB, obj{"repository": obj{}}),
			Plan{Scan: Range, Head: onTopic, Bases: []Commit{{Ref: DefaultBranch}}, Whole: true, Branch: topic}, "is new",
		},
		{"opened", "pull_request", pulled("opened", nil), pull, "has and main has not"},
		{"synchronize", "pull_request", pulled("synchronize", nil), pull, "has not"},
		{"reopened", "pull_request", pulled("reopened", nil), pull, "has not"},
		{"review", "pull_request_review", pulled("submitted", nil), pull, "has not"},
		{"fork that is gone", "pull_request", pulled("synchronize", obj{"head": obj{"ref": "topic", "sha": idB, "repo": nil}}), pull, "has not"},
		{"target", "pull_request_target", pulled("opened", nil), target, "has not"},
		{
			"queue", "merge_group", obj{"action": "checks_requested", "merge_group": obj{
				"base_sha": idA, "base_ref": main, "head_sha": idB, "head_ref": "refs/heads/gh-readonly-queue/main/pr-12-" + idA, "head_commit": obj{},
			}},
			Plan{
				Scan: Range, Head: Commit{ID: idB, Ref: "refs/heads/gh-readonly-queue/main/pr-12-" + idA}, Bases: []Commit{{ID: idA, Ref: main}},
				Change: true,
			}, "merge queue",
		},
		{"schedule", "schedule", obj{"schedule": "0 3 * * *"}, Plan{Scan: History, Head: Commit{Rev: "HEAD"}}, "a schedule"},
		{"dispatch", "workflow_dispatch", obj{"inputs": nil, "ref": main}, Plan{Scan: History, Head: Commit{Rev: "HEAD"}}, "by hand"},
		{"dispatch by program", "repository_dispatch", obj{"client_payload": obj{}}, Plan{Scan: History, Head: Commit{Rev: "HEAD"}}, "by hand"},
		{"workflow_run", "workflow_run", obj{}, Plan{Scan: History, Head: Commit{Rev: "HEAD"}}, "follows another"},
		{"release", "release", obj{"action": "published"}, Plan{Scan: History, Head: Commit{Rev: "HEAD"}}, "release"},
		{"another", "issue_comment", obj{"comment": obj{"body": "x"}}, Plan{Scan: History, Head: Commit{Rev: "HEAD"}}, "no range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env, read := event(t, c.event, c.payload)
			got, err := Detect(vars(env), read)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got.Why, c.why) {
				t.Errorf("it says %q, and nothing of %q", got.Why, c.why)
			}
			if (got.Warning != "") != (c.event == "pull_request_target") {
				t.Errorf("it warns %q", got.Warning)
			}
			got.Why, got.Warning = "", ""
			c.want.Provider, c.want.Event = GitHub, c.event
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("\n got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestGitHubRefuses(t *testing.T) {
	topic := "refs/heads/topic"
	for name, payload := range map[string]obj{
		"no ref":                    pushed("", idA, idB, nil),
		"an option as ref":          pushed("--upload-pack=x", idA, idB, nil),
		"a branch like an option":   pushed("refs/heads/--upload-pack=x", idA, idB, nil),
		"a ref of two lines":        pushed("refs/heads/a\nb", idA, idB, nil),
		"a ref outside":             pushed("refs/heads/../../config", idA, idB, nil),
		"a refspec":                 pushed("refs/heads/a:refs/heads/b", idA, idB, nil),
		"an id of another length":   pushed(topic, idA, "b2", nil),
		"an id like an option":      pushed(topic, "--upload-pack=x", idB, nil),
		"an id in capitals":         pushed(topic, strings.ToUpper(idA), idB, nil),
		"an id with a line":         pushed(topic, idA+"\n", idB, nil),
		"a number for an id":        pushed(topic, idA, idB, obj{"before": 12}),
		"null for an id":            pushed(topic, idA, idB, obj{"after": nil}),
		"text for true":             pushed(topic, idA, idB, obj{"deleted": "no"}),
		"deleted and there":         pushed(topic, idA, idB, obj{"deleted": true}),
		"gone and not deleted":      pushed(topic, idA, zero, obj{"deleted": false}),
		"a list for the repository": pushed(topic, idA, idB, obj{"repository": []any{}}),
		"a default branch of git's": pushed(topic, zero, idB, obj{"repository": obj{"default_branch": "--upload-pack=x"}}),
		"only keys in capitals":     {"Ref": topic, "Before": idA, "After": idB},
	} {
		env, read := event(t, "push", payload)
		if plan, err := Detect(vars(env), read); !errors.Is(err, ErrEvent) {
			t.Errorf("%s: %+v, %v", name, plan, err)
		}
	}
	for name, change := range map[string]obj{
		"no head":             {"head": nil},
		"a head without id":   {"head": obj{"ref": "topic", "sha": ""}},
		"a zero base":         {"base": obj{"ref": "main", "sha": zero}},
		"a base like options": {"base": obj{"ref": "--upload-pack=x", "sha": idA}},
		"a number with words": {"number": "12/head --upload-pack=x"},
		"a negative number":   {"number": -1},
		"a broken number":     {"number": 1.5},
		"a list":              {"base": []any{1}},
	} {
		env, read := event(t, "pull_request", pulled("opened", change))
		if plan, err := Detect(vars(env), read); !errors.Is(err, ErrEvent) {
			t.Errorf("%s: %+v, %v", name, plan, err)
		}
	}
	env, _ := event(t, "push", obj{})
	for name, data := range map[string]string{
		"nothing": "", "no object": "[]", "two objects": "{} {}", "null": "null", "words": "{oops",
		"deep": strings.Repeat(`{"a":`, 100_000), "too much": `{"x":"` + strings.Repeat("y", MaxEvent) + `"}`,
	} {
		read := func(string) ([]byte, error) { return []byte(data), nil }
		if plan, err := Detect(vars(env), read); !errors.Is(err, ErrEvent) {
			t.Errorf("%s: %+v, %v", name, plan, err)
		} else if len(err.Error()) > 1000 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
	for _, name := range []string{"GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH"} {
		env, read := event(t, "push", pushed(topic, idA, idB, nil))
		delete(env, name)
		if plan, err := Detect(vars(env), read); !errors.Is(err, ErrEvent) {
			t.Errorf("without %s: %+v, %v", name, plan, err)
		}
	}
	env, read := event(t, "push", obj{})
	env["GITHUB_EVENT_PATH"] = "/elsewhere"
	if _, err := Detect(vars(env), read); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an event that is not there: %v", err)
	}
}
