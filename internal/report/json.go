package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// JSON writes the report as one indented JSON object, the contract that docs/report.schema.json describes. [Read] reads
// it back.
//
// Characters that would not be seen in a terminal, or would change what is seen, are written as \u escapes, which every
// JSON parser undoes. Bytes of a path that are no UTF-8 become U+FFFD, since JSON cannot hold them.
func JSON(w io.Writer, rep *scanner.Report, _ *rules.Set) error {
	encoded, err := encode(normal(rep), "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	_, err = w.Write(encoded)
	return err
}

// normal returns the report with empty lists in place of nil ones, so that JSON never says null for a list, and of the version that is
// written here, whatever was read.
func normal(rep *scanner.Report) *scanner.Report {
	out := *rep
	out.SchemaVersion = scanner.SchemaVersion
	if out.Findings == nil {
		out.Findings = []scanner.Finding{}
	}
	if out.Coverage.Skipped == nil {
		out.Coverage.Skipped = []scanner.Skip{}
	}
	return &out
}

// encode returns v as JSON with a final line break, safe to print.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return escapeInvisible(b.Bytes()), nil
}

// escapeInvisible replaces characters that are not graphic by JSON escapes. In JSON text, those beyond ASCII stand only
// in strings, and the encoder has already escaped the control characters of ASCII but for DEL.
func escapeInvisible(text []byte) []byte {
	hidden := func(r rune) bool { return r == 0x7f || r > 0x7f && !unicode.IsGraphic(r) }
	if bytes.IndexFunc(text, hidden) < 0 {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case !hidden(r):
			out = append(out, text[:n]...)
		case r > 0xffff:
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[n:]
	}
	return out
}
