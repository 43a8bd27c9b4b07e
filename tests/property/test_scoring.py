"""Properties of scoring for any answers to any questionnaire."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument import Instrument, allowed, keyed, load, ppiq, score

INSTRUMENTS = Path(__file__).parents[1] / "instruments"
ALL = [ppiq(), load(INSTRUMENTS / "bfi25"), load(INSTRUMENTS / "seven")]


@st.composite
def answered(draw: st.DrawFn) -> tuple[Instrument, str, dict[str, int]]:
    """Answers to a form of one of the questionnaires, with refusals, blanks and items that were not shown."""
    instrument = draw(st.sampled_from(ALL))
    form = draw(st.sampled_from(list(instrument.forms.values())))
    answers = {
        item.id: draw(st.sampled_from(allowed(form, item))) for item in form.items if draw(st.integers(0, 9))
    }
    return instrument, form.id, answers


@given(answered(), st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(case, random) -> None:
    instrument, form, answers = case
    shuffled = list(answers.items())
    random.shuffle(shuffled)
    assert score(instrument, form, dict(shuffled)) == score(instrument, form, answers)


@given(answered())
def test_reversing_twice_changes_nothing_and_reversing_keeps_to_the_scale(case) -> None:
    instrument, form_id, answers = case
    form = instrument.forms[form_id]
    for item, code in answers.items():
        codes = form.scale_of(item).codes
        turned = keyed(instrument, form_id, item, code)
        if code not in codes:
            assert turned is None
        else:
            assert turned in codes
            assert keyed(instrument, form_id, item, int(turned)) == code


@given(answered())
def test_a_figure_stays_within_its_bounds_and_rests_on_enough_answers(case) -> None:
    instrument, form_id, answers = case
    form = instrument.forms[form_id]
    for subscale in instrument.key.subscales(form_id).values():
        result = score(instrument, form_id, answers)[subscale.id]
        given_ = result.answered + result.does_not_apply + result.rather_not_say + result.left_blank
        assert given_ <= result.of
        if result.value is None:
            assert result.note
            continue
        scales = [form.scale_of(item.id) for item in subscale.items]
        if not scales or subscale.method == "pomp":
            low, high = 0.0, 100.0
        elif subscale.method == "mean":
            low, high = scales[0].foot, scales[0].top
        else:
            low, high = sum(s.foot for s in scales), sum(s.top for s in scales)
        assert low <= result.value <= high
        assert (result.note is None) == (result.answered == result.of)


@given(answered())
def test_what_was_not_answered_is_never_zero(case) -> None:
    """Taking an answer away leaves the figure of the others, or no figure at all."""
    instrument, form_id, answers = case
    form = instrument.forms[form_id]
    for subscale in instrument.key.subscales(form_id).values():
        if not subscale.items:
            continue
        item = subscale.items[0]
        gone = {**answers, item.id: -88}
        others = [
            value
            for other in subscale.items[1:]
            if (code := answers.get(other.id)) is not None
            and (value := keyed(instrument, form_id, other.id, code)) is not None
        ]
        result = score(instrument, form_id, gone)[subscale.id]
        assert result.answered == len(others)
        if result.value is None:
            assert len(others) < subscale.min_answered
        elif subscale.method == "mean":
            assert result.value == pytest.approx(sum(others) / len(others))
        else:
            scale = form.scale_of(item.id)
            mean = sum(others) / len(others)
            assert result.value == pytest.approx(100 * (mean - scale.foot) / (scale.top - scale.foot))


@given(answered())
def test_turning_every_answer_round_mirrors_every_percentage(case) -> None:
    instrument, form_id, answers = case
    form = instrument.forms[form_id]
    mirrored = {
        item: scale.foot + scale.top - code if code in (scale := form.scale_of(item)).codes else code
        for item, code in answers.items()
    }
    before, after = score(instrument, form_id, answers), score(instrument, form_id, mirrored)
    for subscale in instrument.key.subscales(form_id).values():
        if subscale.method == "pomp":
            one, other = before[subscale.id].value, after[subscale.id].value
            assert one is None if other is None else one == pytest.approx(100 - other)
