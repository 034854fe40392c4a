"""
Prints what the Gurux library says of each interface class: versions, number of attributes and methods, and the type of
each attribute. Facts only; test/vectors/gurux-classes.json holds what it printed.
"""

import json
import sys
from importlib.metadata import version

from gurux_dlms._GXObjectFactory import _GXObjectFactory
from gurux_dlms.enums import DataType, ObjectType

TYPES = {
    DataType.NONE: "any",
    DataType.ARRAY: "array",
    DataType.STRUCTURE: "structure",
    DataType.BOOLEAN: "boolean",
    DataType.BITSTRING: "bit-string",
    DataType.INT8: "integer",
    DataType.INT16: "long",
    DataType.INT32: "double-long",
    DataType.UINT8: "unsigned",
    DataType.UINT16: "long-unsigned",
    DataType.UINT32: "double-long-unsigned",
    DataType.ENUM: "enum",
    DataType.OCTET_STRING: "octet-string",
    DataType.STRING: "visible-string",
    DataType.DATETIME: "date-time",
}


def describe(kind):
    found = _GXObjectFactory.createObject(kind)
    # The base class stands for a class that the library does not model.
    if type(found).__name__ == "GXDLMSObject":
        return
    for number in range(found.version + 1):
        found.version = number
        count = found.getAttributeCount()
        yield {
            "id": int(kind),
            "version": number,
            "types": [TYPES[found.getDataType(index)] for index in range(1, count + 1)],
            "methods": found.getMethodCount(),
        }


def main():
    # Above 255 are the manufacturers' own classes.
    kinds = sorted((kind for kind in ObjectType if int(kind) < 256), key=int)
    rows = [row for kind in kinds for row in describe(kind)]
    text = ",\n".join(f"    {json.dumps(row)}" for row in rows)
    name = f"gurux-dlms {version('gurux_dlms')} (PyPI), object model"
    sys.stdout.write(f'{{\n  "source": "{name}",\n  "classes": [\n{text}\n  ]\n}}\n')


main()
