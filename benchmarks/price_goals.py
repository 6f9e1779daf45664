"""Goals of the price benchmark, set before it was first run, from a study on the same files."""

from __future__ import annotations

SKILL = {
    "soybean": {"1d": 0.15, "7d": 0.125, "30d": 0.055, "60d": 0.035},
    "tur": {"1d": 0.09, "7d": 0.065, "30d": 0.05, "60d": 0.04},
    "cotton": {"1d": 0.10, "7d": 0.06, "30d": 0.045, "60d": 0.05},
    "soybean-2025": {"1d": 0.12, "7d": 0.08, "30d": 0.0},
    "cotton-2025": {"1d": 0.12, "7d": 0.08, "30d": 0.0},
}
WORST_QUARTER = {"soybean": 0.0, "tur": -0.02, "cotton": -0.02}
SCORE_RATIO = {"1d": 0.75, "7d": 0.82, "30d": 1.0, "60d": 1.0}
COVERAGE = {
    "1d": ("0.885..0.915", "0.935..0.965"),
    "7d": ("0.885..0.915", "0.935..0.965"),
    "30d": (">= 0.88", ">= 0.93"),
    "60d": (">= 0.88", ">= 0.93"),
}


def _goals() -> dict[str, dict[str, str]]:
    goals: dict[str, dict[str, str]] = {}
    for crop, steps in SKILL.items():
        for step, bar in steps.items():
            case = goals.setdefault(f"{crop}/{step}", {"skill": f">= {bar}"})
            if crop not in WORST_QUARTER:
                continue
            case["skill_worst_quarter"] = f">= {WORST_QUARTER[crop]}"
            ratio = 1.1 if crop == "tur" and step in ("30d", "60d") else SCORE_RATIO[step]
            case["coverage90"], case["coverage95"] = COVERAGE[step]
            case["interval_score_ratio90"] = case["interval_score_ratio95"] = f"<= {ratio}"
    goals["soybean/now"] = {"mae": "<= 62", "r2": ">= 0.92"}
    return goals


GOALS = _goals()
