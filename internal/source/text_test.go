package source

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

// utf16Bytes encodes text as UTF-16.
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
