"""Every way in which a VOTable is no star catalogue, and the one line that says so; nothing in it leads elsewhere.

Each case starts from a sound file of 50 made stars, or a real one, and damages it in one way.
"""

import gzip
import urllib.request
from pathlib import Path

import pytest

from helios.catalog.synthetic import Synthetic
from tests.contract.catalogue_files import WRITERS
from tests.unit.catalog.damage import message_of, replaced, sound

BINARY_VOTABLE = Path(__file__).parents[2] / "data/formats/1714556098855O-result.vot"


XML = '<?xml version="1.0"?>'
ENTITY = f'{XML}\n<!DOCTYPE VOTABLE [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
BILLION = f'{XML}\n<!DOCTYPE VOTABLE [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
REMOTE = f'{XML}\n<!DOCTYPE VOTABLE SYSTEM "http://127.0.0.1:9/VOTable.dtd">'


@pytest.mark.parametrize("start", [ENTITY, BILLION, REMOTE], ids=["external entity", "entities", "remote DTD"])
def test_votable_with_a_document_type_is_refused_and_nothing_fetched(tmp_path, monkeypatch, start):
    monkeypatch.setattr(urllib.request, "urlopen", lambda *a, **k: pytest.fail("fetched"))
    body = sound(tmp_path, ".vot").decode().split("?>", 1)[1].replace("source_id", "&x;", 0)
    message = message_of(tmp_path / "a.vot", (start + body).encode())
    assert "line 2: a document type declaration" in message
    assert "nothing fetched" in message


@pytest.mark.parametrize("form", ["BINARY", "BINARY2", "FITS", "PARQUET"])
def test_votable_whose_rows_lie_elsewhere_is_refused_and_nothing_fetched(tmp_path, monkeypatch, form):
    monkeypatch.setattr(urllib.request, "urlopen", lambda *a, **k: pytest.fail("fetched"))
    text = BINARY_VOTABLE.read_text()
    head, rest = text.split("<BINARY2>", 1)
    stream = f'<{form}><STREAM href="file:///etc/hostname"/></{form}>'
    message = message_of(tmp_path / "a.vot", (head + stream + rest.split("</BINARY2>", 1)[1]).encode())
    assert "the rows lie elsewhere, at 'file:///etc/hostname'; refused and nothing fetched" in message


def test_votable_with_text_in_a_number_names_row_column_and_value(tmp_path):
    (table,) = Synthetic(600, seed=5).chunks()
    WRITERS[".vot"](tmp_path / "sound.vot", table)
    cell = f"<TD>{table.parallax[516].item()!r}</TD>"
    data = (tmp_path / "sound.vot").read_text()
    assert data.count(cell) == 1
    message = message_of(tmp_path / "a.vot", data.replace(cell, "<TD>three</TD>").encode())
    assert message == f"{tmp_path / 'a.vot'} row 517: parallax 'three': must be a number, or empty"


def test_votable_with_a_row_too_short(tmp_path):
    data = sound(tmp_path, ".vot")
    end = data.index(b"</TR>")
    start = data.rindex(b"<TD>", 0, end)
    message_of(tmp_path / "a.vot", data[:start] + data[end:])


@pytest.mark.parametrize("cut", [1, 3, 30])
@pytest.mark.parametrize("file", ["made", "real"])
def test_votable_whose_stream_is_cut_short(tmp_path, file, cut):
    data = BINARY_VOTABLE.read_bytes() if file == "real" else gzip.decompress(sound(tmp_path, ".vot.gz"))
    text = data.decode()
    start, end = text.index(">", text.index("<STREAM")) + 1, text.index("</STREAM>")
    stream = "".join(text[start:end].split())
    message = message_of(tmp_path / "a.vot", (text[:start] + stream[: -4 * cut] + text[end:]).encode())
    rows = 0 if file == "real" else 49 if cut < 30 else 48
    assert f"ends after row {rows}, in the middle of the next" in message


def test_votable_whose_stream_is_no_base64(tmp_path):
    text = BINARY_VOTABLE.read_text()
    start = text.index(">", text.index("<STREAM")) + 1
    message = message_of(tmp_path / "a.vot", (text[:start] + "!!!!" + text[start:]).encode())
    assert "its stream is no base64" in message


def test_votable_that_declares_more_rows_than_it_has_room_for(tmp_path):
    data = replaced(tmp_path, ".vot", "<TABLE", '<TABLE nrows="99999999999"')
    assert "nrows 99,999,999,999 in a file of" in message_of(tmp_path / "a.vot", data)


def test_votable_with_a_wrong_number_of_rows(tmp_path):
    data = sound(tmp_path, ".vot.gz")
    text = gzip.decompress(data).decode()
    assert "<TABLE" in text
    text = text.replace("<TABLE", '<TABLE nrows="51"', 1)
    assert "50 rows, must be 51" in message_of(tmp_path / "a.vot", text.encode())


def test_votable_without_a_table(tmp_path):
    message = message_of(tmp_path / "a.vot", f"{XML}<VOTABLE version='1.4'><RESOURCE/></VOTABLE>".encode())
    assert "it has no table with rows; must be a VOTable with TABLEDATA, BINARY, BINARY2" in message


def test_votable_that_is_no_xml_names_the_line(tmp_path):
    data = replaced(tmp_path, ".vot", "<RESOURCE", "<<RESOURCE")
    assert " line 5: no XML (not well-formed" in message_of(tmp_path / "a.vot", data)


@pytest.mark.parametrize("depth", [900, 100_000])
def test_nesting_without_end_is_refused(tmp_path, depth):
    data = replaced(tmp_path, ".vot", "<TABLE>", "<RESOURCE>" * depth + "</RESOURCE>" * (depth - 1) + "<TABLE>")
    message_of(tmp_path / "a.vot", data)


@pytest.mark.parametrize("size", ["99999999999", "100000x100000"])
def test_votable_with_an_array_that_no_memory_holds(tmp_path, size):
    text = BINARY_VOTABLE.read_text()
    data = text.replace('name="phot_g_n_obs"', f'name="phot_g_n_obs" arraysize="{size}"')
    assert data != text
    message_of(tmp_path / "a.vot", data.encode())
    field = f'<FIELD name="a" datatype="double" arraysize="{size}"/>'
    table = replaced(tmp_path, ".vot", "<DATA>", f"{field}<DATA>")
    assert f"arraysize '{size}' in a file of" in message_of(tmp_path / "b.vot", table)
