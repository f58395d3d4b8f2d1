package match

// rarestGrams returns the offsets of the four bytes of text that source code has least often: of those at even offsets,
// and of those at odd ones. -1 stands for none. Ties go to the first.
func rarestGrams(text string) (best [2]int) {
	const longest = maxOffset + 4
	n := min(len(text), longest)
	var alone, following [longest]int // how rare each byte is, by itself and after the byte before it
	for i := range n {
		class := byteClass[text[i]]
		several := 0 // how much rarer one byte of a class is than the class
		switch class {
		case classOther:
			several = 2
		case classDigit:
			several = 3
		}
		alone[i] = int(pairs[class][len(pairs)]-'a') + several
		if i > 0 {
			before := byteClass[text[i-1]]
			following[i] = int(pairs[before][class]) - int(pairs[before][len(pairs)]) + several
		}
	}
	best = [2]int{-1, -1}
	var most [2]int
	for off := 0; off+4 <= n; off++ {
		parity := off & 1
		if r := alone[off] + following[off+1] + following[off+2] + following[off+3]; best[parity] < 0 || r > most[parity] {
			best[parity], most[parity] = off, r
		}
	}
	return best
}

const (
	classOther = 0
	classDigit = 27
)

// byteClass returns the row of pairs for a byte. The case of letters does not count.
var byteClass = [256]uint8{
	'a': 1, 'b': 2, 'c': 3, 'd': 4, 'e': 5, 'f': 6, 'g': 7, 'h': 8, 'i': 9, 'j': 10, 'k': 11, 'l': 12, 'm': 13,
	'n': 14, 'o': 15, 'p': 16, 'q': 17, 'r': 18, 's': 19, 't': 20, 'u': 21, 'v': 22, 'w': 23, 'x': 24, 'y': 25, 'z': 26,
	'A': 1, 'B': 2, 'C': 3, 'D': 4, 'E': 5, 'F': 6, 'G': 7, 'H': 8, 'I': 9, 'J': 10, 'K': 11, 'L': 12, 'M': 13,
	'N': 14, 'O': 15, 'P': 16, 'Q': 17, 'R': 18, 'S': 19, 'T': 20, 'U': 21, 'V': 22, 'W': 23, 'X': 24, 'Y': 25, 'Z': 26,
	'0': 27, '1': 27, '2': 27, '3': 27, '4': 27, '5': 27, '6': 27, '7': 27, '8': 27, '9': 27,
	' ': 28, '_': 29, '-': 30, '.': 31, ':': 32, '/': 33, '"': 34, '=': 35, '(': 36, '@': 37, '+': 38,
}

// pairs has, by the class of a byte and that of the next, the negative binary logarithm of that pair's share of all pairs,
// 'a' being 0; the last column is the share of the first class by itself. It was measured over all versions of all files of
// seven public projects (C, Go, Python, Ruby, shell, and the documents, data and settings that come with them), each
// project counting as much as any other.
var pairs = [...]string{
	"eklkkkkkljnnllklknkjkmmmnookfnkkkjkllmod", // all other bytes
	"lokjjomjpjpmiiipjpiihklnmlnmknonoppoprrf", // a
	"lkonnjoppllpjopkoplmpkppqlqmnnplpnoqpqqg", // b
	"ljomojnojlpjjmohnpkmilppqnpmkmpmnooonrrf", // c
	"jkmnkinopjpolnnknpmlmkooomqmiknllnmnlpqg", // d
	"ijliikjlnmpoijhmkkhhimkkjlolhjljkmlmkmpe", // e
	"kkponllopipqknnjopkmmkqppnqmimokopponrrg", // f
	"kmoopiommjqqmolkopkkmlopqopnjlnlnmonnpqg", // g
	"ljponipqpkqpooojpqmnllqpqoqlklomnonpmpqg", // h
	"llkjjkjjpoqnijhilojiipkqlqlnmopnqoqpqrof", // i
	"onqpqlqpqopqqpqmpqpmqnpoqqqnqqrrtrtsturj", // j
	"lnppokpmplqpopooopolonpoqponlmomooopnqri", // k
	"kimnkhkooipojoojmqokkknopkqnjlnmnonpmpqf", // l
	"ljmomipoqkqplknjjpplnmpppnqnkmonnlppoqqg", // m
	"jinjiikinkolmmljmpniillpompnikmlmnmoloqf", // n
	"llkjjmkkplmljihkjphkjjlknopnjlmlonoooqrf", // o
	"kipnmjoomlqnjoojkqjljlopolqnlmolmoopmpqg", // p
	"oqppqpqqpqqqnpqppppppkqpqqqnoqrqsrrprurj", // q
	"jimlkhmkoiqllljinpjjjkknpkqnikmlmnnoloqf", // r
	"ikoknhomkjqlmnnkknnjhkomqlpnhkmjlllllnpe", // s
	"iiokmhmohiqpllmilpijkjommkplhjlklmmnknpe", // t
	"nlklmjllpkqpjkjnkqjjjppqoppnmqrqsqrptuqg", // u
	"ljqppjppqkpqpoompqpopppqqpqklopmppprprrh", // v
	"mlpoolpplkpqopmloqmmoqqnppqnlmpnqqpporrh", // w
	"lmplomoqomqqpoqplqpokpqpoopllnonpnpqorqi", // x
	"knoopnpppnqpnnnlkqolmpppqopnjmomnononpqh", // y
	"ooqqplpqqopqpqqoqppqqoqqqppnqrsrtqqtttrj", // z
	"immmmlmnnnnnnnnnnnnnnnnnlnnhknljlllnooog", // digits
	"hhjiiiikjimmjjiijniihjjjnlojemkmkmjikkld", // space
	"mklkklkmmkonllklkpkkkmmmqqqooltpsuptnrug", // _
	"kmmmmnmnonrqnnnnmqmmmooorsqllujuurrrttrh", // -
	"jlmkllllmlnpmklllplklmnmqorjkmsmsonsqssg", // .
	"jnonoonponpqonopnqoooppqqqqmispslnolsmrh", // :
	"lmnllnnlnnopnmnnlqnmmononpqnlrrqqkotsrrh", // /
	"imnmnnnnnnqqnnnomrnmmnpoqqsnlooomnlqrprh", // "
	"kqqpoqorrrttqqopquqonrqsusuoiqsstrlkqtuh", // =
	"jmmlmmmonmqpnmnmmqmklnnoprsmqnqqnpltopth", // (
	"lnpnopnppppsppppotnnoppqsquolopnorquskri", // @
	"mqqqqqqrrprqqqqqrrqqqrrqqqromurrrrrnsunk", // +
}
