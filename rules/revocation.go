package rules

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Revocation says how a provider ends a credential for whoever holds it, by one request that the provider documents. It stands in a
// rule file under revocation, and rules name it. What cannot be ended so has none: its playbook says what a person does.
type Revocation struct {
	Name string `yaml:"-"`
	// Documented is the provider's page that says what the request does.
	Documented string `yaml:"documented"`
	// Dies is a sentence that names exactly what is dead afterwards. Spares is one on what stays: copies, sessions, other credentials.
	Dies   string `yaml:"dies"`
	Spares string `yaml:"spares"`
	// Undo is a sentence on how it is undone; empty where it cannot be.
	Undo string `yaml:"undo"`
	// Secret is an RE2 expression that matches somewhere in each secret which can be ended so; empty for all that the rule finds.
	Secret string `yaml:"secret"`
	// SelfHosted is as in [Liveness]: the server is one that the user names, and stands for {{.endpoint}}.
	SelfHosted bool `yaml:"self_hosted"`
	// Needs are facts and parts without which the requests cannot be made.
	Needs []string `yaml:"needs"`
	// Admin is another credential of the user, without which the provider does nothing; {{.admin}} stands for it.
	Admin Admin `yaml:"admin"`
	// Find is asked before, where the provider wants a name of its own for the credential.
	Find Find `yaml:"find"`
	// Request ends the credential. It is sent once and never again, whatever comes back.
	Request Request `yaml:"request"`
	// Answers are tried in order, as those of [Liveness]. Their verdicts are revoked, refused and unknown; what none fits is unknown.
	Answers []Answer `yaml:"answers"`
}

// Admin is a credential that the user has, and that is taken from the environment.
type Admin struct {
	// Env is the name of the variable.
	Env string `yaml:"env"`
	// Is says what it holds, for example "an Admin API key of the organization".
	Is string `yaml:"is"`
	// Form is an RE2 expression that it has to match, so that no other credential is sent in its place.
	Form string `yaml:"form"`
}

// Find looks a credential up in a list of the provider's. Exactly one entry has to be it.
type Find struct {
	// Request only reads: GET.
	Request Request `yaml:"request"`
	// List is the JSON path of the list. Whole are paths and RE2 expressions that hold only if the list has everything.
	List  string            `yaml:"list"`
	Whole map[string]string `yaml:"whole"`
	// Where are paths in an entry and the names of the values that have to stand there.
	Where map[string]string `yaml:"where"`
	// Take are names for values of the entry, and their paths in it. They hold no secrets.
	Take map[string]string `yaml:"take"`
}

// The verdicts of an answer to a revocation.
const (
	Revoked = "revoked"
	Refused = "refused"
)

// RevocationOf returns how a rule's credentials are ended; ok is false where skant knows no way. It needs rules that were read by [Load],
// [BuiltinWithDocs] or [BuiltinFor].
func (s *Set) RevocationOf(r *Rule) (v Revocation, ok bool) {
	if of, added := s.extra[r.ID]; added {
		if of.revocation == nil {
			return Revocation{}, false
		}
		return *of.revocation, true
	}
	v, ok = s.revocations[r.Provider+"/"+r.Revocation]
	return v, ok
}

// RevocationFor is [Set.RevocationOf] for one of the rule's secrets.
func (s *Set) RevocationFor(r *Rule, secret string) (v Revocation, ok bool) {
	v, ok = s.RevocationOf(r)
	if !ok {
		return v, false
	}
	fits, err := regexp.MatchString(v.Secret, secret)
	return v, err == nil && fits
}

// Finds reports whether something has to be looked up first.
func (v *Revocation) Finds() bool { return v.Find.Request.URL != "" }

// Revocable returns the rules whose credentials can be ended, in their order.
func (s *Set) Revocable() []*Rule {
	var out []*Rule
	for i := range s.rules {
		if _, ok := s.RevocationOf(&s.rules[i]); ok {
			out = append(out, &s.rules[i])
		}
	}
	return out
}

// leastSentence is how long a sentence that names what dies is at least, in bytes.
const leastSentence = 30

// validate returns everything that is wrong with it by itself.
func (v *Revocation) validate() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if u, err := url.Parse(v.Documented); err != nil || u.Scheme != "https" || u.Host == "" {
		bad("documented %q: write the https address of the provider's page; what is not documented is not done", v.Documented)
	}
	if len(v.Dies) < leastSentence || !strings.HasSuffix(v.Dies, ".") {
		bad("dies %q: write a sentence that names exactly what will be dead", v.Dies)
	}
	for name, text := range map[string]string{"spares": v.Spares, "undo": v.Undo} {
		if text != "" && !strings.HasSuffix(text, ".") {
			bad("%s %q: write a sentence", name, text)
		}
	}
	if _, err := regexp.Compile(v.Secret); err != nil {
		bad("secret: %w", err)
	}
	errs = append(errs, v.Admin.validate()...)
	sends := []string{"secret"}
	if v.Admin.Env != "" {
		sends = []string{"admin"}
	}
	errs = append(errs, v.Request.validate(v.SelfHosted, []string{"POST", "PUT", "PATCH", "DELETE"}, sends)...)
	if v.Finds() {
		errs = append(errs, v.Find.validate(v, sends)...)
	} else if v.Find.List != "" || len(v.Find.Where)+len(v.Find.Take)+len(v.Find.Whole) > 0 {
		bad("find: the request is missing")
	}
	seen := map[string]bool{}
	for i := range v.Answers {
		a := &v.Answers[i]
		seen[a.Verdict] = true
		for _, err := range a.validateAs([]string{Revoked, Refused, "unknown"}, []string{Revoked, Refused}) {
			bad("answer %d: %w", i+1, err)
		}
		if a.Verdict == Revoked && slices.ContainsFunc(a.Status, func(s int) bool { return s/100 != 2 }) {
			bad("answer %d: only a status of 200 to 299 says that something was revoked", i+1)
		}
		if a.Verdict == Revoked && len(a.Status) == 0 {
			bad("answer %d: it means revoked and asks for no status", i+1)
		}
		for path := range a.JSON {
			if strings.Contains(path, "{{") {
				bad("answer %d: JSON path %q: no values stand in paths here", i+1, path)
			}
		}
	}
	if !seen[Revoked] {
		bad("no answer means revoked")
	}
	return errs
}

func (a *Admin) validate() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if a.Env == "" {
		if a.Is != "" || a.Form != "" {
			bad("admin: env is missing: the variable that holds it")
		}
		return errs
	}
	if ok, err := regexp.MatchString(`^[A-Z][A-Z0-9_]{2,60}$`, a.Env); err != nil || !ok {
		bad("admin: env %q: write the name of a variable, as in ANTHROPIC_ADMIN_KEY", a.Env)
	}
	if a.Is == "" {
		bad("admin: is is missing: say what the variable holds")
	}
	if _, err := regexp.Compile(a.Form); err != nil || !strings.HasPrefix(a.Form, "^") {
		bad("admin: form %q: write an expression that begins with ^, so that no other credential is sent in its place", a.Form)
	}
	return errs
}

func (f *Find) validate(v *Revocation, sends []string) []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("find: "+format, args...)) }
	for _, err := range f.Request.validate(v.SelfHosted, []string{"", "GET"}, sends) {
		bad("%w", err)
	}
	if f.Request.Host() != v.Request.Host() {
		bad("it asks another host than the request")
	}
	if f.List == "" || len(f.Where) == 0 || len(f.Take) == 0 {
		bad("write list, where and take")
	}
	for path, pattern := range f.Whole {
		if _, err := regexp.Compile(pattern); err != nil {
			bad("whole: %s: %w", path, err)
		}
	}
	for name := range f.Take {
		if !factPattern().MatchString(name) || slices.Contains([]string{"secret", "admin", "endpoint"}, name) {
			bad("take %q: write a name as in api_key_id", name)
		}
	}
	return errs
}

// validateFor returns what does not go together with a rule: values that neither it nor the lookup finds.
func (v *Revocation) validateFor(r *Rule) []error {
	known := map[string]bool{"secret": true, "endpoint": true, "admin": v.Admin.Env != ""}
	if r.Fact != "" {
		known[r.Fact] = true
	}
	for _, p := range r.Parts {
		known[p.Name] = true
	}
	names, err := v.given()
	if err != nil {
		return nil // told already, of the request itself
	}
	var errs []error
	for _, name := range names {
		// What evidence states is known only once there is a value.
		if !known[name] && len(r.Evidence) == 0 {
			errs = append(errs, fmt.Errorf("revocation %q needs %q, which the rule does not find", v.Name, name))
		}
		if !known[name] && !slices.Contains(v.Needs, name) {
			errs = append(errs, fmt.Errorf("revocation %q: %q comes from evidence: list it under needs", v.Name, name))
		}
	}
	return errs
}

// given returns the names of the values that the requests are made from and that are not looked up.
func (v *Revocation) given() ([]string, error) {
	names, err := v.Request.Fields()
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return v.Find.Take[name] != "" })
	if v.Finds() {
		more, err := v.Find.Request.Fields()
		if err != nil {
			return nil, err
		}
		names = append(names, more...)
		for _, name := range v.Find.Where {
			names = append(names, name)
		}
	}
	names = append(names, v.Needs...)
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Given returns the names of the values that have to be at hand before anything is asked, "admin" among them where it is.
func (v *Revocation) Given() ([]string, error) { return v.given() }

// lintRevocation returns what would make a report of success a guess.
func lintRevocation(v *Revocation) []error {
	var errs []error
	note := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("revocation %q: "+format, append([]any{v.Name}, args...)...))
	}
	refused := false
	for i := range v.Answers {
		a := &v.Answers[i]
		refused = refused || a.Verdict == Refused
		if a.Verdict == Revoked && a.bare() && a.StatusAlone == "" {
			note("answer %d cannot tell revoked from unknown: ask for a part of the body or a header, or say in status_alone why the status is enough", i+1)
		}
	}
	if !refused {
		note("no answer means refused: say how the provider says no")
	}
	if v.Spares == "" {
		note("spares is missing: say what stays alive or known")
	}
	return errs
}
