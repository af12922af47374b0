"""GS1 keys: one normal form for every notation, and no wrong key gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from infoharbor.contractkit import gs1

digits = st.text("0123456789", min_size=1, max_size=17)
serials = st.text(gs1.CHARACTERS_82, min_size=1, max_size=20)


@st.composite
def keys(draw: st.DrawFn) -> tuple[gs1.Key, int]:
    """A GS1 key of any kind, and a length its company prefix may have."""
    prefix_length = draw(st.integers(6, 12))

    def number(length: int) -> str:
        body = draw(st.text("0123456789", min_size=length, max_size=length))
        return body + gs1.check_digit(body)

    key = draw(
        st.sampled_from(
            [
                lambda: gs1.Key("01", number(13), (("21", draw(serials)),)),
                lambda: gs1.Key("01", number(13), (("10", draw(serials)),)),
                lambda: gs1.Key("01", number(13)),
                lambda: gs1.Key("01", number(13), (("235", draw(serials)),)),
                lambda: gs1.Key("00", number(17)),
                lambda: gs1.Key("414", number(12), (("254", "W" + draw(serials)[:19]),)),
                lambda: gs1.Key("414", number(12)),
                lambda: gs1.Key("417", number(12)),
                lambda: gs1.Key("253", number(12) + draw(serials)[:17]),
                lambda: gs1.Key("255", number(12) + draw(digits)[:12]),
                lambda: gs1.Key("8003", "0" + number(12) + draw(serials)[:16]),
                lambda: gs1.Key("402", number(16)),
                lambda: gs1.Key("8018", number(17)),
                lambda: gs1.Key("8017", number(17)),
                lambda: gs1.Key("8004", "952123456789" + draw(serials)[:18]),
                lambda: gs1.Key("401", "952123456789" + draw(serials)[:18]),
                lambda: gs1.Key("8006", number(13) + "0102", (("21", draw(serials)),)),
                lambda: gs1.Key("8010", "952123456789AB#/-", (("8011", draw(digits)[:12]),)),
            ]
        )
    )()
    if key.ai == "8003":
        body = key.value[:13]
        key = key._replace(value=body + gs1.check_digit(body) + key.value[14:])
    return key, prefix_length


@given(keys())
def test_a_key_reads_back_from_its_digital_link(made: tuple[gs1.Key, int]) -> None:
    key, _ = made
    assert gs1.read(gs1.digital_link(key)) == key
    assert gs1.read(gs1.digital_link(key, "https://shop.example/tea") + "?17=270101#top") == key


@given(keys())
def test_a_key_reads_back_from_its_epc_uri(made: tuple[gs1.Key, int]) -> None:
    key, prefix_length = made
    assert gs1.read(gs1.epc_uri(key, prefix_length)) == key


@given(digits)
def test_check_digits_are_those_of_another_implementation(number: str) -> None:
    assert gs1.check_digit(number) == ean.calc_check_digit(number)


@given(keys(), st.data())
def test_one_wrong_digit_of_a_digital_link_is_refused(made: tuple[gs1.Key, int], data: st.DataObject) -> None:
    key, _ = made
    length = {"01": 14, "00": 18, "414": 13, "417": 13, "253": 13, "255": 13, "8003": 14, "402": 17}.get(key.ai, 0)
    if not length:
        return
    place = data.draw(st.integers(0, length - 1))
    wrong = str((int(key.value[place]) + data.draw(st.integers(1, 9))) % 10)
    broken = key._replace(value=key.value[:place] + wrong + key.value[place + 1 :])
    with pytest.raises(gs1.Gs1Fault) as refused:
        gs1.read(gs1.digital_link(broken))
    assert refused.value.code == "gs1_check_digit"


@pytest.mark.parametrize(
    ("uri", "link"),
    [
        ("urn:epc:id:sgtin:9521234.100303.1001", "/01/19521234003035/21/1001"),
        ("urn:epc:class:lgtin:9521234.000202.LB2026-0415", "/01/09521234002024/10/LB2026-0415"),
        ("urn:epc:idpat:sgtin:9521234.100303.*", "/01/19521234003035"),
        ("urn:epc:id:sscc:9521234.0000002601", "/00/095212340000026013"),
        ("urn:epc:id:sgln:9521234.00020.CAVE-3", "/414/9521234000204/254/CAVE-3"),
        ("urn:epc:id:sgln:9521234.00020.0", "/414/9521234000204"),
        ("https://shop.example/x/gtin/9521234002024/lot/A?17=270101", "/01/09521234002024/10/A"),
        ("https://id.gs1.org/01/96385074", "/01/00000096385074"),
    ],
)
def test_both_notations_have_one_normal_form(uri: str, link: str) -> None:
    assert gs1.normal(uri) == gs1.CANONICAL + link


@pytest.mark.parametrize("uri", ["https://example.org/po/12345", "urn:epc:id:gid:1.2.3", "geo:23.9,111.2", "urn:x:y"])
def test_other_uris_stay_as_they_are(uri: str) -> None:
    assert gs1.normal(uri) == uri
    assert gs1.gtin_of(uri) == ""


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("urn:epc:id:sgtin:9521234.100303", "gs1_epc_uri"),
        ("urn:epc:id:sgtin:9521234.100303.", "gs1_epc_uri"),
        ("urn:epc:id:sgtin:95212.10030300.1", "gs1_prefix"),
        ("urn:epc:id:sgtin:9521234.10030.1", "gs1_length"),
        ("urn:epc:id:sgtin:9521234.100303.%ZZ", "gs1_encoding"),
        ("urn:epc:id:sgtin:9521234.100303.茶", "gs1_characters"),
        ("urn:epc:id:teapot:9521234.1.1", "gs1_epc_uri"),
        ("urn:epc:class:sgtin:9521234.100303.1", "gs1_epc_uri"),
        ("https://id.gs1.org/01/09521234002024/21/1/10/A", "gs1_digital_link"),
        ("https://id.gs1.org/01/09521234002024/99/A", "gs1_digital_link"),
        ("https://id.gs1.org/01/09521234002024/10", "gs1_digital_link"),
        ("https://id.gs1.org/01/09521234002024/10/" + "A" * 21, "gs1_characters"),
    ],
)
def test_a_broken_key_is_refused(uri: str, code: str) -> None:
    with pytest.raises(gs1.Gs1Fault) as refused:
        gs1.read(uri)
    assert refused.value.code == code


def test_questions_to_an_identifier() -> None:
    lot = "https://id.gs1.org/01/09521234002024/10/LB2026/21/7"
    assert (gs1.gtin_of(lot), gs1.lot_of(lot), gs1.serial_of(lot)) == ("09521234002024", "LB2026", "7")
    assert gs1.issued_under(lot, "9521234")
    assert not gs1.issued_under(lot, "9521235")
    assert gs1.issued_under("urn:epc:id:sscc:9521234.0000002601", "9521234")
    assert not gs1.issued_under("https://id.gs1.org/01/96385074", "963850")
