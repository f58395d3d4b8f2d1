// Package gitleaks makes rules of a configuration file of gitleaks, for users who bring their own rules along. What has no
// counterpart is listed, rule by rule, so that nobody believes it to be carried over.
package gitleaks

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"gopkg.in/yaml.v3"

	"github.com/skant-dev/skant/rules"
)

// provider is the namespace of what is imported.
const provider = "imported"

// config is the part of the format that is understood. Everything else is an unknown key, which is noted.
type config struct {
	Title      string      `toml:"title"`
	Version    any         `toml:"minVersion"`
	Describe   string      `toml:"description"`
	Extend     *extend     `toml:"extend"`
	Allowlist  *allowlist  `toml:"allowlist"`
	Allowlists []allowlist `toml:"allowlists"`
	Rules      []rule      `toml:"rules"`
}

type extend struct {
	UseDefault    bool     `toml:"useDefault"`
	Path          string   `toml:"path"`
	URL           string   `toml:"url"`
	DisabledRules []string `toml:"disabledRules"`
}

type rule struct {
	ID          string      `toml:"id"`
	Description string      `toml:"description"`
	Regex       string      `toml:"regex"`
	Path        string      `toml:"path"`
	SecretGroup int         `toml:"secretGroup"`
	Entropy     float64     `toml:"entropy"`
	Keywords    []string    `toml:"keywords"`
	Tags        []string    `toml:"tags"`
	SkipReport  bool        `toml:"skipReport"`
	Required    any         `toml:"required"`
	Allowlist   *allowlist  `toml:"allowlist"`
	Allowlists  []allowlist `toml:"allowlists"`
}

type allowlist struct {
	Description string   `toml:"description"`
	Condition   string   `toml:"condition"`
	Commits     []string `toml:"commits"`
	Paths       []string `toml:"paths"`
	RegexTarget string   `toml:"regexTarget"`
	Regexes     []string `toml:"regexes"`
	StopWords   []string `toml:"stopwords"`
	TargetRules []string `toml:"targetRules"`
}

// Rule is one imported rule, in the form in which it is written out.
type Rule struct {
	ID         string         `yaml:"id"`
	Title      string         `yaml:"title"`
	Why        string         `yaml:"why"`
	Severity   rules.Severity `yaml:"severity"`
	Docs       []string       `yaml:"docs,omitempty"`
	Anchors    []string       `yaml:"anchors"`
	Fold       bool           `yaml:"fold"`
	Pattern    string         `yaml:"pattern"`
	Checks     checks         `yaml:"checks,omitempty"`
	Confidence string         `yaml:"confidence"`
	Examples   examples       `yaml:"examples"`
}

type checks struct {
	Entropy       float64  `yaml:"entropy,omitempty"`
	Forbid        []string `yaml:"forbid,omitempty"`
	ForbidContext []string `yaml:"forbid_context,omitempty"`
	Paths         []string `yaml:"paths,omitempty"`
	NotPaths      []string `yaml:"not_paths,omitempty"`
}

type examples struct {
	Match []string `yaml:"match"`
	Clean []string `yaml:"clean"`
}

// Imported is what came of a configuration.
type Imported struct {
	// Found is how many rules the configuration has.
	Found int
	Rules []Rule
	// Notes say what was not carried over, and why; each begins with the rule's id where it is about one.
	Notes []string
}

// YAML returns rules as a rule file.
func YAML(list []Rule) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# Imported from a configuration of gitleaks.\n")
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	err := enc.Encode(struct {
		Provider string `yaml:"provider"`
		Rules    []Rule `yaml:"rules"`
	}{provider, list})
	return b.Bytes(), errors.Join(err, enc.Close())
}

// Import reads a configuration. An error means that it is no TOML, or has no rule; what is wrong with one rule is a note.
func Import(data []byte) (*Imported, error) {
	var c config
	var im Imported
	dec := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	var unknown *toml.StrictMissingError
	if err := dec.Decode(&c); errors.As(err, &unknown) {
		for _, e := range unknown.Errors {
			im.note("", "the key %q is not known", strings.Join(e.Key(), "."))
		}
	} else if err != nil {
		return nil, fmt.Errorf("read configuration of gitleaks: %w", err)
	}
	if len(c.Rules) == 0 {
		return nil, errors.New("read configuration of gitleaks: it has no rule of its own")
	}
	im.Found = len(c.Rules)
	if e := c.Extend; e != nil {
		im.noteExtend(e)
	}
	global := c.Allowlists
	if c.Allowlist != nil {
		global = append(global, *c.Allowlist)
	}
	seen := map[string]bool{}
	for i := range c.Rules {
		r, err := im.rule(&c.Rules[i], global)
		switch {
		case err != nil:
			im.note(c.Rules[i].ID, "%v", err)
		case seen[r.ID]:
			im.note(c.Rules[i].ID, "left out: another rule has the same id")
		default:
			seen[r.ID] = true
			im.Rules = append(im.Rules, *r)
		}
	}
	return &im, nil
}

func (im *Imported) note(id, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if id != "" {
		text = id + ": " + text
	}
	im.Notes = append(im.Notes, text)
}

func (im *Imported) noteExtend(e *extend) {
	if e.UseDefault {
		im.note("", "extend.useDefault: the rules of gitleaks are not taken over; the built-in rules of skant stand in their place")
	}
	if e.Path != "" || e.URL != "" {
		im.note("", "extend: import %q by itself", e.Path+e.URL)
	}
	if len(e.DisabledRules) > 0 {
		im.note("", "extend.disabledRules: the rules of gitleaks are not taken over, so none is switched off")
	}
}

// rule translates one rule. An error says why it is left out.
func (im *Imported) rule(in *rule, global []allowlist) (*Rule, error) {
	switch {
	case in.ID == "":
		return nil, errors.New("left out: it has no id")
	case in.Regex == "":
		return nil, errors.New("left out: it goes by the path alone, and has no regex")
	case in.SkipReport || in.Required != nil:
		return nil, errors.New("left out: it is a part of another (skipReport, required); write it as `parts`, see docs/rules.md")
	}
	pattern, parsed, err := onlyGroup(in.Regex, in.SecretGroup)
	if err != nil {
		return nil, fmt.Errorf("left out: %w", err)
	}
	anchors := required(parsed)
	if anchors == nil {
		return nil, errors.New("left out: there is no literal of 3 bytes that every match has, by which skant could search")
	}
	r := &Rule{
		ID: provider + "-" + identifier(in.ID), Title: in.Description, Severity: rules.High, Confidence: string(rules.HighConfidence),
		Why: "Imported from the rule " + in.ID + " of a configuration of gitleaks.", Anchors: anchors, Fold: true, Pattern: pattern,
	}
	if r.Title == "" {
		r.Title = in.ID
	}
	if len(in.Keywords) > 0 && !slices.ContainsFunc(in.Keywords, func(k string) bool { return strings.Contains(strings.ToLower(in.Regex), strings.ToLower(k)) }) {
		im.note(in.ID, "keywords are not asked for: the rule matches where none of %q stands in the file, too", in.Keywords)
	}
	r.Checks.Entropy = in.Entropy
	if in.Path != "" {
		r.Checks.Paths = []string{in.Path}
	}
	lists := append(append([]allowlist{}, global...), in.Allowlists...)
	if in.Allowlist != nil {
		lists = append(lists, *in.Allowlist)
	}
	for i := range lists {
		im.allow(in.ID, r, &lists[i])
	}
	if r.Examples, err = makeExamples(r, parsed); err != nil {
		return nil, fmt.Errorf("left out: %w", err)
	}
	return r, nil
}

// allow turns an allowlist into checks of a rule.
func (im *Imported) allow(id string, r *Rule, a *allowlist) {
	if len(a.TargetRules) > 0 && !slices.Contains(a.TargetRules, id) {
		return
	}
	kinds := 0
	for _, n := range []int{len(a.Commits), len(a.Paths), len(a.Regexes), len(a.StopWords)} {
		if n > 0 {
			kinds++
		}
	}
	if strings.EqualFold(a.Condition, "AND") && kinds > 1 {
		im.note(id, "an allowlist whose conditions must all hold is not carried over")
		return
	}
	if len(a.Commits) > 0 {
		im.note(id, "allowed commits are not carried over: put what they hold into the ignore file")
	}
	for _, p := range a.Regexes {
		if _, err := regexp.Compile(p); err != nil {
			im.note(id, "an allowed regex is not carried over: %v", err)
			continue
		}
		r.Checks.Forbid = append(r.Checks.Forbid, p)
		if a.RegexTarget == "line" || a.RegexTarget == "match" {
			r.Checks.ForbidContext = append(r.Checks.ForbidContext, p)
			im.note(id, "an allowed regex of the whole %s is asked of the value and of its line without the value", a.RegexTarget)
		}
	}
	for _, w := range a.StopWords {
		r.Checks.Forbid = append(r.Checks.Forbid, "(?i)"+regexp.QuoteMeta(w))
	}
	for _, p := range a.Paths {
		if _, err := regexp.Compile(p); err != nil {
			im.note(id, "an allowed path is not carried over: %v", err)
			continue
		}
		r.Checks.NotPaths = append(r.Checks.NotPaths, p)
	}
}

// identifier makes an id of whatever a rule was called.
func identifier(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') })
	return strings.Join(words, "-")
}

// onlyGroup makes the group with the secret the first and only one: the given one, or, for 0, the first if there is
// exactly one that can be it, else all of the match.
func onlyGroup(pattern string, group int) (string, *syntax.Regexp, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", nil, fmt.Errorf("the regex does not compile: %w", err)
	}
	n := re.MaxCap()
	if group > n {
		return "", nil, fmt.Errorf("secretGroup is %d of %d", group, n)
	}
	if group == 0 && n >= 1 {
		group = 1
	}
	if n == 0 {
		return "(" + pattern + ")", re, nil
	}
	stripped := strip(re, group)
	return stripped.String(), stripped, nil
}

// strip takes away all groups but one.
func strip(re *syntax.Regexp, keep int) *syntax.Regexp {
	out := *re
	out.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		out.Sub[i] = strip(sub, keep)
	}
	if re.Op == syntax.OpCapture && re.Cap != keep {
		return out.Sub[0]
	}
	if re.Op == syntax.OpCapture {
		out.Name = ""
	}
	return &out
}
