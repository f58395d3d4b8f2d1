package verify

import (
	"context"
	"crypto"
	"crypto/md5" //nolint:gosec // the fingerprint that the provider prescribes
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
)

// signOCI reads the user that an API key is of, with a request signed by the key. Before that, and without asking anybody, the
// fingerprint that stands beside the key must be the key's own.
func signOCI(ctx context.Context, v *Verifier, values map[string]string) (*http.Request, error) {
	user, tenancy, region := values["user_ocid"], values["tenancy_ocid"], values["region"]
	switch {
	case !ocid(user, "user") || !ocid(tenancy, "tenancy"):
		return nil, unaskable("Its user and tenancy are not known.")
	case !awsRegion(region): // of the same form
		return nil, unaskable("Its region is not known.")
	}
	key, err := parseRSA(values["secret"])
	if err != nil {
		return nil, err
	}
	fingerprint, err := ociFingerprint(key)
	if err != nil {
		return nil, err
	}
	if said := values["fingerprint"]; said != "" && !strings.EqualFold(said, fingerprint) {
		return nil, unaskable("The fingerprint beside it is that of another key.")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, baseURL(values, "identity."+region+".oraclecloud.com")+"/20160918/users/"+user, nil)
	if err != nil {
		return nil, fmt.Errorf("ask Oracle Cloud: %w", err)
	}
	date := v.now().UTC().Format(http.TimeFormat)
	req.Header.Set("Date", date)
	sum := sha256.Sum256([]byte("date: " + date + "\n(request-target): get " + req.URL.RequestURI() + "\nhost: " + req.URL.Host))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return nil, unaskable("Its key cannot sign.")
	}
	req.Header.Set("Authorization", `Signature version="1",keyId="`+tenancy+"/"+user+"/"+fingerprint+
		`",algorithm="rsa-sha256",headers="date (request-target) host",signature="`+base64.StdEncoding.EncodeToString(signature)+`"`)
	return req, nil
}

// ocid reports whether s is the id of something of a kind, and safe in a path and in a header.
func ocid(s, kind string) bool {
	return strings.HasPrefix(s, "ocid1."+kind+".") && len(s) < 160 && allOf(s, lower+digits+".-_")
}

// ociFingerprint is the MD5 sum of the public key, in pairs of hex digits.
func ociFingerprint(key *rsa.PrivateKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", unaskable("Its public key cannot be written.")
	}
	sum := md5.Sum(der)
	pairs := make([]string, 0, len(sum))
	for _, b := range sum {
		pairs = append(pairs, hex.EncodeToString([]byte{b}))
	}
	return strings.Join(pairs, ":"), nil
}
