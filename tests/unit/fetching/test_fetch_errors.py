"""What an archive refuses or answers wrongly ends in one clear line, leaves no file, and keeps the pieces it has."""

import sys

import pytest

from helios.errors import ArchiveError, InputError
from helios.fetching.config import FetchConfig
from helios.fetching.gaia import Gaia
from helios.fetching.run import fetch
from tests.tap_server import JOB, TapServer, serving

pytest.importorskip("pyvo", reason="pyvo is not installed")


def failure(tap, output, error=ArchiveError, **options):
    """The one line that a fetch ends with."""
    options = {"max_mag": 21.0, "pause": 0.01, "timeout": 20.0, "tries": 2, **options}
    config = FetchConfig("gaia", url=tap.url, **options)
    with pytest.raises(error) as raised:
        fetch(config, output)
    message = str(raised.value)
    assert "\n" not in message
    assert not output.exists()
    assert not output.with_name(output.name + ".query.json").exists()
    return message


@pytest.mark.parametrize(
    ("fault", "words", "asked"),
    [
        ("400", 'HTTP 400 Bad Request: Cannot parse query: Encountered "parallx"', 1),
        ("503", "tried 2 times; the last time: HTTP 503 Service Unavailable", 2),
        ("reset", "tried 2 times", 2),
        ("no job", "does not accept the query as TAP services do", 1),
        ("overflow", "leaves rows out of its answer (OVERFLOW)", 1),
        ("error", "refuses the query: Out of memory", 1),
        ("html", "answers with a web page, must be a VOTable", 1),
        ("entity", "document type declaration, which may declare entities; refused", 1),
        ("short", "199 rows where 200 were counted", 2),
    ],
)
def test_one_line_with_the_archive_s_own_words(tmp_path, fault, words, asked):
    with serving(TapServer(faults=[fault] * 2)) as tap:
        message = failure(tap, tmp_path / "g.parquet")
        assert message.startswith(f"{tap.url}: ")
        assert words in message
        # What is refused once would be refused again: only what may pass is tried again.
        assert len(tap.data_queries) == asked


def test_an_error_of_the_query_is_told_and_not_tried_again(tmp_path):
    with serving(TapServer()) as tap:
        message = failure(tap, tmp_path / "g.parquet", where="parallx > 10")
        assert message == f"{tap.url}: refuses the query: no such column: parallx"
        assert len(tap.queries) == 1
    assert list(tmp_path.iterdir()) == []


ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            JOB.replace("<uws:job ", ENTITY + "<uws:job "),
            "document type declaration, which may declare entities; refused",
        ),
        ("<!DOCTYPE html><html/>", "answers with a web page, must be the description of a job"),
        ("<VOTABLE/>", "answers with <VOTABLE>, must be the description of a job"),
        ("no job", "answers with 'no job'..., must be the description of a job"),
        (JOB[:-30], "tried 2 times; the last time: an answer that is not whole"),
        (JOB.replace("\n", " " * (1 << 20)), "describes a job in more than 1,048,576 bytes; refused"),
        (JOB.replace("{phase}", "RESTING"), "says 'RESTING' where the phase of a job must stand"),
        (JOB.replace("{phase}", ""), "says '' where the phase of a job must stand"),
        (JOB.replace("{phase}", "ABORTED"), "refuses the query: ABORTED"),
        (JOB.replace("{phase}", "ERROR").replace("{error}", "line\none"), "refuses the query: line one"),
    ],
)
def test_descriptions_of_jobs(tmp_path, text, words):
    with serving(TapServer(job_text=text)) as tap:
        assert words in failure(tap, tmp_path / "g.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("field", ["destruction", "quote"])
def test_a_description_that_pyvo_cannot_read(tmp_path, field):
    text = JOB.replace(f"<uws:{field}/>", f"<uws:{field}>never</uws:{field}>")
    with serving(TapServer(job_text=text)) as tap:
        message = failure(tap, tmp_path / "g.parquet")
    assert message.startswith(f"{tap.url}: does not describe the job as TAP services do (")


def test_rows_that_are_missing_from_a_divided_band(tmp_path):
    """The parts of a band have no counts of their own, but their sum is known."""
    with serving(TapServer(faults=["", "short"])) as tap:
        message = failure(tap, tmp_path / "g.parquet", rows_per_piece=4, max_mag=4.25, min_mag=4.0)
    assert "rows came where" in message
    assert message.endswith("were counted; try again")
    assert list(tmp_path.iterdir()) == []


def test_redirections_have_an_end(tmp_path):
    with serving(TapServer(job_url="{url}/loop")) as tap:
        assert "tried 2 times; the last time: Exceeded 5 redirects" in failure(tap, tmp_path / "g.parquet")


def test_no_star(tmp_path):
    with serving(TapServer()) as tap:
        message = failure(tap, tmp_path / "g.parquet", max_mag=-5.0)
    assert "no star of gaiadr3.gaia_source is so bright" in message
    assert list(tmp_path.iterdir()) == []


def test_nobody_there(tmp_path):
    with serving(TapServer()) as tap:
        pass
    assert "tried 2 times; the last time: [Errno 111] Connection refused" in failure(tap, tmp_path / "g.parquet")


def test_pieces_survive_an_error(tmp_path):
    with serving(TapServer(faults=["", "overflow"])) as tap:
        failure(tap, tmp_path / "g.parquet", rows_per_piece=60)
        asked = len(tap.queries)
        config = FetchConfig("gaia", url=tap.url, max_mag=21.0, rows_per_piece=60, pause=0.01)
        fetch(config, tmp_path / "g.parquet")
        assert tap.queries[asked - 1] == tap.queries[asked]
        assert len(tap.queries) == len(set(tap.queries)) + 1


def test_two_processes_do_not_share_pieces(tmp_path):
    with serving(TapServer()) as tap:
        config = FetchConfig("gaia", url=tap.url, max_mag=21.0, pause=0.01)
        refusals = []

        def on_event(event):
            if not refusals:
                refusals.append(failure(tap, tmp_path / "g.parquet", InputError))

        fetch(config, tmp_path / "g.parquet", on_event)
        assert "another process fetches the same" in refusals[0]
    assert (tmp_path / "g.parquet").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"where": "parallax > 1; DROP TABLE x"}, "--where: has a ';'"),
        ({"where": "parallax > 1) OR (1 = 1"}, "--where: its parentheses do not match"),
        ({"where": "(parallax > 1"}, "--where: its parentheses do not match"),
        ({"where": "parallax > 1 -- all"}, "--where: has a comment, '--'"),
        ({"where": "a = 'b"}, "--where: a quote ' is not closed"),
        ({"where": "parallax\n> 1"}, "--where: has a control character"),
        ({"where": " "}, "--where: empty"),
        ({"table": "gaiadr3.gaia_source, x"}, "--table 'gaiadr3.gaia_source, x'"),
        ({"columns": "ra,dec FROM x"}, "--columns: 'dec from x' must be the name of a column"),
        ({"url": "ftp://127.0.0.1/tap"}, "--url 'ftp://127.0.0.1/tap'"),
        ({"url": "http://127.0.0.1:x/tap"}, "--url 'http://127.0.0.1:x/tap'"),
        ({"limit": 0}, "--limit 0: must be at least 1"),
        ({"min_mag": 9.0, "max_mag": 8.0}, "--min-mag 9.0: must not be above --max-mag 8.0"),
        ({"max_mag": float("nan")}, "--max-mag nan"),
        ({"tries": 0}, "--tries 0: must be from 1 to 100"),
    ],
)
def test_what_cannot_be_asked(tmp_path, options, words):
    with pytest.raises(InputError) as raised:
        fetch(FetchConfig("gaia", **options), tmp_path / "g.parquet")
    assert words in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_quote_may_hold_anything():
    question = FetchConfig("gaia", where="phot_variable_flag = '(;--' AND ra > 1").question(Gaia())
    assert question.where == "phot_variable_flag = '(;--' AND ra > 1"


@pytest.mark.parametrize(
    ("name", "words"), [("g.csv", "must end in .parquet"), ("d.parquet", "a directory stands there")]
)
def test_what_cannot_be_written(tmp_path, name, words):
    (tmp_path / "d.parquet").mkdir()
    with pytest.raises(InputError, match=words):
        fetch(FetchConfig("gaia"), tmp_path / name)


def test_a_missing_pyvo_is_named_with_its_remedy(tmp_path, monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == "pyvo"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delitem(sys.modules, "helios.fetching.connection", raising=False)
    monkeypatch.delattr("helios.fetching.connection", raising=False)
    monkeypatch.setitem(sys.modules, "pyvo", None)
    with pytest.raises(InputError, match=r"pip install helios-planetarium\[fetch\]"):
        fetch(FetchConfig("gaia"), tmp_path / "g.parquet")
    assert list(tmp_path.iterdir()) == []
