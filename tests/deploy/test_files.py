"""The files for operators say what the project has: units, container, proxy. No image is built and no proxy run here."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infoharbor.cli.main import app
from infoharbor.engine.cometbft.binary import PROGRAM as COMETBFT
from infoharbor.engine.cometbft.binary import SOURCE
from infoharbor.gateway.door import BODY_BYTES

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd/infoharbor.service"
PROGRAM = "/opt/infoharbor/bin/infoharbor"
HARDENED = {
    "User": "infoharbor", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
    "PrivateDevices": "yes", "CapabilityBoundingSet": "", "RestrictSUIDSGID": "yes", "UMask": "0077",
    "StateDirectoryMode": "0700", "Restart": "on-failure", "KillMode": "mixed",
}  # fmt: skip


class Unit(configparser.RawConfigParser):
    """A unit file whose names keep their case, and may come again."""

    def __init__(self, file: Path) -> None:
        super().__init__(strict=False, interpolation=None)
        self.read_string(file.read_text(encoding="utf-8"))

    def optionxform(self, name: str) -> str:
        return name


def understood(command: list[str]) -> None:
    """The command line takes these arguments."""
    app.parse_args(command, exit_on_error=False, print_error=False)


def test_the_unit_gives_the_node_its_own_user_its_own_folder_and_nothing_else() -> None:
    service = Unit(UNIT)["Service"]
    assert {name: service.get(name) for name in HARDENED} == HARDENED
    assert service["Environment"] == f"INFOHARBOR_DATA=/var/lib/{service['StateDirectory']}"
    assert f"u {service['User']} " in (DEPLOY / "systemd/infoharbor.sysusers.conf").read_text()


def test_the_unit_starts_what_there_is() -> None:
    program, *arguments = Unit(UNIT)["Service"]["ExecStart"].split()
    assert program == PROGRAM
    assert arguments.pop() == "$INFOHARBOR_OPTIONS"
    understood([*arguments, "--public-url", "https://ledger.example"])


def test_a_members_addition_names_cometbft_and_takes_nothing_back() -> None:
    service = Unit(DEPLOY / "systemd/member.conf")["Service"]
    assert service["Environment"].startswith("INFOHARBOR_COMETBFT=/opt/infoharbor/")
    assert not set(service) & set(HARDENED)


def test_systemd_finds_nothing_wrong_where_there_is_systemd(tmp_path: Path) -> None:
    """On a machine without systemd the tests above are all that is known of the units."""
    if shutil.which("systemd-analyze") is None:
        return
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(PROGRAM, str(Path(sys.executable).with_name("infoharbor"))))
    addition = tmp_path / f"{UNIT.name}.d" / "member.conf"
    addition.parent.mkdir()
    shutil.copy(DEPLOY / "systemd/member.conf", addition)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if "infoharbor" in line]) == (0, [])


def instructions() -> list[tuple[str, str]]:
    """The Containerfile's instructions, with continued lines as one."""
    text = (DEPLOY / "container/Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line)]


def test_whatever_the_container_copies_is_there() -> None:
    stages: set[str] = set()
    for name, rest in instructions():
        if name == "FROM":
            stages.add(rest.partition(" AS ")[2])
        elif name == "COPY" and rest.startswith("--from="):
            assert rest.partition("=")[2].partition(" ")[0] in stages
        elif name == "COPY":
            assert all((ROOT / source).exists() for source in rest.split()[:-1]), rest


def test_the_container_runs_without_privileges_and_holds_no_secret() -> None:
    stages = "\n".join(f"{name} {rest}" for name, rest in instructions()).split("FROM ")[1:]
    (node,) = (stage for stage in stages if "AS node" in stage)
    user = re.findall(r"^USER (.*)$", node, re.MULTILINE)
    assert user == ["10001:10001"]
    (member,) = (stage for stage in stages if "AS member" in stage)
    assert member.startswith("node AS member")
    assert "USER" not in member
    assert not {"ADD", "ARG"} & {name for name, _ in instructions()}
    assert not re.search("password|secret|token|keys", "".join(stages), re.IGNORECASE)


def test_the_containers_bases_are_of_one_version() -> None:
    bases = [rest.partition(" AS ")[0] for name, rest in instructions() if name == "FROM"]
    assert [base for base in bases if base != "node" and not re.fullmatch(r"\w+:\d\.\d+-\w+(-\w+)?", base)] == []


def test_the_program_that_the_container_builds_is_the_one_that_nodes_run() -> None:
    (build,) = (rest for name, rest in instructions() if name == "RUN" and "go build" in rest)
    assert COMETBFT in build
    assert "-mod=readonly" in build
    assert f"COPY {SOURCE.relative_to(ROOT)} ./" in {f"{name} {rest}" for name, rest in instructions()}
    go = re.search(r"^go (\d+\.\d+)", (SOURCE / "go.mod").read_text(), re.MULTILINE)
    image = next(re.search(r"golang:(\d+\.\d+)", rest) for name, rest in instructions() if "golang" in rest)
    assert go is not None
    assert image is not None
    assert tuple(map(int, image[1].split("."))) >= tuple(map(int, go[1].split(".")))


@pytest.fixture
def node() -> dict[str, Any]:
    services = yaml.safe_load((DEPLOY / "container/compose.yaml").read_text(encoding="utf-8"))["services"]
    assert list(services) == ["node"]
    described: dict[str, Any] = services["node"]
    return described


def test_compose_publishes_the_node_to_this_machine_alone(node: dict[str, Any]) -> None:
    assert node["ports"] == ["127.0.0.1:8600:8600"]
    assert node["cap_drop"] == ["ALL"]
    assert node["read_only"] is True
    assert "no-new-privileges:true" in node["security_opt"]
    assert not {"privileged", "environment", "env_file", "secrets", "network_mode", "devices"} & set(node)


def test_compose_builds_and_starts_what_there_is(node: dict[str, Any]) -> None:
    build = node["build"]
    context = Path(os.path.normpath(DEPLOY / "container" / build["context"]))
    assert context == ROOT
    assert (context / build["dockerfile"]).is_file()
    assert any(name == "FROM" and rest.endswith(f" AS {build['target']}") for name, rest in instructions())
    understood([part.replace("${PUBLIC_URL:-}", "") for part in node["command"]])
    check = node["healthcheck"]["test"]
    assert check[:3] == ["CMD", "python", "-c"]
    compile(check[3], "healthcheck", "exec")


def test_the_proxy_passes_what_the_node_needs() -> None:
    text = (DEPLOY / "proxy/nginx.conf").read_text(encoding="utf-8")
    lines = {" ".join(line.split()) for line in text.splitlines()}
    assert {
        "proxy_pass http://127.0.0.1:8600;", "proxy_set_header Host $http_host;", "proxy_buffering off;",
        "proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection $connection_upgrade;",
        "ssl_protocols TLSv1.2 TLSv1.3;", f"client_max_body_size {BODY_BYTES // 1024**2}m;",
    } <= lines  # fmt: skip
    code = re.sub(r"#.*", "", text)
    assert code.count("{") == code.count("}")
    assert "9600" not in code


def commands(document: str) -> list[list[str]]:
    """Every command of ours that a document's blocks and lines name in full."""
    text = (ROOT / "docs/how-to" / document).read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(
        r"(?:^|`)(?:sudo -u infoharbor /opt/infoharbor/bin/)?infoharbor ([a-z][^`\n]*)", text, re.MULTILINE
    )
    return [shlex.split(each) for each in found]


@pytest.mark.parametrize("document", ["deploy-a-node.md", "keep-a-node.md"])
def test_a_document_names_only_commands_that_exist(document: str) -> None:
    found = commands(document)
    assert found
    for command in found:
        words = [word for word in command if word != "|"]
        subcommands = []
        at: Any = app
        for word in words:
            if word.startswith("-") or word not in set(at):
                break
            at = at[word]
            subcommands.append(word)
        assert subcommands, command
        options = {name for argument in at.assemble_argument_collection() for name in argument.names}
        used = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert used - options == set(), command
