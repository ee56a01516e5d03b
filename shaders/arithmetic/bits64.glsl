// The functions of bits.glsl for double.

double exact_step(double x, int n)
{
	uvec2 bits = unpackDouble2x32(x);
	uint low = bits.x + uint(n);
	if (n > 0 && low < bits.x) {
		bits.y += 1u;
	} else if (n < 0 && low > bits.x) {
		bits.y -= 1u;
	}
	return packDouble2x32(uvec2(low, bits.y));
}

bool exact_is_odd(double x) { return (unpackDouble2x32(x).x & 1u) != 0u; }

int exact_exponent(double x) { return (int(unpackDouble2x32(x).y >> 20) & 0x7ff) - 1023; }

bool exact_normal(double x) { return exact_exponent(x) > -1023 && exact_exponent(x) < 1024; }

double exact_significand(double x)
{
	uvec2 bits = unpackDouble2x32(x);
	return packDouble2x32(uvec2(bits.x, (bits.y & 0x800fffffu) | 0x3ff00000u));
}

double exact_power(int n, double like) { return packDouble2x32(uvec2(0u, uint(n + 1023) << 20)); }
