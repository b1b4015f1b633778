"""Options of `helios scene`, which people know from the guides: grouped in the help, and taken as they are typed there.

`--sh_degree 2` is `--sh-degree 2`, `--eval_steps 7000 30000` two values of one option, and `--strategy.refine-every 50`
an option of the strategy.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click

from helios.cli.entry_help import EntryCommand
from helios.cli.options import name_of, settings_of

_OPTION = re.compile(r"--(?!strategy\.)([A-Za-z0-9][A-Za-z0-9_.-]*)")
_NESTED = re.compile(r"--strategy\.([A-Za-z0-9_-]+)(?:=(.*))?", re.DOTALL)
_NUMBER = re.compile(r"\d[\d_]*")


class GuideCommand(EntryCommand):
    """A command whose options have a `group`, the heading in its help; those without one come last.

    `strategies` gives, when the help is asked for, the dataclass of each strategy's options by the strategy's name.
    """

    def __init__(self, *arguments: Any, strategies: Callable[[], Mapping[str, type]] = dict, **settings: Any):
        super().__init__(*arguments, **settings)
        self.strategies = strategies

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write `args` as click takes them, and parse them."""
        lists = {opt for p in self.params if isinstance(p, click.Option) and p.multiple for opt in p.opts}
        return super().parse_args(ctx, _plain(args, lists))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by their groups, those of strategies among them."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in [*self.get_params(ctx), *_nested_options(self.strategies())]:
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                groups.setdefault(getattr(param, "group", "Options"), []).append(record)
        for heading, records in sorted(groups.items(), key=lambda item: item[0] == "Options"):
            with formatter.section(heading):
                formatter.write_dl(records)


class _Grouped(click.Option):
    def __init__(self, *arguments: Any, group: str, **settings: Any):
        super().__init__(*arguments, **settings)
        self.group = group


def guide_options(heading: str, config: type) -> Callable:
    """Return a decorator that adds the options of the dataclass `config` under `heading`; a bool is --[no-]NAME.

    Of the arguments for `click.option`, `also` are other names of the option.
    """

    def decorate(command: Callable) -> Callable:
        for field in reversed(dataclasses.fields(config)):
            if "help" not in field.metadata:
                continue
            name, settings = name_of(field), settings_of(field)
            also = settings.pop("also", ())
            if isinstance(field.default, bool):
                name = f"{name}/--no-{name[2:]}"
                settings.pop("is_flag", None)
            elif isinstance(field.default, tuple):
                settings |= {"multiple": True, "type": int, "metavar": "STEP ..."}
            command = click.option(name, *also, field.name, cls=_Grouped, group=heading, **settings)(command)
        return command

    return decorate


def _nested_options(strategies: Mapping[str, type]) -> Iterator[_Grouped]:
    """Yield the options --strategy.NAME VALUE of each strategy; of one that has all of another's, the rest."""
    for name, config in strategies.items():
        base = next((other for other, one in strategies.items() if one is not config and issubclass(config, one)), None)
        known = {field.name: field.default for field in dataclasses.fields(strategies[base])} if base else {}
        group = f"Strategy {name}" + (f", with those of {base} and" if base else "")
        for field in dataclasses.fields(config):
            if "help" in field.metadata and (field.name not in known or field.default != known[field.name]):
                title = "--strategy." + field.name.replace("_", "-")
                yield _Grouped([title, field.name], group=group, **settings_of(field))


def _plain(args: Sequence[str], lists: set[str]) -> list[str]:
    """Return arguments with dashes for underscores in names of options, and lists and nested options one by one."""
    plain: list[str] = []
    current = ""
    for place, arg in enumerate(args):
        if arg == "--":
            return [*plain, *args[place:]]
        nested = _NESTED.fullmatch(arg)
        if nested:
            plain.append("--strategy-option")
            plain.append(nested[1].replace("-", "_") + ("" if nested[2] is None else f"={nested[2]}"))
            current = "" if nested[2] is not None else "nested"
        elif current == "nested":
            plain[-1] += f"={arg}"
            current = ""
        elif arg.startswith("--"):
            name, equals, value = arg.partition("=")
            current = name.replace("_", "-") if _OPTION.fullmatch(name) else ""
            plain.append((current or name) + equals + value)
            if equals and current not in lists:
                current = ""
        elif current in lists and plain[-1] != current and _NUMBER.fullmatch(arg):
            plain += [current, arg]
        else:
            plain.append(arg)
            current = current if current in lists else ""
    return plain
