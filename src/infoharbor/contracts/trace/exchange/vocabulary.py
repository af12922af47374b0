"""The words of the Core Business Vocabulary 2.0, and how each is written: bare, compact or as a full URI."""

from typing import Final, NamedTuple

from infoharbor.contracts.trace.exchange.faults import EventFault

CBV: Final = "https://ref.gs1.org/cbv/"
VOC: Final = "https://ref.gs1.org/voc/"


class Vocabulary(NamedTuple):
    """A closed list of bare words, with the start of their full URIs, compact URIs and older URNs."""

    name: str
    web: str
    compact: str
    urn: str
    words: frozenset[str]

    def word(self, text: str) -> str:
        """The bare word for any way of writing it, or `text` itself where it is someone else's URI."""
        for start in (self.web, self.compact):
            if text.startswith(start):
                return text.removeprefix(start)
        return text

    def uri(self, text: str) -> str:
        """The full URI as the event hash wants it: bare words, compact GS1 URIs, CBV URNs expanded."""
        for start in (self.compact, self.urn):
            if start and text.startswith(start):
                return self.web + text.removeprefix(start)
        return text if ":" in text else self.web + text

    def check(self, text: str) -> None:
        """Refuse a bare word or a GS1 URI that the vocabulary does not have; other parties' URIs pass."""
        word = self.word(text)
        if word in self.words:
            return
        if word is not text or ":" not in text or text.startswith(("urn:epcglobal:cbv", *_OLDER)):
            raise EventFault("epcis_vocabulary", f"a {self.name} of CBV 2.0 as a bare word, or another party's URI")


_OLDER = tuple(
    f"{scheme}://{path}"
    for scheme in ("http", "https")
    for path in ("ns.gs1.org/cbv/", "gs1.org/voc/", "www.gs1.org/voc/")
)


def _cbv(name: str, start: str, urn: str, words: str) -> Vocabulary:
    urn = f"urn:epcglobal:cbv:{urn}:" if urn else ""
    return Vocabulary(name, f"{CBV}{start}-", f"cbv:{start}-", urn, frozenset(words.split()))


def _voc(name: str, words: str) -> Vocabulary:
    return Vocabulary(name, VOC, "gs1:", "", frozenset(words.split()))


BUSINESS_STEP = _cbv(
    "business step",
    "BizStep",
    "bizstep",
    "accepting arriving assembling collecting commissioning consigning creating_class_instance"
    " cycle_counting decommissioning departing destroying disassembling dispensing encoding entering_exiting"
    " holding inspecting installing killing loading other packing picking receiving removing repackaging"
    " repairing replacing reserving retail_selling sampling sensor_reporting shipping staging_outbound"
    " stock_taking stocking storing transporting unloading unpacking void_shipping",
)
DISPOSITION = _cbv(
    "disposition",
    "Disp",
    "disp",
    "active available completeness_inferred completeness_verified conformant container_closed"
    " container_open damaged destroyed dispensed disposed encoded expired in_progress in_transit inactive"
    " mismatch_class mismatch_instance mismatch_quantity needs_replacement no_pedigree_match non_conformant"
    " non_sellable_other partially_dispensed recalled reserved retail_sold returned sellable_accessible"
    " sellable_not_accessible stolen unavailable unknown",
)
TRANSACTION_TYPE = _cbv(
    "business transaction type",
    "BTT",
    "btt",
    "bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt",
)
PARTY_TYPE = _cbv("source or destination type", "SDT", "sdt", "location owning_party possessing_party")
ERROR_REASON = _cbv("error reason", "ER", "er", "did_not_occur incorrect_data")
COMPONENT = _cbv(
    "component",
    "Comp",
    "",
    "altitude axial_distance azimuth easting elevation_angle height latitude longitude northing polar_angle"
    " spherical_radius x y z",
)
ALERT = _voc("sensor alert", "ALARM_CONDITION ERROR_CONDITION")
MEASUREMENT = _voc(
    "measurement type",
    "AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude AmountOfSubstance"
    " AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area"
    " Capacitance Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate"
    " DynamicViscosity ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy"
    " Exposure Force Frequency Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum"
    " Luminance LuminousFlux LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass"
    " MassConcentration MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass"
    " MolarVolume Power Pressure RadiantFlux RadiantIntensity Radioactivity RelativeHumidity Resistance"
    " Resistivity SolidAngle SpecificVolume Speed SurfaceDensity SurfaceTension Temperature Time Torque"
    " Voltage Volume VolumeFlowRate VolumeFraction VolumetricFlux Wavenumber",
)
EVENT_TYPES: Final = (
    "ObjectEvent",
    "AggregationEvent",
    "TransactionEvent",
    "TransformationEvent",
    "AssociationEvent",
)
ACTIONS: Final = ("ADD", "OBSERVE", "DELETE")
