package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// verifierOf asks a server under the name of a provider, with the rules of a file, as a user's endpoint would.
func verifierOf(t testing.TB, file string, srv *server, provider string) *Verifier {
	t.Helper()
	set, err := rules.Read([]byte(file), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return verifierFor(t, set, provider, srv.Server)
}

// ruleFile is a rule file of the provider acme with one rule acme-key and the given entries, the first of which is named first.
func ruleFile(entries string) string {
	return "provider: acme\nliveness:\n" + entries + `
rules:
  - {id: acme-key, title: Acme key, severity: high, confidence: high, anchors: [acmekey_], pattern: '(acmekey_[A-Za-z0-9]{24})', why: It is a test., liveness: first, examples: {match: [x], clean: [y]}}
`
}

// asks is an entry with a request to a host of its own and the usual answers, more are further lines.
func asks(name, more string) string {
	return "  " + name + ": {" + more + `
    request: {url: 'https://api.acme.example/` + name + `', headers: {Authorization: 'Bearer {{.secret}}'}},
    answers: [{status: [200], json: {id: ''}, verdict: live, says: It is accepted.},
      {status: [429], verdict: unknown, says: Too much.}, {status: [500], verdict: unknown, says: It is broken.}, {status: [401], json: {error: ''}, verdict: ` + "VERDICT" + `, says: It is refused.}]}
`
}

func dead(entry string) string { return strings.ReplaceAll(entry, "VERDICT", "dead") }
func open(entry string) string { return strings.ReplaceAll(entry, "VERDICT", "unknown") }

// An endpoint of a provider whose servers others run too is shown nothing that belongs to the provider's own host.
func TestEndpointOfOwnServers(t *testing.T) {
	srv := serve(t, answering(http.StatusOK, `{"id":1}`))
	v := verifierOf(t, acme, srv, "acme")
	host := "127.0.0.1"
	for ruleID, want := range map[string]string{"acme-key": "https://example.com/v1/me", "acme-server": srv.URL + "/v1/self"} {
		tasks, err := v.plan([]scanner.Finding{finding(ruleID, key(ruleID, "Known", 1))})
		if err != nil || len(tasks) != 1 || tasks[0].settled != nil {
			t.Fatalf("%s: %v %v", ruleID, tasks, err)
		}
		if got := v.asked(t.Context(), tasks[0]).URL; got != want {
			t.Errorf("%s asks %s, want %s", ruleID, got, want)
		}
		if named := tasks[0].values["endpoint"] != ""; named != strings.Contains(want, host) {
			t.Errorf("%s: endpoint among its values: %v", ruleID, named)
		}
	}
	// A provider without such servers is asked at the endpoint about everything.
	v = verifierOf(t, ruleFile(dead(asks("first", ""))), srv, "acme")
	if f := one(t, v, finding("acme-key", key("acme-key", "Known", 1))); f.Verification.Host != strings.TrimPrefix(srv.URL, "https://") {
		t.Errorf("%s is asked", f.Verification.Host)
	}
}

// The built-in providers of both sorts: which of their credentials an endpoint is shown.
func TestEndpointOfBuiltin(t *testing.T) {
	set := withDocs(t)
	opt := Options{Proxy: noProxy, Endpoints: map[string]string{}}
	own := map[string]string{"vault-service-token": "vault", "bitbucket-server-token": "bitbucket", "github-personal-token": "github", "gitlab-access-token": "gitlab"}
	others := map[string]string{"vault-terraform-cloud-token": "vault", "bitbucket-access-token": "bitbucket"}
	for _, provider := range own {
		opt.Endpoints[provider] = "https://" + provider + ".acme.example"
	}
	v, err := New(set, opt)
	if err != nil {
		t.Fatal(err)
	}
	host := func(ruleID string) string {
		tasks, err := v.plan([]scanner.Finding{scanner.NewFinding(ruleID, scanner.NewSecret("t"+madeUp(47), 0), nil)})
		if err != nil || len(tasks) != 1 {
			t.Fatalf("%s: %v", ruleID, err)
		}
		return v.asked(t.Context(), tasks[0]).URL
	}
	for ruleID, provider := range own {
		if got := host(ruleID); !strings.HasPrefix(got, "https://"+provider+".acme.example/") {
			t.Errorf("%s asks %s", ruleID, got)
		}
	}
	for ruleID, provider := range others {
		if got := host(ruleID); strings.Contains(got, "acme.example") || !strings.HasPrefix(got, "https://") {
			t.Errorf("%s asks %s: the server of %s gets what is not its own", ruleID, got, provider)
		}
	}
}

// What a server of the user's does not know is not dead, where others give out credentials of the same form.
func TestElsewhere(t *testing.T) {
	f := finding("acme-key", key("acme-key", "Known", 1))
	for _, tt := range []struct {
		more   string
		status int
		body   string
		want   scanner.Verdict
		says   string
	}{
		{"elsewhere: All look alike.,", 401, `{"error":"x"}`, scanner.Unknown, "which was named for acme, does not accept it. All look alike."},
		{"", 401, `{"error":"x"}`, scanner.Dead, "It is refused."},
		{"elsewhere: All look alike.,", 200, `{"id":1}`, scanner.Live, "It is accepted."},
	} {
		srv := serve(t, only(f.Secret.Reveal(), tt.status, nil, tt.body))
		got := one(t, verifierOf(t, ruleFile(dead(asks("first", tt.more))), srv, "acme"), f)
		if got.Verdict != tt.want || !strings.Contains(got.Verification.Says, tt.says) {
			t.Errorf("%s, %q: %s %q", tt.more, tt.body, got.Verdict, got.Verification.Says)
		}
	}
	// At the provider's own host its word counts.
	srv := serve(t, answering(401, `{"error":"x"}`))
	v := verifierOf(t, ruleFile(dead(asks("first", "elsewhere: All look alike.,"))), srv, "acme")
	v.standsIn = true
	if got := one(t, v, f); got.Verdict != scanner.Dead {
		t.Errorf("%s %q", got.Verdict, got.Verification.Says)
	}
}

// A refusal that cannot mean dead says so; what says nothing about the credential does not.
func TestNoDead(t *testing.T) {
	f := finding("acme-key", key("acme-key", "Known", 1))
	const why = "Others get the same."
	for _, tt := range []struct {
		status int
		kind   string
		body   string
		told   bool
	}{
		{401, "application/json", `{"error":"x"}`, true},
		{401, "text/html", `<html>`, false},
		{429, "application/json", `{}`, false},
		{500, "application/json", `{}`, false},
		{418, "application/json", `{}`, false},
	} {
		srv := serve(t, answering(tt.status, tt.body, "Content-Type", tt.kind))
		got := one(t, verifierOf(t, ruleFile(open(asks("first", "no_dead: "+why+","))), srv, "acme"), f)
		if got.Verdict != scanner.Unknown || strings.Contains(got.Verification.Says, why) != tt.told {
			t.Errorf("HTTP %d: %s %q", tt.status, got.Verdict, got.Verification.Says)
		}
	}
}

// Credentials of several kinds that one rule finds are asked about each in its way.
func TestKinds(t *testing.T) {
	var mu sync.Mutex
	paths := map[string]int{}
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths[r.URL.Path]++
		mu.Unlock()
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"x"}`)
	})
	v := verifierOf(t, ruleFile("  first: {kinds: [{secret: '^acmekey_A', use: second}, {secret: '^acmekey_B', use: third}, {use: never}]}\n"+
		dead(asks("second", ""))+open(asks("third", "no_dead: Others get the same.,"))+"  never: {uncheckable: Nobody can be asked.}\n"), srv, "acme")
	fs := []scanner.Finding{finding("acme-key", "acmekey_A"+madeUp(23)), finding("acme-key", "acmekey_B"+madeUp(23)), finding("acme-key", "acmekey_C"+madeUp(23))}
	if err := v.Verify(t.Context(), fs, nil); err != nil {
		t.Fatal(err)
	}
	for i, want := range []scanner.Verdict{scanner.Dead, scanner.Unknown, scanner.Uncheckable} {
		if fs[i].Verdict != want {
			t.Errorf("kind %d: %s %q", i, fs[i].Verdict, fs[i].Verification.Says)
		}
	}
	if fmt.Sprint(paths) != "map[/second:1 /third:1]" {
		t.Errorf("asked %v", paths)
	}
}

// A run that ends early has the verdicts that came, and says how many are missing.
func TestEndedEarly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	secrets := []string{key("acme-key", "One", 1), key("acme-key", "Two", 2), key("acme-key", "Three", 3)}
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("Authorization"), secrets[0]) {
			cancel()
			<-r.Context().Done()
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"x"}`)
	})
	v := verifierOf(t, ruleFile(dead(asks("first", ""))), srv, "acme")
	v.opt.Workers = 1
	fs := []scanner.Finding{finding("acme-key", secrets[0]), finding("acme-key", secrets[1]), finding("acme-key", secrets[2])}
	err := v.Verify(ctx, fs, nil)
	var ended *Ended
	if !errors.As(err, &ended) || ended.Unasked != 2 || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	for i, want := range []scanner.Verdict{scanner.Dead, scanner.NotAsked, scanner.NotAsked} {
		if fs[i].Verdict != want || (fs[i].Verification != nil) != (want != scanner.NotAsked) {
			t.Errorf("finding %d: %q", i, fs[i].Verdict)
		}
	}
	// Everything was asked before it ended: that is whole.
	ctx, cancel = context.WithCancel(t.Context())
	again := []scanner.Finding{finding("acme-key", secrets[0])}
	err = v.Verify(ctx, again, func(int, int) { cancel() })
	if err != nil || again[0].Verdict != scanner.Dead {
		t.Errorf("%v, %q", err, again[0].Verdict)
	}
}

// What is alive with one id is alive, also where the run ended before it was tried with another.
func TestEndedAlive(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	secret := key("acme-pair", "Known", 1)
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		user, password, _ := r.BasicAuth()
		switch {
		case user == "id-000002":
			cancel()
			<-r.Context().Done()
		case password == secret:
			_, _ = io.WriteString(w, `{"id":1}`)
		default:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":{"code":"invalid_key"}}`)
		}
	})
	var fs []scanner.Finding
	for _, id := range []string{"id-000001", "id-000002"} {
		fs = append(fs, scanner.NewFinding("acme-pair", scanner.NewSecret(secret, 9), map[string]scanner.Secret{"acme_id": scanner.NewIdentifier(id)}))
	}
	var ended *Ended
	err := verifier(t, srv, func(o *Options) { o.Workers = 1 }).Verify(ctx, fs, nil)
	if !errors.As(err, &ended) || ended.Unasked != 1 || fs[0].Verdict != scanner.Live || fs[1].Verdict != scanner.Live {
		t.Errorf("%v, %q, %q", err, fs[0].Verdict, fs[1].Verdict)
	}
}

// quirk is an STS that for five seconds after a question about an id refuses another secret of it, right or wrong.
type quirk struct {
	mu    sync.Mutex
	clock func() time.Time
	right map[string]string // secrets by id
	last  map[string]time.Time
	with  map[string]string // who signed the last question about an id
	asked int
}

func (q *quirk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked++
	id, scope, signed, signature := "", []string{}, []string{}, ""
	rest, _ := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	for field := range strings.SplitSeq(rest, ", ") {
		switch name, value, _ := strings.Cut(field, "="); name {
		case "Credential":
			parts := strings.Split(value, "/")
			id, scope = parts[0], parts[1:]
		case "SignedHeaders":
			signed = strings.Split(value, ";")
		case "Signature":
			signature = value
		}
	}
	body, _ := io.ReadAll(r.Body)
	right := signature == sigV4(r, body, q.right[id], scope, signed, r.Header.Get("X-Amz-Date"))
	who := fmt.Sprint(right)
	if !right {
		who = signature
	}
	w.Header().Set("Content-Type", "application/json")
	soon := !q.last[id].IsZero() && q.clock().Sub(q.last[id]) < 5*time.Second && q.with[id] != who
	q.last[id], q.with[id] = q.clock(), who
	if !right || soon {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"Error":{"Code":"SignatureDoesNotMatch"}}`)
		return
	}
	_, _ = io.WriteString(w, `{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"029608264753","Arn":"arn:aws:iam::029608264753:user/ci","UserId":"AIDA"}}}`)
}

// AWS refuses the right secret of a key id for some seconds after a wrong one: it is asked about again when they have passed.
func TestAWSSecondSecret(t *testing.T) {
	id, wrong, right := "AKIA"+strings.Repeat("Q", 16), strings.Repeat("xY7+", 10), strings.Repeat("aB3/", 10)
	for name, order := range map[string][]string{"the wrong one first": {wrong, right}, "the right one first": {right, wrong}} {
		t.Run(name, func(t *testing.T) {
			q := &quirk{right: map[string]string{id: right}, last: map[string]time.Time{}, with: map[string]string{}}
			srv := serve(t, q.ServeHTTP)
			set, err := rules.BuiltinFor([]string{"aws-access-key"})
			if err != nil {
				t.Fatal(err)
			}
			v := verifierFor(t, set, "aws", srv.Server)
			v.opt.Workers = 1
			q.clock = v.clock
			var fs []scanner.Finding
			for _, secret := range order {
				fs = append(fs, scanner.NewFinding("aws-access-key", scanner.NewSecret(secret, 0), map[string]scanner.Secret{"aws_access_key_id": scanner.NewIdentifier(id)}))
			}
			if err := v.Verify(t.Context(), fs, nil); err != nil {
				t.Fatal(err)
			}
			for i, secret := range order {
				want := scanner.Unknown
				if secret == right {
					want = scanner.Live
				}
				if fs[i].Verdict != want {
					t.Errorf("%d: %s %q", i, fs[i].Verdict, fs[i].Verification.Says)
				}
			}
			// Right first: the question, its control, the other. Wrong first: the question, the other twice, and its control.
			if want := map[string]int{right: 3, wrong: 4}[order[0]]; q.asked != want {
				t.Errorf("%d requests, want %d", q.asked, want)
			}
		})
	}
}

// Any number of secrets beside one id cannot make a run wait for hours.
func TestAWSManySecrets(t *testing.T) {
	srv := serve(t, answering(http.StatusForbidden, `{"Error":{"Code":"SignatureDoesNotMatch"}}`))
	set, err := rules.BuiltinFor([]string{"aws-access-key"})
	if err != nil {
		t.Fatal(err)
	}
	v := verifierFor(t, set, "aws", srv.Server)
	begin := v.clock()
	var fs []scanner.Finding
	for i := range 100 {
		fs = append(fs, scanner.NewFinding("aws-access-key", scanner.NewSecret(fmt.Sprintf("%s%04d", strings.Repeat("aB3/", 9), i), 0), map[string]scanner.Secret{"aws_access_key_id": scanner.NewIdentifier("AKIA" + strings.Repeat("Q", 16))}))
	}
	if err := v.Verify(t.Context(), fs, nil); err != nil {
		t.Fatal(err)
	}
	if took := v.clock().Sub(begin); took > (maxSettling+1)*settling || srv.count() != 100+maxSettling {
		t.Errorf("%d requests in %s", srv.count(), took)
	}
	early := 0
	for _, f := range fs {
		if f.Verdict != scanner.Unknown {
			t.Errorf("%s %q", f.Verdict, f.Verification.Says)
		}
		if f.Verification.Do == saysEarly {
			early++
		}
	}
	if early != 100-maxSettling-1 {
		t.Errorf("%d are told that it was too early", early)
	}
}

// Credentials that belong to no provider say so: that there is no check would be another reason, and the wrong one.
func TestNoProviderToAsk(t *testing.T) {
	set := withDocs(t)
	found := map[string]int{}
	nobody := strings.Fields("jwt private-key url generic files bip39 bitcoin ethereum cardano solana sui aptos near stellar ripple tezos eos nostr")
	for i := range set.All() {
		r := &set.All()[i]
		for _, provider := range nobody {
			if r.Provider != provider || r.Identifier {
				continue
			}
			found[provider]++
			for _, l := range set.ChecksOf(r) {
				if l.Uncheckable == "" {
					t.Errorf("%s is asked about", r.ID)
				}
			}
			if len(set.ChecksOf(r)) == 0 {
				t.Errorf("%s does not say why nobody can be asked", r.ID)
			}
		}
	}
	for _, provider := range nobody {
		if found[provider] == 0 {
			t.Errorf("no rule of %s", provider)
		}
	}
}

// What a server that calls everything alive said in an earlier run is not believed either.
func TestNegativeControlOfKept(t *testing.T) {
	var open atomic.Bool
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if open.Load() {
			_, _ = w.Write([]byte(`{"id":1}`))
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":{"code":"invalid_key"}}`))
	})
	folder := openCache(t, t.TempDir())
	kept, other := finding("acme-key", key("acme-key", "Kept", 1)), finding("acme-key", key("acme-key", "Other", 2))
	if f := one(t, verifier(t, srv, func(o *Options) { o.Cache = folder }), kept); f.Verdict != scanner.Dead {
		t.Fatalf("%s", f.Verdict)
	}
	open.Store(true)
	fs := []scanner.Finding{kept, other}
	if err := verifier(t, srv, func(o *Options) { o.Cache = folder }).Verify(context.Background(), fs, nil); err != nil {
		t.Fatal(err)
	}
	if fs[0].Verdict != scanner.Unknown || fs[1].Verdict != scanner.Unknown {
		t.Errorf("%s, %s: nothing of that server counts", fs[0].Verdict, fs[1].Verdict)
	}
}
