package diagnose

import (
	"strings"
	"time"

	"github.com/skant-dev/skant/internal/verify"
	"github.com/skant-dev/skant/scanner"
)

// From where on a wrong clock is what fails: signatures are refused from five minutes on, tokens before that.
const (
	skewWrong = 5 * time.Minute
	skewLook  = time.Minute
)

// maxQuota bounds how many headers about quota are shown.
const maxQuota = 8

// answered reports whether there is an answer to look at, and says if not that a step is skipped.
func (d *walk) answered(s *Step) bool {
	if d.x != nil && d.x.Status > 0 {
		return true
	}
	s.add(Skipped, needsAnswer)
	return false
}

// header returns a header of the answer; empty if there is none.
func (d *walk) answerHeader(name string) string {
	for _, h := range d.x.Headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// clock is the fifth step: the time here against that of the answer.
func (d *walk) clock() Step {
	s := Step{Title: stepClock}
	if !d.answered(&s) {
		return s
	}
	date, err := time.Parse(time.RFC1123, d.answerHeader("Date"))
	if err != nil {
		s.add(Unclear, saysNoDate)
		return s
	}
	off := d.x.Result.Verification.At.Sub(date).Abs().Round(time.Second)
	switch {
	case off >= skewWrong:
		s.add(Wrong, saysClock, off)
	case off >= skewLook:
		s.add(Look, saysClock, off)
	default:
		s.add(Fine, saysClockFine)
	}
	return s
}

// region is the sixth step: the country that the request comes from, or the region that it goes to.
func (d *walk) region() Step {
	s := Step{Title: stepRegion}
	if d.way.region != nil {
		d.way.region(d, &s)
	}
	if len(s.Remarks) == 0 && !d.answered(&s) {
		return s
	}
	switch {
	case d.x == nil || d.x.Status == 0:
		return s
	case page(d.x.Body) && len(s.Remarks) == 0:
		s.add(Skipped, needsAnswer)
		return s
	}
	if body := strings.ToLower(d.x.Body); d.x.Status == 403 && strings.Contains(body, "request not allowed") {
		s.add(Wrong, saysBlocked)
	} else if d.way.region == nil {
		s.add(Fine, saysReached)
	}
	return s
}

// permission is the seventh step: whether the key is known, whose it is, and what it may do.
func (d *walk) permission() Step {
	s := Step{Title: stepPermission}
	if d.answered(&s) {
		v := &d.x.Result.Verification
		says := sentence(v.Says)
		if v.Do != "" {
			says += " " + sentence(v.Do)
		}
		switch d.x.Result.Verdict {
		case scanner.Live:
			g := Fine
			if d.x.Status == 400 { // it is known, and something of the request is not as it has to be
				g = Look
			}
			s.add(g, saysTaken, says)
		case scanner.Restricted:
			s.add(Wrong, saysRefused, says)
		case scanner.Dead, scanner.Expired:
			s.add(Wrong, saysDead, says)
		default:
			s.add(Unclear, saysUnknown, says)
		}
		for _, name := range d.way.owners {
			if value := d.answerHeader(name); value != "" {
				s.add(Fine, "%s: %s", name, value)
			}
		}
		for _, name := range learnedNames(v) {
			s.add(Fine, "%s: %s", strings.ReplaceAll(name, "_", " "), v.Learned[name])
		}
	}
	for _, name := range d.way.scopes {
		if at := d.lookup(name); at != nil {
			s.add(Fine, saysVariable, at.where, at.value)
		}
	}
	return s
}

// sentence ends a text as a sentence ends.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") {
		return s
	}
	return s + "."
}

// models is the last step. Only a request that costs something could prove that a model answers, so it is not sent.
func (d *walk) models() Step {
	s := Step{Title: stepModels}
	for _, name := range []string{"ANTHROPIC_MODEL", "ANTHROPIC_SMALL_FAST_MODEL", "ANTHROPIC_DEFAULT_HAIKU_MODEL", "ANTHROPIC_DEFAULT_SONNET_MODEL", "ANTHROPIC_DEFAULT_OPUS_MODEL"} {
		if at := d.lookup(name); at != nil {
			d.model(&s, at)
		}
	}
	if !d.answered(&s) {
		return s
	}
	body := strings.ToLower(d.x.Body)
	switch {
	case d.x.Status == 429 && d.answerHeader("Retry-After") != "":
		s.add(Wrong, saysLimitedFor, d.answerHeader("Retry-After"))
	case d.x.Status == 429:
		s.add(Wrong, saysLimited)
	case d.x.Status == 402 || strings.Contains(body, "credit balance is too low"):
		s.add(Wrong, saysCredit)
	case d.x.Status >= 500:
		s.add(Unclear, saysOverloaded)
	case d.x.Status/100 == 2 && d.x.Result.Verdict == scanner.Live:
		s.add(Fine, "%s", d.way.listed)
	default:
		s.add(Skipped, needsPermission)
	}
	for _, h := range quotaHeaders(d.x) {
		s.add(Fine, "%s: %s", h[0], h[1])
	}
	return s
}

// model says of a model's name whether it is one of this way to Claude: each way has names of its own.
func (d *walk) model(s *Step, at *setting) {
	name := strings.TrimSpace(at.value)
	of := ""
	switch {
	case strings.HasPrefix(name, "arn:aws") || strings.Contains(name, "anthropic.claude"):
		of = "bedrock"
	case strings.Contains(name, "@"):
		of = "vertex"
	}
	switch {
	case of != "" && of != d.way.name:
		s.add(Wrong, saysModelOther, at.where, name, wayOf(of).title)
	case d.way.name == "bedrock" && strings.HasPrefix(name, "anthropic."):
		s.add(Look, saysModelProfile, at.where, name)
	default:
		s.add(Look, saysModel, at.where, name)
	}
}

// quotaHeaders are those of an answer that say what is left.
func quotaHeaders(x *verify.Exchange) [][2]string {
	var list [][2]string
	for _, h := range x.Headers {
		name := strings.ToLower(h[0])
		if strings.Contains(name, "ratelimit") && (strings.HasSuffix(name, "remaining") || strings.HasSuffix(name, "reset")) && len(list) < maxQuota {
			list = append(list, h)
		}
	}
	return list
}
