package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/recovery"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// collect searches the repository, or the place that a saved report is of.
func (r *revokeRun) collect(place string) error {
	r.flags.always = true  // asking is what the command is for
	r.flags.noCache = true // an earlier run knows what is clean, not what a value is
	if r.report != "" {
		return r.fromReport(place)
	}
	if place == "" {
		place = "."
	}
	r.flags.target = place
	p, err := r.app.prepare(r.cmd, r.flags)
	if err != nil {
		return err
	}
	r.p, r.flags.enabled = p, false // nobody is asked before what will be done is shown
	src, done, err := r.app.historySource(place, p, false)
	if err != nil {
		return err
	}
	rep, err := r.app.scanAs(r.cmd, "recover", p, targetName(place), src)
	if err = errors.Join(err, done()); err != nil {
		return err
	}
	if err := r.cmd.Context().Err(); err != nil { // numbers are those of the whole search
		return &incompleteError{err}
	}
	r.rep, r.found = rep, rep.Findings
	return nil
}

// fromReport looks the values of a saved report up. Which of them count is for the report to say.
func (r *revokeRun) fromReport(place string) error {
	rep, err := r.app.readReport(r.report)
	if err != nil {
		return withHint(fmt.Errorf("read report %q: %w", r.report, err), hintReportFile)
	}
	lookup := &verifyRun{app: r.app, cmd: r.cmd, flags: r.flags, report: r.report, stop: func() {}}
	p, values, err := lookup.lookUp(rep, place)
	defer func() { lookup.stop() }()
	if err != nil {
		return err
	}
	conceal(rep)
	r.p, r.rep = p, rep
	r.flags.enabled = false
	seen := map[string]bool{}
	for i := range rep.Findings {
		f := rep.Findings[i]
		known := values[f.Fingerprint]
		if len(known) == 0 {
			r.found = append(r.found, f)
			continue
		}
		if seen[f.Fingerprint] {
			continue
		}
		seen[f.Fingerprint] = true
		suppressed, example, canary := saidOf(rep, f.Fingerprint)
		example = example || !slices.ContainsFunc(known, func(k scanner.Finding) bool { return !k.Example })
		for _, k := range known {
			k.Suppressed, k.Example, k.Title, k.Location = suppressed, example, f.Title, f.Location
			if canary != "" {
				facts := map[string]string{}
				maps.Copy(facts, k.Facts)
				facts["canary"] = canary
				k.Facts = facts
			}
			r.found = append(r.found, k)
		}
	}
	return nil
}

// saidOf returns what a report says of a secret: suppressed and an example only if it is wherever it stands.
func saidOf(rep *scanner.Report, fingerprint string) (suppressed *scanner.Suppression, example bool, canary string) {
	everywhere := true
	example = true
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if f.Fingerprint != fingerprint {
			continue
		}
		if f.Suppressed == nil {
			everywhere = false
			example = example && f.Example
		} else {
			suppressed = f.Suppressed
		}
		if f.Facts["canary"] != "" {
			canary = f.Facts["canary"]
		}
	}
	if !everywhere {
		suppressed = nil
	}
	return suppressed, example && !everywhere, canary
}

// doomed returns the secrets that were chosen, in the order of their numbers, and how many are suppressed. done is to be called when nothing
// is asked any more.
func (r *revokeRun) doomed(done *func() error) (chosen []doomed, left int, err error) {
	if r.set, err = r.p.flags.rulesOf(r.cmd, r.rep); err != nil {
		return nil, 0, err
	}
	r.flags.noCache = !r.sends()
	if r.verifier, *done, err = r.app.asker(r.p, r.set); err != nil {
		*done = nothingToClose
		return nil, 0, err
	}
	endings, err := r.verifier.Endings(r.found, r.app.env)
	if err != nil {
		return nil, 0, err
	}
	numbers := r.numbers()
	r.plan = recovery.New(r.rep, r.set, recovery.Options{})
	var all []doomed
	for _, e := range endings {
		f := &r.found[e.Findings[0]]
		if numbers[f.Fingerprint] == 0 {
			left++
			continue
		}
		all = append(all, doomed{number: numbers[f.Fingerprint], first: f, places: r.placesOf(f.Fingerprint), ending: e})
	}
	slices.SortFunc(all, func(a, b doomed) int { return a.number - b.number })
	if len(r.only) == 0 {
		return all, left, nil
	}
	for _, name := range r.only {
		one, err := pick(all, name)
		if err != nil {
			return nil, 0, err
		}
		if !slices.ContainsFunc(chosen, func(d doomed) bool { return d.number == one.number }) {
			chosen = append(chosen, *one)
		}
	}
	return chosen, left, nil
}

func (r *revokeRun) placesOf(fingerprint string) int {
	n := 0
	for i := range r.rep.Findings {
		if r.rep.Findings[i].Fingerprint == fingerprint {
			n++
		}
	}
	return n
}

// pick returns the one secret that a number or the beginning of a fingerprint names.
func pick(all []doomed, name string) (*doomed, error) {
	number, isNumber := numberOf(name)
	var fits []*doomed
	for i := range all {
		d := &all[i]
		if isNumber && d.number == number || !isNumber && strings.HasPrefix(d.first.Fingerprint, name) {
			fits = append(fits, d)
		}
	}
	switch len(fits) {
	case 1:
		return fits[0], nil
	case 0:
		return nil, withHint(fmt.Errorf("no secret that counts is named by --only %s", visible.Text(name)), hintRevokeOnly)
	default:
		return nil, withHint(fmt.Errorf("%d secrets have a fingerprint that begins with %s", len(fits), visible.Text(name)), hintRevokeOnly)
	}
}
