"""`legation validate` as its users run it: in a shell, in a GitHub workflow, before a commit."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
GOOD = """\
apiVersion: bootes.io/v1
kind: Listener
metadata: {name: NAME}
spec: {config: {name: NAME, address: {pipe: {path: /tmp/NAME}}, filter_chains: [{}]}}
"""
BAD = """\
apiVersion: bootes.io/v1
kind: Cluster
metadata: {name: web}
spec:
  config:
    name: web
    conect_timeout: 5s
"""


def run(*command: str, cwd: Path, given: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with the installed command on the path."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=cwd,
        input=given,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one file that is right and one that is not."""
    (tmp_path / "good one.yaml").write_text(GOOD.replace("NAME", "front"), encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(BAD, encoding="utf-8")
    return tmp_path


def test_exit_codes_are_fit_for_a_script(folder: Path) -> None:
    """0 fine, 1 errors, 2 what cannot be read or is wrong usage."""
    codes = {
        paths: run("legation", "validate", *paths, cwd=folder).returncode
        for paths in (("good one.yaml",), ("bad.yaml",), ("good one.yaml", "bad.yaml"), (".",), ("none",), ())
    }
    assert list(codes.values()) == [0, 1, 1, 1, 2, 2]


def test_it_reads_what_is_piped(folder: Path) -> None:
    """As `kustomize build | legation validate -` does; no colours where no terminal is."""
    done = run("legation", "validate", "-", cwd=folder, given=BAD, FORCE_COLOR="1")
    assert done.returncode == 1
    assert done.stdout.splitlines()[:3] == [
        '<stdin>:7:5: error: unknown field "conect_timeout" in Cluster [unknown-field]',
        "    conect_timeout: 5s",
        "    ^~~~~~~~~~~~~~",
    ]
    assert done.stderr == "1 error in 1 of 1 file\n"


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals(folder: Path, environment: dict[str, str], *, coloured: bool) -> None:
    """And not for who says so (https://no-color.org)."""
    ours, theirs = pty.openpty()
    try:
        subprocess.run(
            [BIN / "legation", "validate", "bad.yaml"],
            cwd=folder,
            env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, **environment},
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )
        shown = os.read(ours, 10_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert ("\x1b[" in shown) is coloured
    assert "bad.yaml:7:5:" in shown


def test_a_file_that_is_no_regular_one_is_read(folder: Path) -> None:
    """`legation validate <(helm template .)`."""
    done = run("bash", "-c", "legation validate <(cat bad.yaml)", cwd=folder)
    assert (done.returncode, "unknown-field" in done.stdout) == (1, True)


# ------------------------------------------------------------------------------------------------ before a commit


def hook() -> dict[str, Any]:
    (found,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    return dict(found)


def test_the_hook_runs_the_command_on_the_files_of_the_commit(folder: Path) -> None:
    """Its entry is a command that the package installs."""
    entry = shlex.split(hook()["entry"])
    assert run(*entry, "good one.yaml", cwd=folder).returncode == 0
    done = run(*entry, "good one.yaml", "bad.yaml", cwd=folder)
    assert (done.returncode, "bad.yaml:7:5: error: " in done.stdout) == (1, True)


def test_the_hook_says_which_files_it_is_for() -> None:
    """All at once, and none of a tool's own."""
    found = hook()
    assert found["require_serial"] is True
    assert set(found["types_or"]) == {"yaml", "json"}
    assert re.search(found["exclude"], ".github/workflows/ci.yaml")
    assert re.search(found["exclude"], "a/.helmignore.yaml")
    assert not re.search(found["exclude"], "deploy/web.v1.yaml")


# ------------------------------------------------------------------------------------------------ in a workflow


def action() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8")))


def run_action(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the last step as a runner does: expressions are filled in, its script goes to bash."""
    found = action()
    given = {name: each["default"] for name, each in found["inputs"].items()} | inputs
    values = {f"inputs.{name}": value for name, value in given.items()} | {"runner.temp": str(folder / "temp")}
    step = found["runs"]["steps"][-1]
    environment = {name: filled(text, values) for name, text in step["env"].items()}
    bin_folder = Path(environment["VENV"]) / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "legation").symlink_to(BIN / "legation")
    script = folder / "temp" / "script.sh"
    script.write_text(step["run"], encoding="utf-8")
    assert step["shell"] == "bash"
    return run("bash", "--noprofile", "--norc", "-eo", "pipefail", str(script), cwd=folder, **environment)


def filled(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: values[found[1]], text)


def test_the_action_annotates_what_is_wrong(folder: Path) -> None:
    """Of all files below the folder, without being told any."""
    done = run_action(folder)
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith("::error file=bad.yaml,line=7,col=5,title=unknown-field::unknown field")


def test_the_action_takes_files_one_a_line(folder: Path) -> None:
    """Names may have blanks in them, and nothing in them is run."""
    assert run_action(folder, files="good one.yaml\n\n").returncode == 0


@pytest.mark.parametrize(("strict", "code"), [("false", 0), ("true", 1)])
def test_the_action_can_be_strict(folder: Path, strict: str, code: int) -> None:
    """Then a warning fails, too."""
    text = GOOD.replace(
        "[{}]", '[{filters: [{name: a, typed_config: {"@type": type.googleapis.com/envoy.unknown.v3.A}}]}]'
    )
    (folder / "warned.yaml").write_text(text, encoding="utf-8")
    assert run_action(folder, files="warned.yaml", strict=strict).returncode == code


def test_nothing_that_is_given_to_the_action_is_a_command(folder: Path) -> None:
    """Inputs are values of variables, never part of the script."""
    for step in action()["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
    done = run_action(folder, files='$(touch here)\n"; touch here; "', args="--quiet")
    assert (done.returncode, (folder / "here").exists()) == (2, False)


def test_the_action_installs_what_it_comes_with() -> None:
    """Pinned by hashes, from the very checkout that the workflow names."""
    steps = action()["runs"]["steps"]
    install = steps[-2]["run"]
    assert "--require-hashes" in install
    (locked,) = re.findall(r'-r "\$HOME_OF_ACTION/([\w/.]+)"', install)
    assert (ROOT / locked).is_file()
    assert steps[-2]["env"]["HOME_OF_ACTION"] == "${{ github.action_path }}"
