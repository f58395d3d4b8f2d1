package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/visible"
)

// newRecoverGuard puts the list of what was purged into clones and hosts on this machine.
func newRecoverGuard(a *app) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "guard [REPO...]", Short: helpGuardShort, Long: helpGuard, Example: exampleGuard,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			file, err := incident.Load(path)
			if err != nil {
				return withHint(err, hintCheckIncident)
			}
			list := incident.NewPurged()
			list.Add(file)
			if list.Empty() {
				return withHint(errors.New("the incident has no secret and no object"), hintCheckIncident)
			}
			for _, where := range args {
				if err := a.remember(where, list); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&path, "incident", incident.DefaultName, helpFlagIncident)
	return cmd
}

// remember adds a list to that of one repository.
func (a *app) remember(path string, list *incident.Purged) error {
	r, err := repo.Open(path, repo.Options{})
	if err != nil {
		return withHint(err, hintRepository)
	}
	if err := errors.Join(incident.Remember(r.CommonDir(), list), r.Close()); err != nil {
		return &incompleteError{fmt.Errorf("write the list of what was purged: %w", err)}
	}
	a.say(msgGuarded, visible.Text(a.scrub(path)), report.Number(int64(len(list.Secrets())), "secret"), report.Number(int64(len(list.Objects())), "object"))
	return nil
}
