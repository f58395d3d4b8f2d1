package send

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/skant-dev/skant/internal/verify"
)

const (
	// Label is on every issue, and how they are found again: who may not write to a repository cannot set it.
	Label = "skant"
	// DefaultMax is how many issues are written in a run where nothing else is said.
	DefaultMax = 20
	// perPage issues of up to 64 KiB each fit into the answer that is read; maxPages bounds a list.
	perPage  = 50
	maxPages = 200
	// maxCommentPages bounds the comments of one issue that are read.
	maxCommentPages = 40
	// writePause is between two requests that write, as GitHub wants it.
	writePause = time.Second
	// maxFailed refusals of single issues, and the rest is not tried.
	maxFailed = 3
)

// Issues are the issues of a repository of GitHub, one for each secret.
type Issues struct {
	Server *Server
	// Repo is OWNER/NAME, Token what is sent as Authorization.
	Repo, Token string
	// Labels are set on new issues beside [Label].
	Labels []string
	// Reopen has closed issues opened again; Public allows a repository that everybody can read.
	Reopen, Public bool
	// Max is how many issues are written at most.
	Max int

	wrote bool
}

// The verbs of a [Deed].
const (
	Created   = "created"
	Commented = "commented on"
	Reopened  = "reopened"
	Unchanged = "unchanged"
	Closed    = "closed, left alone"
	Failed    = "failed"
	Foreign   = "not ours, left alone"
)

// Deed is what happened to one issue.
type Deed struct {
	Verb   string
	Number int64
	Secret *Secret
	// Why says what went wrong.
	Why string
}

// issue is an issue or a comment as the API has it, as far as it is looked at.
type issue struct {
	Number      int64           `json:"number"`
	State       string          `json:"state"`
	Body        string          `json:"body"`
	PullRequest json.RawMessage `json:"pull_request"`
	Association string          `json:"author_association"`
	User        struct {
		Type string `json:"type"`
	} `json:"user"`
	Labels   []label `json:"labels"`
	Comments int     `json:"comments"`
}

type label struct {
	Name string `json:"name"`
}

// trusted reports whether an issue or comment is by somebody who may write to the repository, or by a program that was installed there.
// Others may open issues with any text in them.
func (i *issue) trusted() bool {
	return i.User.Type == "Bot" || slices.Contains([]string{"OWNER", "MEMBER", "COLLABORATOR"}, i.Association)
}

// RepoName reports whether a text is OWNER/NAME.
func RepoName(s string) bool {
	return repoName().MatchString(s) && !strings.HasSuffix(s, "/.") && !strings.HasSuffix(s, "/..")
}

var repoName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}(?:_[A-Za-z0-9]{1,20})?/[A-Za-z0-9._-]{1,100}$`)
})

func (g *Issues) letter(method, path string, body any) (verify.Letter, error) {
	l := verify.Letter{Method: method, Path: "/repos/" + g.Repo + path, Headers: [][2]string{
		{"Accept", "application/vnd.github+json"}, {"Authorization", "Bearer " + g.Token}, {"User-Agent", "skant"}, {"X-GitHub-Api-Version", "2022-11-28"},
	}}
	if body == nil {
		return l, nil
	}
	l.Headers = append(l.Headers, [2]string{"Content-Type", "application/json"})
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // so that a dry run can be read
	err := e.Encode(body)
	l.Body = bytes.TrimSpace(b.Bytes())
	return l, err
}

func (g *Issues) listPath(page int) string {
	return fmt.Sprintf("/issues?state=all&labels=%s&per_page=%d&page=%d", url.QueryEscape(Label), perPage, page)
}

func (g *Issues) create(s *Secret, m *Message) map[string]any {
	return map[string]any{"title": issueTitle(s), "body": issueBody(s, m), "labels": append([]string{Label}, g.Labels...)}
}

// Shown returns the requests of a run to a repository that has no issue yet: what is there already is only known once it is asked.
func (g *Issues) Shown(m *Message, base string) ([]Request, error) {
	var out []Request
	add := func(method, path string, body any) error {
		l, err := g.letter(method, path, body)
		out = append(out, shownRequest(base, l))
		return err
	}
	err := errors.Join(add("GET", "", nil), add("GET", g.listPath(1), nil))
	for i := range m.Secrets[:min(len(m.Secrets), g.Max)] {
		err = errors.Join(err, add("POST", "/issues", g.create(&m.Secrets[i], m)))
	}
	return out, err
}

// Send writes one issue for each secret of the message, and tells of each. left is how many were not looked at, because of [Issues.Max] or
// of the error.
func (g *Issues) Send(ctx context.Context, m *Message, tell func(Deed)) (left int, err error) {
	if err := g.checkRepo(ctx); err != nil {
		return m.SecretCount, err
	}
	known, foreign, err := g.list(ctx)
	if err != nil {
		return m.SecretCount, err
	}
	wrote, failed := 0, 0
	for i := range m.Secrets {
		s := &m.Secrets[i]
		for _, n := range foreign[s.Fingerprint] {
			tell(Deed{Foreign, n, s, "it has the mark of this secret, and is not by a member of the repository"})
		}
		if wrote >= g.Max {
			left++
			continue
		}
		d, err := g.one(ctx, s, m, known[s.Fingerprint])
		var no *Refused
		switch {
		case err != nil && errors.As(err, &no) && no.Status == 422:
			tell(Deed{Failed, d.Number, s, no.Error()})
			if failed++; failed >= maxFailed {
				return left + m.SecretCount - i - 1, errors.New("too many issues were refused")
			}
			continue
		case err != nil:
			if d.Verb != "" {
				tell(d)
				i++ // this one was looked at
			}
			return left + m.SecretCount - i, err
		}
		tell(d)
		if d.Verb == Created || d.Verb == Commented || d.Verb == Reopened {
			wrote++
		}
	}
	if left += m.SecretsLeft; failed > 0 {
		return left, fmt.Errorf("%d of the issues were refused", failed)
	}
	return left, nil
}

// checkRepo asks whether the repository takes issues, and who can read them.
func (g *Issues) checkRepo(ctx context.Context) error {
	var repo struct {
		Private   *bool `json:"private"`
		HasIssues *bool `json:"has_issues"`
		Archived  bool  `json:"archived"`
	}
	if _, err := g.get(ctx, "", &repo); err != nil {
		return err
	}
	switch {
	case repo.Archived:
		return fmt.Errorf("%s is archived", g.Repo)
	case repo.HasIssues != nil && !*repo.HasIssues:
		return fmt.Errorf("%s has no issues: they are switched off", g.Repo)
	case !g.Public && (repo.Private == nil || !*repo.Private):
		return &PublicError{g.Repo}
	default:
		return nil
	}
}

// PublicError is a repository that everybody can read.
type PublicError struct{ repo string }

func (e *PublicError) Error() string {
	return e.repo + " is public: its issues would tell everybody where the secrets are"
}

// list returns the issues that have a mark, by fingerprint, the open ones first, and the numbers of those that others have made.
func (g *Issues) list(ctx context.Context) (known map[string][]issue, foreign map[string][]int64, err error) {
	known, foreign = map[string][]issue{}, map[string][]int64{}
	for page := 1; ; page++ {
		if page > maxPages {
			return nil, nil, fmt.Errorf("%s has more than %d issues with the label %s; none was written, because some may be there already", g.Repo, maxPages*perPage, Label)
		}
		some, more, err := g.page(ctx, g.listPath(page))
		if err != nil {
			return nil, nil, err
		}
		for _, i := range some {
			mark, ok := readMark(i.Body)
			i.Body = mark.String() // all that is kept of up to 10,000 of them
			switch {
			case !ok || i.Number <= 0 || len(i.PullRequest) > 0 && string(i.PullRequest) != "null":
			case !i.trusted():
				foreign[mark.id] = append(foreign[mark.id], i.Number)
			default:
				known[mark.id] = append(known[mark.id], i)
			}
		}
		if !more {
			break
		}
	}
	for _, list := range known {
		slices.SortStableFunc(list, func(a, b issue) int {
			switch {
			case a.State != b.State && a.State == "open":
				return -1
			case a.State != b.State && b.State == "open":
				return 1
			default:
				return int(a.Number - b.Number)
			}
		})
	}
	return known, foreign, nil
}

// one sees to the issue of one secret. A deed that comes with an error was done.
func (g *Issues) one(ctx context.Context, s *Secret, m *Message, known []issue) (Deed, error) {
	if len(known) == 0 {
		return g.make(ctx, s, m)
	}
	i := known[0]
	closed := i.State != "open"
	if closed && !g.Reopen {
		return Deed{Verb: Closed, Number: i.Number, Secret: s}, nil
	}
	was, err := g.latest(ctx, &i)
	if err != nil {
		return Deed{}, err
	}
	now := markOf(s, was)
	if now == was && !closed {
		return Deed{Verb: Unchanged, Number: i.Number, Secret: s}, nil
	}
	at := "/issues/" + strconv.FormatInt(i.Number, 10)
	if _, err := g.write(ctx, "POST", at+"/comments", map[string]any{"body": commentBody(s, m, was, now, closed)}, 201); err != nil {
		return Deed{Number: i.Number}, err
	}
	if !closed {
		return Deed{Verb: Commented, Number: i.Number, Secret: s}, nil
	}
	if _, err := g.write(ctx, "PATCH", at, map[string]any{"state": "open"}, 200); err != nil {
		return Deed{Verb: Commented, Number: i.Number, Secret: s}, err
	}
	return Deed{Verb: Reopened, Number: i.Number, Secret: s}, nil
}

// make creates an issue, and looks whether it will be found again.
func (g *Issues) make(ctx context.Context, s *Secret, m *Message) (Deed, error) {
	made, err := g.write(ctx, "POST", "/issues", g.create(s, m), 201)
	if err != nil {
		return Deed{}, err
	}
	d := Deed{Verb: Created, Number: made.Number, Secret: s}
	labelled := slices.ContainsFunc(made.Labels, func(l label) bool { return strings.EqualFold(l.Name, Label) })
	switch {
	case !labelled:
		return d, fmt.Errorf("issue %d has no label %s, without which it is not found again: the token may not set labels, so no more are made", made.Number, Label)
	case !made.trusted():
		return d, fmt.Errorf("issue %d is by somebody whom %s does not call a member of the repository, so that it is not found again: no more are made", made.Number, g.Server.name)
	default:
		return d, nil
	}
}

// latest returns what the issue or the last of its comments by us says.
func (g *Issues) latest(ctx context.Context, i *issue) (mark, error) {
	last, _ := readMark(i.Body)
	id := last.id
	if i.Comments == 0 {
		return last, nil
	}
	for page := 1; ; page++ {
		if page > maxCommentPages {
			return last, fmt.Errorf("issue %d has too many comments to be read", i.Number)
		}
		some, more, err := g.page(ctx, fmt.Sprintf("/issues/%d/comments?per_page=%d&page=%d", i.Number, perPage, page))
		if err != nil {
			return last, err
		}
		for _, c := range some {
			if m, ok := readMark(c.Body); ok && m.id == id && c.trusted() {
				last = m
			}
		}
		if !more {
			return last, nil
		}
	}
}

// page reads one page of a list; more says that there is another.
func (g *Issues) page(ctx context.Context, path string) (some []issue, more bool, err error) {
	next, err := g.get(ctx, path, &some)
	if err == nil && (some == nil || len(some) > perPage) {
		err = fmt.Errorf("the answer of %s is not what its API answers", g.Server.name)
	}
	return some, len(some) == perPage || next && len(some) > 0, err
}

// get reads one page into v; next says that the server has another.
func (g *Issues) get(ctx context.Context, path string, v any) (next bool, err error) {
	l, err := g.letter("GET", path, nil)
	if err != nil {
		return false, err
	}
	r, err := g.Server.do(ctx, l, true)
	if err != nil {
		return false, err
	}
	return strings.Contains(r.Header.Get("Link"), `rel="next"`), g.judge(r, 200, v)
}

// write sends a request that changes something, not too soon after the one before.
func (g *Issues) write(ctx context.Context, method, path string, body any, want int) (*issue, error) {
	if g.wrote && !g.Server.line.Here() {
		if err := g.Server.sleep(ctx, writePause); err != nil {
			return nil, err
		}
	}
	g.wrote = true
	l, err := g.letter(method, path, body)
	if err != nil {
		return nil, err
	}
	r, err := g.Server.do(ctx, l, false)
	if err != nil {
		return nil, err
	}
	got := new(issue)
	if err := g.judge(r, want, got); err != nil {
		return nil, err
	}
	return got, nil
}

// judge takes an answer apart.
func (g *Issues) judge(r *verify.Reply, want int, v any) error {
	var said struct {
		Message string `json:"message"`
	}
	switch {
	case r.Status != want:
		why := ""
		if json.Unmarshal(r.Body, &said) == nil {
			why = g.Server.quote(strings.ReplaceAll(said.Message, g.Token, "***"))
		}
		return g.Server.refused(r, hints(r.Status, why))
	case r.Cut:
		return fmt.Errorf("the answer of %s is too long to be read", g.Server.name)
	case json.Unmarshal(r.Body, v) != nil:
		return fmt.Errorf("the answer of %s is not what its API answers", g.Server.name)
	default:
		return nil
	}
}

// hints adds what a status most likely means.
func hints(status int, why string) string {
	means := map[int]string{
		301: "the repository has another name now", 401: "the token is not accepted", 403: "the token may not do this",
		404: "there is no such repository, or the token may not see it", 410: "issues are switched off", 422: "the values are not accepted",
	}[status]
	switch {
	case means == "":
		return why
	case why == "":
		return means
	default:
		return means + " (" + why + ")"
	}
}
