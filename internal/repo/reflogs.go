package repo

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/internal/pack"
)

// LogEntry is one line of a reflog.
type LogEntry struct {
	// Ref is the full name of the ref, as in [Ref].
	Ref string
	// Line counts from 1, the oldest first.
	Line int
	// Old is zero where the ref began, New where it was deleted.
	Old, New pack.ID
	Who      Person
	// Message is at most 64 KiB of the line's text.
	Message string
	// Problem says why the line could not be read; the ids are zero then.
	Problem string
}

// Bounds on reflogs, in bytes.
const (
	maxReflog     = 1 << 30
	maxReflogLine = 64 << 10
)

// Reflogs returns every entry of every reflog, of all worktrees, sorted by ref and line. A line that is malformed and
// a file that cannot be read are entries with a Problem.
func (r *Repository) Reflogs() ([]LogEntry, error) {
	var all []LogEntry
	for _, w := range r.worktrees() {
		if err := walkReflogs(w.dir, "", w.prefix, &all); err != nil {
			return nil, err
		}
	}
	if r.at.gitDir != r.at.commonDir {
		// Of the main worktree's logs, those of refs belong to every worktree.
		for i, e := range all {
			if name, ok := strings.CutPrefix(e.Ref, "main-worktree/"); ok && name != "HEAD" {
				all[i].Ref = name
			}
		}
	}
	slices.SortStableFunc(all, func(a, b LogEntry) int { return strings.Compare(a.Ref, b.Ref) })
	return all, nil
}

func walkReflogs(dir, name, prefix string, all *[]LogEntry) error {
	if strings.Count(name, "/") > maxRefDepth {
		return fmt.Errorf("read reflogs of %q: nested more than %d deep", dir, maxRefDepth)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "logs", filepath.FromSlash(name)))
	if absent(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read reflogs: %w", err)
	}
	for _, e := range entries {
		full := strings.TrimPrefix(name+"/"+e.Name(), "/")
		if e.IsDir() {
			if err := walkReflogs(dir, full, prefix, all); err != nil {
				return err
			}
			continue
		}
		if strings.HasSuffix(full, ".lock") {
			continue
		}
		data, err := readFile(filepath.Join(dir, "logs", filepath.FromSlash(full)), maxReflog)
		if err != nil {
			*all = append(*all, LogEntry{Ref: prefix + full, Problem: "cannot be read: " + cause(err)})
			continue
		}
		for entry := range parseReflog(data) {
			entry.Ref = prefix + full
			*all = append(*all, entry)
		}
	}
	return nil
}

// parseReflog yields the lines of a reflog: "OLD NEW Name <email> seconds zone<tab>message".
func parseReflog(data []byte) iter.Seq[LogEntry] {
	return func(yield func(LogEntry) bool) {
		number := 0
		for line := range bytes.Lines(data) {
			number++
			entry := LogEntry{Line: number}
			line = bytes.TrimRight(line, "\r\n")
			if len(line) > maxReflogLine {
				line = line[:maxReflogLine]
				entry.Problem = fmt.Sprintf("line longer than %d bytes", maxReflogLine)
			}
			if !parseReflogLine(line, &entry) && entry.Problem == "" {
				entry.Problem = "malformed line"
			}
			if !yield(entry) {
				return
			}
		}
	}
}

func parseReflogLine(line []byte, entry *LogEntry) bool {
	head, message, _ := bytes.Cut(line, []byte("\t"))
	entry.Message = string(message)
	oldHex, rest, ok := bytes.Cut(head, []byte(" "))
	if !ok {
		return false
	}
	newHex, who, ok := bytes.Cut(rest, []byte(" "))
	if !ok {
		return false
	}
	older, err := pack.ParseID(string(oldHex))
	if err != nil {
		return false
	}
	newer, err := pack.ParseID(string(newHex))
	if err != nil {
		return false
	}
	entry.Old, entry.New, entry.Who = unlessNull(older), unlessNull(newer), ParsePerson(who)
	return true
}

// unlessNull turns the id of all zeros, by which git means none, into the zero value.
func unlessNull(id pack.ID) pack.ID {
	for _, b := range id.Bytes() {
		if b != 0 {
			return id
		}
	}
	return pack.ID{}
}

// readReflog reads the log of one ref of this worktree, the oldest entry first.
func (r *Repository) readReflog(name string) ([]LogEntry, error) {
	dir := r.at.commonDir
	if !strings.HasPrefix(name, "refs/") || ownByWorktree(name) {
		dir = r.at.gitDir
	}
	data, err := readFile(filepath.Join(dir, "logs", filepath.FromSlash(name)), maxReflog)
	if err != nil {
		return nil, fmt.Errorf("read reflog of %s: %s", name, cause(err))
	}
	return slices.Collect(parseReflog(data)), nil
}

// resolveAt resolves NAME@{WHAT}: a number of steps back in the reflog, the branch that was checked out before, or the
// upstream branch. Dates are refused: what they mean depends on the clock and on how they are read.
func (r *Repository) resolveAt(name, what string) (pack.ID, error) {
	switch lower := strings.ToLower(what); {
	case lower == "u" || lower == "upstream":
		return r.resolveUpstream(name)
	case strings.HasPrefix(what, "-") && name == "":
		back, err := strconv.Atoi(what[1:])
		if err != nil || back < 1 {
			return pack.ID{}, fmt.Errorf("@{%s} is not understood; write the commit's id instead", what)
		}
		return r.resolvePrevious(back)
	}
	back, err := strconv.Atoi(what)
	if err != nil || back < 0 {
		return pack.ID{}, fmt.Errorf("@{%s} is not understood; write the commit's id instead", what)
	}
	full, err := r.logName(name)
	if err != nil {
		return pack.ID{}, err
	}
	entries, err := r.readReflog(full)
	if err != nil {
		return pack.ID{}, err
	}
	if back == 0 {
		ref, err := r.readRef(full)
		if err == nil && ref.ID.IsZero() {
			err = ErrUnknownRevision
		}
		return ref.ID, err
	}
	id := pack.ID{}
	switch n := len(entries); {
	case back < n:
		id = entries[n-1-back].New
	case back == n && n > 0:
		id = entries[0].Old
	}
	if id.IsZero() {
		return pack.ID{}, fmt.Errorf("the reflog of %s has only %d entries", full, len(entries))
	}
	return id, nil
}

// logName returns the full name of the ref whose log is meant: that of the current branch for "".
func (r *Repository) logName(name string) (string, error) {
	if name == "@" {
		name = "HEAD"
	}
	if name == "" {
		head, err := r.readOneRef("HEAD")
		if err != nil || head.Symbolic == "" {
			return "HEAD", err
		}
		return head.Symbolic, nil
	}
	ref, err := r.findRef(name)
	if err != nil {
		return "", err
	}
	if ref.ID.IsZero() {
		return "", ErrUnknownRevision
	}
	return ref.Name, nil
}

// resolvePrevious finds the branch or commit that was left by the last but back-th checkout.
func (r *Repository) resolvePrevious(back int) (pack.ID, error) {
	entries, err := r.readReflog("HEAD")
	if err != nil {
		return pack.ID{}, err
	}
	for _, e := range slices.Backward(entries) {
		left, ok := strings.CutPrefix(e.Message, "checkout: moving from ")
		if !ok {
			continue
		}
		if back--; back > 0 {
			continue
		}
		left, _, _ = strings.Cut(left, " to ")
		if ref, err := r.findRef("refs/heads/" + left); err == nil && !ref.ID.IsZero() {
			return ref.ID, nil
		}
		return r.resolveBase(left)
	}
	return pack.ID{}, errors.New("HEAD's reflog has no such checkout")
}

// resolveUpstream finds the remote-tracking branch that a branch is configured to follow.
func (r *Repository) resolveUpstream(name string) (pack.ID, error) {
	full, err := r.logName(name)
	if err != nil {
		return pack.ID{}, err
	}
	branch, ok := strings.CutPrefix(full, "refs/heads/")
	if !ok {
		return pack.ID{}, errors.New("only a branch has an upstream")
	}
	out, err := r.upstream(branch)
	if err != nil {
		return pack.ID{}, err
	}
	if !validRefName(out) {
		return pack.ID{}, fmt.Errorf("the upstream of branch %q is no ref name", branch)
	}
	ref, err := r.readRef(out)
	if err == nil && ref.ID.IsZero() {
		err = ErrUnknownRevision
	}
	return ref.ID, err
}
