"""
The dlms-cosem client: reads jobs from standard input, one line of JSON each, and answers each with a line. The first
line is the world that both sides share.
"""

import datetime
import json
import logging
import sys
import traceback

import structlog
from dlms_cosem import cosem, dlms_data, enumerations, time, utils
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem.attribute_with_selection import CosemAttributeWithSelection
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.io import BlockingTcpIO, HdlcTransport, TcpTransport
from dlms_cosem.protocol import xdlms
from dlms_cosem.security import (
    HighLevelSecurityCommonAuthentication,
    HighLevelSecurityGmacAuthentication,
    LowLevelSecurityAuthentication,
    NoSecurityAuthentication,
)

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
# Answers alone go to the real output.
ANSWERS, sys.stdout = sys.stdout, sys.stderr

MAX_PDU = 512
TIMEOUT_S = 5


class Refused(Exception):
    """The meter answers with an error."""


class FramedIO(BlockingTcpIO):
    """
    The library reads to the next flag, and for ever where the last byte of a check sequence has the flag's value. What
    a frame is its length says: once it is whole, there is nothing more until something is sent.
    """

    def __init__(self, **settings):
        super().__init__(**settings)
        self.left = None

    def send(self, data):
        self.left = None
        super().send(data)

    def recv_until(self, end):
        if self.left == b"":
            return b""
        if self.left is None:
            head = self.recv(3)
            self.left = head + self.recv(((head[1] & 7) << 8 | head[2]) - 1)
        piece, found, self.left = self.left.partition(end)
        return piece + found


class Session:
    """One association, once it is opened."""

    def __init__(self, world, job, kind, wrong=False):
        self.facts = world["facts"]
        secret = bytes.fromhex(world["wrongPassword" if wrong else "password"])
        authentication = {
            "none": NoSecurityAuthentication,
            "lls": lambda: LowLevelSecurityAuthentication(secret),
            "hls": lambda: HighLevelSecurityCommonAuthentication(secret),
            "hls-gmac": lambda: HighLevelSecurityGmacAuthentication(challenge_length=16),
        }[kind["auth"]]()
        keys = {}
        if kind["suite"] is not None:
            keys = {
                "encryption_key": bytes.fromhex(kind["encryptionKey"]),
                "authentication_key": bytes.fromhex(kind["wrongKey" if wrong else "authenticationKey"]),
                "security_suite": kind["suite"],
                "client_initial_invocation_counter": 1,
            }
        transport = HdlcTransport if job["framing"] == "hdlc" else TcpTransport
        self.client = DlmsClient(
            transport=transport(
                client_logical_address=kind["client"],
                server_logical_address=1,
                io=FramedIO(host="127.0.0.1", port=job["port"], timeout=TIMEOUT_S),
                timeout=TIMEOUT_S,
            ),
            authentication=authentication,
            client_system_title=bytes.fromhex(world["clientTitle"]),
            max_pdu_size=MAX_PDU,
            **keys,
        )

    def open(self):
        self.client.connect()
        self.client.associate()

    def close(self):
        self.client.release_association()
        self.client.disconnect()

    def drop(self):
        try:
            self.client.transport.io.disconnect()
        except OSError:
            pass

    def attribute(self, class_id, name, index):
        return cosem.CosemAttribute(
            interface=enumerations.CosemInterface(class_id), instance=self.obis(name), attribute=index
        )

    def obis(self, name):
        return cosem.Obis.from_string(self.facts["obis"][name])

    def read(self, class_id, name, index, selection=None):
        return utils.parse_as_dlms_data(self.client.get(self.attribute(class_id, name, index), selection))

    def set(self, class_id, name, index, value):
        answer = self.client.set(self.attribute(class_id, name, index), value.to_bytes())
        if getattr(answer, "result", None) != enumerations.DataAccessResult.SUCCESS:
            raise Refused(str(answer))

    def call(self, class_id, name, method, value):
        target = cosem.CosemMethod(enumerations.CosemInterface(class_id), self.obis(name), method)
        self.client.action(target, value.to_bytes())


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return [plain(each) for each in value]
    return str(value)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def iso(stamp):
    """Of the twelve bytes of a time stamp."""
    at, _ = time.datetime_from_bytes(bytes(stamp))
    return at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def refused(attempt):
    try:
        attempt()
    except Exception:  # The library has no one error for what a meter refuses.
        return "refused"
    return "accepted"


def op_get(session):
    values = []
    for name in ("energy", "voltage"):
        values.append(plain(session.read(3, name, 2)))
        values.extend(plain(session.read(3, name, 3)))
    values.append(plain(session.read(3, "large", 2)))
    values.append(refused(lambda: session.read(3, "missing", 2)))
    return values


def op_list(session):
    wanted = [(3, "energy"), (3, "voltage"), (1, "writable")]
    answer = session.client.get_many(
        [CosemAttributeWithSelection(session.attribute(class_id, name, 2), None) for class_id, name in wanted]
    )
    if not isinstance(answer, xdlms.GetResponseWithList):
        raise Refused(str(answer))
    return [plain(each.value) for each in answer.response_data]


def op_block(session):
    return plain(session.read(1, "long", 2))


def op_set(session):
    before = session.read(1, "writable", 2)
    value = dlms_data.DoubleLongUnsignedData(session.facts["written"])
    session.set(1, "writable", 2, value)
    return [
        plain(before),
        plain(session.read(1, "writable", 2)),
        refused(lambda: session.set(3, "energy", 2, value)),
    ]


def op_action(session):
    before = session.read(3, "resettable", 2)
    session.call(9, "scripts", 1, dlms_data.UnsignedLongData(1))
    return [plain(before), plain(session.read(3, "resettable", 2))]


def op_range(session):
    limits = session.facts["range"]
    rows = session.read(
        7,
        "profile",
        2,
        RangeDescriptor(
            restricting_object=CaptureObject(session.attribute(8, "clock", 2)),
            from_value=moment(limits["from"]),
            to_value=moment(limits["to"]),
        ),
    )
    return [[iso(at), *plain(cells)] for at, *cells in rows]


def op_clock(session):
    before = iso(session.read(8, "clock", 2))
    stamp = time.datetime_to_bytes(moment(session.facts["clockAfter"]))
    session.set(8, "clock", 2, dlms_data.OctetStringData(stamp))
    return [before, iso(session.read(8, "clock", 2))]


def op_relay(session):
    states = []
    for method in (1, 2):
        session.call(70, "relay", method, dlms_data.IntegerData(0))
        states.append(plain(session.read(70, "relay", 2)))
    return states


def op_image(session):
    image = bytes.fromhex(session.facts["image"])
    size = session.read(18, "image", 2)
    name = session.facts["imageName"].encode()
    number_of = dlms_data.DoubleLongUnsignedData
    session.call(
        18,
        "image",
        1,
        dlms_data.DataStructure([dlms_data.OctetStringData(name), number_of(len(image))]),
    )
    for number, start in enumerate(range(0, len(image), size)):
        block = dlms_data.OctetStringData(image[start : start + size])
        session.call(18, "image", 2, dlms_data.DataStructure([number_of(number), block]))
    missing = session.read(18, "image", 4)
    for method in (3, 4):
        session.call(18, "image", method, dlms_data.IntegerData(0))
    return [plain(session.read(18, "image", 6)), plain(missing)]


OPERATIONS = {
    "get": op_get,
    "list": op_list,
    "block": op_block,
    "set": op_set,
    "action": op_action,
    "range": op_range,
    "clock": op_clock,
    "relay": op_relay,
    "image": op_image,
}


def wrong_secret(world, job, kind):
    session = Session(world, job, kind, wrong=True)
    outcome = refused(session.open)
    session.drop()
    return outcome


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
            results[name] = {"value": OPERATIONS[name](session)}
        except Exception as error:  # What one operation ends with must not end the others.
            place = traceback.extract_tb(error.__traceback__)[-1]
            results[name] = {"error": f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})"}
            if session is not None:
                session.drop()
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
