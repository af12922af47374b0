"""Attacks on what is hidden: guessing a neighbour from a proof, copying a commitment, reading the log's cursors."""

import os
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from infoharbor.contractkit.commitment import Place, commitment
from infoharbor.contracts.document.actions import IssueDocument
from infoharbor.contracts.document.records import COMMITTED_FIELD, Document
from infoharbor.contracts.identity.demo import EXPORTER, IMPORTER, PLAYERS
from infoharbor.contracts.identity.records import Organisation
from infoharbor.crypto.hashes import SHA256
from infoharbor.engine.trial import Trial
from infoharbor.kernel.block import receipt_blind, receipt_leaf
from infoharbor.kernel.leaf import Leaf, blind, leaf_hash, path_hash
from infoharbor.kernel.merkle import leaf_hash as log_leaf_hash
from infoharbor.kernel.records import Entry
from infoharbor.kernel.tree import SLOT_TAG, TreeProof, prove
from infoharbor.vault.granted import Held

SECRETS = (bytes(32), b"trial", SHA256.digest(b""), b"")
"""What someone outside might try as the consortium's secret."""


@pytest.fixture(scope="module")
def trial() -> Trial:
    return Trial(PLAYERS)


def leaf_of(path: str, entry: Entry, hidden: bytes) -> Leaf:
    return Leaf(path, entry.version, entry.height, entry.transaction, entry.previous, entry.schema, hidden, entry.value)


def shown(proof: TreeProof) -> Iterator[bytes]:
    """Every hash of others that a proof gives away."""
    for node in proof.nodes:
        yield from node.slots
    if proof.neighbour is not None:
        yield from proof.neighbour


def test_a_neighbours_record_is_not_guessed_from_the_hashes_in_a_proof(trial: Trial) -> None:
    """The attacker knows everything of the neighbour's record, even its transaction; it lacks the blind alone."""
    suite, everyone = trial.chain.suite, [player.id for player in PLAYERS]
    recognised = 0
    for mine in everyone:
        given = set(shown(prove(trial.nodes.get, path_hash(suite, f"identity/organisations/{mine}"))))
        for other in everyone:
            path = f"identity/organisations/{other}"
            entry = trial.view.entry(path)
            assert entry is not None
            place = path_hash(suite, path)
            for guess in (*(blind(suite, secret, path, entry.version) for secret in SECRETS), bytes(32), b""):
                hashed = leaf_hash(suite, leaf_of(path, entry, guess))
                assert not {hashed, suite.digest(SLOT_TAG + place + hashed), place} & given
            hidden = blind(suite, trial.chain.secret, path, entry.version)
            right = leaf_hash(suite, leaf_of(path, entry, hidden))
            recognised += suite.digest(SLOT_TAG + place + right) in given
    assert recognised > len(everyone), "with the secret a neighbour is recognised, so that the attack is a real one"


def test_a_version_gives_nothing_away_about_the_next(trial: Trial) -> None:
    """Evidence discloses the blind of what it proves: of that version alone, and of no other record."""
    suite, secret = trial.chain.suite, trial.chain.secret
    path = f"identity/organisations/{EXPORTER.id}"
    blinds = {blind(suite, secret, each, version) for each in (path, f"{path}x") for version in range(1, 20)}
    assert len(blinds) == 38
    assert blind(suite, secret, "a/b/c1", 1) != blind(suite, secret, "a/b/c", 11)


def test_a_neighbours_receipt_is_not_guessed(trial: Trial) -> None:
    receipt, identifier = b"known receipt", bytes(32)
    hidden = log_leaf_hash(receipt_leaf(receipt, receipt_blind(trial.chain.suite, trial.chain.secret, identifier)))
    for secret in SECRETS:
        assert log_leaf_hash(receipt_leaf(receipt, receipt_blind(trial.chain.suite, secret, identifier))) != hidden


def test_a_copied_commitment_opens_nothing_for_the_copyist(trial: Trial) -> None:
    """The copyist has even the content and the salt: the commitment stands for its maker's record alone."""
    place = Place(trial.chain.id, EXPORTER.id, f"document/documents/{EXPORTER.id}:bid", COMMITTED_FIELD)
    salt = os.urandom(32)
    bid = Held(place, salt, b"1,250,000.00 CNY")
    issue = IssueDocument("bid", "bid", EXPORTER.id, (), bid.commitment, 16, "text/plain", trial.now, 0)
    trial.act(issue, by=EXPORTER.id)
    trial.act(replace(issue, owner=IMPORTER.id), by=IMPORTER.id)
    original, copy = (trial.get(Document, f"{each.id}:bid") for each in (EXPORTER, IMPORTER))
    assert copy.commitment == original.commitment, "nobody is refused: a copy shows nothing, and blocks nothing"
    for owner in (EXPORTER.id, IMPORTER.id):
        theirs = Place(trial.chain.id, owner, f"document/documents/{copy.id}", COMMITTED_FIELD)
        assert commitment(theirs, salt, bid.content) != copy.commitment
    for elsewhere in (
        place._replace(chain=bytes(32)),
        place._replace(field="other"),
        place._replace(version=2),
        place._replace(owner=IMPORTER.id),
        place._replace(record=place.record + "2"),
    ):
        assert commitment(elsewhere, salt, bid.content) != original.commitment


def test_equal_documents_are_not_seen_to_be_equal(trial: Trial) -> None:
    place = Place(trial.chain.id, EXPORTER.id, "document/documents/x:1", COMMITTED_FIELD)
    assert len({commitment(place, os.urandom(32), b"yes") for _ in range(20)}) == 20


def test_fields_do_not_run_into_one_another(trial: Trial) -> None:
    """A commitment for record `a` and field `bc` is not one for record `ab` and field `c`."""
    salt, chain = bytes(32), trial.chain.id
    made = {
        commitment(Place(chain, *parts), salt, b"")
        for parts in (("a", "b", "cd"), ("ab", "", "cd"), ("a", "bc", "d"), ("", "ab", "cd"), ("a", "b", "cd", 2))
    }
    assert len(made) == 5


def test_a_deleted_or_changed_record_keeps_its_past_in_its_leaf(trial: Trial) -> None:
    """Forgotten deletions: each leaf names the one before it, so that no history is short of a version."""
    path = f"identity/organisations/{IMPORTER.id}"
    entry = trial.view.entry(path)
    assert entry is not None
    forged = replace(entry, previous=bytes([entry.previous[0] ^ 1]) + entry.previous[1:])
    hidden = blind(trial.chain.suite, trial.chain.secret, path, entry.version)
    assert leaf_hash(trial.chain.suite, leaf_of(path, entry, hidden)) == entry.leaf_hash
    assert leaf_hash(trial.chain.suite, leaf_of(path, forged, hidden)) != entry.leaf_hash
    assert trial.find(Organisation, IMPORTER.id) is not None
