// Package check wraps a device so that its results are checked while a program
// uses it. The program need not know: errors come out of Launch and Write, and out of
// reads of, waits for and launches that read the data that are wrong, until those are
// set anew. Launches and transfers of the same buffers wait for each other's checks, no
// longer than their contexts last.
//
// Debug examines kernels: each launch is run by the kernel's contract and its host code
// on copies of the data, and compared with what the device computes. A *Broken names
// what the kernel did: it reads rows that it does not declare, writes others than it was
// given, changes an input, leaves an element as it was, depends on what a WriteRows
// output held, gives another result when it is run again or for rows alone, or a form
// of it differs from the contract. Kernel does so for a kernel's examples. Not found:
// what these data do not show, such as a branch that they do not take; reads that change
// no result; and in a shader what the device's result does not show.
//
// Finite looks at everything that launches write, and finds the first kernel,
// launch, sweep and index with a NaN or an Inf. It reads all results back, which
// takes as long as that takes. It sees nothing that is wrong but finite.
//
// Checksum finds wrong numbers, by what must be true of right ones: the Invariant of the
// kernel.
//
// Stencil, such as that of Laplacian and Heat: each row is summed with the weights
// sin(π·c/(cols − 1)). In
// exact arithmetic these sums after any number of sweeps follow from those before
// and the edges alone. They are taken on the device, every CheckEvery sweeps, and of
// what is read back; those of what is written, before it leaves. (A device that lacks
// the kernel for that, as those with shaders do, is read back instead.) An error e at
// a point in column c is found where sin(π·c/(cols − 1))·e exceeds what rounding
// explains: 11·2⁻⁵³ (float64) or 3·2⁻²⁴ (float32), for Heat 16 and 8, times the sweeps
// between, times the weighted sum of a row that has the largest value everywhere. Of
// bits that flipped anywhere inside a plate of 101 × 101 points, in float64 all in
// sign, exponent and the upper half of the fraction were found, and some in the lower
// half; in float32 nine of ten in sign and exponent, and the first few of a fraction:
// see TestChecksumRates. Not found: smaller errors, those in the residuals, and those in
// the left and right edges themselves. What is read back without a launch since it was
// summed must have equal sums, bit for bit.
//
// Balance, such as that of Force: where all rows are paired with each other, the sum of
// weight·result, Σ gm·a, must vanish within rounding of Σ gm·|a|; and one row of each
// launch, the next one in turn, is computed again by the kernel's contract on the host,
// from the host's copy of the inputs. Where the device is exact, that row must have equal
// bits. Not found: what is below 1024 roundings of Σ gm·|a|, and so what happens to bodies
// that are much lighter than the others, unless it happens to the row that is computed
// again.
//
// Kernels without an invariant, and launches for a part of the rows, are not checked.
package check
