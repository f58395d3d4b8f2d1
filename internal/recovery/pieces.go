package recovery

// Piece is a part of a text for formats of other packages: spans with their backticks taken apart, bounded and safe to show, escaped
// for nothing yet.
type Piece struct {
	Text string
	Kind PieceKind
}

// PieceKind says how a piece is set.
type PieceKind int

// The kinds of piece.
const (
	// PlainPiece is running text, StrongPiece the part of it that must not be overlooked.
	PlainPiece PieceKind = iota
	StrongPiece
	// CodePiece is a value, a command or a name.
	CodePiece
	// LinkPiece is an address that can be followed safely: https, ASCII, nothing to be escaped.
	LinkPiece
)

// Pieces takes spans apart.
func Pieces(spans []Span) []Piece {
	var out []Piece
	add := func(kind PieceKind) func(string) string {
		return func(s string) string {
			if s != "" {
				out = append(out, Piece{bounded(s), kind})
			}
			return ""
		}
	}
	link := func(s string) string {
		if SafeLink(s) {
			return add(LinkPiece)(s)
		}
		return add(CodePiece)(s)
	}
	renderWith(spans, rendering{code: add(CodePiece), words: add(PlainPiece), plain: add(PlainPiece), strong: add(StrongPiece), address: link})
	return out
}
