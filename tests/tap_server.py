"""A TAP service on 127.0.0.1 for tests: asynchronous jobs, answered with Gaia's own recorded VOTables.

Queries run in SQLite, an engine that knows nothing of Helios, over a table with the archive's columns; its rows are
those of `gaia_200.csv` unless a test gives others. Answers have the FIELD elements of an answer that the archive gave,
or are such an answer, byte for byte.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sqlite3
import struct
import threading
import warnings
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from astropy.io import votable

DATA = Path(__file__).parent / "data"
RECORDED_TABLEDATA = DATA / "formats" / "1710099405832VAL-result.vot"
RECORDED_BINARY2 = DATA / "formats" / "1714556098855O-result.vot"

ERROR = """<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">
<INFO name="QUERY_STATUS" value="ERROR">{}</INFO></RESOURCE></VOTABLE>
"""
JOB = """<?xml version="1.0" encoding="UTF-8"?>
<uws:job xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1">
<uws:jobId>{number}</uws:jobId><uws:runId/><uws:ownerId/><uws:phase>{phase}</uws:phase><uws:quote/>
<uws:executionDuration>7200</uws:executionDuration><uws:destruction/>
<uws:parameters><uws:parameter id="QUERY">{query}</uws:parameter></uws:parameters>
<uws:results><uws:result id="result" xlink:href="{result}"/></uws:results>
<uws:errorSummary type="fatal" hasDetail="true"><uws:message>{error}</uws:message></uws:errorSummary>
</uws:job>
"""
HTML = b"<!DOCTYPE html>\n<html><body><h1>Sign in to the network</h1></body></html>"


@dataclass
class TapServer:
    """`queries` are those launched, in order; `recorded` a document to answer every data query with, byte for byte."""

    serialisation: str = "binary2"
    compressed: bool = True
    recorded: bytes | None = None
    faults: list[str] = field(default_factory=list)
    """What goes wrong, in turn, with data queries; empty strings are answers that go well."""
    count_faults: list[str] = field(default_factory=list)
    polls: int = 1
    """How often a job says EXECUTING before it says COMPLETED."""
    hold_after: int | None = None
    """Data queries that are answered; further ones stay EXECUTING for ever."""
    result_url: str = "{url}/results/result"
    """Where a job says that its result is; `{url}` is the job's own address, `{path}` its path."""
    job_text: str = JOB
    """How a job is described."""
    job_url: str = "{url}"
    """Where the answer to a query redirects to, in the same way."""
    queries: list[str] = field(default_factory=list)
    url: str = ""

    def __post_init__(self):
        self.jobs: dict[str, dict] = {}
        self.lock = threading.Lock()

    @property
    def data_queries(self) -> list[str]:
        return [query for query in self.queries if "COUNT(" not in query]


@cache
def recorded_fields(path: Path = RECORDED_TABLEDATA):
    """The table of a recorded answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return votable.parse(path, verify="ignore").get_first_table()


def gaia_rows() -> list[dict[str, float | int | None]]:
    """The rows of `gaia_200.csv`, numbers or None."""
    with open(DATA / "gaia_200.csv", newline="") as file:
        return [
            {k: None if v == "" else int(v) if k == "source_id" else float(v) for k, v in row.items()}
            for row in csv.DictReader(file)
        ]


def database(columns: Sequence[str], rows: list[dict], table: str) -> sqlite3.Connection:
    """A database in memory with the `table`, SCHEMA.NAME; what `rows` lack is null."""
    base = sqlite3.connect(":memory:", check_same_thread=False)
    base.execute(f"ATTACH ':memory:' AS {table.partition('.')[0]}")
    base.create_function("MOD", 2, lambda a, b: a % b)
    base.create_function("FLOOR", 1, lambda a: float(a // 1))
    base.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    marks = ", ".join("?" * len(columns))
    base.executemany(f"INSERT INTO {table} VALUES ({marks})", [[row.get(c) for c in columns] for row in rows])
    return base


def document(names: list[str], rows: list[tuple], serialisation: str, status: str = "OK") -> bytes:
    """A VOTable of `rows` with the FIELD elements that the archive recorded for `names`."""
    recorded = {f.name.lower(): f for f in recorded_fields().fields}
    file = votable.tree.VOTableFile()
    resource = votable.tree.Resource(type="results")
    resource.infos.append(votable.tree.Info(name="QUERY_STATUS", value="OK"))
    file.resources.append(resource)
    table = votable.tree.TableElement(file)
    resource.tables.append(table)
    for name in names:
        known = recorded.get(name.lower())
        kind = {"datatype": known.datatype, "unit": known.unit} if known else {"datatype": "long"}
        table.fields.append(votable.tree.Field(file, name=name, ID=name, **kind))
    table.create_arrays(len(rows))
    for place, row in enumerate(rows):
        table.array[place] = tuple(0 if value is None else value for value in row)
        table.array.mask[place] = tuple(value is None for value in row)
    output = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.to_xml(output, tabledata_format=serialisation)
    text = output.getvalue()
    if status != "OK":
        text = text.replace(b"</RESOURCE>", b'<INFO name="QUERY_STATUS" value="%s"/></RESOURCE>' % status.encode())
    return text


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *arguments):
        pass

    def send(self, status: int, body: bytes = b"", kind: str = "application/x-votable+xml", **headers: str):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drop(self):
        """End the connection as a broken line does: with a reset."""
        self.wfile.flush()
        self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def do_POST(self):
        tap = self.server.tap
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.path != "/tap-server/tap/async" or form["REQUEST"] != ["doQuery"] or form["PHASE"] != ["RUN"]:
            return self.send(404, b"no such resource", "text/plain")
        query = form["QUERY"][0]
        with tap.lock:
            tap.queries.append(query)
            faults = tap.count_faults if "COUNT(" in query else tap.faults
            fault = faults.pop(0) if faults else ""
            number = f"{1700000000000 + len(tap.queries)}O"
            tap.jobs[number] = {"query": query, "fault": fault, "polls": tap.polls, "order": len(tap.data_queries)}
        if fault == "reset":
            return self.drop()
        if fault == "503":
            return self.send(503, b"<html><body><h1>Service Unavailable</h1></body></html>", "text/html")
        if fault == "400":
            return self.send(400, ERROR.format("Cannot parse query: Encountered &quot;parallx&quot;").encode())
        if fault == "no job":
            return self.send(200, HTML, "text/html")
        self.send(303, Location=tap.job_url.format(url=f"{tap.url}/async/{number}", path=f"{self.path}/{number}"))

    def do_GET(self):
        tap = self.server.tap
        if self.path.endswith("/loop"):
            return self.send(303, Location=self.path)
        found = re.fullmatch(r"/tap-server/tap/async/(\w+)(/results/result)?", self.path)
        if not found or found[1] not in tap.jobs:
            return self.send(404, b"no such job", "text/plain")
        job, what = tap.jobs[found[1]], found[2]
        if "answer" not in job:
            self.answer(job)
        if what:
            return self.result(job)
        error = escape(job["error"]) if "error" in job else ""
        place = {"number": found[1], "result": tap.result_url.format(url=f"{tap.url}/async/{found[1]}", path=self.path)}
        return self.send(
            200,
            tap.job_text.format(phase=self.phase(job), query=escape(job["query"]), error=error, **place).encode(),
            "text/xml",
        )

    def phase(self, job: dict) -> str:
        tap = self.server.tap
        held = tap.hold_after is not None and job["order"] > tap.hold_after and "COUNT(" not in job["query"]
        if job["polls"] or held:
            job["polls"] = max(0, job["polls"] - 1)
            return "EXECUTING"
        return "ERROR" if job["error"] else "COMPLETED"

    def answer(self, job: dict) -> None:
        tap = self.server.tap
        job["answer"], job["error"] = b"", ""
        if tap.recorded is not None and "COUNT(" not in job["query"]:
            job["answer"] = tap.recorded
            return
        try:
            with tap.lock:
                cursor = self.server.base.execute(job["query"])
                names, rows = [column[0] for column in cursor.description], cursor.fetchall()
        except sqlite3.Error as error:
            job["error"] = str(error)
            return
        # The archive answers with this one name in capitals.
        names = ["SOURCE_ID" if name == "source_id" else name for name in names]
        if job["fault"] in ("overflow", "short"):
            rows = rows[:-1]
        status = "OVERFLOW" if job["fault"] == "overflow" else "OK"
        job["answer"] = document(names, rows, tap.serialisation, status)

    def result(self, job: dict) -> None:
        tap, fault = self.server.tap, job["fault"]
        body = gzip.compress(job["answer"], mtime=0) if tap.compressed else job["answer"]
        if fault == "html":
            return self.send(200, HTML, "text/html")
        if fault == "error":
            return self.send(200, ERROR.format("Out of memory").encode())
        if fault == "entity":
            bomb = job["answer"].replace(
                b"<VOTABLE", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><VOTABLE'
            )
            return self.send(200, bomb)
        if fault in ("cut", "cut quietly", "stall"):
            job["fault"] = ""
            self.send_response(200)
            if fault != "cut quietly":
                self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            if fault == "stall":
                self.wfile.flush()
                self.server.ended.wait(5.0)
            return None
        if fault == "502 once":
            job["fault"] = ""
            return self.send(502, b"", "text/html")
        self.send(200, body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        """Connections end early here on purpose."""


@contextmanager
def serving(
    tap: TapServer,
    rows: list[dict] | None = None,
    table: str = "gaiadr3.gaia_source",
    columns: Sequence[str] | None = None,
):
    """Have `tap` serve while the block lasts, over `rows`, those of `gaia_200.csv` unless given.

    The `table` has the `columns`, those of the archive's recorded answer unless given.
    """
    server = _Server(("127.0.0.1", 0), _Handler)
    server.tap, server.ended = tap, threading.Event()
    server.base = database(
        columns or [f.name for f in recorded_fields().fields], gaia_rows() if rows is None else rows, table
    )
    tap.url = f"http://127.0.0.1:{server.server_address[1]}/tap-server/tap"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield tap
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
        server.base.close()
