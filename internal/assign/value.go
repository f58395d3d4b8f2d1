package assign

import "bytes"

// value reads the value behind the operator.
func (r *reader) value(a *Assignment) bool {
	r.blanks()
	for _, tag := range []string{"!!str ", "!!binary ", "!unsafe "} {
		r.take(tag)
	}
	if a.Operator != Space && a.Operator != Element {
		for range Breaks {
			if !r.continued(a) {
				break
			}
		}
	}
	if a.Operator == Element {
		return r.element(a)
	}
	if a.Operator == Space && a.Flag {
		r.lineBreak() // a flag whose value stands on the next line
	}
	if r.has("(") && bytes.HasSuffix(bytes.ToLower(a.Name.Of(r.text)), []byte("auth")) { // auth=("user", "x")
		from := r.at
		r.at++
		if r.login(a) && a.Second {
			return true
		}
		r.at, a.Second = from, false
	}
	r.prefixes()
	if a.Operator == Call && r.login(a) {
		return true
	}
	if r.quotedValue(a) {
		r.joined(a)
		return true
	}
	if r.callee(a) {
		return true
	}
	return r.bareValue(a)
}

// continued goes to the next line where the value stands there: behind an operator of code, or in a YAML block.
func (r *reader) continued(a *Assignment) bool {
	from := r.at
	if a.Operator == Colon {
		if r.take("|-") || r.take(">-") || r.take("|") || r.take(">") {
			if r.lineBreak() {
				return true
			}
			r.at = from
			return false
		}
	}
	if !r.lineBreak() {
		return false
	}
	// Without a quote on the next line it may as well be the next entry.
	if a.Operator != Colon && r.at < len(r.text) && (isQuote(r.text[r.at]) || r.has("@\"") || r.has("b\"")) {
		return true
	}
	if a.Operator == Colon && r.at < len(r.text) && isQuote(r.text[r.at]) && !r.isKey() {
		return true
	}
	r.at = from
	return false
}

// isKey reports whether the line that begins here is an entry of its own: "user": "x".
func (r *reader) isKey() bool {
	line := r.text[r.at:lineEnd(r.text, r.at)]
	end := bytes.IndexByte(line[1:], line[0])
	return end >= 0 && bytes.HasPrefix(bytes.TrimLeft(line[end+2:], " "), []byte(":"))
}

// prefixes goes over what may precede a literal: brackets, and the letters of b"", r"", f"", @"".
func (r *reader) prefixes() {
	for n := 0; n < 4 && r.at < len(r.text); n++ {
		c := r.text[r.at]
		if (c == '(' || c == '[') && r.opensLines() {
			continue
		}
		if c == '(' || c == '[' || c == '{' && r.at+1 < len(r.text) && isQuote(r.text[r.at+1]) {
			r.at++
			r.blanks()
			continue
		}
		break
	}
	if r.at+1 < len(r.text) && isQuote(r.text[r.at+1]) {
		switch r.text[r.at] {
		case 'b', 'B', 'r', 'R', 'u', 'U', 'L', '@', 'N', 'q', 's':
			r.at++
		}
	}
}

// opensLines goes over a bracket behind which the literal stands on the next line.
func (r *reader) opensLines() bool {
	from := r.at
	r.at++
	if r.lineBreak() && r.at < len(r.text) && isQuote(r.text[r.at]) {
		return true
	}
	r.at = from
	return false
}

// quotedValue reads a literal in quotes, escaped quotes among them: \"x\".
func (r *reader) quotedValue(a *Assignment) bool {
	slashes := 0
	at := r.at
	for at < len(r.text) && r.text[at] == '\\' && slashes < 8 {
		at++
		slashes++
	}
	if at >= len(r.text) || !isQuote(r.text[at]) {
		return false
	}
	quote := r.text[at]
	at++
	if bytes.HasPrefix(r.text[at:], []byte{quote, quote}) { // """
		at += 2
	}
	end := at
	for end < len(r.text) && end < at+maxValue {
		c := r.text[end]
		if c == '\n' || c == quote && (slashes == 0 || end > 0 && r.text[end-1] == '\\') {
			break
		}
		if c == '\\' && slashes == 0 && end+1 < len(r.text) && r.text[end+1] != '\n' {
			end++ // what is escaped ends nothing
		}
		end++
	}
	if end >= len(r.text) || end >= at+maxValue || r.text[end] != quote {
		return false
	}
	if slashes > 0 {
		for end > at && r.text[end-1] == '\\' {
			end--
		}
	}
	if end == at {
		return false
	}
	a.Value, a.Quote = Span{at, end}, quote
	return true
}

// callee reads the name of a function and its literal argument: os.getenv("NAME", "x"), Base64.decode("x").
func (r *reader) callee(a *Assignment) bool {
	at := r.at
	if bytes.HasPrefix(r.text[at:], []byte("new ")) {
		at += 4
	}
	start := at
	for at < len(r.text) && at < start+maxName && (isWord(r.text[at]) || r.text[at] == '.' || r.text[at] == ':' || r.text[at] == '[' || r.text[at] == ']' || r.text[at] == '!') {
		at++
	}
	if at == start || at >= len(r.text) || r.text[at] != '(' {
		return false
	}
	callee := Span{start, at}
	r.at = at + 1
	r.blanks()
	r.prefixes()
	if !r.quotedValue(a) {
		r.at = start
		return false
	}
	a.Callee = callee
	// A second literal is what the look-up falls back to.
	r.at = a.Value.Hi + 1
	r.blanks()
	if r.take(",") {
		r.blanks()
		r.prefixes()
		first, quote := a.Value, a.Quote
		if r.quotedValue(a) {
			a.Operator = Default
		} else {
			a.Value, a.Quote = first, quote
		}
	}
	return true
}

// element reads the text of an XML element.
func (r *reader) element(a *Assignment) bool {
	r.lineBreak()
	r.take("<![CDATA[")
	from := r.at
	end := bytes.IndexAny(r.text[from:min(len(r.text), from+maxValue)], "<\n")
	if end <= 0 {
		return false
	}
	hi := from + end
	if rest := bytes.TrimLeft(r.text[hi:], " \t\r\n"); !bytes.HasPrefix(rest, []byte("<")) || rest[0] == '<' && len(rest) > 1 && rest[1] != '/' && rest[1] != '!' {
		return false // <password>@host is something to fill in
	}
	if i := bytes.Index(r.text[from:hi], []byte("]]>")); i >= 0 {
		hi = from + i
	}
	for hi > from && (isSpace(r.text[hi-1])) {
		hi--
	}
	a.Value = Span{from, hi}
	return hi > from
}

// bareValue reads a value without quotes: up to white space, or what ends it where it stands.
func (r *reader) bareValue(a *Assignment) bool {
	for _, scheme := range []string{"Bearer ", "bearer ", "Basic ", "basic ", "Token ", "token ", "ApiKey ", "SSWS "} {
		if r.take(scheme) {
			r.blanks()
			break
		}
	}
	lo := r.at
	hi := lo
	for hi < len(r.text) && hi < lo+maxValue && !isSpace(r.text[hi]) && !ends(r.text[hi]) && !r.escaped(hi) {
		hi++
	}
	if hi >= lo+maxValue {
		return false
	}
	for hi > lo && (r.text[hi-1] == ',' || r.text[hi-1] == ';') {
		hi--
	}
	// A bracket that closes what was opened before the value is no part of it.
	for hi > lo && (r.text[hi-1] == ')' || r.text[hi-1] == ']' || r.text[hi-1] == '}') && !opened(r.text[lo:hi-1], r.text[hi-1]) {
		hi--
	}
	a.Value = Span{lo, hi}
	if a.Member { // - name: x, and on the next line value: y
		a.Operator = Colon
	}
	return hi > lo
}

// escaped reports whether an escape stands at i that ends a line or a literal: \n in a text in quotes.
func (r *reader) escaped(i int) bool {
	return r.text[i] == '\\' && i+1 < len(r.text) && (r.text[i+1] == 'n' || r.text[i+1] == 'r' || isQuote(r.text[i+1]))
}

// ends reports whether no value without quotes goes on at c.
func ends(c byte) bool { return c == '"' || c == '\'' || c == '`' || c == '<' || c < ' ' && c != '\t' }

// opened reports whether text has an opening bracket for close.
func opened(text []byte, closing byte) bool {
	opening := map[byte]byte{')': '(', ']': '[', '}': '{'}[closing]
	return bytes.Count(text, []byte{opening}) > bytes.Count(text, []byte{closing})
}
