"""The towers find partners never seen, answer a row alone as in a batch, and need no torch once saved."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mandi.core.errors import ContractError, NotFitted
from mandi.models.ranking.two_tower import TwoTower, TwoTowerParams, cosine
from mandi.models.ranking.two_tower_door import PARITY, Net, to_net
from mandi.models.ranking.two_tower_nets import Nets, make_nets, train_nets

SMALL = TwoTowerParams(
    embedding_dim=16, hidden=32, epochs=25, batch=40, hard=4, hard_pool=10, learning_rate=5e-3
)


def market(seed: int, count: int = 160) -> tuple[np.ndarray, np.ndarray]:
    """Both sides see the same three hidden numbers through other mixtures, with gaps and a column of noise."""
    mix = np.random.default_rng(99).normal(size=(3, 11))
    draw = np.random.default_rng(seed)
    hidden = draw.normal(size=(count, 3))
    seen = hidden @ mix + draw.normal(0, 0.05, (count, 11))
    left, right = np.hstack([seen[:, :5], draw.normal(size=(count, 1))]), seen[:, 5:].copy()
    right[draw.random(count) < 0.1, 0] = np.nan
    return left, right


def top(towers: TwoTower, left: np.ndarray, right: np.ndarray, k: int) -> float:
    near = towers.embed_left(left) @ towers.embed_right(right).T
    return float(((near > near.diagonal()[:, None]).sum(axis=1) < k).mean())


@pytest.fixture(scope="module")
def towers() -> TwoTower:
    left, right = market(1)
    return TwoTower(SMALL).fit(left, right, np.column_stack([np.arange(160)] * 2))


def test_finds_partners_of_records_never_seen(towers: TwoTower) -> None:
    left, right = market(2)
    assert top(towers, left, right, 5) > 0.5  # chance is 5 in 160
    assert towers.losses[-1] < 0.6 * towers.losses[0]
    wrong = np.roll(np.arange(160), 7)
    assert (towers.score(left, right) > towers.score(left, right[wrong])).mean() > 0.85


def test_partners_at_random_teach_nothing() -> None:
    left, right = market(1)
    pairs = np.column_stack([np.arange(160), np.random.default_rng(0).permutation(160)])
    assert top(TwoTower(replace(SMALL, epochs=8)).fit(left, right, pairs), *market(2), 5) < 0.2


def test_a_row_alone_is_answered_as_in_a_batch(towers: TwoTower) -> None:
    left, right = market(3)
    one, other, score = towers.embed_left(left), towers.embed_right(right), towers.score(left, right)
    assert score.min() >= 0.0 and score.max() <= 1.0
    np.testing.assert_allclose(np.linalg.norm(one, axis=1), 1.0, atol=1e-5)
    for i in (0, 1, 17, 159):
        assert (towers.embed_left(left[[i]])[0] == one[i]).all()
        assert towers.score(left[[i]], right[[i]])[0] == score[i]
    turned = np.random.default_rng(0).permutation(160)
    assert (towers.embed_right(right[turned]) == other[turned]).all()
    assert (towers.cosine(left[turned], right[turned]) == towers.cosine(left, right)[turned]).all()
    np.testing.assert_allclose(cosine(one, other), (one * other).sum(axis=1), atol=1e-6)
    assert towers.embed_left(left[:0]).shape == (0, 16) and towers.score(left[:0], right[:0]).shape == (0,)


def test_same_seed_same_towers_and_the_caller_keeps_his_dice() -> None:
    import torch

    left, right = market(1, 60)
    pairs = np.column_stack([np.arange(40)] * 2)
    quick = replace(SMALL, epochs=2)
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    first = TwoTower(quick).fit(left, right, pairs)
    assert torch.equal(before, torch.get_rng_state()) and threads == torch.get_num_threads()
    torch.manual_seed(6)
    again = TwoTower(quick).fit(left, right, pairs)
    assert {n: net.content for n, net in first.nets.items()} == {
        n: net.content for n, net in again.nets.items()
    }
    ready = left.astype(np.float32)
    losses = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        nets = make_nets((6, 6), quick)
        losses.append(train_nets(nets, ready, ready, pairs, None, replace(quick, seed=seed), lambda _: None))
    assert losses[0] == losses[1] != losses[2]


def test_known_partners_are_never_pushed_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every left belongs to every right: with known ones masked nothing is left to learn in either direction."""
    import torch

    p = replace(SMALL, epochs=2, scorer_weight=0.0, weight_decay=0.0)
    left, right = (side.astype(np.float32) for side in market(1, 6))
    right = np.nan_to_num(right)
    pairs = np.stack(np.meshgrid(np.arange(6), np.arange(6)), axis=-1).reshape(-1, 2)
    torch.manual_seed(0)
    nets = make_nets((left.shape[1], right.shape[1]), p)
    assert train_nets(nets, left, right, pairs, None, p, lambda _: None) == pytest.approx(
        [0.0, 0.0], abs=1e-5
    )
    fewer = pairs[pairs[:, 0] != pairs[:, 1]]
    assert train_nets(nets, left, right, fewer, None, p, lambda _: None)[0] > 0.1


def test_given_negatives_are_the_only_hard_ones() -> None:
    """The second number alone tells a given wrong partner from the right one; chance partners do not show it."""
    draw = np.random.default_rng(0)
    kind = draw.integers(0, 200, 200) / 50.0
    left = np.column_stack([kind, np.zeros(200)])
    right = np.vstack([np.column_stack([kind, np.ones(200)]), np.column_stack([kind, -np.ones(200)])])
    pairs = np.column_stack([np.arange(200)] * 2)
    wrong = np.column_stack([np.arange(200), np.arange(200, 400)])
    taught = TwoTower(replace(SMALL, epochs=10)).fit(left, right, pairs, negatives=wrong)
    assert (taught.score(left, right[:200]) > taught.score(left, right[200:])).mean() > 0.95


def test_shared_tower_and_a_side_without_partners() -> None:
    left, _ = market(1)
    near = left + np.random.default_rng(0).normal(0, 0.05, left.shape)
    pairs = np.column_stack([np.arange(100)] * 2)
    towers = TwoTower(replace(SMALL, shared=True, epochs=5)).fit(left, near, pairs)
    assert (towers.embed_left(left) == towers.embed_right(left)).all()
    assert top(towers, left[100:], near[100:], 1) > 0.8
    with pytest.raises(ContractError, match="columns left"):
        TwoTower(replace(SMALL, shared=True)).fit(left, near[:, 1:], pairs)


def test_saved_towers_answer_the_same_without_torch(towers: TwoTower, tmp_path: Path) -> None:
    left, right = market(4)
    towers.save(tmp_path)
    np.savez(tmp_path / "rows.npz", left=left, right=right)
    code = (
        "import sys, numpy as np\nfrom pathlib import Path\nfrom mandi.models.ranking.two_tower import TwoTower\n"
        "folder = Path(sys.argv[1])\nrows = np.load(folder / 'rows.npz')\n"
        "score = TwoTower.load(folder).score(rows['left'], rows['right'])\n"
        "np.save(folder / 'score.npy', score)\nassert 'torch' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (np.load(tmp_path / "score.npy") == towers.score(left, right)).all()
    again = tmp_path / "again"
    again.mkdir()
    TwoTower.load(tmp_path).save(again)
    assert all(
        (again / f.name).read_bytes() == f.read_bytes()
        for f in tmp_path.glob("*.*")
        if f.suffix in {".onnx", ".json"}
    )


def test_damaged_files_are_refused(towers: TwoTower, tmp_path: Path) -> None:
    towers.save(tmp_path)
    whole = (tmp_path / "scorer.onnx").read_bytes()
    (tmp_path / "scorer.onnx").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ContractError, match="scorer.onnx"):
        TwoTower.load(tmp_path)
    (tmp_path / "scorer.onnx").unlink()
    with pytest.raises(ContractError, match="scorer.onnx"):
        TwoTower.load(tmp_path)
    (tmp_path / "scorer.onnx").write_bytes(whole)
    state = json.loads((tmp_path / "two_tower.json").read_text())
    (tmp_path / "two_tower.json").write_text(json.dumps(state | {"format": "two-tower/9"}))
    with pytest.raises(ContractError, match="two-tower/9"):
        TwoTower.load(tmp_path)
    with pytest.raises(ContractError, match="no network"):
        Net(b"nothing").run(rows=np.zeros((1, 2)))


def test_odd_input_is_refused(towers: TwoTower) -> None:
    left, right = market(1)
    with pytest.raises(NotFitted):
        TwoTower().embed_left(left)
    with pytest.raises(ContractError, match="5 columns"):
        towers.embed_left(left[:, 1:])
    with pytest.raises(ContractError, match="infinite"):
        towers.embed_left(left * np.inf)
    with pytest.raises(ContractError, match="not there"):
        TwoTower(SMALL).fit(left, right, [[0, 160]])
    with pytest.raises(ContractError, match="no pair"):
        TwoTower(SMALL).fit(left, right, np.empty((0, 2)))
    with pytest.raises(ContractError, match="rows left"):
        towers.score(left, right[1:])
    with pytest.raises(ContractError, match="inputs"):
        towers.nets["scorer"].run(rows=left)


@pytest.fixture(scope="module")
def both() -> tuple[TwoTower, Nets]:
    """Towers and the torch networks they were written from."""
    kept: list[Nets] = []

    def noted(*given: Any) -> Nets:
        kept.append(make_nets(*given))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mandi.models.ranking.two_tower.make_nets", noted)
        left, right = market(1, 60)
        left[::7, 2] = np.nan
        fitted = TwoTower(replace(SMALL, epochs=5)).fit(left, right, np.column_stack([np.arange(60)] * 2))
    return fitted, kept[0].eval()


def edge(kind: str, rows: np.ndarray) -> np.ndarray:
    """Return rows as nobody would ask them."""
    if kind == "a single row":
        return rows[:1]
    if kind == "duplicated rows":
        return np.repeat(rows[:3], 4, axis=0)
    value = {"all missing": np.nan, "zeros": 0.0, "far above": 1e12, "far below": -1e12}[kind]
    return np.full_like(rows[:3], value)


@pytest.mark.parametrize(
    "kind", ["all missing", "zeros", "far above", "far below", "a single row", "duplicated rows"]
)
def test_onnx_answers_like_torch_at_the_edges(both: tuple[TwoTower, Nets], kind: str) -> None:
    import torch

    towers, nets = both
    sides = dict(zip(("left", "right"), (edge(kind, rows) for rows in market(5, 20)), strict=True))
    inputs = {side: torch.from_numpy(towers.scales[side].apply(rows)) for side, rows in sides.items()}
    with torch.no_grad():
        points = {side: getattr(nets, side)(rows) for side, rows in inputs.items()}
        logits = nets.scorer(points["left"], points["right"]).numpy()
    ours = {"left": towers.embed_left(sides["left"]), "right": towers.embed_right(sides["right"])}
    for side, rows in ours.items():
        np.testing.assert_allclose(rows, points[side].numpy(), rtol=0, atol=PARITY)
    np.testing.assert_allclose(towers.nets["scorer"].run(**ours), logits, rtol=0, atol=PARITY)
    assert np.isfinite(logits).all()


def test_edges_are_among_the_rows_that_a_network_is_checked_on() -> None:
    """A network that differs from torch on rows beyond every record alone is refused."""
    import torch

    class Apart(torch.nn.Module):
        def __init__(self, tower: Any) -> None:
            super().__init__()
            self.tower = tower

        def forward(self, rows: Any) -> Any:
            far = (rows.abs() >= 8.0).all(dim=1, keepdim=True)  # no record of the market is
            return self.tower(rows) + (0.0 if torch.compiler.is_exporting() else 0.01) * far

    def apart(*given: Any) -> Nets:
        nets = make_nets(*given)
        return replace(nets, left=Apart(nets.left))

    left, right = market(1, 60)
    pairs = np.column_stack([np.arange(60)] * 2)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ContractError, match="differs from torch"):
        patch.setattr("mandi.models.ranking.two_tower.make_nets", apart)
        TwoTower(replace(SMALL, epochs=1)).fit(left, right, pairs)


def test_a_network_that_answers_otherwise_in_onnx_is_refused() -> None:
    import torch

    class Moody(torch.nn.Module):
        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return rows.sum(dim=1) + (0.0 if torch.compiler.is_exporting() else 0.01)

    with pytest.raises(ContractError, match="differs from torch"):
        to_net(Moody(), [np.ones((4, 3), dtype=np.float32)], ["rows"], "sum")
