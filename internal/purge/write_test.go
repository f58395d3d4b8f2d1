package purge

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/scanner"
)

// full is a plan that has something of everything, with the text in each name that can have one.
func full(t *testing.T) *Plan {
	t.Helper()
	b := newBox(t)
	b.commit("a", "clean\n", "one")
	b.commit("a", leak+"\n", "two")
	b.git("", "remote", "add", "origin", "git@github.com:o/r.git")
	b.git("", "branch", "fix-"+leak)
	b.git("", "tag", "-a", "-m", "words "+leak, "v1")
	signed := b.git(b.git("", "cat-file", "tag", "v1")+"\n-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----\n", "hash-object", "-t", "tag", "-w", "--stdin", "--literally")
	b.git("", "update-ref", "refs/tags/signed-"+leak, signed)
	b.git("", "update-ref", "refs/odd/blob", b.git("", "rev-parse", "HEAD:a"))
	p, err := b.planWith(func(in *Input) {
		in.Remote, in.Only = "origin", []string{"abab"}
		in.Report.Findings = append(in.Report.Findings,
			scanner.Finding{Fingerprint: strings.Repeat("ab", 16), RuleID: "some-rule", Location: scanner.Location{Kind: scanner.KindHook, Path: ".git/hooks/" + leak}},
			scanner.Finding{Fingerprint: strings.Repeat("ab", 16), RuleID: "some-rule", Location: scanner.Location{Kind: scanner.KindFile, Path: ".git/lfs/objects/x"}})
	})
	if err != nil {
		t.Fatal(err)
	}
	p.RemoteRefs = map[string]pack.ID{}
	for name, id := range map[string]string{"refs/pull/1/head": b.git("", "rev-parse", "HEAD"), "refs/pull/2/" + leak: b.git("", "rev-parse", "HEAD"), "refs/pull/3/head": b.git("", "rev-parse", "HEAD~1"), "refs/pull/4/head": strings.Repeat("1", 40)} {
		if p.RemoteRefs[name], err = pack.ParseID(id); err != nil {
			t.Fatal(err)
		}
	}
	p.add("git-filter-repo", Blocks, "a command", "made up")
	return p
}

// TestPlanFollowsItsSchema compares the JSON of a plan with docs/purge-plan.schema.json, both ways.
func TestPlanFollowsItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../docs/purge-plan.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := full(t).JSON(&out); err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return err
		}
		return schema.Validate(v)
	}
	if err := valid(out.String()); err != nil {
		t.Errorf("%v in\n%s", err, out.String())
	}
	for _, c := range [][2]string{
		{`"state": "blocks"`, `"state": "stops the purge"`}, {`"number": 1`, `"number": 0`}, {`"remote_asked": true`, `"remote_asked": null`}, {`"schema_version": "1.0"`, `"schema_version": "2.0"`},
		{`"ready": false`, `"ready": false, "new": 1`}, {`"renamed": true`, `"renamed": "yes"`}, {`"pull_refs_unknown": 1`, `"pull_refs_unknown": -1`}, {`"first_changed_commits": [`, `"first_changed_commits": ["x",`},
	} {
		bad := strings.Replace(out.String(), c[0], c[1], 1)
		if bad == out.String() {
			t.Fatalf("%s is not in\n%s", c[0], bad)
		}
		if valid(bad) == nil {
			t.Errorf("the schema takes %s", c[1])
		}
	}
	// Every key of the schema is in this plan, so that none is described that nobody writes.
	text, err := os.ReadFile("../../docs/purge-plan.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if keys, ok := v["properties"].(map[string]any); ok {
				for key := range keys {
					if !strings.Contains(out.String(), `"`+key+`":`) {
						t.Errorf("the plan has no %q", key)
					}
				}
			}
			for _, child := range v {
				walk(child)
			}
		}
	}
	walk(tree)
}

// TestPlanShowsNothing holds that no form of a plan has the text, wherever it stood.
func TestPlanShowsNothing(t *testing.T) {
	p := full(t)
	var text, doc bytes.Buffer
	if err := p.Text(&text); err != nil {
		t.Fatal(err)
	}
	if err := p.JSON(&doc); err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{"text": text.String(), "json": doc.String(), "markdown": p.Markdown(nil)} {
		if strings.Contains(out, leak) {
			t.Errorf("%s shows the text\n%s", name, out)
		}
		for _, want := range []string{"fix-REMOVED", "Ruleset", "protected branches", "skant recover purge --only abab --yes", "made up", "a command"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not say %q\n%s", name, want, out)
			}
		}
		if strings.Contains(out, "Bitbucket") {
			t.Errorf("%s tells of another host", name)
		}
	}
	for _, want := range []string{"2 known, 1 more", "refs/pull/1/head", "refs/pull/2/REMOVED", "Git LFS objects to be removed: <OIDS>", "Annotated tags that hold"} {
		if !strings.Contains(p.letter(), want) {
			t.Errorf("the letter does not say %q\n%s", want, p.letter())
		}
	}
	if strings.Contains(p.letter(), "refs/pull/3/") {
		t.Error("the letter names a pull request that is not concerned")
	}
	if !strings.HasPrefix(text.String(), "1 thing stands in the way") {
		t.Errorf("the first line does not say what stands in the way:\n%s", text.String())
	}
}

func TestServerOf(t *testing.T) {
	for in, want := range map[string]string{
		"https://github.com/o/r": "github.com", "git@GitHub.com:o/r.git": "github.com", "ssh://git@ssh.github.com:443/o/r": "ssh.github.com",
		"ssh.dev.azure.com:v3/o/p/r": "ssh.dev.azure.com", "/srv/r.git": "", "file:///srv/r.git": "", "../r": "..", "https://github.com.evil.example/o": "github.com.evil.example",
	} {
		if got := serverOf(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestHosts holds which hosts a plan tells of, by the address of the remote.
func TestHosts(t *testing.T) {
	b := newBox(t)
	b.commit("a", leak+"\n", "one")
	b.git("", "remote", "add", "origin", "x")
	for address, want := range map[string]string{
		"https://github.com/o/r": "GitHub", "git@gitlab.com:o/r.git": "GitLab", "ssh://git@ssh.github.com:443/o/r": "GitHub", "git@ssh.dev.azure.com:v3/o/p/r": "Azure DevOps",
		"https://me@org.visualstudio.com/p/_git/r": "Azure DevOps", "https://bitbucket.org/o/r": "Bitbucket Cloud", "https://codeberg.org/o/r": "Gitea and Forgejo", "/srv/r.git": "A server of your own",
		"https://github.com.example.org/o": "", "https://notgithub.com/o": "", "git@git.example.org:o/r": "",
	} {
		b.git("", "remote", "set-url", "origin", address)
		p, err := b.planWith(func(in *Input) { in.Remote = "origin" })
		if err != nil {
			t.Fatal(err)
		}
		got := p.hosts()
		if want == "" && len(got) != len(knownHosts) || want != "" && (len(got) != 1 || got[0].name != want) {
			t.Errorf("%s: %d hosts, the first is %s; want %q", address, len(got), got[0].name, want)
		}
	}
}
