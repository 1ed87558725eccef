"""File names of routing maps."""

from __future__ import annotations

from humor.output.names import routing_map_names


def test_a_slash_in_a_gates_name_becomes_a_dash() -> None:
    assert routing_map_names(["group2/block5"]) == {"group2/block5": "routing/group2-block5.nii.gz"}


def test_no_name_leads_out_of_the_folder() -> None:
    names = routing_map_names(["../../etc/passwd", "..", "C:\\x", "/", "a b\n<c>"])
    for name in names.values():
        assert name.startswith("routing/")
        assert not set(name.removeprefix("routing/")) & set("/\\:\n <>")
        assert not name.removeprefix("routing/").startswith(".")


def test_gates_with_like_names_get_files_of_their_own() -> None:
    names = routing_map_names(["a/b", "a-b", "A-B", "a b"])
    assert len({name.lower() for name in names.values()}) == 4
