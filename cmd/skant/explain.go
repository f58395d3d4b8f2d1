package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
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
	set, err := loadRules(cmd, rules.Builtin(), f.rulePaths)
	if err != nil {
		return err
	}
	opt, err := f.options(a, nil)
	if err != nil {
		return err
	}
	s, err := scanner.New(set, opt)
	if err != nil {
		return err
	}
	return a.explainWith(cmd, s, data, path, first, last)
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
