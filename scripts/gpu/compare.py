#!/usr/bin/env python3
"""Times the updates of package kernels as PyTorch does them, on the card that PyTorch finds.

Each update runs eagerly, by torch._foreach, by torch.compile and by Triton, and AdamW by
torch.optim's fused one too. What a machine lacks is left out, with the reason. Every result
is checked against the formula in float64 before it is timed.

Prints a line for each, with tabs between the fields, and a table. On a machine without a GPU
it runs on the processor, to test its arithmetic; the times then mean nothing.

The exit status is 1 if a result was wrong.
"""

import argparse
import functools
import json
import os
import statistics
import sys
import time

import torch

from updates import UPDATES, adam_w_of_torch

WARM, LAUNCHES = 5, 20
WRONG = 1e-6  # of a result's norm: several roundings of float32
HOWS = ["eager", "foreach", "compile", "triton", "fused"]


class Absent(Exception):
    """This way to do an update is not there."""


def ways(how, update):
    """Returns functions of an update's vectors, each of which returns what runs it once on them."""
    if how == "fused" or update.eager is None and how in ("eager", "foreach"):
        if update.name != "adamW":
            raise Absent("PyTorch has it for AdamW only")
        return [optimizer(how)]
    if how == "compile":
        return [compiled(update.formula)]
    if how == "triton":
        return tritoned(update)
    f = getattr(update, how)
    if f is None:
        raise Absent("the eager form is one call already")
    return [lambda *vs: functools.partial(f, *vs)]


def optimizer(how):
    options = {"fused": True} if how == "fused" else {"foreach": how == "foreach"}
    return lambda *vs: adam_w_of_torch(*vs, **options)


def compiled(formula):
    if not hasattr(torch, "compile"):
        raise Absent("PyTorch " + torch.__version__ + " has no torch.compile")
    torch._dynamo.reset()  # it counts recompilations by code, and this code is one for all updates

    @torch.compile(fullgraph=True, dynamic=False)
    def run(*vs):
        for old, new in zip(vs, formula(*vs)):
            old.copy_(new)

    return lambda *vs: functools.partial(run, *vs)


def tritoned(update):
    if not torch.cuda.is_available():
        raise Absent("needs a GPU")
    try:
        import tritons
    except ImportError as e:
        raise Absent(str(e)) from e
    return [functools.partial(functools.partial, tritons.run, update.name, shape) for shape in tritons.SHAPES]


def error(update, make, n, device):
    """Runs once on new vectors; the largest relative error of a vector that changes."""
    vs = update.vectors(n, device)
    wants = update.formula(*[v.double() for v in vs])
    if update.unread is not None:
        vs[update.unread].fill_(-1.2345e33)  # all of it must be written
    make(*vs)()
    errors = [((v.double() - want).norm() / want.norm()).item() for v, want in zip(vs, wants)]
    return max(e if e == e else float("inf") for e in errors)


def median_ms(runs, device):
    """The median time of a run, by turns those of runs."""
    mark = cuda_mark if device == "cuda" else host_mark
    marks = []
    for i in range(WARM + LAUNCHES):
        begin = mark()
        runs[i % len(runs)]()
        marks.append((begin, mark()))
    if device != "cuda":
        return statistics.median(1e3 * (end - begin) for begin, end in marks[WARM:])
    torch.cuda.synchronize()
    return statistics.median(begin.elapsed_time(end) for begin, end in marks[WARM:])


def cuda_mark():
    event = torch.cuda.Event(enable_timing=True)
    event.record()
    return event


host_mark = time.perf_counter


def measure(how, update, n, device):
    """The fastest of the ways, and the error of the worst."""
    best, wrong = float("inf"), 0.0
    for make in ways(how, update):
        wrong = max(wrong, error(update, make, n, device))
        runs = [make(*update.vectors(n, device)) for _ in range(2)]
        best = min(best, median_ms(runs, device))
    return {"ms": best, "GBps": update.bytes * n / best / 1e6, "error": wrong}


def copy(n, device):
    pairs = [(torch.empty(n, device=device), torch.randn(n, device=device)) for _ in range(2)]
    ms = median_ms([functools.partial(x.copy_, y) for x, y in pairs], device)
    return {"ms": ms, "GBps": 8 * n / ms / 1e6}


class Report:
    """What was measured so far. It is on disk after every addition, for a run that is cut short."""

    def __init__(self, path, device):
        self.path = path
        self.all = {
            "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "triton": version("triton"),
            "warm": WARM,
            "launches": LAUNCHES,
            "results": [],
        }

    def add(self, update, how, n, result):
        self.all["results"].append({"update": update, "how": how, "n": n, **result})
        fields = [f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in result.items()]
        print("GPU", "compare", update, f"n={n}", f"how={how}", *fields, sep="\t", flush=True)
        if self.path:
            with open(self.path + ".new", "w", encoding="utf-8") as f:
                json.dump(self.all, f, indent=1)
            os.replace(self.path + ".new", self.path)

    def wrong(self):
        return [r for r in self.all["results"] if not r.get("error", 0) < WRONG]

    def table(self):
        """One row for each update and size: milliseconds."""
        cells = {(r["update"], r["n"], r["how"]): r for r in self.all["results"]}
        rows = list(dict.fromkeys((r["update"], r["n"]) for r in self.all["results"]))
        hows = ["copy"] + HOWS
        lines = ["| update | n | " + " | ".join(hows) + " |", "| --- | --: " + "| --: " * len(hows) + "|"]
        for update, n in rows:
            ms = [cells.get((update, n, h), {}).get("ms") for h in hows]
            lines.append(f"| {update} | {n} | " + " | ".join("" if x is None else f"{x:.3f}" for x in ms) + " |")
        return "\n".join(lines)


def version(name):
    try:
        return __import__(name).__version__
    except ImportError:
        return None


def arguments():
    device = "cuda" if torch.cuda.is_available() else "cpu"
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = [2**28, 2**26] if device == "cuda" else [2**16 + 3]
    a.add_argument("--size", type=int, action="append", help=f"elements of a vector, may be repeated ({sizes})")
    a.add_argument("--json", help="file for all that was measured")
    a.add_argument("--seconds", type=float, default=600, help="what is not begun by then is left out (600)")
    args = a.parse_args()
    args.device, args.size = device, args.size or sizes
    return args


def main():
    args = arguments()
    end = time.monotonic() + args.seconds
    torch.manual_seed(time.time_ns() % 2**31)  # fresh numbers in each run
    report = Report(args.json, args.device)
    for n in args.size:
        report.add("copy", "copy", n, copy(n, args.device))
        for update in UPDATES:
            for how in HOWS:
                if how == "fused" and update.name != "adamW":
                    continue
                report.add(update.name, how, n, tried(how, update, n, args.device, end))
    print(report.table())
    for r in report.wrong():
        print(f"wrong: {r['update']} by {r['how']}: relative error {r['error']:.1e}", file=sys.stderr)
    return 1 if report.wrong() else 0


def tried(how, update, n, device, end):
    """measure, or why there is nothing to measure. Another library's failure ends nothing."""
    if time.monotonic() > end:
        return {"why": "no time left"}
    try:
        return measure(how, update, n, device)
    except Exception as e:  # pylint: disable=broad-except
        why = str(e) if isinstance(e, Absent) else f"{type(e).__name__}: {e}"
        return {"why": " ".join(why.split())[:200]}
    finally:
        if device == "cuda":
            torch.cuda.empty_cache()


if __name__ == "__main__":
    sys.exit(main())
