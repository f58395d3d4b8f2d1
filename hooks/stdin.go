package hooks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/source"
)

// Bounds on what git tells a hook.
const (
	maxUpdateLine = 64 << 10
	maxUpdates    = 1 << 20
)

// StdinError says that what a hook was told on its standard input is not what git tells such a hook.
type StdinError struct {
	// Line counts from 1.
	Line   int
	Reason string
}

// Error implements error. It quotes nothing of the input.
func (e *StdinError) Error() string {
	return fmt.Sprintf("line %d of standard input is not what git tells this hook: %s", e.Line, e.Reason)
}

// ReadPrePush reads the lines that git gives a pre-push hook: "LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID". A push of
// something that is up to date has no line. The error is a [*StdinError], or that of in.
func ReadPrePush(in io.Reader) ([]source.RefUpdate, error) {
	return readUpdates(in, func(line string) (u source.RefUpdate, reason string) {
		// The local side is as the user wrote it, so it may hold spaces: HEAD@{1 day ago}. The rest cannot.
		var old, name, id string
		line, old, _ = cutLast(line)
		line, name, _ = cutLast(line)
		local, id, ok := cutLast(line)
		if !ok || local == "" {
			return u, "it has less than four fields"
		}
		return update(name, old, id)
	})
}

// ReadPreReceive reads the lines that git gives a pre-receive hook: "OLD-ID NEW-ID REF". The error is a [*StdinError], or
// that of in.
func ReadPreReceive(in io.Reader) ([]source.RefUpdate, error) {
	return readUpdates(in, func(line string) (u source.RefUpdate, reason string) {
		old, rest, _ := strings.Cut(line, " ")
		id, name, ok := strings.Cut(rest, " ")
		if !ok {
			return u, "it has less than three fields"
		}
		return update(name, old, id)
	})
}

// cutLast takes the last field off a line.
func cutLast(line string) (rest, field string, ok bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return "", line, false
	}
	return line[:i], line[i+1:], true
}

func update(name, old, id string) (u source.RefUpdate, reason string) {
	var errOld, errNew error
	u.Name = name
	u.Old, errOld = parseID(old)
	u.New, errNew = parseID(id)
	switch {
	case errOld != nil || errNew != nil:
		return u, "an object id is malformed"
	case len(old) != len(id):
		return u, "its object ids are of two kinds"
	case name == "" || strings.ContainsAny(name, " \x00\t\r"):
		return u, "it has no name of a ref"
	}
	return u, ""
}

// parseID takes the id of zeros for what it means: there is none.
func parseID(text string) (pack.ID, error) {
	id, err := pack.ParseID(text)
	if err == nil && strings.Trim(text, "0") == "" {
		return pack.ID{}, nil
	}
	return id, err
}

// readUpdates reads line by line. Lines of Windows, a last line without an end and empty lines are taken: a program between
// git and the hook may have made them.
func readUpdates(in io.Reader, parse func(line string) (u source.RefUpdate, reason string)) ([]source.RefUpdate, error) {
	var all []source.RefUpdate
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxUpdateLine)
	n := 0
	for lines.Scan() {
		n++
		line := lines.Text()
		if line == "" {
			continue
		}
		u, reason := parse(line)
		if reason != "" {
			return nil, &StdinError{n, reason}
		}
		if len(all) == maxUpdates {
			return nil, &StdinError{n, fmt.Sprintf("more than %d refs", maxUpdates)}
		}
		all = append(all, u)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, &StdinError{n + 1, fmt.Sprintf("it is longer than %d bytes", maxUpdateLine)}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read what git tells the hook: %w", err)
	}
	return all, nil
}
