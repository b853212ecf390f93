import pytest

from chat4all.channels.registry import manifests, names
from chat4all_local.cloud.errors import CloudError
from chat4all_local.demo.choice import chosen_channels


def test_without_a_choice_the_channels_that_the_manifests_show_take_part() -> None:
    assert chosen_channels("") == tuple(channel.name for channel in manifests() if channel.demo.is_shown)


def test_all_is_every_registered_channel() -> None:
    assert chosen_channels("all") == names()


@pytest.mark.parametrize("wanted", ["sms,telegram", " telegram , sms,", "sms,telegram,sms"])
def test_the_named_channels_take_part_each_once_in_the_order_of_the_registry(wanted: str) -> None:
    assert chosen_channels(wanted) == ("telegram", "sms")


@pytest.mark.parametrize("wanted", ["fax,sms", "all,fax", "fax"])
def test_an_unknown_channel_is_an_error_that_lists_the_known_ones(wanted: str) -> None:
    with pytest.raises(CloudError) as refused:
        chosen_channels(wanted)
    shown = f"{refused.value} {refused.value.advice}"
    assert "no such channel" in shown
    assert "fax" in shown
    assert all(name in shown for name in names())


@pytest.mark.parametrize("wanted", ["sms", ","])
def test_a_group_needs_two_channels(wanted: str) -> None:
    with pytest.raises(CloudError, match="two channels"):
        chosen_channels(wanted)
