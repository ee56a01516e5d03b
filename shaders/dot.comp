// Dot: the row's sum of z·q. Twin of mixedDot in kernels/multigrid.

real2 term(int row, int col)
{
	int i = row * COLS + col;
	precise real t = real(z_at(i)) * q_at(i);
	return real2(t, 0);
}
