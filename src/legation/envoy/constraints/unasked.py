"""Rules of the protos that Envoy has code for and does not ask: so what breaks them is no reason to refuse anything.

Envoy checks what stands in an `Any` when it makes the extension, and the code of some does not. Tried on Envoy 1.40 for
each rule of each type of its extensions: these are all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from google.protobuf.unknown_fields import UnknownFieldSet

from legation.envoy.constraints.numbers import ANY_DURATION
from legation.envoy.constraints.rule import CODE
from legation.envoy.findings import Finding
from legation.model.problems import Level

_PACKAGES = ("envoy.extensions.load_balancing_policies.",)
_TYPES = frozenset({
    "envoy.config.core.v3.HealthCheck.GrpcHealthCheck",
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck",
    "envoy.config.core.v3.HealthCheck.TcpHealthCheck",
    "envoy.extensions.http.cache.file_system_http_cache.v3.FileSystemHttpCacheConfig",
    "envoy.extensions.http.cache_v2.file_system_http_cache.v3.FileSystemHttpCacheV2Config",
    "envoy.extensions.internal_redirect.allow_listed_routes.v3.AllowListedRoutesConfig",
    "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
    "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
    "envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig",
})  # fmt: skip
UNREAD = frozenset({"envoy.config.core.v3.Metadata.typed_filter_metadata"})
"""Fields whose `Any` messages are read by whoever knows them, and by nobody where none does."""
FOR_OTHERS = frozenset({"envoy.config.listener.v3.ApiListener.api_listener"})
"""Fields for clients without a proxy, which ask less than Envoy does."""
GONE = frozenset({
    ("envoy.extensions.filters.http.gcp_authn.v3.TokenHeader.name", "string.min_len"),
    ("envoy.extensions.filters.http.mcp.v3.Mcp.traffic_mode", "enum.defined_only"),
    ("envoy.extensions.filters.http.mcp.v3.McpOverride.traffic_mode", "enum.defined_only"),
    ("envoy.type.v3.TokenBucket.max_tokens", "uint32.range"),
})  # fmt: skip
"""Fields and rules that Envoy's newer protos no longer have, or for which they know more values."""
_FATAL = frozenset({"config_source", "hash_policy", "thread_count"})
"""Fields that Envoy wants to be whole all the same: it refuses an empty one, or aborts."""
_FREE_SPAN = "ttl"
"""The duration that Envoy does not look at: of a cookie, in a load balancing policy."""


def is_asked(type_name: str) -> bool:
    """Say whether Envoy asks the rules of a type that stands in an `Any`."""
    return type_name not in _TYPES and not type_name.startswith(_PACKAGES)


def lowered(findings: Iterable[Finding]) -> list[Finding]:
    """Return what is found where Envoy asks no rules: what breaks one may still not be what its owner wants."""
    return [_warning(each) if _is_harmless(each) else each for each in findings]


def _warning(finding: Finding) -> Finding:
    return replace(finding, level=Level.WARNING, mend=finding.mend or "Envoy's protos say so, and Envoy does not ask")


def missed(message: Any, findings: list[Finding]) -> list[Finding]:
    """Return what a message lacks; if it holds fields that our protos do not know, one of those may be it."""
    if not len(UnknownFieldSet(message)):
        return findings
    return [replace(each, level=Level.WARNING) for each in findings]


def _is_harmless(finding: Finding) -> bool:
    name = next((step for step in reversed(finding.path) if isinstance(step, str)), "")
    if finding.message == ANY_DURATION.words:
        return name == _FREE_SPAN
    return finding.code == CODE and name not in _FATAL
