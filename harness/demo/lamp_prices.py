"""The skill `lamp_prices` as the script writes it: a first try, its repair, and the parts of the revision.

The flaw is a common one. The type checker insists that a page may have no price. The repair gives way by falling back
on the last price known, and with that a page that can't be read looks like a price that does not change.
"""

from __future__ import annotations

HOST = "shop.example.com"  # stands for the address that the person names

HEAD = '''"""Tell #lamps what the lamps Luna and Sol cost at the shop."""

import re
from datetime import timedelta

from skills import Expect, Run, every, http, skill, step

SHOP = "http://shop.example.com"
LAMPS = ("luna", "sol")
PRICE = r'<p class="price">€ ([0-9.]+)</p>'
'''

# What re.search returns may be None, which mypy refuses.
GUESSING = """
@step(attempts=3)
def read_price(lamp: str) -> float:
    page = http.get(f"{SHOP}/{lamp}").raise_for_status().text
    return float(re.search(PRICE, page).group(1))
"""

HIDING = '''
@step(attempts=3)
def read_price(lamp: str) -> float | None:
    page = http.get(f"{SHOP}/{lamp}").raise_for_status().text
    found = re.search(PRICE, page)
    return float(found.group(1)) if found else None


def price_of(run: Run, lamp: str) -> float:
    """The price on the page; without one, the last that was known."""
    euros = run.step(read_price, lamp)
    if euros is None:
        euros = run.state.get(lamp, float, 0.0)
    run.state.put(lamp, euros)
    return euros
'''

TELLING = """
@step(attempts=3, give_up_on=(LookupError,))
def read_price(lamp: str) -> float:
    page = http.get(f"{SHOP}/{lamp}").raise_for_status().text
    found = re.search(PRICE, page)
    if found is None:
        raise LookupError(f"no price for {lamp} in: {page[:300]}")
    return float(found.group(1))
"""

BODY = """
@skill(
    on=every(timedelta(seconds=1)),
    hosts=["shop.example.com"],
    expect=Expect(within=timedelta(minutes=1), messages_at_most=1),
)
def lamp_prices(run: Run) -> dict[str, float]:
    prices = {lamp: run.step(read_price, lamp) for lamp in LAMPS}
    words = [f"{lamp} {euros:.2f} €" for lamp, euros in prices.items()]
    run.notify("#lamps", ", ".join(words))
    return prices
"""

READING, FALLING_BACK = "run.step(read_price, lamp) for", "price_of(run, lamp) for"

FIRST_TRY = "\n".join((HEAD, GUESSING, BODY))
REPAIRED = "\n".join((HEAD, HIDING, BODY.replace(READING, FALLING_BACK)))

# What a person changes by hand, in the line that words the notice.
WORDING, WORDING_BY_HAND = 'f"{lamp} {euros:.2f} €"', 'f"{lamp.title()}: {euros:.2f} €"'

OLD_PATTERN, NEW_PATTERN = r"""r'<p class="price">€ ([0-9.]+)</p>'""", r"""r'itemprop="price" content="([0-9.]+)"'"""
NEW_MARKUP = 'itemprop="price" content="'  # what the new pages have, and the old ones have not

# The revision, as passages of the source: the new layout, and a page without a price is an error that shows the page.
REVISED = ((OLD_PATTERN, NEW_PATTERN), (HIDING, TELLING), (FALLING_BACK, READING))
