"""Measures the local clouds in turns. Each is started, loaded and stopped."""

import time
from pathlib import Path
from typing import Final

from chat4all_local.bench.backends.figures import MB, BackendsFigures, Visit, backend_figures
from chat4all_local.bench.backends.view import draw, table
from chat4all_local.bench.pipeline.channels import by_channel
from chat4all_local.bench.pipeline.memory import KIND, most, watched
from chat4all_local.bench.pipeline.rounds import run_round
from chat4all_local.bench.pipeline.sides import ProductSide
from chat4all_local.bench.report import Report
from chat4all_local.bench.upload.measure import film, upload_once
from chat4all_local.cloud.backends.backend import Backend
from chat4all_local.cloud.backends.localstack import LocalStack
from chat4all_local.cloud.backends.ministack import MiniStack
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.start import started
from chat4all_local.console.progress import Tell

ROUNDS: Final = 2
CONVERSATIONS: Final = by_channel(conversations=22, messages_per_s=110)
PER_CONVERSATION: Final = 4
FILE_BYTES: Final = 200 * MB
BACKENDS: Final[tuple[Backend, ...]] = (MiniStack(search_index="off"), LocalStack())
_NOTES: Final = (
    "Each runs the same template, functions, simulators and client. Each is started for its round alone.",
    f"Memory is {KIND} of all processes of the local cloud, functions and simulators included.",
    "Start-up includes the deployment, but not the build of the functions, which is kept.",
)


def backends(_: Cloud, tell: Tell) -> Report:
    """Measure every backend. Raises CloudError."""
    visits: dict[str, list[Visit]] = {backend.name: [] for backend in BACKENDS}
    with film(FILE_BYTES, tell) as path:
        for number in range(1, ROUNDS + 1):
            for backend in BACKENDS:
                tell(f"round {number} of {ROUNDS}: {backend.name}")
                visits[backend.name].append(_visit(backend, path))
    figures = BackendsFigures(
        rounds=ROUNDS,
        messages=sum(CONVERSATIONS.values()) * PER_CONVERSATION,
        upload_mb=FILE_BYTES / MB,
        backends={name: backend_figures(backend_visits) for name, backend_visits in visits.items()},
    )
    return Report(
        title="Backends: the same template on each local cloud",
        figures=figures,
        aims=(),
        notes=_NOTES,
        table=table(figures),
        draw=lambda figure: draw(figure, figures),
    )


def _visit(backend: Backend, path: Path) -> Visit:
    began = time.monotonic()
    with started(backend=backend) as cloud:
        start_s = time.monotonic() - began
        with watched(cloud.folder) as idle:
            pass
        product = ProductSide(cloud, CONVERSATIONS)
        try:
            run_round(product, 1)  # warm-up: the functions start
            with watched(cloud.folder) as watch:
                messages = run_round(product, PER_CONVERSATION)
                uploaded = upload_once(cloud, path)
        finally:
            product.close()
    return Visit(
        start_s=start_s,
        idle_mb=most(idle.samples).memory / MB,
        greatest_mb=most(watch.samples).memory / MB,
        accepted_per_s=messages.accepted_per_s,
        arrival_ms=messages.arrival_ms(),
        upload_mb_per_s=FILE_BYTES / MB / uploaded.seconds,
    )
