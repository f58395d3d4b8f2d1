package unpack

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// seen is what a walk gave.
type seen struct {
	members map[string]string
	gaps    []string
}

func walk(t testing.TB, data []byte, opt Options) seen {
	t.Helper()
	s := seen{members: map[string]string{}}
	err := Walk(t.Context(), data, opt, func(m Member) error {
		s.members[m.Path] += string(m.Data)
		return nil
	}, func(g Gap) { s.gaps = append(s.gaps, g.Member+": "+g.Reason) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// gap reports whether a gap mentions the words.
func (s seen) gap(words string) bool {
	return slices.ContainsFunc(s.gaps, func(g string) bool { return strings.Contains(g, words) })
}

type file struct{ name, text string }

func zipped(t testing.TB, method uint16, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		m, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(m, f.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.text)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func arred(files ...file) []byte {
	out := []byte("!<arch>\n")
	for _, f := range files {
		out = fmt.Appendf(out, "%-16s%-12d%-6d%-6d%-8o%-10d`\n%s", f.name, 0, 0, 0, 0o644, len(f.text), f.text)
		if len(f.text)%2 == 1 {
			out = append(out, '\n')
		}
	}
	return out
}

func packed(t testing.TB, kind string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch kind {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zstd":
		w, err = zstd.NewWriter(&b)
	case "xz":
		w, err = xz.NewWriter(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestKind(t *testing.T) {
	jar := zipped(t, zip.Deflate, file{"x", "y"})
	for _, c := range []struct {
		data, want string
	}{
		{string(packed(t, "gzip", nil)), "gzip"}, {string(packed(t, "zstd", []byte("x"))), "zstd"}, {string(packed(t, "xz", nil)), "xz"},
		{string(jar), "zip"}, {"#!/bin/sh\nexec java -jar $0\n" + string(jar), "zip"}, {"any bytes before one" + string(jar), "zip"},
		{string(tarred(t, file{"a", "b"})), "tar"}, {string(arred(file{"a", "b"})), "ar"},
		{"BZh91AY&SY\x00", "bzip2"}, {"%PDF-1.7\n", "pdf"}, {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"},
		{"\x5d\x2a\x4d\x18\x00\x00\x00\x00", "zstd"}, {"7z\xbc\xaf\x27\x1c\x00\x04", "7z"}, {"Rar!\x1a\x07\x01\x00", "rar"},
		{"\x04\x22\x4d\x18\x64\x00\x00\x00", "lz4"}, {"LZIP\x01\x00\x00\x00", "lzip"}, {"PACK\x00\x00\x00\x02\x00", "git pack"},
		{"# v2 git bundle\n", "git bundle"}, {`{"cells": [], "nbformat": 4}`, "notebook"},
		{"", ""}, {"PK", ""}, {"BZh9 text here", ""}, {"LZIPPER is a word", ""}, {"PACKAGES", ""}, {"\x1f\x8b", ""},
		{"file.txt\x00\x00ustar", ""}, {"{\"a\": 1234567}", ""}, {"<?xml version=\"1.0\"?><a/>", ""}, {"MSCF is not a cabinet", ""},
	} {
		if got := Kind([]byte(c.data)); got != c.want {
			t.Errorf("%q is %q, want %q", c.data[:min(len(c.data), 12)], got, c.want)
		}
	}
}

func TestWalk(t *testing.T) {
	files := []file{{"a/b.txt", "first\n"}, {"c.bin", strings.Repeat("second ", 5000)}}
	both := map[string]string{"a/b.txt": files[0].text, "c.bin": files[1].text}
	listed := map[string]string{"a/b.txt": files[0].text, "c.bin": files[1].text, "(names)": "a/b.txt\nc.bin\n"}
	tarball := tarred(t, files...)
	for _, c := range []struct {
		name string
		data []byte
		want map[string]string
	}{
		{"deflated zip", zipped(t, zip.Deflate, files...), both},
		{"stored zip", zipped(t, zip.Store, files...), both},
		{"zip behind a program", append([]byte("#!/bin/sh\n"), zipped(t, zip.Deflate, files...)...), both},
		{"tar", tarball, listed},
		{"tar.gz", packed(t, "gzip", tarball), listed},
		{"tar.xz", packed(t, "xz", tarball), listed},
		{"tar.zst", packed(t, "zstd", tarball), listed},
		{"ar", arred(file{"one", "x"}, file{"two/", "yy"}), map[string]string{"one": "x", "two": "yy", "(names)": "one\ntwo/\n"}},
		{"gzip", packed(t, "gzip", []byte("text")), map[string]string{"(content)": "text"}},
		{"two gzips", append(packed(t, "gzip", []byte("te")), packed(t, "gzip", []byte("xt"))...), map[string]string{"(content)": "text"}},
		{"two xz with padding", slices.Concat(packed(t, "xz", []byte("te")), make([]byte, 8), packed(t, "xz", []byte("xt"))), map[string]string{"(content)": "text"}},
		{"two zstds", append(packed(t, "zstd", []byte("te")), packed(t, "zstd", []byte("xt"))...), map[string]string{"(content)": "text"}},
		{"two tars", slices.Concat(tarred(t, files[0]), tarred(t, files[1])), map[string]string{
			"a/b.txt": files[0].text, "(names)": "a/b.txt\n", "(rest)!/c.bin": files[1].text, "(rest)!/(names)": "c.bin\n",
		}},
		{"hostile names", zipped(t, zip.Deflate, file{"../../etc/passwd", "x"}, file{"/root", "y"}, file{"\xff", "z"}), map[string]string{
			"../../etc/passwd": "x", "/root": "y", "\uFFFD": "z",
		}},
		{"no archive", []byte("plain text that is none"), map[string]string{}},
		{"empty zip", zipped(t, zip.Store), map[string]string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := walk(t, c.data, Options{})
			if diff := cmp.Diff(c.want, got.members); diff != "" {
				t.Error(diff)
			}
			if len(got.gaps) > 0 {
				t.Errorf("gaps: %q", got.gaps)
			}
			large := seen{members: map[string]string{}}
			err := WalkReader(t.Context(), bytes.NewReader(c.data), int64(len(c.data)), Options{}, func(m Member) error {
				large.members[m.Path] += string(m.Data)
				return nil
			}, func(g Gap) { large.gaps = append(large.gaps, g.Reason) })
			if err != nil || len(large.gaps) > 0 {
				t.Errorf("read piece by piece: %v, gaps %q", err, large.gaps)
			}
			if c.name != "zip behind a program" && cmp.Diff(c.want, large.members) != "" {
				t.Errorf("read piece by piece: %v", cmp.Diff(c.want, large.members))
			}
		})
	}
}

// nested puts text into n archives of changing formats.
func nested(t testing.TB, n int, text string) (data []byte, path string) {
	data, path = []byte(text), ""
	for i := range n {
		inner := path
		switch i % 4 {
		case 0:
			data, path = zipped(t, zip.Deflate, file{"z", string(data)}), "z"
		case 1:
			data, path = packed(t, "gzip", tarred(t, file{"t", string(data)})), "t"
		case 2:
			data, path = packed(t, "xz", data), "(content)"
		case 3:
			data, path = zipped(t, zip.Store, file{"s.jar", string(data)}), "s.jar"
		}
		if inner != "" {
			path += "!/" + inner
		}
	}
	return data, path
}

func TestNesting(t *testing.T) {
	for n := 1; n <= 6; n++ {
		data, path := nested(t, n, "the secret")
		got := walk(t, data, Options{})
		deep := got.gap("nested deeper than 4 archives")
		if text := got.members[path]; (text == "the secret") != (n <= 4) || deep != (n > 4) {
			t.Errorf("nested %d times: %s is %q, gaps %q", n, path, text, got.gaps)
		}
	}
	data, path := nested(t, 6, "the secret")
	if got := walk(t, data, Options{MaxDepth: 6}); got.members[path] != "the secret" || len(got.gaps) > 0 {
		t.Errorf("with a bound of 6: gaps %q", got.gaps)
	}
}

func TestUnreadable(t *testing.T) {
	locked := zipped(t, zip.Store, file{"a", "text"}, file{"b", "other"})
	for _, mark := range []string{"PK\x03\x04", "PK\x01\x02"} {
		at := bytes.Index(locked, []byte(mark))
		locked[at+map[string]int{"PK\x03\x04": 6, "PK\x01\x02": 8}[mark]] |= 1
	}
	lzma := zipped(t, zip.Store, file{"a", "text"})
	lzma[bytes.Index(lzma, []byte("PK\x01\x02"))+10] = 14
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"encrypted zip", locked, "a: encrypted (zip)"},
		{"unknown method", lzma, "a: compressed by a method that is not read (zip, LZMA)"},
		{"7z", []byte("7z\xbc\xaf\x27\x1c\x00\x04"), "not read (7z)"},
		{"7z in a zip", zipped(t, zip.Deflate, file{"x.7z", "7z\xbc\xaf\x27\x1c\x00\x04"}), "x.7z: the format is not read (7z)"},
		{"git pack", []byte("PACK\x00\x00\x00\x02"), "git unpack-objects"},
		{"git bundle", []byte("# v3 git bundle\n"), "git clone --mirror"},
		{"encrypted PDF", []byte("%PDF-1.4\n1 0 obj<</A 1>>endobj trailer<</Encrypt 5 0 R>>"), "encrypted (PDF)"},
		{"encrypted Office", append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), wide("EncryptedPackage")...), "encrypted (Office)"},
		{"nothing of a PDF", []byte("%PDF-1.4\n"), "damaged (pdf)"},
	} {
		if got := walk(t, c.data, Options{}); !got.gap(c.want) {
			t.Errorf("%s: gaps %q", c.name, got.gaps)
		}
	}
	if got := walk(t, locked, Options{}); got.members["b"] != "other" {
		t.Error("what is not encrypted beside what is was not read")
	}
}

func TestWalkEndsEarly(t *testing.T) {
	data := zipped(t, zip.Deflate, file{"a", "x"}, file{"b", "y"})
	stop := errors.New("stop")
	n := 0
	err := Walk(t.Context(), data, Options{}, func(Member) error { n++; return stop }, func(Gap) {})
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("visit failed: %v after %d calls", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = Walk(ctx, data, Options{}, func(Member) error { cancel(); return nil }, func(Gap) {})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
