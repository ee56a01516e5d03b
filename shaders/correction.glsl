// The parts of cycle and finish that read a state and its correction.

// correct returns the correction at point (i, j) of the coarse grid.
real correct(int i, int j) { return real(correction_at(i * correction_width + j)); }

real first_black(int row, int col)
{
	int i = row / 2, j = col / 2, odd = row & 1;
	precise real v = in_at(row * (in_width / 2) + j) + real(0.5) * (correct(i, j) + correct(i + odd, j + 1 - odd));
	return v;
}

real change(int row, int col)
{
	int i = row / 2, j = col / 2;
	real a = j <= M / 2 ? correct(i, j) : real(0), b = j < M / 2 ? correct(i, j + 1) : real(0);
	return greater(abs(a), abs(b));
}
