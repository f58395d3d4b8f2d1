package config

import "testing"

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "10B": 10, "10 b": 10, "4k": 4000, "4KB": 4000, "4Ki": 4096, "4KiB": 4096, "100MiB": 100 << 20,
		"1.5 GB": 1500000000, "2gib": 2 << 30, "1TiB": 1 << 40, "1pb": 1e15,
		"": -1, "lots": -1, "MiB": -1, "-1": -1, "1e3": 1000, "0x10": -1, "1 EiB": -1, "1kk": -1, "1iB": -1, "1bb": -1,
		"inf": -1, "nan": -1, "1_000": -1, "1 0": -1, "9999999PB": -1, "1km": -1, "1 k b": -1,
	} {
		got, err := ParseSize(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}
