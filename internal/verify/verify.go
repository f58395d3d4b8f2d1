// Package verify asks providers whether credentials are alive. It is the only package that opens connections, and it opens
// them to hosts that stand in a rule or that the user named, never to one that stands beside a secret.
//
// What is asked and what an answer means is in the rules (rules.Liveness). This package sees to it that asking does no harm
// (client.go, address.go, limits.go), that only an answer of the provider counts (answer.go, control.go), and that nothing of
// a secret gets into a result, an error or a file (dryrun.go, cache.go).
package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// The defaults of [Options].
const (
	DefaultTTL     = 6 * time.Hour
	DefaultWorkers = 16
	DefaultTimeout = 10 * time.Second
	DefaultBudget  = 5000
	DefaultRate    = 50
)

// Options say how to ask. The zero value asks the providers' own hosts, keeps nothing, and leaves canaries alone.
type Options struct {
	// Endpoints are URLs that the user named in place of a provider's hosts, by provider: https, or http to this machine. That of a
	// provider which has self_hosted checks stands for those only.
	Endpoints map[string]string
	// Canaries says that credentials known to raise an alarm when they are used are asked about, too.
	Canaries bool
	// Cache keeps verdicts from one run to the next; nil keeps none.
	Cache *cache.Cache
	// TTL is how long dead and expired are kept; 0 means [DefaultTTL]. Live and restricted are kept for a minute at most.
	TTL time.Duration
	// Workers is the number of requests under way at once, Timeout that of one request, Budget the most requests to one host,
	// Rate the most to one host in a second. 0 means the default; for a host on this machine that is no limit but Workers.
	Workers int
	Timeout time.Duration
	Budget  int
	Rate    int
	// Now is the time for verdicts and their age; nil means time.Now.
	Now func() time.Time
	// Roots are the certificate authorities to trust; nil means the system's.
	Roots *x509.CertPool
	// DryRun is given each request in place of the network; findings stay as they are.
	DryRun func(Asked)
	// Proxy names the proxy for a request; nil means the environment's.
	Proxy func(*http.Request) (*url.URL, error)
}

// Verifier asks. Its methods may be called from several goroutines; limits and controls hold for all calls together.
type Verifier struct {
	set       *rules.Set
	opt       Options
	endpoints map[string]*url.URL
	client    *client
	cache     *verdicts
	// standsIn says that the endpoints are the providers' own hosts, in tests that cannot ask those.
	standsIn bool

	mu       sync.Mutex
	hosts    map[string]*hostLimit
	controls map[string]*control
	checks   map[string]*check
	subjects map[string]*subject
	// settlings counts waits of [Verifier.paced].
	settlings int
	// ownServers says of rules whether there are servers of their providers that others run.
	ownServers map[string]bool
	// owners says which credentials which servers have accepted, see [Verifier.owned].
	owners map[string]bool
	// others hides the secrets of everything that was asked about.
	others *veil
	// clock and sleep are for limits and waits; tests have no time to.
	clock func() time.Time
	sleep func(ctx context.Context, d time.Duration) error
}

// Result is what asking came to.
type Result struct {
	Verdict      scanner.Verdict
	Verification scanner.Verification
}

// Exchange is one question and its answer, to be shown: nothing in it holds a secret. Status is 0 if there was no answer.
type Exchange struct {
	Asked   Asked
	Status  int
	Headers [][2]string
	// Body is shortened to 4 KiB.
	Body   string
	Result Result
}

// New makes a verifier for the credentials of the rules, which must know their liveness (rules.BuiltinFor). An endpoint that is
// no address of a host is an error.
func New(set *rules.Set, opt Options) (*Verifier, error) {
	opt = opt.withDefaults()
	endpoints := map[string]*url.URL{}
	for provider, text := range opt.Endpoints {
		u, err := parseEndpoint(text)
		if err != nil {
			return nil, fmt.Errorf("endpoint of %s: %w", provider, err)
		}
		endpoints[provider] = u
	}
	v := &Verifier{
		set: set, opt: opt, endpoints: endpoints, client: newClient(opt, endpoints), clock: time.Now, sleep: Sleep,
		hosts: map[string]*hostLimit{}, controls: map[string]*control{}, checks: map[string]*check{}, subjects: map[string]*subject{}, ownServers: map[string]bool{}, owners: map[string]bool{},
	}
	v.cache = openVerdicts(opt)
	return v, nil
}

func (o Options) withDefaults() Options {
	set := func(n *int, to int) {
		if *n <= 0 {
			*n = to
		}
	}
	set(&o.Workers, DefaultWorkers)
	set(&o.Budget, DefaultBudget)
	if o.TTL <= 0 {
		o.TTL = DefaultTTL
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	return o
}

// Verify fills Verdict, Verification and Severity of the findings in place. Each distinct credential of a rule is asked
// about once; progress, which may be nil, is told after each. If the run ends early, the verdicts that came by then are there, what was
// not asked about is as it was, and the error is an [*Ended]. Any other error means that verdicts could not be kept.
func (v *Verifier) Verify(ctx context.Context, fs []scanner.Finding, progress func(done, total int)) error {
	tasks, err := v.plan(fs)
	if err != nil {
		return err
	}
	order := interleave(tasks)
	if v.opt.DryRun != nil {
		for _, t := range tasks {
			if t.settled == nil && ctx.Err() == nil {
				v.opt.DryRun(v.asked(ctx, t))
			}
		}
		return ctx.Err()
	}
	v.askAll(ctx, order, progress)
	for _, t := range tasks {
		v.confirm(t)
	}
	v.apply(fs, tasks)
	err = v.cache.save(tasks)
	open := 0
	for _, t := range tasks {
		if t.settled == nil {
			open++
		}
	}
	if open > 0 {
		return errors.Join(&Ended{open, ctx.Err()}, err)
	}
	return err
}

// Ended says that a run ended before everything was asked.
type Ended struct {
	// Unasked is the number of credentials that nobody was asked about.
	Unasked int
	// Cause is context.Canceled or context.DeadlineExceeded.
	Cause error
}

func (e *Ended) Error() string { return e.Cause.Error() }
func (e *Ended) Unwrap() error { return e.Cause }

// askAll gives tasks to workers, in order.
func (v *Verifier) askAll(ctx context.Context, tasks []*task, progress func(done, total int)) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	next, done := 0, 0
	for range min(v.opt.Workers, len(tasks)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				mu.Lock()
				if next == len(tasks) {
					mu.Unlock()
					return
				}
				t := tasks[next]
				next++
				mu.Unlock()
				v.ask(ctx, t)
				mu.Lock()
				if done++; progress != nil {
					progress(done, len(tasks))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// ask finds out about one credential: from the cache, or from its provider.
func (v *Verifier) ask(ctx context.Context, t *task) {
	if t.settled != nil {
		return
	}
	if r, ok := v.cache.get(t); ok {
		t.settled, t.cached = &r, true
		return
	}
	t.settled = v.settle(ctx, t)
}

// settle asks the provider. What looks alive is held against the negative control.
func (v *Verifier) settle(ctx context.Context, t *task) (settled *Result) {
	// A fault here must not take the report away, nor print what it was about.
	defer func() {
		if p := recover(); p != nil {
			settled = &Result{Verdict: scanner.Unknown, Verification: scanner.Verification{
				At: v.opt.Now().UTC(), Provider: t.rule.Provider, Says: "skant failed at asking about it; that is a fault of its own and says nothing about the credential.",
			}}
		}
	}()
	o := v.request(ctx, t)
	r := o.Result
	if alive(r.Verdict) {
		if r = v.controlled(ctx, t, o); alive(r.Verdict) {
			v.owned(t, r.Verification.Host)
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return &r
}

// Ask asks about one finding, whatever the cache says, and returns the whole exchange. An error means that there is nothing
// to ask, or that ctx ended. With [Options.DryRun] nothing is sent.
func (v *Verifier) Ask(ctx context.Context, f *scanner.Finding) (Exchange, error) {
	fs := []scanner.Finding{*f}
	tasks, err := v.plan(fs)
	if err != nil {
		return Exchange{}, err
	}
	if len(tasks) == 0 {
		return Exchange{}, errors.New("nothing is known on how to ask about this")
	}
	t := tasks[0]
	x := Exchange{Asked: v.asked(ctx, t)}
	if v.opt.DryRun != nil {
		v.opt.DryRun(x.Asked)
		return x, nil
	}
	if t.settled == nil {
		t.keep = &x
		t.settled = v.settle(ctx, t)
		t.keep = nil
		if t.settled == nil {
			return Exchange{}, ctx.Err()
		}
		v.confirm(t)
	}
	x.Result = *t.settled
	return x, v.cache.save(tasks)
}

func alive(v scanner.Verdict) bool { return v == scanner.Live || v == scanner.Restricted }
