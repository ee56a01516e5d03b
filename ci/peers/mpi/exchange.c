/* The time in which two ranks send each other a message, at best of twenty rounds: what cluster's transport is measured
   against. Build with mpicc -O2, run with two ranks. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	static const int sizes[] = {8, 1024, 65536, 1 << 20};
	int rank;
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	for (int i = 0; i < 4; i++) {
		int n = sizes[i];
		char *out = calloc(n, 1), *in = calloc(n, 1);
		double best = 1e9;
		for (int round = 0; round < 20; round++) {
			double start = MPI_Wtime();
			for (int k = 0; k < 200; k++) {
				MPI_Request r[2];
				MPI_Status done[2];
				MPI_Isend(out, n, MPI_BYTE, 1 - rank, 5, MPI_COMM_WORLD, &r[0]);
				MPI_Irecv(in, n, MPI_BYTE, 1 - rank, 5, MPI_COMM_WORLD, &r[1]);
				MPI_Waitall(2, r, done);
			}
			double took = (MPI_Wtime() - start) / 200;
			best = took < best ? took : best;
		}
		if (rank == 0)
			printf("c   %8d bytes %9.2f us\n", n, 1e6 * best);
		free(out);
		free(in);
	}
	MPI_Finalize();
	return 0;
}
