"""Hostile inputs by the hundred: cells, packs, stores, landmarks, schemas, catalogues and names made to do harm.

Each command must end within 20 s and 1.5 GB, with exit 0 or with one line that says why not, without a traceback, and
print nothing that steers a terminal; what it exports is finite. `python -m tests.sweeps.hostile [KIND...]` prints a
table, and exits with 1 where one does not.
"""

from __future__ import annotations

import copy
import gzip
import json
import shutil
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lz4.block
import numpy as np

from tests.sweeps.crashes import QUICK
from tests.sweeps.damage import checking
from tests.sweeps.forked import Ended, helios, run, warm_up

LONGEST_S, MOST_BYTES = 20.0, 1_500_000_000
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        "",
        "abc",
        "\x1b[2J\u202e\0",
        [],
        {},
        [1],
        0,
        -1,
        1.5,
        5e-324,
        1e308,
        2**31,
        2**63,
        10**30,
        -(10**30),
    ),
    *(float("nan"), float("inf"), -float("inf"), "9" * 5000),
)
"""What is put in the place of each value of a JSON file."""

Trial = tuple[str, Callable[[], None]]


def paths_of(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every value in a JSON value; of a list only those of its first item."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths_of(item, (*path, key))


def changed(value: Any, path: tuple, new: Any) -> Any:
    if not path:
        return new
    made = copy.deepcopy(value)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = new
    return made


def variants(value: Any, count: int, seed: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield `count` of (what, a JSON value like `value` with one value exchanged)."""
    rng = np.random.default_rng(seed)
    every = [(path, new) for path in paths_of(value) for new in VALUES]
    for i in rng.permutation(len(every))[:count].tolist():
        path, new = every[i]
        yield f"{'/'.join(map(str, path))} = {str(new)[:20]!r}", changed(value, path, new)


def cells(home: Path) -> Iterator[Trial]:
    """v1 cells with changed headers, changed records, and blocks that say other lengths than they have."""
    data = max((home / "u/pack/cells").iterdir(), key=lambda file: file.stat().st_size).read_bytes()
    length = struct.unpack_from("<I", data)[0]
    header, block = json.loads(data[4 : 4 + length]), data[4 + length :]
    records = np.frombuffer(lz4.block.decompress(block), np.float32).reshape(-1, 14)

    def trial(what: str, head: Any, body: bytes) -> Trial:
        text = json.dumps(head).encode()
        (home / "cell.bin").write_bytes(struct.pack("<I", len(text)) + text + body)
        arguments = ("train-cell", "--cell", "cell.bin", "--output", "made.bin", *QUICK)
        return f"cell: {what}", helios(arguments)

    for what, head in variants(header, 70):
        yield trial(what, head, block)
    for column in (0, 3, 6, 10, 13):
        for value in (np.nan, np.inf, -1.0, 0.0, 3e38, 1e-45):
            for rows in (slice(0, 1), slice(None)):
                forged = records.copy()
                forged[rows, column] = value
                yield trial(f"column {column} = {value}", header, lz4.block.compress(forged.tobytes()))
    for size in (0, 1, 2**31 - 1, 2**31, 2**32 - 1):
        yield trial(f"{size} bytes announced", header, struct.pack("<I", size) + block[4:])
    bomb = lz4.block.compress(bytes(56 * 5_000_000), store_size=True)
    yield trial("280 MB of zeros", {**header, "splat_count": 5_000_000}, bomb)
    yield trial("no splat", {**header, "splat_count": 0}, lz4.block.compress(b""))


def packs(home: Path) -> Iterator[Trial]:
    """Lists of v1 packs and of sites with changed values, and all checksums made anew."""
    from helios.files import sha256
    from helios.pieces import digest_of

    for name in ("index.json", "cells.pack.json"):
        sound = json.loads((home / "s/universe" / name).read_text())
        for what, value in variants(sound, 35):
            site = home / "forged"
            shutil.copytree(home / "s", site)
            (site / "universe" / name).write_text(json.dumps(value))
            sums = [line.split() for line in (site / "universe/cells.pack.sfv").read_text().splitlines()]
            own = f"{zlib.crc32((site / 'universe' / name).read_bytes()):08X}"
            lines = [f"{file} {own if file == name else crc}\n" for file, crc in sums]
            (site / "universe/cells.pack.sfv").write_text("".join(lines))
            manifest = json.loads((site / "files.json").read_text())
            manifest.pop("sha256")
            for file in manifest["files"]:
                path = site / file["path"]
                file |= {"size": path.stat().st_size, "sha256": sha256(path)}
            (site / "files.json").write_text(json.dumps(manifest | {"sha256": digest_of(manifest)}))
            yield f"{name}: {what}", checking(site)
            shutil.rmtree(site)
    manifest = json.loads((home / "s/files.json").read_text())
    manifest.pop("sha256")
    for what, value in variants(manifest, 30):
        site = home / "forged"
        shutil.copytree(home / "s", site)
        signed = value | {"sha256": digest_of(value)} if isinstance(value, dict) else value
        (site / "files.json").write_text(json.dumps(signed))
        yield f"files.json: {what}", checking(site)
        shutil.rmtree(site)


def stores(home: Path) -> Iterator[Trial]:
    """Stores with changed metadata and columns, and all checksums made anew."""
    from helios.universe.arrays import metadata_digest, open_root
    from helios.universe.groups import BUILT_GROUPS
    from helios.universe.training import splats_digest

    def forged(change: Callable[[Path], None]) -> None:
        shutil.rmtree(home / "f", ignore_errors=True)
        shutil.copytree(home / "u", home / "f")
        store = home / "f/universe.zarr"
        change(store)
        for name, digest in ((".", None), ("splats", splats_digest)):
            file = store / name / "zarr.json"
            try:
                root, document = open_root(store), json.loads(file.read_text())
                rest = {key: value for key, value in document["attributes"].items() if key != "sha256"}
                own = metadata_digest(root, BUILT_GROUPS, rest) if digest is None else digest(root, rest)
                document["attributes"] = rest | {"sha256": own}
                file.write_text(json.dumps(document))
            except Exception:
                continue  # so far gone that no checksum can be made

    def metadata(name: str, value: Any) -> Callable[[Path], None]:
        return lambda store: (store / name / "zarr.json").write_text(json.dumps(value))

    def column(name: str, value: float) -> Callable[[Path], None]:
        def change(store: Path) -> None:
            from helios.universe.arrays import read_rows, write_array

            root = open_root(store, mode="r+")
            data = read_rows(root, name).copy()
            data[..., :1] = value if np.issubdtype(data.dtype, np.floating) else int(value)
            del root[name]
            group, own = name.split("/")
            write_array(root[group], own, data)

        return change

    changes = []
    for name, count in ((".", 20), ("emitters/x_m", 20), ("cells/offsets", 10), ("splats", 10), ("splats/means", 10)):
        sound = json.loads((home / "u/universe.zarr" / name / "zarr.json").read_text())
        changes += [(f"{name}: {what}", metadata(name, value)) for what, value in variants(sound, count, seed=count)]
    for name in ("emitters/x_m", "emitters/phot_g_mean_mag", "cells/depth", "cells/l", "cells/offsets", "splats/means"):
        for value in (
            -1.0,
            0.0,
            100.0,
            *((np.nan, np.inf, 1e30) if name[-1] in "mgs" and "offsets" not in name else ()),
        ):
            changes.append((f"{name} = {value}", column(name, value)))

    def noted(store: Path) -> None:
        file = store / "zarr.json"
        document = json.loads(file.read_text())
        document["attributes"]["provenance"]["note"] = "a change that only a checksum made anew lets pass"
        file.write_text(json.dumps(document))

    assert run(lambda: forged(noted), home).code == 0
    opened = run(helios(("info", "f")), home)
    assert opened.code == 0, opened.text
    for what, change in changes:
        # In a child: a warmed-up process must start no threads, which zarr does.
        made = run(lambda change=change: forged(change), home)
        if made.code:
            continue
        for command in (("validate", "f"), ("info", "f"), ("export", "--universe", "f", "-o", "made.ply")):
            yield f"store {what}, {command[0]}", helios(command)


def texts(home: Path) -> Iterator[Trial]:
    """Landmarks and schemas."""
    sound = [
        {"id": "a", "name": "A", "kind": "star", "source": "s", "description": "", "radius_hint": 1.0}
        | {"pos_meters": {"x": 1e17, "y": 0.0, "z": 0.0}}
    ]
    documents = [(what, json.dumps(value).encode()) for what, value in variants(sound, 60)]
    documents += [
        ("half a character", json.dumps(sound).replace('"A"', '"\\ud800"').encode()),
        ("deep", b"[" * 100_000 + b"]" * 100_000),
        ("many", json.dumps([{**sound[0], "id": str(i)} for i in range(20_000)]).encode()),
        ("no UTF-8", b'[{"id": "\xff"}]'),
        ("zeros", bytes(1000)),
    ]
    for what, document in documents:
        (home / "l.json").write_bytes(document)
        yield f"landmarks {what}", helios(("build", "--synthetic", 5, "--landmarks", "l.json", "-o", "made"))
    rows = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n1,1,1,10,5,1\n"
    (home / "c.csv").write_text(rows)
    schemas = {
        "dotted keys": "a." * 50_000 + "b = 1",
        "dotted keys, short": "a." * 4_000 + "b = 1",
        "nested arrays": "null = " + "[" * 8_000 + "]" * 8_000,
        "inline tables": "columns = " + "{ra = " * 2_000 + "1" + "}" * 2_000,
        "a long number": "ref_epoch = " + "9" * 10_000,
        "infinity": "ref_epoch = inf",
        "nan": "ref_epoch = nan",
        "no text": "name = 5",
        "escapes": 'name = "\\u001b[2J\\u202e"',
        "a column of nothing": '[columns]\nra = ""',
        "a column of itself": '[columns]\nra = {difference = ["ra", "ra"]}',
        "a strange unit": '[columns]\nra = {names = "ra", unit = "' + "m^" * 400 + '1"}',
        "nulls": "null = [" + '"x",' * 1_000 + "]",
        "zeros": "\0" * 100,
    }
    for what, text in schemas.items():
        (home / "s.toml").write_text(text)
        yield f"schema {what}", helios(("build", "--stars", "c.csv", "--schema", "s.toml", "-o", "made"))


def catalogues(home: Path) -> Iterator[Trial]:
    """Catalogues that unpack to much, and with odd lines, values and names."""
    head = b"source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n"
    row = b"1,1,1,10,5,1\n"
    names = ("source_id", "ra", "dec", "parallax", "phot_g_mean_mag", "bp_rp")
    columns = "".join(f"# - {{name: {name}, datatype: float64}}\n" for name in names)

    def ecsv(extra: str) -> bytes:
        return f"# %ECSV 1.0\n# ---\n{extra}# delimiter: ','\n# datatype:\n{columns}".encode() + head + row

    def aliases(levels: int, key: str) -> str:
        lines = ["# a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"]
        lines += [f"# a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, levels)]
        return "".join(lines) + f"# {key}: *a{levels - 1}\n"

    merges = "".join(f"# m{i}: &m{i} {{<<: [{','.join([f'*m{i - 1}'] * 10)}]}}\n" for i in range(1, 9))
    files = {
        "alias bomb in meta.ecsv": ecsv(aliases(9, "meta")),
        "alias bomb in delimiter.ecsv": ecsv(aliases(9, "delimiter")),
        "merge bomb.ecsv": ecsv("# m0: &m0 {a: 1}\n" + merges),
        "alias bomb in a name.ecsv": ecsv(aliases(9, "x")).replace(b"name: ra,", b"name: *a8,"),
        "alias bomb in a unit.ecsv": ecsv(aliases(9, "x")).replace(b"name: ra,", b"name: ra, unit: *a8,"),
        "python tag.ecsv": ecsv("# x: !!python/object/apply:os.system ['true']\n"),
        "deep.ecsv": ecsv("# x: " + "[" * 5_000 + "]" * 5_000 + "\n"),
        "empty lines.csv.gz": gzip.compress(head + row + b"\n" * 400_000_000, 1),
        "comment lines.csv.gz": gzip.compress(b"#\n" * 200_000_000 + head + row, 1),
        "commas.csv.gz": gzip.compress(head + b",,,,,\n" * 30_000_000, 1),
        "one line.csv.gz": gzip.compress(head + b"1" * 400_000_000, 1),
        "zeros.csv.gz": gzip.compress(bytes(400_000_000), 1),
        "many columns.csv": b",".join(b"c%d" % i for i in range(300_000)) + b"\n" + row,
        "nothing.csv": b"",
        "no rows.csv": head,
        "bytes.csv": bytes(range(256)) * 100,
        "escapes.csv": head.replace(b"bp_rp", b"bp_rp,\x1b]0;title\x07\x1b[2J") + row.replace(b"\n", b",1\n"),
        "escapes in a value.csv": head + b"1,\x1b[31m,1,10,5,1\n",
        "cut.csv.gz": gzip.compress(head + row * 1000)[:-9],
        "no xml.vot": b"<VOTABLE>",
        "laughs.vot": b'<!DOCTYPE a [<!ENTITY b "'
        + b"x" * 1000
        + b'"><!ENTITY c "'
        + b"&b;" * 1000
        + b'">]><VOTABLE>&c;</VOTABLE>',
        "outside.vot": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><VOTABLE>&b;</VOTABLE>',
        "deep.vot": b"<VOTABLE>" + b"<RESOURCE>" * 200_000,
        "no fits.fits": b"SIMPLE  =                    T" + b" " * 2850,
        "no parquet.parquet": b"PAR1" + bytes(100) + b"PAR1",
        "no feather.feather": b"ARROW1" + bytes(100) + b"ARROW1",
    }
    for bad in (
        b"nan",
        b"inf",
        b"-inf",
        b"1e400",
        b"1e308",
        b"-1e308",
        b"5e-324",
        b"0x10",
        b"1_0",
        b'"',
        b"",
        b"9" * 400,
    ):
        for place in range(6):
            values = row.rstrip().split(b",")
            values[place] = bad
            files[f"{names[place]} {bad.decode()[:8]}.csv"] = head + row + b",".join(values) + b"\n"
    for name, data in files.items():
        path = home / name.replace(" ", "_").replace('"', "quote")
        path.write_bytes(data)
        yield f"catalogue {name}", helios(("build", "--stars", path.name, "-o", "made"))
        path.unlink()
    for name in (
        b"a\xff.csv",
        b"a\nb.csv",
        b"\x1b[2J.csv",
        b"\xe2\x80\xae.csv",
        b"-o.csv",
        b"a b'\".csv",
        b"[a].csv",
        b"a{b.csv",
    ):
        path = Path(str(home)) / name.decode("utf-8", "surrogateescape")
        path.write_bytes(head + row)
        yield f"name {name!r}", helios(("build", "--stars", f"./{path.name}", "-o", "made"))
        path.unlink()
        yield f"output {name!r}", helios(("build", "--synthetic", 5, "-o", f"./made{path.name}"))


KINDS = {"cells": cells, "packs": packs, "stores": stores, "texts": texts, "catalogues": catalogues}
FAULTS = ("traceback", "steers", "not one line", "not finite", "memory", "time")


def fault(ended: Ended, home: Path) -> str | None:
    """Return what is wrong with how a command ended, None where nothing is."""
    if ended.code == -14 or ended.seconds > LONGEST_S:
        return "time"
    if ended.traceback or ended.code < 0:
        return "traceback"
    if ended.peak_bytes > MOST_BYTES:
        return "memory"
    if any(not char.isprintable() and char != "\n" for char in ended.text):
        return "steers"
    lines = ended.text.splitlines()
    if ended.code and "not sound" not in ended.text and sum(line.startswith("Error: ") for line in lines) != 1:
        return "not one line"
    ply = home / "made.ply"
    if ply.exists():
        content = ply.read_bytes()
        values = np.frombuffer(content[content.index(b"end_header\n") + 11 :], "<f4")
        if not np.isfinite(values).all():
            return "not finite"
    return None


def main() -> int:
    names = sys.argv[1:] or list(KINDS)
    warm_up(training="cells" in names)
    bad = 0
    columns = " ".join(f"{name:>12}" for name in FAULTS)
    print(f"{'inputs':<12} {'tried':>6} {'refused':>8} {columns} {'MB':>6} {'longest':>8} {'s':>5}", flush=True)
    for name in names:
        began, counts, told = time.monotonic(), Counter[str](), []
        most, longest = 0, 0.0
        with tempfile.TemporaryDirectory() as scratch:
            home = Path(scratch).resolve()
            for arguments in (
                ("build", "--synthetic", 40, "--depth", 1, "-o", "u"),
                ("train-all", "--input", "u", "--output", "u", *QUICK),
                ("pack", "--universe", "u", "--format", "v1", "--site", "s"),
            ):
                ended = run(helios(arguments), home)
                assert ended.code == 0, ended.text
            for what, command in KINDS[name](home):
                ended = run(command, home, limit_s=2 * LONGEST_S)
                counts["tried"] += 1
                counts["refused"] += ended.code != 0
                most, longest = max(most, ended.peak_bytes), max(longest, ended.seconds)
                if found := fault(ended, home):
                    counts[found] += 1
                    told.append(f"  {found}: {what}: {ended.text[-250:]!a}")
                for path in home.glob("*made*"):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        faults = " ".join(f"{counts[key]:>12}" for key in FAULTS)
        numbers = f"{most / 1e6:>6.0f} {longest:>8.1f} {time.monotonic() - began:>5.0f}"
        print(f"{name:<12} {counts['tried']:>6} {counts['refused']:>8} {faults} {numbers}", flush=True)
        print("\n".join(told[:60]), end="\n" if told else "", flush=True)
        bad += len(told)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
