// Access to the bits of floating-point numbers.

// exact_step returns the n-th number after x, away from zero; n may be negative.
float exact_step(float x, int n) { return intBitsToFloat(floatBitsToInt(x) + n); }

// exact_is_odd reports whether the last bit of x is set.
bool exact_is_odd(float x) { return (floatBitsToUint(x) & 1u) != 0u; }

int exact_exponent(float x) { return ((floatBitsToInt(x) >> 23) & 0xff) - 127; }

// exact_normal reports whether x is a normal number: not zero, subnormal, infinite or
// NaN.
bool exact_normal(float x) { return exact_exponent(x) > -127 && exact_exponent(x) < 128; }

// exact_significand returns x with an exponent of zero.
float exact_significand(float x)
{
	return uintBitsToFloat((floatBitsToUint(x) & 0x807fffffu) | 0x3f800000u);
}

// exact_power returns 2^n, which must be normal, in the type of its second argument.
float exact_power(int n, float like) { return intBitsToFloat((n + 127) << 23); }
