"""Each promise about files, metadata, manifest, landmarks and provenance is reported, and no damage is a traceback."""

import shutil

import numpy as np
import pytest

from helios.errors import InputError
from helios.universe import Universe
from helios.universe.findings import PROMISES, Finding
from helios.universe.validate import validate_universe
from tests.unit.universe.conftest import add_nothing
from tests.unit.universe.rewriting import change_json, rewrite, set_value, train_some


@pytest.fixture
def path(copy_of):
    return copy_of(synthetic=60, depth=2)


def found(path, load_landmarks=add_nothing):
    return validate_universe(path, load_landmarks).findings


def counts_of(path):
    return found(path).counts


def test_a_flipped_bit_anywhere_is_found_or_changes_nothing(path, tmp_path):
    """White space in JSON is all that may change unseen; whatever it is, there is no exception."""
    train_some(path, tmp_path / "trained")
    rng = np.random.default_rng(11)
    files = sorted(p for p in (tmp_path / "trained").rglob("*") if p.is_file())
    assert len(files) > 40
    for file in files:
        sound = file.read_bytes()
        file.unlink()  # the columns are hard links
        # All of a chunk is under one checksum.
        for bit in rng.integers(0, 8 * len(sound), 2 if file.suffix == ".json" else 1).tolist():
            data = bytearray(sound)
            data[bit // 8] ^= 1 << bit % 8
            file.write_bytes(data)
            counts = counts_of(tmp_path / "trained")
            if not counts:
                assert file.suffix == ".json", file
        file.write_bytes(sound)
    assert counts_of(tmp_path / "trained") == {}


def test_a_file_cut_short_or_gone_is_found(path, tmp_path):
    """Empty chunks are missing ones to who reads them, as the next test has it."""
    train_some(path, tmp_path / "trained")
    for file in sorted(p for p in (tmp_path / "trained").rglob("*") if p.is_file() and p.name != "landmarks.json"):
        sound = file.read_bytes()
        file.unlink()
        assert counts_of(tmp_path / "trained"), file
        for length in (0, len(sound) // 2) if file.suffix == ".json" else (len(sound) // 2,):
            file.write_bytes(sound[:length])
            assert counts_of(tmp_path / "trained"), file
        file.write_bytes(sound)


def test_damaged_chunks_are_named_each(path):
    for name in ("x_m", "bp_rp"):
        (path / f"universe.zarr/emitters/{name}/c/0").write_bytes(b"")
    findings = found(path)
    assert findings.counts == {"files": 2}
    assert all("c/0: missing or empty" in line for line in findings.lines())


def test_a_store_that_is_gone_is_found(path):
    shutil.rmtree(path / "universe.zarr")
    result = validate_universe(path, add_nothing)
    assert list(result.findings.counts) == ["files"]
    assert result.skipped == ["the store: it cannot be opened"]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("version", 5, "update helios"),
        ("version", "1", "version '1'"),
        ("depth", 21, "grid depth 21: must be from 0 to 20"),
        ("depth", None, "depth None, leaf capacity None"),
        ("depth", "2", "depth '2', leaf_capacity None"),
        ("leaf_capacity", 10, "a universe has one of them"),
        ("note", "added", "do not have their checksum"),
    ],
)
def test_metadata_that_are_not_those_written(path, name, value, text):
    change_json(path / "universe.zarr/zarr.json", lambda content: content["attributes"].update({name: value}))
    findings = found(path)
    assert list(findings.counts) == ["metadata"]
    assert any(text in line for line in findings.lines())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda index: index["config"].update(n_phi=64), "config is"),
        (lambda index: index.pop("config"), "config is None"),
        (lambda index: index["totals"].update(stars=61), "'stars': 61"),
        (lambda index: index["totals"].update(trained_cells=1), "'trained_cells': 1"),
        (lambda index: index["tree"].update(deepest=3), "'deepest': 3"),
        (lambda index: index.update(more=1), "more is 1, the store has None"),
        (lambda index: index.update(version=7), "update helios"),
        (lambda index: index.update(version=1), "this program reads version 4"),
        (lambda index: index.clear(), "damaged"),
    ],
)
def test_a_manifest_that_is_not_the_stores(path, change, text):
    change_json(path / "index.json", change)
    findings = found(path)
    assert list(findings.counts) == ["index"]
    assert any(text in line for line in findings.lines())


@pytest.mark.parametrize("text", ["", "[]", "[" * 200_000, '{"version": 1, "cells": {"id": 1}}', "\xff"])
def test_a_manifest_that_is_none(path, text):
    (path / "index.json").write_text(text, encoding="latin-1")
    assert counts_of(path) == {"index": 1}


def test_landmarks_that_cannot_be_read(path):
    def refuse(file):
        assert file == path / "landmarks.json"
        raise InputError(f"{file} entry 3: no field name")

    findings = found(path, refuse)
    assert findings.counts == {"landmarks": 1}
    assert "entry 3: no field name; landmarks.json must be a list of landmarks" in findings.lines()[0]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"rows_read": 61}, "of 61 rows 0 were rejected, and 60 are there"),
        ({"rejected": {"parallax missing": 2}}, "of 60 rows 2 were rejected, and 60 are there"),
        ({"rejected": None}, "rejected None"),
        ({"rows_read": None}, "rows_read is None"),
        ({"kept": 59}, "kept is 59, 60 stars are there"),
        ({"inputs": []}, "its inputs are []"),
        ({"inputs": [{"file": "a.csv", "sha256": "00"}]}, "has no SHA-256"),
        ({"inputs": ["a.csv"]}, "has no SHA-256"),
    ],
)
def test_provenance_that_does_not_account_for_the_stars(path, change, text):
    rewrite(path, lambda columns, attributes: attributes["provenance"].update(change))
    findings = found(path)
    assert findings.counts == {"provenance": 1}
    assert text in findings.lines()[0]


def test_provenance_that_is_none(path):
    rewrite(path, lambda columns, attributes: attributes.pop("provenance"))
    assert counts_of(path) == {"provenance": 1}


def test_findings_are_values_with_a_line_each(path):
    second = str(Universe.open(path).cells[1])
    rewrite(path, lambda columns, _: set_value(columns, "cells/offsets", 0, 1), index=False)
    finding = found(path).first["offsets"][0]
    assert finding == Finding("offsets", finding.value)
    assert str(finding) == f"offsets: {finding.value}; {PROMISES['offsets']}"
    assert str(Finding("index", "x", cell=second)) == f"index: cell {second}: x; {PROMISES['index']}"
