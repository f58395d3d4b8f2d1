package config

import (
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/rules"
)

// Value is one effective value and where it comes from.
type Value[T any] struct {
	Is     T
	Origin Origin
}

// Effective is what is set, after all layers were laid over each other.
type Effective struct {
	// RuleFiles are the files of own rules. Those of a repository are paths below its top, those of the user's own file are
	// relative to that file's folder, others to the current one.
	RuleFiles []Item
	// Disable and Only are ids of rules, or patterns of them; see [Effective.Select].
	Disable, Only   []Item
	MinConfidence   Value[rules.Confidence]
	IncludeExamples Value[bool]
	// MaxSize is in bytes.
	MaxSize Value[int64]
	// Timeout 0 means none.
	Timeout Value[time.Duration]
	// Ignore are lines with the syntax of .skantignore, relative to the repository's top.
	Ignore []Item
	// Baseline is a path below the repository's top.
	Baseline                 Value[string]
	CompatAllow, StrictAllow Value[bool]
	// FailOn is new, all, live or none.
	FailOn Value[string]
	// Output are FORMAT or FORMAT=PATH; none means that nothing was said of it.
	Output []Item
	// OnError is block or allow.
	OnError Value[string]
	Verify  Verify

	values Values
	// off are the rules that are switched off, and by what; Select fills it.
	off map[string]Origin
	// total is how many rules there were before that.
	total int
}

// Verify is the policy about asking providers whether secrets are alive.
type Verify struct {
	Enabled, OnlyLive, Canaries Value[bool]
	// Endpoints are PROVIDER=URL, one for each provider.
	Endpoints []Item
}

// Resolve lays layers over each other, of which any may be nil: flags win over the environment, that over the repository's
// file, that over the user's. Of lists that add up every layer's items count, the uppermost layer's first; but of patterns of
// paths the uppermost layer's are the last, since the last one that fits a path decides.
func Resolve(user, repository, environment, flags Values) (*Effective, error) {
	merged := Values{}
	for _, s := range settings() {
		for _, layer := range []Values{flags, environment, repository, user} {
			items, set := layer[s.key]
			if !set {
				continue
			}
			merged[s.key] = append(merged[s.key], items...)
			if !s.adds {
				merged[s.key] = append([]Item{}, items...)
				break
			}
		}
		if s.key == "paths.ignore" {
			slices.SortStableFunc(merged[s.key], func(a, b Item) int { return int(a.Origin.Layer) - int(b.Origin.Layer) })
		}
		if s.kind == hosts {
			merged[s.key] = uppermost(merged[s.key])
		}
		if _, set := merged[s.key]; !set && !s.kind.many() {
			merged[s.key] = []Item{{s.initial, Origin{}}}
		}
	}
	var errs []error
	for _, e := range contradictions(merged) {
		errs = append(errs, e)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	e := &Effective{values: merged}
	return e, e.fill()
}

// uppermost keeps the first of the items PROVIDER=URL of each provider.
func uppermost(items []Item) []Item {
	seen := map[string]bool{}
	var kept []Item
	for _, item := range items {
		provider, _, _ := strings.Cut(item.Text, "=")
		if !seen[provider] {
			seen[provider] = true
			kept = append(kept, item)
		}
	}
	return kept
}

// fill writes the typed fields. What it can fail at are flags: everything else was judged where it was read.
func (e *Effective) fill() error {
	one := func(key string) Item { return e.values[key][0] }
	flag := func(key string) Value[bool] { return Value[bool]{one(key).Text == "true", one(key).Origin} }
	name := func(key string) Value[string] { return Value[string]{one(key).Text, one(key).Origin} }
	e.RuleFiles, e.Disable, e.Only = e.values["rules.files"], e.values["rules.disable"], e.values["rules.only"]
	e.Ignore, e.Output = e.values["paths.ignore"], e.values["output"]
	e.IncludeExamples = flag("include-examples")
	e.CompatAllow, e.StrictAllow = flag("allow.compat"), flag("allow.strict")
	e.Baseline, e.FailOn, e.OnError = name("baseline"), name("fail-on"), name("hooks.on-error")
	e.Verify = Verify{flag("verify.enabled"), flag("verify.only-live"), flag("verify.canaries"), e.values["verify.endpoints"]}
	least := one("min-confidence")
	e.MinConfidence = Value[rules.Confidence]{rules.Confidence(least.Text), least.Origin}
	bytes, err := ParseSize(one("max-size").Text)
	e.MaxSize = Value[int64]{bytes, one("max-size").Origin}
	limit, err2 := time.ParseDuration(one("timeout").Text)
	e.Timeout = Value[time.Duration]{limit, one("timeout").Origin}
	return errors.Join(err, err2)
}

// MaxSizeText returns the largest size that is read as it was written.
func (e *Effective) MaxSizeText() string { return e.values["max-size"][0].Text }

// contradictions returns what cannot be meant in values each of which is good by itself.
func contradictions(values Values) []*Error {
	var list []*Error
	fail := func(item Item, key, what, instead string) {
		list = append(list, &Error{Origin: item.Origin, Key: key, Problem: what, Instead: instead})
	}
	off := map[string]Item{}
	for _, item := range values["rules.disable"] {
		off[item.Text] = item
	}
	for _, item := range values["rules.only"] {
		if other, both := off[item.Text]; both {
			fail(item, "rules.only", "rules.disable switches "+quote(item.Text)+" off in "+other.Origin.String(), "take it out of one of the two lists")
		}
	}
	if e := everything(values["paths.ignore"]); e != nil {
		list = append(list, e)
	}
	paths := map[string]Item{}
	for _, item := range values["output"] {
		_, file, hasPath := strings.Cut(item.Text, "=")
		if item.Text == "github" { // commands in a log, which stand beside another output
			continue
		}
		if hasPath {
			file = "=" + path.Clean(strings.ReplaceAll(file, `\`, "/"))
		}
		if other, twice := paths[file]; twice && item.Origin.Layer != Flag { // those of flags are judged with the flags
			where := "standard output"
			if hasPath {
				where = quote(file[1:])
			}
			fail(item, "output", quote(item.Text)+" and "+quote(other.Text)+" would both go to "+where, "give every output but one a file of its own")
		}
		paths[file] = item
	}
	files := map[string]bool{}
	for _, item := range values["rules.files"] {
		id := item.Text + "\x00" + item.Origin.Name
		if files[id] {
			fail(item, "rules.files", quote(item.Text)+" stands twice", "take one of the two out")
		}
		files[id] = true
	}
	return list
}

// Row is one setting as it is shown.
type Row struct {
	Key string
	// List says that there may be any number of items; otherwise there is one.
	List  bool
	Items []Item
}

// Rows returns every setting with its effective value, in the order of the documentation.
func (e *Effective) Rows() []Row {
	var rows []Row
	for _, s := range settings() {
		rows = append(rows, Row{s.key, s.kind.many(), e.values[s.key]})
	}
	return rows
}

// Flags returns the name of the flag that sets each setting which has one, without dashes.
func Flags() map[string]string {
	names := map[string]string{}
	for _, s := range settings() {
		if s.flag != "" {
			names[s.key] = s.flag
		}
	}
	return names
}

// DefaultOf returns the default of a setting that is no list, as text.
func DefaultOf(key string) string {
	s, _ := lookup(key)
	return s.initial
}

// Weaker returns every value that makes a scan find, report or stop less than the defaults do, except those of flags, which
// whoever runs the program has just typed.
func (e *Effective) Weaker() []Row {
	weak := map[string]func(text string) bool{
		"rules.disable":    func(string) bool { return true },
		"rules.only":       func(string) bool { return true },
		"paths.ignore":     func(text string) bool { return !strings.HasPrefix(text, "!") },
		"min-confidence":   func(text string) bool { return rules.Confidence(text).Rank() > rules.MediumConfidence.Rank() },
		"allow.compat":     func(text string) bool { return text == "true" },
		"fail-on":          func(text string) bool { return text == "live" || text == "none" },
		"verify.only-live": func(text string) bool { return text == "true" },
		"hooks.on-error":   func(text string) bool { return text == "allow" },
	}
	var rows []Row
	for _, r := range e.Rows() {
		isWeak := weak[r.Key]
		if isWeak == nil {
			continue
		}
		r.Items = slices.DeleteFunc(slices.Clone(r.Items), func(i Item) bool {
			return i.Origin.Layer == Default || i.Origin.Layer == Flag || !isWeak(i.Text)
		})
		if len(r.Items) > 0 {
			rows = append(rows, r)
		}
	}
	return rows
}
