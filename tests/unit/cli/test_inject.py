"""`legation inject`, called as a user calls it. What comes out is in tests/golden/injected."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from legation.cli.program import main

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n"


def inject(*options: str, given: str = POD) -> Result:
    return CliRunner().invoke(main, ["inject", "-f", "-", "--xds", "legation:18000", *options], input=given)


def test_a_file_is_read_as_the_standard_input_is(tmp_path: Path) -> None:
    file = tmp_path / "pod.yaml"
    file.write_text(POD)
    done = CliRunner().invoke(main, ["inject", "-f", str(file), "--xds", "legation:18000"])
    assert (done.exit_code, done.stdout) == (0, inject().stdout)
    assert "initContainers" in done.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--set", "log_level=debug"), "'log_level=debug' is not NAME=VALUE with one of image, "),
        (("--set", "wait"), "'wait' is not NAME=VALUE"),
        (("--xds", "legation"), "'legation' is not HOST:PORT"),
    ],
)
def test_wrong_usage_is_told_in_one_line(options: tuple[str, ...], words: str) -> None:
    done = inject(*options)
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    done = CliRunner().invoke(main, ["inject", "-f", str(missing), "--xds", "legation:18000"])
    assert (done.exit_code, done.stderr) == (2, f"legation: {missing} cannot be read: No such file or directory\n")
    missing.write_bytes(b"\xff")
    done = CliRunner().invoke(main, ["inject", "-f", str(missing), "--xds", "legation:18000"])
    assert (done.exit_code, "it is not UTF-8 text" in done.stderr) == (2, True)


def test_every_byte_of_what_makes_no_pods_is_printed(tmp_path: Path) -> None:
    text = b"kind:   Service # \xc3\xa4\r\napiVersion: v1\r\n---\n"
    file = tmp_path / "service.yaml"
    file.write_bytes(text)
    for name, given in (("-", text), (str(file), b"")):
        done = CliRunner().invoke(main, ["inject", "-f", name, "--xds", "legation:18000"], input=given)
        assert done.stdout_bytes == text
