"""A conditional random field over the words of a line: learns labels, and tells how sure it is of each."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pycrfsuite

OUTSIDE = "O"
SURE = 0.93
"""A word is left alone only if the field is this sure that it is no part of a name or an address.

Chosen on four folds of our own sentences, each tagged by a field that had not learnt from them: against .90, names found rise by .004 and
texts of trade altered by .002 with names of the part ``learn`` (.011 and .000 with those of ``hold``); .95 alters another .006. Before that .95
was tried on the generated log, where it spoilt answers of one word; their list was added then.
"""


def learn(
    features: Sequence[Sequence[Sequence[str]]],
    labels: Sequence[Sequence[str]],
    c1: float = 0.05,
    c2: float = 0.05,
    rounds: int = 80,
) -> bytes:
    """Fit a field and return it as the bytes of a CRFsuite model; the same lines give the same bytes.

    Parameters
    ----------
    features, labels : sequence of sequences
        Of each line, of each word.
    c1, c2 : float
        Penalties on the size and the square of weights.
    rounds : int
        Steps of the optimiser at most.
    """
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False)
    for line, told in zip(features, labels, strict=True):
        trainer.append(line, told)
    trainer.select("lbfgs")
    trainer.set_params({"c1": c1, "c2": c2, "max_iterations": rounds, "feature.possible_transitions": True})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        trainer.train(str(path))
        return path.read_bytes()


class Field:
    """A fitted field.

    Parameters
    ----------
    model : bytes
        As ``learn`` returns it; it is read as data, nothing in it runs.
    """

    def __init__(self, model: bytes) -> None:
        import pycrfsuite

        self._tagger: pycrfsuite.Tagger = pycrfsuite.Tagger()
        self._model = model  # CRFsuite reads from these bytes as long as the tagger lives
        self._tagger.open_inmemory(self._model)
        self.labels: tuple[str, ...] = tuple(label for label in self._tagger.labels() if label != OUTSIDE)
        self._one_at_a_time = threading.Lock()

    @property
    def features(self) -> frozenset[str]:
        """Return the features that have a weight."""
        return frozenset(name for name, _ in self._tagger.info().state_features)

    def __call__(self, line: Sequence[Sequence[str]], sure: float = SURE) -> list[str]:
        """Return the label of each word: the likeliest that is not ``O`` unless ``O`` is as likely as ``sure``."""
        told = []
        with self._one_at_a_time:
            tagger = self._tagger
            tagger.set(line)
            for k in range(len(line)):
                outside = tagger.marginal(OUTSIDE, k)
                if outside >= sure:
                    told.append(OUTSIDE)
                elif len(self.labels) == 1:
                    told.append(self.labels[0])
                else:
                    told.append(max(self.labels, key=lambda label: tagger.marginal(label, k)))
        return told
