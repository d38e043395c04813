import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import any_pb2 as _any_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Form(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FORM_UNSPECIFIED: _ClassVar[Form]
    FORM_STRUCT: _ClassVar[Form]
    FORM_TEXT: _ClassVar[Form]
FORM_UNSPECIFIED: Form
FORM_STRUCT: Form
FORM_TEXT: Form

class ObjectReference(_message.Message):
    __slots__ = ("group", "kind", "namespace", "name", "resource_version")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    group: str
    kind: str
    namespace: str
    name: str
    resource_version: str
    def __init__(self, group: _Optional[str] = ..., kind: _Optional[str] = ..., namespace: _Optional[str] = ..., name: _Optional[str] = ..., resource_version: _Optional[str] = ...) -> None: ...

class Item(_message.Message):
    __slots__ = ("object", "text", "resource")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    object: _struct_pb2.Struct
    text: str
    resource: RawResource
    def __init__(self, object: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., text: _Optional[str] = ..., resource: _Optional[_Union[RawResource, _Mapping]] = ...) -> None: ...

class RawResource(_message.Message):
    __slots__ = ("message", "json", "namespace", "object_name", "workload_labels")
    class WorkloadLabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_NAME_FIELD_NUMBER: _ClassVar[int]
    WORKLOAD_LABELS_FIELD_NUMBER: _ClassVar[int]
    message: _any_pb2.Any
    json: _struct_pb2.Struct
    namespace: str
    object_name: str
    workload_labels: _containers.ScalarMap[str, str]
    def __init__(self, message: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., json: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., namespace: _Optional[str] = ..., object_name: _Optional[str] = ..., workload_labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ApplyRequest(_message.Message):
    __slots__ = ("items", "field_manager", "force", "dry_run", "return_objects")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    FIELD_MANAGER_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    RETURN_OBJECTS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    field_manager: str
    force: bool
    dry_run: bool
    return_objects: bool
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., field_manager: _Optional[str] = ..., force: _Optional[bool] = ..., dry_run: _Optional[bool] = ..., return_objects: _Optional[bool] = ...) -> None: ...

class ApplyResponse(_message.Message):
    __slots__ = ("applied",)
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    applied: _containers.RepeatedCompositeFieldContainer[Applied]
    def __init__(self, applied: _Optional[_Iterable[_Union[Applied, _Mapping]]] = ...) -> None: ...

class Applied(_message.Message):
    __slots__ = ("object", "outcome", "warnings", "stored")
    class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OUTCOME_UNSPECIFIED: _ClassVar[Applied.Outcome]
        CREATED: _ClassVar[Applied.Outcome]
        CHANGED: _ClassVar[Applied.Outcome]
        UNCHANGED: _ClassVar[Applied.Outcome]
    OUTCOME_UNSPECIFIED: Applied.Outcome
    CREATED: Applied.Outcome
    CHANGED: Applied.Outcome
    UNCHANGED: Applied.Outcome
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    object: ObjectReference
    outcome: Applied.Outcome
    warnings: _containers.RepeatedCompositeFieldContainer[Problem]
    stored: StoredObject
    def __init__(self, object: _Optional[_Union[ObjectReference, _Mapping]] = ..., outcome: _Optional[_Union[Applied.Outcome, str]] = ..., warnings: _Optional[_Iterable[_Union[Problem, _Mapping]]] = ..., stored: _Optional[_Union[StoredObject, _Mapping]] = ...) -> None: ...

class DeleteRequest(_message.Message):
    __slots__ = ("objects", "dry_run", "missing_ok")
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    MISSING_OK_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[ObjectReference]
    dry_run: bool
    missing_ok: bool
    def __init__(self, objects: _Optional[_Iterable[_Union[ObjectReference, _Mapping]]] = ..., dry_run: _Optional[bool] = ..., missing_ok: _Optional[bool] = ...) -> None: ...

class DeleteResponse(_message.Message):
    __slots__ = ("deleted",)
    DELETED_FIELD_NUMBER: _ClassVar[int]
    deleted: _containers.RepeatedCompositeFieldContainer[ObjectReference]
    def __init__(self, deleted: _Optional[_Iterable[_Union[ObjectReference, _Mapping]]] = ...) -> None: ...

class StoredObject(_message.Message):
    __slots__ = ("object", "manifest", "text", "problems")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    object: ObjectReference
    manifest: _struct_pb2.Struct
    text: str
    problems: _containers.RepeatedCompositeFieldContainer[Problem]
    def __init__(self, object: _Optional[_Union[ObjectReference, _Mapping]] = ..., manifest: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., text: _Optional[str] = ..., problems: _Optional[_Iterable[_Union[Problem, _Mapping]]] = ...) -> None: ...

class GetRequest(_message.Message):
    __slots__ = ("group", "kind", "namespace", "name", "form", "managed_fields", "secrets")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    MANAGED_FIELDS_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    group: str
    kind: str
    namespace: str
    name: str
    form: Form
    managed_fields: bool
    secrets: bool
    def __init__(self, group: _Optional[str] = ..., kind: _Optional[str] = ..., namespace: _Optional[str] = ..., name: _Optional[str] = ..., form: _Optional[_Union[Form, str]] = ..., managed_fields: _Optional[bool] = ..., secrets: _Optional[bool] = ...) -> None: ...

class ListRequest(_message.Message):
    __slots__ = ("group", "kind", "namespace", "label_selector", "page_size", "page_token", "form", "managed_fields", "secrets")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    LABEL_SELECTOR_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    MANAGED_FIELDS_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    group: str
    kind: str
    namespace: str
    label_selector: str
    page_size: int
    page_token: str
    form: Form
    managed_fields: bool
    secrets: bool
    def __init__(self, group: _Optional[str] = ..., kind: _Optional[str] = ..., namespace: _Optional[str] = ..., label_selector: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., form: _Optional[_Union[Form, str]] = ..., managed_fields: _Optional[bool] = ..., secrets: _Optional[bool] = ...) -> None: ...

class ListResponse(_message.Message):
    __slots__ = ("objects", "next_page_token", "resume_token")
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[StoredObject]
    next_page_token: str
    resume_token: str
    def __init__(self, objects: _Optional[_Iterable[_Union[StoredObject, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., resume_token: _Optional[str] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("topics", "group", "kind", "namespace", "name", "resume_token", "form", "secrets")
    class Topic(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TOPIC_UNSPECIFIED: _ClassVar[WatchRequest.Topic]
        OBJECTS: _ClassVar[WatchRequest.Topic]
        PROBLEMS: _ClassVar[WatchRequest.Topic]
        DELIVERY: _ClassVar[WatchRequest.Topic]
    TOPIC_UNSPECIFIED: WatchRequest.Topic
    OBJECTS: WatchRequest.Topic
    PROBLEMS: WatchRequest.Topic
    DELIVERY: WatchRequest.Topic
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    topics: _containers.RepeatedScalarFieldContainer[WatchRequest.Topic]
    group: str
    kind: str
    namespace: str
    name: str
    resume_token: str
    form: Form
    secrets: bool
    def __init__(self, topics: _Optional[_Iterable[_Union[WatchRequest.Topic, str]]] = ..., group: _Optional[str] = ..., kind: _Optional[str] = ..., namespace: _Optional[str] = ..., name: _Optional[str] = ..., resume_token: _Optional[str] = ..., form: _Optional[_Union[Form, str]] = ..., secrets: _Optional[bool] = ...) -> None: ...

class WatchEvent(_message.Message):
    __slots__ = ("resume_token", "object", "problem", "delivery", "synced")
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    SYNCED_FIELD_NUMBER: _ClassVar[int]
    resume_token: str
    object: ObjectChange
    problem: ProblemChange
    delivery: Delivery
    synced: Synced
    def __init__(self, resume_token: _Optional[str] = ..., object: _Optional[_Union[ObjectChange, _Mapping]] = ..., problem: _Optional[_Union[ProblemChange, _Mapping]] = ..., delivery: _Optional[_Union[Delivery, _Mapping]] = ..., synced: _Optional[_Union[Synced, _Mapping]] = ...) -> None: ...

class ObjectChange(_message.Message):
    __slots__ = ("change", "stored")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[ObjectChange.Kind]
        PUT: _ClassVar[ObjectChange.Kind]
        DELETED: _ClassVar[ObjectChange.Kind]
    KIND_UNSPECIFIED: ObjectChange.Kind
    PUT: ObjectChange.Kind
    DELETED: ObjectChange.Kind
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    change: ObjectChange.Kind
    stored: StoredObject
    def __init__(self, change: _Optional[_Union[ObjectChange.Kind, str]] = ..., stored: _Optional[_Union[StoredObject, _Mapping]] = ...) -> None: ...

class ProblemChange(_message.Message):
    __slots__ = ("is_there", "problem")
    IS_THERE_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    is_there: bool
    problem: Problem
    def __init__(self, is_there: _Optional[bool] = ..., problem: _Optional[_Union[Problem, _Mapping]] = ...) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("object", "envoys", "accepted", "refused", "refusals", "waiting")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    ENVOYS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    object: ObjectReference
    envoys: int
    accepted: int
    refused: int
    refusals: _containers.RepeatedCompositeFieldContainer[Refusal]
    waiting: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, object: _Optional[_Union[ObjectReference, _Mapping]] = ..., envoys: _Optional[int] = ..., accepted: _Optional[int] = ..., refused: _Optional[int] = ..., refusals: _Optional[_Iterable[_Union[Refusal, _Mapping]]] = ..., waiting: _Optional[_Iterable[str]] = ...) -> None: ...

class Synced(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("node", "type", "name", "words")
    NODE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    node: str
    type: str
    name: str
    words: str
    def __init__(self, node: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ..., words: _Optional[str] = ...) -> None: ...

class Problem(_message.Message):
    __slots__ = ("code", "message", "level", "object", "path", "mend", "place")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    MEND_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    level: str
    object: ObjectReference
    path: str
    mend: str
    place: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., level: _Optional[str] = ..., object: _Optional[_Union[ObjectReference, _Mapping]] = ..., path: _Optional[str] = ..., mend: _Optional[str] = ..., place: _Optional[str] = ...) -> None: ...

class WaitAcceptedRequest(_message.Message):
    __slots__ = ("objects", "node_ids", "namespace", "labels", "at_least", "timeout")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    NODE_IDS_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[ObjectReference]
    node_ids: _containers.RepeatedScalarFieldContainer[str]
    namespace: str
    labels: _containers.ScalarMap[str, str]
    at_least: int
    timeout: _duration_pb2.Duration
    def __init__(self, objects: _Optional[_Iterable[_Union[ObjectReference, _Mapping]]] = ..., node_ids: _Optional[_Iterable[str]] = ..., namespace: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., at_least: _Optional[int] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WaitAcceptedResponse(_message.Message):
    __slots__ = ("accepted", "accepted_by", "refusals", "waiting", "problems")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_BY_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    accepted: bool
    accepted_by: _containers.RepeatedScalarFieldContainer[str]
    refusals: _containers.RepeatedCompositeFieldContainer[Refusal]
    waiting: _containers.RepeatedScalarFieldContainer[str]
    problems: _containers.RepeatedCompositeFieldContainer[Problem]
    def __init__(self, accepted: _Optional[bool] = ..., accepted_by: _Optional[_Iterable[str]] = ..., refusals: _Optional[_Iterable[_Union[Refusal, _Mapping]]] = ..., waiting: _Optional[_Iterable[str]] = ..., problems: _Optional[_Iterable[_Union[Problem, _Mapping]]] = ...) -> None: ...

class AddUpstreamRequest(_message.Message):
    __slots__ = ("name", "namespace", "hosts", "service", "weight", "routes", "cluster", "workload_labels", "field_manager", "force", "dry_run", "base_weight")
    class WorkloadLabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    WORKLOAD_LABELS_FIELD_NUMBER: _ClassVar[int]
    FIELD_MANAGER_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    BASE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    name: str
    namespace: str
    hosts: _containers.RepeatedCompositeFieldContainer[Host]
    service: ServicePort
    weight: int
    routes: _containers.RepeatedCompositeFieldContainer[RouteReference]
    cluster: _struct_pb2.Struct
    workload_labels: _containers.ScalarMap[str, str]
    field_manager: str
    force: bool
    dry_run: bool
    base_weight: int
    def __init__(self, name: _Optional[str] = ..., namespace: _Optional[str] = ..., hosts: _Optional[_Iterable[_Union[Host, _Mapping]]] = ..., service: _Optional[_Union[ServicePort, _Mapping]] = ..., weight: _Optional[int] = ..., routes: _Optional[_Iterable[_Union[RouteReference, _Mapping]]] = ..., cluster: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., workload_labels: _Optional[_Mapping[str, str]] = ..., field_manager: _Optional[str] = ..., force: _Optional[bool] = ..., dry_run: _Optional[bool] = ..., base_weight: _Optional[int] = ...) -> None: ...

class Host(_message.Message):
    __slots__ = ("address", "port", "weight")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    address: str
    port: int
    weight: int
    def __init__(self, address: _Optional[str] = ..., port: _Optional[int] = ..., weight: _Optional[int] = ...) -> None: ...

class ServicePort(_message.Message):
    __slots__ = ("name", "port", "namespace")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    name: str
    port: str
    namespace: str
    def __init__(self, name: _Optional[str] = ..., port: _Optional[str] = ..., namespace: _Optional[str] = ...) -> None: ...

class RouteReference(_message.Message):
    __slots__ = ("configuration", "virtual_host", "route", "cluster")
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    VIRTUAL_HOST_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    configuration: str
    virtual_host: str
    route: str
    cluster: str
    def __init__(self, configuration: _Optional[str] = ..., virtual_host: _Optional[str] = ..., route: _Optional[str] = ..., cluster: _Optional[str] = ...) -> None: ...

class RemoveUpstreamRequest(_message.Message):
    __slots__ = ("name", "namespace", "missing_ok", "dry_run")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    MISSING_OK_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    name: str
    namespace: str
    missing_ok: bool
    dry_run: bool
    def __init__(self, name: _Optional[str] = ..., namespace: _Optional[str] = ..., missing_ok: _Optional[bool] = ..., dry_run: _Optional[bool] = ...) -> None: ...
