// flush sets values below the floor of networks to zero.
float flush(float v) { return abs(v) < NETWORK_FLOOR32 ? 0.0f : v; }
#ifdef DOUBLES
double flush(double v) { return abs(v) < NETWORK_FLOOR ? 0.0lf : v; }
#endif
