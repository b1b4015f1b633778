"""Registries and options name the choices and limits when something else is asked for."""

import dataclasses
import math

import click
import pytest
from click.testing import CliRunner

from helios.cli.options import options_from
from helios.errors import InputError
from helios.options import check_exclusions, check_limits, configs_from, option, parse_options
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
        made.extend(configs_from(values, Config))

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
    shapes = Registry("shape", "helios.shapes", {"path": "pathlib:PurePath", "date": "datetime:date"})
    from datetime import date

    assert shapes.get("date") is date
    assert shapes.names() == ("path", "date")
    with pytest.raises(InputError, match=r"^unknown shape 'cube' \(choose from path, date\)$"):
        shapes.get("cube")


@dataclasses.dataclass(frozen=True)
class Noise:
    rate: float = option(1.0, "How much.", (0.0, 2.0))
    every: int = option(10, "Steps.")
    mute: bool = option(False, "None at all.")


def test_options_of_a_registered_thing_are_written_after_its_name():
    assert parse_options(Noise, "rate=0.5, every=3,mute=true", "noise white") == Noise(0.5, 3, True)
    assert parse_options(Noise, "", "noise white") == Noise()
    noises = Registry("noise", "helios.noises", {"white": f"{__name__}:Noise", "pi": "math:pi"})
    assert noises.make("white:every=4") == Noise(every=4)
    assert noises.make("pi") == 3.141592653589793


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rate=3", "rate 3.0: must be from 0 to 2"),
        ("rate=nan", "rate nan: must be from 0 to 2"),
        ("loud=1", "'loud=1' must be OPTION=VALUE with an option of rate, every, mute"),
        ("rate", "'rate' must be OPTION=VALUE with an option of rate, every, mute"),
        ("every=1.5", "every=1.5: must be of the kind of 10"),
        ("mute=maybe", "mute=maybe: must be of the kind of False"),
    ],
)
def test_an_option_that_cannot_be_is_named(text, message):
    with pytest.raises(InputError) as error:
        parse_options(Noise, text, "noise white")
    assert str(error.value) == f"noise white: {message}"


def test_a_thing_without_options_takes_none():
    with pytest.raises(InputError, match=r"^noise pi: has no options, got 'a=1'$"):
        Registry("noise", "helios.noises", {"pi": "math:pi"}).make("pi:a=1")


@dataclasses.dataclass(frozen=True)
class Bounded:
    """One option of each kind of bounds."""

    count: int | None = option(None, "How many.", (1, math.inf), unit="star")
    length: float = option(1.0, "How long.", (0, math.inf), open=True, unit="parsecs")
    share: float = option(0.5, "How much.", (0, 1), open=True)
    any: float | None = option(None, "Whatever.", (-math.inf, math.inf), open=True)
    made: bool = False
    read: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"count": 0}, "--count 0: must be at least 1 star"),
        ({"length": 0.0}, "--length 0.0: must be a number of parsecs above 0"),
        ({"length": math.inf}, "--length inf: must be a number of parsecs above 0"),
        ({"length": math.nan}, "--length nan: must be a number of parsecs above 0"),
        ({"share": 1.0}, "--share 1.0: must be a number above 0 and below 1"),
        ({"any": -math.inf}, "--any -inf: must be a number"),
    ],
)
def test_bounds_are_said_with_their_unit(value, message):
    with pytest.raises(InputError) as raised:
        check_limits(Bounded(**value))
    assert str(raised.value) == message
    check_limits(Bounded(count=1, length=1e-300, share=0.999, any=-1e300))


def test_what_excludes_each_other_is_refused_where_both_are_given():
    exclusions = [(("made",), ("count", "read"), "made with count or read")]
    for given in ({}, {"made": True}, {"count": 0, "read": ("a",)}):
        check_exclusions(Bounded(**given), exclusions)
    for given in ({"count": 0}, {"read": ("a",)}):
        with pytest.raises(InputError, match="made with count or read"):
            check_exclusions(Bounded(made=True, **given), exclusions)
