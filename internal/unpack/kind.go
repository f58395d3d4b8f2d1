package unpack

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Kind names the format that data is in by what it starts with (a zip also by its end, because programs may stand before
// one): "zip", "tar", "ar", "gzip", "xz", "zstd", "bzip2", "pdf", "ole", "sqlite", "office xml" and "notebook" can be
// looked into; "7z", "rar", "lz4", "lzip", "lzop", "compress", "snappy", "cab", "rpm", "squashfs", "git pack" and "git
// bundle" cannot. It is empty for anything else: a search of the bytes sees all that is there, as far as text goes.
//
// It is quick enough to be asked of every blob of a history.
func Kind(data []byte) string {
	if len(data) < 4 {
		return ""
	}
	if kind := magic(data); kind != "" {
		return kind
	}
	switch {
	case len(data) > 262 && string(data[257:262]) == "ustar":
		return "tar"
	case isNotebook(data):
		return "notebook"
	case isOfficeXML(data):
		return "office xml"
	case endsAsZip(data):
		return "zip"
	}
	return ""
}

// magic recognises what has its mark at the start.
func magic(data []byte) string {
	has := func(prefix string) bool { return len(data) >= len(prefix) && string(data[:len(prefix)]) == prefix }
	switch data[0] {
	case 'P':
		switch {
		case has("PK\x03\x04"), has("PK\x07\x08"), has("PK\x05\x06"):
			return "zip"
		case has("PACK\x00\x00\x00\x02"), has("PACK\x00\x00\x00\x03"):
			return "git pack"
		}
	case 0x1f:
		switch {
		case has("\x1f\x8b\x08"):
			return "gzip"
		case has("\x1f\x9d"):
			return "compress"
		}
	case 0xfd:
		if has("\xfd7zXZ\x00") {
			return "xz"
		}
	case 0x28:
		if has("\x28\xb5\x2f\xfd") {
			return "zstd"
		}
	case 'B':
		if has("BZh") && data[3] >= '1' && data[3] <= '9' && len(data) >= 10 &&
			(string(data[4:10]) == "1AY&SY" || string(data[4:10]) == "\x17\x72\x45\x38\x50\x90") {
			return "bzip2"
		}
	case '!':
		if has("!<arch>\n") {
			return "ar"
		}
	case '%':
		if has("%PDF-") {
			return "pdf"
		}
	case 0xd0:
		if has("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
			return "ole"
		}
	case 'S':
		// The text encoding of a database is at byte 56: 2 and 3 are UTF-16. One in UTF-8 is searched as it is.
		if has("SQLite format 3\x00") && len(data) > 59 && (data[59] == 2 || data[59] == 3) {
			return "sqlite"
		}
	}
	if len(data) >= 4 && data[0]>>4 == 5 && string(data[1:4]) == "\x2a\x4d\x18" {
		// A frame that decoders skip, which zstd and lz4 share; pzstd starts its files with one.
		return "zstd"
	}
	return unreadMagic(data)
}

// unreadMagics are the marks of formats that cannot be looked into.
var unreadMagics = []struct{ prefix, kind string }{
	{"7z\xbc\xaf\x27\x1c", "7z"},
	{"Rar!\x1a\x07", "rar"},
	{"\x04\x22\x4d\x18", "lz4"},
	{"LZIP\x00", "lzip"}, {"LZIP\x01", "lzip"},
	{"\x89LZO\x00\r\n", "lzop"},
	{"\xff\x06\x00\x00sNaPpY", "snappy"},
	{"MSCF\x00\x00\x00\x00", "cab"},
	{"\xed\xab\xee\xdb", "rpm"},
	{"hsqs", "squashfs"},
	{"# v2 git bundle\n", "git bundle"}, {"# v3 git bundle\n", "git bundle"},
}

func unreadMagic(data []byte) string {
	switch data[0] {
	case '7', 'R', 4, 'L', 0x89, 0xff, 'M', 0xed, 'h', '#':
		for _, m := range unreadMagics {
			if len(data) >= len(m.prefix) && string(data[:len(m.prefix)]) == m.prefix {
				return m.kind
			}
		}
	}
	return ""
}

// unreadable is why a format cannot be looked into; empty if it can.
func unreadable(kind string) string {
	switch kind {
	case "7z", "rar", "lz4", "lzip", "lzop", "compress", "snappy", "cab", "rpm", "squashfs":
		return "the format is not read (" + kind + "); unpack it and scan the folder"
	case "git pack":
		return "the format is not read (git pack); put it into a repository with `git unpack-objects` and run `skant history` there"
	case "git bundle":
		return "the format is not read (git bundle); clone it with `git clone --mirror` and run `skant history` there"
	}
	return ""
}

// streamed reports whether a format is read from its start to its end, and need not be held in memory.
func streamed(kind string) bool {
	switch kind {
	case "tar", "ar", "gzip", "xz", "zstd", "bzip2":
		return true
	}
	return false
}

const zipEndSize = 22

// endsAsZip reports whether the end record of a zip is the last thing in data, or near the end of a program or script
// that unpacks itself.
func endsAsZip(data []byte) bool {
	if len(data) < zipEndSize {
		return false
	}
	if string(data[len(data)-zipEndSize:][:4]) == zipEndMark {
		return true
	}
	// The record has zeros in it, which a script without an archive behind it has nowhere.
	tail := data[max(0, len(data)-zipEndSize-math.MaxUint16):]
	if head := string(data[:4]); head[:2] != "MZ" && head != "\x7fELF" && (head[:2] != "#!" || bytes.IndexByte(tail, 0) < 0) {
		return false
	}
	end, ok := findZipEnd(data)
	return ok && end.size > 0
}

// isNotebook reports whether data is a Jupyter notebook: its format's number is the first or the last thing in it.
func isNotebook(data []byte) bool {
	const near = 512
	if data[0] != '{' {
		return false
	}
	return bytes.Contains(data[max(0, len(data)-near):], []byte(`"nbformat"`)) ||
		bytes.Contains(data[:min(len(data), near)], []byte(`"nbformat"`))
}

// isOfficeXML reports whether data is a part of an Office or OpenDocument file.
func isOfficeXML(data []byte) bool {
	if data[0] != '<' && !bytes.HasPrefix(data, []byte("\xef\xbb\xbf<")) {
		return false
	}
	head := data[:min(len(data), 2048)]
	for _, ns := range []string{"schemas.openxmlformats.org/", "purl.oclc.org/ooxml/", "urn:oasis:names:tc:opendocument:", "schemas.microsoft.com/office/word/"} {
		if bytes.Contains(head, []byte(ns)) {
			return true
		}
	}
	return false
}

func le16(b []byte) int   { return int(binary.LittleEndian.Uint16(b)) }
func le32(b []byte) int64 { return int64(binary.LittleEndian.Uint32(b)) }
