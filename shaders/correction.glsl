// The parts of cycle and finish that read a state and its correction.

// correct returns the correction at point (i, j) of the coarse grid.
real correct(int i, int j) { return real(correction_at(i * correction_width + j)); }

// Element t + 2 may be the first one of the next row: then its point is on an edge.
real2 first_black(int row, int t, int odd)
{
	int i = row / 2, at = row * (in_width / 2) + t;
	real2 a = real2(correct(i, t), correct(i, t + 1));
	real2 b = odd == 0 ? real2(a.y, correct(i, t + 2)) : real2(correct(i + 1, t), correct(i + 1, t + 1));
	precise real2 v = real2(in_at(at), in_at(at + 1)) + real(0.5) * (a + b);
	return v;
}

real change(int row, int col)
{
	int i = row / 2, j = col / 2;
	real a = j <= M / 2 ? correct(i, j) : real(0), b = j < M / 2 ? correct(i, j + 1) : real(0);
	return greater(abs(a), abs(b));
}
