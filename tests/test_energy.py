"""Energy of a job: counters that start again, jobs side by side, machines that do not tell, and a GPU's counter."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import benchmarks
from benchmarks import corpora
from benchmarks.evaluation import job
from benchmarks.evaluation.energy import Counted, counted
from benchmarks.reporting.plots.cost import cost_plot
from benchmarks.reporting.ranking import rank
from benchmarks.reporting.tables import costs_table
from deep.energy import gpu_joules


def machine(folder: Path, *, joules: dict[str, float], busy: float) -> dict[str, Path]:
    """What Linux shows of processors that have counted so much and were busy for so many seconds."""
    for name, value in joules.items():
        zone = folder / "powercap" / name
        zone.mkdir(parents=True, exist_ok=True)
        (zone / "energy_uj").write_text(f"{round(1e6 * value)}\n")
        (zone / "max_energy_range_uj").write_text("262143328850\n")
    idle = 5000
    (folder / "stat").write_text(f"cpu  {round(100 * busy)} 0 0 {idle} {idle} 0 0 0 700 0\ncpu0 1 2 3\n")
    return {"powercap": folder / "powercap", "stat": folder / "stat"}


ZONES = {"intel-rapl:0": 100.0, "intel-rapl:1": 50.0, "intel-rapl:0:0": 7.0}


def test_parts_of_a_package_and_idle_time_do_not_count(tmp_path: Path) -> None:
    found = counted(**machine(tmp_path, joules=ZONES, busy=30.0))
    assert found.packages == {"intel-rapl:0": (100.0, 262143.32885), "intel-rapl:1": (50.0, 262143.32885)}
    assert found.busy_seconds == pytest.approx(30.0)


def test_a_job_is_told_its_share_of_the_time(tmp_path: Path) -> None:
    before = Counted(counted(**machine(tmp_path, joules=ZONES, busy=30.0)).packages, busy_seconds=30.0, own_seconds=1.0)
    later = counted(**machine(tmp_path, joules={**ZONES, "intel-rapl:1": 90.0}, busy=40.0))
    assert Counted(later.packages, later.busy_seconds, 6.0).joules_since(before) == pytest.approx(40.0 * 5 / 10)
    assert Counted(later.packages, later.busy_seconds, 60.0).joules_since(before) == pytest.approx(40.0)  # at most all


def test_a_counter_that_has_started_again_goes_on() -> None:
    before = Counted({"intel-rapl:0": (990.0, 1000.0)}, busy_seconds=0.0, own_seconds=0.0)
    assert Counted({"intel-rapl:0": (10.0, 1000.0)}, 1.0, 1.0).joules_since(before) == pytest.approx(20.0)


def test_a_machine_that_does_not_tell_has_none(tmp_path: Path) -> None:
    nothing = {"powercap": tmp_path / "nowhere", "stat": tmp_path / "nowhere"}
    assert counted(**nothing).joules_since(counted(**nothing)) is None
    where = machine(tmp_path, joules={"intel-rapl:0": 1.0}, busy=1.0)
    (where["powercap"] / "intel-rapl:0" / "energy_uj").unlink()
    (where["powercap"] / "intel-rapl:0" / "energy_uj").mkdir()  # cannot be read, whoever asks
    assert counted(**where).packages == {}


def test_a_gpu_tells_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")

    class NVMLError(Exception):
        pass

    nvml = ModuleType("pynvml")
    nvml.NVMLError, nvml.nvmlInit = NVMLError, lambda: None
    nvml.nvmlDeviceGetHandleByUUID = {"GPU-b": "second"}.__getitem__
    nvml.nvmlDeviceGetTotalEnergyConsumption = {"second": 12_500}.__getitem__
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: SimpleNamespace(uuid="ab"[number]))
    assert gpu_joules("cuda:1") == 12.5
    assert Counted(gpu_joules=20.0).joules_since(Counted(gpu_joules=12.5)) == 7.5

    def old(_handle: str) -> int:
        raise NVMLError

    nvml.nvmlDeviceGetTotalEnergyConsumption = old
    assert gpu_joules("cuda:1") is None
    monkeypatch.setitem(sys.modules, "pynvml", None)  # not installed
    assert gpu_joules("cuda:1") is None


def test_a_run_keeps_the_energy_of_its_trainings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On counters that rise by 3 J from one look to the next, all of it this process's."""
    moments = (Counted({"package": (3.0 * n, 1e6)}, float(n), float(n)) for n in range(1000))
    monkeypatch.setattr(job, "counted", lambda _device: next(moments))
    names = ["svm@timing", "logistic@timing", "svm@timing+logistic@timing"]
    run = benchmarks.evaluate(corpora.load("synthetic"), pipelines=names, out=tmp_path, jobs=1)
    assert dict(run.scores.set_index("pipeline")["fit_joules"]) == dict(zip(names, (3.0, 3.0, 6.0), strict=True))
    record = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert record["jobs"][0]["fit_joules"] == 3.0
    table = costs_table(rank(benchmarks.Run.load(tmp_path))).csv()
    assert "fit_joules" in table
    assert cost_plot(rank(run)).alt_text.count("joules of training a fold") == 1
