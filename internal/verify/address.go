package verify

import (
	"net/netip"
	"sync"
)

// reserved are networks that no provider is in. What translates to IPv4 (NAT64, 6to4, Teredo) is among them, because it would
// lead to any of the others.
var reserved = sync.OnceValue(func() []netip.Prefix {
	texts := []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	}
	out := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p)
		}
	}
	return out
})

// public reports whether an address is one of the internet's: not of this machine, of this network, or of a kind that is
// turned into another address on the way. An IPv4 address written as an IPv6 one is judged as what it is.
func public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	// Of IPv6 only 2000::/3 is given out.
	if a.Is6() && a.As16()[0]>>5 != 1 {
		return false
	}
	for _, p := range reserved() {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsGlobalUnicast() && !a.IsPrivate()
}
