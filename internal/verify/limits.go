package verify

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxAttempts is how often one question is put.
	maxAttempts = 3
	// maxWait is the longest time that a host's wish to be asked later is waited for.
	maxWait = 30 * time.Second
	// firstWait is about how long the second attempt waits, where the host says nothing; the third waits twice as long.
	firstWait = 500 * time.Millisecond
	// enough questions in a row without an answer, and a host is left alone.
	enough = 5
)

// hostLimit is what a host was asked and how it bears it. It serves the requests of all workers.
type hostLimit struct {
	mu sync.Mutex
	// interval is the time between two requests.
	interval time.Duration
	// next is when the next request may start, paused when the host wants to be left alone until.
	next, paused time.Time
	sent         int
	// failed counts questions in a row that had no answer.
	failed int
}

// limit returns the limits of a host, host:port.
func (v *Verifier) limit(host string) *hostLimit {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.hosts[host] == nil {
		v.hosts[host] = &hostLimit{interval: v.interval(host)}
	}
	return v.hosts[host]
}

// interval returns the time between two requests to a host. A server on this machine that the user named is spared by the number of
// workers alone; any other named one may stand in front of a provider.
func (v *Verifier) interval(host string) time.Duration {
	name, _, err := net.SplitHostPort(host)
	_, named := v.client.named[host]
	switch {
	case v.opt.Rate > 0:
		return time.Second / time.Duration(v.opt.Rate)
	case err == nil && named && loopbackName(name):
		return 0
	default:
		return time.Second / DefaultRate
	}
}

// acquire waits until a request may be sent. The error says in a sentence why it may not (unaskable), or that ctx ended.
func (v *Verifier) acquire(ctx context.Context, h *hostLimit, host string) error {
	for {
		wait, err := h.slot(v.clock(), v.opt, host)
		if err != nil || wait <= 0 {
			return err
		}
		if err := v.sleep(ctx, wait); err != nil {
			return err
		}
		if h.ready(v.clock()) {
			return nil
		}
	}
}

// slot takes the next place in the order of requests to a host and returns how long it is until then.
func (h *hostLimit) slot(now time.Time, opt Options, host string) (time.Duration, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed >= enough {
		return 0, unaskable(host + " left " + strconv.Itoa(enough) + " questions in a row unanswered and is not asked any more in this run.")
	}
	if h.sent >= opt.Budget {
		return 0, unaskable("The budget of " + strconv.Itoa(opt.Budget) + " requests to " + host + " in one run is used up.")
	}
	// After a pause some requests may start at once: as many as there are workers.
	if early := now.Add(-h.interval * time.Duration(opt.Workers)); h.next.Before(early) {
		h.next = early
	}
	at := h.next
	if at.Before(h.paused) {
		at = h.paused.Add(rand.N(firstWait))
	}
	h.next = h.next.Add(h.interval)
	h.sent++
	return at.Sub(now), nil
}

// ready reports whether a request that has waited may start: the host may have asked for a pause meanwhile. If not, its
// place is given back.
func (h *hostLimit) ready(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed < enough && !now.Before(h.paused) {
		return true
	}
	h.sent--
	return false
}

// answered notes whether a question had an answer.
func (h *hostLimit) answered(yes bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if yes {
		h.failed = 0
	} else {
		h.failed++
	}
}

// pause leaves the host alone for a while.
func (h *hostLimit) pause(until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if until.After(h.paused) {
		h.paused = until
	}
}

// retriable reports whether a status says that a later request may have another answer.
func retriable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// waitFor returns how long to wait before the attempt after the given one (from 1). wished is what the host asked for; ok
// is false if that is too long.
func waitFor(attempt int, header http.Header, now time.Time) (wait time.Duration, wished, ok bool) {
	base := firstWait << (attempt - 1)
	wait = base/2 + rand.N(base)
	after := retryAfter(header, now)
	if after > maxWait {
		return 0, true, false
	}
	return max(wait, after), after > 0, true
}

// retryAfter reads the header Retry-After: seconds, or a date. What cannot be read is 0, and more seconds than can be counted are
// as many as can.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text == "" {
		return 0
	}
	switch n, err := strconv.ParseUint(text, 10, 32); {
	case err == nil:
		return time.Duration(n) * time.Second
	case errors.Is(err, strconv.ErrRange):
		return math.MaxInt64
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// Sleep waits; the error is that of ctx, which may end before.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
