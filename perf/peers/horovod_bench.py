#!/usr/bin/env python3
"""The benchmark of io.kolo.perf.CollectiveBenchmark for Horovod: the same buffers, the same order of steps, the same figures.

Usage, under horovodrun: horovod_bench.py MIN_BYTES MAX_BYTES FACTOR; rank 0 prints bytes,operations,min_us,median_us,p99_us
for each size.
"""
import sys
import time

import horovod.torch as hvd
import torch

FLOAT_BYTES = 4
PERIOD = 1024


def rewrite(buffer, pattern):
    whole = buffer.numel() // PERIOD * PERIOD
    buffer[:whole].view(whole // PERIOD, PERIOD).copy_(pattern)
    buffer[whole:].copy_(pattern[:buffer.numel() - whole])


def measure(buffer, pattern, operations):
    name = f"all-reduce of {buffer.numel()}"
    times_us = torch.empty(operations, dtype=torch.float64)
    for i in range(operations):
        rewrite(buffer, pattern)
        hvd.barrier()
        start_ns = time.perf_counter_ns()
        hvd.allreduce_(buffer, op=hvd.Sum, name=name)
        times_us[i] = (time.perf_counter_ns() - start_ns) / 1e3
    return times_us


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: horovod_bench.py MIN_BYTES MAX_BYTES FACTOR")
    size, maximum, factor = map(int, sys.argv[1:])
    hvd.init()
    torch.set_num_threads(1)
    pattern, buffer = (torch.arange(PERIOD) * (hvd.rank() + 1)).float(), torch.empty(maximum // FLOAT_BYTES)
    expected = (torch.arange(buffer.numel()) % PERIOD * (hvd.size() * (hvd.size() + 1) // 2)).float()
    while size <= maximum:
        count, operations = size // FLOAT_BYTES, min(max((8 << 30) // size, 20), 10000)
        measure(buffer[:count], pattern, operations // 10 + 2)
        times_us = measure(buffer[:count], pattern, operations)
        wrong = (buffer[:count] != expected[:count]).sum().item()
        if wrong:
            sys.exit(f"{wrong} wrong elements of {size} bytes on rank {hvd.rank()}")
        slowest = hvd.allgather(times_us[None], name=f"times of {count}").amax(0).sort().values.tolist()
        if hvd.rank() == 0:
            print(f"{size},{operations},{slowest[0]:.3f},{slowest[operations // 2]:.3f},"
                  f"{slowest[operations * 99 // 100]:.3f}", flush=True)
        size *= factor
    hvd.shutdown()


if __name__ == "__main__":
    main()
