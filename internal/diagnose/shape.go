package diagnose

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// shape is the second step: whether a rule knows the value, what its checksum says, and what happened to it on its way here.
func (d *walk) shape(ctx context.Context, s *Step) error {
	if len(d.held) == 0 {
		s.add(Skipped, needsKey)
		return nil
	}
	h := d.held[0]
	text := h.text
	if text == "" {
		damage(h, s)
		text = h.variable + "=" + h.key() + "\n"
	}
	found, err := d.Find(ctx, text)
	if err != nil {
		return err
	}
	var other *scanner.Finding
	for i := range found {
		switch provider := d.Provider(found[i].RuleID); {
		case provider == d.way.provider && d.found == nil:
			d.found = &found[i]
		case provider != d.way.provider && provider != "generic" && other == nil:
			other = &found[i]
		}
	}
	flaw := ""
	if h.text == "" {
		flaw = misshapen(h, d.found != nil)
	}
	switch f := d.found; {
	case flaw != "":
		s.add(Wrong, "%s", flaw)
		d.found = nil // a part of a key is not sent to anybody
	case f == nil && other != nil:
		s.add(Wrong, saysForeign, d.way.title, other.Title)
	case f == nil && d.gateway() != nil:
		s.add(Unclear, saysGateway, d.way.title, d.gateway().where)
	case f == nil:
		s.add(Wrong, saysShapeless, d.way.title)
	case f.Example:
		s.add(Wrong, saysExample, f.Title)
		d.found = nil // what nobody was given is not sent to anybody
	case f.Confidence == rules.Certain:
		s.add(Fine, saysCertain, f.Title, strings.Join(f.Reasons, "; "))
	case len(f.Reasons) > 0:
		s.add(Look, saysShape, f.Title, strings.Join(f.Reasons, "; "))
	default:
		s.add(Fine, saysKnown, f.Title)
	}
	if d.found != nil && d.found.Verdict == scanner.Expired {
		s.add(Wrong, saysExpired, orElse(d.found.Facts["expires"], "a date in the past"))
	}
	if d.way.look != nil {
		d.way.look(d, s)
	}
	return nil
}

// bare returns a value without what was copied along with it.
func bare(value string) string {
	value = strings.TrimFunc(value, func(r rune) bool { return unicode.IsSpace(r) || unseen(r) })
	if quoted(value) {
		value = value[1 : len(value)-1]
	}
	if len(value) > len(bearerWord) && strings.EqualFold(value[:len(bearerWord)], bearerWord) {
		value = value[len(bearerWord):]
	}
	return strings.TrimSpace(value)
}

// key is the value without what was copied along with it.
func (h held) key() string { return bare(strings.TrimPrefix(bare(h.value), h.variable+"=")) }

const bearerWord = "Bearer "

func quoted(v string) bool {
	return len(v) > 1 && (v[0] == '"' || v[0] == '\'' || v[0] == '`') && v[len(v)-1] == v[0]
}

// unseen reports whether a character is one that a reader does not see and that is no space.
func unseen(r rune) bool {
	return unicode.Is(unicode.Cf, r) || r != '\t' && r != '\n' && r != '\r' && unicode.IsControl(r)
}

// damage says what was copied along with a value, or happened to it.
func damage(h held, s *Step) {
	v := h.value
	trimmed := strings.TrimSpace(v)
	switch {
	case strings.HasSuffix(v, "\r") || strings.HasSuffix(v, "\r\n"):
		s.add(Wrong, saysCarriage, h.where)
	case strings.HasSuffix(v, "\n"):
		s.add(Wrong, saysNewline, h.where)
	case v != trimmed:
		s.add(Wrong, saysSpace, h.where)
	}
	if quoted(trimmed) {
		s.add(Wrong, saysQuoted, h.where)
	}
	inner := bare(v)
	if strings.HasPrefix(inner, h.variable+"=") {
		s.add(Wrong, saysAssignment, h.where)
	}
	if strings.HasPrefix(strings.ToLower(strings.Trim(trimmed, `"'`)), strings.ToLower(bearerWord)) {
		s.add(Wrong, saysBearerIn, h.where)
	}
	switch {
	case strings.ContainsAny(inner, "\r\n"):
		s.add(Wrong, saysBroken, h.where)
	case strings.ContainsFunc(inner, unseen):
		s.add(Wrong, saysUnseen, h.where)
	case strings.ContainsFunc(inner, func(r rune) bool { return r > unicode.MaxASCII }):
		s.add(Wrong, saysForeignLetters, h.where)
	case strings.ContainsAny(inner, " \t"):
		s.add(Wrong, saysInnerSpace, h.where)
	}
}

// lengths are the whole lengths of keys of a known form, by prefix.
func lengths() map[string]int {
	return map[string]int{"sk-ant-api03-": 108, "sk-ant-oat01-": 108, "sk-ant-ort01-": 108, "sk-ant-sid01-": 108, "sk-ant-admin01-": 110}
}

// misshapen says what is wrong with the form of a value, as far as that can be seen; empty if nothing is. Of a value that a rule takes only
// what cannot be chance counts.
func misshapen(h held, known bool) string {
	v := h.key()
	lower := strings.ToLower(v)
	switch {
	case strings.Count(v, "sk-ant-") > 1 || strings.HasPrefix(v, "ABSK") && strings.Contains(v[4:], "ABSKQmVkcm9ja"):
		return fmt.Sprintf(saysPasted, h.where)
	case known:
	case strings.HasPrefix(v, "$") || strings.Contains(v, "${") || strings.Contains(v, "{{"):
		return fmt.Sprintf(saysReference, h.where)
	case strings.Contains(v, "...") || strings.Contains(v, "…") || strings.Contains(v, "***"):
		return fmt.Sprintf(saysElided, h.where)
	case strings.ContainsAny(v, "<>") || strings.Contains(lower, "your") || strings.Contains(lower, "xxxx"):
		return fmt.Sprintf(saysPlaceholder, h.where)
	}
	for prefix, n := range lengths() {
		switch {
		case !strings.HasPrefix(v, prefix):
		case len(v) < n:
			return fmt.Sprintf(saysCut, h.where, len(v), n)
		case len(v) > n:
			return fmt.Sprintf(saysLong, h.where, len(v), n)
		}
	}
	return ""
}
