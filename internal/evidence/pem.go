package evidence

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// pemBlock is an armored block as it was found, however it was written into its file.
type pemBlock struct {
	label   string
	headers string
	der     []byte
	// closed says that the END line is there.
	closed bool
}

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemDash  = "-----"
)

// parsePEM finds the first block whose label ends in suffix. Unlike encoding/pem it reads text that stands in a string
// literal, in JSON or YAML, with any indentation, quotes and line continuations between its lines.
func parsePEM(s, suffix string) (pemBlock, bool) {
	for {
		at := strings.Index(s, pemBegin)
		if at < 0 {
			return pemBlock{}, false
		}
		s = s[at+len(pemBegin):]
		label, rest, ok := strings.Cut(s, pemDash)
		if !ok {
			return pemBlock{}, false
		}
		if len(label) > 64 || !strings.HasSuffix(label, suffix) {
			continue
		}
		end := strings.Index(rest, pemEnd)
		closed := end >= 0
		if !closed {
			end = len(rest)
		}
		b := pemBlock{label: label, closed: closed}
		b.headers, b.der = pemBody(unescapePEM(rest[:end]))
		return b, true
	}
}

// unescapePEM turns escapes, however often they were escaped, into what they stand for.
func unescapePEM(s string) string {
	if !strings.ContainsRune(s, '\\') {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		for i+1 < len(s) && s[i+1] == '\\' {
			i++
		}
		if i+1 == len(s) {
			break
		}
		switch i++; s[i] {
		case 'n', 'r', 't':
			b.WriteByte('\n')
		case 'u', 'x':
			i = unescapeHex(&b, s, i)
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// unescapeHex writes the character of the \u or \x escape whose letter is at i, and returns where it ends.
func unescapeHex(b *strings.Builder, s string, i int) int {
	n := 4
	if s[i] == 'x' {
		n = 2
	}
	if i+n >= len(s) {
		return i
	}
	var c rune
	for _, d := range []byte(s[i+1 : i+1+n]) {
		v := strings.IndexByte("0123456789abcdef", d|0x20)
		if v < 0 {
			return i
		}
		c = c<<4 | rune(v)
	}
	b.WriteRune(c)
	return i + n
}

// pemBody splits headers from base64 and decodes the latter. What is no base64 between the lines is left out; der is
// nil where the rest does not decode.
func pemBody(s string) (headers string, der []byte) {
	var head, body strings.Builder
	for _, line := range strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.Contains(line, ": ") || strings.HasSuffix(strings.TrimRight(line, " \"'+,"), ",ENCRYPTED") {
			head.WriteString(line + "\n")
			continue
		}
		// Between string literals stands what joins them, which is no part of the key although "+" is base64.
		for _, piece := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune("\"'`", r) }) {
			if strings.IndexFunc(piece, func(r rune) bool { return r < 128 && isAlnum(byte(r)) }) < 0 {
				continue
			}
			for i := 0; i < len(piece); i++ {
				if c := piece[i]; isAlnum(c) || c == '+' || c == '/' {
					body.WriteByte(c)
				}
			}
		}
	}
	b, err := base64.RawStdEncoding.DecodeString(body.String())
	if err != nil {
		return head.String(), nil
	}
	return head.String(), b
}

// base64PEM decodes a whole armored block that was itself encoded in base64, as Kubernetes and CI variables do.
func base64PEM(s string) string {
	if !strings.HasPrefix(s, "LS0tLS1CRUdJTi") {
		return s
	}
	if b, ok := unbase64(s); ok && bytes.HasPrefix(b, []byte(pemBegin)) {
		return string(b)
	}
	return s
}
