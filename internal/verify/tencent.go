package verify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// signTencent asks who the caller is, signed with TC3-HMAC-SHA256.
func signTencent(ctx context.Context, v *Verifier, values map[string]string) (*http.Request, error) {
	id := values["secret_id"]
	if !strings.HasPrefix(id, "AKID") || !allOf(id, upper+lower+digits) {
		return nil, unaskable("Its SecretId is not known.")
	}
	const body, service, contentType = "{}", "sts", "application/json; charset=utf-8"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, baseURL(values, "sts.tencentcloudapi.com")+"/", strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask Tencent Cloud STS: %w", err)
	}
	at := v.now().UTC()
	date, stamp := at.Format("2006-01-02"), strconv.FormatInt(at.Unix(), 10)
	canonical := "POST\n/\n\ncontent-type:" + contentType + "\nhost:" + req.URL.Host + "\n\ncontent-type;host\n" + sha256Hex(body)
	scope := date + "/" + service + "/tc3_request"
	key := []byte("TC3" + values["secret"])
	for _, part := range []string{date, service, "tc3_request"} {
		key = hmacSHA256(key, part)
	}
	signature := hex.EncodeToString(hmacSHA256(key, "TC3-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+sha256Hex(canonical)))
	for name, value := range map[string]string{
		"Content-Type": contentType, "X-Tc-Action": "GetCallerIdentity", "X-Tc-Version": "2018-08-13", "X-Tc-Region": "ap-guangzhou",
		"X-Tc-Timestamp": stamp,
		"Authorization":  "TC3-HMAC-SHA256 Credential=" + id + "/" + scope + ", SignedHeaders=content-type;host, Signature=" + signature,
	} {
		req.Header.Set(name, value)
	}
	return req, nil
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
