package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxRuleFile bounds the size of one rule file, in bytes.
const maxRuleFile = 8 << 20

// defaultPriority is the priority of a rule that does not state one.
const defaultPriority = 50

// Error is one thing that is wrong with a rule file. [Load] returns all of them at once, joined.
type Error struct {
	File string
	Line int
	// Rule is the id of the rule concerned; empty where the file as a whole is.
	Rule string
	Err  error
}

func (e *Error) Error() string {
	where := fmt.Sprintf("%s:%d", e.File, e.Line)
	if e.Rule != "" {
		where += ": rule " + e.Rule
	}
	return where + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// file is one rule file.
type file struct {
	Provider   string                `yaml:"provider"`
	Playbooks  map[string][]Step     `yaml:"playbooks"`
	Liveness   map[string]Liveness   `yaml:"liveness"`
	Revocation map[string]Revocation `yaml:"revocation"`
	Rules      []Rule                `yaml:"rules"`
}

// LoadPath reads rules from a file, or from every .yaml and .yml file of a directory.
func LoadPath(name string) (*Set, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	if info.IsDir() {
		return Load(os.DirFS(name), ".", name)
	}
	return Load(os.DirFS(filepath.Dir(name)), filepath.Base(name), filepath.Dir(name))
}

// Load reads rules from a file of fsys, or from every .yaml and .yml file of a directory of it. It is strict: unknown
// keys, duplicate ids, patterns that do not compile and examples that do not expand are errors, each an [*Error], all
// of them returned at once. label stands before file names in messages.
func Load(fsys fs.FS, name, label string) (*Set, error) {
	return load(fsys, name, label, true)
}

// Read is [Load] for the text of one file; label is its name in messages.
func Read(text []byte, label string) (*Set, error) {
	l := loader{check: true, seen: map[string]Origin{}, playbooks: map[string]Playbook{}, liveness: map[string]Liveness{}, revocations: map[string]Revocation{}}
	l.text(label, text)
	return l.set(label)
}

// load is [Load]; check is false for files that tests have checked.
func load(fsys fs.FS, name, label string, check bool) (*Set, error) {
	names := []string{name}
	if info, err := fs.Stat(fsys, name); err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	} else if info.IsDir() {
		names = nil
		entries, err := fs.ReadDir(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		for _, e := range entries {
			if ext := path.Ext(e.Name()); !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
				names = append(names, path.Join(name, e.Name()))
			}
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("read rules: no .yaml file in %q", label)
		}
	}
	l := loader{fsys: fsys, label: label, check: check, seen: map[string]Origin{}, playbooks: map[string]Playbook{}, liveness: map[string]Liveness{}, revocations: map[string]Revocation{}}
	for _, n := range names {
		l.file(n)
	}
	return l.set(label)
}

// Merge returns a set with the rules of both. A rule id that stands in both is an error: rules are added, not replaced. What b says of
// its rules holds for these alone, whatever names it has there: it must not take the place of what a says of its own, least of all of
// whom a secret is sent to.
func Merge(a, b *Set) (*Set, error) {
	var errs []error
	extra := map[string]said{}
	maps.Copy(extra, a.extra)
	for i := range b.rules {
		extra[b.rules[i].ID] = b.saidOf(&b.rules[i])
	}
	all := append([]Rule{}, a.rules...)
	for _, r := range b.rules {
		if a.Lookup(r.ID) != nil {
			errs = append(errs, &Error{r.Origin.File, r.Origin.Line, r.ID, errors.New("a built-in rule has this id: choose another")})
		}
		r.Added = true
		all = append(all, r)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &Set{rules: all, playbooks: a.playbooks, liveness: a.liveness, revocations: a.revocations, extra: extra}, nil
}

type loader struct {
	fsys        fs.FS
	label       string
	check       bool
	rules       []Rule
	seen        map[string]Origin
	playbooks   map[string]Playbook
	liveness    map[string]Liveness
	revocations map[string]Revocation
	errs        []error
}

// set returns what was read, or everything that is wrong with it.
func (l *loader) set(label string) (*Set, error) {
	if len(l.errs) > 0 {
		return nil, errors.Join(l.errs...)
	}
	if len(l.rules) == 0 {
		return nil, fmt.Errorf("read rules: no rule in %q", label)
	}
	return &Set{rules: l.rules, playbooks: l.playbooks, liveness: l.liveness, revocations: l.revocations}, nil
}

func (l *loader) fail(file string, line int, rule string, err error) {
	l.errs = append(l.errs, &Error{file, line, rule, err})
}

// file reads one file and adds its rules.
func (l *loader) file(name string) {
	shown := path.Join(filepath.ToSlash(l.label), name)
	data, err := readBounded(l.fsys, name)
	if err != nil {
		l.fail(shown, 1, "", err)
		return
	}
	l.text(shown, data)
}

// text adds the rules of a file's content; shown is its name in messages.
func (l *loader) text(shown string, data []byte) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		l.fail(shown, 1, "", err)
		return
	}
	if len(doc.Content) == 0 {
		l.fail(shown, 1, "", errors.New("the file is empty"))
		return
	}
	root := doc.Content[0]
	before := len(l.errs)
	if l.check {
		l.strict(shown, "", root, reflect.TypeFor[file]())
	}
	if len(l.errs) > before {
		return // decoding would say the same again
	}
	var f file
	if err := root.Decode(&f); err != nil {
		l.fail(shown, root.Line, "", err)
		return
	}
	if !idPattern().MatchString(f.Provider) {
		l.fail(shown, root.Line, "", fmt.Errorf("provider %q: write lower-case letters, digits and dashes", f.Provider))
	}
	l.addPlaybooks(shown, root.Line, &f)
	l.addLiveness(shown, root.Line, &f)
	l.addRevocations(shown, root.Line, &f)
	nodes := valueOf(root, "rules")
	for i := range f.Rules {
		r := &f.Rules[i]
		r.Provider = f.Provider
		r.Origin = Origin{shown, nodes.Content[i].Line}
		l.add(r)
	}
}

func (l *loader) addPlaybooks(shown string, line int, f *file) {
	names := make([]string, 0, len(f.Playbooks))
	for n := range f.Playbooks {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		steps := f.Playbooks[n]
		for _, s := range steps {
			if !validPhase(s.Phase) {
				l.fail(shown, line, "", fmt.Errorf("playbook %q: phase %q: known are %v", n, s.Phase, Phases()))
			}
			if s.Title == "" {
				l.fail(shown, line, "", fmt.Errorf("playbook %q: a step has no title", n))
			}
		}
		l.playbooks[f.Provider+"/"+n] = Playbook{n, steps}
	}
}

func (l *loader) addLiveness(shown string, line int, f *file) {
	for _, n := range slices.Sorted(maps.Keys(f.Liveness)) {
		one := f.Liveness[n]
		one.Name = n
		if l.check {
			for _, err := range one.validate() {
				l.fail(shown, line, "", fmt.Errorf("liveness %q: %w", n, err))
			}
		}
		for i := range one.Kinds {
			if entry, ok := f.Liveness[one.Kinds[i].Use]; ok {
				entry.Name = one.Kinds[i].Use
				one.Kinds[i].entry = &entry
			}
		}
		l.liveness[f.Provider+"/"+n] = one
	}
}

func (l *loader) addRevocations(shown string, line int, f *file) {
	for _, n := range slices.Sorted(maps.Keys(f.Revocation)) {
		one := f.Revocation[n]
		one.Name = n
		if l.check {
			for _, err := range one.validate() {
				l.fail(shown, line, "", fmt.Errorf("revocation %q: %w", n, err))
			}
		}
		l.revocations[f.Provider+"/"+n] = one
	}
}

// add takes a decoded rule in, with its defaults, or says what is wrong with it.
func (l *loader) add(r *Rule) {
	var errs []error
	if l.check {
		errs = r.validateAssigned()
	}
	if r.Assigned.is() && len(errs) == 0 {
		r.expandAssigned()
	}
	r.setDefaults()
	if l.check && len(errs) == 0 {
		errs = r.validate()
	}
	if other, dup := l.seen[r.ID]; dup {
		errs = append(errs, fmt.Errorf("the id stands at %s:%d already", other.File, other.Line))
	}
	if _, ok := l.playbooks[r.Provider+"/"+r.Playbook]; r.Playbook != "" && !ok {
		errs = append(errs, fmt.Errorf("playbook %q is not in this file", r.Playbook))
	}
	if live, ok := l.liveness[r.Provider+"/"+r.Liveness]; r.Liveness != "" && !ok {
		errs = append(errs, fmt.Errorf("liveness %q is not in this file", r.Liveness))
	} else if l.check && r.Liveness != "" {
		errs = append(errs, live.validateFor(r, l.liveness)...)
	}
	if v, ok := l.revocations[r.Provider+"/"+r.Revocation]; r.Revocation != "" && !ok {
		errs = append(errs, fmt.Errorf("revocation %q is not in this file", r.Revocation))
	} else if l.check && r.Revocation != "" {
		errs = append(errs, v.validateFor(r)...)
	}
	l.seen[r.ID] = r.Origin
	for _, err := range errs {
		l.fail(r.Origin.File, r.Origin.Line, r.ID, err)
	}
	l.rules = append(l.rules, *r)
}

// setDefaults fills in what the rule leaves open.
func (r *Rule) setDefaults() {
	priority, confidence := defaultPriority, HighConfidence
	if r.Assigned.is() {
		priority, confidence = assignedPriority, MediumConfidence
	}
	if r.Priority == 0 {
		r.Priority = priority
	}
	if r.Confidence == "" {
		r.Confidence = confidence
	}
}

// strict reports mapping keys that t has no field for, and duplicate ones, with their lines: yaml.v3 can do the first
// only for a whole document at a time and without the rule that they belong to.
func (l *loader) strict(shown, rule string, n *yaml.Node, t reflect.Type) {
	switch {
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for _, c := range n.Content {
			l.strict(shown, rule, c, t.Elem())
		}
	case t.Kind() == reflect.Map && n.Kind == yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			l.strict(shown, rule, n.Content[i], t.Elem())
		}
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		if t == reflect.TypeFor[Rule]() {
			if id := valueOf(n, "id"); id != nil {
				rule = id.Value
			}
		}
		l.strictFields(shown, rule, n, t)
	case t.Kind() == reflect.Struct && n.Kind != yaml.MappingNode:
		l.fail(shown, n.Line, rule, fmt.Errorf("a mapping is needed here, not %q", n.Value))
	case t.Kind() == reflect.Slice && n.Kind != yaml.SequenceNode:
		l.fail(shown, n.Line, rule, fmt.Errorf("a list is needed here, not %q", n.Value))
	}
}

func (l *loader) strictFields(shown, rule string, n *yaml.Node, t reflect.Type) {
	fields := map[string]reflect.Type{}
	var known []string
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" && key != "-" {
			fields[key] = t.Field(i).Type
			known = append(known, key)
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		ft, ok := fields[key.Value]
		switch {
		case !ok:
			l.fail(shown, key.Line, rule, fmt.Errorf("unknown key %q: known are %s", key.Value, strings.Join(known, ", ")))
		case seen[key.Value]:
			l.fail(shown, key.Line, rule, fmt.Errorf("the key %q stands twice", key.Value))
		default:
			l.strict(shown, rule, n.Content[i+1], ft)
		}
		seen[key.Value] = true
	}
}

// valueOf returns the value of a key of a mapping, or nil.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func readBounded(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxRuleFile {
		return nil, fmt.Errorf("the file has %d bytes; at most %d are read", info.Size(), maxRuleFile)
	}
	return fs.ReadFile(fsys, name)
}
