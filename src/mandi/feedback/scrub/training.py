"""Makes the shipped tagger again from invented sentences: ``python -m mandi.feedback.scrub.training``."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from mandi.feedback.scrub.invented import Inventor
from mandi.feedback.scrub.names import MODEL, silent_words, split
from mandi.feedback.scrub.naming.gazetteer import CROPS, Gazetteer, known_people
from mandi.feedback.scrub.naming.look_of_words import Looks, tokens
from mandi.feedback.scrub.naming.sentences import Sentences
from mandi.feedback.scrub.naming.tagger import OUTSIDE, learn
from mandi.feedback.scrub.rules import Rules

SEED = 20_240_601
SENTENCES = 6_000
BATCHES = 6


def train(count: int = SENTENCES, seed: int = SEED, rounds: int = 60) -> bytes:
    """Return the model, fitted to ``count`` invented sentences of the part ``learn``.

    In each batch half of the listed names and crops are missing from the lists, so that what stands around a word, and how it is
    built, counts as much as whether it is well known.
    """
    given, surnames, places = known_people()
    rng, rules, silent = random.Random(f"lists/{seed}"), Rules(), silent_words()
    features, labels = [], []
    for batch in range(BATCHES):
        lists = {
            name: rng.sample(words, len(words) // 2)
            for name, words in (("given", given), ("family", surnames), ("town", places), ("crop", CROPS))
        }
        looks = Looks(Gazetteer(lists), silent)
        for text, marked in Sentences(seed + batch, Inventor(seed + batch)).draw(count // BATCHES):
            for sequence in split(text, tokens(text, [(s.start, s.end, "SEEN") for s in rules.find(text)])):
                features.append(looks(sequence))
                labels.append([_label(token.start, token.end, marked) for token in sequence])
    return learn(features, labels, c1=0.3, c2=0.02, rounds=rounds)


def _label(start: int, end: int, marked: tuple[tuple[int, int, str], ...]) -> str:
    return next((label for a, b, label in marked if a < end and start < b), OUTSIDE)


def main(path: Path = MODEL) -> None:
    """Train and write the file of the package."""
    model = train()
    path.write_bytes(model)
    sys.stdout.write(f"{path.name}: {len(model):,} bytes\n")


if __name__ == "__main__":
    main()
