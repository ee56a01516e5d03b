// Package plate computes the temperature of a flat plate whose edges are held at
// given temperatures: where it settles (Steady, Laplace's equation), and how it
// gets there (Transient, the heat equation).
//
// The plate is a grid of points. A Field holds their temperatures, in any unit
// that is linear in the kelvin; the outermost points are the edges and never
// change. The work is done by the kernels Laplacian and Heat on whatever
// device.Device the caller opened. On an exact device the results are the same to
// the last bit as on every other one, and depend on the inputs alone: nothing
// here is decided by timing.
//
// Fields are read from and written to NumPy files (ReadNPY, WriteNPY) and drawn
// as heat maps (WritePNG).
package plate
