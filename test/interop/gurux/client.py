"""
The Gurux client: reads jobs from standard input, one line of JSON each, and answers each with a line.

The first line is the world that both sides share. A job names a port, how to talk, and the operations to try; the
answer holds for each operation what it brought, or the error it ended with.
"""

import datetime
import json
import os
import socket
import sys
import traceback

from gurux_dlms import GXByteBuffer, GXDateTime, GXReplyData
from gurux_dlms.ecdsa.GXPrivateKey import GXPrivateKey
from gurux_dlms.ecdsa.GXPublicKey import GXPublicKey
from gurux_dlms.enums import Authentication, Conformance, DataType, InterfaceType, Security
from gurux_dlms.enums.AccessServiceCommandType import AccessServiceCommandType
from gurux_dlms.GXDLMSAccessItem import GXDLMSAccessItem
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.objects import (
    GXDLMSClock,
    GXDLMSData,
    GXDLMSDisconnectControl,
    GXDLMSImageTransfer,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
    GXDLMSScriptTable,
)
from gurux_dlms.objects.enums import SecuritySuite
from gurux_dlms.secure import GXDLMSSecureClient

# The library prints remarks of its own; answers alone go to the real output.
ANSWERS, sys.stdout = sys.stdout, sys.stderr

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
SUITES = {0: SecuritySuite.SUITE_0, 1: SecuritySuite.SUITE_1, 2: SecuritySuite.SUITE_2}
ASSOCIATION_SHORT_NAME = 0xFA00
REPLY_TO_HLS = 12
TITLED = ("hls-gmac", "hls-sha256", "hls-ecdsa")
UNUSED_SHORT_NAME = 0xF000


class Refused(Exception):
    """The meter answers with an error."""


class Session:
    """One association; `exchange` sends the frames of a request and follows frames and blocks to the end."""

    def __init__(self, world, job, kind, wrong=False):
        self.log = job.get("log", False)
        self.hdlc = job["framing"] == "hdlc"
        self.logical = job["referencing"] == "ln"
        auth = kind["auth"]
        password = world["wrongPassword" if wrong else "password"]
        client = GXDLMSSecureClient(
            self.logical,
            kind["client"],
            1,
            AUTHENTICATIONS[auth],
            bytes.fromhex(password) if auth not in ("none", "hls-gmac", "hls-ecdsa") else None,
            InterfaceType.HDLC if self.hdlc else InterfaceType.WRAPPER,
        )
        ciphering = client.ciphering
        if auth in TITLED or kind["suite"] is not None:
            ciphering.systemTitle = bytearray.fromhex(world["clientTitle"])
        if kind["suite"] is not None:
            ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            ciphering.securitySuite = SUITES[kind["suite"]]
            ciphering.blockCipherKey = bytearray.fromhex(kind["encryptionKey"])
            ciphering.authenticationKey = bytearray.fromhex(kind["wrongKey" if wrong else "authenticationKey"])
            ciphering.invocationCounter = 1
            # An unprotected release of a ciphered association is refused, as real meters do.
            client.useProtectedRelease = True
        if auth == "hls-ecdsa":
            keys = world["signing"][str(kind["suite"])]
            own = keys["other" if wrong else "client"]["privateKey"]
            ciphering.signingKeyPair = (
                GXPublicKey.fromRawBytes(b"\x04" + bytes.fromhex(keys["meter"]["publicKey"])),
                GXPrivateKey.fromRawBytes(bytes.fromhex(own)),
            )
            # This mechanism has challenges of 32 to 64 bytes; the library's own have 16.
            client.ctoSChallenge = bytearray(os.urandom(32))
        # Small enough that the object list and the profile come in blocks, which it does not ask for by itself.
        client.maxReceivePDUSize = 512
        client.proposedConformance |= Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
        client.proposedConformance |= Conformance.ACCESS | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
        if kind.get("form"):
            client.proposedConformance |= Conformance.GENERAL_PROTECTION
        if kind.get("dedicated"):
            ciphering.dedicatedKey = bytearray(os.urandom(len(ciphering.blockCipherKey)))
        self.ciphered_names = not self.logical and ciphering.isCiphered()
        self.client = client
        self.names = {}
        self.stream = socket.create_connection(("127.0.0.1", job["port"]), timeout=10)
        self.held = GXByteBuffer()

    def exchange(self, frames):
        reply = GXReplyData()
        for frame in self.flat(frames):
            reply.clear()
            self.one(frame, reply)
            while reply.isMoreData():
                # Streaming servers send on by themselves.
                self.one(None if reply.isStreaming() else self.client.receiverReady(reply), reply)
        return reply

    def flat(self, frames):
        """The library hands out a frame, a list of frames, or a list of such lists."""
        return [each for item in frames for each in self.flat(item)] if isinstance(frames, list) else [frames]

    def one(self, frame, reply):
        if frame is not None:
            if self.log:
                print("tx", bytes(frame).hex(), file=sys.stderr)
            self.stream.sendall(bytes(frame))
            if self.ciphered_names:
                # With short names the library uses one invocation counter for every request.
                self.client.ciphering.invocationCounter += 1
        reply.error = 0
        notify = GXReplyData()
        while not self.client.getData(self.held, reply, notify):
            received = self.stream.recv(4096)
            if not received:
                raise ConnectionError("the meter closed the connection")
            if self.log:
                print("rx", received.hex(), file=sys.stderr)
            self.held.set(bytearray(received))
        self.held.position = 0
        self.held.clear()
        if reply.error:
            raise Refused(f"error {reply.error}")

    def open(self):
        client = self.client
        snrm = client.snrmRequest()
        if snrm:
            client.parseUAResponse(self.exchange(snrm).data)
        client.parseAareResponse(self.exchange(client.aarqRequest()).data)
        if client.authentication > Authentication.LOW:
            if self.logical:
                reply = self.exchange(client.getApplicationAssociationRequest())
            else:
                reply = self.exchange(self.reply_to_hls())
            client.parseApplicationAssociationResponse(reply.data)
        if not self.logical:
            listed = client.parseObjects(self.exchange(client.getObjectsRequest()).data, False)
            self.names = {item.logicalName: item.shortName for item in listed}

    def reply_to_hls(self):
        """
        With short names the library sends pass 3 in a write request, whose answer has no room for pass 4. A read
        with a parameter, which the library can make as well, is what the standard has for it.
        """
        settings = self.client.settings
        secret = {
            Authentication.HIGH_GMAC: settings.cipher.systemTitle,
            Authentication.HIGH_SHA256: self.proof_input(bytes(settings.password or b"")),
            Authentication.HIGH_ECDSA: self.proof_input(b""),
        }.get(settings.authentication, settings.password)
        counter = settings.cipher.invocationCounter
        proof = GXSecure.secure(settings, settings.cipher, counter, settings.stoCChallenge, secret)
        settings.cipher.invocationCounter += 1
        parameter = GXByteBuffer()
        parameter.setUInt8(0)
        _GXCommon.setData(settings, parameter, DataType.OCTET_STRING, bytearray(proof))
        return self.client._read(ASSOCIATION_SHORT_NAME, 12, REPLY_TO_HLS, parameter)

    def proof_input(self, secret):
        settings = self.client.settings
        parts = (
            secret,
            settings.cipher.systemTitle,
            settings.sourceSystemTitle or b"",
            settings.stoCChallenge,
            settings.ctoSChallenge,
        )
        return bytearray(b"".join(bytes(part) for part in parts))

    def close(self):
        try:
            # With short names the library enciphers the release request itself, tag and all: there it goes without.
            release = None if self.ciphered_names else self.client.releaseRequest()
            if release:
                self.exchange(release)
            if self.hdlc:
                self.exchange(self.client.disconnectRequest())
        finally:
            self.stream.close()

    def object(self, kind, obis):
        target = kind(obis)
        if not self.logical:
            target.shortName = self.names.get(obis, UNUSED_SHORT_NAME)
        return target

    def read(self, target, attribute):
        reply = self.exchange(self.client.read(target, attribute)[0])
        return self.client.updateValue(target, attribute, reply.value)

    def refuses(self, frames):
        try:
            self.exchange(frames)
        except Refused:
            return "refused"
        return "accepted"

    def rows(self, profile, frames):
        reply = self.exchange(frames)
        profile.buffer = []
        self.client.updateValue(profile, 2, reply.value)
        return [[plain(cell) for cell in row] for row in profile.buffer]


def plain(value):
    if isinstance(value, GXDateTime):
        value = value.value
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, int) else str(value)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def scaled(session, obis):
    """Raw value, scaler and unit; the library scales what it has read the scaler of, so another object has the value."""
    register = session.object(GXDLMSRegister, obis)
    session.read(register, 3)
    raw = session.read(session.object(GXDLMSRegister, obis), 2)
    exponent = 0
    while round(10**exponent, 9) != round(register.scaler, 9):
        exponent += -1 if register.scaler < 1 else 1
    return [plain(raw), str(exponent), str(int(register.unit))]


def op_get(session, facts):
    obis = facts["obis"]
    large = session.read(session.object(GXDLMSRegister, obis["large"]), 2)
    missing = session.object(GXDLMSRegister, obis["missing"])
    return [
        *scaled(session, obis["energy"]),
        *scaled(session, obis["voltage"]),
        plain(large),
        session.refuses(session.client.read(missing, 2)),
    ]


def op_list(session, facts):
    obis = facts["obis"]
    targets = [
        (session.object(GXDLMSRegister, obis["energy"]), 2),
        (session.object(GXDLMSRegister, obis["voltage"]), 2),
        (session.object(GXDLMSData, obis["writable"]), 2),
    ]
    return [plain(value) for value in session.exchange(session.client.readList(targets)).value]


def op_block(session, facts):
    return plain(session.read(session.object(GXDLMSData, facts["obis"]["long"]), 2))


def op_set(session, facts):
    target = session.object(GXDLMSData, facts["obis"]["writable"])
    before = session.read(target, 2)
    target.value = facts["written"]
    target.setDataType(2, DataType.UINT32)
    session.exchange(session.client.write(target, 2))
    after = session.read(session.object(GXDLMSData, facts["obis"]["writable"]), 2)
    fixed = session.object(GXDLMSRegister, facts["obis"]["energy"])
    fixed.value = 1
    fixed.setDataType(2, DataType.UINT32)
    return [plain(before), plain(after), session.refuses(session.client.write(fixed, 2))]


def op_long_set(session, facts):
    """Longer than the meter's PDU, so that it goes in blocks."""
    value = bytes(reversed(bytes.fromhex(facts["long"])))
    target = session.object(GXDLMSData, facts["obis"]["long"])
    target.value = bytearray(value)
    target.setDataType(2, DataType.OCTET_STRING)
    session.exchange(session.client.write(target, 2))
    return "kept" if plain(session.read(session.object(GXDLMSData, facts["obis"]["long"]), 2)) == value.hex() else "lost"


def op_access(session, facts):
    """Three gets in one request of the unified service."""
    obis = facts["obis"]
    items = [
        GXDLMSAccessItem(AccessServiceCommandType.GET, session.object(GXDLMSRegister, obis[name]), 2)
        for name in ("energy", "missing", "voltage")
    ]
    reply = session.exchange(session.client.accessRequest(None, items))
    session.client.parseAccessResponse(items, reply.data)
    first, _, last = items
    return [plain(first.value), plain(last.value), *[str(int(item.error)) for item in items]]


def op_action(session, facts):
    obis = facts["obis"]
    before = session.read(session.object(GXDLMSRegister, obis["resettable"]), 2)
    scripts = session.object(GXDLMSScriptTable, obis["scripts"])
    session.exchange(scripts.execute(session.client, 1))
    return [plain(before), plain(session.read(session.object(GXDLMSRegister, obis["resettable"]), 2))]


def profile_of(session, facts):
    profile = session.object(GXDLMSProfileGeneric, facts["obis"]["profile"])
    session.read(profile, 3)
    return profile


def op_range(session, facts):
    profile = profile_of(session, facts)
    first, last = moment(facts["range"]["from"]), moment(facts["range"]["to"])
    return session.rows(profile, session.client.readRowsByRange(profile, first, last))


def op_entry(session, facts):
    profile = profile_of(session, facts)
    first, last = facts["entries"]["from"], facts["entries"]["to"]
    return session.rows(profile, session.client.readRowsByEntry(profile, first, last - first + 1))


def op_clock(session, facts):
    clock = session.object(GXDLMSClock, facts["obis"]["clock"])
    session.read(clock, 2)
    before = plain(clock.time)
    clock.time = GXDateTime(moment(facts["clockAfter"]))
    session.exchange(session.client.write(clock, 2))
    clock = session.object(GXDLMSClock, facts["obis"]["clock"])
    session.read(clock, 2)
    return [before, plain(clock.time)]


def op_relay(session, facts):
    relay = session.object(GXDLMSDisconnectControl, facts["obis"]["relay"])
    states = []
    for switch in (relay.remoteDisconnect, relay.remoteReconnect):
        session.exchange(switch(session.client))
        states.append(plain(bool(session.read(relay, 2))))
    return states


def op_image(session, facts):
    client, settings = session.client, session.client.settings
    image = bytes.fromhex(facts["image"])
    target = session.object(GXDLMSImageTransfer, facts["obis"]["image"])
    size = session.read(target, 2)

    def call(method, *elements):
        parameter = GXByteBuffer()
        parameter.setUInt8(DataType.STRUCTURE)
        parameter.setUInt8(len(elements))
        for data_type, value in elements:
            _GXCommon.setData(settings, parameter, data_type, value)
        session.exchange(client.method(target, method, parameter, DataType.STRUCTURE))

    call(1, (DataType.OCTET_STRING, facts["imageName"].encode()), (DataType.UINT32, len(image)))
    for number, start in enumerate(range(0, len(image), size)):
        call(2, (DataType.UINT32, number), (DataType.OCTET_STRING, image[start : start + size]))
    missing = session.read(target, 4)
    session.exchange(client.method(target, 3, 0, DataType.INT8))
    session.exchange(client.method(target, 4, 0, DataType.INT8))
    return [plain(session.read(target, 6)), plain(missing)]


OPERATIONS = {
    "get": op_get,
    "list": op_list,
    "block": op_block,
    "set": op_set,
    "long set": op_long_set,
    "access": op_access,
    "action": op_action,
    "range": op_range,
    "entry": op_entry,
    "clock": op_clock,
    "relay": op_relay,
    "image": op_image,
}


def wrong_secret(world, job, kind):
    try:
        session = Session(world, job, kind, wrong=True)
    except OSError:
        raise
    try:
        session.open()
    except Exception:  # Any way to end without an association will do.
        return "refused"
    finally:
        session.stream.close()
    return "accepted"


def run(world, job):
    kind = next(each for each in world["kinds"] if each["client"] == job["client"])
    results = {}
    session = None
    for name in job["operations"]:
        try:
            if name == "wrong secret":
                results[name] = {"value": wrong_secret(world, job, kind)}
                continue
            if session is None:
                session = Session(world, job, kind)
                session.open()
            results[name] = {"value": OPERATIONS[name](session, world["facts"])}
        except Exception as error:  # What one operation ends with must not end the others.
            place = traceback.extract_tb(error.__traceback__)[-1]
            results[name] = {"error": f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})"}
            if session is not None:
                session.stream.close()
                session = None
    try:
        if session is not None:
            session.close()
    except Exception as error:
        results["release"] = {"error": f"{type(error).__name__}: {error}"}
    return results


def main():
    world = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps({"results": run(world, job)}), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main()
