package chains

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"
)

// maker makes content and edits of it.
type maker struct {
	m    Material
	c    Choices
	size int
}

// distances are those at which rules and the engine stop looking, in bytes.
var distances = [...]int{
	1, 16, 24, 40, 60, 64, 100, 120, 200, 250, 256, 300, 400, 512, 800, 1024, 2048, 3000, 3500, 4096, 8000, 8192, 10240,
}

// signs end, join or hide values.
var signs = [...]string{
	"\n", " ", "=", "a", "Z", "0", "\"", "\r\n", ":", "_", "-", "+", "/", "%", "\\", "&", ";", "'", ".", "\t", "\x00",
	"\xff", "\xff\xfe", "\xfe\xff", "\u212a", "<", "==", "\n\n", "@", "://", "x", "\\n", "%25", "&amp;", "{", "}", "xxxx", "example",
}

// small returns a number below n, mostly a low one.
func (k *maker) small(n int) int { return k.c.IntN(1 + k.c.IntN(n)) }

// chance is true once in n times; where choices have run out it is false.
func (k *maker) chance(n int) bool { return k.c.IntN(n) == n-1 }

// content makes the first version. It has mostly several times as much text as any edit changes: what changes altogether
// is no test of edits.
func (k *maker) content() []byte {
	var b []byte
	for range 1 + k.c.IntN(10) {
		if len(b) > k.size {
			break
		}
		if k.c.IntN(2) == 0 {
			b = append(b, k.lines()...)
		}
		b = append(b, k.atom()...)
		b = append(b, signs[k.small(12)]...)
	}
	if k.c.IntN(3) > 0 {
		b = append(b, k.lines()...)
	}
	return k.whole(b)
}

// lines makes lines such as programs have, no two alike.
func (k *maker) lines() []byte {
	var b []byte
	for i := range 1 + k.small(40) {
		b = fmt.Appendf(b, "\tif err := step%d(ctx, %d); err != nil { return err }\n", i, k.c.IntN(1000))
	}
	return b
}

// whole turns content as a whole into something else, sometimes.
func (k *maker) whole(b []byte) []byte {
	if !k.chance(14) {
		return b
	}
	switch k.c.IntN(4) {
	case 0:
		return utf16Text(b, binary.LittleEndian, k.c.IntN(2) == 0)
	case 1:
		return utf16Text(b, binary.BigEndian, k.c.IntN(2) == 0)
	case 2:
		return append(bytes.Repeat([]byte{1, 0, 7}, 8), b...)
	default:
		return k.encode(b)
	}
}

// atom makes a part of content: something to find, plain or encoded, or what stands around it.
func (k *maker) atom() []byte {
	switch k.c.IntN(8) {
	case 0:
		return k.filler()
	case 1:
		return []byte(k.word())
	case 2, 3:
		return k.encode([]byte(k.text()))
	case 4: // half of something
		s := k.text()
		cut := k.c.IntN(len(s) + 1)
		if k.c.IntN(2) == 0 {
			return []byte(s[cut:])
		}
		return []byte(s[:cut])
	default:
		return []byte(k.text())
	}
}

func (k *maker) text() string { return k.m.Texts[k.c.IntN(len(k.m.Texts))] }

func (k *maker) word() string {
	if k.chance(3) {
		return signs[k.c.IntN(len(signs))]
	}
	return k.m.Words[k.c.IntN(len(k.m.Words))]
}

// filler makes text that has nothing to find and is about as long as something looks.
func (k *maker) filler() []byte {
	n := min(max(0, distances[k.c.IntN(len(distances))]+k.c.IntN(9)-4), k.size/2)
	unit := [...]string{
		"func main() { return nil } // nothing to see\n", "a b c ", "\n", "Zm9vYmFy", "lorem ipsum dolor sit amet ", "0f1e",
		"\\\\", "- x\r\n", "%20", "\x00\x01\x02\x80\xfe", "word\n",
	}[k.small(11)]
	return []byte(strings.Repeat(unit, n/len(unit)+1)[:n])
}

// encode hides text in one to three encodings.
func (k *maker) encode(b []byte) []byte {
	for range 1 + k.small(3) {
		if len(b) > 4*k.size {
			break
		}
		b = k.encodeOnce(b)
	}
	return b
}

func (k *maker) encodeOnce(b []byte) []byte {
	each := func(format string, plain string) []byte {
		some := 1 + k.small(6) // all of them, or one in some
		var out []byte
		for i, c := range b {
			if i%some == 0 && strings.IndexByte(plain, c) < 0 {
				out = fmt.Appendf(out, format, c)
			} else {
				out = append(out, c)
			}
		}
		return out
	}
	const none = ""
	switch k.c.IntN(12) {
	case 0:
		return []byte(base64.StdEncoding.EncodeToString(b))
	case 1:
		return []byte(base64.RawURLEncoding.EncodeToString(b))
	case 2:
		return wrap(base64.StdEncoding.EncodeToString(b), [...]int{64, 76, 60, 20, 24}[k.c.IntN(5)], [...]string{"\n", "\n  ", "\r\n"}[k.c.IntN(3)])
	case 3:
		return []byte(hex.EncodeToString(b))
	case 4:
		return wrap(hex.EncodeToString(b), [...]int{64, 32, 31}[k.c.IntN(3)], "\n")
	case 5:
		return each("%%%02x", none)
	case 6:
		return each("%%%02X", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
	case 7:
		return each(`\u%04x`, none)
	case 8:
		return each(`\x%02x`, "abcdefghijklmnopqrstuvwxyz")
	case 9:
		return []byte(strings.NewReplacer("\n", `\n`, `"`, `\"`, `\`, `\\`, "/", `\/`).Replace(string(b)))
	case 10:
		return each("&#%d;", none)
	default:
		return utf16Text(b, binary.LittleEndian, false)
	}
}

func wrap(s string, width int, end string) []byte {
	var out []byte
	for len(s) > width {
		out = append(append(out, s[:width]...), end...)
		s = s[width:]
	}
	return append(out, s...)
}

func utf16Text(b []byte, order binary.AppendByteOrder, mark bool) []byte {
	var out []byte
	if mark {
		out = order.AppendUint16(out, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(string(b))) {
		out = order.AppendUint16(out, u)
	}
	return out
}
