package rules

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// TestDigestCountsEveryField changes each field of a rule, of its checks and of its parts in turn.
func TestDigestCountsEveryField(t *testing.T) {
	forPeople := []string{"Assigned", "Why", "Docs", "Examples", "Revocation", "Origin"}
	seen := map[[32]byte]string{}
	add := func(what string, r Rule) {
		sum := NewSet([]Rule{r}, nil).Digest()
		if other, found := seen[sum]; found {
			t.Errorf("%s has the digest of %s", what, other)
		}
		seen[sum] = what
	}
	full := func() Rule { return Rule{ID: "x", Anchors: []string{"abc"}, Parts: []Part{{Name: "p"}}} }
	add("a rule", full())
	var fields func(name string, at func(*Rule) reflect.Value)
	fields = func(name string, at func(*Rule) reflect.Value) {
		probe := full()
		v := at(&probe)
		if v.Kind() == reflect.Struct {
			for i := range v.NumField() {
				field := v.Type().Field(i).Name
				if name == "Rule" && slices.Contains(forPeople, field) {
					continue
				}
				fields(name+"."+field, func(r *Rule) reflect.Value { return at(r).Field(i) })
			}
			return
		}
		change(v)
		add(name, probe)
	}
	fields("Rule", func(r *Rule) reflect.Value { return reflect.ValueOf(r).Elem() })
	fields("Part", func(r *Rule) reflect.Value { return reflect.ValueOf(&r.Parts[0]).Elem() })
	if len(seen) < 30 {
		t.Errorf("only %d fields were changed", len(seen))
	}
}

// change gives a field another value.
func change(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "changed")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	default:
		panic(fmt.Sprintf("a field of kind %v", v.Kind()))
	}
}

func TestDigestIsThatOfTheEngine(t *testing.T) {
	full, err := BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	if full.Digest() != Builtin().Digest() {
		t.Error("the built-in rules have another digest when they are read with what people need")
	}
	backwards := slices.Clone(Builtin().All())
	slices.Reverse(backwards)
	if NewSet(backwards, nil).Digest() == Builtin().Digest() {
		t.Error("the order does not count")
	}
	texts := []Rule{{ID: "ab", Title: "c"}}
	if NewSet(texts, nil).Digest() == NewSet([]Rule{{ID: "a", Title: "bc"}}, nil).Digest() {
		t.Error("the border between two fields does not count")
	}
}

func BenchmarkDigest(b *testing.B) {
	set := Builtin()
	for b.Loop() {
		set.Digest()
	}
}
