package send

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/internal/visible"
)

const (
	// maxAttempts is how often one request is sent.
	maxAttempts = 3
	// maxWait is the longest wish of a server to be left alone that is waited for, maxWaits that of all waits of a run.
	maxWait  = 2 * time.Minute
	maxWaits = 10 * time.Minute
	// limited is how long a server is left alone that says only that there were too many requests.
	limited = time.Minute
	// retryPause is about how long to wait after a server that failed.
	retryPause = time.Second
)

// Server is one server that is written to, with the patience that is due to it.
type Server struct {
	line *verify.Line
	// name stands for it in messages.
	name string
	now  func() time.Time
	// sleep is replaced by tests, which have no time to.
	sleep  func(ctx context.Context, d time.Duration) error
	waited time.Duration
	scrub  func(string) string
	tell   func(why string, d time.Duration)
}

// ServerOptions say how to reach a server.
type ServerOptions struct {
	// Name is what the server is called in messages: the address of a webhook is in none.
	Name string
	// Public and Query are those of [verify.LineOptions].
	Public, Query bool
	Now           func() time.Time
	// Scrub masks what no message may hold, of what a server says.
	Scrub func(string) string
	// Tell, unless nil, is told of each wait, and why it is.
	Tell func(why string, d time.Duration)
}

// Open makes a server of its address. Nothing is sent. The address is in no error.
func Open(address string, opt ServerOptions) (*Server, error) {
	line, err := verify.NewLine(address, verify.LineOptions{Public: opt.Public, Query: opt.Query, Timeout: 30 * time.Second, Most: 16 << 20})
	if err != nil {
		return nil, err
	}
	return &Server{line: line, name: opt.Name, now: opt.Now, sleep: verify.Sleep, scrub: opt.Scrub, tell: opt.Tell}, nil
}

// Refused is an answer that says no.
type Refused struct {
	Status int
	says   string
}

func (r *Refused) Error() string { return r.says }

// do sends a request, and sends it again where the server has surely not acted on it, or where acting twice is no harm (repeatable).
func (s *Server) do(ctx context.Context, letter verify.Letter, repeatable bool) (*verify.Reply, error) {
	for attempt := 1; ; attempt++ {
		r, err := s.line.Send(ctx, letter, s.name)
		wait, again := time.Duration(0), false
		switch lost := (*verify.Lost)(nil); {
		case errors.As(err, &lost):
			if lost.Sent && !repeatable {
				return nil, fmt.Errorf("%s It is not known whether it arrived", capital(lost.Says))
			}
			err = errors.New(strings.TrimSuffix(capital(lost.Says), "."))
			wait, again = retryPause+rand.N(retryPause), lost.Sent
		case err != nil: // that of ctx
			if !repeatable {
				return nil, fmt.Errorf("it was interrupted, and it is not known whether it arrived: %w", err)
			}
			return nil, err
		default:
			if wait, again = s.asksToWait(r); !again && repeatable && r.Status >= 500 {
				wait, again = max(retryPause+rand.N(retryPause), r.RetryAfter(s.now())), true
			}
			if !again {
				return r, nil
			}
			err = fmt.Errorf("%s wants to be left alone (status %d)", s.name, r.Status)
		}
		switch {
		case !again || attempt == maxAttempts:
			return nil, err
		case wait > maxWait || s.waited+wait > maxWaits:
			return nil, fmt.Errorf("%w until %s", err, s.now().Add(min(wait, 24*time.Hour)).UTC().Format("15:04 UTC"))
		}
		s.waited += wait
		if s.tell != nil {
			s.tell(err.Error(), wait)
		}
		if err := s.sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// asksToWait reports whether a server did not act because it was asked too often, and how long it wants to be left alone.
func (s *Server) asksToWait(r *verify.Reply) (time.Duration, bool) {
	after := r.RetryAfter(s.now())
	spent := r.Header.Get("X-Ratelimit-Remaining") == "0"
	secondary := strings.Contains(strings.ToLower(string(r.Body[:min(len(r.Body), 4<<10)])), "secondary rate limit")
	if r.Status != 429 && (r.Status != 403 || after == 0 && !spent && !secondary) {
		return 0, false
	}
	if after > 0 {
		return after, true
	}
	if at, err := strconv.ParseInt(r.Header.Get("X-Ratelimit-Reset"), 10, 64); spent && err == nil && at > 0 {
		return max(retryPause, time.Unix(at, 0).Sub(s.now())), true
	}
	return limited, true
}

// quote makes what a server says fit for a message.
func (s *Server) quote(text string) string {
	if s.scrub != nil {
		text = s.scrub(text[:min(len(text), 10_000)])
	}
	return report.Shorten(visible.Text(strings.TrimSpace(text)), 200)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Hook is a webhook: one address, one body, one request.
type Hook struct {
	Server *Server
	// Authorization is the value of that header; empty for none.
	Authorization string
	// Teams says that an answer may be a refusal whatever its status.
	Teams bool
}

func (h *Hook) letter(body []byte) verify.Letter {
	headers := [][2]string{{"Content-Type", "application/json"}, {"User-Agent", "skant"}}
	if h.Authorization != "" {
		headers = append(headers, [2]string{"Authorization", h.Authorization})
	}
	return verify.Letter{Method: "POST", Headers: headers, Body: body}
}

// Shown is the request as it may be shown: neither the address nor a credential is in it.
func (h *Hook) Shown(body []byte) Request {
	return shownRequest("https://***", h.letter(body))
}

// Send sends a body. Any error says in one clause whether it arrived, as far as that is known.
func (h *Hook) Send(ctx context.Context, body []byte) error {
	r, err := h.Server.do(ctx, h.letter(body), false)
	switch {
	case err != nil:
		return err
	case r.Status < 200 || r.Status > 299:
		return h.Server.refused(r, "")
	case h.Teams && teamsRefused(r.Body):
		return h.Server.refused(r, "the message was not delivered")
	default:
		return nil
	}
}

// refused makes an error of an answer.
func (s *Server) refused(r *verify.Reply, why string) error {
	says := fmt.Sprintf("%s refused it with status %d", s.name, r.Status)
	if why == "" && r.Status >= 300 && r.Status <= 399 {
		why = "it leads elsewhere, and no redirect is followed"
	}
	if why == "" && !r.Cut {
		why = s.quote(string(r.Body[:min(len(r.Body), 1000)]))
	}
	if why != "" {
		says += ": " + why
	}
	if r.Status >= 500 {
		says += ". It is not known whether it took it"
	}
	return &Refused{r.Status, says}
}

// Request is a request as it may be shown.
type Request struct {
	Method, URL string
	Headers     [][2]string
	Body        string
}

func shownRequest(base string, l verify.Letter) Request {
	r := Request{Method: l.Method, URL: base + l.Path, Body: string(l.Body)}
	for _, h := range l.Headers {
		if h[0] == "Authorization" {
			h[1] = "***"
		}
		r.Headers = append(r.Headers, h)
	}
	return r
}

// Slack reports whether the server is Slack's, or this machine.
func (s *Server) Slack() bool {
	host := strings.ToLower(s.line.Host())
	return s.line.Here() || host == "hooks.slack.com" || host == "hooks.slack-gov.com"
}
