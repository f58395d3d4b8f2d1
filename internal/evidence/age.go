package evidence

import (
	"crypto/ecdh"
	"strings"
)

// ageKey checks the Bech32 checksum, which the age specification documents, and states the public recipient.
func ageKey(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	prefix, data, ok := bech32Decode(strings.ToLower(s))
	if !ok || !strings.HasPrefix(prefix, "age-secret-key-") {
		return Result{Change: Refuted, Reason: "its checksum is wrong"}
	}
	r := Result{Change: Proven, Reason: "its checksum is right"}
	if prefix != "age-secret-key-" || len(data) != 32 {
		return r
	}
	key, err := ecdh.X25519().NewPrivateKey(data)
	if err != nil {
		return r
	}
	r.Facts = facts{"age_recipient": bech32Encode("age", key.PublicKey().Bytes())}
	return r
}

const bech32Digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32Sum is the checksum of BIP 173 over a prefix and 5-bit groups. It is 1 for a valid whole.
func bech32Sum(prefix string, groups []byte) uint32 {
	sum := uint32(1)
	add := func(v byte) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(v)
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	for i := 0; i < len(prefix); i++ {
		add(prefix[i] >> 5)
	}
	add(0)
	for i := 0; i < len(prefix); i++ {
		add(prefix[i] & 31)
	}
	for _, g := range groups {
		add(g)
	}
	return sum
}

// bech32Decode takes a lower-case string apart. Unlike BIP 173 it knows no greatest length, as age does.
func bech32Decode(s string) (prefix string, data []byte, ok bool) {
	at := strings.LastIndexByte(s, '1')
	if at < 1 || len(s)-at-1 < 6 {
		return "", nil, false
	}
	groups := make([]byte, 0, len(s)-at-1)
	for i := at + 1; i < len(s); i++ {
		g := strings.IndexByte(bech32Digits, s[i])
		if g < 0 {
			return "", nil, false
		}
		groups = append(groups, byte(g))
	}
	if bech32Sum(s[:at], groups) != 1 {
		return "", nil, false
	}
	return s[:at], regroup(groups[:len(groups)-6], 5, 8), true
}

// bech32Encode writes data under a prefix.
func bech32Encode(prefix string, data []byte) string {
	groups := regroup(data, 8, 5)
	if len(data)*8%5 != 0 {
		groups = append(groups, data[len(data)-1]<<(5-len(data)*8%5)&31)
	}
	sum := bech32Sum(prefix, append(append([]byte(nil), groups...), 0, 0, 0, 0, 0, 0)) ^ 1
	for shift := 25; shift >= 0; shift -= 5 {
		groups = append(groups, byte(sum>>shift&31))
	}
	var b strings.Builder
	b.WriteString(prefix + "1")
	for _, g := range groups {
		b.WriteByte(bech32Digits[g])
	}
	return b.String()
}

// regroup reads groups of from bits as whole groups of to bits; bits that do not fill a group are left.
func regroup(in []byte, from, to int) []byte {
	var out []byte
	acc, n := uint32(0), 0
	for _, v := range in {
		acc, n = acc<<from|uint32(v), n+from
		for n >= to {
			n -= to
			out = append(out, byte(acc>>n)&(1<<to-1))
		}
		acc &= 1<<n - 1
	}
	return out
}
