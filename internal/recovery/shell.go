package recovery

import (
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/visible"
)

// quoting is the state of a POSIX shell at some point of a command.
type quoting int

const (
	unquoted quoting = iota
	singleQuoted
	doubleQuoted
	comment
)

// shellReader knows the quoting at every byte of a command text.
type shellReader struct {
	states []quoting
	// nested says that the text holds something whose inside is quoted by rules of its own: $(...), backticks, ${...},
	// a here-document. Only plain values are put into such a text.
	nested bool
}

func newShellReader(text string) *shellReader {
	r := &shellReader{states: make([]quoting, len(text))}
	for _, mark := range []string{"$(", "`", "${", "<<"} {
		r.nested = r.nested || strings.Contains(text, mark)
	}
	state := unquoted
	for i := 0; i < len(text); i++ {
		r.states[i] = state
		switch c := text[i]; {
		case c == '\\' && (state == unquoted || state == doubleQuoted) && i+1 < len(text):
			i++
			r.states[i] = state
		case state == comment && c == '\n', state == singleQuoted && c == '\'', state == doubleQuoted && c == '"':
			state = unquoted
		case state != unquoted:
		case c == '\'':
			state = singleQuoted
		case c == '"':
			state = doubleQuoted
		case c == '#' && (i == 0 || strings.IndexByte(" \t\n;", text[i-1]) >= 0):
			state = comment
		}
	}
	return r
}

// quoteAt returns values as they can stand at offset i of the text; ok is false if they cannot stand there.
//
// Within quotes, and in commands that nest, only plain values are let in: what is around them may be JSON, SQL or an
// address, whose rules are not the shell's.
func (r *shellReader) quoteAt(i int, name string, values []string) (text string, ok bool) {
	state := r.states[i]
	out := make([]string, len(values))
	for n, v := range values {
		if name == "path" && strings.HasPrefix(v, "-") {
			v = "./" + v
		}
		switch {
		case v == "" || v[0] == '-' || v[0] == '@':
			return "", false // an option to most programs, a file to curl
		case name != "path" && climbs(v):
			return "", false // another place of the same host, in an address
		case plainValue(v), state != unquoted && state != comment && !r.nested && padded(v):
			out[n] = v
		case state == unquoted && !r.nested:
			out[n] = visible.ShellWord(v)
		default:
			return "", false
		}
	}
	if len(out) > 1 && state != unquoted && state != comment {
		return "", false
	}
	return strings.Join(out, " "), true
}

// plainValue says that a value means itself in a shell, in JSON, in SQL and in the path of an address.
func plainValue(v string) bool { return visible.PlainWord(v) && !climbs(v) }

// padded says that a value is plain but for equal signs at its end, as base64 has them: they mean nothing within quotes.
func padded(v string) bool { return plainValue(strings.TrimRight(v, "=")) }

// climbs says that a value would leave the folder that it is put behind.
func climbs(v string) bool {
	for part := range strings.SplitSeq(v, "/") {
		if part == ".." || part == "." {
			return true
		}
	}
	return false
}

// splitCommands splits commands into whole ones: what a shell reads before it runs anything. Comments go with what is below them.
func splitCommands(run string) []string {
	r := newShellReader(run)
	var out []string
	begin, depth, at := 0, 0, 0
	pending := true // nothing but comments since begin
	for line := range strings.SplitSeq(run, "\n") {
		end := at + len(line)
		bare := bareWords(run, r, at, end)
		for i, w := range bare {
			switch w {
			case "{", "(":
				depth++
			case "for", "while", "until", "if", "case":
				if i == 0 || slices.Contains([]string{"{", "(", "do", "then", "else", "&&", "||", "|"}, bare[i-1]) {
					depth++
				}
			case "}", ")", "done", "fi", "esac":
				depth--
			}
		}
		pending = pending && len(bare) == 0
		whole := end == len(run) || r.states[end] == unquoted || r.states[end] == comment
		if len(bare) > 0 {
			switch last := bare[len(bare)-1]; last {
			case "|", "&&", "||", "\\":
				whole = false
			}
		}
		if whole && depth <= 0 && !pending || end == len(run) {
			out = append(out, run[begin:end])
			begin, depth, pending = min(end+1, len(run)), 0, true
		}
		at = end + 1
	}
	return out
}

// bareWords are the words of a line that are neither quoted nor a comment.
func bareWords(run string, r *shellReader, from, to int) []string {
	line := []byte(run[from:to])
	for i := range line {
		switch {
		case r.states[from+i] == comment || line[i] == '#' && from+i+1 < len(run) && r.states[from+i+1] == comment:
			line[i] = ' '
		case r.states[from+i] != unquoted:
			line[i] = 'x'
		}
	}
	return strings.FieldsFunc(string(line), func(c rune) bool { return c == ' ' || c == ';' || c == '\t' })
}
