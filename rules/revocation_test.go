package rules

import (
	"fmt"
	"strings"
	"testing"
)

// revocationFile is a rule file with one entry, in which parts can be replaced.
const revocationFile = `
provider: acme
revocation:
  key:
    documented: https://docs.acme.example/revoke
    dies: This key, for everybody who uses it.
    spares: Other keys stay.
    request:
      method: DELETE
      url: 'https://api.acme.example/v1/keys/self'
      headers: {Authorization: 'Bearer {{.secret}}'}
    answers:
      - {status: [200], json: {revoked: '^true$'}, verdict: revoked, says: It is revoked.}
      - {status: [401], json: {error: ''}, verdict: refused, says: It is not known.}
rules:
  - {id: acme-key, title: Acme key, severity: high, anchors: [acmekey_], pattern: '(acmekey_[A-Za-z0-9]{24})', why: x, revocation: key, examples: {match: [x], clean: [y]}}
`

func TestRevocationIsStrict(t *testing.T) {
	if _, err := Read([]byte(revocationFile), "acme.yaml"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ from, to, want string }{
		{"    documented: https://docs.acme.example/revoke\n", "", "documented"},
		{"https://docs.acme.example/revoke", "http://docs.acme.example/revoke", "documented"},
		{"This key, for everybody who uses it.", "It.", "dies"},
		{"This key, for everybody who uses it.", "the key of everybody who uses it", "dies"},
		{"Other keys stay.", "Other keys stay", "spares"},
		{"    spares: Other", "    undo: make it again\n    spares: Other", "undo"},
		{"    spares: Other", "    secret: '('\n    spares: Other", "secret"},
		{"    spares: Other", "    surprise: 1\n    spares: Other", `unknown key "surprise"`},
		{"method: DELETE", "method: GET", "known are POST, PUT, PATCH, DELETE"},
		{"      method: DELETE\n", "", "method"},
		{"https://api.acme.example/v1/keys/self", "http://api.acme.example/v1/keys/self", "https"},
		{"https://api.acme.example/v1/keys/self", "{{.endpoint}}/v1/keys/self", "self_hosted"},
		{"https://api.acme.example/v1/keys/self", "https://api.acme.example/v1/keys/{{.secret}}", "could lead elsewhere"},
		{"'Bearer {{.secret}}'", "'Bearer x'", "does not send the secret"},
		{"'Bearer {{.secret}}'", "'Bearer {{.secret}}{{.region}}'", `needs "region"`},
		{"'Bearer {{.secret}}'", "'Bearer {{if .secret}}{{end}}'", "between {{ and }}"},
		{"verdict: revoked", "verdict: dead", "known are revoked, refused, unknown"},
		{"verdict: revoked", "verdict: unknown", "no answer means revoked"},
		{"status: [200], ", "", "asks for no status"},
		{"status: [200]", "status: [404]", "only a status of 200 to 299"},
		{"status: [401]", "status: [503]", "cannot be refused"},
		{"status: [401]", "status: [302]", "redirects"},
		{"{revoked: '^true$'}", "{'{{.secret}}': '^true$'}", "no values stand in paths"},
		{"revocation: key,", "revocation: kee,", `"kee" is not in this file`},
		{"    spares: Other", "    admin: {env: lower, is: x, form: '^a'}\n    spares: Other", "name of a variable"},
		{"    spares: Other", "    admin: {env: ACME_ADMIN, form: '^a'}\n    spares: Other", "say what the variable holds"},
		{"    spares: Other", "    admin: {env: ACME_ADMIN, is: x, form: 'a'}\n    spares: Other", "begins with ^"},
		{"    spares: Other", "    admin: {env: ACME_ADMIN, is: x, form: '^a'}\n    spares: Other", "does not send the admin"},
		{"    spares: Other", "    find: {list: data, where: {a: secret}, take: {b: c}}\n    spares: Other", "request is missing"},
		{"    spares: Other", "    find: {request: {method: POST, url: 'https://api.acme.example/l', headers: {X: '{{.secret}}'}}, list: data, where: {a: secret}, take: {b: c}}\n    spares: Other", "known are GET"},
		{"    spares: Other", "    find: {request: {url: 'https://evil.example/l', headers: {X: '{{.secret}}'}}, list: data, where: {a: secret}, take: {b: c}}\n    spares: Other", "another host"},
		{"    spares: Other", "    find: {request: {url: 'https://api.acme.example/l', headers: {X: '{{.secret}}'}}, list: data, where: {a: secret}, take: {secret: c}}\n    spares: Other", "take \"secret\""},
		{"    spares: Other", "    find: {request: {url: 'https://api.acme.example/l', headers: {X: '{{.secret}}'}}, list: data, where: {a: hint}, take: {b: c}}\n    spares: Other", `needs "hint"`},
	} {
		text := strings.Replace(revocationFile, tt.from, tt.to, 1)
		if text == revocationFile {
			t.Fatalf("%q is not in the file", tt.from)
		}
		_, err := Read([]byte(text), "acme.yaml")
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s -> %s:\nwant %q, got %v", tt.from, tt.to, tt.want, err)
		}
	}
}

func TestRevocationIsLinted(t *testing.T) {
	for from, want := range map[string]string{
		"json: {revoked: '^true$'}, ":    "cannot tell revoked from unknown",
		"    spares: Other keys stay.\n": "spares is missing",
		"      - {status: [401], json: {error: ''}, verdict: refused, says: It is not known.}\n": "no answer means refused",
	} {
		set, err := Read([]byte(strings.Replace(revocationFile, from, "", 1)), "acme.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(Lint(set)); !strings.Contains(got, want) {
			t.Errorf("without %q: want %q, got %s", from, want, got)
		}
	}
}

// A repository's rules say neither whom secrets are sent to nor what is ended, whatever names they have; and rules that are added keep what
// their own file says.
func TestRevocationOfAddedRules(t *testing.T) {
	own, err := Read([]byte(revocationFile), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	base, err := Read([]byte(strings.NewReplacer("acme-key", "acme-base", "api.acme.example", "base.acme.example").Replace(revocationFile)), "base.yaml")
	if err != nil {
		t.Fatal(err)
	}
	both, err := Merge(base, own)
	if err != nil {
		t.Fatal(err)
	}
	for id, host := range map[string]string{"acme-key": "api.acme.example", "acme-base": "base.acme.example"} {
		v, ok := both.RevocationOf(both.Lookup(id))
		if !ok || v.Request.Host() != host {
			t.Errorf("%s goes to %q", id, v.Request.Host())
		}
	}
	unasked, err := Merge(base, own.Unasked())
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := unasked.RevocationOf(unasked.Lookup("acme-key")); ok {
		t.Errorf("a repository's rule ends secrets at %q", v.Request.Host())
	}
	if len(unasked.Revocable()) != 1 || len(both.Revocable()) != 2 {
		t.Errorf("%d and %d rules", len(unasked.Revocable()), len(both.Revocable()))
	}
}

// What decides on a secret is its form, where the entry asks for one.
func TestRevocationForSecret(t *testing.T) {
	set, err := Read([]byte(strings.Replace(revocationFile, "    spares: Other", "    secret: '^acmekey_A'\n    spares: Other", 1)), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for secret, want := range map[string]bool{"acmekey_ABC": true, "acmekey_BCD": false} {
		if _, ok := set.RevocationFor(set.Lookup("acme-key"), secret); ok != want {
			t.Errorf("%s: %v", secret, ok)
		}
	}
}

// The built-in entries are there without the checks of Load, too, and belong to rules that can be found.
func TestBuiltinRevocations(t *testing.T) {
	set, err := BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, r := range set.Revocable() {
		used[r.Provider+"/"+r.Revocation] = true
		of, err := BuiltinFor([]string{r.ID})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := of.RevocationOf(of.Lookup(r.ID)); !ok {
			t.Errorf("%s: BuiltinFor loses its revocation", r.ID)
		}
	}
	for name := range set.revocations {
		if !used[name] {
			t.Errorf("no rule uses %s", name)
		}
	}
	if len(used) < 15 {
		t.Errorf("only %d ways", len(used))
	}
	t.Logf("%d rules can be revoked in %d ways", len(set.Revocable()), len(used))
}
