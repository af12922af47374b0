"""`infoharbor leave`: everything that an organisation holds, as evidence that needs neither node nor operator."""

import hashlib
from typing import Any, Final, NamedTuple

import jinja2

from infoharbor.cli.output import DEFAULT_DATA, Data, Failure, errors, fails_clearly
from infoharbor.cli.proofs import Output
from infoharbor.contracts.identity.records import Organisation
from infoharbor.edgekit.languages import LANGUAGES, Sentence, Words
from infoharbor.edgekit.pages import reports_of
from infoharbor.edgekit.reports import Table
from infoharbor.edgekit.sheets import Speech, csv_file
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.reader import Reader as LedgerReader
from infoharbor.engine.reader import open_reader
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.proving import prove
from infoharbor.sdk.trusting import ledger_trust

TRUST, SUMMARY, FOLDER = "trust.txt", "summary.html", "evidence"
DIGEST_DIGITS: Final = 8
"""Two paths may look alike once they are file names."""
HELD: Final = "holdings"
BILLED: Final = "invoices"


class Claim(NamedTuple):
    """One thing that is proved: its row of a report, the record's path, those beside it that belong to it."""

    row: tuple[Any, ...]
    path: str
    beside: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        name = "".join(sign if sign.isalnum() or sign in "-." else "_" for sign in self.path)
        digest = hashlib.sha256(self.path.encode()).hexdigest()[:DIGEST_DIGITS]
        return f"{FOLDER}/{name[:100]}-{digest}.evidence.json"


@fails_clearly
def leave(*, organisation: str, output: Output, data: Data = DEFAULT_DATA) -> None:
    """Write all claims and invoices of an organisation as evidence files, with a summary. 导出机构的全部债权与发票存证。

    Each file proves itself with `infoharbor verify FILE --trust trust.txt`, also when this node is gone.
    即使本节点不复存在，每个文件仍可用该命令验证。

    Parameters
    ----------
    organisation
        The id of the organisation that holds the claims. 持有债权的机构标识。
    output
        A folder that is not there yet. 尚不存在的目录。
    """
    reader = open_reader(data)
    try:
        with reader.snapshot() as snapshot:
            registry = reader.chain.registry
            sight = Sight(
                snapshot, reader.history, registry, snapshot.time, Reader(organisation), height=snapshot.height
            )
            if sight.find(Organisation, organisation) is None:
                raise Failure("identity.organisation_unknown", "--organisation", "a member of this ledger")
            output.mkdir(parents=True)
            (output / FOLDER).mkdir()
            reports = reports_of(registry)
            tables = {
                HELD: reports["receivable", HELD].ask(sight, {"holder": organisation}),
                BILLED: reports["receivable", BILLED].ask(sight, {"seller": organisation}),
            }
            claims = {name: [_claim(table, row) for row in table.rows] for name, table in tables.items()}
            for each in (claim for found in claims.values() for claim in found):
                (output / each.file).write_bytes(_evidence(reader, sight, each))
            (output / TRUST).write_bytes(ledger_trust(reader).encode())
            speeches = [Speech(each, Words(registry), lambda known: _name(sight, known)) for each in LANGUAGES]
            for name, table in tables.items():
                (output / f"{name}.csv").write_bytes(csv_file(table, speeches[-1]))
            (output / SUMMARY).write_text(_summary(organisation, tables, claims, speeches), encoding="utf-8")
    finally:
        reader.close()
    count = sum(map(len, claims.values()))
    errors.print(f"{output}: {count} evidence files 份存证文件, {SUMMARY}, {TRUST}", markup=False)


def _claim(table: Table, row: tuple[Any, ...]) -> Claim:
    """The leaf or invoice that a row speaks of, with what belongs to it."""
    cell = {column.name: value for column, value in zip(table.report.columns, row, strict=True)}
    if table.report.name == BILLED:
        return Claim(row, f"receivable/invoices/{cell['invoice']}")
    receivable = cell["receivable"]
    return Claim(row, f"receivable/leaves/{receivable}/{cell['leaf']}", (f"receivable/receivables/{receivable}",))


def _evidence(reader: LedgerReader, sight: Sight, claim: Claim) -> bytes:
    """The evidence of a claim, and of what belongs to it as far as the organisation may read that."""
    paths = [claim.path, *(each for each in claim.beside if sight.at(each) is not None)]
    return prove(reader, sight, paths)


def _name(sight: Sight, organisation: str) -> Sentence:
    found = sight.find(Organisation, organisation)
    names = (organisation, organisation) if found is None else (found.name_en or found.name, found.name)
    return Sentence(*names)


def _summary(
    organisation: str, tables: dict[str, Table], claims: dict[str, list[Claim]], speeches: list[Speech]
) -> str:
    """One page in both languages, for a reader who has nothing but a browser."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("infoharbor.cli", "pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    parts = [
        {
            "language": speech.language,
            "name": speech.name_of(organisation).to(speech.language),
            "tables": [
                {
                    "title": table.report.title.to(speech.language),
                    "columns": [speech.title(each) for each in table.report.columns],
                    "rows": [
                        (
                            claim.file,
                            [
                                speech.cell(table, claim.row, column, cell)
                                for column, cell in zip(table.report.columns, claim.row, strict=True)
                            ],
                        )
                        for claim in claims[name]
                    ],
                }
                for name, table in tables.items()
            ],
        }
        for speech in reversed(speeches)
    ]
    return environment.get_template("leave.html").render(parts=parts, trust=TRUST)
