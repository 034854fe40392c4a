"""Reads a meter with the Gurux client and prints what it got as one JSON document."""

import argparse
import datetime
import json
import socket
import sys

from gurux_dlms import GXByteBuffer, GXDateTime, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import (
    GXDLMSClock,
    GXDLMSDisconnectControl,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
)
from gurux_dlms.objects.GXDLMSAssociationLogicalName import GXDLMSAssociationLogicalName
from gurux_dlms.secure import GXDLMSSecureClient

AUTHENTICATIONS = {
    "none": Authentication.NONE,
    "lls": Authentication.LOW,
    "hls-gmac": Authentication.HIGH_GMAC,
}


class Reader:
    """One connection; `exchange` sends the frames of a request and follows frames and blocks to the end."""

    def __init__(self, arguments):
        self.log = arguments.log
        interface = InterfaceType.HDLC if arguments.framing == "hdlc" else InterfaceType.WRAPPER
        self.hdlc = interface == InterfaceType.HDLC
        server = arguments.server
        if self.hdlc and arguments.physical is not None:
            server = GXDLMSSecureClient.getServerAddress(
                arguments.server, arguments.physical, arguments.address_bytes
            )
        client = GXDLMSSecureClient(
            True,
            arguments.client,
            server,
            AUTHENTICATIONS[arguments.auth],
            arguments.password,
            interface,
        )
        if self.hdlc:
            client.serverAddressSize = arguments.address_bytes
        if arguments.auth == "hls-gmac":
            client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            client.ciphering.systemTitle = bytearray(b"GURUXCLI")
            client.ciphering.blockCipherKey = bytearray.fromhex(arguments.encryption_key)
            client.ciphering.authenticationKey = bytearray.fromhex(arguments.authentication_key)
            client.ciphering.invocationCounter = arguments.invocation_counter
            # Our meters refuse an unprotected release of a ciphered association, as real ones do.
            client.useProtectedRelease = True
        # Small enough that the object list and the profile come in blocks.
        client.maxReceivePDUSize = 512
        self.client = client
        self.stream = socket.create_connection((arguments.host, arguments.port), timeout=10)
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
            raise ValueError(f"error {reply.error}")

    def open(self):
        snrm = self.client.snrmRequest()
        if snrm:
            self.client.parseUAResponse(self.exchange(snrm).data)
        self.client.parseAareResponse(self.exchange(self.client.aarqRequest()).data)
        if self.client.authentication > Authentication.LOW:
            reply = self.exchange(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(reply.data)

    def read(self, target, attribute):
        reply = self.exchange(self.client.read(target, attribute)[0])
        return self.client.updateValue(target, attribute, reply.value)

    def rows(self, profile, frames):
        reply = self.exchange(frames)
        profile.buffer = []
        self.client.updateValue(profile, 2, reply.value)
        return [[plain(cell) for cell in row] for row in profile.buffer]

    def close(self):
        try:
            release = self.client.releaseRequest()
            if release:
                self.exchange(release)
            if self.hdlc:
                self.exchange(self.client.disconnectRequest())
        finally:
            self.stream.close()


def plain(value):
    if isinstance(value, GXDateTime):
        value = value.value
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def read_all(reader, arguments):
    result = {}
    association = GXDLMSAssociationLogicalName()
    reader.read(association, 2)
    result["objects"] = sorted([int(item.objectType), item.logicalName] for item in association.objectList)

    clock = GXDLMSClock("0.0.1.0.0.255")
    reader.read(clock, 2)
    result["clock"] = plain(clock.time)

    result["registers"] = []
    for obis in arguments.register:
        register = GXDLMSRegister(obis)
        reader.read(register, 3)
        # The library scales what it has read of the scaler; the raw integer is asked of a register without one.
        raw = reader.read(GXDLMSRegister(obis), 2)
        result["registers"].append(
            {"obis": obis, "value": raw, "scaler": round(register.scaler, 9), "unit": int(register.unit)}
        )

    listed = reader.exchange(
        reader.client.readList([(GXDLMSRegister(obis), 2) for obis in arguments.register] + [(clock, 2)])
    )
    result["list"] = [plain(value) for value in listed.value[:-1]]

    relay = GXDLMSDisconnectControl("0.0.96.3.10.255")
    result["relay"] = []
    for switch in (relay.remoteDisconnect, relay.remoteReconnect):
        reader.exchange(switch(reader.client))
        result["relay"].append(bool(reader.read(relay, 2)))

    profile = GXDLMSProfileGeneric(arguments.profile)
    reader.read(profile, 3)
    result["columns"] = [
        [int(target.objectType), target.logicalName, capture.attributeIndex]
        for target, capture in profile.captureObjects
    ]
    result["entriesInUse"] = reader.read(profile, 7)
    result["byEntry"] = reader.rows(
        profile, reader.client.readRowsByEntry(profile, arguments.first_entry, arguments.entry_count)
    )
    if arguments.from_:
        first, last = (
            datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (arguments.from_, arguments.to)
        )
        result["byRange"] = reader.rows(profile, reader.client.readRowsByRange(profile, first, last))
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--framing", choices=["wrapper", "hdlc"], required=True)
    parser.add_argument("--auth", choices=list(AUTHENTICATIONS), required=True)
    parser.add_argument("--client", type=int, required=True)
    parser.add_argument("--server", type=int, required=True)
    parser.add_argument("--physical", type=int)
    parser.add_argument("--address-bytes", type=int, default=1)
    parser.add_argument("--password")
    parser.add_argument("--encryption-key")
    parser.add_argument("--authentication-key")
    parser.add_argument("--invocation-counter", type=int, default=1)
    parser.add_argument("--register", action="append", default=[])
    parser.add_argument("--profile", default="1.0.99.1.0.255")
    parser.add_argument("--first-entry", type=int, default=1)
    parser.add_argument("--entry-count", type=int, default=4)
    parser.add_argument("--from", dest="from_")
    parser.add_argument("--to")
    parser.add_argument("--log", action="store_true")
    arguments = parser.parse_args()

    # The library prints remarks of its own; the document must stand alone on the last line.
    reader = Reader(arguments)
    reader.open()
    result = read_all(reader, arguments)
    reader.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
