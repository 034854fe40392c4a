"""
Pushes made and read by the Gurux library, over TCP and UDP. The first line is the world: keys and the meter's title;
then each line is a job, answered by one line: `push` makes a notification and sends it, `read` tells a port first and
then what came there.
"""

import json
import socket
import sys
from datetime import datetime, timezone

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMSNotify import GXDLMSNotify
from gurux_dlms.secure import GXDLMSSecureClient
from gurux_dlms.enums import Authentication, Conformance, DataType, InterfaceType, Security
from gurux_dlms.objects import (
    GXDLMSCaptureObject,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSPushSetup,
    GXDLMSRegister,
)

ANSWERS, sys.stdout = sys.stdout, sys.stderr
TIMEOUT_S = 10
FRAMINGS = {"wrapper": InterfaceType.WRAPPER, "hdlc": InterfaceType.HDLC}


def answer(value):
    print(json.dumps(value), file=ANSWERS, flush=True)


def protect(cipher, world):
    cipher.security = Security.AUTHENTICATION_ENCRYPTION
    cipher.blockCipherKey = bytes.fromhex(world["encryptionKey"])
    cipher.authenticationKey = bytes.fromhex(world["authenticationKey"])
    cipher.invocationCounter = world["counter"]
    world["counter"] += 1
    return cipher


def reader(job, world):
    client = GXDLMSSecureClient(True, 103, 1, Authentication.NONE, None, FRAMINGS[job["framing"]])
    if job["ciphered"]:
        protect(client.ciphering, world)
    return client


def notifier(job, world):
    notify = GXDLMSNotify(True, 103, 1, FRAMINGS[job["framing"]])
    notify.settings.hdlc.maxInfoTX = notify.settings.hdlc.maxInfoRX = 2030
    if job["ciphered"]:
        notify.settings.cipher = protect(GXCiphering(bytes.fromhex(world["title"])), world)
        notify.conformance = notify.conformance | Conformance.GENERAL_PROTECTION
    return notify


def objects():
    push = GXDLMSPushSetup("0.0.25.9.0.255")
    clock = GXDLMSClock()
    clock.time = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)
    number = GXDLMSData("0.0.96.1.0.255")
    number.value = b"12345678"
    number.setDataType(2, DataType.OCTET_STRING)
    energy = GXDLMSRegister("1.0.1.8.0.255")
    energy.value = 1234567
    energy.setDataType(2, DataType.UINT32)
    for item in (push, clock, number, energy):
        push.pushObjectList.append((item, GXDLMSCaptureObject(2, 0)))
    return push, energy


def messages(job, world):
    notify = notifier(job, world)
    push, energy = objects()
    if job["what"] == "event":
        return notify.generateReport(None, [(energy, 2)])
    return notify.generatePushSetupMessages(datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc), push)


def push(job, world):
    address = ("127.0.0.1", job["port"])
    frames = [bytes(message) for message in messages(job, world)]
    if job["transport"] == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for frame in frames:
                out.sendto(frame, address)
    else:
        with socket.create_connection(address, TIMEOUT_S) as out:
            for frame in frames:
                out.sendall(frame)
    return {"frames": len(frames)}


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (int, float, str, bool)) or value is None:
        return value
    return str(value)


def read(job, world):
    kind = socket.SOCK_DGRAM if job["transport"] == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as server:
        server.settimeout(TIMEOUT_S)
        server.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            server.listen()
        answer({"port": server.getsockname()[1]})
        connection = server.accept()[0] if kind == socket.SOCK_STREAM else server
        connection.settimeout(TIMEOUT_S)
        client = reader(job, world)
        data, notification, buffer = GXReplyData(), GXReplyData(), GXByteBuffer()
        while True:
            received = connection.recv(65535)
            if not received:
                raise RuntimeError("the sender has gone")
            buffer.set(received)
            client.getData(buffer, data, notification)
            # In HDLC the library never says that a notification is complete.
            if notification.value is not None and not notification.isMoreData():
                return {"command": int(notification.command), "value": plain(notification.value)}


def main():
    world = json.loads(sys.stdin.readline())
    world["counter"] = 1
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer({"ok": {"push": push, "read": read}[job["do"]](job, world)})
        except Exception as error:  # pylint: disable=broad-except
            answer({"error": f"{type(error).__name__}: {error}"})


main()
