import socket

from chat4all_local.cloud.ports import choose_ports, is_free


def a_free_port() -> int:
    return choose_ports(["one"], {})["one"]


def test_every_name_gets_a_port_of_its_own() -> None:
    names = [f"name-{number}" for number in range(50)]
    chosen = choose_ports(names, {})
    assert list(chosen) == names
    assert len(set(chosen.values())) == len(names)


def test_a_remembered_port_is_taken_again_while_it_is_free() -> None:
    remembered = {"nanio": a_free_port()}
    assert choose_ports(["nanio"], remembered) == remembered


def test_a_remembered_port_that_another_has_is_left_to_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert choose_ports(["nanio"], {"nanio": port})["nanio"] != port


def test_two_names_that_remember_the_same_port_do_not_share_it() -> None:
    port = a_free_port()
    chosen = choose_ports(["first", "second"], {"first": port, "second": port})
    assert chosen["first"] == port
    assert chosen["second"] != port


def test_a_port_that_cannot_be_one_is_replaced() -> None:
    assert 0 < choose_ports(["nanio"], {"nanio": 99_999})["nanio"] < 65_536


def test_a_port_is_free_again_when_its_listener_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)
