package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/scanner"
)

func testSAS(account, parameters string) string {
	sig := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\xfbs", 16)))
	return "https://" + account + ".blob.core.windows.net/box/a%20b.txt?" + parameters + "&sig=" + url.QueryEscape(sig)
}

// sharedKeySignature computes Shared Key from its specification, from what arrives at a server.
func sharedKeySignature(r *http.Request, account, key string) string {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return "no key"
	}
	lines := []string{r.Method}
	for _, name := range []string{"Content-Encoding", "Content-Language", "Content-Length", "Content-MD5", "Content-Type", "Date", "If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range"} {
		lines = append(lines, r.Header.Get(name))
	}
	var own []string
	for name := range r.Header {
		if lowered := strings.ToLower(name); strings.HasPrefix(lowered, "x-ms-") {
			own = append(own, lowered+":"+r.Header.Get(name))
		}
	}
	slices.Sort(own)
	lines = append(lines, own...)
	lines = append(lines, "/"+account+r.URL.Path)
	var params []string
	for name, values := range r.URL.Query() {
		slices.Sort(values)
		params = append(params, strings.ToLower(name)+":"+strings.Join(values, ","))
	}
	slices.Sort(params)
	lines = append(lines, params...)
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(strings.Join(lines, "\n")))
	return "SharedKey " + account + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestAzureStorageKeys(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x01kF~", 16)))
	other := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x02kF~", 16)))
	refusal := func(code, detail string) string {
		return `<?xml version="1.0"?><Error><Code>` + code + `</Code><Message>m` + "\n" + `Time:t</Message><AuthenticationErrorDetail>` + detail + `</AuthenticationErrorDetail></Error>`
	}
	wrong := refusal("AuthenticationFailed", "The MAC signature found in the HTTP request 'x=' is not the same as any computed signature.")
	serve := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "comp=list&maxresults=1" || r.Header.Get("X-Ms-Date") == "" {
				t.Errorf("not the question: %s", r.URL)
			}
			if r.Header.Get("Authorization") != sharedKeySignature(r, "acme01", key) {
				status, body = http.StatusForbidden, wrong
			}
			answering(status, body, "Content-Type", "application/xml")(w, r)
		}
	}
	for _, tc := range []struct {
		name, secret string
		status       int
		body         string
		want         scanner.Verdict
	}{
		{"live", key, 200, "\ufeff<?xml version=\"1.0\"?><EnumerationResults></EnumerationResults>", scanner.Live},
		{"a key of another account", other, 200, "", scanner.Dead},
		{"keys are off", key, 403, refusal("KeyBasedAuthenticationNotPermitted", ""), scanner.Unknown},
		{"firewall", key, 403, refusal("AuthorizationFailure", ""), scanner.Unknown},
		{"clock", key, 403, refusal("AuthenticationFailed", "Request date header too old"), scanner.Unknown},
		{"no reason", key, 403, refusal("AuthenticationFailed", ""), scanner.Unknown},
		{"another 200", key, 200, "hello", scanner.Unknown},
		{"overload", key, 503, refusal("ServerBusy", ""), scanner.Unknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			signedCase{rule: "azure-storage-key", provider: "azure", secret: tc.secret, parts: map[string]string{"account": "acme01"}, serve: serve(tc.status, tc.body), want: tc.want}.check(t)
		})
	}
}

func TestAzureSAS(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	const past, future = "2026-11-01T00%3A00%3A00Z", "2027-01-01T00%3A00%3A00Z"
	refusal := func(code, detail string) string {
		return "<Error><Code>" + code + "</Code><AuthenticationErrorDetail>" + detail + "</AuthenticationErrorDetail></Error>"
	}
	times := refusal("AuthenticationFailed", "Signature not valid in the specified time frame: Start [a] - Expiry [b] - Current [c]")
	for _, tc := range []struct {
		name, parameters string
		status           int
		body             string
		want             scanner.Verdict
		asks             string
	}{
		{"one blob", "sv=2021-12-02&sr=b&sp=r&se=" + future, 206, "x", scanner.Live, "/box/a%20b.txt"},
		{"an empty blob", "sv=2021-12-02&sr=b&sp=r&se=" + future, 416, "<Error><Code>InvalidRange</Code></Error>", scanner.Live, "/box/a%20b.txt"},
		{"a container", "sv=2021-12-02&sr=c&sp=rl&se=" + future, 200, "<EnumerationResults/>", scanner.Live, "/box"},
		{"an account", "sv=2021-12-02&ss=b&srt=sco&sp=rl&se=" + future, 200, "<EnumerationResults/>", scanner.Live, "/"},
		{"written for HTML", "sv=2021-12-02&amp;sr=b&amp;sp=r&amp;se=" + future, 206, "x", scanner.Live, "/box/a%20b.txt"},
		{"write only", "sv=2021-12-02&sr=c&sp=w&se=" + future, 200, "", scanner.Unknown, ""},
		{"not yet", "sv=2021-12-02&sr=b&sp=r&st=" + future, 200, "", scanner.Unknown, ""},
		{"ended", "sv=2021-12-02&sr=b&sp=r&se=" + past, 403, times, scanner.Expired, "/box/a%20b.txt"},
		{"ended for the service only", "sv=2021-12-02&sr=b&sp=r&se=" + future, 403, times, scanner.Unknown, "/box/a%20b.txt"},
		{"times of a policy", "sv=2021-12-02&sr=b&si=p", 403, times, scanner.Unknown, "/box/a%20b.txt"},
		{"wrong signature", "sv=2021-12-02&sr=b&sp=r&se=" + future, 403, refusal("AuthenticationFailed", "Signature did not match. String to sign used was x"), scanner.Dead, "/box/a%20b.txt"},
		{"a snapshot", "sv=2021-12-02&sr=bs&sp=r&snapshot=2026-11-01T00%3A00%3A00.0000000Z&se=" + future, 206, "x", scanner.Live, "/box/a%20b.txt"},
		{"signed headers", "sv=2026-02-06&sr=b&sp=r&srh=x&se=" + future, 403, refusal("AuthenticationFailed", "Signature did not match"), scanner.Unknown, ""},
		{"signed for a person", "sv=2025-07-05&sr=b&sp=r&sduoid=x&se=" + future, 403, refusal("AuthenticationFailed", "Signature did not match"), scanner.Unknown, ""},
		{"no reason", "sv=2021-12-02&sr=b&sp=r&se=" + future, 403, refusal("AuthenticationFailed", ""), scanner.Unknown, "/box/a%20b.txt"},
		{"address", "sv=2021-12-02&sr=b&sp=r&sip=192.0.2.1&se=" + future, 403, refusal("AuthorizationSourceIPMismatch", ""), scanner.Restricted, "/box/a%20b.txt"},
		{"permission", "sv=2021-12-02&sr=b&sp=r&se=" + future, 403, refusal("AuthorizationPermissionMismatch", ""), scanner.Restricted, "/box/a%20b.txt"},
		{"firewall", "sv=2021-12-02&sr=b&sp=r&se=" + future, 403, refusal("AuthorizationFailure", ""), scanner.Restricted, "/box/a%20b.txt"},
		{"gone", "sv=2021-12-02&sr=b&sp=r&se=" + future, 404, "<Error><Code>BlobNotFound</Code></Error>", scanner.Unknown, "/box/a%20b.txt"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			secret := testSAS("acme01", tc.parameters+"&evil=1")
			u, err := url.Parse(strings.ReplaceAll(secret, "&amp;", "&"))
			if err != nil {
				t.Fatal(err)
			}
			right := func(r *http.Request) bool {
				if tc.asks != r.URL.EscapedPath() || r.URL.Query().Get("evil") != "" || r.Method != http.MethodGet {
					t.Errorf("asked %s %s", r.Method, r.URL)
				}
				return r.URL.Query().Get("sig") == u.Query().Get("sig") && r.URL.Query().Get("snapshot") == u.Query().Get("snapshot")
			}
			signedCase{rule: "azure-sas-url", provider: "azure", secret: secret, serve: onlyWith(right, answering(tc.status, tc.body, "Content-Type", "application/xml", "X-Ms-Request-Id", "r", "X-Ms-Version", "2021-12-02")), now: now, want: tc.want}.check(t)
		})
	}
	t.Run("what is shown", func(t *testing.T) {
		secret := testSAS("acme01", "sv=2021-12-02&sr=b&sp=r")
		u, err := url.Parse(secret)
		if err != nil {
			t.Fatal(err)
		}
		serve := func(w http.ResponseWriter, r *http.Request) {
			answering(403, refusal("AuthenticationFailed", "Signature did not match. "+r.URL.Query().Get("sig")))(w, r)
		}
		shown := fmt.Sprintf("%+v", signedCase{rule: "azure-sas-url", provider: "azure", secret: secret, serve: serve}.ask(t))
		sig := u.Query().Get("sig")
		for _, form := range []string{sig, url.QueryEscape(sig), sig[:16]} {
			if strings.Contains(shown, form) {
				t.Errorf("the signature is in %s", shown)
			}
		}
	})
	for _, address := range []string{"https://evil.example/x?sp=r&sr=b&sig=a", "http://acme01.blob.core.windows.net/x?sp=r&sr=b&sig=a", "https://acme01.blob.core.windows.net.evil.example/x?sig=a",
		"https://acme01.blob.core.windows.net:444/x?sp=r&sig=a", "https://a.b.blob.core.windows.net/x?sp=r&sig=a", "https://u@acme01.blob.core.windows.net/x?sig=a", "https://acme01.blob.core.windows.net/x?sig=a&sig=b", "%zz"} {
		if _, _, err := parseSAS(address); err == nil {
			t.Errorf("%s is taken", address)
		}
	}
}

func TestAzureOpenAIKeys(t *testing.T) {
	secret := strings.Repeat("0a1b2c3d", 4)
	has := func(r *http.Request) bool { return r.Header.Get("Api-Key") == secret && r.URL.Path == "/openai/models" }
	refusal := `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}`
	for _, tc := range []struct {
		name, body string
		status     int
		want       scanner.Verdict
	}{
		{"live", `{"data":[],"object":"list"}`, 200, scanner.Live},
		{"the resource that was named refuses it", refusal, 401, scanner.Dead},
		{"another 401", `{"error":{"code":"PermissionDenied"}}`, 401, scanner.Unknown},
		{"firewall", `{"error":{"code":"403","message":"Access denied due to Virtual Network/Firewall rules."}}`, 403, scanner.Restricted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			signedCase{rule: "azure-openai-key-legacy", provider: "azure", secret: secret, serve: onlyWith(has, answering(tc.status, tc.body)), want: tc.want}.check(t)
		})
	}
	// Where the resource stands beside the key, it may be another's.
	a := &answer{status: 401, body: []byte(refusal)}
	if got := string(judgeAzureOpenAI(nil, map[string]string{"host": "acme.openai.azure.com"}, a)); got != refusal {
		t.Errorf("got %s", got)
	}
}

func TestAzureDevOpsTokens(t *testing.T) {
	secret := strings.Repeat("abcd2345", 6) + "wxyz"
	has := func(r *http.Request) bool {
		user, password, ok := r.BasicAuth()
		return ok && user == "" && password == secret && r.URL.Path == "/_apis/projects"
	}
	for _, tc := range []struct {
		name, body string
		status     int
		headers    []string
		want       scanner.Verdict
	}{
		{"live", `{"count":1,"value":[{}]}`, 200, nil, scanner.Live},
		{"sign-in page", `<!DOCTYPE html><html>Sign in</html>`, 203, []string{"Content-Type", "text/html"}, scanner.Unknown},
		{"dead", "", 401, nil, scanner.Dead},
		{"expired", "", 401, []string{"X-TFS-ServiceError", "Access+Denied%3a+The+Personal+Access+Token+used+has+expired."}, scanner.Expired},
		{"may not", `{"message":"no"}`, 403, nil, scanner.Restricted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			signedCase{rule: "azure-devops-pat-legacy", provider: "azure", secret: secret, serve: onlyWith(has, answering(tc.status, tc.body, tc.headers...)), want: tc.want}.check(t)
		})
	}
	a := &answer{status: 401}
	if got := judgeAzureDevOps(nil, nil, a); len(got) != 0 {
		t.Errorf("the refusal of an organization that nobody named counts: %s", got)
	}
}
