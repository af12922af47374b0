"""What the two contracts that the kernel asks, `identity` and `governance`, need to know of it."""

from infoharbor.kernel.authority import Find, SigningKey
from infoharbor.kernel.governing import Activation, Scan
from infoharbor.kernel.transaction import SaltedAction

__all__ = ["Activation", "Find", "SaltedAction", "Scan", "SigningKey"]
