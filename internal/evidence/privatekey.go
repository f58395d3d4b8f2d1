package evidence

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxKey bounds the decoded size of a key that is parsed in full: an RSA key of 16,384 bits fits. Checking the numbers
// of a larger one takes seconds, which a hostile file could ask for a thousand times.
const maxKey = 10 << 10

// privateKey parses a private key in any of the armored forms, and states its public half, by which it can be found in
// authorized_keys files, deploy keys and certificate logs.
func privateKey(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	block, ok := parsePEM(base64PEM(s), "PRIVATE KEY")
	if !ok {
		return Result{Change: Lowered, Reason: "truncated or not a key"}
	}
	if block.label == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.headers, "ENCRYPTED") {
		return encryptedKey(block)
	}
	if len(block.der) == 0 {
		return Result{Change: Lowered, Reason: "truncated or not a key"}
	}
	if len(block.der) <= maxKey {
		if r, ok := parseKey(block); ok {
			return r
		}
	}
	if isWholeSequence(block.der) {
		return Result{Change: Raised, Facts: facts{"key_type": "unknown"}, Reason: "it has the structure of a key"}
	}
	return Result{Change: Lowered, Reason: "truncated or not a key"}
}

// encryptedKey judges a key whose content cannot be seen.
func encryptedKey(block pemBlock) Result {
	f := facts{"encrypted": "true"}
	if len(block.der) == 0 || !block.closed {
		return Result{Change: Lowered, Severity: "medium", Facts: f, Reason: "encrypted and truncated"}
	}
	r := Result{Change: Raised, Severity: "medium", Facts: f, Reason: "encrypted"}
	if block.label == "ENCRYPTED PRIVATE KEY" && isWholeSequence(block.der) {
		r.Change = Proven
	}
	return r
}

// parseKey tries the encodings in use. The label decides nothing: files are often mislabelled.
func parseKey(block pemBlock) (Result, bool) {
	if bytes.HasPrefix(block.der, []byte("openssh-key-v1\x00")) {
		return opensshKey(block.der)
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.der); err == nil {
		return publicFacts(key)
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.der); err == nil {
		return publicFacts(key)
	}
	if key, err := x509.ParseECPrivateKey(block.der); err == nil {
		return publicFacts(key)
	}
	if isDSA(block.der) {
		return dsaKey(block.der)
	}
	return otherAlgorithm(block.der)
}

// opensshKey reads OpenSSH's own format. Its public half is not encrypted, so it can be stated in any case.
func opensshKey(der []byte) (Result, bool) {
	var w struct {
		CipherName, KdfName, KdfOpts string
		NumKeys                      uint32
		PubKey, PrivKeyBlock         []byte
		Rest                         []byte `ssh:"rest"`
	}
	if err := ssh.Unmarshal(der[len("openssh-key-v1\x00"):], &w); err != nil || w.NumKeys != 1 {
		return Result{}, false
	}
	pub, err := ssh.ParsePublicKey(w.PubKey)
	if err != nil {
		return Result{}, false
	}
	if w.KdfName != "none" {
		f := facts{"encrypted": "true"}
		sshFacts(pub, f)
		return Result{Change: Proven, Severity: "medium", Facts: f, Reason: "encrypted"}, true
	}
	armored := pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: der})
	key, err := ssh.ParseRawPrivateKey(armored)
	if err != nil {
		// Keys that live on a token and types that the library does not know still have a public half.
		f := facts{}
		sshFacts(pub, f)
		return Result{Change: Raised, Facts: f, Reason: "it has the structure of a key"}, true
	}
	if p, ok := key.(*ed25519.PrivateKey); ok {
		key = *p
	}
	return publicFacts(key)
}

// publicFacts states what the public half of a key says.
func publicFacts(key any) (Result, bool) {
	signer, ok := key.(interface{ Public() crypto.PublicKey })
	if !ok {
		return Result{}, false
	}
	f := facts{}
	switch k := signer.Public().(type) {
	case *rsa.PublicKey:
		f["key_type"], f["bits"] = "rsa", strconv.Itoa(k.N.BitLen())
	case *ecdsa.PublicKey:
		f["key_type"], f["bits"] = "ecdsa", strconv.Itoa(k.Curve.Params().BitSize)
	case ed25519.PublicKey:
		f["key_type"], f["bits"] = "ed25519", "256"
	case *ecdh.PublicKey:
		f["key_type"], f["bits"] = "x25519", "256"
	}
	if spki, err := x509.MarshalPKIXPublicKey(signer.Public()); err == nil {
		sum := sha256.Sum256(spki)
		f["spki_sha256"] = hex.EncodeToString(sum[:])
		f["spki_md5"] = colonHex(md5.Sum(spki))
	}
	if pub, err := ssh.NewPublicKey(signer.Public()); err == nil {
		sshFacts(pub, f)
	}
	r := Result{Change: Proven, Facts: f, Reason: "it parses as a private key"}
	if isPublished(f["ssh_fingerprint"]) {
		return Result{Change: Lowered, Severity: "info", Facts: f, Reason: "it is a key that everybody has"}, true
	}
	return r, true
}

// colonHex writes a fingerprint as Oracle Cloud and AWS show it.
func colonHex(sum [16]byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% x", sum[:]), " ", ":")
}

func sshFacts(pub ssh.PublicKey, f facts) {
	f["ssh_fingerprint"] = ssh.FingerprintSHA256(pub)
	if f["key_type"] == "" {
		f.set("key_type", strings.TrimPrefix(pub.Type(), "ssh-"))
	}
}

// isPublished knows the two keys that come with every copy of Vagrant.
func isPublished(fingerprint string) bool {
	switch strings.TrimPrefix(fingerprint, "SHA256:") {
	case "1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA", "WkvqjnyPAeC0cbPErYiGP9vqHdgL1MqqvPdIe3lvHgI":
		return true
	default:
		return false
	}
}

// isDSA reports whether der is the traditional form of a DSA key: version 0 and five numbers.
func isDSA(der []byte) bool {
	var k struct {
		Version       int
		P, Q, G, Y, X *big.Int
	}
	rest, err := asn1.Unmarshal(der, &k)
	return err == nil && len(rest) == 0 && k.Version == 0
}

func dsaKey(der []byte) (Result, bool) {
	var k struct {
		Version       int
		P, Q, G, Y, X *big.Int
	}
	if _, err := asn1.Unmarshal(der, &k); err != nil || k.P.Sign() <= 0 || k.Q.Sign() <= 0 || k.Y.Sign() <= 0 {
		return Result{}, false
	}
	f := facts{"key_type": "dsa", "bits": strconv.Itoa(k.P.BitLen())}
	wire := ssh.Marshal(struct {
		Name       string
		P, Q, G, Y *big.Int
	}{"ssh-dss", k.P, k.Q, k.G, k.Y})
	if pub, err := ssh.ParsePublicKey(wire); err == nil {
		sshFacts(pub, f)
	}
	return Result{Change: Proven, Facts: f, Reason: "it parses as a private key"}, true
}

// otherAlgorithm names keys whose algorithm the standard library does not have, for instance on the curve secp256k1.
func otherAlgorithm(der []byte) (Result, bool) {
	var pkcs8 struct {
		Version   int
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Key []byte
	}
	if _, err := asn1.Unmarshal(der, &pkcs8); err == nil && len(pkcs8.Key) > 0 {
		f := facts{"key_type": "oid"}
		f.set("key_oid", pkcs8.Algorithm.OID.String())
		return Result{Change: Proven, Facts: f, Reason: "it has the structure of a private key"}, true
	}
	var sec1 struct {
		Version int
		Key     []byte
		OID     asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(der, &sec1); err == nil && sec1.Version == 1 && len(sec1.Key) >= 16 {
		f := facts{"key_type": "ecdsa"}
		f.set("key_oid", sec1.OID.String())
		return Result{Change: Proven, Facts: f, Reason: "it has the structure of a private key"}, true
	}
	return Result{}, false
}

// isWholeSequence reports whether der is one ASN.1 sequence from the first byte to the last.
func isWholeSequence(der []byte) bool {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(der, &v)
	return err == nil && len(rest) == 0 && v.Tag == asn1.TagSequence && v.IsCompound && len(v.Bytes) > 16
}

// clientCertificate states whom a certificate names and until when. A member of system:masters is above all
// authorization, and a client certificate cannot be revoked.
func clientCertificate(encoded string, now time.Time, r *Result) {
	b, ok := unbase64(encoded)
	if !ok {
		return
	}
	if p, _ := pem.Decode(b); p != nil {
		b = p.Bytes
	}
	cert, err := x509.ParseCertificate(b)
	if err != nil {
		return
	}
	f := facts(r.Facts)
	if spki := sha256.Sum256(cert.RawSubjectPublicKeyInfo); f["spki_sha256"] != "" && f["spki_sha256"] != hex.EncodeToString(spki[:]) {
		return // the certificate of another user of the same file
	}
	f.set("user", cert.Subject.CommonName)
	f.set("groups", strings.Join(cert.Subject.Organization, ","))
	r.expiry(cert.NotAfter, now)
	for _, group := range cert.Subject.Organization {
		if group == "system:masters" && r.Verdict != Expired {
			r.Severity = "critical"
			r.Reason = "its certificate is above all access rules of the cluster"
		}
	}
}
