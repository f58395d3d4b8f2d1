// Package exposure works out, from a repository and a finished scan of it, how far each secret got: who brought it and when,
// everything that still reaches it, when it was first pushed, and which copies elsewhere have it.
package exposure

import (
	"time"

	"github.com/skant-dev/skant/internal/incident"
	"github.com/skant-dev/skant/scanner"
)

// Exposure is what a repository knows about the secrets of an incident.
type Exposure struct {
	Secrets []Secret `json:"secrets"`
	// Timeline is sorted by time.
	Timeline []Event `json:"timeline"`
	// Incomplete are sentences on what could not be found out.
	Incomplete []string `json:"incomplete,omitempty"`
}

// Secret is the exposure of one secret.
type Secret struct {
	Number      int    `json:"number"`
	Fingerprint string `json:"fingerprint"`
	// First and Last are the first and the last commit that have it; nil where no commit does.
	First *scanner.Commit `json:"first,omitempty"`
	Last  *scanner.Commit `json:"last,omitempty"`
	// Holders are what reaches it, sorted by kind and name; of a kind that has very many only the first. Counts is how many there
	// are of each.
	Holders []Holder           `json:"holders"`
	Counts  map[HolderKind]int `json:"holder_counts,omitempty"`
	InHead  bool               `json:"in_head"`
	// Commits is how many commits of the clone reach it: those that brought it and all that descend from them.
	Commits int `json:"commits,omitempty"`
	// PushedAt is when a pushed ref held it first; PushedHow says in a clause how that is known. Estimate says that it is no time of a
	// push: a committer's date, or that of a fetch before which it was pushed.
	PushedAt  time.Time `json:"pushed_at,omitzero"`
	PushedHow string    `json:"pushed_how,omitempty"`
	Estimate  bool      `json:"estimate,omitempty"`
	// From and To bound the window in which it could be read by others, in Days, both ends counted; zero if it is not known to have
	// been pushed. It is never too short: From is the committer's date where no push is on record, To is now unless every remote was
	// asked and has nothing of it any more.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	Days int       `json:"days,omitempty"`
	// Others are numbers of the secrets that stand in the same commits.
	Others []int `json:"others,omitempty"`
	// Objects are the blobs, commits and tags that hold it themselves, and the commits that brought it.
	Objects []incident.Object `json:"objects,omitempty"`
	Remotes []RemoteCopy      `json:"remotes,omitempty"`
}

// HolderKind says what sort of thing reaches a secret.
type HolderKind string

// The kinds of holder.
const (
	Branch         HolderKind = "branch"
	RemoteTracking HolderKind = "remote-tracking"
	Tag            HolderKind = "tag"
	Stash          HolderKind = "stash"
	Note           HolderKind = "note"
	Pull           HolderKind = "pull-request"
	OtherRef       HolderKind = "ref"
	Head           HolderKind = "head"
	Reflog         HolderKind = "reflog"
	Worktree       HolderKind = "worktree"
	Submodule      HolderKind = "submodule"
	Index          HolderKind = "index"
	WorkFile       HolderKind = "file"
	Unreachable    HolderKind = "unreachable"
	GitFile        HolderKind = "git-file"
)

// Holder is one thing that reaches a secret.
type Holder struct {
	Kind HolderKind `json:"kind"`
	// Name is the full name of a ref, "refs/heads/main@{3}" of a reflog entry, a path of a worktree, submodule or file.
	Name string `json:"name"`
	// Commit is where the holder stands; empty where it is no commit.
	Commit string `json:"commit,omitempty"`
}

// RemoteCopy is what a remote still has.
type RemoteCopy struct {
	Name string `json:"name"`
	// Address is without user and password.
	Address string `json:"address"`
	// Refs are refs of the remote that reach the secret, as far as this clone knows their commits.
	Refs []string `json:"refs,omitempty"`
	// Serves says whether an object of the secret can still be had by its id: yes, no or unknown; How says it in a sentence.
	Serves string `json:"serves"`
	How    string `json:"how,omitempty"`
}

// Event is one line of the timeline.
type Event struct {
	At time.Time `json:"at"`
	// What says it in a sentence; Secret is the number of the secret that it is about, 0 if about all.
	What   string `json:"what"`
	Secret int    `json:"secret,omitempty"`
	// Estimate says that the time is a committer's.
	Estimate bool   `json:"estimate,omitempty"`
	Commit   string `json:"commit,omitempty"`
	Ref      string `json:"ref,omitempty"`
}
