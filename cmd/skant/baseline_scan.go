package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/report"
	"github.com/skant-dev/skant/internal/source"
	"github.com/skant-dev/skant/internal/suppress"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/scanner"
)

// fromAll has the history searched and the files of the work tree.
const fromAll = "all"

// baselineScan runs the scans that --from asks for. Paths of the findings are relative to the repository's top.
func (a *app) baselineScan(cmd *cobra.Command, f *baselineFlags, args []string) (foundFor, error) {
	spec, err := f.rangeOf(args)
	if err != nil {
		return foundFor{}, err
	}
	repository, err := inWorkTree()
	if err != nil {
		return foundFor{}, err
	}
	froms := []string{f.from}
	switch {
	case f.from == fromAll && repository:
		froms = []string{"history", "scan"}
	case f.from == fromAll:
		froms = []string{"scan"}
	}
	all := foundFor{complete: true}
	for _, from := range froms {
		p, err := a.prepare(cmd, &f.scanFlags)
		if err != nil {
			return all, err
		}
		src, closeSource, err := a.baselineSource(p, from, spec)
		if err != nil {
			return all, err
		}
		rep, err := a.scanAs(cmd, from, p, targetName("."), src)
		if err = errors.Join(err, closeSource()); err != nil {
			return all, err
		}
		a.say(msgSummary, report.Summary(rep))
		all.list = append(all.list, rep.Findings...)
		all.complete = all.complete && rep.Coverage.Complete
	}
	return all, nil
}

// inWorkTree reports whether the current folder is in the work tree of a repository. One without a work tree is refused: nothing would obey
// a baseline that is laid beside its objects.
func inWorkTree() (bool, error) {
	r, err := repo.Open(".", repo.Options{})
	var none *repo.NotRepositoryError
	if errors.As(err, &none) {
		return false, nil
	}
	if err != nil {
		return false, &incompleteError{err}
	}
	bare := r.Bare()
	if err := r.Close(); err != nil {
		return false, err
	}
	if bare {
		return false, withHint(errors.New("a repository without a work tree has no place for a baseline"), hintBaselineBare)
	}
	return true, nil
}

// baselineSource opens one source for a baseline.
func (a *app) baselineSource(p *prepared, from, spec string) (scanner.Source, func() error, error) {
	switch from {
	case "history":
		return a.historySource(".", p, false)
	case "scan":
		top := topAround(".")
		if err := p.usePolicyAround([]string{top}); err != nil {
			return nil, nil, err
		}
		src, err := source.NewFiles([]string{top}, source.FilesOptions{MaxSize: p.maxSize, Tracked: trackedFiles})
		return src, nothingToClose, err
	}
	r, err := a.openRepository(".", p, true)
	if err != nil {
		return nil, nil, err
	}
	if from == "staged" {
		return source.NewStaged(r, source.StagedOptions{MaxSize: p.maxSize}), r.Close, nil
	}
	src, err := source.NewDiff(r, spec, source.DiffOptions{MaxSize: p.maxSize})
	if err != nil {
		return nil, nil, errors.Join(withHint(err, hintRange), r.Close())
	}
	return src, r.Close, nil
}

// maxImported bounds a list of another tool, in bytes.
const maxImported = 64 << 20

// importers are the lists that can be carried over.
func importers() map[string]func([]byte) ([]suppress.Foreign, error) {
	return map[string]func([]byte) ([]suppress.Foreign, error){
		"gitleaks": suppress.ParseGitleaks, "gitleaksignore": suppress.ParseGitleaksIgnore, "detect-secrets": suppress.ParseDetectSecrets,
	}
}

func newBaselineImport(a *app) *cobra.Command {
	var f baselineFlags
	cmd := &cobra.Command{
		Use: "import gitleaks|gitleaksignore|detect-secrets FILE", Short: helpBaselineImportShort, Long: helpBaselineImport,
		Example: exampleBaselineImport, Args: exactly(2, 2, hintImportArgs), ValidArgs: []string{"gitleaks", "gitleaksignore", "detect-secrets"},
		RunE: func(cmd *cobra.Command, args []string) error {
			parse := importers()[args[0]]
			if parse == nil {
				return withHint(fmt.Errorf("unknown list %q", args[0]), hintImportArgs)
			}
			terms, err := f.terms(a)
			if err != nil {
				return err
			}
			data, err := readList(args[1])
			if err != nil {
				return withHint(err, hintImportArgs)
			}
			list, err := parse(data)
			if err != nil {
				return withHint(fmt.Errorf("read %s: %w", visible.Text(args[1]), err), hintImportArgs)
			}
			return a.carryOver(cmd, &f, list, terms)
		},
	}
	f.register(cmd)
	return cmd
}

func readList(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, maxImported+1))
	if err == nil && len(data) > maxImported {
		err = fmt.Errorf("%s has more than %d MiB", visible.Text(path), maxImported>>20)
	}
	return data, errors.Join(err, file.Close())
}

// carryOver scans, and adds entries for the findings that a list is about. A baseline that is not there yet is made.
func (a *app) carryOver(cmd *cobra.Command, f *baselineFlags, list []suppress.Foreign, terms suppress.Terms) error {
	b, path, _, err := a.openOrMake(cmd, f)
	if err != nil {
		return err
	}
	found, err := a.baselineScan(cmd, f, nil)
	if err != nil {
		return err
	}
	matched := suppress.Match(list, found.list)
	was := len(b.Entries)
	if _, err := b.Add(matched.Findings, terms, a.now(), true); err != nil {
		return err
	}
	if err := writePolicy(path, b.Format()); err != nil {
		return &incompleteError{err}
	}
	for _, n := range matched.Missed {
		a.say(msgEntryMissed, clipped(a.scrub(visible.Text(n.Where))), n.Text)
	}
	a.say(msgImportedEntries, matched.Carried, len(list), entries(len(b.Entries)-was))
	return found.partly()
}
