package wh

// Form is one way to compute the same: the contract, or an assembly.
type Form struct {
	Name  string
	steps func(b *Block, n int) (done int, why stop) // or nil
	drift func(b *Block)
}

// stop is why steps ended early.
type stop int

const (
	finished stop = iota
	nearby        // before a kick: two bodies are near each other
	longArc       // between kick and drift: an arc is not quick
)

// Forms returns the forms that this machine has, the best first and the contract last.
func Forms() []*Form {
	return append(vectors(), &Form{Name: "contract", drift: (*Block).drift})
}
