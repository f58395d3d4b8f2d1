package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/scanner"
)

// failOn says which findings make a run fail. Whatever it is, an incomplete run does not end as a clean one, and what was purged
// from the history does not come back.
type failOn string

const (
	// failOnNew: findings that nothing suppresses.
	failOnNew failOn = "new"
	// failOnAll: suppressed ones, too.
	failOnAll failOn = "all"
	// failOnLive: those of which the provider says that they are alive.
	failOnLive failOn = "live"
	// failOnNone: no finding.
	failOnNone failOn = "none"
)

// registerFailOn adds the flag. Its value is read with all other settings.
func registerFailOn(cmd *cobra.Command) {
	cmd.Flags().String("fail-on", string(failOnNew), helpFlagFailOn)
	completeWords(cmd, "fail-on", string(failOnNew), string(failOnAll), string(failOnLive), string(failOnNone))
}

// parseFailOn reads the flag's value.
func parseFailOn(value string) (failOn, error) {
	switch f := failOn(value); f {
	case failOnNew, failOnAll, failOnNone, failOnLive:
		return f, nil
	default:
		return f, withHint(fmt.Errorf("invalid value %q for --fail-on", value), hintFailOn)
	}
}

// outcome is the exit code of a report, as an error. Findings that count win over an incomplete coverage.
func (f failOn) outcome(rep *scanner.Report) error {
	for i := range rep.Findings {
		if f.counts(&rep.Findings[i]) {
			return &resultError{exitFindings}
		}
	}
	if !rep.Coverage.Complete {
		return &resultError{exitIncomplete}
	}
	return nil
}

// outcome is the exit code of a report by the policy that is set.
func (a *app) outcome(f *scanFlags, rep *scanner.Report) error {
	if f.conf == nil {
		return failOnNew.outcome(rep)
	}
	policy, err := parseFailOn(f.conf.FailOn.Is)
	if err != nil {
		return err
	}
	if policy == failOnLive && !(f.verifies && f.enabled && !f.dryRun) { // nobody was asked, so that nothing could be known to be alive
		policy = failOnNew
	}
	return policy.outcome(rep)
}

func (f failOn) counts(finding *scanner.Finding) bool {
	if finding.Purged {
		return true
	}
	switch f {
	case failOnAll:
		return true
	case failOnLive:
		return finding.Suppressed == nil && (finding.Verdict == scanner.Live || finding.Verdict == scanner.Restricted)
	case failOnNone:
		return false
	default:
		return finding.Suppressed == nil
	}
}
