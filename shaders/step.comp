// Step: x′ = x + alpha·p and f = ((b + s(x′)) − loss·x′)·scale, with the row's largest
// |r|·inverse. Twin of stepContract in kernels/multigrid.

real value(int row, int col)
{
	int i = row * COLS + col;
	precise real v = x_at(i) + alpha_value * p_at(i);
	return flush(v);
}

real2 term(int row, int col)
{
	Around x = around(row, col);
	int i = row * COLS + col;
	real inverse = coefficient(row, INVERSE, col);
	precise real r = (b_at(i) + flow(row, col, x)) - coefficient(row, LOSS, col) * x.here;
	r = inverse == real(0) ? real(0) : flush(r);
	precise real scaled = r * scale_value;
	precise real change = abs(r) * inverse;
	out_at(i) = x.here;
	f_at(i) = flush(exact_narrow(scaled));
	return real2(change, 0);
}

real join(real a, real b) { return b > a ? b : a; }
