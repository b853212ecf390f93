"""The tables and plots of the uploads."""

from matplotlib.figure import Figure
from rich.table import Table

from chat4all_local.bench.plots import BARE_COLOUR, PRODUCT_COLOUR
from chat4all_local.bench.upload.figures import ResumeFigures, UploadFigures
from chat4all_local.console.tables import plain_table
from chat4all_local.traffic.spread import Spread


def upload_table(figures: UploadFigures) -> Table:
    table = plain_table(f"{figures.size_mib:.0f} MiB", numbers=("MEDIAN", "LOWEST", "HIGHEST"))
    for name, figure, digits in (
        ("client, MiB/s", figures.product_rate, 0),
        ("TransferManager, MiB/s", figures.boto3_rate, 0),
        ("client / TransferManager", figures.ratio, 2),
        ("inspection, MiB/s", figures.inspection_rate, 0),
    ):
        table.add_row(name, *_median_and_range(figure, digits))
    for name, memory in (
        ("memory of the client, MiB", figures.client_memory),
        ("memory of TransferManager, MiB", figures.boto3_memory),
        ("memory of the S3 server, MiB", figures.s3_memory),
        ("memory of the files function, MiB", figures.files_memory),
    ):
        table.add_row(name, "", "", f"{memory:.0f}")
    return table


def _median_and_range(figure: Spread, digits: int) -> tuple[str, str, str]:
    return f"{figure.median:.{digits}f}", f"{figure.low:.{digits}f}", f"{figure.high:.{digits}f}"


def draw_upload(figure: Figure, figures: UploadFigures) -> None:
    rates, memory = figure.subplots(1, 2)
    shown = (("client", figures.product_rate), ("TransferManager", figures.boto3_rate))
    for place, (name, rate) in enumerate((*shown, ("inspection", figures.inspection_rate))):
        colour = BARE_COLOUR if name == "TransferManager" else PRODUCT_COLOUR
        below, above = rate.median - rate.low, rate.high - rate.median
        rates.bar(place, rate.median, color=colour, yerr=[[below], [above]], capsize=4, label=name)
    rates.set_xticks(range(3), ["client", "Transfer-\nManager", "inspection"])
    rates.set_ylabel("MiB a second, median and range")
    names = ["client", "Transfer-\nManager", "S3 server", "files function"]
    sizes = [figures.client_memory, figures.boto3_memory, figures.s3_memory, figures.files_memory]
    memory.bar(names, sizes, color=[PRODUCT_COLOUR, BARE_COLOUR, BARE_COLOUR, PRODUCT_COLOUR])
    memory.set_ylabel("MiB at most")


def resume_table(figures: ResumeFigures) -> Table:
    table = plain_table(f"{figures.size_mib:.0f} MiB in {figures.parts} parts", numbers=[""])
    table.add_row("killed", f"{figures.kills} times")
    table.add_row("parts sent again", str(figures.sent_again))
    table.add_row("parts in progress at the kills, at most", str(figures.allowed))
    table.add_row("SHA-256 at S3", "the same" if figures.same_sha256 else "DIFFERENT")
    return table


def draw_resume(figure: Figure, figures: ResumeFigures) -> None:
    axes = figure.subplots()
    axes.barh(
        ["sent again", "in progress, at most", "parts"], [figures.sent_again, figures.allowed, figures.parts]
    )
    axes.set_xlabel("parts of 8 MiB")
