package source

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/scanner"
)

// attributeOwn is [History.Attribute] for what is in the repository's own store.
//
// A finding in a blob becomes one for each commit that introduces its fingerprint at a path, and keeps its position in
// that commit's version; versions that merely keep the fingerprint are counted, not listed. The fingerprint is what the
// two versions are compared by. A finding in a message or header stays where it is and is told whose commit that is and
// what reaches it. What cannot be attributed is returned as it came, with a reason.
func (h *History) attributeOwn(
	ctx context.Context, rec *scanner.Recorder, found []scanner.Finding,
) ([]scanner.Finding, error) {
	h.mu.Lock()
	m := h.memory
	h.mu.Unlock()
	if out, ok := m.attribution(found); ok {
		return out, nil
	}
	var gaps scanner.Recorder
	rec = rec.Both(&gaps)
	rec.StartPhase("finding who introduced them", 0)
	gap := h.gap(rec)
	reach, err := h.reach(ctx, gap)
	if err != nil {
		return h.unattributed(ctx, rec, found, err)
	}
	a := &attributor{h: h, gap: gap, reach: reach, commits: map[pack.ID]*scanner.Commit{}}
	blobs, others := splitFindings(found)
	names, others := splitNames(others)
	out := a.texts(others)
	h.mu.Lock()
	records := h.records
	h.mu.Unlock()
	sought := repo.Sought{Blobs: blobs.holding(), Names: names.sought(), Records: records}
	introductions, err := h.repo.Introductions(ctx, reach, sought, h.opt.Workers, gap)
	if err != nil {
		rest, err := h.unattributed(ctx, rec, append(blobs.findings, names.all()...), err)
		return append(out, rest...), err
	}
	out = append(out, a.names(names, introductions)...)
	out = append(out, a.blobs(blobs, introductions)...)
	m.attributed(found, out, gaps.Gaps())
	return out, nil
}

// reach works out what refs reach, from the commits that Walk read or, without a Walk, from the store.
func (h *History) reach(ctx context.Context, gap repo.Gap) (*repo.Reach, error) {
	h.mu.Lock()
	graph := h.graph
	h.mu.Unlock()
	if graph == nil {
		var err error
		if graph, err = h.repo.ReadGraph(ctx, h.opt.Workers, gap); err != nil {
			return nil, err
		}
		h.mu.Lock()
		h.graph = graph
		h.mu.Unlock()
	}
	return h.repo.NewReach(ctx, graph, gap)
}

// unattributed returns findings as they came, because attribution failed. Being stopped is an error of its own.
func (h *History) unattributed(
	ctx context.Context, rec *scanner.Recorder, found []scanner.Finding, cause error,
) ([]scanner.Finding, error) {
	if ctx.Err() != nil {
		return found, ctx.Err()
	}
	rec.Unread("attributions", clipReason(cause.Error())+"; what was found is listed without commits", "")
	out := make([]scanner.Finding, 0, len(found))
	for _, f := range found {
		out = append(out, withReason(f, "which commit introduced it could not be found out"))
	}
	return out, nil
}

// withReason returns f with one more reason; f's own list is not written to, because copies of f share it.
func withReason(f scanner.Finding, reason string) scanner.Finding {
	f.Reasons = append(f.Reasons[:len(f.Reasons):len(f.Reasons)], reason)
	return f
}

// blobFindings are the findings in blobs, and where those of one fingerprint in one blob are among them.
type blobFindings struct {
	findings []scanner.Finding
	at       map[blobKey][]int
}

type blobKey struct {
	blob pack.ID
	key  string
}

// splitFindings parts findings in blobs from all others.
func splitFindings(found []scanner.Finding) (blobs *blobFindings, others []scanner.Finding) {
	blobs = &blobFindings{at: map[blobKey][]int{}}
	for _, f := range found {
		id, err := pack.ParseID(f.Location.Object)
		if f.Location.Kind != scanner.KindCommitContent || err != nil {
			others = append(others, f)
			continue
		}
		key := blobKey{id, f.Fingerprint}
		blobs.at[key] = append(blobs.at[key], len(blobs.findings))
		blobs.findings = append(blobs.findings, f)
	}
	return blobs, others
}

func (b *blobFindings) holding() repo.Holding {
	holding := repo.Holding{}
	for key := range b.at {
		holding[key.blob] = append(holding[key.blob], key.key)
	}
	return holding
}

// attributor turns what the repository knows into locations and exposures.
type attributor struct {
	h       *History
	gap     repo.Gap
	reach   *repo.Reach
	commits map[pack.ID]*scanner.Commit
}

// blobs returns a finding for each introduction, with the positions of the findings in its blob. A fingerprint of which
// nobody knows where it was introduced stays as it was found.
func (a *attributor) blobs(found *blobFindings, introductions []repo.Introduction) []scanner.Finding {
	var out []scanner.Finding
	attributed := map[string]bool{}
	for i := range introductions {
		in := &introductions[i]
		for _, n := range found.at[blobKey{in.Blob, in.Key}] {
			f := a.introduced(found.findings[n], in)
			f.Location.Kind = contentKind(in.Access)
			if reason := a.h.blobReason(in); reason != "" {
				f = withReason(f, reason)
			}
			out = append(out, f)
			attributed[f.Fingerprint] = true
		}
	}
	for _, f := range found.findings {
		if !attributed[f.Fingerprint] {
			out = append(out, withReason(f, "which commit introduced it could not be found out"))
		}
	}
	return out
}

// introduced fills in what an introduction says of a finding.
func (a *attributor) introduced(f scanner.Finding, in *repo.Introduction) scanner.Finding {
	f.Location.Path = in.Path
	f.Exposure = &scanner.Exposure{
		InHead: in.InHead, Versions: in.Versions, FirstSeen: in.First, LastSeen: in.Last,
		Refs: in.Refs, RefCount: in.RefCount,
	}
	for _, id := range in.Blobs {
		f.Exposure.Objects = append(f.Exposure.Objects, id.String())
	}
	for _, id := range in.Removed {
		if c := a.commit(id); c != nil {
			f.Exposure.Removed = append(f.Exposure.Removed, *c)
		}
	}
	if !in.Commit.IsZero() {
		f.Location.Commit = a.commit(in.Commit)
	}
	if reason := accessReason(in); reason != "" {
		f = withReason(f, reason)
	}
	return f
}

func contentKind(access repo.Access) scanner.Kind {
	switch access {
	case repo.AccessNote:
		return scanner.KindNote
	case repo.AccessStash:
		return scanner.KindStash
	case repo.AccessReflog:
		return scanner.KindReflog
	case repo.AccessIndex:
		return scanner.KindStaged
	case repo.AccessNone:
		return scanner.KindUnreachable
	default:
		return scanner.KindCommitContent
	}
}

// accessReason explains a place that has no commit, or one of which too little is known.
func accessReason(in *repo.Introduction) string {
	switch {
	case in.Commit.IsZero() && in.Access == repo.AccessRef:
		return "a ref leads to it directly, without a commit"
	case in.Commit.IsZero() && in.Access == repo.AccessUnknown:
		return "no commit that could be read holds it; the history has gaps, so that one may"
	case in.Access == repo.AccessUnknown:
		return "no ref is known to reach the commit; the history or the refs have gaps, so that one may"
	}
	return ""
}

// texts fills in findings in messages, headers and tags. Others, of refs' names, stay as they are.
func (a *attributor) texts(found []scanner.Finding) []scanner.Finding {
	out := make([]scanner.Finding, len(found))
	copy(out, found)
	var ids []pack.ID
	var at []int
	for i := range out {
		switch out[i].Location.Kind {
		case scanner.KindCommitMessage, scanner.KindAuthor, scanner.KindTagMessage:
			if id, err := pack.ParseID(out[i].Location.Object); err == nil {
				ids = append(ids, id)
				at = append(at, i)
			}
		}
	}
	for n, reached := range a.reach.Of(ids) {
		f := &out[at[n]]
		f.Location.Commit = a.commit(ids[n])
		f.Exposure = &scanner.Exposure{InHead: a.reach.InHead(ids[n]), Refs: reached.Refs, RefCount: reached.RefCount}
		f.Exposure.FirstSeen = a.reach.Date(ids[n])
		if c := f.Location.Commit; c != nil && f.Exposure.FirstSeen.IsZero() {
			f.Exposure.FirstSeen = c.Date
		}
		f.Exposure.LastSeen = f.Exposure.FirstSeen
		if reason := textReason(reached.Access); reason != "" {
			*f = withReason(*f, reason)
		}
	}
	return out
}

// textReason says what, other than a ref, reaches a commit or tag with a finding in its text.
func textReason(access repo.Access) string {
	switch access {
	case repo.AccessUnknown:
		return "no ref is known to reach it; the history or the refs have gaps, so that one may"
	case repo.AccessStash:
		return "only the stash reaches it"
	case repo.AccessReflog:
		return "only a reflog reaches it"
	case repo.AccessNone:
		return "nothing reaches it"
	default:
		return ""
	}
}

// commit describes a commit or a tag; nil if it cannot be read.
func (a *attributor) commit(id pack.ID) *scanner.Commit {
	if c, known := a.commits[id]; known {
		return c
	}
	c := a.describe(id)
	a.commits[id] = c
	return c
}

func (a *attributor) describe(id pack.ID) *scanner.Commit {
	store, err := a.h.repo.Objects()
	if err != nil {
		return nil
	}
	kind, data, err := store.Get(id)
	if err != nil {
		a.gap("commits", id.String(), err)
		return nil
	}
	who, summary := repo.Person{}, ""
	switch kind {
	case pack.Tag:
		t, err := repo.ParseTag(data)
		if err != nil {
			a.gap("tags", id.String(), err)
			return nil
		}
		who, summary = t.Tagger(), t.Name
	default:
		c, err := repo.ParseCommit(data)
		if err != nil {
			a.gap("commits", id.String(), err)
			return nil
		}
		who, summary = c.Author(), c.Summary()
	}
	return &scanner.Commit{
		ID: id.String(), Author: oneLine(who.Name), Email: oneLine(who.Email), Date: who.When, Summary: oneLine(summary),
	}
}

// oneLine makes text of a repository fit for a report: valid UTF-8, no control characters, at most 200 bytes.
func oneLine(text string) string {
	const limit = 200
	if len(text) > limit {
		cut := limit
		for cut > limit-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}
