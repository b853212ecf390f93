"""The benchmark `history`: the copies of a message, and the figures from made-up measurements."""

from matplotlib.figure import Figure
from rich.console import Console

from chat4all.adapters.dynamodb.table_keys import key, sender_key
from chat4all_local.bench.history.figures import HistoryFigures, PageFigures, aims
from chat4all_local.bench.history.rows import message_copy
from chat4all_local.bench.history.view import draw, table

MESSAGE = {
    "partition": key("first"),
    "record": "MESSAGE",
    "conversation_key": key("conversation"),
    "sequence": "00000000000000000099",
    "sender_key": sender_key("agent", "first"),
    "sender_id": "agent",
    "content": "{}",
}
FIGURES = HistoryFigures(50, {"1000": PageFigures(10.0, 20.0), "10000": PageFigures(16.0, 22.0)})


def test_a_copy_is_another_message_later_in_the_conversation() -> None:
    assert message_copy(MESSAGE, "second", 2) == {
        **MESSAGE,
        "partition": key("second"),
        "sequence": "00000000000000000101",
        "sender_key": sender_key("agent", "second"),
    }


def test_the_aim_compares_the_units_of_the_longest_conversation_with_the_shortest() -> None:
    dear = HistoryFigures(50, {**FIGURES.history, "10000": PageFigures(10.0, 22.5)})

    assert [(aim.value, aim.met) for aim in (*aims(FIGURES), *aims(dear))] == [(1.1, True), (1.125, False)]


def test_the_table_and_the_plot_show_each_size() -> None:
    console, figure = Console(width=120), Figure()

    with console.capture() as shown:
        console.print(table(FIGURES))
    draw(figure, FIGURES)

    assert "10,000 16.0 22.00" in " ".join(shown.get().split())
    assert len(figure.axes) == 2
