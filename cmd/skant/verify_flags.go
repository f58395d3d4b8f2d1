package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/internal/config"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// verifyFlags say whether providers are asked if what was found is alive, and whom to ask.
type verifyFlags struct {
	enabled, onlyLive, canaries, dryRun bool
	endpoints                           list
	// verifies says that the command can ask. Others never do, whatever is set: a commit must not wait for the network.
	verifies bool
	// always says that the command is there to ask.
	always bool
}

// registerVerify adds the flags to a scanning command.
func (f *verifyFlags) registerVerify(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&f.enabled, "verify", false, helpFlagVerify)
	fs.BoolVar(&f.onlyLive, "only-live", false, helpFlagOnlyLive)
	fs.BoolVar(&f.dryRun, "verify-dry-run", false, helpFlagVerifyDryRun)
	f.registerAsking(cmd)
}

// registerAsking adds the flags that say how providers are asked.
func (f *verifyFlags) registerAsking(cmd *cobra.Command) {
	f.verifies = true
	f.endpoints.register(cmd, "verify-endpoint", "", helpFlagVerifyEndpoint)
	cmd.Flags().BoolVar(&f.canaries, "verify-canaries", false, helpFlagVerifyCanaries)
}

// takeVerify puts what is set into the place of the flags.
func (f *verifyFlags) takeVerify(e *config.Effective) {
	f.enabled, f.onlyLive, f.canaries = e.Verify.Enabled.Is || f.dryRun || f.always, e.Verify.OnlyLive.Is && !f.always, e.Verify.Canaries.Is
	f.endpoints = nil
	for _, item := range e.Verify.Endpoints {
		f.endpoints = append(f.endpoints, item.Text)
	}
}

// checkVerify refuses flags that contradict each other, endpoints that are none, and what can let no run fail.
func (f *scanFlags) checkVerify() error {
	if !f.verifies || f.conf == nil {
		return nil
	}
	known := map[string]bool{}
	for _, set := range []*rules.Set{rules.Builtin(), f.own} { // with those that are switched off: a repository's file may do that
		if set == nil {
			continue
		}
		for _, r := range set.All() {
			known[r.Provider] = true
		}
	}
	for _, item := range f.conf.Verify.Endpoints {
		if err := config.CheckEndpoint(item); err != nil {
			return withHint(err, hintVerifyEndpoint)
		}
		if provider, _, _ := strings.Cut(item.Text, "="); item.Origin.Layer >= config.Env && !known[provider] {
			return withHint(fmt.Errorf("no rule is of the provider %q", provider), hintVerifyEndpoint)
		}
	}
	switch only := f.conf.Verify.OnlyLive; {
	case f.enabled:
		return nil
	case only.Is && only.Origin.Layer == config.Flag:
		return withHint(errors.New("--only-live needs --verify"), hintOnlyLive)
	case f.conf.Verify.Canaries.Is && f.conf.Verify.Canaries.Origin.Layer == config.Flag:
		return withHint(errors.New("--verify-canaries needs --verify"), hintVerifyUnasked)
	case slices.ContainsFunc(f.conf.Verify.Endpoints, func(item config.Item) bool { return item.Origin.Layer == config.Flag }):
		return withHint(errors.New("--verify-endpoint needs --verify"), hintVerifyUnasked)
	case f.conf.FailOn.Is == string(failOnLive):
		return withHint(fmt.Errorf("fail-on live (%s) needs --verify", f.conf.FailOn.Origin), hintFailOnLive)
	default:
		return nil
	}
}

// endpointMap returns the addresses that the user named, by provider.
func (f *verifyFlags) endpointMap() map[string]string {
	all := map[string]string{}
	for _, text := range f.endpoints {
		provider, address, _ := strings.Cut(text, "=")
		all[provider] = strings.TrimRight(address, "/")
	}
	return all
}

// asker makes what asks providers. done is to be called when nothing is asked any more.
func (a *app) asker(p *prepared, set *rules.Set) (v *verify.Verifier, done func() error, err error) {
	f := p.flags
	opt := verify.Options{Endpoints: f.endpointMap(), Canaries: f.canaries, Now: a.now}
	done = nothingToClose
	if f.dryRun {
		opt.DryRun = a.printer(p.scanner.Scrub)
	} else if opt.Cache, err = a.verdicts(f); err != nil {
		a.say(msgVerdictsUnused, p.scanner.Scrub(err.Error()))
	} else if opt.Cache != nil {
		done = opt.Cache.Close
	}
	if v, err = verify.New(set, opt); err != nil {
		return nil, nil, withHint(errors.Join(err, done()), hintVerify)
	}
	return v, done, nil
}

// verdicts opens the folder in which earlier answers are kept; nil where none are to be used.
func (a *app) verdicts(f *scanFlags) (*cache.Cache, error) {
	if f.noCache {
		return nil, nil
	}
	return a.openCache("verdicts")
}

// verify asks about the findings that count, if that was asked for, and says what came of it.
func (a *app) verify(ctx context.Context, cmd *cobra.Command, p *prepared, rep *scanner.Report) (err error) {
	f := p.flags
	if !f.verifies || !f.enabled || len(rep.Findings) == 0 {
		return nil
	}
	set, err := f.rulesOf(cmd, rep)
	if err != nil {
		return err
	}
	v, done, err := a.asker(p, set)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	asked, at := counting(rep.Findings)
	progress, stop := a.verifyProgress(f.still())
	err = v.Verify(ctx, asked, progress)
	stop()
	if f.dryRun {
		a.say(msgVerifyDry)
		return err
	}
	for k, i := range at {
		rep.Findings[i] = asked[k]
		tidyVerification(&rep.Findings[i], p.scanner.Scrub)
	}
	answered := slices.ContainsFunc(asked, func(f scanner.Finding) bool { return f.Verification != nil })
	var ended *verify.Ended
	switch {
	case err == nil:
	case errors.As(err, &ended): // what was not asked must not pass for an answer
		missing := int64(0)
		for i := range at {
			if asked[i].Verdict == scanner.NotAsked {
				missing++
			}
		}
		rep.Coverage.Complete = false
		rep.Coverage.Skipped = append(rep.Coverage.Skipped, scanner.Skip{
			What: "verdicts", Reason: p.scanner.Scrub(fmt.Sprintf(msgVerifyEnded, ended)), Count: missing, Unread: true,
		})
	case answered: // all that failed is to keep the answers
		a.say(msgVerdictsUnused, p.scanner.Scrub(err.Error()))
	default:
		return err
	}
	if n := earlier(asked); n > 0 {
		a.say(msgVerifyEarlier, report.Number(n, "answer"))
	}
	if f.onlyLive { // the summary counts what is left
		groups := report.Groups(rep)
		a.say(msgVerified, report.Number(int64(len(groups)), "secret"), report.Verdicts(groups))
		keepLive(rep)
	}
	return nil
}

// counting returns the findings that count, where they are in the report, and after them the suppressed ones of the same secrets: a
// secret is dead only if it is with every id that it stands with, wherever that is.
func counting(found []scanner.Finding) (asked []scanner.Finding, at []int) {
	counts := map[string]bool{}
	for i := range found {
		if f := &found[i]; f.Suppressed == nil {
			asked, at, counts[f.Fingerprint] = append(asked, *f), append(at, i), true
		}
	}
	for i := range found {
		if f := &found[i]; f.Suppressed != nil && counts[f.Fingerprint] {
			asked = append(asked, *f)
		}
	}
	return asked, at
}

// earlier counts the secrets whose verdict an earlier run was told.
func earlier(asked []scanner.Finding) int64 {
	kept := map[[2]string]bool{}
	for i := range asked {
		if f := &asked[i]; f.Verification != nil && f.Verification.Cached {
			kept[[2]string{f.RuleID, f.Fingerprint}] = true
		}
	}
	return int64(len(kept))
}

// tidyVerification masks secrets in the words of a provider's answer: it may repeat one, and another than the one that was asked about.
func tidyVerification(f *scanner.Finding, scrub func(string) string) {
	if f.Verification == nil {
		return
	}
	v := *f.Verification
	learned := map[string]string{}
	for name, value := range v.Learned {
		learned[name] = scrub(value)
	}
	v.Says, v.Do, v.Learned = scrub(v.Says), scrub(v.Do), learned
	f.Verification = &v
}

// keepLive takes out what --only-live does not ask for, and counts it. What might be alive stays: no answer is no all-clear.
func keepLive(rep *scanner.Report) {
	counts := map[scanner.Verdict]int64{}
	rep.Findings = slices.DeleteFunc(rep.Findings, func(f scanner.Finding) bool {
		if f.Purged || f.Suppressed != nil || f.Verdict == scanner.Live || f.Verdict == scanner.Restricted || f.Verdict == scanner.Unknown {
			return false
		}
		counts[f.Verdict]++
		return true
	})
	for _, v := range []scanner.Verdict{scanner.Dead, scanner.Expired, scanner.Uncheckable, scanner.NotAsked} {
		if counts[v] > 0 {
			rep.Coverage.Skipped = append(rep.Coverage.Skipped, scanner.Skip{
				What: "findings", Reason: fmt.Sprintf(msgOnlyLive, verdictName(v)), Count: counts[v],
			})
		}
	}
}

// verifyProgress shows on a terminal how many secrets were asked about. stop takes the line away.
func (a *app) verifyProgress(off bool) (progress func(done, total int), stop func()) {
	if _, ok := a.terminal(a.err); !ok || off {
		return nil, func() {}
	}
	var mu sync.Mutex
	line := statusLine{app: a, since: a.now()}
	return func(done, total int) {
			mu.Lock()
			defer mu.Unlock()
			line.write(fmt.Sprintf(msgVerifyProgress, done, total))
		}, func() {
			mu.Lock()
			defer mu.Unlock()
			line.write("")
			a.say("\r")
		}
}
