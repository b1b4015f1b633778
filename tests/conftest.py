"""How processes share the tests out (`pytest -n 2 --dist loadgroup`): by files, for fixtures are made once per file.

Files that belong together say so by a group of their own: two of them must not run a Slurm at the same time.
"""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
