"""The three operations of the published server in PyTorch, for bench -torch.

State is a list of tensors shaped as the first line of standard input says, and each
operation goes over the list tensor by tensor, one out-of-place operation after another.
Each further line, "OPERATION THREADS CALLS", is answered by a line when that is done.
"""

import json
import sys

import torch

LR, BETA, N, ALPHA = 1e-3, 0.9, 16, 0.25

torch.manual_seed(3)
shapes = json.loads(sys.stdin.readline())
params, total, momentum, base, grads, globals_ = (
    [0.01 * torch.randn(s) for s in shapes] for _ in range(6)
)


def plain():
    for i in range(len(params)):
        total[i] = total[i] + grads[i]
        params[i] = params[i] - LR * (grads[i] / N)


def nth():
    for i in range(len(params)):
        total[i] = total[i] + grads[i]
        momentum[i] = BETA * momentum[i] + total[i] / N
        params[i] = params[i] - LR * (BETA * momentum[i] + grads[i] / N)
        total[i] = torch.zeros_like(total[i])


def merge():
    for i in range(len(params)):
        params[i] = (1 - ALPHA) * params[i] + ALPHA * globals_[i]
        base[i] = params[i].clone()


operations = {"plain": plain, "nth": nth, "merge": merge}
print(torch.__version__, flush=True)
with torch.no_grad():
    for line in sys.stdin:
        name, threads, calls = line.split()
        torch.set_num_threads(int(threads))
        for _ in range(int(calls)):
            operations[name]()
        print("done", flush=True)
