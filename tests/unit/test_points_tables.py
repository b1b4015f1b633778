"""The tables that the viewer's reader is held against are what Python's `csv` writes and reads now."""

import json

from tests.data.points.tables import FILE, cases, read


def test_the_shared_tables_are_what_python_writes():
    assert json.loads(FILE.read_text()) == cases()


def test_python_reads_a_value_of_several_lines_and_marks_as_one():
    assert read('a;b\r\n"1\n""2""";x\r\n\r\n', ";") == [["a", "b"], ['1\n"2"', "x"]]
