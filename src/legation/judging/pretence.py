"""A resource as it is judged: what it does is taken out of it, what it says stays. Everything that decides it is here.

Envoy acts on some of what it is told while it only reads it: it opens log files, looks up names, checks the health of
hosts, fetches keys. All of that is rewritten. So is what only the real one has: the control plane, the clusters of its
bootstrap, the files of its machine. Where nothing can stand in for these a refusal says nothing (`Pretence.elsewhere`).
Programs are never run (`programs`); who holds one that nothing can stand in for is not asked about at all
(`Pretence.unsafe`). Of an extension that nobody here knows Envoy is shown its type alone (`Pretence.unknown`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from legation.envoy import anys, types
from legation.envoy.sensitive import is_sensitive
from legation.judging import programs, structs
from legation.judging.ca import AUTHORITY

if TYPE_CHECKING:
    from google.protobuf.message import Message

NOBODY = "legation-nobody"
"""A cluster without hosts: who is asked there never answers."""
NOWHERE = "/dev/null"

_TEN_YEARS = 315_360_000
_SHORTEST_SECRET = 6
"""Bytes. What is shorter than that may stand in any text."""

_CLUSTER_NAMES = frozenset({
    "envoy.config.trace.v3.DatadogConfig.collector_cluster",
    "envoy.config.trace.v3.LightstepConfig.collector_cluster",
    "envoy.config.trace.v3.ZipkinConfig.collector_cluster",
    "envoy.config.core.v3.HttpUri.cluster",
    "envoy.config.core.v3.GrpcService.EnvoyGrpc.cluster_name",
    "envoy.extensions.access_loggers.fluentd.v3.FluentdAccessLogConfig.cluster",
    "envoy.extensions.tracers.fluentd.v3.FluentdConfig.cluster",
})  # fmt: skip
"""Fields with the name of a cluster that Envoy looks for when it reads them."""
_WRITTEN_FILES = frozenset({
    "envoy.extensions.access_loggers.file.v3.FileAccessLog.path",
    "envoy.config.core.v3.HealthCheck.event_log_path",
    "envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink.event_log_path",
    "envoy.extensions.key_value.file_based.v3.FileBasedKeyValueStoreConfig.filename",
    f"{types.TLS}.TlsKeyLog.path",
})  # fmt: skip
"""Fields with the path of a file that Envoy opens to write."""
_STAND_INS: Mapping[str, str] = {
    "envoy.config.core.v3.SubstitutionFormatString.text_format_source": "-",
    "envoy.config.route.v3.DirectResponseAction.body": "",
    f"{types.HTTP_MANAGERS}.ResponseMapper.body": "",
    f"{types.TLS}.CertificateValidationContext.trusted_ca": AUTHORITY,
    f"{types.TLS}.SPIFFECertValidatorConfig.TrustDomain.trust_bundle": AUTHORITY,
}
"""Fields that may name a file, and what is as good as any content of it."""
_SOURCE = "envoy.config.core.v3.DataSource"


class Pretence:
    """Makes one resource harmless."""

    def __init__(self, token: str) -> None:
        """Take what is unlike everything else that is asked."""
        self._token = token
        self.elsewhere = ""
        """What it names that is elsewhere, if nothing here can stand in for it."""
        self.unsafe = ""
        """Why it must not be shown to Envoy at all, if so."""
        self.unknown = False
        """It has an extension that is not known here: that Envoy has none of that type is all that it can say."""
        self.secrets: set[str] = set()
        """Texts that must not be shown."""

    def make_harmless(self, message: Message) -> None:
        """Rewrite a message, and what is nested in it."""
        rewrite = _REWRITES.get(message.DESCRIPTOR.full_name)
        if rewrite is not None:
            rewrite(self, message)
        self._look_at_program(message)
        for field, value in message.ListFields():
            if field.message_type is None:
                self._take_scalar(message, field, value)
            elif field.message_type.GetOptions().map_entry:
                if field.message_type.fields_by_name["value"].message_type is not None:
                    for key in value:
                        self._enter(field, value[key])
            elif field.is_repeated:
                for each in value:
                    self._enter(field, each)
            else:
                self._enter(field, value)

    def name_elsewhere(self, what: str) -> None:
        """Note that it names something which only the machine of the real Envoy has."""
        self.elsewhere = self.elsewhere or what

    def keep_away(self, why: str) -> None:
        """Note why it must not be shown to Envoy."""
        self.unsafe = self.unsafe or why

    @property
    def token(self) -> str:
        """What is unlike everything else that is asked."""
        return self._token

    def _enter(self, field: Any, message: Any) -> None:
        match message.DESCRIPTOR.full_name:
            case types.ANY:
                self._enter_any(message)
            case full_name if full_name == _SOURCE:
                self._take_source(field, message)
            case full_name if full_name not in types.FORMS:
                self.make_harmless(message)

    def _enter_any(self, message: Any) -> None:
        name = types.type_name(message.type_url)
        try:
            inner: Any = anys.unpack(message)
        except DecodeError:
            return  # Envoy says the same
        if (message.type_url or message.value) and not self.may_be_shown(name):
            message.value = b""
            return
        if inner is None or name in types.FORMS:
            return
        if inner.DESCRIPTOR.full_name in structs.TYPED_STRUCTS:
            structs.make_harmless(inner.value, types.type_name(inner.type_url), self)
        else:
            self.make_harmless(inner)
        message.value = inner.SerializeToString(deterministic=True)

    def _take_scalar(self, message: Any, field: Any, value: Any) -> None:
        if is_sensitive(field):
            for each in value if field.is_repeated else (value,):
                self.hide(each)
        elif isinstance(value, str) and (other := self.stand_in(field, value)) is not None:
            setattr(message, field.name, other)

    def _take_source(self, field: Any, source: Any) -> None:
        if is_sensitive(field):
            self.hide(source.inline_string or source.inline_bytes)
        text: str | None = None
        if is_elsewhere(source):
            text = self.stand_in_for_file(field)
        elif programs.is_script(field):
            text = self.stand_in_for_script(source.inline_bytes or source.inline_string.encode())
        if text is not None:
            source.Clear()
            source.inline_string = text

    def stand_in(self, field: Any, value: str) -> str | None:
        """Return the text in place of a field's; None: it may stay."""
        if programs.is_script(field):
            return self.stand_in_for_script(value.encode())
        if field.full_name in _CLUSTER_NAMES:
            return NOBODY
        return NOWHERE if field.full_name in _WRITTEN_FILES else None

    def stand_in_for_file(self, field: Any) -> str | None:
        """Return what is as good as the content of any file there; None: nothing is, and that is noted."""
        if programs.is_script(field):
            return self.stand_in_for_script(programs.ANY_SCRIPT)
        text = _STAND_INS.get(field.full_name)
        if text is None:
            self.name_elsewhere("a file or a variable")
        return text

    def stand_in_for_script(self, script: bytes) -> str:
        """Return what fails as a script of Lua does, and does nothing else."""
        text = programs.compiled_only(script) if script else ""
        if text is None:
            self.keep_away(structs.PROGRAM)
        return text or ""

    def _look_at_program(self, message: Message) -> None:
        if programs.is_lua(message.DESCRIPTOR) and len(UnknownFieldSet(message)):
            self.keep_away(structs.MORE_THAN_KNOWN)
        if any(programs.is_program(field) for field, _ in message.ListFields()):
            self.keep_away(structs.PROGRAM)

    def may_be_shown(self, name: str) -> bool:
        """Say whether what is of that type may be shown to Envoy, and take note if it may not."""
        if programs.is_never_asked(name):
            self.keep_away(structs.PROGRAM)
        # Nobody knows what Envoy makes of a Struct: it looks at the name beside it.
        if types.find(name) is not None and name != structs.STRUCT:
            return True
        self.unknown = True
        return False

    def hide(self, secret: object) -> None:
        """Take a text that must not be shown."""
        text = secret.decode(errors="ignore") if isinstance(secret, bytes) else secret
        if isinstance(text, str):
            self.secrets.update(each for line in text.split("\n") if len(each := line.strip()) >= _SHORTEST_SECRET)


def is_elsewhere(source: Any) -> bool:
    """Say whether a data source is a file or a variable of the real Envoy's machine."""
    return source.WhichOneof("specifier") in {"filename", "environment_variable"}


def _rewrite_config_source(_: Pretence, source: Any) -> None:
    if source.WhichOneof("config_source_specifier") == "api_config_source":
        names = source.api_config_source.cluster_names
        names[:] = [NOBODY] * len(names)
    else:
        # A file may not be here, and the resource's own control plane is not.
        source.ads.SetInParent()


def _rewrite_grpc_service(_: Pretence, service: Any) -> None:
    if service.WhichOneof("target_specifier") == "google_grpc":
        service.envoy_grpc.cluster_name = NOBODY


def _rewrite_health_check(_: Pretence, check: Any) -> None:
    # It is checked, and never does anything: the first check comes after years.
    check.initial_jitter.FromSeconds(_TEN_YEARS)
    check.event_log_path = ""
    check.ClearField("event_logger")
    check.ClearField("event_service")


def _rewrite_route_configuration(_: Pretence, routes: Any) -> None:
    # Clusters are judged by themselves; whether they exist is no question for this judge.
    routes.validate_clusters.value = False
    routes.ClearField("vhds")


def _rewrite_secret_config(_: Pretence, secret: Any) -> None:
    if not secret.HasField("sds_config"):  # a secret of the bootstrap
        secret.sds_config.ads.SetInParent()


def _rewrite_tls(_: Pretence, context: Any) -> None:
    if any(map(has_files, context.tls_certificates)):
        context.ClearField("tls_certificates")
        if not context.tls_certificate_sds_secret_configs:
            secret = context.tls_certificate_sds_secret_configs.add(name=NOBODY)
            secret.sds_config.ads.SetInParent()


def _rewrite_downstream_tls(_: Pretence, context: Any) -> None:
    if any(map(is_elsewhere, context.session_ticket_keys.keys)):
        secret = context.session_ticket_keys_sds_secret_config
        secret.name = NOBODY
        secret.sds_config.ads.SetInParent()


def _rewrite_validation(_: Pretence, context: Any) -> None:
    context.ClearField("watched_directory")
    if is_elsewhere(context.crl):
        context.ClearField("crl")


def _rewrite_dns_cache(pretence: Pretence, cache: Any) -> None:
    # Envoy wants caches of one name to be alike, and two that are judged together need not be for one Envoy.
    cache.name = f"{pretence.token}-{cache.name}"
    cache.ClearField("preresolve_hostnames")
    cache.ClearField("key_value_config")


def _rewrite_socket_address(_: Pretence, address: Any) -> None:
    address.network_namespace_filepath = ""
    address.address = address.address.partition("%")[0]  # an interface of that machine


def has_files(certificate: Any) -> bool:
    """Say whether a TLS certificate needs files of the real Envoy's machine."""
    sources = ("certificate_chain", "private_key", "pkcs12", "password", "ocsp_staple")
    return any(is_elsewhere(getattr(certificate, each)) for each in sources)


def is_ip(text: str) -> bool:
    """Say whether that is an address and not a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_REWRITES: Mapping[str, Callable[[Pretence, Any], None]] = {
    "envoy.config.core.v3.ConfigSource": _rewrite_config_source,
    "envoy.config.core.v3.GrpcService": _rewrite_grpc_service,
    "envoy.config.core.v3.HealthCheck": _rewrite_health_check,
    "envoy.config.core.v3.SocketAddress": _rewrite_socket_address,
    "envoy.config.route.v3.RouteConfiguration": _rewrite_route_configuration,
    "envoy.extensions.common.dynamic_forward_proxy.v3.DnsCacheConfig": _rewrite_dns_cache,
    f"{types.TLS}.CertificateValidationContext": _rewrite_validation,
    f"{types.TLS}.CommonTlsContext": _rewrite_tls,
    f"{types.TLS}.DownstreamTlsContext": _rewrite_downstream_tls,
    f"{types.TLS}.SdsSecretConfig": _rewrite_secret_config,
}
