"""Who must have signed a checkpoint before it is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_keys import (
    ATTESTERS,
    LOG,
    MEMBERS,
    ORIGIN,
    OUTSIDE,
    POLICY,
    WITNESSED,
    checkpoint,
    cosigned,
    member_note,
    signer,
)

from infoharbor.evidence.note import SM2_COSIGNATURE, Note, sign_note
from infoharbor.evidence.policy import evaluate, minimal
from infoharbor.evidence.trust import Log
from infoharbor.evidence.trust_file import parse_trust
from infoharbor.kernel.encoding import Malformed

NAMES = sorted(ATTESTERS)
QUORUM = NAMES[:3]


def refusal(raw: bytes, policy: object = POLICY, *, strict: bool = True, members: tuple[bytes, ...] = ()) -> str:
    with pytest.raises(Malformed) as refused:
        evaluate(raw, policy, strict=strict, members=members)
    return refused.value.code


@given(st.sets(st.sampled_from(NAMES)))
def test_the_quorum_is_met_by_three_of_four(names: set[str]) -> None:
    verdict = evaluate(cosigned(9, *names), POLICY, strict=False)
    assert set(verdict.signers) == names
    assert verdict.met == (len(names) >= 3)
    if not verdict.met:
        (shortage,) = verdict.shortages
        assert (shortage.group, shortage.needed) == ("attesters", 3)
        assert set(shortage.signed) == names
        assert set(shortage.absent) == set(NAMES) - names


def test_evidence_carries_no_more_than_the_quorum() -> None:
    everyone = cosigned(9, *NAMES)
    assert evaluate(everyone, POLICY, strict=False).met
    assert refusal(everyone) == "note.surplus_signature"
    verdict = evaluate(minimal(everyone, POLICY), POLICY)
    assert verdict.met
    assert len(verdict.signers) == 3


def test_evidence_carries_one_log_signature() -> None:
    second = signer(ORIGIN, LOG.key.kind)
    policy = replace(POLICY, logs=(*POLICY.logs, Log(second.key)))
    raw = Note.parse(cosigned(9, *QUORUM)).with_lines([second.sign(checkpoint(9))]).encode()
    assert refusal(raw, policy) == "note.surplus_signature"
    assert evaluate(minimal(raw, policy), policy).met


def test_cosignatures_without_the_log_are_no_checkpoint() -> None:
    body = checkpoint(9)
    raw = sign_note(body.encode(), [ATTESTERS[name].sign(body) for name in NAMES])
    assert refusal(raw, strict=False) == "trust.log_unsigned"


def test_a_log_key_signs_its_own_origin_only() -> None:
    body = checkpoint(9, f"{ORIGIN}/beihai")
    raw = sign_note(body.encode(), [LOG.sign(body)])
    assert refusal(raw) == "trust.log_unsigned"
    assert refusal(member_note(9, MEMBERS[0])) == "trust.other_chain"


def test_another_root_at_the_pinned_size_is_a_fork() -> None:
    body = replace(checkpoint(9), size=7)
    raw = sign_note(body.encode(), [LOG.sign(body), *(ATTESTERS[name].sign(body) for name in QUORUM)])
    assert refusal(raw) == "trust.forked"


def test_a_cosignature_without_a_time_does_not_count() -> None:
    body = checkpoint(9)
    raw = sign_note(body.encode(), [LOG.sign(body), *(ATTESTERS[name].sign(body, 0) for name in QUORUM)])
    assert evaluate(raw, POLICY, strict=False).signers == []
    assert refusal(raw) == "note.surplus_signature"


@pytest.mark.parametrize("count", range(4))
def test_an_outside_witness_counts_under_enough_members_origins(count: int) -> None:
    notes = [member_note(9, member, OUTSIDE) for member in MEMBERS[:count]]
    verdict = evaluate(cosigned(9, *QUORUM), WITNESSED, members=notes)
    assert verdict.met == (count >= 2)
    if count < 2:
        assert verdict.missing == ["all: 1 of 2, without outside"]


def test_a_member_counts_once_and_for_the_same_tree_only() -> None:
    one = member_note(9, MEMBERS[0], OUTSIDE)
    other = member_note(10, MEMBERS[1], OUTSIDE)
    assert refusal(cosigned(9, *QUORUM), WITNESSED, members=(one, one)) == "trust.member_note"
    assert refusal(cosigned(9, *QUORUM), WITNESSED, members=(one, other)) == "trust.member_note"


def test_an_embedded_ledger_s_log_key_is_enough() -> None:
    policy = replace(POLICY, engine="embedded", quorum="none")
    assert evaluate(cosigned(9), policy).met
    assert refusal(cosigned(9, "beihai"), policy) == "note.surplus_signature"
    assert minimal(cosigned(9, "beihai"), policy) == cosigned(9)


def test_an_sm2_line_stands_beside_its_witness_and_does_not_count_by_itself() -> None:
    second = signer("beihai.example", SM2_COSIGNATURE)
    with_sm2 = tuple(
        replace(witness, sm2_key=second.key) if witness.name == "beihai" else witness for witness in POLICY.witnesses
    )
    policy = parse_trust(replace(POLICY, witnesses=with_sm2).encode())
    line = second.sign(checkpoint(9))
    beside = Note.parse(cosigned(9, *QUORUM)).with_lines([line]).encode()
    assert evaluate(beside, policy).met
    assert minimal(beside, policy) == beside
    others = [name for name in QUORUM if name != "beihai"]
    alone = Note.parse(cosigned(9, *others)).with_lines([line]).encode()
    assert refusal(alone, policy) == "note.surplus_signature"
    assert not evaluate(alone, policy, strict=False).met
