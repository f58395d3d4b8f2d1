//go:build !release

package main

import "github.com/spf13/cobra"

// releaseCommands returns nothing: see release.go.
func releaseCommands(*app) []*cobra.Command { return nil }
