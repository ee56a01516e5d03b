// The kernels of peers.cu.

template <typename T> struct alignas(4 * sizeof(T)) Body { T x, y, z, gm; };
template <typename T> struct Acceleration { T x, y, z; };

__device__ inline float reciprocal_root(float x) { return rsqrtf(x); }
__device__ inline double reciprocal_root(double x) { return rsqrt(x); }

constexpr int TILE = 128; // threads of a block, and sources that they share at a time

// accelerate sums softened gravity over all pairs. Each thread has TARGETS bodies, and a block loads the sources tile by
// tile into shared memory. Bodies beyond the last are massless.
template <typename T, int TARGETS>
__global__ void __launch_bounds__(TILE) accelerate(int n, T eps2, const Body<T> *bodies, Acceleration<T> *out) {
  __shared__ Body<T> tile[TILE];
  const int first = blockIdx.x * TILE * TARGETS + threadIdx.x;
  Body<T> b[TARGETS];
  Acceleration<T> a[TARGETS];
#pragma unroll
  for (int t = 0; t < TARGETS; t++) {
    b[t] = first + t * TILE < n ? bodies[first + t * TILE] : Body<T>{};
    a[t] = {};
  }
  for (int base = 0; base < n; base += TILE) {
    tile[threadIdx.x] = base + threadIdx.x < n ? bodies[base + threadIdx.x] : Body<T>{};
    __syncthreads();
#pragma unroll 16
    for (int j = 0; j < TILE; j++) {
      const Body<T> s = tile[j];
#pragma unroll
      for (int t = 0; t < TARGETS; t++) {
        const T dx = s.x - b[t].x, dy = s.y - b[t].y, dz = s.z - b[t].z;
        const T inverse = reciprocal_root(dx * dx + dy * dy + dz * dz + eps2);
        const T w = s.gm * inverse * inverse * inverse;
        a[t].x += w * dx, a[t].y += w * dy, a[t].z += w * dz;
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int t = 0; t < TARGETS; t++)
    if (first + t * TILE < n) out[first + t * TILE] = a[t];
}

constexpr int ACROSS = 32, DOWN = 8; // threads of a block of sweep

__device__ inline void raise(float *most, float value) { atomicMax((int *)most, __float_as_int(value)); }
__device__ inline void raise(double *most, double value) { atomicMax((long long *)most, __double_as_longlong(value)); }

// sweep does a Jacobi sweep over the inner points of n × n, one thread per point. With RESIDUAL it raises *most to the
// largest change; nonnegative numbers are ordered like their bits.
template <typename T, bool RESIDUAL>
__global__ void __launch_bounds__(ACROSS *DOWN) sweep(int n, const T *__restrict__ u, T *__restrict__ v, T *most) {
  const int col = blockIdx.x * ACROSS + threadIdx.x, row = blockIdx.y * DOWN + threadIdx.y;
  T change = 0;
  if (row > 0 && row < n - 1 && col > 0 && col < n - 1) {
    const size_t i = (size_t)row * n + col;
    const T value = (T)0.25 * (u[i - n] + u[i + n]) + (T)0.25 * (u[i - 1] + u[i + 1]);
    v[i] = value;
    if (RESIDUAL) change = value > u[i] ? value - u[i] : u[i] - value;
  }
  if (!RESIDUAL) return;
  for (int lane = 16; lane > 0; lane /= 2) {
    const T other = __shfl_down_sync(0xffffffffu, change, lane);
    change = other > change ? other : change;
  }
  __shared__ T rows[DOWN];
  if (threadIdx.x == 0) rows[threadIdx.y] = change;
  __syncthreads();
  if (threadIdx.x || threadIdx.y) return;
  for (int i = 1; i < DOWN; i++) change = rows[i] > change ? rows[i] : change;
  raise(most, change);
}
