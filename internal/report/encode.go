package report

import (
	"fmt"
	"io"
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
