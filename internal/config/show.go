package config

import (
	"encoding/json"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// shown is one effective value, for a program.
type shown struct {
	Key string `json:"key,omitempty"`
	// Value is a text, or true or false. A list has Items in its place.
	Value  any     `json:"value,omitempty"`
	Origin string  `json:"origin,omitempty"`
	Items  []shown `json:"items,omitempty"`
}

// JSON writes every effective value with its origin as one object:
//
//	{"version": 1, "settings": [{"key": "max-size", "value": "4GiB", "origin": "default"},
//	 {"key": "rules.disable", "items": [{"value": "generic-*", "origin": ".skant.yaml:4"}]}]}
//
// A list without items has the origin "default".
func (e *Effective) JSON() ([]byte, error) {
	out := struct {
		Version  int     `json:"version"`
		Settings []shown `json:"settings"`
	}{Version: Version}
	for _, r := range e.Rows() {
		s, _ := lookup(r.Key)
		row := shown{Key: r.Key}
		for _, item := range r.Items {
			one := shown{Value: item.Text, Origin: item.Origin.String()}
			if s.kind == truth {
				one.Value = item.Text == "true"
			}
			if r.List {
				row.Items = append(row.Items, one)
			} else {
				row.Value, row.Origin = one.Value, one.Origin
			}
		}
		if len(r.Items) == 0 {
			row.Origin = Origin{}.String()
		}
		out.Settings = append(out.Settings, row)
	}
	text, err := json.MarshalIndent(out, "", "  ")
	return append(text, '\n'), err
}

// YAML writes the effective values as a configuration file, each with a comment that says where it comes from.
func (e *Effective) YAML() ([]byte, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	add := func(to *yaml.Node, key string, value *yaml.Node) {
		to.Content = append(to.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	}
	add(root, "version", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(Version)})
	groups := map[string]*yaml.Node{}
	for _, r := range e.Rows() {
		to, key := root, r.Key
		if group, name, nested := strings.Cut(r.Key, "."); nested {
			if groups[group] == nil {
				groups[group] = &yaml.Node{Kind: yaml.MappingNode}
				add(root, group, groups[group])
			}
			to, key = groups[group], name
		}
		s, _ := lookup(r.Key)
		switch {
		case s.kind == hosts:
			m := &yaml.Node{Kind: yaml.MappingNode}
			for _, item := range r.Items {
				provider, address, _ := strings.Cut(item.Text, "=")
				add(m, provider, scalar(text, address, item.Origin))
			}
			add(to, key, empty(m))
		case s.kind == texts:
			l := &yaml.Node{Kind: yaml.SequenceNode}
			if r.Key == "rules.only" && len(r.Items) == 0 {
				r.Items = []Item{{Text: "*"}} // an empty list would be a mistake in a file
			}
			for _, item := range r.Items {
				l.Content = append(l.Content, scalar(text, item.Text, item.Origin))
			}
			add(to, key, empty(l))
		default:
			add(to, key, scalar(s.kind, r.Items[0].Text, r.Items[0].Origin))
		}
	}
	var out strings.Builder
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, err
	}
	err := enc.Close()
	return []byte(out.String()), err
}

// empty gives a list or mapping without items the short form and the comment that it is a default.
func empty(n *yaml.Node) *yaml.Node {
	if len(n.Content) == 0 {
		n.Style, n.LineComment = yaml.FlowStyle, "default"
	}
	return n
}

func scalar(k kind, value string, at Origin) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, LineComment: comment(at)}
	if k == truth {
		n.Tag = "!!bool"
	}
	if k == text || k == texts {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// comment is an origin that can stand at the end of a line: the name of a file may have a line break in it.
func comment(at Origin) string {
	quoted := strconv.Quote(at.String())
	return quoted[1 : len(quoted)-1]
}
