// Package ignore reads files with the syntax of .gitignore as git does (docs/decisions/0004-gitignore.md).
package ignore

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
)

const (
	// MaxFile bounds an ignore file in bytes; who reads one sees to it. maxLine bounds one line of it in bytes, maxPatterns the
	// number of its patterns: each costs time for every path below it.
	MaxFile     = 1 << 20
	maxLine     = 4 << 10
	maxPatterns = 5000
)

// Parse reads the lines of an ignore file. An error says which bound it exceeds; none of its patterns may be applied then.
func Parse(data []byte) ([]*Pattern, error) {
	var patterns []*Pattern
	number := 0
	for raw := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
		number++
		line := strings.TrimSuffix(string(raw), "\n")
		line = strings.TrimSuffix(line, "\r")
		if len(line) > maxLine {
			return nil, fmt.Errorf("has a line of more than %d KiB", maxLine>>10)
		}
		if p, ok := parseLine(line); ok {
			p.Line, p.Text = number, line
			patterns = append(patterns, p)
		}
		if len(patterns) > maxPatterns {
			return nil, fmt.Errorf("has more than %d patterns", maxPatterns)
		}
	}
	return patterns, nil
}

// List is the patterns of one ignore file and, through its outer list, of those that it overrides. A nil list ignores
// nothing. It is not safe for concurrent use: patterns compile when they are first needed.
type List struct {
	// folder is the absolute path that the patterns are relative to, with a separator at its end.
	folder   string
	patterns []*Pattern
	outer    *List
}

// With returns the list that holds in folder, where the patterns of data override those of l. An error says that some
// of the patterns are too large to be read; none of them holds then.
func (l *List) With(folder string, data []byte) (*List, error) {
	patterns, err := Parse(data)
	if err != nil || len(patterns) == 0 {
		return l, err
	}
	return &List{folder: FolderPrefix(folder), patterns: patterns, outer: l}, nil
}

// Ignored reports whether path, absolute and below the list's folders, is left out: the last pattern of the innermost
// file that has a matching one decides. Whether a folder above path is left out is for the caller to know: git looks
// no further there.
func (l *List) Ignored(path string, folder bool) bool {
	for ; l != nil; l = l.outer {
		rel, below := strings.CutPrefix(path, l.folder)
		if !below {
			continue
		}
		if p := last(l.patterns, filepath.ToSlash(rel), folder); p != nil {
			return !p.negated
		}
	}
	return false
}

// last returns the last pattern that matches a path with slashes, or nil.
func last(patterns []*Pattern, path string, folder bool) *Pattern {
	encoded := ""
	encode := func() string {
		if encoded == "" {
			encoded = encodePath(path, folder)
		}
		return encoded
	}
	for i := len(patterns) - 1; i >= 0; i-- {
		if patterns[i].matches(path, folder, encode) {
			return patterns[i]
		}
	}
	return nil
}

// Deciding returns the pattern that leaves out the file at path, which is relative to the folder of the patterns' file and
// has slashes; nil if none does. A folder above it that is left out decides: nothing below it is taken back.
func Deciding(patterns []*Pattern, path string) *Pattern {
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		if p := last(patterns, path[:i], i < len(path)); p != nil && !p.negated {
			return p
		}
	}
	return nil
}

// FolderPrefix returns the path of a folder with a separator at its end.
func FolderPrefix(folder string) string {
	return strings.TrimSuffix(folder, string(filepath.Separator)) + string(filepath.Separator)
}

// Everything reports whether a line that stands by itself would leave out all that there is, or all folders, or all files:
// it names nothing in particular. A pattern is asked for names that have nothing in common.
func Everything(line string) bool {
	if strings.Trim(line, "/ ") == "" && strings.Contains(line, "/") {
		return true
	}
	p, ok := parseLine(strings.TrimSuffix(line, "\r"))
	if !ok || p.negated {
		return false
	}
	for _, folder := range []bool{false, true} {
		all := true
		for _, name := range []string{"src", "README.md", "main_test.go", "x", "Q-7", "zz top", "0815"} {
			all = all && last([]*Pattern{p}, name, folder) != nil
		}
		if all {
			return true
		}
	}
	return false
}
