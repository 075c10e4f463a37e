"""Where a training run was, kept aside, so that one that was killed goes on instead of anew.

One safetensors file per seed, written atomically after an epoch. It carries a fingerprint of all
that the run depends on and a checksum of its own; one that does not match is not used.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from blocklab.errors import UserError
from blocklab.files import digest
from blocklab.tensors import Damaged, load_tensors, save_tensors
from blocklab.training.learner import Learner

log = logging.getLogger(__name__)

SHARE_OF_TIME = 0.02  # that saving may take of a run


class Checkpoints:
    """The checkpoints of one job, in a folder of their own.

    cost: returns what this process has cost so far; its wall_seconds tell which of two is later.
    costs: what every process that did a part of the job and was killed had cost by its last save.
    resumed: the epochs, by seed, that those had done.
    """

    def __init__(
        self,
        folder: str | Path,
        fingerprint: str,
        cost: Callable[[], dict[str, float]] = lambda: {"wall_seconds": time.perf_counter()},
    ) -> None:
        self.folder, self.fingerprint = Path(folder), fingerprint
        self.costs: list[dict[str, float]] = []
        self.resumed: dict[int, int] = {}
        self._cost = cost
        self._can_save = True
        self._started = time.perf_counter()
        self._spent = self._longest = 0.0

    def resume(self, learner: Learner) -> None:
        """Put the learner where its checkpoint was, if there is one that fits; else do nothing."""
        path = self._path(learner)
        if not path.exists():
            return
        try:
            tensors, notes = load_tensors(path)
        except Damaged as error:
            log.warning("%s cannot be used (%s): starting anew", path, error)
            return
        if notes["fingerprint"] != self.fingerprint:
            log.warning("%s is of another config, data or code: starting anew", path)
            return
        learner.restore(tensors)
        learner.history = json.loads(notes["history"])
        self.resumed[learner.seed] = len(learner.history)
        self.costs = max(self.costs, notes["costs"], key=_moment)
        log.info("seed %d goes on after epoch %d", learner.seed, len(learner.history))

    def save(self, learner: Learner) -> None:
        """Keep where the learner is, unless that would cost too much of the time so far.

        After the last epoch it is kept in any case: other seeds of the job may follow. What cannot
        be written is one warning and no more, because the training is in no need of it.
        """
        if not self._can_save:
            return
        elapsed = time.perf_counter() - self._started
        last = len(learner.history) == learner.settings.epochs
        if not last and self._spent + self._longest > SHARE_OF_TIME * elapsed:
            return
        before = time.perf_counter()
        notes = {
            "fingerprint": self.fingerprint,
            "history": json.dumps(learner.history),  # which may hold NaN
            "costs": [*self.costs, self._cost()],
        }
        try:
            save_tensors(self._path(learner), learner.state(), notes)
        except (OSError, UserError) as error:
            log.warning("no more checkpoints, a killed run would start anew: %s", error)
            self._can_save = False
        took = time.perf_counter() - before
        self._spent += took
        self._longest = max(self._longest, took)

    def clear(self) -> None:
        """Remove all of the job's checkpoints; call it when its results are written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, learner: Learner) -> Path:
        return self.folder / f"seed{learner.seed}.safetensors"


def _moment(costs: list[dict[str, float]]) -> tuple[int, float]:
    """Return what later costs have more of: processes, and time in the last one."""
    return len(costs), costs[-1]["wall_seconds"] if costs else 0.0


def fingerprint(run: Any) -> str:
    """Return the fingerprint of what a run depends on, as JSON can hold it, and of torch."""
    return digest([run, torch.__version__])
