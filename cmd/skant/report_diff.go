package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/ci"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/report/compare"
	"github.com/skant-dev/skant/internal/report/github"
	"github.com/skant-dev/skant/scanner"
)

func newReportDiff(a *app) *cobra.Command {
	var outputs list
	cmd := &cobra.Command{
		Use: "diff OLD.json NEW.json", Short: helpReportDiffShort, Long: helpReportDiff, Example: exampleReportDiff, Args: exactly(2, 2, hintReportDiffArgs),
		RunE: func(_ *cobra.Command, args []string) error {
			outs, err := parseDiffOutputs(outputs)
			if err != nil {
				return err
			}
			if args[0] == "-" && args[1] == "-" {
				return withHint(errors.New("both reports would be read from standard input"), hintReportDiffStdin)
			}
			var reports [2]*scanner.Report
			for i, path := range args {
				if reports[i], err = a.readReport(path); err != nil {
					return withHint(fmt.Errorf("read report %q: %w", path, err), hintReportFile)
				}
				conceal(reports[i])
			}
			c := compare.New(reports[0], reports[1])
			if err := a.writeDiff(outs, c); err != nil {
				return err
			}
			return diffOutcome(c)
		},
	}
	outputs.register(cmd, "output", "o", helpFlagReportDiffOutput)
	completeWords(cmd, "output", "text", "json", "markdown")
	return cmd
}

// diffOutcome is the exit code of a comparison: what is new is a finding, and an incomplete report does not show that nothing is.
func diffOutcome(c *compare.Comparison) error {
	switch {
	case c.Alarming():
		return &resultError{exitFindings}
	case !c.New.Complete:
		return &resultError{exitIncomplete}
	default:
		return nil
	}
}

// diffOutput is a format of a comparison and where it goes: a path, or standard output where the path is empty.
type diffOutput struct{ name, path string }

// parseDiffOutputs is parseOutputs for a comparison, which has fewer formats.
func parseDiffOutputs(specs []string) ([]diffOutput, error) {
	if len(specs) == 0 {
		specs = []string{"text"}
	}
	var outs []diffOutput
	taken := map[string]bool{}
	for _, spec := range specs {
		name, path, hasPath := strings.Cut(spec, "=")
		at := ""
		if hasPath {
			at = filepath.Clean(path)
		}
		switch {
		case name != "text" && name != "json" && name != "markdown":
			return nil, withHint(fmt.Errorf("unknown output format %q", name), hintReportDiffFormats)
		case hasPath && path == "":
			return nil, withHint(fmt.Errorf("no path in -o %q", spec), hintOutputPath)
		case taken[at]:
			return nil, withHint(fmt.Errorf("two outputs go to the same place: -o %q", spec), hintOutputPath)
		}
		taken[at] = true
		outs = append(outs, diffOutput{name, path})
	}
	return outs, nil
}

// writeDiff writes a comparison to every output. Where standard output has no text for people, they are told in a few words.
func (a *app) writeDiff(outs []diffOutput, c *compare.Comparison) error {
	told := false
	for _, o := range outs {
		st := style{width: 100}
		if o.path == "" {
			st, told = a.style(), o.name == "text"
		}
		write := func(w io.Writer) error {
			switch o.name {
			case "json":
				return c.JSON(w)
			case "markdown":
				return c.Markdown(w)
			default:
				return c.Text(w, report.NewTint(st.colour), st.width)
			}
		}
		err := func() error {
			switch {
			case o.path != "":
				return writeFile(o.path, write)
			case o.name == "json" && ci.InCI(a.env): // another program may read it, and nothing else must stand beside it
				return write(github.JSON(a.out))
			case o.name == "json":
				return write(a.out)
			default:
				return a.words(write)
			}
		}()
		if err != nil {
			return &incompleteError{fmt.Errorf("write %s: %w", o.name, err)}
		}
	}
	if !told {
		for _, x := range c.Cautions {
			a.say(msgDiffCaution, a.scrub(lines(x.Text)))
		}
		a.say(msgDiffSummary, c.Summary())
	}
	return nil
}
