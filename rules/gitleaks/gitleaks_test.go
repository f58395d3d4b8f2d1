package gitleaks

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/skant-dev/skant/rules"
)

// imported returns the rules and notes of a configuration.
func imported(t *testing.T, text string) *Imported {
	t.Helper()
	im, err := Import([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func TestImport(t *testing.T) {
	im := imported(t, `
title = "ours"
[[rules]]
id = "Acme Token"
description = "Acme deploy token"
regex = '''(?i)acme.{0,20}[=:]\s*['"]?([a-z0-9]{32})['"]?'''
entropy = 3.5
keywords = ["acme"]
path = '''\.env$'''
[[rules.allowlists]]
stopwords = ["dummy.1"]
paths = ['''testdata/''']
commits = ["abc"]
[rules.allowlist]
regexTarget = "line"
regexes = ['''never-mind''']
[[rules]]
id = "second"
regex = '''(one|two)_(?P<name>[0-9a-f]{20})'''
secretGroup = 2
[[rules]]
id = "whole"
regex = '''hook_[0-9a-f]{20}'''
[allowlist]
regexes = ['''^example''']
`)
	if len(im.Rules) != 3 || im.Found != 3 {
		t.Fatalf("%d rules: %v", len(im.Rules), im.Notes)
	}
	r := im.Rules[0]
	if r.ID != "imported-acme-token" || r.Title != "Acme deploy token" || r.Checks.Entropy != 3.5 || !slices.Equal(r.Anchors, []string{"acme"}) {
		t.Errorf("%+v", r)
	}
	if !slices.Equal(r.Checks.Forbid, []string{"^example", `(?i)dummy\.1`, "never-mind"}) || !slices.Equal(r.Checks.ForbidContext, []string{"never-mind"}) ||
		!slices.Equal(r.Checks.Paths, []string{`\.env$`}) || !slices.Equal(r.Checks.NotPaths, []string{"testdata/"}) {
		t.Errorf("checks %+v", r.Checks)
	}
	if m := regexp.MustCompile(im.Rules[1].Pattern).FindStringSubmatch("two_" + strings.Repeat("ab", 10)); len(m) != 2 || m[1] != strings.Repeat("ab", 10) {
		t.Errorf("the second group became %q", m)
	}
	if !slices.Equal(im.Rules[1].Anchors, []string{"one_", "two_"}) && !slices.Equal(im.Rules[1].Anchors, []string{"one", "two"}) {
		t.Errorf("anchors %q", im.Rules[1].Anchors)
	}
	if !strings.Contains(strings.Join(im.Notes, "\n"), "allowed commits") {
		t.Errorf("notes %q", im.Notes)
	}
	text, err := YAML(im.Rules)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rules.Read(text, "x.yaml"); err != nil {
		t.Errorf("what is written is refused: %v\n%s", err, text)
	}
	for _, r := range im.Rules {
		example, err := rules.Expand(r.Examples.Match[0], r.ID)
		if err != nil || !regexp.MustCompile(r.Pattern).MatchString(example) || regexp.MustCompile(r.Pattern).Match(text) {
			t.Errorf("%s: the example %q, or the file itself matches: %v", r.ID, example, err)
		}
	}
}

func TestImportLeavesOut(t *testing.T) {
	for rule, want := range map[string]string{
		`regex = "abc"`:                                "no id",
		`id = "a"`:                                     "path alone",
		"id = \"a\"\nregex = '[a-z]{40}'":              "no literal",
		"id = \"a\"\nregex = 'ab[a-z]{40}'":            "no literal",
		"id = \"a\"\nregex = '(abc'":                   "does not compile",
		"id = \"a\"\nregex = '(abc)'\nsecretGroup = 3": "secretGroup is 3 of 1",
		"id = \"a\"\nregex = 'abc'\nskipReport = true": "part of another",
		"id = \"a\"\nregex = 'abcd'\nsomething = 1":    "not known",
		"id = \"a\"\nregex = 'abcd^x'":                 "no text could be made",
		"id = \"a\"\nregex = 'abcd'\n[[rules.allowlists]]\ncondition = 'AND'\npaths=['x']\nregexes=['y']": "must all hold",
	} {
		im := imported(t, "[[rules]]\n"+rule)
		if !strings.Contains(strings.Join(im.Notes, "\n"), want) {
			t.Errorf("%s: notes %q, want %q", rule, im.Notes, want)
		}
	}
	for _, bad := range []string{"", "[[rules", "title = 'x'", "rules = 1"} {
		if im, err := Import([]byte(bad)); err == nil {
			t.Errorf("%q gave %+v", bad, im)
		}
	}
}

// FuzzImport holds what is promised of any configuration: rules that are written out are accepted, and every match of
// theirs has an anchor.
func FuzzImport(f *testing.F) {
	f.Add("[[rules]]\nid = 'a'\nregex = '''(?i)acme[0-9]{4}(x|y)'''\nentropy = 1.0")
	f.Add("[[rules]]\nid = 'a'\nregex = 'a(bcd|efg)+h'\nsecretGroup = 1\n[[rules.allowlists]]\npaths = ['x']")
	f.Fuzz(func(t *testing.T, text string) {
		im, err := Import([]byte(text))
		if err != nil {
			return
		}
		for _, r := range im.Rules {
			example, err := rules.Expand(r.Examples.Match[0], r.ID)
			if err != nil {
				t.Fatal(err)
			}
			m := regexp.MustCompile(r.Pattern).FindString(example)
			if !slices.ContainsFunc(r.Anchors, func(a string) bool { return strings.Contains(strings.ToLower(m), a) }) {
				t.Errorf("pattern %q matches %q without one of %q", r.Pattern, m, r.Anchors)
			}
		}
	})
}

func TestRequired(t *testing.T) {
	for pattern, want := range map[string][]string{
		"abc":                      {"abc"},
		"(?i)ABC[0-9]defg":         {"defg"},
		"(?:abc|defg)x":            {"abc", "defg"},
		"(?:abc|d)x":               nil,
		"(?:abc)?x":                nil,
		"(?:abc){0,3}x":            nil,
		"(?:abc){2,3}":             {"abc"},
		"[a-z]+":                   nil,
		"x{3}":                     nil,
		"ünü[0-9]":                 nil,
		"token_(?:live|test)_x{9}": {"token_"},
	} {
		re, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if got := required(re); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}
