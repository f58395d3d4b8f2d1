// Package config reads what people set skant to: the repository's .skant.yaml, the user's own file, the environment and
// flags, and makes one [Effective] of them in which every value knows where it comes from.
//
// All of it may be hostile: a repository's file is written by whoever can write to the repository. A file is bounded,
// has no aliases, and is refused as a whole with everything that is wrong with it. What it says can make a scan find less,
// which is the repository's to decide and is always told; it can not make anything leave the machine, write a file, or
// read one outside of the repository.
//
// The package opens no files: it is given bytes, and functions that read.
package config

import (
	"fmt"
	"strings"
)

// Name is the configuration file's name, at the top of a repository.
const Name = ".skant.yaml"

// UserName is the path of the user's own file below the folder of their configuration, with slashes.
const UserName = "skant/config.yaml"

// Version is the version of the format that this package reads.
const Version = 1

// Mistaken returns names that people give the file by mistake, which is then not read.
func Mistaken() []string { return []string{".skant.yml", "skant.yaml", "skant.yml"} }

// Layer is where a value may come from. Of two layers the greater one wins.
type Layer int

// The layers.
const (
	Default Layer = iota
	User
	Repository
	Env
	Flag
)

// Origin is where a value comes from.
type Origin struct {
	Layer Layer
	// Name is the file's name as it is shown, the variable or the flag (with its dashes).
	Name string
	// Line is that of the value in the file; 0 for what is no file.
	Line int
}

// String says it in the way of messages: "default", "--max-size", "SKANT_MAX_SIZE", ".skant.yaml:4".
func (o Origin) String() string {
	switch {
	case o.Layer == Default:
		return "default"
	case o.Line > 0:
		return fmt.Sprintf("%s:%d", o.Name, o.Line)
	default:
		return o.Name
	}
}

// Item is one value as it was written, and where.
type Item struct {
	Text   string
	Origin Origin
}

// Values is what one file, the environment or the flags set: the items of a setting by its key. A setting that is no list
// has one item. A list that is set to nothing has none, and differs from one that is not set.
type Values map[string][]Item

// Error is one thing that is wrong with a configuration. The functions of this package return all of them at once, joined.
type Error struct {
	Origin Origin
	// Column is that in the file, from 1; 0 for what is no file.
	Column int
	// Key is the setting concerned, may be empty.
	Key string
	// Problem says what is wrong, Instead what to write.
	Problem, Instead string
}

// Error implements error.
func (e *Error) Error() string {
	where := e.Origin.String()
	if e.Column > 0 {
		where += fmt.Sprintf(":%d", e.Column)
	}
	parts := []string{where}
	if e.Key != "" {
		parts = append(parts, e.Key)
	}
	text := strings.Join(append(parts, e.Problem), ": ")
	if e.Instead != "" {
		text += "; " + e.Instead
	}
	return text
}

// quote shows a value in a message. A long one is not shown: it is no word that was mistyped, and of a secret that stands
// where none should a part would not be recognised as one, and not be masked.
func quote(text string) string {
	const most = 60
	if len(text) > most {
		return fmt.Sprintf("a text of %d bytes", len(text))
	}
	return fmt.Sprintf("%q", text)
}
