"""When two invoices are one: the identity that each country's rule gives, never amount or date."""

from infoharbor.contractkit import Refusal, ensure

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHINESE_DIGITAL_DIGITS = 20
CHINESE_CODE_DIGITS = (10, 12)
CHINESE_NUMBER_DIGITS = 8
VIETNAMESE_SERIES_LENGTH = 6
VIETNAMESE_NUMBER_DIGITS = 8


def identify(country: str, *, seller_number: str, series: str, number: str, year: int) -> str:
    """The one spelling of an invoice's identity, as printable ASCII without slashes; refused as `invoice_number`.

    China: the 20 digits of a fully digital e-invoice (数电票), or for older ones code (`series`) and number. Viet Nam:
    the seller's tax code, form (KHMSHDon) and series (KHHDon) together as `series`, number (SHDon). Elsewhere, as
    UBL has it: seller, number (BT-1) and year, where spaces, punctuation and case do not tell invoices apart.
    """
    if country == "CN":
        return chinese(series.strip(), number.strip())
    if country == "VN":
        return vietnamese(seller_number.strip(), series.strip(), number.strip())
    ensure(1970 <= year <= 9999, "invoice_number", field="year", expected="the year of issue")
    seller, own = bare(seller_number, field="seller_number"), bare(number, field="number")
    return f"{country}:{seller}:{own}:{year}"


def chinese(code: str, number: str) -> str:
    if not code:
        digital = len(number) == CHINESE_DIGITAL_DIGITS and is_digits(number)
        ensure(digital, "invoice_number", field="number", expected=f"{CHINESE_DIGITAL_DIGITS} digits")
        return f"CN:{number}"
    known = len(code) in CHINESE_CODE_DIGITS and is_digits(code)
    ensure(known, "invoice_number", field="series", expected="an invoice code of 10 or 12 digits")
    ensure(
        len(number) <= CHINESE_NUMBER_DIGITS and is_digits(number),
        "invoice_number",
        field="number",
        expected=f"{CHINESE_NUMBER_DIGITS} digits",
    )
    return f"CN:{code}:{number.zfill(CHINESE_NUMBER_DIGITS)}"


def vietnamese(tax_code: str, series: str, number: str) -> str:
    digits = bare(tax_code, field="seller_number")
    tax = is_digits(digits) and len(digits) in (10, 12, 13)
    ensure(tax, "invoice_number", field="seller_number", expected="a tax code of 10 digits, with 3 more for a branch")
    series = bare(series, field="series")
    formed = len(series) == VIETNAMESE_SERIES_LENGTH + 1 and series[0] in DIGITS
    ensure(formed, "invoice_number", field="series", expected="form and series, such as 1C26TAA")
    short = is_digits(number) and len(number) <= VIETNAMESE_NUMBER_DIGITS
    ensure(short, "invoice_number", field="number", expected=f"at most {VIETNAMESE_NUMBER_DIGITS} digits")
    return f"VN:{digits}:{series}:{number.lstrip('0') or '0'}"


def bare(text: str, *, field: str) -> str:
    """Letters in capitals and digits alone; refuses what ASCII cannot say, which the edge folds first."""
    if not text.isascii():
        raise Refusal("invoice_number", field=field, expected="letters and digits of ASCII")
    kept = "".join(each for each in text.upper() if each in DIGITS + LETTERS)
    ensure(1 <= len(kept) <= 60, "invoice_number", field=field, expected="1 to 60 letters and digits")
    return kept


def is_digits(text: str) -> bool:
    return bool(text) and not text.strip(DIGITS)
