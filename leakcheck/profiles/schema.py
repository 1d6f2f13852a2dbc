"""The messages of profile.proto, pprof's file format, described to the protobuf library.

Names and numbers are those of github.com/google/pprof/proto/profile.proto; fields leakcheck has
no value for are left out, which readers take as zero.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

__all__ = ["new_profile", "parse_profile"]

PACKAGE = "perftools.profiles"


class Field(NamedTuple):
    """A field of a message: its number, and a scalar type or the name of a message."""

    number: int
    type: str
    is_repeated: bool = False


MESSAGES = MappingProxyType(
    {
        "Profile": {
            "sample_type": Field(1, "ValueType", is_repeated=True),
            "sample": Field(2, "Sample", is_repeated=True),
            "mapping": Field(3, "Mapping", is_repeated=True),
            "location": Field(4, "Location", is_repeated=True),
            "function": Field(5, "Function", is_repeated=True),
            "string_table": Field(6, "string", is_repeated=True),
            "time_nanos": Field(9, "int64"),
            "duration_nanos": Field(10, "int64"),
            "period_type": Field(11, "ValueType"),
            "period": Field(12, "int64"),
            "comment": Field(13, "int64", is_repeated=True),
            "default_sample_type": Field(14, "int64"),
        },
        "ValueType": {"type": Field(1, "int64"), "unit": Field(2, "int64")},
        "Sample": {
            "location_id": Field(1, "uint64", is_repeated=True),
            "value": Field(2, "int64", is_repeated=True),
            "label": Field(3, "Label", is_repeated=True),
        },
        "Label": {"key": Field(1, "int64"), "str": Field(2, "int64")},
        "Mapping": {
            "id": Field(1, "uint64"),
            "memory_start": Field(2, "uint64"),
            "memory_limit": Field(3, "uint64"),
            "file_offset": Field(4, "uint64"),
            "filename": Field(5, "int64"),
            "build_id": Field(6, "int64"),
            "has_functions": Field(7, "bool"),
            "has_filenames": Field(8, "bool"),
            "has_line_numbers": Field(9, "bool"),
            "has_inline_frames": Field(10, "bool"),
        },
        "Location": {
            "id": Field(1, "uint64"),
            "mapping_id": Field(2, "uint64"),
            "address": Field(3, "uint64"),
            "line": Field(4, "Line", is_repeated=True),
        },
        "Line": {"function_id": Field(1, "uint64"), "line": Field(2, "int64")},
        "Function": {
            "id": Field(1, "uint64"),
            "name": Field(2, "int64"),
            "system_name": Field(3, "int64"),
            "filename": Field(4, "int64"),
        },
    }
)


def new_profile() -> Any:
    """Make an empty message `Profile`."""
    return PROFILE()


def parse_profile(data: bytes) -> Any:
    """Read a message `Profile` that is not compressed."""
    return PROFILE.FromString(data)


def file_descriptor() -> FileDescriptorProto:
    """Describe all messages as a compiled .proto file would."""
    return FileDescriptorProto(
        name="profile.proto",
        package=PACKAGE,
        syntax="proto3",
        message_type=[
            DescriptorProto(name=name, field=[field_descriptor(*each) for each in fields.items()])
            for name, fields in MESSAGES.items()
        ],
    )


def field_descriptor(name: str, field: Field) -> FieldDescriptorProto:
    """Describe one field."""
    label = "LABEL_REPEATED" if field.is_repeated else "LABEL_OPTIONAL"
    is_message = field.type in MESSAGES
    return FieldDescriptorProto(
        name=name,
        number=field.number,
        label=FieldDescriptorProto.Label.Value(label),
        type=FieldDescriptorProto.Type.Value(
            "TYPE_MESSAGE" if is_message else f"TYPE_{field.type.upper()}"
        ),
        type_name=f".{PACKAGE}.{field.type}" if is_message else None,
    )


def profile_class() -> Any:
    """Make the class; a pool of our own does not meet another profile.proto in this process."""
    pool = DescriptorPool()
    pool.Add(file_descriptor())
    return GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.Profile"))


PROFILE = profile_class()
