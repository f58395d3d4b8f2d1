package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/hooks"
	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/internal/proof"
	"github.com/skant-dev/skant/internal/recovery"
	"github.com/skant-dev/skant/internal/repo"
	"github.com/skant-dev/skant/internal/visible"
	"github.com/skant-dev/skant/rules"
	"github.com/skant-dev/skant/scanner"
)

// clone searches one repository and looks at what protects it.
func (r *checkRun) clone(path string) (*proof.Clone, error) {
	f := r.flags
	f.target = path
	p, err := r.app.prepare(r.cmd, &f)
	if err != nil {
		return nil, err
	}
	if err := r.everyRule(p); err != nil {
		return nil, err
	}
	r.asking = cmp.Or(r.asking, p)
	asked := f.enabled
	f.enabled, f.onlyLive = false, false // asked later, about the secrets of the incident alone
	src, done, err := r.app.historySource(path, p, r.submodules)
	if err != nil {
		return nil, err
	}
	rep, err := r.app.scanAs(r.cmd, "history", p, path, src)
	if err = errors.Join(err, done()); err != nil {
		return nil, err
	}
	f.enabled = asked
	r.input.AskProviders = asked
	clone, err := r.look(path)
	if err != nil {
		return nil, err
	}
	clone.Report = rep
	r.addCommits(rep)
	clone.Hiding = r.hiding(p, rep)
	for i := range rep.Findings {
		if r.incident.Secret(rep.Findings[i].Fingerprint) != nil {
			r.found = append(r.found, rep.Findings[i])
		}
	}
	return clone, nil
}

// everyRule has the search use the rules, too, that are switched off: who does that hides the secret, and does not prove it gone. Rules
// of the user and the repository are used only if one of them has found a secret of the incident: they could claim what another finds.
func (r *checkRun) everyRule(p *prepared) error {
	set := rules.Builtin()
	var err error
	if p.flags.own != nil && slices.ContainsFunc(r.incident.Secrets, func(s incident.Secret) bool { return rules.Builtin().Lookup(s.RuleID) == nil }) {
		if set, err = rules.Merge(set, p.flags.own); err != nil {
			return withHint(err, hintRules)
		}
	}
	opt, err := p.flags.options(r.app, p.outs)
	if err != nil {
		return err
	}
	opt.Allow = p.silence.Allow
	p.set, p.flags.set, r.set = set, set, set
	p.scanner, err = scanner.New(set, opt)
	return err
}

// look opens a repository and reads its hooks and the list of what was purged.
func (r *checkRun) look(path string) (*proof.Clone, error) {
	open, err := repo.Open(path, repo.Options{Leftovers: true})
	if err != nil {
		return nil, withHint(err, hintRepository)
	}
	r.close = append(r.close, open.Close)
	clone := &proof.Clone{Path: path, At: absolute(path), Repo: open}
	clone.Purged, clone.PurgedErr = r.purged(path, open)
	clone.Hooks, err = r.hooks(open)
	if err != nil {
		clone.Hooks = nil
	}
	return clone, nil
}

// host looks at a remote on this machine, unless it is searched anyway.
func (r *checkRun) host(path string) {
	for _, c := range r.input.Clones {
		if c.Path == path || c.Repo.GitDir() == path {
			return
		}
	}
	if clone, err := r.look(path); err == nil {
		clone.Host = true
		r.input.Clones = append(r.input.Clones, clone)
	}
}

// purged reads the list of a clone and that at the top of its repository.
func (r *checkRun) purged(path string, open *repo.Repository) (*incident.Purged, error) {
	all, err := incident.ReadLocal(open.CommonDir())
	if err != nil {
		return nil, err
	}
	policy, done, err := r.app.policyAt(path)
	if err != nil {
		return nil, err
	}
	data, err := policy.read(incident.PolicyName)
	if err = errors.Join(ignoreAbsent(err), done()); err != nil {
		return nil, err
	}
	shared, err := incident.ReadPurged(bytes.NewReader(data), incident.PolicyName)
	if err != nil {
		return nil, err
	}
	if all == nil {
		return shared, nil
	}
	all.Join(shared)
	return all, nil
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// hooks says of each hook that a repository needs whether git runs skant there. Those that run this very program are tried; what else a
// repository names is not run without --try-hooks, since it may be anything, and whoever has a doubtful clone checks that, too.
func (r *checkRun) hooks(open *repo.Repository) ([]proof.Hook, error) {
	path, err := open.HooksPath(r.cmd.Context())
	if err != nil {
		return nil, err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // it matters only for a hooks path that begins with ~/, which is then refused
	}
	o, err := hooks.Status(hooks.Repo{
		GitDir: open.GitDir(), CommonDir: open.CommonDir(), WorkTree: open.WorkTree(), HooksPath: path, Home: home,
	}, hooks.Options{})
	if err != nil {
		return nil, err
	}
	configured, err := open.ConfigHooks(r.cmd.Context())
	if err != nil {
		return nil, err
	}
	own, err := ownPath()
	if err != nil {
		return nil, err
	}
	needed := []string{"pre-commit", "pre-push"}
	if open.Bare() {
		needed = []string{"pre-receive"}
	}
	var all []proof.Hook
	for i := range o.Hooks {
		h := &o.Hooks[i]
		if !slices.Contains(needed, h.Kind.Name) {
			continue
		}
		state := proof.Hook{Name: h.Kind.Name, Works: h.Active(), Why: string(h.State)}
		switch {
		case r.tryHooks && h.Executable, state.Works && h.Ours() && !h.Through && sameProgram(h.Binary, own):
			state.Why, state.Works = r.app.tryHook(r.cmd, repo.TrialHook{Kind: h.Kind.Name, Path: h.Path})
		case state.Works:
			state.Why, state.Untried, state.Works = msgCheckHookUntried, true, false
		}
		for _, c := range configured {
			if !state.Works && !c.Disabled && slices.Contains(c.Events, h.Kind.Name) && (r.tryHooks || h.Kind.ConfigRuns(c.Command, own)) {
				state.Why, state.Works = r.app.tryHook(r.cmd, repo.TrialHook{Kind: h.Kind.Name, Command: c.Command})
				state.Untried = false
			}
		}
		all = append(all, state)
	}
	return all, nil
}

// sameProgram reports whether two paths are those of one file.
func sameProgram(a, b string) bool {
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	return err == nil && otherErr == nil && os.SameFile(one, other)
}

// hiding returns what tells whether the policy of a clone would hide a secret. rep is of a search of it.
func (r *checkRun) hiding(p *prepared, rep *scanner.Report) func(*incident.Secret) (what, remedy string, known bool) {
	return func(s *incident.Secret) (what, remedy string, known bool) {
		if where, off := p.conf.Off(s.RuleID); off {
			return fmt.Sprintf(msgCheckRuleOff, s.RuleID, where), fmt.Sprintf(msgCheckRuleOn, s.RuleID, where), true
		}
		if err := p.silence.Check(); err != nil {
			return err.Error(), "skant config check", false
		}
		paths := r.pathsOf(s, rep)
		for _, path := range paths {
			if where, ignored := p.silence.Ignored(path); ignored {
				return fmt.Sprintf(msgCheckIgnored, path, where), fmt.Sprintf(msgCheckUnignore, where), true
			}
		}
		if what, known := r.inBaseline(p, s); what != "" {
			return what, msgCheckPrune, known
		}
		if n := p.silence.Ignores(); n > 0 && len(paths) == 0 {
			return fmt.Sprintf(msgCheckPaths, n), msgCheckPathsDo, false
		}
		return "", "", true
	}
}

// pathsOf are the files in which a secret is known to have been.
func (r *checkRun) pathsOf(s *incident.Secret, reports ...*scanner.Report) []string {
	var paths []string
	for _, rep := range append(reports, r.saved) {
		if rep == nil {
			continue
		}
		for i := range rep.Findings {
			if f := &rep.Findings[i]; f.Fingerprint == s.Fingerprint && f.Location.Path != "" && !slices.Contains(paths, f.Location.Path) {
				paths = append(paths, f.Location.Path)
			}
		}
	}
	return paths
}

// inBaseline says which entry of the baseline is about a secret. Without its value that is not known of an entry of its rule.
func (r *checkRun) inBaseline(p *prepared, s *incident.Secret) (what string, known bool) {
	b := p.silence.Baseline()
	if b == nil {
		return "", true
	}
	hashes := map[string]bool{}
	for i := range r.found {
		if r.found[i].Fingerprint == s.Fingerprint && r.found[i].Secret.Known() {
			for _, key := range b.Keys {
				hashes[r.found[i].Key(key)] = true
			}
		}
	}
	for i := range b.Entries {
		e := &b.Entries[i]
		switch {
		case e.Rule != s.RuleID:
		case hashes[e.Hash]:
			return fmt.Sprintf(msgCheckBaseline, e.Line), true
		case len(hashes) == 0 && what == "":
			what = fmt.Sprintf(msgCheckBaselineRule, e.Line)
		}
	}
	return what, what == ""
}

// ask has providers asked about the secrets of the incident whose values are at hand: in a clone, or in the file that was named.
func (r *checkRun) ask() error {
	p := r.asking
	r.input.Known = func(id string) bool { return r.set.Lookup(id) != nil }
	whole, err := p.flags.rulesOf(r.cmd, &scanner.Report{Findings: r.placeholders()})
	if err != nil {
		return err
	}
	r.input.Manual = func(id string) string { return manualSteps(whole, id) }
	r.input.Revoke = func(s *incident.Secret, path string) string { return r.revokes(whole, s, path) }
	r.input.Askable = func(id string) bool { return askable(whole, id) }
	if !r.input.AskProviders || len(r.found) == 0 {
		return nil
	}
	temp := &scanner.Report{}
	for _, f := range r.found {
		f.Suppressed = nil
		temp.Findings = append(temp.Findings, f)
	}
	if err := r.app.verify(r.cmd.Context(), r.cmd, p, temp); err != nil {
		return err
	}
	for i := range temp.Findings {
		f := &temp.Findings[i]
		word := proof.Word{Verdict: f.Verdict}
		if f.Verification != nil {
			word.At, word.Says = f.Verification.At, f.Verification.Says
		}
		if before, known := r.input.Words[f.Fingerprint]; !known || proof.Graver(word.Verdict, before.Verdict) {
			r.input.Words[f.Fingerprint] = word
		}
	}
	return nil
}

// placeholders are findings that name the rules of the incident.
func (r *checkRun) placeholders() []scanner.Finding {
	var all []scanner.Finding
	for _, s := range r.incident.Secrets {
		all = append(all, scanner.Finding{RuleID: s.RuleID})
	}
	return all
}

// manualSteps are the titles of the steps of the runbook that stop secrets of a rule, without those that prove it.
func manualSteps(set *rules.Set, id string) string {
	rule := set.Lookup(id)
	if rule == nil {
		return ""
	}
	playbook, _ := set.PlaybookOf(rule)
	var all []string
	for _, step := range playbook.Steps {
		if step.Phase == rules.Stop && !strings.HasPrefix(step.Title, "Prove") {
			all = append(all, strings.TrimRight(step.Title+" "+step.Link, " "))
		}
	}
	return strings.Join(all, "; ")
}

// revokes is the command that ends a secret which the search has found in the repository at a path; "" if the program would not end it. A key that it
// takes besides is asked for in the same line: pasted together, a second line would be taken for the key.
func (r *checkRun) revokes(set *rules.Set, s *incident.Secret, path string) string {
	i := slices.IndexFunc(r.found, func(f scanner.Finding) bool { return f.Fingerprint == s.Fingerprint })
	if i < 0 {
		return ""
	}
	way, ok := recovery.Revocable(&r.found[i], set)
	if !ok {
		return ""
	}
	words := []string{"skant recover revoke --ask --incident " + visible.ShellWord(r.file)}
	for _, endpoint := range r.flags.endpoints {
		words = append(words, "--verify-endpoint "+visible.ShellWord(endpoint))
	}
	if way.SelfHosted && len(r.flags.endpoints) == 0 {
		words = append(words, "--verify-endpoint "+set.Lookup(s.RuleID).Provider+"=https://HOST")
	}
	command := strings.Join(append(words, "--only "+strconv.Itoa(s.Number), visible.ShellWord(path)), " ")
	if name := way.Admin.Env; name != "" {
		command = "read -rsp " + visible.ShellWord(name+": ") + " " + name + " && export " + name + " && " + command + "   # " + way.Admin.Is
	}
	return command
}

// repeat are words that the commands which are printed need as this one does, but for what they ask.
func (r *checkRun) repeat() []string {
	var words []string
	for _, path := range r.clones {
		words = append(words, "--clone "+visible.ShellWord(absolute(path)))
	}
	for _, path := range r.flags.rulePaths {
		words = append(words, "--rules "+visible.ShellWord(path))
	}
	for _, endpoint := range r.flags.endpoints {
		words = append(words, "--verify-endpoint "+visible.ShellWord(endpoint))
	}
	if r.submodules {
		words = append(words, "--submodules")
	}
	return words
}

// absolute is a path as it is from everywhere; where the current folder is not known it stays what it is.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// readSecrets finds the incident's secrets in the file that was named, which only its owner may read.
func (r *checkRun) readSecrets() error {
	if r.secrets == "" {
		return nil
	}
	var text []byte
	var err error
	if r.secrets == "-" {
		text, err = r.app.readSecret(r.cmd.Context())
	} else {
		text, err = privateFile(r.secrets)
	}
	if err != nil {
		return withHint(fmt.Errorf("read secrets: %w", err), hintCheckSecrets)
	}
	found, err := find(r.cmd.Context(), r.asking.scanner, text)
	if err != nil {
		return err
	}
	matched := 0
	for i := range found {
		if r.incident.Secret(found[i].Fingerprint) != nil {
			r.found = append(r.found, found[i])
			matched++
		}
	}
	if matched == 0 {
		return withHint(errors.New("no secret of the incident is in it"), hintCheckSecrets)
	}
	return nil
}

// privateFile reads a small file that nobody else may read.
func privateFile(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is no regular file", filepath.Base(path))
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%q can be read by others: chmod 600 it", filepath.Base(path))
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(in, maxVerified+1))
	if err == nil && len(text) > maxVerified {
		err = fmt.Errorf("%q has more than %d MiB", filepath.Base(path), maxVerified>>20)
	}
	return text, errors.Join(err, in.Close())
}
