package repo

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/skant-dev/skant/internal/pack"
)

// ErrMalformed is wrapped by every error about an object, a ref or an index whose bytes do not follow git's format.
var ErrMalformed = errors.New("malformed")

// File modes of tree and index entries, as git stores them.
const (
	ModeTree    = uint32(filemode.Dir)
	ModeRegular = uint32(filemode.Regular)
	ModeSymlink = uint32(filemode.Symlink)
	ModeGitlink = uint32(filemode.Submodule)

	modeTypeMask uint32 = 0o170000
)

// IsTree reports whether mode is that of a folder.
func IsTree(mode uint32) bool { return mode&modeTypeMask == ModeTree }

// IsGitlink reports whether mode is that of a submodule: its id is a commit of another repository.
func IsGitlink(mode uint32) bool { return mode&modeTypeMask == ModeGitlink }

// IsSymlink reports whether mode is that of a symbolic link, whose blob is the target's path.
func IsSymlink(mode uint32) bool { return mode&modeTypeMask == ModeSymlink }

// maxParents bounds the parents of one commit. The largest octopus known has 66.
const maxParents = 1 << 14

// Commit is a parsed commit object. Its byte slices alias the bytes it was parsed from.
type Commit struct {
	// ID is filled in by [Repository.Commit]; [ParseCommit] does not know it.
	ID      pack.ID
	Tree    pack.ID
	Parents []pack.ID
	// AuthorLine and CommitterLine are "Name <email> seconds zone"; see [ParsePerson].
	AuthorLine, CommitterLine []byte
	// Encoding is the value of the encoding header; empty means UTF-8.
	Encoding string
	// MessageOffset is where the message starts in the object, in bytes; the object's length if it has none.
	MessageOffset int
	Message       []byte
}

// Author returns who wrote the change.
func (c *Commit) Author() Person { return ParsePerson(c.AuthorLine) }

// Committer returns who made the commit.
func (c *Commit) Committer() Person { return ParsePerson(c.CommitterLine) }

// Summary returns the message's first paragraph's first line, at most 200 bytes of it.
func (c *Commit) Summary() string {
	line, _, _ := bytes.Cut(bytes.TrimLeft(c.Message, "\n \t\r"), []byte("\n"))
	line = bytes.TrimRight(line, " \t\r")
	return string(line[:min(len(line), 200)])
}

// ParseCommit reads a commit object's bytes (without the "commit SIZE" header). Ids of 40 and of 64 digits are taken.
// Unknown headers and their continuation lines are skipped, as git does. An error wraps [ErrMalformed].
func ParseCommit(data []byte) (*Commit, error) {
	c := &Commit{}
	rest, err := parseLinks(c, data)
	if err != nil {
		return nil, err
	}
	for len(rest) > 0 {
		line, after, found := bytes.Cut(rest, []byte("\n"))
		if len(line) == 0 && found {
			c.MessageOffset = len(data) - len(after)
			c.Message = after
			return c, nil
		}
		rest = after
		key, value, _ := bytes.Cut(line, []byte(" "))
		switch string(key) {
		case "author":
			c.AuthorLine = value
		case "committer":
			c.CommitterLine = value
		case "encoding":
			c.Encoding = string(value[:min(len(value), 64)])
		}
	}
	c.MessageOffset = len(data)
	return c, nil
}

// parseLinks reads the tree and parent headers, which git wants first and in this order, and returns what follows.
func parseLinks(c *Commit, data []byte) ([]byte, error) {
	id, rest, ok := cutIDHeader(data, "tree ")
	if !ok {
		return nil, fmt.Errorf("parse commit: no tree header: %w", ErrMalformed)
	}
	c.Tree = id
	for bytes.HasPrefix(rest, []byte("parent ")) {
		id, after, ok := cutIDHeader(rest, "parent ")
		if !ok {
			return nil, fmt.Errorf("parse commit: parent %d is not an id: %w", len(c.Parents)+1, ErrMalformed)
		}
		if len(c.Parents) == maxParents {
			return nil, fmt.Errorf("parse commit: more than %d parents: %w", maxParents, ErrMalformed)
		}
		c.Parents = append(c.Parents, id)
		rest = after
	}
	return rest, nil
}

// cutIDHeader takes a line "KEY HEXID" off the start of data.
func cutIDHeader(data []byte, key string) (pack.ID, []byte, bool) {
	if !bytes.HasPrefix(data, []byte(key)) {
		return pack.ID{}, nil, false
	}
	line, rest, found := bytes.Cut(data[len(key):], []byte("\n"))
	if !found || len(line) > 64 {
		return pack.ID{}, nil, false
	}
	id, err := pack.ParseID(string(line))
	return id, rest, err == nil
}

// Tag is a parsed annotated tag. Its byte slices alias the bytes it was parsed from.
type Tag struct {
	Object pack.ID
	// Type is "commit", "tree", "blob" or "tag".
	Type, Name string
	// TaggerLine is "Name <email> seconds zone"; very old tags have none.
	TaggerLine []byte
	// MessageOffset is where the message starts in the object, in bytes.
	MessageOffset int
	Message       []byte
}

// Tagger returns who made the tag.
func (t *Tag) Tagger() Person { return ParsePerson(t.TaggerLine) }

// ParseTag reads a tag object's bytes (without the "tag SIZE" header). An error wraps [ErrMalformed].
func ParseTag(data []byte) (*Tag, error) {
	t := &Tag{MessageOffset: len(data)}
	id, rest, ok := cutIDHeader(data, "object ")
	if !ok {
		return nil, fmt.Errorf("parse tag: no object header: %w", ErrMalformed)
	}
	t.Object = id
	for len(rest) > 0 {
		line, after, found := bytes.Cut(rest, []byte("\n"))
		if len(line) == 0 && found {
			t.MessageOffset = len(data) - len(after)
			t.Message = after
			break
		}
		rest = after
		key, value, _ := bytes.Cut(line, []byte(" "))
		switch string(key) {
		case "type":
			t.Type = string(value[:min(len(value), 16)])
		case "tag":
			t.Name = string(value)
		case "tagger":
			t.TaggerLine = value
		}
	}
	return t, nil
}

// Person is who made a commit or a tag, and when. Name and Email are the raw bytes: they need not be UTF-8.
type Person struct {
	Name, Email string
	// When is zero if the date is missing, malformed or outside the years 1 to 9999 (which no JSON could carry).
	When time.Time
}

// maxUnixTime is the last second of the year 9999, less a day for the zone.
const maxUnixTime = 253402214400

// ParsePerson reads "Name <email> seconds zone". Whatever is missing stays empty.
func ParsePerson(line []byte) Person {
	var p Person
	name, rest, found := bytes.Cut(line, []byte("<"))
	p.Name = string(bytes.TrimSpace(name))
	if !found {
		return p
	}
	email, _, _ := bytes.Cut(rest, []byte(">"))
	p.Email = string(bytes.TrimSpace(email))
	// git takes the date after the last ">", so that a stray one in the name or the address does no harm.
	last := bytes.LastIndexByte(line, '>')
	if last < 0 {
		return p
	}
	p.When = parseWhen(line[last+1:])
	return p
}

// parseWhen reads "seconds zone", for example "1700000000 +0130".
func parseWhen(text []byte) time.Time {
	fields := bytes.Fields(text[:min(len(text), 64)])
	if len(fields) == 0 {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil || seconds < 0 || seconds > maxUnixTime {
		return time.Time{}
	}
	offset := 0
	if len(fields) > 1 {
		if zone, err := strconv.Atoi(string(fields[1])); err == nil && zone > -2400 && zone < 2400 {
			offset = (zone/100)*3600 + (zone%100)*60
		}
	}
	if offset == 0 || offset <= -24*3600 || offset >= 24*3600 {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Unix(seconds, 0).In(time.FixedZone("", offset))
}

// TreeEntry is one name in a tree. Name aliases the tree's bytes.
type TreeEntry struct {
	Mode uint32
	Name []byte
	ID   pack.ID
}

// ParseTree yields the entries of a tree object's bytes in their order. idLen is the length of an id in bytes: 20 or
// 32. A malformed entry is yielded with an error that wraps [ErrMalformed]: if its shape still shows where the next one
// starts (an empty name, a mode of nonsense), its ID is set and the entries after it follow; otherwise it is the last.
// Names are not judged: a hostile tree may hold "..", "a/b" or the same name twice.
func ParseTree(data []byte, idLen int) iter.Seq2[TreeEntry, error] {
	return func(yield func(TreeEntry, error) bool) {
		for rest := data; len(rest) > 0; {
			entry, after, err := cutTreeEntry(rest, idLen)
			if !yield(entry, err) || after == nil {
				return
			}
			rest = after
		}
	}
}

// cutTreeEntry takes one entry off the start of data. The remaining bytes are nil if they cannot be told.
func cutTreeEntry(data []byte, idLen int) (TreeEntry, []byte, error) {
	end := bytes.IndexByte(data, 0)
	if end < 0 || idLen < 0 || len(data)-end-1 < idLen {
		return TreeEntry{}, nil, fmt.Errorf("parse tree: entry cut short: %w", ErrMalformed)
	}
	after := data[end+1+idLen:]
	id, ok := pack.IDFromBytes(data[end+1 : end+1+idLen])
	if !ok {
		return TreeEntry{}, nil, fmt.Errorf("parse tree: ids of %d bytes: %w", idLen, ErrMalformed)
	}
	entry := TreeEntry{ID: id}
	space := bytes.IndexByte(data[:end], ' ')
	if space < 0 {
		return entry, after, fmt.Errorf("parse tree: entry without a name: %w", ErrMalformed)
	}
	entry.Name = data[space+1 : end]
	mode, ok := parseMode(data[:space])
	entry.Mode = mode
	switch {
	case !ok:
		return entry, after, fmt.Errorf("parse tree: mode is not octal: %w", ErrMalformed)
	case len(entry.Name) == 0:
		return entry, after, fmt.Errorf("parse tree: empty name: %w", ErrMalformed)
	}
	return entry, after, nil
}

// parseMode reads an octal mode of at most seven digits.
func parseMode(text []byte) (uint32, bool) {
	if len(text) == 0 || len(text) > 7 {
		return 0, false
	}
	var mode uint32
	for _, c := range text {
		if c < '0' || c > '7' {
			return 0, false
		}
		mode = mode<<3 | uint32(c-'0')
	}
	return mode, true
}
