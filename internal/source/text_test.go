package source

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

func utf16Bytes(text string, bigEndian bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		if bigEndian {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

func TestBinary(t *testing.T) {
	text := "key = value, and a word in Greek: \u03b1\n"
	for _, c := range []struct {
		name string
		data []byte
		want bool
	}{
		{"empty", nil, false},
		{"text", []byte(text), false},
		{"Latin-1", []byte("caf\xe9\n"), false},
		{"NUL", []byte("a\x00b"), true},
		{"NUL at the end of the head", append(bytes.Repeat([]byte("a"), binaryHead-1), 0), true},
		{"NUL after the head", append(bytes.Repeat([]byte("a"), binaryHead), 0), false},
		{"UTF-16 LE", utf16Bytes(strings.Repeat(text, 3), false), false},
		{"UTF-16 BE", utf16Bytes(strings.Repeat(text, 3), true), false},
		{"UTF-16 LE with a mark", utf16Bytes("\ufeff\u4e2d\u6587a", false), false},
		{"UTF-16 BE with a mark", utf16Bytes("\ufeff\u4e2d\u6587a", true), false},
		{"UTF-32 LE with a mark", []byte{0xff, 0xfe, 0, 0, 'a', 0, 0, 0}, true},
		{"zeros", make([]byte, 64), true},
		{"small numbers", []byte{1, 0, 2, 0, 0, 0, 3, 0, 0, 0}, true},
		{"a lone pair", []byte{'a', 0}, true},
	} {
		if got := Binary(c.data); got != c.want {
			t.Errorf("%s: Binary is %v", c.name, got)
		}
	}
}

func TestArchiveKind(t *testing.T) {
	packed := func(w io.WriteCloser, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("content")); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var gz, zs, zi bytes.Buffer
	packed(gzip.NewWriter(&gz), nil)
	enc, err := zstd.NewWriter(&zs)
	packed(enc, err)
	archive := zip.NewWriter(&zi)
	if _, err := archive.Create("x"); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		data string
		want string
	}{
		{gz.String(), "gzip"}, {zs.String(), "zstd"}, {zi.String(), "zip"},
		{"\xfd7zXZ\x00\x00\x04", "xz"},
		{"BZh91AY&SY\x00", "bzip2"},
		{"\x5d\x2a\x4d\x18\x00\x00\x00\x00", "zstd"},
		{"7z\xbc\xaf\x27\x1c\x00\x04", "7z"},
		{"Rar!\x1a\x07\x01\x00", "rar"},
		{"\x04\x22\x4d\x18\x64", "lz4"},
		{"LZIP\x01", "lzip"},
		{"PACK\x00\x00\x00\x02\x00", "git pack"},
		{"", ""}, {"PK", ""}, {"PK\x05\x06 an empty zip holds nothing", ""}, {"BZh9 text", ""}, {"LZIPPER", ""}, {"PACKAGE", ""},
		{"\x1f\x8b", ""}, {"file.txt\x00\x00ustar", ""},
	} {
		if got := ArchiveKind([]byte(c.data)); got != c.want {
			t.Errorf("%q is %q, want %q", c.data[:min(len(c.data), 12)], got, c.want)
		}
	}
}
