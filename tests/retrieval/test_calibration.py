"""Evidence is a probability that grows with what a hit covers and how near it lies."""

import pytest

from retrieval.calibration import BY_PROVIDER, DEFAULT, FLOOR, Signals, calibration_of, evidence, floor

SETS = [DEFAULT, *BY_PROVIDER.values()]


@pytest.mark.parametrize("calibration", SETS)
def test_nothing_covered_is_below_the_floor_and_all_covered_above(calibration):
    assert evidence(Signals(), calibration) < floor(calibration) / 2
    assert evidence(Signals(1.0, 1.0, 0.7), calibration) > floor(calibration)


@pytest.mark.parametrize("calibration", SETS)
@pytest.mark.parametrize("home", [True, False])
def test_evidence_grows_with_the_cosine_and_what_is_covered(calibration, home):
    steps = [number / 10 for number in range(11)]
    by_cosine = [evidence(Signals(0.3, 0.2, step, home), calibration) for step in steps]
    by_gloss = [evidence(Signals(0.3, step, 0.2, home), calibration) for step in steps]
    assert by_cosine == sorted(by_cosine)
    assert by_gloss == sorted(by_gloss)
    assert by_cosine[0] < by_cosine[-1]
    assert by_gloss[0] < by_gloss[-1]
    assert all(0.0 < value < 1.0 for value in by_cosine + by_gloss)


@pytest.mark.parametrize("calibration", SETS)
def test_at_home_the_askers_own_words_are_what_tells_and_away_they_cannot(calibration):
    assert evidence(Signals(1.0, 0.4, 0.3), calibration) > evidence(Signals(0.2, 1.0, 0.3), calibration)
    away = [evidence(Signals(own, 0.4, 0.3, home=False), calibration) for own in (0.0, 1.0)]
    assert away[0] == away[1]


def test_a_stored_calibration_is_completed_by_the_defaults():
    assert evidence(Signals(0.5, 0.5, 0.5), {}) == evidence(Signals(0.5, 0.5, 0.5), DEFAULT)
    assert floor({}) == DEFAULT[FLOOR]
    assert calibration_of("an embedder nobody measured") == dict(DEFAULT)
    assert calibration_of("starter")[FLOOR] == 0.05
