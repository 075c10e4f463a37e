"""Where a training run was, kept aside, so that one that was killed goes on instead of anew.

One safetensors file beside each seed's results, written atomically after every epoch. It carries
a digest of all that the run depends on and a checksum of its own; one that does not match is not
used.
"""

import json
import logging
from pathlib import Path
from typing import Any

import torch

from blocklab.errors import UserError
from blocklab.files import digest
from blocklab.tensors import Damaged, load_tensors, save_tensors
from blocklab.training.learner import Learner

log = logging.getLogger(__name__)


class Checkpoints:
    """The checkpoints of one job, each in the folder of its seed in a network's `folder`.

    depends_on: all that the run depends on besides the seed and torch's version; what JSON can
    hold. It does not matter which seeds a job trains together.
    resumed: the epochs, by seed, that processes had done which were killed.
    """

    def __init__(self, folder: str | Path, depends_on: Any) -> None:
        self.folder = Path(folder)
        self.resumed: dict[int, int] = {}
        self._depends_on = [depends_on, torch.__version__]
        self._paths: list[Path] = []
        self._can_save = True

    def resume(self, learner: Learner) -> None:
        """Put the learner where its checkpoint was, if there is one that fits; else do nothing."""
        path = self._path(learner)
        self._paths.append(path)
        if not path.exists():
            return
        try:
            tensors, notes = load_tensors(path)
        except Damaged as error:
            log.warning("%s cannot be used (%s): starting anew", path, error)
            return
        if notes["depends_on"] != self._digest(learner):
            log.warning("%s is of another config, data or code: starting anew", path)
            return
        learner.restore(tensors)
        learner.history = json.loads(notes["history"])
        self.resumed[learner.seed] = len(learner.history)
        log.info("seed %d goes on after epoch %d", learner.seed, len(learner.history))

    def save(self, learner: Learner) -> None:
        """Keep where the learner is.

        What cannot be written is one warning and no more: the training is in no need of it.
        """
        if not self._can_save:
            return
        # As text, because the history may hold NaN.
        notes = {"depends_on": self._digest(learner), "history": json.dumps(learner.history)}
        try:
            save_tensors(self._path(learner), learner.state(), notes)
        except (OSError, UserError) as error:
            log.warning("no more checkpoints, a killed run would start anew: %s", error)
            self._can_save = False

    def clear(self) -> None:
        """Remove the checkpoints of the seeds that were trained; call it when all is written."""
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _digest(self, learner: Learner) -> str:
        return digest([*self._depends_on, learner.seed])

    def _path(self, learner: Learner) -> Path:
        return self.folder / f"seed{learner.seed}" / "checkpoint.safetensors"
