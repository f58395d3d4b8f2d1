// Package report renders a finished scan, one file per format.
//
// Every format is a function of the same shape: it takes a writer, a [scanner.Report] and the rules, and returns the
// first error of the writer. Formats see findings and rules and nothing else; they read no file, no clock and no
// environment, so the same report always gives the same bytes.
//
// What a report says comes from hostile repositories: paths, names, summaries and excerpts may hold control characters
// and characters that change the reading order. Formats for people pass them through [visible.Text]; the JSON formats escape
// them, which loses nothing.
//
// Only [Text] and [JSON] show [scanner.Finding.Revealed], which is empty unless the user asked for secrets in clear. No
// other format does, whatever the report holds.
package report
