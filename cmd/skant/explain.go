package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// maxExplained bounds the file that is explained, in bytes: the explanation is for a person to read.
const maxExplained = 64 << 20

func newExplain(a *app) *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use: "explain FILE[:LINE]", Short: helpExplainShort, Long: helpExplain, Example: exampleExplain, Args: exactly(1, 1, hintExplainArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, line, err := fileAndLine(args[0])
			if err != nil {
				return err
			}
			data, err := a.readExplained(name)
			if err != nil {
				return err
			}
			first, last := line, line
			if lines := strings.Count(string(data), "\n") + 1; line > lines {
				return withHint(fmt.Errorf("%s has %d lines", visible.Text(name), lines), hintExplainArgs)
			} else if line == 0 {
				first, last = 1, lines
			}
			return a.explain(cmd, &f, data, strings.TrimPrefix(name, "./"), first, last)
		},
	}
	f.rulePaths.register(cmd, "rules", "", helpFlagRules)
	f.registerBaseline(cmd)
	cmd.Flags().StringVar(&f.minConfidence, "min-confidence", "medium", helpFlagMinConfidence)
	cmd.Flags().BoolVar(&f.includeExamples, "include-examples", false, helpFlagIncludeExamples)
	return cmd
}

// fileAndLine cuts an argument FILE:LINE; line is 0 where there is none. A file that has the whole name wins.
func fileAndLine(arg string) (name string, line int, err error) {
	if _, err := os.Stat(arg); err == nil || arg == "-" {
		return arg, 0, nil
	}
	name, number, cut := cutLast(arg, ":")
	if !cut {
		return arg, 0, nil
	}
	line, err = strconv.Atoi(number)
	if err != nil || line < 1 {
		return "", 0, withHint(fmt.Errorf("%q is no line number", number), hintExplainArgs)
	}
	return name, line, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// readExplained reads a file, or standard input for "-".
func (a *app) readExplained(name string) ([]byte, error) {
	in := a.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, withHint(err, hintExplainArgs)
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, maxExplained+1))
	if err != nil {
		return nil, withHint(fmt.Errorf("read %s: %w", visible.Text(name), err), hintExplainArgs)
	}
	if len(data) > maxExplained {
		return nil, withHint(fmt.Errorf("%s has more than %d bytes", visible.Text(name), maxExplained), hintExplainSize)
	}
	return data, nil
}

// explain prints what came of every rule that was tried.
func (a *app) explain(cmd *cobra.Command, f *scanFlags, data []byte, path string, first, last int) error {
	policy, done, err := a.currentPolicy()
	if err != nil {
		return err
	}
	_, err = a.settings(cmd, f, policy)
	if err = errors.Join(policy.whole(), err, done()); err != nil {
		return err
	}
	opt, err := f.options(a, nil)
	if err != nil {
		return err
	}
	silence, err := a.loadPolicy(f)
	if err != nil {
		return err
	}
	opt.Allow = silence.Allow
	s, err := scanner.New(f.set, opt)
	if err != nil {
		return err
	}
	silenced, err := a.silenced(cmd, &prepared{flags: f, scanner: s, silence: silence}, data, path)
	if err != nil {
		return err
	}
	attempts, err := s.Explain(cmd.Context(), data, path, first, last)
	if err != nil {
		return err
	}
	for i := range attempts {
		at := &attempts[i]
		if why := silenced[explainedAt{at.RuleID, at.Line, at.Column}]; why != "" && at.Outcome == scanner.Reported {
			at.Why = append(at.Why, why)
		}
	}
	off, err := a.switchedOff(cmd, f, opt, data, path, first, last)
	if err != nil {
		return err
	}
	_, printErr := io.WriteString(a.out, off)
	return errors.Join(printErr, writeAttempts(a.out, attempts))
}

// explainedAt is a finding's rule and place.
type explainedAt struct {
	rule         string
	line, column int
}

// silenced searches the content as a scan would, and returns for each finding what makes it not count, or what asks for that
// in vain.
func (a *app) silenced(cmd *cobra.Command, p *prepared, data []byte, path string) (map[explainedAt]string, error) {
	kind := scanner.KindFile
	if path == "-" {
		kind, path = scanner.KindStdin, ""
	}
	res, err := p.scanner.Scan(cmd.Context(), contentSource{data, scanner.Location{Path: filepath.ToSlash(path), Kind: kind}}, nil)
	if err != nil {
		return nil, err
	}
	if err := p.usePolicyAround(nil); err != nil {
		return nil, err
	}
	rep := &scanner.Report{Command: cmd.Name(), Findings: res.Findings}
	if err := a.applyPolicy(p, rep); err != nil {
		return nil, err
	}
	out := map[explainedAt]string{}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		at := explainedAt{f.RuleID, f.Location.StartLine, f.Location.StartColumn}
		switch {
		case f.Suppressed != nil && f.Suppressed.Reason != "":
			out[at] = fmt.Sprintf(msgSilenced, silencer(f.Suppressed.By), f.Suppressed.Where) + ": " + f.Suppressed.Reason
		case f.Suppressed != nil:
			out[at] = fmt.Sprintf(msgSilenced, silencer(f.Suppressed.By), f.Suppressed.Where)
		case f.Refused != nil:
			out[at] = fmt.Sprintf(msgNotSilenced, f.Refused.Where, f.Refused.Refused)
		}
	}
	return out, nil
}

// contentSource is one content that is at hand.
type contentSource struct {
	data []byte
	at   scanner.Location
}

func (c contentSource) Walk(_ context.Context, _ *scanner.Recorder, visit func(*scanner.Chunk) error) error {
	return visit(&scanner.Chunk{Data: c.data, Location: c.at})
}

func (a *app) explainWith(cmd *cobra.Command, s *scanner.Scanner, data []byte, path string, first, last int) error {
	attempts, err := s.Explain(cmd.Context(), data, path, first, last)
	if err != nil {
		return err
	}
	return writeAttempts(a.out, attempts)
}

// writeAttempts prints attempts, one paragraph each.
func writeAttempts(w io.Writer, attempts []scanner.Attempt) error {
	var b strings.Builder
	for i := range attempts {
		at := &attempts[i]
		fmt.Fprintf(&b, "%d:%d  %s: %s", at.Line, at.Column, at.RuleID, outcomeText(at))
		if at.Secret.Known() {
			fmt.Fprintf(&b, "  %s", visible.Text(at.Secret.Redacted()))
		}
		b.WriteString("\n")
		if len(at.Decoded) > 0 {
			fmt.Fprintf(&b, "      seen after undoing %s\n", strings.Join(at.Decoded, ", "))
		}
		for _, why := range at.Why {
			fmt.Fprintf(&b, "      %s\n", visible.Text(why))
		}
	}
	if len(attempts) == 0 {
		b.WriteString(msgNothingTried)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// outcomeText says an outcome in a few words.
func outcomeText(at *scanner.Attempt) string {
	switch at.Outcome {
	case scanner.Reported:
		return "reported with " + string(at.Confidence) + " confidence"
	case scanner.HiddenMatch:
		return "matches, but with " + string(at.Confidence) + " confidence it is not reported"
	case scanner.Overruled:
		return "matches, but another rule knows more"
	case scanner.RefusedMatch:
		return "refused"
	default:
		return "does not match"
	}
}
