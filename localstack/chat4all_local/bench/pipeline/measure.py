"""Measures the pipeline: rounds of both sides in turns, then the memory of the product alone."""

import time
from typing import Final

from chat4all_local.bench.pipeline.bare.stack import deployed
from chat4all_local.bench.pipeline.figures import (
    PipelineFigures,
    acceptance_ratios,
    aims,
    arrival_ratios,
    memory_figures,
    side_figures,
)
from chat4all_local.bench.pipeline.memory import Watch, watched
from chat4all_local.bench.pipeline.rounds import SideRounds, run_alone, run_round
from chat4all_local.bench.pipeline.sides import CONVERSATIONS, BareSide, ProductSide, total_conversations
from chat4all_local.bench.pipeline.view import Course, draw, table
from chat4all_local.bench.report import Report
from chat4all_local.cloud.running import Cloud
from chat4all_local.console.progress import Tell
from chat4all_local.traffic.spread import enough, spread
from chat4all_local.traffic.target import CLIENTS

PER_CONVERSATION: Final = 3
ALONE_PER_CONVERSATION: Final = 2
MEMORY_PER_CONVERSATION: Final = 2
FEWEST_ROUNDS: Final = 3
MOST_ROUNDS: Final = 8
ROUNDS_BEGIN_WITHIN_S: Final = 80.0


_PER_CHANNEL: Final = ", ".join(f"{count} on {channel}" for channel, count in CONVERSATIONS.items())
_NOTES: Final = (
    (
        f"{CLIENTS} clients keep their connections open. In a round, each conversation gets"
        f" {ALONE_PER_CONVERSATION} messages with the drain paused, then {PER_CONVERSATION} with the drain"
        f" alongside. The product's conversations stay below the providers' rate limits: {_PER_CHANNEL}."
    ),
    (
        "The acceptance is measured in two ways because all functions of a local cloud share the machine's"
        " cores. The accepting function competes with the draining functions, and the product drains more"
        " than the bare pipeline. On Lambda, functions share no cores. While the drain is paused, nothing"
        " reads the queue of accepted messages until the last POST is answered, so only the acceptance is"
        " compared. All other rates and times come from the rounds with the drain alongside."
    ),
    (
        "The simulated providers answer within 5 to 20 ms. They send receipts only in the last of the two"
        " memory rounds. Ratios compare neighbouring rounds. The first round of each side is not counted."
    ),
    (
        "Memory counts MiniStack, every function's workers, nanio and the simulators. It excludes the"
        " measuring process, and the bare functions, which have been removed by then."
    ),
)


def measure(cloud: Cloud, tell: Tell) -> Report:
    tell(f"creating {total_conversations()} conversations")
    product = ProductSide(cloud)
    try:
        bare_rounds, product_rounds = _in_turns(cloud, product, tell)
        watch = _memory(cloud, product, tell)
    finally:
        product.close()
    course = Course(bare_rounds, product_rounds, watch.samples)
    figures = figures_of(course)
    return Report(
        title="Pipeline: from POST to the provider, the product beside a bare pipeline",
        figures=figures,
        aims=aims(figures),
        notes=_NOTES,
        table=table(figures),
        draw=lambda figure: draw(figure, course),
    )


def _in_turns(cloud: Cloud, product: ProductSide, tell: Tell) -> tuple[SideRounds, SideRounds]:
    bare_rounds, product_rounds = SideRounds(), SideRounds()
    with deployed(cloud) as stack:
        bare = BareSide(cloud, stack)
        tell("warming up")
        for side in (bare, product):
            run_alone(side, 1)
            run_round(side, 1)
        began, rounds = time.monotonic(), 0
        while not enough(rounds, time.monotonic() - began, FEWEST_ROUNDS, MOST_ROUNDS, ROUNDS_BEGIN_WITHIN_S):
            rounds += 1
            tell(f"round {rounds}, drain paused")
            bare_rounds.alone.append(run_alone(bare, ALONE_PER_CONVERSATION))
            product_rounds.alone.append(run_alone(product, ALONE_PER_CONVERSATION))
            tell(f"round {rounds}, drain alongside")
            bare_rounds.alongside.append(run_round(bare, PER_CONVERSATION))
            product_rounds.alongside.append(run_round(product, PER_CONVERSATION))
    return bare_rounds, product_rounds


def _memory(cloud: Cloud, product: ProductSide, tell: Tell) -> Watch:
    with watched(cloud.folder) as watch:
        tell("memory, without receipts")
        run_round(product, MEMORY_PER_CONVERSATION)
        tell("memory, with receipts")
        product.send_receipts(wanted=True)
        run_round(product, MEMORY_PER_CONVERSATION)
    return watch


def figures_of(course: Course) -> PipelineFigures:
    return PipelineFigures(
        clients=CLIENTS,
        conversations=total_conversations(),
        messages_alone=len(course.product.alone[0].posts),
        messages_per_round=len(course.product.alongside[0].posts),
        rounds=len(course.product.alongside),
        bare=side_figures(course.bare),
        product=side_figures(course.product),
        acceptance_alone=spread(acceptance_ratios(course.product.alone, course.bare.alone)),
        acceptance_ratio=spread(acceptance_ratios(course.product.alongside, course.bare.alongside)),
        arrival_ratio=spread(arrival_ratios(course.product.alongside, course.bare.alongside)),
        refused=sum(round_.arrivals.refused for round_ in course.product.all),
        repeated=sum(round_.arrivals.repeated for round_ in course.product.all),
        memory=memory_figures(course.samples),
    )
