"""
A head-end made of the Gurux client that transfers images of its firmware to a concentrator, one after the other over one
association. Reads one job from standard input, answers with one line: for each image what became of it.
"""

import json
import sys
import time

from client import ANSWERS, Refused, Session, plain
from gurux_dlms import GXByteBuffer
from gurux_dlms.enums import DataType
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.objects import GXDLMSImageTransfer

IMAGE = "0.0.44.0.0.255"
VERIFICATION_INITIATED, ACTIVATION_INITIATED = 2, 5
POLLS = 200


def call(session, target, method, *elements):
    parameter = GXByteBuffer()
    parameter.setUInt8(DataType.STRUCTURE)
    parameter.setUInt8(len(elements))
    for data_type, value in elements:
        _GXCommon.setData(session.client.settings, parameter, data_type, value)
    session.exchange(session.client.method(target, method, parameter, DataType.STRUCTURE))


def settled(session, target, method, under_way):
    """Invokes verify or activate, which may be answered with temporary-failure, and waits for its end."""
    session.refuses(session.client.method(target, method, 0, DataType.INT8))
    for _ in range(POLLS):
        if int(session.read(target, 6)) != under_way:
            break
        time.sleep(0.02)
    return int(session.read(target, 6))


def transfer(session, name, image):
    target = session.object(GXDLMSImageTransfer, IMAGE)
    size = session.read(target, 2)
    call(session, target, 1, (DataType.OCTET_STRING, name.encode()), (DataType.UINT32, len(image)))
    for number, start in enumerate(range(0, len(image), size)):
        call(session, target, 2, (DataType.UINT32, number), (DataType.OCTET_STRING, image[start : start + size]))
    missing = int(session.read(target, 4))
    verified = settled(session, target, 3, VERIFICATION_INITIATED)
    try:
        activated = settled(session, target, 4, ACTIVATION_INITIATED)
    except Refused:
        activated = verified
    return {"blocks": -(-len(image) // size), "missing": missing, "verified": verified, "activated": activated}


def main():
    job = json.loads(sys.stdin.readline())
    kind = {"framing": "wrapper", "referencing": "ln", "port": job["port"]}
    session = Session(job["world"], kind, job["kind"])
    session.open()
    told = [transfer(session, one["name"], bytes.fromhex(one["image"])) for one in job["images"]]
    session.close()
    print(json.dumps(told), file=ANSWERS, flush=True)


main()
