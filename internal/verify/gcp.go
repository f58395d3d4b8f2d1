package verify

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// signGCPCertificates fetches the list of certificates that Google publishes of a service account. It does not use the key: there is no
// trace of it in the account's logs, and nothing is minted.
func signGCPCertificates(ctx context.Context, _ *Verifier, values map[string]string) (*http.Request, error) {
	email, _, _, err := serviceAccount(values)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, baseURL(values, "www.googleapis.com")+"/robot/v1/metadata/x509/"+url.PathEscape(email), nil)
	if err != nil {
		return nil, fmt.Errorf("ask for Google's certificates: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// certificateList is what [judgeGCPCertificates] says of an answer.
type certificateList struct {
	// Key is "matches" where a certificate has the key's public half, "differs" where the one of the key's id has another,
	// "absent" where there is none, and "unlisted" where the list has no certificate at all.
	Key  string `json:"key"`
	ID   string `json:"private_key_id,omitempty"`
	Live int    `json:"certificates"`
}

// judgeGCPCertificates compares the certificates with the key. Of what is no list of certificates nothing is left: it could use the same
// words.
func judgeGCPCertificates(_ *Verifier, values map[string]string, a *answer) []byte {
	_, id, key, err := serviceAccount(values)
	listed := map[string]string{}
	switch {
	case a.status != http.StatusOK:
		return a.body
	case err != nil || json.Unmarshal(a.body, &listed) != nil:
		return nil
	}
	found := certificateList{Key: "absent", Live: len(listed)}
	if len(listed) == 0 {
		found.Key = "unlisted"
	}
	for kid, text := range listed {
		public, ok := certificateKey(text)
		switch {
		case !ok:
			return nil
		case public.Equal(&key.PublicKey):
			found.Key, found.ID = "matches", kid
		case kid == id && found.Key != "matches":
			found.Key = "differs"
		}
	}
	said, err := json.Marshal(found)
	if err != nil {
		return nil
	}
	return said
}

func certificateKey(text string) (*rsa.PublicKey, bool) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, false
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, false
	}
	public, ok := cert.PublicKey.(*rsa.PublicKey)
	return public, ok
}

// serviceAccount reads a key: from a PEM text with its account beside it, or from a whole key file, which may be in base64.
func serviceAccount(values map[string]string) (email, id string, key *rsa.PrivateKey, err error) {
	email, id = values["client_email"], values["private_key_id"]
	text := values["secret"]
	if !strings.Contains(text, "-----BEGIN") {
		file := struct {
			Type  string `json:"type"`
			Email string `json:"client_email"`
			ID    string `json:"private_key_id"`
			Key   string `json:"private_key"`
		}{}
		b, ok := anyBase64(text)
		if !ok || json.Unmarshal(b, &file) != nil || file.Type != "service_account" {
			return "", "", nil, unaskable("It is no complete key file.")
		}
		email, id, text = file.Email, file.ID, file.Key
	}
	local, domain, ok := strings.Cut(email, "@")
	if !ok || !allOf(local, lower+digits+"-") || local == "" || !strings.HasSuffix(domain, ".gserviceaccount.com") || !allOf(domain, lower+digits+".-") {
		return "", "", nil, unaskable("Its service account is not known.")
	}
	if key, err = parseRSA(text); err != nil {
		return "", "", nil, err
	}
	return email, id, key, nil
}

// parseRSA reads a private key as it stands in files, in JSON and in environment variables.
func parseRSA(text string) (*rsa.PrivateKey, error) {
	for strings.Contains(text, `\\`) {
		text = strings.ReplaceAll(text, `\\`, `\`)
	}
	text = strings.NewReplacer(`\r`, "", `\n`, "\n", `\/`, "/", "\r", "").Replace(text)
	block, _ := pem.Decode([]byte(strings.TrimSpace(text) + "\n"))
	if block == nil {
		if block = pemOfLine(text); block == nil {
			return nil, unaskable("Its private key cannot be read.")
		}
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, unaskable("Its private key cannot be read.")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, unaskable("Its private key is of a kind that is not used there.")
	}
	return key, nil
}

// pemOfLine reads a PEM text whose line ends were lost or became spaces.
func pemOfLine(text string) *pem.Block {
	_, rest, begins := strings.Cut(text, "PRIVATE KEY-----")
	body, _, ends := strings.Cut(rest, "-----END")
	if !begins || !ends {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), ""))
	if err != nil {
		return nil
	}
	return &pem.Block{Bytes: b}
}
