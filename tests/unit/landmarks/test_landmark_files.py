"""Proves that landmark files survive a round trip and that each way to spoil one is told apart in one clear line.

The good file has two entries, so that a fault stands in an entry that is not the first and ids can clash.
"""

import json

import pytest

from helios.errors import InputError
from helios.landmarks import Landmark, load_landmarks, write_landmarks

PLACE = {
    "id": "here",
    "name": "Here",
    "kind": "star",
    "pos_meters": {"x": 1.5e17, "y": -2.25e16, "z": 3},
    "radius_hint": 1e13,
    "source": "a test",
    "description": "Nowhere in particular",
}
ENTRIES = [PLACE, {**PLACE, "id": "there", "name": "Þar – dort"}]


def spoiled(*path_and_value):
    *path, last, value = path_and_value
    entries = json.loads(json.dumps(ENTRIES))
    target = entries[1]
    for key in path:
        target = target[key]
    target[last] = value
    return json.dumps(entries)


def without(field):
    entries = json.loads(json.dumps(ENTRIES))
    del entries[1][field]
    return json.dumps(entries)


def test_round_trip_keeps_every_value_and_the_bytes(tmp_path):
    landmarks = [
        Landmark("a", "A", "star", (0.1, -1e22, 2.0 / 3.0), 1e-3, "s", ""),
        Landmark("b", "B – é", "galaxy", (0.0, 0.0, 0.0), 5e20, "", "d"),
    ]
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    write_landmarks(first, landmarks)
    assert load_landmarks(first) == landmarks
    write_landmarks(second, load_landmarks(first))
    assert first.read_bytes() == second.read_bytes()
    assert sorted(tmp_path.iterdir()) == [first, second]


def test_file_has_the_form_of_the_pack(tmp_path):
    write_landmarks(tmp_path / "l.json", [Landmark("a", "A", "star", (1.0, 2.0, 3.0), 4.0, "s", "d")])
    assert json.loads((tmp_path / "l.json").read_text(encoding="utf-8")) == [
        {
            "id": "a",
            "name": "A",
            "kind": "star",
            "pos_meters": {"x": 1.0, "y": 2.0, "z": 3.0},
            "radius_hint": 4.0,
            "source": "s",
            "description": "d",
        }
    ]


def test_whole_numbers_and_further_fields_are_fine(tmp_path):
    (tmp_path / "l.json").write_text(spoiled("color", "red"), encoding="utf-8")
    first, second = load_landmarks(tmp_path / "l.json")
    assert first.pos_m == (1.5e17, -2.25e16, 3.0)
    assert second.name == "Þar – dort"
    (tmp_path / "none.json").write_text("[]")
    assert load_landmarks(tmp_path / "none.json") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no JSON"]),
        ("[{", ["no JSON"]),
        ("[" + "9" * 5000 + "]", ["no JSON"]),
        ("[" * 200_000, ["no JSON"]),
        ("\udcff[]", ["no JSON"]),
        ('{"id": "x"}', ["an object", "must be a JSON list"]),
        ("7", ["a number", "must be a JSON list"]),
        ("[1]", ["entry 0", "a number", "must be an object"]),
        (without("radius_hint"), ["entry 1 ('there')", "no field radius_hint"]),
        (without("id"), ["entry 1", "no field id"]),
        (spoiled("id", 5), ["entry 1", "id is 5", "must be a text"]),
        (spoiled("id", " "), ["entry 1", "id is empty"]),
        (spoiled("id", "here"), ["entry 1", "'here'", "entry 0", "must be unique"]),
        (spoiled("name", None), ["entry 1 ('there')", "name is null"]),
        (spoiled("name", ""), ["entry 1", "name is empty"]),
        (spoiled("pos_meters", [1, 2, 3]), ["entry 1", "pos_meters is [1, 2, 3]", "x, y and z"]),
        (spoiled("pos_meters", {"x": 1, "y": 2}), ["entry 1", "pos_meters", "x, y and z"]),
        (spoiled("pos_meters", "y", "far"), ["entry 1", 'pos_meters.y is "far"', "number of metres"]),
        (spoiled("pos_meters", "z", True), ["entry 1", "pos_meters.z is true", "number of metres"]),
        (spoiled("pos_meters", "x", float("nan")), ["entry 1", "pos_meters.x is NaN", "finite"]),
        (spoiled("pos_meters", "x", float("-inf")), ["entry 1", "pos_meters.x is -Infinity", "finite"]),
        (spoiled("pos_meters", "x", 10**400), ["entry 1", "pos_meters.x is 1000", "finite"]),
        (spoiled("radius_hint", 0), ["entry 1", "radius_hint is 0", "above 0"]),
        (spoiled("radius_hint", -2.5), ["entry 1", "radius_hint is -2.5", "above 0"]),
        (spoiled("radius_hint", float("inf")), ["entry 1", "radius_hint is Infinity", "finite"]),
    ],
)
def test_bad_file_is_one_line_with_file_entry_field_and_remedy(tmp_path, text, words):
    path = tmp_path / "places.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError) as raised:
        load_landmarks(path)
    message = str(raised.value)
    assert "\n" not in message
    assert len(message) < 300
    for word in [str(path), *words]:
        assert word in message


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(InputError, match=r"none\.json: no such file"):
        load_landmarks(tmp_path / "none.json")
    with pytest.raises(InputError, match="is a directory"):
        load_landmarks(tmp_path)


def test_failed_write_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="a directory stands there"):
        write_landmarks(tmp_path / "taken", [])
    with pytest.raises(ValueError, match="JSON"):
        write_landmarks(tmp_path / "nan.json", [Landmark("a", "A", "star", (float("nan"), 0.0, 0.0), 1.0, "", "")])
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_embedded_list_is_the_default():
    assert any(landmark.id == "m31" for landmark in load_landmarks())
