package wh

// Form is one way to compute the same: the contract, or an assembly.
type Form struct {
	Name string
	// steps does up to n kicks and drifts of a block that is alone, and returns how many and why it ended. It may be nil.
	steps func(b *Block, n int) (done, why int)
	// drift does the drift of the planets whose arcs are quick, and returns a bit for each other one.
	drift func(b *Block) int
	// The parts of a kick, as the methods of Block.
	own     func(b, before *Block) bool
	pairs   func(b *Block) bool
	across  func(b, other *Block) bool
	outward func(b, after *Block)
	finish  func(b, before *Block)
	// light does the kick of a map for n planets, eight or more, for bodies without mass.
	light func(b *Block, m []float64, n int)
	// driftAndLight is drift of a block and light of another one at the same time.
	driftAndLight func(b, other *Block, m []float64, n int) int
}

// Why steps ended.
const (
	finished = iota
	nearby   // before a kick: two bodies are near each other
	longArc  // after a kick: an arc is not quick
)

// contract is the form in Go.
func contract() *Form {
	return &Form{
		Name:    "contract",
		drift:   func(*Block) int { return 1<<Lanes - 1 },
		own:     (*Block).own,
		pairs:   (*Block).pairs,
		across:  (*Block).across,
		outward: (*Block).outward,
		finish:  (*Block).finish,
		light:   (*Block).light,
		driftAndLight: func(_, other *Block, m []float64, n int) int {
			other.light(m, n)
			return 1<<Lanes - 1
		},
	}
}

// Forms returns the forms that this machine has, the best first and the contract last.
func Forms() []*Form { return append(vectors(), contract()) }

// FormOf returns the named form, or the best if this machine lacks it.
func FormOf(name string) *Form {
	forms := Forms()
	for _, f := range forms {
		if f.Name == name {
			return f
		}
	}
	return forms[0]
}
