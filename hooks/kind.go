// Package hooks installs, removes and inspects the git hooks that run skant, and reads what git tells them.
//
// A hook is a small POSIX shell script. It is ours only if every byte of it is what this package writes, or what an
// earlier version wrote; any other file is somebody else's and is never changed: where one stands in a hook's place it is kept
// beside ours, which runs it first. [Kinds] is the table of what can be installed: a new kind of hook is one row.
package hooks

import "slices"

// Kind is one kind of git hook.
type Kind struct {
	// Name is the file's name in the hooks folder.
	Name string
	// Command is the git command that goes round the hook; empty if there is none.
	Command string
	// Default says that it is installed where no kind is named.
	Default bool
	// Server says that the hook runs where pushes arrive.
	Server bool
	// Stdin says that git tells the hook something on its standard input.
	Stdin bool
}

// Kinds returns every kind of hook that can be installed, in the order in which they are shown.
//
// A merge that git completes by itself runs no pre-commit hook, so pre-merge-commit is needed for the same protection.
func Kinds() []Kind {
	return []Kind{
		{Name: "pre-commit", Command: "git commit --no-verify", Default: true},
		{Name: "pre-merge-commit", Command: "git merge --no-verify", Default: true},
		{Name: "pre-push", Command: "git push --no-verify", Stdin: true},
		{Name: "pre-receive", Server: true, Stdin: true},
	}
}

// FindKind returns the kind of a name.
func FindKind(name string) (k Kind, ok bool) {
	all := Kinds()
	i := slices.IndexFunc(all, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return all[i], true
}

// DefaultKinds returns what is installed where no kind is named.
func DefaultKinds() []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !k.Default })
}

// AllKinds returns what "all" stands for: in a repository without a work tree what runs where pushes arrive, elsewhere the
// hooks of a person who commits and pushes.
func AllKinds(bare bool) []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return k.Server != bare })
}

// remedy is what somebody who has to go on although skant is missing can do.
func (k Kind) remedy() string {
	if k.Command == "" {
		return "only who runs this server can do that"
	}
	return "or go on unchecked with: " + k.Command
}
