package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/skant-dev/skant/internal/config"
	"github.com/skant-dev/skant/internal/suppress"
	"github.com/skant-dev/skant/scanner"
)

// maxAdditions bounds the notes about what a change adds to the policy.
const maxAdditions = 20

// additionNotes lists what a change adds to the policy, which counts only once it is merged: whoever reviews it is to know.
func (r *ciRun) additionNotes(p *prepared) {
	if p.base.read == nil || r.flags.noConfig {
		return
	}
	head := commitPolicy(r.commits.repo, r.commits.spec.Tips[0])
	edited := []string{config.Name}
	for _, item := range p.conf.RuleFiles {
		if item.Origin.Layer == config.Repository {
			edited = append(edited, item.Text)
		}
	}
	for _, name := range edited {
		if !sameFile(p.base, head, name) {
			r.app.ciNote(fmt.Sprintf(noteCIChanges, p.scanner.Scrub(name)))
		}
	}
	added, err := suppress.Added(p.base.read, head.read, r.flags.baselineFile)
	for i, a := range added {
		if i == maxAdditions {
			r.app.ciNote(fmt.Sprintf(noteCIAddsMore, len(added)-i))
			break
		}
		where := a.File
		if a.Line > 0 {
			where = fmt.Sprintf("%s:%d", a.File, a.Line)
		}
		r.app.ciNote(fmt.Sprintf(noteCIAdds, where, clipped(p.scanner.Scrub(a.Text))))
	}
	if err != nil {
		r.app.ciNote(fmt.Sprintf(noteCIAddsError, err))
	}
}

// sameFile reports whether a file is the same in two states, or in neither. What cannot be read is not the same.
func sameFile(base, head policyFiles, name string) bool {
	before, errBefore := base.read(name)
	after, errAfter := head.read(name)
	if errBefore != nil || errAfter != nil {
		return errors.Is(errBefore, fs.ErrNotExist) && errors.Is(errAfter, fs.ErrNotExist)
	}
	return bytes.Equal(before, after)
}

// inlineNotes lists the findings that the change itself allows by a comment, and those that it may not.
func (r *ciRun) inlineNotes(rep *scanner.Report) {
	n := 0
	for i := range rep.Findings {
		s := rep.Findings[i].Suppressed
		if s == nil || !s.AddedHere {
			continue
		}
		if n++; n <= maxAdditions {
			r.app.notes = append(r.app.notes, r.app.scrub(lines(fmt.Sprintf(noteCIInline, s.Where, s.Reason))))
		}
	}
	if n > maxAdditions {
		r.app.notes = append(r.app.notes, fmt.Sprintf(noteCIInlineMore, n-maxAdditions))
	}
}
