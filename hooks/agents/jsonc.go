package agents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Bounds of a settings file.
const (
	maxSettings = 4 << 20 // bytes
	maxDepth    = 200     // nested objects and arrays
)

// node is one value of a settings file, as a range of its bytes. Settings are JSON in which comments and a comma after the
// last item are allowed, because that is how several agents read theirs.
type node struct {
	// kind is '{', '[', '"' or 0 for numbers and literals.
	kind   byte
	lo, hi int
	items  []item
}

// item is a member of an object, or an element of an array, whose key is empty.
type item struct {
	key string
	// lo is where the item begins: at its key or, in an array, at its value.
	lo  int
	val node
}

func (it *item) hi() int { return it.val.hi }

// member returns the member of an object with this key. A key that is there twice is an error: readers do not agree on
// which of them counts.
func (n *node) member(key string) (found *item, err error) {
	for i := range n.items {
		if n.items[i].key != key {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("the key %q is there twice", key)
		}
		found = &n.items[i]
	}
	return found, nil
}

// text returns the value of a string, or "" for anything else.
func (n *node) text(data []byte) string {
	var s string
	if n.kind != '"' || json.Unmarshal(data[n.lo:n.hi], &s) != nil {
		return ""
	}
	return s
}

// parser reads a settings file from pos on.
type parser struct {
	data []byte
	pos  int
}

var bom = []byte("\xef\xbb\xbf")

// parseSettings reads a whole file, whose value must be an object.
func parseSettings(data []byte) (node, error) {
	if len(data) > maxSettings {
		return node{}, fmt.Errorf("more than %d MiB", maxSettings>>20)
	}
	p := &parser{data: data}
	if bytes.HasPrefix(data, bom) {
		p.pos = len(bom)
	}
	root, err := p.document()
	if err != nil {
		line := bytes.Count(data[:min(p.pos, len(data))], []byte("\n")) + 1
		return node{}, fmt.Errorf("line %d: %w", line, err)
	}
	return root, nil
}

func (p *parser) document() (node, error) {
	if err := p.space(); err != nil {
		return node{}, err
	}
	if p.peek() != '{' {
		return node{}, errors.New("an object in braces is expected")
	}
	root, err := p.value(0)
	if err != nil {
		return node{}, err
	}
	if err := p.space(); err != nil {
		return node{}, err
	}
	if p.pos < len(p.data) {
		return node{}, errors.New("something follows the closing brace")
	}
	return root, nil
}

// peek returns the next byte, or 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.data) {
		return p.data[p.pos]
	}
	return 0
}

// space skips white space and comments.
func (p *parser) space() error {
	for p.pos < len(p.data) {
		rest := p.data[p.pos:]
		switch {
		case isSpace(rest[0]):
			p.pos++
		case bytes.HasPrefix(rest, []byte("//")):
			if end := bytes.IndexByte(rest, '\n'); end >= 0 {
				p.pos += end
			} else {
				p.pos = len(p.data)
			}
		case bytes.HasPrefix(rest, []byte("/*")):
			end := bytes.Index(rest[2:], []byte("*/"))
			if end < 0 {
				return errors.New("a comment has no end")
			}
			p.pos += end + 4
		default:
			return nil
		}
	}
	return nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func (p *parser) value(depth int) (node, error) {
	n := node{lo: p.pos}
	var err error
	switch c := p.peek(); {
	case (c == '{' || c == '[') && depth >= maxDepth:
		return n, fmt.Errorf("nested more than %d deep", maxDepth)
	case c == '{' || c == '[':
		n.kind = c
		n.items, err = p.items(c, depth+1)
	case c == '"':
		n.kind = c
		err = p.quoted()
	default:
		for p.pos < len(p.data) && (p.data[p.pos] == '-' || p.data[p.pos] == '+' || p.data[p.pos] == '.' || alphanumeric(p.data[p.pos])) {
			p.pos++
		}
		if !json.Valid(p.data[n.lo:p.pos]) {
			err = errors.New("a value is expected")
		}
	}
	n.hi = p.pos
	return n, err
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// quoted skips a string.
func (p *parser) quoted() error {
	start := p.pos
	for p.pos++; p.pos < len(p.data); p.pos++ {
		switch p.data[p.pos] {
		case '\\':
			p.pos++
		case '"':
			p.pos++
			if s := p.data[start:p.pos]; !json.Valid(s) || !utf8.Valid(s) {
				return errors.New("a string has a character or an escape that JSON does not know")
			}
			return nil
		}
	}
	p.pos = len(p.data)
	return errors.New("a string has no end")
}

// items reads the inside of an object or array, from its bracket to after the closing one.
func (p *parser) items(bracket byte, depth int) ([]item, error) {
	closing := bracket + 2 // in ASCII both closing brackets are two after the opening ones
	var list []item
	for p.pos++; ; {
		if err := p.space(); err != nil {
			return nil, err
		}
		if p.peek() == closing {
			p.pos++
			return list, nil
		}
		it := item{lo: p.pos}
		if bracket == '{' {
			if err := p.key(&it); err != nil {
				return nil, err
			}
		}
		var err error
		if it.val, err = p.value(depth); err != nil {
			return nil, err
		}
		list = append(list, it)
		if err := p.space(); err != nil {
			return nil, err
		}
		switch p.peek() {
		case ',':
			p.pos++
		case closing:
		default:
			return nil, fmt.Errorf("a comma or %q is expected", closing)
		}
	}
}

// key reads a member's key and its colon.
func (p *parser) key(it *item) error {
	if p.peek() != '"' {
		return errors.New("a key in quotes is expected")
	}
	if err := p.quoted(); err != nil {
		return err
	}
	if err := json.Unmarshal(p.data[it.lo:p.pos], &it.key); err != nil {
		return err
	}
	if err := p.space(); err != nil {
		return err
	}
	if p.peek() != ':' {
		return errors.New("a colon is expected")
	}
	p.pos++
	return p.space()
}
