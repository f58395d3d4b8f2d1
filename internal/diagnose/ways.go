package diagnose

import (
	"maps"
	"slices"

	"github.com/skant-dev/skant/scanner"
)

// switched is a variable and what it does to a client.
type switched struct{ name, means string }

// way is a way to Claude.
type way struct {
	name, title string
	// provider is that of the rules whose credentials are asked about.
	provider string
	// places are where clients look for a key, for people.
	places []string
	// hosts is who is asked, for people; own are the hosts that calls go to, * for any part; bases are variables that name another.
	hosts string
	own   []string
	bases []string
	// switches are variables that have clients go another way.
	switches []switched
	// owners are headers of an answer that say whose the key is; scopes are variables.
	owners, scopes []string
	// listed says what a good answer means for models.
	listed string
	// held collects the credentials, first the one that clients take.
	held func(d *walk) []held
	// look adds to the second step what only this way knows; nil if there is nothing.
	look func(d *walk, s *Step)
	// header says how clients send the first credential, and what else decides that.
	header func(d *walk, s *Step)
	// region looks at what sets a region; nil where there is nothing to set.
	region func(d *walk, s *Step)
}

// Ways are the names of the ways to Claude, for people.
func Ways() []string { return []string{"anthropic", "bedrock", "vertex"} }

// wayOf returns the way by its name; nil if there is none.
func wayOf(name string) *way {
	switch name {
	case "", "anthropic", "claude":
		return anthropicWay()
	case "bedrock", "aws":
		return bedrockWay()
	case "vertex", "google":
		return vertexWay()
	default:
		return nil
	}
}

// learnedNames are the facts that an answer stated and that no header repeats.
func learnedNames(v *scanner.Verification) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(v.Learned)), func(name string) bool {
		return name == "organization_id" || name == "workspace_id"
	})
}
