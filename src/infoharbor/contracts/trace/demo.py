"""The way of a lot of Liubao tea from a hillside in Wuzhou to a shop in Hanoi, told in EPCIS documents."""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

from infoharbor.contractkit.commitment import Place, commitment
from infoharbor.contracts.identity.demo import CAPTURING, CERTIFIER_CN, CERTIFIER_VN
from infoharbor.contracts.trace.actions import AccreditPrefix, CaptureEvents, SetAudience
from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.exchange.capturing import (
    COMMITTED_FIELD,
    captured,
    held_content,
    name_of,
    record_path,
)
from infoharbor.contracts.trace.exchange.decompose import decompose
from infoharbor.contracts.trace.exchange.document import read_document
from infoharbor.contracts.trace.exchange.names import PUBLIC_NAMESPACES, STANDARD_CONTEXT
from infoharbor.contracts.trace.records import EVERYONE
from infoharbor.edgekit.story import Story, World

COOPERATIVE, PROCESSOR, EXPORTER, CARRIER, IMPORTER = (player.id for player in CAPTURING)
PREFIXES = {
    COOPERATIVE: "9521001",
    PROCESSOR: "9521002",
    EXPORTER: "9521003",
    CARRIER: "9521004",
    IMPORTER: "9521005",
}
"""Company prefixes in 952, which GS1 keeps for examples."""
REGISTRARS = {"CN": CERTIFIER_CN.id, "VN": CERTIFIER_VN.id}

LEAF = "urn:epc:class:lgtin:9521001.000101.MC250405"
TEA = "urn:epc:class:lgtin:9521002.000201.LB250418"
BOXES = "urn:epc:class:lgtin:9521002.000202.LB250418-B"
CARTONS = tuple(f"urn:epc:id:sscc:9521003.000000100{number}" for number in (1, 2, 3, 4))
PALLET = "urn:epc:id:sscc:9521003.0000002001"
BOXES_LINK = "/01/09521002002027/10/LB250418-B"
"""The path of the retail lot's page, as its QR code has it."""

HILLSIDE = "urn:epc:id:sgln:9521001.00010.0"
WORKS = "urn:epc:id:sgln:9521002.00010.0"
WAREHOUSE = "urn:epc:id:sgln:9521003.00010.0"
FRIENDSHIP_PASS = "urn:epc:id:sgln:9521004.00010.0"
HANOI_STORE = "urn:epc:id:sgln:9521005.00010.0"
HANOI_SHOP = "urn:epc:id:sgln:9521005.00020.0"
INDICATION = "https://example.org/certificates/geographical-indication/liubao-0039"
TEA_REPORT = "https://example.org/certificates/guangxi/tea-2025-0418"
IMPORT_REPORT = "https://example.org/certificates/hanoi/import-2025-0917"

Keep = Callable[[str, str, str, bytes], bytes]
"""Given owner, record path, field and content: keeps the content, and returns the commitment to it."""

story = Story("trace", needs=("identity",))


class Delivery(NamedTuple):
    """One document that an organisation sends; `scanned` by the device that may only record events."""

    organisation: str
    scanned: bool
    events: tuple[dict[str, Any], ...]

    @property
    def document(self) -> bytes:
        """The EPCIS 2.0 document, ready to be posted to `/epcis/capture`."""
        return json_text.write(
            {
                "@context": [STANDARD_CONTEXT, {"tea": "https://example.org/liubao-tea/"}],
                "type": "EPCISDocument",
                "schemaVersion": "2.0",
                "creationDate": self.events[-1]["eventTime"],
                "epcisBody": {"eventList": list(self.events)},
            }
        )


def event(number: int, kind: str, time: str, step: str, place: str, **fields: Any) -> dict[str, Any]:
    """An event at local `time`; `number` makes its id."""
    return {
        "type": kind,
        "eventID": f"urn:uuid:1eaf0000-2025-4000-8000-{number:012d}",
        "eventTime": time,
        "eventTimeZoneOffset": time[-6:],
        "bizStep": step,
        "readPoint": {"id": place},
    } | fields


def some(lot: str, amount: float | int, unit: str = "") -> list[dict[str, Any]]:
    return [{"epcClass": lot, "quantity": amount} | ({"uom": unit} if unit else {})]


HARVEST = Delivery(
    COOPERATIVE,
    True,
    (
        event(
            1, "ObjectEvent", "2025-04-05T17:30:00.000+08:00", "commissioning", HILLSIDE,
            action="ADD", disposition="active", quantityList=some(LEAF, 820.5, "KGM"),
            certificationInfo=[INDICATION],
            ilmd={
                "cbvmda:lotNumber": "MC250405", "cbvmda:countryOfOrigin": "CN",
                "cbvmda:harvestStartDate": "2025-04-05", "tea:plots": ["CANGWU-118", "CANGWU-121"],
            },
        ),
        event(
            2, "ObjectEvent", "2025-04-05T19:00:00.000+08:00", "shipping", HILLSIDE,
            action="OBSERVE", disposition="in_transit", quantityList=some(LEAF, 820.5, "KGM"),
        ),
    ),
)  # fmt: skip
MAKING = Delivery(
    PROCESSOR,
    True,
    (
        event(
            3, "ObjectEvent", "2025-04-05T21:10:00.000+08:00", "receiving", WORKS,
            action="OBSERVE", disposition="in_progress", quantityList=some(LEAF, 820.5, "KGM"),
        ),
        event(
            4, "TransformationEvent", "2025-04-18T16:00:00.000+08:00", "creating_class_instance", WORKS,
            disposition="active", inputQuantityList=some(LEAF, 820.5, "KGM"),
            outputQuantityList=some(TEA, 200.4, "KGM"), certificationInfo=[INDICATION],
            ilmd={"cbvmda:lotNumber": "LB250418", "cbvmda:countryOfOrigin": "CN"},
        ),
    ),
)  # fmt: skip
TEA_INSPECTION = Delivery(
    CERTIFIER_CN.id,
    False,
    (
        event(
            5, "ObjectEvent", "2025-08-20T10:00:00.000+08:00", "inspecting", WORKS,
            action="OBSERVE", disposition="conformant", quantityList=some(TEA, 200.4, "KGM"),
            certificationInfo=[TEA_REPORT],
        ),
    ),
)  # fmt: skip
BOXING = Delivery(
    PROCESSOR,
    True,
    (
        event(
            6, "TransformationEvent", "2025-08-25T15:00:00.000+08:00", "packing", WORKS,
            disposition="active", inputQuantityList=some(TEA, 200, "KGM"), outputQuantityList=some(BOXES, 400),
            certificationInfo=[INDICATION],
            ilmd={"cbvmda:lotNumber": "LB250418-B", "cbvmda:itemExpirationDate": "2040-08-25"},
        ),
        event(
            7, "ObjectEvent", "2025-08-28T08:20:00.000+08:00", "shipping", WORKS,
            action="OBSERVE", disposition="in_transit", quantityList=some(BOXES, 400),
        ),
    ),
)  # fmt: skip
PACKING = Delivery(
    EXPORTER,
    True,
    (
        *(
            event(
                10 + number, "AggregationEvent", f"2025-09-01T09:0{number}:00.000+08:00", "packing", WAREHOUSE,
                action="ADD", disposition="container_closed", parentID=carton, childQuantityList=some(BOXES, 100),
            )
            for number, carton in enumerate(CARTONS)
        ),
        event(
            14, "AggregationEvent", "2025-09-01T09:30:00.000+08:00", "packing", WAREHOUSE,
            action="ADD", disposition="container_closed", parentID=PALLET, childEPCs=list(CARTONS),
        ),
        event(
            15, "ObjectEvent", "2025-09-12T07:00:00.000+08:00", "shipping", WAREHOUSE,
            action="OBSERVE", disposition="in_transit", epcList=[PALLET],
            bizTransactionList=[
                {"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:9521005000013:PO-2025-0889"},
                {"type": "desadv", "bizTransaction": "urn:epcglobal:cbv:bt:9521003000015:ASN-2025-2601"},
            ],
            sourceList=[{"type": "owning_party", "source": "urn:epc:id:pgln:9521003.00001"}],
            destinationList=[{"type": "owning_party", "destination": "urn:epc:id:pgln:9521005.00001"}],
        ),
    ),
)  # fmt: skip
CROSSING = Delivery(
    CARRIER,
    True,
    (
        event(
            20, "ObjectEvent", "2025-09-12T13:40:00.000+08:00", "arriving", FRIENDSHIP_PASS,
            action="OBSERVE", disposition="in_transit", epcList=[PALLET],
            sensorElementList=[
                {
                    "sensorMetadata": {"time": "2025-09-12T13:40:00.000+08:00"},
                    "sensorReport": [
                        {"type": "Temperature", "value": 27.5, "uom": "CEL"},
                        {"type": "RelativeHumidity", "value": 61, "uom": "P1"},
                    ],
                }
            ],
        ),
        event(
            21, "ObjectEvent", "2025-09-12T18:15:00.000+08:00", "departing", FRIENDSHIP_PASS,
            action="OBSERVE", disposition="in_transit", epcList=[PALLET],
        ),
    ),
)  # fmt: skip
LONE_CARTON = Delivery(
    CARRIER,
    True,
    (
        event(
            22, "ObjectEvent", "2025-09-12T18:40:00.000+08:00", "loading", FRIENDSHIP_PASS,
            action="OBSERVE", disposition="in_transit", epcList=[CARTONS[3]],
        ),
    ),
)  # fmt: skip
ARRIVAL = Delivery(
    IMPORTER,
    True,
    (
        event(
            30, "ObjectEvent", "2025-09-13T08:00:00.000+07:00", "receiving", HANOI_STORE,
            action="OBSERVE", disposition="in_progress", epcList=[PALLET],
        ),
        event(
            31, "AggregationEvent", "2025-09-13T09:00:00.000+07:00", "unpacking", HANOI_STORE,
            action="DELETE", parentID=PALLET, childEPCs=list(CARTONS),
        ),
        event(
            32, "AggregationEvent", "2025-09-13T09:20:00.000+07:00", "unpacking", HANOI_STORE,
            action="DELETE", parentID=CARTONS[0], childQuantityList=some(BOXES, 100),
        ),
    ),
)  # fmt: skip
IMPORT_INSPECTION = Delivery(
    CERTIFIER_VN.id,
    False,
    (
        event(
            33, "ObjectEvent", "2025-09-17T10:30:00.000+07:00", "inspecting", HANOI_STORE,
            action="OBSERVE", disposition="conformant", quantityList=some(BOXES, 100),
            certificationInfo=[IMPORT_REPORT],
        ),
    ),
)  # fmt: skip
SELLING = Delivery(
    IMPORTER,
    True,
    (
        event(
            34, "ObjectEvent", "2025-09-20T16:45:00.000+07:00", "retail_selling", HANOI_SHOP,
            action="OBSERVE", disposition="retail_sold", quantityList=some(BOXES, 12),
        ),
    ),
)  # fmt: skip
DELIVERIES = (
    HARVEST, MAKING, TEA_INSPECTION, BOXING, PACKING, CROSSING, LONE_CARTON, ARRIVAL, IMPORT_INSPECTION, SELLING,
)  # fmt: skip
"""All documents of the story, in order: post them to `/epcis/capture` to tell it over HTTP."""


def capture(world: World, delivery: Delivery) -> None:
    """Capture a document's events, signed by the organisation's scanner or its administrator.

    A running node keeps what is not for others in the owner's vault; it leaves the way there in `keep_held`. Without
    one, the commitment is computed all the same, under a salt that anyone could guess.
    """
    signer = world.cast.signer(delivery.organisation, "scanner" if delivery.scanned else "administrator")
    keep: Keep = world.things.get("keep_held", commit_only)
    events = []
    for read in read_document(delivery.document).whole():
        decomposed = decompose(read, public_namespaces=PUBLIC_NAMESPACES)
        # The events of the story have ids of their own, so that no digest is keyed.
        digest = name_of(decomposed, secret=b"").digest
        record = record_path(delivery.organisation, digest)
        committed = keep(delivery.organisation, record, COMMITTED_FIELD, held_content(decomposed))
        events.append(captured(decomposed, digest, committed))
    world.act(CaptureEvents(tuple(events)), by=delivery.organisation, users=[signer])


def commit_only(owner: str, record: str, field: str, content: bytes) -> bytes:
    salt = hashlib.sha256(record.encode()).digest()
    return commitment(Place(bytes(32), owner, record, field), salt, content)


@story.step(
    "The certifiers, registrars of GS1 prefixes in their countries, accredit each trader's company prefix.",
    "两国认证机构兼任本国 GS1 前缀登记人，登记各家企业的厂商识别代码。",
)
def accredit_prefixes(world: World) -> None:
    for player in CAPTURING:
        accredit = AccreditPrefix(PREFIXES[player.id], player.id, player.country, 0, 0)
        world.act(accredit, by=REGISTRARS[player.country])


@story.step(
    "All agree that anyone may read the public part of their events; orders and plots stay with their owners.",
    "各方约定：事件的公开部分人人可查；订单、茶园地块等信息留在各自手中。",
)
def open_to_the_public(world: World) -> None:
    for organisation in (*PREFIXES, *REGISTRARS.values()):
        world.act(SetAudience("*", (EVERYONE,)), by=organisation)


@story.step(
    "In Wuzhou the cooperative picks 820.5 kg of leaf and sends it to the tea works.",
    "梧州茶农合作社采摘鲜叶 820.5 公斤，送往茶厂。",
)
def harvest(world: World) -> None:
    capture(world, HARVEST)


@story.step(
    "Liubao Tea Works makes 200.4 kg of Liubao tea of it, under the geographical indication.",
    "六堡茶加工厂将其制成 200.4 公斤六堡茶，使用地理标志。",
)
def make_tea(world: World) -> None:
    capture(world, MAKING)


@story.step(
    "The Guangxi certifier inspects the tea and names its report.",
    "广西认证机构检验该批茶叶，并注明检验报告。",
)
def inspect_tea(world: World) -> None:
    capture(world, TEA_INSPECTION)


@story.step(
    "The works packs 400 boxes, a lot of their own, and ships them to Nanning.",
    "茶厂分装成 400 盒，另立批次，发往南宁。",
)
def pack_boxes(world: World) -> None:
    capture(world, BOXING)


@story.step(
    "Nanning Exports packs four cartons on a pallet and ships it to Hanoi Imports.",
    "南宁出口商装成四箱、码成一托，发往河内进口商。",
)
def pack_pallet(world: World) -> None:
    capture(world, PACKING)


@story.step(
    "Pingxiang Carriers take the pallet through the Friendship Pass; a logger reports the climate inside.",
    "凭祥承运人运送整托货物经友谊关出境；记录仪报告车厢温湿度。",
)
def cross_the_border(world: World) -> None:
    capture(world, CROSSING)


@story.step(
    "A hand scanner there reports one carton loaded without its pallet: that is kept, and shown as non-conforming.",
    "口岸的一台手持机上报：有一箱脱离托盘单独装车。该事件照样记录，并标为不合规。",
)
def load_lone_carton(world: World) -> None:
    capture(world, LONE_CARTON)


@story.step(
    "Hanoi Imports receives the pallet, unpacks the cartons and opens one.",
    "河内进口商收到整托货物，拆托，并打开其中一箱。",
)
def receive(world: World) -> None:
    capture(world, ARRIVAL)


@story.step(
    "The Hanoi certifier inspects the opened carton's boxes and names its report.",
    "河内认证机构检验开箱的茶盒，并注明检验报告。",
)
def inspect_import(world: World) -> None:
    capture(world, IMPORT_INSPECTION)


@story.step(
    "Twelve boxes are sold in a shop in Hanoi, where a shopper scans the code and sees the tea's whole way.",
    "河内一家商店售出十二盒；顾客扫码，即可看到这批茶的全程。",
)
def sell(world: World) -> None:
    capture(world, SELLING)
