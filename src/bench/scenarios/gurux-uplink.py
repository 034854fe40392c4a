"""
A server of profiles made of the Gurux library: its ACSE parser, A-XDR, profile encoder, ciphering and block transfer answer
over TCP. The job is one line of JSON on standard input; the port is one line on standard output. The library's own server
class is a half-finished port, so the order of services is ours.
"""

import datetime
import json
import os
import socket
import sys

from gurux_dlms import GXByteBuffer
from gurux_dlms._GXAPDU import _GXAPDU
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.enums import Authentication, Command, Conformance, DataType, InterfaceType, Security
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSLNParameters import GXDLMSLNParameters
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms.objects import GXDLMSClock, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_dlms.objects.GXDLMSCaptureObject import GXDLMSCaptureObject
from gurux_dlms.objects.enums import SecuritySuite
from gurux_dlms.ValueEventArgs import ValueEventArgs

# The library prints remarks of its own, two for each request; the line that says the port goes to the real output.
ANSWERS, sys.stdout = sys.stdout, open(os.devnull, "w")

OFFERED = (
    Conformance.GET
    | Conformance.ACTION
    | Conformance.SELECTIVE_ACCESS
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
)
REPLY_TO_HLS = (15, "0.0.40.0.0.255", 1)
OBJECT_UNDEFINED = 4
AUTHENTICATION_REQUIRED = 14


def stamp(ms):
    """Twelve bytes of a UTC time stamp with every field specified."""
    moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
    return bytearray(
        moment.year.to_bytes(2, "big")
        + bytes([moment.month, moment.day, moment.isoweekday(), moment.hour, moment.minute, moment.second, 0, 0, 0, 0])
    )


def milliseconds(octets):
    octets = bytes(octets)
    moment = datetime.datetime(
        int.from_bytes(octets[:2], "big"), *octets[2:4], *octets[5:8], tzinfo=datetime.timezone.utc
    )
    return int(moment.timestamp() * 1000)


def profile_of(meter):
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    clock = GXDLMSClock("0.0.1.0.0.255")
    profile.captureObjects.append((clock, GXDLMSCaptureObject(2, 0)))
    for obis in meter["columns"]:
        register = GXDLMSRegister(obis)
        register.setDataType(2, DataType.UINT32)
        profile.captureObjects.append((register, GXDLMSCaptureObject(2, 0)))
    clock.setDataType(2, DataType.OCTET_STRING)
    profile.buffer = [[stamp(time), *cells] for time, *cells in meter["rows"]]
    return profile, [time for time, *_ in meter["rows"]]


class Connection:
    def __init__(self, stream, job, meters):
        self.stream = stream
        self.job = job
        self.meters = meters
        self.settings = settings = GXDLMSSettings(True, None)
        settings.interfaceType = InterfaceType.WRAPPER
        settings.cipher = GXCiphering(bytearray(b"GRXBENCH"))
        self.rest = None

    def serve(self):
        held = b""
        while received := self.stream.recv(65536):
            held += received
            while len(held) >= 8 and len(held) >= 8 + int.from_bytes(held[6:8], "big"):
                length = int.from_bytes(held[6:8], "big")
                self.settings.clientAddress = int.from_bytes(held[2:4], "big")
                self.settings.serverAddress = int.from_bytes(held[4:6], "big")
                apdu, held = held[8 : 8 + length], held[8 + length :]
                reply = GXByteBuffer(bytearray(self.answer(apdu)))
                self.stream.sendall(bytes(GXDLMS.getWrapperFrame(self.settings, apdu[0], reply)))

    def answer(self, apdu):
        if apdu[0] == Command.AARQ:
            return self.open(apdu)
        if apdu[0] == Command.RELEASE_REQUEST:
            return b"\x63\x03\x80\x01\x00"
        request = GXByteBuffer(bytearray(self.decrypt(apdu)))
        command, kind, invoke = request.getUInt8(), request.getUInt8(), request.getUInt8()
        if command == Command.GET_REQUEST and kind == 1:
            return self.get(invoke, request)
        if command == Command.GET_REQUEST and kind == 2:
            request.getUInt32()
            self.settings.increaseBlockIndex()
            return self.blocks(invoke, self.rest)
        if command == Command.METHOD_REQUEST and self.key(request) == REPLY_TO_HLS:
            request.getUInt8()
            return self.prove(invoke, bytes(self.value(request)))
        raise ValueError("a request that the benchmark does not have")

    def open(self, apdu):
        settings, cipher = self.settings, self.settings.cipher
        cipher.security = Security.NONE
        cipher.securitySuite = SecuritySuite.SUITE_0
        cipher.blockCipherKey = bytearray.fromhex(self.job["encryptionKey"])
        cipher.authenticationKey = bytearray.fromhex(self.job["authenticationKey"])
        settings.maxServerPDUSize = settings.maxPduSize = self.job["maxPduSize"]
        settings.proposedConformance = OFFERED
        settings.authentication = Authentication.NONE
        settings.password = settings.ctoSChallenge = None
        _GXAPDU.parsePDU(settings, cipher, GXByteBuffer(bytearray(apdu)), None)
        cipher.security = Security.AUTHENTICATION_ENCRYPTION
        settings.stoCChallenge = bytearray(os.urandom(16))
        context = GXByteBuffer()
        _GXAPDU.generateApplicationContextName(settings, context, cipher)
        body = bytes(context.array())
        body += bytes([0xA2, 3, 2, 1, 0, 0xA3, 5, 0xA1, 3, 2, 1, AUTHENTICATION_REQUIRED])
        body += field(0xA4, field(4, bytes(cipher.systemTitle)))
        body += b"\x88\x02\x07\x80\x89\x07\x60\x85\x74\x05\x08\x02" + bytes([Authentication.HIGH_GMAC])
        body += field(0xAA, field(0x80, bytes(settings.stoCChallenge)))
        information = self.encrypt(Command.GLO_INITIATE_RESPONSE, bytes(_GXAPDU.getUserInformation(settings, None)))
        return field(0x61, body + field(0xBE, field(4, information)))

    def encrypt(self, tag, plain):
        cipher = self.settings.cipher
        parameters = AesGcmParameter(tag, cipher.systemTitle, cipher.blockCipherKey, cipher.authenticationKey)
        parameters.security = Security.AUTHENTICATION_ENCRYPTION
        parameters.securitySuite = cipher.securitySuite
        parameters.invocationCounter = cipher.invocationCounter
        cipher.invocationCounter += 1
        return bytes(GXCiphering.encrypt(parameters, bytearray(plain)))

    def decrypt(self, apdu):
        settings = self.settings
        cipher = settings.cipher
        parameters = AesGcmParameter(0, settings.sourceSystemTitle, cipher.blockCipherKey, cipher.authenticationKey)
        return bytes(GXCiphering.decrypt(settings, parameters, GXByteBuffer(bytearray(apdu))))

    def prove(self, invoke, received):
        settings, cipher = self.settings, self.settings.cipher
        theirs, ours = bytearray(settings.sourceSystemTitle), bytearray(cipher.systemTitle)
        settings.authentication = Authentication.HIGH_GMAC
        counter = int.from_bytes(received[1:5], "big")
        if bytes(GXSecure.secure(settings, cipher, counter, settings.stoCChallenge, theirs)) != received:
            raise ValueError("the client cannot prove who it is")
        own = cipher.invocationCounter
        cipher.invocationCounter += 1
        proof = bytes(GXSecure.secure(settings, cipher, own, settings.ctoSChallenge, ours))
        return self.reply(Command.METHOD_RESPONSE, invoke, b"\x01\x00" + field(9, proof), 0)

    def key(self, request):
        class_id = request.getUInt16()
        obis = bytearray(6)
        request.get(obis)
        return (class_id, ".".join(str(group) for group in obis), request.getUInt8())

    def value(self, request):
        return _GXCommon.getData(self.settings, request, _GXDataInfo())

    def get(self, invoke, request):
        meter = self.meters.get(self.settings.serverAddress)
        if meter is None or self.key(request) != (7, "1.0.99.1.0.255", 2) or request.getUInt8() != 1:
            return self.reply(Command.GET_RESPONSE, invoke, None, OBJECT_UNDEFINED)
        selector, parameters = request.getUInt8(), self.value(request)
        profile, times = meter
        first, last = milliseconds(parameters[1]), milliseconds(parameters[2])
        # The library's own selection by range compares dates with numbers.
        rows = [row for row, time in zip(profile.buffer, times) if first <= time <= last]
        self.settings.index = 0
        data = profile.getData(self.settings, ValueEventArgs(self.settings, profile, 2, selector), rows, None)
        self.settings.resetBlockIndex()
        return self.reply(Command.GET_RESPONSE, invoke, data, 0)

    def reply(self, command, invoke, data, status):
        """The library splits what is too long into blocks by itself."""
        payload = GXByteBuffer(bytearray(data)) if data else None
        return self.pdu(GXDLMSLNParameters(self.settings, invoke, command, 1, None, payload, status))

    def blocks(self, invoke, payload):
        parameters = GXDLMSLNParameters(self.settings, invoke, Command.GET_RESPONSE, 2, None, payload, 0)
        parameters.multipleBlocks = True
        return self.pdu(parameters)

    def pdu(self, parameters):
        reply = GXByteBuffer()
        GXDLMS.getLNPdu(parameters, reply)
        payload = parameters.data
        self.rest = payload if payload is not None and payload.position < len(payload) else None
        return bytes(reply.array())


def field(tag, content):
    length = bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content


def main():
    job = json.loads(sys.stdin.readline())
    meters = {meter["sap"]: profile_of(meter) for meter in job["meters"]}
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"port": listener.getsockname()[1]}), file=ANSWERS, flush=True)
    stream, _ = listener.accept()
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with stream:
        Connection(stream, job, meters).serve()


main()
