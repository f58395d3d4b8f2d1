package verify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

func TestVerdicts(t *testing.T) {
	const ruleID = "acme-key"
	secret := key(ruleID, "Known", 1)
	long := `{"id":1,"pad":"` + strings.Repeat("x", maxBody) + `"}`
	for _, tt := range []struct {
		name     string
		status   int
		header   http.Header
		body     string
		want     scanner.Verdict
		severity rules.Severity
		says     string
	}{
		{"live", 200, nil, `{"id":"u1","email":"ann@acme.example"}`, scanner.Live, rules.Critical, "The key is accepted."},
		{"live whatever its type says", 200, http.Header{"Content-Type": {"text/html"}}, `{"id":"u1"}`, scanner.Live, rules.Critical, "The key is accepted."},
		{"dead", 401, nil, `{"error":{"code":"invalid_key"}}`, scanner.Dead, rules.Low, "The key is not known."},
		{"expired", 401, nil, `{"error":{"code":"expired"}}`, scanner.Expired, rules.Low, "The key has expired."},
		{"restricted", 403, nil, `{"error":{"code":"scope"}}`, scanner.Restricted, rules.High, "The key may not do this."},
		{"first that fits", 429, http.Header{"X-Organization": {"o1"}}, `{}`, scanner.Live, rules.Critical, "The key is limited."},
		{"rate limit", 429, nil, `{}`, scanner.Unknown, rules.High, "wants fewer requests"},
		{"trouble", 500, nil, `{"id":1}`, scanner.Unknown, rules.High, "trouble of its own"},
		{"no such answer", 200, nil, `{"name":"x"}`, scanner.Unknown, rules.High, "not among those"},
		{"null is no value", 200, nil, `{"id":null}`, scanner.Unknown, rules.High, "not among those"},
		{"no JSON", 200, nil, `id id id`, scanner.Unknown, rules.High, "not among those"},
		{"broken JSON", 200, nil, `{"id":"u1"`, scanner.Unknown, rules.High, "not among those"},
		{"nothing", 204, nil, ``, scanner.Unknown, rules.High, "not among those"},
		{"page", 200, http.Header{"Content-Type": {"text/html"}}, `<p>{"id":1}</p>`, scanner.Unknown, rules.High, "web page"},
		{"page that calls itself JSON", 401, nil, ` <!DOCTYPE html>{"error":{"code":"invalid_key"}}`, scanner.Unknown, rules.High, "web page"},
		{"page that the rule knows", 451, http.Header{"Content-Type": {"text/html"}}, `<html>edge block`, scanner.Unknown, rules.High, "The region is blocked."},
		{"redirect", 302, http.Header{"Location": {"https://evil.example/?id=1"}}, `{"id":"u1"}`, scanner.Unknown, rules.High, "redirect"},
		{"too long", 200, nil, long, scanner.Unknown, rules.High, "longer than 64 KiB"},
		{"compressed", 200, http.Header{"Content-Encoding": {"gzip"}}, `{"id":"u1"}`, scanner.Unknown, rules.High, "compressed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := serve(t, only(secret, tt.status, tt.header, tt.body))
			f := finding(ruleID, secret)
			f.Severity = rules.High
			got := one(t, verifier(t, srv, nil), f)
			if got.Verdict != tt.want || got.Severity != tt.severity || !strings.Contains(got.Verification.Says, tt.says) {
				t.Errorf("got %q, %s, %q", got.Verdict, got.Severity, got.Verification.Says)
			}
			if got.Verification.Status != tt.status || got.Verification.At.IsZero() || got.Verification.Host != strings.TrimPrefix(srv.URL, "https://") {
				t.Errorf("verification %+v", got.Verification)
			}
		})
	}
}

func TestLearned(t *testing.T) {
	secret := key("acme-key", "Known", 1)
	srv := serve(t, only(secret, 200, http.Header{"X-Plan": {"pro"}}, `{"id":1,"email":"ann@acme.example\u001b[31m","scopes":["read","write"],"echo":"you sent `+secret+`"}`))
	f := one(t, verifier(t, srv, nil), finding("acme-key", secret))
	want := map[string]string{"account": `ann@acme.example\x1b[31m`, "scopes": "read, write", "plan": "pro"}
	if fmt.Sprint(f.Verification.Learned) != fmt.Sprint(want) {
		t.Errorf("learned %v", f.Verification.Learned)
	}
	if f.Verification.Do != "Revoke it." || f.Verification.Attempts != 1 {
		t.Errorf("%+v", f.Verification)
	}
}

// A credential in many places is asked about once, with one control for the whole run.
func TestOncePerSecret(t *testing.T) {
	secret := key("acme-key", "Known", 1)
	srv := serve(t, only(secret, 200, nil, `{"id":1}`))
	var fs []scanner.Finding
	for range 50 {
		fs = append(fs, finding("acme-key", secret), finding("acme-key", key("acme-key", "Other", 2)))
	}
	steps := 0
	err := verifier(t, srv, nil).Verify(context.Background(), fs, func(_, total int) {
		if steps++; total != 2 {
			t.Errorf("total %d", total)
		}
	})
	if err != nil || steps != 2 || srv.count() != 3 {
		t.Errorf("%d requests, %d steps, %v", srv.count(), steps, err)
	}
	for i, f := range fs {
		if want := []scanner.Verdict{scanner.Live, scanner.Dead}[i%2]; f.Verdict != want || f.Verification == nil {
			t.Fatalf("finding %d: %s", i, f.Verdict)
		}
	}
	if fs[0].Verification == fs[2].Verification {
		t.Error("findings share what can be written to")
	}
}

func TestPairs(t *testing.T) {
	secret := key("acme-pair", "Known", 1)
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.Method != http.MethodPost || r.FormValue("key") != password || r.URL.Path != "/v1/"+user {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		if user == "id-000002" && password == secret {
			_, _ = w.Write([]byte(`{"id":1}`))
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":{"code":"invalid_key"}}`))
	})
	with := func(id string) scanner.Finding {
		return scanner.NewFinding("acme-pair", scanner.NewSecret(secret, 9), map[string]scanner.Secret{"acme_id": scanner.NewIdentifier(id)})
	}
	bare := finding("acme-pair", secret)
	fs := []scanner.Finding{with("id-000001"), with("id-000002"), bare}
	if err := verifier(t, srv, nil).Verify(context.Background(), fs, nil); err != nil {
		t.Fatal(err)
	}
	if fs[0].Verdict != scanner.Live || fs[1].Verdict != scanner.Live || fs[2].Verdict != scanner.Live {
		t.Errorf("%s, %s, %s: a wrong id beside a secret makes it dead", fs[0].Verdict, fs[1].Verdict, fs[2].Verdict)
	}
	if !strings.Contains(fs[0].Verification.Says, "with another id") || strings.Contains(fs[1].Verification.Says, "another id") || strings.Contains(fs[2].Verification.Says, "another id") {
		t.Errorf("%q, %q, %q", fs[0].Verification.Says, fs[1].Verification.Says, fs[2].Verification.Says)
	}
	before := srv.count()
	alone := one(t, verifier(t, srv, nil), bare)
	if alone.Verdict != scanner.Unknown || !strings.Contains(alone.Verification.Says, "without acme_id") || srv.count() != before {
		t.Errorf("%s %+v", alone.Verdict, alone.Verification)
	}
	fs = nil
	for i := range 9 {
		fs = append(fs, with(fmt.Sprintf("id-00001%d", i)))
	}
	before = srv.count()
	if err := verifier(t, srv, nil).Verify(context.Background(), fs, nil); err != nil || srv.count()-before != maxPairings {
		t.Errorf("%d requests, %v", srv.count()-before, err)
	}
	for i, f := range fs {
		if f.Verdict != scanner.Unknown {
			t.Errorf("finding %d is %s, though not all pairings of its secret were tried", i, f.Verdict)
		}
	}
}

func TestWhatIsNotAsked(t *testing.T) {
	v := verifier(t, nil, nil)
	canary := finding("acme-key", key("acme-key", "Bait", 1))
	canary.Facts = map[string]string{"canary": "true"}
	expired := finding("acme-key", key("acme-key", "Old", 1))
	expired.Verdict, expired.Severity = scanner.Expired, rules.Critical
	var read scanner.Finding
	if err := json.Unmarshal([]byte(`{"rule_id":"acme-key","secret_redacted":"acmekey_Kno..."}`), &read); err != nil {
		t.Fatal(err)
	}
	planted := finding("acme-server", key("acme-server", "Token", 1))
	planted.Facts = map[string]string{"endpoint": "https://evil.example"}
	for _, tt := range []struct {
		name string
		f    scanner.Finding
		want scanner.Verdict
		says string
	}{
		{"uncheckable", finding("acme-hook", key("acme-hook", "Hook", 1)), scanner.Uncheckable, "Asking would send a message."},
		{"nothing known", finding("acme-other", key("acme-other", "Other", 1)), scanner.Uncheckable, "has no check"},
		{"canary", canary, scanner.Uncheckable, "raises an alarm"},
		{"a server of one's own, named by the repository", planted, scanner.Uncheckable, "never asked"},
		{"expired by itself", expired, scanner.Expired, ""},
		{"from a report", read, scanner.NotAsked, ""},
		{"no such rule", finding("acme-none", "acmenone_"), scanner.NotAsked, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := one(t, v, tt.f)
			says := ""
			if got.Verification != nil {
				says = got.Verification.Says
			}
			if got.Verdict != tt.want || !strings.Contains(says, tt.says) || (tt.says == "") != (says == "") {
				t.Errorf("%q %q", got.Verdict, says)
			}
		})
	}
	tasks, err := v.plan([]scanner.Finding{{RuleID: "acme-key", Secret: canary.Secret, Facts: planted.Facts}})
	if err != nil || len(tasks) != 1 || tasks[0].values["endpoint"] != "" {
		t.Errorf("a fact is taken for the user's word: %v", err)
	}
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"error":{"code":"x"}}`)) })
	if one(t, verifier(t, srv, func(o *Options) { o.Canaries = true }), canary); srv.count() != 1 {
		t.Error("a canary is not asked about although the user wants it")
	}
	if got := one(t, v, expired); got.Severity != rules.Low {
		t.Errorf("expired is %s", got.Severity)
	}
}

// A server that calls everything alive is not believed about anything.
func TestNegativeControl(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Authorization"), "Dead") {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":{"code":"invalid_key"}}`))
			return
		}
		_, _ = w.Write([]byte(`{"id":1,"email":"x"}`))
	})
	fs := []scanner.Finding{finding("acme-key", key("acme-key", "Deadly", 1)), finding("acme-key", key("acme-key", "Known", 2)), finding("acme-key", key("acme-key", "Known", 3))}
	folder := openCache(t, t.TempDir())
	if err := verifier(t, srv, func(o *Options) { o.Cache = folder }).Verify(context.Background(), fs, nil); err != nil {
		t.Fatal(err)
	}
	for i := range fs {
		if fs[i].Verdict != scanner.Unknown || !strings.Contains(fs[i].Verification.Says, "made-up credential") || fs[i].Verification.Learned != nil {
			t.Errorf("finding %d: %s %+v", i, fs[i].Verdict, fs[i].Verification)
		}
	}
	if srv.count() != 4 {
		t.Errorf("%d requests", srv.count())
	}
	again := one(t, verifier(t, srv, func(o *Options) { o.Cache = folder }), fs[0])
	if again.Verification.Cached {
		t.Error("what the control refuted is kept")
	}
}

func TestControlWithoutAnswer(t *testing.T) {
	secret := key("acme-key", "Known", 1)
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("Authorization"), secret) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{"id":1}`))
	})
	f := one(t, verifier(t, srv, nil), finding("acme-key", secret))
	if f.Verdict != scanner.Unknown || f.Verification.Says != saysNotRun {
		t.Errorf("%s %q", f.Verdict, f.Verification.Says)
	}
}

func TestScramble(t *testing.T) {
	for _, s := range []string{
		key("acme-key", "Known", 1), strings.Repeat("0a", 16), "A1b2C3d4", "x-y_z", "https://hooks.example.com/" + strings.Repeat("T0p", 9),
		strings.Repeat("ab1", 9) + "." + strings.Repeat("cd2", 20) + "." + strings.Repeat("eF3", 12), base64.StdEncoding.EncodeToString([]byte("some words here")),
	} {
		for range 20 {
			got, err := scramble(s, strings.Index(s, "_")+1)
			if err != nil || got == s || len(got) != len(s) {
				t.Fatalf("%q: %q, %v", s, got, err)
			}
			for i := range s {
				if isAlnum(s[i]) != isAlnum(got[i]) || !isAlnum(s[i]) && s[i] != got[i] {
					t.Fatalf("%q: %q has another shape", s, got)
				}
			}
			if strings.HasPrefix(s, "https://") && !strings.HasPrefix(got, "https://hooks.example.com/") {
				t.Fatalf("the host is scrambled: %q", got)
			}
			if strings.Count(s, ".") == 2 && !strings.HasPrefix(got, s[:strings.LastIndex(s, ".")+1]) {
				t.Fatalf("more than the signature: %q", got)
			}
		}
	}
	if _, err := scramble("----", 0); err == nil {
		t.Error("nothing was scrambled, without an error")
	}
}

func openCache(t *testing.T, dir string) *cache.Cache {
	c, err := cache.Open(dir, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestCache(t *testing.T) {
	dir := t.TempDir()
	folder := openCache(t, dir)
	secret, deadKey, odd := key("acme-key", "Known", 1), key("acme-key", "Dead", 2), key("acme-key", "Odd", 3)
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("Authorization"), odd) {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		only(secret, 200, nil, `{"id":1,"email":"ann@acme.example"}`)(w, r)
	})
	start := time.Now()
	run := func(after time.Duration, ttl time.Duration) []scanner.Finding {
		v := verifier(t, srv, func(o *Options) {
			o.Cache, o.TTL, o.Now = folder, ttl, func() time.Time { return start.Add(after) }
		})
		fs := []scanner.Finding{finding("acme-key", secret), finding("acme-key", deadKey), finding("acme-key", odd)}
		if err := v.Verify(context.Background(), fs, nil); err != nil {
			t.Fatal(err)
		}
		return fs
	}
	cached := func(fs []scanner.Finding) (out []bool) {
		for _, f := range fs {
			out = append(out, f.Verification.Cached)
		}
		return out
	}
	first := run(0, 0)
	for _, tt := range []struct {
		name       string
		after, ttl time.Duration
		want       []bool
	}{
		{"at once", time.Second, 0, []bool{true, true, false}},
		{"live is asked again soon", 11 * time.Minute, 0, []bool{false, true, false}},
		{"all is asked again", 30 * time.Hour, 0, []bool{false, false, false}},
		{"a clock that was set back", time.Hour, 0, []bool{false, false, false}},
		{"a shorter time", time.Hour + time.Minute, time.Second, []bool{false, false, false}},
	} {
		fs := run(tt.after, tt.ttl)
		if got := cached(fs); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v", tt.name, got)
		}
		if fs[0].Verdict != scanner.Live || fs[1].Verdict != scanner.Dead || fs[2].Verdict != scanner.Unknown || fs[0].Verification.Learned["account"] != first[0].Verification.Learned["account"] {
			t.Errorf("%s: %s, %s, %s", tt.name, fs[0].Verdict, fs[1].Verdict, fs[2].Verdict)
		}
	}
	// Another endpoint is another question.
	other := serve(t, only(secret, 200, nil, `{"id":1}`))
	if f := one(t, verifier(t, other, func(o *Options) {
		o.Cache, o.Now = folder, func() time.Time { return start.Add(time.Hour + time.Minute) }
	}), finding("acme-key", secret)); f.Verification.Cached {
		t.Error("an answer of another host is taken")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("%v, %v", names, err)
	}
	info, err := os.Stat(names[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{secret, deadKey, odd} {
		if strings.Contains(string(data), s[10:]) || strings.Contains(string(data), base64.StdEncoding.EncodeToString([]byte(s))[:20]) {
			t.Error("the cache holds a secret")
		}
	}
	if err := os.WriteFile(names[0], append(data[:len(data)-40], "garbage"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := cached(run(time.Second, 0)); !slices.Equal(got, []bool{false, false, false}) {
		t.Errorf("damaged: %v", got)
	}
}

func TestDryRun(t *testing.T) {
	secret, pair := key("acme-key", "Known", 1), key("acme-pair", "Known", 1)
	var all []Asked
	v := verifier(t, nil, func(o *Options) { o.DryRun = func(a Asked) { all = append(all, a) } })
	fs := []scanner.Finding{
		finding("acme-key", secret), finding("acme-key", secret), finding("acme-hook", key("acme-hook", "Hook", 1)),
		scanner.NewFinding("acme-pair", scanner.NewSecret(pair, 9), map[string]scanner.Secret{"acme_id": scanner.NewIdentifier("id-000001")}),
	}
	if err := v.Verify(context.Background(), fs, nil); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%+v", all)
	want := `[{Method:GET URL:https://example.com/v1/me Headers:[[Authorization Bearer ***] [User-Agent skant]] Body: Why:} ` +
		`{Method:POST URL:https://example.com/v1/id-000001 Headers:[[Authorization Basic ***] [Content-Type application/x-www-form-urlencoded] [User-Agent skant]] Body:key=*** Why:}]`
	if text != want {
		t.Errorf("got %s", text)
	}
	if fs[0].Verdict != scanner.NotAsked || fs[0].Verification != nil {
		t.Error("findings are changed")
	}
}

func TestExchangeShowsNoSecret(t *testing.T) {
	secret := key("acme-key", "Known", 1)
	other := "tok" + strings.Repeat("en9", 8)
	echo := `{"id":1,"you":"` + secret + `","tail":"` + secret[12:] + `","b64":"` + base64.StdEncoding.EncodeToString([]byte("u:"+secret)) + `","access_token":"` + other + `"}`
	srv := serve(t, only(secret, 200, http.Header{"X-Echo": {secret}, "Set-Cookie": {"s=" + other}}, echo))
	f := finding("acme-key", secret)
	x, err := verifier(t, srv, nil).Ask(context.Background(), &f)
	if err != nil || x.Status != 200 || x.Result.Verdict != scanner.Live || x.Asked.Method != "GET" || !strings.Contains(x.Body, `"id":1`) {
		t.Fatalf("%+v, %v", x, err)
	}
	text := fmt.Sprintf("%+v", x)
	for _, s := range []string{secret, secret[12:], secret[len(secret)-9:], other, base64.StdEncoding.EncodeToString([]byte("u:" + secret))[6:20]} {
		if strings.Contains(text, s) {
			t.Errorf("%q is shown in %s", s, text)
		}
	}
	read := scanner.Finding{RuleID: "acme-key"}
	if _, err := verifier(t, srv, nil).Ask(context.Background(), &read); err == nil {
		t.Error("a finding without a secret is asked about")
	}
}

func TestSeverity(t *testing.T) {
	all := []rules.Severity{rules.Info, rules.Low, rules.Medium, rules.High, rules.Critical}
	for i, s := range all {
		if got := Severity(s, scanner.Live); got != all[min(i+1, 4)] {
			t.Errorf("live %s is %s", s, got)
		}
		if got := Severity(s, scanner.Dead); got != all[min(i, 1)] {
			t.Errorf("dead %s is %s", s, got)
		}
		for _, v := range []scanner.Verdict{scanner.Unknown, scanner.Restricted, scanner.Uncheckable, scanner.NotAsked} {
			if got := Severity(s, v); got != s {
				t.Errorf("%s %s is %s", v, s, got)
			}
		}
	}
}
