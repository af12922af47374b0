"""A PKCS#11 token in software, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

from infoharbor.crypto.suites import TokenPlace

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN, SECURITY_OFFICER = "492837", "736421"
PIN_VARIABLE = "TOKEN_PIN"


class SoftToken:
    """A token `label`, as SoftHSM keeps it in `folder`. `environment` is what a process that uses it needs."""

    def __init__(self, folder: Path, label: str) -> None:
        self.label = label
        (folder / "tokens").mkdir(parents=True, exist_ok=True)
        configuration = folder / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\n")
        self.environment = {"SOFTHSM2_CONF": str(configuration), PIN_VARIABLE: PIN}
        self.put_in()

    def place(self, label: str, **changes: str) -> TokenPlace:
        given = {"module": MODULE, "token": self.label, "label": label, "pin_variable": PIN_VARIABLE}
        return TokenPlace(**given | changes)

    def put_in(self) -> None:
        """A token without keys; the same command as an operator's."""
        self._run(
            "softhsm2-util", "--init-token", "--free", "--label", self.label, "--pin", PIN, "--so-pin", SECURITY_OFFICER
        )

    def take_away(self) -> None:
        """As if its slot were empty."""
        self._run("softhsm2-util", "--delete-token", "--token", self.label)

    def remove_keys(self) -> None:
        """Its owner removes them, by another program."""
        self._run(sys.executable, "-c", REMOVAL, MODULE, self.label, PIN)

    def _run(self, *command: str) -> None:
        subprocess.run(command, env=os.environ | self.environment, check=True, capture_output=True, timeout=60)


REMOVAL = """
import sys, pkcs11
module, label, pin = sys.argv[1:]
with pkcs11.lib(module).get_token(token_label=label).open(rw=True, user_pin=pin) as session:
    for found in list(session.get_objects()):
        found.destroy()
"""
