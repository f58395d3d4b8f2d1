package unpack

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// token stands for a secret: no format that anybody has.
const token = "TOKEN-one-two-three-4567"

// pdfOf builds a PDF of objects, number 1 first, with a table that nobody reads.
func pdfOf(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	for i, o := range objects {
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	b.WriteString("trailer\n<< /Root 1 0 R >>\n%%EOF\n")
	return b.Bytes()
}

// flated is a stream object.
func flated(t testing.TB, dict, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("<< /Filter /FlateDecode /Length %d %s >>\nstream\n%s\nendstream", b.Len(), dict, b.String())
}

// page is a document of one page with this content and this font.
func page(content, font string, more ...string) []byte {
	return pdfOf(append([]string{
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << /Font << /F1 5 0 R >> >> >>",
		"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>", content, font,
	}, more...)...)
}

const plainFont = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"

func TestPDF(t *testing.T) {
	glyphs := "" // codes are letters moved by one, two bytes each
	for _, c := range token {
		glyphs += fmt.Sprintf("%04x", c+1)
	}
	moved := "" // one byte each
	for _, c := range token {
		moved += fmt.Sprintf("%02x", c+1)
	}
	wideFont := "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 6 0 R >>"
	table := flated(t, "", "1 begincodespacerange <0000> <ffff> endcodespacerange\n1 beginbfrange <0021> <007f> <0020> endbfrange")
	var kerned, placed strings.Builder
	kerned.WriteString("BT /F1 12 Tf [")
	placed.WriteString("BT /F1 12 Tf 10 10 Td ")
	for i := 0; i < len(token); i++ {
		fmt.Fprintf(&kerned, "(%c)-20", token[i])
		fmt.Fprintf(&placed, "(%c) Tj 5 0 Td ", token[i])
	}
	kerned.WriteString("] TJ ET")
	placed.WriteString("ET")
	var a85 bytes.Buffer
	enc := ascii85.NewEncoder(&a85)
	_, _ = enc.Write([]byte("BT (" + token + ") Tj ET"))
	_ = enc.Close()
	utf := "\xfe\xff"
	for _, u := range utf16.Encode([]rune(token)) {
		utf += string([]byte{byte(u >> 8), byte(u)})
	}
	for _, c := range []struct {
		name  string
		data  []byte
		where string
	}{
		{"plain", page(flated(t, "", "BT /F1 12 Tf 72 720 Td ("+token+") Tj ET"), plainFont), "(page 1)"},
		{"kerned", page(flated(t, "", kerned.String()), plainFont), "(page 1)"},
		{"letter by letter", page(flated(t, "", placed.String()), plainFont), "(page 1)"},
		{"octal", page(flated(t, "", `BT (\124\117KEN-one-two-\`+"\n"+`three-4567) Tj ET`), plainFont), "(page 1)"},
		{"hexadecimal", page(flated(t, "", "BT <"+hex.EncodeToString([]byte(token))+"> Tj ET"), plainFont), "(page 1)"},
		{"glyphs of two bytes", page(flated(t, "", "BT /F1 12 Tf <"+glyphs+"> Tj ET"), wideFont, table), "(page 1)"},
		{"glyphs of one byte", page(flated(t, "", "BT /F1 12 Tf <"+moved+"> Tj ET"),
			"<< /Type /Font /Subtype /TrueType /ToUnicode 6 0 R >>", table), "(page 1)"},
		{"named glyphs", page(flated(t, "", "BT /F1 12 Tf (\x01\x02\x03\x04\x05\x06one-two-three-4567) Tj ET"),
			"<< /Type /Font /Subtype /Type1 /Encoding << /Differences [1 /T /O /K /E /N /hyphen] >> >>"), "(page 1)"},
		{"ASCII85", page("<< /Filter /ASCII85Decode >>\nstream\n<~"+a85.String()+"~>\nendstream", plainFont), "(page 1)"},
		{"two streams", page(flated(t, "", "x"), plainFont, "<< /Type /Page /Parent 2 0 R /Contents [7 0 R 8 0 R] >>",
			flated(t, "", "BT [(TOKEN-one-) (two"), flated(t, "", "-x)] TJ ("+token+") Tj ET")), "(page in object 6)"},
		{"form", page(flated(t, "", "/X Do"), plainFont, flated(t, "/Type /XObject /Subtype /Form", "BT ("+token+") Tj ET")), "(object 6)"},
		{"metadata", page(flated(t, "", ""), plainFont, flated(t, "/Type /Metadata", "<x>"+token+"</x>")), "(object 6)"},
		{"object stream", page(flated(t, "", ""), plainFont, flated(t, "/Type /ObjStm /N 1 /First 4", "9 0 << /V ("+token+") >>")), "(object 6)"},
		{"page in an object stream", pdfOf(flated(t, "/Type /ObjStm /N 1 /First 4", "9 0 << /Type /Page /Contents 2 0 R >>"),
			flated(t, "", "BT ("+token+") Tj ET")), "(page in object 9)"},
		{"note in UTF-16", page(flated(t, "", ""), plainFont, "<< /Type /Annot /Contents ("+utf+") >>"), "(strings)"},
		{"note in digits", page(flated(t, "", ""), plainFont, "<< /Type /Annot /Contents <"+hex.EncodeToString([]byte(token))+"> >>"), "(strings)"},
		{"attachment", page(flated(t, "", ""), plainFont, flated(t, "/Type /EmbeddedFile", string(zipped(t, zip.Deflate, file{"a.txt", token})))), "(object 6)!/a.txt"},
		{"earlier revision", append(page(flated(t, "", "BT ("+token+") Tj ET"), plainFont),
			"3 0 obj\n<< /Type /Page /Parent 2 0 R >>\nendobj\n"...), "(page in object 3)"},
		{"no end", bytes.TrimSuffix(page(flated(t, "", "BT ("+token+") Tj ET"), plainFont), []byte("%%EOF\n")), "(page 1)"},
		{"false length", bytes.Replace(page(flated(t, "", "BT ("+token+") Tj ET"), plainFont), []byte("/Length "), []byte("/Length 9"), 1), "(page 1)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := walk(t, c.data, Options{})
			if !strings.Contains(got.members[c.where], token) || len(got.gaps) > 0 {
				t.Errorf("gaps %q, members %q", got.gaps, got.members)
			}
		})
	}
}

func TestPDFGaps(t *testing.T) {
	blind := "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H >>"
	broken := flated(t, "", "BT ("+strings.Repeat(token, 50)+") Tj ET")
	at := strings.Index(broken, "stream\n") + 12
	broken = broken[:at] + "\xff\xff\xff\xff" + broken[at+4:]
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"font without a table", page(flated(t, "", "BT /F1 1 Tf <00410042> Tj ET"), blind), "do not say which letters"},
		{"unknown filter", page("<< /Filter /LZWDecode >>\nstream\nxxxx\nendstream", plainFont), "a method that is not read (PDF)"},
		{"damaged stream", page(broken, plainFont), "damaged (pdf)"},
	} {
		if got := walk(t, c.data, Options{}); !got.gap(c.want) {
			t.Errorf("%s: gaps %q", c.name, got.gaps)
		}
	}
	picture := page(flated(t, "", ""), plainFont, "<< /Subtype /Image /Filter /DCTDecode >>\nstream\nxxxx\nendstream")
	if got := walk(t, picture, Options{}); len(got.gaps) > 0 {
		t.Errorf("a picture is no gap: %q", got.gaps)
	}
}

func TestOffice(t *testing.T) {
	const word = `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`
	for _, c := range []struct{ name, member, xml, want string }{
		{"Word, split over runs", "word/document.xml", word + `<w:p><w:r><w:t>key: TOKEN-one</w:t></w:r><w:proofErr/><w:r><w:rPr><w:b/></w:rPr>` +
			`<w:t>-two-three</w:t></w:r><w:r><w:t>-4567</w:t></w:r></w:p><w:p><w:r><w:t>next &amp; last</w:t></w:r></w:p></w:body></w:document>`,
			"key: " + token + "\nnext & last\n"},
		{"PowerPoint", "ppt/slides/slide1.xml", `<p:sld xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:p><a:r><a:t>TOKEN-one-</a:t></a:r>` +
			`<a:r><a:t>two-three-4567</a:t></a:r></a:p></p:sld>`, token + "\n"},
		{"Excel, shared strings", "xl/sharedStrings.xml", `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><r><t>TOKEN-one</t></r>` +
			`<r><t>-two-three-4567</t></r></si><si><t>other</t></si></sst>`, token + "\nother\n"},
		{"OpenDocument", "content.xml", `<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><text:p>a<text:tab/>TOKEN-one` +
			`<text:span text:style-name="T1">-two</text:span>-three-&#52;&#x35;67</text:p></office:document-content>`, "a " + token + "\n"},
	} {
		got := walk(t, zipped(t, zip.Deflate, file{c.member, c.xml}), Options{})
		if text := got.members[c.member+"!/(text)"]; text != c.want || len(got.gaps) > 0 {
			t.Errorf("%s: %q, gaps %q", c.name, text, got.gaps)
		}
		if got.members[c.member] != c.xml {
			t.Errorf("%s: the bytes of the member were not given", c.name)
		}
	}
}

func TestNotebook(t *testing.T) {
	got := walk(t, []byte(`{"cells": [{"cell_type": "code", "outputs": [{"text": ["out\n", "put"]}], "source": ["a = \"`+token+`\"\n", "b"]}],
		"nbformat": 4, "nbformat_minor": 5}`), Options{})
	if text := got.members["(text)"]; !strings.Contains(text, "a = \""+token+"\"\nb\n") || !strings.Contains(text, "out\nput\n") {
		t.Errorf("text is %q", text)
	}
	deep := walk(t, []byte(strings.Repeat("[", 2_000_000)), Options{})
	if len(deep.members) > 0 {
		t.Error("brackets are no notebook")
	}
}

func TestWideText(t *testing.T) {
	ole := append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x01\x02"), wide(token)...)
	if got := walk(t, append(ole, 0xff, 0xff), Options{}); got.members["(text)"] != token+"\n" {
		t.Errorf("OLE: %q", got.members)
	}
	for name, low := range map[string]int{"little": 0, "big": 1} {
		db := append([]byte("SQLite format 3\x00"), make([]byte, 100)...)
		db[59] = byte(2 + low)
		db = append(db, 0xff)
		for _, c := range []byte(token) {
			pair := []byte{c, 0}
			if low == 1 {
				pair = []byte{0, c}
			}
			db = append(db, pair...)
		}
		if got := walk(t, append(db, 0xff, 0xff, 0xff), Options{}); got.members["(text)"] != token+"\n" {
			t.Errorf("SQLite, %s-endian: %q", name, got.members)
		}
	}
}
