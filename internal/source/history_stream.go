package source

import (
	"bytes"
	"io"

	"github.com/skant-dev/skant/internal/pack"
	"github.com/skant-dev/skant/scanner"
)

// large has a large blob searched piece by piece. If it turns out to be damaged the store reports it.
func (w *historyWalk) large(o *pack.Object) error {
	var content io.Reader = o.Reader
	if content == nil {
		content = bytes.NewReader(o.Data)
	}
	in := newStream(content, o.Size)
	head := bytes.Clone(in.head())
	chunk := scanner.Chunk{Location: scanner.Location{Object: o.ID.String(), Kind: scanner.KindCommitContent}}
	_, err := visitStream(in, &chunk, w.visit)
	w.rec.AddBlob(int(in.size))
	if err != nil {
		return err
	}
	return w.inside.searchLarge(&chunk, head, o.Size, func() (io.ReadCloser, error) {
		_, again, err := w.h.repo.OpenBlob(o.ID)
		return again, err
	}, nil)
}
