package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// gated is a source that gives one secret after another, each when it is let.
type gated struct {
	texts []string
	next  <-chan struct{} // before every secret but the first; nil means at once
	given chan<- int      // how many were searched; nil if nobody wants to know
}

func (s gated) Walk(ctx context.Context, _ *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	for i, text := range s.texts {
		if i > 0 && s.next != nil {
			select {
			case <-s.next:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := visit(&scanner.Chunk{Data: []byte(text), Location: scanner.Location{Path: "a.env", Kind: scanner.KindFile}}); err != nil {
			return err
		}
		if s.given != nil {
			s.given <- i + 1
		}
	}
	return nil
}

func keys(t *testing.T, n int) []string {
	t.Helper()
	out := make([]string, n)
	for i := range out {
		text, err := rules.Expand(`<<anthropic "sk-ant-api03-">>`, t.Name()+strings.Repeat("x", i))
		if err != nil {
			t.Fatal(err)
		}
		out[i] = text
	}
	return out
}

// streamed runs a scanning command with --stream on a source, and returns its exit code.
func streamed(ctx context.Context, out io.Writer, said io.Writer, src scanner.Source, args ...string) int {
	a := &app{
		in: strings.NewReader(""), out: out, err: said, now: time.Now, env: func(string) string { return "" },
		terminal: func(any) (int, bool) { return 0, false }, configDir: func() (string, error) { return "", errors.New("none") },
	}
	var f scanFlags
	cmd := &cobra.Command{Use: "scan", SilenceErrors: true, SilenceUsage: true, RunE: func(cmd *cobra.Command, _ []string) error {
		return a.run(cmd, &f, "steps", func(*prepared) (scanner.Source, func() error, error) { return src, nothingToClose, nil })
	}}
	f.register(cmd)
	f.registerStream(cmd)
	cmd.SetArgs(append([]string{"--stream", "--no-config"}, args...))
	return a.exitCode(cmd.ExecuteContext(ctx))
}

type streamLine struct {
	Type        string
	Preliminary bool
	Fingerprint string
}

func readLine(t *testing.T, in *bufio.Reader) streamLine {
	t.Helper()
	text, err := in.ReadString('\n')
	if err != nil {
		t.Fatalf("%q, %v", text, err)
	}
	var l streamLine
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return l
}

// TestStreamTellsWhileItScans: the source gives a secret only when the line of the one before was read; a stream that waits for the end
// would never come to it.
func TestStreamTellsWhileItScans(t *testing.T) {
	next, code := make(chan struct{}), make(chan int, 1)
	r, w := io.Pipe()
	go func() {
		code <- streamed(t.Context(), w, io.Discard, gated{keys(t, 3), next, nil}, "-o", "jsonl")
		_ = w.Close() // of a pipe in memory
	}()
	lines := bufio.NewReader(r)
	told := map[string]bool{}
	for i := range 3 {
		l := readLine(t, lines)
		if l.Type != "found" || !l.Preliminary || told[l.Fingerprint] {
			t.Fatalf("line %d is %+v", i, l)
		}
		told[l.Fingerprint] = true
		if i < 2 {
			next <- struct{}{}
		}
	}
	for _, want := range []string{"report", "finding", "finding", "finding", "coverage"} {
		if l := readLine(t, lines); l.Type != want || l.Preliminary || want == "finding" && !told[l.Fingerprint] {
			t.Errorf("%+v, want a line of type %s", l, want)
		}
	}
	if c := <-code; c != exitFindings {
		t.Errorf("exit %d", c)
	}
}

// TestStreamFileGrows: what was told stands in the file before its end is written, and nothing of the file that was there.
func TestStreamFileGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	if err := os.WriteFile(path, []byte("old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := newStream(func() (io.WriteCloser, error) { return openStream(path) })
	go s.run()
	s.tell(scanner.Found{RuleID: "a"})
	s.tell(scanner.Found{RuleID: "b"})
	s.end()
	text, err := os.ReadFile(path)
	if err != nil || strings.Count(string(text), "\n") != 2 || !strings.HasPrefix(string(text), `{"type":"found","preliminary":true,`) {
		t.Errorf("%q, %v", text, err)
	}
	if err := s.finish(func(w io.Writer) error { _, err := io.WriteString(w, "end\n"); return err }); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(text)+"end\n" {
		t.Errorf("%q, %v", after, err)
	}
}

// stuck is a reader that takes nothing until it is let.
type stuck struct {
	let  <-chan struct{}
	took strings.Builder
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.let
	return s.took.Write(p)
}

// TestStreamWaitsForNoReader: all of the source is searched while nobody reads, and nothing is lost.
func TestStreamWaitsForNoReader(t *testing.T) {
	const secrets = 200
	let, given, code := make(chan struct{}), make(chan int, secrets), make(chan int, 1)
	out := &stuck{let: let}
	go func() {
		code <- streamed(t.Context(), out, io.Discard, gated{keys(t, secrets), nil, given}, "-o", "jsonl")
	}()
	for range secrets {
		<-given
	}
	close(let)
	if c := <-code; c != exitFindings {
		t.Errorf("exit %d", c)
	}
	if n := strings.Count(out.took.String(), `{"type":"found"`); n != secrets {
		t.Errorf("%d lines", n)
	}
}

// gone is a reader that has left.
type gone struct{}

func (gone) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "pipe", Err: syscall.EPIPE}
}

// TestStreamReaderGone: it is not called clean, and nothing is said; that is what the report does when its reader leaves.
func TestStreamReaderGone(t *testing.T) {
	var said strings.Builder
	given := make(chan int, 2)
	if code := streamed(t.Context(), gone{}, &said, gated{keys(t, 2), nil, given}, "-o", "jsonl"); code != exitIncomplete || said.String() != "" {
		t.Errorf("exit %d, said %q", code, said.String())
	}
	if len(given) != 2 {
		t.Errorf("only %d were searched", len(given))
	}
}

// TestStreamInterrupted: what was told stays, each line whole, and the report says that it is not complete.
func TestStreamInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	lines := bufio.NewReader(r)
	code := make(chan int, 1)
	go func() {
		code <- streamed(ctx, w, io.Discard, gated{keys(t, 2), make(chan struct{}), nil}, "-o", "jsonl")
		_ = w.Close()
	}()
	if l := readLine(t, lines); l.Type != "found" {
		t.Fatalf("%+v", l)
	}
	cancel()
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Split(strings.TrimSuffix(string(rest), "\n"), "\n")
	if len(all) != 3 || !strings.Contains(all[2], `{"type":"coverage","complete":false`) {
		t.Errorf("then %s", rest)
	}
	if c := <-code; c != exitFindings {
		t.Errorf("exit %d", c)
	}
}
