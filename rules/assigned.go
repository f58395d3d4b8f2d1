package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Assigned finds a value that nothing in itself tells from others, by what stands before it: a name of the provider,
// behind it a word that says "credential", behind that the value. It covers assignments, calls, headers, flags, elements
// and sections alike, so that a rule need not spell them out.
type Assigned struct {
	// Names are literals of at least 3 bytes, found without regard to case. They become the rule's anchors.
	Names []string `yaml:"names"`
	// Words are those of which one stands between the beginning of the name and the value. Empty means a list of usual
	// words; one empty word means that the name says enough.
	Words []string `yaml:"words"`
	// Value is an RE2 expression without groups.
	Value string `yaml:"value"`
}

const (
	// nameToWord is from the beginning of a name to the word, on as many lines as assignedLines says and one more;
	// wordToValue is from the end of the word to the value, on the same line or the next. Both in bytes of one line.
	nameToWord, wordToValue = 60, 40
	assignedLines           = 2
	// assignedPriority is that of a rule that knows a value by what stands before it: less than one that knows it by itself.
	assignedPriority = 45
)

// assignedWords are what credentials are called, where a rule does not say it.
const assignedWords = `key|token|secret|passw|passphrase|pwd|auth|cred|bearer|api_|api[-"' :=]|jwt|[_.-]pat|[_.-]sid|[_.-]pass|login`

// notAssigned is what stands on a line whose value is the hash of something.
const notAssigned = `(?i)(?:\b|_)(?:sha-?(?:1|224|256|384|512)|md5|checksum|integrity|digest|commit|revision|etag)\b`

// notKey is the name of something else right before the value, which is taken out of the line.
const notKey = `(?:(?i:\b(?:id|sha)|[_.-](?:id|sha)|uuid|guid|hash|sum|fingerprint|public[_-]?key|pubkey)|[a-z]I[dD]|[a-z]Sha)["'\]]{0,2}\s{0,3}(?:=>|:=|[:=])\s{0,3}(?:["']{2}|[,;)}#]|$)`

// notRef is a reference to a version of code.
const notRef = `(?i)\buses:|/(?:blob|tree|raw|commit|commits|compare)/`

// is reports whether the rule says how a value is assigned.
func (a *Assigned) is() bool { return len(a.Names) > 0 || a.Value != "" || len(a.Words) > 0 }

// validate returns what is wrong with it.
func (r *Rule) validateAssigned() []error {
	a := &r.Assigned
	if !a.is() {
		return nil
	}
	var errs []error
	if r.Pattern != "" || len(r.Anchors) > 0 || r.Fold {
		errs = append(errs, errors.New("assigned stands in place of anchors, fold and pattern: write one or the other"))
	}
	if len(a.Names) == 0 {
		errs = append(errs, errors.New("assigned: names are missing"))
	}
	re, err := regexp.Compile(a.Value)
	switch {
	case a.Value == "":
		errs = append(errs, errors.New("assigned: the value is missing"))
	case err != nil:
		errs = append(errs, fmt.Errorf("assigned: value: %w", err))
	case re.NumSubexp() > 0:
		errs = append(errs, errors.New("assigned: the value has a group: write (?: )"))
	case re.MatchString(""):
		errs = append(errs, errors.New("assigned: the value matches the empty text"))
	}
	return errs
}

// expand writes anchors, pattern and what else follows from the rule's assigned, which is valid.
func (r *Rule) expandAssigned() {
	a := &r.Assigned
	r.Anchors, r.Fold, r.Pattern = slices.Clone(a.Names), true, a.pattern()
	r.Checks.ForbidContext = append(slices.Clone(r.Checks.ForbidContext), notAssigned, notRef)
	if !slices.ContainsFunc(a.Words, func(w string) bool { return strings.HasSuffix(w, "id") }) {
		r.Checks.ForbidContext = append(r.Checks.ForbidContext, notKey)
	}
}

// pattern returns the expression that finds the value, as group 1.
func (a *Assigned) pattern() string {
	words := "(?i:" + a.words() + ")"
	gap := fmt.Sprintf(`(?:[^\n]{0,%d}?\n){0,%d}?[^\n]{0,%d}?`, nameToWord, assignedLines, nameToWord)
	var enough, wanting []string // names that hold a word themselves, and those that do not
	for _, n := range a.Names {
		if regexp.MustCompile(words).MatchString(n) {
			enough = append(enough, regexp.QuoteMeta(n))
		} else {
			wanting = append(wanting, regexp.QuoteMeta(n))
		}
	}
	var heads []string
	if len(enough) > 0 {
		heads = append(heads, "(?i:"+strings.Join(enough, "|")+")")
	}
	if len(wanting) > 0 {
		heads = append(heads, "(?i:"+strings.Join(wanting, "|")+")"+gap+words)
	}
	// On the next line the value stands alone, or behind a name that says no more than that it is one.
	between := fmt.Sprintf(`(?:[^\n=]{0,%d}?\n(?:[ \t]{0,8}["']?(?i:type|description|sensitive)[^\n]{0,60}\n){0,2}[ \t"'<-]{0,24}(?:(?i:(?:[a-z]{1,12}[_-])?value|default|content|string)[ \t"':=>]{0,8})?|[^\n]{0,%d}?)`, wordToValue, wordToValue)
	return "(?:" + strings.Join(heads, "|") + ")" + between +
		`[^A-Za-z0-9_+.\-](` + a.Value + `)(?:[^A-Za-z0-9_+/=.\-]|[.](?:[^A-Za-z0-9.]|$)|$)`
}

// words returns an expression for the words of which one is needed. It matches the empty text if none is.
func (a *Assigned) words() string {
	if len(a.Words) == 0 {
		return assignedWords
	}
	quoted := make([]string, len(a.Words))
	for i, w := range a.Words {
		quoted[i] = regexp.QuoteMeta(w)
	}
	return strings.Join(quoted, "|")
}
