package scanner

import (
	"fmt"
	"log/slog"
	"strings"
)

// Secret is a value that must not be shown. Every way in which Go prints a value gives its redacted form;
// [Secret.Reveal] is the only way out, and internal/arch lists the packages that may call it.
//
// A Secret that was read back from a report has only the redacted form: [Secret.Known] is false.
type Secret struct {
	// value is behind a pointer because fmt asks no method of what stands in an unexported field: it prints the fields, and of a
	// pointer the address. It is nil where the value is not known.
	value    *string
	redacted string
	// prefix is the length of the public prefix of value, in bytes.
	prefix int
}

// NewSecret wraps value. prefixLen is the length in bytes of its public prefix ("sk-ant-api03-"), which the redacted
// form keeps.
func NewSecret(value string, prefixLen int) Secret {
	prefixLen = max(0, min(prefixLen, len(value)))
	return Secret{&value, redact(value, prefixLen), prefixLen}
}

// NewIdentifier wraps a value that may be shown: a key id, an account number.
func NewIdentifier(value string) Secret { return Secret{&value, value, len(value)} }

// public reports whether all of the value may be shown.
func (s Secret) public() bool { return s.prefix == len(s.Reveal()) }

// body is the part of the value that may not be shown.
func (s Secret) body() string { return s.Reveal()[s.prefix:] }

// Reveal returns the value itself. Its callers are counted: scanner, internal/verify and internal/recovery.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Known reports whether the value itself is at hand, not only its redacted form.
func (s Secret) Known() bool { return s.Reveal() != "" }

// Redacted returns the form that may be shown: at most the public prefix, 3 bytes after it and the last 4.
func (s Secret) Redacted() string { return s.redacted }

// String returns the redacted form.
func (s Secret) String() string { return s.redacted }

// GoString returns the redacted form.
func (s Secret) GoString() string { return "scanner.Secret(" + s.redacted + ")" }

// Format writes the redacted form whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.redacted)) }

// MarshalText returns the redacted form, for JSON, YAML and every other encoder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.redacted), nil }

// UnmarshalText reads a redacted form back.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret{redacted: string(text)}
	return nil
}

// LogValue returns the redacted form, for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.redacted) }

// redact keeps the public prefix and, of a body long enough that they tell nothing, its first 3 and last 4 bytes.
// That is what Anthropic's console shows as the key's hint, so that a person can match the two.
func redact(value string, prefixLen int) string {
	prefix, body := value[:prefixLen], value[prefixLen:]
	switch {
	case strings.ContainsFunc(body, unnamed): // a text, or a block of lines: its ends are not what names it
		return prefix + "..."
	case len(body) >= 24:
		return prefix + body[:3] + "..." + body[len(body)-4:]
	case len(body) >= 16:
		return prefix + "..." + body[len(body)-2:]
	default:
		return prefix + "..."
	}
}

// unnamed reports whether r stands in no token: white space, quotes, and what a terminal would act upon or not show.
func unnamed(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\\\"'<>", r) }
