"""The updates that compare.py times: for each, its formula and how one writes it in PyTorch.

A formula takes the vectors and returns the new values of those that change, the first
ones. It is the comment of the Go function of the same name. The same formula in float64
is the reference, and in float32 it is what torch.compile is given.
"""

from dataclasses import dataclass
from typing import Callable

import torch

# The numbers of a call are those that the Go tests use for their timings.
LR, N, BETA, C, MU, SHARE = 0.7, 4, 0.9, 0.1, 0.9, 0.25
COEF = (1 - C * N + C) * BETA
ADAM_LR, BETA1, BETA2, EPS, DECAY, STEP = 1e-3, 0.9, 0.999, 1e-8, 0.01, 10
KEEP, BIAS1, ROOT = 1 - ADAM_LR * DECAY, 1 - BETA1**STEP, (1 - BETA2**STEP) ** 0.5


@dataclass
class Update:
    name: str
    scales: tuple  # of the vectors' random numbers; the second of AdamW's moments is positive
    changed: int  # so many vectors change, the first ones
    bytes: int  # that a parameter takes if each vector is read once and written once
    formula: Callable
    eager: Callable = None  # None: as torch.optim does it
    foreach: Callable = None
    packed: bool = False  # the last vector is bfloat16
    unread: int = None  # the one that is written and not read

    def vectors(self, n, device):
        """New random vectors of n elements."""
        vs = [torch.randn(n, device=device).mul_(s) for s in self.scales]
        if self.name == "adamW":
            vs[2].square_()
        if self.packed:
            vs[-1] = vs[-1].bfloat16()
        return vs


def plain(p, d, g):
    g = g.to(p.dtype)
    return p - LR * (g / N), d + g


def plain_eager(p, d, g):
    d.add_(g)
    p.add_(g, alpha=-LR / N)


def plain_foreach(p, d, g):
    torch._foreach_add_([d], [g])
    torch._foreach_add_([p], [g], alpha=-LR / N)


def step(p, m, d, g):
    m = BETA * m + (d + g) / N
    return p - LR * (COEF * m + g / N), m


def step_eager(p, m, d, g):
    d.add_(g)
    m.mul_(BETA).add_(d, alpha=1 / N)
    p.add_(m, alpha=-LR * COEF).add_(g, alpha=-LR / N)


def step_foreach(p, m, d, g):
    torch._foreach_add_([d], [g])
    torch._foreach_mul_([m], BETA)
    torch._foreach_add_([m], [d], alpha=1 / N)
    torch._foreach_add_([p], [m], alpha=-LR * COEF)
    torch._foreach_add_([p], [g], alpha=-LR / N)


def nesterov(p, buf, g):
    buf = MU * buf + g
    return p - LR * (g + MU * buf), buf


def nesterov_eager(p, buf, g):
    buf.mul_(MU).add_(g)
    p.add_(g.add(buf, alpha=MU), alpha=-LR)  # as torch.optim.SGD does it, with a vector more


def nesterov_foreach(p, buf, g):
    torch._foreach_mul_([buf], MU)
    torch._foreach_add_([buf], [g])
    torch._foreach_add_([p], torch._foreach_add([g], [buf], alpha=MU), alpha=-LR)


def adam_w(p, m, v, g):
    m = BETA1 * m + (1 - BETA1) * g
    v = BETA2 * v + (1 - BETA2) * g * g
    return KEEP * p - (ADAM_LR / BIAS1 * m) / (v.sqrt() / ROOT + EPS), m, v


def adam_w_of_torch(p, m, v, g, **how):
    """torch.optim.AdamW over these very vectors, before its step number STEP."""
    own = torch.nn.Parameter(p)
    own.grad = g
    opt = torch.optim.AdamW([own], lr=ADAM_LR, betas=(BETA1, BETA2), eps=EPS, weight_decay=DECAY, **how)
    at = p.device if how.get("fused") else "cpu"
    opt.state[own] = {"step": torch.tensor(float(STEP - 1), device=at), "exp_avg": m, "exp_avg_sq": v}
    return opt.step


def mix_base(y, base, x):
    y = (1 - SHARE) * y + SHARE * x
    return y, y


def mix_base_eager(y, base, x):
    y.lerp_(x, SHARE)
    base.copy_(y)


def mix_base_foreach(y, base, x):
    torch._foreach_mul_([y], 1 - SHARE)
    torch._foreach_add_([y], [x], alpha=SHARE)
    base.copy_(y)


def delta(dst, x, y):
    return (x - y,)


def delta_eager(dst, x, y):
    torch.sub(x, y, out=dst)


UPDATES = [
    Update("delayedPlain", (1, 0.01, 0.1), 2, 20, plain, plain_eager, plain_foreach),
    Update("delayedStep", (1, 0.1, 0.01, 0.1), 2, 24, step, step_eager, step_foreach),
    Update("delayedPlainBFloat16", (1, 0.01, 0.1), 2, 18, plain, plain_eager, plain_foreach, packed=True),
    Update("nesterov", (1, 0.1, 0.1), 2, 20, nesterov, nesterov_eager, nesterov_foreach),
    Update("adamW", (1, 0.1, 0.1, 0.1), 3, 28, adam_w),
    Update("mixBase", (1, 1, 1), 2, 16, mix_base, mix_base_eager, mix_base_foreach, unread=1),
    Update("delta", (1, 1, 1), 1, 12, delta, delta_eager, unread=0),
]
