package main

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestVersionLine(t *testing.T) {
	commit := "0123456789abcdef0123456789abcdef01234567"
	platform := runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
	for _, c := range []struct {
		name, version string
		settings      []debug.BuildSetting
		want          string
	}{
		{"go install of a release", "v1.2.3", nil, "skant v1.2.3 " + platform},
		{"a release", "v1.2.3", []debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.modified", Value: "false"}},
			"skant v1.2.3 commit 0123456789ab " + platform},
		{"changed files", "v1.2.4-0.20260102030405-0123456789ab+dirty",
			[]debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.modified", Value: "true"}},
			"skant v1.2.4-0.20260102030405-0123456789ab+dirty commit 0123456789ab.dirty " + platform},
		{"a revision that is no commit", "devel", []debug.BuildSetting{{Key: "vcs.revision", Value: "x"}}, "skant devel " + platform},
	} {
		if got := versionLine(&debug.BuildInfo{Settings: c.settings}, c.version); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
