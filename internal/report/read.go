package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/skant-dev/skant/scanner"
)

// maxReport is the size in bytes of the largest report that [Read] takes.
const maxReport = 512 << 20

// Read reads a report that [JSON] wrote. It refuses a report of another major schema version, ignores keys that a newer
// minor version added, and refuses input that is larger than 512 MiB or that is no whole report: a report that lost its
// findings must not look clean.
//
// Secrets come back in their redacted form only: [scanner.Secret.Known] is false.
func Read(r io.Reader) (*scanner.Report, error) {
	return readBounded(r, maxReport)
}

func readBounded(r io.Reader, limit int64) (*scanner.Report, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("read report: larger than %d MiB", limit>>20)
	}
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return nil, errors.New("read report: it is UTF-16, as a shell's > may write it; use -o json=FILE")
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var has struct {
		SchemaVersion once `json:"schema_version"`
		Coverage      once `json:"coverage"`
		Findings      once `json:"findings"`
	}
	if err := json.Unmarshal(text, &has); err != nil {
		return nil, fmt.Errorf("parse report: %w", describe(err))
	}
	if err := checkVersion(has.SchemaVersion.text); err != nil {
		return nil, err
	}
	if has.Findings.text == nil || has.Coverage.text == nil {
		return nil, errors.New("parse report: findings or coverage is missing")
	}
	rep := new(scanner.Report)
	if err := json.Unmarshal(text, rep); err != nil {
		return nil, fmt.Errorf("parse report: %w", describe(err))
	}
	rep.Recovery = nil // it is made anew where it is wanted, and may say anything here
	return rep, checkFindings(rep)
}

// errTwice is that of a report in which a key stands twice, whose last value would be taken for the only one.
var errTwice = errors.New("schema_version, coverage or findings stands there twice")

// once is the text of a value that may stand only once; nil where it does not, or is null. It is part of the report's own text.
type once struct{ text []byte }

// UnmarshalJSON is called for each time that the key stands there.
func (o *once) UnmarshalJSON(text []byte) error {
	if o.text != nil {
		return errTwice
	}
	if string(text) != "null" {
		o.text = text
	}
	return nil
}

// describe keeps the position of a syntax error and drops the text of a type error, which may quote a value.
func describe(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("byte %d is no valid JSON", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("key %q at byte %d is not of type %s", kind.Field, kind.Offset, kind.Type)
	}
	if errors.Is(err, errTwice) {
		return errTwice
	}
	return errors.New("a value is malformed")
}

// checkVersion refuses a schema version whose major part is not ours.
func checkVersion(text []byte) error {
	if text == nil {
		return errors.New("parse report: it has no schema_version; is it a report written with -o json?")
	}
	var version string
	if err := json.Unmarshal(text, &version); err != nil {
		return fmt.Errorf("parse report: schema_version: %w", describe(err))
	}
	major, minor, ok := strings.Cut(version, ".")
	_, minorErr := strconv.ParseUint(minor, 10, 32)
	if _, err := strconv.ParseUint(major, 10, 32); err != nil || !ok || minorErr != nil {
		return fmt.Errorf("parse report: schema_version %q is not MAJOR.MINOR", version)
	}
	if ours, _, _ := strings.Cut(scanner.SchemaVersion, "."); major != ours {
		return fmt.Errorf("parse report: schema_version is %q and this program reads %s.x; use the version of skant that wrote it",
			version, ours)
	}
	return nil
}

// Newer reports whether a report that was read follows a newer minor version of the schema than this program, which leaves out what it
// does not know.
func Newer(rep *scanner.Report) bool {
	_, theirs, _ := strings.Cut(rep.SchemaVersion, ".")
	_, ours, _ := strings.Cut(scanner.SchemaVersion, ".")
	a, errA := strconv.ParseUint(theirs, 10, 32)
	b, errB := strconv.ParseUint(ours, 10, 32)
	return errA == nil && errB == nil && a > b
}

// checkFindings refuses findings that could not be told apart, and corrects a coverage that contradicts itself.
func checkFindings(rep *scanner.Report) error {
	for i := range rep.Findings {
		if f := &rep.Findings[i]; f.Fingerprint == "" || f.RuleID == "" {
			return fmt.Errorf("parse report: finding %d has no fingerprint or no rule_id", i+1)
		}
	}
	for _, s := range rep.Coverage.Skipped {
		rep.Coverage.Complete = rep.Coverage.Complete && !s.Unread
	}
	return nil
}
