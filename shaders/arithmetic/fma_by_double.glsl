// exact_fma in float computes in double, where the product is exact. It rounds the sum
// to odd in double and then to float.
float exact_fma(float x, float y, float z)
{
	precise double p = double(x) * double(y);
	double s, e;
	exact_two_sum(p, double(z), s, e);
	return float(abs(s) < exact_power(1000, s) ? exact_odd(s, e) : s);
}
