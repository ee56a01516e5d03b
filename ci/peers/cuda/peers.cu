// Straightforward CUDA: gravity with tiles in shared memory, Jacobi sweeps with the largest change, and copies.
// nvcc -O3 -arch=native -use_fast_math -o peers peers.cu
//
//   peers device
//   peers force|laplacian f32|f64 N [--sweeps=16] [--reps=5]
//   peers copy|upload|download bytes N [--reps=5]
//
// Prints one JSON object per repetition, with the seconds on the device between two events. rate is in pairs, points or
// bytes per second; a copy counts bytes read and written. Results of small cases are compared with a plain loop on the
// host, and must agree. force runs with 1, 2 and 4 bodies per thread and reports the fastest.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "kernels.cuh"

static void must(cudaError_t e, const char *what) {
  if (e == cudaSuccess) return;
  fprintf(stderr, "peers: %s: %s\n", what, cudaGetErrorString(e));
  exit(1);
}
#define MUST(call) must(call, #call)

[[noreturn]] static void fail(const char *what) {
  fprintf(stderr, "peers: %s\n", what);
  exit(1);
}

struct Options {
  const char *kernel, *precision;
  long n, sweeps = 16, reps = 5;
};

template <typename T> static T *allocate(size_t count) {
  void *p;
  MUST(cudaMalloc(&p, count * sizeof(T)));
  MUST(cudaMemset(p, 0, count * sizeof(T)));
  return (T *)p;
}

// uniform returns a number in [0, 1) that depends only on i.
static double uniform(unsigned long i) {
  i = (i + 1) * 0x9e3779b97f4a7c15UL;
  i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9UL;
  return (double)(i >> 11) / 9007199254740992.0;
}

// measure runs work once cold and then for each repetition. It returns the seconds of each.
template <typename F> static std::vector<double> measure(long reps, F work) {
  cudaEvent_t start, stop;
  MUST(cudaEventCreate(&start));
  MUST(cudaEventCreate(&stop));
  std::vector<double> seconds;
  for (long rep = -1; rep < reps; rep++) {
    MUST(cudaEventRecord(start));
    work();
    MUST(cudaGetLastError());
    MUST(cudaEventRecord(stop));
    MUST(cudaEventSynchronize(stop));
    float ms;
    MUST(cudaEventElapsedTime(&ms, start, stop));
    if (rep >= 0) seconds.push_back(ms / 1e3);
  }
  MUST(cudaEventDestroy(start));
  MUST(cudaEventDestroy(stop));
  return seconds;
}

static double total(const std::vector<double> &x) {
  double sum = 0;
  for (double v : x) sum += v;
  return sum;
}

static void report(const Options &o, const std::vector<double> &seconds, double items, double check) {
  for (double s : seconds)
    printf("{\"kernel\":\"%s\",\"precision\":\"%s\",\"n\":%ld,\"sweeps\":%ld,\"seconds\":%.9g,\"rate\":%.9g,\"check\":%.9g}\n",
           o.kernel, o.precision, o.n, o.sweeps, s, items / s, check);
}

template <typename T> static void check_force(long n, T eps2, const std::vector<Body<T>> &b, const std::vector<Acceleration<T>> &a) {
  const double tolerance = sizeof(T) == 4 ? 1e-4 : 1e-11;
  for (long i : {0L, n / 2, n - 1}) {
    double x = 0, y = 0, z = 0;
    for (long j = 0; j < n; j++) {
      const double dx = (double)b[j].x - b[i].x, dy = (double)b[j].y - b[i].y, dz = (double)b[j].z - b[i].z;
      const double r2 = dx * dx + dy * dy + dz * dz + (double)eps2, w = b[j].gm / (r2 * std::sqrt(r2));
      x += w * dx, y += w * dy, z += w * dz;
    }
    const double size = std::sqrt(x * x + y * y + z * z);
    const double off = std::fabs(a[i].x - x) + std::fabs(a[i].y - y) + std::fabs(a[i].z - z);
    if (!(off <= tolerance * (size + 1))) fail("force: the result is wrong");
  }
}

template <typename T> static void force(const Options &o) {
  const int n = (int)o.n;
  const T eps2 = (T)1e-4;
  std::vector<Body<T>> bodies(n);
  for (int i = 0; i < n; i++)
    bodies[i] = {(T)(2 * uniform(3L * i) - 1), (T)(2 * uniform(3L * i + 1) - 1), (T)(2 * uniform(3L * i + 2) - 1), (T)1 / n};
  Body<T> *in = allocate<Body<T>>(n);
  Acceleration<T> *out = allocate<Acceleration<T>>(n);
  MUST(cudaMemcpy(in, bodies.data(), n * sizeof bodies[0], cudaMemcpyHostToDevice));
  std::vector<double> best;
  auto attempt = [&](auto kernel, int targets) {
    const int blocks = (n + TILE * targets - 1) / (TILE * targets);
    auto seconds = measure(o.reps, [&] { kernel<<<blocks, TILE>>>(n, eps2, in, out); });
    std::vector<Acceleration<T>> result(n);
    MUST(cudaMemcpy(result.data(), out, n * sizeof result[0], cudaMemcpyDeviceToHost));
    check_force(n, eps2, bodies, result);
    if (best.empty() || total(seconds) < total(best)) best = seconds;
    return (double)result[n / 2].x;
  };
  attempt(accelerate<T, 1>, 1);
  attempt(accelerate<T, 2>, 2);
  const double check = attempt(accelerate<T, 4>, 4);
  report(o, best, (double)n * n, check);
  MUST(cudaFree(in));
  MUST(cudaFree(out));
}

// check_laplacian does the same sweeps on the host.
template <typename T> static void check_laplacian(long n, long sweeps, std::vector<T> u, const std::vector<T> &got, T residual) {
  std::vector<T> v = u;
  T most = 0;
  for (long s = 0; s < sweeps; s++) {
    most = 0;
    for (long i = 1; i < n - 1; i++)
      for (long j = 1; j < n - 1; j++) {
        const size_t k = (size_t)i * n + j;
        v[k] = (T)0.25 * (u[k - n] + u[k + n]) + (T)0.25 * (u[k - 1] + u[k + 1]);
        most = std::fmax(most, std::fabs(v[k] - u[k]));
      }
    std::swap(u, v);
  }
  const double tolerance = sizeof(T) == 4 ? 1e-3 : 1e-11;
  for (size_t k = 0; k < u.size(); k++)
    if (!(std::fabs(u[k] - got[k]) <= tolerance)) fail("laplacian: the result is wrong");
  if (!(std::fabs(most - residual) <= tolerance)) fail("laplacian: the residual is wrong");
}

template <typename T> static void laplacian(const Options &o) {
  const int n = (int)o.n;
  const size_t points = (size_t)n * n;
  std::vector<T> plate(points);
  for (long i = 0; i < n; i++)
    for (long j = 0; j < n; j++) {
      const bool inner = i > 0 && i < n - 1 && j > 0 && j < n - 1;
      plate[i * n + j] = (T)(i == 0 ? 100 : inner ? 100 * uniform(i * n + j) : 0);
    }
  T *u = allocate<T>(points), *v = allocate<T>(points), *most = allocate<T>(1);
  const dim3 blocks((n + ACROSS - 1) / ACROSS, (n + DOWN - 1) / DOWN), threads(ACROSS, DOWN);
  auto work = [&] {
    for (long s = 0; s < o.sweeps; s++) {
      if (s < o.sweeps - 1) {
        sweep<T, false><<<blocks, threads>>>(n, u, v, most);
      } else {
        MUST(cudaMemsetAsync(most, 0, sizeof(T)));
        sweep<T, true><<<blocks, threads>>>(n, u, v, most);
      }
      std::swap(u, v);
    }
  };
  auto reset = [&] {
    MUST(cudaMemcpy(u, plate.data(), points * sizeof(T), cudaMemcpyHostToDevice));
    MUST(cudaMemcpy(v, plate.data(), points * sizeof(T), cudaMemcpyHostToDevice));
  };
  T residual = 0;
  if (points * (size_t)o.sweeps <= 100000000) {
    reset();
    work();
    MUST(cudaGetLastError());
    std::vector<T> got(points);
    MUST(cudaMemcpy(got.data(), u, points * sizeof(T), cudaMemcpyDeviceToHost));
    MUST(cudaMemcpy(&residual, most, sizeof(T), cudaMemcpyDeviceToHost));
    check_laplacian(n, o.sweeps, plate, got, residual);
  }
  reset();
  const auto seconds = measure(o.reps, work);
  MUST(cudaMemcpy(&residual, most, sizeof(T), cudaMemcpyDeviceToHost));
  report(o, seconds, (double)points * o.sweeps, (double)residual);
  MUST(cudaFree(u));
  MUST(cudaFree(v));
  MUST(cudaFree(most));
}

static void copy(const Options &o) {
  char *a = allocate<char>(o.n), *b = allocate<char>(o.n);
  report(o, measure(o.reps, [&] { MUST(cudaMemcpyAsync(b, a, o.n, cudaMemcpyDeviceToDevice)); }), 2.0 * o.n, 0);
  MUST(cudaFree(a));
  MUST(cudaFree(b));
}

static void transfer(const Options &o, bool up) {
  char *device = allocate<char>(o.n);
  void *host;
  MUST(cudaMallocHost(&host, o.n));
  memset(host, 1, o.n);
  void *to = up ? device : host, *from = up ? host : device;
  const auto direction = up ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost;
  report(o, measure(o.reps, [&] { MUST(cudaMemcpyAsync(to, from, o.n, direction)); }), (double)o.n, 0);
  MUST(cudaFreeHost(host));
  MUST(cudaFree(device));
}

// describe prints the card, and the rate of pairs per second that its float32 lanes allow at 13 instructions per pair.
static void describe() {
  cudaDeviceProp p;
  MUST(cudaGetDeviceProperties(&p, 0));
  int khz;
  MUST(cudaDeviceGetAttribute(&khz, cudaDevAttrClockRate, 0));
  const int lanes = p.major < 8 || (p.major == 8 && p.minor == 0) ? 64 : 128; // of a multiprocessor
  printf("{\"device\":\"%s\",\"capability\":\"%d.%d\",\"multiprocessors\":%d,\"clock\":%.9g,\"memory\":%zu,\"force_bound_f32\":%.9g}\n",
         p.name, p.major, p.minor, p.multiProcessorCount, khz * 1e3, p.totalGlobalMem,
         (double)p.multiProcessorCount * lanes * khz * 1e3 / 13);
}

static long number(const char *text) {
  char *end;
  const double n = strtod(text, &end);
  if (*end || !(n >= 1 && n <= 2147483647)) fail("a number from 1 to 2147483647 was expected");
  return (long)n;
}

int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "device")) {
    describe();
    return 0;
  }
  if (argc < 4) {
    fprintf(stderr, "usage: peers device\n"
                    "       peers force|laplacian f32|f64 N [--sweeps=16] [--reps=5]\n"
                    "       peers copy|upload|download bytes N [--reps=5]\n");
    return 2;
  }
  Options o;
  o.kernel = argv[1], o.precision = argv[2], o.n = number(argv[3]);
  for (int i = 4; i < argc; i++) {
    if (!strncmp(argv[i], "--sweeps=", 9)) o.sweeps = number(argv[i] + 9);
    else if (!strncmp(argv[i], "--reps=", 7)) o.reps = number(argv[i] + 7);
    else fail("unknown option");
  }
  if (strcmp(o.kernel, "laplacian")) o.sweeps = 0;
  const struct {
    const char *kernel, *precision;
    void (*run)(const Options &);
  } cases[] = {
      {"force", "f32", force<float>},
      {"force", "f64", force<double>},
      {"laplacian", "f32", laplacian<float>},
      {"laplacian", "f64", laplacian<double>},
      {"copy", "bytes", copy},
      {"upload", "bytes", [](const Options &o) { transfer(o, true); }},
      {"download", "bytes", [](const Options &o) { transfer(o, false); }},
  };
  for (const auto &c : cases)
    if (!strcmp(c.kernel, o.kernel) && !strcmp(c.precision, o.precision)) {
      c.run(o);
      return 0;
    }
  fail("no such kernel and precision");
}
