// The benchmark of io.kolo.perf.CollectiveBenchmark for MPI: the same buffers, the same order of steps, the same figures.
// Usage: allreduce MIN_BYTES MAX_BYTES FACTOR; prints bytes,operations,min_us,median_us,p99_us for each size.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD 1024

static int ascending(const void *a, const void *b) {
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static void rewrite(float *buffer, const float *pattern, long bytes) {
    for (long at = 0, all = PERIOD * sizeof(float); at < bytes; at += all) {
        memcpy((char *) buffer + at, pattern, bytes - at < all ? bytes - at : all);
    }
}

static void measure(float *buffer, const float *pattern, long bytes, long operations, double *times_us) {
    for (long i = 0; i < operations; i++) {
        rewrite(buffer, pattern, bytes);
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        MPI_Allreduce(MPI_IN_PLACE, buffer, bytes / sizeof(float), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        times_us[i] = (MPI_Wtime() - start) * 1e6;
    }
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc != 4) {
        fprintf(stderr, "usage: allreduce MIN_BYTES MAX_BYTES FACTOR\n");
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    long min = atol(argv[1]), max = atol(argv[2]), factor = atol(argv[3]);
    float *buffer = aligned_alloc(64, max), pattern[PERIOD];
    for (long i = 0; i < PERIOD; i++) {
        pattern[i] = (float) (i * (rank + 1));
    }
    for (long bytes = min; bytes <= max; bytes *= factor) {
        long operations = (8L << 30) / bytes;
        operations = operations < 20 ? 20 : operations > 10000 ? 10000 : operations;
        double *times_us = malloc(operations * sizeof(double));
        measure(buffer, pattern, bytes, operations / 10 + 2, times_us);
        measure(buffer, pattern, bytes, operations, times_us);
        long wrong = 0;
        for (long i = 0; i < bytes / (long) sizeof(float); i++) {
            wrong += buffer[i] != (float) (i % PERIOD) * (size * (size + 1) / 2);
        }
        if (wrong > 0) {
            fprintf(stderr, "%ld wrong elements of %ld bytes on rank %d\n", wrong, bytes, rank);
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
        MPI_Allreduce(MPI_IN_PLACE, times_us, operations, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
        qsort(times_us, operations, sizeof(double), ascending);
        if (rank == 0) {
            printf("%ld,%ld,%.3f,%.3f,%.3f\n", bytes, operations, times_us[0], times_us[operations / 2],
                   times_us[operations * 99 / 100]);
        }
        free(times_us);
    }
    MPI_Finalize();
    return 0;
}
