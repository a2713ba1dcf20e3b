#!/usr/bin/env python3
"""An elastic training of steps of 20 ms for torchrun, which starts all ranks anew when one is lost: they go on from a file.

Usage: elastic_torchrun.py STEPS BYTES FILE RANKS; each rank prints time_ns,step,rank,size,pid after each step. It launches
itself as torchrun would, since Debian's torch 1.13 can't read torchrun's own options under Python 3.11.
"""
import os
import pathlib
import sys
import time

import torch
import torch.distributed as dist
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

STEP_S, FLOAT_BYTES = 0.02, 4


def train():
    steps, checkpoint = int(sys.argv[1]), pathlib.Path(sys.argv[3])
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    gradient = torch.zeros(int(sys.argv[2]) // FLOAT_BYTES)
    step = int(checkpoint.read_text()) if checkpoint.exists() else 0
    while step < steps:
        time.sleep(STEP_S)
        dist.all_reduce(gradient)
        step += 1
        # In one piece: ranks share a pipe.
        sys.stdout.write(f"{time.monotonic_ns()},{step},{dist.get_rank()},{dist.get_world_size()},{os.getpid()}\n")
        sys.stdout.flush()
        if dist.get_rank() == 0:
            checkpoint.with_suffix(".new").write_text(str(step))
            checkpoint.with_suffix(".new").replace(checkpoint)


def launch():
    config = LaunchConfig(min_nodes=1, max_nodes=1, nproc_per_node=int(sys.argv[4]), max_restarts=3, monitor_interval=0.1,
                          rdzv_backend="c10d", rdzv_endpoint="localhost:0", run_id="recover")
    elastic_launch(config, sys.executable)(*sys.argv)


if __name__ == "__main__":
    train() if "LOCAL_RANK" in os.environ else launch()
