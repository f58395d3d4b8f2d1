package verify

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// FuzzAnswers: whatever comes back for whichever rule, no redirect, no page where JSON is expected, no answer that is cut or compressed, and
// no trouble of the provider's own makes a credential alive or dead, and nothing that is learnt holds a piece of the secret.
func FuzzAnswers(f *testing.F) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		f.Fatal(err)
	}
	v, err := New(set, Options{Proxy: noProxy})
	if err != nil {
		f.Fatal(err)
	}
	var checks []*check
	for i := range set.All() {
		c, err := v.checkOf(&set.All()[i], "")
		if err != nil {
			f.Fatal(err)
		}
		if c.askable() && !slices.ContainsFunc(checks, func(o *check) bool {
			return o.Name == c.Name && o.Signed == c.Signed && len(o.answers) == len(c.answers)
		}) {
			checks = append(checks, c)
		}
	}
	for i, c := range checks {
		for _, a := range c.answers {
			status := 200
			if len(a.Status) > 0 {
				status = a.Status[0]
			}
			f.Add(uint16(i), status, "application/json", "x", `{"id":1,"error":{"code":"invalid_key","message":"Qz7Qz7Qz7Qz7"}}`, byte(0))
		}
	}
	f.Add(uint16(0), 200, "text/html", "x", "<html>", byte(0))
	f.Add(uint16(1), 403, "text/xml", "x", "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>", byte(0))
	f.Add(uint16(2), 503, "", "", "", byte(3))
	secret := "acmekey_" + strings.Repeat("Qz7", 8)
	values := map[string]string{"secret": secret}
	f.Fuzz(func(t *testing.T, at uint16, status int, kind, header, body string, flags byte) {
		c := checks[int(at)%len(checks)]
		a := &answer{status: status, header: http.Header{"Content-Type": {kind}}, body: []byte(body), cut: flags&1 != 0, encoded: flags&2 != 0}
		for _, ans := range c.answers {
			for name := range ans.headers {
				a.header.Set(name, header)
			}
		}
		m := c.judge(a, "host.example", values, []string{"secret"})
		switch m.verdict {
		case scanner.Live, scanner.Restricted, scanner.Dead, scanner.Expired, scanner.Unknown:
		default:
			t.Fatalf("%s: %q", c.Name, m.verdict)
		}
		gone := m.verdict == scanner.Dead || m.verdict == scanner.Expired
		if m.verdict != scanner.Unknown && (status/100 == 3 || a.cut || a.encoded || isPage(a) && c.wantsJSON) || gone && (status == http.StatusTooManyRequests || status >= 500) {
			t.Errorf("%s: %d %q is %s", c.Name, status, body, m.verdict)
		}
		if m.says == "" {
			t.Errorf("%s: nothing is said", c.Name)
		}
		for name, fact := range m.learned {
			for i := 0; i+piece <= len(secret); i++ {
				if strings.Contains(strings.ToLower(fact), strings.ToLower(secret[i:i+piece])) || len(fact) > 8*maxLearned {
					t.Errorf("%s: %s is %q", c.Name, name, fact)
				}
			}
		}
	})
}

// FuzzRetryAfter: no server makes a run wait longer than half a minute, or back in time.
func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{"", "0", "7", "-1", "+5", "1e9", "4294967295", "4294967296", "99999999999999999999999", "Mon, 23 Nov 2026 12:00:20 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Monday, 23-Nov-26 12:00:20 GMT", " 3 ", "3, 4", "soon"} {
		f.Add(text, 1)
	}
	f.Fuzz(func(t *testing.T, text string, attempt int) {
		header := http.Header{"Retry-After": {text}}
		if after := retryAfter(header, now); after < 0 {
			t.Errorf("%q is %v", text, after)
		}
		wait, wished, ok := waitFor(1+(attempt&1), header, now)
		if ok && (wait <= 0 || wait > maxWait) || !ok && !wished {
			t.Errorf("%q: %v %v %v", text, wait, wished, ok)
		}
	})
}

// FuzzVeil: a secret that stands anywhere in a text, in any writing that is known, is not in what is shown.
func FuzzVeil(f *testing.F) {
	f.Add("acmekey_0123456789abcdef", `{"a":"`, `"}`, byte(0))
	f.Add("acmekey_0123456789abcdef", `\u0061`, `%61`, byte(3))
	f.Add("p%40ss/word+with=signs", "Basic ", "\r\n", byte(5))
	f.Add("ÄÖÜ\x00\xff\"\\12345678", "&#x41;", "\n", byte(7))
	f.Fuzz(func(t *testing.T, secret, before, after string, how byte) {
		if len(secret) > 200 || len(before)+len(after) > 1000 {
			return
		}
		backwards := []byte(secret)
		slices.Reverse(backwards)
		quoted, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		forms := []string{
			secret, strings.ToUpper(secret), url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)), string(backwards),
			base64.StdEncoding.EncodeToString([]byte(secret)), strings.Trim(string(quoted), `"`),
		}
		form := forms[int(how)%len(forms)]
		text := before + form + after
		v := newVeil(map[string]string{"secret": secret}, []string{"secret"})
		shown := v.text(text)
		if low := small(shown); len(secret) >= piece {
			for i := 0; i+piece <= len(secret); i++ {
				if strings.Contains(low, small(secret[i:i+piece])) {
					t.Fatalf("%q in %q shows %q", secret, text, shown)
				}
			}
			if len(form) >= piece && how%8 != 1 && how%8 != 6 && strings.Contains(low, small(form)) {
				t.Fatalf("%q in %q shows %q", form, text, shown)
			}
		}
		if again := v.text(shown); again != shown && !strings.Contains(secret, "*") && !strings.Contains(string(quoted), "*") {
			t.Errorf("%q is masked again: %q", shown, again)
		}
	})
}

// FuzzScramble: the secret of a negative control is another one of the same length, behind the same prefix.
func FuzzScramble(f *testing.F) {
	f.Add("acmekey_0123456789abcdef", 8)
	f.Add("a.b.c", 0)
	f.Add("https://hooks.example/services/T0/B0/abcdefghijkl", 0)
	f.Add("----", 2)
	f.Add("x", 5)
	f.Add("0.0.00000000", 12)
	f.Fuzz(func(t *testing.T, secret string, prefix int) {
		if prefix < 0 || prefix > len(secret) {
			return
		}
		got, err := scramble(secret, prefix)
		if err != nil {
			return
		}
		if got == secret || len(got) != len(secret) || got[:prefix] != secret[:prefix] {
			t.Errorf("%q, %d: %q", secret, prefix, got)
		}
	})
}

// FuzzRecord: whatever stands in the record of earlier verdicts, nothing but what is fresh and known to be kept is believed.
func FuzzRecord(f *testing.F) {
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	f.Add(`{"key":"` + key + `","entries":{"NAME":{"verdict":"live","verification":{"at":"2026-11-23T12:00:00Z"}}}}`)
	f.Add(`{"key":"` + key + `","entries":{"NAME":{"verdict":"dead","verification":{"at":"2126-11-23T12:00:00Z"}}}}`)
	f.Add(`{"key":"` + key + `","entries":{"NAME":{"verdict":"unknown","verification":{"at":"2026-11-23T12:00:00Z"}}}}`)
	f.Add(`{"key":"` + key + `","entries":{"NAME":{"verdict":"","verification":{"at":"2026-11-23T12:01:30Z"}}}}`)
	f.Add(`{"key":null,"entries":null}`)
	set, err := rules.Read([]byte(acme), "acme.yaml")
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 12, 1, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := New(set, Options{Now: func() time.Time { return now }, Proxy: noProxy})
		if err != nil {
			t.Fatal(err)
		}
		tasks, err := v.plan([]scanner.Finding{finding("acme-key", "acmekey_"+strings.Repeat("Qz7", 8))})
		if err != nil || len(tasks) != 1 {
			t.Fatal(err)
		}
		v.cache.Key = make([]byte, 32)
		name := v.cache.name(tasks[0])
		r := decodeRecord([]byte(strings.ReplaceAll(text, "NAME", name)))
		if len(r.Key) != 32 {
			return
		}
		v.cache.record = r
		kept, ok := r.Entries[v.cache.name(tasks[0])]
		if !ok {
			return
		}
		age := now.Sub(kept.Verification.At)
		fresh := v.cache.fresh(kept, now)
		gone := kept.Verdict == scanner.Dead || kept.Verdict == scanner.Expired
		lives := kept.Verdict == scanner.Live || kept.Verdict == scanner.Restricted
		if fresh && (age < -maxDrift || !gone && !lives || gone && age >= DefaultTTL || lives && age >= liveTTL) {
			t.Errorf("%+v is believed", kept)
		}
		v.cache.prune()
	})
}

// FuzzCertificates: no list of certificates but one with the key's own public half calls a service account's key alive.
func FuzzCertificates(f *testing.F) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		f.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "1"}, NotAfter: time.Now().Add(time.Hour)}
	foreign, err := x509.CreateCertificate(rand.Reader, template, template, &other.PublicKey, other)
	if err != nil {
		f.Fatal(err)
	}
	id := strings.Repeat("ab12", 10)
	quoted, err := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: foreign})))
	if err != nil {
		f.Fatal(err)
	}
	for _, body := range []string{`{}`, `[]`, `{"` + id + `":""}`, `{"` + id + `":` + string(quoted) + `}`, `{"x":` + string(quoted) + `}`, `{"error":{"code":404}}`, `<html>`, `{"` + id + `":1}`} {
		f.Add(body, 200)
	}
	values := map[string]string{
		"secret": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "client_email": "ci@acme.iam.gserviceaccount.com", "private_key_id": id,
	}
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		f.Fatal(err)
	}
	v, err := New(set, Options{Proxy: noProxy})
	if err != nil {
		f.Fatal(err)
	}
	c, err := v.checkOf(set.Lookup("google-service-account-key"), "")
	if err != nil {
		f.Fatal(err)
	}
	by := c.variants()[0]
	f.Fuzz(func(t *testing.T, body string, status int) {
		a := &answer{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: []byte(body)}
		m := c.judge(by.read(v, values, a), "www.googleapis.com", values, []string{"secret"})
		if alive(m.verdict) {
			t.Errorf("%d %q is %s", status, body, m.verdict)
		}
	})
}
