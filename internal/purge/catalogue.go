package purge

import (
	"fmt"
	"slices"
)

// State says what a check came to.
type State string

// The states of a check. Unknown is what cannot be known from here.
const (
	Fine    State = "ok"
	Note    State = "note"
	Unknown State = "cannot be known"
	Blocks  State = "stops the purge"
)

// Check is one thing that was looked at before.
type Check struct {
	Name   string
	State  State
	Detail string
	// Run is the command that mends it; may be empty.
	Run string
}

// CheckKind is one row of the table of all checks, which docs/purge.md shows.
type CheckKind struct {
	Name string
	// Stops says what ends the purge before anything is written, Tells what is said and lets it go on; one of them may be empty.
	Stops, Tells string
	// Unknown says that it cannot be known, always or as long as the remote is not asked.
	Unknown bool
}

// Catalogue lists every check that a plan can have.
func Catalogue() []CheckKind {
	return []CheckKind{
		{"git-filter-repo", "it is not installed, does not run, or lacks an option that is needed", "", false},
		{"clone", "shallow, partial (a promisor remote) or damaged", "", false},
		{"scan", "not everything of the history could be read", "", false},
		{"permissions", "the git directory, or the folder in which to work, cannot be written to (rights, a read-only file system)", "", false},
		{"disk space", "less is free than a mirror, a bundle and a repacking take", "the system does not say how much is free", true},
		{"locks", "a lock of git is there: another git is at work, or one was killed", "", false},
		{"work tree", "changes that are not committed, staged or not; an unfinished merge, rebase, cherry-pick, revert or bisect; a work tree that cannot be looked at", "", false},
		{"messages", "a message holds a secret that cannot be replaced: too short, or in pieces", "", false},
		{"authors", "a name with a secret has a mark (# < >) that a mailmap cannot have", "", false},
		{"replaced objects", "there are refs below refs/replace", "", false},
		{"grafts", "there is a grafts file", "", false},
		{"earlier purge", "a purge of this clone is running", "a folder was left behind: by a purge that was killed, or by one that is done and has the backup in it", false},
		{"remote", "the remote has a branch, tag or note that this clone does not know, or has others where it is pushed to than where it is fetched from", "there is none, it was not asked, or it is pushed to elsewhere than it is fetched from", true},
		{"pull requests", "", "the remote has refs of them, which only the host can change", true},
		{"protected branches", "", "only the host knows: where to look", true},
		{"signatures", "", "signed commits, merges of signed tags and signed tags that lose their signature", false},
		{"left out", "", "versions of files that are left out as a whole, with their names", false},
		{"same text elsewhere", "", "versions of files, messages and names of which the scan reported nothing and that have the text: how many places, and in how many it is a part of a longer word", false},
		{"borrowed objects", "", "objects of another repository (alternates), which keeps them", false},
		{"Git LFS", "", "content that is not rewritten", false},
		{"submodules", "", "repositories of their own, which are not rewritten", false},
		{"bare", "", "the repository has no work tree: it may be the host itself", false},
		{"linked work trees", "", "each is brought along", false},
		{"sparse checkout", "", "stays as it is", false},
		{"stash", "", "every entry is rewritten and put back", false},
		{"hooks", "", "hooks of the clone that the printed commands set off", false},
	}
}

// Table is the catalogue as the lines of a Markdown table.
func Table() []string {
	lines := []string{"| check | stops the purge | is only said |", "|---|---|---|"}
	for _, k := range Catalogue() {
		tells := k.Tells
		if k.Unknown {
			tells += " (may be: cannot be known)"
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s |", k.Name, k.Stops, tells))
	}
	return lines
}

// may reports whether the catalogue has a check with such a state.
func may(name string, state State) bool {
	return slices.ContainsFunc(Catalogue(), func(k CheckKind) bool {
		switch state {
		case Blocks:
			return k.Name == name && k.Stops != ""
		case Note:
			return k.Name == name && k.Tells != ""
		case Unknown:
			return k.Name == name && k.Unknown
		default:
			return k.Name == name
		}
	})
}
