"""The documentation says what happens: its commands and its Python run, and print what stands there, line for line.

Training is deterministic, but its last digits may differ between processors: what training measured is compared within
a few percent, everything else exactly.
"""

import contextlib
import dataclasses
import doctest
import io
import os
import re
import shutil
import tomllib

import click
import pytest
from click.testing import CliRunner

from helios.building.config import BuildConfig
from helios.cli import main
from helios.fetching.config import FetchConfig
from helios.options import configs_from
from helios.schedulers.config import SchedulerConfig
from helios.training.config import TrainConfig
from helios.training.run.run_config import RunConfig
from tests.docs.pages import PAGES, ROOT, commands, parts, sessions

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text()
NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*")
MEASURED = re.compile(r"│|\d+ cells fitted|light of the cells |levels: |packed |site |\S+ bytes per splat|wrote ")
"""How lines begin that hold figures which training measured, or that depend on the bytes it came to."""

doctest_flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

os.environ["MPLBACKEND"] = "agg"


def same(shown: str, printed: str) -> bool:
    """Whether a line that a page shows is one that was printed."""
    if shown.startswith("backend "):  # which one, and why, is the machine's to say
        return printed.startswith("backend ")
    if shown == printed or not MEASURED.match(shown):
        return shown == printed
    ours, theirs = ([float(n.replace(",", "")) for n in NUMBER.findall(text)] for text in (shown, printed))
    words = (NUMBER.sub("#", text).split() for text in (shown, printed))
    return len(set(map(tuple, words))) == 1 and ours == pytest.approx(theirs, rel=0.05, abs=0.5)


def check_lines(shown: list[str], printed: list[str]) -> None:
    """Fail unless the lines shown were printed in this order."""
    rest = iter(printed)
    for line in shown:
        if line != "...":
            assert any(same(line, other) for other in rest), f"not printed: {line!r}\n" + "\n".join(printed)


def run_python(text: str, names: dict) -> None:
    """Run a block of Python among `names`, which it may add to."""
    if ">>> " not in text:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, "page", "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(text, names, "page", None, None)
    test.globs = names
    report = io.StringIO()
    with contextlib.redirect_stdout(report):
        failed = doctest.DocTestRunner(optionflags=doctest_flags).run(test, out=report.write, clear_globs=False).failed
    assert not failed, report.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_runs_and_prints_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "page"}
    for part in parts(page):
        if part.kind == "needs":
            shutil.copyfile(ROOT / part.text, tmp_path / part.name)
        elif part.kind == "file":
            (tmp_path / part.name).write_text(part.text)
        elif part.kind == "python":
            run_python(part.text, names)
        elif part.kind == "console":
            for command, lines in sessions(part.text):
                result = CliRunner().invoke(main, command, catch_exceptions=False)
                assert result.exit_code == 0, result.output
                check_lines(lines, [line.strip() for line in result.output.splitlines()])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_named_have_these_options(page):
    for words in commands(page):
        command, arguments = main, words
        while isinstance(command, click.Group) and arguments:
            context = click.Context(command)
            name, *arguments = arguments
            command = command.get_command(context, name)
            assert command is not None, words
        with contextlib.suppress(click.MissingParameter, click.exceptions.NoArgsIsHelpError):
            options = command.make_context(words[0], [word for word in arguments if word != "--help"]).params
            for config in (BuildConfig, FetchConfig, RunConfig, SchedulerConfig, TrainConfig):
                names = {field.name for field in dataclasses.fields(config)}
                if names <= options.keys():
                    configs_from({name: options[name] for name in names}, config)


def test_daily_use_is_in_the_readme():
    shown = [session for part in parts(ROOT / "README.md") if part.kind == "console" for session in sessions(part.text)]
    assert [command[0] for command, _ in shown] == ["build", "train-landmarks", "pack"]
    assert all(len(lines) >= 3 for _, lines in shown)


def test_the_readme_is_short():
    assert len(README.split()) < 900


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        ("70.2 bytes per splat, 1.25 x the bare 56", "71.9 bytes per splat, 1.28 x the bare 56", True),
        ("70.2 bytes per splat, 1.25 x the bare 56", "80.2 bytes per splat, 1.43 x the bare 56", False),
        ("70.2 bytes per splat, 1.25 x the bare 56", "70.2 bytes per star, 1.25 x the bare 56", False),
        ("│ trained │ 47.3 dB, 1.69 % │", "│ trained │ 47.1 dB, 1.70 % │", True),
        ("│ trained │ 47.3 dB, 1.69 % │", "│ start │ 47.3 dB, 1.69 % │", False),
        ("stars     1,000", "stars     1,001", False),
        ("backend numba: why", "backend gsplat: another reason", True),
    ],
)
def test_only_what_was_measured_may_differ_and_only_a_little(shown, printed, expected):
    assert same(shown, printed) == expected


def test_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"[`$] ?make (\w+)", README))
    assert targets >= {"demo", "test"}
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for path in re.findall(r"\]\(((?!https?:)[^)#]+)\)", page.read_text()):
        assert (page.parent / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_extras_named_exist(page):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for names in re.findall(r"helios-planetarium\[([^\]]+)\]", page.read_text()):
        assert set(names.split(",")) <= set(extras)
