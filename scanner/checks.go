package scanner

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/skant-dev/skant/internal/match"
)

// defaultContextWithin is how far from a match a context word may stand, in bytes to either side.
const defaultContextWithin = 120

// checker applies the conditions of rules. It tells, if asked, which one refused a match.
type checker struct {
	// refused, if not nil, is called with the reason for each match that is refused, for `skant rules test`.
	refused func(reason string)
}

func (k *checker) no(format string, args ...any) (bool, error) {
	if k.refused != nil {
		k.refused(fmt.Sprintf(format, args...))
	}
	return false, nil
}

// accepts reports whether a match passes. A value that a checksum proves need not look random, nor unlike an example.
func (k *checker) accepts(c *compiledChecks, data []byte, m found, path string, proven bool) (bool, error) {
	secret := data[m.secret.lo:m.secret.hi]
	if !proven {
		if !c.AllowPlaceholders {
			if r := reference(secret); r != "" {
				return k.no("the value refers to another: it has %q in it", r)
			}
		}
		if c.Entropy > 0 && (c.AllowPlaceholders || placeholder(secret) == "") {
			if e := match.Entropy(secret); e < c.Entropy {
				return k.no("entropy %.2f is below %.2f", e, c.Entropy)
			}
		}
	}
	if bad, err := k.patterns(c, secret, path); bad || err != nil {
		return false, err
	}
	return k.surroundings(c, data, m)
}

// patterns applies require, forbid and paths; bad means refused.
func (k *checker) patterns(c *compiledChecks, secret []byte, path string) (bad bool, err error) {
	for _, p := range c.require {
		if ok, err := matches(p, secret); err != nil || !ok {
			_, _ = k.no("the value does not have what %q requires", p.text)
			return true, err
		}
	}
	for _, p := range c.forbid {
		if ok, err := matches(p, secret); err != nil || ok {
			_, _ = k.no("the value has what %q forbids", p.text)
			return true, err
		}
	}
	// Where content has no path yet, as in a history, paths are judged once it is known; see Scanner.finish.
	if path != "" {
		ok, err := c.pathMatches(path)
		if err != nil || !ok {
			_, _ = k.no("the rule is not for the path %q", path)
			return true, err
		}
	}
	return false, nil
}

// limited reports whether the rule is for some paths only.
func (c *compiledChecks) limited() bool { return len(c.paths)+len(c.notPaths) > 0 }

func (c *compiledChecks) pathMatches(path string) (bool, error) {
	for _, p := range c.notPaths {
		if bad, err := matches(p, []byte(path)); bad || err != nil {
			return false, err
		}
	}
	for _, p := range c.paths {
		if ok, err := matches(p, []byte(path)); ok || err != nil {
			return ok, err
		}
	}
	return len(c.paths) == 0, nil
}

// surroundings applies context and forbid_context.
func (k *checker) surroundings(c *compiledChecks, data []byte, m found) (bool, error) {
	if !c.contextNear(data, m.whole) {
		return k.no("none of the words %v is within %d bytes", c.Context, c.within())
	}
	if len(c.forbidContext) == 0 {
		return true, nil
	}
	line := append(slices.Clone(lineBefore(data, m.secret.lo)), lineAfter(data, m.secret.hi)...)
	for _, p := range c.forbidContext {
		if ok, err := matches(p, line); err != nil || ok {
			_, _ = k.no("the line has what %q forbids", p.text)
			return false, err
		}
	}
	return true, nil
}

func (c *compiledChecks) within() int {
	if c.ContextWithin > 0 {
		return c.ContextWithin
	}
	return defaultContextWithin
}

// contextNear reports whether one of the context words stands near a span, if there are any.
func (c *compiledChecks) contextNear(data []byte, s span) bool {
	if len(c.Context) == 0 {
		return true
	}
	near := bytes.ToLower(around(data, s, c.within()))
	return slices.ContainsFunc(c.context, func(w []byte) bool { return bytes.Contains(near, w) })
}

func matches(p *lazyPattern, b []byte) (bool, error) {
	re, err := p.get()
	if err != nil {
		return false, fmt.Errorf("compile %q: %w", p.text, err)
	}
	return re.Match(b), nil
}

// maxLine bounds how much of a line is looked at on each side of a match, in bytes.
const maxLine = 512

func lineBefore(data []byte, at int) []byte {
	part := data[max(0, at-maxLine):at]
	return part[bytes.LastIndexByte(part, '\n')+1:]
}

func lineAfter(data []byte, at int) []byte {
	part := data[at:min(len(data), at+maxLine)]
	if i := bytes.IndexByte(part, '\n'); i >= 0 {
		part = part[:i]
	}
	return part
}

// references stand in values that are filled in when the program runs, or that were cut.
var references = []string{"<", "${", "{{", "}}", "$(", "...", "****", "…", "%s", "%v"}

// reference returns what in a value says that it is not the value itself, or "".
func reference(secret []byte) string {
	for _, r := range references {
		if bytes.Contains(secret, []byte(r)) {
			return r
		}
	}
	return ""
}

// placeholderWords stand in values that somebody is meant to replace.
var placeholderWords = []string{
	"example", "changeme", "change_me", "change-me", "placeholder", "dummy", "redacted", "your-", "your_", "yourkey",
	"yourtoken", "yoursecret", "yourapi", "youraccess", "insert-", "insert_", "inserthere", "replace-", "replace_", "replaceme",
	"put-your", "my-secret-", "my_secret_", "not-a-real", "notareal", "not-real", "fake-", "fake_", "fakekey", "faketoken", "sample-", "sample_",
	"todo-", "todo_", "removed", "xxxx",
}

// placeholder returns why a value stands for a credential that it is not, or "".
func placeholder(secret []byte) string {
	low := bytes.ToLower(secret)
	for _, w := range placeholderWords {
		if bytes.Contains(low, []byte(w)) {
			return fmt.Sprintf("it has %q in it", w)
		}
	}
	run, ascending := 1, 1
	var seen [256]bool
	distinct := 0
	for i, c := range low {
		if !seen[c] {
			seen[c] = true
			distinct++
		}
		if i == 0 {
			continue
		}
		run = next(run, c == low[i-1])
		ascending = next(ascending, c == low[i-1]+1 || c == low[i-1]-1 || c == 'a' && low[i-1] == '9' || c == '0' && low[i-1] == '9')
		if run >= 8 {
			return "one character many times in a row"
		}
		if ascending >= 10 {
			return "a sequence of characters"
		}
	}
	if len(low) >= 12 && distinct <= 4 {
		return "few different characters"
	}
	return ""
}

// next counts how long a condition has held.
func next(count int, holds bool) int {
	if holds {
		return count + 1
	}
	return 1
}
