// The generator of pairs_amd64.s: go run . -out ../pairs_amd64.s
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("!purego")
	for _, p := range []precision{single(), double()} {
		add(p)
		for _, p.soft = range []bool{false, true} {
			ordered(p)
			lanes(p)
			both(p)
		}
	}
	Generate()
}
