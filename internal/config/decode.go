package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// MaxFile bounds a configuration file, in bytes.
const MaxFile = 256 << 10

// maxErrors bounds what is said about one file: a file of another kind is wrong in every line.
const maxErrors = 20

// Decode reads one configuration file of a layer, [Repository] or [User]; name is how messages call it. Everything that is
// wrong with it is returned at once, joined, each an [*Error].
func Decode(data []byte, name string, layer Layer) (Values, error) {
	d := decoder{name: name, layer: layer, values: Values{}}
	if root := d.parse(data); root != nil {
		d.root(root)
	}
	if len(d.errs) == 0 {
		d.contradictions()
	}
	if len(d.errs) == 0 {
		return d.values, nil
	}
	sort.SliceStable(d.errs, func(i, j int) bool { return d.errs[i].Origin.Line < d.errs[j].Origin.Line })
	var list []error
	for i, e := range d.errs {
		if i == maxErrors {
			list = append(list, fmt.Errorf("%s: %d more", name, len(d.errs)-i))
			break
		}
		list = append(list, e)
	}
	return nil, errors.Join(list...)
}

type decoder struct {
	name   string
	layer  Layer
	values Values
	errs   []*Error
}

func (d *decoder) fail(n *yaml.Node, key string, p problem) {
	d.errs = append(d.errs, &Error{d.at(n), n.Column, key, p.what, p.instead})
}

func (d *decoder) at(n *yaml.Node) Origin { return Origin{d.layer, d.name, n.Line} }

// start is where what concerns a whole file is reported.
var start = yaml.Node{Line: 1, Column: 1}

// parse returns the top of the one document, or nil after it said why there is none.
func (d *decoder) parse(data []byte) *yaml.Node {
	whole := func(what, instead string) *yaml.Node {
		d.fail(&start, "", problem{what, instead})
		return nil
	}
	switch {
	case len(data) > MaxFile:
		return whole(fmt.Sprintf("the file has %d bytes; at most %d are read", len(data), MaxFile), "many paths belong into .skantignore")
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return whole("the file is UTF-16", "save it as UTF-8")
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return whole("the file is no UTF-8 text", "save it as UTF-8")
	}
	// Of a mark at the beginning the library has its own idea in the middle of a stream.
	dec := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	var doc, more yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && (len(doc.Content) == 0 || doc.Content[0].Tag == "!!null") {
		return whole("the file is empty, which is most likely a mistake", fmt.Sprintf("write at least \"version: %d\", or remove the file", Version))
	}
	if err == nil {
		if err = dec.Decode(&more); err == nil {
			d.fail(&more, "", problem{"a second document begins here", "take the line --- out"})
			return nil
		}
		if errors.Is(err, io.EOF) {
			return doc.Content[0]
		}
	}
	at := yaml.Node{Line: lineOf(err), Column: 1}
	d.fail(&at, "", problem{
		"this is no YAML: " + strings.TrimPrefix(err.Error(), "yaml: "),
		`indent with spaces, and put quotes round a value that begins with *, !, & or another sign: "*.md"`,
	})
	return nil
}

// lineOf takes the line out of the library's message, which begins with it; 1 if there is none.
func lineOf(err error) int {
	_, after, found := strings.Cut(err.Error(), "line ")
	digits, _, _ := strings.Cut(after, ":")
	if n, err := strconv.Atoi(digits); found && err == nil && n > 0 {
		return n
	}
	return 1
}

// plain refuses what makes YAML mean something else than what is written.
func (d *decoder) plain(n *yaml.Node, key string) bool {
	switch {
	case n.Kind == yaml.AliasNode, n.Anchor != "", n.Tag == "!!merge":
		d.fail(n, key, problem{"aliases, anchors and merges are not read", `write the value itself; one that begins with * or & needs quotes: "*.md"`})
	case n.Style&yaml.TaggedStyle != 0:
		d.fail(n, key, problem{"tags are not read", `write the value alone; one that begins with ! needs quotes: "!keep.md"`})
	default:
		return true
	}
	return false
}

func (d *decoder) root(n *yaml.Node) {
	if !d.plain(n, "") {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.fail(n, "", problem{"settings are needed here", fmt.Sprintf("begin with \"version: %d\"; docs/configuration.md lists them", Version)})
		return
	}
	hasVersion := false
	d.each(n, "", func(key string, k, v *yaml.Node) {
		if key == "version" {
			hasVersion = true
			d.version(v)
			return
		}
		d.entry(key, k, v)
	})
	if !hasVersion && len(d.errs) == 0 {
		d.fail(n, "version", problem{"it is missing", fmt.Sprintf("begin the file with the line \"version: %d\"", Version)})
	}
}

// each calls f with every entry of a mapping, whose full key is prefix and its own.
func (d *decoder) each(n *yaml.Node, prefix string, f func(key string, k, v *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !d.plain(k, "") {
			continue
		}
		if k.Kind != yaml.ScalarNode || k.Tag != "!!str" {
			d.fail(k, "", problem{"a key is a word", "docs/configuration.md lists the keys"})
			continue
		}
		if line := seen[k.Value]; line > 0 {
			d.fail(k, prefix+clip(k.Value), problem{fmt.Sprintf("it stands in line %d already", line), "keep one of the two"})
			continue
		}
		seen[k.Value] = k.Line
		if d.plain(v, prefix+clip(k.Value)) {
			f(prefix+k.Value, k, v)
		}
	}
}

func (d *decoder) version(v *yaml.Node) {
	want := strconv.Itoa(Version)
	switch {
	case v.Kind == yaml.ScalarNode && v.Tag == "!!int" && v.Value == want:
	case v.Kind == yaml.ScalarNode && v.Tag == "!!int":
		d.fail(v, "version", problem{"this skant reads version " + want + ", not " + quote(v.Value), "write version: " + want + ", or use a newer skant"})
	default:
		d.fail(v, "version", problem{"a number is needed here", "write version: " + want})
	}
}

// entry reads one setting, or the group of settings that key names.
func (d *decoder) entry(key string, k, v *yaml.Node) {
	s, known := lookup(key)
	group := slices.ContainsFunc(keys(), func(other string) bool { return strings.HasPrefix(other, key+".") })
	switch {
	case known && s.kind == texts:
		d.list(&s, v)
	case known && s.kind == hosts:
		d.mapping(&s, v)
	case known:
		if v.Kind != yaml.ScalarNode {
			d.fail(v, key, problem{"one value is needed here", "write " + key + ": VALUE"})
			return
		}
		d.values[key] = []Item{}
		d.scalar(&s, v)
	case group && v.Kind != yaml.MappingNode:
		d.fail(v, key, problem{"settings are needed here", "write them on lines of their own below " + key + ":, indented: " + strings.Join(below(key), ", ")})
	case group:
		d.each(v, key+".", d.entry)
	default:
		d.unknown(key, k)
	}
}

// below returns the last parts of the keys of a group, "" being the top.
func below(group string) []string {
	var list []string
	for _, key := range append([]string{"version"}, keys()...) {
		rest, in := strings.CutPrefix(key, group+".")
		if group == "" {
			rest, in = key, true
		}
		name, _, _ := strings.Cut(rest, ".")
		if in && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func (d *decoder) unknown(key string, k *yaml.Node) {
	group, name := "", key
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		group, name = key[:i], key[i+1:]
	}
	instead := "known here are " + strings.Join(below(group), ", ")
	elsewhere := slices.IndexFunc(keys(), func(other string) bool { return strings.HasSuffix(other, "."+name) || other == name })
	near := Nearest(name, below(group))
	switch {
	case elsewhere >= 0:
		instead = "did you mean " + keys()[elsewhere] + "?"
	case near != "":
		instead = "did you mean " + strings.TrimPrefix(group+"."+near, ".") + "?"
	default:
		if near := Nearest(key, keys()); near != "" {
			instead = "did you mean " + near + "?"
		}
	}
	d.fail(k, "", problem{"unknown key " + quote(key), instead})
}

// list reads a list of texts. One text alone is refused, so that a file means the same to every reader.
func (d *decoder) list(s *setting, v *yaml.Node) {
	if v.Kind != yaml.SequenceNode {
		d.fail(v, s.key, problem{"a list is needed here", "write - and a value on lines of their own, or [a, b]"})
		return
	}
	d.values[s.key] = []Item{}
	if len(v.Content) == 0 && s.key == "rules.only" {
		d.fail(v, s.key, problem{"an empty list would leave no rule", "leave it out to use all rules"})
	}
	if len(v.Content) > maxItems {
		d.fail(v, s.key, problem{fmt.Sprintf("%d values stand here; at most %d are read", len(v.Content), maxItems), "use patterns"})
		return
	}
	for _, item := range v.Content {
		if d.plain(item, s.key) {
			d.scalar(s, item)
		}
	}
}

func (d *decoder) mapping(s *setting, v *yaml.Node) {
	if v.Kind != yaml.MappingNode {
		d.fail(v, s.key, problem{"a mapping is needed here", "write PROVIDER: URL on lines of their own"})
		return
	}
	d.values[s.key] = []Item{}
	d.each(v, s.key+".", func(key string, k, v *yaml.Node) {
		if v.Kind != yaml.ScalarNode || v.Tag != "!!str" {
			d.fail(v, s.key, problem{"a text is needed here", "write PROVIDER: URL"})
			return
		}
		d.item(s, v, strings.TrimPrefix(key, s.key+".")+"="+v.Value)
	})
}

// scalar reads one value of a setting.
func (d *decoder) scalar(s *setting, v *yaml.Node) {
	wanted := []string{"!!str"}
	switch s.kind {
	case truth:
		wanted = []string{"!!bool"}
	case size:
		wanted = []string{"!!str", "!!int"}
	case duration:
		if v.Value == "0" {
			wanted = []string{"!!int", "!!str"}
		}
	}
	switch {
	case v.Kind == yaml.ScalarNode && v.Tag == "!!null":
		d.fail(v, s.key, problem{"it has no value", "write one, or leave the line out"})
	case v.Kind != yaml.ScalarNode:
		d.fail(v, s.key, problem{"a text is needed here", "write one value on each line"})
	case !slices.Contains(wanted, v.Tag) && s.kind == truth:
		d.fail(v, s.key, problem{quote(v.Value) + " is neither true nor false", "write true or false, without quotes"})
	case !slices.Contains(wanted, v.Tag) && s.kind == duration:
		d.fail(v, s.key, problem{quote(v.Value) + " is no duration", "write a number with a unit, for example 90s or 5m; 0 means no limit"})
	case !slices.Contains(wanted, v.Tag):
		d.fail(v, s.key, problem{quote(v.Value) + " is no text to YAML", "put it in quotes"})
	default:
		d.item(s, v, v.Value)
	}
}

func (d *decoder) item(s *setting, v *yaml.Node, value string) {
	value, p := s.judge(value, d.layer)
	if p.what != "" {
		d.fail(v, s.key, p)
		return
	}
	d.values[s.key] = append(d.values[s.key], Item{value, d.at(v)})
}

// contradictions are what no single line can be blamed for.
func (d *decoder) contradictions() {
	d.errs = append(d.errs, contradictions(d.values)...)
}

// clip bounds a key that is repeated in a message, as [quote] does a value.
func clip(key string) string {
	if len(key) > 60 {
		return quote(key)
	}
	return key
}
