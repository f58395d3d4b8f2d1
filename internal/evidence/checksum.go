package evidence

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
)

// wrongChecksum is the reason for lowering a value whose checksum does not hold.
const wrongChecksum = "its checksum is wrong: truncated, altered or made up"

const (
	base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	base36Digits = "0123456789abcdefghijklmnopqrstuvwxyz"
)

// AnthropicSuffix returns the 8 characters that end an Anthropic key after its last dash. The argument is everything
// before that dash: the prefix ("sk-ant-api03-") and 86 characters of body.
//
// The provider does not document this checksum; it was found by observation.
func AnthropicSuffix(prefixAndBody86 string) string {
	var b [6]byte
	binary.LittleEndian.PutUint32(b[:4], crc32.ChecksumIEEE([]byte(prefixAndBody86)))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// GitHubSuffix returns the 6 characters that end a GitHub token. The argument is the body between the prefix ("ghp_")
// and the checksum: 30 characters, or 70 for a refresh token.
func GitHubSuffix(body30 string) string {
	return crcDigits(body30, base62Digits, 6)
}

// GitLabSuffix returns the 7 characters that end a routable GitLab token. The argument is everything before them,
// prefix and dots included.
func GitLabSuffix(head string) string {
	return crcDigits(head, base36Digits, 7)
}

// VercelSuffix returns the 6 characters that end a Vercel token. The argument is the 50 characters between the prefix
// ("vcp_") and the checksum.
func VercelSuffix(body50 string) string {
	return crcDigits(body50, base62Digits, 6)
}

// crcDigits writes the CRC-32 of s in the base that digits has, padded with the zero digit to width. Both bases used
// here hold 32 bits in their width.
func crcDigits(s, digits string, width int) string {
	sum := crc32.ChecksumIEEE([]byte(s))
	out := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		out[i] = digits[sum%uint32(len(digits))]
		sum /= uint32(len(digits))
	}
	return string(out)
}
