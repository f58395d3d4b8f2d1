package assign

import (
	"bytes"
	"strings"
)

// operator goes from the end of the name over whatever may close it to behind the operator.
func (r *reader) operator(a *Assignment) bool {
	r.index(a)
	from := r.at
	quoted := r.closers()
	spaces := r.blanks()
	if r.take("[]") || r.size() { // char password[] =
		spaces += r.blanks()
	}
	switch {
	case r.comparison():
		a.Operator = Compare
	case r.take(":="), r.take(":-"), r.take("?="), r.take("+="), r.take("||="), r.take("<<-"), r.take("<-"):
		a.Operator = Equals
	case r.take("=>"), r.take("->"), quoted && r.take("to "):
		a.Operator = Arrow
	case r.has("=") && !r.has("=="):
		r.at++
		a.Operator = Equals
	case r.take(":"):
		return r.afterColon(a)
	case r.has(",") && (quoted || r.isSymbol(a) || r.isCompared(a)):
		return r.second(a)
	case r.has("(") && spaces == 0 && !quoted:
		r.at++
		a.Operator = Call
		r.literalFirst()
	case quoted && r.block(a), r.typing(a):
		return true
	case (quoted || r.isEntry(a)) && r.member(a):
		return true
	case r.tags(a):
		return true
	case quoted:
		return false
	case spaces > 0:
		return r.afterSpace(a, from)
	default:
		return false
	}
	return true
}

// index goes over what makes the name a member: config['password'], config[:password].
func (r *reader) index(a *Assignment) {
	if !a.Quoted {
		if before := a.Before.Of(r.text); bytes.HasSuffix(bytes.TrimRight(before, ":"), []byte("[")) {
			r.take("]")
		}
		return
	}
	if r.at+1 < len(r.text) && r.text[r.at+1] == ']' {
		r.at += 2
		a.Quoted = false
	}
}

// closers goes over a quote and brackets that end the name, escaped ones among them; quoted says that there was a quote.
func (r *reader) closers() (quoted bool) {
	for n := 0; n < 6 && r.at < len(r.text); n++ {
		switch c := r.text[r.at]; {
		case isQuote(c):
			quoted = true
		case c == '\\' && r.at+1 < len(r.text) && (isQuote(r.text[r.at+1]) || r.text[r.at+1] == '\\'):
		case c == ')' || c == '*' || c == '}':
		case c == ']' && r.at+1 < len(r.text) && isQuote(r.text[r.at+1]): // 'input[name=password]'
		default:
			return quoted
		}
		r.at++
	}
	return quoted
}

// size goes over the length of an array: [32].
func (r *reader) size() bool {
	end := bytes.IndexByte(r.text[r.at:min(len(r.text), r.at+24)], ']')
	if !r.has("[") || end < 0 {
		return false
	}
	for _, c := range r.text[r.at+1 : r.at+end] {
		if !isWord(c) {
			return false
		}
	}
	r.at += end + 1
	return true
}

// comparison goes over ==, !=, ===, !== and calls of equals.
func (r *reader) comparison() bool {
	for _, op := range []string{"===", "!==", "==", "!=", ".equals(", ".Equals(", ".equalsIgnoreCase(", " eq ", " -eq ", " ne "} {
		if r.take(op) {
			return true
		}
	}
	return false
}

// afterColon decides what a colon means: the colon of YAML, or that of a type with an operator behind it.
func (r *reader) afterColon(a *Assignment) bool {
	a.Operator = Colon
	if r.take("=") {
		a.Operator = Equals
		return true
	}
	from := r.at
	r.blanks()
	if end := r.typeName(); end > 0 {
		r.at = end
		r.blanks()
		if r.has("=") && !r.has("==") && !r.has("=>") {
			r.at++
			a.Operator, a.Annotated = Equals, true
			return true
		}
	}
	r.at = from
	return true
}

// typeName returns where a type that begins here ends: str, Optional[str], &'static str, string | undefined; 0 if none does.
func (r *reader) typeName() int {
	depth, end := 0, r.at
	for end < len(r.text) && end < r.at+maxGap {
		c := r.text[end]
		switch {
		case c == '[' || c == '<':
			depth++
		case c == ']' || c == '>':
			depth--
		case c == '=' || c == '\n' || depth < 0:
			return end
		case c == ' ' && depth == 0 && end > r.at && end+1 < len(r.text) && isWord(r.text[end-1]) && isWord(r.text[end+1]) && !r.has("const ") && !r.has("mut ") && !r.has("&'static "):
			return 0 // two words are no type: Digest username="x"
		case isWord(c), c == '.', c == ' ', c == '|', c == '?', c == '&', c == '*', c == '\'' && r.has("&'"), c == ',' && depth > 0:
		default:
			return 0
		}
		end++
	}
	return 0
}

// afterSpace decides whether the white space that was read is an operator.
func (r *reader) afterSpace(a *Assignment, from int) bool {
	for _, op := range []string{"is ", "was ", "are ", "as "} {
		if r.take(op) {
			a.Operator = Space
			r.blanks()
			return true
		}
	}
	switch {
	case r.has("||"), r.has("??"), r.has("or "):
		r.at += 2
		a.Operator = Default
		return true
	case r.take("eq "), r.take("ne "), r.take("-eq "):
		a.Operator = Compare
		return true
	case r.typed(a):
		return true
	case r.has("| ") && bytes.HasPrefix(bytes.TrimLeft(a.Before.Of(r.text), " "), []byte("|")) || r.has("| ") && len(bytes.TrimSpace(a.Before.Of(r.text))) == 0:
		r.at += 2
		a.Operator = Space
		return true
	case a.Flag, r.scheme(a), r.directive(a), r.at < len(r.text) && isQuote(r.text[r.at]):
		a.Operator = Space
		return true
	}
	r.at = from
	return false
}

// scheme reports whether the name is that of an HTTP authentication scheme, which its value follows.
func (r *reader) scheme(a *Assignment) bool {
	return bytes.EqualFold(a.Name.Of(r.text), []byte("bearer"))
}

// directive reports whether the name is the first or second word of its line, as in "password x" and "ENV PASSWORD x",
// and one more word follows.
func (r *reader) directive(a *Assignment) bool {
	before := bytes.TrimSpace(a.Before.Of(r.text))
	if len(before) > 0 && !isDirective(string(before)) {
		return false
	}
	rest := bytes.TrimRight(r.text[r.at:lineEnd(r.text, r.at)], " \t\r;")
	if len(rest) == 0 {
		return false
	}
	if isQuote(rest[0]) {
		return bytes.Count(rest, rest[:1]) == 2 && rest[len(rest)-1] == rest[0]
	}
	return !bytes.ContainsAny(rest, " \t")
}

// isDirective reports whether a word at the beginning of a line says that a name and a value follow.
func isDirective(word string) bool {
	switch strings.ToLower(word) {
	case "env", "arg", "set", "setenv", "export", "setx", "fastcgi_param", "setenvif", "option", "user", "default", "#define", "config", "requirepass":
		return true
	}
	return false
}

// second handles a comma behind a quoted name: define('DB_PASSWORD', 'x'), and {"name": "password", "value": "x"}.
func (r *reader) second(a *Assignment) bool {
	compared := r.isCompared(a)
	r.at++
	if a.Operator = Argument; compared {
		a.Operator = Compare
		return true
	}
	r.blanks()
	line := r.at
	for range Breaks {
		r.lineBreak()
	}
	crossed := bytes.IndexByte(r.text[line:r.at], '\n') >= 0
	a.Member = r.memberName()
	return a.Member || !crossed
}

// member handles the two attributes or lines of which one has the name and the next the value: name="password" value="x".
func (r *reader) member(a *Assignment) bool {
	from := r.at
	r.take(",")
	r.blanks()
	for range Breaks {
		r.lineBreak()
		if r.memberName() {
			a.Operator, a.Member = Argument, true
			return true
		}
		r.at = lineEnd(r.text, r.at)
	}
	r.at = from
	return false
}

// isSymbol reports whether the name is a symbol of Ruby that is an argument: set :password, "x".
func (r *reader) isSymbol(a *Assignment) bool {
	return bytes.HasSuffix(a.Before.Of(r.text), []byte(" :"))
}

// isCompared reports whether the name is the first argument of a comparison: strcmp(password, "x").
func (r *reader) isCompared(a *Assignment) bool {
	before := bytes.TrimRight(a.Before.Of(r.text), "$&*@ ")
	for _, call := range []string{"cmp(", "Equals(", "equals(", "compare(", "equal("} {
		if bytes.HasSuffix(before, []byte(call)) {
			return true
		}
	}
	return false
}

// isEntry reports whether the name is itself the value of a name, at the end of its line: "- name: PASSWORD".
func (r *reader) isEntry(a *Assignment) bool {
	if c := r.peek(); c != '\n' && c != '\r' && c != ',' {
		return false
	}
	before := bytes.TrimRight(a.Before.Of(r.text), " \t")
	for _, s := range []string{"name:", "key:", "Name:", "Key:", "name =", "key =", "name=", "key="} {
		if bytes.HasSuffix(before, []byte(s)) {
			return true
		}
	}
	return false
}

// valueNames are what the member beside a name is called.
var valueNames = []string{"value", "Value", "default", "defaultValue", "DefaultValue", "content", "val", "secret", "text", "string_value", "stringValue", "VALUE", "ParameterValue", "OptionValue", "current_value", "defaultvalue", "data"}

// memberName goes over the name of a member that holds a value, with its operator.
func (r *reader) memberName() bool {
	from := r.at
	escaped := r.take("\\")
	quoted := r.at < len(r.text) && isQuote(r.text[r.at])
	if quoted {
		r.at++
	} else if escaped {
		r.at = from
		return false
	}
	for _, name := range valueNames {
		at := r.at
		if !r.take(name) {
			continue
		}
		if escaped {
			r.take("\\")
		}
		if quoted && r.at < len(r.text) && isQuote(r.text[r.at]) {
			r.at++
		}
		r.blanks()
		if r.take("=>") || r.take(":") || r.take("=") {
			return true
		}
		r.at = at
	}
	r.at = from
	return false
}

// inTag reports whether the name is that of an XML element, or ends an attribute of one.
func (r *reader) inTag(a *Assignment) bool {
	before := a.Before.Of(r.text)
	open := bytes.LastIndexByte(before, '<')
	return open >= 0 && bytes.IndexByte(before[open:], '>') < 0 && !bytes.HasPrefix(before[open:], []byte("</"))
}

// literalFirst goes over arguments that are no literals, up to the first that is: encrypt(this, "x").
func (r *reader) literalFirst() {
	at := r.at
	for at < len(r.text) && at < r.at+maxGap {
		switch c := r.text[at]; {
		case isQuote(c) || c == '@':
			r.at = at
			return
		case isWord(c), c == '.', c == ',', c == ' ', c == '&', c == ':':
			at++
		default:
			return
		}
	}
}
