"""Optuna searches the hyper-parameters of a run file, with any number of processes.

    pip install optuna
    python search.py --trials 20            # as often at once as there are cores
    python search.py --show                 # the best so far

All processes share one study, which is in the file of --study. It may be on a
network file system: then the processes may be on many machines. A process that
is killed loses its trial and nothing else, and a later one goes on.
"""

import argparse
import json
import math
import pathlib
import string
import subprocess
import tempfile

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

HERE = pathlib.Path(__file__).parent


def values(trial):
    """The search space: a value for every $name in the template."""
    return {
        "local_steps": trial.suggest_categorical("local_steps", [1, 2, 4, 8]),
        "max_lr": trial.suggest_float("max_lr", 1e-3, 3e-2, log=True),
        "local_mass": trial.suggest_float("local_mass", 0.5, 2, log=True),
        "global_mass": trial.suggest_float("global_mass", 0.7, 3, log=True),
        "accumulate": trial.suggest_categorical("accumulate", [1, 4, 16]),
        "merge_weight": trial.suggest_categorical("merge_weight", [0.1, 0.25, 0.5]),
    }


def simulate(halos, template, found):
    """The loss at the end of a run with these values, infinite if it diverged."""
    with tempfile.TemporaryDirectory() as folder:
        run, result = pathlib.Path(folder, "run.yaml"), pathlib.Path(folder, "result.json")
        run.write_text(string.Template(template.read_text()).substitute(found))
        done = subprocess.run([halos, "sim", "--result", result, run], capture_output=True, text=True)
        if done.returncode == 2:  # the run file makes no sense
            raise SystemExit(done.stderr)
        if done.returncode != 0 and "diverged" not in done.stderr:
            raise RuntimeError(done.stderr)  # this trial failed
        if not result.exists():  # a run that diverged may have none
            return math.inf
        loss = json.loads(result.read_text())["loss"]
        return math.inf if loss is None or done.returncode != 0 else loss


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--halos", default="halos", help="the program (default: %(default)s)")
    flags.add_argument("--run", type=pathlib.Path, default=HERE / "run.yaml", help="the template of a run file (default: %(default)s)")
    flags.add_argument("--study", default="study.log", help="the file that the processes share (default: %(default)s)")
    flags.add_argument("--trials", type=int, default=20, help="trials of this process (default: %(default)s)")
    flags.add_argument("--show", action="store_true", help="print the best trial and run none")
    args = flags.parse_args()

    study = optuna.create_study(
        study_name=args.run.stem,
        storage=JournalStorage(JournalFileBackend(args.study)),
        load_if_exists=True,
        # Trials of the other processes that still run count as bad ones, so that
        # two processes do not try the same.
        sampler=optuna.samplers.TPESampler(constant_liar=True),
    )
    if not args.show:
        study.optimize(
            lambda trial: simulate(args.halos, args.run, values(trial)),
            n_trials=args.trials,
            catch=RuntimeError,
        )
    best = study.best_trial
    print(f"best of {len(study.trials)}: trial {best.number}, loss {best.value:.6g}, {best.params}")


if __name__ == "__main__":
    main()
