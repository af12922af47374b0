"""The built wheel works away from the clone: installed by pip, without make."""

import subprocess
import sys
from pathlib import Path

import httpx
from environments import Environment
from nodes import running

ROOT = Path(__file__).parents[2]


def test_the_installed_wheel_runs_the_demo_and_stops_in_order(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("infoharbor-*.whl")
    environment = Environment(tmp_path / "environment")
    environment.install(wheel)
    where = [environment.program("python"), "-c", "import infoharbor; print(infoharbor.__file__)"]
    found = subprocess.run(where, capture_output=True, text=True, check=True, env=environment.variables, timeout=60)
    assert Path(found.stdout.strip()).is_relative_to(environment.folder)
    program, variables = environment.program("infoharbor"), environment.variables
    with running("--demo", "--data", "data", cwd=tmp_path, program=program, environment=variables) as node:
        events = httpx.get(f"{node.url}/v1/records/trace/events", params={"limit": 1}).json()
        assert events["items"]
        assert node.stop() == 0
