package decode

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
)

func encode16(s string, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func utf16LE(s string) string { return string(encode16(s, binary.LittleEndian)) }

func TestUTF16(t *testing.T) {
	text := "[user]\r\n\ttoken = " + strings.Repeat("k3y", 8) + "\r\n"
	foreign := "ключ = " + strings.Repeat("日本語", 20) + " \U0001F600 "
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"le, mark":         {append([]byte{0xff, 0xfe}, encode16(text, binary.LittleEndian)...), text},
		"be, mark":         {append([]byte{0xfe, 0xff}, encode16(text, binary.BigEndian)...), text},
		"le":               {encode16(text, binary.LittleEndian), text},
		"be":               {encode16(text, binary.BigEndian), text},
		"foreign":          {append([]byte{0xff, 0xfe}, encode16(foreign+text, binary.LittleEndian)...), foreign + text},
		"mark alone":       {[]byte{0xff, 0xfe}, ""},
		"odd":              {append(encode16(text, binary.LittleEndian), 'x'), text + "\ufffd"},
		"half a character": {append(encode16(text, binary.LittleEndian), 0x00, 0xd8), text + "\ufffd"},
		"ascii appended":   {append(encode16(text, binary.LittleEndian), text...), text + text},
		"and back":         {append(append(encode16(text, binary.LittleEndian), "x"+text...), encode16(text, binary.LittleEndian)...), text + "x" + text + text},
	} {
		v, ok := UTF16(c.in)
		if !ok || string(v.Data) != c.want {
			t.Errorf("%s: %v, %+v", name, ok, v)
			continue
		}
		if at := bytes.Index(v.Data, []byte("k3y")); at >= 0 {
			lo, hi := v.Source(at, at+3)
			raw := bytes.ReplaceAll(c.in[lo:hi], []byte{0}, nil)
			if string(raw) != "k3y" {
				t.Errorf("%s: source of k3y is %q", name, c.in[lo:hi])
			}
		}
	}
}

func TestNotUTF16(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	noise := make([]byte, 5000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	for name, in := range map[string][]byte{
		"nothing": nil, "one byte": {0xff}, "ascii": []byte("plain text, plain text"), "ascii behind a mark": []byte("\xff\xfetoken = abcdefgh"),
		"binary": noise, "nul": make([]byte, 100), "binary with nul": append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 60)...),
		"utf-32": []byte("a\x00\x00\x00b\x00\x00\x00c\x00\x00\x00d\x00\x00\x00"),
	} {
		if v, ok := UTF16(in); ok {
			t.Errorf("%s: taken for UTF-16: %.40q", name, v.Data)
		}
	}
}
