"""`infoharbor key`: makes keys that never leave their owner's store, or their token."""

import os
import secrets
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from infoharbor.cli.command_group import command_group
from infoharbor.cli.output import AsJson, Failure, answer, fails_clearly
from infoharbor.cli.token_options import NO_TOKEN, TokenOptions
from infoharbor.contractkit.signatures import possession_message
from infoharbor.contracts.identity.records import NewKey
from infoharbor.crypto.keyfile import read_key, write_key
from infoharbor.crypto.suites import PrivateKey, key_id
from infoharbor.edgekit.json_form import to_json

key = command_group("key", help="Make and look at keys. 生成与查看密钥。")
PassphraseVariable = Annotated[
    str,
    Parameter(help="The environment variable that holds the passphrase of the key file. 存放密钥文件口令的环境变量。"),
]
SuiteName = Literal["ed25519", "p256", "sm2", "ml-dsa-44"]


@key.command(name="new")
@fails_clearly
def new(
    *,
    suite: SuiteName = "ed25519",
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    passphrase_variable: str = "",
    token: TokenOptions = NO_TOKEN,
    pkcs11_label: str = "",
    as_json: AsJson = False,
) -> None:
    """Make a key and write it to a file that only you can read. 生成密钥并写入仅本人可读的文件。

    Parameters
    ----------
    suite
        The signature algorithm: ed25519, p256, sm2 (国密) or ml-dsa-44 (post-quantum 抗量子); in a token one of the first
        two. 签名算法；令牌中仅支持前两种。
    output
        The file; by default SUITE-KEYID.json in this folder. Of a key in a token it says only where that is.
        密钥文件，默认为当前目录下的 SUITE-KEYID.json；令牌中的密钥只记录其位置。
    passphrase_variable
        The environment variable that holds a passphrase to seal the file with. 存放用于加密该文件的口令的环境变量。
    pkcs11_label
        The key's label in its token; by default infoharbor- and a random number.
        密钥在令牌中的标签；默认为 infoharbor- 加随机数。
    """
    sealing = passphrase(passphrase_variable)
    if sealing is not None and token.pkcs11 is not None:
        raise Failure("input.choice", "--passphrase-variable", "either it or --pkcs11")
    made = token.make(suite, pkcs11_label or f"infoharbor-{secrets.token_hex(8)}")
    identifier = key_id(made.suite, made.public_key).hex()
    path = output or Path(f"{suite}-{identifier[:12]}.json")
    write_key(path, made, sealing)
    described = {"suite": suite, "key": identifier, "public_key": made.public_key.hex(), "file": str(path)}
    answer(
        described,
        as_json=as_json,
        text=f"{suite} key 密钥 {identifier}\npublic key 公钥 {made.public_key.hex()}\nfile 文件 {path}",
    )


@key.command
@fails_clearly
def apply(file: Path, *, user: str = "", passphrase_variable: PassphraseVariable = "") -> None:
    """Print what registers this key, without its secret: a user id and the key with its proof. 输出登记密钥所需内容（不含私钥）。

    Parameters
    ----------
    file
        The key file. 密钥文件。
    user
        The user whose key it will be; by default a new random id, which tells nothing of the person.
        密钥所属用户；默认为新的随机标识，不含个人信息。
    """
    opened = read_key(file, passphrase(passphrase_variable))
    user = user or f"u-{secrets.token_hex(12)}"
    answer({"user": user, "key": to_json(registered(opened, user))}, as_json=True, text="")


def registered(private: PrivateKey, user: str) -> NewKey:
    """The key as identity's actions take it: its public half, and the proof that whoever names it holds it. No end."""
    proof = private.sign(possession_message(user, private.suite.name, private.public_key))
    return NewKey(private.suite.name, private.public_key, proof, 0, 0)


def passphrase(variable: str) -> str | None:
    """The passphrase in an environment variable, which no list of processes shows; None if no variable is named."""
    if not variable:
        return None
    found = os.environ.get(variable)
    if not found:
        raise Failure("cli.no_passphrase", "--passphrase-variable", f"a passphrase in the variable {variable}")
    return found
