package hunt

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
)

// dumps are writers of hex dumps in which a value begins anywhere in a line.
func dumps() []writer {
	var list []writer
	add := func(name string, write func(text string) string) {
		list = append(list, writer{name, func(r *rand.Rand, v string) string {
			if len(v) < leastDumped {
				return ""
			}
			return "\n" + write(random(r, r.IntN(40), alphabet)+v+random(r, r.IntN(40), alphabet))
		}, []string{variantDump, variantHex, "base64"}, true})
	}
	add("hexdump -C", func(text string) string { return hex.Dump([]byte(text)) })
	for _, group := range []int{1, 2} {
		add(fmt.Sprint("xxd -g", group), func(text string) string { return dumpInGroups(text, group, "%08x: ", "  %s\n") })
		add(fmt.Sprint("XXD -g", group), func(text string) string {
			return dumpInGroups(strings.ToUpper(text)[:0]+text, group, "%08X: ", "  %s\r\n")
		})
	}
	add("od", func(text string) string { return dumpInGroups(text, 1, "%07o ", "\n%.0s") })
	return list
}

// dumpInGroups writes 16 bytes a line.
func dumpInGroups(text string, group int, number, beside string) string {
	var b strings.Builder
	for at := 0; at < len(text); at += 16 {
		line := text[at:min(len(text), at+16)]
		fmt.Fprintf(&b, number, at)
		for i := range 16 {
			if i > 0 && i%group == 0 {
				b.WriteString(" ")
			}
			if i < len(line) {
				fmt.Fprintf(&b, "%02x", line[i])
			} else {
				b.WriteString("  ")
			}
		}
		fmt.Fprintf(&b, beside, strings.ReplaceAll(line, "\n", "."))
	}
	return b.String()
}

// TestDumpsAtEachPlace finds values of every length that is looked for, wherever in a line they begin.
func TestDumpsAtEachPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for n := leastDumped; n < 72; n += 1 + n/8 {
		v := random(r, n, alphabet)
		h := newHunter(t, nil, v)
		for at := range 16 {
			text := random(r, 32+at, alphabet) + v + random(r, 20, alphabet)
			for name, dump := range map[string]string{
				"hexdump": hex.Dump([]byte(text)), "xxd": dumpInGroups(text, 2, "%08x: ", "  %s\n"), "od": dumpInGroups(text, 1, "%07o ", "\n%.0s"),
			} {
				fs := h.seek(t, dump)
				if len(fs) == 0 || fs[0].Facts[FactVariant] != variantDump && fs[0].Facts[FactVariant] != variantHex {
					t.Fatalf("%s of %d bytes at %d: %v", name, n, at, fs)
				}
				shows(t, fs, v)
				for i := range fs {
					for j := 0; j+4 <= len(v); j++ {
						if strings.Contains(fs[i].Excerpt, v[j:j+4]) {
							t.Fatalf("%s: the excerpt has the text beside", name)
						}
					}
				}
			}
			wrong := []byte(text)
			wrong[32+at+n/2] ^= 1
			for _, f := range h.seek(t, hex.Dump(wrong)) {
				if !isPart(f.Facts[FactVariant]) {
					t.Fatalf("%d bytes at %d: found with one byte wrong: %v", n, at, f.Facts)
				}
			}
		}
	}
}

// TestRealDumps takes the tools themselves, where they are.
func TestRealDumps(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	v := random(r, 45, alphabet)
	h := newHunter(t, nil, v)
	for _, tool := range [][]string{
		{"xxd"}, {"xxd", "-u"}, {"xxd", "-g1"}, {"xxd", "-i"}, {"xxd", "-p"}, {"hexdump", "-C"}, {"od", "-A", "x", "-t", "x1z"}, {"od", "-t", "x1"},
		{"base32"}, {"base32", "-w0"}, {"base64"}, {"basenc", "--base16"},
	} {
		path, err := exec.LookPath(tool[0])
		if err != nil {
			t.Logf("no %s here", tool[0])
			continue
		}
		for before := range 17 {
			cmd := exec.Command(path, tool[1:]...)
			cmd.Stdin = strings.NewReader(random(r, before, alphabet) + v + "\nand more\n")
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			fs := h.seek(t, string(out))
			if len(fs) == 0 {
				t.Errorf("%v with %d bytes before: not found", tool, before)
			}
			shows(t, fs, v)
		}
	}
}
