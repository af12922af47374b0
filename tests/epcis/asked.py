"""Events that have something for every parameter of a query to find."""

from typing import Any

from trading import event

TEA = "https://example.org/liubao-tea/"
GTIN = "https://id.gs1.org/01/09521001003032"
SITE = "https://id.gs1.org/414/9521001000017"
PERSON = "https://id.gs1.org/8018/952100100000000008"
ORDER = "urn:example:order:77"
PACKED = "urn:uuid:2f3e1f0a-9d6b-4c1a-8a53-5d6a3f1d7c11"
EVENTS: dict[str, dict[str, Any]] = {
    "shipped": event(
        bizStep="shipping",
        disposition="in_transit",
        epcList=[f"{GTIN}/21/q1", "https://id.gs1.org/00/095210010000000017"],
        readPoint={"id": f"{SITE}/254/gate"},
        bizLocation={"id": SITE},
        bizTransactionList=[{"type": "po", "bizTransaction": ORDER}],
        sourceList=[{"type": "owning_party", "source": "urn:example:party:1"}],
        destinationList=[{"type": "location", "destination": SITE}],
        **{"tea:picker": {"tea:team": "Tangping 3", "tea:baskets": 12}},
    ),
    "weighed": event(
        eventTime="2026-04-09T00:30:00.000-05:00",
        eventTimeZoneOffset="-05:00",
        action="ADD",
        bizStep="commissioning",
        epcList=None,
        quantityList=[{"epcClass": f"{GTIN}/10/Q-1", "quantity": 200.5, "uom": "KGM"}],
        persistentDisposition={"set": ["completeness_verified"], "unset": ["completeness_inferred"]},
        ilmd={"tea:harvest": "2026-03-28T00:00:00Z", "cbvmda:lotNumber": "Q-1"},
        readPoint={"id": "urn:example:place:scales"},
    ),
    "packed": {
        **event(eventID=PACKED, epcList=None, action="ADD", bizStep="packing"),
        "type": "AggregationEvent",
        "parentID": "https://id.gs1.org/00/095210010000000024",
        "childEPCs": [f"{GTIN}/21/q2"],
    },
    "made": {
        **event(epcList=None, action=None, bizStep="https://example.org/steps/withering"),
        "type": "TransformationEvent",
        "transformationID": "urn:example:run:9",
        "inputEPCList": [f"{GTIN}/21/q3"],
        "outputEPCList": [f"{GTIN}/21/q4"],
        "inputQuantityList": [{"epcClass": f"{GTIN}/10/Q-2", "quantity": 3}],
        "outputQuantityList": [{"epcClass": f"{GTIN}/10/Q-3"}],
    },
    "cooled": event(
        bizStep="sensor_reporting",
        epcList=[f"{GTIN}/21/q5", PERSON],
        sensorElementList=[
            {
                "sensorMetadata": {
                    "time": "2026-04-08T02:30:00.000Z",
                    "startTime": "2026-04-08T02:00:00.000Z",
                    "endTime": "2026-04-08T03:00:00.000Z",
                    "deviceID": "urn:example:device:7",
                    "bizRules": "https://example.org/rules",
                    "dataProcessingMethod": "https://example.org/method",
                },
                "sensorReport": [
                    {"type": "Temperature", "value": 26.2, "uom": "CEL", "maxValue": 27, "percRank": 50},
                    {
                        "type": "Mass",
                        "stringValue": "dry",
                        "booleanValue": True,
                        "hexBinaryValue": "A0F1",
                        "uriValue": "https://example.org/reading/1",
                        "microorganism": "https://example.org/microbe",
                        "chemicalSubstance": "https://example.org/substance",
                    },
                ],
                "tea:shelf": "upper",
            }
        ],
    ),
    "wrong": event(
        bizStep="inspecting",
        errorDeclaration={
            "declarationTime": "2026-04-09T00:00:00Z",
            "reason": "incorrect_data",
            "correctiveEventIDs": ["urn:example:better"],
            "tea:note": "typing error",
        },
    ),
}
