"""Services and their EndpointSlices, joined whatever comes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legation.kube.endpoint_slices import SLICES
from legation.model.cluster import Cluster, NamespacedName, Service, ServicePort
from legation.sources.kubernetes.services import SERVICES, ServiceReader, read_service
from tests.unit.sources.kubernetes.api_objects import Told, endpoint_slice, raw, service

ECHO = NamespacedName("shop", "echo")
OTHER = NamespacedName("shop", "other")


def addresses(found: Service | None) -> list[str]:
    assert found is not None
    return [address for each in found.slices for endpoint in each.endpoints for address in endpoint.addresses]


def test_what_is_kept_of_a_service() -> None:
    value = service(
        publishNotReadyAddresses=True,
        ipFamilies=["IPv6", "IPv4"],
        ports=[{"name": "http", "port": 80}, {"port": 53, "protocol": "UDP"}],
    )
    assert read_service(raw(value)) == Service(
        namespace="shop",
        name="echo",
        ports=(ServicePort(number=80, name="http"), ServicePort(number=53, protocol="UDP")),
        publish_not_ready=True,
        families=("IPv6", "IPv4"),
    )


def test_a_service_may_have_no_ports_and_no_families() -> None:
    """As one of type ExternalName."""
    found = read_service(raw(service(ports=None, ipFamilies=None)))
    assert (found.ports, found.families, found.publish_not_ready) == ((), (), False)


def test_both_kinds_are_watched_in_the_namespaces_that_are_read() -> None:
    watched = ServiceReader(namespaces=("shop",)).watched
    assert [(each.kind, each.namespaces) for each in watched] == [(SERVICES, ("shop",)), (SLICES, ("shop",))]


def test_a_service_has_its_slices_by_name_whatever_comes_first() -> None:
    reader = ServiceReader()
    told = Told(reader)
    assert told.put("EndpointSlice", endpoint_slice("echo-b", "10.0.0.2"), endpoint_slice("echo-a", "10.0.0.1"))
    assert not reader.apply(Cluster()).services[ECHO].exists
    assert told.put("Service", service())
    found = reader.apply(Cluster()).services[ECHO]
    assert (found.exists, [each.name for each in found.slices]) == (True, ["echo-a", "echo-b"])
    assert addresses(found) == ["10.0.0.1", "10.0.0.2"]


def test_a_changed_slice_makes_its_service_anew_and_no_other() -> None:
    reader = ServiceReader()
    told = Told(reader)
    told.put("Service", service(), service("other"))
    told.put("EndpointSlice", endpoint_slice("echo-a", "10.0.0.1"), endpoint_slice("other-a", "10.0.0.9", of="other"))
    before = reader.apply(Cluster()).services
    assert told.put("EndpointSlice", endpoint_slice("echo-a", "10.0.0.2"))
    after = reader.apply(Cluster()).services
    assert addresses(after[ECHO]) == ["10.0.0.2"]
    assert addresses(before[ECHO]) == ["10.0.0.1"]
    assert after[OTHER] is before[OTHER]


def test_a_change_of_what_is_not_kept_is_none() -> None:
    reader = ServiceReader()
    told = Told(reader)
    told.put("Service", service())
    told.put("EndpointSlice", endpoint_slice("echo-a", "10.0.0.1"))
    before = reader.apply(Cluster()).services
    bookkeeping = endpoint_slice("echo-a", "10.0.0.1")
    bookkeeping["metadata"]["annotations"] = {"endpoints.kubernetes.io/last-change-trigger-time": "now"}
    assert not told.put("EndpointSlice", bookkeeping)
    assert not told.put("Service", service(clusterIP="10.96.0.2", selector={"app": "echo"}))
    assert reader.apply(Cluster()).services[ECHO] is before[ECHO]


def test_a_slice_that_is_gone_leaves_its_service() -> None:
    reader = ServiceReader()
    told = Told(reader)
    told.put("Service", service())
    told.put("EndpointSlice", endpoint_slice("echo-a", "10.0.0.1"))
    assert told.gone("EndpointSlice", "echo-a")
    assert reader.apply(Cluster()).services[ECHO].slices == ()
    assert not told.gone("EndpointSlice", "echo-a")


def test_a_service_that_is_gone_is_told_as_long_as_a_slice_names_it() -> None:
    reader = ServiceReader()
    told = Told(reader)
    told.put("Service", service())
    told.put("EndpointSlice", endpoint_slice("echo-a", "10.0.0.1"))
    assert told.gone("Service", "echo")
    assert not reader.apply(Cluster()).services[ECHO].exists
    assert told.gone("EndpointSlice", "echo-a")
    assert ECHO not in reader.apply(Cluster()).services
    assert not told.gone("Service", "echo")


def test_a_slice_may_be_given_to_another_service_or_to_none() -> None:
    reader = ServiceReader()
    told = Told(reader)
    told.put("Service", service(), service("other"))
    told.put("EndpointSlice", endpoint_slice("a", "10.0.0.1"))
    assert told.put("EndpointSlice", endpoint_slice("a", "10.0.0.1", of="other"))
    services = reader.apply(Cluster()).services
    assert (addresses(services[ECHO]), addresses(services[OTHER])) == ([], ["10.0.0.1"])
    assert told.put("EndpointSlice", endpoint_slice("a", "10.0.0.1", of=None))
    assert addresses(reader.apply(Cluster()).services[OTHER]) == []
    assert not told.put("EndpointSlice", endpoint_slice("b", "10.0.0.1", of=None))
    assert not told.gone("EndpointSlice", "b")


def test_a_slice_belongs_to_the_service_of_its_own_namespace() -> None:
    reader = ServiceReader()
    told = Told(reader)
    told.put("Service", service())
    told.put("EndpointSlice", endpoint_slice("echo-a", "10.0.0.1", namespace="bank"))
    assert addresses(reader.apply(Cluster()).services[ECHO]) == []
    assert addresses(reader.apply(Cluster()).services[NamespacedName("bank", "echo")]) == ["10.0.0.1"]


_SLICES = st.tuples(
    st.sampled_from(["slice-1", "slice-2"]),
    st.sampled_from(["echo", "other", None, "gone"]),
    st.sampled_from(["10.0.0.1", "10.0.0.2"]),
)
_SERVICES = st.tuples(st.sampled_from(["echo", "other"]), st.booleans())


@given(st.lists(st.one_of(_SLICES, _SERVICES), max_size=12))
def test_whatever_happened_it_is_what_the_objects_say_that_are_there(
    steps: list[tuple[str, str | None, str] | tuple[str, bool]],
) -> None:
    reader, fresh = ServiceReader(), ServiceReader()
    told, again = Told(reader), Told(fresh)
    slices: dict[str, tuple[str | None, str]] = {}
    services: dict[str, None] = {}
    for step in steps:
        before = reader.apply(Cluster()).services
        if len(step) == 2:
            name, there = step
            changed = told.put("Service", service(name)) if there else told.gone("Service", name)
            services = {**services, name: None} if there else {key: None for key in services if key != name}
        else:
            name, owner, address = step
            if owner == "gone":
                changed = told.gone("EndpointSlice", name)
                slices.pop(name, None)
            else:
                changed = told.put("EndpointSlice", endpoint_slice(name, address, of=owner))
                slices[name] = (owner, address)
        assert changed is (reader.apply(Cluster()).services != before)
    again.put("Service", *(service(name) for name in services))
    again.put("EndpointSlice", *(endpoint_slice(name, each[1], of=each[0]) for name, each in slices.items()))
    assert reader.apply(Cluster()).services == fresh.apply(Cluster()).services
