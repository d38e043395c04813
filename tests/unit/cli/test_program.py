"""The program as a whole: help, completion, and how mistakes are told."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from legation import settings
from legation.cli import main
from legation.cli.serve import serve

_COMMANDS = ("serve", "render", "bootstrap", "proxies", "problems", "crds", "completion")
_HEAVY = (
    "grpc",
    "google",
    "envoy",
    "starlette",
    "uvicorn",
    "rich",
    "asyncinotify",
    "structlog",
    "prometheus_client",
    "yaml",
)


def invoke(*args: str) -> tuple[int, str, str]:
    """Run the command line and return its exit status, stdout and stderr."""
    result = CliRunner().invoke(main, args, prog_name="legation")
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("args", [["--help"], ["serve", "--help"], ["--version"]])
def test_help_loads_nothing_that_it_does_not_need(args: list[str]) -> None:
    """That is what keeps it quick."""
    program = (
        "import sys; from legation.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *args], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & set(_HEAVY)
    assert "asyncio" not in loaded


def test_who_asks_no_server_loads_no_web_server() -> None:
    program = "import sys, legation.cli.offline, legation.cli.diff_text; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"starlette", "uvicorn"} & set(done.stdout.split())


def test_help_names_every_command() -> None:
    """With the sentence that says what it is for."""
    status, text, _ = invoke("--help")
    assert status == 0
    assert all(f"\n  {name} " in text for name in _COMMANDS)


def test_help_of_serve_shows_every_setting_with_its_variable_and_default() -> None:
    """From the table of settings."""
    _, text, _ = invoke("serve", "--help")
    # A line may end behind a hyphen.
    words = re.sub(r"(?<=\w)-\s+(?=\w)", "-", " ".join(text.split()))
    for row in (settings.CONFIG, *settings.SERVE.rows[1:]):
        default = f"; default: {row.shown_default}" if row.shown_default else ""
        assert f"{row.flag} {row.kind.metavar}" in words
        assert f"{row.text} [{row.variable}{default}]" in words


def test_the_version_is_that_of_the_package() -> None:
    """For bug reports."""
    status, text, _ = invoke("--version")
    assert status == 0
    assert text.startswith("legation 0.")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            ["bootstrap", "--node", "edge", "--rest", "--loads", "--xds", "localhost:1"],
            "legation bootstrap: load is reported over gRPC alone: leave --loads or --rest out (see",
        ),
        (["serf"], "legation: No such command 'serf'. Did you mean 'serve'? (see legation --help)"),
        (
            ["serve", "--xds-prot", "1"],
            "'--xds-port'?) (see legation serve --help)",
        ),
        (["bootstrap"], "legation bootstrap: Missing option '--node' (see legation bootstrap --help)"),
        (["completion", "csh"], "is not one of 'bash', 'zsh', 'fish' (see legation completion --help)"),
        (["bootstrap", "--node", ""], "it is empty, and no Envoy without a node id is served"),
        (["render", ".", "--node", "a", "--label", "app"], "'app' is not KEY=VALUE, such as app=edge"),
        (["serve"], "legation: DIR: where do objects come from? Write: legation serve DIR, or: legation"),
        (["serve", "--namespaces", "shop"], "legation: DIR: where do objects come from? Write: legation serve DIR, or"),
        (["serve", "--kubernetes=on"], "Option '--kubernetes' does not take a value"),
        (["serve", ".", "--xds-port", "x"], "legation: --xds-port: 'x' is not a port number from 0 to 65535"),
        (
            ["serve", ".", "--admin-bind", "0.0.0.0"],
            "--admin-bind: others than this machine reach that address: it needs",
        ),
        (["serve", ".", "--config", "/nowhere.yaml"], "legation: --config: /nowhere.yaml cannot be read"),
    ],
)
def test_wrong_usage_is_one_line_with_the_mend_and_exit_2(args: list[str], words: str) -> None:
    """No usage text, no traceback."""
    status, out, err = invoke(*args)
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_kubeconfig_that_is_not_there_is_one_line_too() -> None:
    """The usage is right: what it needs is missing."""
    # A server says how its process logs, so this is one of its own.
    program = [sys.executable, "-c", "from legation.cli import main; main()"]
    done = subprocess.run(
        [*program, "serve", "--kubernetes", "--kubeconfig", "/nowhere"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "legation: there is no /nowhere; write one, or name another by KUBECONFIG\n"


def test_the_bare_command_is_told_what_it_can_do() -> None:
    """Help, and the exit status of wrong usage."""
    status, out, err = invoke()
    assert (status, out) == (2, "")
    assert "Commands:" in err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_ask_the_program(shell: str) -> None:
    """The script calls `legation` with a variable that says what is wanted."""
    status, script, _ = invoke("completion", shell)
    assert status == 0
    assert f"_LEGATION_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("legation ser", {"serve"}),
        ("legation serve --xds-", {"--xds-port", "--xds-bind", "--xds-token-port", "--xds-plain-port"}),
        ("legation serve --log-format j", {"json"}),
    ],
)
def test_completion_offers_commands_options_and_values(words: str, offered: set[str]) -> None:
    """What the shell asks at each press of the key."""
    environ = {
        "_LEGATION_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    result = CliRunner(env=environ).invoke(main, [], prog_name="legation")
    assert {line.partition(",")[2] for line in result.stdout.splitlines()} == offered


def test_completion_offers_files_for_a_path() -> None:
    """The shell itself knows which."""
    environ = {"_LEGATION_COMPLETE": "bash_complete", "COMP_WORDS": "legation serve --config leg", "COMP_CWORD": "3"}
    assert CliRunner(env=environ).invoke(main, [], prog_name="legation").stdout == "file,leg\n"


@pytest.mark.parametrize(
    ("flags", "environment", "value"),
    [
        ((), {}, None),
        (("--secrets",), {}, True),
        (("--no-secrets",), {}, False),
        (("--secrets",), {"LEGATION_SECRETS": "off"}, True),
        ((), {"LEGATION_SECRETS": "off"}, False),
    ],
)
def test_secrets_may_be_asked_for_or_left_out_or_neither(
    flags: tuple[str, ...], environment: dict[str, str], *, value: bool | None
) -> None:
    given = serve.make_context("serve", list(flags)).params
    assert settings.load(settings.SERVE, flags=given, environ=environment).cluster.secrets is value
