package agents

import (
	"bytes"
	"context"
	"strconv"
	"unicode/utf8"

	"github.com/skant-dev/skant/scanner"
)

// Walk implements [scanner.Source]: every text of the event. [Event.Found] tells afterwards what of it is new.
func (e *Event) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	for _, why := range e.Unread {
		rec.Unread("texts", why, "")
	}
	for i := range e.Texts {
		if err := ctx.Err(); err != nil {
			return err
		}
		t := &e.Texts[i]
		c := scanner.Chunk{Data: t.Data, Location: scanner.Location{Kind: scanner.KindStdin, Object: handle(i)}}
		if t.Path != "" {
			c.Location.Kind, c.Location.Path = scanner.KindFile, e.reader.name(t.Path)
		}
		if err := visit(&c); err != nil {
			return err
		}
		rec.AddFile(len(t.Data))
	}
	return nil
}

// handle names a text in the findings of a scan, so that they can be told apart.
func handle(i int) string { return "text " + strconv.Itoa(i) }

// Found is a secret that is about to be added, run, read back or sent.
type Found struct {
	Text    *Text
	Finding *scanner.Finding
}

// Found returns what counts of the findings of a scan of this event: what no policy suppresses, what lies within the lines
// that are read, and of what a file has already only what there will be more of. The same secret is told once for each
// field.
func (e *Event) Found(findings []scanner.Finding) []Found {
	byHandle := make(map[string]*Text, len(e.Texts))
	for i := range e.Texts {
		byHandle[handle(i)] = &e.Texts[i]
	}
	var found []Found
	for i := range findings {
		f := &findings[i]
		t := byHandle[f.Location.Object]
		if t == nil || e.allowed(t, f) || f.Example || t.Last > 0 && (f.Location.EndLine < t.First || f.Location.StartLine > t.Last) || t.had(f) {
			continue
		}
		found = append(found, Found{t, f})
	}
	return once(found)
}

// had reports whether what stood in a text's place has the characters of a secret as often. They are compared and not the
// findings: what a value is taken for depends on what stands around it, which an edit may change.
func (t *Text) had(f *scanner.Finding) bool {
	lo, hi := span(t.Data, f)
	if len(t.Old) == 0 || hi <= lo {
		return false
	}
	secret := t.Data[lo:hi]
	before := bytes.Count(t.Old, secret)
	if t.Now != nil {
		before = min(before, bytes.Count(t.Now, secret))
	}
	return before >= bytes.Count(t.Data, secret)
}

// span is where a secret stands in a text, in bytes.
func span(data []byte, f *scanner.Finding) (lo, hi int) {
	return offsetOf(data, f.Location.StartLine, f.Location.StartColumn), offsetOf(data, f.Location.EndLine, f.Location.EndColumn)
}

// allowed reports whether a finding was suppressed by somebody who may. A comment that stands in what the agent is about
// to write or run was written by the agent.
func (e *Event) allowed(t *Text, f *scanner.Finding) bool {
	return f.Suppressed != nil && (f.Suppressed.By != scanner.ByInline || t.Stands || e.Hook.Phase != Before)
}

// once leaves out what is told already: the same secret in one field, and one in an object whose strings were looked at.
func once(found []Found) []Found {
	type place struct{ field, fingerprint string }
	seen, plain := map[place]bool{}, map[string]bool{}
	for _, f := range found {
		plain[f.Finding.Fingerprint] = plain[f.Finding.Fingerprint] || !f.Text.Whole
	}
	var out []Found
	for _, f := range found {
		p := place{f.Text.Field + "\x00" + f.Text.Path, f.Finding.Fingerprint}
		if seen[p] || f.Text.Whole && plain[f.Finding.Fingerprint] {
			continue
		}
		seen[p] = true
		out = append(out, f)
	}
	return out
}

// Masked returns what the tool gave back with every secret in it masked, in the same shape, or nil if it gave back
// nothing. scrub masks what any rule finds in a text.
func (e *Event) Masked(findings []scanner.Finding, scrub func(string) string) any {
	if e.response == nil {
		return nil
	}
	masked := map[string]string{}
	for i := range e.Texts {
		t := &e.Texts[i]
		if t.Whole {
			continue
		}
		data, next := bytes.Clone(t.Data), len(t.Data)
		for k := len(findings) - 1; k >= 0; k-- { // they are sorted, so that those before keep their places
			if f := &findings[k]; f.Location.Object == handle(i) {
				lo, hi := span(t.Data, f)
				if hi = min(hi, next); lo < hi {
					data = append(data[:lo:lo], append([]byte(f.Secret.Redacted()), data[hi:]...)...)
					next = lo
				}
			}
		}
		masked[string(t.Data)] = string(data)
	}
	return maskValue(e.response, func(s string) string {
		if m, ok := masked[s]; ok {
			s = m
		}
		return scrub(s)
	})
}

func maskValue(v any, mask func(string) string) any {
	switch v := v.(type) {
	case string:
		return mask(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = maskValue(v[i], mask)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, inner := range v {
			out[mask(k)] = maskValue(inner, mask)
		}
		return out
	default:
		return v
	}
}

// offsetOf returns the position in bytes of a line and a column, which count from 1; a column counts code points.
func offsetOf(data []byte, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return len(data)
		}
		at += i + 1
	}
	for ; column > 1 && at < len(data); column-- {
		_, n := utf8.DecodeRune(data[at:])
		at += n
	}
	return at
}
