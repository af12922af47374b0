"""How masses, areas and shares are read."""

from infoharbor.edgekit.measures import BASIS_POINTS, GRAMS, MILLISECONDS, SQUARE_METRES, Measure, Measures

MASSES = ("grams", "used", "needed", "claimed", "carried", "opening", "reissued", "net_grams")
measures = Measures(
    dict.fromkeys(MASSES, GRAMS)
    | dict.fromkeys(("moisture", "most_yield"), BASIS_POINTS)
    | {
        "grams_per_hectare": Measure("GRM/HAR", "KGM/HAR", 3),
        "square_metres": SQUARE_METRES,
        "took_ms": MILLISECONDS,
    }
)
