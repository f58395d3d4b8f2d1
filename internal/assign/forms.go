package assign

import "bytes"

// This file reads the forms that are not a name, an operator and a value in this order, or not on one line.

// before reads a value that stands in front of its name: if "x" == password, "x".equals(password),
// setValue("x", forHTTPHeaderField: "X-Api-Key").
func (r *reader) before(a *Assignment) bool {
	text := bytes.TrimRight(a.Before.Of(r.text), " \t\"'`$:@*&(")
	operator := Compare
	cut := false
	for _, op := range []string{"===", "!==", "==", "!=", ".equals", ".Equals", ".equalsIgnoreCase"} {
		if text, cut = bytes.CutSuffix(text, []byte(op)); cut {
			break
		}
	}
	if !cut {
		for _, label := range []string{"forHTTPHeaderField", "forKey", "forKeyPath"} {
			if text, cut = bytes.CutSuffix(text, []byte(label)); cut {
				operator = Argument
				text = bytes.TrimRight(text, " ,")
				break
			}
		}
	}
	text = bytes.TrimRight(text, " \t")
	if n := len(text); !cut || n < 3 || !isQuote(text[n-1]) {
		return false
	}
	hi := len(text) - 1
	lo := bytes.LastIndexByte(text[:hi], text[hi])
	if lo < 0 || hi-lo < 2 {
		return false
	}
	a.Operator, a.Quote = operator, text[hi]
	a.Value = Span{a.Before.Lo + lo + 1, a.Before.Lo + hi}
	return true
}

// typed goes over a type that stands between a name and =: var x string = "", DECLARE @x NVARCHAR(64) = ”.
func (r *reader) typed(a *Assignment) bool {
	at := r.at
	for at < len(r.text) && at < r.at+maxGap && (isWord(r.text[at]) || r.text[at] == '*' || r.text[at] == '.' || r.text[at] == '(' || r.text[at] == ')' || r.text[at] == '[' || r.text[at] == ']') {
		at++
	}
	if at == r.at {
		return false
	}
	for at < len(r.text) && (r.text[at] == ' ' || r.text[at] == '\t') && at < r.at+maxGap {
		at++
	}
	if at+1 >= len(r.text) || r.text[at] != '=' || r.text[at+1] == '=' {
		return false
	}
	r.at = at + 1
	a.Operator, a.Annotated = Equals, true
	return true
}

// typing goes over a call that types a value into what the name stands for: By.name("password")).sendKeys("x").
func (r *reader) typing(a *Assignment) bool {
	for _, call := range []string{".send_keys(", ".sendKeys(", ".type(", ".fill(", ".val(", ".setValue(", ".set_value(", ".setText(", ".set("} {
		if r.take(call) {
			a.Operator = Call
			return true
		}
	}
	return false
}

// block finds the default of a block of which the name is the label: variable "password" { default = "x" }.
func (r *reader) block(a *Assignment) bool {
	if !r.take("{") {
		return false
	}
	for range Breaks {
		from := r.at
		if !r.lineBreak() {
			r.blanks()
		}
		if r.take("default") {
			r.blanks()
			if r.take("=") {
				a.Operator = Argument
				return true
			}
		}
		r.at = lineEnd(r.text, r.at)
		if r.at == from {
			return false
		}
	}
	return false
}

// tags goes over the tags between a name and its value: the rest of <string name="password" translatable="false">, or
// </param-name><param-value>.
func (r *reader) tags(a *Assignment) bool {
	from := r.at
	if r.inTag(a) {
		end := bytes.IndexAny(r.text[r.at:min(len(r.text), r.at+maxName)], "<>\n")
		if end < 0 || r.text[r.at+end] != '>' {
			return false
		}
		if end > 0 && r.text[r.at+end-1] == '/' {
			return false
		}
		r.at += end + 1
		a.Operator = Element
		r.opening()
		return true
	}
	if !r.take("</") {
		return false
	}
	end := bytes.IndexAny(r.text[r.at:min(len(r.text), r.at+maxGap)], ">\n")
	if end < 0 || r.text[r.at+end] != '>' {
		r.at = from
		return false
	}
	r.at += end + 1
	r.lineBreak()
	if !r.opening() {
		r.at = from
		return false
	}
	a.Operator = Element
	return true
}

// opening goes over opening tags, and says whether there was one.
func (r *reader) opening() bool {
	opened := false
	for range 3 {
		from := r.at
		r.lineBreak()
		end := bytes.IndexAny(r.text[r.at:min(len(r.text), r.at+maxGap)], ">\n")
		if !r.has("<") || r.has("</") || r.has("<!") || end < 0 || r.text[r.at+end] != '>' || r.text[r.at+end-1] == '/' {
			r.at = from
			break
		}
		r.at += end + 1
		opened = true
	}
	return opened
}

// login takes the second of two literals that a call has: login("admin", "x"). names are the calls' own names.
func (r *reader) login(a *Assignment) bool {
	from := r.at
	r.blanks()
	if !r.quotedValue(a) {
		r.at = from
		return false
	}
	first, quote := a.Value, a.Quote
	r.at = first.Hi + 1
	r.blanks()
	if r.take(",") {
		r.blanks()
		if r.quotedValue(a) {
			a.Second = true
			return true
		}
	}
	a.Value, a.Quote = first, quote
	return true
}

// joined takes the literal that is appended to one that only names a scheme: "Bearer " + "x".
func (r *reader) joined(a *Assignment) {
	switch string(a.Value.Of(r.text)) {
	case "Bearer ", "Basic ", "Token ", "bearer ", "token ":
	default:
		return
	}
	r.at = a.Value.Hi + 1
	r.blanks()
	if !r.take("+") && !r.take(".") {
		return
	}
	r.blanks()
	scheme, quote := a.Value, a.Quote
	if !r.quotedValue(a) {
		a.Value, a.Quote = scheme, quote
	}
}
