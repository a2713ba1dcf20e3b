#!/usr/bin/env python3
"""An elastic training of steps of 20 ms for Horovod, as io.kolo.perf.RecoveryBenchmark is one for Kolo.

Usage, under horovodrun: elastic_horovod.py STEPS BYTES; each rank prints time_ns,step,rank,size,pid after each step.
"""
import os
import sys
import time

import horovod.torch as hvd
import torch

STEP_S, FLOAT_BYTES = 0.02, 4


@hvd.elastic.run
def train(state, steps, gradient):
    while state.step < steps:
        time.sleep(STEP_S)
        hvd.allreduce_(gradient, op=hvd.Sum, name="gradient")
        state.step += 1
        # In one piece: ranks share a pipe.
        sys.stdout.write(f"{time.monotonic_ns()},{state.step},{hvd.rank()},{hvd.size()},{os.getpid()}\n")
        sys.stdout.flush()
        state.commit()


if __name__ == "__main__":
    hvd.init()
    torch.set_num_threads(1)
    train(hvd.elastic.TorchState(step=0), int(sys.argv[1]), torch.zeros(int(sys.argv[2]) // FLOAT_BYTES))
