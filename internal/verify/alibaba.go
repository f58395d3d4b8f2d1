package verify

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the signature that the interface prescribes
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// signAlibaba asks who the caller is, in the RPC style, signed with HMAC-SHA1.
func signAlibaba(ctx context.Context, v *Verifier, values map[string]string) (*http.Request, error) {
	id, token := values["access_key_id"], values["security_token"]
	switch {
	case strings.HasPrefix(id, "STS.") && token == "":
		return nil, unaskable("It is temporary, and its security token was not found beside it.")
	case !strings.HasPrefix(id, "STS.") && !strings.HasPrefix(id, "LTAI"):
		return nil, unaskable("Its access-key id is not known.")
	case strings.HasPrefix(id, "LTAI"):
		token = ""
	}
	form := url.Values{
		"Action": {"GetCallerIdentity"}, "Version": {"2015-04-01"}, "Format": {"JSON"}, "AccessKeyId": {id},
		"SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"}, "SignatureNonce": {rand.Text()},
		"Timestamp": {v.now().UTC().Format("2006-01-02T15:04:05Z")},
	}
	if token != "" {
		form.Set("SecurityToken", token)
	}
	mac := hmac.New(sha1.New, []byte(values["secret"]+"&"))
	mac.Write([]byte("POST&%2F&" + rfc3986(url.QueryEscape(rfc3986(form.Encode())))))
	form.Set("Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, baseURL(values, "sts.aliyuncs.com")+"/", strings.NewReader(rfc3986(form.Encode())))
	if err != nil {
		return nil, fmt.Errorf("ask Alibaba Cloud STS: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// rfc3986 turns what package url has escaped into what RFC 3986 prescribes: everything but its unreserved characters.
func rfc3986(escaped string) string {
	return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(escaped)
}
