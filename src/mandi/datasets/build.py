"""Makes a version of the datasets from what people said of answers: assembled, cleaned, looked over, parted."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ContractError
from mandi.datasets.assemble import assemble
from mandi.datasets.clean import Cleaned, clean
from mandi.datasets.files import content
from mandi.datasets.frozen import FrozenSet
from mandi.datasets.leaks import check_leaks
from mandi.datasets.parting import Parted, parted
from mandi.datasets.personal import Looked, without_personal_data
from mandi.datasets.rows import Example
from mandi.datasets.settings import DatasetParams

if TYPE_CHECKING:
    from pandas import DataFrame

SHOWN = 5


@dataclass(frozen=True)
class Built:
    """A version of the datasets before it is written.

    Attributes
    ----------
    version : str
        Digest of what the examples say, their parts included.
    left_out : dict of str to int
        Answers of which nothing is learned, by reason.
    assembled : dict of str to int
        Purpose to examples before cleaning.
    """

    version: str
    examples: list[Example]
    frozen: tuple[FrozenSet, ...]
    left_out: dict[str, int]
    assembled: dict[str, int]
    cleaned: Cleaned
    looked: Looked
    parted: Parted

    def counts(self) -> dict[str, Any]:
        """Return what became of the answers, step by step, as plain data."""
        return {
            "left_out": self.left_out,
            "assembled": self.assembled,
            "faults": self.cleaned.faults,
            "conflicts": self.cleaned.conflicts,
            "duplicates": self.cleaned.duplicates,
            "near_duplicates": self.cleaned.near_duplicates,
            "personal_data": self.looked.found,
            "in_no_part": self.parted.out,
            "kept": round(self.parted.kept, 6),
            "examples": sizes(self.examples),
        }


def build(
    labelled: DataFrame,
    feedback: DataFrame,
    tutor_pairs: DataFrame,
    params: DatasetParams,
    frozen: Sequence[FrozenSet] = (),
) -> Built:
    """Make a version; the same for the same frames in any order.

    Parameters
    ----------
    labelled, feedback, tutor_pairs : DataFrame
        Frames LABELLED, FEEDBACK and TUTOR_PAIRS.
    params : DatasetParams
    frozen : sequence of FrozenSet
        Of the version before.

    Returns
    -------
    Built

    Raises
    ------
    ContractError
        Something leaks between the parts: a fault of the split, never to be passed over.
    """
    made = assemble(labelled, feedback, tutor_pairs, params.choosing)
    wanted = [e for e in made.examples if e.purpose in params.purposes]
    looked = without_personal_data(wanted)
    cleaned = clean(looked.examples, params.cleaning, [i for s in frozen for i in s.ids])
    done = parted(cleaned.examples, params.splitting, frozen)
    leaks = check_leaks(
        done.examples, near=params.cleaning.near, ngram=params.splitting.ngram,
        windows=[(s.start, s.end) for s in done.frozen],
    )  # fmt: skip
    if leaks:
        raise ContractError(
            f"{len(leaks)} leaks between the parts: {'; '.join(map(str, leaks[:SHOWN]))}", allowed="none"
        )
    assembled = dict(sorted(Counter(str(e.purpose) for e in wanted).items()))
    return Built(
        version_of(done.examples), done.examples, done.frozen, made.left_out, assembled, cleaned, looked, done
    )


def version_of(examples: Sequence[Example]) -> str:
    """Return the digest of what examples say, 16 letters.

    Examples
    --------
    >>> len(version_of([]))
    16
    """
    whole = hashlib.sha256()
    for line in content(examples):
        whole.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return whole.hexdigest()[:16]


def sizes(examples: Sequence[Example]) -> dict[str, dict[str, dict[str, int]]]:
    """Return how many examples there are: purpose to task to part to number."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for key, number in sorted(Counter((e.purpose, e.task, e.part) for e in examples).items()):
        purpose, task, part = key
        found.setdefault(purpose, {}).setdefault(task, {})[part] = number
    return found


def enough(new: int, examples: Mapping[str, Any], params: DatasetParams, first: bool) -> tuple[bool, str]:
    """Return whether a version is worth learning from, and a sentence that says why.

    Parameters
    ----------
    new : int
        Opinions that the version before did not hold.
    examples : mapping
        ``sizes`` of the version.
    params : DatasetParams
    first : bool
        There is no version before.

    Examples
    --------
    >>> enough(12, {"sft": {"chat": {"train": 400}}}, DatasetParams(), first=False)
    (False, '12 new opinions, and it takes 50')
    """
    most = max((parts.get("train", 0) for parts in examples.get("sft", {}).values()), default=0)
    if most < params.min_examples:
        return False, f"{most} training examples of the largest task, and it takes {params.min_examples}"
    if not first and new < params.min_new:
        return False, f"{new} new opinions, and it takes {params.min_new}"
    return True, f"{new} new opinions"
