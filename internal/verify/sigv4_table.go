package verify

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"net/url"
	"strings"
)

// signedCheck is a check that takes code: a rule names it, and says what the answers mean.
type signedCheck struct {
	sign signer
	// further are checks that must say dead as well before dead is believed. They are judged by the same answers, in order, and the
	// first that says something else decides.
	further []string
	// id names the value that is the public half of the credential, where the service is slow to tell secrets of one id apart: see
	// [Verifier.paced].
	id string
	// prepare, where there is one, settles what of the values that were found counts, and may change them.
	prepare func(values map[string]string)
	// judge, where there is one, says what only code can see in an answer. What it returns stands for the body when the rule's answers
	// are gone through.
	judge func(v *Verifier, values map[string]string, a *answer) []byte
	// scramble makes the values of the negative control, where changing the secret's characters would leave nothing to ask with.
	scramble func(values map[string]string) (map[string]string, error)
}

// signedChecks are all checks that take code, by the name that rules know them by.
func signedChecks() map[string]signedCheck {
	return map[string]signedCheck{
		"aws-sts":              {sign: stsOf("sts.us-east-1.amazonaws.com", "us-east-1"), id: "aws_access_key_id", further: []string{"aws-sts-china", "aws-sts-us-gov", "aws-sts-eu-sovereign"}},
		"aws-sts-china":        {sign: stsOf("sts.cn-north-1.amazonaws.com.cn", "cn-north-1"), id: "aws_access_key_id"},
		"aws-sts-us-gov":       {sign: stsOf("sts.us-gov-west-1.amazonaws.com", "us-gov-west-1"), id: "aws_access_key_id"},
		"aws-sts-eu-sovereign": {sign: stsOf("sts.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"), id: "aws_access_key_id", judge: judgeSession},
		"bedrock-short":        {sign: bedrockIn(""), scramble: scrambleBedrock},
		"bedrock-long":         {sign: bedrockIn(bedrockHome), further: []string{"bedrock-west", "bedrock-us-gov", "bedrock-mantle"}, scramble: scrambleBedrock},
		"bedrock-west":         {sign: bedrockIn("us-west-2"), scramble: scrambleBedrock},
		"bedrock-us-gov":       {sign: bedrockIn("us-gov-west-1"), scramble: scrambleBedrock},
		"bedrock-mantle":       {sign: signBedrockMantle, scramble: scrambleBedrock},
		"azure-storage":        {sign: signAzureStorage, prepare: storageAccounts, judge: judgeAzureStorage},
		"azure-sas":            {sign: signAzureSAS, judge: judgeSAS, scramble: scrambleSAS},
		"azure-openai":         {sign: signAzureOpenAI, judge: judgeAzureOpenAI},
		"azure-devops":         {sign: signAzureDevOps, judge: judgeAzureDevOps},
		"gcp-certificates":     {sign: signGCPCertificates, judge: judgeGCPCertificates, scramble: anotherRSAKey},
		"gcs-hmac":             {sign: signGCSHMAC},
		"alibaba-sts":          {sign: signAlibaba},
		"tencent-sts":          {sign: signTencent},
		"oci-user":             {sign: signOCI, scramble: anotherRSAKey},
	}
}

// baseURL is where a request goes: a host that stands in the code, or what the user named for the provider. Signatures cover the host, so
// that it has to be known before they are made.
func baseURL(values map[string]string, host string) string {
	if to := values["endpoint"]; to != "" {
		return strings.TrimRight(to, "/")
	}
	return "https://" + host
}

// The alphabets of names that become part of an address.
const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

func allOf(s, alphabet string) bool { return strings.Trim(s, alphabet) == "" }

// dnsLabel reports whether s is one label of a host's name, of letters, digits and inner dashes.
func dnsLabel(s string) bool {
	return len(s) > 1 && len(s) <= 63 && allOf(s, lower+digits+"-") && s[0] != '-' && s[len(s)-1] != '-'
}

// anyBase64 decodes base64 of either alphabet, padded or not.
func anyBase64(s string) ([]byte, bool) {
	s = strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", " ", "").Replace(strings.TrimRight(strings.TrimSpace(s), "="))
	b, err := base64.RawStdEncoding.DecodeString(s)
	return b, err == nil
}

func withSecret(values map[string]string, secret string) map[string]string {
	changed := maps.Clone(values)
	changed["secret"] = secret
	return changed
}

// scrambleBedrock changes what follows the part of a long-term key that can be read, and of a short-term one the signature of the request
// in it: the rest has to be read again to ask.
func scrambleBedrock(values map[string]string) (map[string]string, error) {
	key, _, err := bedrockKey(values["secret"])
	if err != nil {
		return nil, err
	}
	body, short := strings.CutPrefix(key, shortPrefix)
	if !short {
		tail, err := scrambleFrom(key, len(key)-24)
		if err != nil {
			return nil, err
		}
		return withSecret(values, tail), nil
	}
	const name = "X-Amz-Signature="
	clear, _ := anyBase64(body) // bedrockKey has read it
	before, rest, ok := strings.Cut(string(clear), name)
	signature, after, more := strings.Cut(rest, "&")
	if !ok {
		return nil, unaskable("The presigned request in it has no signature.")
	}
	if signature, err = scrambleFrom(signature, 0); err != nil {
		return nil, err
	}
	if more {
		after = "&" + after
	}
	return withSecret(values, shortPrefix+base64.StdEncoding.EncodeToString([]byte(before+name+signature+after))), nil
}

// scrambleSAS changes the signature.
func scrambleSAS(values map[string]string) (map[string]string, error) {
	u, q, err := parseSAS(values["secret"])
	if err != nil {
		return nil, err
	}
	signature, err := scrambleFrom(q.Get("sig"), 0)
	if err != nil {
		return nil, err
	}
	q.Set("sig", signature)
	changed := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath, RawQuery: q.Encode()}
	return withSecret(values, changed.String()), nil
}

// anotherRSAKey puts a key that was made a moment ago, which nobody can know, in the place of the secret.
func anotherRSAKey(values map[string]string) (map[string]string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make a key for the control: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make a key for the control: %w", err)
	}
	changed := withSecret(values, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	if values["client_email"] == "" {
		if email, id, _, err := serviceAccount(values); err == nil {
			changed["client_email"], changed["private_key_id"] = email, id
		}
	}
	delete(changed, "fingerprint")
	return changed, nil
}
