"""The updates of updates.py in one pass each, in Triton. Importing this needs Triton."""

import triton
import triton.language as tl

import updates as u

SHAPES = [(1024, 4), (4096, 8)]  # elements of a program, and its warps


@triton.jit
def delayed_plain(P, D, G, n, lr, steps, BLOCK: tl.constexpr):
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    ok = i < n
    g = tl.load(G + i, ok).to(tl.float32)
    p = tl.load(P + i, ok) - lr * (g / steps)
    d = tl.load(D + i, ok) + g
    tl.store(P + i, p, ok)
    tl.store(D + i, d, ok)


@triton.jit
def delayed_step(P, M, D, G, n, lr, steps, beta, coef, BLOCK: tl.constexpr):
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    ok = i < n
    g = tl.load(G + i, ok)
    p = tl.load(P + i, ok)
    m = beta * tl.load(M + i, ok) + (tl.load(D + i, ok) + g) / steps
    tl.store(M + i, m, ok)
    tl.store(P + i, p - lr * (coef * m + g / steps), ok)


@triton.jit
def nesterov(P, B, G, n, lr, mu, BLOCK: tl.constexpr):
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    ok = i < n
    g = tl.load(G + i, ok)
    p = tl.load(P + i, ok)
    b = mu * tl.load(B + i, ok) + g
    tl.store(B + i, b, ok)
    tl.store(P + i, p - lr * (g + mu * b), ok)


@triton.jit
def adam_w(P, M, V, G, n, beta1, c1, beta2, c2, eps, keep, step, root, BLOCK: tl.constexpr):
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    ok = i < n
    g = tl.load(G + i, ok)
    p = tl.load(P + i, ok)
    m = beta1 * tl.load(M + i, ok) + c1 * g
    v = beta2 * tl.load(V + i, ok) + c2 * g * g
    tl.store(M + i, m, ok)
    tl.store(V + i, v, ok)
    tl.store(P + i, keep * p - (step * m) / (tl.sqrt(v) / root + eps), ok)


@triton.jit
def mix_base(Y, BASE, X, n, keep, a, BLOCK: tl.constexpr):
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    ok = i < n
    z = keep * tl.load(Y + i, ok) + a * tl.load(X + i, ok)
    tl.store(Y + i, z, ok)
    tl.store(BASE + i, z, ok)


@triton.jit
def delta(DST, X, Y, n, BLOCK: tl.constexpr):
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    ok = i < n
    tl.store(DST + i, tl.load(X + i, ok) - tl.load(Y + i, ok), ok)


NUMBERS = {
    "delayedPlain": (delayed_plain, u.LR, float(u.N)),
    "delayedPlainBFloat16": (delayed_plain, u.LR, float(u.N)),
    "delayedStep": (delayed_step, u.LR, float(u.N), u.BETA, u.COEF),
    "nesterov": (nesterov, u.LR, u.MU),
    "adamW": (adam_w, u.BETA1, 1 - u.BETA1, u.BETA2, 1 - u.BETA2, u.EPS, u.KEEP, u.ADAM_LR / u.BIAS1, u.ROOT),
    "mixBase": (mix_base, 1 - u.SHARE, u.SHARE),
    "delta": (delta,),
}


def run(name, shape, *vectors):
    """Queues one update of these vectors."""
    kernel, *numbers = NUMBERS[name]
    block, warps = shape
    n = vectors[0].numel()
    kernel[(triton.cdiv(n, block),)](*vectors, n, *numbers, BLOCK=block, num_warps=warps)
