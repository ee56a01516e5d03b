// Package split makes one device of several: each launch is cut by rows into a
// share for each part, by the rates that were measured. A launch writes only the
// rows that it was given, so that the results do not depend on the cut.
//
// Every part holds each buffer in full, and the device keeps account of which
// elements are up to date where. What a share reads is brought to its part before
// the launch: all of a matrix that is read whole, a few rows beside the cut where
// there is a halo, nothing where the part has computed it itself. Writes go to one
// part, the home, which is the host's cores if they are among the parts.
//
// A part that is lost, or does not answer, is left out from then on, and its share
// is computed by the rest. The device as a whole is lost only when somebody needs
// rows that the lost part alone had.
package split
