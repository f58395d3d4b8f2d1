package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/report/compare"
	"github.com/skant-dev/skant/internal/send"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// The variables that hold what opens a door: the address of a webhook, what is sent to it as Authorization, the token for issues.
const (
	sendURL           = "SKANT_SEND_URL"
	sendAuthorization = "SKANT_SEND_AUTHORIZATION"
	sendToken         = "GITHUB_TOKEN"
	// githubAPI tells in a workflow of GitHub Enterprise which server the token is for.
	githubAPI = "GITHUB_API_URL"
)

// maxCredential bounds a file that holds one, in bytes.
const maxCredential = 16 << 10

// sender is one run of `skant report send`.
type sender struct {
	app *app
	cmd *cobra.Command

	to, onlyNew, template, urlFile, authorizationFile string
	repo, api, tokenFile                              string
	labels                                            list
	most                                              int
	reopen, public, yes                               bool

	scrub func(string) string
}

// sendFlagsOf are the flags that only some destinations know.
func sendFlagsOf() map[string][]string {
	return map[string][]string{
		"template": {"webhook"}, "authorization-file": {"webhook"}, "url-file": {"webhook", "slack", "teams"},
		"repo": {"github-issues"}, "api": {"github-issues"}, "token-file": {"github-issues"}, "label": {"github-issues"},
		"max": {"github-issues"}, "reopen": {"github-issues"}, "public": {"github-issues"},
	}
}

func newReportSend(a *app) *cobra.Command {
	s := &sender{app: a}
	cmd := &cobra.Command{
		Use: "send REPORT.json", Short: helpReportSendShort, Long: helpReportSend, Example: exampleReportSend, Args: exactly(1, 1, hintReportSendArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.cmd = cmd
			if err := s.check(); err != nil {
				return err
			}
			m, err := s.message(args[0])
			if err != nil {
				return err
			}
			if m.Empty() {
				a.say(msgSendNothing, m.Summary)
				return nil
			}
			if s.to == "github-issues" {
				return s.issues(cmd.Context(), m)
			}
			return s.hook(cmd.Context(), m)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&s.to, "to", "", helpFlagSendTo)
	fs.BoolVar(&s.yes, "yes", false, helpFlagSendYes)
	fs.StringVar(&s.onlyNew, "only-new", "", helpFlagSendOnlyNew)
	fs.StringVar(&s.template, "template", "", helpFlagSendTemplate)
	fs.StringVar(&s.urlFile, "url-file", "", helpFlagSendURLFile)
	fs.StringVar(&s.authorizationFile, "authorization-file", "", helpFlagSendAuthorizationFile)
	fs.StringVar(&s.repo, "repo", "", helpFlagSendRepo)
	fs.StringVar(&s.api, "api", "", helpFlagSendAPI)
	fs.StringVar(&s.tokenFile, "token-file", "", helpFlagSendTokenFile)
	s.labels.register(cmd, "label", "", helpFlagSendLabel)
	fs.IntVar(&s.most, "max", send.DefaultMax, helpFlagSendMax)
	fs.BoolVar(&s.reopen, "reopen", false, helpFlagSendReopen)
	fs.BoolVar(&s.public, "public", false, helpFlagSendPublic)
	completeWords(cmd, "to", sendDestinations()...)
	return cmd
}

func sendDestinations() []string { return []string{"webhook", "slack", "teams", "github-issues"} }

// check refuses flags that say nothing about the destination, and values that are none.
func (s *sender) check() error {
	if !slices.Contains(sendDestinations(), s.to) {
		if s.to == "" {
			return withHint(errors.New("it is not said where to send"), hintSendTo)
		}
		return withHint(fmt.Errorf("unknown destination %q", s.to), hintSendTo)
	}
	var wrong error
	s.cmd.Flags().Visit(func(f *pflag.Flag) {
		switch of, some := sendFlagsOf()[f.Name]; {
		case wrong != nil:
		case some && !slices.Contains(of, s.to):
			wrong = withHint(fmt.Errorf("--%s says nothing about %s", f.Name, s.to), hintSendFlag)
		case f.Value.Type() == "string" && f.Value.String() == "": // a variable that is not set: nothing goes elsewhere for it
			wrong = withHint(fmt.Errorf("--%s is empty", f.Name), hintSendEmpty)
		}
	})
	if wrong != nil {
		return wrong
	}
	if s.to == "github-issues" {
		switch {
		case !send.RepoName(s.repo):
			return withHint(errors.New("no repository for the issues"), hintSendRepo)
		case s.most < 1 || s.most > 1000:
			return withHint(fmt.Errorf("--max %d", s.most), hintSendMax)
		}
		for _, l := range s.labels {
			if l == "" || len(l) > 50 || visible.Text(l) != l || strings.Contains(l, ",") {
				return withHint(fmt.Errorf("label %q", l), hintSendLabel)
			}
		}
	}
	scan, err := scanner.New(rules.Builtin(), scanner.Options{})
	if err != nil {
		return err
	}
	s.scrub = scan.Scrub
	return nil
}

// message reads the report, and what of it is sent.
func (s *sender) message(path string) (*send.Message, error) {
	if path == "-" && s.onlyNew == "-" {
		return nil, withHint(errors.New("both reports would be read from standard input"), hintReportDiffStdin)
	}
	rep, err := s.app.readReport(path)
	if err != nil {
		return nil, withHint(fmt.Errorf("read report %q: %w", path, err), hintReportFile)
	}
	opt := send.Options{Scrub: s.scrub}
	if s.to == "github-issues" {
		opt.Most = 10_000
	}
	if s.onlyNew != "" {
		old, err := s.app.readReport(s.onlyNew)
		if err != nil {
			return nil, withHint(fmt.Errorf("read report %q: %w", s.onlyNew, err), hintReportFile)
		}
		c := compare.New(old, rep)
		for _, x := range c.Cautions {
			s.app.say(msgDiffCaution, s.scrub(lines(x.Text)))
		}
		opt.Only = map[string]bool{}
		for i := range c.Appeared {
			opt.Only[c.Appeared[i].Fingerprint] = true
		}
	}
	return send.New(rep, opt), nil
}

// hook sends one body to one address.
func (s *sender) hook(ctx context.Context, m *send.Message) error {
	body, err := s.body(m)
	if err != nil {
		return err
	}
	h := send.Hook{Teams: s.to == "teams"}
	if s.to == "webhook" {
		if h.Authorization, err = s.credential(s.authorizationFile, "authorization-file", sendAuthorization); err != nil {
			return err
		}
	}
	address, err := s.credential(s.urlFile, "url-file", sendURL)
	switch {
	case err != nil:
		return err
	case address == "" && s.yes:
		return withHint(errors.New("there is no address to send to"), hintSendURL)
	case address != "":
		opt := send.ServerOptions{Name: hookName(s.to), Public: s.to != "webhook", Query: true, Now: s.app.now, Tell: s.waits, Scrub: s.masking(address, h.Authorization)}
		if h.Server, err = send.Open(address, opt); err != nil {
			return withHint(fmt.Errorf("the address to send to: %w", err), hintSendURL)
		}
		if s.to == "slack" && !h.Server.Slack() {
			return withHint(errors.New("the address to send to is not one of Slack"), hintSendSlack)
		}
	}
	if !s.yes {
		return s.show([]send.Request{h.Shown(body)})
	}
	if err := h.Send(ctx, body); err != nil {
		return withHint(&incompleteError{fmt.Errorf("send to %s: %w", s.to, err)}, hintSendHook)
	}
	s.app.say(msgSendSent, s.to, m.Summary)
	return nil
}

// body makes what is sent to an address.
func (s *sender) body(m *send.Message) ([]byte, error) {
	switch {
	case s.to == "slack":
		return send.Slack(m)
	case s.to == "teams":
		return send.Teams(m)
	case s.template == "":
		return json.Marshal(m)
	}
	text, err := readSmall(s.template, 1<<20)
	if err != nil {
		return nil, withHint(fmt.Errorf("read template %q: %w", s.template, err), hintSendTemplate)
	}
	t, err := send.ParseTemplate(string(text))
	if err != nil {
		return nil, withHint(fmt.Errorf("template %q: %w", s.template, err), hintSendTemplate)
	}
	body, err := t.Body(m)
	if err != nil {
		return nil, withHint(fmt.Errorf("template %q: %w", s.template, err), hintSendTemplate)
	}
	return body, nil
}

// issues writes one issue for each secret.
func (s *sender) issues(ctx context.Context, m *send.Message) error {
	token, err := s.credential(s.tokenFile, "token-file", sendToken)
	if err != nil {
		return err
	}
	base, named := "https://api.github.com", s.api != ""
	if named {
		base = strings.TrimRight(s.api, "/")
	} else if of := strings.TrimRight(s.app.env(githubAPI), "/"); s.tokenFile == "" && of != "" && of != base {
		return withHint(errors.New(sendToken+" is for another server than github.com: "+githubAPI+" says so"), hintSendAPI)
	}
	server, err := send.Open(base, send.ServerOptions{Name: "GitHub", Public: !named, Now: s.app.now, Tell: s.waits, Scrub: s.masking(token)})
	if err != nil {
		return withHint(fmt.Errorf("--api: %w", err), hintSendAPI)
	}
	g := &send.Issues{Server: server, Repo: s.repo, Token: token, Labels: s.labels, Reopen: s.reopen, Public: s.public, Max: s.most}
	if !s.yes {
		asked, err := g.Shown(m, base)
		if err != nil {
			return err
		}
		if left := m.SecretCount - min(m.SecretCount, s.most); left > 0 {
			s.app.say(msgSendLeft, report.Number(int64(left), "secret"), s.most)
		}
		return s.show(asked)
	}
	switch {
	case token == "":
		return withHint(errors.New("there is no token"), hintSendToken)
	case m.SecretCount == 0: // and the scan is incomplete
		s.app.say(msgSendIncomplete)
		return &resultError{exitIncomplete}
	}
	left, err := g.Send(ctx, m, func(d send.Deed) {
		words := fmt.Sprintf("%s#%d", s.repo, d.Number)
		if d.Number == 0 {
			words = s.repo
		}
		if d.Why != "" {
			d.Why = " (" + d.Why + ")"
		}
		s.app.say(msgSendDeed, words, d.Verb, d.Secret.Title, d.Secret.Fingerprint, d.Why)
	})
	var public *send.PublicError
	switch {
	case errors.As(err, &public):
		return withHint(err, hintSendPublic)
	case err != nil:
		return withHint(&incompleteError{fmt.Errorf("issues of %s: %w; %s not looked at", s.repo, err, report.Number(int64(left), "secret"))}, hintSendFailed)
	case left > 0:
		s.app.say(msgSendLeft, report.Number(int64(left), "secret"), s.most)
		return &resultError{exitIncomplete}
	}
	return nil
}

// hookName is what a destination is called in a message, in which its address never stands.
func hookName(to string) string {
	return map[string]string{"webhook": "the webhook", "slack": "Slack", "teams": "Teams"}[to]
}

// waits tells why nothing happens.
func (s *sender) waits(why string, d time.Duration) {
	s.app.say(msgSendWaits, s.scrub(lines(why)), d.Round(time.Second))
}

// show prints requests in the place of sending them.
func (s *sender) show(asked []send.Request) error {
	err := s.app.words(func(w io.Writer) error {
		var b strings.Builder
		for _, r := range asked {
			_, _ = fmt.Fprintf(&b, "%s %s\n", r.Method, visible.Text(r.URL)) // a builder never fails
			for _, h := range r.Headers {
				_, _ = fmt.Fprintf(&b, "%s: %s\n", h[0], visible.Text(h[1]))
			}
			var body bytes.Buffer
			if r.Body != "" && json.Indent(&body, []byte(r.Body), "", "  ") == nil {
				_, _ = fmt.Fprintf(&b, "\n%s\n", lines(body.String()))
			}
			b.WriteString("\n")
		}
		_, err := io.WriteString(w, s.scrub(b.String()))
		return err
	})
	if err != nil {
		return &incompleteError{err}
	}
	s.app.say(msgSendDry)
	return nil
}

// masking is scrub for what a server says, which may repeat what it was sent, or a part of that.
func (s *sender) masking(credentials ...string) func(string) string {
	for _, c := range credentials {
		if plain, err := url.QueryUnescape(c); err == nil {
			credentials = append(credentials, plain)
		}
	}
	return func(text string) string { return s.scrub(maskPieces(text, strings.Join(credentials, "\n"))) }
}

// pieceOf is the length of the shortest piece of a credential that is taken for one, in bytes.
const pieceOf = 8

// maskPieces masks each piece of a credential in a text.
func maskPieces(text, credentials string) string {
	var b strings.Builder
	for i, masked := 0, 0; i < len(text); i++ {
		if i+pieceOf <= len(text) && text[i] != ' ' && strings.Contains(credentials, text[i:i+pieceOf]) {
			if masked < i || i == 0 {
				b.WriteString("***")
			}
			masked = i + pieceOf
		}
		if i >= masked {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// credential reads one line from a file or, if none is named, from the environment. What it holds is in no error, and neither is the name of
// the file, in the place of which the credential may have been written.
func (s *sender) credential(path, flag, variable string) (string, error) {
	text, from := s.app.env(variable), variable
	if path != "" {
		content, err := readSmall(path, maxCredential)
		if err != nil {
			var of *fs.PathError
			if errors.As(err, &of) {
				err = of.Err
			}
			return "", withHint(fmt.Errorf("read the file of --%s: %w", flag, err), hintSendCredential)
		}
		text, from = string(content), "the file of --"+flag
		if strings.TrimSpace(text) == "" {
			return "", withHint(fmt.Errorf("%s is empty", from), hintSendCredential)
		}
	}
	text = strings.TrimSpace(text)
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f }) || len(text) > maxCredential {
		return "", withHint(fmt.Errorf("what %s holds is no single line of plain characters", from), hintSendCredential)
	}
	return text, nil
}

// readSmall reads a regular file of at most limit bytes.
func readSmall(path string, limit int64) (text []byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("it is no regular file of at most %d bytes", limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if text, err = io.ReadAll(io.LimitReader(f, limit+1)); err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("it has more than %d bytes", limit) // it has grown since
	}
	return text, err
}
