package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// hostile is a server that knows which secrets it is sent, and does with each request what a test says.
type hostile struct {
	url     string
	mu      sync.Mutex
	known   []string
	cookies int
	// followed says that somebody came by a redirect.
	followed bool
	asked    int
}

// startHostile answers each request with behave, which writes bytes as they go over the line. own is the secret of the request; empty if it
// is none of the known.
func startHostile(t testing.TB, ca *authority, known []string, behave func(w io.Writer, own string, n int)) *hostile {
	h := &hostile{known: known}
	cert := ca.issue("127.0.0.1", time.Now().Add(30*time.Minute))
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	h.url = "https://" + l.Addr().String()
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { h.serve(conn, behave) })
		}
	})
	return h
}

func (h *hostile) serve(conn net.Conn, behave func(w io.Writer, own string, n int)) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	var all bytes.Buffer
	body, _ := io.ReadAll(r.Body)
	_ = r.Header.Write(&all)
	text := all.String() + r.RequestURI + string(body)
	plain, _ := url.QueryUnescape(text)
	own := ""
	for _, s := range h.known {
		if strings.Contains(text, s) || strings.Contains(plain, s) {
			own = s
		}
	}
	h.mu.Lock()
	h.asked++
	h.followed = h.followed || strings.Contains(r.RequestURI, "elsewhere")
	if r.Header.Get("Cookie") != "" {
		h.cookies++
	}
	n := h.asked
	h.mu.Unlock()
	behave(conn, own, n)
}

// says writes an answer with a length.
func says(w io.Writer, status string, header, body string) {
	_, _ = fmt.Fprintf(w, "HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", status, header, len(body), body)
}

// lives is the answer of several providers to a living credential at once, with word wherever something is learnt from.
func lives(w io.Writer, own, word string) {
	if own == "" { // the negative control
		says(w, "401 No", "", `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"ok":false,"error_code":401,"message":"Bad credentials"}`)
		return
	}
	quoted, _ := json.Marshal(word)
	q := string(quoted)
	says(w, "200 OK", fmt.Sprintf("Anthropic-Organization-Id: %s\r\nX-OAuth-Scopes: %s\r\nX-Echo: %s\r\nSet-Cookie: s=%s\r\n", word, word, word, word),
		`{"type":"model","data":[{"id":`+q+`}],"has_more":false,"id":1,"login":`+q+`,"ok":true,"result":{"id":1,"username":`+q+`},"expires_in":"99","scope":`+q+`,"email":`+q+`,"azp":`+q+`}`)
}

// behaviours are what hostile servers do. Each is given the secret that was sent and all of them.
func behaviours(trap string) map[string]func(w io.Writer, own string, all []string) {
	echo := func(form func(string) string) func(io.Writer, string, []string) {
		return func(w io.Writer, own string, _ []string) { lives(w, own, form(own)) }
	}
	pieces := func(size int, between string) func(string) string {
		return func(s string) string {
			var parts []string
			for len(s) > size {
				parts, s = append(parts, s[:size]), s[size:]
			}
			return strings.Join(append(parts, s), between)
		}
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	return map[string]func(w io.Writer, own string, all []string){
		"echo":                 echo(func(s string) string { return s }),
		"echo in pieces":       echo(pieces(12, " ")),
		"echo in base64":       echo(func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x:" + s)) }),
		"echo in URL base64":   echo(func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }),
		"echo, URL-encoded":    echo(url.QueryEscape),
		"echo, in capitals":    echo(strings.ToUpper),
		"echo, in small":       echo(strings.ToLower),
		"echo, reversed":       echo(reversed),
		"echo, in hexadecimal": echo(func(s string) string { return hex.EncodeToString([]byte(s)) }),
		"echo of half of it":   echo(func(s string) string { return "account " + s[len(s)/2:] }),
		"echo of other secrets": func(w io.Writer, own string, all []string) {
			others := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == own })
			lives(w, own, pieces(20, "/")(strings.Join(others, "+"))[25:])
		},
		"echo in JSON escapes": echo(func(s string) string {
			var b strings.Builder
			for _, c := range []byte(s) {
				fmt.Fprintf(&b, `\u%04x`, c)
			}
			return b.String()
		}),
		"echo, all of it percent-encoded": echo(func(s string) string {
			var b strings.Builder
			for _, c := range []byte(s) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
			return b.String()
		}),
		"status line": func(w io.Writer, own string, _ []string) { says(w, "401 "+own, "", `{"error":{"message":"`+own+`"}}`) },
		"error that quotes": func(w io.Writer, own string, _ []string) {
			says(w, "400 Bad", "", `{"type":"error","error":{"type":"invalid_request_error","message":"I do not like `+own+`, nor `+url.QueryEscape(own)+`"}}`)
		},
		"redirect": func(w io.Writer, own string, _ []string) {
			says(w, "302 Found", "Location: "+trap+"/?key="+url.QueryEscape(own)+"\r\nRefresh: 0; url="+trap+"\r\n", own)
		},
		"redirect to itself": func(w io.Writer, own string, _ []string) {
			says(w, "307 Found", "Location: /elsewhere?key="+url.QueryEscape(own)+"\r\n", "")
		},
		"permanent redirect": func(w io.Writer, own string, _ []string) {
			says(w, "308 Found", "Location: "+trap+"/"+own+"\r\n", "")
		},
		"unasked second answer": func(w io.Writer, own string, _ []string) {
			says(w, "401 No", "", "{}")
			says(w, "200 "+own, "X: "+own+"\r\n", own)
			time.Sleep(300 * time.Millisecond)
		},
		"early answers": func(w io.Writer, own string, _ []string) {
			_, _ = fmt.Fprintf(w, "HTTP/1.1 103 Early\r\nLink: <%s/%s>; rel=preload\r\n\r\n", trap, own)
			says(w, "401 No", "", "{}")
		},
		"garbage": func(w io.Writer, own string, _ []string) { _, _ = io.WriteString(w, own+" "+own+"\r\n\r\n") },
		"bad chunk": func(w io.Writer, own string, _ []string) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+own+"\r\n")
		},
		"bad header": func(w io.Writer, own string, _ []string) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\n"+own+" "+own+"\r\n\r\n{}")
		},
		"bad length": func(w io.Writer, own string, _ []string) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: "+own+"\r\n\r\n{}")
		},
		"reset": func(w io.Writer, _ string, _ []string) {
			if c, ok := w.(*tls.Conn); ok {
				if tcp, ok := c.NetConn().(*net.TCPConn); ok {
					_ = tcp.SetLinger(0)
					_ = tcp.Close()
				}
			}
		},
		"endless headers": func(w io.Writer, own string, _ []string) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\n")
			for {
				if _, err := io.WriteString(w, "X-Pad: "+own+"\r\n"); err != nil {
					return
				}
			}
		},
		"endless body": func(w io.Writer, own string, _ []string) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"id\":\"")
			for {
				if _, err := io.WriteString(w, own); err != nil {
					return
				}
			}
		},
		"bomb": func(w io.Writer, _ string, _ []string) {
			_, _ = fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", bomb.Len())
			_, _ = w.Write(bomb.Bytes())
		},
		"page that is called JSON": func(w io.Writer, own string, _ []string) { says(w, "200 OK", "", "<html><body>"+own) },
		"JSON that is called a page": func(w io.Writer, own string, _ []string) {
			says(w, "403 No", "Content-Type: text/html\r\n", `{"message":"`+own+`"}`)
		},
		"too many": func(w io.Writer, own string, _ []string) {
			says(w, "429 "+own, "Retry-After: 9999999999999999999999\r\nX-Echo: "+own+"\r\n", own)
		},
		"silence": func(io.Writer, string, []string) { time.Sleep(12 * time.Second) },
		"drops": func(w io.Writer, own string, _ []string) {
			for i := range 200 {
				if _, err := w.Write([]byte("HTTP/1.1 200 " + strings.Repeat(own, 10))[i : i+1]); err != nil {
					return
				}
				time.Sleep(70 * time.Millisecond)
			}
		},
	}
}

// travelling are secrets of providers that are asked in different ways: in a header of their own, as a bearer, in the URL, in the body, and with a
// signature.
func travelling(t testing.TB, s *stage, seed string) (known []string, h hushed, providers []string) {
	key, public := newAnthropic(t, seed)
	gh := newSecret(t, `<<github "ghp_">>`, seed)
	bot := newSecret(t, `<<digits 10>><<":AA">><<b64url 32>>x`, seed)
	goog := newSecret(t, `ya29.a0<<b64url 160>>`, seed)
	id, signing := newSecret(t, `<<awsid "AKIA">>`, seed), newSecret(t, `<<b64 40>>`, seed)
	s.write("a.env", "ANTHROPIC_API_KEY="+key+"\nGITHUB_TOKEN="+gh+"\n")
	s.write("b.env", "TELEGRAM_BOT_TOKEN="+bot+"\n\n\n\nAuthorization: Bearer "+goog+"\n")
	s.write("credentials", "[default]\naws_access_key_id = "+id+"\naws_secret_access_key = "+signing+"\n")
	h = hushed{}
	h.add("API key", key, public)
	h.add("GitHub token", gh, 4)
	h.add("bot's token", bot, 13)
	h.add("Google token", goog, 7)
	h.add("AWS secret", signing, 0)
	return []string{key, gh, bot, goog, signing}, h, []string{"anthropic", "github", "telegram", "google", "aws"}
}

// TestSafetyNoSecretLeaks: whatever a server does, no piece of a secret is in anything that is printed or kept.
func TestSafetyNoSecretLeaks(t *testing.T) {
	t.Parallel()
	needsCertFile(t)
	ca := newAuthority(t)
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = trap.Close() }()
	go func() {
		for {
			conn, err := trap.Accept()
			if err != nil {
				return
			}
			t.Error("a redirect was followed")
			_ = conn.Close()
		}
	}()
	gate := make(chan struct{}, 3)
	t.Run("all", func(t *testing.T) {
		for name, behave := range behaviours("https://" + trap.Addr().String()) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if name != "silence" && name != "drops" { // those only wait
					gate <- struct{}{}
					defer func() { <-gate }()
				}
				testHostile(t, ca, name, behave)
			})
		}
	})
}

func testHostile(t *testing.T, ca *authority, name string, behave func(w io.Writer, own string, all []string)) {
	s := newStage(t, ca)
	known, h, providers := travelling(t, s, name)
	server := startHostile(t, ca, known, func(w io.Writer, own string, _ int) {
		if own == "" && !strings.HasPrefix(name, "echo") { // the negative control, or a signature
			own = known[len(known)-1]
		}
		behave(w, own, known)
	})
	var at []string
	for _, p := range providers {
		at = append(at, "--verify-endpoint", p+"="+server.url)
	}
	outs := map[string]string{"text": "", "json": "r.json", "jsonl": "r.jsonl", "sarif": "r.sarif", "gitlab": "r.gitlab", "csv": "r.csv", "junit": "r.xml", "ocsf": "r.ocsf",
		"markdown": "r.md", "html": "r.html", "github": "r.gh"}
	args := append([]string{"scan", ".", "--no-progress", "--verify", "-o", "text"}, at...)
	for format, file := range outs {
		if file != "" {
			args = append(args, "-o", format+"="+filepath.Join(s.tmp, file)) // which is searched
		}
	}
	r := s.skant("", args...)
	h.check(t, s, name+": scan", r)
	if r.code != exitFindings || server.asked == 0 {
		t.Errorf("status %d after %d requests\n%s%s", r.code, server.asked, r.out, r.errors)
	}
	for _, file := range outs {
		if info, err := os.Stat(filepath.Join(s.tmp, file)); err != nil || file != "" && info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	if name == "silence" || name == "drops" || name == "echo of other secrets" { // a run of its own knows nothing of others
		return
	}
	for _, text := range []string{"ANTHROPIC_API_KEY=" + known[0], "TELEGRAM_BOT_TOKEN=" + known[2]} {
		r := s.skant(text, append([]string{"verify", "--no-cache"}, at...)...)
		h.check(t, s, name+": verify", r)
		if !strings.Contains(r.out, "Verdict: ") {
			t.Errorf("status %d\n%s%s", r.code, r.out, r.errors)
		}
	}
	if strings.HasPrefix(name, "echo") || name == "status line" || name == "unasked second answer" {
		h.check(t, s, name+": mcp", s.skant(talk(known), append([]string{"mcp", "--verify"}, at...)...))
		s.env = append(s.env, "ANTHROPIC_API_KEY="+known[0])
		h.check(t, s, name+": diagnose", s.skant("", append([]string{"verify", "--diagnose"}, at...)...))
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.followed {
		t.Error("a redirect was followed")
	}
	if server.cookies > 0 {
		t.Error("a cookie was sent back")
	}
}

// talk is what an agent says to have secrets verified.
func talk(secrets []string) string {
	lines := []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"verify","arguments":{"path":"."}}}`,
	}
	for i, s := range secrets {
		lines = append(lines, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"verify","arguments":{"text":"TOKEN=%s"}}}`, 4+i, s))
	}
	return strings.Join(lines, "\n") + "\n"
}
