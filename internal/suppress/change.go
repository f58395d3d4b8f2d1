package suppress

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skant-dev/skant/scanner"
)

// Terms are what new entries of a baseline have in common.
type Terms struct {
	Owner, Reason string
	// Expires is a day or Never; see ParseExpiry.
	Expires string
	// PathScoped restricts each entry to the path of its finding.
	PathScoped bool
}

// Check says what is wrong with the terms.
func (t *Terms) Check() error {
	e := Entry{Hash: strings.Repeat("0", hashLength), Rule: "rule", Owner: t.Owner, Expires: t.Expires, Reason: t.Reason}
	return e.check()
}

// ParseExpiry reads "90d", "12w", "1y", a day such as "2027-01-31", which must not be over, or "never".
func ParseExpiry(text string, now time.Time) (string, error) {
	now = now.UTC()
	if text == Never {
		return text, nil
	}
	if day(text) {
		if expired(text, now) {
			return "", fmt.Errorf("%s is over", text)
		}
		return text, nil
	}
	if n := len(text) - 1; n > 0 {
		if count, err := strconv.Atoi(text[:n]); err == nil && count > 0 && count <= 3650 {
			switch text[n] {
			case 'd':
				return now.AddDate(0, 0, count).Format(dateForm), nil
			case 'w':
				return now.AddDate(0, 0, 7*count).Format(dateForm), nil
			case 'y':
				if count <= 10 {
					return now.AddDate(count, 0, 0).Format(dateForm), nil
				}
			}
		}
	}
	return "", errors.New("it is no time: write 90d, 12w, 1y, a day such as 2027-01-31, or never")
}

// Change says what became of the findings of a scan.
type Change struct {
	// Added are findings that got an entry, Known those that had one in force, Ended those whose entries have run out.
	Added, Known, Ended int
	// Pathless are findings that got none because entries were to hold at a path, and they have no path.
	Pathless int
}

// Add adds an entry for each finding that counts and has none. One that has run out is not renewed: it has to be taken out
// first. With add false nothing is changed, and Added says how many would be.
func (b *Baseline) Add(fs []scanner.Finding, t Terms, now time.Time, add bool) (Change, error) {
	var c Change
	if add {
		if err := t.Check(); err != nil {
			return c, err
		}
	}
	today := now.UTC().Format(dateForm)
	made := map[Entry]bool{}
	for i := range fs {
		f := &fs[i]
		if f.Suppressed != nil && f.Suppressed.By != scanner.ByBaseline || !f.Secret.Known() {
			continue
		}
		in, all := b.match(f, f.Location.Path, today)
		switch {
		case in != nil:
			c.Known++
			continue
		case len(all) > 0:
			c.Ended++
			continue
		case t.PathScoped && f.Location.Path == "":
			c.Pathless++
			continue
		}
		e := Entry{Hash: f.Key(b.Keys[0]), Rule: f.RuleID, Owner: t.Owner, Expires: t.Expires, Reason: t.Reason}
		if t.PathScoped {
			e.Path = f.Location.Path
		}
		c.Added++
		made[e] = true
	}
	if len(b.Entries)+len(made) > maxEntries {
		return c, fmt.Errorf("a baseline has at most %d entries", maxEntries)
	}
	if add {
		for e := range made {
			b.Entries = append(b.Entries, e)
		}
		b.byHash = nil
	}
	return c, nil
}

// Dropped is an entry that Prune took out, and why.
type Dropped struct {
	Entry Entry
	Why   string
}

// Prune takes out what has run out and what matches none of the findings, which must be those of everything there is. Only
// the keys of entries that stay are kept, and the first.
func (b *Baseline) Prune(fs []scanner.Finding, now time.Time) []Dropped {
	today := now.UTC().Format(dateForm)
	used := map[string]bool{}
	keys := map[string]bool{}
	for i := range fs {
		_, all := b.match(&fs[i], fs[i].Location.Path, today)
		for _, e := range all {
			used[e.text()] = true
		}
		for _, key := range b.Keys {
			if hash := fs[i].Key(key); hash != "" && len(b.byHash[hash]) > 0 {
				keys[string(key)] = true
			}
		}
	}
	var out []Dropped
	b.Entries = slices.DeleteFunc(b.Entries, func(e Entry) bool {
		why := ""
		switch {
		case e.Expires != Never && e.Expires < today:
			why = "ended with " + e.Expires
		case !used[e.text()]:
			why = "matches nothing any more"
		default:
			return false
		}
		out = append(out, Dropped{e, why})
		return true
	})
	b.byHash = nil
	first := true
	b.Keys = slices.DeleteFunc(b.Keys, func(key []byte) bool {
		keep := first || keys[string(key)]
		first = false
		return !keep
	})
	return out
}
