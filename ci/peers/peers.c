// Straightforward C: gravity, Jacobi sweeps and test particles with OpenMP, compiled with gcc -O3 -march=native -ffast-math -fopenmp.
//
//   peers force|laplacian|leapfrog f32|f64 N [--sweeps=16] [--reps=5] [--residual=last|every]
//
// Prints one JSON object per repetition, with the seconds of the work alone. OMP_NUM_THREADS sets the threads.
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

struct options {
  const char *kernel, *precision;
  long n, sweeps, reps;
  int every; // compute the residual after every sweep, not only the last
};

// allocate returns memory for count elements, aligned for vectors. Pages are mapped at the first touch.
static void *allocate(size_t count, size_t size) {
  size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  void *p = aligned_alloc(ALIGNMENT, bytes);
  if (!p) {
    fprintf(stderr, "peers: no memory for %zu bytes\n", bytes);
    exit(1);
  }
  return p;
}

// uniform returns a number in [0, 1) that depends only on i.
static double uniform(unsigned long i) {
  i = (i + 1) * 0x9e3779b97f4a7c15UL;
  i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9UL;
  return (double)(i >> 11) * 0x1p-53;
}

static void report(const struct options *o, double seconds, double rate, double check) {
  printf("{\"kernel\":\"%s\",\"precision\":\"%s\",\"n\":%ld,\"sweeps\":%ld,\"threads\":%d,"
         "\"seconds\":%.9g,\"rate\":%.9g,\"check\":%.9g}\n",
         o->kernel, o->precision, o->n, o->sweeps, omp_get_max_threads(), seconds, rate, check);
}

#define T float
#define NAME(f) f##_f32
#define SQRT sqrtf
#define FABS fabsf
#include "kernels.h"
#undef T
#undef NAME
#undef SQRT
#undef FABS

#define T double
#define NAME(f) f##_f64
#define SQRT sqrt
#define FABS fabs
#include "kernels.h"

static long number(const char *text) {
  char *end;
  long n = (long)strtod(text, &end);
  if (*end || n < 1) {
    fprintf(stderr, "peers: %s is not a number of at least 1\n", text);
    exit(2);
  }
  return n;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: peers force|laplacian|leapfrog f32|f64 N [--sweeps=16] [--reps=5] [--residual=last|every]\n");
    return 2;
  }
  struct options o = {.kernel = argv[1], .precision = argv[2], .n = number(argv[3]), .sweeps = 16, .reps = 5};
  for (int i = 4; i < argc; i++) {
    if (!strncmp(argv[i], "--sweeps=", 9)) o.sweeps = number(argv[i] + 9);
    else if (!strncmp(argv[i], "--reps=", 7)) o.reps = number(argv[i] + 7);
    else if (!strcmp(argv[i], "--residual=every")) o.every = 1;
    else if (strcmp(argv[i], "--residual=last")) {
      fprintf(stderr, "peers: what is %s?\n", argv[i]);
      return 2;
    }
  }
  int force = !strcmp(o.kernel, "force"), leapfrog = !strcmp(o.kernel, "leapfrog"), single = !strcmp(o.precision, "f32");
  if ((!force && !leapfrog && strcmp(o.kernel, "laplacian")) || (!single && strcmp(o.precision, "f64"))) {
    fprintf(stderr, "peers: no kernel %s in %s\n", o.kernel, o.precision);
    return 2;
  }
  if (force) o.sweeps = 0;
  void (*run)(const struct options *) =
      force ? (single ? force_f32 : force_f64) : leapfrog ? (single ? leapfrog_f32 : leapfrog_f64) : (single ? laplacian_f32 : laplacian_f64);
  run(&o);
  return 0;
}
