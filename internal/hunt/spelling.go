package hunt

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// spelling is how a variant writes a value: unit by unit, a unit being a character or a byte, with something or nothing between
// any two. A place can be compared with it from anywhere in either direction, and at the first unit that differs that is over,
// where the pattern of the variant, which means the same, goes through the whole window.
type spelling struct {
	units []unit
	joint *joint
	// most bounds a joint, in bytes.
	most int
}

// unit is one of the pieces of a spelling.
type unit struct {
	// plain is how it is written as a rule; fold says that case makes no difference.
	plain string
	fold  bool
	// slash says that a backslash is the unit before.
	slash bool
	// forms are the other ways; nil if there are none. always says that they are asked for even where nothing is escaped.
	forms  *forms
	always bool
}

// joint is what may stand between two units.
type joint struct {
	forms *forms
	// must says that it has to.
	must bool
	// ends reports whether a byte can be the last of it, begins whether it can be the first, and inside whether it can stand in it.
	ends, begins, inside func(byte) bool
	// mayEnd is a closer look at whether one can end at p; nil if the last byte says it.
	mayEnd func(data []byte, p int) bool
	// free is how many bytes in a row may stand in it that are not inside.
	free int
}

// forms is a pattern to be matched up to a place, from a place on, or exactly.
type forms struct {
	pattern           string
	once              sync.Once
	upTo, from, exact *regexp.Regexp
}

// maxAlternatives bounds the places that are followed at once. With more the pattern has to tell.
const maxAlternatives = 64

// escapeReach is how far an escaped character goes, in bytes: with backslashes doubled some times over.
const escapeReach = 64

// longestCode bounds the letters and digits in a row in an escaped character.
const longestCode = 20

// knownForms are the forms of each pattern: most characters of a value stand in it more than once.
type knownForms map[string]*forms

func (k knownForms) of(pattern string) *forms {
	f, ok := k[pattern]
	if !ok {
		f = newForms(pattern)
		k[pattern] = f
	}
	return f
}

func newForms(pattern string) *forms { return &forms{pattern: pattern} }

// ready compiles the pattern, which few searches need.
func (f *forms) ready() *forms {
	f.once.Do(func() {
		f.upTo, f.exact = regexp.MustCompile(`(?:`+f.pattern+`)\z`), regexp.MustCompile(`\A(?:`+f.pattern+`)\z`)
		f.from = regexp.MustCompile(`\A(?:` + f.pattern + `)`)
		f.from.Longest()
	})
	return f
}

// back appends where the forms can begin that end at p and not before lo; ok is false if there is more than was seen. can tells with
// what they begin. With slash a backslash before them may be a unit; without it is theirs, and nothing begins behind one.
func (f *forms) back(data []byte, p, lo int, can func(byte) bool, slash bool, out []int) (places []int, ok bool) {
	m := f.ready().upTo.FindIndex(data[lo:p])
	if m == nil {
		return out, true
	}
	if m[0] == 0 && lo > 0 {
		return out, false
	}
	for s := lo + m[0]; s < p; s++ {
		if !slash && s > 0 && data[s-1] == '\\' {
			continue
		}
		if (s == lo+m[0] || can(data[s])) && !slices.Contains(out, s) && f.exact.Match(data[s:p]) {
			if out = append(out, s); len(out) > maxAlternatives {
				return out, false
			}
		}
	}
	return out, true
}

// forth appends where the forms can end that begin at p.
func (f *forms) forth(data []byte, p, hi int, can func(byte) bool, out []int) (places []int, ok bool) {
	m := f.ready().from.FindIndex(data[p:hi])
	if m == nil {
		return out, true
	}
	end := p + m[1]
	if end == hi && hi < len(data) {
		return out, false
	}
	for e := p + 1; e <= end; e++ {
		if (e == end || can(data[e-1])) && !slices.Contains(out, e) && f.exact.Match(data[p:e]) {
			if out = append(out, e); len(out) > maxAlternatives {
				return out, false
			}
		}
	}
	return out, true
}

func anyByte(byte) bool { return true }

// escapes are what an escaped character begins with.
func escapes(c byte) bool { return c == '\\' || c == '%' || c == '&' }

// back appends where a unit can begin that ends at p.
func (u *unit) back(data []byte, p, most int, out []int) (places []int, ok bool) {
	if n := len(u.plain); n <= p && u.same(data[p-n:p]) {
		out = append(out, p-n)
	}
	if u.forms == nil || p == 0 {
		return out, true
	}
	if u.always {
		return u.forms.back(data, p, behindSlashes(data, max(0, p-escapeReach), p-most), anyByte, u.slash, out)
	}
	lo, ok := u.escapedFrom(data, p)
	if !ok {
		return out, true
	}
	return u.forms.back(data, p, behindSlashes(data, lo, p-most), escapes, u.slash, out)
}

// behindSlashes moves a place back over a row of backslashes, which may be as long as a match, and one byte more: a form that
// begins there is not seen whole.
func behindSlashes(data []byte, lo, least int) int {
	for lo > 0 && lo > least && data[lo-1] == '\\' {
		lo--
	}
	return max(0, lo-1)
}

// escapedFrom returns a place before any escaped form of a unit that ends at p; ok is false if there is none.
func (u *unit) escapedFrom(data []byte, p int) (lo int, ok bool) {
	lo = p
	if n := len(u.plain); n <= p && u.same(data[p-n:p]) && !isAlphanumeric(data[p-1]) {
		lo -= n
	}
	for row := 0; lo > 0 && p-lo < escapeReach && row <= longestCode; lo-- {
		switch c := data[lo-1]; {
		case escapes(c):
			row, ok = 0, true
		case isAlphanumeric(c):
			row++
		case c == ';' || c == '#' || c == '{' || c == '}':
			row = 0
		default:
			return lo, ok
		}
	}
	return lo, ok
}

// forth appends where a unit can end that begins at p.
func (u *unit) forth(data []byte, p int, out []int) (places []int, ok bool) {
	if n := len(u.plain); p+n <= len(data) && u.same(data[p:p+n]) {
		out = append(out, p+n)
	}
	if u.forms == nil || p == len(data) || !u.always && !escapes(data[p]) {
		return out, true
	}
	return u.forms.forth(data, p, min(len(data), p+escapeReach), anyByte, out)
}

func (u *unit) same(b []byte) bool {
	return u.plain != "" && (string(b) == u.plain || u.fold && strings.EqualFold(string(b), u.plain))
}

// back appends where a joint can begin that ends at p.
func (j *joint) back(data []byte, p, most int, slash bool, out []int) (places []int, ok bool) {
	if p == 0 || !j.ends(data[p-1]) || j.mayEnd != nil && !j.mayEnd(data, p) {
		return out, true
	}
	lo, strange := p, 0
	for lo > 0 && p-lo < most {
		if strange++; j.inside(data[lo-1]) {
			strange = 0
		} else if strange > j.free {
			break
		}
		lo--
	}
	return j.forms.back(data, p, max(0, lo-1), j.begins, slash, out)
}

// forth appends where a joint can end that begins at p.
func (j *joint) forth(data []byte, p, most int, out []int) (places []int, ok bool) {
	if p == len(data) || !j.begins(data[p]) {
		return out, true
	}
	hi, strange := p, 0
	for hi < len(data) && hi-p < most {
		if strange++; j.inside(data[hi]) {
			strange = 0
		} else if strange > j.free {
			break
		}
		hi++
	}
	return j.forms.forth(data, p, min(len(data), hi+1), j.ends, out)
}

// back reports whether the units end at one of the places, one behind the other. It says so, too, if that is not to be told
// cheaply: sure is false then. last says that nothing stands between them and the places.
func (s *spelling) back(data []byte, places []int, units []unit, last bool) (is, sure bool) {
	var beside, next []int
	for i := len(units) - 1; i >= 0; i-- {
		beside = append(beside[:0], places...)
		if s.joint != nil && (i < len(units)-1 || !last) {
			if s.joint.must {
				beside = beside[:0]
			}
			for _, p := range places {
				var ok bool
				if beside, ok = s.joint.back(data, p, s.most, units[i].plain == `\`, beside); !ok || len(beside) > maxAlternatives {
					return true, false
				}
			}
		}
		next = next[:0]
		for _, p := range beside {
			var ok bool
			if next, ok = units[i].back(data, p, s.most, next); !ok {
				return true, false
			}
		}
		if len(next) == 0 {
			return false, true
		}
		places, next = append(places[:0], compact(next)...), next[:0]
	}
	return true, true
}

// forth reports whether the units begin at a place, one behind the other, as back does; first says that nothing stands between.
func (s *spelling) forth(data []byte, place int, units []unit, first bool) (is, sure bool) {
	places := []int{place}
	var beside, next []int
	for i := range units {
		beside = append(beside[:0], places...)
		if s.joint != nil && (i > 0 || !first) {
			if s.joint.must {
				beside = beside[:0]
			}
			for _, p := range places {
				var ok bool
				if beside, ok = s.joint.forth(data, p, s.most, beside); !ok || len(beside) > maxAlternatives {
					return true, false
				}
			}
		}
		next = next[:0]
		for _, p := range beside {
			var ok bool
			if next, ok = units[i].forth(data, p, next); !ok {
				return true, false
			}
		}
		if len(next) == 0 {
			return false, true
		}
		places, next = append(places[:0], compact(next)...), next[:0]
	}
	return true, true
}

func compact(list []int) []int {
	if len(list) < 2 {
		return list
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// near reports whether all of a spelling stands around a place where the unit at begins.
func (s *spelling) near(data []byte, p, at int) bool {
	if is, _ := s.forth(data, p, s.units[at:], true); !is {
		return false
	}
	is, _ := s.back(data, []int{p}, s.units[:at], at == len(s.units))
	return is
}

// anchorPlace is where in a spelling an anchor stands: unit begins so many bytes after the anchor does. Of an anchor that has no
// beginning of a unit nothing is known, and unit is -1.
type anchorPlace struct{ unit, after int }

// The joints.
var (
	textJoint = sync.OnceValue(func() *joint {
		return &joint{
			forms:  newForms(strings.TrimSuffix(betweenLines, "?")),
			begins: func(c byte) bool { return strings.IndexByte("\\\"'`=\r\n%&", c) >= 0 },
			ends:   func(c byte) bool { return strings.IndexByte("\"'`\n \t#*>|;+-/naA2", c) >= 0 },
			inside: func(c byte) bool { return !isAlphanumeric(c) },
			mayEnd: textMayEnd,
			free:   6,
		}
	})
	hexJoint = sync.OnceValue(func() *joint {
		return &joint{
			forms:  newForms(`[\s:,;_\\"'+-]*(?:0?[xX]|%)|[\s:,;_\\"'+-]+`),
			begins: func(c byte) bool { return !isAlphanumeric(c) || c == '0' || c|0x20 == 'x' },
			ends:   func(c byte) bool { return !isAlphanumeric(c) || c|0x20 == 'x' },
			inside: func(c byte) bool { return !isAlphanumeric(c) },
			free:   2,
		}
	})
	dumpJoint = sync.OnceValue(func() *joint {
		return &joint{
			forms:  newForms(betweenDumped),
			begins: func(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' },
			ends:   func(c byte) bool { return c == ' ' || c == '\t' },
			inside: anyByte,
		}
	})
	decimalJoint = sync.OnceValue(func() *joint {
		is := func(c byte) bool { return bytes.IndexByte([]byte(" \t\r\n\f,;"), c) >= 0 }
		return &joint{forms: newForms(`[\s,;]+`), must: true, begins: is, ends: is, inside: is}
	})
	zeroJoint = sync.OnceValue(func() *joint {
		is := func(c byte) bool { return c == 0 }
		return &joint{forms: newForms(`\x00`), must: true, begins: is, ends: is, inside: is}
	})
)

// textMayEnd reports whether something that betweenLines matches may end at p: most of what stands in a value may be its last byte.
func textMayEnd(data []byte, p int) bool {
	before := func(n int) byte {
		if p < n {
			return 0
		}
		return data[p-n]
	}
	switch before(1) {
	case '"', '\'', '`', '\n':
		return true
	case 'n':
		return before(2) == '\\'
	case 'a', 'A':
		return before(2) == '0'
	case '2':
		return before(2) == '1' && (before(3) == '0' || before(3) == '\\')
	case ';':
		if c := before(2); c == '0' || c == 'a' || c == 'A' {
			return true
		}
	}
	// What a line begins with. Of a written line break only blanks can follow.
	blank := true
	for i := p - 1; i >= 0; i-- {
		switch c := data[i]; {
		case c == ' ' || c == '\t':
		case strings.IndexByte("#*>|;+-/", c) >= 0:
			blank = false
		default:
			return c == '\n' || c == 'n' && blank && i > 0 && data[i-1] == '\\'
		}
	}
	return false
}

func isAlphanumeric(c byte) bool { return alphanumeric(rune(c)) }
