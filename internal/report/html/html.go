// Package html renders a report as one HTML file that needs nothing else: for the person who leads an incident, a summary on top; for the one who
// triages, every secret with its places, what its provider said and the steps that end it.
//
// [Write] writes a page that works without JavaScript (numbers, charts, receipt, a table of the first secrets) and behind it the data, as JSON in a
// block that no browser runs. The script, which is page.js and detail.js of this package and nothing else, builds the list from the data: only text
// nodes and attributes that it names itself, never markup out of a string, which the page's policy (Trusted Types) has the browser enforce. The
// policy allows one script and one style, by their hashes, and not a single request.
//
// Everything that a report holds may come from a hostile repository. Texts pass [visible.Text] and a bound on their length on the way in, and what is
// escaped is escaped by html/template or by encoding/json.
package html

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

//go:embed page.css
var css string

//go:embed page.js
var listScript string

//go:embed detail.js
var detailScript string

//go:embed page.html
var body string

var bodyTemplate = sync.OnceValues(func() (*template.Template, error) { return template.New("page").Parse(body) })

// Write writes the report as one HTML file. set says why a kind of secret matters and how it is ended; nil leaves the steps that fit every credential.
// It returns the first error of w. Memory goes with the report, as for the JSON format; how much of it becomes part of the page is bounded by
// maxSecrets, maxPlaces and maxData, and the page says what it leaves out.
func Write(w io.Writer, rep *scanner.Report, set *rules.Set) error {
	rep, err := saved(rep)
	if err != nil {
		return err
	}
	t, err := bodyTemplate()
	if err != nil {
		return fmt.Errorf("parse page: %w", err)
	}
	m := newModel(rep, set)
	style, script := strings.TrimSpace(css), "'use strict';(()=>{\n"+listScript+detailScript+"start();\n})();"
	policy := "default-src 'none'; script-src " + hash(script) + "; style-src " + hash(style) +
		"; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	out := bufio.NewWriterSize(w, 1<<16)
	put := func(s string) { _, _ = out.WriteString(s) } // the buffer keeps an error until its Flush
	put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy + "\">\n" +
		"<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n<meta name=\"color-scheme\" content=\"light dark\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" + template.HTMLEscapeString(m.Title) + "</title>\n<style>" + style + "</style>\n</head>\n")
	if err := t.Execute(out, m); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	put("<script type=\"application/json\" id=\"skant-data\">")
	if err := m.writeData(out); err != nil {
		return err
	}
	put("</script>\n<script>" + script + "</script>\n</body>\n</html>\n")
	return out.Flush()
}

// hash is the source expression of a policy that allows this one text.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// saved is the report as it comes back from its JSON form, so that a page of a scan and one of the report that it saved cannot differ: values that only
// the scan knew, and bytes that JSON cannot hold, are gone.
func saved(rep *scanner.Report) (*scanner.Report, error) {
	plain := *rep
	plain.Recovery = nil
	var text bytes.Buffer
	if err := report.JSON(&text, &plain, nil); err != nil {
		return nil, err
	}
	return report.Read(&text)
}
