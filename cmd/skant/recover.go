package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/scanner"
)

func newRecover(a *app) *cobra.Command {
	cmd := newRunbook(a, "recover [REPO]")
	cmd.AddCommand(newRunbook(a, "runbook [REPO]"))
	return cmd
}

// newRunbook writes the runbook of an incident, from a saved report or from a scan of the history. It is what `recover`
// does by itself, too.
func newRunbook(a *app, use string) *cobra.Command {
	var f scanFlags
	var from string
	cmd := &cobra.Command{
		Use:     use,
		Short:   helpRecoverShort,
		Long:    helpRecover,
		Example: exampleRecover,
		Args:    exactly(0, 1, hintRecoverArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(f.outputs) == 0 {
				f.outputs = []string{"markdown"}
			}
			switch {
			case from != "" && len(args) > 0:
				return withHint(errors.New("both --report and a repository are given"), hintRecoverArgs)
			case from != "" && (f.enabled || f.dryRun || f.onlyLive):
				return withHint(errors.New("a saved report holds no values that could be asked about"), hintRecoverVerify)
			case from != "":
				return a.render(cmd, from, &f)
			}
			path := "."
			if len(args) == 1 {
				path = args[0]
			}
			f.target = path
			return a.run(cmd, &f, targetName(path), func(p *prepared) (scanner.Source, func() error, error) {
				return a.historySource(path, p, false)
			})
		},
	}
	f.register(cmd)
	f.registerCache(cmd)
	f.registerVerify(cmd)
	cmd.Flags().StringVar(&from, "report", "", helpFlagReport)
	return cmd
}

func newReport(a *app) *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:     "report FILE",
		Short:   helpReportShort,
		Long:    helpReport,
		Example: exampleReport,
		Args:    exactly(1, 1, hintReportArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.render(cmd, args[0], &f)
		},
	}
	f.registerOutput(cmd)
	return cmd
}

// render writes a saved JSON report in other formats. The exit code is that of the scan which made it.
func (a *app) render(cmd *cobra.Command, path string, f *scanFlags) error {
	outs, err := parseOutputs(f.outputs)
	if err != nil {
		return err
	}
	show, err := f.reveal(a, outs)
	if err != nil {
		return err
	}
	rep, err := a.readReport(path)
	if err != nil {
		return withHint(fmt.Errorf("read report %q: %w", path, err), hintReportFile)
	}
	if !show {
		conceal(rep)
	}
	rep.ListSuppressed = f.showSuppressed
	set, err := f.rulesOf(cmd, rep)
	if err != nil {
		return err
	}
	if err := a.write(outs, rep, set); err != nil {
		return err
	}
	a.say(msgSummary, report.Summary(rep))
	return failOnNew.outcome(rep)
}

// conceal takes the values out that a report made with --show-secrets holds.
func conceal(rep *scanner.Report) {
	for i := range rep.Findings {
		rep.Findings[i].Revealed = ""
	}
}

func (a *app) readReport(path string) (*scanner.Report, error) {
	if path == "-" {
		return report.Read(a.in)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	rep, err := report.Read(file)
	return rep, errors.Join(err, file.Close())
}
