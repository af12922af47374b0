"""The options by which a command makes keys in a PKCS#11 token."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from infoharbor.cli.output import Failure
from infoharbor.crypto.suites import ED25519, SUITES, PrivateKey, TokenPlace


@Parameter(name="*")
@dataclass(frozen=True)
class TokenOptions:
    """Where keys are made: in the token that is named, or else in memory for a file."""

    pkcs11: Annotated[
        Path | None,
        Parameter(
            help="Make the key in a PKCS#11 token, which it never leaves: the path of the token's library. "
            "在 PKCS#11 令牌中生成密钥（不可导出）：令牌库的路径。"
        ),
    ] = None
    token: Annotated[str, Parameter(name="--pkcs11-token", help="The token's label. 令牌标签。")] = ""
    pin_variable: Annotated[
        str, Parameter(help="The environment variable that holds the token's PIN. 存放令牌 PIN 的环境变量。")
    ] = ""
    pin_file: Annotated[
        Path | None,
        Parameter(help="The file that holds the token's PIN, readable by its owner alone. 存放令牌 PIN 的文件。"),
    ] = None

    def make(self, suite: str, label: str) -> PrivateKey:
        """A fresh key, under `label` if it is in a token."""
        if self.pkcs11 is None:
            return SUITES[suite].generate()
        from infoharbor.crypto.token_keys import make  # Its library is there only where tokens are used.

        if not self.token:
            raise Failure("cli.option_missing", "--pkcs11-token", "the token's label")
        if bool(self.pin_variable) == (self.pin_file is not None):
            raise Failure("cli.option_missing", "--pin-variable", "either it or --pin-file")
        pin_file = str(self.pin_file.absolute()) if self.pin_file is not None else ""
        place = TokenPlace(str(self.pkcs11.absolute()), self.token, label, self.pin_variable, pin_file)
        return make(suite, place)

    def validator_key(self, name: str) -> PrivateKey:
        """A fresh key by which the node of this organisation votes on blocks."""
        return self.make(ED25519.name, f"validator-{name}-{secrets.token_hex(8)}")


NO_TOKEN = TokenOptions()
