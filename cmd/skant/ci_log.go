package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/ci"
	"github.com/skant-dev/skant/internal/report/github"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// formatGitHub is the name of the format whose standard output is a log that obeys it, and which stands beside another.
const formatGitHub = "github"

// toLog writes one format to standard output. Where a CI system reads that along, nothing of it is a command but what skant
// itself means to be one.
func (a *app) toLog(o output, rep *scanner.Report, set *rules.Set) error {
	f := o.format
	write := func(w io.Writer) error { return f.write(w, rep, set, a.textStyle(o.layout)) }
	switch {
	case f.name == formatGitHub || !ci.InCI(a.env):
		return write(a.out)
	case slices.Contains([]string{"json", formatLines, "sarif", "gitlab", "ocsf"}, f.name):
		return write(a.forPrograms())
	default:
		return a.words(write)
	}
}

// forPrograms is standard output for JSON: another program may read it, and nothing else must stand beside it.
func (a *app) forPrograms() io.Writer {
	if !ci.InCI(a.env) {
		return a.out
	}
	return github.JSON(a.out)
}

// words writes text for a person to standard output. Where a CI system reads that along, nothing of it is a command.
func (a *app) words(write func(io.Writer) error) error {
	text := func(w io.Writer) error {
		log := github.Harmless(w)
		return errors.Join(write(log), log.Flush())
	}
	switch {
	case !ci.InCI(a.env):
		return write(a.out)
	case a.env("GITHUB_ACTIONS") == "true":
		return github.Stopped(a.out, text)
	default:
		return text(a.out)
	}
}

// quiet makes standard error harmless where a CI system reads it along. Messages are whole lines.
func (a *app) quiet() {
	if ci.InCI(a.env) {
		a.err = github.Harmless(a.err)
	}
}

// stepSummary appends to the summary of the step, if there is one and the format github is asked for.
func (a *app) stepSummary(outs []output, rep *scanner.Report) error {
	path := a.env("GITHUB_STEP_SUMMARY")
	if path == "" || !slices.ContainsFunc(outs, func(o output) bool { return o.format.name == formatGitHub }) {
		return nil
	}
	err := appendTo(path, func(size int64) (string, error) {
		room := int64(github.MaxSummary) - size
		if room < minSummary {
			a.say(msgSummaryFull)
			return "", nil
		}
		return github.Summary(rep, a.notes, int(room)), nil
	})
	if err != nil {
		return &incompleteError{fmt.Errorf("write the summary of the step: %w", err)}
	}
	return nil
}

// minSummary is how much room a summary needs, in bytes.
const minSummary = 80_000

// appendTo appends a text to a regular file that is there already or can be made. make is told how long it is.
func appendTo(path string, text func(size int64) (string, error)) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%q is no regular file", filepath.Base(path))
	}
	add := ""
	if err == nil {
		add, err = text(info.Size())
	}
	if err == nil {
		_, err = io.WriteString(f, add)
	}
	return errors.Join(err, f.Close())
}

// gitHubOutput tells the steps after this one what came of it: the outputs of an action.
func (a *app) gitHubOutput(outs []output, scope string, rep *scanner.Report) error {
	path := a.env("GITHUB_OUTPUT")
	if path == "" || a.env("GITHUB_ACTIONS") != "true" {
		return nil
	}
	findings, live := 0, 0
	for i := range rep.Findings {
		if failOnNew.counts(&rep.Findings[i]) {
			findings++
		}
		if failOnLive.counts(&rep.Findings[i]) {
			live++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "findings=%d\nlive=%d\ncomplete=%t\nscope=%s\n", findings, live, rep.Coverage.Complete, scope)
	for _, o := range outs {
		if o.format.name != "sarif" || o.path == "" {
			continue
		}
		if strings.ContainsAny(o.path, "\r\n") {
			return withHint(errors.New("the path of -o sarif has a line break"), hintOutputPath)
		}
		fmt.Fprintf(&b, "sarif=%s\n", o.path)
	}
	return appendTo(path, func(int64) (string, error) { return b.String(), nil })
}
