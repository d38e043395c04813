from pathlib import Path

import pytest

from tools.check_links import anchors, dead_links, links, main, slug


def project(root: Path, **files: str) -> list[Path]:
    paths = []
    for name, text in files.items():
        path = root / f"{name}.md"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


@pytest.mark.parametrize(
    "link",
    [
        "[a](b.md)",
        "[a](./b.md#the-second-part)",
        "[a](#here)",
        "![a](b.md)",
        "[![a](b.md)](b.md)",
        '[a](b.md "title")',
        "[a](<b.md>)",
        "[a](/b.md)",
        "[a]: b.md",
        '<a href="b.md#by-id">a</a>',
        "[a](b.md#label)",
        "[a](b.md#twice-1)",
        "[a](b.md#underlined)",
        "[a](https://example.com/nothing.md)",
        "[a](mailto:a@example.com)",
        "`[a](gone.md)`",
        "``a ` [a](gone.md)``",
        "```\n[a](gone.md)\n```",
        "~~~text\n```\n[a](gone.md)\n~~~",
        "<!-- [a](gone.md) -->",
        "[^1]: gone.md",
    ],
)
def test_link_that_leads_somewhere(tmp_path: Path, link: str) -> None:
    there = '# B\n## The *second*, part!\n<i id="by-id"></i>\n(label)=\n## Twice\n## Twice\nUnderlined\n----\n'
    files = project(tmp_path, a=f"# Here\n{link}\n", b=there)
    assert dead_links(tmp_path, files) == []


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("[a](gone.md)", "no such file"),
        ("[a](b.md#gone)", "no such heading"),
        ("[a](#gone)", "no such heading"),
        ("[a](b.md#in-code)", "no such heading"),
        ("[a](../out.md)", "leads out of the project"),
        ("[![a](b.md)](gone.md)", "no such file"),
        ("[![a](gone.png)](b.md)", "no such file"),
        ("[a]: gone.md", "no such file"),
        ('<img src="gone.png">', "no such file"),
        ("```\n```\n[a](gone.md)", "no such file"),
        (":::{note}\n[a](gone.md)\n:::", "no such file"),
    ],
)
def test_dead_link(tmp_path: Path, link: str, why: str) -> None:
    files = project(tmp_path, a=f"{link}\n", b="# B\n```\n# In code\n```\n")
    (dead,) = dead_links(tmp_path, files)
    assert dead.startswith("a.md:")
    assert dead.endswith(why)


def test_link_has_its_line() -> None:
    assert list(links("one\n\n```\ncode\n```\n[a](b.md) [c](d.md)\n")) == [(6, "b.md"), (6, "d.md")]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("State of the world & delta", "state-of-the-world--delta"),
        ("`legation run`: options", "legation-run-options"),
        ("A [link](x.md) in it", "a-link-in-it"),
        ("snake_case", "snake_case"),
    ],
)
def test_slug(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor
    assert anchors(f"# {heading}\n") == {anchor}


def test_this_project_has_no_dead_link(capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(__file__).parents[2]
    assert main([str(root)]) == 0, capsys.readouterr().out
