package scanner

import "sync"

// A rule that is switched off reports nothing, and what it would have found is a secret all the same: it is not shown in the
// excerpts and other texts of findings beside it.

// veilOf returns what makes the scanner of the rules that are switched off, when there is first something to show.
func veilOf(opt *Options) func() (*Scanner, error) {
	if opt.Veil == nil {
		return nil
	}
	confidence, now := opt.MinConfidence, opt.Now
	return sync.OnceValues(func() (*Scanner, error) {
		return New(opt.Veil(), Options{MinConfidence: confidence, Now: now})
	})
}

// veiled returns candidates with those that rules which are switched off have in the same text, to be covered. If that cannot
// be told the whole text is.
func (s *Scanner) veiled(text view, cands []candidate) []candidate {
	if s.veil == nil {
		return cands
	}
	more, err := s.unseen(text)
	if err != nil {
		lo, hi := text.source(0, len(text.data))
		all := span{lo, hi}
		more = []candidate{{rule: cands[0].rule, secret: all, claims: []span{all}, steps: []string{masked}}}
	}
	return append(cands[:len(cands):len(cands)], more...)
}

func (s *Scanner) unseen(text view) ([]candidate, error) {
	off, err := s.veil()
	if err != nil {
		return nil, err
	}
	sc := off.pool.Get().(*scratch)
	defer off.pool.Put(sc)
	// Without a path the rules that go by it are not left out.
	cands, err := off.searchView(text, "", sc, nil)
	if err != nil {
		return nil, err
	}
	return off.searchViews(text, 0, len(text.data), "", sc, cands)
}

// scrubVeiled masks in a short text what rules find that are switched off.
func (s *Scanner) scrubVeiled(text string) string {
	if s.veil == nil || text == "" {
		return text
	}
	off, err := s.veil()
	if err != nil {
		return masked
	}
	return off.Scrub(text)
}
