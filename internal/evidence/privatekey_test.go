package evidence

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"golang.org/x/crypto/ssh"
)

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaPEM(t testing.TB) string { return pkcs8(t, rsaKey(t)) }

func pkcs8(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// writings are the ways in which a key stands in files.
func writings(t *testing.T, armored string) map[string]string {
	quoted, err := json.Marshal(armored)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(string(quoted))
	if err != nil {
		t.Fatal(err)
	}
	var java, indented strings.Builder
	for _, l := range strings.Split(strings.TrimSpace(armored), "\n") {
		java.WriteString(`    "` + l + `\n" +` + "\n")
		indented.WriteString("      " + l + "\r\n")
	}
	return map[string]string{
		"plain": armored, "json": string(quoted), "json in json": string(twice), "java": java.String(),
		"indented": indented.String(), "one line": strings.ReplaceAll(armored, "\n", " "),
		"unicode escapes": strings.NewReplacer("\n", `\u000a`, "+", `\u002b`, "/", `\/`).Replace(armored),
		"base64":          base64.StdEncoding.EncodeToString([]byte(armored)),
	}
}

func TestPrivateKeyInEveryWriting(t *testing.T) {
	rsaKey := rsaKey(t)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecDER, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	open, err := ssh.MarshalPrivateKey(ed, "")
	if err != nil {
		t.Fatal(err)
	}
	armor := func(label string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	for name, c := range map[string]struct {
		armored, kind, bits string
		public              any
	}{
		"pkcs8 rsa": {pkcs8(t, rsaKey), "rsa", "2048", rsaKey.Public()},
		"pkcs1 rsa": {armor("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), "rsa", "2048", rsaKey.Public()},
		"ec":        {armor("EC PRIVATE KEY", ecDER), "ecdsa", "256", ec.Public()},
		"openssh":   {string(pem.EncodeToMemory(open)), "ed25519", "256", ed.Public()},
	} {
		spki, err := x509.MarshalPKIXPublicKey(c.public)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(spki)
		pub, err := ssh.NewPublicKey(c.public)
		if err != nil {
			t.Fatal(err)
		}
		for how, text := range writings(t, c.armored) {
			t.Run(name+"/"+how, func(t *testing.T) {
				r := value(t, "private-key", text)
				wantChange(t, r, Proven)
				wantFacts(t, r, map[string]string{
					"key_type": c.kind, "bits": c.bits, "spki_sha256": hex.EncodeToString(sum[:]), "ssh_fingerprint": ssh.FingerprintSHA256(pub),
				})
			})
		}
	}
}

func TestPrivateKeyOfOtherKinds(t *testing.T) {
	dsa, err := asn1.Marshal(struct {
		Version       int
		P, Q, G, Y, X *big.Int
	}{0, new(big.Int).Lsh(big.NewInt(1), 1023), big.NewInt(1 << 40), big.NewInt(2), big.NewInt(1 << 50), big.NewInt(77)})
	if err != nil {
		t.Fatal(err)
	}
	secp256k1, err := asn1.Marshal(struct {
		Version int
		Key     []byte
		OID     asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	}{1, bytes.Repeat([]byte{7}, 32), asn1.ObjectIdentifier{1, 3, 132, 0, 10}})
	if err != nil {
		t.Fatal(err)
	}
	for label, c := range map[string]struct {
		der  []byte
		want map[string]string
	}{
		"DSA PRIVATE KEY": {dsa, map[string]string{"key_type": "dsa", "bits": "1024"}},
		"EC PRIVATE KEY":  {secp256k1, map[string]string{"key_type": "ecdsa", "key_oid": "1.3.132.0.10"}},
	} {
		r := value(t, "private-key", string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: c.der})))
		wantChange(t, r, Proven)
		wantFacts(t, r, c.want)
	}
}

func TestEncryptedKeysAreOfMediumSeverity(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	open, err := ssh.MarshalPrivateKeyWithPassphrase(ed, "", []byte("p"))
	if err != nil {
		t.Fatal(err)
	}
	inner, err := asn1.Marshal(struct{ A, B []byte }{bytes.Repeat([]byte{1}, 20), bytes.Repeat([]byte{2}, 64)})
	if err != nil {
		t.Fatal(err)
	}
	old := &pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: bytes.Repeat([]byte{9}, 64)}
	for name, block := range map[string]*pem.Block{
		"openssh": open, "pkcs8": {Type: "ENCRYPTED PRIVATE KEY", Bytes: inner}, "traditional": old,
	} {
		for how, text := range writings(t, string(pem.EncodeToMemory(block))) {
			if name == "traditional" && how == "one line" {
				continue // headers cannot be told from the body once the lines are gone
			}
			r := value(t, "private-key", text)
			if r.Severity != "medium" || r.Reason != "encrypted" || r.Change == Lowered {
				t.Errorf("%s, %s: %+v", name, how, r)
			}
		}
	}
}

func TestBrokenKeysAreLowered(t *testing.T) {
	whole := rsaPEM(t)
	begin, end := "-----BEGIN "+"PRIVATE KEY-----\n", "-----END "+"PRIVATE KEY-----\n"
	for name, text := range map[string]string{
		"cut": whole[:len(whole)/2], "cut inside": whole[:200] + whole[400:], "empty": begin + end,
		"words": begin + "your key goes here and then some more text\n" + end, "no key at all": "hello",
		"a certificate": strings.ReplaceAll(whole, "PRIVATE KEY", "CERTIFICATE"), "dots": begin + "MIIEvQIBADANBg...\n" + end,
	} {
		r := value(t, "private-key", text)
		if r.Change != Lowered || r.Reason != "truncated or not a key" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestHugeKeysCostNothing(t *testing.T) {
	// Were it parsed in full, a key of this size would take seconds.
	n := new(big.Int).SetBit(big.NewInt(1), 200_000, 1)
	der, err := asn1.Marshal(struct {
		V       int
		N, E, D *big.Int
	}{0, n, big.NewInt(65537), n})
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}))
	if d := quickest(func() { wantChange(t, value(t, "private-key", text), Raised) }); d > time.Second {
		t.Errorf("took %v", d)
	}
}

func TestKubeconfigClientKey(t *testing.T) {
	key := rsaKey(t)
	certificate := func(key *rsa.PrivateKey, org string, end time.Time) string {
		c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ops", Organization: []string{org}}, NotBefore: now().Add(-time.Hour * 9999), NotAfter: end}
		der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	data := base64.StdEncoding.EncodeToString([]byte(pkcs8(t, key)))
	call := func(cert string) Result {
		return run(t, "kubeconfig-client-key", Input{Value: []byte(data), Context: []byte("    client-certificate-data: " + cert + "\n    client-key-data: " + data)})
	}
	r := call(certificate(key, "system:masters", now().Add(time.Hour)))
	wantChange(t, r, Proven)
	wantFacts(t, r, map[string]string{"user": "ops", "groups": "system:masters", "expires": now().Add(time.Hour).Format(time.RFC3339), "key_type": "rsa"})
	if r.Severity != "critical" {
		t.Errorf("severity %q", r.Severity)
	}
	if r := call(certificate(key, "dev", now().Add(-time.Hour))); r.Verdict != Expired || r.Severity != "" {
		t.Errorf("an expired certificate: %+v", r)
	}
	wantFacts(t, call(certificate(rsaKey(t), "dev", now())), map[string]string{"user": "-"})
}

func TestPGPPrivateKey(t *testing.T) {
	entity, err := openpgp.NewEntity("A", "", "a@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	write := func() string {
		var b bytes.Buffer
		w, err := armor.Encode(&b, "PGP PRIVATE KEY BLOCK", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := entity.SerializePrivateWithoutSigning(w, nil); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	fingerprint := strings.ToUpper(hex.EncodeToString(entity.PrimaryKey.Fingerprint))
	clear := write()
	for how, text := range map[string]string{"plain": clear, "escaped": strings.ReplaceAll(clear, "\n", `\n`), "indented": strings.ReplaceAll(clear, "\n", "\n    ")} {
		r := value(t, "pgp-private-key", text)
		if r.Change != Proven || r.Severity != "" {
			t.Errorf("%s: %+v", how, r)
		}
		wantFacts(t, r, map[string]string{"pgp_fingerprint": fingerprint})
	}
	r := run(t, "pgp-private-key", Input{Value: []byte(pgpBegin), Context: []byte("x\n" + clear)})
	wantChange(t, r, Proven)
	if err := entity.PrivateKey.Encrypt([]byte("p")); err != nil {
		t.Fatal(err)
	}
	if r := value(t, "pgp-private-key", write()); r.Severity != "medium" || r.Reason != "encrypted" {
		t.Errorf("encrypted: %+v", r)
	}
	wantChange(t, value(t, "pgp-private-key", pgpBegin+"\n\nnothing\n"+pemEnd+"PGP PRIVATE KEY BLOCK-----"), Lowered)
	wantChange(t, value(t, "pgp-private-key", pgpBegin), Unchanged)
}

func TestPuTTYPrivateKey(t *testing.T) {
	pub, err := ssh.NewPublicKey(rsaKey(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	lines := func(b []byte) string {
		s, out, n := base64.StdEncoding.EncodeToString(b), "", 0
		for ; len(s) > 64; n++ {
			out, s = out+s[:64]+"\n", s[64:]
		}
		return strconv.Itoa(n+1) + "\n" + out + s + "\n"
	}
	file := func(encryption string) string {
		return "PuTTY-User-Key-File-" + "2: ssh-rsa\nEncryption: " + encryption + "\nComment: c\nPublic-Lines: " + lines(pub.Marshal()) +
			"Private-Lines: " + lines([]byte(chars(alnum, 200))) + "Private-MAC: 00\n"
	}
	r := value(t, "putty-private-key", file("none"))
	wantChange(t, r, Proven)
	wantFacts(t, r, map[string]string{"ssh_fingerprint": ssh.FingerprintSHA256(pub), "key_type": "rsa"})
	r = run(t, "putty-private-key", Input{Value: []byte("PuTTY-User-Key-File-" + "2: ssh-rsa"), Context: []byte(file("aes256-cbc"))})
	if r.Severity != "medium" || r.Reason != "encrypted" || r.Change != Proven {
		t.Errorf("encrypted: %+v", r)
	}
	wantChange(t, value(t, "putty-private-key", strings.Split(file("none"), "Private-Lines")[0]), Lowered)
}

func TestAgeKey(t *testing.T) {
	secret := bytes.Repeat([]byte{3}, 32)
	key := strings.ToUpper(bech32Encode("age-secret-key-", secret))
	r := value(t, "age-key", key)
	wantChange(t, r, Proven)
	prefix, public, ok := bech32Decode(r.Facts["age_recipient"])
	if !ok || prefix != "age" || len(public) != 32 {
		t.Errorf("recipient %q", r.Facts["age_recipient"])
	}
	edited := key[:30] + map[bool]string{true: "Q", false: "P"}[key[30] != 'Q'] + key[31:]
	wantChange(t, value(t, "age-key", edited), Refuted)
	// The first test vector of BIP 173.
	if p, _, ok := bech32Decode("a12uel5l"); !ok || p != "a" {
		t.Error("the test vector of BIP 173 does not decode")
	}
}
