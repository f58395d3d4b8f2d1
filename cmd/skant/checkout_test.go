package main

import "testing"

// TestWebAddress: only what a reader elsewhere can open is named, and never a path of this machine.
func TestWebAddress(t *testing.T) {
	for in, want := range map[string]string{
		"https://example.org/team/app.git": "https://example.org/team/app", "https://example.org:8443/a/b": "https://example.org:8443/a/b",
		"ssh://example.org:2222/a/b.git": "https://example.org/a/b", "example.org:team/app.git": "https://example.org/team/app", "git://example.org/a": "https://example.org/a",
		"/srv/git/app.git": "", "../app": "", "file:///srv/app": "", "c:\\app": "", "C:/app": "", "http://example.org/a": "", "": "", "https://": "", "https://example.org": "",
		"https://example.org/a b": "", "https://example.org/a/../b": "", "https://example.org/\"><x>": "", "javascript:alert(1)": "", "ext::sh -c id": "", "https://u@example.org/a": "",
		"a/b:c": "",
	} {
		if got := webAddress(in); got != want {
			t.Errorf("%q gives %q, not %q", in, got, want)
		}
	}
}
