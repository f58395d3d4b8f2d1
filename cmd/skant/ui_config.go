package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skant-dev/skant/internal/config"
	"github.com/skant-dev/skant/internal/report"
)

// Every word about configuration that is meant for a person, but for what package config says of a file's mistakes.

const (
	msgConfigNote       = "skant: %s\n"
	msgConfigMistaken   = "%s is not read: the configuration file is named %s"
	msgConfigDefaults   = "nothing is set: the defaults hold\n"
	msgConfigSource     = "%s sets %s\n"
	msgConfigRules      = "%d of %d rules are active\n"
	msgConfigFine       = "nothing is wrong\n"
	msgConfigPassedOver = "the configuration here is wrong and is passed over: `skant config check` says why"
	msgRuleOff          = "  (switched off by %s)"
	msgRuleWouldMatch   = "%d:%d  %s: matches with %[5]s confidence, and is switched off by %[4]s\n"
	msgConfigNothing    = "%s sets nothing"
)

const (
	hintConfig       = "`skant config check` lists everything that is wrong; docs/configuration.md describes the settings."
	hintConfigDocs   = "docs/configuration.md describes the settings."
	hintConfigArgs   = "`skant config show` takes no arguments, `skant config check` at most one file."
	hintConfigFormat = "write --format yaml or --format json."
)

const (
	helpFlagNoConfig     = "use nothing of the repository's own policy (.skant.yaml, .skantignore, baseline, inline allows), nor your own configuration file"
	helpFlagConfigFormat = "`FORMAT` of the output: yaml or json"
	helpConfigShort      = "show and check what skant is set to"
	helpConfig           = `What skant is set to comes from flags, variables of the environment, the repository's .skant.yaml and
your own configuration file; what is named first wins. docs/configuration.md lists the settings.`
	exampleConfig       = "  skant config show\n  skant config check"
	helpConfigShowShort = "print every setting with where it comes from"
	helpConfigShow      = `Print every setting as it holds in the current folder's repository, each with where it comes from: a file and
line, a variable, or the default. The output is a configuration file itself.`
	exampleConfigShow    = "  skant config show\n  skant config show --format json"
	helpConfigCheckShort = "check the configuration"
	helpConfigCheck      = `Check the configuration of the current folder's repository, your own and the environment's, or only the
given file: unknown keys and values, rules that do not exist, own rules whose examples fail, settings that contradict each
other or leave nothing to search. Everything that is wrong is listed, with file, line and what to write instead. The exit
status is 2 if anything is.`
	exampleConfigCheck = "  skant config check\n  skant config check .skant.yaml"
)

// unknownVariable says that a variable is none, and which one was meant.
func unknownVariable(v [2]string) string {
	text := v[0] + " sets nothing"
	if v[1] != "" {
		text += ": did you mean " + v[1] + "?"
	}
	return text
}

// weakened says in one line how the configuration makes a scan find, report or stop less; empty if it does not.
func weakened(e *config.Effective) string {
	clauses := map[string][]string{}
	for name, n := range e.OffBy() {
		if name != "" {
			clauses[name] = append(clauses[name], "switches "+report.Number(int64(n), "rule")+" off")
		}
	}
	for _, row := range e.Weaker() {
		patterns := map[string]int{}
		for _, item := range row.Items {
			name := item.Origin.Name
			switch row.Key {
			case "paths.ignore":
				patterns[name]++
			case "min-confidence":
				clauses[name] = append(clauses[name], "reports nothing below "+item.Text+" confidence")
			case "allow.compat":
				clauses[name] = append(clauses[name], "honours the allow comments of other tools")
			case "fail-on":
				clauses[name] = append(clauses[name], "sets fail-on to "+item.Text)
			case "verify.only-live":
				clauses[name] = append(clauses[name], "reports only what is alive")
			case "hooks.on-error":
				clauses[name] = append(clauses[name], "lets hooks pass if they cannot scan")
			}
		}
		for name, n := range patterns {
			clauses[name] = append(clauses[name], "ignores "+report.Number(int64(n), "path pattern"))
		}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(clauses)) {
		parts = append(parts, name+" "+listed(clauses[name]))
	}
	return strings.Join(parts, "; ")
}

// listed joins clauses to a sentence: "a, b and c".
func listed(clauses []string) string {
	if len(clauses) < 2 {
		return strings.Join(clauses, "")
	}
	return strings.Join(clauses[:len(clauses)-1], ", ") + " and " + clauses[len(clauses)-1]
}

// sources says how many values come from where, a line for each file and variable.
func sources(e *config.Effective) string {
	counts := map[string]int{}
	for _, row := range e.Rows() {
		for _, item := range row.Items {
			if item.Origin.Layer != config.Default {
				counts[item.Origin.Name]++
			}
		}
	}
	if len(counts) == 0 {
		return msgConfigDefaults
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, msgConfigSource, name, report.Number(int64(counts[name]), "value"))
	}
	return b.String()
}
