package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Names of the files that say what is left out. Both have the syntax of .gitignore.
const (
	gitIgnoreName   = ".gitignore"
	skantIgnoreName = ".skantignore"
)

const (
	// maxIgnoreFile bounds an ignore file in bytes, maxIgnoreLine one line of it, maxIgnorePatterns the number of its
	// patterns: each costs time for every path below it.
	maxIgnoreFile     = 1 << 20
	maxIgnoreLine     = 4 << 10
	maxIgnorePatterns = 5000
)

// ignoreList is the patterns of one ignore file and, through outer, of those that it overrides. A nil list ignores
// nothing.
type ignoreList struct {
	// folder is the absolute path that the patterns are relative to, with a separator at its end.
	folder   string
	patterns []*ignorePattern
	outer    *ignoreList
}

// ignored reports whether path, absolute and below the list's folders, is left out: the last pattern of the innermost
// file that has a matching one decides. Whether a folder above path is left out is for the caller to know: git looks
// no further there.
func (l *ignoreList) ignored(path string, folder bool) bool {
	for ; l != nil; l = l.outer {
		rel, below := strings.CutPrefix(path, l.folder)
		if !below {
			continue
		}
		rel = filepath.ToSlash(rel)
		encoded := ""
		encode := func() string {
			if encoded == "" {
				encoded = encodeIgnorePath(rel, folder)
			}
			return encoded
		}
		for i := len(l.patterns) - 1; i >= 0; i-- {
			if l.patterns[i].matches(rel, folder, encode) {
				return !l.patterns[i].negated
			}
		}
	}
	return false
}

// with returns the list that holds in folder, where the patterns of data override those of l. An error says that some
// of the patterns are too large to be read; none of them holds then.
func (l *ignoreList) with(folder string, data []byte) (*ignoreList, error) {
	patterns, err := parseIgnoreFile(data)
	if err != nil || len(patterns) == 0 {
		return l, err
	}
	return &ignoreList{folder: folderPrefix(folder), patterns: patterns, outer: l}, nil
}

// parseIgnoreFile reads the lines of an ignore file.
func parseIgnoreFile(data []byte) ([]*ignorePattern, error) {
	var patterns []*ignorePattern
	for raw := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
		line := strings.TrimSuffix(string(raw), "\n")
		line = strings.TrimSuffix(line, "\r")
		if len(line) > maxIgnoreLine {
			return nil, fmt.Errorf("has a line of more than %d KiB", maxIgnoreLine>>10)
		}
		if p, ok := parseIgnoreLine(line); ok {
			patterns = append(patterns, p)
		}
		if len(patterns) > maxIgnorePatterns {
			return nil, fmt.Errorf("has more than %d patterns", maxIgnorePatterns)
		}
	}
	return patterns, nil
}

// load reads the ignore file at path, whose patterns are relative to folder, on top of l. A file that is not there
// changes nothing, and neither does a symbolic link: git follows none in a work tree.
func (l *ignoreList) load(ctx context.Context, path, folder string) (*ignoreList, error) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		// What cannot be looked at ignores nothing: more is read, not less.
		return l, nil
	}
	data, err := readRegular(ctx, path, info, maxIgnoreFile, nil)
	if errors.Is(err, errTooLarge) {
		return l, fmt.Errorf("is larger than %s", sizeText(maxIgnoreFile))
	}
	if err != nil {
		return l, err
	}
	return l.with(folder, data)
}

// loadOutside is load for an ignore file outside the work tree, where symbolic links are followed.
func (l *ignoreList) loadOutside(ctx context.Context, path, folder string) (*ignoreList, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return l, nil //nolint:nilerr // As in load.
	}
	return l.load(ctx, real, folder)
}

func folderPrefix(folder string) string {
	return strings.TrimSuffix(folder, string(filepath.Separator)) + string(filepath.Separator)
}
