"""Planning a sync is pure: every key gets exactly one fate."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from retrieval.sync import SyncPlan, entry_fingerprint, plan_sync, same_content
from retrieval.types import EntryKind, IndexEntry

ENTRY = IndexEntry("k", "f", EntryKind.PASSAGE, "en", "text", "heading", "topic", "source")
mappings = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("12"))


def test_a_plan_tells_what_to_add_change_remove_and_keep():
    plan = plan_sync({"new": "1", "other": "2", "same": "1"}, {"other": "1", "same": "1", "old": "1"})
    assert plan == SyncPlan(add=("new",), change=("other",), remove=("old",), keep=("same",))


@given(mappings, mappings)
def test_a_plan_carried_out_leaves_nothing_to_do(expected, stored):
    plan = plan_sync(expected, stored)
    after = {key: value for key, value in stored.items() if key not in plan.remove}
    after |= {key: expected[key] for key in (*plan.add, *plan.change)}
    assert after == expected
    assert plan_sync(expected, after).empty
    assert sorted((*plan.add, *plan.change, *plan.remove, *plan.keep)) == sorted({*expected, *stored})


def test_everything_that_is_stored_counts_in_the_fingerprint():
    changed = {
        "family": "g", "kind": EntryKind.PHRASING, "locale": "de", "text": "t", "heading": "h", "topic": "u", "source": "v",
    }  # fmt: skip
    digests = [entry_fingerprint(replace(ENTRY, **{name: value}), "r") for name, value in changed.items()]
    digests += [entry_fingerprint(ENTRY, "r"), entry_fingerprint(ENTRY, "another recipe")]
    assert len(set(digests)) == len(digests)
    assert entry_fingerprint(ENTRY, "r") == entry_fingerprint(replace(ENTRY), "r")


def test_the_place_of_an_entry_is_not_its_content():
    digest = entry_fingerprint(ENTRY, "r")
    moved = replace(ENTRY, topic="another", source="another", family="another", kind=EntryKind.PHRASING)
    assert same_content(digest, entry_fingerprint(moved, "r"))
    assert not same_content(digest, entry_fingerprint(replace(ENTRY, text="another"), "r"))
    assert not same_content(digest, entry_fingerprint(replace(ENTRY, locale="de"), "r"))
