package suppress

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/skant-dev/skant/scanner"
)

// Never is the expiry date of an entry that has none. It holds only where somebody has written it.
const Never = "never"

const (
	// headMark begins a line of the head. There is one for each key.
	headMark = "# skant baseline "
	version  = "1"
	// keySize is the length of a key in bytes, hashLength that of an entry's hash in hexadecimal digits.
	keySize    = 16
	hashLength = 32
	// Bounds of a file: bytes, bytes of a line, entries, keys, bytes of a field.
	maxBaseline = 4 << 20
	maxLine     = 20 << 10
	maxEntries  = 50_000
	maxKeys     = 16
	maxField    = 4 << 10
)

// Baseline is a list of findings that are known and do not count. Entries are told by a hash that is keyed with one of the
// keys in the file's head, so that neither a line nor a path has to be kept.
type Baseline struct {
	// Keys are those of the head, 16 bytes each. New entries are made with the first.
	Keys [][]byte
	// Entries are in the order of the file.
	Entries []Entry
	// Notes are lines of comments that somebody has written, without their line ends.
	Notes []string

	byHash map[string][]*Entry
}

// Entry is one line of a baseline.
type Entry struct {
	// Hash is scanner.Finding.Key under one of the keys.
	Hash string
	Rule string
	// Path restricts the entry to one path relative to the repository's top; empty for any.
	Path string
	// Owner is who answers for it, Expires the last day on which it holds, as "2027-01-31" in UTC, or Never.
	Owner, Expires, Reason string
	// Line is where it stands, from 1; 0 if it is new.
	Line int
}

func (e *Entry) reason() string {
	if e.Expires == Never {
		return fmt.Sprintf("%s; owner %s", e.Reason, e.Owner)
	}
	return fmt.Sprintf("%s; owner %s, until %s", e.Reason, e.Owner, e.Expires)
}

// NewBaseline returns an empty baseline with a key that is read from random.
func NewBaseline(random io.Reader) (*Baseline, error) {
	key := make([]byte, keySize)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("make a key for the baseline: %w", err)
	}
	return &Baseline{Keys: [][]byte{key}, Notes: []string{
		"# Findings that are known and do not count. Each entry ends on its date. `skant baseline update` and `prune` keep it.",
	}}, nil
}

// ParseBaseline reads a baseline file. Lines may be in any order and occur twice, as merges leave them. An error begins with
// ":LINE: "; then nothing of the file holds. An empty file is an empty baseline.
func ParseBaseline(data []byte) (*Baseline, error) {
	b := &Baseline{}
	if len(data) > maxBaseline {
		return nil, fmt.Errorf(": it is larger than %d MiB", maxBaseline>>20)
	}
	seen := map[Entry]bool{}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\xef\xbb\xbf")) {
		number++
		if len(line) > maxLine {
			return nil, fmt.Errorf(":%d: the line is longer than %d KiB", number, maxLine>>10)
		}
		line = strings.TrimRight(line, "\r\n")
		if err := b.line(line, number, seen); err != nil {
			return nil, fmt.Errorf(":%d: %w", number, err)
		}
	}
	if len(b.Entries) > 0 && len(b.Keys) == 0 {
		return nil, errors.New(`:1: the head is missing: it begins with a line "# skant baseline 1 key=..."`)
	}
	return b, nil
}

// line reads one line.
func (b *Baseline) line(line string, number int, seen map[Entry]bool) error {
	switch {
	case strings.TrimSpace(line) == "":
		return nil
	case conflict(line):
		return errors.New("a conflict of a merge is left here; keep the entries of both sides, delete the lines with marks, and run `skant baseline update`")
	case strings.HasPrefix(line, headMark):
		return b.head(line)
	case strings.HasPrefix(line, "#"):
		if !isBucket(line) && len(b.Notes) < maxEntries && !slices.Contains(b.Notes, line) {
			b.Notes = append(b.Notes, line)
		}
		return nil
	}
	e, err := parseEntry(line)
	if err != nil {
		return err
	}
	if seen[e] {
		return nil
	}
	seen[e] = true
	if len(b.Entries) >= maxEntries {
		return fmt.Errorf("more than %d entries", maxEntries)
	}
	e.Line = number
	b.Entries = append(b.Entries, e)
	return nil
}

// conflict reports whether a line is what git marks the two sides of a conflict with.
func conflict(line string) bool {
	for _, mark := range []string{"<<<<<<<", "=======", ">>>>>>>", "|||||||"} {
		if line == mark || strings.HasPrefix(line, mark+" ") {
			return true
		}
	}
	return false
}

func (b *Baseline) head(line string) error {
	words := strings.Fields(strings.TrimPrefix(line, headMark))
	if len(words) == 0 || words[0] != version {
		return errors.New("the version of the file is not known; a newer skant may have written it")
	}
	if len(words) != 2 || !strings.HasPrefix(words[1], "key=") {
		return errors.New(`the head is not right: it is "# skant baseline 1 key=..."`)
	}
	key, err := hex.DecodeString(ungrouped(strings.TrimPrefix(words[1], "key=")))
	if err != nil || len(key) != keySize {
		return errors.New("the key is not right: it has 8 groups of 4 hexadecimal digits")
	}
	if slices.ContainsFunc(b.Keys, func(k []byte) bool { return string(k) == string(key) }) {
		return nil
	}
	if len(b.Keys) >= maxKeys {
		return fmt.Errorf("more than %d keys", maxKeys)
	}
	b.Keys = append(b.Keys, key)
	return nil
}

// parseEntry reads "HASH RULE PATH OWNER EXPIRES REASON".
func parseEntry(line string) (Entry, error) {
	var fields [5]string
	rest := line
	for i, name := range []string{"hash", "rule", "path", "owner", "date"} {
		var err error
		bare := !strings.HasPrefix(strings.TrimLeft(rest, " \t"), `"`)
		if fields[i], rest, err = field(rest); err != nil {
			return Entry{}, fmt.Errorf("the %s is not right: %w; an entry is: hash rule path owner date reason", name, err)
		}
		if name == "path" && bare && fields[i] == "-" {
			fields[i] = ""
		} else if fields[i] == "" {
			return Entry{}, fmt.Errorf("the %s is empty", name)
		}
	}
	e := Entry{Hash: ungrouped(fields[0]), Rule: fields[1], Path: fields[2], Owner: fields[3], Expires: fields[4]}
	if strings.HasPrefix(strings.TrimLeft(rest, " \t"), `"`) {
		var err error
		if e.Reason, rest, err = field(rest); err != nil {
			return Entry{}, fmt.Errorf("the reason is not right: %w", err)
		}
		if strings.TrimSpace(rest) != "" {
			return Entry{}, errors.New("something follows the reason")
		}
	} else {
		e.Reason = strings.TrimSpace(rest)
		if !printable(e.Reason) {
			return Entry{}, errors.New("the reason has characters that cannot be seen; write it in quotes with escapes")
		}
	}
	return e, e.check()
}

// check says what is wrong with an entry.
func (e *Entry) check() error {
	switch {
	case len(e.Hash) != hashLength || strings.Trim(e.Hash, "0123456789abcdef") != "":
		return errors.New("the hash is not right: it has 8 groups of 4 hexadecimal digits")
	case !ruleID(e.Rule):
		return errors.New("the rule is not right: it is the id of one")
	case e.Owner == "" || len(e.Owner) > maxField:
		return errors.New("the owner is missing")
	case !day(e.Expires):
		return errors.New("the date is not right: it is like 2027-01-31, or never")
	case !reasoned(e.Reason):
		return errors.New("the reason is missing: it has a word of three letters or more")
	case len(e.Path) > maxField || len(e.Reason) > maxField:
		return fmt.Errorf("a field is longer than %d KiB", maxField>>10)
	}
	return nil
}

// grouped writes 32 digits in groups of four, as "0123:4567:..". In one piece they are what many a rule takes for a key,
// all the more beside the name of a rule: a baseline must not be full of findings itself.
func grouped(digits string) string {
	var groups []string
	for ; len(digits) > 4; digits = digits[4:] {
		groups = append(groups, digits[:4])
	}
	return strings.Join(append(groups, digits), ":")
}

// ungrouped undoes grouped; it returns nothing for what is written otherwise.
func ungrouped(text string) string {
	digits := strings.ReplaceAll(text, ":", "")
	if grouped(digits) != text {
		return ""
	}
	return digits
}

// day reports whether text is a date of the form 2027-01-31, or Never.
func day(text string) bool {
	t, err := time.Parse(dateForm, text)
	return text == Never || err == nil && t.Format(dateForm) == text && t.Year() >= 2000
}

// field cuts the first field off a line. In quotes it is written like a string of Go.
func field(line string) (value, rest string, err error) {
	line = strings.TrimLeft(line, " \t")
	if line == "" {
		return "", "", errors.New("it is missing")
	}
	if line[0] == '"' {
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return "", "", errors.New("its quotes do not close")
		}
		if value, err = strconv.Unquote(quoted); err != nil {
			return "", "", errors.New("its escapes are wrong")
		}
		rest = line[len(quoted):]
		if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			return "", "", errors.New("something follows its quotes")
		}
		return value, rest, nil
	}
	end := strings.IndexAny(line, " \t")
	if end < 0 {
		end = len(line)
	}
	value = line[:end]
	if !printable(value) || strings.ContainsAny(value, `"\`) {
		return "", "", errors.New("it has characters that must be written in quotes with escapes")
	}
	return value, line[end:], nil
}

// quote writes a field.
func quote(value string) string {
	if value == "" || value[0] == '-' || value[0] == '#' || !printable(value) || strings.ContainsAny(value, " \"\\") {
		return strconv.Quote(value)
	}
	return value
}

// printable reports whether text is valid and has nothing in it that is not seen, or not where it stands.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (e *Entry) text() string {
	path := "-"
	if e.Path != "" {
		path = quote(e.Path)
	}
	return strings.Join([]string{grouped(e.Hash), e.Rule, path, quote(e.Owner), e.Expires, e.reasonText()}, " ")
}

// reasonText is the reason as it is written: in quotes if it would be read otherwise.
func (e *Entry) reasonText() string {
	if !printable(e.Reason) || e.Reason[0] == '"' || strings.TrimSpace(e.Reason) != e.Reason {
		return strconv.Quote(e.Reason)
	}
	return e.Reason
}

// isBucket reports whether a line is "#0" to "#f". Each stands before the entries whose hash begins with its digit. They keep
// apart what two branches add: git merges two insertions if there is a line between them.
func isBucket(line string) bool {
	return len(line) == 2 && line[0] == '#' && strings.IndexByte("0123456789abcdef", line[1]) >= 0
}

// Format writes the file: the head, comments, and the entries sorted and each once.
func (b *Baseline) Format() []byte {
	var out strings.Builder
	for _, key := range b.Keys {
		out.WriteString(headMark + version + " key=" + grouped(hex.EncodeToString(key)) + "\n")
	}
	for _, note := range b.Notes {
		out.WriteString(note + "\n")
	}
	lines := make([]string, 0, len(b.Entries)+16)
	for i := range b.Entries {
		lines = append(lines, b.Entries[i].text())
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	for _, digit := range "0123456789abcdef" {
		out.WriteString("#" + string(digit) + "\n")
		for len(lines) > 0 && rune(lines[0][0]) == digit {
			out.WriteString(lines[0] + "\n")
			lines = lines[1:]
		}
	}
	return []byte(out.String())
}

// match returns the entry that covers a finding at a path today, or nil, and all that are about it, those that have run out among them.
func (b *Baseline) match(f *scanner.Finding, path, today string) (in *Entry, all []*Entry) {
	if b.byHash == nil {
		b.byHash = map[string][]*Entry{}
		for i := range b.Entries {
			b.byHash[b.Entries[i].Hash] = append(b.byHash[b.Entries[i].Hash], &b.Entries[i])
		}
	}
	if len(b.Entries) == 0 {
		return nil, nil
	}
	for _, key := range b.Keys {
		for _, e := range b.byHash[f.Key(key)] {
			if e.Rule != f.RuleID || e.Path != "" && e.Path != path {
				continue
			}
			all = append(all, e)
			if in == nil && (e.Expires == Never || e.Expires >= today) {
				in = e
			}
		}
	}
	return in, all
}
