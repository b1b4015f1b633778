"""An ECSV header of a kilobyte whose aliases stand for gigabytes is one line at once, wherever it uses them."""

import pytest

from helios.catalog import open_catalog
from helios.errors import InputError

LISTS = [
    "a0: &a0 [x, x, x, x, x, x, x, x, x]",
    *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)),
]
MERGES = ["a0: &a0 {k: 1}", *(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 12))]


@pytest.mark.parametrize(
    "header",
    [
        [*LISTS, "datatype:", "- {name: *a11, datatype: int64}"],
        [*LISTS, "datatype:", "- {name: ra, unit: *a11, datatype: float64}"],
        [*LISTS, "delimiter: *a11", "datatype: [{name: ra}]"],
        [*LISTS, "datatype: [{name: ra}]", "meta: *a11"],
        [*MERGES, "datatype: [{name: ra}]"],
    ],
)
@pytest.mark.parametrize("name", ["a.ecsv", "a.csv"])
def test_aliases_take_neither_time_nor_memory(tmp_path, name, header):
    text = "".join(f"# {line}\n" for line in ["%ECSV 1.0", "---", *header])
    (tmp_path / name).write_text(f"{text}ra\n1\n")
    with pytest.raises(InputError) as raised:
        open_catalog(tmp_path / name)
    assert "4,194,304 characters with its aliases written out" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
