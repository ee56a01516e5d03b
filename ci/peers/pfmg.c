// hypre's geometric multigrid (PFMG) for the steady state of a square plate of N × N points, one edge at 100 and the
// others at 0, in float64. The ranks share the rows.
//
//   mpirun -n 2 pfmg N [--reps=5]
//
// Prints one JSON object per repetition. It ends at a residual of 1e-10 relative to the data, both in the 2-norm.
// "residual" is the largest change that would satisfy the equation of a point, relative to 100. "seconds" are those of
// the solution alone, "setup" those of its preparation.
#include <HYPRE_struct_ls.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOP 100.0
#define TOLERANCE 1e-10

// solver returns PFMG with the fastest of its settings here: one sweep of red-black Gauss-Seidel before and after, five
// points on all grids, and no relaxation where the coarsening goes on in the other direction.
static HYPRE_StructSolver solver(void) {
  HYPRE_StructSolver s;
  HYPRE_StructPFMGCreate(MPI_COMM_WORLD, &s);
  HYPRE_StructPFMGSetTol(s, TOLERANCE);
  HYPRE_StructPFMGSetMaxIter(s, 100);
  HYPRE_StructPFMGSetRelaxType(s, 3);
  HYPRE_StructPFMGSetRAPType(s, 1);
  HYPRE_StructPFMGSetSkipRelax(s, 1);
  HYPRE_StructPFMGSetNumPreRelax(s, 1);
  HYPRE_StructPFMGSetNumPostRelax(s, 1);
  HYPRE_StructPFMGSetZeroGuess(s);
  return s;
}

static HYPRE_StructVector vector(HYPRE_StructGrid grid) {
  HYPRE_StructVector v;
  HYPRE_StructVectorCreate(MPI_COMM_WORLD, grid, &v);
  HYPRE_StructVectorInitialize(v);
  HYPRE_StructVectorAssemble(v);
  return v;
}

static double now(void) {
  MPI_Barrier(MPI_COMM_WORLD);
  return MPI_Wtime();
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  int rank, ranks;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const int n = argc > 1 ? atoi(argv[1]) : 0, side = n - 2; // points inside
  const int reps = argc > 2 && !strncmp(argv[2], "--reps=", 7) ? atoi(argv[2] + 7) : 5;
  if (side < ranks || reps < 1) {
    if (!rank) fprintf(stderr, "usage: pfmg N [--reps=5]\n");
    MPI_Finalize();
    return 2;
  }
  HYPRE_Init();
  int low[2] = {0, (int)((long)side * rank / ranks)}, high[2] = {side - 1, (int)((long)side * (rank + 1) / ranks) - 1};
  const long points = (long)side * (high[1] - low[1] + 1);

  HYPRE_StructGrid grid;
  HYPRE_StructGridCreate(MPI_COMM_WORLD, 2, &grid);
  HYPRE_StructGridSetExtents(grid, low, high);
  HYPRE_StructGridAssemble(grid);
  int offsets[3][2] = {{0, 0}, {1, 0}, {0, 1}}, entries[3] = {0, 1, 2}; // the other two follow from symmetry
  HYPRE_StructStencil stencil;
  HYPRE_StructStencilCreate(2, 3, &stencil);
  for (int i = 0; i < 3; i++) HYPRE_StructStencilSetElement(stencil, i, offsets[i]);
  HYPRE_StructMatrix a;
  HYPRE_StructMatrixCreate(MPI_COMM_WORLD, grid, stencil, &a);
  HYPRE_StructMatrixSetSymmetric(a, 1);
  HYPRE_StructMatrixInitialize(a);
  double *values = malloc(3 * points * sizeof *values), *to = values;
  if (!values) MPI_Abort(MPI_COMM_WORLD, 1);
  for (int j = low[1]; j <= high[1]; j++)
    for (int i = 0; i < side; i++) *to++ = 4, *to++ = i < side - 1 ? -1 : 0, *to++ = j < side - 1 ? -1 : 0;
  HYPRE_StructMatrixSetBoxValues(a, low, high, 3, entries, values);
  HYPRE_StructMatrixAssemble(a);

  HYPRE_StructVector b = vector(grid), x = vector(grid), r = vector(grid);
  for (long k = 0; k < points; k++) values[k] = low[1] == 0 && k < side ? TOP : 0;
  HYPRE_StructVectorSetBoxValues(b, low, high, values);

  for (int rep = -1; rep < reps; rep++) { // the first one is cold and does not count
    HYPRE_StructVectorSetConstantValues(x, 0);
    double start = now();
    HYPRE_StructSolver s = solver();
    HYPRE_StructPFMGSetup(s, a, b, x);
    const double setup = now() - start;
    start = now();
    HYPRE_StructPFMGSolve(s, a, b, x);
    const double seconds = now() - start;
    int cycles;
    HYPRE_StructPFMGGetNumIterations(s, &cycles);
    HYPRE_StructPFMGDestroy(s);

    HYPRE_StructVectorGetBoxValues(b, low, high, values);
    HYPRE_StructVectorSetBoxValues(r, low, high, values);
    HYPRE_StructMatrixMatvec(-1, a, x, 1, r);
    HYPRE_StructVectorGetBoxValues(r, low, high, values);
    double most = 0, residual, check = 0, centre = 0;
    for (long k = 0; k < points; k++) most = fmax(most, fabs(values[k]));
    MPI_Reduce(&most, &residual, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    int middle[2] = {side / 2, side / 2};
    if (middle[1] >= low[1] && middle[1] <= high[1]) HYPRE_StructVectorGetValues(x, middle, &centre);
    MPI_Reduce(&centre, &check, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rep >= 0 && !rank)
      printf("{\"method\":\"pfmg\",\"n\":%d,\"ranks\":%d,\"seconds\":%.9g,\"setup\":%.9g,\"cycles\":%d,\"residual\":%.3g,"
             "\"check\":%.9g}\n", n, ranks, seconds, setup, cycles, residual / 4 / TOP, check);
  }
  free(values);
  HYPRE_StructMatrixDestroy(a), HYPRE_StructStencilDestroy(stencil), HYPRE_StructGridDestroy(grid);
  HYPRE_StructVectorDestroy(b), HYPRE_StructVectorDestroy(x), HYPRE_StructVectorDestroy(r);
  HYPRE_Finalize();
  MPI_Finalize();
  return 0;
}
