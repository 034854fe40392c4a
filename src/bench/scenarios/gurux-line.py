"""
A day of one meter's profile over a serial line with the Gurux client: the job is one line of JSON on standard input,
what it has taken one line of JSON on standard output.
"""

import datetime
import json
import os
import select
import sys
import termios
import time
import tty

from gurux_dlms import GXByteBuffer, GXDateTime, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, Conformance, InterfaceType
from gurux_dlms.objects import GXDLMSClock, GXDLMSExtendedRegister, GXDLMSProfileGeneric, GXDLMSRegister

# The library prints remarks of its own; the result alone goes to the real output.
RESULT, sys.stdout = sys.stdout, sys.stderr
SILENCE_S = 10
PROFILE = "1.0.99.1.0.255"
CLOCK = "0.0.1.0.0.255"


class Line:
    """A serial port, raw, at its speed; counts what goes over it."""

    def __init__(self, path, speed):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        settings = termios.tcgetattr(self.fd)
        settings[4] = settings[5] = getattr(termios, f"B{speed}")
        termios.tcsetattr(self.fd, termios.TCSANOW, settings)
        self.bytes = 0

    def send(self, data):
        self.bytes += len(data)
        while data:
            data = data[os.write(self.fd, data) :]

    def receive(self):
        if not select.select([self.fd], [], [], SILENCE_S)[0]:
            raise TimeoutError("the meter is silent")
        data = os.read(self.fd, 4096)
        self.bytes += len(data)
        return data


class Session:
    def __init__(self, job, line):
        self.line = line
        client = GXDLMSClient(
            True, job["client"], 1, Authentication.LOW, job["password"].encode(), InterfaceType.HDLC
        )
        client.serverAddress = job["server"] << (14 if job["addressBytes"] == 4 else 7) | job["physicalAddress"]
        client.serverAddressSize = job["addressBytes"]
        client.hdlcSettings.maxInfoTX = client.hdlcSettings.maxInfoRX = job["maxBytes"]
        # Windows of several frames make it wait for what has come already: one frame, as it proposes by itself.
        client.maxReceivePDUSize = 1024
        client.proposedConformance |= Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
        self.client = client
        self.held = GXByteBuffer()

    def flat(self, frames):
        return [each for item in frames for each in self.flat(item)] if isinstance(frames, list) else [frames]

    def exchange(self, frames):
        reply = GXReplyData()
        for frame in self.flat(frames):
            reply.clear()
            self.one(frame, reply)
            while reply.isMoreData():
                self.one(None if reply.isStreaming() else self.client.receiverReady(reply), reply)
        return reply

    def one(self, frame, reply):
        if frame is not None:
            self.line.send(bytes(frame))
        reply.error = 0
        notify = GXReplyData()
        while not self.client.getData(self.held, reply, notify):
            self.held.set(bytearray(self.line.receive()))
        self.held.position = 0
        self.held.clear()
        if reply.error:
            raise RuntimeError(f"the meter refuses with {reply.error}")

    def read(self, target, attribute):
        reply = self.exchange(self.client.read(target, attribute)[0])
        return self.client.updateValue(target, attribute, reply.value)

    def day(self, first, last):
        client = self.client
        client.parseUAResponse(self.exchange(client.snrmRequest()).data)
        client.parseAareResponse(self.exchange(client.aarqRequest()).data)
        profile = GXDLMSProfileGeneric(PROFILE)
        self.read(profile, 3)
        self.read(profile, 4)
        for target, _ in profile.captureObjects:
            if isinstance(target, (GXDLMSRegister, GXDLMSExtendedRegister)):
                self.read(target, 3)
        self.read(GXDLMSClock(CLOCK), 2)
        reply = self.exchange(client.readRowsByRange(profile, first, last))
        profile.buffer = []
        client.updateValue(profile, 2, reply.value)
        self.exchange(client.disconnectRequest())
        return [milliseconds(row[0]) for row in profile.buffer]


def milliseconds(value):
    moment = value.value if isinstance(value, GXDateTime) else value
    return int(moment.timestamp() * 1000)


def moment(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)


def main():
    job = json.loads(sys.stdin.readline())
    line = Line(job["path"], job["baudRate"])
    session = Session(job, line)
    started = time.monotonic()
    times = session.day(moment(job["fromMs"]), moment(job["toMs"]))
    seconds = time.monotonic() - started
    print(json.dumps({"times": times, "bytes": line.bytes, "seconds": seconds}), file=RESULT)


main()
