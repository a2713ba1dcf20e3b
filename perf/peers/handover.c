// How far two cores are apart: one thread fills 32 KiB, another copies them, again and again. Prints what a handover
// takes, in us, a window after the other; on a virtual machine that changes as its cores are moved.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BYTES = 32768, ROUNDS = 2000, WINDOWS = 40 };

static _Alignas(4096) char handed[BYTES];
static _Alignas(128) atomic_long filled;
static _Alignas(128) atomic_long copied;

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (pthread_setaffinity_np(pthread_self(), sizeof set, &set)) {
    fprintf(stderr, "core %d may not be used\n", core);
    exit(1);
  }
}

static void *copy(void *unused) {
  static _Alignas(4096) char own[BYTES];
  pin(1);
  for (long i = 1; i <= (long)ROUNDS * WINDOWS; i++) {
    while (atomic_load_explicit(&filled, memory_order_acquire) < i) {
    }
    memcpy(own, handed, BYTES);
    atomic_store_explicit(&copied, i, memory_order_release);
  }
  return unused;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(void) {
  static _Alignas(4096) char own[BYTES];
  pthread_t copier;
  pthread_create(&copier, 0, copy, 0);
  pin(0);
  long i = 1;
  for (int window = 0; window < WINDOWS; window++) {
    double start = now();
    for (int round = 0; round < ROUNDS; round++, i++) {
      memcpy(handed, own, BYTES);
      atomic_store_explicit(&filled, i, memory_order_release);
      while (atomic_load_explicit(&copied, memory_order_acquire) < i) {
      }
    }
    printf("%.1f ", (now() - start) / ROUNDS * 1e6);
  }
  printf("us a handover of 32 KiB\n");
  pthread_join(copier, 0);
  return 0;
}
