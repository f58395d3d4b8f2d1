package rules

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"reflect"
)

// Digest returns a hash of everything in the set that decides what is found, in its order: two sets with the same digest
// find the same. What only people need, which [Builtin] leaves out, does not count.
func (s *Set) Digest() [sha256.Size]byte {
	var text []byte
	for i := range s.rules {
		r := s.rules[i]
		r.Assigned, r.Why, r.Docs, r.Examples, r.Revocation, r.Origin = Assigned{}, "", nil, Examples{}, "", Origin{}
		text = appendValue(text, reflect.ValueOf(&r).Elem())
	}
	return sha256.Sum256(text)
}

// appendValue writes a value so that no two different ones of one type are written alike. It goes through all fields, so
// that a new one cannot be forgotten.
func appendValue(text []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			text = appendValue(text, v.Field(i))
		}
	case reflect.Slice:
		text = binary.AppendUvarint(text, uint64(v.Len()))
		for i := range v.Len() {
			text = appendValue(text, v.Index(i))
		}
	case reflect.String:
		text = binary.AppendUvarint(text, uint64(v.Len()))
		text = append(text, v.String()...)
	case reflect.Bool:
		text = binary.AppendUvarint(text, map[bool]uint64{true: 1}[v.Bool()])
	case reflect.Float32, reflect.Float64:
		text = binary.BigEndian.AppendUint64(text, math.Float64bits(v.Float()))
	default:
		text = binary.AppendVarint(text, v.Int())
	}
	return text
}
