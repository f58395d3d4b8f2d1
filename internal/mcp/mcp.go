// Package mcp is a server of the Model Context Protocol for tools, over one connection of lines: JSON-RPC 2.0, one message
// a line, as a program speaks it on its standard input and output.
//
// It knows nothing of secrets. Why it is not the protocol's own library: docs/decisions/0023-agents.md.
package mcp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// versions are the versions of the protocol that are spoken, the latest first. They differ in nothing that tools need.
var versions = []string{"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"}

const (
	// maxMessage bounds one message, in bytes: 32 MiB.
	maxMessage = 32 << 20
	// maxWaiting bounds the requests that wait for the one that is being answered.
	maxWaiting = 64
)

// The codes of errors, as JSON-RPC has them.
const (
	parseError     = -32700
	invalidRequest = -32600
	unknownMethod  = -32601
	invalidParams  = -32602
	internalError  = -32603
	busy           = -32000
)

// Tool is something that a client can call.
type Tool struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	// InputSchema is a JSON schema of an object.
	InputSchema json.RawMessage `json:"inputSchema"`
	Annotations Annotations     `json:"annotations"`
	// Call runs the tool. arguments is an object. An error is told to the client as the tool's own, for its model to act
	// upon, so its text must be fit for that; what is returned is written as JSON.
	Call func(ctx context.Context, arguments json.RawMessage) (any, error) `json:"-"`
}

// Annotations tell a client what a tool may do.
type Annotations struct {
	ReadOnly  bool `json:"readOnlyHint"`
	OpenWorld bool `json:"openWorldHint"`
}

// Server answers one client.
type Server struct {
	Name, Version string
	// Instructions tell a model what the tools are for.
	Instructions string
	Tools        []Tool
}

// message is one message of the client.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  *string         `json:"method"`
	Params  json.RawMessage `json:"params"`
}

// failure is an error of the protocol.
type failure struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error implements error.
func (f *failure) Error() string { return f.Message }

// session is the state of a connection.
type session struct {
	server *Server
	out    io.Writer
	writes sync.Mutex
	failed error // of a write; no more is written then

	mu      sync.Mutex
	cancels map[string]context.CancelCauseFunc // by id, of requests that wait or run
	ready   bool                               // initialize was answered
	queue   chan func()
}

// errCancelled is the cause of a context that the client has cancelled: nobody waits for the answer.
var errCancelled = errors.New("cancelled by the client")

// Serve answers the messages of in on out until in ends, ctx is done or out fails. Requests are answered one after the
// other, in their order; a ping at once. Nothing but messages is written to out.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c := &session{server: s, out: out, cancels: map[string]context.CancelCauseFunc{}, queue: make(chan func(), maxWaiting)}
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		for run := range c.queue {
			run()
		}
	}()
	ended := make(chan error, 1)
	go func() {
		// A read cannot be ended from outside: if ctx is done this goroutine ends with it.
		ended <- c.read(ctx, in)
		close(c.queue)
	}()
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		select {
		case <-ctx.Done():
		case <-worked:
		}
		c.writes.Lock()
		defer c.writes.Unlock()
		return errors.Join(err, c.failed)
	}
}

// read takes messages until in ends.
func (c *session) read(ctx context.Context, in io.Reader) error {
	lines := bufio.NewReaderSize(in, 64<<10)
	for ctx.Err() == nil {
		line, long, err := readLine(lines)
		switch {
		case long:
			c.fail(nil, &failure{invalidRequest, fmt.Sprintf("a message has more than %d MiB", maxMessage>>20)})
		case len(bytes.TrimSpace(line)) > 0:
			c.take(ctx, line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readLine reads up to a line end. Of a line that is too long nothing is kept.
func readLine(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxMessage {
			long, line = true, nil
		}
		if !long {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

// take reads one message and answers it, or has it answered.
func (c *session) take(ctx context.Context, line []byte) {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			c.fail(nil, &failure{parseError, "the message is not valid JSON"})
		} else {
			c.fail(nil, &failure{invalidRequest, "the message is no request"})
		}
		return
	}
	hasID := len(m.ID) > 0 && !bytes.Equal(m.ID, []byte("null"))
	switch {
	case m.Version != "2.0" || hasID && m.ID[0] != '"' && m.ID[0] != '-' && (m.ID[0] < '0' || m.ID[0] > '9'):
		c.fail(nil, &failure{invalidRequest, "the message is no request of JSON-RPC 2.0"})
	case m.Method == nil && hasID:
		// An answer, though nothing was asked.
	case m.Method == nil:
		c.fail(nil, &failure{invalidRequest, "the message has no method"})
	case !hasID:
		c.notified(*m.Method, m.Params)
	case *m.Method == "ping":
		c.reply(m.ID, struct{}{})
	default:
		c.enqueue(ctx, m)
	}
}

// notified takes a message that wants no answer. Of those that are not known nothing is said, as the protocol asks.
func (c *session) notified(method string, params json.RawMessage) {
	if method != "notifications/cancelled" {
		return
	}
	var p struct {
		ID json.RawMessage `json:"requestId"`
	}
	if json.Unmarshal(params, &p) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel := c.cancels[string(p.ID)]; cancel != nil {
		cancel(errCancelled)
	}
}

// enqueue has a request answered when those before it are.
func (c *session) enqueue(ctx context.Context, m message) {
	id := string(m.ID)
	ctx, cancel := context.WithCancelCause(ctx)
	c.mu.Lock()
	_, twice := c.cancels[id]
	if !twice {
		c.cancels[id] = cancel
	}
	c.mu.Unlock()
	if twice {
		cancel(nil)
		c.fail(m.ID, &failure{invalidRequest, "a request with this id is being answered"})
		return
	}
	done := func() {
		c.mu.Lock()
		delete(c.cancels, id)
		c.mu.Unlock()
		cancel(nil)
	}
	select {
	case c.queue <- func() {
		defer done()
		c.respond(ctx, m)
	}:
	default:
		done()
		c.fail(m.ID, &failure{busy, fmt.Sprintf("%d requests are waiting already", maxWaiting)})
	}
}

// respond answers a request, unless its client no longer waits.
func (c *session) respond(ctx context.Context, m message) {
	var result any
	err := context.Cause(ctx)
	if err == nil {
		result, err = c.call(ctx, *m.Method, m.Params)
	}
	var f *failure
	switch {
	case errors.Is(context.Cause(ctx), errCancelled):
	case err == nil:
		c.reply(m.ID, result)
	case errors.As(err, &f):
		c.fail(m.ID, f)
	default:
		c.fail(m.ID, &failure{internalError, "the request was not answered, because the server ends"})
	}
}

func (c *session) call(ctx context.Context, method string, params json.RawMessage) (any, error) {
	c.mu.Lock()
	ready := c.ready
	c.mu.Unlock()
	switch {
	case method == "initialize":
		return c.initialize(params)
	case !ready:
		return nil, &failure{invalidRequest, "the first request has to be initialize"}
	case method == "tools/list":
		return struct {
			Tools []Tool `json:"tools"`
		}{c.server.Tools}, nil
	case method == "tools/call":
		return c.callTool(ctx, params)
	default:
		return nil, &failure{unknownMethod, "this server has tools, and no other method than initialize, ping, tools/list and tools/call"}
	}
}

func (c *session) initialize(params json.RawMessage) (any, error) {
	var p struct {
		Version string `json:"protocolVersion"`
	}
	if json.Unmarshal(params, &p) != nil || p.Version == "" {
		return nil, &failure{invalidParams, "initialize needs a protocolVersion"}
	}
	version := versions[0]
	if slices.Contains(versions, p.Version) {
		version = p.Version
	}
	c.mu.Lock()
	c.ready = true
	c.mu.Unlock()
	return map[string]any{
		"protocolVersion": version,
		"capabilities":    map[string]any{"tools": struct{}{}},
		"serverInfo":      map[string]string{"name": c.server.Name, "version": c.server.Version},
		"instructions":    c.server.Instructions,
	}, nil
}

// content is a piece of what a tool gives back.
type content struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// toolResult is what a tool gives back: as an object and, for clients that know no objects, as the text of it.
type toolResult struct {
	Content    []content `json:"content"`
	Structured any       `json:"structuredContent,omitempty"`
	IsError    bool      `json:"isError,omitempty"`
}

func (c *session) callTool(ctx context.Context, params json.RawMessage) (any, error) {
	var p struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	}
	if json.Unmarshal(params, &p) != nil {
		return nil, &failure{invalidParams, "tools/call needs a name and arguments"}
	}
	i := slices.IndexFunc(c.server.Tools, func(t Tool) bool { return t.Name == p.Name })
	if i < 0 {
		return nil, &failure{invalidParams, "there is no such tool; tools/list lists them"}
	}
	if len(p.Arguments) == 0 || bytes.Equal(p.Arguments, []byte("null")) {
		p.Arguments = json.RawMessage("{}")
	}
	result, err := c.server.Tools[i].Call(ctx, p.Arguments)
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if err != nil {
		return toolResult{Content: []content{{"text", err.Error()}}, IsError: true}, nil
	}
	text, err := encode(result)
	if err != nil {
		return nil, &failure{internalError, "the result cannot be written as JSON"}
	}
	return toolResult{Content: []content{{"text", string(bytes.TrimSpace(text))}}, Structured: json.RawMessage(text)}, nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

func (c *session) reply(id json.RawMessage, result any) {
	c.write(map[string]any{"jsonrpc": "2.0", "id": id, "result": result})
}

func (c *session) fail(id json.RawMessage, f *failure) {
	c.write(map[string]any{"jsonrpc": "2.0", "id": id, "error": f})
}

// write writes one message, whole, on one line.
func (c *session) write(v any) {
	line, err := encode(v)
	c.writes.Lock()
	defer c.writes.Unlock()
	if err == nil && c.failed == nil {
		_, err = c.out.Write(line)
	}
	c.failed = errors.Join(c.failed, err)
}
