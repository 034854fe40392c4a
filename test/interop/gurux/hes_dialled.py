"""
A head-end made of the Gurux client that is dialled: it waits for a concentrator, associates on the connection that this one has
made, looks up the logical devices and reads the clock, while it answers identification packets. Reads one job from standard
input, tells its port in one line, what came of it in another, and what it is pushed under its association in a third.
"""

import json
import socket
import struct
import sys
import threading

from client import ANSWERS, Session, plain
from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.GXDLMSChippering import GXDLMSChippering
from gurux_dlms.enums import Command, Conformance, Security
from gurux_dlms.objects import GXDLMSClock, GXDLMSSapAssignment

HEADER = struct.Struct(">4H")
IDENTIFICATION, IDENTIFIED = 0xDD, 0xDA
IDENTIFICATION_LENGTH = 18
WAIT_S = 20
CONFIRM = 0x10


class Dialled:
    """The connection that was dialled, without its heartbeats: the Gurux client finds the rest at a port of its own."""

    def __init__(self, stream, short):
        self.stream = stream
        self.short = short
        self.heartbeats = []
        self.enough = threading.Event()
        self.lock = threading.Lock()
        self.inner = socket.create_server(("127.0.0.1", 0))
        self.port = self.inner.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        session = self.inner.accept()[0]
        threading.Thread(target=self.outward, args=(session,), daemon=True).start()
        with self.stream.makefile("rb") as frames:
            while len(header := frames.read(HEADER.size)) == HEADER.size:
                _, source, destination, length = HEADER.unpack(header)
                apdu = frames.read(length)
                if not self.is_heartbeat(apdu, source, destination):
                    session.sendall(header + apdu)

    def outward(self, session):
        while received := session.recv(4096):
            with self.lock:
                self.stream.sendall(received)

    def is_heartbeat(self, apdu, source, destination):
        if len(apdu) != IDENTIFICATION_LENGTH or apdu[0] != IDENTIFICATION:
            return False
        self.heartbeats.append(apdu.hex())
        back = bytes([IDENTIFIED]) + (b"" if self.short else apdu[1:])
        with self.lock:
            self.stream.sendall(HEADER.pack(1, destination, source, len(back)) + back)
        if len(self.heartbeats) >= 2:
            self.enough.set()
        return True


def saps(session):
    assignment = session.object(GXDLMSSapAssignment, "0.0.41.0.0.255")
    session.read(assignment, 2)
    entries = ((item.key, item.value) if hasattr(item, "key") else item for item in assignment.sapAssignmentList)
    return {name if isinstance(name, str) else bytes(name).decode(): sap for sap, name in entries}


def pushed(session):
    """The next notification, which is confirmed as it came."""
    client, notification = session.client, GXReplyData()
    with session.stream.makefile("rb") as frames:
        while notification.value is None or notification.isMoreData():
            header = frames.read(HEADER.size)
            _, source, destination, length = HEADER.unpack(header)
            # Of what comes between the addresses of the association the library leaves the id in the reply.
            reply = GXReplyData()
            client.getData(GXByteBuffer(header + frames.read(length)), reply, notification)
    confirm = struct.pack(">BIB", CONFIRM, notification.invokeId or reply.invokeId, 0)
    if client.ciphering.isCiphered():
        confirm = ciphered(client.ciphering, confirm)
    session.stream.sendall(HEADER.pack(1, destination, source, len(confirm)) + confirm)
    return {"source": source, "value": [bytes(item).hex() for item in notification.value]}


def ciphered(ciphering, apdu):
    ciphering.invocationCounter += 1
    parameter = AesGcmParameter(
        Command.GENERAL_GLO_CIPHERING, ciphering.systemTitle, ciphering.blockCipherKey, ciphering.authenticationKey
    )
    parameter.security = Security.AUTHENTICATION_ENCRYPTION
    parameter.invocationCounter = ciphering.invocationCounter
    return bytes(GXDLMSChippering.encryptAesGcm(parameter, apdu))


def main():
    job = json.loads(sys.stdin.readline())
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(WAIT_S)
    print(json.dumps({"port": listener.getsockname()[1]}), file=ANSWERS, flush=True)
    dialled = Dialled(listener.accept()[0], job["short"])
    kind = {"framing": "wrapper", "referencing": "ln", "port": dialled.port}
    session = Session(job["world"], kind, job["kind"])
    session.client.ciphering.invocationCounter = job["counter"]
    # Without, it is pushed to as if it had not associated.
    session.client.proposedConformance |= Conformance.DATA_NOTIFICATION
    session.open()
    first = saps(session)
    clock = session.object(GXDLMSClock, "0.0.1.0.0.255")
    session.read(clock, 2)
    enough = dialled.enough.wait(WAIT_S)
    told = {
        "saps": first,
        "clock": plain(clock.time),
        "heartbeats": dialled.heartbeats if enough else [],
        # What was read before must come out the same behind the heartbeats.
        "again": saps(session),
    }
    print(json.dumps(told), file=ANSWERS, flush=True)
    print(json.dumps(pushed(session)), file=ANSWERS, flush=True)
    # The connection is the concentrator's to end.
    sys.stdin.read()


main()
