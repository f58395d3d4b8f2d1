package source

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/scanner"
)

func TestStdin(t *testing.T) {
	for _, c := range []struct {
		name  string
		in    io.Reader
		max   int64
		want  string
		skips []string
	}{
		{"whole", strings.NewReader("token"), 0, "token", nil},
		{"empty", strings.NewReader(""), 0, "", nil},
		{"one byte at a time", iotest.OneByteReader(strings.NewReader("token")), 5, "token", nil},
		{"too large", strings.NewReader("token"), 4, "toke", []string{`unread files: larger than 4 bytes; raise --max-size ["standard input"]`}},
		{"broken", io.MultiReader(strings.NewReader("tok"), iotest.ErrReader(errors.New("broken"))), 0, "tok",
			[]string{`unread files: cannot be read to the end: broken ["standard input"]`}},
		{"archive", strings.NewReader("PK\x03\x04"), 0, "PK\x03\x04",
			[]string{`unread archives: damaged (zip): its directory is missing or makes no sense; only what could be unpacked was searched ["standard input"]`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var rec scanner.Recorder
			calls := 0
			err := NewStdin(c.in, c.max).Walk(context.Background(), &rec, func(chunk *scanner.Chunk) error {
				calls++
				if diff := cmp.Diff(scanner.Location{Kind: scanner.KindStdin}, chunk.Location); diff != "" {
					t.Error(diff)
				}
				if string(chunk.Data) != c.want {
					t.Errorf("read %q, want %q", chunk.Data, c.want)
				}
				return nil
			})
			if err != nil || calls != 1 {
				t.Errorf("%d visits, error %v", calls, err)
			}
			got := rec.Coverage()
			if diff := cmp.Diff(c.skips, filesSkips(got)); diff != "" {
				t.Errorf("skipped (-want +got):\n%s", diff)
			}
			if got.Files != 1 || got.Bytes != int64(len(c.want)) {
				t.Errorf("coverage %+v", got)
			}
		})
	}
}

func TestStdinCancel(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	var rec scanner.Recorder
	err := NewStdin(r, 0).Walk(ctx, &rec, func(*scanner.Chunk) error { return nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
