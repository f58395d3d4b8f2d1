package chains

import "slices"

// Shrink returns versions that still fail and are as small as a number of tries makes them: the first ones are dropped,
// then ranges of the first version, and of all that was made from it.
func Shrink(list []Version, tries int, fails func([]Version) bool) []Version {
	try := func(smaller []Version) bool {
		if tries--; tries < 0 || !fails(smaller) {
			return false
		}
		list = smaller
		return true
	}
	for len(list) > 2 && try(withoutFirst(list)) {
	}
	for len(list) > 2 && try(slices.Clone(list[:len(list)-1])) {
	}
	for before := -1; tries > 0 && before != total(list); {
		before = total(list)
		for at := range list {
			for size := (len(list[at].Data) + 1) / 2; size > 0 && tries > 0; size /= 2 {
				for lo := 0; lo < len(list[at].Data) && tries > 0; {
					if smaller := withoutRange(list, at, lo, min(lo+size, len(list[at].Data))); smaller == nil || !try(smaller) {
						lo += size
					}
				}
			}
		}
	}
	return list
}

func total(list []Version) int {
	n := 0
	for _, v := range list {
		n += len(v.Data)
	}
	return n
}

// withoutFirst drops the first version; what was made from it is content on its own.
func withoutFirst(list []Version) []Version {
	out := slices.Clone(list[1:])
	for i := range out {
		if out[i].Base--; out[i].Base < 0 {
			out[i] = Version{Data: out[i].Data, Base: -1}
		}
	}
	return out
}

// withoutRange takes a range out of one version and out of what others have copied of it. It returns nil if the range is
// none that it can take out of this one alone: in versions with a base only what was inserted.
func withoutRange(list []Version, at, lo, hi int) []Version {
	out := slices.Clone(list)
	drafts := make([]*Draft, len(list))
	for i, v := range list {
		drafts[i] = v.draft(list)
	}
	gone := map[int][][2]int{at: {{lo, hi}}} // by version, from the end of it to the front
	if v := list[at]; v.Base >= 0 {
		for _, c := range v.Copies {
			if c.To < hi && lo < c.To+c.Len {
				return nil
			}
		}
	}
	for i := range list {
		if v := list[i]; v.Base >= 0 {
			gone[i] = append(gone[i], drafts[i].lose(gone[v.Base])...)
		}
		slices.SortFunc(gone[i], func(a, b [2]int) int { return b[0] - a[0] })
		out[i].Data = slices.Clone(list[i].Data)
		for _, g := range gone[i] {
			out[i].Data = slices.Delete(out[i].Data, g[0], g[1])
		}
	}
	for i := range out {
		if list[i].Base < 0 {
			continue
		}
		out[i].Copies = nil
		for _, c := range list[i].Copies {
			for n := range c.Len { // byte by byte, since a range may fall into the middle of a copy
				from, ok := shifted(gone[list[i].Base], c.From+n)
				to, _ := shifted(gone[i], c.To+n)
				if !ok {
					continue
				}
				if k := len(out[i].Copies) - 1; k >= 0 && out[i].Copies[k].From+out[i].Copies[k].Len == from && out[i].Copies[k].To+out[i].Copies[k].Len == to {
					out[i].Copies[k].Len++
				} else {
					out[i].Copies = append(out[i].Copies, Copy{from, to, 1})
				}
			}
		}
	}
	return out
}

// shifted returns where a byte is once ranges are gone, and whether it is still there.
func shifted(gone [][2]int, at int) (int, bool) {
	less := 0
	for _, g := range gone {
		if at >= g[0] && at < g[1] {
			return at, false
		}
		if g[1] <= at {
			less += g[1] - g[0]
		}
	}
	return at - less, true
}

// draft returns a version as a draft of its base.
func (v Version) draft(list []Version) *Draft {
	d := &Draft{}
	if v.Base < 0 {
		d.pieces = []piece{{text: v.Data}}
		return d
	}
	d.base = list[v.Base].Data
	at := 0
	for _, c := range v.Copies {
		if c.To > at {
			d.pieces = append(d.pieces, piece{text: v.Data[at:c.To]})
		}
		d.pieces = append(d.pieces, piece{from: c.From, n: c.Len})
		at = c.To + c.Len
	}
	if at < len(v.Data) {
		d.pieces = append(d.pieces, piece{text: v.Data[at:]})
	}
	return d
}

// lose returns the ranges of the draft that were copied from ranges of its base.
func (d *Draft) lose(gone [][2]int) (lost [][2]int) {
	at := 0
	for _, p := range d.pieces {
		if p.text == nil {
			for _, g := range gone {
				lo, hi := max(p.from, g[0]), min(p.from+p.n, g[1])
				if lo < hi {
					lost = append(lost, [2]int{at + lo - p.from, at + hi - p.from})
				}
			}
		}
		at += p.size()
	}
	return lost
}
