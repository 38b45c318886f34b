from hypothesis import given
from hypothesis import strategies as st

from escalations.rules.retries import PAGE_STEPS_S, STEPS_S, wait_s


@given(st.text(max_size=40), st.integers(1, len(STEPS_S)))
def test_each_wait_is_between_half_and_the_whole_of_its_step(key, tries):
    wait = wait_s(key, tries, is_page=False)
    assert STEPS_S[tries - 1] / 2 <= wait <= STEPS_S[tries - 1]
    assert wait == wait_s(key, tries, is_page=False), "the same message waits the same time"


def test_messages_that_failed_together_do_not_come_back_together():
    waits = {wait_s(f"key {number}", 3, is_page=False) for number in range(200)}
    assert len(waits) == 200 and max(waits) - min(waits) > STEPS_S[2] / 2 * 0.9


def test_after_the_last_step_there_is_no_more():
    assert (
        wait_s("k", len(STEPS_S), is_page=False)
        and wait_s("k", len(STEPS_S) + 1, is_page=False) is None
    )
    assert wait_s("k", len(PAGE_STEPS_S) + 1, is_page=True) is None
    assert sum(STEPS_S) / 2 > 3.5 * 3600, "it goes on for hours"


def test_a_page_was_tried_three_times_within_twenty_seconds():
    assert wait_s("k", 1, is_page=True) + wait_s("k", 2, is_page=True) <= 20


def test_what_the_other_side_asks_for_is_kept_within_bounds_and_shortens_nothing():
    own = wait_s("k", 2, is_page=False)
    assert wait_s("k", 2, is_page=False, asked_s=0) == own
    assert wait_s("k", 2, is_page=False, asked_s=300) == 300
    assert wait_s("k", 2, is_page=False, asked_s=10**6) == 3600
    assert wait_s("k", 2, is_page=True, asked_s=10**6) == 120
