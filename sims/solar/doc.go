// Package solar integrates the Solar System as point masses, with the Sun's first post-Newtonian term as an option.
//
// Units are the astronomer's: au, days (TDB) and au/day; masses appear only as GM in au³/day², so energies and momenta
// come out multiplied by G. The frame is that of the input, ICRF and barycentric for the states in this package.
//
// Accelerations come from a Field, which may live on any device; the integrators know nothing of it. Every
// multiplication that feeds an addition is rounded explicitly, so a state has the same bits on every processor whose
// Field gives the same bits.
package solar
