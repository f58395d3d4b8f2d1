package decode

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func pack(t testing.TB, w io.WriteCloser, data []byte) {
	t.Helper()
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func gzipped(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	pack(t, gzip.NewWriter(&b), data)
	return b.Bytes()
}

func zlibbed(t testing.TB, data []byte, level int) []byte {
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	pack(t, w, data)
	return b.Bytes()
}

func jsonString(t testing.TB, s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wrapped(s string, n int, indent string) string {
	var b strings.Builder
	for ; len(s) > n; s = s[n:] {
		b.WriteString(s[:n] + "\n" + indent)
	}
	return b.String() + s
}

func TestPackedTextIsSeen(t *testing.T) {
	secret := "s3cr3t-of-" + strings.Repeat("ab0", 6)
	var filler strings.Builder
	for i := range 200 {
		filler.WriteString("line " + strings.Repeat("and ", i%7) + "on\n")
	}
	text := []byte(filler.String() + "password: " + secret + "\n")
	std, rawURL := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	gz := gzipped(t, text)
	for name, c := range map[string]struct {
		in    string
		steps []string
	}{
		"gzip":                  {"data: " + std(gz) + "\n", []string{"base64", "gzip"}},
		"gzip, short":           {std(gzipped(t, []byte(secret))), []string{"base64", "gzip"}},
		"gzip, url alphabet":    {"data: " + rawURL(gz) + "\n", []string{"base64", "gzip"}},
		"gzip in lines":         {"data: |\n    " + wrapped(std(gz), 60, "    ") + "\nmore: x\n", []string{"base64", "gzip"}},
		"gzip behind a word":    {"key_" + std(gz), []string{"base64", "gzip"}},
		"gzip in a data url":    {`"data:application/gzip;base64,` + std(gz) + `"`, []string{"base64", "gzip"}},
		"gzip twice in base64":  {"release: " + std([]byte(std(gz))), []string{"base64", "base64", "gzip"}},
		"gzip thrice in base64": {std([]byte(std([]byte(std(gz))))), []string{"base64", "base64", "base64", "gzip"}},
		"base64 in gzip":        {std(gzipped(t, []byte(`{"data":"`+std(text)+`"}`))), []string{"base64", "gzip", "base64"}},
		"gzip in gzip":          {std(gzipped(t, []byte(`{"data":"`+std(gz)+`"}`))), []string{"base64", "gzip", "base64", "gzip"}},
		"utf-16 in gzip":        {std(gzipped(t, []byte(utf16LE("$p = '"+secret+"'")))), []string{"base64", "gzip", "utf-16"}},
		"gzip in hex":           {"0 " + hex.EncodeToString(gz), []string{"hex", "gzip"}},
		"gzip in HEX":           {"0 " + strings.ToUpper(hex.EncodeToString(gz)), []string{"hex", "gzip"}},
		"gzip, escaped":         {`"` + strings.ReplaceAll(wrapped(std(gz), 64, ""), "\n", `\n`) + `"`, []string{"escape", "base64", "gzip"}},
		"zlib, best":            {"data: " + std(zlibbed(t, text, zlib.BestCompression)), []string{"base64", "zlib"}},
		"zlib, default":         {"data: " + std(zlibbed(t, text, zlib.DefaultCompression)), []string{"base64", "zlib"}},
		"zlib, fast":            {"data: " + std(zlibbed(t, text, zlib.BestSpeed)), []string{"base64", "zlib"}},
		"zlib, stored":          {"data: " + std(zlibbed(t, text, zlib.NoCompression)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			views, truncated := Views([]byte(c.in), Options{MaxOutput: 1 << 24})
			if v, _ := holder(views, secret, c.steps...); v == nil {
				t.Errorf("not seen by %v; views:\n%s", c.steps, describe(views))
			}
			if truncated {
				t.Error("truncated")
			}
			checkViews(t, []byte(c.in), views, Options{MaxOutput: 1 << 24})
		})
	}
}

// No byte of what was packed stands anywhere in particular: what is not shown of the input must be all of it.
func TestPackedTextComesFromAllOfIt(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString(gzipped(t, []byte(strings.Repeat("some words\n", 50)+"token")))
	in := []byte("a: b\nc: " + encoded + "\n")
	views, _ := Views(in, Options{})
	v, at := holder(views, "token")
	if v == nil {
		t.Fatalf("not seen; views:\n%s", describe(views))
	}
	if lo, hi := v.Source(at, at+5); string(in[lo:hi]) != encoded {
		t.Errorf("the source of a word is [%d,%d), want all of the packed data", lo, hi)
	}
}

func TestPackedDataThatIsCutOffShowsItsBeginning(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 9))
	var text strings.Builder
	for range 400 {
		text.WriteString(randomToken(rnd, 40) + "\n")
	}
	want := text.String()[:40]
	for _, packed := range [][]byte{gzipped(t, []byte(text.String())), zlibbed(t, []byte(text.String()), -1)} {
		encoded := base64.StdEncoding.EncodeToString(packed)
		in := []byte(encoded[:len(encoded)/2] + "...")
		views, truncated := Views(in, Options{})
		if v, _ := holder(views, want); v == nil || truncated {
			t.Errorf("not seen (truncated %v); views:\n%s", truncated, describe(views))
		}
	}
}

func TestPackedDataWithoutTextIsLeftAlone(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 8))
	noise := make([]byte, 3000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	for name, in := range map[string]string{
		"noise":       base64.StdEncoding.EncodeToString(gzipped(t, noise)),
		"zeros":       base64.StdEncoding.EncodeToString(gzipped(t, make([]byte, 3000))),
		"a word":      "eJwelsAndOthersWithNothingInside eNotation_of_many_things H4sIsNothingAtAllButAWord",
		"damaged":     base64.StdEncoding.EncodeToString(append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), noise...)),
		"bad header":  base64.StdEncoding.EncodeToString(append([]byte("\x1f\x8b\x08\xff"), noise...)),
		"zlib, noise": base64.StdEncoding.EncodeToString(zlibbed(t, noise, -1)),
	} {
		if views, truncated := Views([]byte(in), Options{}); len(views) != 0 || truncated {
			t.Errorf("%s: truncated %v, views:\n%s", name, truncated, describe(views))
		}
	}
}

func TestBombsAreBoundedAndReported(t *testing.T) {
	std := base64.StdEncoding.EncodeToString
	zeros, words := gzipped(t, make([]byte, 64<<20)), gzipped(t, bytes.Repeat([]byte("nothing to see. "), 4<<20))
	secret := strings.Repeat("a readable text ", 4)
	small := std(gzipped(t, make([]byte, 1<<20)))
	for name, in := range map[string]string{
		"zeros":         std(zeros),
		"words":         std(words),
		"bomb in bomb":  std(gzipped(t, []byte(std(words)))),
		"many of zeros": strings.Repeat(small+"\n\n", (4<<20)/len(small)),
	} {
		in += "\n\nx: " + std([]byte(secret)) + "\n"
		start := time.Now()
		views, truncated := Views([]byte(in), Options{})
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		if !truncated {
			t.Errorf("%s: not reported", name)
		}
		if v, _ := holder(views, secret); v == nil {
			t.Errorf("%s: what follows is not seen", name)
		}
		checkViews(t, []byte(in), views, Options{})
	}
}

// What is wrapped in the formats of tools and services is seen in the end.
func TestStructuredTextIsSeen(t *testing.T) {
	secret := "s3cr3t-of-" + strings.Repeat("ab0", 6)
	std := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	rawURL := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	packed := func(s string) string { return std(string(gzipped(t, []byte(s)))) }
	nested := `{"token":"` + secret + `"}`
	deep := nested
	for range 4 {
		deep = `{"body":` + jsonString(t, deep) + `}`
	}
	code := "const config = {\n\ttoken: \"" + secret + "\",\n};\n"
	for name, c := range map[string]struct{ in, want string }{
		"JWT body":                     {"Bearer " + rawURL(`{"alg":"HS256","typ":"JWT"}`) + "." + rawURL(`{"sub":"1","k":"`+secret+`"}`) + ".c2ln", `"k":"` + secret + `"`},
		"JWT body behind an underline": {"jwt_" + rawURL(`{"alg":"HS256"}`) + "." + rawURL(`{"apikey":"`+secret+`"}`) + ".c2ln", `"apikey":"` + secret + `"`},
		"Kubernetes Secret":            {"kind: Secret\ndata:\n  config.json: " + std(nested) + "\n", nested},
		"a Secret in an annotation":    {`last-applied-configuration: "{\"kind\":\"Secret\",\"data\":{\"t\":\"` + std(secret) + `\"}}"`, secret},
		"docker login in a Secret":     {".dockerconfigjson: " + std(`{"auths":{"r.io":{"auth":"`+std("user:"+secret)+`"}}}`), "user:" + secret},
		"Helm release":                 {"data:\n  release: " + std(packed(`{"manifest":`+jsonString(t, "kind: Secret\ndata:\n  t: "+std(secret)+"\n")+`}`)), secret},
		"source map":                   {`{"version":3,"sourcesContent":[` + jsonString(t, code) + `],"mappings":"AAAA"}`, `token: "` + secret + `"`},
		"notebook":                     {`{"cells":[{"source":["t = {\n", ` + jsonString(t, " \"token\": \""+secret+"\"\n") + `]}]}`, `"token": "` + secret + `"`},
		"HAR postData":                 {`{"postData":{"text":` + jsonString(t, `{"auth":{"password":"`+secret+`"}}`) + `}}`, `"password":"` + secret + `"`},
		"HAR form":                     {`{"postData":{"text":"user=a%40b.io&password=` + secret + `%21"}}`, "password=" + secret + "!"},
		"JSON in JSON, five levels":    {deep, nested},
		"Terraform state":              {`{"attributes":{"user_data_base64":"` + packed("#!/bin/sh\nexport TOKEN="+secret+"\n") + `"}}`, "TOKEN=" + secret},
		"cloud-init":                   {"write_files:\n- encoding: gz+b64\n  content: !!binary |\n    " + wrapped(packed("password: "+secret+"\n"+strings.Repeat("and more\n", 40)), 40, "    ") + "\n  path: /x\n", "password: " + secret},
		"XML attribute":                {`<add value="{&quot;token&quot;:&quot;` + secret + `&quot;}"/>`, nested},
		"PHP":                          {`$c = json_decode('{\"token\":\"` + secret + `\"}');`, nested},
		"Java properties":              {`url=jdbc\:mysql\://db.host.io/app?password\=` + secret, "jdbc:mysql://db.host.io/app?password=" + secret},
		"Markdown":                     {`the key is sk\_live\_` + secret, "sk_live_" + secret},
		"named entities":               {`pass&equals;&#x22;abc&excl;def&dollar;` + secret, `pass="abc!def$` + secret},
	} {
		t.Run(name, func(t *testing.T) {
			views, truncated := Views([]byte(c.in), Options{})
			if v, _ := holder(views, c.want); v == nil || truncated {
				t.Errorf("not seen (truncated %v); views:\n%s", truncated, describe(views))
			}
			checkViews(t, []byte(c.in), views, Options{})
		})
	}
}

func BenchmarkPacked(b *testing.B) {
	in := []byte(base64.StdEncoding.EncodeToString(gzipped(b, source(3<<18))))
	b.SetBytes(3 << 18)
	for b.Loop() {
		if views, _ := Views(in, Options{}); !slices.Equal(views[0].Steps, []string{"base64", "gzip"}) {
			b.Fatalf("%d views", len(views))
		}
	}
}
