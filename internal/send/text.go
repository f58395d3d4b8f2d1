package send

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// sum is a short hash.
func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:8])
}

// gap is a space without width. Behind a character that begins markup it keeps the reader's program from seeing any.
const gap = "\u200b"

// parted puts a gap behind each of the characters, unless a space is there, and whatever it takes for others in their place.
func parted(s, marks string, replace map[rune]string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		if to, ok := replace[r]; ok {
			b.WriteString(to)
		} else {
			b.WriteRune(r)
		}
		if strings.ContainsRune(marks, r) && i+1 < len(runes) && runes[i+1] != ' ' {
			b.WriteString(gap)
		}
	}
	return b.String()
}

// shown is a verdict in a word.
func shown(verdict string) string {
	if verdict == "" {
		return "not asked"
	}
	return verdict
}

// head is a secret in one line without markup.
func (s *Secret) head() string {
	head := s.Title
	if s.Redacted != "" {
		head += "  " + s.Redacted
	}
	return head
}
