// Command asm generates ../sweep_amd64.s.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("!purego")
	for _, p := range []precision{single, double} {
		for _, r := range routines {
			p.rows(r)
		}
		p.pack()
		p.unpack()
		p.squares()
		p.segments()
		p.prefetch()
	}
	Generate()
}
