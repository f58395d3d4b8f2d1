package rules

import (
	"embed"
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

// Builtin returns the built-in rules as the engine needs them, from a compiled table: a hook starts in a few
// milliseconds, and decoding YAML alone would take longer. TestCompiledIsCurrent keeps the table equal to the YAML.
func Builtin() *Set { return NewSet(compiled, nil) }
