package evidence

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the fingerprint of version 4 keys
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"slices"
	"time"
)

// maxPackets bounds how much of a key ring is read: the first key says what there is to say, unless it is a stub.
const maxPackets = 1024

// pgpKey is what the packet of a secret key says in clear.
type pgpKey struct {
	fingerprint, id []byte
	created         time.Time
	encrypted       bool
	// stub says that the secret part is elsewhere, for instance on a smart card.
	stub bool
}

// firstSecretKey returns the first secret key whose packet is whole. Of a ring whose main key is a stub, as
// `gpg --export-secret-subkeys` writes it, the first subkey that is none tells how it is protected.
func firstSecretKey(b []byte) (key pgpKey, found bool) {
	for range maxPackets {
		tag, body, rest, ok := cutPacket(b)
		if !ok {
			break
		}
		b = rest
		if tag != 5 && tag != 7 { // a secret key, a secret subkey
			continue
		}
		k, ok := parseSecretKey(body)
		switch {
		case !ok:
		case !found:
			key, found = k, true
		default:
			key.encrypted, key.stub = k.encrypted, k.stub
		}
		if found && !key.stub {
			break
		}
	}
	return key, found
}

// cutPacket takes one packet off the start of b. Packets in pieces are not read: keys never come in them.
func cutPacket(b []byte) (tag byte, body, rest []byte, ok bool) {
	if len(b) < 6 || b[0]&0x80 == 0 {
		return 0, nil, nil, false
	}
	tag = b[0] & 63
	head, size := 2, uint64(b[1])
	switch older := b[0]&0x40 == 0; {
	case older && b[0]&3 == 3:
		head, size = 1, uint64(len(b)-1)
	case older && b[0]&3 == 1:
		head, size = 3, uint64(binary.BigEndian.Uint16(b[1:]))
	case older && b[0]&3 == 2:
		head, size = 5, uint64(binary.BigEndian.Uint32(b[1:]))
	case older || size < 192:
	case size < 224:
		head, size = 3, (size-192)<<8+uint64(b[2])+192
	case size == 255:
		head, size = 6, uint64(binary.BigEndian.Uint32(b[2:]))
	default:
		return 0, nil, nil, false
	}
	if b[0]&0x40 == 0 {
		tag >>= 2
	}
	if size > uint64(len(b)-head) {
		return 0, nil, nil, false
	}
	return tag, b[head : head+int(size)], b[head+int(size):], true
}

// Fields of a key whose length stands before them: a number after its length in bits, octets after their number. Any
// other field is as long as its value says.
const (
	number = -1
	octets = -2
)

// fieldsOf says which fields the two halves of a key have (RFC 9580, section 5.5.5).
func fieldsOf(algorithm byte) (public, secret []int) {
	switch algorithm {
	case 1, 2, 3: // RSA
		return []int{number, number}, []int{number, number, number, number}
	case 16: // Elgamal
		return []int{number, number, number}, []int{number}
	case 17: // DSA
		return []int{number, number, number, number}, []int{number}
	case 18: // ECDH
		return []int{octets, number, octets}, []int{number}
	case 19, 22: // ECDSA, EdDSA
		return []int{octets, number}, []int{number}
	case 25, 26, 27, 28: // X25519, X448, Ed25519, Ed448
		size := []int{32, 56, 32, 57}[algorithm-25 : algorithm-24]
		return size, size
	case 35: // ML-KEM-768 with X25519
		return []int{32 + 1184}, []int{32 + 64}
	default:
		return nil, nil
	}
}

// cutFields takes fields off the start of b.
func cutFields(b []byte, fields []int) (values [][]byte, rest []byte, ok bool) {
	for _, n := range fields {
		switch {
		case n == number && len(b) >= 2:
			n, b = (int(binary.BigEndian.Uint16(b))+7)/8, b[2:]
		case n == octets && len(b) >= 1:
			n, b = int(b[0]), b[1:]
		}
		if n < 0 || n > len(b) {
			return nil, nil, false
		}
		values, b = append(values, b[:n]), b[n:]
	}
	return values, b, true
}

// parseSecretKey reads the body of a packet of version 4 (RFC 4880), 5 (LibrePGP) or 6 (RFC 9580).
func parseSecretKey(b []byte) (pgpKey, bool) {
	if len(b) < 10 {
		return pgpKey{}, false
	}
	version, algorithm := b[0], b[5]
	k := pgpKey{created: time.Unix(int64(binary.BigEndian.Uint32(b[1:])), 0)}
	publicFields, secretFields := fieldsOf(algorithm)
	var public [][]byte
	var rest []byte
	ok := false
	switch version {
	case 4:
		if public, rest, ok = cutFields(b[6:], publicFields); !ok || public == nil {
			return pgpKey{}, false // without its fields nobody knows where the public half ends
		}
		half := b[:len(b)-len(rest)]
		sum := sha1.Sum(append([]byte{0x99, byte(len(half) >> 8), byte(len(half))}, half...)) //nolint:gosec // see above
		k.fingerprint, k.id = sum[:], sum[12:]
	case 5, 6:
		size := uint64(binary.BigEndian.Uint32(b[6:]))
		if size > uint64(len(b)-10) {
			return pgpKey{}, false
		}
		half := b[:10+size]
		public, _, _ = cutFields(half[10:], publicFields)
		rest = b[len(half):]
		sum := sha256.Sum256(append(binary.BigEndian.AppendUint32([]byte{0x95 + version}, uint32(len(half))), half...))
		k.fingerprint, k.id = sum[:], sum[:8]
	}
	if len(rest) < 2 {
		return pgpKey{}, false
	}
	usage, rest := rest[0], rest[1:]
	if version == 5 || version == 6 && usage != 0 {
		rest = rest[1:] // how long what follows is
	}
	if usage == 0 {
		return k, isClear(version, algorithm, public, secretFields, rest)
	}
	k.encrypted = true
	k.stub, ok = isLocked(version, usage, rest)
	return k, ok
}

// isClear reports whether b is the secret half of a key without a passphrase.
func isClear(version, algorithm byte, public [][]byte, fields []int, b []byte) bool {
	if version == 5 {
		if len(b) < 4 || uint64(binary.BigEndian.Uint32(b))+2 > uint64(len(b)-4) {
			return false
		}
		b = b[4 : 4+binary.BigEndian.Uint32(b)+2]
	}
	if version < 6 { // a sum of all octets stands at the end
		if len(b) < 2 {
			return false
		}
		sum := binary.BigEndian.Uint16(b[len(b)-2:])
		b = b[:len(b)-2]
		for _, c := range b {
			sum -= uint16(c)
		}
		if sum != 0 {
			return false
		}
	}
	secret, _, ok := cutFields(b, fields)
	if !ok || len(b) < 16 || slices.ContainsFunc(secret, func(v []byte) bool { return len(v) == 0 }) {
		return false
	}
	if algorithm > 3 {
		return true
	}
	p, q := new(big.Int).SetBytes(secret[1]), new(big.Int).SetBytes(secret[2])
	return len(public) > 0 && p.Mul(p, q).Cmp(new(big.Int).SetBytes(public[0])) == 0
}

// isLocked reports whether b is the secret half of a key with a passphrase, or a stub for it, which GnuPG writes for
// keys that are elsewhere.
func isLocked(version, usage byte, b []byte) (stub, ok bool) {
	skip := 1 // the cipher
	switch {
	case usage < 253: // the usage is the cipher, as in the 1990s
		return false, usage <= 13 && len(b) >= 16
	case usage == 253: // the mode of the cipher
		skip++
	}
	if version == 6 { // the length of what follows
		skip++
	}
	if len(b) <= skip {
		return false, false
	}
	b = b[skip:]
	size, known := map[byte]int{0: 2, 1: 10, 3: 11, 4: 20}[b[0]]
	if b[0] == 101 && len(b) >= 6 && bytes.Equal(b[2:5], []byte("GNU")) && (b[5] == 1 || b[5] == 2) {
		return true, true
	}
	return false, known && len(b) >= size+16
}
