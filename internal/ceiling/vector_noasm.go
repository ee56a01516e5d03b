//go:build !amd64 || purego

package ceiling

// There are no vector loops for this architecture.

func pairsVector[T Float]() (work func() piece, set string) { return nil, "" }

func sweepVector[T Float]() (work func() piece, set string) { return nil, "" }
