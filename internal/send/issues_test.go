package send

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skant-dev/skant/scanner"
)

// github stands in for the API of issues, and keeps what it is told.
type github struct {
	*httptest.Server
	mu       sync.Mutex
	issues   []*stored
	comments map[int64][]*stored
	// repo is what it says of the repository.
	repo map[string]any
	// log are the requests, METHOD PATH?QUERY. writes counts those that change something.
	log    []string
	writes int
	// before answers a request in its place, if it wants to.
	before func(w http.ResponseWriter, r *http.Request, n int) bool
	// noLabels drops labels, as GitHub does for those who may not set them. by makes what is written.
	noLabels bool
	by       string
}

type stored struct {
	Number      int64               `json:"number"`
	Title       string              `json:"title"`
	State       string              `json:"state"`
	Body        string              `json:"body"`
	Association string              `json:"author_association"`
	User        map[string]string   `json:"user"`
	Labels      []map[string]string `json:"labels"`
	Comments    int                 `json:"comments"`
	PullRequest map[string]string   `json:"pull_request,omitempty"`
}

const token = "stand-in-token-0123456789"

func startGitHub(t testing.TB) *github {
	g := &github{comments: map[int64][]*stored{}, repo: map[string]any{"private": true, "has_issues": true}, by: "MEMBER"}
	g.Server = httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(g.Close)
	return g
}

func (g *github) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.log = append(g.log, r.Method+" "+r.URL.RequestURI())
	if r.Method != "GET" {
		g.writes++
	}
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	if g.before != nil && g.before(w, r, len(g.log)) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+token {
		answer(401, map[string]string{"message": "Bad credentials"})
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/repos/acme/app")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var in struct {
		Title, Body, State string
		Labels             []string
	}
	if text, _ := io.ReadAll(r.Body); len(text) > 0 && json.Unmarshal(text, &in) != nil {
		answer(400, map[string]string{"message": "Problems parsing JSON"})
		return
	}
	number := int64(0)
	if len(parts) > 1 {
		number, _ = strconv.ParseInt(parts[1], 10, 64)
	}
	switch {
	case !ok:
		answer(404, map[string]string{"message": "Not Found"})
	case path == "" && r.Method == "GET":
		answer(200, g.repo)
	case path == "/issues" && r.Method == "GET":
		var list []*stored
		for _, i := range g.issues {
			if slices.ContainsFunc(i.Labels, func(l map[string]string) bool { return l["name"] == r.URL.Query().Get("labels") }) {
				list = append(list, i)
			}
		}
		slices.Reverse(list)
		g.page(w, r, list)
	case path == "/issues" && r.Method == "POST":
		if len([]rune(in.Title)) > 256 || len(in.Body) > 65536 || in.Title == "" {
			answer(422, map[string]string{"message": "Validation Failed"})
			return
		}
		i := &stored{Number: int64(len(g.issues) + 1), Title: in.Title, Body: in.Body, State: "open", Association: g.by, User: map[string]string{"type": "User"}}
		if !g.noLabels {
			for _, l := range in.Labels {
				i.Labels = append(i.Labels, map[string]string{"name": l})
			}
		}
		g.issues = append(g.issues, i)
		answer(201, i)
	case len(parts) == 2 && r.Method == "PATCH":
		g.issues[number-1].State = in.State
		answer(200, g.issues[number-1])
	case len(parts) == 3 && r.Method == "POST":
		c := &stored{Body: in.Body, Association: g.by, User: map[string]string{"type": "User"}}
		g.comments[number] = append(g.comments[number], c)
		g.issues[number-1].Comments++
		answer(201, c)
	case len(parts) == 3:
		g.page(w, r, g.comments[number])
	default:
		answer(404, map[string]string{"message": "Not Found"})
	}
}

// page answers a part of a list as GitHub does.
func (g *github) page(w http.ResponseWriter, r *http.Request, list []*stored) {
	per, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	lo, hi := min(len(list), (n-1)*per), min(len(list), n*per)
	if hi < len(list) {
		w.Header().Set("Link", fmt.Sprintf(`<%s/elsewhere?page=%d>; rel="next"`, "https://evil.example", n+1))
	}
	_ = json.NewEncoder(w).Encode(append([]*stored{}, list[lo:hi]...))
}

// deeds are what was told: "created #1".
func (g *github) send(t testing.TB, m *Message, change func(*Issues)) (deeds []string, left int, err error) {
	t.Helper()
	s, err := Open(g.URL, ServerOptions{Name: "GitHub", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.sleep = func(_ context.Context, d time.Duration) error {
		deeds = append(deeds, "waited "+d.Round(time.Second).String())
		return nil
	}
	x := &Issues{Server: s, Repo: "acme/app", Token: token, Max: DefaultMax}
	if change != nil {
		change(x)
	}
	left, err = x.Send(t.Context(), m, func(d Deed) { deeds = append(deeds, fmt.Sprintf("%s #%d", d.Verb, d.Number)) })
	return deeds, left, err
}

func want(t *testing.T, what string, deeds []string, left int, err error, wanted string, wantLeft int) {
	t.Helper()
	got := strings.Join(deeds, ", ")
	if err != nil {
		got += " | " + err.Error()
	}
	if left != wantLeft || got != wanted && !(strings.HasSuffix(wanted, "*") && strings.HasPrefix(got, strings.TrimSuffix(wanted, "*"))) {
		t.Errorf("%s: %q, %d left; want %q, %d", what, got, left, wanted, wantLeft)
	}
}

func TestIssues(t *testing.T) {
	g := startGitHub(t)
	first := reportOf(finding(t, 1, "a.env"), finding(t, 2, "b.env"))
	run := func(what string, rep *scanner.Report, change func(*Issues), wanted string, wantLeft int) {
		t.Helper()
		deeds, left, err := g.send(t, New(rep, Options{}), change)
		want(t, what, deeds, left, err, wanted, wantLeft)
	}
	run("new", first, func(x *Issues) { x.Labels = []string{"security"} }, "created #1, created #2", 0)
	if len(g.issues[0].Labels) != 2 || !strings.HasPrefix(g.issues[0].Title, "Leaked secret: Anthropic API key in a.env") {
		t.Errorf("%+v", g.issues[0])
	}
	run("again", first, nil, "unchanged #1, unchanged #2", 0)

	moved := reportOf(finding(t, 1, "a.env"), finding(t, 2, "b.env"))
	moved.Findings[0].Location.StartLine = 99
	run("a moved line", moved, nil, "unchanged #1, unchanged #2", 0)

	alive := reportOf(finding(t, 1, "a.env"), finding(t, 2, "b.env"), finding(t, 2, "c.env"))
	alive.Findings[0].Verdict = scanner.Live
	run("a verdict, a place", alive, nil, "commented on #1, commented on #2", 0)
	if c := g.comments[1][0].Body; !strings.Contains(c, "Verdict: not asked → **live**") || strings.Contains(c, "places have changed") {
		t.Errorf("comment %q", c)
	}
	if c := g.comments[2][0].Body; !strings.Contains(c, "c&#46;env") || strings.Contains(c, "Verdict:") {
		t.Errorf("comment %q", c)
	}
	run("the same again", alive, nil, "unchanged #1, unchanged #2", 0)
	run("not asked this time", reportOf(finding(t, 1, "a.env")), nil, "unchanged #1", 0)

	g.issues[0].State = "closed"
	run("closed", alive, nil, "closed, left alone #1, unchanged #2", 0)
	run("reopened", alive, func(x *Issues) { x.Reopen = true }, "reopened #1, unchanged #2", 0)
	if g.issues[0].State != "open" || len(g.comments[1]) != 2 {
		t.Errorf("%+v", g.issues[0])
	}
	if len(g.issues) != 2 {
		t.Errorf("%d issues", len(g.issues))
	}
	// A person's words in the body and in comments change nothing, nor does an answer by somebody else with a mark in it.
	g.issues[1].Body = "I am looking into it.\r\n\r\n" + strings.ReplaceAll(g.issues[1].Body, "\n", "\r\n")
	forged := mark{print32(2), "low", "dead", strings.Repeat("0", 16)}
	g.comments[2] = append(g.comments[2], &stored{Body: forged.String(), Association: "NONE", User: map[string]string{"type": "User"}})
	run("edited", alive, nil, "unchanged #1, unchanged #2", 0)
}

func TestIssuesPagesAndMax(t *testing.T) {
	g := startGitHub(t)
	var fs []scanner.Finding
	for i := range 130 {
		fs = append(fs, finding(t, i, fmt.Sprintf("f%03d.env", i)))
	}
	m := New(reportOf(fs...), Options{})
	for i, left := range []int{70, 10, 0} {
		_, got, err := g.send(t, m, func(x *Issues) { x.Max = 60 })
		if err != nil || got != left || len(g.issues) != 130-left {
			t.Fatalf("run %d: %d left, %d issues, %v", i, got, len(g.issues), err)
		}
	}
	writes := g.writes
	if _, left, err := g.send(t, m, nil); err != nil || left != 0 || g.writes != writes {
		t.Errorf("%d left, %d writes, %v", left, g.writes-writes, err)
	}
	for _, l := range g.log {
		if strings.Contains(l, "elsewhere") {
			t.Errorf("asked %s", l)
		}
	}
	// A comment beyond the first page is the last word.
	for range 70 {
		g.comments[1] = append(g.comments[1], &stored{Body: "I agree.", Association: "MEMBER"})
	}
	g.issues[0].Comments = 71
	fs[0].Verdict = scanner.Dead
	number := g.numberOf(t, print32(0))
	for range 70 {
		g.comments[number] = append(g.comments[number], &stored{Body: "I agree.", Association: "MEMBER"})
	}
	g.issues[number-1].Comments = 70
	one := New(reportOf(fs[0]), Options{})
	deeds, left, err := g.send(t, one, nil)
	want(t, "late comment", deeds, left, err, fmt.Sprintf("commented on #%d", number), 0)
	deeds, left, err = g.send(t, one, nil)
	want(t, "late comment again", deeds, left, err, fmt.Sprintf("unchanged #%d", number), 0)
}

func (g *github) numberOf(t *testing.T, id string) int64 {
	for _, i := range g.issues {
		if m, _ := readMark(i.Body); m.id == id {
			return i.Number
		}
	}
	t.Fatalf("no issue of %s", id)
	return 0
}

// TestIssuesOfOthers: an issue of somebody who may not write neither counts nor is written to; a pull request is none.
func TestIssuesOfOthers(t *testing.T) {
	g := startGitHub(t)
	label := []map[string]string{{"name": Label}}
	body := mark{print32(1), "low", "dead", strings.Repeat("0", 16)}.String()
	g.issues = []*stored{
		{Number: 1, Body: body, State: "closed", Association: "NONE", User: map[string]string{"type": "User"}, Labels: label},
		{Number: 2, Body: body, State: "open", Association: "MEMBER", User: map[string]string{"type": "User"}, Labels: label, PullRequest: map[string]string{"url": "x"}},
		{Number: 3, Body: body, State: "open", Association: "MEMBER", User: map[string]string{"type": "User"}},
	}
	deeds, left, err := g.send(t, New(reportOf(finding(t, 1, "a")), Options{}), nil)
	want(t, "others", deeds, left, err, "not ours, left alone #1, created #4", 0)
	g.issues[3].User["type"], g.issues[3].Association = "Bot", "NONE"
	deeds, left, err = g.send(t, New(reportOf(finding(t, 1, "a")), Options{}), nil)
	want(t, "a bot's", deeds, left, err, "not ours, left alone #1, unchanged #4", 0)
	// Of two issues the open one is taken, whichever is older.
	twin := *g.issues[3]
	twin.Number, twin.State = 5, "open"
	g.issues[3].State = "closed"
	g.issues = append(g.issues, &twin)
	deeds, left, err = g.send(t, New(reportOf(finding(t, 1, "a")), Options{}), nil)
	want(t, "twins", deeds, left, err, "not ours, left alone #1, unchanged #5", 0)
}

func TestIssuesRefused(t *testing.T) {
	two := func(t *testing.T) *Message {
		return New(reportOf(finding(t, 1, "a.env"), finding(t, 2, "b.env"), finding(t, 3, "c.env")), Options{})
	}
	say := func(status int, header, body string) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, r *http.Request, _ int) bool {
			if r.Method != "POST" {
				return false
			}
			if name, value, ok := strings.Cut(header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return true
		}
	}
	list := func(body string) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, r *http.Request, _ int) bool {
			if r.URL.Query().Get("page") == "" {
				return false
			}
			_, _ = io.WriteString(w, body)
			return true
		}
	}
	once := func(f func(http.ResponseWriter, *http.Request, int) bool, at int) func(http.ResponseWriter, *http.Request, int) bool {
		posts := 0
		return func(w http.ResponseWriter, r *http.Request, n int) bool {
			if r.Method != "POST" {
				return false
			}
			posts++
			return posts == at && f(w, r, n)
		}
	}
	for _, c := range []struct {
		name    string
		prepare func(g *github)
		wanted  string
		left    int
		issues  int
	}{
		{"public", func(g *github) { g.repo["private"] = false }, " | acme/app is public*", 3, 0},
		{"no word on who reads it", func(g *github) { delete(g.repo, "private") }, " | acme/app is public*", 3, 0},
		{"archived", func(g *github) { g.repo["archived"] = true }, " | acme/app is archived", 3, 0},
		{"no issues", func(g *github) { g.repo["has_issues"] = false }, " | acme/app has no issues*", 3, 0},
		{"labels dropped", func(g *github) { g.noLabels = true }, "created #1 | issue 1 has no label skant*", 2, 1},
		{"a stranger", func(g *github) { g.by = "NONE" }, "created #1 | issue 1 is by somebody whom GitHub does not call a member*", 2, 1},
		{"secondary limit once", func(g *github) {
			g.before = once(say(403, "", `{"message":"You have exceeded a secondary rate limit. Please wait."}`), 2)
		}, "created #1, waited 1m0s, created #2, created #3", 0, 3},
		{"retry after", func(g *github) { g.before = once(say(429, "Retry-After: 7", ""), 1) }, "waited 7s, created #1, created #2, created #3", 0, 3},
		{"retry after an hour", func(g *github) { g.before = once(say(403, "Retry-After: 3600", ""), 2) }, "created #1 | GitHub wants to be left alone (status 403) until *", 2, 1},
		{"retry after some minutes", func(g *github) { g.before = once(say(403, "Retry-After: 200", ""), 2) }, "created #1 | GitHub wants to be left alone (status 403) until *", 2, 1},
		{"for ever limited", func(g *github) { g.before = say(429, "", "") }, "waited 1m0s, waited 1m0s | GitHub wants to be left alone (status 429)", 3, 0},
		{"reset of the primary limit", func(g *github) {
			g.before = once(func(w http.ResponseWriter, r *http.Request, n int) bool {
				w.Header().Set("X-RateLimit-Remaining", "0")
				w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(49*time.Second).Unix(), 10))
				w.WriteHeader(403)
				return true
			}, 1)
		}, "waited 4*", 0, 3},
		{"may not", func(g *github) {
			g.before = once(say(403, "", `{"message":"Resource not accessible <!channel> `+token+`"}`), 2)
		},
			"created #1 | GitHub refused it with status 403: the token may not do this (Resource not accessible <!channel> ***)", 2, 1},
		{"one invalid", func(g *github) { g.before = once(say(422, "", `{"message":"Validation Failed"}`), 2) },
			"created #1, failed #0, created #2 | 1 of the issues were refused", 0, 2},
		{"all invalid", func(g *github) { g.before = say(422, "", `{}`) }, "failed #0, failed #0, failed #0 | too many issues were refused", 0, 0},
		{"server error", func(g *github) { g.before = once(say(502, "", "<html>"), 2) }, "created #1 | GitHub refused it with status 502: <html>. It is not known whether it took it", 2, 1},
		{"redirect", func(g *github) { g.before = once(say(307, "Location: https://evil.example/", ""), 1) }, " | GitHub refused it with status 307: it leads elsewhere*", 3, 0},
		{"an answer that is none", func(g *github) { g.before = once(say(201, "", "[1]"), 1) }, " | the answer of GitHub is not what its API answers", 3, 0},
		{"broken off", func(g *github) {
			g.before = once(func(http.ResponseWriter, *http.Request, int) bool { panic(http.ErrAbortHandler) }, 2)
		}, "created #1 | The connection to GitHub failed before there was an answer. It is not known whether it arrived", 2, 1},
		{"endless pages", func(g *github) {
			g.before = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if r.URL.Query().Get("page") == "" {
					return false
				}
				w.Header().Set("Link", `<x>; rel="next"`)
				_, _ = io.WriteString(w, `[{"number":1}]`)
				return true
			}
		}, " | acme/app has more than 10000 issues*", 3, 0},
		{"too long a page", func(g *github) { g.before = list("[" + strings.Repeat(`{},`, perPage) + "{}]") }, " | the answer of GitHub is not what its API answers", 3, 0},
		{"no page", func(g *github) { g.before = list("null") }, " | the answer of GitHub is not what its API answers", 3, 0},
		{"a failing list", func(g *github) {
			failed := 0
			g.before = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if failed++; r.Method == "GET" && failed < 3 {
					w.WriteHeader(502)
					return true
				}
				return false
			}
		}, "waited*", 0, 3},
	} {
		g := startGitHub(t)
		c.prepare(g)
		deeds, left, err := g.send(t, two(t), nil)
		want(t, c.name, deeds, left, err, c.wanted, c.left)
		if len(g.issues) != c.issues {
			t.Errorf("%s: %d issues", c.name, len(g.issues))
		}
		if err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("%s: the token is in the error", c.name)
		}
	}
	g := startGitHub(t)
	deeds, left, err := g.send(t, two(t), func(x *Issues) { x.Token = "other-token-0123456789" })
	want(t, "token", deeds, left, err, " | GitHub refused it with status 401: the token is not accepted (Bad credentials)", 3)
	deeds, left, err = g.send(t, two(t), func(x *Issues) { x.Repo = "acme/other" })
	want(t, "repository", deeds, left, err, " | GitHub refused it with status 404: there is no such repository*", 3)
	g.repo["private"] = false
	deeds, left, err = g.send(t, two(t), func(x *Issues) { x.Public = true })
	want(t, "public on purpose", deeds, left, err, "created #1, created #2, created #3", 0)
}

func TestIssuesHostile(t *testing.T) {
	g := startGitHub(t)
	m := New(evil(t, 20), Options{})
	if _, left, err := g.send(t, m, nil); err != nil || left != 0 || len(g.issues) != 20 {
		t.Fatalf("%d issues, %d left, %v", len(g.issues), left, err)
	}
	writes := g.writes
	if _, _, err := g.send(t, m, nil); err != nil || g.writes != writes {
		t.Errorf("%d writes, %v", g.writes-writes, err)
	}
}

func TestShown(t *testing.T) {
	g := &Issues{Repo: "acme/app", Token: token, Max: 2}
	all, err := g.Shown(New(evil(t, 5), Options{}), "https://api.github.com")
	if err != nil || len(all) != 4 || all[0].URL != "https://api.github.com/repos/acme/app" || all[3].Method != "POST" {
		t.Fatalf("%v %+v", err, all)
	}
	h := &Hook{Authorization: token}
	for _, r := range append(all, h.Shown([]byte("{}"))) {
		if strings.Contains(fmt.Sprint(r), token) {
			t.Errorf("the token is in %v", r)
		}
	}
}

func TestRepoName(t *testing.T) {
	for name, ok := range map[string]bool{
		"acme/app": true, "a/b.c_d-e": true, "acme_corp/x": true, "acme/.github": true, "acme": false, "acme/..": false, "acme/.": false, "../x": false, "acme/a/b": false, "acme/a?b": false, "acme/a b": false, "/a": false, "": false, "acme/": false,
	} {
		if RepoName(name) != ok {
			t.Errorf("%q: %v", name, !ok)
		}
	}
}
