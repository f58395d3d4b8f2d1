package evidence

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/ssh"
)

const (
	pgpBegin = pemBegin + "PGP PRIVATE KEY BLOCK" + pemDash
	pgpEnd   = pemEnd + "PGP PRIVATE KEY BLOCK"
)

// pgpPrivateKey reads the packets of an armored key and tells whether a passphrase protects it. Where the value is only
// the first line, the rest is taken from the context.
func pgpPrivateKey(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	whole := strings.Contains(s, pgpEnd)
	if !whole {
		if _, rest, ok := strings.Cut(in.around(), pgpBegin); ok {
			s = pgpBegin + rest
			whole = strings.Contains(s, pgpEnd)
		}
	}
	key, found := firstSecretKey(unarmor(s))
	switch {
	case !found && whole:
		return Result{Change: Lowered, Reason: "truncated or not a key"}
	case !found:
		return Result{Reason: "the key is longer than what was looked at"}
	}
	f := facts{
		"pgp_fingerprint": strings.ToUpper(hex.EncodeToString(key.fingerprint)),
		"pgp_key_id":      strings.ToUpper(hex.EncodeToString(key.id)),
	}
	f.setTime("created", key.created)
	switch {
	case key.stub && !whole:
		return Result{Facts: f, Reason: "the key is longer than what was looked at"}
	case key.stub:
		return Result{Change: Lowered, Severity: "low", Facts: f, Reason: "it is a stub without the secret part"}
	case key.encrypted:
		f["encrypted"] = "true"
		return Result{Change: Proven, Severity: "medium", Facts: f, Reason: "encrypted"}
	default:
		return Result{Change: Proven, Facts: f, Reason: "it parses as a private key"}
	}
}

// unarmor returns the bytes of the first key block in s, as many as can be told if the block is cut off. The text may
// stand in a string literal, with any indentation and quotes. The checksum at the end is not looked at: RFC 9580 says
// that it must not decide anything.
func unarmor(s string) []byte {
	_, s, _ = strings.Cut(unescapePEM(s), pgpBegin)
	s, _, _ = strings.Cut(s, pemEnd)
	if !strings.Contains(s, "\n") { // as variables of CI systems have it
		s = strings.ReplaceAll(s, " ", "\n")
	}
	var body strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.Trim(line, " \t\r\"'`")
		// No base64 has a colon, and what joins string literals is no base64.
		if strings.Contains(line, ":") || strings.IndexFunc(line, func(r rune) bool { return r < 128 && isAlnum(byte(r)) }) < 0 {
			continue
		}
		data, _, last := strings.Cut(line, "=")
		body.WriteString(data)
		if last { // padding, or the checksum
			break
		}
	}
	b := make([]byte, base64.RawStdEncoding.DecodedLen(body.Len()))
	n, _ := base64.RawStdEncoding.Decode(b, []byte(body.String())) // what comes before an error is as good as before
	return b[:n]
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
