package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/hooks"
	"github.com/skant-dev/skant/internal/config"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// newHooksRun is what hooks call: one command for each kind, named as git names it.
func newHooksRun(a *app) *cobra.Command {
	run := group(&cobra.Command{Use: "run", Short: helpHooksRunShort, Long: helpHooksRun}, newHooksRunFramework(a))
	for _, k := range hooks.Kinds() {
		run.AddCommand(newHookKind(a, k))
	}
	for _, name := range agentNames() {
		run.AddCommand(newAgentHook(a, name))
	}
	return run
}

func newHookKind(a *app, k hooks.Kind) *cobra.Command {
	var f scanFlags
	var onError string
	cmd := &cobra.Command{Use: k.Name + " [ARG...]", Short: fmt.Sprintf(helpHookShort, k.Name), Args: cobra.ArbitraryArgs}
	f.register(cmd)
	f.registerMessage(cmd)
	switch {
	case k.Server:
		cmd.Long = helpHookReceive
		cmd.Flags().StringVar(&onError, "on-error", "", helpFlagOnError)
		completeWords(cmd, "on-error", "block", "allow")
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return a.runPreReceive(cmd, k, &f, onError) }
	case k.Stdin:
		cmd.Long = helpHookPush
		cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.runPrePush(cmd, k, &f, args) }
	default:
		cmd.Long = helpHookStaged
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return a.runPreCommit(cmd, k, &f) }
	}
	return cmd
}

func newAgentHook(a *app, name string) *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use: name, Short: fmt.Sprintf(helpHookAgentShort, name), Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runAgentHook(cmd, name, &f) },
	}
	f.registerAnswering(cmd)
	return cmd
}

// runPreCommit does what `skant staged` does, and says how to go on where that could not be done.
func (a *app) runPreCommit(cmd *cobra.Command, k hooks.Kind, f *scanFlags) error {
	cmd.Use = "staged" // the report is that of the command which searches the same
	return a.stopped(k, a.run(cmd, f, targetName("."), func(p *prepared) (scanner.Source, func() error, error) {
		r, err := a.openRepository(".", p, true)
		if err != nil {
			return nil, nil, err
		}
		return a.staged(p, r)
	}))
}

// runPrePush searches what a push brings to a remote: git gives its name, or its address if it has none, and its address.
func (a *app) runPrePush(cmd *cobra.Command, k hooks.Kind, f *scanFlags, args []string) error {
	if len(args) == 0 || len(args) > 2 {
		return withHint(errors.New("git calls this hook with the name and the address of a remote"), hintHooksRunArgs)
	}
	updates, err := a.readUpdates(hooks.ReadPrePush)
	if err != nil {
		return err
	}
	if len(updates) == 0 && a.env("PRE_COMMIT") != "" {
		return withHint(errors.New("the pre-commit framework keeps what git says of the push to itself"), hintHooksFramework)
	}
	return a.stopped(k, a.runPush(cmd, f, updates, func(ctx context.Context, r *repo.Repository) (func(string) bool, error) {
		remote := repo.PushRemote{Name: args[0]}
		if len(args) > 1 {
			remote.Address = args[1]
		}
		for _, u := range updates {
			if u.Old.IsZero() && !u.New.IsZero() {
				remote.Absent = append(remote.Absent, u.Name)
			}
		}
		there, doubted, err := r.RemoteRefs(ctx, remote)
		if doubted {
			a.say(msgHookDoubted, a.scrub(visible.Text(remote.Name)))
		}
		return there, err
	}))
}

// receiveTimeout is how long a pre-receive hook takes at most, if nothing else is said: the one who pushes waits.
const receiveTimeout = 20 * time.Second

// runPreReceive searches what a push brings to this repository, where its objects are still in quarantine.
func (a *app) runPreReceive(cmd *cobra.Command, k hooks.Kind, f *scanFlags, onError string) error {
	if err := a.receiveSettings(cmd, &onError); err != nil {
		return err
	}
	f.noProgress = true
	updates, err := a.readUpdates(hooks.ReadPreReceive)
	if err != nil {
		return err
	}
	if err := a.checkPushedPolicy(cmd, f, updates); err != nil {
		return err
	}
	err = a.runPush(cmd, f, updates, func(context.Context, *repo.Repository) (func(string) bool, error) {
		return func(ref string) bool { return strings.HasPrefix(ref, "refs/") }, nil
	})
	if onError == "allow" && a.incomplete(err) {
		a.say(msgHookAllowed)
		return nil
	}
	return a.stopped(k, err)
}

// checkPushedPolicy refuses a push that would make the configuration of a bare repository wrong: it judges every later push,
// and none could mend it.
func (a *app) checkPushedPolicy(cmd *cobra.Command, f *scanFlags, updates []source.RefUpdate) (err error) {
	r, err := repo.Open(".", repo.Options{Env: a.env})
	if err != nil {
		return withHint(err, hintRepository)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if !r.Bare() || f.noConfig {
		return nil
	}
	head, err := r.HeadRef(cmd.Context())
	if err != nil {
		return err
	}
	for _, u := range updates {
		tip, err := r.PushTip(u.New)
		if u.Name != head || u.New.IsZero() || err != nil || tip.Type != pack.Commit {
			continue // what cannot be read is told by the search
		}
		policy := commitPolicy(r, tip.ID)
		if _, err := policy.read(config.Name); damaged(err) {
			continue
		}
		if _, err := readPurged(policy); err != nil {
			return fmt.Errorf(msgHookBadPolicy, err)
		}
		own := *f
		own.policy = policy
		if _, err := a.prepare(cmd, &own); err != nil {
			return fmt.Errorf(msgHookBadPolicy, err)
		}
	}
	return nil
}

// receiveSettings fills in what the hook was not told from git's configuration, which on a server nobody can push.
func (a *app) receiveSettings(cmd *cobra.Command, onError *string) error {
	r, err := repo.Open(".", repo.Options{Env: a.env})
	if err != nil {
		return withHint(err, hintRepository)
	}
	timeout, err := r.Setting(cmd.Context(), "skant.timeout")
	if err == nil && *onError == "" {
		*onError, err = r.Setting(cmd.Context(), "skant.onError")
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	if *onError != "" && *onError != "block" && *onError != "allow" {
		return withHint(fmt.Errorf("skant.onError is %q", *onError), hintHooksSetting)
	}
	if cmd.Flags().Changed("timeout") {
		return nil
	}
	if timeout == "" {
		timeout = receiveTimeout.String()
	}
	if err := cmd.Flags().Set("timeout", timeout); err != nil {
		return withHint(fmt.Errorf("skant.timeout is %q", timeout), hintHooksSetting)
	}
	return nil
}

// readUpdates reads what git tells a hook about a push.
func (a *app) readUpdates(read func(io.Reader) ([]source.RefUpdate, error)) ([]source.RefUpdate, error) {
	if _, typed := a.terminal(a.in); typed {
		return nil, withHint(errors.New("this is a hook: git runs it, and tells it what is pushed"), hintHooksRunArgs)
	}
	updates, err := read(a.in)
	if err != nil {
		return nil, withHint(err, hintHooksStdin)
	}
	return updates, nil
}

// runPush searches what a push brings; known says which refs name what the other side has.
func (a *app) runPush(
	cmd *cobra.Command, f *scanFlags, updates []source.RefUpdate, known func(context.Context, *repo.Repository) (func(string) bool, error),
) error {
	brings := false
	for _, u := range updates {
		brings = brings || !u.New.IsZero()
	}
	if !brings {
		a.say(msgHookNothing)
		return nil
	}
	return a.run(cmd, f, targetName("."), func(p *prepared) (scanner.Source, func() error, error) {
		r, err := a.openRepository(".", p, true)
		if err != nil {
			return nil, nil, err
		}
		if cmd.Name() == "pre-receive" {
			// What the push itself allows is told apart, and does not count where the policy says so.
			p.base = p.policy
		}
		var bases []pack.ID
		for _, u := range updates {
			bases = append(bases, u.Old)
		}
		tracked, err := fetched(r)
		if err != nil {
			return nil, nil, errors.Join(err, r.Close())
		}
		if err := a.useGuard(p, r, append(bases, tracked...)); err != nil {
			return nil, nil, errors.Join(err, r.Close())
		}
		opt := source.PushOptions{DiffOptions: source.DiffOptions{MaxSize: p.maxSize, Guard: &p.guard.Guard}}
		if opt.Known, err = known(cmd.Context(), r); err != nil {
			return nil, nil, errors.Join(&incompleteError{err}, r.Close())
		}
		return source.NewPush(r, updates, opt), r.Close, nil
	})
}

// incomplete reports whether a command ended because not everything could be read.
func (a *app) incomplete(err error) bool {
	var result *resultError
	var unread *incompleteError
	return errors.As(err, &result) && result.code == exitIncomplete || errors.As(err, &unread)
}

// stopped says how to go on if a hook stops git although nothing was found.
func (a *app) stopped(k hooks.Kind, err error) error {
	switch {
	case !a.incomplete(err):
	case k.Server:
		a.say(msgHookRefused)
	default:
		a.say(msgHookStopped, k.Command)
	}
	return err
}
