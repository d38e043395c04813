from __future__ import annotations

from legation.model.statistics import Traffic
from legation.transports.traffic import Meter, total


def test_statistics_are_the_counts_of_that_moment() -> None:
    meter = Meter()
    meter.received("Cluster", 10)
    meter.received("Cluster", 5)
    meter.sent("Cluster", 100)
    before = meter.statistics(
        clients=1, streams=[("ADS", "delta"), ("ADS", "delta"), ("Cluster", "sotw")], misbehaving={}
    )
    meter.sent("Listener", 7)

    assert before.clients == 1
    assert before.streams == {("ADS", "delta"): 2, ("Cluster", "sotw"): 1}
    assert before.traffic == {"Cluster": Traffic(messages_in=2, bytes_in=15, messages_out=1, bytes_out=100)}
    assert meter.statistics(clients=0, streams=[], misbehaving={}).traffic["Listener"] == Traffic(
        messages_out=1, bytes_out=7
    )


def test_several_transports_are_shown_as_one() -> None:
    one, other = Meter(), Meter()
    one.received("Cluster", 10)
    other.received("Cluster", 5)
    other.sent("Listener", 7)
    both = total(
        (
            one.statistics(clients=1, streams=[("ADS", "delta")], misbehaving={"names": 1}),
            other.statistics(clients=2, streams=[("Cluster", "rest")], misbehaving={"names": 2}),
        )
    )
    assert both.clients == 3
    assert both.streams == {("ADS", "delta"): 1, ("Cluster", "rest"): 1}
    assert both.traffic == {
        "Cluster": Traffic(messages_in=2, bytes_in=15),
        "Listener": Traffic(messages_out=1, bytes_out=7),
    }
