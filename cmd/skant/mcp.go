package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/mcp"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// Bounds of what a client asks for and is told.
const (
	maxMCPText     = 16 << 20 // bytes of a text
	maxMCPFindings = 200
	maxMCPAttempts = 200
)

func newMCP(a *app) *cobra.Command {
	var f scanFlags
	var root string
	var verify bool
	cmd := &cobra.Command{
		Use: "mcp", Short: helpMCPShort, Long: helpMCP, Example: exampleMCP, Args: exactly(0, 0, hintMCPArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.serveMCP(cmd, &f, root, verify)
		},
	}
	f.registerAnswering(cmd)
	f.registerAsking(cmd)
	f.registerAgain(cmd)
	cmd.Flags().StringVar(&root, "root", ".", helpFlagMCPRoot)
	cmd.Flags().BoolVar(&verify, "verify", false, helpFlagMCPVerify)
	return cmd
}

// serveMCP answers a client until it leaves. What concerns reports (outputs, progress, values in clear) has no meaning here.
func (a *app) serveMCP(cmd *cobra.Command, f *scanFlags, root string, verify bool) error {
	f.noProgress, f.showSecrets, f.outputs = true, false, nil
	top, err := filepath.Abs(root)
	if err == nil {
		top, err = filepath.EvalSymlinks(top)
	}
	if err != nil {
		return withHint(err, hintMCPRoot)
	}
	if info, err := os.Stat(top); err != nil || !info.IsDir() {
		return withHint(fmt.Errorf("%q is no folder", root), hintMCPRoot)
	}
	s := &mcpService{a: a, cmd: cmd, flags: *f, root: top, verify: verify}
	p, err := s.prepare(cmd) // what is wrong with rules or configuration is said now
	if err != nil {
		return err
	}
	s.scrub = p.scanner.Scrub
	if s.set, err = p.flags.fullRules(cmd); err != nil {
		return err
	}
	server := mcp.Server{Name: "skant", Version: tool().Version, Instructions: mcpInstructions, Tools: s.tools()}
	return server.Serve(cmd.Context(), a.in, a.out)
}

// mcpService is what the tools share.
type mcpService struct {
	a     *app
	cmd   *cobra.Command
	flags scanFlags
	set   *rules.Set
	scrub func(string) string
	root  string // absolute, without links
	// verify says that providers may be asked, by the tool for that alone.
	verify bool
}

// prepare reads the configuration and the policy of what is served. It is done for each request: they may have changed.
func (s *mcpService) prepare(cmd *cobra.Command) (*prepared, error) {
	own := s.flags
	own.verifies = s.verify
	own.policy = worktreePolicy(topAround(s.root))
	return s.a.prepare(cmd, &own)
}

func (s *mcpService) tools() []mcp.Tool {
	readOnly := mcp.Annotations{ReadOnly: true}
	tools := []mcp.Tool{
		{Name: "scan", Title: mcpScanTitle, Description: mcpScan, Annotations: readOnly, Call: s.told(s.scan),
			InputSchema: schemaOf(`"text": {"type": "string"},
				"path": {"type": "string", "description": "relative to the root, . for all of it"},
				"name": {"type": "string", "description": "name of the file that the text is from, for rules that go by it"}`)},
		{Name: "explain", Title: mcpExplainTitle, Description: mcpExplain, Annotations: readOnly, Call: s.told(s.explain),
			InputSchema: schemaOf(`"text": {"type": "string"},
				"path": {"type": "string", "description": "a file, relative to the root"},
				"line": {"type": "integer", "minimum": 1}`)},
		{Name: "rules", Title: mcpRulesTitle, Description: mcpRules, Annotations: readOnly, Call: s.told(s.rules),
			InputSchema: schemaOf(`"id": {"type": "string", "description": "show this rule"},
				"query": {"type": "string", "description": "list only rules with this word in their id or title"}`)},
	}
	if s.verify {
		tools = append(tools, mcp.Tool{
			Name: "verify", Title: mcpVerifyTitle, Description: mcpVerify, Annotations: mcp.Annotations{ReadOnly: true, OpenWorld: true},
			Call: s.told(s.asked), InputSchema: schemaOf(`"text": {"type": "string"},
				"path": {"type": "string", "description": "a file or folder, relative to the root"},
				"name": {"type": "string", "description": "name of the file that the text is from, for rules that go by it"}`),
		})
	}
	return tools
}

func schemaOf(properties string) json.RawMessage {
	return json.RawMessage(`{"type": "object", "properties": {` + properties + `}, "additionalProperties": false}`)
}

// told clears the text of an error of secrets before a client is told of it. A panic becomes one: the tools run beside the
// goroutine whose panics are caught, and what the runtime prints is not cleared.
func (s *mcpService) told(call func(context.Context, json.RawMessage) (any, error)) func(context.Context, json.RawMessage) (any, error) {
	return func(ctx context.Context, arguments json.RawMessage) (result any, err error) {
		defer func() {
			if p := recover(); p != nil {
				s.a.say(msgCrash, s.a.scrub(fmt.Sprint(p)), s.a.scrub(string(debug.Stack())))
				result, err = nil, errors.New(msgMCPCrash)
			}
		}()
		if result, err = call(ctx, arguments); err != nil {
			return nil, errors.New(s.scrub(lines(err.Error())))
		}
		return result, nil
	}
}

// mcpArguments are those of all tools; each refuses those of the others.
type mcpArguments struct {
	Text  *string `json:"text"`
	Path  *string `json:"path"`
	Name  string  `json:"name"`
	Line  int     `json:"line"`
	ID    string  `json:"id"`
	Query string  `json:"query"`
}

// readArguments reads arguments of which only these may be there.
func readArguments(raw json.RawMessage, allowed ...string) (mcpArguments, error) {
	var args mcpArguments
	var names map[string]json.RawMessage
	if json.Unmarshal(raw, &names) != nil || json.Unmarshal(raw, &args) != nil {
		return args, fmt.Errorf(msgMCPArgument, "they are of another type")
	}
	for name := range names {
		if !slices.Contains(allowed, name) {
			return args, fmt.Errorf(msgMCPArgument, "known are "+strings.Join(allowed, ", "))
		}
	}
	if args.Text != nil && len(*args.Text) > maxMCPText {
		return args, fmt.Errorf(msgMCPText, maxMCPText>>20)
	}
	return args, nil
}

// mcpReport is what a scan tells.
type mcpReport struct {
	Complete bool           `json:"complete"`
	Found    int            `json:"found"`
	Findings []mcpFinding   `json:"findings"`
	Skipped  []scanner.Skip `json:"skipped,omitempty"`
	Hidden   int            `json:"hidden,omitempty"`
	Bytes    int64          `json:"bytes"`
}

// mcpFinding is a finding without what only a report of a repository needs. Its secret is redacted, as everywhere.
type mcpFinding struct {
	RuleID     string               `json:"rule_id"`
	Title      string               `json:"title"`
	Severity   rules.Severity       `json:"severity"`
	Confidence rules.Confidence     `json:"confidence"`
	Secret     scanner.Secret       `json:"secret_redacted"`
	Path       string               `json:"path,omitempty"`
	StartLine  int                  `json:"start_line"`
	EndLine    int                  `json:"end_line"`
	Excerpt    string               `json:"excerpt"`
	Reasons    []string             `json:"reasons,omitempty"`
	Suppressed *scanner.Suppression `json:"suppressed,omitempty"`
	// Verdict and Verification are what the provider said, if it was asked.
	Verdict      scanner.Verdict       `json:"verdict,omitempty"`
	Verification *scanner.Verification `json:"verification,omitempty"`
}

func (s *mcpService) scan(ctx context.Context, raw json.RawMessage) (any, error) {
	return s.search(ctx, raw, false)
}

// asked is scan, and asks providers about what is found.
func (s *mcpService) asked(ctx context.Context, raw json.RawMessage) (any, error) {
	return s.search(ctx, raw, true)
}

func (s *mcpService) search(ctx context.Context, raw json.RawMessage, ask bool) (any, error) {
	args, err := readArguments(raw, "text", "path", "name")
	if err != nil {
		return nil, err
	}
	if (args.Text == nil) == (args.Path == nil) {
		return nil, errors.New(msgMCPOneOf)
	}
	cmd := *s.cmd
	cmd.SetContext(ctx)
	p, err := s.prepare(&cmd)
	if err != nil {
		return nil, fmt.Errorf(msgMCPFailed, err)
	}
	p.flags.verifies, p.flags.enabled = ask, ask
	var src scanner.Source
	around := s.root
	if args.Text != nil {
		src = &textSource{[]byte(*args.Text), args.Name}
	} else {
		if around, err = s.inRoot(*args.Path); err != nil {
			return nil, err
		}
		if src, err = source.NewFiles([]string{around}, source.FilesOptions{MaxSize: p.maxSize, NoPolicy: p.flags.noConfig, Tracked: trackedFiles}); err != nil {
			return nil, errors.New(msgMCPMissing)
		}
	}
	if err := p.usePolicyAround([]string{around}); err != nil {
		return nil, fmt.Errorf(msgMCPFailed, err)
	}
	rep, err := s.a.scanAs(&cmd, "mcp", p, s.root, src)
	if err != nil {
		return nil, fmt.Errorf(msgMCPFailed, err)
	}
	return s.report(rep, around), nil
}

func (s *mcpService) report(rep *scanner.Report, around string) *mcpReport {
	// What is in a folder is named from there.
	below := func(path string) string { return s.relative(path) }
	if info, err := os.Stat(around); err == nil && info.IsDir() && around != s.root {
		below = func(path string) string {
			if !filepath.IsLocal(filepath.FromSlash(path)) {
				return s.relative(path)
			}
			return s.relative(filepath.ToSlash(around) + "/" + path)
		}
	}
	out := &mcpReport{
		Complete: rep.Coverage.Complete, Found: len(rep.Findings), Findings: []mcpFinding{}, Skipped: rep.Coverage.Skipped,
		Hidden: rep.Hidden, Bytes: rep.Coverage.Bytes,
	}
	for i := range rep.Findings[:min(len(rep.Findings), maxMCPFindings)] {
		f := &rep.Findings[i]
		out.Findings = append(out.Findings, mcpFinding{
			f.RuleID, f.Title, f.Severity, f.Confidence, f.Secret, s.scrub(visible.Text(below(f.Location.Place()))), f.Location.StartLine, f.Location.EndLine,
			f.Excerpt, f.Reasons, f.Suppressed, f.Verdict, f.Verification,
		})
	}
	for i := range out.Skipped {
		for k, item := range out.Skipped[i].Items {
			out.Skipped[i].Items[k] = s.scrub(visible.Text(below(item)))
		}
	}
	return out
}

// relative writes a path as the client knows it.
func (s *mcpService) relative(path string) string {
	if rest, ok := strings.CutPrefix(path, filepath.ToSlash(s.root)+"/"); ok {
		return rest
	}
	return path
}

// inRoot returns the absolute path, without links, of what a path names below the root.
func (s *mcpService) inRoot(path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.root, path)
	}
	found, err := filepath.EvalSymlinks(path)
	if err != nil {
		// A path that leads out is told from one that is not there only below the root.
		if rel, relErr := filepath.Rel(s.root, filepath.Clean(path)); relErr != nil || !filepath.IsLocal(rel) {
			return "", errors.New(msgMCPOutside)
		}
		return "", errors.New(msgMCPMissing)
	}
	if rel, err := filepath.Rel(s.root, found); err != nil || !filepath.IsLocal(rel) {
		return "", errors.New(msgMCPOutside)
	}
	return found, nil
}

// read reads a file below the root. It is opened through the root, so that a link that appears meanwhile leads nowhere.
func (s *mcpService) read(path string) (data []byte, err error) {
	found, err := s.inRoot(path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(s.root)
	if err != nil {
		return nil, errors.New(msgMCPFile)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	rel, err := filepath.Rel(s.root, found)
	if err != nil {
		return nil, errors.New(msgMCPFile)
	}
	info, err := root.Stat(rel)
	if err != nil || !info.Mode().IsRegular() {
		return nil, errors.New(msgMCPFile)
	}
	file, err := root.OpenFile(rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, errors.New(msgMCPFile)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if data, err = io.ReadAll(io.LimitReader(file, maxMCPText+1)); err != nil {
		return nil, errors.New(msgMCPFile)
	}
	if len(data) > maxMCPText {
		return nil, fmt.Errorf(msgMCPText, maxMCPText>>20)
	}
	return data, nil
}

// textSource is a text that a client sent.
type textSource struct {
	data []byte
	name string
}

// Walk implements [scanner.Source].
func (t *textSource) Walk(ctx context.Context, rec *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := scanner.Chunk{Data: t.data, Location: scanner.Location{Kind: scanner.KindStdin}}
	if t.name != "" && fs.ValidPath(filepath.ToSlash(t.name)) {
		c.Location.Path = filepath.ToSlash(t.name)
	}
	if err := visit(&c); err != nil {
		return err
	}
	rec.AddFile(len(t.data))
	return nil
}

func (s *mcpService) explain(ctx context.Context, raw json.RawMessage) (any, error) {
	args, err := readArguments(raw, "text", "path", "line")
	if err != nil {
		return nil, err
	}
	var data []byte
	name := ""
	switch {
	case (args.Text == nil) == (args.Path == nil):
		return nil, errors.New(msgMCPOneOf)
	case args.Text != nil:
		data = []byte(*args.Text)
	default:
		if data, err = s.read(*args.Path); err != nil {
			return nil, err
		}
		name = filepath.ToSlash(*args.Path)
	}
	first, last := 1, bytes.Count(data, []byte("\n"))+1
	if args.Line < 0 || args.Line > last {
		return nil, errors.New(msgMCPLine)
	}
	if args.Line > 0 {
		first, last = args.Line, args.Line
	}
	cmd := *s.cmd
	cmd.SetContext(ctx)
	p, err := s.prepare(&cmd)
	if err != nil {
		return nil, fmt.Errorf(msgMCPFailed, err)
	}
	attempts, err := p.scanner.Explain(ctx, data, name, first, last)
	if err != nil {
		return nil, fmt.Errorf(msgMCPFailed, err)
	}
	return explained(attempts), nil
}

// mcpAttempt is a rule that was tried.
type mcpAttempt struct {
	RuleID  string   `json:"rule_id"`
	Outcome string   `json:"outcome"`
	Line    int      `json:"line"`
	Column  int      `json:"column"`
	Secret  string   `json:"secret_redacted,omitempty"`
	Decoded []string `json:"decoded,omitempty"`
	Why     []string `json:"why,omitempty"`
}

func explained(attempts []scanner.Attempt) any {
	list := []mcpAttempt{}
	for i := range attempts[:min(len(attempts), maxMCPAttempts)] {
		at := &attempts[i]
		m := mcpAttempt{RuleID: at.RuleID, Outcome: outcomeText(at), Line: at.Line, Column: at.Column, Decoded: at.Decoded}
		if at.Secret.Known() {
			m.Secret = visible.Text(at.Secret.Redacted())
		}
		for _, why := range at.Why {
			m.Why = append(m.Why, visible.Text(why))
		}
		list = append(list, m)
	}
	return struct {
		Tried    int          `json:"tried"`
		Attempts []mcpAttempt `json:"attempts"`
	}{len(attempts), list}
}

// mcpRule is one line of the list of rules.
type mcpRule struct {
	ID       string         `json:"id"`
	Severity rules.Severity `json:"severity"`
	Title    string         `json:"title"`
}

func (s *mcpService) rules(_ context.Context, raw json.RawMessage) (any, error) {
	args, err := readArguments(raw, "id", "query")
	if err != nil {
		return nil, err
	}
	if args.ID != "" {
		r := s.set.Lookup(args.ID)
		if r == nil {
			return nil, errors.New(msgMCPNoRule)
		}
		var b strings.Builder
		if err := showRule(&b, s.set, r); err != nil {
			return nil, fmt.Errorf(msgMCPFailed, err)
		}
		return map[string]string{"id": r.ID, "text": b.String()}, nil
	}
	list := []mcpRule{}
	word := strings.ToLower(args.Query)
	for _, r := range s.set.All() {
		if strings.Contains(strings.ToLower(r.ID+" "+r.Title), word) {
			list = append(list, mcpRule{r.ID, r.Severity, r.Title})
		}
	}
	return map[string][]mcpRule{"rules": list}, nil
}
