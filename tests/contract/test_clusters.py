"""Clusters that cannot be used say so in one line: none there, nothing installed, another Helios, jobs refused."""

import socket
import subprocess
import sys

import pytest

from helios.errors import InputError, WorkerError
from helios.schedulers import dask_cluster, open_scheduler
from tests.contract import clusters, work

dask = pytest.importorskip("dask")
pytest.importorskip("dask_jobqueue")  # with distributed: what they add to the configuration is there from now on


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("name", ["tcp://127.0.0.1:9", "tcp://127.0.0.1", "tcp://127.0.0.1:x", "tls://127.0.0.1:9"])
def test_no_scheduler_there(name):
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "0.3s"}),
        pytest.raises(WorkerError) as error,
        open_scheduler(name),
    ):
        pass
    assert one_line(error).startswith(f"{name}: no Dask scheduler answers there (")


@pytest.mark.parametrize(("name", "package"), [("tcp://a:1", "distributed"), ("slurm", "dask_jobqueue")])
def test_what_is_not_installed_is_named(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError) as error, open_scheduler(name):
        pass
    assert one_line(error).endswith(f"{package}; pip install helios-planetarium[cluster]")


def test_slurm_where_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="there is no sbatch on the PATH"), open_scheduler("slurm"):
        pass


def test_workers_of_another_version(dask_address, monkeypatch):
    monkeypatch.setattr(dask_cluster, "__version__", "0.0.1")
    with open_scheduler(dask_address) as scheduler, pytest.raises(WorkerError) as error:
        list(scheduler.run(work.square, [1]))
    assert "this is 0.0.1; install the same version on both" in one_line(error)


def test_a_cluster_without_workers(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_cluster, "_EMPTY_S", 0.5)
    with (
        clusters.dask_cluster(tmp_path, workers=0) as address,
        open_scheduler(address) as scheduler,
        pytest.raises(WorkerError) as error,
    ):
        list(scheduler.run(work.square, [1]))
    assert one_line(error) == f"{address}: the cluster has no worker; start one with: dask worker {address}"


def test_a_scheduler_that_goes_away(tmp_path, caplog):
    def kill_it_when_work_has_begun() -> bool:
        if (tmp_path / "pid_0").exists():
            clusters.kill_scheduler(tmp_path)
        return False

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "0.3s"}),
        clusters.dask_cluster(tmp_path, workers=1) as address,
        open_scheduler(address) as scheduler,
        pytest.raises(WorkerError) as error,
    ):
        list(scheduler.iter_completed(work.mark_and_sleep, [(tmp_path, 0, 3.0)], kill_it_when_work_has_begun))
    assert one_line(error).startswith(f"{address}: the scheduler is gone")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_jobs_that_slurm_refuses(slurm_name):
    with (
        dask.config.set({"jobqueue.slurm.queue": "no-such-queue"}),
        open_scheduler(slurm_name, 1) as scheduler,
        pytest.raises(WorkerError) as error,
    ):
        list(scheduler.run(work.square, [1]))
    assert "sbatch refused a job: " in one_line(error)
    assert "no-such-queue" in one_line(error)


def test_a_job_that_is_cancelled_is_replaced(slurm_name, tmp_path):
    """The only worker is gone in the middle of its piece, with its nanny: Slurm has to be asked for another job."""
    cancelled = []

    def cancel_it_when_work_has_begun() -> bool:
        if (tmp_path / "pid_0").exists() and not cancelled:
            cancelled.extend(clusters.running_jobs())
            subprocess.run(["scancel", "--signal=KILL", *cancelled], check=True)
        return False

    with open_scheduler(slurm_name, 1) as scheduler:
        pieces = [(tmp_path, 0, 1.0)]
        lists = scheduler.iter_completed(work.mark_and_sleep, pieces, cancel_it_when_work_has_begun)
        assert list(lists)[-1] == [(0, 0)]
        assert len(cancelled) == 1
        assert len(clusters.running_jobs()) == 1
        assert clusters.running_jobs() != cancelled


def test_ctrl_c_stays_what_it_was():
    code = (
        "import signal; from helios.schedulers.slurm import slurm_cluster_class; slurm_cluster_class();"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    )
    subprocess.run([sys.executable, "-c", code], cwd=clusters.ROOT, check=True)


def test_a_scheduler_that_says_nothing_is_given_up(monkeypatch):
    """It accepts the connection, as a port of something else may."""
    monkeypatch.setattr("helios.schedulers.dask_cluster._ANSWER_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        with (
            pytest.raises(
                WorkerError, match=rf"{address}: no Dask scheduler answers there \(it said nothing for 1 s\)"
            ),
            open_scheduler(address),
        ):
            raise AssertionError
