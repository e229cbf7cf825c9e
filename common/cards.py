"""Numbers of payment cards in what people type: masked before anything is stored."""

import re
from collections.abc import Iterator

# What may stand between the digits as people write them, invisible marks included.
SEPARATOR = r"[\s.,/_\-‐-―−\u200b-\u200f\u2060\ufeff]"
RUN = re.compile(rf"\d(?:{SEPARATOR}{{0,3}}\d){{12,}}")
GROUP = re.compile(r"\d+")
SHORTEST, LONGEST = 13, 19
MASKED = "•••• •••• •••• ••••"

# First digits and lengths of the card schemes in use. Source: ISO/IEC 7812-1 and the schemes'
# published ranges; 9704 is NAPAS, of the banks in Viet Nam.
SCHEMES = re.compile(
    r"""
    4\d{12} | 4\d{15} | 4\d{18}                                             # Visa
    | 5[1-5]\d{14} | 2(?:2[2-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}              # Mastercard
    | 3[47]\d{13}                                                           # American Express
    | 3(?:0[0-59]|[689]\d)\d{11,16}                                         # Diners Club
    | (?:352[89]|35[3-8]\d)\d{12,15}                                        # JCB
    | (?:62\d\d|81[0-7]\d)\d{12,15}                                         # UnionPay
    | (?:6011|64[4-9]\d|65\d\d)\d{12,15}                                    # Discover
    | (?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,15}                    # Maestro
    | 9704\d{12} | 9704\d{15}                                               # NAPAS
    """,
    re.VERBOSE,
)


def mask_cards(text: str) -> str:
    """Return ``text`` with each card number in it replaced, and nothing else changed.

    A number counts as a card's when a scheme issues such numbers and its check
    digit is right; it may be typed in groups, among other numbers. A telephone
    or identity number has too few digits.
    """
    return RUN.sub(_mask_run, text)


def _mask_run(run: re.Match[str]) -> str:
    text, parts, done = run.group(), [], 0
    for start, end in _cards_in(text):
        parts += [text[done:start], MASKED]
        done = end
    return "".join([*parts, text[done:]])


def _cards_in(text: str) -> Iterator[tuple[int, int]]:
    """Yield where cards stand: from the first digit of a group to the last digit of one."""
    groups = [group.span() for group in GROUP.finditer(text)]
    after = 0
    for first, (start, _end) in enumerate(groups):
        if start < after:
            continue
        digits = ""
        for begin, end in groups[first:]:
            digits += text[begin:end]
            if len(digits) > LONGEST:
                break
            if len(digits) >= SHORTEST and _is_card(digits):
                yield start, end
                after = end
                break


def _is_card(digits: str) -> bool:
    plain = "".join(str(int(digit)) for digit in digits)  # full-width digits are digits too
    return SCHEMES.fullmatch(plain) is not None and _checks(plain)


def _checks(digits: str) -> bool:
    """Say whether the last digit is the check digit by Luhn. Source: ISO/IEC 7812-1, annex B."""
    values = [int(digit) for digit in reversed(digits)]
    doubled = (sum(divmod(2 * value, 10)) for value in values[1::2])
    return (sum(values[::2]) + sum(doubled)) % 10 == 0
