"""Only what Helios made is emptied, whatever lies where it works, and links are never followed."""

import pytest

from helios.errors import InputError
from helios.work_folders import LABEL, empty, own_folder, remove_folder


def test_an_empty_folder(tmp_path):
    folder, kept = tmp_path / "folder", tmp_path / "kept"
    (folder / "a/b").mkdir(parents=True)
    kept.mkdir()
    (kept / "file").write_text("years of work")
    (folder / "file").write_text("x")
    (folder / "link").symlink_to(kept)
    (folder / "a/link").symlink_to(kept)
    empty(folder)
    assert list(folder.iterdir()) == []
    assert (kept / "file").read_text() == "years of work"
    (tmp_path / "way").symlink_to(kept)
    with pytest.raises(OSError, match="way"):
        empty(tmp_path / "way")
    assert (kept / "file").read_text() == "years of work"


def test_a_folder_is_known_by_its_label_and_kept_by_its_text(tmp_path):
    folder = tmp_path / "work"
    assert not own_folder(folder, text="one")
    (folder / "piece").touch()
    assert own_folder(folder, text="one")
    assert sorted(path.name for path in folder.iterdir()) == [LABEL, "piece"]
    assert not own_folder(folder, text="two")
    assert [path.name for path in folder.iterdir()] == [LABEL]
    remove_folder(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("made", ["folder", "link to a folder", "link to ours", "file", "link to nothing"])
def test_what_is_not_ours_stays(tmp_path, made):
    place, other = tmp_path / "place", tmp_path / "other"
    if made == "folder":
        place.mkdir()
        (place / "thesis").write_text("years of work")
    elif made == "file":
        place.write_text("years of work")
    else:
        place.symlink_to(other)
        if made == "link to a folder":
            other.mkdir()
        if made == "link to ours":
            own_folder(other)
            (other / "thesis").write_text("years of work")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="not a folder that Helios made, left as it is; remove it, or name another"):
        own_folder(place)
    assert sorted(tmp_path.rglob("*")) == before
