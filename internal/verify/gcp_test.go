package verify

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

func testRSA(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func testPEM(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func testCertificate(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "1"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestGCPServiceAccounts(t *testing.T) {
	key, other := testRSA(t), testRSA(t)
	const email = "ci@acme.iam.gserviceaccount.com"
	id, otherID := strings.Repeat("ab12", 10), strings.Repeat("cd34", 10)
	mine, others := testCertificate(t, key), testCertificate(t, other)
	list := func(certs map[string]string) string {
		b, err := json.Marshal(certs)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	whole, err := json.Marshal(map[string]string{"type": "service_account", "client_email": email, "private_key_id": id, "private_key": testPEM(t, key)})
	if err != nil {
		t.Fatal(err)
	}
	text := testPEM(t, key)
	for _, tc := range []struct {
		name, rule, secret string
		status             int
		body               string
		want               scanner.Verdict
		says               string
	}{
		{"listed", "google-service-account-key", text, 200, list(map[string]string{id: mine, otherID: others}), scanner.Live, "public half"},
		{"escaped", "google-service-account-key", strings.ReplaceAll(text, "\n", `\n`), 200, list(map[string]string{id: mine}), scanner.Live, "public half"},
		{"escaped twice", "google-service-account-key", strings.ReplaceAll(text, "\n", `\\n`), 200, list(map[string]string{id: mine}), scanner.Live, "public half"},
		{"line ends lost", "google-service-account-key", strings.ReplaceAll(strings.TrimSpace(text), "\n", " "), 200, list(map[string]string{id: mine}), scanner.Live, "public half"},
		{"listed by another id", "google-service-account-key", text, 200, list(map[string]string{otherID: mine}), scanner.Live, "public half"},
		{"whole file in base64", "google-service-account-base64", base64.StdEncoding.EncodeToString(whole), 200, list(map[string]string{id: mine}), scanner.Live, "public half"},
		{"not listed", "google-service-account-key", text, 200, list(map[string]string{otherID: others}), scanner.Dead, "none is of this key"},
		{"another key under the id", "google-service-account-key", text, 200, list(map[string]string{id: others}), scanner.Unknown, "do not belong together"},
		{"an empty list", "google-service-account-key", text, 200, "{}", scanner.Unknown, "no certificate"},
		{"no account", "google-service-account-key", text, 404, `{"error":{"code":404}}`, scanner.Unknown, "deleted or disabled"},
		{"no list", "google-service-account-key", text, 200, `{"` + id + `":"not a certificate"}`, scanner.Unknown, ""},
		{"an answer that knows our words", "google-service-account-key", text, 200, `{"key":"absent"}`, scanner.Unknown, ""},
		{"overload", "google-service-account-key", text, 503, `{}`, scanner.Unknown, ""},
		{"a quota", "google-service-account-key", text, 429, `{}`, scanner.Unknown, ""},
		{"no key", "google-service-account-key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", 200, "{}", scanner.Unknown, "cannot be read"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			serve := func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != "/robot/v1/metadata/x509/"+email || r.Header.Get("Authorization") != "" || r.ContentLength > 0 {
					t.Errorf("more than the public list is asked for: %s %s", r.Method, r.URL)
				}
				answering(tc.status, tc.body)(w, r)
			}
			parts := map[string]string{"client_email": email, "private_key_id": id}
			if tc.rule == "google-service-account-base64" {
				parts = nil
			}
			signedCase{rule: tc.rule, provider: "google", secret: tc.secret, parts: parts, serve: serve, want: tc.want, says: tc.says}.check(t)
		})
	}
}

// TestPlainAnswers goes through the tables of checks that need no code.
func TestPlainAnswers(t *testing.T) {
	google := "AIza" + strings.Repeat("x", 35)
	reason := func(r string) string {
		return `{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED","details":[{"@type":"t","reason":"` + r + `","metadata":{"consumer":"projects/123"}}]}}`
	}
	for _, tc := range []struct {
		rule, secret, name string
		status             int
		body               string
		want               scanner.Verdict
	}{
		{"google-api-key", google, "live", 200, `{"models":[{"name":"m"}]}`, scanner.Live},
		{"google-api-key", google, "another 200", 200, `{}`, scanner.Unknown},
		{"google-api-key", google, "invalid", 400, reason("API_KEY_INVALID"), scanner.Dead},
		{"google-api-key", google, "expired", 400, strings.Replace(reason("API_KEY_INVALID"), `"m"`, `"API key expired. Please renew the API key."`, 1), scanner.Expired},
		{"google-api-key", google, "another 400", 400, reason("INVALID_ARGUMENT"), scanner.Unknown},
		{"google-api-key", google, "referrer", 403, reason("API_KEY_HTTP_REFERRER_BLOCKED"), scanner.Restricted},
		{"google-api-key", google, "address", 403, reason("API_KEY_IP_ADDRESS_BLOCKED"), scanner.Restricted},
		{"google-api-key", google, "service", 403, reason("API_KEY_SERVICE_BLOCKED"), scanner.Restricted},
		{"google-api-key", google, "android", 403, reason("API_KEY_ANDROID_APP_BLOCKED"), scanner.Restricted},
		{"google-api-key", google, "ios", 403, reason("API_KEY_IOS_APP_BLOCKED"), scanner.Restricted},
		{"google-api-key", google, "disabled", 403, reason("SERVICE_DISABLED"), scanner.Restricted},
		{"google-api-key", google, "suspended", 403, reason("CONSUMER_SUSPENDED"), scanner.Restricted},
		{"google-api-key", google, "leaked", 403, `{"error":{"code":403,"message":"Your API key was reported as leaked. Please use another API key."}}`, scanner.Restricted},
		{"google-api-key", google, "another 403", 403, reason("OTHER"), scanner.Unknown},
		{"google-authorization-key", "AQ.Ab8R" + strings.Repeat("x", 46), "type", 401, reason("ACCESS_TOKEN_TYPE_UNSUPPORTED"), scanner.Unknown},
		{"google-authorization-key", "AQ.Ab8R" + strings.Repeat("x", 46), "live", 200, `{"models":[]}`, scanner.Live},
		{"google-api-key", google, "quota", 429, `{"error":{"status":"RESOURCE_EXHAUSTED"}}`, scanner.Unknown},
		{"google-oauth-access-token", "ya29.a0" + strings.Repeat("x", 60), "live", 200, `{"azp":"1","scope":"openid email","expires_in":"3599","email":"a@example.org"}`, scanner.Live},
		{"google-oauth-access-token", "ya29.a0" + strings.Repeat("x", 60), "dead", 400, `{"error":"invalid_token","error_description":"Invalid Value"}`, scanner.Dead},
		{"google-oauth-access-token", "ya29.a0" + strings.Repeat("x", 60), "another 400", 400, `{"error":"invalid_request"}`, scanner.Unknown},
		{"google-oauth-client-secret", "GOCSPX-" + strings.Repeat("x", 28), "live", 400, `{"error":"invalid_grant"}`, scanner.Live},
		{"google-oauth-client-secret", "GOCSPX-" + strings.Repeat("x", 28), "dead", 401, `{"error":"invalid_client"}`, scanner.Dead},
		{"google-oauth-client-secret", "GOCSPX-" + strings.Repeat("x", 28), "redirect", 400, `{"error":"redirect_uri_mismatch"}`, scanner.Unknown},
		{"google-recaptcha-secret", "6L" + strings.Repeat("x", 38), "live", 200, `{"success":false,"error-codes":["invalid-input-response"]}`, scanner.Live},
		{"google-recaptcha-secret", "6L" + strings.Repeat("x", 38), "dead", 200, `{"success":false,"error-codes":["invalid-input-response","invalid-input-secret"]}`, scanner.Dead},
		{"google-oauth-refresh-token", "1//0" + strings.Repeat("x", 50), "never asked", 200, `{}`, scanner.Uncheckable},
		{"azure-entra-client-secret", "abc8Q~" + strings.Repeat("x", 34), "never asked", 200, `{}`, scanner.Uncheckable},
	} {
		t.Run(tc.rule+" "+tc.name, func(t *testing.T) {
			has := func(r *http.Request) bool {
				if tc.want == scanner.Uncheckable {
					t.Error("somebody was asked")
				}
				if strings.Contains(r.URL.String(), tc.secret) {
					t.Error("the secret is in the address")
				}
				if r.Header.Get("X-Goog-Api-Key") == tc.secret {
					return true
				}
				return r.ParseForm() == nil && (r.PostForm.Get("access_token") == tc.secret || r.PostForm.Get("client_secret") == tc.secret || r.PostForm.Get("secret") == tc.secret)
			}
			provider, _, _ := strings.Cut(tc.rule, "-")
			signedCase{rule: tc.rule, provider: provider, secret: tc.secret, parts: map[string]string{"client_id": "1-a.apps.googleusercontent.com"}, serve: onlyWith(has, answering(tc.status, tc.body)), want: tc.want}.check(t)
		})
	}
}

// TestControlsOfCode: an answer that is the same for every credential is no answer, also where code makes the question.
func TestControlsOfCode(t *testing.T) {
	for _, tc := range []struct {
		rule, provider, secret, body string
		parts                        map[string]string
		headers                      []string
	}{
		{"azure-sas-url", "azure", testSAS("acme01", "sp=r&sr=b&sv=2021-12-02"), "x", nil, []string{"X-Ms-Request-Id", "r", "X-Ms-Version", "v"}},
		{"azure-storage-key", "azure", strings.Repeat("A", 86) + "==", "<EnumerationResults/>", map[string]string{"account": "acme01"}, []string{"Content-Type", "application/xml"}},
		{"aws-bedrock-long-term-key", "aws", testBedrockLong(), `{"modelSummaries":[]}`, nil, nil},
		{"aws-bedrock-short-term-key", "aws", testBedrockShort("eu-central-1"), `{"modelSummaries":[]}`, nil, nil},
		{"tencent-key", "tencent", strings.Repeat("aB3x", 8), `{"Response":{"AccountId":"1","Arn":"qcs::cam"}}`, map[string]string{"secret_id": "AKID" + strings.Repeat("x", 32)}, nil},
	} {
		signedCase{rule: tc.rule, provider: tc.provider, secret: tc.secret, parts: tc.parts, serve: answering(200, tc.body, tc.headers...), want: scanner.Unknown, says: "made-up credential"}.check(t)
	}
}

// TestOwnRulesHaveLiveness: each rule of these providers says how it is checked, or why not.
func TestOwnRulesHaveLiveness(t *testing.T) {
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{"aws": true, "azure": true, "google": true, "google-chat": true, "google-analytics": true, "alibaba": true, "tencent": true, "oracle": true}
	for _, r := range set.All() {
		l, ok := set.LivenessOf(&r)
		if own[r.Provider] && !ok {
			t.Errorf("%s says nothing about liveness", r.ID)
		}
		if l.Signed != "" && own[r.Provider] && signedChecks()[l.Signed].sign == nil {
			t.Errorf("%s: there is no %q", r.ID, l.Signed)
		}
	}
	for name, c := range signedChecks() {
		for _, further := range c.further {
			if signedChecks()[further].sign == nil {
				t.Errorf("%s: there is no %q", name, further)
			}
		}
	}
}

func TestParseRSAOfAnything(t *testing.T) {
	for _, text := range []string{"", "-----BEGIN", "PRIVATE KEY----------END", strings.Repeat(`\`, 10000), "PRIVATE KEY-----%%%-----END"} {
		if _, err := parseRSA(text); err == nil {
			t.Errorf("%q is a key", text)
		}
	}
}
