// Package check wraps a device so that its results are checked while a program
// uses it. The program need not know: errors come out of Launch, Write and Read.
//
// Finite looks at everything that launches write, and finds the first kernel,
// launch, sweep and index with a NaN or an Inf. It reads all results back, which
// takes as long as that takes. It sees nothing that is wrong but finite.
//
// Checksum finds wrong numbers, by what must be true of right ones.
//
// Laplacian and Heat: each row is summed with the weights sin(π·c/(cols − 1)). In
// exact arithmetic these sums after any number of sweeps follow from those before
// and the edges alone. They are summed on the device, every CheckEvery sweeps, and
// over what is read back; what is written is summed before it leaves. An error e
// at a point in column c is found where sin(π·c/(cols − 1))·e exceeds what
// rounding explains, about 3·2⁻²⁴ (float32) or 11·2⁻⁵³ (float64) times the sweeps
// between, times the sum of a row of the largest value. So a flipped bit of the
// sign or the exponent of a value that is not small is found anywhere but beside
// the left and right edges, and so are the leading bits of a fraction: in float64
// more than half of them. Not found: smaller errors, those in the residuals, and
// those in the left and right edges themselves. What is read back without a launch
// since it was summed must have equal sums, to the last bit.
//
// Force: where all bodies attract each other, Σ gm·a must vanish within rounding of
// Σ gm·|a|; and one row of each launch, the next one in turn, is computed again by
// the kernel's contract on the host, from the host's copy of the bodies. Where the
// device is exact, that row must have equal bits. Not found: what is below 1024
// roundings of Σ gm·|a|, and so what happens to bodies that are much lighter than
// the others, unless it happens to the row that is computed again.
//
// Other kernels, and launches of these for a part of the rows, are not checked.
package check
