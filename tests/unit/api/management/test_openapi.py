"""The OpenAPI document: valid, complete, and what is served."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from legation.api.management.http_rules import RULES
from legation.api.management.methods import SERVICE
from legation.api.management.openapi import docs_page, openapi_document
from legation.api.management.proto_comments import comments
from legation.management.v1 import management_pb2
from tests.unit.api.management.served import serving

VALUES = {"kind": "Cluster", "name": "a"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document()


def test_it_is_one(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_method_has_a_path_and_every_message_a_schema(document: dict[str, Any]) -> None:
    operations = {
        operation["operationId"] for operations in document["paths"].values() for operation in operations.values()
    }
    assert operations == {each.name for each in SERVICE.methods}
    schemas = document["components"]["schemas"]
    requests_without_body = {rule.asks.name for rule in RULES if not rule.has_body}
    assert set(management_pb2.DESCRIPTOR.message_types_by_name) - requests_without_body <= set(schemas)
    assert "Status" in schemas


async def test_every_path_of_it_is_answered_and_no_other(document: dict[str, Any]) -> None:
    async with serving() as served:
        await served.service.events.put(None)
        for path, operations in document["paths"].items():
            for verb, operation in operations.items():
                url = path
                for each in operation["parameters"]:
                    if each["in"] == "path":
                        url = url.replace(f"{{{each['name']}}}", VALUES[each["name"]])
                body = b"{}" if "requestBody" in operation else None
                headers = {"content-type": "application/json"} if body else {}
                response = await served.client.request(verb, url, content=body, headers=headers)
                assert response.status_code == 200, f"{verb} {url}: {response.text}"
                kind = response.headers["content-type"]
                assert kind in operation["responses"]["200"]["content"]
        assert {each.DESCRIPTOR.name for each in served.service.asked} == {rule.asks.name for rule in RULES}


async def test_every_parameter_of_it_is_taken(document: dict[str, Any]) -> None:
    texts = {"boolean": "true", "integer": "1", "string": "a"}
    async with serving() as served:
        for path, operations in document["paths"].items():
            for verb, operation in operations.items():
                url = path.replace("{kind}", "Cluster").replace("{name}", "a")
                query = {}
                for each in operation["parameters"]:
                    schema = each["schema"].get("items", each["schema"])
                    if each["in"] == "query":
                        query[each["name"]] = schema.get("enum", [texts[schema["type"]]])[-1]
                await served.service.events.put(None)
                body = b"{apiVersion: v1, kind: A, metadata: {name: a}}" if "requestBody" in operation else None
                if body and "application/yaml" not in operation["requestBody"]["content"]:
                    assert not query
                    continue
                headers = {"content-type": "application/yaml"} if body else {}
                response = await served.client.request(verb, url, params=query, content=body, headers=headers)
                assert response.status_code == 200, f"{verb} {url}: {response.text}"
                message = served.service.last
                for name in query:
                    field = next(each for each in message.DESCRIPTOR.fields if each.json_name == name)
                    assert getattr(message, field.name), f"{verb} {url}: {name}"


async def test_it_is_served_with_a_page_for_people(document: dict[str, Any]) -> None:
    async with serving() as served:
        assert (await served.client.get("/openapi.json")).json() == document
        for path in ("/", "/docs"):
            page = await served.client.get(path)
            assert page.headers["content-type"].startswith("text/html")
            assert "POST /v1/apply" in page.text


def test_what_the_proto_says_is_said(document: dict[str, Any]) -> None:
    force = document["components"]["schemas"]["ApplyRequest"]["properties"]["force"]
    assert force["description"] == "Take over fields that others own with another value."
    assert document["paths"]["/v1/objects/{kind}/{name}"]["get"]["summary"] == "Returns one object"


def test_every_comment_is_about_something_that_is_there() -> None:
    names = set[str]()

    def walk(message: Any) -> None:
        names.update({message.full_name, *(each.full_name for each in message.fields)})
        for each in message.enum_types:
            names.update({each.full_name, *(f"{each.full_name}.{value.name}" for value in each.values)})
        for each in message.nested_types:
            walk(each)

    for message in management_pb2.DESCRIPTOR.message_types_by_name.values():
        walk(message)
    for enum in management_pb2.DESCRIPTOR.enum_types_by_name.values():
        names.update({enum.full_name, *(f"{enum.full_name}.{value.name}" for value in enum.values)})
    names.update({SERVICE.full_name, *(each.full_name for each in SERVICE.methods)})
    assert set(comments()) <= names
    assert {each.full_name for each in SERVICE.methods} <= set(comments())


def test_the_page_shows_words_as_words(document: dict[str, Any]) -> None:
    hostile = {
        **document,
        "paths": {"/<b>": {"get": {**document["paths"]["/v1/objects"]["get"], "description": "<i>"}}},
    }
    page = docs_page(hostile)
    assert "<b>" not in page
    assert "<i>" not in page
