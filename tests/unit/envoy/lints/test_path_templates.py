from __future__ import annotations

import pytest

from tests.unit.envoy.lints.telling import told
from tests.unit.envoy.lints.test_access import config

MATCH = "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"


@pytest.mark.parametrize(
    ("template", "fine"),
    [
        ("/users/{id}/**", True),
        ("/{a=b/*}/{b=**}", True),
        ("/**/a", True),
        ("/{a}/{a}", False),
        ("/{a=b/*}/{a}", False),
        ("users/{id}", False),
    ],
)
def test_templates(template: str, *, fine: bool) -> None:
    found = told(config(MATCH, path_template=template))

    assert found == ([] if fine else ["error bad-template typed_config.path_template"])
