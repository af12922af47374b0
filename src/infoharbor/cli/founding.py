"""`infoharbor init`: founds a ledger of its operator's own, from flags or from answers."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from infoharbor.cli.keys import passphrase, registered
from infoharbor.cli.output import DEFAULT_DATA, AsJson, Data, Failure, answer, fails_clearly
from infoharbor.contracts.identity.organisations import AdmitOrganisation
from infoharbor.contracts.identity.records import Registration
from infoharbor.crypto.hashes import hash_suite
from infoharbor.crypto.keyfile import read_key, write_key
from infoharbor.crypto.suites import SUITES, PrivateKey
from infoharbor.edgekit.countries import is_listed
from infoharbor.edgekit.json_form import from_json, to_json
from infoharbor.engine.founding import chain_id, genesis
from infoharbor.engine.lifecycle import create
from infoharbor.engine.trial import MemoryView
from infoharbor.evidence.checkpoint import origin_of
from infoharbor.evidence.note import ED25519, VerifierKey
from infoharbor.kernel.block import Genesis
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.execution import Executor
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.registry import Registry, installed_registry
from infoharbor.kernel.replay import ReplayDigest
from infoharbor.kernel.tree import Tree
from infoharbor.sdk.building import now_ms

REGISTERS = ("uscc", "lei", "registry")
OPTIONS = {
    "id": "--organisation", "name": "--organisation-name", "name_en": "--organisation-name", "number": "--number",
}  # fmt: skip
"""By which options the fields of an organisation come."""


@fails_clearly
def init(
    *,
    data: Data = DEFAULT_DATA,
    name: str = "",
    organisation: str = "",
    organisation_name: str = "",
    country: str = "",
    registration: Annotated[Literal["", "uscc", "lei", "registry"], Parameter(show_choices=False)] = "",
    number: str = "",
    key: Path | None = None,
    passphrase_variable: str = "",
    log_key: Path | None = None,
    hash_suite_name: Annotated[Literal["sha256", "sm3"], Parameter(name="--hash-suite")] = "sha256",
    as_json: AsJson = False,
) -> None:
    """Found a ledger with its operator, and no demo. 创建账本及其运营方（不含演示数据）。

    What is not given is asked for. 未给出的内容会逐项询问。

    Parameters
    ----------
    name
        The ledger's name, such as ledger.example.org; part of every proof. 账本名称，写入每份证明。
    organisation
        The operator's id: lower-case letters, digits, hyphens. 运营方标识：小写字母、数字、连字符。
    organisation_name
        The operator's full name. 运营方全称。
    country
        ISO 3166-1 code, such as CN. 国家或地区代码（ISO 3166-1），如 CN。
    registration
        Which register the number is of: uscc (统一社会信用代码), lei, or registry (another).
        登记类型：统一社会信用代码、LEI 或其他登记号。
    number
        The number in that register; check digits are checked. 登记号码，校验位会核对。
    key
        The administrator's key file (`infoharbor key new`); one is made in the data folder if none is named.
        管理员密钥文件；未指定时在数据目录中生成。
    passphrase_variable
        The environment variable that holds the passphrase of that key file. 存放该密钥文件口令的环境变量。
    log_key
        The Ed25519 key file that the ledger's checkpoints are signed with, such as of a key in a token, copied into the data
        folder; one is made there if none is named. 签署检查点的 Ed25519 密钥文件，会复制到数据目录；未指定时在其中生成。
    hash_suite_name
        sha256 or sm3 (国密); it cannot be changed later. 哈希算法，创建后不可更改。
    """
    if (data / "genesis").exists():
        raise Failure("node.folder_taken", "--data", "a folder without a ledger")
    name = name or _ask("--name", "Name of the ledger 账本名称 (ledger.example.org)")
    organisation = organisation or _ask("--organisation", "Operator's id 运营方标识 (a-z, 0-9, -)")
    organisation_name = organisation_name or _ask("--organisation-name", "Operator's name 运营方名称")
    country = country or _ask("--country", "Country 国家 (ISO 3166-1)").upper()
    ensure_country(country)
    register = registration or _ask("--registration", "Register 登记类型 (uscc, lei, registry)")
    if register not in REGISTERS:
        raise Failure("input.choice", "--registration", " or ".join(REGISTERS))
    number = number or _ask("--number", f"Number in the register 登记号码 ({register})")
    private = read_key(key, passphrase(passphrase_variable)) if key else SUITES["ed25519"].generate()
    user = f"u-{secrets.token_hex(12)}"
    founder = admission(organisation, organisation_name, country, register, number, user, private)
    secret = secrets.token_bytes(32)
    registry = installed_registry(hash_suite(hash_suite_name))
    founding = genesis(name, suite=hash_suite_name, time=now_ms(), secret=secret, founders=[founder], registry=registry)
    signing = read_key(log_key) if log_key else SUITES["ed25519"].generate()
    if signing.suite.name != "ed25519":
        raise Failure("node.log_key", "--log-key", "an Ed25519 key")
    _rehearse(founding, secret, registry, signing)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    create(data, founding, secret, signing)
    file = key or data / "keys" / f"{organisation}-administrator.json"
    if key is None:
        write_key(file, private)
    described = {"chain": chain_id(founding).hex(), "data": str(data), "user": user, "key": str(file)}
    answer(
        described, as_json=as_json,
        text=f"founded 已创建 {name}\nchain 链 {described['chain']}\nadministrator 管理员 {user}, key 密钥 {file}\n"
        f"next 下一步: infoharbor run --data {data}",
    )  # fmt: skip


def _ask(option: str, question: str) -> str:
    """The answer to a question that is put on standard error, so that standard output stays a program's."""
    print(f"{question}: ", end="", file=sys.stderr, flush=True)
    given = sys.stdin.readline().strip()
    if not given:
        raise Failure("cli.option_missing", option, question)
    return given


def ensure_country(code: str) -> None:
    """Refuse a code that ISO 3166-1 does not have."""
    if not is_listed(code):
        raise Failure("identity.country", "--country", "a country's two letters in ISO 3166-1, such as CN")


def admission(
    organisation: str, name: str, country: str, register: str, number: str, user: str, administrator: PrivateKey
) -> AdmitOrganisation:
    """What makes an organisation a member with a seat, and `user` its administrator by this key; its fields have their form."""
    ensure_country(country)
    made = AdmitOrganisation(
        organisation, name, name, country, Registration(register), number, True, user, registered(administrator, user)
    )
    with _as_typed():
        return from_json(AdmitOrganisation, to_json(made))


@contextmanager
def _as_typed() -> Iterator[None]:
    """A refusal of the organisation names the option that it came by."""
    try:
        yield
    except (Malformed, Refusal) as fault:
        raise Failure(fault.code, OPTIONS.get(fault.field, fault.field), str(fault.expected)) from None


def ensure_admissible(founder: AdmitOrganisation) -> None:
    """Refuse what a vote to admit this organisation would run into anyway: found a ledger with it, in memory."""
    secret, registry, log_key = bytes(32), installed_registry(hash_suite("sha256")), SUITES["ed25519"].generate()
    founding = genesis("rehearsal", suite="sha256", time=now_ms(), secret=secret, founders=[founder], registry=registry)
    _rehearse(founding, secret, registry, log_key)


def _rehearse(founding: Genesis, secret: bytes, registry: Registry, log_key: PrivateKey) -> None:
    """Found the ledger in memory first: what is refused there leaves no half-made folder behind."""
    chain = Chain(chain_id(founding), registry.suite, secret, registry)
    VerifierKey(origin_of(founding.name, chain.id), ED25519, log_key.public_key)
    memory: dict[bytes, bytes] = {}
    with _as_typed():
        Executor(chain, Tree(registry.suite, memory.get), ReplayDigest(registry.suite)).found(founding, MemoryView())
