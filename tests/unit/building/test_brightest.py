"""Where --limit cuts, against a whole sort."""

import numpy as np
import pytest

from helios.building.brightest import Faintest, faintest_of_brightest
from helios.building.runs import write_run


@pytest.mark.parametrize("seed", range(3))
def test_the_cut_is_that_of_a_whole_sort(tmp_path, seed):
    rng = np.random.default_rng(seed)
    magnitude = np.concatenate([rng.normal(5, 6, 300), rng.integers(-3, 4, 300), [0.0, -0.0] * 20]).astype(np.float32)
    ids = rng.permutation(len(magnitude)).astype(np.int64)
    runs, used = [], []
    for number, rows in enumerate(np.array_split(rng.permutation(len(ids)), 4)):
        columns = {"source_id": ids[rows], "phot_g_mean_mag": magnitude[rows]}
        run = write_run(number, tmp_path / f"{number}.run", columns, np.zeros(len(rows), np.uint64))
        run.drop(np.array([3, 5]))
        runs.append(run)
        used.append(np.delete(rows, [3, 5]))
    used = np.concatenate(used)
    order = used[np.lexsort((ids[used], magnitude[used]))]
    for count in [1, 2, 7, 250, 333, 400, len(order)]:
        last = order[count - 1]
        found = faintest_of_brightest(runs, count)
        assert found == Faintest(float(magnitude[last]), int(ids[last]))
        kept = found.keeps(magnitude[used], ids[used])
        assert sorted(used[kept]) == sorted(order[:count])
