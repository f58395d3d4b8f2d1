package send

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// The bounds of a template, of what it makes, and of how deep its ranges stand in each other.
const (
	maxTemplate = 64 << 10
	maxMade     = 1 << 20
	maxRanges   = 2
)

// Template makes the body of a webhook's request out of a [Message]. Whatever it prints ends in json, so that no text of a repository can be
// more than a value in what it makes.
type Template struct{ tmpl *template.Template }

// ParseTemplate reads a template. It is strict: a field that a message has not, a function that is none of the few, or a value that is
// printed without json is an error, also in a branch that the message at hand does not take.
func ParseTemplate(text string) (*Template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("the template is larger than %d KiB", maxTemplate>>10)
	}
	t, err := template.New("body").Option("missingkey=error").Funcs(template.FuncMap{"json": asJSON, "concat": concat}).Parse(text)
	if err != nil {
		return nil, plainly(err)
	}
	for _, one := range t.Templates() {
		if one.Name() != "body" {
			return nil, errors.New("a template cannot define others")
		}
	}
	if t.Tree == nil || t.Root == nil || parse.IsEmptyTree(t.Root) {
		return nil, errors.New("the template is empty")
	}
	k := &checker{}
	k.list(t.Root, scope{".": typeMessage, "$": typeMessage}, 0)
	if len(k.wrong) > 0 {
		return nil, errors.New(strings.Join(k.wrong, "; "))
	}
	return &Template{t}, nil
}

// Body makes the body of a message: valid JSON of at most 1 MiB.
func (t *Template) Body(m *Message) ([]byte, error) {
	var b bounded
	if err := t.tmpl.Execute(&b, m); err != nil {
		return nil, plainly(err)
	}
	body := bytes.TrimSpace(b.Bytes())
	if !json.Valid(body) {
		return nil, errors.New("what the template makes is not valid JSON")
	}
	if len(body) == 0 || body[0] != '{' && body[0] != '[' {
		return nil, errors.New("what the template makes is no JSON object or array")
	}
	return body, nil
}

// asJSON is the function json: a value as JSON, with < > and & as escapes.
func asJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// concat is the function of that name: its values one after the other.
func concat(values ...any) (string, error) {
	var b strings.Builder
	for _, v := range values {
		_, _ = fmt.Fprint(&b, v) // a builder never fails
		if b.Len() > maxTemplate {
			return "", errors.New("concat makes too long a text")
		}
	}
	return b.String(), nil
}

type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxMade {
		return 0, fmt.Errorf("what the template makes is larger than %d MiB", maxMade>>20)
	}
	return b.Buffer.Write(p)
}

// plainly takes from an error of text/template what it says in front of each.
func plainly(err error) error { return errors.New(strings.TrimPrefix(err.Error(), "template: ")) }

// The shapes of a message's values, by the paths at which templates find them.
const (
	typeMessage = "message"
	typeSecret  = "secret"
	typePlace   = "place"
	typeWord    = "word"
	typeSecrets = "[]secret"
	typePlaces  = "[]place"
	typeWords   = "[]word"
)

// shapes are the fields of a message, and what they are.
func shapes() map[string]map[string]string {
	all := func(plain string, others map[string]string) map[string]string {
		for name := range strings.FieldsSeq(plain) {
			others[name] = typeWord
		}
		return others
	}
	return map[string]map[string]string{
		typeMessage: all("Version Tool Target Command Repository Revision StartedAt Complete OnlyNew SecretCount PlaceCount AliveCount SecretsLeft Summary",
			map[string]string{"Unread": typeWords, "Secrets": typeSecrets}),
		typeSecret: all("Fingerprint RuleID Title Severity Confidence Redacted Verdict Says PlaceCount PlacesLeft", map[string]string{"Places": typePlaces}),
		typePlace:  all("Kind Where Path Line Commit Date InHead", map[string]string{}),
	}
}

// scope says of what shape the dot and each variable are.
type scope map[string]string

func (s scope) with(name, shape string) scope {
	out := scope{name: shape}
	for k, v := range s {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// checker walks through a parsed template and collects what it may not do.
type checker struct{ wrong []string }

func (k *checker) bad(n parse.Node, format string, args ...any) {
	where, _ := (*parse.Tree)(nil).ErrorContext(n) // "body:LINE:COLUMN"
	line, _, _ := strings.Cut(strings.TrimPrefix(where, "body:"), ":")
	k.wrong = append(k.wrong, "line "+line+": "+fmt.Sprintf(format, args...))
}

func (k *checker) list(l *parse.ListNode, at scope, ranges int) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.TextNode, *parse.CommentNode, *parse.BreakNode, *parse.ContinueNode:
		case *parse.ActionNode:
			shape := k.pipe(n.Pipe, at, true)
			if n.Pipe.IsAssign {
				k.bad(n, "a variable gets its value once, with :=")
			}
			for _, v := range n.Pipe.Decl {
				at = at.with(v.Ident[0], shape)
			}
		case *parse.IfNode:
			k.branch(&n.BranchNode, at, at, ranges)
		case *parse.WithNode:
			shape := k.pipe(n.Pipe, at, false)
			inner := at.with(".", shape)
			for _, v := range n.Pipe.Decl {
				inner = inner.with(v.Ident[0], shape)
			}
			k.list(n.List, inner, ranges)
			k.list(n.ElseList, at, ranges)
		case *parse.RangeNode:
			k.loop(n, at, ranges)
		default:
			k.bad(n, "a template has no %q", firstWord(n.String()))
		}
	}
}

func (k *checker) branch(n *parse.BranchNode, at, inner scope, ranges int) {
	shape := k.pipe(n.Pipe, at, false)
	for _, v := range n.Pipe.Decl {
		inner = inner.with(v.Ident[0], shape)
	}
	k.list(n.List, inner, ranges)
	k.list(n.ElseList, at, ranges)
}

// loop looks at a range, which goes over the lists of a message and nothing else.
func (k *checker) loop(n *parse.RangeNode, at scope, ranges int) {
	element, isList := strings.CutPrefix(k.pipe(n.Pipe, at, false), "[]")
	if !isList {
		k.bad(n, "range goes over Secrets, Places or Unread")
	}
	if ranges+1 > maxRanges {
		k.bad(n, "more than %d ranges stand in each other", maxRanges)
	}
	inner := at.with(".", element)
	switch d := n.Pipe.Decl; len(d) {
	case 1:
		inner = inner.with(d[0].Ident[0], element)
	case 2:
		inner = inner.with(d[0].Ident[0], typeWord).with(d[1].Ident[0], element)
	}
	k.list(n.List, inner, ranges+1)
	k.list(n.ElseList, at, ranges)
}

// pipe returns the shape of a pipeline's value. One that is printed has to end in json.
func (k *checker) pipe(p *parse.PipeNode, at scope, printed bool) string {
	shape := typeWord
	for _, c := range p.Cmds {
		shape = k.command(c, at)
	}
	last := p.Cmds[len(p.Cmds)-1]
	if id, ok := last.Args[0].(*parse.IdentifierNode); printed && len(p.Decl) == 0 && (!ok || id.Ident != "json") {
		k.bad(p, "what is printed ends in json, as in {{json %s}}", p.String())
	}
	return shape
}

// functions are those that a template may use: what could make endless text or loops is not among them.
func functions() []string {
	return []string{"json", "concat", "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "len"}
}

func (k *checker) command(c *parse.CommandNode, at scope) string {
	shape := typeWord
	for i, arg := range c.Args {
		switch arg := arg.(type) {
		case *parse.IdentifierNode:
			if !slices.Contains(functions(), arg.Ident) {
				k.bad(arg, "there is no function %q; there are %s", arg.Ident, strings.Join(functions(), ", "))
			}
			if i > 0 {
				k.bad(arg, "a function stands first")
			}
		case *parse.FieldNode:
			shape = k.fields(arg, at["."], arg.Ident)
		case *parse.VariableNode:
			shape = k.fields(arg, at[arg.Ident[0]], arg.Ident[1:])
		case *parse.DotNode:
			shape = at["."]
		case *parse.PipeNode:
			shape = k.pipe(arg, at, false)
		case *parse.StringNode, *parse.NumberNode, *parse.BoolNode:
		default:
			k.bad(arg, "%s cannot stand here", arg.String())
		}
	}
	if _, calls := c.Args[0].(*parse.IdentifierNode); calls {
		return typeWord
	}
	return shape
}

// fields follows fields from a shape.
func (k *checker) fields(n parse.Node, shape string, names []string) string {
	for _, name := range names {
		next, ok := shapes()[shape][name]
		if !ok {
			k.bad(n, "a %s has no field %q", shape, name)
			return typeWord
		}
		shape = next
	}
	return shape
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(strings.Trim(s, "{}- "), " ")
	return word
}
