package evidence

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/go-crypto/openpgp/s2k"
)

// pgpKinds are keys of every algorithm and version that the oracle can make.
func pgpKinds(t testing.TB) map[string]*openpgp.Entity {
	t.Helper()
	kinds := map[string]*packet.Config{
		"rsa":       {Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048},
		"legacy":    {Algorithm: packet.PubKeyAlgoEdDSA},
		"nist":      {Algorithm: packet.PubKeyAlgoECDSA, Curve: packet.CurveNistP256},
		"brainpool": {Algorithm: packet.PubKeyAlgoECDSA, Curve: packet.CurveBrainpoolP384},
		"v6":        {Algorithm: packet.PubKeyAlgoEd25519, V6Keys: true},
		"v6 448":    {Algorithm: packet.PubKeyAlgoEd448, V6Keys: true},
		"v6 rsa":    {Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048, V6Keys: true},
	}
	out := map[string]*openpgp.Entity{}
	for name, config := range kinds {
		config.Time = func() time.Time { return time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC) }
		entity, err := openpgp.NewEntity("A", "", "a@example.com", config)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = entity
	}
	return out
}

// pgpBytes writes a key ring without armor.
func pgpBytes(t testing.TB, entity *openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := entity.SerializePrivateWithoutSigning(&b, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pgpArmored(t testing.TB, body []byte, headers map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, "PGP PRIVATE KEY BLOCK", headers)
	if err == nil {
		_, err = w.Write(body)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPGPAgainstOracle: each kind of key, in clear and with each way of deriving a key from a passphrase, however it is
// written into a file.
func TestPGPAgainstOracle(t *testing.T) {
	locks := map[string]*packet.Config{
		"clear":  nil,
		"salted": {S2KConfig: &s2k.Config{S2KMode: s2k.IteratedSaltedS2K}},
		"argon2": {S2KConfig: &s2k.Config{S2KMode: s2k.Argon2S2K}, AEADConfig: &packet.AEADConfig{}},
	}
	for name, unlocked := range pgpKinds(t) {
		for lock, config := range locks {
			entity := unlocked
			if config != nil {
				locked, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(pgpBytes(t, entity))))
				if err != nil {
					t.Fatal(err)
				}
				if err := locked.EncryptPrivateKeys([]byte("p"), config); err != nil {
					t.Fatalf("%s, %s: %v", name, lock, err)
				}
				entity = locked
			}
			clear := pgpArmored(t, pgpBytes(t, entity), map[string]string{"Comment": "made for a test"})
			texts := map[string]string{
				"json in json": strings.ReplaceAll(clear, "\n", `\\n`), "one line": strings.ReplaceAll(pgpArmored(t, pgpBytes(t, entity), nil), "\n", " "),
				"windows": strings.ReplaceAll(clear, "\n", "\r\n"), "java": strings.ReplaceAll(clear, "\n", `\n" +`+"\n    \""),
				"no empty line": strings.ReplaceAll(clear, "\n\n", "\n"),
			}
			for how, text := range texts {
				r := value(t, "pgp-private-key", text)
				encrypted, severity := "-", ""
				if config != nil {
					encrypted, severity = "true", "medium"
				}
				if r.Change != Proven || r.Severity != severity {
					t.Errorf("%s, %s, %s: %+v", name, lock, how, r)
				}
				wantFacts(t, r, map[string]string{
					"pgp_fingerprint": strings.ToUpper(hex.EncodeToString(entity.PrimaryKey.Fingerprint)),
					"pgp_key_id":      entity.PrimaryKey.KeyIdString(), "created": "2021-03-04T05:06:07Z", "encrypted": encrypted,
				})
			}
		}
	}
}

// withoutSecret makes the stub that GnuPG writes in the place of a key that is elsewhere: on a card or off line.
func withoutSecret(public *packet.PublicKey, mode byte) []byte {
	var b bytes.Buffer
	_ = public.Serialize(&b) // a buffer takes everything
	_, body, _, _ := cutPacket(b.Bytes())
	body = append(bytes.Clone(body), 255, 7, 101, 0, 'G', 'N', 'U', mode)
	return append([]byte{0xc0 | 5, 255, 0, 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

func TestPGPStub(t *testing.T) {
	entity := pgpKinds(t)["legacy"]
	fingerprint := map[string]string{"pgp_fingerprint": strings.ToUpper(hex.EncodeToString(entity.PrimaryKey.Fingerprint))}
	var subkey bytes.Buffer
	if err := entity.Subkeys[0].PrivateKey.Serialize(&subkey); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []byte{1, 2} {
		stub := withoutSecret(entity.PrimaryKey, mode)
		r := value(t, "pgp-private-key", pgpArmored(t, stub, nil))
		if r.Change != Lowered || r.Severity != "low" {
			t.Errorf("a stub of mode %d: %+v", mode, r)
		}
		wantFacts(t, r, fingerprint)
		// What CI systems are given: the main key stays off line, a subkey signs.
		r = value(t, "pgp-private-key", pgpArmored(t, append(stub, subkey.Bytes()...), nil))
		if r.Change != Proven || r.Severity != "" {
			t.Errorf("a stub of mode %d with a subkey: %+v", mode, r)
		}
		wantFacts(t, r, fingerprint)
		cut, _, _ := strings.Cut(pgpArmored(t, append(stub, subkey.Bytes()...), nil), "\n=")
		r = run(t, "pgp-private-key", Input{Value: []byte(pgpBegin), Context: []byte(cut[:len(cut)-40])})
		wantChange(t, r, Unchanged)
	}
}

// TestPGPDamaged: a key of which one number is not what it should be is none, and every shorter one is none either.
func TestPGPDamaged(t *testing.T) {
	for _, name := range []string{"rsa", "legacy", "v6 rsa"} {
		entity := pgpKinds(t)[name]
		var b bytes.Buffer
		if err := entity.PrivateKey.Serialize(&b); err != nil {
			t.Fatal(err)
		}
		whole := b.Bytes()
		if _, found := firstSecretKey(whole); !found {
			t.Fatalf("%s: not found", name)
		}
		for n := range whole {
			if _, found := firstSecretKey(whole[:n]); found {
				t.Errorf("%s: found in the first %d of %d bytes", name, n, len(whole))
			}
		}
		// The second last number of RSA is a prime of the modulus.
		at := len(whole) - 160
		if name == "legacy" {
			at = len(whole) - 10
		}
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1
		if _, found := firstSecretKey(damaged); found {
			t.Errorf("%s: found although damaged", name)
		}
	}
}

// TestOldCiphers: keys whose cipher nobody uses any more are keys all the same.
func TestOldCiphers(t *testing.T) {
	public := pgpKinds(t)["legacy"].PrimaryKey
	var b bytes.Buffer
	if err := public.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	_, body, _, _ := cutPacket(b.Bytes())
	secret := bytes.Repeat([]byte{0xaa}, 60)
	for name, tail := range map[string][]byte{
		"IDEA, as PGP 2": append([]byte{1}, secret...),
		"Blowfish":       append([]byte{254, 4, 3, 2, 1, 2, 3, 4, 5, 6, 7, 8, 96}, secret...),
		"checksum":       append([]byte{255, 3, 0, 1}, secret...),
	} {
		if k, ok := parseSecretKey(append(bytes.Clone(body), tail...)); !ok || !k.encrypted || k.stub {
			t.Errorf("%s: %+v, %v", name, k, ok)
		}
	}
}

// FuzzOpenPGP: whatever the oracle takes for a secret key is one, and says the same.
func FuzzOpenPGP(f *testing.F) {
	for _, entity := range pgpKinds(f) {
		f.Add(pgpBytes(f, entity))
		f.Add(withoutSecret(entity.PrimaryKey, 1))
		if err := entity.EncryptPrivateKeys([]byte("p"), nil); err != nil {
			f.Fatal(err)
		}
		f.Add(pgpBytes(f, entity))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 3<<10 {
			return // the oracle takes minutes to check the numbers of a large key
		}
		encoded := base64.StdEncoding.EncodeToString(data)
		if strings.Trim(encoded, "+/=") == "" {
			return // a line without letters is taken for what joins string literals
		}
		text := pgpBegin + "\n\n" + encoded + "\n" + pgpEnd + "-----"
		if got := unarmor(text); !bytes.Equal(got, data) {
			t.Fatalf("unarmored %x, want %x", got, data)
		}
		firstSecretKey(data)
		for rest := data; ; {
			tag, body, after, ok := cutPacket(rest)
			if !ok {
				return
			}
			whole := rest[:len(rest)-len(after)]
			rest = after
			if tag != 5 && tag != 7 {
				continue
			}
			p, err := packet.Read(bytes.NewReader(whole))
			want, isKey := p.(*packet.PrivateKey)
			if err != nil || !isKey {
				continue
			}
			if fields, _ := fieldsOf(body[5]); want.Version >= 5 && fields != nil {
				_, secret, _ := cutFields(body[10:], fields)
				if int64(binary.BigEndian.Uint32(body[6:])) != int64(len(body)-10-len(secret)) {
					continue // the oracle does not look at the length of the public half
				}
			}
			got, ok := parseSecretKey(body)
			have := fmt.Sprintf("%v %X %X %v %v %v", ok, got.fingerprint, got.id, got.created.UTC(), got.encrypted, got.stub)
			// A stub counts as encrypted here, and as none there.
			if oracle := fmt.Sprintf("true %X %s %v %v %v", want.Fingerprint, want.KeyIdString(), want.CreationTime.UTC(),
				want.Encrypted || want.Dummy(), want.Dummy()); have != oracle {
				t.Fatalf("got  %s\nwant %s", have, oracle)
			}
		}
	})
}
