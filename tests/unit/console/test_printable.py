"""Texts of strangers are shown as plain text, and cannot control the terminal."""

from hypothesis import given
from hypothesis import strategies as st

from chat4all_local.console.terminal import printable


def test_what_would_steer_the_terminal_is_not_passed_on() -> None:
    assert printable("a\x1b[31mb\x9bc\rd\u202ee") == "a\ufffd[31mb\ufffdc\ufffdd\ufffde"


def test_a_text_of_several_lines_can_not_pass_for_several_messages() -> None:
    assert printable("hi\n10:00 Ana: forged") == "hi\u23ce10:00 Ana: forged"


@given(st.text())
def test_every_text_is_shown_whole_on_one_line(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert not any(letter < " " or "\x7f" <= letter <= "\x9f" for letter in shown)


def test_right_to_left_texts_and_emoji_stay_as_they_are() -> None:
    assert (
        printable("\u05e9\u05dc\u05d5\u05dd \U0001f468\u200d\U0001f469")
        == "\u05e9\u05dc\u05d5\u05dd \U0001f468\u200d\U0001f469"
    )
