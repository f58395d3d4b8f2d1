//go:build release

package main

const (
	helpRelease      = "make the files of a release; only builds with the tag release have this"
	helpReleaseFiles = "write manual pages and completions into a folder"
	helpReleaseSBOM  = "write what a built program consists of, as CycloneDX"
	helpReleaseNPM   = "make npm packages of what goreleaser has built"

	hintReleaseFiles = "name the folder, the version and the time of the commit in seconds."
	hintReleaseTime  = "goreleaser reads it only in a checkout that has a remote: git remote add origin URL."
	hintReleaseSBOM  = "name the program and the file to write."
	hintReleaseNPM   = "name the folder of goreleaser and the one to write, in the top folder of the project."
)
