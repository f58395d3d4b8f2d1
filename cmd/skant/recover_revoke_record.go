package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// openRecord reads the file of the incident, or begins it, as a check does. If something is to be sent, it is written before that: what is
// proven then must have a place.
func (r *revokeRun) openRecord() error {
	if r.file == "" {
		return nil
	}
	file, err := incident.Load(r.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		file = incident.New(r.rep, r.app.now())
	case err != nil:
		return withHint(err, hintCheckFile)
	default:
		file.Merge(r.rep)
	}
	if len(file.Secrets) == 0 { // no incident begins with nothing
		return nil
	}
	(&checkRun{incident: file}).addCommits(r.rep)
	r.incident = file
	if !r.sends() {
		return nil
	}
	if err := file.Write(r.file); err != nil {
		return &incompleteError{fmt.Errorf("nothing was sent: %w", err)}
	}
	return nil
}

// numbers are those of the secrets that count, by fingerprint: as in the file of the incident, if one is kept.
func (r *revokeRun) numbers() map[string]int {
	numbers := incident.New(r.rep, r.rep.StartedAt).Numbers()
	if r.incident == nil {
		return numbers
	}
	kept := r.incident.Numbers()
	for fingerprint := range numbers {
		numbers[fingerprint] = kept[fingerprint]
	}
	return numbers
}

// record keeps what a provider said of a secret, at once: the next one may be interrupted.
func (r *revokeRun) record(d *doomed, said verify.Result) {
	if r.incident == nil || said.Verdict == scanner.NotAsked {
		return
	}
	s := r.incident.Secret(d.first.Fingerprint)
	if s == nil {
		return
	}
	at := said.Verification.At
	if at.IsZero() {
		at = r.app.now()
	}
	r.incident.Heard(s, said.Verdict, at)
	r.unkept = r.incident.Write(r.file)
}

// next says what the last line of a run that was to end something says: where it was kept, and how to see whether the incident is over.
func (r *revokeRun) next() {
	if r.unkept != nil {
		r.app.say(msgRevokeUnkept, r.app.scrub(lines(r.unkept.Error())))
	} else if r.incident != nil {
		r.app.say(msgRevokeKept, r.app.scrub(visible.Text(r.file)))
	}
	words := []string{"skant recover check --verify" + r.servers()}
	begin, report := "", r.report
	switch {
	case r.incident != nil:
		words = append(words, "--incident "+visible.ShellWord(r.file))
	case report == "" || report == "-":
		report = "audit.json"
		begin = "skant history -o json=" + report + r.at() + " ; "
		fallthrough
	default:
		words = append(words, "--report "+visible.ShellWord(report))
	}
	r.app.say(msgRevokeNext, r.app.scrub(begin+strings.Join(words, " ")+r.at()))
}

// at is the repository as it is named at the end of a command.
func (r *revokeRun) at() string {
	if r.place == "" {
		return ""
	}
	return " " + visible.ShellWord(r.place)
}
