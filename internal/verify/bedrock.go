package verify

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const (
	longPrefix  = "ABSK"
	shortPrefix = "bedrock-api-key-"
	// bedrockHome is where a long-term key, which names no region, is asked about first.
	bedrockHome = "us-east-1"
)

// bedrockIn returns a signer that lists the foundation models with an API key, which is free. A short-term key works in the region that
// is written in it, and nowhere else; a long-term one, which names none, is asked about in home.
func bedrockIn(home string) signer {
	return func(ctx context.Context, _ *Verifier, values map[string]string) (*http.Request, error) {
		key, region, err := bedrockKey(values["secret"])
		if err != nil {
			return nil, err
		}
		if region == "" {
			region = home
		}
		return bearer(ctx, baseURL(values, "bedrock."+region+".amazonaws.com")+"/foundation-models", key)
	}
}

// signBedrockMantle asks Bedrock's other front about a long-term key: the first one's refusal does not tell a dead key from one that
// the region does not take.
func signBedrockMantle(ctx context.Context, _ *Verifier, values map[string]string) (*http.Request, error) {
	key, _, err := bedrockKey(values["secret"])
	if err != nil {
		return nil, err
	}
	return bearer(ctx, baseURL(values, "bedrock-mantle."+bedrockHome+".api.aws")+"/v1/models", key)
}

func bearer(ctx context.Context, address, key string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("ask with a bearer token: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// bedrockKey returns a key in the form in which it is sent, and its region; a long-term key has none. The decoded forms of both kinds, which leak too, are put
// back into the form of the key.
func bedrockKey(secret string) (key, region string, err error) {
	body, short := strings.CutPrefix(secret, shortPrefix)
	clear, isURL := bedrockURL(secret)
	switch {
	case strings.HasPrefix(secret, longPrefix):
		return secret, "", nil
	case isURL:
		key = shortPrefix + base64.StdEncoding.EncodeToString([]byte(clear))
	case short:
		b, ok := anyBase64(body)
		if clear, isURL = bedrockURL(string(b)); !ok || !isURL {
			return "", "", unaskable("It does not hold a presigned request, so its region is not known.")
		}
		key = secret
	case strings.Contains(secret, "-at-"):
		return longPrefix + base64.StdEncoding.EncodeToString([]byte(secret)), "", nil
	default:
		return "", "", unaskable("It is not a Bedrock API key.")
	}
	_, query, _ := strings.Cut(clear, "?")
	q, err := url.ParseQuery(query)
	scope := strings.Split(q.Get("X-Amz-Credential"), "/")
	if err != nil || len(scope) != 5 || !awsRegion(scope[2]) {
		return "", "", unaskable("The presigned request in it names no region.")
	}
	return key, scope[2], nil
}

// bedrockURL takes the presigned request of a short-term key out of the ways it is written down in.
func bedrockURL(s string) (string, bool) {
	s = strings.TrimPrefix(s, "https://")
	for _, amp := range []string{"&amp;", `\u0026`} {
		s = strings.ReplaceAll(s, amp, "&")
	}
	return s, strings.HasPrefix(s, "bedrock") && strings.Contains(s, "Action=CallWithBearerToken")
}

// awsRegion reports whether s is a region's name, and with that a label that is safe in the middle of a host's name.
func awsRegion(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) < 3 || len(parts) > 4 || len(s) > 24 {
		return false
	}
	last := len(parts) - 1
	for _, p := range parts[:last] {
		if p == "" || !allOf(p, lower) {
			return false
		}
	}
	return len(parts[last]) == 1 && allOf(parts[last], digits)
}
