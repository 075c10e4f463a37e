"""Where a training run was, kept aside, so that one that was killed goes on instead of anew.

One safetensors file per seed, written atomically after an epoch. It carries a fingerprint of all
that the run depends on and a checksum of its own; one that does not match is not used.
"""

import hashlib
import json
import logging
import shutil
import time
from pathlib import Path
from typing import Any

import torch

from blocklab.files import write_atomically
from blocklab.fingerprint import canonical_json
from blocklab.learner import Learner

log = logging.getLogger(__name__)

SHARE_OF_TIME = 0.02  # that saving may take of a run


class Checkpoints:
    """The checkpoints of one job, in a folder of their own."""

    def __init__(self, folder: str | Path, fingerprint: str) -> None:
        self.folder, self.fingerprint = Path(folder), fingerprint
        self._started = time.perf_counter()
        self._spent = self._longest = 0.0

    def resume(self, learner: Learner) -> None:
        """Put the learner where its checkpoint was, if there is one that fits; else do nothing."""
        path = self._path(learner)
        if not path.exists():
            return
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                notes = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if notes["fingerprint"] != self.fingerprint:
                log.warning("%s is of another config, data or code: starting anew", path)
                return
            if notes["sha256"] != _sha256(tensors, notes["history"]):
                raise ValueError("its checksum is wrong")
            history = json.loads(notes["history"])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            log.warning("%s cannot be used (%s): starting anew", path, str(error).splitlines()[0])
            return
        learner.restore(tensors)
        learner.history = history
        log.info("seed %d goes on after epoch %d", learner.seed, len(history))

    def save(self, learner: Learner) -> None:
        """Keep where the learner is, unless that would cost too much of the time so far.

        After the last epoch it is kept in any case: other seeds of the job may follow.
        """
        elapsed = time.perf_counter() - self._started
        last = len(learner.history) == learner.settings.epochs
        if not last and self._spent + self._longest > SHARE_OF_TIME * elapsed:
            return
        from safetensors.torch import save_file

        before = time.perf_counter()
        tensors = {name: value.cpu().contiguous() for name, value in learner.state().items()}
        history = json.dumps(learner.history)
        notes = {
            "fingerprint": self.fingerprint,
            "history": history,
            "sha256": _sha256(tensors, history),
        }
        with write_atomically(self._path(learner)) as temporary:
            save_file(tensors, temporary, metadata=notes)
        took = time.perf_counter() - before
        self._spent += took
        self._longest = max(self._longest, took)

    def clear(self) -> None:
        """Remove all of the job's checkpoints; call it when its results are written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, learner: Learner) -> Path:
        return self.folder / f"seed{learner.seed}.safetensors"


def fingerprint(run: Any) -> str:
    """Return the fingerprint of what a run depends on, as JSON can hold it, and of torch."""
    text = canonical_json([run, torch.__version__])
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(tensors: dict[str, torch.Tensor], history: str) -> str:
    digest = hashlib.sha256(history.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
