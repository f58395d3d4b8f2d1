package agents

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// How our entries are put into settings so that they can be taken out again to the byte:
//
//   - An entry is appended right after the last item of its container, with a comma and white space of our own. Taking it
//     out removes everything from the end of the item before it.
//   - In a container that was there and empty, our first item follows the bracket at once. Taking our items out leaves
//     whatever stood in it.
//   - A container that was not there is made with white space after its bracket. If nothing but our items is in it, it is
//     taken out whole.
//
// So the bytes themselves say what was there before, and nothing has to be kept elsewhere.

// style is how a settings file is written.
type style struct{ newline, unit string }

func styleOf(data []byte, root *node) style {
	st := style{newline: "\n", unit: "  "}
	if i := bytes.IndexByte(data, '\n'); i > 0 && data[i-1] == '\r' {
		st.newline = "\r\n"
	}
	if len(root.items) > 0 {
		if ind, ok := lineIndent(data, root.lo+1, root.items[0].lo); ok && ind != "" {
			st.unit = ind
		}
	}
	return st
}

// lineIndent returns the white space at the start of the line of position at, if that line starts after from.
func lineIndent(data []byte, from, at int) (indent string, ok bool) {
	start := bytes.LastIndexByte(data[from:at], '\n')
	if start < 0 {
		return "", false
	}
	start += from + 1
	end := start
	for end < at && (data[end] == ' ' || data[end] == '\t') {
		end++
	}
	return string(data[start:end]), true
}

// render writes an item for a container whose items are indented by indent; spread says that they stand on lines of their
// own.
type render func(st style, indent string, spread bool) string

// insert adds an item to an object or array.
func insert(data []byte, st style, c *node, write render) []byte {
	if len(c.items) == 0 {
		line, _ := lineIndent(data, 0, c.lo)
		return splice(data, c.lo+1, c.lo+1, write(st, line+st.unit, bytes.IndexByte(data, '\n') >= 0))
	}
	last := &c.items[len(c.items)-1]
	before := c.lo + 1
	if len(c.items) > 1 {
		before = c.items[len(c.items)-2].hi()
	}
	indent, spread := lineIndent(data, before, last.lo)
	lead := ", "
	if spread {
		lead = "," + st.newline + indent
	}
	return splice(data, last.hi(), last.hi(), lead+write(st, indent, spread))
}

func splice(data []byte, lo, hi int, text string) []byte {
	out := make([]byte, 0, len(data)+len(text))
	out = append(out, data[:lo]...)
	out = append(out, text...)
	return append(out, data[hi:]...)
}

// made writes a container that was not there, with the items that write gives for one more level of indentation.
func made(open, closing string, st style, indent string, spread bool, items []render) string {
	lead, between, end := " ", ", ", " "
	inner := indent + st.unit
	if spread {
		lead, between, end = st.newline+inner, ","+st.newline+inner, st.newline+indent
	}
	texts := make([]string, len(items))
	for i, write := range items {
		texts[i] = write(st, inner, spread)
	}
	return open + lead + strings.Join(texts, between) + end + closing
}

func (a *Agent) entryRender(h *Hook, command string) render {
	return func(style, string, bool) string { return a.entry(h, command) }
}

func (a *Agent) eventRender(h *Hook, command string) render {
	return func(st style, indent string, spread bool) string {
		return quoteJSON(h.Event) + ": " + made("[", "]", st, indent, spread, []render{a.entryRender(h, command)})
	}
}

func (a *Agent) hooksRender(command string) render {
	return func(st style, indent string, spread bool) string {
		var events []render
		for i := range a.Hooks {
			events = append(events, a.eventRender(&a.Hooks[i], command))
		}
		return `"hooks": ` + made("{", "}", st, indent, spread, events)
	}
}

// fresh is the settings file that is written where there is none.
func (a *Agent) fresh(command string) []byte {
	members := []render{}
	if a.versioned {
		members = append(members, func(style, string, bool) string { return `"version": 1` })
	}
	members = append(members, a.hooksRender(command))
	return []byte(made("{", "}", style{"\n", "  "}, "", true, members) + "\n")
}

// entry is what is put into an event's array, on one line.
func (a *Agent) entry(h *Hook, command string) string {
	var parts []string
	if !a.nested && h.Matcher != "" {
		parts = append(parts, `"matcher": `+quoteJSON(h.Matcher))
	}
	if !a.bare {
		parts = append(parts, `"type": "command"`)
	}
	parts = append(parts, `"command": `+quoteJSON(command))
	if a.timeout > 0 {
		parts = append(parts, fmt.Sprintf(`"timeout": %d`, a.timeout))
	}
	if a.extra != "" {
		parts = append(parts, a.extra)
	}
	text := "{" + strings.Join(parts, ", ") + "}"
	if !a.nested {
		return text
	}
	matcher := ""
	if h.Matcher != "" {
		matcher = `"matcher": ` + quoteJSON(h.Matcher) + ", "
	}
	return "{" + matcher + `"hooks": [` + text + "]}"
}

func quoteJSON(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// own returns the command of an entry that is ours: nothing but one command hook, which runs skant for this agent.
func (a *Agent) own(data []byte, n *node) (command, matcher string, ok bool) {
	if n.kind != '{' {
		return "", "", false
	}
	for i := range n.items {
		if n.items[i].key == "matcher" {
			matcher = n.items[i].val.text(data)
		}
	}
	if a.nested {
		list, err := n.member("hooks")
		if err != nil || list == nil || list.val.kind != '[' || len(list.val.items) != 1 {
			return "", "", false
		}
		n = &list.val.items[0].val
		if n.kind != '{' {
			return "", "", false
		}
	}
	it, err := n.member("command")
	if err != nil || it == nil {
		return "", "", false
	}
	command = it.val.text(data)
	_, ok = a.Program(command)
	return command, matcher, ok
}

// addTo returns settings with the hooks of the agent in them, which all run command. What is ours and differs is renewed in
// its place.
func (a *Agent) addTo(data []byte, command string) ([]byte, error) {
	root, err := parseSettings(data)
	if err != nil {
		return nil, err
	}
	st := styleOf(data, &root)
	hooks, err := root.member("hooks")
	if err != nil {
		return nil, err
	}
	if hooks == nil {
		return insert(data, st, &root, a.hooksRender(command)), nil
	}
	for i := range a.Hooks {
		if data, err = a.addEvent(data, st, &a.Hooks[i], command); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// addEvent is addTo for one event of settings that have hooks.
func (a *Agent) addEvent(data []byte, st style, h *Hook, command string) ([]byte, error) {
	events, err := hooksOf(data)
	if err != nil {
		return nil, err
	}
	list, err := events.member(h.Event)
	switch {
	case err != nil:
		return nil, err
	case list == nil:
		return insert(data, st, events, a.eventRender(h, command)), nil
	case list.val.kind != '[':
		return nil, fmt.Errorf("hooks.%s is no array", h.Event)
	}
	for i := range list.val.items {
		n := &list.val.items[i].val
		if have, matcher, ok := a.own(data, n); ok {
			if have == command && matcher == h.Matcher {
				return data, nil
			}
			return splice(data, n.lo, n.hi, a.entry(h, command)), nil
		}
	}
	return insert(data, st, &list.val, a.entryRender(h, command)), nil
}

// hooksOf returns the object with the hooks, whose items are events; without items if there is none.
func hooksOf(data []byte) (*node, error) {
	root, err := parseSettings(data)
	if err != nil {
		return nil, err
	}
	hooks, err := root.member("hooks")
	switch {
	case err != nil:
		return nil, err
	case hooks == nil:
		return &node{kind: '{'}, nil
	case hooks.val.kind != '{':
		return nil, fmt.Errorf("hooks is no object")
	}
	return &hooks.val, nil
}

// removeFrom returns settings without any hook of ours, whichever version wrote it.
func (a *Agent) removeFrom(data []byte) ([]byte, error) {
	root, err := parseSettings(data)
	if err != nil {
		return nil, err
	}
	if _, err := hooksOf(data); err != nil {
		return nil, err
	}
	hooks, err := root.member("hooks")
	if err != nil || hooks == nil {
		return data, err
	}
	var cuts []cut
	var emptied []int
	for i := range hooks.val.items {
		list := &hooks.val.items[i].val
		if list.kind != '[' {
			continue
		}
		var ours []int
		for k := range list.items {
			if _, _, ok := a.own(data, &list.items[k].val); ok {
				ours = append(ours, k)
			}
		}
		if takeOut(data, list, ours, &cuts) {
			emptied = append(emptied, i)
		}
	}
	if takeOut(data, &hooks.val, emptied, &cuts) {
		at := slices.IndexFunc(root.items, func(it item) bool { return it.lo == hooks.lo })
		if takeOut(data, &root, []int{at}, &cuts) {
			cuts = append(cuts, cut{root.lo + 1, root.items[0].hi()})
		}
	}
	return apply(data, cuts), nil
}

// cut is a range of bytes to leave out.
type cut struct{ lo, hi int }

// takeOut adds the cuts that remove some items of a container. whole says that the container was made for nothing but
// these items, so that it has to go instead.
func takeOut(data []byte, c *node, which []int, cuts *[]cut) (whole bool) {
	if len(which) == 0 {
		return false
	}
	if len(which) == len(c.items) {
		if c.items[0].lo != c.lo+1 {
			return true
		}
		last := c.items[len(c.items)-1].hi()
		*cuts = append(*cuts, cut{c.lo + 1, last})
		if comma := commaIn(data, last, c.hi); comma >= 0 {
			*cuts = append(*cuts, cut{comma, comma + 1})
		}
		return false
	}
	kept := false // whether an item before this one stays
	for i := range c.items {
		switch {
		case !slices.Contains(which, i):
			kept = true
		case kept:
			*cuts = append(*cuts, between(data, c.items[i-1].hi(), c.items[i].lo, c.items[i-1].hi(), c.items[i].hi())...)
		default:
			*cuts = append(*cuts, between(data, c.items[i].hi(), c.items[i+1].lo, c.items[i].lo, c.items[i+1].lo)...)
		}
	}
	return false
}

// between returns the cuts from lo to hi, which is an item and the gap from gapLo to gapHi beside it. Comments in the gap
// are somebody else's and stay.
func between(data []byte, gapLo, gapHi, lo, hi int) []cut {
	gap := data[gapLo:gapHi]
	if len(bytes.Trim(gap, ", \t\r\n")) == 0 {
		return []cut{{lo, hi}}
	}
	comma := commaIn(data, gapLo, gapHi)
	own := cut{lo, gapLo}
	if lo == gapLo {
		own = cut{gapHi, hi}
	}
	return []cut{own, {comma, comma + 1}}
}

// commaIn returns the position of the comma in a gap between items, which holds only white space and comments beside it,
// or -1.
func commaIn(data []byte, lo, hi int) int {
	p := &parser{data: data[:hi], pos: lo}
	if p.space() == nil && p.peek() == ',' {
		return p.pos
	}
	return -1
}

// apply leaves out ranges, which may touch and overlap.
func apply(data []byte, cuts []cut) []byte {
	slices.SortFunc(cuts, func(a, b cut) int { return a.lo - b.lo })
	var out []byte
	at := 0
	for _, c := range cuts {
		if c.lo > at {
			out = append(out, data[at:c.lo]...)
		}
		at = max(at, c.hi)
	}
	return append(out, data[at:]...)
}
