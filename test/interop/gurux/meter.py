"""
A meter made of the Gurux library: its framing, ACSE parser, A-XDR, ciphering and block transfer answer over TCP.

The library's own server class is a half-finished port (it calls methods that do not exist and builds an AARE with
wrong lengths), so the order of services is ours and every byte that can be is the library's.
"""

import argparse
import json
import socket
import sys
import threading

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.enums import (
    Authentication,
    Command,
    Conformance,
    InterfaceType,
    RequestTypes,
    Security,
)
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSLNParameters import GXDLMSLNParameters
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms._GXAPDU import _GXAPDU

from objects import ASSOCIATION, Meter

PASSWORD = b"12345678"
SYSTEM_TITLE = b"GUX12345"
ENCRYPTION_KEY = bytes(range(16))
AUTHENTICATION_KEY = bytes(range(0xD0, 0xE0))
MAX_PDU = 1024

SNRM, DISC, UA, DM = 0x93, 0x53, 0x73, 0x1F
PROTECTED_REQUESTS = {
    Command.GLO_GET_REQUEST,
    Command.GLO_SET_REQUEST,
    Command.GLO_METHOD_REQUEST,
}
AUTHENTICATIONS = {
    "none": Authentication.NONE,
    "lls": Authentication.LOW,
    "hls-gmac": Authentication.HIGH_GMAC,
}
SERVICE_NOT_ALLOWED_BY_STATE = b"\xd8\x01\x01"
AUTHENTICATION_FAILURE = 13
AUTHENTICATION_REQUIRED = 14


class Association:
    """Turns request APDUs into response APDUs; one per connection."""

    def __init__(self, meter, authentication, interface):
        self.meter = meter
        self.required = authentication
        self.settings = settings = GXDLMSSettings(True, None)
        settings.setUseLogicalNameReferencing(True)
        settings.interfaceType = interface
        settings.maxServerPDUSize = MAX_PDU
        settings.proposedConformance = (
            Conformance.GET
            | Conformance.SET
            | Conformance.ACTION
            | Conformance.SELECTIVE_ACCESS
            | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
            | Conformance.MULTIPLE_REFERENCES
        )
        settings.cipher = GXCiphering(bytearray(SYSTEM_TITLE))
        settings.cipher.blockCipherKey = bytearray(ENCRYPTION_KEY)
        settings.cipher.authenticationKey = bytearray(AUTHENTICATION_KEY)
        self.associated = False
        self.rest = None

    def answer(self, apdu):
        """LLC bytes come in front with HDLC, for the library puts them there."""
        command = apdu[0]
        if command == Command.AARQ:
            return self.llc(self.open(apdu))
        if command == Command.RELEASE_REQUEST:
            self.associated = False
            return self.llc(b"\x63\x03\x80\x01\x00")
        if command in PROTECTED_REQUESTS:
            if self.required is not Authentication.HIGH_GMAC:
                return self.llc(SERVICE_NOT_ALLOWED_BY_STATE)
            apdu = self.decrypt(apdu)
        elif self.required is Authentication.HIGH_GMAC:
            return self.llc(SERVICE_NOT_ALLOWED_BY_STATE)
        request = GXByteBuffer(bytearray(apdu))
        command, kind, invoke = request.getUInt8(), request.getUInt8(), request.getUInt8()
        if command == Command.METHOD_REQUEST and kind == 1:
            return self.action(invoke, request)
        if not self.associated:
            return self.llc(SERVICE_NOT_ALLOWED_BY_STATE)
        if command == Command.GET_REQUEST and kind == 1:
            return self.get(invoke, request)
        if command == Command.GET_REQUEST and kind == 2:
            return self.next_block(invoke, request)
        if command == Command.GET_REQUEST and kind == 3:
            return self.get_list(invoke, request)
        if command == Command.SET_REQUEST and kind == 1:
            key = self.key(request)
            request.getUInt8()
            return self.reply(Command.SET_RESPONSE, invoke, None, self.meter.set(key, request.remaining()))
        return self.llc(b"\xd8\x01\x02")

    def llc(self, apdu):
        buffer = GXByteBuffer(bytearray(apdu))
        if self.settings.interfaceType == InterfaceType.HDLC:
            GXDLMS.addLLCBytes(self.settings, buffer)
        return buffer

    # Association.

    def open(self, apdu):
        settings = self.settings
        settings.cipher.security = Security.NONE
        settings.authentication = Authentication.NONE
        settings.password = settings.ctoSChallenge = None
        _GXAPDU.parsePDU(settings, settings.cipher, GXByteBuffer(bytearray(apdu)), None)
        self.associated = False
        self.rest = None
        if settings.authentication != self.required or (
            self.required is Authentication.LOW and bytes(settings.password or b"") != PASSWORD
        ):
            return self.aare(1, AUTHENTICATION_FAILURE)
        if self.required is Authentication.HIGH_GMAC:
            settings.stoCChallenge = bytearray(GXSecure.generateChallenge())
            settings.cipher.security = Security.AUTHENTICATION_ENCRYPTION
            return self.aare(0, AUTHENTICATION_REQUIRED)
        self.associated = True
        return self.aare(0, 0)

    def aare(self, result, diagnostic):
        settings = self.settings
        context = GXByteBuffer()
        _GXAPDU.generateApplicationContextName(settings, context, settings.cipher)
        body = bytes(context.array())
        body += bytes([0xA2, 3, 2, 1, result, 0xA3, 5, 0xA1, 3, 2, 1, diagnostic])
        if self.required is Authentication.HIGH_GMAC and result == 0:
            title, challenge = bytes(settings.cipher.systemTitle), bytes(settings.stoCChallenge)
            body += bytes([0xA4, len(title) + 2, 4, len(title)]) + title
            body += b"\x88\x02\x07\x80\x89\x07\x60\x85\x74\x05\x08\x02" + bytes([settings.authentication])
            body += bytes([0xAA, len(challenge) + 2, 0x80, len(challenge)]) + challenge
        if result == 0:
            settings.maxPduSize = min(settings.maxPduSize or MAX_PDU, MAX_PDU)
            information = bytes(_GXAPDU.getUserInformation(settings, settings.cipher))
            if settings.cipher.isCiphered():
                settings.cipher.invocationCounter += 1
            body += bytes([0xBE, len(information) + 2, 4, len(information)]) + information
        return bytes([0x61, len(body)]) + body

    def decrypt(self, apdu):
        settings = self.settings
        parameters = AesGcmParameter(
            0,
            settings.sourceSystemTitle,
            settings.cipher.blockCipherKey,
            settings.cipher.authenticationKey,
        )
        plain = GXCiphering.decrypt(settings, parameters, GXByteBuffer(bytearray(apdu)))
        if parameters.security != Security.AUTHENTICATION_ENCRYPTION:
            raise ValueError("request is not authenticated and encrypted")
        return bytes(plain)

    def check_hls(self, received):
        """Pass 3: our challenge, authenticated by the client. The answer is theirs, authenticated by us (pass 4)."""
        settings = self.settings
        counter = int.from_bytes(received[1:5], "big")
        expected = GXSecure.secure(
            settings, settings.cipher, counter, settings.stoCChallenge, settings.sourceSystemTitle
        )
        if bytes(expected) != bytes(received):
            return None
        own = settings.cipher.invocationCounter
        settings.cipher.invocationCounter += 1
        return bytes(
            GXSecure.secure(settings, settings.cipher, own, settings.ctoSChallenge, settings.cipher.systemTitle)
        )

    # Services.

    @staticmethod
    def key(request):
        class_id = request.getUInt16()
        obis = bytearray(6)
        request.get(obis)
        return (class_id, ".".join(str(group) for group in obis), request.getUInt8())

    def value(self, request):
        return _GXCommon.getData(self.settings, request, _GXDataInfo())

    def read(self, request):
        key = self.key(request)
        selector, parameters = 0, None
        if request.getUInt8() != 0:
            selector = request.getUInt8()
            parameters = self.value(request)
        return self.meter.get(key, selector, parameters)

    def get(self, invoke, request):
        error, data = self.read(request)
        self.settings.resetBlockIndex()
        return self.reply(Command.GET_RESPONSE, invoke, data, error)

    def get_list(self, invoke, request):
        count = _GXCommon.getObjectCount(request)
        results = GXByteBuffer()
        _GXCommon.setObjectCount(count, results)
        for _ in range(count):
            error, data = self.read(request)
            results.set(bytearray(b"\x00" + data if error == 0 else bytes([1, error])))
        self.settings.resetBlockIndex()
        if len(results) + 40 > self.settings.maxPduSize:
            return self.blocks(invoke, results)
        return self.reply(Command.GET_RESPONSE, invoke, bytes(results.array()), 0xFF, 3)

    def action(self, invoke, request):
        key = self.key(request)
        parameter = self.value(request) if request.getUInt8() != 0 else None
        if key == (*ASSOCIATION, 1) and self.required is Authentication.HIGH_GMAC:
            returned = self.check_hls(bytes(parameter))
            if returned is None:
                return self.reply(Command.METHOD_RESPONSE, invoke, b"\x00", 3)
            self.associated = True
            data = b"\x01\x00\x09" + bytes([len(returned)]) + returned
            return self.reply(Command.METHOD_RESPONSE, invoke, data, 0)
        if not self.associated:
            return self.llc(SERVICE_NOT_ALLOWED_BY_STATE)
        return self.reply(Command.METHOD_RESPONSE, invoke, b"\x00", self.meter.act(key))

    def reply(self, command, invoke, data, status, kind=1):
        """The library splits what is too long into blocks by itself."""
        payload = GXByteBuffer(bytearray(data)) if data else None
        parameters = GXDLMSLNParameters(self.settings, invoke, command, kind, None, payload, status)
        return self.pdu(parameters)

    def blocks(self, invoke, payload):
        parameters = GXDLMSLNParameters(self.settings, invoke, Command.GET_RESPONSE, 2, None, payload, 0)
        parameters.multipleBlocks = True
        return self.pdu(parameters)

    def next_block(self, invoke, request):
        acknowledged = request.getUInt32()
        if self.rest is None or acknowledged != self.settings.blockIndex:
            return self.reply(Command.GET_RESPONSE, invoke, None, 19)
        self.settings.increaseBlockIndex()
        return self.blocks(invoke, self.rest)

    def pdu(self, parameters):
        reply = GXByteBuffer()
        GXDLMS.getLNPdu(parameters, reply)
        payload = parameters.data
        self.rest = payload if payload is not None and payload.position < len(payload) else None
        return reply


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


def serve(stream, arguments):
    interface = InterfaceType.HDLC if arguments.framing == "hdlc" else InterfaceType.WRAPPER
    association = Association(Meter(), AUTHENTICATIONS[arguments.auth], interface)
    connection = Connection(stream, association, arguments.log)
    with stream:
        try:
            (connection.hdlc if arguments.framing == "hdlc" else connection.wrapper)()
        except ConnectionError:
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--framing", choices=["wrapper", "hdlc"], required=True)
    parser.add_argument("--auth", choices=list(AUTHENTICATIONS), required=True)
    parser.add_argument("--log", action="store_true", help="every frame to stderr")
    arguments = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=serve, args=(stream, arguments), daemon=True).start()


if __name__ == "__main__":
    main()
