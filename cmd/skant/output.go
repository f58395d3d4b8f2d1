package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/skant-dev/skant/internal/ci"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/report/github"
	"github.com/skant-dev/skant/internal/report/gitlab"
	"github.com/skant-dev/skant/internal/report/html"
	"github.com/skant-dev/skant/internal/report/markdown"
	"github.com/skant-dev/skant/internal/report/ocsf"
	"github.com/skant-dev/skant/internal/report/sarif"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// style is how text is laid out for a terminal.
type style struct {
	colour bool
	width  int
	// file says that the output is a file, which nobody's terminal stands beside.
	file bool
	// plain, cut, all, up and links are those of [report.TextOptions].
	plain, cut bool
	all, up    string
	links      *report.Links
}

// format is one output format: a row of the table below and a file of internal/report.
type format struct {
	name  string
	write func(w io.Writer, rep *scanner.Report, set *rules.Set, st style) error
	// mayReveal says that --show-secrets works with it.
	mayReveal bool
}

func formats() []format {
	plain := func(f func(io.Writer, *scanner.Report, *rules.Set) error) func(io.Writer, *scanner.Report, *rules.Set, style) error {
		return func(w io.Writer, rep *scanner.Report, set *rules.Set, _ style) error { return f(w, rep, set) }
	}
	return []format{
		{"text", func(w io.Writer, rep *scanner.Report, set *rules.Set, st style) error {
			return report.Text(w, rep, set, st.text())
		}, true},
		{"json", plain(report.JSON), true},
		{formatLines, plain(report.JSONL), false},
		{"sarif", plain(sarif.Write), false},
		{"gitlab", plain(gitlab.Write), false},
		{"csv", plain(report.CSV), false},
		{"junit", plain(report.JUnit), false},
		{"ocsf", plain(ocsf.Write), false},
		{"markdown", plain(markdown.Write), false},
		{"html", plain(html.Write), false},
		{formatGitHub, plain(github.Annotations), false},
	}
}

func formatNames() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// output is a format and where it goes: a path, or standard output where the path is empty.
type output struct {
	format format
	path   string
	layout textLayout
	// stream is told of secrets while the scan runs; nil if the output is only written at the end.
	stream *stream
}

// parseOutputs reads the values of -o. Without any, text goes to standard output.
func parseOutputs(specs []string) ([]output, error) {
	if len(specs) == 0 {
		specs = []string{"text"}
	}
	var outs []output
	toStdout := ""
	paths := map[string]bool{}
	for _, spec := range specs {
		name, path, hasPath := strings.Cut(spec, "=")
		f, err := lookupFormat(name)
		if err != nil {
			return nil, err
		}
		switch {
		case hasPath && path == "":
			return nil, withHint(fmt.Errorf("no path in -o %q", spec), hintOutputPath)
		case hasPath && paths[filepath.Clean(path)]:
			return nil, withHint(fmt.Errorf("two outputs go to %q", path), hintOutputPath)
		case !hasPath && name == formatGitHub: // commands in a log, beside whatever else is there
		case !hasPath && toStdout != "":
			return nil, withHint(fmt.Errorf("both %s and %s would go to standard output", toStdout, name), hintOutputPath)
		case !hasPath:
			toStdout = name
		default:
			paths[filepath.Clean(path)] = true
		}
		outs = append(outs, output{format: f, path: path})
	}
	return outs, nil
}

func lookupFormat(name string) (format, error) {
	for _, f := range formats() {
		if f.name == name {
			return f, nil
		}
	}
	return format{}, withHint(fmt.Errorf("unknown output format %q", name), fmt.Sprintf(hintFormats, strings.Join(formatNames(), ", ")))
}

// write renders a report to every output.
func (a *app) write(outs []output, rep *scanner.Report, set *rules.Set) error {
	rep, err := report.Canonical(rep)
	if err != nil {
		return &incompleteError{err}
	}
	for _, o := range outs {
		if o.stream != nil {
			if err := o.stream.finish(func(w io.Writer) error { return o.format.write(w, rep, set, style{}) }); err != nil {
				return &incompleteError{fmt.Errorf("write %s: %w", o.format.name, err)}
			}
			continue
		}
		if o.path == "" {
			if err := a.toLog(o, rep, set); err != nil {
				return &incompleteError{fmt.Errorf("write %s: %w", o.format.name, err)}
			}
			continue
		}
		err := writeFile(o.path, func(w io.Writer) error {
			return o.format.write(w, rep, set, style{file: true, plain: o.layout.plain, up: o.layout.up()})
		})
		if err != nil {
			return &incompleteError{fmt.Errorf("write %s to %q: %w", o.format.name, o.path, err)}
		}
	}
	return a.stepSummary(outs, rep)
}

// style is that of standard output.
func (a *app) style() style {
	width, isTerminal := a.terminal(a.out)
	if !isTerminal {
		return style{width: 100}
	}
	// What begins a colour does not get into the log of a CI system: see [github.Harmless].
	return style{colour: a.env("NO_COLOR") == "" && a.env("TERM") != "dumb" && !ci.InCI(a.env), width: max(40, width)}
}

// writeFile writes a file that appears whole or not at all and that only its owner can read: a report says where
// secrets are.
func writeFile(path string, write func(io.Writer) error) error {
	if info, statErr := os.Stat(path); statErr == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0) // a pipe or a device cannot be replaced
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	return replaceFile(path, 0o600, write)
}

// replaceFile puts a new file in the place of path in one step, so that there is the old one or the whole new one at any time.
func replaceFile(path string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".skant-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
