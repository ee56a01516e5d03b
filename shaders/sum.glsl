// The joining of terms is their sum.
real join(real a, real b)
{
	precise real sum = a + b;
	return sum;
}
