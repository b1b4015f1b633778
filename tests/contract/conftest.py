"""Clusters for the tests of this folder, started once."""

import pytest

from tests.contract.clusters import dask_cluster, slurm_cluster


@pytest.fixture(scope="session")
def dask_address(tmp_path_factory):
    with dask_cluster(tmp_path_factory.mktemp("dask")) as address:
        yield address


@pytest.fixture(scope="module")
def slurm_name():
    with slurm_cluster() as name:
        yield name
