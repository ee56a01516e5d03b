// The kernels of peers.c in precision T; included once per precision.

// accelerate sums softened gravity over all pairs of bodies, given as arrays of coordinates.
static void NAME(accelerate)(long n, T eps2, const T *restrict x, const T *restrict y, const T *restrict z,
                             const T *restrict gm, T *restrict ax, T *restrict ay, T *restrict az) {
#pragma omp parallel for schedule(dynamic, 64)
  for (long i = 0; i < n; i++) {
    const T xi = x[i], yi = y[i], zi = z[i];
    T sx = 0, sy = 0, sz = 0;
#pragma omp simd reduction(+ : sx, sy, sz) aligned(x, y, z, gm : ALIGNMENT)
    for (long j = 0; j < n; j++) {
      const T dx = x[j] - xi, dy = y[j] - yi, dz = z[j] - zi;
      const T r2 = dx * dx + dy * dy + dz * dz + eps2;
      const T w = gm[j] / (r2 * SQRT(r2));
      sx += w * dx, sy += w * dy, sz += w * dz;
    }
    ax[i] = sx, ay[i] = sy, az[i] = sz;
  }
}

static void NAME(force)(const struct options *o) {
  const long n = o->n;
  T *a[7];
  for (int k = 0; k < 7; k++) a[k] = allocate(n, sizeof(T));
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; i++) {
    for (int k = 0; k < 3; k++) a[k][i] = (T)(2 * uniform(3 * i + k) - 1), a[4 + k][i] = 0;
    a[3][i] = (T)1 / n;
  }
  for (long rep = -1; rep < o->reps; rep++) { // the first one is cold and does not count
    const double start = omp_get_wtime();
    NAME(accelerate)(n, (T)1e-4, a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
    const double seconds = omp_get_wtime() - start;
    if (rep >= 0) report(o, seconds, (double)n * n / seconds, (double)a[4][n / 2]);
  }
  for (int k = 0; k < 7; k++) free(a[k]);
}

// sweep does a Jacobi sweep over the inner points.
static void NAME(sweep)(long n, const T *restrict u, T *restrict v) {
#pragma omp parallel for schedule(static)
  for (long i = 1; i < n - 1; i++) {
    const T *restrict up = u + (i - 1) * n, *restrict mid = u + i * n, *restrict down = u + (i + 1) * n;
    T *restrict to = v + i * n;
#pragma omp simd
    for (long j = 1; j < n - 1; j++)
      to[j] = (T)0.25 * (up[j] + down[j]) + (T)0.25 * (mid[j - 1] + mid[j + 1]);
  }
}

// sweep_residual is like sweep and returns the largest change.
static T NAME(sweep_residual)(long n, const T *restrict u, T *restrict v) {
  T most = 0;
#pragma omp parallel for schedule(static) reduction(max : most)
  for (long i = 1; i < n - 1; i++) {
    const T *restrict up = u + (i - 1) * n, *restrict mid = u + i * n, *restrict down = u + (i + 1) * n;
    T *restrict to = v + i * n;
#pragma omp simd reduction(max : most)
    for (long j = 1; j < n - 1; j++) {
      const T value = (T)0.25 * (up[j] + down[j]) + (T)0.25 * (mid[j - 1] + mid[j + 1]);
      const T change = FABS(value - mid[j]);
      most = change > most ? change : most;
      to[j] = value;
    }
  }
  return most;
}

static void NAME(laplacian)(const struct options *o) {
  const long n = o->n;
  T *u = allocate((size_t)n * n, sizeof(T)), *v = allocate((size_t)n * n, sizeof(T));
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; i++)
    for (long j = 0; j < n; j++) {
      const int inner = i > 0 && i < n - 1 && j > 0 && j < n - 1;
      u[i * n + j] = v[i * n + j] = (T)(i == 0 ? 100 : inner ? 100 * uniform(i * n + j) : 0);
    }
  for (long rep = -1; rep < o->reps; rep++) { // the first one is cold and does not count
    T residual = 0;
    const double start = omp_get_wtime();
    for (long s = 0; s < o->sweeps; s++) {
      if (o->every || s == o->sweeps - 1) residual = NAME(sweep_residual)(n, u, v);
      else NAME(sweep)(n, u, v);
      T *swap = u;
      u = v, v = swap;
    }
    const double seconds = omp_get_wtime() - start;
    if (rep >= 0) report(o, seconds, (double)n * n * o->sweeps / seconds, (double)residual);
  }
  free(u), free(v);
}

// BODIES is how many bodies pull the particles of leapfrog, and BLOCK how many particles go through all steps together.
#define BODIES 9
#define BLOCK 64

// leap advances a block of particles, given as columns x, y, z, vx, vy, vz, by steps of h; bodies has (x, y, z, gm) of
// each body at the start and after each step.
static void NAME(leap)(long steps, T h, const T (*restrict bodies)[BODIES][4], T (*restrict p)[BLOCK]) {
  for (long s = 0; s <= steps; s++) {
    T ax[BLOCK] = {0}, ay[BLOCK] = {0}, az[BLOCK] = {0};
    for (int j = 0; j < BODIES; j++) {
      const T bx = bodies[s][j][0], by = bodies[s][j][1], bz = bodies[s][j][2], gm = bodies[s][j][3];
#pragma omp simd
      for (int i = 0; i < BLOCK; i++) {
        const T dx = bx - p[0][i], dy = by - p[1][i], dz = bz - p[2][i];
        const T r2 = dx * dx + dy * dy + dz * dz;
        const T w = gm / (r2 * SQRT(r2));
        ax[i] += w * dx, ay[i] += w * dy, az[i] += w * dz;
      }
    }
    const T kick = s == 0 || s == steps ? h / 2 : h, drift = s == steps ? 0 : h;
#pragma omp simd
    for (int i = 0; i < BLOCK; i++) {
      p[3][i] += kick * ax[i], p[4][i] += kick * ay[i], p[5][i] += kick * az[i];
      p[0][i] += drift * p[3][i], p[1][i] += drift * p[4][i], p[2][i] += drift * p[5][i];
    }
  }
}

static void NAME(leapfrog)(const struct options *o) {
  const long blocks = (o->n + BLOCK - 1) / BLOCK;
  T(*bodies)[BODIES][4] = allocate(o->sweeps + 1, sizeof *bodies);
  T(*p)[6][BLOCK] = allocate(blocks, sizeof *p);
  for (long s = 0; s <= o->sweeps; s++)
    for (int j = 0; j < BODIES; j++) {
      const T b[] = {(T)(j / 2.0 + 1e-4 * s), (T)(j / 3.0), (T)(j / 7.0), (T)(j ? 1e-7 : 3e-4)};
      memcpy(bodies[s][j], b, sizeof b);
    }
#pragma omp parallel for schedule(static)
  for (long b = 0; b < blocks; b++)
    for (int c = 0; c < 6; c++)
      for (int i = 0; i < BLOCK; i++) p[b][c][i] = (T)((c < 3 ? 4 : 0.01) * (uniform(6 * (BLOCK * b + i) + c) + (c < 3)));
  for (long rep = -1; rep < o->reps; rep++) { // the first one is cold and does not count
    const double start = omp_get_wtime();
#pragma omp parallel for schedule(dynamic, 16)
    for (long b = 0; b < blocks; b++) NAME(leap)(o->sweeps, (T)0.01, (const T(*)[BODIES][4])bodies, p[b]);
    const double seconds = omp_get_wtime() - start;
    if (rep >= 0) report(o, seconds, (double)o->n * o->sweeps / seconds, (double)p[0][0][0]);
  }
  free(bodies), free(p);
}
#undef BODIES
#undef BLOCK
