package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// whoAmI is the form of GetCallerIdentity, which needs no permission and which no policy can deny.
const whoAmI = "Action=GetCallerIdentity&Version=2011-06-15"

// stsOf returns a signer that asks the STS of one partition whose credentials these are. Partitions know nothing of each
// other's keys, so that a key is dead only if each of them says so: see signedCheck.further.
func stsOf(host, region string) signer {
	return func(ctx context.Context, v *Verifier, values map[string]string) (*http.Request, error) {
		id, token := values["aws_access_key_id"], values["aws_session_token"]
		switch {
		case !keyIDShape(id):
			return nil, unaskable("Its access-key id is not known.")
		case strings.HasPrefix(id, "ASIA") && token == "":
			return nil, unaskable("It is temporary, and its session token was not found beside it.")
		case strings.HasPrefix(id, "AKIA"):
			token = "" // a token near a long-lived key belongs to another credential
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, baseURL(values, host)+"/", strings.NewReader(whoAmI))
		if err != nil {
			return nil, fmt.Errorf("ask STS: %w", err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		req.Header.Set("Accept", "application/json")
		keys := aws.Credentials{AccessKeyID: id, SecretAccessKey: values["secret"], SessionToken: token}
		return req, signV4(ctx, req, keys, whoAmI, "sts", region, v.now())
	}
}

// judgeSession tells the last refusal of a temporary key apart: STS gives it as well where the session token beside the key was cut off
// or belongs to another one.
func judgeSession(_ *Verifier, values map[string]string, a *answer) []byte {
	if strings.HasPrefix(values["aws_access_key_id"], "ASIA") && bytes.Contains(a.body, []byte("InvalidClientTokenId")) {
		return []byte("<Code>SkantSession</Code>")
	}
	return a.body
}

// signGCSHMAC lists the buckets of a service account's HMAC key, through the interface that Google shares with S3.
func signGCSHMAC(ctx context.Context, v *Verifier, values map[string]string) (*http.Request, error) {
	id := values["gcs_hmac_id"]
	if !strings.HasPrefix(id, "GOOG") || !allOf(id, upper+digits) {
		return nil, unaskable("Its access id is not known.")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, baseURL(values, "storage.googleapis.com")+"/?max-keys=1", nil)
	if err != nil {
		return nil, fmt.Errorf("ask Cloud Storage: %w", err)
	}
	sum := sha256.Sum256(nil)
	req.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	return req, signV4(ctx, req, aws.Credentials{AccessKeyID: id, SecretAccessKey: values["secret"]}, "", "s3", "auto", v.now())
}

// signV4 signs a request with AWS Signature Version 4.
func signV4(ctx context.Context, req *http.Request, keys aws.Credentials, body, service, region string, at time.Time) error {
	sum := sha256.Sum256([]byte(body))
	err := v4.NewSigner().SignHTTP(ctx, keys, req, hex.EncodeToString(sum[:]), service, region, at)
	if err != nil {
		return fmt.Errorf("sign the request to %s: %w", service, err)
	}
	return nil
}

// keyIDShape reports whether s can be the id of a key that signs requests.
func keyIDShape(s string) bool {
	return len(s) == 20 && (s[:4] == "AKIA" || s[:4] == "ASIA") && allOf(s[4:], upper+digits)
}
