package pack

// fixed fills the tables for the codes that a block need not describe.
func (t *tables) fixed() {
	var used [maxSymbols]coded
	for i := range used {
		n := 8
		switch {
		case i >= 144 && i < 256:
			n = 9
		case i >= 256 && i < 280:
			n = 7
		}
		used[i] = coded(i<<4 | n)
	}
	t.litMask, _ = literals.build(t.lit[:], used[:])
	for i := range maxDistance + 2 {
		used[i] = coded(i<<4 | 5)
	}
	t.distMask, _ = distances.build(t.dist[:], used[:maxDistance+2])
}

// dynamic reads the description of a block's codes and fills the tables for them.
func (in *inflater) dynamic(t *tables) error {
	if !in.refill() {
		return errCut
	}
	literal := int(in.bits&31) + 257
	total := literal + int(in.bits>>5&31) + 1
	count := int(in.bits>>10&15) + 4
	if literal > maxLiterals || total-literal > maxDistance {
		return errCodes
	}
	in.drop(14)
	if err := in.lengthCode(count); err != nil {
		return err
	}
	used, err := in.codeLengths(total)
	if err != nil {
		return err
	}
	split := len(used)
	for split > 0 && int(used[split-1]>>4) >= literal {
		split--
		used[split] -= coded(literal << 4)
	}
	end := split
	for end > 0 && used[end-1]>>4 > endOfBlock {
		end--
	}
	if end == 0 || used[end-1]>>4 != endOfBlock {
		return errCodes
	}
	var litOK, distOK bool
	t.litMask, litOK = literals.build(t.lit[:], used[:split])
	t.distMask, distOK = distances.build(t.dist[:], used[split:])
	if !litOK || !distOK {
		return errCodes
	}
	return nil
}

// lengthOrder is the order in which the first code of a block is described.
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// lengthCode reads the code in which the lengths of the other codes are written. It has count symbols.
func (in *inflater) lengthCode(count int) error {
	var length [len(lengthOrder)]uint8
	for _, i := range lengthOrder[:count] {
		if in.nb < 3 && !in.refill() {
			return errCut
		}
		length[i] = uint8(in.bits & 7)
		in.drop(3)
	}
	n := 0
	for i, l := range length {
		if l > 0 {
			in.used[n] = coded(i<<4) | coded(l)
			n++
		}
	}
	// Unlike other codes this one may not be a single bit, in zlib.
	var ok bool
	if in.preMask, ok = lengths.build(in.pre[:], in.used[:n]); !ok || n < 2 {
		return errCodes
	}
	return nil
}

// codeLengths reads the lengths of the codes of total symbols, and returns those that have one.
func (in *inflater) codeLengths(total int) ([]coded, error) {
	previous := uint32(0)
	n := 0
	for i := 0; i < total; {
		if in.nb < preBits+7 && !in.refill() {
			return nil, errCut
		}
		e := in.pre[in.bits&in.preMask&(1<<preBits-1)]
		if e&isLiteral != 0 {
			in.drop(uint(e & 63))
			previous = e >> valueShift & 15
			// Written in any case, and counted if there is a code: which of both cannot be foreseen.
			in.used[n] = coded(i<<4) | coded(previous)
			n += int(previous+15) >> 4
			i++
			continue
		}
		repeat := int(e>>valueShift&15) + int(in.bits&(1<<(e&63)-1)>>(e>>codeShift&63))
		in.drop(uint(e & 63))
		if e&isZeros != 0 {
			previous = 0
		} else if i == 0 {
			return nil, errCodes
		}
		if repeat > total-i {
			return nil, errCodes
		}
		end := i + repeat
		for ; i < end && previous > 0; i++ {
			in.used[n] = coded(i<<4) | coded(previous)
			n++
		}
		i = end
	}
	return in.used[:n], nil
}
