"""What is told, in HTML: ids as links to what they are of, long names with places to break, all else as text."""

from __future__ import annotations

import pytest

from harness.web import render
from harness.web.told import apart_from, linked, soft

RUN = "0123456789abcdef"
HASH = "f" * 64


def test_a_name_may_be_broken_after_an_underscore_and_is_text() -> None:
    assert soft("lamp_<i>_prices") == "lamp_<wbr>&lt;i&gt;_<wbr>prices"


@pytest.mark.parametrize("before", ["run ", "rerun of ", "runs show "])
def test_the_id_of_a_run_is_a_link_that_shows_its_first_letters(before: str) -> None:
    told = linked(f"{before}{RUN}, and more", short=8)
    assert told == f'{before}<a class="id" href="/runs/{RUN}">01234567</a>, and more'


def test_an_id_that_may_be_of_anything_is_shortened_and_whole_on_hover() -> None:
    assert linked(f"approval {RUN}", short=4) == f'approval <span class="id" title="{RUN}">0123</span>'


def test_a_hash_is_a_link_where_it_is_known_whose_version_it_is() -> None:
    assert linked(HASH, "lamps", short=8) == f'<a class="id" href="/skills/lamps/source?version={HASH}">ffffffff</a>'
    assert linked(HASH, short=8) == f'<span class="id" title="{HASH}">ffffffff</span>'


@pytest.mark.parametrize("text", ["run 0123456789abcde", f"x{RUN}", f"{RUN}0", RUN.upper(), "f" * 63])
def test_what_only_resembles_an_id_is_left_as_it_is(text: str) -> None:
    assert linked(text, "lamps", short=8) == text


def test_what_stands_around_ids_is_text() -> None:
    told = linked(f"<b> run {RUN} & {HASH} <script>", "lamps", short=8)
    assert told.startswith("&lt;b&gt; run <a ")
    assert "</a> &amp; <a " in told
    assert told.endswith("</a> &lt;script&gt;")


@pytest.mark.parametrize(
    ("subject", "skill", "shown"),
    [
        ("lamps cap run", "lamps", "cap run"),
        ("lamps", "lamps", ""),
        ("lamps_too cap", "lamps", "lamps_too cap"),
        ("store", None, "store"),
    ],
)
def test_a_decision_does_not_name_its_skill_twice(subject: str, skill: str | None, shown: str) -> None:
    assert apart_from(subject, skill) == shown


def shown(template: str, **values: object) -> str:
    return render._environment().from_string(template).render(words=None, **values)


def test_what_would_turn_a_text_around_is_seen_but_where_it_is_edited() -> None:
    assert shown("<b>{{ text }}</b>{{ [text] | json }}", text="a\u202e<") == (
        "<b>a\\u202e&lt;</b>[\n  &#34;a\\u202e&lt;&#34;\n]"
    )
    assert shown("{{ text | exact }}", text="a\u202e<") == "a\u202e&lt;"


def test_all_that_a_version_may_do_more_is_on_its_card() -> None:
    card = {"may": ["reads a"], "wider": ["may do pay without asking first"], "narrower": []}
    told = shown('{% import "macros.html" as ui with context %}{{ ui.card(card) }}', card=card)
    assert "may do pay without asking first" in told
