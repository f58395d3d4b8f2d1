package hunt

import (
	"strings"
	"unicode"
)

const (
	// longest is how long a value may be, in bytes, to be looked for as a whole. Of a longer one its last tail bytes are: in a
	// private key those before are public in part.
	longest = 240
	tail    = 160
)

// form is what is looked for of a value.
type form struct {
	// text is what is looked for as text, bytes what is looked for encoded: in a key block that has line breaks.
	text, bytes string
	// all is the whole value without what is no secret in it, as text, and whole what bytes is the end of.
	all, whole string
	// key says that the value is a key block, and text its lines put together.
	key bool
	// part says that text is only the end of all.
	part bool
}

func formOf(value string) form {
	if body, ok := keyBody(value); ok {
		flat := flatten(body)
		f := form{text: flat, bytes: strings.TrimSpace(body), all: flat, whole: strings.TrimSpace(body), key: true}
		if len(flat) > longest {
			f.text, f.part = flat[len(flat)-tail:], true
		}
		if len(f.bytes) > longest {
			f.bytes = ending(f.bytes, tail)
		}
		return f
	}
	f := form{text: value, bytes: value, all: value, whole: value}
	if len(value) > longest {
		f.text, f.part = ending(value, tail), true
		f.bytes = f.text
	}
	return f
}

// ending returns about the last n bytes of a text, from the beginning of a character on.
func ending(s string, n int) string {
	at := len(s) - n
	for at < len(s) && s[at]&0xc0 == 0x80 {
		at++
	}
	return s[at:]
}

// keyBody returns the base64 text of a private key in a value: a file of one, or a text that holds one.
func keyBody(value string) (body string, ok bool) {
	for rest := value; ; {
		_, after, found := strings.Cut(rest, "-----BEGIN ")
		if !found {
			return "", false
		}
		kind, after, found := strings.Cut(after, "-----")
		if !found {
			return "", false
		}
		body, more, _ := strings.Cut(after, "-----END ")
		body = withoutHeaders(strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", "\r\n", "\n").Replace(body))
		if strings.HasSuffix(kind, "KEY") || strings.HasSuffix(kind, "KEY BLOCK") {
			return body, len(flatten(body)) >= 40 && !strings.ContainsFunc(flatten(body), notBase64)
		}
		rest = more
	}
}

// notBase64 tells what stands in no key: a block that has it is looked for as the text that it is.
func notBase64(r rune) bool { return !alphanumeric(r) && r != '+' && r != '/' && r != '=' }

// withoutHeaders takes lines such as "Proc-Type: 4,ENCRYPTED" and the checksum out.
func withoutHeaders(body string) string {
	var kept []string
	for _, line := range strings.Split(body, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.Contains(line, ":") || strings.HasPrefix(line, "=") {
			continue
		}
		kept = append(kept, line)
	}
	return strings.TrimRight(strings.Join(kept, "\n"), "=\n\\\"' ")
}

func flatten(body string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, body)
}

// tokenLike reports whether a part of a value stands for the value: no word, address or sentence.
func tokenLike(s string) bool {
	if len(s) < 16 || strings.Contains(s, "://") {
		return false
	}
	const digit, lower, upper = 1, 2, 3
	changes, last := 0, 0
	seen := map[rune]bool{}
	for _, r := range s {
		class := last
		switch {
		case r >= '0' && r <= '9':
			class = digit
		case r >= 'a' && r <= 'z':
			class = lower
		case r >= 'A' && r <= 'Z':
			class = upper
		case r <= ' ' || r >= 0x7f:
			return false
		}
		if class != last {
			changes, last = changes+1, class
		}
		seen[r] = true
	}
	// In words capitals are few; in random text every third character is of another class than the one before, or more.
	return changes*3 > len(s) && len(seen) >= 8
}
