package ignore

import (
	"strings"

	gitignore "github.com/sabhiram/go-gitignore"
)

// Pattern is one line of an ignore file.
//
// The library's own reading of a line differs from git's in many ways (docs/decisions/0004-gitignore.md lists them), so
// a line is parsed here as git does it and handed to the library in a dialect that it translates faithfully: every byte
// but the slash becomes one rune of a private range, which no step of its translation touches, and an end mark says
// whether the path is a folder and keeps the library from matching what lies below it.
type Pattern struct {
	// Line is its line number in the file, from 1, and Text the line as it is written.
	Line int
	Text string

	negated  bool
	dirOnly  bool
	line     string // in the library's dialect
	literal  string // stands in every path that matches
	compiled *gitignore.GitIgnore
}

const (
	privateRune = 0xE000 // the rune of byte 0; byte b is privateRune+b
	fileEnd     = "\uE100"
	folderEnd   = "\uE101"
	// anyByte matches one byte that is no slash, anyBytes any bytes or none.
	anyByte  = "[\uE000-\uE0FF]"
	anyBytes = "[\uE000-\uE0FF/]{0,}"
)

// parseLine reads one line, without its line end. ok is false for a comment, a blank line and a pattern that
// can match nothing.
func parseLine(line string) (p *Pattern, ok bool) {
	line, _, _ = strings.Cut(line, "\x00")
	if strings.HasPrefix(line, "#") {
		return nil, false
	}
	line = trimSpaces(line)
	p = &Pattern{}
	line, p.negated = strings.CutPrefix(line, "!")
	line, p.dirOnly = strings.CutSuffix(line, "/")
	if line == "" {
		return nil, false
	}
	tr := translator{inPath: strings.Contains(line, "/")}
	if tr.inPath {
		// The library anchors a pattern with a slash in front.
		tr.out.WriteByte('/')
		line = strings.TrimPrefix(line, "/")
	}
	if !tr.translate(line) {
		return nil, false
	}
	p.literal = tr.longest
	p.line = tr.out.String() + folderEnd
	if !p.dirOnly {
		p.line = tr.out.String() + "[" + fileEnd + folderEnd + "]"
	}
	return p, true
}

// trimSpaces cuts the spaces at the end of a line, but none that a backslash quotes.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			continue
		case '\\':
			if i+1 == len(line) {
				return line
			}
			i++
		}
		end = i + 1
	}
	return line[:end]
}

// matches reports whether the pattern matches path, which is relative to the folder of the pattern's file. encoded
// returns the path in the library's dialect; it is asked only if the cheap test passes.
func (p *Pattern) matches(path string, folder bool, encoded func() string) bool {
	if p.dirOnly && !folder || !strings.Contains(path, p.literal) {
		return false
	}
	if p.compiled == nil {
		p.compiled = gitignore.CompileIgnoreLines(p.line)
	}
	return p.compiled.MatchesPath(encoded())
}

// encodePath writes a path in the library's dialect.
func encodePath(path string, folder bool) string {
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		writeByte(&out, path[i])
	}
	if folder {
		out.WriteString(folderEnd)
	} else {
		out.WriteString(fileEnd)
	}
	return out.String()
}

func writeByte(out *strings.Builder, b byte) {
	if b == '/' {
		out.WriteByte('/')
		return
	}
	out.WriteRune(privateRune + rune(b))
}
