package rules

import (
	"embed"
	"maps"
	"slices"
	"sync"
)

//go:embed builtin/*.yaml
var builtinFiles embed.FS

// BuiltinWithDocs reads the built-in rules with everything that people need of them: examples, reasons, links and
// recovery steps. It decodes YAML, which takes many times as long as [Builtin]. The files are not checked again: the
// tests of this package do that.
var BuiltinWithDocs = sync.OnceValues(func() (*Set, error) {
	return load(builtinFiles, "builtin", "", false)
})

// BuiltinFor is [BuiltinWithDocs] for the providers of the rules with these ids; all other rules are as in [Builtin]. A
// report that names two rules need not decode what is said of all the others. Unknown ids are passed over.
func BuiltinFor(ids []string) (*Set, error) {
	all := Builtin()
	documented := map[string]*Set{}
	playbooks, liveness, revocations := map[string]Playbook{}, map[string]Liveness{}, map[string]Revocation{}
	for _, id := range ids {
		rule := all.Lookup(id)
		if rule == nil || documented[rule.Provider] != nil {
			continue
		}
		set, err := load(builtinFiles, "builtin/"+rule.Provider+".yaml", "", false)
		if err != nil {
			return nil, err
		}
		documented[rule.Provider] = set
		maps.Copy(playbooks, set.playbooks)
		maps.Copy(liveness, set.liveness)
		maps.Copy(revocations, set.revocations)
	}
	list := slices.Clone(all.rules)
	for i := range list {
		if set := documented[list[i].Provider]; set != nil {
			if rule := set.Lookup(list[i].ID); rule != nil {
				list[i] = *rule
			}
		}
	}
	return &Set{rules: list, playbooks: playbooks, liveness: liveness, revocations: revocations}, nil
}

// Builtin returns the built-in rules as the engine needs them, from a compiled table: a hook starts in a few
// milliseconds, and decoding YAML alone would take longer. TestCompiledIsCurrent keeps the table equal to the YAML.
func Builtin() *Set { return &builtin }

var builtin = Set{rules: compiled}
