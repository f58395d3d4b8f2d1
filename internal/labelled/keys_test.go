package labelled

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
)

// pem makes a private key, the same one for the same sample. Of RSA keys only the form is right: to make a real one from a
// seed is not what Go's library lets one do, and those who write tests make theirs up, too.
func (f *filler) pem(kind string) (string, error) {
	switch kind {
	case "PKCS8":
		der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(f.bytes(ed25519.SeedSize)))
		return armour("PRIVATE KEY", der), err
	case "EC":
		scalar := f.bytes(32)
		scalar[0] &= 0x7f // below the order of the curve
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
		if err != nil {
			return "", err
		}
		der, err := x509.MarshalECPrivateKey(key)
		return armour("EC PRIVATE KEY", der), err
	case "RSA":
		der, err := f.rsa()
		return armour("RSA PRIVATE KEY", der), err
	case "RSA8":
		inner, err := f.rsa()
		if err != nil {
			return "", err
		}
		der, err := asn1.Marshal(struct {
			Version int
			Kind    struct {
				ID   asn1.ObjectIdentifier
				Null asn1.RawValue
			}
			Key []byte
		}{Kind: struct {
			ID   asn1.ObjectIdentifier
			Null asn1.RawValue
		}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, asn1.NullRawValue}, Key: inner})
		return armour("PRIVATE KEY", der), err
	case "OPENSSH":
		head := "openssh-key-v1\x00\x00\x00\x00\x04none\x00\x00\x00\x04none\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x33" +
			"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + string(f.bytes(32)) + "\x00\x00\x00\x90" + string(f.bytes(144))
		return wrapped("OPENSSH PRIVATE KEY", "", base64.StdEncoding.EncodeToString([]byte(head)), 70), nil
	case "PGP":
		body := "lQOYBF" + f.chars(alphabets["b64"], 58+64*20)
		return wrapped("PGP PRIVATE KEY BLOCK", "\n", body+"=", 64), nil
	case "MADEUP", "DSA":
		label := map[string]string{"MADEUP": "RSA PRIVATE KEY", "DSA": "DSA PRIVATE KEY"}[kind]
		return wrapped(label, "", "MII"+f.chars("CEJ", 1)+f.chars(alphabets["b64"], 60+64*(6+f.rnd.IntN(14)))+"==", 64), nil
	default:
		return "", fmt.Errorf("no kind of private key is called %q", kind)
	}
}

func (f *filler) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(f.rnd.IntN(256))
	}
	return b
}

// rsa writes numbers of the right sizes in the form of PKCS #1.
func (f *filler) rsa() ([]byte, error) {
	number := func(bytes int) *big.Int {
		b := f.bytes(bytes)
		b[0] |= 0x80
		b[bytes-1] |= 1
		return new(big.Int).SetBytes(b)
	}
	size := pick(f.rnd, []int{128, 256, 256})
	return asn1.Marshal(struct {
		Version                    int
		N, E, D, P, Q, DP, DQ, Inv *big.Int
	}{0, number(size), big.NewInt(65537), number(size), number(size / 2), number(size / 2), number(size / 2), number(size / 2),
		number(size / 2)})
}

func armour(label string, der []byte) string {
	return strings.TrimSuffix(string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})), "\n")
}

// wrapped puts the lines that begin and end a key around a body.
func wrapped(label, headers, body string, width int) string {
	var b strings.Builder
	b.WriteString("-----BEGIN " + label + "-----\n" + headers)
	for len(body) > width {
		b.WriteString(body[:width] + "\n")
		body = body[width:]
	}
	b.WriteString(body + "\n-----END " + label + "-----")
	return b.String()
}
