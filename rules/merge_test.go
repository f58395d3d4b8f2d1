package rules

import "testing"

// TestMergeOverridesNothing: what added rules say of how they are asked about, and of how an incident ends, is theirs alone, whatever
// names they choose.
func TestMergeOverridesNothing(t *testing.T) {
	read := func(id, host, step string) *Set {
		set, err := Read([]byte(`provider: anthropic
playbooks:
  api-key: [{phase: stop, title: `+step+`}]
liveness:
  api-key:
    request: {url: 'https://`+host+`/x', headers: {X-Key: '{{.secret}}'}}
    answers:
      - {status: [200], json: {ok: ""}, verdict: live, says: It is.}
      - {status: [401], json: {no: ""}, verdict: dead, says: It is not.}
rules:
  - id: `+id+`
    title: Acme token
    severity: high
    playbook: api-key
    liveness: api-key
    anchors: [acme_]
    pattern: '\b(acme_[A-Za-z0-9]{24})\b'
    examples: {match: ['acme_<<alnum 24>>'], clean: [acme_x]}
`), id+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	builtin, err := BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	own, err := Merge(read("acme-one", "one.example", "First"), read("acme-two", "two.example", "Second"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := Merge(builtin, own)
	if err != nil {
		t.Fatal(err)
	}
	keep := func(*Rule) bool { return true }
	for id, want := range map[string][2]string{
		"acme-one": {"one.example", "First"}, "acme-two": {"two.example", "Second"}, "anthropic-api-key": {"api.anthropic.com", "Find the key by its hint"},
	} {
		for _, set := range []*Set{all, all.Filter(keep)} {
			r := set.Lookup(id)
			l, asked := set.LivenessOf(r)
			p, ok := set.PlaybookOf(r)
			if !asked || l.Request.Host() != want[0] || !ok || p.Steps[0].Title != want[1] {
				t.Errorf("%s: asks %q, %v; %v, %t", id, l.Request.Host(), asked, p, ok)
			}
		}
	}
	silent, err := Merge(builtin, own.Unasked())
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"acme-one": false, "acme-two": false, "anthropic-api-key": true} {
		r := silent.Lookup(id)
		if l, asked := silent.LivenessOf(r); asked != want {
			t.Errorf("%s: asked %t, at %q", id, asked, l.Request.Host())
		}
		if _, ok := silent.PlaybookOf(r); !ok {
			t.Errorf("%s has lost its playbook", id)
		}
	}
}

// TestOwnServersOfProvider: whether a provider has servers that others run does not depend on which rules are switched on, and added rules
// say it of themselves alone.
func TestOwnServersOfProvider(t *testing.T) {
	builtin, err := BuiltinFor([]string{"bitbucket-access-token", "github-personal-token"})
	if err != nil {
		t.Fatal(err)
	}
	rule := func(id, more string) string {
		return "\n  - {id: " + id + ", title: Acme, severity: high, anchors: [" + id + "_], pattern: '\\b(" + id + "_[a-z]{9})\\b', examples: {match: [x], clean: [y]}" + more + "}"
	}
	own, err := Read([]byte(`provider: github
liveness:
  own:
    self_hosted: true
    request: {url: '{{.endpoint}}/x', headers: {X-Key: '{{.secret}}'}}
    answers: [{status: [200], json: {ok: ""}, verdict: live, says: It is.}, {status: [401], json: {no: ""}, verdict: dead, says: It is not.}]
rules:`+rule("acmeone", ", liveness: own")+rule("acmetwo", "")), "own.yaml")
	if err != nil {
		t.Fatal(err)
	}
	one := func(id string) func(*Rule) bool { return func(r *Rule) bool { return r.ID == id } }
	for id, want := range map[string]bool{"bitbucket-access-token": true, "github-personal-token": false, "acmeone": true, "acmetwo": true} {
		all, err := Merge(builtin, own)
		if err != nil {
			t.Fatal(err)
		}
		for what, set := range map[string]*Set{"all": all, "it alone": all.Filter(one(id))} {
			if got := set.HasOwnServers(set.Lookup(id)); got != want {
				t.Errorf("%s of %s: %t", id, what, got)
			}
		}
	}
	silent, err := Merge(builtin, own.Unasked())
	if err != nil {
		t.Fatal(err)
	}
	if silent.HasOwnServers(silent.Lookup("acmetwo")) {
		t.Error("what must not say whom to ask says that there are servers of others")
	}
}
