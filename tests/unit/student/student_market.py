"""A small world for the student's tests: questions about prices with facts, and sentences with a direction."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from mandi.datasets.rows import Example, Part

CROPS = ("cotton", "wheat", "maize", "soybean", "tur", "chana")
PLACES = ("Rajkot", "Indore", "Akola", "Kota", "Guntur")
ASKED = (
    "What is the price of {crop} in {place}?",
    "How much does {crop} cost at {place} today?",
    "Tell me the {crop} rate in {place}",
    "{place} {crop} price please",
    "At what price does {crop} sell in {place} now?",
)
TOLD = (
    "{Crop} in {place}: about ₹{price} per quintal, likely between ₹{low} and ₹{high}.",
    "Expect ₹{price} for a quintal of {crop} at {place} ({low} to {high}).",
)
ARRIVALS = (
    "How many tonnes of {crop} will arrive in {place}?",
    "{crop} arrivals at {place}, next month",
    "Arrivals of {crop} in {place}?",
)
COMES = "{Crop} arrivals in {place}: {tonnes} tonnes in 30 days."
WAYS = {
    "up": (
        "{} rises on strong buying",
        "mills lift {} to a new high",
        "{} gains as stocks shrink",
        "rally in {} goes on",
    ),
    "down": (
        "{} falls on weak demand",
        "traders dump {} at a loss",
        "{} slips as arrivals swell",
        "slump of {} deepens",
    ),
    "flat": (
        "{} holds steady",
        "{} ends unchanged in quiet trade",
        "no change in {} prices",
        "{} stays in its range",
    ),
}
THINGS = (
    "gold",
    "silver",
    "copper",
    "cotton",
    "wheat",
    "maize",
    "jute",
    "rubber",
    "pepper",
    "turmeric",
    "sugar",
    "coffee",
    "tea",
    "castor",
    "guar",
)
START = datetime(2024, 1, 1, tzinfo=UTC)


def grouped(value: float) -> str:
    """Return a number below a lakh with its comma."""
    return f"{value:,.0f}"


def facts_of(crop: str, place: str, price: float, tonnes: float) -> dict[str, Any]:
    """Return findings about a crop in a place."""
    asked = {"commodity": crop, "place": place, "days": 30}
    return {
        "findings": {
            "price": {"standing": "answered", "answer": {
                "predicted_price": price, "lower_bound_95": price * 0.94, "upper_bound_95": price * 1.07, "asked": asked,
            }},
            "demand": {"standing": "answered", "answer": {"total_demand": tonnes, "forecast_days": 30, "asked": asked}},
        },
        "language": "en",
    }  # fmt: skip


def chat(
    count: int = 120, seed: int = 0, noise: float = 0.0, part: Part = "train", first: int = 0
) -> list[Example]:
    """Return accepted answers about prices and arrivals; ``noise`` of them tell the wrong kind of figure."""
    draw = np.random.default_rng(seed)
    found = []
    for number in range(count):
        crop, place = str(draw.choice(CROPS)), str(draw.choice(PLACES))
        price, tonnes = float(draw.integers(2000, 9000)) + 0.4, float(draw.integers(100, 99000)) + 0.2
        of_price = bool(draw.random() < 0.6)
        question = str(draw.choice(ASKED if of_price else ARRIVALS)).format(crop=crop, place=place)
        of_price ^= bool(draw.random() < noise)
        told = str(draw.choice(TOLD)) if of_price else COMES
        answer = told.format(
            crop=crop, Crop=crop.capitalize(), place=place, price=grouped(price), low=grouped(price * 0.94),
            high=grouped(price * 1.07), tonnes=grouped(tonnes),
        )  # fmt: skip
        found.append(
            example("chat", question, answer, facts_of(crop, place, price, tonnes), first + number, part)
        )
    return found


def directions(part: Part = "train", first: int = 1000, things: tuple[str, ...] = THINGS) -> list[Example]:
    """Return sentences with the direction a price takes; one cluster a thing."""
    found = []
    for k, thing in enumerate(things):
        for label, ways in WAYS.items():
            for way in ways:
                facts = {"labels": ["up", "down", "flat"], "text": way.format(thing)}
                made = example(
                    "classification",
                    f"Classify: {facts['text']}",
                    f'{{"label":"{label}"}}',
                    facts,
                    first + len(found),
                    part,
                )
                found.append(replace(made, cluster=10_000 + first + k))
    return found


def example(task: str, question: str, answer: str, facts: dict[str, Any], number: int, part: Part) -> Example:
    """Return an sft example."""
    return Example(
        f"e{number:06d}", "sft", task, ({"role": "user", "content": question},), answer, START + timedelta(days=number % 300),
        (f"g{number}",), f"p{number % 50}", "granted", "own", "generated", gold=True, facts=facts, language="en",
        intent="price", cluster=number, part=part,
    )  # fmt: skip
