package ignore

import "strings"

// translator turns one pattern into the library's dialect, reading it as git's wildmatch does.
type translator struct {
	// inPath says that the pattern has a slash: it is matched against the whole path, and a star stops at slashes.
	inPath  bool
	out     strings.Builder
	literal []byte // the bytes that stood for themselves since the last wildcard
	longest string // the longest run of them
}

// translate writes pattern to t.out. It returns false if the pattern can match nothing.
func (t *translator) translate(pattern string) bool {
	for i := 0; i < len(pattern); {
		switch c := pattern[i]; c {
		case '*':
			t.endLiteral()
			i = t.stars(pattern, i)
		case '?':
			t.endLiteral()
			t.out.WriteString(anyByte)
			i++
		case '[':
			t.endLiteral()
			set, next, ok := parseClass(pattern, i)
			if !ok || !t.class(set) {
				return false
			}
			i = next
		case '\\':
			if i+1 == len(pattern) {
				return false
			}
			t.byte(pattern[i+1])
			i += 2
		default:
			t.byte(c)
			i++
		}
	}
	t.endLiteral()
	return true
}

func (t *translator) byte(b byte) {
	writeByte(&t.out, b)
	t.literal = append(t.literal, b)
}

func (t *translator) endLiteral() {
	if len(t.literal) > len(t.longest) {
		t.longest = string(t.literal)
	}
	t.literal = t.literal[:0]
}

// stars writes the stars that start at i and returns the index after what it has read. Two or more stars cross slashes
// if they are a whole component of the path; otherwise they are one star.
func (t *translator) stars(pattern string, i int) int {
	end := i
	for end < len(pattern) && pattern[end] == '*' {
		end++
	}
	rest := pattern[end:]
	whole := t.inPath && end-i > 1 && componentStarts(pattern, i)
	switch {
	case whole && (rest == "" || strings.HasPrefix(rest, `\/`)):
		t.out.WriteString(anyBytes)
	case whole && rest[0] == '/':
		t.out.WriteString("(|" + anyBytes + "/)")
		end++
	default:
		t.out.WriteByte('*')
	}
	return end
}

// componentStarts reports whether two stars at i count as the start of a component: after a slash, and also
// where all before them is literal, because git compares the literal part first and matches only what is left.
func componentStarts(pattern string, i int) bool {
	return i == 0 || pattern[i-1] == '/' || !strings.ContainsAny(pattern[:i], `*?[\`)
}

// byteSet is the set of bytes that a character class matches.
type byteSet [256]bool

func (s *byteSet) addRange(from, to byte) {
	for b := int(from); b <= int(to); b++ {
		s[b] = true
	}
}

// class writes a character class; it returns false if no byte is in it.
func (t *translator) class(set byteSet) bool {
	set['/'] = false
	var runs strings.Builder
	for b := 0; b < len(set); b++ {
		if !set[b] {
			continue
		}
		first := b
		for b+1 < len(set) && set[b+1] {
			b++
		}
		runs.WriteRune(privateRune + rune(first))
		runs.WriteByte('-')
		runs.WriteRune(privateRune + rune(b))
	}
	if runs.Len() == 0 {
		return false
	}
	t.out.WriteString("[" + runs.String() + "]")
	return true
}

// parseClass reads the character class whose bracket is at i and returns the index after it. ok is false if it
// is malformed, which makes the whole pattern match nothing.
func parseClass(pattern string, i int) (set byteSet, next int, ok bool) {
	at := func(i int) byte {
		if i < len(pattern) {
			return pattern[i]
		}
		return 0
	}
	i++
	negated := at(i) == '!' || at(i) == '^'
	if negated {
		i++
	}
	// previous is the start of a possible range, 0 where there can be none.
	previous := byte(0)
	for first := true; first || at(i) != ']'; first = false {
		c := at(i)
		switch {
		case c == '-' && previous != 0 && at(i+1) != 0 && at(i+1) != ']':
			i++
			if at(i) == '\\' {
				i++
			}
			set.addRange(previous, at(i))
			c = 0
		case c == '[' && at(i+1) == ':':
			end := strings.IndexByte(pattern[i+2:], ']')
			if end < 0 {
				return set, 0, false
			}
			if end == 0 || pattern[i+2+end-1] != ':' {
				set['['] = true
				break
			}
			if !set.addNamed(pattern[i+2 : i+2+end-1]) {
				return set, 0, false
			}
			i += 2 + end
			c = 0
		case c == '\\':
			i++
			c = at(i)
			set[c] = true
		default:
			set[c] = true
		}
		if i >= len(pattern) {
			return set, 0, false
		}
		previous = c
		i++
	}
	if negated {
		for b := range set {
			set[b] = !set[b]
		}
	}
	return set, i + 1, true
}

// addNamed adds a named class, as the C locale has it. It returns false for a name that git does not know.
func (s *byteSet) addNamed(name string) bool {
	switch name {
	case "alnum":
		return s.addNamed("alpha") && s.addNamed("digit")
	case "alpha":
		return s.addNamed("lower") && s.addNamed("upper")
	case "blank":
		s[' '], s['\t'] = true, true
	case "cntrl":
		s.addRange(0, 0x1f)
		s[0x7f] = true
	case "digit":
		s.addRange('0', '9')
	case "graph":
		s.addRange('!', '~')
	case "lower":
		s.addRange('a', 'z')
	case "print":
		s.addRange(' ', '~')
	case "punct":
		s.addRange('!', '/')
		s.addRange(':', '@')
		s.addRange('[', '`')
		s.addRange('{', '~')
	case "space":
		s[' '] = true
		s.addRange('\t', '\r')
	case "upper":
		s.addRange('A', 'Z')
	case "xdigit":
		s.addRange('0', '9')
		s.addRange('a', 'f')
		s.addRange('A', 'F')
	default:
		return false
	}
	return true
}
