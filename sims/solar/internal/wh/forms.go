package wh

// Form is one way to compute the same: the contract, or an assembly.
type Form struct {
	Name string
	// steps does up to n kicks and drifts of a block, and returns how many and why it ended. It may be nil.
	steps func(b *Block, n int) (done, why int)
	// drift does a drift, or nothing if an arc is not quick, when it returns false. It may be nil.
	drift func(b *Block) bool
}

// Why steps ended.
const (
	finished = iota
	nearby   // before a kick: two bodies are near each other
	longArc  // after a kick: an arc is not quick
)

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

// Forms returns the forms that this machine has, the best first and the contract last.
func Forms() []*Form {
	return append(vectors(), &Form{Name: "contract"})
}
