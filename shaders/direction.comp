// Direction: p′ = z·sigma + beta·p and q = loss·p′ − s(p′), with the row's sums of f·p′ and
// q·p′. Twin of directionContract in kernels/multigrid.

real value(int row, int col)
{
	int i = row * COLS + col;
	precise real v = real(z_at(i)) * sigma_value + beta_value * p_at(i);
	return flush(v);
}

real2 term(int row, int col)
{
	Around p = around(row, col);
	precise real v = coefficient(row, LOSS, col) * p.here - flow(row, col, p);
	v = coefficient(row, INVERSE, col) == real(0) ? real(0) : flush(v);
	int i = row * COLS + col;
	out_at(i) = p.here;
	q_at(i) = v;
	precise real2 t = real2(real(f_at(i)) * p.here, v * p.here);
	return t;
}
