package config

import (
	"iter"
	"strings"

	"github.com/skant-dev/skant/internal/ignore"
)

func checkPattern(value string) problem {
	if value[0] == '#' {
		return problem{quote(value) + " would be a comment and match nothing", `write \# for a name that begins with #`}
	}
	pattern := strings.TrimPrefix(value, "!")
	if strings.Trim(pattern, "/ ") == "" {
		return problem{quote(value) + " names the whole repository", "name folders or files, such as testdata/ or *.md"}
	}
	for part := range strings.SplitSeq(pattern, "/") {
		if part == "." || part == ".." {
			return problem{quote(value) + " matches nothing: no path of a repository has . or .. in it", "write it from the top, without them"}
		}
	}
	if patterns, err := ignore.Parse([]byte(value)); err != nil || len(patterns) != 1 {
		return problem{quote(value) + " matches nothing", "docs/configuration.md describes patterns"}
	}
	return problem{}
}

// everything reports the line of paths.ignore that leaves everything out by itself. Where another takes something back that
// is for the paths to decide: see [Effective.Covers].
func everything(items []Item) *Error {
	for _, item := range items {
		if strings.HasPrefix(item.Text, "!") {
			return nil
		}
	}
	for _, item := range items {
		if ignore.Everything(item.Text) {
			return &Error{
				Origin: item.Origin, Key: "paths.ignore", Problem: quote(item.Text) + " ignores the whole repository",
				Instead: "name folders or files, such as testdata/ or *.md; to scan nothing, uninstall skant",
			}
		}
	}
	return nil
}

// Covers returns an [*Error] if the patterns of paths.ignore together leave out every one of the paths, which are relative
// to the repository's top and have slashes. It looks no further than to the first that is not left out; no path at all is
// no error.
func (e *Effective) Covers(paths iter.Seq[string]) error {
	if len(e.Ignore) == 0 {
		return nil
	}
	var lines strings.Builder
	for _, item := range e.Ignore {
		lines.WriteString(item.Text + "\n")
	}
	patterns, err := ignore.Parse([]byte(lines.String()))
	if err != nil {
		return &Error{Origin: e.Ignore[0].Origin, Key: "paths.ignore", Problem: "the list " + err.Error(), Instead: "shorten it"}
	}
	any := false
	for path := range paths {
		if any = true; ignore.Deciding(patterns, path) == nil {
			return nil
		}
	}
	if !any {
		return nil
	}
	return &Error{
		Origin: e.Ignore[0].Origin, Key: "paths.ignore", Problem: "the patterns together ignore every file of the repository",
		Instead: "take one out; to scan nothing, uninstall skant",
	}
}
