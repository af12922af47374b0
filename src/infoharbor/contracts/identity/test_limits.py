"""The limits of devices' and agents' keys: what a prefix reaches, what a quota counts, and who sets them."""

import pytest

from infoharbor.contracts.document.actions import RevokeDocument
from infoharbor.contracts.document.records import RevocationReason
from infoharbor.contracts.identity.conftest import CAPTURE, HOME, ISSUE, MINUTE, OTHER, hire, issue, limit
from infoharbor.contracts.identity.demo import new_key
from infoharbor.contracts.identity.keys import RotateKey
from infoharbor.contracts.identity.limiting import LimitKey
from infoharbor.contracts.identity.limits import Limits, Quota, Use, Within, values_of
from infoharbor.contracts.trace.actions import CaptureEvents
from infoharbor.contracts.trace.conftest import LOT, said
from infoharbor.contracts.trace.records import CapturedEvent, Quantity
from infoharbor.engine.trial import Trial
from infoharbor.kernel.readers import ANONYMOUS, Reader, Readers
from infoharbor.kernel.records import record_type
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.state import COUNTED

SITE = "https://id.gs1.org/414/9501101530003"


def event(place: int, **fields: object) -> CapturedEvent:
    epcs = (f"https://id.gs1.org/01/09521001003032/21/{place}",)
    return said(place, place, action="ADD", biz_step="commissioning", epcs=epcs, **fields)


# Prefixes


def test_a_key_reaches_one_site_only(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Within(CAPTURE, "events.read_point", (SITE,)))
    here, there = event(1, read_point=SITE), event(2, read_point="https://id.gs1.org/414/9501101530010")
    nowhere = event(3, read_point="")
    for events in ((there,), (here, there), (nowhere,)):
        action = CaptureEvents(events)
        trial.refuses(action, by=HOME, users=[agent], code="identity.key_within", field="events.read_point")
    trial.act(CaptureEvents((here,)), by=HOME, users=[agent])


def test_an_empty_prefix_lets_a_field_be_empty_and_nothing_else(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Within(CAPTURE, "events.read_point", ("", SITE)))
    trial.act(CaptureEvents((event(1, read_point=""), event(2, read_point=SITE))), by=HOME, users=[agent])
    elsewhere = CaptureEvents((event(3, read_point="https://example.com/a"),))
    trial.refuses(elsewhere, by=HOME, users=[agent], code="identity.key_within")


def test_every_item_of_a_list_is_within(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Within(ISSUE, "audience", (OTHER,)))
    trial.act(issue("1"), by=HOME, users=[agent])
    trial.act(issue("2", audience=(OTHER,)), by=HOME, users=[agent])
    mixed = issue("3", audience=(OTHER, "harbor-bank"))
    trial.refuses(mixed, by=HOME, users=[agent], code="identity.key_within", field="audience")


@pytest.mark.parametrize("field", ["nothing", "number.nothing", "size", "", "apply", "__doc__"])
def test_what_an_action_has_no_text_at_is_never_within(trial: Trial, field: str) -> None:
    agent = hire(trial)
    limit(trial, agent, Within(ISSUE, field, ("1",)))
    trial.refuses(issue("1"), by=HOME, users=[agent], code="identity.key_within", field=field)


# Quotas


def test_a_bundle_counts_once_and_its_sum_as_a_whole(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota("", "", 2, 0), Quota(ISSUE, "size", 10, 0))
    over = (issue("1", 6), issue("2", 5))
    trial.refuses(*over, by=HOME, users=[agent], code="identity.key_quota", field="size")
    trial.act(issue("1", 6), issue("2", 4), by=HOME, users=[agent])
    trial.refuses(issue("3", 1), by=HOME, users=[agent], code="identity.key_quota", field="size")
    trial.act(issue("3", 0), by=HOME, users=[agent])
    trial.refuses(issue("4", 0), by=HOME, users=[agent], code="identity.key_quota", field="keys")


def test_a_refusal_names_what_is_left_and_when_there_is_more(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota(ISSUE, "size", 10, MINUTE))
    trial.act(issue("1", 7), by=HOME, users=[agent])
    until = trial.now + MINUTE
    with pytest.raises(Refusal) as refused:
        trial.act(issue("2", 4), by=HOME, users=[agent])
    assert refused.value.expected == f"at most 3 more until {until}"
    trial.advance(MINUTE)
    trial.act(issue("2", 10), by=HOME, users=[agent])


def test_a_quota_of_one_action_leaves_the_others_alone(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota(ISSUE, "", 1, 0))
    trial.act(issue("1"), by=HOME, users=[agent])
    trial.act(RevokeDocument(f"{HOME}:1", next(iter(RevocationReason))), by=HOME, users=[agent])
    trial.refuses(issue("2"), by=HOME, users=[agent], code="identity.key_quota")


@pytest.mark.parametrize("field", ["number", "nothing"])
def test_what_is_no_number_passes_every_quota(trial: Trial, field: str) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota(ISSUE, field, 2**63 - 1, 0))
    trial.refuses(issue("1"), by=HOME, users=[agent], code="identity.key_quota", field=field)


def test_a_negative_amount_gives_nothing_back(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota(CAPTURE, "events.quantities.exponent", 5, 0))
    assert values_of(CaptureEvents((event(1),)), "events.quantities.exponent") == []
    refund = event(1, quantities=(Quantity(LOT, 1, -6, "KGM"),))
    trial.refuses(CaptureEvents((refund,)), by=HOME, users=[agent], code="identity.key_quota")


# Setting them


def test_a_new_key_has_the_limits_of_the_old_one_and_what_is_left(trial: Trial) -> None:
    agent, fresh = hire(trial), trial.cast.signer(HOME, "fresh")
    limit(trial, agent, Quota("", "", 2, 0))
    trial.act(issue("1"), by=HOME, users=[agent])
    trial.act(RotateKey(agent.key_id.hex(), new_key(fresh, agent.user)), by=HOME)
    assert trial.get(Limits, fresh.key_id.hex()).quotas == (Quota("", "", 2, 0),)
    trial.act(issue("2"), by=HOME, users=[fresh])
    trial.refuses(issue("3"), by=HOME, users=[fresh], code="identity.key_quota")


def test_only_a_key_with_a_quota_pays_for_one(trial: Trial) -> None:
    free, bound, counted = hire(trial, "free"), hire(trial, "bound"), hire(trial, "counted")
    limit(trial, bound, Within(ISSUE, "number", ("2",)))
    limit(trial, counted, Quota("", "", 9, 0))
    writes = [len(trial.act(issue(f"2{at}"), by=HOME, users=[user]).writes) for at, user in enumerate((free, bound))]
    assert writes[0] == writes[1]
    assert len(trial.act(issue("29"), by=HOME, users=[counted]).writes) == writes[0] + 1


def test_what_a_key_is_limited_to_and_has_used_is_for_its_organisation_alone(trial: Trial) -> None:
    """Else everyone would see by how much each transaction adds to a sum."""
    agent = hire(trial)
    limit(trial, agent, Quota(ISSUE, "size", 10, 0))
    readers = Readers(trial.registry.authority, trial.find, trial.now)
    for of in (Limits, Use):
        record = trial.get(of, agent.key_id.hex())
        may = [readers.may_read(record_type(of), record, each) for each in (Reader(HOME), Reader(OTHER), ANONYMOUS)]
        assert may == [True, False, False]


def test_a_quota_hides_no_receipt_from_who_reads_what_was_done(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota(ISSUE, "size", 10, 0))
    receipt = trial.act(issue("1", audience=(OTHER,)), by=HOME, users=[agent])
    assert any(path.startswith(COUNTED) for path, _ in receipt.writes)
    readers = Readers(trial.registry.authority, trial.find, trial.now)
    for known in (True, False):
        may = readers.may_read_receipt(
            receipt, Reader(OTHER), lambda path, _, known=known: known and not path.startswith(COUNTED)
        )
        assert may == known


@pytest.mark.parametrize(
    ("within", "quotas", "code", "field"),
    [
        ((), (Quota("", "", 1, 0),) * 21, "identity.too_many_limits", "quotas"),
        ((Within(ISSUE, "number", ("a",)),) * 21, (), "identity.too_many_limits", "within"),
        ((Within(ISSUE, "number", ()),), (), "identity.limit_prefixes", "within.prefixes"),
        ((Within(ISSUE, "number", ("a",) * 21),), (), "identity.limit_prefixes", "within.prefixes"),
        ((Within("farm.DisposeLot", "lot", ("a",)),), (), "identity.limit_out_of_scope", "within.action"),
        ((), (Quota("farm.DisposeLot", "", 1, 0),), "identity.limit_out_of_scope", "quotas.action"),
        ((), (Quota("", "size", 1, 0),), "identity.limit_field", "quotas.field"),
    ],
)
def test_limits_are_well_formed(
    trial: Trial, within: tuple[Within, ...], quotas: tuple[Quota, ...], code: str, field: str
) -> None:
    agent = hire(trial)
    trial.refuses(LimitKey(agent.key_id.hex(), within, quotas), by=HOME, code=code, field=field)


def test_an_organisation_limits_its_own_devices_and_agents_only(trial: Trial) -> None:
    agent, person = hire(trial), trial.cast.signer(HOME)
    own = LimitKey(person.key_id.hex(), (), ())
    trial.refuses(own, by=HOME, code="identity.limits_of_people", field="key")
    theirs = LimitKey(agent.key_id.hex(), (), ())
    trial.refuses(theirs, by=OTHER, code="identity.not_your_user", field="key")
    trial.refuses(theirs, by=HOME, users=[agent], code="identity.not_signed")
