package unpack

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text visits the text of a document that stands in its bytes in a form that a search of them does not see. The bytes
// were searched by whoever has them.
func (w *walker) text(path string, data []byte, kind string) error {
	var text []byte
	switch kind {
	case "office xml":
		text = officeText(data)
	case "notebook":
		text = notebookText(data)
	default:
		if kind == "ole" && bytes.Contains(data, wide("EncryptedPackage")) {
			w.report(path, "encrypted (Office): save it without its password and scan the file")
		}
		low := 0
		if kind == "sqlite" && data[59] == 3 {
			low = 1 // big-endian
		}
		text = wideRuns(data, low)
	}
	// A document gives at most as much text as it is long, and the memory for it is counted like any other.
	size := int64(cap(text))
	if err := w.hold(size); err != nil {
		if w.fatal == nil {
			w.report(path, "needs too much memory at once to take the text out of it; convert it to text and scan that")
		}
		return w.fatal
	}
	defer w.release(size)
	return w.give(join(path, "(text)"), text)
}

// officeBreaks are the elements at whose end a line of text ends: paragraphs of Word, PowerPoint and OpenDocument,
// shared strings, cells and comments of Excel.
var officeBreaks = map[string]bool{
	"p": true, "h": true, "si": true, "is": true, "c": true, "br": true, "cr": true, "line-break": true, "comment": true,
	"table-cell": true, "v": true, "f": true, "Relationship": true,
}

// officeSpaces are elements that stand for white space.
var officeSpaces = map[string]bool{"tab": true, "s": true, "ptab": true}

// officeText returns the text of a part of an Office or OpenDocument file, one line for each paragraph or cell: a word
// processor cuts a secret into runs wherever a spelling mistake or an earlier edit was.
func officeText(data []byte) []byte {
	out := make([]byte, 0, len(data)/4)
	for len(data) > 0 {
		lt := bytes.IndexByte(data, '<')
		if lt < 0 {
			lt = len(data)
		}
		out = appendXMLText(out, data[:lt])
		if data = data[lt:]; len(data) == 0 {
			break
		}
		gt := bytes.IndexByte(data, '>')
		if gt < 0 {
			break
		}
		tag := data[1:gt]
		closing := len(tag) > 0 && (tag[0] == '/' || tag[len(tag)-1] == '/')
		name := elementName(tag)
		switch {
		case closing && officeBreaks[name]:
			if n := len(out); n > 0 && out[n-1] != '\n' {
				out = append(out, '\n')
			}
		case officeSpaces[name] && len(tag) > 0 && tag[0] != '/' && tag[len(tag)-1] == '/':
			out = append(out, ' ')
		}
		data = data[gt+1:]
	}
	return out
}

// elementName returns the name of a tag without its namespace.
func elementName(tag []byte) string {
	tag = bytes.TrimPrefix(tag, []byte("/"))
	if i := bytes.IndexAny(tag, " \t\r\n/"); i >= 0 {
		tag = tag[:i]
	}
	if i := bytes.IndexByte(tag, ':'); i >= 0 {
		tag = tag[i+1:]
	}
	return string(tag)
}

// appendXMLText appends text with its entities undone, without the white space that only indents tags.
func appendXMLText(out, text []byte) []byte {
	if len(bytes.TrimSpace(text)) == 0 && bytes.IndexByte(text, '\n') >= 0 {
		return out
	}
	for len(text) > 0 {
		amp := bytes.IndexByte(text, '&')
		if amp < 0 {
			return append(out, text...)
		}
		out = append(out, text[:amp]...)
		text = text[amp:]
		end := bytes.IndexByte(text[:min(len(text), 12)], ';')
		if end < 0 {
			out = append(out, '&')
			text = text[1:]
			continue
		}
		out = append(out, xmlEntity(string(text[1:end]))...)
		text = text[end+1:]
	}
	return out
}

func xmlEntity(name string) string {
	switch name {
	case "amp":
		return "&"
	case "lt":
		return "<"
	case "gt":
		return ">"
	case "quot":
		return `"`
	case "apos":
		return "'"
	}
	if number, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(number, "x"); ok {
			number, base = hex, 16
		}
		if n, err := strconv.ParseUint(number, base, 21); err == nil {
			return string(rune(n))
		}
	}
	return "&" + name + ";"
}

// maxJSONDepth is deeper than any notebook goes.
const maxJSONDepth = 1000

// notebookText returns the source and the outputs of a notebook's cells as text: each is stored as a list of lines, so
// that a secret of several lines is in several strings.
func notebookText(data []byte) []byte {
	var out bytes.Buffer
	dec := json.NewDecoder(bytes.NewReader(data))
	for depth := 0; ; {
		token, err := dec.Token()
		if err != nil || depth > maxJSONDepth {
			return out.Bytes() // what is not JSON to its end was searched as it is
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		if s, ok := token.(string); ok {
			out.WriteString(s)
			if !strings.HasSuffix(s, "\n") {
				out.WriteByte('\n')
			}
		}
	}
}

// minWideRun is how many characters of UTF-16 in a row are text.
const minWideRun = 6

// wideRuns returns the runs of UTF-16 text in data, one a line: old Office formats and databases keep text so, among
// other bytes. low is where in two bytes the one stands that is not zero.
func wideRuns(data []byte, low int) []byte {
	var out []byte
	for i := 0; i+1 < len(data); {
		start := i
		for i+1 < len(data) && isWide(data, i, low) {
			i += 2
		}
		if (i-start)/2 < minWideRun {
			i = start + 1
			continue
		}
		for j := start; j < i; j += 2 {
			out = append(out, data[j+low])
		}
		out = append(out, '\n')
	}
	return out
}

func isWide(data []byte, i, low int) bool {
	c := data[i+low]
	return data[i+1-low] == 0 && (c >= ' ' && c < 0x7f || c == '\t' || c == '\n' || c == '\r')
}

// wide returns text as UTF-16, little-endian.
func wide(text string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// fromWide turns UTF-16, big-endian, into UTF-8.
func fromWide(data []byte) []byte {
	var out []byte
	for i := 0; i+1 < len(data); i += 2 {
		r := rune(data[i])<<8 | rune(data[i+1])
		if utf16.IsSurrogate(r) && i+3 < len(data) {
			if full := utf16.DecodeRune(r, rune(data[i+2])<<8|rune(data[i+3])); full != utf8.RuneError {
				r = full
				i += 2
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
