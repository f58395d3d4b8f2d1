package verify

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzSignedRequests: whatever a credential is said to be, its request goes over https to a host of its provider, and everything in it
// can be sent.
func FuzzSignedRequests(f *testing.F) {
	f.Add("azure-sas", testSAS("acme01", "sp=r&sr=b&se=2027-01-01"), "acme01", "x")
	f.Add("azure-sas", "https://acme01.blob.core.windows.net/../a?sp=rl&sr=c&sig=a;b", "", "")
	f.Add("bedrock-short", testBedrockShort("eu-central-1"), "", "")
	f.Add("bedrock-long", testBedrockLong(), "", "")
	f.Add("aws-sts", strings.Repeat("aB3/", 10), "AKIA"+strings.Repeat("Q", 16), "token")
	f.Add("azure-storage", strings.Repeat("A", 86)+"==", "acme01", "")
	f.Add("azure-openai", "k", "acme.openai.azure.com", "")
	f.Add("azure-devops", "k\x00", "acme", "")
	f.Add("gcp-certificates", `-----BEGIN PRIVATE KEY-----\nMII\n-----END`, "ci@p.iam.gserviceaccount.com", "")
	f.Add("alibaba-sts", "k", "STS.aaaa", "t")
	f.Add("tencent-sts", "k", "AKIDaaaa", "")
	f.Add("oci-user", "k", "ocid1.user.oc1..aaaa", "eu-frankfurt-1")
	domains := []string{".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws", ".core.windows.net", ".azure.com", ".visualstudio.com", ".googleapis.com", ".aliyuncs.com", ".tencentcloudapi.com", ".oraclecloud.com"}
	checks := signedChecks()
	f.Fuzz(func(t *testing.T, name, secret, a, b string) {
		check, ok := checks[name]
		if !ok {
			return
		}
		values := map[string]string{"secret": secret}
		for _, key := range []string{"aws_access_key_id", "gcs_hmac_id", "account", "host", "organization", "client_email", "access_key_id", "secret_id", "user_ocid"} {
			values[key] = a
		}
		for _, key := range []string{"aws_session_token", "security_token", "tenancy_ocid", "region", "private_key_id"} {
			values[key] = b
		}
		v := &Verifier{opt: Options{Now: time.Now}}
		req, err := check.sign(t.Context(), v, values)
		if err != nil {
			return
		}
		known := false
		for _, d := range domains {
			known = known || strings.HasSuffix(req.URL.Host, d)
		}
		again, err := url.Parse(req.URL.String())
		if !known || err != nil || again.Host != req.URL.Host || req.URL.Scheme != "https" || req.URL.User != nil || req.Host != req.URL.Host || strings.ContainsAny(req.URL.Host, ":/@?#% ") {
			t.Errorf("%s: %q", name, req.URL)
		}
		if req.Method != http.MethodGet && req.Method != http.MethodPost {
			t.Errorf("%s: %s", name, req.Method)
		}
		if check.judge != nil {
			check.judge(v, values, &answer{status: http.StatusOK, body: []byte(b)})
		}
	})
}
