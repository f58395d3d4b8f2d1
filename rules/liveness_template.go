package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template/parse"
)

// Fields returns the names of the values that the request is made from.
func (r *Request) Fields() ([]string, error) {
	texts := []string{r.URL, r.Body}
	for _, v := range r.Headers {
		texts = append(texts, v)
	}
	return fieldsOfAll(texts)
}

// AnswerFields returns the names of the values that answers are looked at with: those in JSON paths.
func (l *Liveness) AnswerFields() ([]string, error) {
	var texts []string
	for i := range l.Answers {
		for path := range l.Answers[i].JSON {
			texts = append(texts, path)
		}
		for _, from := range l.Answers[i].Learn {
			if path, ok := strings.CutPrefix(from, "json:"); ok {
				texts = append(texts, path)
			}
		}
	}
	return fieldsOfAll(texts)
}

func fieldsOfAll(texts []string) ([]string, error) {
	var names []string
	for _, text := range texts {
		more, err := templateFields(text)
		if err != nil {
			return nil, err
		}
		names = append(names, more...)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// errTemplate is all that templates of requests may not be. What such a template is made from can be told without running it, so that no
// value gets into a request that nobody looks for.
var errTemplate = errors.New("between {{ and }} stand only values, as in {{.name}}, and calls of basic, base64, json, path and query: no conditions, loops, variables, templates or other functions")

// templateFields returns the names of the values that a template is made from, and an error if it is anything but text, values and calls
// of our functions.
func templateFields(text string) ([]string, error) {
	const name = "request"
	trees, err := parse.Parse(name, text, "", "", requestFuncs())
	if err != nil {
		return nil, fmt.Errorf("template %q: %w", text, errTemplate)
	}
	if len(trees) > 1 || len(trees) == 1 && trees[name] == nil {
		return nil, fmt.Errorf("template %q: %w", text, errTemplate)
	}
	if trees[name] == nil || trees[name].Root == nil {
		return nil, nil
	}
	names, ok := fieldsOf(trees[name].Root)
	if !ok {
		return nil, fmt.Errorf("template %q: %w", text, errTemplate)
	}
	return names, nil
}

// fieldsOf returns the fields that a node names; ok is false if it is of a kind that is not known here.
func fieldsOf(n parse.Node) (names []string, ok bool) {
	var under []parse.Node
	switch n := n.(type) {
	case *parse.TextNode, *parse.StringNode, *parse.IdentifierNode, *parse.CommentNode:
		return nil, true
	case *parse.FieldNode:
		return n.Ident[:1], len(n.Ident) == 1
	case *parse.ListNode:
		under = n.Nodes
	case *parse.ActionNode:
		under = []parse.Node{n.Pipe}
	case *parse.PipeNode:
		if len(n.Decl) > 0 || n.IsAssign {
			return nil, false
		}
		for _, c := range n.Cmds {
			under = append(under, c)
		}
	case *parse.CommandNode:
		under = n.Args
	default:
		return nil, false
	}
	for _, sub := range under {
		more, ok := fieldsOf(sub)
		if !ok {
			return nil, false
		}
		names = append(names, more...)
	}
	return names, true
}
