package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/scanner"
)

// tool names this program in reports. The version comes from the build: a module version for `go install`, the commit
// for a build from a checkout.
func tool() scanner.Tool {
	return scanner.Tool{Name: "skant", Version: version()}
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	commit, changed := builtFrom(info)
	if commit == "" {
		return "devel"
	}
	return "devel+" + commit + changed
}

// builtFrom returns the first digits of the commit that a checkout was at when it was built, and whether files had been
// changed since; both are empty where the build was told nothing of a checkout, as in `go install MODULE@VERSION`.
func builtFrom(info *debug.BuildInfo) (commit, changed string) {
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			commit = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = ".dirty"
		}
	}
	return commit, changed
}

// versionLine is the answer to "which one is it": the version, the commit if the build knows one, Go, the platform.
func versionLine(info *debug.BuildInfo, version string) string {
	line := "skant " + version
	if commit, changed := builtFrom(info); commit != "" {
		line += " commit " + commit + changed
	}
	return fmt.Sprintf("%s %s %s/%s", line, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// ownVersion is the line of this program.
func ownVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionLine(info, version())
}

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: helpVersionShort,
		Args:  exactly(0, 0, hintVersionArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.out, ownVersion())
			return err
		},
	}
}
