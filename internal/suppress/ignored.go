package suppress

import (
	"fmt"

	"github.com/skant-dev/skant/internal/ignore"
)

// Ignored reports whether findings in a file do not count because of where it is, and says which line decides that. The path is
// relative to the repository's top. Check has been called.
func (p *Policy) Ignored(path string) (where string, ignored bool) {
	if by := ignore.Deciding(p.ignored, path); by != nil {
		return fmt.Sprintf("%s:%d", p.where(IgnoreName), by.Line), true
	}
	if by := ignore.Deciding(p.configured, path); by != nil {
		return p.opt.Ignore[by.Line-1].Where, true
	}
	return "", false
}

// Ignores counts the patterns that ignore files. Check has been called.
func (p *Policy) Ignores() int { return len(p.ignored) + len(p.configured) }
