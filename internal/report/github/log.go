package github

import (
	"bytes"
	"crypto/rand"
	"io"
	"regexp"
	"strings"
	"sync"
)

// logCommand is what GitHub's runner, Azure's agent and TeamCity take for a command wherever it stands in a line: ##[group],
// ##vso[task.setvariable], ##teamcity[...].
var logCommand = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`##+([A-Za-z.-]*\[)`) })

// lineCommand is what GitHub's runner takes for a command at the beginning of a line: ::set-output.
var lineCommand = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^([\s\p{Z}\x{85}\x{feff}]*):(:+)`) })

// harmless puts a space into what a log's reader would obey. What a person reads stays readable.
func harmless(s string) string {
	if strings.Contains(s, "##") {
		s = logCommand().ReplaceAllString(s, "# #$1")
	}
	return s
}

// Harmless returns a writer for a log of any CI system: commands in what is written through it are no commands any more, and the
// control characters by which GitLab folds sections are gone. It writes whole lines; what is left of one is written with Flush.
func Harmless(w io.Writer) *Log { return &Log{out: w} }

// Log is the writer of [Harmless].
type Log struct {
	out  io.Writer
	rest []byte
}

// Write takes text and passes on the lines that are whole.
func (l *Log) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	end := bytes.LastIndexByte(l.rest, '\n') + 1
	if end == 0 {
		return len(p), nil
	}
	err := l.pass(l.rest[:end])
	l.rest = append(l.rest[:0], l.rest[end:]...)
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes a last line that does not end.
func (l *Log) Flush() error {
	err := l.pass(l.rest)
	l.rest = nil
	return err
}

func (l *Log) pass(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	clean := strings.Map(func(r rune) rune {
		switch {
		case r < ' ' && r != '\n' && r != '\t':
			return -1
		case r == 0x85 || r == 0x2028 || r == 0x2029: // line breaks to some
			return ' '
		default:
			return r
		}
	}, string(p))
	_, err := io.WriteString(l.out, harmless(lineCommand().ReplaceAllString(clean, "$1: $2")))
	return err
}

// JSON returns a writer for a log that keeps JSON what it is: in texts the character # is written as an escape where two follow each
// other. Outside of texts it does not occur.
func JSON(w io.Writer) io.Writer { return &jsonLog{out: w} }

type jsonLog struct {
	out  io.Writer
	hash bool
}

func (l *jsonLog) Write(p []byte) (int, error) {
	var b bytes.Buffer
	for _, c := range p {
		if c == '#' && l.hash {
			b.WriteString(`\u0023`)
			continue
		}
		l.hash = c == '#'
		b.WriteByte(c)
	}
	if _, err := l.out.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Stopped writes with write while GitHub's runner obeys no command of the log: between two lines with a token that nobody can guess.
// Where nothing is written there are no such lines either.
func Stopped(w io.Writer, write func(io.Writer) error) error {
	s := &stopped{out: w, token: "skant-" + rand.Text()}
	err := write(s)
	if !s.began {
		return err
	}
	end := "::" + s.token + "::\n"
	if s.unfinished {
		end = "\n" + end
	}
	if _, endErr := io.WriteString(w, end); err == nil {
		err = endErr
	}
	return err
}

// stopped begins with the first of the two lines, and knows whether the last line has ended.
type stopped struct {
	out               io.Writer
	token             string
	began, unfinished bool
}

func (s *stopped) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !s.began {
		if _, err := io.WriteString(s.out, "::stop-commands::"+s.token+"\n"); err != nil {
			return 0, err
		}
		s.began = true
	}
	s.unfinished = p[len(p)-1] != '\n'
	return s.out.Write(p)
}
