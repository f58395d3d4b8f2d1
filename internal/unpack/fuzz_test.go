package unpack

import (
	"archive/zip"
	"bytes"
	"context"
	"testing"
	"time"
)

// FuzzWalk holds that whatever the bytes are, a walk ends without a panic, in bounded time and within its bounds, gives
// the same twice, and never unpacks in silence less than it says.
func FuzzWalk(f *testing.F) {
	text := file{"a.txt", "some text"}
	f.Add(zipped(f, zip.Deflate, text))
	f.Add(tarred(f, text))
	f.Add(arred(text))
	for _, kind := range []string{"gzip", "xz", "zstd"} {
		f.Add(packed(f, kind, tarred(f, text)))
	}
	nest, _ := nested(f, 5, "deep")
	f.Add(nest)
	f.Add(page(flated(f, "", "BT /F1 1 Tf [(a)-200(b)] TJ (c) ' ET"), "<< /Type /Font /Subtype /Type0 /ToUnicode 6 0 R >>",
		flated(f, "", "1 beginbfrange <0021> <007f> <0020> endbfrange 1 beginbfchar <0001> <00410042> endbfchar")))
	f.Add(pdfOf(flated(f, "/Type /ObjStm /N 1 /First 4", "9 0 << /Type /Page /Contents 2 0 R >>"), flated(f, "", "BT (x) Tj ET")))
	f.Add(zipped(f, zip.Store, file{"word/document.xml", `<w:p xmlns:w="http://schemas.openxmlformats.org/w"><w:t>a&#65;</w:t></w:p>`}))
	f.Add([]byte(`{"cells": [{"source": ["a\n"]}], "nbformat": 4}`))
	f.Add(hugeDictionary(3, 40))
	opt := Options{MaxMember: 1 << 16, MaxTotal: 1 << 20, MaxMembers: 200, MaxHeld: 80 << 20}
	f.Fuzz(func(t *testing.T, data []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var first bytes.Buffer
		for round := range 2 {
			var all bytes.Buffer
			total := 0
			err := Walk(ctx, data, opt, func(m Member) error {
				if int64(len(m.Data)) > max(opt.MaxMember, int64(4*len(data))) {
					t.Errorf("%q has %d bytes", m.Path, len(m.Data))
				}
				if m.Path == "" {
					t.Error("a member without a path")
				}
				total += len(m.Data)
				all.WriteString(m.Path)
				all.Write(m.Data)
				return nil
			}, func(g Gap) {
				if g.Reason == "" {
					t.Error("a gap without a reason")
				}
				all.WriteString(g.Member + g.Reason)
			})
			if err != nil {
				t.Fatalf("ended with %v", err)
			}
			if round == 0 {
				first = all
			} else if !bytes.Equal(first.Bytes(), all.Bytes()) {
				t.Error("another result the second time")
			}
		}
	})
}
