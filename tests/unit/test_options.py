"""Registries and options name the choices and limits when something else is asked for."""

import dataclasses

import click
import pytest
from click.testing import CliRunner

from helios.cli.options import config_from, options_from
from helios.errors import InputError
from helios.options import check_limits, option
from helios.registry import Registry


@dataclasses.dataclass(frozen=True)
class Config:
    image_size: int = option(64, "Pixels.", (1, 128))
    name: str | None = option(None, "A name.", type=str)

    def __post_init__(self):
        check_limits(self)


def test_options_come_from_the_fields_and_go_back_into_them():
    made = []

    @click.command()
    @options_from(Config)
    def command(**values):
        made.append(config_from(Config, values))

    assert CliRunner().invoke(command, ["--image-size", "32", "--name", "x"]).exit_code == 0
    assert CliRunner().invoke(command, []).exit_code == 0
    assert made == [Config(32, "x"), Config()]
    text = CliRunner().invoke(command, ["--help"]).output
    assert "Pixels." in text
    assert "[default: 64]" in text


@pytest.mark.parametrize("size", [0, 129])
def test_limits_are_kept(size):
    with pytest.raises(InputError, match=rf"^--image-size {size}: must be from 1 to 128$"):
        Config(image_size=size)


def test_registry_imports_what_is_asked_for_and_names_the_choices():
    shapes = Registry("shape", {"path": "pathlib:PurePath", "date": "datetime:date"})
    from datetime import date

    assert shapes.get("date") is date
    assert shapes.names() == ("path", "date")
    with pytest.raises(InputError, match=r"^unknown shape 'cube' \(choose from path, date\)$"):
        shapes.get("cube")
