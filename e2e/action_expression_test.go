//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The expressions of GitHub's workflows, as far as action.yml uses them. What this evaluator does not know is an error, so
// that no test passes by luck: an unknown function, context or input, an output of a step that does not exist.

// expressions are the values that expressions can name, and the state of the run.
type expressions struct {
	// contexts has github, inputs, runner and steps. A map that is closed lists all that there is; in an open one, such as
	// the payload of an event, what is absent is null, as it is for GitHub.
	contexts map[string]any
	failed   bool
}

// open is a map in which any name may be asked for.
type open map[string]any

// text replaces each ${{ }} of a text by its value.
func (e *expressions) text(s string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(s, "${{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		inside, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return "", fmt.Errorf("expression without an end: %q", rest)
		}
		v, err := e.value(inside)
		if err != nil {
			return "", err
		}
		out.WriteString(display(v))
		s = after
	}
}

// condition evaluates an "if:". Without a function about the state of the run, success() is meant.
func (e *expressions) condition(s string) (bool, error) {
	if s == "" {
		s = "success()"
	}
	if inside, found := strings.CutPrefix(strings.TrimSpace(s), "${{"); found {
		s = strings.TrimSuffix(strings.TrimSpace(inside), "}}")
	}
	v, err := e.value(s)
	if err != nil {
		return false, err
	}
	ok := truthy(v)
	if !regexp.MustCompile(`\b(success|failure|cancelled|always)\(\)`).MatchString(s) {
		ok = ok && !e.failed
	}
	return ok, nil
}

var token = regexp.MustCompile(`^(?:\s+|'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_-]*|&&|\|\||==|!=|[!().]|[0-9]+)`)

// value evaluates one expression.
func (e *expressions) value(s string) (any, error) {
	p := &expressionParser{e: e}
	for rest := s; rest != ""; {
		t := token.FindString(rest)
		if t == "" {
			return nil, fmt.Errorf("expression %q: cannot read %q", s, rest)
		}
		if strings.TrimSpace(t) != "" {
			p.tokens = append(p.tokens, t)
		}
		rest = rest[len(t):]
	}
	v, err := p.or()
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("unexpected %q", p.tokens[0])
	}
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", s, err)
	}
	return v, nil
}

type expressionParser struct {
	e      *expressions
	tokens []string
}

func (p *expressionParser) next(want string) bool {
	if len(p.tokens) > 0 && p.tokens[0] == want {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

func (p *expressionParser) or() (any, error) {
	left, err := p.and()
	for err == nil && p.next("||") {
		var right any
		if right, err = p.and(); !truthy(left) {
			left = right
		}
	}
	return left, err
}

func (p *expressionParser) and() (any, error) {
	left, err := p.equal()
	for err == nil && p.next("&&") {
		var right any
		if right, err = p.equal(); truthy(left) {
			left = right
		}
	}
	return left, err
}

func (p *expressionParser) equal() (any, error) {
	left, err := p.unary()
	for err == nil {
		var want bool
		switch {
		case p.next("=="):
			want = true
		case p.next("!="):
		default:
			return left, nil
		}
		var right any
		if right, err = p.unary(); err == nil {
			left = same(left, right) == want
		}
	}
	return left, err
}

func (p *expressionParser) unary() (any, error) {
	if p.next("!") {
		v, err := p.unary()
		return !truthy(v), err
	}
	if p.next("(") {
		v, err := p.or()
		if err == nil && !p.next(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return v, err
	}
	if len(p.tokens) == 0 {
		return nil, fmt.Errorf("it ends too early")
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	switch {
	case t[0] == '\'':
		return strings.ReplaceAll(t[1:len(t)-1], "''", "'"), nil
	case t[0] >= '0' && t[0] <= '9':
		return strconv.ParseFloat(t, 64)
	case t == "true" || t == "false":
		return t == "true", nil
	case t == "null":
		return nil, nil
	case p.next("("):
		if !p.next(")") {
			return nil, fmt.Errorf("function %q with arguments is not known", t)
		}
		return p.e.call(t)
	}
	return p.property(t)
}

// call evaluates a function about the state of the run.
func (e *expressions) call(name string) (any, error) {
	switch name {
	case "success":
		return !e.failed, nil
	case "failure":
		return e.failed, nil
	case "always":
		return true, nil
	case "cancelled":
		return false, nil
	}
	return nil, fmt.Errorf("function %q is not known", name)
}

// property walks from a context down the names that follow.
func (p *expressionParser) property(name string) (any, error) {
	v, ok := p.e.contexts[name]
	if !ok {
		return nil, fmt.Errorf("context %q is not known", name)
	}
	for p.next(".") {
		if len(p.tokens) == 0 {
			return nil, fmt.Errorf("%s. has no name after it", name)
		}
		key := p.tokens[0]
		p.tokens = p.tokens[1:]
		switch m := v.(type) {
		case open:
			v = m[key]
		case map[string]any:
			if v, ok = m[key]; !ok {
				return nil, fmt.Errorf("%s has no %q, but %q", name, key, slices.Sorted(maps.Keys(m)))
			}
		case nil:
		default:
			return nil, fmt.Errorf("%s is no object that could have a %q", name, key)
		}
		name += "." + key
	}
	return v, nil
}

func truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case float64:
		return v != 0
	}
	return true
}

// same compares as GitHub does: text without regard to case, and values of different kinds as numbers.
func same(a, b any) bool {
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok {
			return strings.EqualFold(x, y)
		}
	}
	x, known := number(a)
	y, alsoKnown := number(b)
	return known && alsoKnown && x == y
}

func number(v any) (n float64, known bool) {
	switch v := v.(type) {
	case nil:
		return 0, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case float64:
		return v, true
	case string:
		if v == "" {
			return 0, true
		}
		n, err := strconv.ParseFloat(v, 64)
		return n, err == nil
	}
	return 0, false
}

func display(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return fmt.Sprint(v)
}

func TestActionExpressions(t *testing.T) {
	e := &expressions{failed: true, contexts: map[string]any{
		"inputs": map[string]any{"a": "x", "none": ""},
		"github": map[string]any{"event": open{"pull_request": open{"fork": true, "n": 2.0}}, "actor": "ann"},
	}}
	for s, want := range map[string]string{
		"inputs.a": "x", "inputs.none || 'y'": "y", "inputs.a == 'X' && 'z' || 'w'": "z", "!cancelled() && 'go'": "go",
		"github.event.push.x.y": "", "github.event.pull_request.fork == true": "true", "'it''s'": "it's", "(inputs.a != 'x') || 1": "1",
		"github.event.pull_request.n": "2", "github.event.push == ''": "true", "success()": "false", "inputs.a == 1": "false",
	} {
		if got, err := e.text("<${{ " + s + " }}>"); err != nil || got != "<"+want+">" {
			t.Errorf("%s: %q, %v; want %q", s, got, err, want)
		}
	}
	for _, s := range []string{
		"inputs.b", "secrets.x", "contains('a', 'b')", "hashFiles()", "inputs.a ==", "(inputs.a", "inputs.a inputs.a", "inputs.a.b", "a > b", "",
	} {
		if v, err := e.value(s); err == nil {
			t.Errorf("%q is %v, but should not be known", s, v)
		}
	}
	for s, want := range map[string]bool{"": false, "inputs.a == 'x'": false, "${{ !cancelled() }}": true, "failure() && inputs.a": true} {
		if got, err := e.condition(s); err != nil || got != want {
			t.Errorf("if: %s: %t, %v", s, got, err)
		}
	}
}
