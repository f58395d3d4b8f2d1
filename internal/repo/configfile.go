package repo

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// decodeConfig reads a file of git's configuration, without following includes, as git does: what is no error there is none
// here, and the other way round. A key without a value has the value "true", which it means where it means anything.
//
// Loading a decoder written by others takes a fifth of the time that a commit hook has.
func decodeConfig(data []byte) ([]setting, error) {
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, fmt.Errorf("it has a zero byte: %w", ErrMalformed) // git's idea of where a text ends is not ours
	}
	d := configDecoder{data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))}
	var lines []setting
	for {
		switch c := d.next(); {
		case c == endOfConfig:
			return lines, nil
		case isConfigSpace(c):
		case c == '#' || c == ';':
			d.skipLine()
		case c == '[':
			if err := d.header(); err != nil {
				return nil, d.at(err)
			}
		case isLetter(c):
			line, err := d.setting(c)
			if err != nil {
				return nil, d.at(err)
			}
			lines = append(lines, line)
		default:
			return nil, d.at(errors.New("a line begins with something else than a key or a section"))
		}
	}
}

type configDecoder struct {
	data []byte
	pos  int
	// section and subsection are those of the header that was read last.
	section, subsection string
}

// endOfConfig is no byte: the end of the file.
const endOfConfig = -1

// next returns the next byte; a line's end is one, however it is written.
func (d *configDecoder) next() int {
	if d.pos >= len(d.data) {
		d.pos = len(d.data) + 1 // back is to return to the end
		return endOfConfig
	}
	c := d.data[d.pos]
	d.pos++
	if c == '\r' && d.pos < len(d.data) && d.data[d.pos] == '\n' {
		d.pos++
		return '\n'
	}
	return int(c)
}

// at says on which line an error is.
func (d *configDecoder) at(err error) error {
	return fmt.Errorf("line %d: %w: %w", 1+bytes.Count(d.data[:min(d.pos, len(d.data))], []byte("\n")), err, ErrMalformed)
}

func (d *configDecoder) skipLine() {
	for c := d.next(); c != '\n' && c != endOfConfig; {
		c = d.next()
	}
}

// header reads the rest of "[section]", "[section.sub]" or `[section "sub"]`.
func (d *configDecoder) header() error {
	var name []byte
	for {
		c := d.next()
		if c == ']' {
			break
		}
		if isConfigSpace(c) {
			for isConfigSpace(c) && c != '\n' {
				c = d.next()
			}
			if c != '"' {
				return errors.New("a section header does not end")
			}
			name = append(name, '.')
			var err error
			if name, err = d.quotedName(name); err != nil {
				return err
			}
			if d.next() != ']' {
				return errors.New("a section header does not end")
			}
			break
		}
		if !isKeyByte(c) && c != '.' {
			return errors.New("a section has a strange name")
		}
		name = append(name, lower(c))
	}
	if len(name) == 0 {
		return errors.New("a section has no name")
	}
	d.section, d.subsection, _ = strings.Cut(string(name), ".")
	return nil
}

// quotedName appends the name of a subsection, whose first quote was read.
func (d *configDecoder) quotedName(name []byte) ([]byte, error) {
	for {
		c := d.next()
		if c == '"' {
			return name, nil
		}
		if c == '\\' {
			c = d.next()
		}
		if c == '\n' || c == endOfConfig {
			return nil, errors.New("the name of a section does not end")
		}
		name = append(name, byte(c))
	}
}

// setting reads a key, of which the first byte was read, and its value.
func (d *configDecoder) setting(first int) (setting, error) {
	s := setting{section: d.section, subsection: d.subsection}
	key := []byte{lower(first)}
	c := d.next()
	for ; isKeyByte(c); c = d.next() {
		key = append(key, lower(c))
	}
	for c == ' ' || c == '\t' {
		c = d.next()
	}
	s.key, s.value = string(key), "true"
	switch c {
	case '\n', endOfConfig:
		return s, nil
	case '=':
		var err error
		s.value, err = d.value()
		return s, err
	}
	return s, errors.New("a key is followed by something else than a value")
}

// value reads what follows the equals sign: quotes may stand anywhere in it, a backslash at the end of a line makes the
// value go on, and space around it and comments are none of it.
func (d *configDecoder) value() (string, error) {
	var value, space []byte
	quoted := false
	for {
		c := d.next()
		switch {
		case c == '\n' || c == endOfConfig:
			if quoted {
				return "", errors.New("a quote does not end")
			}
			return string(value), nil
		case isConfigSpace(c) && !quoted:
			if len(value) > 0 {
				space = append(space, byte(c))
			}
			continue
		case (c == '#' || c == ';') && !quoted:
			d.skipLine()
			return string(value), nil
		}
		value, space = append(value, space...), space[:0]
		if c == '"' {
			quoted = !quoted
			continue
		}
		if c == '\\' {
			switch c = d.next(); c {
			case '\n', endOfConfig:
				continue
			case 't':
				c = '\t'
			case 'b':
				c = '\b'
			case 'n':
				c = '\n'
			case '\\', '"':
			default:
				return "", errors.New("a value has an unknown escape")
			}
		}
		value = append(value, byte(c))
	}
}

func isConfigSpace(c int) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r'
}

func isLetter(c int) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isKeyByte(c int) bool { return isLetter(c) || c >= '0' && c <= '9' || c == '-' }

func lower(c int) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return byte(c)
}
