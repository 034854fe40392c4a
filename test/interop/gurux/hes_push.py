"""
A head-end's listener made of the Gurux library: it takes what a concentrator pushes, one wrapper frame after the other, and
confirms what asks for it. The first line is the world: keys and our title. Then each line is a job: `listen` opens a port, which
is told, and from then on each notification is one line; a further `listen` closes the one before.
"""

import json
import socket
import struct
import sys
import threading

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.GXDLMSChippering import GXDLMSChippering
from gurux_dlms.enums import Authentication, Command, InterfaceType, Security
from gurux_dlms.secure import GXDLMSSecureClient

ANSWERS, sys.stdout = sys.stdout, sys.stderr
HEADER = struct.Struct(">4H")
CONFIRMED = 0x40000000
CONFIRM = 0x10
LOCK = threading.Lock()


def answer(value):
    with LOCK:
        print(json.dumps(value), file=ANSWERS, flush=True)


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (int, float, str, bool)) or value is None:
        return value
    return str(value)


class Listener:
    """One port, for as long as no other is asked for."""

    def __init__(self, job, world):
        self.job = job
        self.world = world
        self.server = socket.create_server(("127.0.0.1", job.get("port", 0)))
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection = self.server.accept()[0]
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def close(self):
        # A thread that waits for a connection keeps the port until it is woken.
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for connection in self.connections:
            connection.close()

    def serve(self, connection):
        client = self.client()
        with connection, connection.makefile("rb") as stream:
            notification, frames = GXReplyData(), 0
            while True:
                try:
                    header = stream.read(HEADER.size)
                except ConnectionError:
                    # A sender that is killed takes no leave.
                    return
                if len(header) < HEADER.size:
                    return
                _, source, destination, length = HEADER.unpack(header)
                frame = GXByteBuffer(header + stream.read(length))
                frames += 1
                try:
                    client.getData(frame, GXReplyData(), notification)
                    if notification.value is None or notification.isMoreData():
                        continue
                    self.told(client, notification, source, frames)
                    if notification.invokeId & CONFIRMED and self.job["confirm"]:
                        confirm = self.confirmation(notification.invokeId)
                        connection.sendall(HEADER.pack(1, destination, source, len(confirm)) + confirm)
                except ConnectionError:
                    return
                except Exception as error:  # pylint: disable=broad-except
                    answer({"error": f"{type(error).__name__}: {error}"})
                    return
                notification, frames = GXReplyData(), 0

    def client(self):
        client = GXDLMSSecureClient(True, 1, 0, Authentication.NONE, None, InterfaceType.WRAPPER)
        if self.job["ciphered"]:
            client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            client.ciphering.blockCipherKey = bytes.fromhex(self.world["encryptionKey"])
            client.ciphering.authenticationKey = bytes.fromhex(self.world["authenticationKey"])
        return client

    def told(self, client, notification, source, frames):
        """The first element names all of them."""
        values = notification.value
        objects = client.parsePushObjects(values[0])
        if len(objects) != len(values):
            raise RuntimeError(f"{len(objects)} names for {len(values)} values")
        answer(
            {
                "sap": source,
                "frames": frames,
                "time": str(notification.time),
                "confirmed": bool(notification.invokeId & CONFIRMED),
                "urgent": bool(notification.invokeId & 0x80000000),
                "objects": [
                    {"class": int(item.objectType), "obis": item.logicalName, "attribute": attribute, "value": plain(value)}
                    for (item, attribute), value in zip(objects[1:], values[1:])
                ],
            }
        )

    def confirmation(self, invoke_id):
        """DataNotification-confirm, which the library has not: tag, long-invoke-id-and-priority, no date-time."""
        apdu = struct.pack(">BIB", CONFIRM, invoke_id, 0)
        if not self.job["ciphered"]:
            return apdu
        parameter = AesGcmParameter(
            Command.GENERAL_GLO_CIPHERING,
            bytes.fromhex(self.world["title"]),
            bytes.fromhex(self.world["encryptionKey"]),
            bytes.fromhex(self.world["authenticationKey"]),
        )
        parameter.security = Security.AUTHENTICATION_ENCRYPTION
        parameter.invocationCounter = self.world["counter"]
        self.world["counter"] += 1
        return bytes(GXDLMSChippering.encryptAesGcm(parameter, apdu))


def main():
    world = json.loads(sys.stdin.readline())
    world["counter"] = 1
    listener = None
    for line in sys.stdin:
        if listener is not None:
            listener.close()
        listener = Listener(json.loads(line), world)
        answer({"port": listener.server.getsockname()[1]})


main()
