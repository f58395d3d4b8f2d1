package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdPack is "pack ARCHIVE FILE...": ARCHIVE is a zip, or a tar.gz if it is named so.
func cmdPack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: pack ARCHIVE FILE...")
	}
	var out bytes.Buffer
	add, end := zipWriter(&out)
	if strings.HasSuffix(args[0], ".tar.gz") {
		add, end = tarWriter(&out)
	}
	for _, name := range args[1:] {
		text, err := os.ReadFile(ts.MkAbs(name))
		ts.Check(err)
		ts.Check(add(name, text))
	}
	ts.Check(end())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}

func zipWriter(out io.Writer) (add func(name string, text []byte) error, end func() error) {
	w := zip.NewWriter(out)
	return func(name string, text []byte) error {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(text)
		}
		return err
	}, w.Close
}

func tarWriter(out io.Writer) (add func(name string, text []byte) error, end func() error) {
	z := gzip.NewWriter(out)
	w := tar.NewWriter(z)
	add = func(name string, text []byte) error {
		err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644})
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	}
	return add, func() error {
		if err := w.Close(); err != nil {
			return err
		}
		return z.Close()
	}
}
