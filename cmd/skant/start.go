package main

import "github.com/spf13/cobra"

// rootFor builds the tree of commands for a command line. A commit waits for those that git runs, and to build all others
// would take a tenth of their time: of these the tree has nothing else. Nothing that they print depends on it.
func rootFor(a *app, args []string) *cobra.Command {
	alone := map[string]func(*app) *cobra.Command{"staged": newStaged, "hooks": newHooks}
	if len(args) == 0 || alone[args[0]] == nil {
		return newRoot(a)
	}
	root := newTop()
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(alone[args[0]](a))
	return root
}
