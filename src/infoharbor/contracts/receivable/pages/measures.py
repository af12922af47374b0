"""How amounts of money and yearly costs are read."""

from infoharbor.edgekit.measures import BASIS_POINTS, MONEY, Measures

AMOUNTS = (
    "face", "early", "instructed", "paid", "collected", "price", "discount", "parts", "proceeds", "amount", "limit", "used",
    "total", "credited", "claimed", "factored", "financed", "said", "known",
)  # fmt: skip
measures = Measures(dict.fromkeys(AMOUNTS, MONEY) | {"annual_cost": BASIS_POINTS})
