package verify

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/skant-dev/skant/scanner"
)

// settling is how long AWS may take a second secret of the same key id for wrong, whatever it is, and a little more.
const settling = 6 * time.Second

// maxSettling is how many times in a run somebody waits for that: what is searched could have any number of secrets beside one id.
const maxSettling = 20

// saysEarly is added to a refusal that came too early to count, and was not asked about again.
const saysEarly = "The service may also say so of the right one, for some seconds after it was asked about another; ask again for this one alone."

// subject is a public id that was asked about with one secret or another. Questions about it take turns.
type subject struct {
	mu     sync.Mutex
	last   time.Time
	secret string
	// alive is the secret that was accepted; an id has one.
	alive string
}

func (v *Verifier) subject(key string) *subject {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.subjects[key] == nil {
		v.subjects[key] = &subject{}
	}
	return v.subjects[key]
}

// maySettle reports whether to wait once more in this run.
func (v *Verifier) maySettle() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.settlings++
	return v.settlings <= maxSettling
}

// paced puts a question to a service that for some seconds after one about an id may refuse another secret of the same id without
// looking at it. Such a refusal is asked about once more when the time has passed.
func (v *Verifier) paced(ctx context.Context, t *task, by variant, values map[string]string, keep *Exchange) outcome {
	if by.signed.id == "" {
		return v.put(ctx, t, by, values, keep)
	}
	s := v.subject(by.name + "\x00" + values[by.signed.id])
	s.mu.Lock()
	defer s.mu.Unlock()
	secret := values["secret"]
	early := s.secret != "" && s.secret != secret && v.clock().Sub(s.last) < settling
	o := v.put(ctx, t, by, values, keep)
	s.last, s.secret = v.clock(), secret
	refused := o.Verdict == scanner.Unknown && o.fits && o.Verification.Status == http.StatusForbidden
	control := secret != t.values["secret"]
	doubtful := early && refused && (s.alive == "" || s.alive == secret)
	switch {
	case !doubtful:
	case !v.maySettle():
		o.Verification.Do = saysEarly
	case v.sleep(ctx, settling) == nil:
		attempts := o.Verification.Attempts
		o = v.put(ctx, t, by, values, keep)
		o.Verification.Attempts += attempts
		s.last = v.clock()
	}
	if alive(o.Verdict) && !control {
		s.alive = secret
	}
	return o
}
