package evidence

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"golang.org/x/crypto/ssh"
)

// maxPackets bounds how much of a key ring is read: the first secret key says what there is to say.
const maxPackets = 16

const pgpBegin = pemBegin + "PGP PRIVATE KEY BLOCK" + pemDash

// pgpPrivateKey reads the packets of an armored key and tells whether a passphrase protects it. Where the value is only
// the first line, the rest is taken from the context.
func pgpPrivateKey(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	whole := strings.Contains(s, pemEnd+"PGP PRIVATE KEY BLOCK")
	if !whole {
		if _, rest, ok := strings.Cut(in.around(), pgpBegin); ok {
			s = pgpBegin + rest
			whole = strings.Contains(s, pemEnd+"PGP PRIVATE KEY BLOCK")
		}
	}
	key := firstSecretKey(normalArmor(s))
	switch {
	case key == nil && whole:
		return Result{Change: Lowered, Reason: "truncated or not a key"}
	case key == nil:
		return Result{Reason: "the key is longer than what was looked at"}
	}
	f := facts{"pgp_fingerprint": strings.ToUpper(hex.EncodeToString(key.Fingerprint)), "pgp_key_id": key.KeyIdString()}
	if !key.CreationTime.IsZero() {
		f.setTime("created", key.CreationTime)
	}
	switch {
	case key.Dummy():
		return Result{Change: Lowered, Severity: "low", Facts: f, Reason: "it is a stub without the secret part"}
	case key.Encrypted:
		f["encrypted"] = "true"
		return Result{Change: Proven, Severity: "medium", Facts: f, Reason: "encrypted"}
	default:
		return Result{Change: Proven, Facts: f, Reason: "it parses as a private key"}
	}
}

// normalArmor takes indentation and escapes off the lines, which the armor reader does not expect.
func normalArmor(s string) string {
	lines := strings.Split(unescapePEM(s), "\n")
	for i, l := range lines {
		lines[i] = strings.Trim(l, " \t\r\"'")
	}
	return strings.Join(lines, "\n")
}

// firstSecretKey returns the first secret key whose packet is whole, or nil.
func firstSecretKey(armored string) *packet.PrivateKey {
	block, err := armor.Decode(strings.NewReader(armored))
	if err != nil {
		return nil
	}
	// A block that is cut off still gives what comes before the cut.
	body, err := io.ReadAll(io.LimitReader(block.Body, maxValue))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && len(body) == 0 {
		return nil
	}
	packets := packet.NewReader(bytes.NewReader(body))
	for range maxPackets {
		p, err := packets.Next()
		if err != nil {
			return nil
		}
		if key, ok := p.(*packet.PrivateKey); ok {
			return key
		}
	}
	return nil
}

// puttyPrivateKey reads the header of a PuTTY key file, and the public half that stands in clear in it.
func puttyPrivateKey(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	if !strings.Contains(s, "Public-Lines:") {
		if at := strings.Index(in.around(), "PuTTY-User-Key-File-"); at >= 0 {
			s = in.around()[at:]
		}
	}
	fields, public, private := puttyFields(unescapePEM(s))
	r := Result{Facts: map[string]string{}}
	f := facts(r.Facts)
	pub, err := ssh.ParsePublicKey(public)
	switch {
	case fields["Public-Lines"] == "":
		r.Reason = "the key is longer than what was looked at"
	case err != nil || !private:
		r.Change, r.Reason = Lowered, "truncated or not a key"
	default:
		sshFacts(pub, f)
		r.Change, r.Reason = Proven, "its public half parses"
	}
	if e := fields["Encryption"]; e != "" && e != "none" {
		f["encrypted"] = "true"
		r.Severity = "medium"
		if r.Change != Lowered {
			r.Reason = "encrypted"
		}
	}
	return r
}

// puttyFields reads the header fields and the public blob; private says that the secret blob has begun.
func puttyFields(s string) (fields map[string]string, public []byte, private bool) {
	fields = map[string]string{}
	var blob strings.Builder
	in := ""
	for n, line := range strings.Split(s, "\n") {
		line = strings.Trim(line, " \t\r\"'")
		if key, value, ok := strings.Cut(line, ": "); ok {
			if in = key; len(fields) < 32 {
				fields[key] = value
			}
			continue
		}
		switch in {
		case "Public-Lines":
			blob.WriteString(line)
		case "Private-Lines":
			private = private || line != ""
		}
		if n > 1000 {
			break
		}
	}
	public, _ = unbase64(blob.String())
	return fields, public, private
}
