"""
An association of the test meter: request APDUs in, response APDUs out.

The library's own server class is a half-finished port (it calls methods that do not exist and builds an AARE with
wrong lengths), so the order of services is ours and every byte that can be is the library's.
"""

import os

from gurux_dlms import GXByteBuffer
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.ConnectionState import ConnectionState
from gurux_dlms.ecdsa.GXEcdsa import GXEcdsa
from gurux_dlms.ecdsa.GXPrivateKey import GXPrivateKey
from gurux_dlms.ecdsa.GXPublicKey import GXPublicKey
from gurux_dlms.enums import (
    Authentication,
    Command,
    Conformance,
    InterfaceType,
    Security,
)
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSLNParameters import GXDLMSLNParameters
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.GXDLMSSNParameters import GXDLMSSNParameters
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms.objects.enums import SecuritySuite
from gurux_dlms._GXAPDU import _GXAPDU

from objects import ASSOCIATION, OBJECT_UNDEFINED, REPLY_TO_HLS, SUCCESS, Meter

MAX_PDU = 1024
GENERAL_REQUESTS = {Command.GENERAL_GLO_CIPHERING, Command.GENERAL_DED_CIPHERING}
DEDICATED_REQUESTS = {
    Command.DED_GET_REQUEST,
    Command.DED_SET_REQUEST,
    Command.DED_METHOD_REQUEST,
    Command.DED_READ_REQUEST,
    Command.DED_WRITE_REQUEST,
    Command.GENERAL_DED_CIPHERING,
}
DEDICATED_RESPONSES = {
    Command.READ_RESPONSE: Command.DED_READ_RESPONSE,
    Command.WRITE_RESPONSE: Command.DED_WRITE_RESPONSE,
}
PROTECTED_REQUESTS = {
    Command.GLO_GET_REQUEST,
    Command.GLO_SET_REQUEST,
    Command.GLO_METHOD_REQUEST,
    Command.GLO_READ_REQUEST,
    Command.GLO_WRITE_REQUEST,
    *GENERAL_REQUESTS,
    *DEDICATED_REQUESTS,
}
AUTHENTICATIONS = {
    "none": Authentication.NONE,
    "lls": Authentication.LOW,
    "hls": Authentication.HIGH,
    "hls-md5": Authentication.HIGH_MD5,
    "hls-sha1": Authentication.HIGH_SHA1,
    "hls-gmac": Authentication.HIGH_GMAC,
    "hls-sha256": Authentication.HIGH_SHA256,
    "hls-ecdsa": Authentication.HIGH_ECDSA,
}
TITLED = (Authentication.HIGH_GMAC, Authentication.HIGH_SHA256, Authentication.HIGH_ECDSA)
SUITES = {0: SecuritySuite.SUITE_0, 1: SecuritySuite.SUITE_1, 2: SecuritySuite.SUITE_2}
SERVICE_NOT_ALLOWED_BY_STATE = b"\xd8\x01\x01"
SERVICE_NOT_SUPPORTED = b"\xd8\x01\x02"
NO_REASON_GIVEN = 1
CONTEXT_NOT_SUPPORTED = 2
AUTHENTICATION_FAILURE = 13
AUTHENTICATION_REQUIRED = 14
SHORT_CONTEXTS, CIPHERED_CONTEXTS = (2, 4), (3, 4)
# The last byte of the context name stands where every AARQ has it that begins with the context.
CONTEXT_AT = 12
# Tag, system title and security header, with room to spare.
CIPHERING_OVERHEAD = 32
VARIABLE_NAME, PARAMETERISED_ACCESS, BLOCK_NUMBER_ACCESS = 2, 4, 5
DATA, DATA_ACCESS_ERROR, DATA_BLOCK_RESULT = 0, 1, 2
DATA_BLOCK_NUMBER_INVALID = 19


class Association:
    """Turns request APDUs into response APDUs; one per connection."""

    def __init__(self, world, interface):
        self.world = world
        self.meter = Meter(world["facts"])
        self.kind = None
        self.required = Authentication.NONE
        self.settings = settings = GXDLMSSettings(True, None)
        settings.interfaceType = interface
        settings.maxServerPDUSize = MAX_PDU
        settings.cipher = GXCiphering(bytearray.fromhex(world["meterTitle"]))
        self.associated = False
        self.rest = None
        # How the request came; its answer goes the same way.
        self.general = self.dedicated = False

    @property
    def logical(self):
        return self.settings.getUseLogicalNameReferencing()

    @property
    def ciphered(self):
        return self.kind is not None and self.kind["suite"] is not None

    def answer(self, apdu):
        """LLC bytes come in front with HDLC, for the library puts them there."""
        command = apdu[0]
        if command == Command.AARQ:
            return self.llc(self.open(apdu))
        if command == Command.RELEASE_REQUEST:
            self.associated = False
            return self.llc(b"\x63\x03\x80\x01\x00")
        if (command in PROTECTED_REQUESTS) != self.ciphered:
            return self.llc(SERVICE_NOT_ALLOWED_BY_STATE)
        if self.ciphered:
            self.general, self.dedicated = command in GENERAL_REQUESTS, command in DEDICATED_REQUESTS
            # The library answers in the general form, or with the dedicated key, once it takes itself for connected.
            self.settings.connected = ConnectionState.DLMS if self.general or self.dedicated else ConnectionState.NONE
            apdu = self.decrypt(apdu)
        request = GXByteBuffer(bytearray(apdu))
        command = request.getUInt8()
        if command == Command.READ_REQUEST and not self.logical:
            return self.read_names(request)
        if command == Command.WRITE_REQUEST and not self.logical:
            return self.write_names(request)
        if not self.logical:
            return self.llc(SERVICE_NOT_SUPPORTED)
        kind, invoke = request.getUInt8(), request.getUInt8()
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
        return self.llc(SERVICE_NOT_SUPPORTED)

    def llc(self, apdu):
        buffer = GXByteBuffer(bytearray(apdu))
        if self.settings.interfaceType == InterfaceType.HDLC:
            GXDLMS.addLLCBytes(self.settings, buffer)
        return buffer

    # Association.

    def open(self, apdu):
        settings, cipher = self.settings, self.settings.cipher
        self.associated = False
        self.rest = None
        self.kind = next((kind for kind in self.world["kinds"] if kind["client"] == settings.clientAddress), None)
        context = apdu[CONTEXT_AT]
        settings.setUseLogicalNameReferencing(context not in SHORT_CONTEXTS)
        if self.kind is None:
            return self.aare(1, NO_REASON_GIVEN)
        self.required = AUTHENTICATIONS[self.kind["auth"]]
        if (context in CIPHERED_CONTEXTS) != self.ciphered:
            return self.aare(1, CONTEXT_NOT_SUPPORTED)
        cipher.security = Security.NONE
        self.general = self.dedicated = False
        settings.connected = ConnectionState.NONE
        cipher.securitySuite = SUITES[self.kind["suite"] or 0]
        cipher.blockCipherKey = bytearray.fromhex(self.kind["encryptionKey"])
        cipher.authenticationKey = bytearray.fromhex(self.kind["authenticationKey"])
        settings.proposedConformance = self.offered()
        settings.authentication = Authentication.NONE
        settings.password = settings.ctoSChallenge = None
        _GXAPDU.parsePDU(settings, cipher, GXByteBuffer(bytearray(apdu)), None)
        secret = bytes.fromhex(self.world["password"])
        if settings.authentication != self.required or (
            self.required is Authentication.LOW and bytes(settings.password or b"") != secret
        ):
            return self.aare(1, AUTHENTICATION_FAILURE)
        cipher.security = Security.AUTHENTICATION_ENCRYPTION if self.ciphered else Security.NONE
        if self.required > Authentication.LOW:
            size = 32 if self.required is Authentication.HIGH_ECDSA else 16
            settings.stoCChallenge = bytearray(os.urandom(size))
            return self.aare(0, AUTHENTICATION_REQUIRED)
        self.associated = True
        return self.aare(0, 0)

    def offered(self):
        both = Conformance.MULTIPLE_REFERENCES | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
        if self.kind.get("form"):
            both |= Conformance.GENERAL_PROTECTION
        if not self.logical:
            return both | Conformance.READ | Conformance.WRITE | Conformance.PARAMETERIZED_ACCESS
        return both | Conformance.GET | Conformance.SET | Conformance.ACTION | Conformance.SELECTIVE_ACCESS

    def aare(self, result, diagnostic):
        settings, cipher = self.settings, self.settings.cipher
        context = GXByteBuffer()
        _GXAPDU.generateApplicationContextName(settings, context, cipher)
        body = bytes(context.array())
        body += bytes([0xA2, 3, 2, 1, result, 0xA3, 5, 0xA1, 3, 2, 1, diagnostic])
        if result == 0:
            if self.ciphered or self.required in TITLED:
                body += field(0xA4, field(4, bytes(cipher.systemTitle)))
            if self.required > Authentication.LOW:
                body += b"\x88\x02\x07\x80\x89\x07\x60\x85\x74\x05\x08\x02" + bytes([self.required])
                body += field(0xAA, field(0x80, bytes(settings.stoCChallenge)))
            settings.maxPduSize = min(settings.maxPduSize or MAX_PDU, MAX_PDU)
            information = bytes(_GXAPDU.getUserInformation(settings, None))
            if self.ciphered:
                information = self.encrypt(Command.GLO_INITIATE_RESPONSE, information)
            body += field(0xBE, field(4, information))
        return field(0x61, body)

    def encrypt(self, tag, plain):
        """As the library does it, but with the suite in the control byte, which it leaves out in places."""
        cipher = self.settings.cipher
        key = cipher.dedicatedKey if self.dedicated else cipher.blockCipherKey
        parameters = AesGcmParameter(tag, cipher.systemTitle, key, cipher.authenticationKey)
        parameters.security = Security.AUTHENTICATION_ENCRYPTION
        parameters.securitySuite = cipher.securitySuite
        parameters.invocationCounter = cipher.invocationCounter
        cipher.invocationCounter += 1
        return bytes(GXCiphering.encrypt(parameters, bytearray(plain)))

    def tag_of(self, command):
        if self.general:
            return Command.GENERAL_DED_CIPHERING if self.dedicated else Command.GENERAL_GLO_CIPHERING
        # The library's own table of dedicated tags has none for short names.
        return DEDICATED_RESPONSES[command] if self.dedicated else GXDLMS.getGloMessage(command)

    def decrypt(self, apdu):
        settings = self.settings
        parameters = AesGcmParameter(
            0,
            settings.sourceSystemTitle,
            settings.cipher.dedicatedKey if self.dedicated else settings.cipher.blockCipherKey,
            settings.cipher.authenticationKey,
        )
        plain = GXCiphering.decrypt(settings, parameters, GXByteBuffer(bytearray(apdu)))
        if parameters.security != Security.AUTHENTICATION_ENCRYPTION:
            raise ValueError("request is not authenticated and encrypted")
        if parameters.securitySuite != settings.cipher.securitySuite:
            raise ValueError("request is of another suite")
        return bytes(plain)

    def check_hls(self, received):
        """Pass 3: our challenge, proven by the client. The answer is theirs, proven by us (pass 4)."""
        settings = self.settings
        if self.required is Authentication.HIGH_ECDSA:
            return self.check_signature(received)
        counter = int.from_bytes(received[1:5], "big")
        expected = self.proof(settings.stoCChallenge, settings.ctoSChallenge, True, counter)
        if expected != bytes(received):
            return None
        own = settings.cipher.invocationCounter
        settings.cipher.invocationCounter += 1
        return self.proof(settings.ctoSChallenge, settings.stoCChallenge, False, own)

    def proof(self, challenge, other, by_client, counter):
        settings = self.settings
        titles = [bytes(settings.sourceSystemTitle or b""), bytes(settings.cipher.systemTitle)]
        prover, peer = titles if by_client else reversed(titles)
        secret = bytes.fromhex(self.world["password"])
        if self.required is Authentication.HIGH_GMAC:
            secret = bytearray(prover)
        elif self.required is Authentication.HIGH_SHA256:
            secret = secret + prover + peer + bytes(challenge) + bytes(other)
        settings.authentication = self.required
        return bytes(GXSecure.secure(settings, settings.cipher, counter, challenge, secret))

    def check_signature(self, received):
        settings = self.settings
        keys = self.world["signing"][str(self.kind["suite"])]
        theirs, ours = bytes(settings.sourceSystemTitle), bytes(settings.cipher.systemTitle)
        from_meter, from_client = bytes(settings.stoCChallenge), bytes(settings.ctoSChallenge)
        public = GXPublicKey.fromRawBytes(b"\x04" + bytes.fromhex(keys["client"]["publicKey"]))
        if not GXEcdsa(public).verify(received, theirs + ours + from_meter + from_client):
            return None
        private = GXPrivateKey.fromRawBytes(bytes.fromhex(keys["meter"]["privateKey"]))
        return GXEcdsa(private).sign(ours + theirs + from_client + from_meter)

    def authenticate(self, parameter):
        returned = self.check_hls(bytes(parameter))
        if returned is not None:
            self.associated = True
        return returned

    # Services by logical name.

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
        if key == (*ASSOCIATION, 1) and self.required > Authentication.LOW:
            returned = self.authenticate(parameter)
            if returned is None:
                return self.reply(Command.METHOD_RESPONSE, invoke, b"\x00", 3)
            data = b"\x01\x00\x09" + bytes([len(returned)]) + returned
            return self.reply(Command.METHOD_RESPONSE, invoke, data, 0)
        if not self.associated:
            return self.llc(SERVICE_NOT_ALLOWED_BY_STATE)
        return self.reply(Command.METHOD_RESPONSE, invoke, b"\x00", self.meter.act(key, parameter))

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
            return self.reply(Command.GET_RESPONSE, invoke, None, DATA_BLOCK_NUMBER_INVALID)
        self.settings.increaseBlockIndex()
        return self.blocks(invoke, self.rest)

    def pdu(self, parameters):
        reply = GXByteBuffer()
        GXDLMS.getLNPdu(parameters, reply)
        payload = parameters.data
        self.rest = payload if payload is not None and payload.position < len(payload) else None
        return reply

    # Services by short name.

    def read_names(self, request):
        count = _GXCommon.getObjectCount(request)
        results = []
        for _ in range(count):
            access = request.getUInt8()
            name = request.getUInt16()
            if access == BLOCK_NUMBER_ACCESS:
                return self.next_name_block(name)
            selector, parameter = 0, None
            if access == PARAMETERISED_ACCESS:
                selector = request.getUInt8()
                parameter = self.value(request)
            results.append(self.read_name(name, access == PARAMETERISED_ACCESS, selector, parameter))
        body = b"".join(b"\x00" + data if error == 0 else bytes([DATA_ACCESS_ERROR, error]) for error, data in results)
        self.settings.resetBlockIndex()
        return self.names_pdu(Command.READ_RESPONSE, count, body)

    def read_name(self, name, with_parameter, selector, parameter):
        kind, key = self.meter.named(name)
        if kind == "method" and key == (12, ASSOCIATION[1], REPLY_TO_HLS) and self.required > Authentication.LOW:
            returned = self.authenticate(parameter)
            if returned is None:
                return (3, b"")
            return (SUCCESS, b"\x09" + bytes([len(returned)]) + returned)
        if not self.associated or key is None:
            return (OBJECT_UNDEFINED, b"")
        if kind == "method":
            error = self.meter.act(key, parameter) if with_parameter else OBJECT_UNDEFINED
            return (error, b"\x00")
        return self.meter.get(key, selector, parameter)

    def write_names(self, request):
        names = []
        for _ in range(_GXCommon.getObjectCount(request)):
            if request.getUInt8() != VARIABLE_NAME:
                return self.llc(SERVICE_NOT_SUPPORTED)
            names.append(request.getUInt16())
        results = b""
        _GXCommon.getObjectCount(request)
        for name in names:
            start = request.position
            parameter = self.value(request)
            kind, key = self.meter.named(name)
            if not self.associated or key is None:
                error = OBJECT_UNDEFINED
            elif kind == "method":
                error = self.meter.act(key, parameter)
            else:
                error = self.meter.set(key, bytes(request.array())[start : request.position])
            results += b"\x00" if error == 0 else bytes([1, error])
        return self.names_pdu(Command.WRITE_RESPONSE, len(names), results)

    def next_name_block(self, acknowledged):
        if self.rest is None or acknowledged != self.settings.blockIndex:
            error = bytes([DATA_ACCESS_ERROR, DATA_BLOCK_NUMBER_INVALID])
            return self.names_pdu(Command.READ_RESPONSE, 1, error)
        self.settings.increaseBlockIndex()
        return self.names_pdu(Command.READ_RESPONSE, 1, None)

    def names_pdu(self, command, count, body):
        """
        The library builds the PDU and its blocks in the clear and without LLC bytes; what is ciphered is ciphered
        here, for with short names the library asserts that nothing was, and marks every suite as 0.
        """
        settings = self.settings
        kept = (settings.interfaceType, settings.cipher.security, settings.maxPduSize)
        settings.interfaceType, settings.cipher.security = InterfaceType.WRAPPER, Security.NONE
        settings.maxPduSize -= CIPHERING_OVERHEAD if self.ciphered else 0
        payload = self.rest if body is None else GXByteBuffer(bytearray(body))
        # Far enough below the limit: the library loses a carry in the length of frames near a multiple of 256 bytes.
        room = settings.maxPduSize - 40
        long = body is None or len(body) > room
        if body is not None and long:
            # A block holds part of the whole answer, its count in front.
            payload = GXByteBuffer()
            _GXCommon.setObjectCount(count, payload)
            payload.set(bytearray(body))
        reply = GXByteBuffer()
        if long:
            part = payload.available() if payload.available() <= room else room
            last = part == payload.available()
            piece = bytearray(part)
            payload.get(piece)
            block = GXByteBuffer()
            block.setUInt8(1 if last else 0)
            block.setUInt16(settings.blockIndex)
            _GXCommon.setObjectCount(part, block)
            block.set(piece)
            parameters = GXDLMSSNParameters(settings, command, 1, DATA_BLOCK_RESULT, None, block)
            self.rest = None if last else payload
        else:
            parameters = GXDLMSSNParameters(settings, command, count, 0xFF, None, payload)
        GXDLMS.getSNPdu(parameters, reply)
        settings.interfaceType, settings.cipher.security, settings.maxPduSize = kept
        plain = bytes(reply.array())
        if self.ciphered:
            plain = self.encrypt(self.tag_of(command), plain)
        return self.llc(plain)


def field(tag, content):
    length = bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content
