package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// listedRules returns all rules with their texts, those of the repository of the current folder among them, and a function
// that says of a rule by what it is switched off. A configuration that is wrong does not keep the rules from being listed:
// whoever looks for the right id has a wrong one in it.
func (a *app) listedRules(cmd *cobra.Command, paths []string) (set *rules.Set, off func(id string) string, err error) {
	policy, done, err := a.currentPolicy()
	if err != nil {
		return nil, nil, err
	}
	f := scanFlags{rulePaths: paths}
	e, err := a.settings(cmd, &f, policy)
	if closeErr := done(); closeErr != nil {
		return nil, nil, errors.Join(err, closeErr)
	}
	if err != nil || policy.lost != nil {
		a.note(msgConfigPassedOver)
		set, err = allRules(cmd, paths)
		return set, func(string) string { return "" }, err
	}
	set, err = f.fullRules(cmd)
	return set, func(id string) string {
		where, off := e.Off(id)
		if !off {
			return ""
		}
		return fmt.Sprintf(msgRuleOff, visible.Text(where))
	}, err
}

// switchedOff tells which rules that are switched off would have reported something in these lines, one a line. The other
// arguments are those of the explanation.
func (a *app) switchedOff(cmd *cobra.Command, f *scanFlags, opt scanner.Options, data []byte, path string, first, last int) (string, error) {
	if f.off == nil {
		return "", nil
	}
	s, err := scanner.New(f.off(), opt)
	if err != nil {
		return "", err
	}
	attempts, err := s.Explain(cmd.Context(), data, path, first, last)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i := range attempts {
		at := &attempts[i]
		if at.Outcome != scanner.Reported && at.Outcome != scanner.HiddenMatch {
			continue
		}
		where, _ := f.conf.Off(at.RuleID)
		fmt.Fprintf(&b, msgRuleWouldMatch, at.Line, at.Column, at.RuleID, visible.Text(where), at.Confidence)
	}
	return b.String(), nil
}
