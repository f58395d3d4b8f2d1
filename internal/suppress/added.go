package suppress

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// markAdded marks the inline requests that were not there before the change, and with StrictAllow refuses them. What cannot
// be read or searched as it was before counts as not there.
func (p *Policy) markAdded(rep *scanner.Report) {
	if p.before == nil || p.allowed == nil {
		return
	}
	known := map[string]map[string]bool{}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if f.Suppressed == nil || f.Suppressed.By != scanner.ByInline {
			continue
		}
		path := f.Location.Path
		was, met := known[path]
		if !met {
			if data, err := p.before(path); err == nil {
				was, _ = p.allowed(data, path) // an error leaves nothing allowed
			}
			known[path] = was
		}
		if was[f.Fingerprint] {
			continue
		}
		f.Suppressed.AddedHere = true
		if p.opt.StrictAllow {
			f.Refused = f.Suppressed
			f.Refused.Refused = "the change that is checked adds it, and --strict-allow is set"
			f.Suppressed = nil
			f.Reasons = append(f.Reasons[:len(f.Reasons):len(f.Reasons)], "it is allowed at "+f.Refused.Where+", which does not count: "+f.Refused.Refused)
		}
	}
}

// Addition is a line that a change adds to a file of the policy. It does not count for that change.
type Addition struct {
	// File and Line are the place in the changed state.
	File string
	Line int
	// Text says what is added: a pattern, or an entry without its hash. It has no control characters, and may quote anything:
	// whoever shows it masks secrets in it, and only then cuts it.
	Text string
}

// maxAdditions bounds what Added lists; the error says that there are more.
const maxAdditions = 1000

// Added lists what a change adds to the ignore file and the baseline; the name of the latter may be empty. A file of the
// changed state that is not one is an addition itself, because it would be an error once it is merged.
func Added(base, head Reader, baseline string) ([]Addition, error) {
	if baseline == "" {
		baseline = BaselineName
	}
	var out []Addition
	for _, name := range []string{IgnoreName, baseline} {
		before, err := readOr(base, name)
		if err != nil {
			return nil, fmt.Errorf("compare with the state before the change: %w", err)
		}
		after, err := readOr(head, name)
		if err != nil {
			out = append(out, Addition{File: name, Text: "cannot be read: " + visible.Text(err.Error())})
			continue
		}
		if name == IgnoreName {
			out = append(out, addedLines(name, before, after)...)
		} else {
			out = append(out, addedEntries(name, before, after)...)
		}
	}
	if len(out) > maxAdditions {
		return out[:maxAdditions], fmt.Errorf("the change adds more than %d lines to %s and %s", maxAdditions, IgnoreName, baseline)
	}
	return out, nil
}

func readOr(read Reader, name string) ([]byte, error) {
	data, err := read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// addedLines compares ignore files line by line: order matters to them only where something is taken back, and a line that
// is moved leaves out what it did.
func addedLines(name string, before, after []byte) []Addition {
	had := map[string]bool{}
	for line := range bytes.Lines(before) {
		had[strings.TrimRight(string(line), "\r\n")] = true
	}
	var out []Addition
	number := 0
	for line := range bytes.Lines(after) {
		number++
		text := strings.TrimRight(string(line), "\r\n")
		if had[text] || strings.TrimSpace(text) == "" || text[0] == '#' {
			continue
		}
		out = append(out, Addition{name, number, visible.Text(text)})
	}
	// A line that took something back is missed as much as one that leaves something out is new.
	has := map[string]bool{}
	for line := range bytes.Lines(after) {
		has[strings.TrimRight(string(line), "\r\n")] = true
	}
	for line := range bytes.Lines(before) {
		if text := strings.TrimRight(string(line), "\r\n"); strings.HasPrefix(text, "!") && !has[text] {
			out = append(out, Addition{name, 0, "takes out " + visible.Text(text)})
		}
	}
	return out
}

// addedEntries compares baselines by their entries and keys.
func addedEntries(name string, before, after []byte) []Addition {
	now, err := ParseBaseline(after)
	if err != nil {
		return []Addition{{File: name, Text: "cannot be read" + visible.Text(err.Error())}}
	}
	was, err := ParseBaseline(before)
	if err != nil {
		was = &Baseline{}
	}
	had := map[Entry]bool{}
	for _, e := range was.Entries {
		e.Line = 0
		had[e] = true
	}
	var out []Addition
	for _, e := range now.Entries {
		at := e
		at.Line = 0
		if had[at] {
			continue
		}
		where := "any path"
		if e.Path != "" {
			where = quote(e.Path)
		}
		out = append(out, Addition{name, e.Line, fmt.Sprintf("%s, %s, owner %s, until %s: %s", e.Rule, where, quote(e.Owner), e.Expires, e.reasonText())})
	}
	return out
}
