"""What a kubeconfig says of a user: how it logs in, and as whom it acts.

It knows the fields of `users` and the order in which kubectl heeds them. It starts no program and shows no secret.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#AuthInfo
"""

from __future__ import annotations

from urllib.parse import quote

from legation.kube.connection import ExecPlugin, User
from legation.kube.credentials import is_token
from legation.kube.kubeconfig_fields import Fields

API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


def user(fields: Fields, *, cluster_info: str) -> User:
    """Return the user.

    Args:
        fields: Those below `user`.
        cluster_info: What a plugin may want to know of the cluster, as JSON.

    Raises:
        KubeConfigError: Something does not fit.
    """
    if fields.raw("auth-provider") is not None:
        raise fields.wrong(
            "auth-provider", "Kubernetes has given up auth providers; use the exec plugin that came after it"
        )
    token = fields.text("token").strip()
    if token and not is_token(token):
        raise fields.wrong("token", "it is no token: a token is one word of ASCII characters")
    token_file = fields.path("tokenFile")
    username, password = fields.text("username"), fields.text("password")
    if (token or token_file) and username:
        raise fields.wrong("", "it has both a token and a username; leave one of them")
    certificate, key = fields.pem("client-certificate"), fields.pem("client-key")
    if bool(certificate) != bool(key):
        there, missing = ("client-certificate", "client-key") if certificate else ("client-key", "client-certificate")
        raise fields.wrong(there, f"there is no {missing} for it; add {missing} or {missing}-data")
    program = fields.child("exec")
    return User(
        token=token,
        token_file=token_file,
        username=username,
        password=password,
        certificate=certificate,
        key=key,
        plugin=_plugin(program, cluster_info=cluster_info) if program else None,
        headers=tuple(_impersonation(fields)),
    )


def _plugin(fields: Fields, *, cluster_info: str) -> ExecPlugin:
    api_version = fields.text("apiVersion")
    if api_version not in API_VERSIONS:
        raise fields.wrong("apiVersion", f"it must be {' or '.join(API_VERSIONS)}")
    command = fields.text("command")
    if not command:
        raise fields.wrong("command", "it is missing; name the program that logs in")
    if fields.text("interactiveMode") == "Always":
        raise fields.wrong(
            "interactiveMode", "the plugin wants to ask a person, and there is none; use IfAvailable or Never"
        )
    return ExecPlugin(
        api_version=api_version,
        # As kubectl does it: a name alone is looked up, anything else is a path.
        command=str(fields.file.parent / command) if "/" in command else command,
        arguments=fields.texts("args"),
        environment=tuple((each.text("name"), each.text("value")) for each in fields.children("env")),
        install_hint=" ".join(fields.text("installHint").split()),
        cluster_info=cluster_info if fields.flag("provideClusterInfo") else "",
    )


def _impersonation(fields: Fields) -> list[tuple[str, str]]:
    """Return the headers that say whom to act as.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
    """
    whom = fields.text("as")
    found = [("Impersonate-User", whom)] if whom else []
    if uid := fields.text("as-uid"):
        found.append(("Impersonate-Uid", uid))
    found += [("Impersonate-Group", each) for each in fields.texts("as-groups")]
    for key, values in fields.lists("as-user-extra").items():
        found += [(f"Impersonate-Extra-{quote(key, safe='')}", each) for each in values]
    if found and not whom:
        raise fields.wrong("as", "it is missing: who acts with other groups must say as whom")
    if not all(value.isascii() and value.isprintable() for _, value in found):
        raise fields.wrong("as", "a header cannot carry these names: they must be of ASCII characters")
    return found
