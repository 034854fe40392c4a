"""
A meter made of the Gurux library: its framing, ACSE parser, A-XDR, ciphering and block transfer answer over TCP.

A port for each framing; the client's address says which kind of association it is. Each connection has objects of its
own.
"""

import json
import socket
import sys
import threading

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import InterfaceType, RequestTypes
from gurux_dlms.GXDLMS import GXDLMS

from association import Association

# The library prints remarks of its own; the line that says the ports goes to the real output.
ANSWERS, sys.stdout = sys.stdout, sys.stderr

SNRM, DISC, UA = 0x93, 0x53, 0x73


class Connection:
    """Framing of one TCP connection."""

    def __init__(self, stream, association, log):
        self.stream = stream
        self.association = association
        self.settings = association.settings
        self.log = log

    def send(self, frame):
        if self.log:
            print("tx", bytes(frame).hex(), file=sys.stderr)
        self.stream.sendall(bytes(frame))

    def receive(self):
        received = self.stream.recv(4096)
        if self.log and received:
            print("rx", received.hex(), file=sys.stderr)
        return received

    def wrapper(self):
        held = b""
        while received := self.receive():
            held += received
            while len(held) >= 8 and len(held) >= 8 + int.from_bytes(held[6:8], "big"):
                length = int.from_bytes(held[6:8], "big")
                self.settings.clientAddress = int.from_bytes(held[2:4], "big")
                self.settings.serverAddress = int.from_bytes(held[4:6], "big")
                apdu, held = held[8 : 8 + length], held[8 + length :]
                reply = self.association.answer(apdu)
                self.send(GXDLMS.getWrapperFrame(self.settings, apdu[0], reply))

    def hdlc(self):
        held = b""
        pending = GXByteBuffer()
        request = b""
        while received := self.receive():
            held += received
            while (end := held.find(b"\x7e", 1)) > 0 and len(held) > 3:
                length = ((held[1] & 7) << 8) | held[2]
                if len(held) < length + 2:
                    break
                frame, held = held[: length + 2], held[length + 2 :]
                buffer = GXByteBuffer(bytearray(frame))
                data = GXReplyData()
                control = GXDLMS.getHdlcData(True, self.settings, buffer, data, None)
                information = bytes(frame[buffer.position : data.packetLength])
                if control == SNRM:
                    self.send(GXDLMS.getHdlcFrame(self.settings, UA, self.negotiate(information)))
                elif control == DISC:
                    self.send(GXDLMS.getHdlcFrame(self.settings, UA, None))
                elif control & 1:
                    # Receive ready: the client wants the next segment.
                    self.send(GXDLMS.getHdlcFrame(self.settings, self.settings.getNextSend(False), pending))
                elif data.moreData & RequestTypes.FRAME:
                    request += information
                    self.send(GXDLMS.getHdlcFrame(self.settings, self.settings.getReceiverReady(), None))
                else:
                    pending = self.association.answer(request + information)
                    request = b""
                    self.send(GXDLMS.getHdlcFrame(self.settings, 0, pending))

    def negotiate(self, information):
        """UA parameters: what SNRM proposes as far as we take it. One frame a window, as the library sends."""
        limits = self.settings.hdlc
        limits.maxInfoTX = limits.maxInfoRX = 128
        limits.windowSizeTX = limits.windowSizeRX = 1
        proposed = GXByteBuffer(bytearray(information))
        GXDLMS.parseSnrmUaResponse(proposed, limits)
        limits.windowSizeTX = limits.windowSizeRX = 1
        body = GXByteBuffer()
        body.set(bytearray([0x81, 0x80, 0]))
        for tag, value in ((5, limits.maxInfoTX), (6, limits.maxInfoRX)):
            body.setUInt8(tag)
            GXDLMS.appendHdlcParameter(body, value)
        for tag in (7, 8):
            body.set(bytearray([tag, 4, 0, 0, 0, 1]))
        body.setUInt8(len(body) - 3, 2)
        return body


def serve(stream, world, framing):
    interface = InterfaceType.HDLC if framing == "hdlc" else InterfaceType.WRAPPER
    connection = Connection(stream, Association(world, interface), world.get("log", False))
    with stream:
        try:
            (connection.hdlc if framing == "hdlc" else connection.wrapper)()
        except ConnectionError:
            pass


def accept(listener, world, framing):
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=serve, args=(stream, world, framing), daemon=True).start()


def main():
    world = json.loads(sys.stdin.readline())
    ports = {}
    for framing in ("wrapper", "hdlc"):
        listener = socket.create_server(("127.0.0.1", 0))
        ports[framing] = listener.getsockname()[1]
        threading.Thread(target=accept, args=(listener, world, framing), daemon=True).start()
    print(json.dumps({"ports": ports}), file=ANSWERS, flush=True)
    # Until nobody is there any more.
    sys.stdin.read()


if __name__ == "__main__":
    main()
