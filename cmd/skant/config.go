package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/config"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// otherVariables are names, and beginnings of names that end in *, which are no settings and are read all the same: by other
// parts of this program, by the pipelines in docs/examples, and by its tests and benchmarks.
func otherVariables() []string {
	return []string{
		"SKANT_CACHE_DIR", "SKANT_FINGERPRINT_KEY", "SKANT_VERSION", "SKANT_SHA256", sendURL, sendAuthorization,
		"SKANT_E2E_*", "SKANT_BENCH_*", "SKANT_DETECTION*", "SKANT_PRECISION_*", "SKANT_PROOF*", "SKANT_UPDATE", "SKANT_CACHE_TEST_DIR",
	}
}

// settings lays flags, environment, the repository's configuration and the user's over each other and puts what comes of it
// into f, where the flags stood: every later step asks f and need not know of configuration. It reads own rules and checks
// their examples. policy is where the repository's file is read; its zero value is for what belongs to no repository.
func (a *app) settings(cmd *cobra.Command, f *scanFlags, policy policyFiles) (*config.Effective, error) {
	if f.maxSize == "" {
		f.maxSize = config.DefaultOf("max-size") // a command that reads nothing large has no flag for it
	}
	if _, err := f.bytes(); err != nil {
		return nil, err
	}
	e, err := a.resolve(cmd, f, policy)
	if err != nil {
		return nil, withHint(err, hintConfig)
	}
	return e, a.choose(cmd, f, e)
}

// choose reads own rules, takes out what is switched off, and puts the settings into f.
func (a *app) choose(cmd *cobra.Command, f *scanFlags, e *config.Effective) error {
	if err := f.loadOwn(cmd, e.RuleFiles); err != nil {
		return err
	}
	base := rules.Builtin()
	if f.own != nil {
		var err error
		if base, err = rules.Merge(base, f.own); err != nil {
			return withHint(err, hintRules)
		}
	}
	set, notes, err := e.Select(base)
	for _, note := range notes {
		a.note(note.Error())
	}
	if err == nil && f.confFrom.paths != nil {
		err = e.Covers(f.confFrom.paths())
	}
	if err != nil {
		return withHint(err, hintConfig)
	}
	if set != base {
		f.off = func() *rules.Set {
			return base.Filter(func(r *rules.Rule) bool { _, off := e.Off(r.ID); return off })
		}
	}
	f.take(e, set)
	return nil
}

// resolve reads every layer.
func (a *app) resolve(cmd *cobra.Command, f *scanFlags, policy policyFiles) (*config.Effective, error) {
	f.confFrom = policy
	var user, repository config.Values
	var errs [3]error
	if !f.noConfig {
		repository, errs[0] = a.repositoryConfig(policy)
		user, f.userFolder, errs[1] = a.userConfig()
	}
	environment, err := config.Environment(a.env)
	errs[2] = err
	for i, v := range a.unknownVariables() {
		if i == maxUnknownVariables {
			break
		}
		a.note(unknownVariable(v))
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	e, err := config.Resolve(user, repository, environment, flagValues(cmd))
	if err != nil {
		return nil, err
	}
	return e, checkFormats(e)
}

// maxUnknownVariables bounds the notes about variables.
const maxUnknownVariables = 3

func (a *app) unknownVariables() [][2]string {
	if a.environ == nil {
		return nil
	}
	return config.Unknown(a.environ(), otherVariables())
}

// note says what does not stop the run. It may quote names from a repository.
func (a *app) note(text string) { a.say(msgConfigNote, a.scrub(visible.Text(text))) }

// repositoryConfig reads .skant.yaml. One under a name that nobody reads is told of: its author believes that it holds.
func (a *app) repositoryConfig(policy policyFiles) (config.Values, error) {
	if policy.read == nil {
		return nil, nil
	}
	data, err := policy.read(config.Name)
	if errors.Is(err, fs.ErrNotExist) {
		for _, name := range config.Mistaken() {
			if _, err := policy.read(name); !errors.Is(err, fs.ErrNotExist) {
				a.note(fmt.Sprintf(msgConfigMistaken, name, config.Name))
			}
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return config.Decode(data, policy.name(config.Name), config.Repository)
}

// name is how messages call a file of the policy.
func (p policyFiles) name(file string) string {
	if p.origin == "" {
		return file
	}
	return file + " of " + p.origin
}

// userConfig reads the user's own file and returns the folder that it stands in.
func (a *app) userConfig() (values config.Values, folder string, err error) {
	path := a.userFile()
	if path == "" {
		return nil, "", nil
	}
	data, err := readOwn(path)
	if errors.Is(err, fs.ErrNotExist) && a.env(config.FileVariable) == "" {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("read configuration: %w", err)
	}
	values, err = config.Decode(data, path, config.User)
	return values, filepath.Dir(path), err
}

// userFile is the path of the user's own file, which need not be there; empty for none, as in a container without a home.
func (a *app) userFile() string {
	switch path := a.env(config.FileVariable); {
	case path == os.DevNull:
		return ""
	case path != "":
		return path
	case a.configDir == nil:
		return ""
	}
	base, err := a.configDir()
	if err != nil {
		return ""
	}
	return filepath.Join(base, filepath.FromSlash(config.UserName))
}

// readOwn reads a file that the user named, or has. It may be a link, as in homes that are kept in a repository.
func readOwn(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errPolicyOther}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, config.MaxFile+1)) // the decoder refuses what is longer
	return data, errors.Join(err, file.Close())
}

// flagValues returns what was said on the command line.
func flagValues(cmd *cobra.Command) config.Values {
	values := config.Values{}
	for key, name := range config.Flags() {
		flag := cmd.Flags().Lookup(name)
		if flag == nil || !flag.Changed {
			continue
		}
		at := config.Origin{Layer: config.Flag, Name: "--" + name}
		if l, many := flag.Value.(*list); many {
			for _, text := range *l {
				values[key] = append(values[key], config.Item{Text: text, Origin: at})
			}
			continue
		}
		values[key] = []config.Item{{Text: flag.Value.String(), Origin: at}}
	}
	return values
}

// checkFormats says where an output stands that this program does not know. Those of flags are looked at with the flags.
func checkFormats(e *config.Effective) error {
	for _, item := range e.Output {
		name, _, _ := strings.Cut(item.Text, "=")
		if _, err := lookupFormat(name); err != nil && item.Origin.Layer != config.Flag {
			return &config.Error{
				Origin: item.Origin, Key: "output", Problem: err.Error(), Instead: "known are " + strings.Join(formatNames(), ", "),
			}
		}
	}
	return nil
}

// policyOf is what a report says of the configuration, nil where nothing is set but by flags. scrub masks secrets in a text.
func (f *scanFlags) policyOf(scrub func(string) string) *scanner.Policy {
	e := f.conf
	if e == nil {
		return nil
	}
	p := &scanner.Policy{Origin: f.confFrom.origin}
	if p.Origin == "" {
		p.Origin = "work tree"
	}
	p.RulesActive, p.RulesOff = e.Counts()
	set := p.RulesOff > 0
	for _, r := range e.Rows() {
		for _, item := range r.Items {
			set = set || item.Origin.Layer != config.Default && item.Origin.Layer != config.Flag
		}
	}
	if !set {
		return nil
	}
	p.Weaker = []scanner.WeakerSetting{}
	for _, r := range e.Weaker() {
		for _, item := range r.Items {
			if len(p.Weaker) == maxWeaker {
				p.Omitted++
				continue
			}
			p.Weaker = append(p.Weaker, scanner.WeakerSetting{Setting: r.Key, Value: scrub(item.Text), Where: scrub(item.Origin.String())})
		}
	}
	return p
}

// sayWeaker says in the summary how the configuration makes a scan find less.
func (a *app) sayWeaker(e *config.Effective) {
	if e == nil {
		return
	}
	if text := weakened(e); text != "" {
		a.note(text)
	}
}

// maxWeaker bounds what a report repeats of a configuration.
const maxWeaker = 50
