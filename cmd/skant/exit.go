package main

import (
	"errors"
	"strings"
	"syscall"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// resultError carries the outcome of a command that ran as it should.
type resultError struct{ code int }

func (e *resultError) Error() string { return "" }

// hintError is a usage error with the sentence that says what to do instead.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// withHint adds a remedy to an error.
func withHint(err error, hint string) error { return &hintError{err, hint} }

// incompleteError is an operation that was asked for rightly and could not be carried out.
type incompleteError struct{ err error }

func (e *incompleteError) Error() string { return e.err.Error() }
func (e *incompleteError) Unwrap() error { return e.err }

// exitCode says what went wrong and returns the code that stands for it. It is the only place that maps one to the
// other.
func (a *app) exitCode(err error) int {
	var result *resultError
	var incomplete *incompleteError
	var hint *hintError
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &result):
		return result.code
	case errors.Is(err, syscall.EPIPE):
		return exitIncomplete // the reader left: say nothing, but do not call it clean
	}
	a.say(msgError, a.scrub(lines(err.Error())))
	if errors.As(err, &hint) {
		a.say(msgHint, a.scrub(lines(hint.hint)))
	}
	if errors.As(err, &incomplete) {
		return exitIncomplete
	}
	return exitUsage
}

// lines makes a text that may quote names from a repository safe for a terminal, and keeps its line breaks.
func lines(text string) string {
	list := strings.Split(text, "\n")
	for i, l := range list {
		list[i] = visible.Text(l)
	}
	return strings.Join(list, "\n")
}

// scrub masks secrets in a text about an error: paths and values of a command line may hold them.
func (a *app) scrub(text string) string {
	s, err := scanner.New(rules.Builtin(), scanner.Options{})
	if err != nil {
		return msgScrubFailed
	}
	return s.Scrub(text)
}
