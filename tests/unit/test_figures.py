"""Drawings of reports: what they show, their tables, and colours that can be read."""

import math
import re
import xml.etree.ElementTree as ET

import pytest

from analysis.graphics import svg
from analysis.graphics.charts import correlation_map, intervals, scree
from analysis.graphics.item_bars import item_distributions

NS = {"s": "http://www.w3.org/2000/svg"}
NASTY = "<script>alert(\"x\")</script> & 'y' \x00\x1b[31m"


def example(kind, words="Label"):
    if kind == "scree":
        return scree(
            [3.0, 0.7, 0.4], [1.3, 1.0, 0.7], n_factors=1, reading=words, title=words, words=(words,) * 5
        )
    if kind == "map":
        return correlation_map([[1, -0.5], [-0.5, 1]], [words, "b"], reading=words, title=words)
    if kind == "bars":
        return item_distributions(
            [words, "none"], [[1, 2, 3], None], [words, "b", "c"], n=[6, 3], reading=words, hidden=words
        )
    return intervals(
        [words, "b"],
        [40.0, None],
        [30.0, None],
        [50.0, None],
        axis=(0, 100),
        n=[20, 4],
        ends=(words, words),
        reading=words,
        title=words,
        hidden=words,
        words=(words, words, words),
    )


KINDS = pytest.mark.parametrize("kind", ["scree", "map", "bars", "intervals"])


def rects(figure):
    root = ET.fromstring(figure.drawing)
    return [{k: float(r.get(k)) for k in ("x", "y", "width", "height")} for r in root.findall("s:rect", NS)]


@KINDS
def test_a_drawing_has_a_name_and_a_description_for_those_who_do_not_see_it(kind):
    root = ET.fromstring(example(kind).drawing)
    assert (root.get("role"), root.get("direction")) == ("img", "ltr")
    for attribute, child in (("aria-labelledby", "title"), ("aria-describedby", "desc")):
        found = root.find(f"s:{child}", NS)
        assert found.get("id") == root.get(attribute)
        assert found.text


@KINDS
def test_words_are_only_ever_words(kind):
    html = example(kind, NASTY).html(summary=NASTY)
    assert "<script" not in html
    assert "\x00" not in html
    assert "\x1b" not in html
    assert "&lt;script&gt;" in html
    ET.fromstring(example(kind, NASTY).drawing)


@KINDS
def test_a_strict_content_security_policy_has_nothing_to_forbid(kind):
    html = example(kind).html()
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:|href=", html)


@KINDS
def test_the_same_figures_give_the_same_drawing(kind):
    assert example(kind) == example(kind)


def test_ids_of_different_drawings_differ():
    ids = re.findall(
        r' id="([^"]+)"', "".join(example(kind).drawing for kind in ("scree", "map", "bars", "intervals"))
    )
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("width", "height"), [(40, 26), (3, 26), (100, 4), (0.5, 26)])
def test_slanted_lines_stay_inside_what_they_fill_and_slant_two_ways(width, height):
    slopes = set()
    for rising in (True, False):
        path = ET.fromstring(svg.hatch(svg.Box(10, 20, width, height), 5, rising=rising)).get("d")
        for x1, y1, x2, y2 in re.findall(r"M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)", path):
            for x, y in ((x1, y1), (x2, y2)):
                assert 10 - 0.01 <= float(x) <= 10 + width + 0.01
                assert 20 - 0.01 <= float(y) <= 20 + height + 0.01
            rise, run = float(y2) - float(y1), float(x2) - float(x1)
            assert abs(abs(rise) - abs(run)) <= 0.02
            slopes.add(math.copysign(1, rise * run) if rise else 0)
    assert slopes - {0} == {1, -1}


def test_a_drawing_needs_no_pattern_which_some_printers_leave_out():
    assert "<pattern" not in "".join(example(kind).drawing for kind in ("scree", "map", "bars", "intervals"))


@KINDS
def test_the_table_twin_stands_behind_details(kind):
    figure = example(kind)
    html = figure.html(summary="As a table")
    assert "<details><summary>As a table</summary><table>" in html
    assert html.count('<th scope="row">') == len(figure.rows)
    assert all(len(row) == len(figure.headers) for row in figure.rows)


def test_the_factors_kept_are_filled_and_said():
    figure = example("scree")
    dots = ET.fromstring(figure.drawing).findall("s:circle", NS)
    ground = svg.TOKENS["ground"][0]
    assert [dot.get("fill") == ground for dot in dots] == [False, True, True]
    assert [row[-1] for row in figure.rows] == ["Label", "", ""]


def test_a_scree_puts_larger_eigenvalues_higher_and_draws_zero():
    root = ET.fromstring(scree([2.0, 1.0, -0.2], [1.2, 1, 0.8], n_factors=1, reading="r").drawing)
    heights = [float(dot.get("cy")) for dot in root.findall("s:circle", NS)]
    assert heights == sorted(heights)
    assert "0" in [t.text for t in root.findall("s:text", NS)]


def test_one_factor_alone_can_be_drawn():
    assert scree([1.0], [1.0], n_factors=0, reading="r").rows == (("1", "1.00", "1.00", ""),)


def test_a_negative_correlation_is_hatched_and_a_missing_one_left_empty():
    figure = correlation_map(
        [[1, 0.4, math.nan], [0.4, 1, -0.3], [math.nan, -0.3, 1]], ["a", "b", "c"], reading="r"
    )
    assert figure.drawing.count("<path") == 1
    assert "nan" not in figure.drawing
    assert figure.rows[2] == ("c", "", "−.30", "1")


def test_many_items_fit_without_figures_in_the_cells():
    k = 30
    R = [[1.0 if i == j else 0.5 for j in range(k)] for i in range(k)]
    drawing = correlation_map(R, [f"item with a long name {i}" for i in range(k)], reading="r").drawing
    assert ">.50<" not in drawing
    assert max(float(x) for x in re.findall(r' x="([\d.]+)"', drawing)) <= svg.WIDTH


def test_bars_lie_around_the_middle_answer():
    figure = item_distributions(["a", "b"], [[1, 2, 1], [0, 4, 4]], ["no", "partly", "yes"], reading="r")
    bars = [r for r in rects(figure) if r["height"] == 26]
    widest = {r["y"]: r for r in bars if r["width"] > 0}
    assert len(widest) == 2
    line = next(
        e
        for e in ET.fromstring(figure.drawing).findall("s:line", NS)
        if e.get("stroke") == svg.TOKENS["ink"][0]
    )
    centre = float(line.get("x1"))
    middle = [
        r
        for r in ET.fromstring(figure.drawing).findall("s:rect", NS)
        if r.get("fill") == svg.TOKENS["middle"][0] and r.get("height") == "26"
    ]
    for bar in middle:
        assert float(bar.get("x")) + (float(bar.get("width")) + 1) / 2 == pytest.approx(centre, abs=0.05)


def test_without_a_middle_option_bars_meet_in_the_middle():
    figure = item_distributions(["a"], [[1, 1]], ["no", "yes"], reading="r")
    assert figure.rows == (("a", "50 %", "50 %"),)
    assert svg.TOKENS["middle"][0] not in figure.drawing


def test_an_item_that_may_not_be_shown_shows_nothing():
    figure = item_distributions(["a"], [None], ["no", "yes"], n=[None], reading="r", hidden="fewer than 10")
    assert figure.rows == (("a", "fewer than 10", "fewer than 10", ""),)
    assert "fewer than 10" in figure.drawing
    nobody = item_distributions(["a"], [[0, 0]], ["no", "yes"], reading="r", hidden="no answers")
    assert nobody.rows == (("a", "no answers", "no answers"),)


def test_an_interval_is_a_line_with_its_words():
    figure = example("intervals")
    assert "40  (30–50)" in figure.drawing
    assert figure.rows == (("Label", "40", "30", "50", "20"), ("b", "Label", "", "", "4"))
    assert "(n\u00a0=\u00a020)" in figure.drawing


def test_both_ends_of_the_scale_are_always_drawn():
    words = [t.text for t in ET.fromstring(example("intervals").drawing).findall("s:text", NS)]
    assert {"0", "100"} <= set(words)


def test_labels_that_read_from_right_to_left_keep_their_place():
    options = {"axis": (0, 100), "reading": "r", "title": "t"}
    plain = intervals(["صوت"], [40.0], [None], [None], **options)
    turned = intervals(["صوت"], [40.0], [None], [None], direction="rtl", **options)
    label = ET.fromstring(turned.drawing).find("s:text", NS)
    assert (label.get("direction"), label.get("text-anchor")) == ("rtl", "start")
    assert ET.fromstring(plain.drawing).find("s:text", NS).get("text-anchor") == "end"
    assert label.get("x") == ET.fromstring(plain.drawing).find("s:text", NS).get("x")


@pytest.mark.parametrize(
    "call",
    [
        lambda: scree([1.0], [1.0, 2.0], n_factors=1, reading="r"),
        lambda: scree([math.nan], [1.0], n_factors=1, reading="r"),
        lambda: scree([], [], n_factors=0, reading="r"),
        lambda: correlation_map([[1.0]], ["a", "b"], reading="r"),
        lambda: item_distributions(["a"], [[1, 2, 3]], ["no", "yes"], reading="r"),
        lambda: item_distributions(["a"], [[-1, 2]], ["no", "yes"], reading="r"),
        lambda: item_distributions(["a"], [[1] * 8], list("abcdefgh"), reading="r"),
        lambda: intervals(["a"], [101.0], [None], [None], axis=(0, 100), reading="r", title="t"),
        lambda: intervals(["a"], [1.0], [None], [], axis=(0, 100), reading="r", title="t"),
    ],
)
def test_figures_that_do_not_fit_are_refused(call):
    with pytest.raises(ValueError, match=r"needs?|beyond|must"):
        call()


def test_long_words_break_and_wide_letters_count():
    assert all(svg.extent(line) <= 60 for line in svg.wrap("Verantwortlichkeitsbereich kurz", 60))
    assert svg.extent("字") > svg.extent("a")
    assert svg.extent("e\u0301") == svg.extent("e")
    assert "".join(svg.wrap("abcdefghijklmnop", 20)) == "abcdefghijklmnop"


def luminance(rgb):
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colour(tone, mode):
    value = svg.TOKENS[tone][mode]
    return [int(value[i : i + 2], 16) for i in (1, 3, 5)]


@pytest.mark.parametrize("mode", [0, 1])
def test_words_stand_out_from_what_lies_behind_them(mode):
    ground = colour("ground", mode)
    assert contrast(colour("ink", mode), ground) >= 7
    for tone in ("quiet", "accent"):
        assert contrast(colour(tone, mode), ground) >= 4.5
    for tone in ("imbalance", "balance"):
        # The strongest cell of a correlation map that holds plain words: half of the colour over the ground.
        behind = [0.5 * a + 0.5 * b for a, b in zip(colour(tone, mode), ground, strict=True)]
        assert contrast(colour("ink", mode), behind) >= 4.5


def test_the_style_sheet_knows_every_class_a_drawing_uses():
    classes = {
        c
        for kind in ("scree", "map", "bars", "intervals")
        for c in re.findall(r'class="([^"]+)"', example(kind).drawing)
    }
    for name in {part for group in classes for part in group.split()}:
        assert f".{name} " in svg.STYLE
    for tone in svg.TOKENS:
        assert f"--{tone}:" in svg.ROOT
