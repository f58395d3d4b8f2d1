package mcp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// newServer has a tool that echoes, one that fails, and one that waits until it is cancelled and then says so.
func newServer(waiting, ended chan struct{}) *Server {
	return &Server{Name: "test", Version: "1", Instructions: "use it", Tools: []Tool{
		{Name: "echo", InputSchema: json.RawMessage(`{"type": "object"}`), Call: func(_ context.Context, args json.RawMessage) (any, error) {
			return map[string]json.RawMessage{"got": args}, nil
		}},
		{Name: "fail", InputSchema: json.RawMessage(`{"type": "object"}`), Call: func(context.Context, json.RawMessage) (any, error) {
			return nil, errors.New("it does not work")
		}},
		{Name: "wait", InputSchema: json.RawMessage(`{"type": "object"}`), Call: func(ctx context.Context, _ json.RawMessage) (any, error) {
			close(waiting)
			<-ctx.Done()
			close(ended)
			return nil, ctx.Err()
		}},
	}}
}

const hello = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
`

// talk gives a server everything at once and returns its answers.
func talk(t *testing.T, in string) []string {
	t.Helper()
	var out strings.Builder
	if err := newServer(nil, nil).Serve(context.Background(), strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func TestConversation(t *testing.T) {
	got := talk(t, hello+`{"jsonrpc":"2.0","id":"l","method":"tools/list"}
{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":"<&>"}}}
{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo"}}
{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"fail"}}
{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"none"}}
{"jsonrpc":"2.0","id":5,"method":"resources/list"}
{"jsonrpc":"2.0","id":6,"method":"tools/call","params":[]}`)
	want := []string{
		`{"id":0,"jsonrpc":"2.0","result":{"capabilities":{"tools":{}},"instructions":"use it","protocolVersion":"2025-06-18","serverInfo":{"name":"test","version":"1"}}}`,
		``,
		`{"id":1,"jsonrpc":"2.0","result":{"content":[{"type":"text","text":"{\"got\":{\"a\":\"<&>\"}}"}],"structuredContent":{"got":{"a":"<&>"}}}}`,
		`{"id":2,"jsonrpc":"2.0","result":{"content":[{"type":"text","text":"{\"got\":{}}"}],"structuredContent":{"got":{}}}}`,
		`{"id":3,"jsonrpc":"2.0","result":{"content":[{"type":"text","text":"it does not work"}],"isError":true}}`,
		`{"error":{"code":-32602,"message":"there is no such tool; tools/list lists them"},"id":4,"jsonrpc":"2.0"}`,
		`{"error":{"code":-32601,"message":"this server has tools, and no other method than initialize, ping, tools/list and tools/call"},"id":5,"jsonrpc":"2.0"}`,
		`{"error":{"code":-32602,"message":"tools/call needs a name and arguments"},"id":6,"jsonrpc":"2.0"}`,
	}
	if len(got) != len(want) || !strings.Contains(got[1], `"name":"echo"`) {
		t.Fatalf("answers %q", got)
	}
	got[1] = ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProtocolErrors(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		code string
	}{
		"no JSON":               {"hello", "-32700"},
		"cut":                   {`{"jsonrpc":"2.0"`, "-32700"},
		"a list":                {`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, "-32600"},
		"another version":       {`{"jsonrpc":"1.0","id":1,"method":"ping"}`, "-32600"},
		"id is an object":       {`{"jsonrpc":"2.0","id":{},"method":"ping"}`, "-32600"},
		"no method":             {`{"jsonrpc":"2.0"}`, "-32600"},
		"method is a number":    {`{"jsonrpc":"2.0","id":1,"method":1}`, "-32600"},
		"before initialize":     {`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, "-32600"},
		"initialize with none":  {`{"jsonrpc":"2.0","id":1,"method":"initialize"}`, "-32602"},
		"too long":              {`{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", maxMessage) + `"}`, "-32600"},
		"unknown before all":    {`{"jsonrpc":"2.0","id":1,"method":"x"}`, "-32600"},
		"too long, without end": {strings.Repeat(" x", maxMessage), "-32600"},
	} {
		got := talk(t, c.in+"\n"+`{"jsonrpc":"2.0","id":"after","method":"ping"}`)
		if all := strings.Join(got, "\n"); len(got) != 2 || !strings.Contains(all, `"code":`+c.code) || !strings.Contains(all, `"id":"after"`) {
			t.Errorf("%s: %.300q", name, all)
		}
	}
	for _, silent := range []string{"", "\n\n", `{"jsonrpc":"2.0","method":"notifications/x"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":1}`} {
		if got := talk(t, silent); len(got) != 1 || got[0] != "" {
			t.Errorf("%s is answered: %q", silent, got)
		}
	}
	if got := talk(t, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2099-01-01"}}`); !strings.Contains(got[0], versions[0]) {
		t.Errorf("another version of the protocol: %s", got)
	}
}

func TestCancelAndPing(t *testing.T) {
	waiting, ended := make(chan struct{}), make(chan struct{})
	in, typed := io.Pipe()
	shown, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- newServer(waiting, ended).Serve(context.Background(), in, out) }()
	answers := bufio.NewScanner(shown)
	say := func(line string) {
		if _, err := io.WriteString(typed, line); err != nil {
			t.Error(err)
		}
	}
	go say(hello + `{"jsonrpc":"2.0","id":"w","method":"tools/call","params":{"name":"wait"}}` + "\n" +
		`{"jsonrpc":"2.0","id":"w","method":"tools/call","params":{"name":"echo"}}` + "\n" +
		`{"jsonrpc":"2.0","id":"later","method":"tools/call","params":{"name":"echo"}}` + "\n")
	next := func() string {
		if !answers.Scan() {
			t.Fatal(answers.Err())
		}
		return answers.Text()
	}
	for first, second := next(), next(); !strings.Contains(first+second, "with this id") || !strings.Contains(first+second, "protocolVersion"); {
		t.Fatalf("answers %s %s", first, second)
	}
	<-waiting
	say(`{"jsonrpc":"2.0","id":"p","method":"ping"}` + "\n")
	if got := next(); got != `{"id":"p","jsonrpc":"2.0","result":{}}` {
		t.Errorf("a ping while a tool runs: %s", got)
	}
	go say(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"later"}}` + "\n" +
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"w"}}` + "\n" +
		`{"jsonrpc":"2.0","id":"end","method":"tools/call","params":{"name":"echo"}}` + "\n")
	<-ended
	if got := next(); !strings.Contains(got, `"id":"end"`) {
		t.Errorf("what was cancelled is answered: %s", got)
	}
	if err := typed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestServeEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	waiting, ended := make(chan struct{}), make(chan struct{})
	in, typed := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- newServer(waiting, ended).Serve(ctx, in, io.Discard) }()
	go func() {
		_, _ = io.WriteString(typed, hello+`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}`+"\n") // the test fails below if not
	}()
	<-waiting
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not end")
	}
	<-ended
	if err := newServer(nil, nil).Serve(context.Background(), strings.NewReader(hello), closedPipe()); err == nil {
		t.Error("a client that is gone is no error")
	}
}

func closedPipe() io.Writer {
	r, w := io.Pipe()
	_ = r.Close() // it never fails
	return w
}

func TestTooManyRequests(t *testing.T) {
	waiting, ended := make(chan struct{}), make(chan struct{})
	in, typed := io.Pipe()
	var out strings.Builder
	done := make(chan error, 1)
	go func() { done <- newServer(waiting, ended).Serve(context.Background(), in, &out) }()
	text := hello + `{"jsonrpc":"2.0","id":"w","method":"tools/call","params":{"name":"wait"}}` + "\n"
	if _, err := io.WriteString(typed, text); err != nil {
		t.Fatal(err)
	}
	<-waiting
	more := ""
	for i := range maxWaiting + 5 {
		more += strings.Replace(`{"jsonrpc":"2.0","id":N,"method":"tools/list"}`, "N", string(rune('1'+i%9))+strings.Repeat("0", i/9), 1) + "\n"
	}
	if _, err := io.WriteString(typed, more+`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"w"}}`+"\n"); err != nil {
		t.Fatal(err)
	}
	<-ended
	if err := typed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), `"code":-32000`); n != 5 {
		t.Errorf("%d requests were refused", n)
	}
	if n := strings.Count(out.String(), `"tools":[`); n != maxWaiting {
		t.Errorf("%d lists were given", n)
	}
}

func FuzzServe(f *testing.F) {
	for _, seed := range []string{hello, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo","arguments":{}}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, "[]", "{}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if strings.Contains(in, "wait") {
			return
		}
		for _, line := range talk(t, hello+in) {
			var m map[string]any
			if err := json.Unmarshal([]byte(line), &m); err != nil || m["jsonrpc"] != "2.0" {
				t.Errorf("answer %q", line)
			}
		}
	})
}
