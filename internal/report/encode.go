package report

import (
	"fmt"
	"io"

	"github.com/skant-dev/skant/scanner"
)

// Encode writes v as one indented JSON object that is safe to print, in the way of [JSON]: for documents that are no reports.
func Encode(w io.Writer, v any) error {
	encoded, err := encode(v, "  ")
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	_, err = w.Write(encoded)
	return err
}

// Alive reports whether a provider has said that it knows a credential.
func Alive(v scanner.Verdict) bool { return alive(v) }

// Head names the place of a finding as the text format does, in one line that is safe to show: path:line:column, or what holds it where
// that is no file.
func Head(f *scanner.Finding) string { return head(f) }
