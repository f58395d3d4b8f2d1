// Package suppress decides which findings do not count: by a comment beside the secret, by the ignore file, by the baseline.
// Each has a reason and a place, none can hide that it was used, and what has run out or matches nothing any more is said.
//
// See docs/suppression.md.
package suppress

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/ignore"
	"github.com/skant-dev/skant/scanner"
)

// Names of the files, relative to the repository's top.
const (
	IgnoreName   = ".skantignore"
	BaselineName = ".skant-baseline"
)

// Reader reads a policy file by its path relative to the repository's top, with slashes. The error wraps [fs.ErrNotExist] if
// it is not there. No symbolic link is followed.
type Reader func(name string) ([]byte, error)

// Options say where a policy is read from and how strict it is. Read may be nil: then only inline requests hold.
type Options struct {
	Read Reader
	// Origin says what Read reads: empty for the work tree, or "commit 12ab34cd".
	Origin string
	// Baseline is the path of the baseline file; empty means BaselineName.
	Baseline string
	// CompatAllow honours the inline requests of other tools, too. StrictAllow refuses inline requests that the change itself
	// adds; see Against.
	CompatAllow, StrictAllow bool
	// NoPolicy lets every finding count.
	NoPolicy bool
	// Ignore are more lines with the syntax of the ignore file, from the configuration.
	Ignore []Line
	// Now is the time against which dates are judged.
	Now time.Time
}

// Line is a line of an ignore file that stands elsewhere.
type Line struct{ Text, Where string }

// Policy is what a repository says about findings that do not count. Only Allow is safe for concurrent use.
type Policy struct {
	opt Options
	// before and allowed are set by Against.
	before  Reader
	allowed func(data []byte, path string) (map[string]bool, error)

	// inTop turns a path of a finding into one relative to the repository's top; nil if it is that.
	inTop func(path string) string

	ignored, configured []*ignore.Pattern
	baseline            *Baseline
	loaded              bool
}

// Load returns a policy. Its files are read when they are first needed: by Check, or by Apply if there is a finding.
func Load(opt Options) (*Policy, error) {
	if opt.Baseline == "" {
		opt.Baseline = BaselineName
	}
	if !fs.ValidPath(opt.Baseline) || opt.Baseline == "." {
		return nil, fmt.Errorf("use baseline %q: it is no path of a file below the repository's top", opt.Baseline)
	}
	if opt.Now.IsZero() {
		opt.Now = time.Now()
	}
	return &Policy{opt: opt}, nil
}

// Against tells the policy what there was before the change that is judged: a reader of that state, and a search that returns
// the fingerprints of the secrets in a file that are allowed there. Inline requests that were not there are marked then.
func (p *Policy) Against(before Reader, allowed func(data []byte, path string) (map[string]bool, error)) {
	p.before, p.allowed = before, allowed
}

// From says where the files are read, once that is known; origin is that of Options. inTop turns the path of a finding into
// one relative to the repository's top, and may be nil.
func (p *Policy) From(read Reader, origin string, inTop func(path string) string) {
	p.opt.Read, p.opt.Origin, p.inTop = read, origin, inTop
}

// path is that of a finding, relative to the repository's top.
func (p *Policy) path(f *scanner.Finding) string {
	if p.inTop == nil || f.Location.Path == "" {
		return f.Location.Path
	}
	return p.inTop(f.Location.Path)
}

// Check reads the ignore file and the baseline. An error names the file and, where there is one, the line.
func (p *Policy) Check() error {
	if p.loaded || p.opt.NoPolicy {
		return nil
	}
	var text strings.Builder
	for _, line := range p.opt.Ignore {
		text.WriteString(strings.ReplaceAll(line.Text, "\n", "") + "\n")
	}
	var err error
	if p.configured, err = ignore.Parse([]byte(text.String())); err != nil {
		return fmt.Errorf("the list of ignored paths %w", err)
	}
	p.baseline = &Baseline{}
	if p.opt.Read == nil {
		return nil
	}
	data, err := p.read(IgnoreName)
	if err != nil {
		return err
	}
	if p.ignored, err = ParseIgnore(data); err != nil {
		return fmt.Errorf("%s%w", p.where(IgnoreName), err)
	}
	if data, err = p.read(p.opt.Baseline); err != nil {
		return err
	}
	if data != nil {
		if p.baseline, err = ParseBaseline(data); err != nil {
			return fmt.Errorf("%s%w", p.where(p.opt.Baseline), err)
		}
	}
	p.loaded = true
	return nil
}

// read returns nil for a file that is not there.
func (p *Policy) read(name string) ([]byte, error) {
	data, err := p.opt.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && data == nil {
		data = []byte{}
	}
	return data, err
}

// where is how a file of the policy is called, with its origin.
func (p *Policy) where(name string) string {
	if p.opt.Origin != "" {
		return name + " of " + p.opt.Origin
	}
	return name
}

// ParseIgnore reads an ignore file. A line that would leave out everything is an error, which begins with ":LINE: ".
func ParseIgnore(data []byte) ([]*ignore.Pattern, error) {
	if len(data) > ignore.MaxFile {
		return nil, fmt.Errorf(": it is larger than %d MiB", ignore.MaxFile>>20)
	}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\xef\xbb\xbf")) {
		number++
		if len(line) < maxLine && ignore.Everything(strings.TrimRight(line, "\r\n")) {
			return nil, fmt.Errorf(":%d: this leaves out the whole repository, so that nothing could ever be found; name what is to be left out", number)
		}
	}
	patterns, err := ignore.Parse(data)
	if err != nil {
		return nil, fmt.Errorf(": it %w", err)
	}
	return patterns, nil
}

// Outcome says what a policy did with the findings of a scan.
type Outcome struct {
	// Inline, IgnoreFile and Baseline count the findings that do not count because of each.
	Inline, IgnoreFile, Baseline int
	// AddedHere counts those of Inline that the change itself allows.
	AddedHere int
	// Refused are requests that were not obeyed, Expired and Stale the entries of the baseline that have run out, and that match
	// nothing any more. Stale is only filled in after a scan of everything.
	Refused, Expired, Stale []Note
}

// Total is the number of findings that do not count.
func (o *Outcome) Total() int { return o.Inline + o.IgnoreFile + o.Baseline }

// Note is something about a policy that somebody should know: a place and what is the matter there.
type Note struct{ Where, Text string }

// Apply decides for each finding of a report whether it counts. whole says that everything there is was scanned, so that an
// entry that matches nothing is stale. Files are read only if they are needed; an error is theirs, see Check.
func (p *Policy) Apply(rep *scanner.Report, whole bool) (Outcome, error) {
	var o Outcome
	if p.opt.NoPolicy || len(rep.Findings) == 0 && !whole {
		return o, nil
	}
	if err := p.Check(); err != nil {
		return o, err
	}
	p.markAdded(rep)
	used := map[*Entry]bool{}
	today := p.opt.Now.UTC().Format(dateForm)
	for i := range rep.Findings {
		f := &rep.Findings[i]
		p.oneRefused(f, &o)
		entry, over := p.baseline.match(f, p.path(f), today)
		for _, e := range over {
			used[e] = true
		}
		if f.Purged {
			continue // nothing silences what may not come back
		}
		if f.Suppressed == nil {
			f.Suppressed = p.byPath(f, rep.Command)
		}
		if f.Suppressed == nil && entry != nil {
			f.Suppressed = &scanner.Suppression{
				By: scanner.ByBaseline, Where: fmt.Sprintf("%s:%d", p.where(p.opt.Baseline), entry.Line), Reason: entry.reason(),
			}
		}
		o.count(f)
	}
	p.notes(&o, used, today, whole)
	return o, nil
}

func (o *Outcome) count(f *scanner.Finding) {
	if f.Suppressed == nil {
		return
	}
	switch f.Suppressed.By {
	case scanner.ByInline:
		o.Inline++
		if f.Suppressed.AddedHere {
			o.AddedHere++
		}
	case scanner.ByIgnoreFile:
		o.IgnoreFile++
	case scanner.ByBaseline:
		o.Baseline++
	}
}

// oneRefused notes a request that is not obeyed, once for each place.
func (p *Policy) oneRefused(f *scanner.Finding, o *Outcome) {
	if f.Refused == nil || f.Suppressed != nil {
		return
	}
	n := Note{f.Refused.Where, f.Refused.Refused}
	if !slices.Contains(o.Refused, n) {
		o.Refused = append(o.Refused, n)
	}
}

// byPath returns the suppression by the ignore file. A scan of folders does not read such files at all, and says so itself.
func (p *Policy) byPath(f *scanner.Finding, command string) *scanner.Suppression {
	if f.Location.Path == "" || !inTree(&f.Location) {
		return nil
	}
	path := p.path(f)
	if command != "scan" {
		if by := ignore.Deciding(p.ignored, path); by != nil {
			return &scanner.Suppression{By: scanner.ByIgnoreFile, Where: fmt.Sprintf("%s:%d", p.where(IgnoreName), by.Line)}
		}
	}
	if by := ignore.Deciding(p.configured, path); by != nil {
		return &scanner.Suppression{By: scanner.ByIgnoreFile, Where: p.opt.Ignore[by.Line-1].Where}
	}
	return nil
}

// Leaves reports whether a file that moves between two paths, relative to the repository's top, leaves the ignored ones: what was
// not counted at the first counts at the second. Check has been called.
func (p *Policy) Leaves(from, to string) bool { return p.ignores(from) && !p.ignores(to) }

func (p *Policy) ignores(path string) bool {
	return ignore.Deciding(p.ignored, path) != nil || ignore.Deciding(p.configured, path) != nil
}

// inTree reports whether a path is one of the work tree, and none of the git directory.
func inTree(l *scanner.Location) bool {
	switch l.Kind {
	case scanner.KindFile, scanner.KindStaged, scanner.KindCommitContent, scanner.KindStash, scanner.KindUnreachable, scanner.KindFileName:
		return true
	case scanner.KindReflog:
		return l.Object != ""
	default:
		return false
	}
}

// notes lists entries of the baseline that have run out or match nothing.
func (p *Policy) notes(o *Outcome, used map[*Entry]bool, today string, whole bool) {
	if p.baseline == nil {
		return
	}
	for i := range p.baseline.Entries {
		e := &p.baseline.Entries[i]
		n := Note{Where: fmt.Sprintf("%s:%d", p.where(p.opt.Baseline), e.Line)}
		switch {
		case e.Expires != Never && e.Expires < today:
			n.Text = fmt.Sprintf("ended with %s (%s, owner %s)", e.Expires, e.Rule, e.Owner)
			o.Expired = append(o.Expired, n)
		case whole && !used[e]:
			n.Text = fmt.Sprintf("matches nothing any more (%s, owner %s)", e.Rule, e.Owner)
			o.Stale = append(o.Stale, n)
		}
	}
}

// Baseline returns the entries in force after Check or Apply; nil if there is no file.
func (p *Policy) Baseline() *Baseline {
	if p.baseline == nil || len(p.baseline.Keys) == 0 {
		return nil
	}
	return p.baseline
}
