"""The sections of the settings of `legation serve`: what belongs together, as the file has it together.

Each is one value, handed to the part of the server that it is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from legation.envoy.trust import CONFIG_MAP
from legation.model.resource_types import ResourceType
from legation.settings import kinds
from legation.settings.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How changes are brought to Envoys: the section `delivery` of the file. Times are in seconds."""

    removal_grace: float = setting(
        5.0, kinds.SECONDS, "How long a resource stays with an Envoy after the last one that named it has gone."
    )
    drain_grace: float = setting(
        600.0, kinds.SECONDS, "The same, where a draining listener may still need it; not less than Envoy's drain time."
    )
    warming_timeout: float = setting(
        20.0, kinds.SECONDS, "How long a resource waits at most for a cluster that it names to become warm."
    )
    addition_grace: float = setting(
        0.1, kinds.SECONDS, "How long the same waits if the cluster's endpoints do not come over the same connection."
    )
    dangling_grace: float = setting(
        0.25, kinds.SECONDS, "How long a change waits for a cluster that it newly names and that does not exist yet."
    )
    reopening_timeout: float = setting(
        35.0,
        kinds.SECONDS,
        "How long it waits, without ADS, for the stream of clusters or listeners of an Envoy that comes back.",
    )
    hold_missing: frozenset[ResourceType] = setting(
        frozenset(), kinds.TYPES, "Types of which no Envoy is told that a resource it asked for does not exist."
    )
    resource_errors: frozenset[ResourceType] = setting(
        frozenset(), kinds.TYPES, "Types of which clients in state of the world are told it, for gRPC with gRFC A88."
    )
    max_response_bytes: int = setting(
        4_000_000, kinds.BYTES, "About how many bytes of resources go in one response; more go in several, if they can."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The Kubernetes cluster that objects come from: the section `cluster` of the file. Times are in seconds."""

    kubernetes: bool = setting(
        False,  # noqa: FBT003 - the default of a flag
        kinds.FLAG,
        "Read objects, Pods and Services from a Kubernetes cluster: the one this runs in, or that of a kubeconfig.",
    )
    kubeconfig: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "The kubeconfig file; else KUBECONFIG, the Pod's own service account, or ~/.kube/config."
    )
    context: str | None = setting(None, kinds.TEXT, "The context in the kubeconfig; else its current one.")
    namespaces: tuple[str, ...] = setting((), kinds.NAMESPACES, "The namespaces that are read; all where none is.")
    selector: str | None = setting(
        None, kinds.TEXT, "Labels of the objects that are read, such as team=edge; Pods and Services need none."
    )
    pod_wait: float = setting(30.0, kinds.SECONDS, "How long an Envoy waits whose Pod is not known (yet).")
    peer_check: str = setting(
        "pod", kinds.one_of("pod", "none"), "Whether an Envoy must connect from an address of its Pod."
    )
    secrets: bool | None = setting(
        None,
        kinds.YES_OR_NO,
        "Read Secrets too, and deliver them by SDS; else only where the port has TLS and Envoys prove who they are.",
    )
    secret_namespaces: tuple[str, ...] = setting(
        (), kinds.NAMESPACES, "The namespaces whose Secrets are read; else those that are read at all."
    )
    cross_namespace: str = setting(
        "grants",
        kinds.one_of("grants", "allow"),
        "Who may use Services and Secrets of other namespaces: whom a ReferenceGrant there allows, or everybody.",
    )
    l7mp_matching: str = setting(
        "all",
        kinds.one_of("all", "any"),
        "Whom selectors of VirtualServices mean: who has all labels, in their namespace, or who has any one, in all.",
    )
    status: str = setting(
        "auto",
        kinds.one_of("auto", "on", "off"),
        "Whether what became of objects is written into their status, and told by Events; auto is on in a Pod.",
    )
    lease: str = setting("legation", kinds.NAME, "The Lease, in this Pod's namespace, whose holder writes status.")
    replica_service: str | None = setting(
        None, kinds.NAME, "The headless Service, in this Pod's namespace, that the replicas find each other by."
    )
    replica_port: int = setting(18003, kinds.PORT, "The port where replicas ask each other what their Envoys have.")
    replica_bind: str = setting(kinds.LOCALHOST, kinds.HOST, "The address of that port; 0.0.0.0 or :: for replicas.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """The admission webhook: the section `webhook` of the file. Times are in seconds."""

    webhook_port: int | None = setting(
        None, kinds.PORT, "The port where the API server asks the admission webhook (HTTPS); without it there is none."
    )
    webhook_bind: str = setting(kinds.LOCALHOST, kinds.HOST, "The address of that port.")
    webhook_time_limit: float = setting(
        0.2, kinds.SECONDS, "How long a check may take; an object that is not checked by then is passed or refused."
    )
    webhook_unchecked: str = setting(
        "pass",
        kinds.one_of("pass", "refuse"),
        "What becomes of an object that could not be checked: it is let pass with a warning, or refused.",
    )
    webhook_service: str = setting(
        "legation-webhook", kinds.NAME, "The Service, in this Pod's namespace, by which the API server calls it."
    )
    webhook_secret: str = setting(
        "legation-webhook",
        kinds.NAME,
        "The Secret, in this Pod's namespace, that keeps its certificate and secret path.",
    )
    webhook_configuration: str | None = setting(
        None,
        kinds.TEXT,
        "The ValidatingWebhookConfiguration whose caBundle and path are kept right; without it none is.",
    )
    webhook_certificates: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A folder with tls.crt and tls.key, in place of a certificate of its own."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Injector:
    """What adds Envoys to Pods: the section `injector` of the file."""

    injector_xds: tuple[str, int] | None = setting(
        None,
        kinds.ADDRESS,
        "Where sidecars find this server; with it the port of the webhook adds them to Pods that ask for one.",
    )
    injector_configuration: str | None = setting(
        None, kinds.TEXT, "The MutatingWebhookConfiguration whose caBundle is kept right; without it none is."
    )
    injector_image: str = setting("envoyproxy/envoy:v1.40.0", kinds.TEXT, "The image of sidecars.")
    injector_defaults: tuple[tuple[str, str], ...] = setting(
        (), kinds.PAIRS, "What holds for annotations that a Pod does not have, by name without legation.dev/."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Management:
    """The management API: the section `management` of the file."""

    management_port: int | None = setting(
        None, kinds.PORT, "The port of the management API (gRPC), such as 18005; without it there is none."
    )
    management_bind: str = setting(
        kinds.LOCALHOST,
        kinds.HOST,
        "The address of its ports; where others reach it, with TLS and proofs of who calls.",
    )
    management_socket: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A Unix socket for it, which nobody but its owner may open; it shows secrets to who asks."
    )
    management_http_port: int | None = setting(
        None, kinds.PORT, "The port of the same over HTTP/JSON, with its OpenAPI document at /openapi.json."
    )
    management_http_socket: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A Unix socket for the same over HTTP/JSON."
    )
    management_policy: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A file (YAML) with the tokens of clients, and outside of a cluster with who may do what."
    )
    audit_log: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A file for the audit lines of the management API (JSON); without it they are in the log."
    )

    @property
    def is_on(self) -> bool:
        """Whether anything of it is served."""
        every = (
            self.management_port,
            self.management_socket,
            self.management_http_port,
            self.management_http_socket,
        )
        return any(each is not None for each in every)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """TLS of the ports: the section `tls` of the file."""

    tls: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None,
        kinds.PATH,
        "A folder with tls.crt and tls.key, followed as they change; with it every port where others connect has TLS.",
    )
    tls_secret: str | None = setting(
        None,
        kinds.NAME,
        "A Secret, in this Pod's namespace, that keeps a certificate of our own, in place of a folder.",
    )
    tls_service: str = setting(
        "legation", kinds.NAME, "The Service, in this Pod's namespace, that such a certificate is for."
    )
    tls_config_map: str | None = setting(
        None,
        kinds.NAME,
        "The ConfigMap that tells Envoys whom to trust, put where Pods want it; with such a Secret it is legation-ca.",
    )
    tls_min_version: str = setting("1.2", kinds.one_of("1.2", "1.3"), "The oldest version of TLS that is spoken.")
    client_ca: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A file with those who sign certificates of Envoys (PEM); with it Envoys have to show one."
    )
    xds_token_port: int | None = setting(
        None, kinds.PORT, "A second port for Envoys (gRPC) where none has to show a certificate, but a token."
    )
    xds_plain_port: int | None = setting(
        None, kinds.PORT, "One more without TLS, for Envoys from before TLS; it needs --identity-check report."
    )
    management_client_ca: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A file with those who sign certificates of clients of the management API (PEM)."
    )
    tls_replica_ca: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A file with those who sign the certificates of replicas (PEM); else ca.crt in that folder."
    )
    tls_health: bool = setting(
        False,  # noqa: FBT003 - the default of a switch
        kinds.SWITCH,
        "Whether /metrics, /healthz and /readyz have TLS too; whoever asks there is asked for no certificate.",
    )

    @property
    def is_on(self) -> bool:
        """Whether the ports have TLS."""
        return self.tls is not None or self.tls_secret is not None

    @property
    def trust(self) -> str:
        """The ConfigMap that is written for Envoys; empty: none, for the certificate is that of others."""
        return self.tls_config_map or (CONFIG_MAP if self.tls_secret is not None else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who may be which Envoy: the section `identity` of the file."""

    identity_rules: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A file of rules (YAML): which certificates and tokens may be which Envoys, first match."
    )
    identity_check: str = setting(
        "enforce",
        kinds.one_of("enforce", "report"),
        "Whether an Envoy that proves nothing, or another identity, is refused, or only reported and served.",
    )
    token_audience: str | None = setting(
        None, kinds.TEXT, "The audience of Kubernetes tokens by which Envoys and clients prove who they are: legation."
    )
    token_check: str = setting(
        "review",
        kinds.one_of("review", "jwks"),
        "How tokens are checked: by asking the API server (TokenReview), or by the keys that they are signed with.",
    )
    token_jwks: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A file with those keys (JSON Web Key Set), followed; else the API server is asked for them."
    )
    token_issuer: str | None = setting(
        None, kinds.TEXT, "Who has to have issued tokens that are checked by keys; else who the API server says it is."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the ports of Envoys give to whom: the section `limits` of the file. Times are in seconds."""

    handshake_timeout: float = setting(
        10.0, kinds.PERIOD, "In what time a connection must be set up, and the head of an HTTP request must come."
    )
    first_request_timeout: float = setting(15.0, kinds.PERIOD, "In what time a stream must bring its first request.")
    idle_timeout: float = setting(300.0, kinds.PERIOD, "How long a connection may be open without a stream.")
    unread_timeout: float = setting(
        300.0, kinds.PERIOD, "How long an Envoy may leave a response unread; then its connection is closed."
    )
    max_header_bytes: int = setting(
        16_384, kinds.BYTES, "The bytes of a stream's metadata, or of the head of an HTTP request."
    )
    max_unproven_connections: int = setting(
        4096, kinds.COUNT, "The connections of one address on which nothing was served yet; who is silent goes first."
    )
    max_unproven_streams: int = setting(
        4096, kinds.COUNT, "The streams of one address whose clients have proven nothing and are not admitted yet."
    )
    max_streams: int = setting(100_000, kinds.COUNT, "The streams of one address, which may be a whole site.")
    max_unread_bytes: int = setting(
        536_870_912, kinds.BYTES, "The bytes of responses to one address that are unread; further ones wait for room."
    )
