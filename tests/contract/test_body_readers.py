"""One class over every registered reader of small bodies: whatever the format, the same promises hold.

Each reads the asteroid Eros, written in its format by `body_files`; a comet's row has fewer digits, and another slope.
"""

import gzip
import json
import re
from dataclasses import fields

import numpy as np
import pytest

from helios.errors import InputError
from helios.solar.orbits import Orbits
from helios.solar.readers import BODY_READERS, body_file, open_bodies
from helios.solar.readers.joining import read_bodies, read_file
from tests.contract.body_files import ELLIPSE, WRITERS


@pytest.fixture(params=BODY_READERS.names())
def kind(request):
    assert request.param in WRITERS, "a new reader needs a line in WRITERS"
    return request.param


@pytest.fixture
def path(kind, tmp_path):
    WRITERS[kind](tmp_path / "bodies", copies=3)
    return tmp_path / "bodies"


class TestBodyReader:
    def test_its_files_are_recognised_by_their_content_alone(self, kind, path):
        head = path.read_bytes()
        assert [name for name in BODY_READERS.names() if BODY_READERS.get(name).recognises(head)] == [kind]
        assert isinstance(open_bodies(path), BODY_READERS.get(kind))

    def test_every_format_gives_the_same_orbit(self, kind, path):
        orbits = read_bodies([path]).orbits
        columns = {field.name: getattr(orbits, field.name)[0] for field in fields(Orbits)}
        assert columns["designation"] == ("433P" if kind == "comets" else "433")
        assert columns["name"] == "Eros"
        assert columns["kind"] == ("comet" if kind == "comets" else "asteroid")
        assert columns["epoch_jd_tdb"] == ELLIPSE["epoch"][3]
        # Half the last digit of a comet's row, and of Eros's M, 1e-5 degrees / 0.56 degrees a day.
        assert columns["perihelion_au"] == pytest.approx(ELLIPSE["q"], abs=6e-7)
        assert columns["eccentricity"] == pytest.approx(ELLIPSE["e"], abs=6e-7)
        for name, own in (("inclination_deg", "i"), ("node_deg", "node"), ("argument_deg", "argument")):
            assert columns[name] == pytest.approx(ELLIPSE[own], abs=6e-5)
        assert columns["perihelion_days"] == pytest.approx(ELLIPSE["Tp"][3] - ELLIPSE["epoch"][3], abs=1e-3)
        assert columns["h_mag"] == ELLIPSE["H"]
        assert columns["slope"] == (4.0 if kind == "comets" else ELLIPSE["G"])

    def test_every_row_is_used_or_counted(self, path):
        reader = open_bodies(path)
        orbits, counts = read_file(reader)
        assert counts.rows_read == len(orbits) + counts.rejected == 3
        assert all(re.match(rf"bodies {reader.row_unit} \d+", r.first) for r in counts.rejections.values())

    def test_columns_are_of_one_length_and_kind(self, path):
        for block in open_bodies(path).blocks():
            assert {len(getattr(block.orbits, field.name)) for field in fields(Orbits)} == {len(block.row)}
            numbers = {f.name for f in fields(Orbits)} - {"designation", "name", "kind"}
            assert {getattr(block.orbits, name).dtype for name in numbers} == {np.dtype(np.float64)}
            assert (np.diff(block.row) > 0).all()

    def test_gzipped_or_in_small_blocks_it_is_the_same(self, path, tmp_path, monkeypatch):
        expected = read_bodies([path])
        (tmp_path / "zipped").write_bytes(gzip.compress(path.read_bytes()))
        monkeypatch.setattr(body_file, "BLOCK_BYTES", 50)
        again = read_bodies([tmp_path / "zipped"])
        for field in fields(Orbits):
            np.testing.assert_array_equal(getattr(again.orbits, field.name), getattr(expected.orbits, field.name))
        assert again.counts.rows_read == expected.counts.rows_read

    def test_a_gzip_file_that_is_cut_short_is_refused(self, path, tmp_path):
        whole = gzip.compress(path.read_bytes())
        (tmp_path / "cut").write_bytes(whole[:-9])
        with pytest.raises(InputError, match=r"^cut: damaged gzip file .*download it again$"):
            read_bodies([tmp_path / "cut"])

    def test_provenance_is_plain_and_names_no_folder(self, path, tmp_path):
        text = json.dumps(open_bodies(path).provenance())
        assert str(tmp_path) not in text
        assert set(json.loads(text)) == {"file", "size_bytes", "sha256"}

    def test_of_two_files_the_first_holds(self, path):
        once, twice = read_bodies([path]), read_bodies([path, path])
        np.testing.assert_array_equal(once.orbits.designation, twice.orbits.designation)
        assert twice.counts.by_reason()["in a file that is named before"] == len(once.orbits)
        assert twice.counts.rows_read == len(twice.orbits) + twice.counts.rejected


def test_what_is_no_file_of_bodies_is_refused_with_what_there_is(tmp_path):
    (tmp_path / "stars.csv").write_text("source_id,ra,dec,parallax\n1,2,3,4\n")
    with pytest.raises(
        InputError, match=r"stars\.csv: holds nothing that is read as small bodies.*MPCORB\.DAT.*CSV, TOML"
    ):
        open_bodies(tmp_path / "stars.csv")
    with pytest.raises(InputError, match="no such file"):
        open_bodies(tmp_path / "absent")
    with pytest.raises(InputError, match="is a directory"):
        open_bodies(tmp_path)
