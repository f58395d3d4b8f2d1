package scanner

import (
	"context"
	"io"
)

// Chunk is a piece of content to search: a file, a blob, a commit message.
type Chunk struct {
	// Data is the content. It belongs to the source and is valid only during the call.
	Data []byte
	// Stream, if not nil, gives the content in place of Data, where it is too large to be held. It is read during the call,
	// and searched in pieces; Base and KeepState are not looked at. If it ends with an error visit returns a [*StreamError]:
	// the source records what could not be read, and goes on.
	Stream io.Reader
	// Location says where the content is. Its Path, Commit, Object and Kind are copied to findings; positions are
	// filled in by the engine.
	Location Location
	// Added, if not nil, says which lines are new: only findings that touch one of them count. It is called at most
	// once, and only if the content has a finding at all, because telling new lines from old costs more than searching.
	Added func() ([]LineRange, error)

	// Base, if not nil, is the State of content that was searched before and of which Copies says what Data has, sorted by
	// To and without overlap. Only what is new in Data is then searched. The findings are those of a full search.
	Base   *State
	Copies []Copy
	// KeepState asks visit to set State, because content may follow that is made from this one.
	KeepState bool
	State     *State
	// Clean is set by visit: the content has no match that any rule believed at any confidence, and no bound was hit.
	Clean bool
}

// Copy says that Len bytes of some content, from To on, are those of its base from From on.
type Copy struct{ From, To, Len int }

// LineRange is a range of lines, both ends included, counted from 1.
type LineRange struct{ First, Last int }

// Source is something that can be searched.
type Source interface {
	// Walk calls visit once for each piece of content, and may call it from several goroutines at once; it returns
	// when all calls have returned. It stops early, with the error of visit or of ctx, once visit fails or ctx is
	// done.
	//
	// Whatever it was meant to read and could not goes to rec as unread, and Walk goes on with the rest: a non-nil
	// error means that nothing more could be read, and the scan is incomplete. What was read is counted in rec.
	Walk(ctx context.Context, rec *Recorder, visit func(*Chunk) error) error
}

// Attributor is a [Source] that can say afterwards who introduced what was found. It is asked only if anything was.
type Attributor interface {
	// Attribute returns the findings with commits, paths and exposure filled in. It may return more findings than it
	// was given (one blob at two paths) or fewer (many versions of one file, introduced once), never none for a secret
	// that it was given.
	Attribute(ctx context.Context, rec *Recorder, found []Finding) ([]Finding, error)
}
