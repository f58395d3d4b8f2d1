package ci

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxEvent bounds the file of an event, in bytes. GitHub's own bound is 25 MB.
const MaxEvent = 32 << 20

// object is a JSON object whose keys are matched by every letter.
type object map[string]json.RawMessage

func parseEvent(data []byte) (object, error) {
	if len(data) > MaxEvent {
		return nil, fmt.Errorf("%w: the file of the event has more than %d MiB", ErrEvent, MaxEvent>>20)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	var o object
	if err := d.Decode(&o); err != nil {
		return nil, fmt.Errorf("%w: the file of the event is no JSON object", ErrEvent)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the object in the file of the event", ErrEvent)
	}
	return o, nil
}

// get decodes a key. One that is absent or null leaves v as it is.
func (o object) get(key string, v any, what string) error {
	raw, ok := o[key]
	if !ok || string(raw) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return invalid(key, string(raw[:min(len(raw), 100)]), what)
	}
	return nil
}

func (o object) object(key string) (v object, err error) {
	err = o.get(key, &v, "object")
	return v, err
}

func (o object) text(key string) (v string, err error) {
	err = o.get(key, &v, "text")
	return v, err
}

func (o object) flag(key string) (v bool, err error) {
	err = o.get(key, &v, "true or false")
	return v, err
}

func (o object) number(key string) (string, error) {
	var n json.Number
	if err := o.get(key, &n, "number"); err != nil {
		return "", err
	}
	return number(key, n.String())
}

func detectGitHub(env func(string) string, read Reader) (Plan, error) {
	event := env("GITHUB_EVENT_NAME")
	load := func() (object, error) {
		path := env("GITHUB_EVENT_PATH")
		if path == "" {
			return nil, fmt.Errorf("%w: GITHUB_EVENT_PATH is empty", ErrEvent)
		}
		data, err := read(path)
		if err != nil {
			return nil, fmt.Errorf("%w: read the file of the event: %w", ErrEvent, err)
		}
		return parseEvent(data)
	}
	switch event {
	case "push":
		o, err := load()
		if err != nil {
			return Plan{}, err
		}
		return gitHubPush(o)
	case "pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment":
		o, err := load()
		if err != nil {
			return Plan{}, err
		}
		return gitHubPull(event, env("GITHUB_SHA"), o)
	case "merge_group":
		o, err := load()
		if err != nil {
			return Plan{}, err
		}
		return gitHubMergeGroup(o)
	case "":
		return Plan{}, fmt.Errorf("%w: GITHUB_EVENT_NAME is empty", ErrEvent)
	case "schedule":
		return history(GitHub, event, "a schedule brings no range of commits"), nil
	case "workflow_dispatch", "repository_dispatch", "workflow_call":
		return history(GitHub, event, "a run that was started by hand, or by another program, brings no range of commits"), nil
	case "workflow_run":
		return history(GitHub, event, "a run that follows another one brings no range of commits, and its checkout is the default branch"), nil
	case "release":
		return history(GitHub, event, "a release is made of everything that its tag leads to"), nil
	default:
		return history(GitHub, event, "this event brings no range of commits"), nil
	}
}

func gitHubPush(o object) (Plan, error) {
	ref, err := o.text("ref")
	if err != nil {
		return Plan{}, err
	}
	if ref, err = refName("ref", ref); err != nil {
		return Plan{}, err
	}
	before, err := o.text("before")
	if err != nil {
		return Plan{}, err
	}
	after, err := o.text("after")
	if err != nil {
		return Plan{}, err
	}
	old, _, err := commitID("before", before)
	if err != nil {
		return Plan{}, err
	}
	id, gone, err := commitID("after", after)
	if err != nil {
		return Plan{}, err
	}
	deleted, err := o.flag("deleted")
	if err != nil {
		return Plan{}, err
	}
	if deleted != gone {
		return Plan{}, invalid("after", after, "id that goes with what \"deleted\" says")
	}
	if gone {
		return Plan{Provider: GitHub, Event: "push", Scan: Nothing, Branch: ref, Why: "the push only deletes a ref"}, nil
	}
	repository, err := o.object("repository")
	if err != nil {
		return Plan{}, err
	}
	base := DefaultBranch
	switch name, err := repository.text("default_branch"); {
	case err != nil:
		return Plan{}, err
	case name != "":
		if base, err = branchName("default_branch", name); err != nil {
			return Plan{}, err
		}
	}
	return push{GitHub, "push", ref, old, true, Commit{ID: id, Ref: ref}, base}.plan(), nil
}

func gitHubPull(event, merge string, o object) (Plan, error) {
	pull, err := o.object("pull_request")
	if err != nil {
		return Plan{}, err
	}
	base, err := pullEnd(pull, "base")
	if err != nil {
		return Plan{}, err
	}
	head, err := pullEnd(pull, "head")
	if err != nil {
		return Plan{}, err
	}
	n, err := pull.number("number")
	if err != nil {
		return Plan{}, err
	}
	head.Ref = "refs/pull/" + n + "/head"
	p := Plan{
		Provider: GitHub, Event: event, Scan: Range, Head: head, Bases: []Commit{base}, Change: true,
		Why: "the pull request brings what its branch has and " + strings.TrimPrefix(base.Ref, "refs/heads/") + " has not",
	}
	if event == "pull_request_target" {
		p.Warning = "pull_request_target runs with the secrets of this repository: never check out and run what the pull request brings"
		return p, nil // GITHUB_SHA is no merge
	}
	if merge != "" {
		if p.Merge.ID, err = someID("GITHUB_SHA", merge); err != nil {
			return Plan{}, err
		}
	}
	return p, nil
}

// pullEnd reads one of the two ends of a pull request.
func pullEnd(pull object, key string) (Commit, error) {
	end, err := pull.object(key)
	if err != nil {
		return Commit{}, err
	}
	sha, err := end.text("sha")
	if err != nil {
		return Commit{}, err
	}
	id, err := someID("pull_request."+key+".sha", sha)
	if err != nil {
		return Commit{}, err
	}
	name, err := end.text("ref")
	if err != nil {
		return Commit{}, err
	}
	ref, err := branchName("pull_request."+key+".ref", name)
	return Commit{ID: id, Ref: ref}, err
}

func gitHubMergeGroup(o object) (Plan, error) {
	group, err := o.object("merge_group")
	if err != nil {
		return Plan{}, err
	}
	var ends [2]Commit
	for i, key := range []string{"base", "head"} {
		sha, err := group.text(key + "_sha")
		if err != nil {
			return Plan{}, err
		}
		if ends[i].ID, err = someID("merge_group."+key+"_sha", sha); err != nil {
			return Plan{}, err
		}
		ref, err := group.text(key + "_ref")
		if err != nil {
			return Plan{}, err
		}
		if ends[i].Ref, err = branchName("merge_group."+key+"_ref", ref); err != nil {
			return Plan{}, err
		}
	}
	return Plan{
		Provider: GitHub, Event: "merge_group", Scan: Range, Head: ends[1], Bases: ends[:1:1], Change: true,
		Why: "the merge queue is about to bring this to " + strings.TrimPrefix(ends[0].Ref, "refs/heads/"),
	}, nil
}
