"""The encoder: the same bytes everywhere, any script, near for near texts, and quick."""

from __future__ import annotations

import hashlib
import time

import numpy as np
import pytest

from mandi.student.encoder import DIMENSIONS, Encoder, words_of

TEXTS = [
    "Fair price for 20 tonnes of soybean in Indore, 11% moisture?",
    "20 टन सोयाबीन का इंदौर में उचित भाव क्या है?",
    "Should I sell my cotton in Rajkot this week or wait?",
]


def test_same_bytes_on_any_machine() -> None:
    digest = hashlib.sha256(Encoder().encode(TEXTS).tobytes()).hexdigest()
    assert digest == "0c64191c0f921db89634b69678c3097be28ce7829c19d74cacd3065d735407d2"


def test_rows_have_length_one_and_do_not_depend_on_each_other() -> None:
    together = Encoder().encode(TEXTS)
    assert together.shape == (3, DIMENSIONS) and together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-6)
    for row, text in zip(together, TEXTS, strict=True):
        assert np.array_equal(row, Encoder().encode([text])[0])


def test_texts_without_words() -> None:
    vectors = Encoder().encode(["", "  ?!", "x"])
    assert not vectors[:2].any() and np.isclose(np.linalg.norm(vectors[2]), 1.0)
    assert Encoder().encode([]).shape == (0, DIMENSIONS)


def test_one_text_is_not_a_sequence_of_letters() -> None:
    with pytest.raises(TypeError):
        Encoder().encode("soybean")


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("price of soybean in Indore today", "today's soybean price in Indore", "iron ore fines from Goa"),
        (
            "what is the price of cotton in Rajkot",
            "cotton price in Rajkot",
            "what is the risk in this contract",
        ),
        ("सोयाबीन का भाव इंदौर में", "इंदौर में सोयाबीन के भाव", "कपास की गुणवत्ता राजकोट"),
        ("1,200 quintals of wheat", "1200 quintal wheat", "450 bales of cotton"),
    ],
)
def test_near_texts_are_near(text: str, near: str, far: str) -> None:
    a, b, c = Encoder().encode([text, near, far])
    assert a @ b > 0.5 and a @ b > a @ c + 0.3


def test_unrelated_texts_are_about_orthogonal() -> None:
    draw = np.random.default_rng(3)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    texts = [" ".join("".join(draw.choice(letters, 7)) for _ in range(8)) for _ in range(200)]
    cosines = Encoder().encode(texts) @ Encoder().encode(texts).T
    away = cosines[~np.eye(200, dtype=bool)]
    assert abs(away.mean()) < 0.02 and away.std() < 0.1


def test_lone_surrogates_and_joiners_do_not_stop_it() -> None:
    assert Encoder().encode(["bad \ud800 text"]).shape == (1, DIMENSIONS)
    assert words_of("क्\u200dष") == words_of("क्ष")


def test_quick_enough_to_sit_before_every_call() -> None:
    encoder = Encoder()
    encoder.encode(TEXTS)
    took = []
    for _ in range(50):
        clock = time.perf_counter()
        encoder.encode(TEXTS[:1])
        took.append(time.perf_counter() - clock)
    assert min(took) < 0.4e-3
