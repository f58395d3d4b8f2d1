package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// saved asks about the findings of a saved report.
func (r *verifyRun) saved(place string) error {
	rep, err := r.app.readReport(r.report)
	if err != nil {
		return withHint(fmt.Errorf("read report %q: %w", r.report, err), hintReportFile)
	}
	p, values, err := r.lookUp(rep, place)
	if err != nil {
		return err
	}
	conceal(rep)
	chosen, at := r.choose(rep, values)
	if len(chosen) == 0 && r.finding != "" {
		return withHint(fmt.Errorf("no finding %s of the report has a value at hand", visible.Text(r.finding)), hintVerifyFinding)
	}
	if n := r.named(rep); n > 1 {
		return withHint(fmt.Errorf("%d secrets of the report have a fingerprint that begins with %s", n, visible.Text(r.finding)), hintVerifyLonger)
	}
	if missing := r.counted(rep) - len(at); missing > 0 {
		r.app.say(msgVerifyMissing, report.Number(int64(missing), "finding"))
		rep.Coverage.Complete = false // with fail-on live, silence must not pass for an answer
		rep.Coverage.Skipped = append(rep.Coverage.Skipped, scanner.Skip{
			What: "verdicts", Reason: msgVerifyNoValue, Count: int64(missing), Unread: true,
		})
		if len(chosen) == 0 {
			r.app.say(msgHint, hintVerifyPlace)
		}
	}
	if r.plain && r.finding != "" {
		var pairings []scanner.Finding
		for i := range chosen {
			if chosen[i].Fingerprint == chosen[0].Fingerprint {
				pairings = withPairing(pairings, &chosen[i])
			}
		}
		asked := pairings[:min(len(pairings), maxVerifiedSecret)]
		return errors.Join(r.exchanges(p, asked), verdictOutcome(pairings))
	}
	temp := &scanner.Report{Findings: chosen, Coverage: rep.Coverage}
	if err := r.app.verify(r.cmd.Context(), r.cmd, p, temp); err != nil {
		return err
	}
	rep.Coverage = temp.Coverage
	for k, i := range at {
		f := &rep.Findings[i]
		f.Verdict, f.Verification, f.Severity = temp.Findings[k].Verdict, temp.Findings[k].Verification, temp.Findings[k].Severity
	}
	return r.app.finish(r.cmd, p, rep)
}

// lookUp searches the place that a report is of for the values of its findings, which a report does not hold. What a report made with
// --show-secrets holds is used where the value is not found any more.
//
// What is found stands under its fingerprint, once with each set of parts: a secret may stand with several ids.
func (r *verifyRun) lookUp(rep *scanner.Report, place string) (*prepared, map[string][]scanner.Finding, error) {
	if place == "" {
		place = "."
		if info, err := os.Stat(rep.Target); err == nil && (info.IsDir() || rep.Command == "scan") {
			place = rep.Target
		}
	}
	r.flags.target = place
	p, err := r.prepare()
	if err != nil {
		return nil, nil, err
	}
	values := map[string][]scanner.Finding{}
	if len(rep.Findings) == 0 {
		return p, values, nil
	}
	src, done, err := r.source(p, rep.Command, place)
	if err != nil {
		return nil, nil, err
	}
	rec := &scanner.Recorder{}
	stop := r.app.watch(rec, p.flags.still())
	res, err := p.scanner.Scan(r.cmd.Context(), src, rec)
	stop()
	if err = errors.Join(err, done()); err != nil {
		return nil, nil, err
	}
	if err := r.cmd.Context().Err(); err != nil { // what was not searched is not gone
		return nil, nil, &incompleteError{err}
	}
	for i := range res.Findings {
		f := res.Findings[i]
		f.Suppressed = nil // the report says what does not count
		values[f.Fingerprint] = withPairing(values[f.Fingerprint], &f)
	}
	for i := range rep.Findings {
		if f := &rep.Findings[i]; f.Revealed != "" && len(values[f.Fingerprint]) == 0 {
			known := *f
			known.Secret, known.Suppressed = scanner.NewSecret(f.Revealed, 0), nil
			values[f.Fingerprint] = []scanner.Finding{known}
		}
	}
	return p, values, nil
}

// source reads what the command read that made the report, or more: everything of a repository in place of some of its commits.
func (r *verifyRun) source(p *prepared, command, place string) (scanner.Source, func() error, error) {
	switch command {
	case "scan", "mcp", "hook", "verify":
		src, err := source.NewFiles([]string{place}, source.FilesOptions{MaxSize: p.maxSize, NoIgnore: true, Tracked: trackedFiles})
		if err != nil {
			return nil, nil, withHint(err, hintVerifyPlace)
		}
		return src, nothingToClose, nil
	case "staged":
		repository, err := r.app.openRepository(place, p, true)
		if err != nil {
			return nil, nil, err
		}
		return source.NewStaged(repository, source.StagedOptions{MaxSize: p.maxSize}), repository.Close, nil
	default:
		p.flags.noCache = true // an earlier run knows what is clean, not what a value is
		return r.app.historySource(place, p, false)
	}
}

// withPairing adds a finding to others of its secret, unless it stands with the same parts as one of them. Of more than are asked about one
// is kept, so that the secret is not called dead for those that are.
func withPairing(known []scanner.Finding, f *scanner.Finding) []scanner.Finding {
	if len(known) > maxVerifiedSecret || slices.ContainsFunc(known, func(k scanner.Finding) bool { return f.SameValues(&k) }) {
		return known
	}
	return append(known, *f)
}

// choose returns the findings that are asked about, each with its value, and where they are in the report. After them stand the same
// secrets with other parts, which are asked about as well and do not count.
func (r *verifyRun) choose(rep *scanner.Report, values map[string][]scanner.Finding) (chosen []scanner.Finding, at []int) {
	var others []scanner.Finding
	seen := map[string]bool{}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		known := values[f.Fingerprint]
		if len(known) == 0 || !r.wanted(f) {
			continue
		}
		chosen, at = append(chosen, known[0]), append(at, i)
		if !seen[f.Fingerprint] {
			for _, other := range known[1:] {
				other.Suppressed = &scanner.Suppression{}
				others = append(others, other)
			}
		}
		seen[f.Fingerprint] = true
	}
	return append(chosen, others...), at
}

// named counts the secrets that --finding may mean.
func (r *verifyRun) named(rep *scanner.Report) int {
	prints := map[string]bool{}
	for i := range rep.Findings {
		if f := &rep.Findings[i]; r.finding != "" && r.wanted(f) {
			prints[f.Fingerprint] = true
		}
	}
	return len(prints)
}

func (r *verifyRun) counted(rep *scanner.Report) int {
	n := 0
	for i := range rep.Findings {
		if r.wanted(&rep.Findings[i]) {
			n++
		}
	}
	return n
}

// wanted reports whether a finding is asked about: the one that was named, or all that count.
func (r *verifyRun) wanted(f *scanner.Finding) bool {
	if r.finding != "" {
		return strings.HasPrefix(f.Fingerprint, r.finding)
	}
	return f.Suppressed == nil
}
