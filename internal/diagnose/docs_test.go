package diagnose

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/scanner"
)

var update = flag.Bool("update", false, "write what the answers of the manual's table mean into the table")

// sentAs are the kinds of credentials of the table: a rule, and the header that its request sends.
var sentAs = map[string]string{
	"API key": "anthropic-api-key", "personal key": "anthropic-personal-key", "admin key": "anthropic-admin-key",
	"compliance key": "anthropic-compliance-key", "OAuth token": "anthropic-oauth-access-token",
}

// errorCell is an answer as the table writes it: `type`: `message`.
var errorCell = regexp.MustCompile("^(?:`([a-z_]+)`: )?`([^`]+)`")

// TestTableOfAnswers holds the manual's table of Anthropic's answers against what skant makes of each: the verdict, what it means, and what
// to do.
func TestTableOfAnswers(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "diagnose.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	seen := map[string]int{}
	in := false
	for i, line := range lines {
		if strings.HasPrefix(line, "| status | answer | sent | verdict |") {
			in = true
			continue
		}
		if in = in && strings.HasPrefix(line, "|"); !in || strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) < 3 {
			t.Fatalf("line %d has %d cells", i+1, len(cells))
		}
		x := judged(t, cells[0], cells[1], cells[2])
		v := x.Result.Verification
		seen[string(x.Result.Verdict)]++
		want := fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", cells[0], cells[1], cells[2], x.Result.Verdict, v.Says, v.Do)
		if *update {
			lines[i] = want
		} else if line != want {
			t.Errorf("line %d is\n%s\nand skant says\n%s", i+1, line, want)
		}
		if v.Says == "" || v.Do == "" {
			t.Errorf("line %d: skant says %q and %q", i+1, v.Says, v.Do)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []scanner.Verdict{scanner.Live, scanner.Restricted, scanner.Dead, scanner.Expired, scanner.Unknown} {
		if seen[string(v)] == 0 {
			t.Errorf("no answer of the table is %s", v)
		}
	}
}

// judged asks about a credential of a kind, gets the answer of a row, and returns what skant makes of it.
func judged(t *testing.T, status, answer, kind string) verify.Exchange {
	t.Helper()
	set, err := said()
	if err != nil {
		t.Fatal(err)
	}
	code, err := strconv.Atoi(status)
	rule := sentAs[kind]
	m := errorCell.FindStringSubmatch(answer)
	if err != nil || rule == "" || m == nil && !strings.HasPrefix(answer, "a web page") {
		t.Fatalf("the table has %q, %q, %q", status, answer, kind)
	}
	r := reply{status: code}
	switch {
	case m == nil:
		r.body, r.headers = "<!DOCTYPE html><title>Just a moment...</title>", []string{"Content-Type: text/html; charset=UTF-8"}
	case strings.HasPrefix(m[2], "{"):
		r.body = m[2]
	default:
		r.body = problem(m[1], m[2])
	}
	if strings.Contains(answer, "with its organization") {
		r.headers = append(r.headers, organization)
	}
	secret := made(t, "<<b64url 60>>")
	f := scanner.NewFinding(rule, scanner.NewSecret(secret, 0), nil)
	refused := unknownKey
	if kind == "OAuth token" {
		refused = reply{401, problem("authentication_error", "Invalid bearer token"), nil}
	}
	v, err := verify.New(set, verify.Options{Endpoints: map[string]string{"anthropic": newStand(t, secret, r, refused).URL}})
	if err != nil {
		t.Fatal(err)
	}
	x, err := v.Ask(t.Context(), &f)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestEveryRefusalSaysWhatToDo: an answer that is no list of what was asked for says what it means and what to do about it.
func TestEveryRefusalSaysWhatToDo(t *testing.T) {
	set, err := said()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, id := range []string{
		"anthropic-api-key", "anthropic-personal-key", "anthropic-service-account-key", "anthropic-admin-key", "anthropic-compliance-key",
		"anthropic-oauth-access-token", "aws-bedrock-long-term-key", "aws-bedrock-short-term-key",
	} {
		rule := set.Lookup(id)
		if rule == nil {
			t.Fatalf("there is no rule %s", id)
		}
		live, ok := set.LivenessOf(rule)
		if !ok || len(live.Answers) == 0 {
			t.Errorf("%s is not asked about", id)
		}
		for _, a := range live.Answers {
			if seen++; !slices.Contains(a.Status, 200) && a.Do == "" {
				t.Errorf("%s: what to do about %v (%s) is missing", id, a.Status, a.Says)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d answers were looked at", seen)
	}
}
