"""What the tests of damaged files share: a sound file of 50 made stars, and the message of a damaged one."""

import pytest

from helios.catalog import open_catalog
from helios.catalog.synthetic import Synthetic
from helios.catalog.table import StarTable
from helios.errors import InputError
from tests.contract.catalogue_files import WRITERS


def read(path) -> StarTable:
    return StarTable.concatenate(list(open_catalog(path).chunks()))


def sound(folder, ending) -> bytes:
    path = folder / f"sound{ending}"
    (table,) = Synthetic(50, seed=5).chunks()
    WRITERS[ending](path, table)
    return path.read_bytes()


def message_of(path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(InputError) as raised:
        read(path)
    message = str(raised.value)
    assert message.startswith(str(path))
    assert len(message.splitlines()) == 1
    assert len(message) < len(str(path)) + 400
    return message


def replaced(folder, ending, old: str, new: str) -> bytes:
    data = sound(folder, ending)
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)
