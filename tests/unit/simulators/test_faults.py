from chat4all_local.simulators.control_api import FaultKind, FaultRequest
from chat4all_local.simulators.faults import FaultPlan

ALL = tuple(FaultKind)


def test_a_fault_meets_as_many_sends_as_asked_for() -> None:
    plan = FaultPlan()
    plan.add(FaultRequest(FaultKind.ERROR, count=2))

    met = [plan.take("a", ALL) is not None for _ in range(3)]

    assert met == [True, True, False]
    assert plan.list() == []


def test_a_fault_without_a_count_stays_until_it_is_removed() -> None:
    plan = FaultPlan()
    fault = plan.add(FaultRequest(FaultKind.RESET))
    assert plan.take("a", ALL)
    assert plan.take("a", ALL)
    assert plan.list() == [fault]

    plan.clear()

    assert plan.take("a", ALL) is None


def test_a_fault_for_one_person_leaves_the_others_alone() -> None:
    plan = FaultPlan()
    plan.add(FaultRequest(FaultKind.HANG, for_address="a"))

    assert plan.take("b", ALL) is None
    assert plan.take("a", ALL)


def test_the_first_fault_that_fits_is_taken() -> None:
    plan = FaultPlan()
    plan.add(FaultRequest(FaultKind.SLOW))
    plan.add(FaultRequest(FaultKind.ERROR, count=1, status=503))
    plan.add(FaultRequest(FaultKind.ERROR, status=500))

    taken = [plan.take("a", (FaultKind.ERROR,)) for _ in range(2)]

    assert [fault.status for fault in taken if fault] == [503, 500]
