// The parts of start: the first guess is interpolated cubically.

real change(int row, int col) { return real(0); }

// cubic returns the value half-way between elements t and t + 1 of n + 1 elements of the
// guess, which begin at first and are stride apart.
real cubic(int t, int n, int first, int stride)
{
	int at = first + t * stride;
	if (n < 3) {
		precise real v = real(0.5) * (guess_at(at) + guess_at(at + stride));
		return v;
	}
	if (t == 0 || t == n - 1) {
		// The same from both ends.
		if (t > 0) {
			at += stride;
			stride = -stride;
		}
		precise real v = (real(0.3125) * guess_at(at) + real(0.9375) * guess_at(at + stride))
			+ (real(0.0625) * guess_at(at + 3 * stride) - real(0.3125) * guess_at(at + 2 * stride));
		return v;
	}
	precise real v = real(0.5625) * (guess_at(at) + guess_at(at + stride))
		- real(0.0625) * (guess_at(at - stride) + guess_at(at + 2 * stride));
	return v;
}

real first_black(int row, int col)
{
	if (HAS(FROM_ZERO)) {
		return real(0);
	}
	int i = row / 2, j = col / 2;
	if ((row & 1) == 0) {
		return cubic(j, M / 2, i * guess_width, 1);
	}
	return cubic(i, N / 2, j, guess_width);
}
