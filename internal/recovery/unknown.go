package recovery

import (
	"slices"
	"strconv"

	"github.com/skant-dev/skant/internal/exposure"
	"github.com/skant-dev/skant/scanner"
)

// maxIncomplete bounds the sentences of the survey that are repeated.
const maxIncomplete = 50

// unknown says what nobody knows yet, so that no silence is read as an answer.
func unknown(p *Plan) [][]Span {
	if len(p.Leaks) == 0 {
		return nil
	}
	var out [][]Span
	say := func(s ...Span) { out = append(out, s) }
	if !p.Coverage.Complete {
		say(Span{"The scan is incomplete", Strong}, Span{": there may be more secrets, and more places of these. What was not read stands below.", Words})
	}
	if !p.Surveyed {
		say(Span{"No repository was asked what reaches the secrets, when they were pushed and which remotes have them: ", Words},
			Span{"skant recover --report FILE REPO", Value}, Span{" does.", Words})
	}
	for _, s := range p.Incomplete[:min(len(p.Incomplete), maxIncomplete)] {
		say(Span{s, Plain})
	}
	if rest := len(p.Incomplete) - maxIncomplete; rest > 0 {
		say(Span{"And " + strconv.Itoa(rest) + " more gaps of this sort, which the JSON plan has.", Words})
	}
	return append(out, unknownOf(p)...)
}

// unknownOf is what is not known of the secrets.
func unknownOf(p *Plan) [][]Span {
	var out [][]Span
	say := func(s ...Span) { out = append(out, s) }
	var unasked, general, undated, estimated, unpushed, remotes, asked, missed int
	for i := range p.Leaks {
		l := &p.Leaks[i]
		if l.Verdict == scanner.NotAsked || l.Verdict == scanner.Unknown || l.Verdict == scanner.Uncheckable {
			unasked++
		}
		if l.General {
			general++
		}
		if l.Since.IsZero() {
			undated++
		}
		if p.Surveyed && l.Exposure == nil {
			missed++
		}
		if e := l.Exposure; e != nil {
			asked++
			if e.Estimate && !e.PushedAt.IsZero() {
				estimated++
			}
			if e.PushedAt.IsZero() && !slices.ContainsFunc(e.Holders, func(h exposure.Holder) bool { return h.Kind == exposure.RemoteTracking }) {
				unpushed++
			}
			if len(e.Remotes) > 0 {
				remotes++
			}
		}
	}
	if unasked > 0 {
		say(Span{"Whether " + secretsAre(unasked, len(p.Leaks)) + " alive: count every one of them as alive until its provider refuses it (", Words}, Span{"skant recover --verify", Value},
			Span{" asks, where asking is free of side effects).", Words})
	}
	if missed > 0 {
		say(Span{"What reaches them, and when they were pushed: " + secretsAre(missed, len(p.Leaks)) + " not part of what the repository was asked.", Words})
	}
	if undated > 0 {
		say(Span{"Since when " + secretsAre(undated, len(p.Leaks)) + " exposed: no date tells, or only dates in the future. Read the logs as far back as they go.", Words})
	}
	if estimated > 0 {
		say(Span{"The time of the first push is an estimate (" + secretsAre(estimated, len(p.Leaks)) + " concerned) from the date of a commit, which its maker's clock set, or of a fetch, before which it was pushed: read the logs from some days earlier.", Words})
	}
	if unpushed > 0 {
		say(Span{"Whether " + secretsAre(unpushed, len(p.Leaks)) + " on a server at all: this clone has no trace of it, which is no proof that it was never pushed.", Words})
	}
	if asked > 0 && remotes == 0 {
		say(Span{"What the remotes still have: none was asked; ", Words}, Span{"skant recover --remote", Value}, Span{" asks them.", Words})
	}
	if general > 0 {
		say(Span{"How exactly " + secretsAre(general, len(p.Leaks)) + " to be revoked: there are no steps of its own for it, only those that fit every credential.", Words})
	}
	say(Span{"Who cloned, forked, cached or read the repository, and whether it was ever public: no clone knows that. Ask its host (audit log, traffic, forks), and count what was public as copied.", Words})
	return out
}

// secretsAre is how many of all secrets, with a verb.
func secretsAre(n, all int) string {
	switch {
	case n == all && n == 1:
		return "the secret is"
	case n == all:
		return "the secrets are"
	case n == 1:
		return "1 of the " + strconv.Itoa(all) + " secrets is"
	default:
		return strconv.Itoa(n) + " of the " + strconv.Itoa(all) + " secrets are"
	}
}
