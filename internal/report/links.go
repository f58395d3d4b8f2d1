package report

import (
	"net/url"
	"path"
	"strings"

	"github.com/skant-dev/skant/scanner"
)

// maxLink bounds the address of a link, in bytes: some terminals take no more.
const maxLink = 2000

// Links says where the text format may lead to, in a terminal that knows hyperlinks. Every address is made of characters only that mean
// nothing to a terminal; a place that cannot be written so has no link.
type Links struct {
	// Root is the absolute folder that paths of files in the report begin at; empty if files are not linked, as those of a saved
	// report, which may be from another machine.
	Root string
	// Host is the name of this machine, which tells a terminal whether the file is on its own; empty for this one.
	Host string
	// Editor says that the terminal opens a file in its editor, whatever the file is.
	Editor bool
}

// readOnly are the endings of files that are opened to be read, on every system. Of others some are run when they are opened (a .js or .py
// file on Windows, a .command file or one without an ending on macOS, the script of a page), and what a file of a repository is called is
// anybody's choice.
const readOnly = ".env .yml .yaml .json .toml .ini .cfg .conf .properties .txt .md .rst .log .tf .tfvars .sql .local .development .production .staging .example " +
	".sample .dist .template .go .rs .java .kt .kts .c .h .cc .cpp .hpp .cs .swift .scala .ts .tsx .jsx .vue .css .scss .gradle .proto .dart .ex .exs .erl .clj .hs"

// opens reports whether a click on the file only shows it.
func (l *Links) opens(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return l.Editor || ext != "" && containsWord(readOnly, ext)
}

// file returns the address of the file that a finding is in, or nothing if it may be another by now.
func (l *Links) file(f *scanner.Finding) string {
	if l == nil || l.Root == "" || !l.opens(f.Location.Path) || f.Location.Path == "" {
		return ""
	}
	switch f.Location.Kind {
	case scanner.KindFile, scanner.KindStaged:
	case scanner.KindCommitContent:
		if f.Exposure == nil || !f.Exposure.InHead {
			return ""
		}
	default:
		return ""
	}
	name := strings.ReplaceAll(l.Root, `\`, "/")
	if !rooted(name) {
		return ""
	}
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // a drive
	}
	if at := f.Location.Path; rooted(at) {
		name = path.Clean(at)
	} else {
		name = path.Join(name, at)
	}
	escaped, ok := percent(name)
	if !ok || strings.HasPrefix(name, "//") {
		return ""
	}
	return bounded("file://" + hostName(l.Host) + escaped)
}

// rooted reports whether a path is absolute.
func rooted(name string) bool {
	drive := len(name) > 2 && name[1] == ':' && name[2] == '/' && (name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z')
	return drive || strings.HasPrefix(name, "/")
}

// commit returns the page of the commit that brought a finding in, where the report names the repository's own host.
func (l *Links) commit(rep *scanner.Report, f *scanner.Finding) string {
	c := f.Location.Commit
	if l == nil || rep.Repository == nil || c == nil || f.Location.Submodule != "" || !objectID(c.ID) {
		return ""
	}
	at, err := url.Parse(rep.Repository.URI)
	if err != nil || at.Scheme != "https" || at.User != nil || at.RawQuery != "" || at.Fragment != "" || at.Opaque != "" || !hostAndPort(at.Host) {
		return ""
	}
	escaped, ok := percent(at.Path)
	if !ok || strings.Contains(at.Path+"/", "/../") {
		return ""
	}
	page := "/commit/"
	switch host := strings.ToLower(at.Host); {
	case strings.Contains(host, "gitlab"):
		page = "/-/commit/"
	case strings.Contains(host, "bitbucket"):
		page = "/commits/"
	}
	return bounded("https://" + at.Host + strings.TrimSuffix(escaped, "/") + page + c.ID)
}

// objectID reports whether a text is the whole id of a git object.
func objectID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// hostName returns a name that can be nothing but one, and nothing in place of any other.
func hostName(name string) string {
	if strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" || len(name) > 253 {
		return ""
	}
	return name
}

// hostAndPort reports whether a text is the name of a host, with or without a port.
func hostAndPort(text string) bool {
	name, port, given := strings.Cut(text, ":")
	if given && (port == "" || len(port) > 5 || strings.Trim(port, "0123456789") != "") {
		return false
	}
	return name != "" && hostName(name) == name
}

// percent writes a path in an address. One with control characters has none.
func percent(name string) (escaped string, ok bool) {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, r := range name {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return "", false
		}
	}
	for i := range len(name) {
		c := name[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("/-._~:+@,", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String(), true
}

func bounded(link string) string {
	if len(link) > maxLink {
		return ""
	}
	return link
}
