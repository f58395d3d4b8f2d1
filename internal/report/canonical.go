package report

import (
	"bytes"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/skant-dev/skant/scanner"
)

// Canonical returns a report as it is read back from its JSON form, so that every format says the same of both: bytes that are no
// UTF-8 are U+FFFD everywhere but in paths and members. A report that has no such bytes is returned itself.
func Canonical(rep *scanner.Report) (*scanner.Report, error) {
	if rep.Recovery != nil || printable(reflect.ValueOf(rep)) {
		return rep, nil
	}
	var b bytes.Buffer
	if err := JSON(&b, rep, nil); err != nil {
		return nil, err
	}
	again, err := readBounded(&b, int64(b.Len()))
	if err != nil {
		return nil, fmt.Errorf("read the report back: %w", err)
	}
	again.ListSuppressed = rep.ListSuppressed
	return again, nil
}

// printable reports whether all exported strings in a value are valid UTF-8, those of a location's path and member apart.
func printable(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return utf8.ValidString(v.String())
	case reflect.Pointer:
		return v.IsNil() || printable(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if !printable(v.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		for at := v.MapRange(); at.Next(); {
			if !printable(at.Key()) || !printable(at.Value()) {
				return false
			}
		}
	case reflect.Struct:
		t := v.Type()
		if t == reflect.TypeFor[scanner.Secret]() {
			return utf8.ValidString(v.Interface().(scanner.Secret).Redacted())
		}
		isPlace := t == reflect.TypeFor[scanner.Location]()
		for i := range v.NumField() {
			name := t.Field(i)
			if name.IsExported() && !(isPlace && (name.Name == "Path" || name.Name == "Member")) && !printable(v.Field(i)) {
				return false
			}
		}
	}
	return true
}
