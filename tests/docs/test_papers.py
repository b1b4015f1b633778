"""What the project says of itself to programs is well formed, and its documents agree with each other."""

import re
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location

import pytest
import yaml

import helios
from tests.docs.pages import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()

CFF_KEYS = {
    *("abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi", "identifiers", "keywords"),
    *("license", "license-url", "message", "preferred-citation", "references", "repository", "repository-artifact"),
    *("repository-code", "title", "type", "url", "version"),
}
"""The keys of Citation File Format 1.2.0: its schema guide, https://doi.org/10.5281/zenodo.5171937."""


def test_the_citation_is_valid():
    assert CITATION["cff-version"] == "1.2.0"
    assert {"authors", "cff-version", "message", "title"} <= CITATION.keys() <= CFF_KEYS
    assert CITATION["type"] in ("software", "dataset")
    assert all(author.keys() <= {"name", "website", "email"} and author["name"] for author in CITATION["authors"])
    assert len(set(CITATION["keywords"])) == len(CITATION["keywords"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(CITATION["date-released"]))


def test_licence_version_and_authors_are_the_same_everywhere():
    assert PROJECT["license"] == CITATION["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert [author["name"] for author in PROJECT["authors"]] == [author["name"] for author in CITATION["authors"]]
    assert CITATION["version"] == helios.__version__
    assert f"## [{helios.__version__}] - {CITATION['date-released']}" in CHANGELOG


def test_the_changelog_keeps_its_form():
    versions = re.findall(r"^## \[(.+?)\](.*)$", CHANGELOG, re.MULTILINE)
    assert versions[0] == ("Unreleased", "")
    assert all(re.fullmatch(r" - \d{4}-\d\d-\d\d", date) for _, date in versions[1:])
    kinds = set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize("name", PROJECT["dependencies"])
def test_what_is_required_is_imported(name):
    package = re.match(r"[\w-]+", name)[0]
    module = {"pillow": "PIL"}.get(package, package.replace("-", "_"))
    sources = "\n".join(path.read_text() for path in (ROOT / "helios").rglob("*.py"))
    assert re.search(rf"^\s*(import|from) {module}\b", sources, re.MULTILINE)


def test_every_package_has_a_pin():
    pinned = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines()[1:]}
    extras = PROJECT["optional-dependencies"]
    named = [*PROJECT["dependencies"], *(name for extra in extras.keys() - {"hats"} for name in extras[extra])]
    names = {re.match(r"[\w-]+", name)[0].lower() for name in named} - {"helios-planetarium"}
    assert names <= pinned


def architecture():
    spec = spec_from_file_location("architecture", ROOT / "docs" / "architecture.py")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_no_arrow_of_the_architecture_runs_back():
    drawing = architecture()
    graph = drawing.rooms()
    floor = {room: number for number, level in enumerate(drawing.floors(graph)) for room in level}
    assert all(floor[other] < floor[room] for room, imported in graph.items() for other in imported)
    assert floor.keys() == graph.keys() >= {"cli", "training", "universe", "grid"}
    reachable = drawing.reduced(graph)
    assert all(reachable[room] <= graph[room] for room in graph)
    assert ">cli</text>" in drawing.svg(graph)


def test_every_room_is_described():
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert architecture().rooms().keys() <= set(re.findall(r"`(\w+)`", page))


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def test_contributing_names_every_registry():
    sources = "\n".join(path.read_text() for path in sorted((ROOT / "helios").rglob("*.py")))
    found = re.findall(r'^(\w+) = Registry\(\s*"[^"]+",\s*"([^"]+)"', sources, re.MULTILINE)
    assert len(found) >= 11
    for registry, group in found:
        assert f"`{registry}`" in CONTRIBUTING
        assert f"`{group}`" in CONTRIBUTING


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:helios|tests|client_export|catalogs)/[^`]*)`", CONTRIBUTING)))
)
def test_files_that_contributing_names_are_there(path):
    assert (ROOT / path).exists()
