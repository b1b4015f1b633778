"""What is chosen by name has options of its own, and the help of the command has them all, read from the entries."""

import dataclasses
import re

import pytest
from click.testing import CliRunner

from helios.cli import main
from helios.photos.fixers import FIXERS
from helios.photos.paths import PATHS
from helios.photos.solvers import SOLVERS


@pytest.mark.parametrize(
    ("command", "option", "registry"),
    [
        ("train", "--fixer", FIXERS),
        ("train", "--novel-path", PATHS),
        ("render", "--path", PATHS),
        ("prepare", "--solver", SOLVERS),
    ],
)
def test_the_help_of_a_command_has_the_options_of_what_it_chooses(command, option, registry):
    done = CliRunner().invoke(main, ["scene", command, "--help"])
    assert done.exit_code == 0, done.output
    for name in registry.names():
        wanted = {field.name for field in dataclasses.fields(registry.get(name)) if "help" in field.metadata}
        section = re.search(rf"^{option} {name}:OPTION=VALUE,\.\.\.:\n((?:  .+\n)+)", done.output, re.MULTILINE)
        assert set(re.findall(r"^  (\w+)=", section[1], re.MULTILINE) if section else ()) == wanted


def test_an_option_is_shown_as_it_is_given_and_as_it_is_without():
    text = CliRunner().invoke(main, ["scene", "render", "--help"]).output
    assert re.search(r"^  turns=2\.0 +Turns\.$", text, re.MULTILINE)
    assert re.search(r"^  in_order=false +Take", text, re.MULTILINE)
