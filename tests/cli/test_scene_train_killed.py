"""`helios scene train`, killed at 20 moments by chance: the same command ends with the bytes of a run left alone.

The run judges, keeps checkpoints, writes PLY and fixes novel views; a kill comes before or after any of its files takes
its place (tests/hooks), so that every kind of moment is met however busy the machine is. One run is killed again and
again, each time at its next point, so its last bytes come of all of these moments.
"""

import random
import signal

import pytest

from tests.forked_commands import Forked
from tests.support.tiny_scene import write_tiny_scene

KILLS = 20
POINTS = ("*.pt", "*.png", "*.json", "*.checkpoint", "*.ply", "5", "10", "15")
"""Names that a run puts in their place: checkpoints, renders, scores, states, PLY, rounds of fixing."""


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def arguments(data, output):
    steps = ("--max-steps", 18, "--eval-steps", 4, 8, 12, 16, "--save-steps", 6, 12, "--ply-steps", 7, 18)
    fixes = ("--fix-steps", 5, 10, 15, "--novel-views", 3, "--fixer", "consensus")
    how = ("--backend", "numba", "--tb-every", 0, "--checkpoint-every", 2, "--max-gaussians", 500, "--pose-opt")
    return ("scene", "train", data, "-o", output, *steps, *fixes, *how, "--strategy.refine-start-iter", 2)


@pytest.mark.slow
def test_killed_at_20_moments_it_ends_with_the_same_bytes(tmp_path):
    data = write_tiny_scene(tmp_path / "data", views=9, width=48, height=36, points=200).folder
    code, said = Forked(*arguments(data, tmp_path / "alone")).end()
    assert code == 0, said
    expected = contents(tmp_path / "alone")
    assert {name.split("/")[0] for name in expected} == {"cfg.json", "ckpts", "ply", "renders", "stats"}
    assert any(name.startswith("renders/novel/15/Fixed/") for name in expected)
    chance, output, kills = random.Random(0), tmp_path / "killed", 0
    for attempt in range(5 * KILLS):
        point = f"SIGKILL {chance.choice(('before', 'after'))} {chance.choice(POINTS)} {chance.randint(1, 3)}"
        code, said = Forked(*arguments(data, output), SIGNAL_AT=point).end()
        assert code in (0, -signal.SIGKILL), said
        kills += code == -signal.SIGKILL
        if code == 0:
            assert contents(output) == expected, point
            output = tmp_path / f"killed{attempt}"
        if kills == KILLS:
            break
    assert kills == KILLS
    code, said = Forked(*arguments(data, output)).end()
    assert code == 0, said
    assert contents(output) == expected
