"""The scan of all output: a test that shows a key fails, however it does so; one that does not passes."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
from tests.secrecy.plugin import Secrecy

def pytest_configure(config):
    config.pluginmanager.register(Secrecy(), "secrecy")
"""

HEAD = """
import base64, subprocess, sys
import click, pytest, structlog
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from structlog.testing import capture_logs
from legation.errors import TransportError
from legation.model.problems import Problem

log = structlog.get_logger()

def pem_of(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

def der_of(key):
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

def ec_key():
    return ec.generate_private_key(ec.SECP256R1())

def middle_of(pem, start=50):
    return b"".join(pem.splitlines()[1:-1])[start : start + 60].decode()
"""

SHOWN = {
    "a key in PEM on the output": "print(pem_of(ec_key()).decode())",
    "a key in PEM, in bytes": "print(pem_of(ec_key()))",
    "some of the middle of a key": "print('so', middle_of(pem_of(ec_key())), 'it is')",
    "an RSA key": "print(middle_of(pem_of(rsa.generate_private_key(65537, 2048)), 450))",
    "an Ed25519 key in hexadecimal": "print(ed25519.Ed25519PrivateKey.generate().private_bytes_raw().hex())",
    "a key in DER in base64": "print(base64.b64encode(der_of(ec_key())))",
    "a key as in a Secret": "print(base64.b64encode(pem_of(ec_key())).decode()[100:300])",
    "a key in the log": "log.info('made', key=middle_of(pem_of(ec_key())))",
    "a key in a log that is captured": """
    with capture_logs():
        log.warning('made', key=pem_of(ec_key()))
    """,
    "a key that is made after it was shown": """
    print(middle_of(pem_of(KEPT)))
    KEPT_AGAIN = serialization.load_pem_private_key(pem_of(KEPT), None)
    """,
    "a key in an error": """
    with pytest.raises(TransportError):
        raise TransportError(f"cannot: {middle_of(pem_of(ec_key()))}")
    """,
    "a key in a problem": "Problem(code='x', message='so', mend=middle_of(pem_of(ec_key())))",
    "a key that a command prints": """
    @click.command()
    def command():
        click.echo(middle_of(pem_of(ec_key())))
    CliRunner().invoke(command)
    """,
    "a key that a program prints": """
    key = middle_of(pem_of(ec_key()))
    subprocess.run([sys.executable, "-c", f"print('legation', '{key}')"], capture_output=True)
    """,
    "output that the test reads": """
    print(middle_of(pem_of(ec_key())))
    capsys.readouterr()
    """,
    "a log that a program has written": """
    (tmp_path / "server.log").write_text(middle_of(pem_of(ec_key())))
    """,
    "a key that another program has made": """
    key = pem_of(KEPT)
    (tmp_path / "tls.key").write_bytes(key)
    print(middle_of(key))
    """,
}

HARMLESS = {
    "a certificate's public key": """
    public = ec_key().public_key()
    print(public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode())
    """,
    "words about keys": "print('-----BEGIN PRIVATE KEY-----\\\\n...\\\\n-----END PRIVATE KEY-----')",
    "another program's output": """
    key = middle_of(pem_of(ec_key()))
    subprocess.run([sys.executable, "-c", f"print('kubectl', '{key}')"], capture_output=True)
    """,
    "a key in a file of its own": "(tmp_path / 'tls.key').write_bytes(pem_of(ec_key()))",
}


def outcomes(pytester: pytest.Pytester, body: str) -> pytest.RunResult:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(f"{HEAD}\nKEPT = ec_key()\n\ndef test_it(capsys, tmp_path):\n    {body.strip()}\n")
    return pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", "--import-mode=importlib")


@pytest.fixture(autouse=True)
def found(pytester: pytest.Pytester, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process find the plugin, and let it not find our settings of pytest."""
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")


@pytest.mark.shows_keys(reason="what the tests inside put out is put out by the one outside")
@pytest.mark.parametrize("what", SHOWN)
def test_who_shows_a_key_fails(pytester: pytest.Pytester, what: str) -> None:
    result = outcomes(pytester, SHOWN[what])
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*Something secret was put out:*", "* shows a private key*"])


@pytest.mark.parametrize("what", HARMLESS)
def test_who_shows_none_passes(pytester: pytest.Pytester, what: str) -> None:
    outcomes(pytester, HARMLESS[what]).assert_outcomes(passed=1)


def test_a_test_that_is_about_keys_may_show_them(pytester: pytest.Pytester) -> None:
    body = "print(middle_of(pem_of(ec_key())))"
    pytester.makeconftest(CONFTEST)
    mark = "@pytest.mark.shows_keys(reason='so')"
    pytester.makepyfile(f"{HEAD}\n{mark}\ndef test_it():\n    {body}\n")
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", "--import-mode=importlib")
    result.assert_outcomes(passed=1)


def test_the_tests_of_this_project_are_looked_at(request: pytest.FixtureRequest) -> None:
    assert request.config.pluginmanager.get_plugin("secrecy") is not None
