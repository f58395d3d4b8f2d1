package source

import "bytes"

// ArchiveKind names the compressed format that data starts like: "zip", "gzip", "xz", "zstd", "bzip2", "7z", "rar",
// "lz4", "lzip" or "git pack". It is empty for anything else, an uncompressed tar among it. What is inside cannot be
// seen by a search of the bytes.
func ArchiveKind(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("PK\x07\x08")):
		return "zip"
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b, 8}):
		return "gzip"
	case bytes.HasPrefix(data, []byte("\xfd7zXZ\x00")):
		return "xz"
	case bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "zstd"
	case len(data) >= 4 && data[0]>>4 == 5 && bytes.Equal(data[1:4], []byte{0x2a, 0x4d, 0x18}):
		// A frame that decoders skip, which zstd and lz4 share; pzstd starts its files with one.
		return "zstd"
	case len(data) >= 10 && bytes.HasPrefix(data, []byte("BZh")) && data[3] >= '1' && data[3] <= '9' &&
		bytes.Equal(data[4:10], []byte{0x31, 0x41, 0x59, 0x26, 0x53, 0x59}):
		return "bzip2"
	case bytes.HasPrefix(data, []byte("7z\xbc\xaf\x27\x1c")):
		return "7z"
	case bytes.HasPrefix(data, []byte("Rar!\x1a\x07")):
		return "rar"
	case bytes.HasPrefix(data, []byte{0x04, 0x22, 0x4d, 0x18}):
		return "lz4"
	case bytes.HasPrefix(data, []byte("LZIP")) && len(data) > 4 && data[4] <= 1:
		return "lzip"
	case bytes.HasPrefix(data, []byte("PACK\x00\x00\x00")) && len(data) > 7 && (data[7] == 2 || data[7] == 3):
		return "git pack"
	default:
		return ""
	}
}
