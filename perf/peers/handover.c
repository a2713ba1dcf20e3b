// How far two cores are apart: each of two threads copies 128 KiB to where the other one takes them, both at once, as
// ranks with private buffers do. Prints what such an exchange takes, in us, a window after the other; on a virtual
// machine that changes as its cores are moved.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BYTES = 128 << 10, CHUNKS = 4, ROUNDS = 50, WINDOWS = 40 };

static _Alignas(4096) char handed[2][CHUNKS][BYTES];
static struct {
  _Alignas(128) atomic_long count;
} came[2];

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (pthread_setaffinity_np(pthread_self(), sizeof set, &set)) {
    fprintf(stderr, "core %d may not be used\n", core);
    exit(1);
  }
}

static void meet(int core, long time) {
  atomic_store_explicit(&came[core].count, time, memory_order_release);
  while (atomic_load_explicit(&came[1 - core].count, memory_order_acquire) < time) {
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void *exchange(void *which) {
  static _Alignas(4096) char own[2][CHUNKS][BYTES];
  int core = which != 0;
  long time = 0;
  pin(core);
  for (int window = 0; window < WINDOWS; window++) {
    double start = now();
    for (int i = 0; i < ROUNDS * CHUNKS; i++) {
      memcpy(handed[core][i % CHUNKS], own[core][i % CHUNKS], BYTES);
      meet(core, ++time);
      memcpy(own[core][i % CHUNKS], handed[1 - core][i % CHUNKS], BYTES);
    }
    if (core == 0) {
      printf("%.1f ", (now() - start) / (ROUNDS * CHUNKS) * 1e6);
    }
  }
  return 0;
}

int main(void) {
  pthread_t other;
  if (pthread_create(&other, 0, exchange, &came)) {
    perror("a thread");
    return 1;
  }
  exchange(0);
  pthread_join(other, 0);
  printf("us an exchange of 128 KiB each way\n");
}
