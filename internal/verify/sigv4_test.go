package verify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// signedCase is one credential, one answer, and what is to come of it.
type signedCase struct {
	rule, provider string
	secret         string
	parts          map[string]string
	serve          http.HandlerFunc
	want           scanner.Verdict
	says           string
	now            time.Time
}

// ask asks a server of the test's in place of the provider, and lets no connection leave this machine.
func (c signedCase) ask(t *testing.T) Exchange {
	t.Helper()
	srv := httptest.NewServer(c.serve)
	t.Cleanup(srv.Close)
	set, err := rules.BuiltinFor([]string{c.rule})
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Endpoints: map[string]string{c.provider: srv.URL}}
	if !c.now.IsZero() {
		opt.Now = func() time.Time { return c.now }
	}
	v, err := New(set, opt)
	if err != nil {
		t.Fatal(err)
	}
	stayHere(t, v)
	parts := map[string]scanner.Secret{}
	for name, value := range c.parts {
		parts[name] = scanner.NewSecret(value, 0)
	}
	f := scanner.NewFinding(c.rule, scanner.NewSecret(c.secret, 0), parts)
	x, err := v.Ask(t.Context(), &f)
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%+v", x)
	if strings.Contains(shown, c.secret) {
		t.Errorf("the secret is in what is shown: %s", shown)
	}
	return x
}

func (c signedCase) check(t *testing.T) {
	t.Helper()
	x := c.ask(t)
	if x.Result.Verdict != c.want || !strings.Contains(x.Result.Verification.Says, c.says) {
		t.Errorf("got %s %q (HTTP %d, %s)\nwant %s %q", x.Result.Verdict, x.Result.Verification.Says, x.Status, x.Body, c.want, c.says)
	}
}

// stayHere makes connections to other machines fail the test, and lets nothing wait.
func stayHere(t *testing.T, v *Verifier) {
	t.Helper()
	dial := v.client.dial
	v.client.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !at.Addr().IsLoopback() {
			t.Errorf("a connection to %s", address)
			return nil, fmt.Errorf("not on loopback: %s", address)
		}
		return dial(ctx, network, address)
	}
	v.sleep = func(context.Context, time.Duration) error { return nil }
}

// answering answers everything alike.
func answering(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// onlyWith answers so only to a request that want likes, and with HTTP 403 to others, among them the negative control's.
func onlyWith(want func(*http.Request) bool, serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !want(r) {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"refused": true}`)
			return
		}
		serve(w, r)
	}
}

// stsKey is a key that the stand-in knows, in one partition.
type stsKey struct{ region, secret, token, state string }

// stsStandIn answers as STS does, all partitions in one, told apart by the region in the signature. Signatures are computed anew from
// the specification of Signature Version 4, without the library that made them.
func stsStandIn(t *testing.T, keys map[string]stsKey, now time.Time) http.HandlerFunc {
	fail := func(w http.ResponseWriter, code string) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"Error":{"Code":%q,"Message":"m","Type":"Sender"},"RequestId":"r"}`, code)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if string(body) != "Action=GetCallerIdentity&Version=2011-06-15" || r.Method != http.MethodPost || r.URL.Path != "/" || r.Header.Get("Accept") != "application/json" {
			t.Errorf("not the question: %s %s %q", r.Method, r.URL, body)
		}
		w.Header().Set("Content-Type", "application/json")
		id, scope, signed, signature := splitAuthorization(t, r.Header.Get("Authorization"))
		at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || len(scope) != 4 || scope[0] != at.Format("20060102") || scope[2] != "sts" || scope[3] != "aws4_request" {
			t.Errorf("date and scope: %v %v", at, scope)
		}
		key, known := keys[id]
		switch {
		case at.Sub(now).Abs() > 5*time.Minute:
			fail(w, "RequestExpired")
		case !known || key.region != scope[1] || key.token != r.Header.Get("X-Amz-Security-Token") || key.state == "inactive":
			fail(w, "InvalidClientTokenId")
		case signature != sigV4(r, body, key.secret, scope, signed, r.Header.Get("X-Amz-Date")):
			fail(w, "SignatureDoesNotMatch")
		case key.state != "":
			fail(w, key.state)
		default:
			io.WriteString(w, `{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"029608264753","Arn":"arn:aws:iam::029608264753:user/ci","UserId":"AIDA`+strings.Repeat("Q", 16)+`"},"ResponseMetadata":{"RequestId":"r"}}}`)
		}
	}
}

func splitAuthorization(t *testing.T, text string) (id string, scope, signed []string, signature string) {
	t.Helper()
	rest, ok := strings.CutPrefix(text, "AWS4-HMAC-SHA256 ")
	if !ok {
		t.Fatalf("Authorization: %q", text)
	}
	for field := range strings.SplitSeq(rest, ", ") {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "Credential":
			var all string
			id, all, _ = strings.Cut(value, "/")
			scope = strings.Split(all, "/")
		case "SignedHeaders":
			signed = strings.Split(value, ";")
		case "Signature":
			signature = value
		}
	}
	return id, scope, signed, signature
}

// sigV4 computes the signature of a request without a query.
func sigV4(r *http.Request, body []byte, secret string, scope, signed []string, date string) string {
	sum := func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		io.WriteString(h, text)
		return h.Sum(nil)
	}
	var headers strings.Builder
	for _, name := range signed {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		headers.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	if !slices.IsSorted(signed) || !slices.Contains(signed, "host") || !slices.Contains(signed, "x-amz-date") {
		return "the wrong headers are signed"
	}
	if r.Header.Get("X-Amz-Security-Token") != "" && !slices.Contains(signed, "x-amz-security-token") {
		return "the token is not signed"
	}
	canonical := strings.Join([]string{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, headers.String(), strings.Join(signed, ";"), sum(body)}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range scope {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, strings.Join([]string{"AWS4-HMAC-SHA256", date, strings.Join(scope, "/"), sum([]byte(canonical))}, "\n")))
}

func TestAWSAccessKeys(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	id := func(prefix, fill string) string { return prefix + strings.Repeat(fill, 16) }
	secret, other := strings.Repeat("aB3/", 10), strings.Repeat("xY7+", 10)
	token := "IQoJb3JpZ2luX2Vj" + strings.Repeat("Zz09", 40)
	serve := stsStandIn(t, map[string]stsKey{
		id("AKIA", "A"): {region: "us-east-1", secret: secret},
		id("AKIA", "B"): {region: "cn-north-1", secret: secret},
		id("AKIA", "C"): {region: "us-gov-west-1", secret: secret},
		id("AKIA", "D"): {region: "eusc-de-east-1", secret: secret},
		id("AKIA", "E"): {region: "us-east-1", secret: secret, state: "inactive"},
		id("AKIA", "F"): {region: "us-east-1", secret: secret, state: "AccessDenied"},
		id("AKIA", "G"): {region: "us-east-1", secret: secret, state: "Throttling"},
		id("ASIA", "A"): {region: "us-east-1", secret: secret, token: token},
		id("ASIA", "B"): {region: "us-east-1", secret: secret, token: token, state: "ExpiredToken"},
	}, now)
	for _, tc := range []struct {
		name, id, secret, token string
		at                      time.Time
		want                    scanner.Verdict
		says                    string
	}{
		{"live", id("AKIA", "A"), secret, "", now, scanner.Live, "accepts the key"},
		{"a token beside a long-lived key", id("AKIA", "A"), secret, token, now, scanner.Live, "accepts the key"},
		{"China", id("AKIA", "B"), secret, "", now, scanner.Live, "accepts the key"},
		{"GovCloud", id("AKIA", "C"), secret, "", now, scanner.Live, "accepts the key"},
		{"European Sovereign Cloud", id("AKIA", "D"), secret, "", now, scanner.Live, "accepts the key"},
		{"China, another secret", id("AKIA", "B"), other, "", now, scanner.Unknown, "not its secret"},
		{"inactive", id("AKIA", "E"), secret, "", now, scanner.Dead, "No partition"},
		{"no such key", id("AKIA", "Z"), secret, "", now, scanner.Dead, "No partition"},
		{"another secret", id("AKIA", "A"), other, "", now, scanner.Unknown, "not its secret"},
		{"denied", id("AKIA", "F"), secret, "", now, scanner.Restricted, "denies the call"},
		{"throttled", id("AKIA", "G"), secret, "", now, scanner.Unknown, ""},
		{"clock", id("AKIA", "A"), secret, "", now.Add(time.Hour), scanner.Unknown, "time of the request"},
		{"session", id("ASIA", "A"), secret, token, now, scanner.Live, "accepts the key"},
		{"session ended", id("ASIA", "B"), secret, token, now, scanner.Expired, "ended"},
		{"session with the token of another", id("ASIA", "A"), secret, token + "Zz09", now, scanner.Unknown, "temporary key"},
		{"session without its token", id("ASIA", "A"), secret, "", now, scanner.Unknown, "session token"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			signedCase{rule: "aws-access-key", provider: "aws", secret: tc.secret, parts: map[string]string{"aws_access_key_id": tc.id, "aws_session_token": tc.token}, serve: serve, now: tc.at, want: tc.want, says: tc.says}.check(t)
		})
	}
	t.Run("learnt", func(t *testing.T) {
		x := signedCase{rule: "aws-access-key", provider: "aws", secret: secret, parts: map[string]string{"aws_access_key_id": id("AKIA", "A")}, serve: serve, now: now}.ask(t)
		if got := x.Result.Verification.Learned["arn"]; got != "arn:aws:iam::029608264753:user/ci" || x.Result.Verification.Attempts != 1 {
			t.Errorf("learnt %v in %d attempts", x.Result.Verification.Learned, x.Result.Verification.Attempts)
		}
	})
}

// TestAWSPartitionOutOfReach: a key is not dead because one partition does not know it and another could not be asked.
func TestAWSPartitionOutOfReach(t *testing.T) {
	serve := func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Authorization"), "/cn-north-1/") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answering(http.StatusForbidden, `{"Error":{"Code":"InvalidClientTokenId"}}`)(w, r)
	}
	signedCase{rule: "aws-access-key", provider: "aws", secret: strings.Repeat("aB3/", 10), parts: map[string]string{"aws_access_key_id": "AKIA" + strings.Repeat("Q", 16)}, serve: serve, want: scanner.Unknown}.check(t)
}

func TestAWSXMLAnswers(t *testing.T) {
	for code, want := range map[string]scanner.Verdict{"InvalidClientTokenId": scanner.Dead, "SignatureDoesNotMatch": scanner.Unknown, "ExpiredToken": scanner.Expired, "RequestExpired": scanner.Unknown, "Other": scanner.Unknown} {
		serve := answering(http.StatusForbidden, "<ErrorResponse><Error><Type>Sender</Type><Code>"+code+"</Code><Message>m</Message></Error></ErrorResponse>", "Content-Type", "text/xml")
		signedCase{rule: "aws-access-key", provider: "aws", secret: strings.Repeat("aB3/", 10), parts: map[string]string{"aws_access_key_id": "AKIA" + strings.Repeat("Q", 16)}, serve: serve, want: want}.check(t)
	}
}

func TestGCSHMAC(t *testing.T) {
	id, secret := "GOOG1E"+strings.Repeat("A", 55), strings.Repeat("aB3/", 10)
	right := func(r *http.Request) bool {
		got, scope, signed, signature := splitAuthorization(t, r.Header.Get("Authorization"))
		return got == id && scope[1] == "auto" && scope[2] == "s3" && signature == sigV4(r, nil, secret, scope, signed, r.Header.Get("X-Amz-Date"))
	}
	for _, tc := range []struct {
		body   string
		status int
		want   scanner.Verdict
	}{
		{"<?xml version='1.0'?><ListAllMyBucketsResult><Owner/></ListAllMyBucketsResult>", 200, scanner.Live},
		{"<Error><Code>AccessDenied</Code></Error>", 403, scanner.Restricted},
		{"<Error><Code>InvalidSecurity</Code></Error>", 403, scanner.Dead},
		{"<Error><Code>SignatureDoesNotMatch</Code></Error>", 403, scanner.Unknown},
		{"<Error><Code>RequestTimeTooSkewed</Code></Error>", 403, scanner.Unknown},
	} {
		serve := onlyWith(right, answering(tc.status, tc.body, "Content-Type", "application/xml"))
		signedCase{rule: "google-gcs-hmac", provider: "google", secret: secret, parts: map[string]string{"gcs_hmac_id": id}, serve: serve, want: tc.want}.check(t)
	}
}

// TestSignedHosts: without an endpoint that the user named, requests go to hosts that stand in the code, and hostile values make none.
func TestSignedHosts(t *testing.T) {
	v := &Verifier{opt: Options{Now: time.Now}}
	key := strings.Repeat("A", 86) + "=="
	rsaKey := testPEM(t, testRSA(t))
	for name, tc := range map[string]struct {
		values map[string]string
		host   string
	}{
		"aws-sts":          {map[string]string{"aws_access_key_id": "AKIA" + strings.Repeat("Q", 16)}, "sts.us-east-1.amazonaws.com"},
		"aws-sts-china":    {map[string]string{"aws_access_key_id": "AKIA" + strings.Repeat("Q", 16)}, "sts.cn-north-1.amazonaws.com.cn"},
		"azure-storage":    {map[string]string{"secret": key, "account": "acme01"}, "acme01.blob.core.windows.net"},
		"azure-sas":        {map[string]string{"secret": testSAS("acme01", "sp=r&sr=b")}, "acme01.blob.core.windows.net"},
		"azure-openai":     {map[string]string{"host": "acme.openai.azure.com"}, "acme.openai.azure.com"},
		"azure-devops":     {map[string]string{"organization": "Acme"}, "dev.azure.com"},
		"gcp-certificates": {map[string]string{"secret": rsaKey, "client_email": "ci@p.iam.gserviceaccount.com"}, "www.googleapis.com"},
		"gcs-hmac":         {map[string]string{"gcs_hmac_id": "GOOG" + strings.Repeat("A", 20)}, "storage.googleapis.com"},
		"alibaba-sts":      {map[string]string{"access_key_id": "LTAI" + strings.Repeat("x", 20)}, "sts.aliyuncs.com"},
		"tencent-sts":      {map[string]string{"secret_id": "AKID" + strings.Repeat("x", 32)}, "sts.tencentcloudapi.com"},
		"oci-user":         {map[string]string{"secret": rsaKey, "user_ocid": "ocid1.user.oc1..aaaa", "tenancy_ocid": "ocid1.tenancy.oc1..aaaa", "region": "eu-frankfurt-1"}, "identity.eu-frankfurt-1.oraclecloud.com"},
		"bedrock-long":     {map[string]string{"secret": "ABSK" + strings.Repeat("Q", 120)}, "bedrock.us-east-1.amazonaws.com"},
		"bedrock-west":     {map[string]string{"secret": "ABSK" + strings.Repeat("Q", 120)}, "bedrock.us-west-2.amazonaws.com"},
		"bedrock-us-gov":   {map[string]string{"secret": "ABSK" + strings.Repeat("Q", 120)}, "bedrock.us-gov-west-1.amazonaws.com"},
		"bedrock-mantle":   {map[string]string{"secret": "ABSK" + strings.Repeat("Q", 120)}, "bedrock-mantle.us-east-1.api.aws"},
	} {
		check := signedChecks()[name]
		values := map[string]string{"secret": strings.Repeat("aB3/", 10)}
		for k, value := range tc.values {
			values[k] = value
		}
		req, err := check.sign(t.Context(), v, values)
		if err != nil || req.URL.Host != tc.host || req.URL.Scheme != "https" {
			t.Errorf("%s: %v, %v", name, req, err)
			continue
		}
		for k := range tc.values {
			if name == "azure-storage" && k == "secret" {
				continue // it only signs
			}
			for _, hostile := range []string{"", "evil.example/", "evil.example#", "a@evil.example", "../..", "a b", "x\r\nHost: evil", "evil.example?", strings.Repeat("a", 500)} {
				values := map[string]string{"secret": values["secret"]}
				for k, value := range tc.values {
					values[k] = value
				}
				values[k] = hostile
				req, err := check.sign(t.Context(), v, values)
				switch {
				case err != nil:
				case name == "azure-devops" && req.URL.Host == "app.vssps.visualstudio.com":
				default:
					t.Errorf("%s with %s=%q asks %s", name, k, hostile, req.URL)
				}
			}
		}
	}
}
