"""What may be published of a group: the rules one by one, on groups made for each."""

import json
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t

from analysis.disclosure.base_table import (
    Band,
    Group,
    Item,
    Rules,
    Sum,
    base_table,
    clamp,
    rules,
    scheme,
    table_as_json,
    table_from_json,
    with_bands,
)
from analysis.disclosure.release import (
    Figure,
    Node,
    Untold,
    _widest_half,
    release,
    report_as_json,
    report_from_json,
)
from instrument import load, ppiq
from tests.privacy.organisations import ABOUT, INSTRUMENT, keyed, of_one_mind, organisation, table_of

INSTRUMENTS = Path(__file__).parents[1] / "instruments"
FIVE_POINTS = Item(id="x", sentence="", reversed=False, low=0, high=4, labels=("",) * 5)
EC = scheme(INSTRUMENT, "a").facets[0].items


def told(values: list[int], **how: int) -> Sum:
    return clamp(values, 0, 4, Rules(**how))


def node(groups, name: str, k: int = 10) -> Node:
    return next(each for each in release(table_of(groups, rules(k))).nodes if each.id == name)


def figure(of: Node, facet: str) -> Figure | Untold:
    return next(each.figure for each in (*of.facets, *of.totals) if each.id == facet)


def answering(n: int, **values: int):
    """People who all answer alike, keyed 2, except for the items named, which are given as keyed."""
    items = {item.id: item for facet in scheme(INSTRUMENT, "a").facets for item in facet.items}
    people = of_one_mind(n, 2)
    for person in people:
        person.update({name: keyed(items[name], value) for name, value in values.items()})
    return people


def test_k_is_five_at_the_least_and_more_with_more_insiders():
    assert rules(5) == Rules(k=5, insiders=1)
    for k, insiders in ((4, 1), (0, 1), (6, 2), (10, 5)):
        with pytest.raises(ValueError, match="nothing is told of fewer than"):
            rules(k, insiders)


def test_the_clamp_is_one_tenth_of_a_share_for_yes_and_no():
    """R4: a count is published only from 3 to n - 3, so no group of fewer than 3 ever is."""
    for count in range(11):
        seen = clamp([1] * count + [0] * (10 - count), 0, 1, Rules())
        assert seen.bound == ("at most" if count < 3 else "at least" if count > 7 else "exact")


@pytest.mark.parametrize(
    ("n", "least", "most"), [(10, 1.8, 4.2), (20, 1.4, 4.6), (30, 1.2666666667, 4.7333333333)]
)
def test_the_clamp_leaves_the_means_that_the_rules_name(n, least, most):
    low, high = clamp([1] * n, 1, 5, Rules()), clamp([5] * n, 1, 5, Rules())
    assert (low.value / n, high.value / n) == pytest.approx((least, most))


def test_a_facet_score_from_four_answers_moves_the_sum_by_whole_steps_only():
    assert clamp([50.0] * 9 + [56.25], 0, 100, Rules(), step=5) == Sum(n=10, value=505, bound="exact")
    assert clamp([50.0] * 10, 0, 100, Rules(), step=5).value == 500


@pytest.mark.parametrize(
    ("counts", "bands"),
    [
        ((5, 4, 4, 4, 3), [(0, 1, 9), (2, 2, 4), (3, 4, 7)]),
        ((5, 5, 2, 5, 3), []),  # two in the middle
        ((10, 0, 5, 5, 0), []),  # the lowest sum that these bands allow: nobody gave 1, nobody 4
        ((2, 16, 1, 1, 0), []),
    ],
)
def test_three_bands_from_twenty(counts, bands):
    values = [code for code, n in enumerate(counts) for _ in range(n)]
    assert len(values) == 20
    shown = with_bands(told(values), FIVE_POINTS, values, Rules())
    assert [(band.low, band.high, band.n) for band in shown.bands] == bands


@pytest.mark.parametrize(
    ("counts", "cuts"),
    [
        ((8, 8, 8, 8, 8), [0, 1, 2, 3, 4]),
        ((2, 10, 10, 10, 8), [1, 2, 3, 4]),
        ((8, 10, 10, 10, 2), [0, 1, 2, 4]),
        ((2, 14, 12, 10, 2), [1, 2, 4]),
        ((0, 18, 4, 18, 0), [1, 2, 4]),
        ((0, 20, 1, 19, 0), []),
    ],
)
def test_five_bands_from_forty_joined_at_an_end_where_it_is_rare(counts, cuts):
    values = [code for code, n in enumerate(counts) for _ in range(n)]
    shown = with_bands(told(values), FIVE_POINTS, values, Rules())
    assert [band.high for band in shown.bands] == cuts
    assert all(band.n >= 3 for band in shown.bands)


@pytest.mark.parametrize(
    ("counts", "cuts"),
    [
        ((10, 10, 10, 10), [1, 2, 3, 4]),
        ((2, 18, 10, 10), [2, 3, 4]),
        ((10, 10, 18, 2), [1, 2, 4]),
        ((2, 18, 18, 2), []),
    ],
)
def test_four_bands_from_forty_of_a_scale_of_four(counts, cuts):
    values = [code for code, n in enumerate(counts, start=1) for _ in range(n)]
    four = Item(id="x", sentence="", reversed=False, low=1, high=4, labels=("",) * 4)
    shown = with_bands(clamp(values, 1, 4, Rules()), four, values, Rules())
    assert [band.high for band in shown.bands] == cuts


def test_no_bands_where_the_sum_is_clamped_or_fewer_than_twenty_answered():
    for values in ([0] * 20 + [4] * 2, [0, 1, 2, 3] * 4 + [2, 2, 2]):
        assert with_bands(told(values), FIVE_POINTS, values, Rules()).bands == ()


# ---- the base table ----


def test_a_group_of_fewer_than_k_is_nowhere():
    table = table_of(organisation(1, {"ash": 9, "beech": 10}))
    assert [atom.unit for atom in table.atoms] == ["beech"]
    assert table.used == (("demo-1", "beech"),)
    assert '"ash"' not in json.dumps(table_as_json(table))
    assert [unit.id for unit in table.units] == ["beech", "east", "org"]


def test_a_threshold_of_a_study_is_its_own():
    groups = organisation(1, {"ash": 9, "beech": 14})
    assert [atom.unit for atom in table_of(groups, rules(5)).atoms] == ["ash", "beech"]
    assert [atom.unit for atom in table_of(groups, rules(15)).atoms] == []


@pytest.mark.parametrize(("n", "by", "names"), [(10, "facet", 6), (19, "facet", 6), (20, "item", 30)])
def test_facets_below_twenty_and_items_from_there(n, by, names):
    [atom] = table_of({"ash": of_one_mind(n, 2)}).atoms
    assert (atom.by, len(atom.sums)) == (by, names)


def test_an_item_or_facet_that_fewer_than_k_answered_is_in_no_figure():
    people = answering(24)
    for person in people[:15]:
        person["ec1"] = -99
    [atom] = table_of({"ash": people}).atoms
    assert "ec1" not in atom.sums
    found = node({"ash": people}, "ash")
    assert figure(found, "ec") == Untold(reason="too few answers")
    assert figure(found, "total") == Untold(reason="too few answers")
    assert figure(found, "vi") == Figure(value=50.0, bound="exact")
    assert next(line.figure for line in found.items if line.id == "ec1") == Untold(reason="too few answers")

    few = answering(14)
    for person in few[:5]:
        person["ec1"] = person["ec2"] = -99
    assert figure(node({"ash": few}, "ash"), "ec") == Untold(reason="too few answers")


def test_an_item_that_fewer_than_twenty_answered_counts_and_is_not_shown_alone():
    people = answering(24, ec1=3)
    for person in people[:9]:
        person["ec1"] = -88
    found = node({"ash": people}, "ash")
    assert next(line for line in found.items if line.id == "ec1").figure == Untold(reason="too few answers")
    assert figure(found, "ec") == Figure(value=55.0, bound="exact")


def test_pairs_of_every_wave_that_a_group_came_in_are_used():
    pairs = (("demo-1", "ash"), ("demo-2", "ash"))
    group = Group(unit="ash", pairs=pairs, people=of_one_mind(10, 2))
    tree = table_of({"ash": of_one_mind(10, 2)}).units
    assert base_table(ABOUT, INSTRUMENT, [group], tree, rules(10)).used == pairs


# ---- what is published ----


def test_a_facet_of_items_clamped_one_way_is_at_most_and_of_both_ways_untold():
    one_way = node({"ash": answering(20, ec1=0)}, "ash")
    assert figure(one_way, "ec") == Figure(value=42.0, bound="at most")
    assert figure(one_way, "total") == Figure(value=48.7, bound="at most")
    both = node({"ash": answering(20, ec1=0, ec2=4)}, "ash")
    assert figure(both, "ec") == Untold(reason="points both ways")
    assert figure(both, "total") == Untold(reason="points both ways")
    apart = node({"ash": answering(20, ec1=0, vi1=4)}, "ash")
    assert figure(apart, "ec") == Figure(value=42.0, bound="at most")
    assert figure(apart, "vi") == Figure(value=58.0, bound="at least")
    assert figure(apart, "total") == Untold(reason="points both ways")


def test_balance_keyed_items_are_turned_before_they_are_clamped():
    """Everybody fully agrees that they get support: the least imbalance there can be."""
    found = node({"ash": answering(20, sd5=0)}, "ash")
    assert figure(found, "sd") == Figure(value=42.0, bound="at most")


def test_a_bound_is_rounded_away_from_what_it_bounds():
    found = node({"ash": of_one_mind(15, 0)}, "ash")
    assert figure(found, "ec") == Figure(value=13.4, bound="at most")  # 200 / 15 = 13.33
    found = node({"ash": of_one_mind(15, 4)}, "ash")
    assert figure(found, "ec") == Figure(value=86.6, bound="at least")  # 1300 / 15 = 86.67


def test_upper_nodes_are_arithmetic_on_the_table():
    groups = organisation(3, {"ash": 24, "beech": 36, "cedar": 6, "elm": 15})
    report = release(table_of(groups))
    by_id = {each.id: each for each in report.nodes}
    assert [each.id for each in report.nodes] == ["org", "ash", "beech", "east", "elm", "west"]
    assert by_id["org"].units == 3
    exact = [
        facet.id
        for facet in by_id["org"].facets
        if isinstance(facet.figure, Figure) and facet.figure.bound == "exact"
    ]
    for facet in exact:
        parts = [
            (24, figure(by_id["ash"], facet)),
            (36, figure(by_id["beech"], facet)),
            (15, figure(by_id["elm"], facet)),
        ]
        mean = sum(n * part.value for n, part in parts) / 75
        assert figure(by_id["org"], facet).value == pytest.approx(mean, abs=0.1)


def test_a_department_of_a_unit_of_facets_has_no_items():
    found = node(
        {"ash": of_one_mind(30, 2), "beech": of_one_mind(30, 2), "cedar": of_one_mind(12, 2)}, "west"
    )
    assert (found.units, found.items) == (2, ())
    assert node({"ash": of_one_mind(30, 2), "beech": [], "cedar": of_one_mind(30, 2)}, "west").items


@pytest.mark.parametrize(("n", "shown"), [(10, 10), (14, 10), (19, 15), (24, 20), (115, 115)])
def test_numbers_of_people_are_rounded_down_to_a_multiple_of_five(n, shown):
    assert node({"ash": of_one_mind(n, 2)}, "ash").n == shown


def test_half_widths_from_thirty_never_of_what_is_clamped_always_whole_fives():
    small, large = (node({"ash": organisation(4, {"ash": n})["ash"]}, "ash") for n in (29, 200))
    assert all(
        figure(small, facet.id).half_width is None
        for facet in small.facets
        if isinstance(facet.figure, Figure)
    )
    mixed = node({"ash": [person for value in (1, 2, 3) for person in of_one_mind(20, value)]}, "ash")
    assert figure(mixed, "ec").half_width in (5, 10, 15)
    clamped = node({"ash": answering(60, ec1=0)}, "ash")
    assert figure(clamped, "ec").half_width is None
    assert figure(clamped, "vi").half_width is not None
    assert all(
        f.figure.half_width % 5 == 0
        for f in large.facets
        if isinstance(f.figure, Figure) and f.figure.half_width
    )


def test_the_half_width_is_never_narrower_than_what_was_measured():
    """It is the widest that sum and bands allow, so a t interval of the real people lies within it."""
    for seed in range(6):
        people = organisation(seed, {"ash": 80})["ash"]
        scores = [
            np.mean([25 * keyed(item, person[item.id]) for item in EC if person[item.id] >= 0])
            for person in people
        ]
        measured = t.ppf(0.975, len(people) - 1) * np.std(scores, ddof=1) / np.sqrt(len(people))
        found = figure(node({"ash": people}, "ash"), "ec")
        if isinstance(found, Figure) and found.half_width is not None:
            assert found.half_width >= measured


@pytest.mark.parametrize(
    ("bands", "total"),
    [(((0, 1, 15), (2, 2, 10), (3, 4, 15)), 80), (((0, 1, 20), (2, 2, 3), (3, 4, 9)), 50), ((), 61)],
)
def test_the_half_width_is_that_of_the_widest_spread_there_can_be(bands, total):
    n = sum(band[2] for band in bands) or 32
    shown = tuple(Band(low=low, high=high, n=count) for low, high, count in bands)
    widest = 0.0
    for first in product(range(n + 1), repeat=4):
        counts = (*first, n - sum(first))
        if counts[-1] < 0 or any(sum(counts[low : high + 1]) != count for low, high, count in bands):
            continue
        if sum(code * count for code, count in enumerate(counts)) == total:
            squares = sum(code**2 * count for code, count in enumerate(counts))
            widest = max(widest, (squares - total**2 / n) / (n - 1))
    found = _widest_half(FIVE_POINTS, Sum(n=n, value=total, bound="exact", bands=shown))
    exact = t.ppf(0.975, n - 1) * (widest / n) ** 0.5
    assert exact <= found + 1e-12
    assert found == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("yes", [3, 20, 37])
def test_the_half_width_of_yes_and_no_is_that_of_their_share(yes):
    n = 40
    item = Item(id="x", sentence="", reversed=False, low=0, high=1, labels=("", ""))
    found = _widest_half(item, Sum(n=n, value=yes, bound="exact", bands=()))
    variance = yes * (n - yes) / n / (n - 1)
    assert found == pytest.approx(t.ppf(0.975, n - 1) * (variance / n) ** 0.5)


def test_shares_are_of_the_bands_to_five_per_cent():
    people = [person for value, n in enumerate((8, 9, 9, 8, 6)) for person in of_one_mind(n, value)]
    line = node({"ash": people}, "ash").items[0]
    assert [(share.low, share.percent) for share in line.shares] == [
        (0, 20),
        (1, 25),
        (2, 25),
        (3, 20),
        (4, 15),
    ]
    assert line.figure == Figure(value=1.9, bound="exact")


def test_bands_of_units_are_added_where_all_have_them():
    mixed = [person for value in range(5) for person in of_one_mind(8, value)]
    coarse = [person for value, n in enumerate((5, 4, 4, 4, 3)) for person in of_one_mind(n, value)]
    [line, *_] = node({"ash": mixed, "beech": [], "cedar": coarse}, "west").items
    assert [(share.low, share.high) for share in line.shares] == [(0, 1), (2, 2), (3, 4)]
    [line, *_] = node({"ash": mixed, "beech": [], "cedar": answering(20, ec1=0)}, "west").items
    assert line.shares == ()


def test_nothing_is_published_where_no_group_is_large_enough():
    report = release(table_of(organisation(1, {"ash": 9})))
    assert report.nodes == ()


def test_units_without_a_common_top_are_reported_together_first():
    groups = {"ash": of_one_mind(12, 2), "beech": of_one_mind(12, 2)}
    several = [Group(unit=unit, pairs=((unit, unit),), people=people) for unit, people in groups.items()]
    flat = [each for each in table_of(groups).units if each.level == "unit"]
    flat = [type(each)(id=each.id, title=each.title, level="unit", parent=None) for each in flat]
    report = release(base_table(ABOUT, INSTRUMENT, several, flat, rules(10)))
    assert [each.id for each in report.nodes] == ["all_units", "ash", "beech"]
    assert report.nodes[0].n == 20


def test_table_and_report_survive_being_stored():
    table = table_of(organisation(2, {"ash": 12, "beech": 25, "cedar": 45}))
    stored = json.loads(json.dumps(table_as_json(table)))
    assert table_from_json(stored) == table
    report = release(table)
    assert report_from_json(json.loads(json.dumps(report_as_json(report)))) == report
    assert json.dumps(report_as_json(release(table_from_json(stored)))) == json.dumps(report_as_json(report))


# ---- other questionnaires ----


def test_a_score_over_items_that_others_have_is_left_out():
    plan = scheme(load(INSTRUMENTS / "bfi25"), "bfi25")
    assert [facet.id for facet in plan.facets] == ["agree", "consc", "extra", "neuro", "open"]
    assert plan.totals == ()
    assert [total.id for total in scheme(ppiq(), "a").totals] == ["total"]


def test_scores_of_every_method_lie_on_nought_to_a_hundred():
    seven = load(INSTRUMENTS / "seven")
    codes = {
        item.id: max(seven.forms["seven"].scales[item.scale].codes) for item in seven.forms["seven"].items
    }
    turned = {i.id for s in seven.key.subscales("seven").values() for i in s.items if i.reversed}
    fullest = {
        name: min(seven.forms["seven"].scales[seven.forms["seven"].by_id[name].scale].codes)
        if name in turned
        else code
        for name, code in codes.items()
    }
    about = type(ABOUT)(**{**ABOUT.__dict__, "form": "seven"})
    tree = table_of({"ash": of_one_mind(10, 2)}).units
    table = base_table(about, seven, [Group(unit="ash", pairs=(), people=[fullest] * 12)], tree, rules(10))
    [atom] = table.atoms
    assert Counter(each.bound for each in atom.sums.values()) == {"at least": 3}
    assert {each.value for each in atom.sums.values()} == {1000}


def test_bands_are_of_known_kinds_only():
    six = Item(id="x", sentence="", reversed=False, low=1, high=6, labels=("",) * 6)
    values = [1, 2, 3, 4, 5, 6] * 10
    assert with_bands(clamp(values, 1, 6, Rules()), six, values, Rules()).bands == ()
    seven = Item(id="x", sentence="", reversed=False, low=1, high=7, labels=("",) * 7)
    values = [1, 2, 3, 4, 5, 6, 7] * 6
    shown = with_bands(clamp(values, 1, 7, Rules()), seven, values, Rules())
    assert shown.bands == (Band(low=1, high=3, n=18), Band(low=4, high=4, n=6), Band(low=5, high=7, n=18))
