package scanner

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Repository is what was checked out where a scan ran, for formats that have to name it. Any of it may be empty.
type Repository struct {
	// URI is the https address of the remote that is called origin, without user or password.
	URI string `json:"uri,omitempty"`
	// Revision is the hex id of HEAD's commit, Branch the name of the branch that HEAD names, without refs/heads/.
	Revision string `json:"revision,omitempty"`
	Branch   string `json:"branch,omitempty"`
}

// locationJSON is a location with what JSON cannot hold: names that are no UTF-8.
type locationJSON struct {
	plainLocation
	PathBytes   string `json:"path_bytes,omitempty"`
	MemberBytes string `json:"member_bytes,omitempty"`
}

type plainLocation Location

// MarshalJSON writes the location. A path that is no UTF-8 stands there twice: as path, with U+FFFD for each byte that is not, and
// whole as path_bytes, in base64. The same for the member.
func (l Location) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // who prints the report decides about that
	err := e.Encode(locationJSON{plainLocation(l), odd(l.Path), odd(l.Member)})
	return b.Bytes(), err
}

// UnmarshalJSON reads what MarshalJSON wrote. Bytes that do not give the text beside them are refused in silence: the text is what
// every other reader sees.
func (l *Location) UnmarshalJSON(text []byte) error {
	// What is there already stays unless the text has the key, as it does without this method.
	in := locationJSON{plainLocation: plainLocation(*l)}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*l = Location(in.plainLocation)
	l.Path, l.Member = whole(l.Path, in.PathBytes), whole(l.Member, in.MemberBytes)
	return nil
}

func odd(s string) string {
	if utf8.ValidString(s) {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(s))
}

func whole(shown, coded string) string {
	raw, err := base64.StdEncoding.DecodeString(coded)
	if err != nil || len(raw) == 0 || Printable(string(raw)) != shown {
		return shown
	}
	return string(raw)
}

// Printable returns s as JSON has it: with U+FFFD for each byte that is no UTF-8.
func Printable(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.Map(func(r rune) rune { return r }, s)
}
