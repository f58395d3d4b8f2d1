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
	cmd.AddCommand(newRecoverRevoke(a))
	cmd.AddCommand(newRecoverPlan(a), newRecoverPurge(a))
	cmd.AddCommand(newRecoverCheck(a), newRecoverGuard(a), newRecoverAttest(a))
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
	f.registerPlain(cmd)
	cmd.AddCommand(newReportDiff(a), newReportSend(a))
	return cmd
}

// render writes a saved JSON report in other formats. The exit code is that of the scan which made it.
func (a *app) render(cmd *cobra.Command, path string, f *scanFlags) error {
	return a.renderWith(cmd, path, f, func(*scanner.Report, []output) error { return nil })
}

// renderWith is render with something to do once the report is read and before it is written.
func (a *app) renderWith(cmd *cobra.Command, path string, f *scanFlags, prepare func(rep *scanner.Report, outs []output) error) error {
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
	if err := prepare(rep, outs); err != nil {
		return err
	}
	f.layOut(outs, "")
	if err := a.write(outs, rep, set); err != nil {
		return err
	}
	a.sum(report.Summary(rep), f.plain)
	return failOnNew.outcome(rep)
}

// conceal takes the values out that a report made with --show-secrets holds.
func conceal(rep *scanner.Report) {
	for i := range rep.Findings {
		rep.Findings[i].Revealed = ""
	}
}

func (a *app) readReport(path string) (rep *scanner.Report, err error) {
	if path == "-" {
		rep, err = report.Read(a.in)
	} else {
		file, openErr := os.Open(path)
		if openErr != nil {
			return nil, openErr
		}
		rep, err = report.Read(file)
		err = errors.Join(err, file.Close())
	}
	if err == nil && report.Newer(rep) {
		a.say(msgReportNewer, rep.SchemaVersion, scanner.SchemaVersion)
	}
	return rep, err
}
