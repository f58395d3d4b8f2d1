package verify

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skant-dev/skant/scanner"
)

// escaped is RFC 3986's encoding, byte by byte.
func escaped(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func TestAlibabaKeys(t *testing.T) {
	id, secret := "LTAI5t"+strings.Repeat("aB3x", 4), strings.Repeat("aB3xY9", 5)
	right := func(r *http.Request) bool {
		if r.ParseForm() != nil || r.PostForm.Get("Action") != "GetCallerIdentity" || r.PostForm.Get("SignatureNonce") == "" {
			t.Errorf("not the question: %v", r.PostForm)
		}
		var pairs []string
		for name, values := range r.PostForm {
			if name != "Signature" {
				pairs = append(pairs, escaped(name)+"="+escaped(values[0]))
			}
		}
		slices.Sort(pairs)
		mac := hmac.New(sha1.New, []byte(secret+"&"))
		io.WriteString(mac, "POST&"+escaped("/")+"&"+escaped(strings.Join(pairs, "&")))
		return r.PostForm.Get("Signature") == base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	code := func(c string) string { return `{"RequestId":"r","Code":"` + c + `","Message":"m"}` }
	for _, tc := range []struct {
		status int
		body   string
		want   scanner.Verdict
	}{
		{200, `{"AccountId":"1","Arn":"acs:ram::1:user/ci","UserId":"2","IdentityType":"RAMUser"}`, scanner.Live},
		{404, code("InvalidAccessKeyId.NotFound"), scanner.Dead},
		{403, code("InvalidAccessKeyId.Inactive"), scanner.Dead},
		{400, code("SignatureDoesNotMatch"), scanner.Unknown},
		{400, code("InvalidSecurityToken.Expired"), scanner.Expired},
		{400, code("InvalidTimeStamp.Expired"), scanner.Unknown},
		{400, code("Throttling.User"), scanner.Unknown},
	} {
		signedCase{rule: "alibaba-key", provider: "alibaba", secret: secret, parts: map[string]string{"access_key_id": id}, serve: onlyWith(right, answering(tc.status, tc.body)), want: tc.want}.check(t)
	}
	signedCase{rule: "alibaba-sts-credential", provider: "alibaba", secret: secret, parts: map[string]string{"access_key_id": "STS." + strings.Repeat("x", 24)}, serve: answering(200, "{}"), want: scanner.Unknown, says: "security token"}.check(t)
}

func TestTencentKeys(t *testing.T) {
	id, secret := "AKID"+strings.Repeat("aB3x", 8), strings.Repeat("xY7q", 8)
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		io.WriteString(h, text)
		return h.Sum(nil)
	}
	right := func(r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("X-TC-Action") != "GetCallerIdentity" || r.Header.Get("X-TC-Version") != "2018-08-13" {
			t.Errorf("not the question: %v %s", err, r.Header)
		}
		var seconds int64
		if _, err := fmt.Sscan(r.Header.Get("X-TC-Timestamp"), &seconds); err != nil {
			t.Error(err)
		}
		date := time.Unix(seconds, 0).UTC().Format("2006-01-02")
		canonical := fmt.Sprintf("%s\n/\n\ncontent-type:%s\nhost:%s\n\ncontent-type;host\n%x", r.Method, r.Header.Get("Content-Type"), r.Host, sha256.Sum256(body))
		text := fmt.Sprintf("TC3-HMAC-SHA256\n%d\n%s/sts/tc3_request\n%x", seconds, date, sha256.Sum256([]byte(canonical)))
		want := fmt.Sprintf("TC3-HMAC-SHA256 Credential=%s/%s/sts/tc3_request, SignedHeaders=content-type;host, Signature=%x", id, date, mac(mac(mac(mac([]byte("TC3"+secret), date), "sts"), "tc3_request"), text))
		return r.Header.Get("Authorization") == want
	}
	code := func(c string) string {
		return `{"Response":{"Error":{"Code":"` + c + `","Message":"m"},"RequestId":"r"}}`
	}
	for _, tc := range []struct {
		body string
		want scanner.Verdict
	}{
		{`{"Response":{"Type":"CAMUser","AccountId":"1","UserId":"2","PrincipalId":"1","Arn":"qcs::cam:1:uin/2","RequestId":"r"}}`, scanner.Live},
		{code("AuthFailure.SecretIdNotFound"), scanner.Dead},
		{code("AuthFailure.SignatureFailure"), scanner.Unknown},
		{code("AuthFailure.SignatureExpire"), scanner.Unknown},
		{code("AuthFailure.UnauthorizedOperation"), scanner.Restricted},
		{code("AuthFailure.InvalidSecretId"), scanner.Unknown},
		{code("RequestLimitExceeded"), scanner.Unknown},
	} {
		signedCase{rule: "tencent-key", provider: "tencent", secret: secret, parts: map[string]string{"secret_id": id}, serve: onlyWith(right, answering(200, tc.body)), want: tc.want}.check(t)
	}
}

// TestOCIRequests: no rule finds all that the check needs, so that the function is tested by itself.
func TestOCIRequests(t *testing.T) {
	key := testRSA(t)
	v := &Verifier{opt: Options{Now: time.Now}}
	fingerprint, err := ociFingerprint(key)
	if err != nil || !regexp.MustCompile(`^([0-9a-f]{2}:){15}[0-9a-f]{2}$`).MatchString(fingerprint) {
		t.Fatal(fingerprint, err)
	}
	values := map[string]string{"secret": testPEM(t, key), "user_ocid": "ocid1.user.oc1..aaaa", "tenancy_ocid": "ocid1.tenancy.oc1..bbbb", "region": "eu-frankfurt-1", "fingerprint": fingerprint}
	req, err := signOCI(t.Context(), v, values)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`^Signature version="1",keyId="([^"]+)",algorithm="rsa-sha256",headers="date \(request-target\) host",signature="([^"]+)"$`).FindStringSubmatch(req.Header.Get("Authorization"))
	if m == nil || m[1] != "ocid1.tenancy.oc1..bbbb/ocid1.user.oc1..aaaa/"+fingerprint {
		t.Fatal(req.Header)
	}
	signature, err := base64.StdEncoding.DecodeString(m[2])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("date: " + req.Header.Get("Date") + "\n(request-target): get /20160918/users/ocid1.user.oc1..aaaa\nhost: identity.eu-frankfurt-1.oraclecloud.com"))
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		t.Error(err)
	}
	values["fingerprint"] = strings.Repeat("00:", 15) + "00"
	if _, err := signOCI(t.Context(), v, values); err == nil {
		t.Error("the fingerprint of another key is taken")
	}
}
