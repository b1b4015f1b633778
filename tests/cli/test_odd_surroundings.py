"""Commands in odd surroundings: closed streams, names that are no text or steer a terminal, Python without checks.

Real processes, as what is tried lies before and beside the command's own code.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from helios.cli import main
from helios.cli.interrupt import Interruptible
from helios.cli.printing import printable
from helios.progress import Note

ROOT = Path(__file__).parents[2]
HEADER = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n"


def run(folder: Path, line: str, **environment: str) -> tuple[int, str]:
    """Run a line of shell in `folder`, in which `helios` is the command; return exit code and output."""
    text = f'helios() {{ "{sys.executable}" $PYTHON_OPTIONS -m helios "$@"; }}\n{line}'
    variables = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    done = subprocess.run(["bash", "-c", text], cwd=folder, env=variables, capture_output=True)
    return done.returncode, (done.stdout + done.stderr).decode(errors="surrogateescape")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_closed_streams_change_nothing(tmp_path):
    """A file that is opened later must not become the standard output."""
    for name, closed in (("none", ""), ("in", "<&-"), ("out", ">&-"), ("err", "2>&-"), ("all", "<&- >&- 2>&-")):
        code, text = run(tmp_path, f"helios build --synthetic 20 --depth 1 -o {name}/u {closed}")
        assert code == 0, text
        assert "Traceback" not in text
        assert contents(tmp_path / name) == contents(tmp_path / "none")


def test_without_assertions_nothing_is_begun(tmp_path):
    code, text = run(tmp_path, "helios build --synthetic 5 -o u", PYTHON_OPTIONS="-O")
    assert code == 1
    assert text == "Error: Python runs with -O or PYTHONOPTIMIZE, with which zarr reads no store; leave it out\n"
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_text_is_told_in_one_line(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.csv")).write_text(HEADER + "1,1,1,10,5,1\n")
    code, text = run(tmp_path, "helios build --stars ./a*.csv -o u")
    assert code == 1
    assert text == "Error: a\\udcff.csv: a name that is no text in utf-8; give it another\n"


def test_names_do_not_steer_a_terminal(tmp_path):
    code, text = run(tmp_path, r"helios build --synthetic 5 -o $'u\x1b[2J\ne' && helios info $'u\x1b[2J\ne'")
    assert code == 0, text
    assert r"u\x1b[2J\ne" in text
    code, more = run(tmp_path, r"helios build --stars $'no\x1b]0;title\x07' -o v")
    assert code == 1
    assert r"no\x1b]0;title\x07" in more
    assert "\x1b" not in text + more


def test_what_is_printable():
    assert printable("Σ α\u202e\t\x1b[2J\n\ud800\x7f\x9b é") == r"Σ α\u202e\t\x1b[2J\n\ud800\x7f\x9b é"


def test_too_little_memory_is_told_in_one_line(tmp_path, monkeypatch):
    def greedy(*_, **__):
        raise MemoryError

    monkeypatch.setattr("helios.api.open", greedy)
    monkeypatch.setattr("helios.info", greedy)
    result = CliRunner().invoke(main, ["info", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output == "Error: there is not enough memory; fewer --workers take less, as do smaller inputs\n"


@pytest.mark.parametrize("how", ["swallowed", "turned into another"])
def test_ctrl_c_that_falls_into_a_library_is_not_lost(how):
    """As pandas does to one that comes while it is imported."""
    seen = []

    def work(on_event) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            if how == "swallowed":
                on_event(Note("next"))
            raise AttributeError("partially initialized module") from None

    former = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interruptible() as interrupts:
        work(interrupts.reminding(seen.append))
    assert seen == []
    assert signal.getsignal(signal.SIGINT) is former
    with pytest.raises(AttributeError), Interruptible():
        raise AttributeError
