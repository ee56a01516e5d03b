// The parts of start: the first guess is interpolated cubically.

real change(int row, int col) { return real(0); }

// cubic returns the value half-way between elements t and t + 1 of n + 1 elements of the
// guess, which begin at first and are stride apart.
real cubic(int t, int n, int first, int stride)
{
	if (n < 3) {
		int at = first + t * stride;
		precise real v = real(0.5) * (guess_at(at) + guess_at(at + stride));
		return v;
	}
	int at = first + clamp(t - 1, 0, n - 3) * stride;
	real a = guess_at(at), b = guess_at(at + stride), c = guess_at(at + 2 * stride), d = guess_at(at + 3 * stride);
	precise real between = real(0.5625) * (b + c) - real(0.0625) * (a + d);
	if (t == n - 1) {
		real e = a;
		a = d;
		d = e;
		e = b;
		b = c;
		c = e;
	}
	precise real end = (real(0.3125) * a + real(0.9375) * b) + (real(0.0625) * d - real(0.3125) * c);
	return t == 0 || t == n - 1 ? end : between;
}

real2 first_black(int row, int t, int odd)
{
	if (HAS(FROM_ZERO)) {
		return real2(0);
	}
	int i = row / 2;
	if (odd == 0) {
		return real2(cubic(t, M / 2, i * guess_width, 1), cubic(t + 1, M / 2, i * guess_width, 1));
	}
	return real2(cubic(i, N / 2, t, guess_width), cubic(i, N / 2, t + 1, guess_width));
}
