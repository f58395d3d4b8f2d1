package scanner

import "slices"

// Written returns the texts that stand in the content for the secret: the value itself and, where it is encoded or taken
// apart there, that text as it stands. They are for replacing and for searching, which nothing but the texts themselves
// will do for.
func (f *Finding) Written() []Secret { return append([]Secret{f.Secret}, slices.Clone(f.raw)...) }
