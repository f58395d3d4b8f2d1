package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/skant-dev/skant/internal/editor"
	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/suppress"
	"github.com/skant-dev/skant/internal/triage"
	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// Ask says what Verify would send, and sends nothing.
func (r *triageRun) Ask(ctx context.Context, fs []scanner.Finding) (text string, asks bool, err error) {
	found, err := r.find(ctx, &fs[0])
	if err != nil {
		return "", false, err
	}
	set, err := r.p.flags.rulesOf(r.cmd, &scanner.Report{Findings: found})
	if err != nil {
		return "", false, hinted(err)
	}
	l := layout{scrub: r.p.scanner.Scrub, width: readable(r.app.style().width)}
	v, err := verify.New(set, verify.Options{
		Endpoints: r.p.flags.endpointMap(), Canaries: r.p.flags.canaries, Now: r.app.now,
		DryRun: func(x verify.Asked) {
			if x.URL != "" {
				l.line(labelWouldAsk)
				asks = true
			}
			l.asked(x)
		},
	})
	if err != nil {
		return "", false, hinted(withHint(err, hintVerify))
	}
	for i := range found[:min(len(found), maxVerifiedSecret)] {
		if _, err := v.Ask(ctx, &found[i]); err != nil {
			return "", false, err
		}
	}
	if !asks {
		return l.String(), false, ctx.Err()
	}
	return l.String() + "\n" + msgTriageNotSent, true, ctx.Err()
}

// Verify asks the provider about a secret, with every set of parts that it stands with: it is dead only if it is with each.
func (r *triageRun) Verify(ctx context.Context, fs []scanner.Finding) (triage.Answer, error) {
	found, err := r.find(ctx, &fs[0])
	if err != nil {
		return triage.Answer{}, err
	}
	r.cmd.SetContext(ctx)
	asked := found[:min(len(found), maxVerifiedSecret)]
	r.out.take()
	err = r.exchanges(r.p, asked)
	text := r.out.take()
	if err != nil {
		return triage.Answer{}, hinted(err)
	}
	verdict := asked[0].Verdict
	for _, g := range report.Groups(&scanner.Report{Findings: asked}) {
		verdict = g.Verdict
	}
	if len(found) > len(asked) && verdict != scanner.Live && verdict != scanner.Restricted {
		verdict = scanner.Unknown // it stands with more ids than were asked about
	}
	return triage.Answer{Verdict: verdict, Text: text}, nil
}

// Mark adds a secret to the baseline, as `skant baseline update` does.
func (r *triageRun) Mark(ctx context.Context, found []scanner.Finding, t triage.Terms) (triage.Marked, error) {
	expires, err := suppress.ParseExpiry(r.base.expires, r.app.now())
	if err != nil {
		return triage.Marked{}, err
	}
	terms := suppress.Terms{Owner: t.Owner, Reason: t.Reason, Expires: expires}
	if err := terms.Check(); err != nil {
		return triage.Marked{}, fmt.Errorf("%w: say in words why it may stay, and who answers for it", err)
	}
	values, err := r.find(ctx, &found[0])
	if err != nil {
		return triage.Marked{}, err
	}
	if r.tells(t.Reason) || r.tells(t.Owner) {
		return triage.Marked{}, errors.New("a secret stands in what was typed: the baseline is a file that many read, so it was not written")
	}
	for i := range found {
		found[i].Secret, found[i].RuleID = values[0].Secret, values[0].RuleID // nothing of the report gets into the file
	}
	return r.enter(found, terms)
}

// tells reports whether a text has a secret in it: one that a rule knows, or one of the report's.
func (r *triageRun) tells(text string) bool {
	if r.p.scanner.Scrub(text) != text {
		return true
	}
	for _, found := range r.values {
		if scanner.Holds(found, []string{text}) {
			return true
		}
	}
	return false
}

// enter writes entries for findings into the baseline.
func (r *triageRun) enter(found []scanner.Finding, terms suppress.Terms) (triage.Marked, error) {
	name := visible.Text(r.base.baselineFile)
	if err := r.hasWorkTree(); err != nil {
		return triage.Marked{}, hinted(err)
	}
	b, path, before, err := r.app.openOrMake(r.cmd, r.base)
	if err != nil {
		return triage.Marked{}, hinted(err)
	}
	w := written{before: before, existed: before != nil}
	change, err := b.Add(found, terms, r.app.now(), true)
	if err != nil {
		return triage.Marked{}, err
	}
	marked := triage.Marked{Suppressed: scanner.Suppression{By: scanner.ByBaseline, Where: r.base.baselineFile, Reason: terms.Reason}}
	switch {
	case change.Added > 0:
	case change.Ended > 0:
		return triage.Marked{}, fmt.Errorf("its entry in %s has ended, and nothing is renewed by itself: `skant baseline prune`, then mark it again", name)
	case change.Known > 0:
		marked.Said = fmt.Sprintf(msgTriageKnown, name)
		return marked, nil
	default:
		return triage.Marked{}, errors.New("no entry can be made for it")
	}
	w.after = b.Format()
	if now, err := r.baseline(); err != nil || now.existed != w.existed || !bytes.Equal(now.before, w.before) {
		return triage.Marked{}, errors.Join(err, fmt.Errorf("%s is being changed by somebody else: try again", name))
	}
	if err := writePolicy(path, w.after); err != nil {
		return triage.Marked{}, err
	}
	r.written = append(r.written, w)
	marked.Changed, marked.Said = true, fmt.Sprintf(msgTriageMarked, name, 1, terms.Expires)
	return marked, nil
}

// hasWorkTree is an error where nothing would obey a baseline.
func (r *triageRun) hasWorkTree() error {
	repository, err := repo.Open(r.base.at, repo.Options{})
	var none *repo.NotRepositoryError
	switch {
	case errors.As(err, &none):
		return nil
	case err != nil:
		return err
	case repository.Bare():
		return errors.Join(withHint(errors.New("a repository without a work tree has no place for a baseline"), hintBaselineBare), repository.Close())
	}
	return repository.Close()
}

// baseline reads the file as it is before a change.
func (r *triageRun) baseline() (written, error) {
	data, err := worktreePolicy(r.base.top()).read(r.base.baselineFile)
	if errors.Is(err, fs.ErrNotExist) {
		return written{}, nil
	}
	return written{before: data, existed: true}, err
}

// Undo takes the latest mark back: the file is then as it was, byte for byte. A file that somebody else has changed since stays.
func (r *triageRun) Undo(context.Context) (string, error) {
	n := len(r.written)
	if n == 0 {
		return "", errors.New("there is nothing to undo: no mark of this session is left")
	}
	name := visible.Text(r.base.baselineFile)
	last := r.written[n-1]
	now, err := r.baseline()
	switch {
	case err != nil:
		return "", err
	case !now.existed || !bytes.Equal(now.before, last.after):
		return "", fmt.Errorf("%s was changed by somebody else since: it stays as it is", name)
	case last.existed:
		err = writePolicy(r.base.path(), last.before)
	default:
		err = os.Remove(r.base.path())
	}
	if err != nil {
		return "", err
	}
	r.written = r.written[:n-1]
	if !last.existed {
		return fmt.Sprintf(msgTriageRemoved, name), nil
	}
	return fmt.Sprintf(msgTriageUndone, name), nil
}

// Edit prepares the user's editor for the file of a finding.
func (r *triageRun) Edit(f scanner.Finding) (tea.ExecCommand, string, error) {
	l := &f.Location
	path, err := r.file(l)
	if err != nil {
		if c := l.Commit; c != nil && l.Path != "" && l.Member == "" && l.Submodule == "" {
			err = fmt.Errorf("%w; it is in the history: git show %s", err, visible.ShellWord(c.ID+":"+l.Path))
		}
		return nil, "", err
	}
	run, err := editor.New(r.app.env, path, l.StartLine, l.StartColumn)
	if err != nil {
		return nil, "", err
	}
	note := ""
	if c := l.Commit; c != nil {
		note = fmt.Sprintf(msgTriageOtherLine, c.ID[:min(10, len(c.ID))])
	}
	return run, note, nil
}

// file returns the absolute path of the regular file that a finding is in, below the folder that the report is of or its repository's top.
// A report says what it likes: nothing outside is opened, and no link is followed.
func (r *triageRun) file(l *scanner.Location) (string, error) {
	switch {
	case l.Path == "" || l.Kind == scanner.KindStdin:
		return "", errors.New("no file holds it")
	case l.Member != "":
		return "", errors.New("it is inside an archive or document")
	}
	top := r.base.top()
	at, err := filepath.Abs(r.base.at)
	if err != nil {
		return "", err
	}
	for _, base := range []string{at, top} {
		name := filepath.FromSlash(l.Path)
		if filepath.IsAbs(name) {
			if name, err = filepath.Rel(base, name); err != nil {
				continue
			}
		}
		if filepath.IsLocal(name) && regularBelow(base, name) {
			return filepath.Join(base, name), nil
		}
	}
	return "", fmt.Errorf("%s is no file below %s", visible.Text(l.Path), visible.Text(top))
}

// regularBelow reports whether a path below a folder names a regular file, and no link on the way.
func regularBelow(base, name string) bool {
	for i, c := range name {
		if c != filepath.Separator {
			continue
		}
		if info, err := os.Lstat(filepath.Join(base, name[:i])); err != nil || !info.IsDir() {
			return false
		}
	}
	info, err := os.Lstat(filepath.Join(base, name))
	return err == nil && info.Mode().IsRegular()
}

// Explain says why a finding was reported: what the report says, and what the rules make of the line now.
func (r *triageRun) Explain(ctx context.Context, f scanner.Finding) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\nrule %s, %s severity, %s confidence\n", f.Title, f.Secret.Redacted(), f.RuleID, f.Severity, f.Confidence)
	for _, why := range f.Reasons {
		fmt.Fprintf(&b, "  %s\n", why)
	}
	if f.Verdict != scanner.NotAsked {
		fmt.Fprintf(&b, "%s%s\n", labelVerdict, verdictMeans(f.Verdict))
	}
	fmt.Fprintf(&b, "\n%s\n%s\n\n", report.Where(&f), f.Excerpt)
	data, err := r.content(&f.Location)
	if err != nil {
		fmt.Fprintf(&b, msgTriageUnread+"\n", err)
		return b.String(), nil
	}
	attempts, err := r.p.scanner.Explain(ctx, data, f.Location.Path, f.Location.StartLine, max(f.Location.StartLine, f.Location.EndLine))
	if err != nil {
		return "", err
	}
	b.WriteString(msgTriageAgain + "\n")
	err = writeAttempts(&b, attempts)
	return b.String(), err
}

// content is what holds a finding: a blob as it was, or a file as it is now.
func (r *triageRun) content(l *scanner.Location) ([]byte, error) {
	if l.Member != "" {
		return nil, errors.New("it is inside an archive or document")
	}
	if l.Object == "" || l.Kind == scanner.KindFile {
		path, err := r.file(l)
		if err != nil {
			return nil, err
		}
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(io.LimitReader(file, maxExplained+1))
		if err == nil && len(data) > maxExplained {
			err = fmt.Errorf("it has more than %d MiB", maxExplained>>20)
		}
		return data, errors.Join(err, file.Close())
	}
	id, err := pack.ParseID(l.Object)
	if err != nil || l.Submodule != "" {
		return nil, errors.New(msgTriageNoContent)
	}
	repository, err := repo.Open(r.base.at, repo.Options{})
	if err != nil {
		return nil, err
	}
	data, err := repository.Blob(id, maxExplained)
	return data, errors.Join(err, repository.Close())
}
