package evidence

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"strings"
)

// marvin32 is Microsoft's Marvin checksum folded to 32 bits, with which identifiable Azure keys end. A seed spells the
// name of the kind of key in ASCII.
func marvin32(data []byte, seed uint64) uint32 {
	lo, hi := uint32(seed), uint32(seed>>32)
	mix := func() {
		hi ^= lo
		lo = bits.RotateLeft32(lo, 20) + hi
		hi = bits.RotateLeft32(hi, 9) ^ lo
		lo = bits.RotateLeft32(lo, 27) + hi
		hi = bits.RotateLeft32(hi, 19)
	}
	for len(data) >= 4 {
		lo += binary.LittleEndian.Uint32(data)
		mix()
		data = data[4:]
	}
	last := [4]byte{}
	copy(last[:], data)
	last[len(data)] = 0x80
	lo += binary.LittleEndian.Uint32(last[:])
	mix()
	mix()
	return lo ^ hi
}

// azureSeed is one kind of key under a signature.
type azureSeed struct {
	role string
	seed string
}

// azureFormat is a family of keys: where its signature stands, and the seeds that its checksum may have.
type azureFormat struct {
	signature string
	offset    int
	length    int
	service   string
	seeds     []azureSeed
	// loose marks a family whose keys are known to be changed after the checksum was made.
	loose bool
}

// azureFormats lists the families with a published signature and published seeds.
func azureFormats() []azureFormat {
	messaging := []azureSeed{{"send", "Send0000"}, {"listen", "Listen00"}, {"manage", "Manage00"}}
	plain := func(seed string) []azureSeed { return []azureSeed{{"", seed}} }
	return []azureFormat{
		{signature: "+ASt", offset: 76, length: 88, service: "storage", seeds: plain("Default0")},
		{signature: "+ABa", offset: 76, length: 88, service: "batch", seeds: plain("AbAcct00")},
		{signature: "ACDb", offset: 76, length: 88, service: "cosmos-db", seeds: []azureSeed{
			{"read-write", "MastRW00"}, {"read-only", "MastRO00"},
		}},
		{signature: "+AMC", offset: 76, length: 88, service: "machine-learning", seeds: plain("Classic0")},
		{signature: "APIM", offset: 76, length: 88, service: "api-management", seeds: []azureSeed{
			{"direct-management", "Tenant00"}, {"subscription", "IoTHub00"}, {"gateway", "Gatewy00"}, {"repository", "GitKey00"},
		}},
		{signature: "+ASb", offset: 33, length: 44, service: "service-bus", seeds: messaging},
		{signature: "+AEh", offset: 33, length: 44, service: "event-hubs", seeds: messaging},
		{signature: "+ARm", offset: 33, length: 44, service: "relay", seeds: messaging},
		{signature: "AIoT", offset: 33, length: 44, service: "iot", seeds: []azureSeed{
			{"hub", "IoTHub00"}, {"device-provisioning", "DpsKey00"}, {"device", "Device00"},
		}},
		{signature: "AzCa", offset: 33, length: 44, service: "cache-for-redis", seeds: plain("Access00"), loose: true},
		{signature: "AZEG", offset: 33, length: 44, service: "event-grid", seeds: plain("Default0")},
		{signature: "+ACR", offset: 42, length: 52, service: "container-registry", seeds: plain("ACRDflt0")},
		{signature: "AzSe", offset: 42, length: 52, service: "search", seeds: []azureSeed{
			{"query", "Query000"}, {"admin", "PAdmin00"},
		}},
		{signature: "AzFu", offset: 44, length: 56, service: "functions", seeds: []azureSeed{
			{"function", "Functi00"}, {"system", "System00"}, {"master", "Master00"},
		}},
	}
}

// azureFormatOf finds the family of a key, or of the head of one that ends with the signature.
func azureFormatOf(s string) (azureFormat, bool) {
	for _, f := range azureFormats() {
		end := f.offset + len(f.signature)
		if (len(s) == f.length || len(s) == end) && s[f.offset:end] == f.signature {
			return f, true
		}
	}
	return azureFormat{}, false
}

// number returns the seed as the algorithm takes it.
func (s azureSeed) number() uint64 { return binary.BigEndian.Uint64([]byte(s.seed)) }

// AzureKeySuffix returns what ends an identifiable Azure key: the checksum and the padding. The argument is everything
// up to and including the signature: 80 characters for "+ASt", "+ABa", "ACDb", "+AMC" and "APIM"; 37 for "+ASb", "+AEh",
// "+ARm", "AIoT", "AzCa" and "AZEG"; 46 for "+ACR" and "AzSe"; 48 for "AzFu". It returns "" for anything else.
func AzureKeySuffix(head string) string {
	f, ok := azureFormatOf(head)
	if !ok || len(head) == f.length {
		return ""
	}
	n := keyBytes(f)
	b, ok := unbase64(head + strings.Repeat("A", 4-len(head)%4))
	if !ok || len(b) < n-4 {
		return ""
	}
	b = b[:n-4]
	key := binary.LittleEndian.AppendUint32(b, marvin32(b, f.seeds[0].number()))
	if f.service == "functions" {
		return base64.URLEncoding.EncodeToString(key)[len(head):]
	}
	return base64.StdEncoding.EncodeToString(key)[len(head):]
}

// keyBytes is how many bytes a key of the family decodes to.
func keyBytes(f azureFormat) int {
	switch f.length {
	case 88:
		return 64
	case 44:
		return 32
	case 52:
		return 39
	default:
		return 40
	}
}

// AzureCASKSuffix returns the 4 characters that end a common annotated security key; the argument is the 80 before.
// It returns "" where that is not base64.
func AzureCASKSuffix(head80 string) string {
	b, err := base64.StdEncoding.DecodeString(head80)
	if err != nil || len(head80) != 80 {
		return ""
	}
	sum := marvin32(b, azureSeed{seed: "Default0"}.number())
	le := binary.LittleEndian.AppendUint32(nil, sum)
	if s := base64.StdEncoding.EncodeToString(le[:3]); !strings.ContainsAny(s, "+/") {
		return s
	}
	// A key has only letters and digits, so the rest are written in base 62.
	return crcBase62(sum)[:4]
}

// crcBase62 writes a checksum in base 62, its first byte in memory being the most significant.
func crcBase62(sum uint32) string {
	n := bits.ReverseBytes32(sum)
	var out []byte
	for ; n > 0; n /= 62 {
		out = append([]byte{base62Digits[n%62]}, out...)
	}
	for len(out) < 6 {
		out = append(out, '0')
	}
	return string(out)
}

// entraDigits is the alphabet of client secrets, in the order in which the checksum counts it.
const entraDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~"

// AzureEntraSuffix returns the 3 characters that end an Entra client secret of the "8Q~" kind; the argument is the 37
// before.
func AzureEntraSuffix(head37 string) string {
	n := marvin32([]byte(head37), azureSeed{seed: "AadPwd00"}.number())
	var out []byte
	for ; n > 0; n /= uint32(len(entraDigits)) {
		out = append([]byte{entraDigits[n%uint32(len(entraDigits))]}, out...)
	}
	for len(out) < 3 {
		out = append(out, entraDigits[0])
	}
	return string(out[:3])
}

// The constants that a legacy Azure DevOps token's checksum is combined with.
const (
	devOpsUser        = 0xE0B9692D
	devOpsApplication = 0x1019F92E
)

// devOpsSum returns the checksum that a legacy Azure DevOps token of 32 decoded bytes should have and the one it has. The
// latter's bytes are strewn over the token.
func devOpsSum(b []byte, kind uint32) (want, have uint32) {
	rest := make([]byte, 0, 28)
	rest = append(rest, b[0:2]...)
	rest = append(rest, b[3:7]...)
	rest = append(rest, b[9:22]...)
	rest = append(rest, b[23:32]...)
	have = uint32(b[22]) | uint32(b[8])<<8 | uint32(b[7])<<16 | uint32(b[2])<<24
	return crc32.ChecksumIEEE(rest) ^ kind, have
}

// AzureDevOpsToken makes a legacy Azure DevOps token, 52 characters, by writing a right checksum into the given one. It
// returns "" where that does not have 52 characters of a-z and 2-7.
func AzureDevOpsToken(random52 string) string {
	b, ok := devOpsBytes(random52)
	if !ok {
		return ""
	}
	want, _ := devOpsSum(b, devOpsUser)
	b[22], b[8], b[7], b[2] = byte(want), byte(want>>8), byte(want>>16), byte(want>>24)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

func devOpsBytes(s string) ([]byte, bool) {
	if len(s) != 52 {
		return nil, false
	}
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(s))
	return b, err == nil && len(b) == 32
}

// azureCASKSum reports whether a key of 84 or 88 characters ends in its checksum, in either of the two spellings that the
// reference implementation accepts.
func azureCASKSum(key string) bool {
	b, err := base64.StdEncoding.DecodeString(key[:80])
	if err != nil {
		return false
	}
	sum := marvin32(b, azureSeed{seed: "Default0"}.number())
	have := strings.TrimRight(key[80:], "=")
	le := binary.LittleEndian.AppendUint32(nil, sum)
	if strings.HasPrefix(crcBase62(sum), have) && len(have) >= 4 {
		return true
	}
	if len(key) == 84 {
		return base64.StdEncoding.EncodeToString(le[:3]) == have
	}
	return base64.RawStdEncoding.EncodeToString(le) == have
}
