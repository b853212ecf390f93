"""Two customers turn out to be one person: their histories become one, and part again."""

from concurrent.futures import ThreadPoolExecutor

from tests.e2e.stage import Customer, Stage, Talk, message_body
from tests.e2e.waiting import eventually


def merge(stage: Stage, kept: Customer, merged: Customer) -> int:
    return stage.api.call("POST", f"/users/{kept.user_id}/merge", {"user_id": merged.user_id}).status_code


def texts(stage: Stage, talk: Talk) -> list[str]:
    """Return the texts of the history, in the order of acceptance."""
    return [message.content.text for message in reversed(stage.history(talk))]


def test_two_people_become_one_and_part_again(stage: Stage) -> None:
    ana, work = stage.customer("whatsapp", "Ana"), stage.customer("sms", "Ana at work")
    talk = stage.talk(ana)
    other = stage.api.create_conversation("1:1", [talk.agent_id, work.user_id])
    joined = Talk(other.conversation_id, talk.agent_id)
    for number in range(5):
        stage.say(talk, f"to Ana {number}")
        stage.say(joined, f"to work {number}")
    eventually(lambda: len(stage.texts(ana) + stage.texts(work)), lambda sent: sent == 10)

    assert merge(stage, ana, work) == 200
    stage.simulators["sms"].write(work.address, "from work")
    seen = eventually(lambda: texts(stage, talk), lambda texts: "from work" in texts)
    assert seen == [text for number in range(5) for text in (f"to Ana {number}", f"to work {number}")] + [
        "from work"
    ]
    stage.reaches(stage.say(talk, "an answer"), "DELIVERED", "READ")
    assert stage.texts(work)[-1] == "an answer"  # where the person wrote last
    assert stage.resolve("sms", work.address) == ana.user_id

    assert stage.api.call("POST", f"/users/{work.user_id}/unmerge", {}).status_code == 200
    stage.simulators["sms"].write(work.address, "again from work")
    eventually(lambda: texts(stage, joined)[-1], lambda text: text == "again from work")
    assert stage.resolve("sms", work.address) == work.user_id
    assert texts(stage, talk)[-2:] == ["from work", "an answer"]
    assert stage.api.call("POST", "/messages", message_body(joined, "bye")).status_code == 202


def test_of_merges_at_once_one_happens_whole(stage: Stage) -> None:
    """The transaction goes over three tables, and the local cloud must keep it whole, too."""
    people = [stage.customer("sms", f"Ana {number}") for number in range(3)]
    pairs = [(one, other) for one in people for other in people if one != other]
    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(lambda pair: merge(stage, *pair), pairs))

    assert set(statuses) <= {200, 409}
    assert statuses.count(200) >= 1
    users = [stage.api.call("GET", f"/users/{person.user_id}").json() for person in people]
    for user in users:
        below = {other["user_id"] for other in users if other["merged_into"] == user["user_id"]}
        below |= {known for other in users if other["user_id"] in below for known in other["merged"]}
        assert set(user["merged"]) == below
    held = [(user["user_id"], identity["address"]) for user in users for identity in user["identities"]]
    assert sorted(address for _, address in held) == sorted(person.address for person in people)
    for user_id, address in held:
        assert stage.resolve("sms", address) == user_id
