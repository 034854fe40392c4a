"""
A head-end made of the Gurux client that sets the clock of a concentrator, changes its settings and its meter list, and
reads how it communicates, all over one association. Reads one job from standard input, answers with one line: for each
operation what it brought, or the error it ended with.
"""

import json
import sys
import traceback

from client import ANSWERS, Session, moment, plain
from gurux_dlms import GXByteBuffer, GXDateTime
from gurux_dlms.enums import DataType
from gurux_dlms.objects import (
    GXDLMSAutoConnect,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSGprsSetup,
    GXDLMSGSMDiagnostic,
    GXDLMSIp4Setup,
    GXDLMSMacAddressSetup,
    GXDLMSTcpUdpSetup,
)

CLOCK = "0.0.1.0.0.255"
METERS, ARCHIVE = "0.128.96.1.0.255", "0.128.96.1.1.255"
SETTINGS = "0.128.96.2.0.255"
REFUSAL = "0.128.96.10.0.255"


def text(value):
    """Octets are text here, whatever string type they came in."""
    return bytes(value).decode() if isinstance(value, (bytes, bytearray)) else str(value)


def structure(*cells):
    """A structure of strings and of lists of such structures, as A-XDR."""
    out = GXByteBuffer()
    out.setUInt8(DataType.STRUCTURE)
    out.setUInt8(len(cells))
    for cell in cells:
        if isinstance(cell, str):
            out.setUInt8(DataType.STRING_UTF8)
            out.setUInt8(len(cell.encode()))
            out.set(cell.encode())
        else:
            out.set(rows(*cell).array())
    return out


def rows(*each):
    out = GXByteBuffer()
    out.setUInt8(DataType.ARRAY)
    out.setUInt8(len(each))
    for row in each:
        out.set(structure(*row).array())
    return out


def written(session, obis, row):
    target = session.object(GXDLMSData, obis)
    target.value = row.array()
    target.setDataType(2, DataType.STRUCTURE)
    return session.client.write(target, 2)


def clock_set(session, job):
    clock = session.object(GXDLMSClock, CLOCK)
    session.read(clock, 2)
    before = plain(clock.time)
    clock.time = GXDateTime(moment(job["clock"]))
    session.exchange(session.client.write(clock, 2))
    session.read(clock, 2)
    after = plain(clock.time)
    status = plain(session.read(session.object(GXDLMSClock, CLOCK), 4))
    session.exchange(clock.shiftTime(session.client, job["shift"]))
    session.read(clock, 2)
    shifted = plain(clock.time)
    past = session.object(GXDLMSClock, CLOCK)
    past.time = GXDateTime(moment("1999-12-31T23:59:59Z"))
    return [before, after, status, shifted, session.refuses(session.client.write(past, 2))]


def settings(session, job):
    def shown():
        return {text(key): None if value is None else text(value) for key, value, _ in listed(session, SETTINGS)}

    before = shown()
    session.exchange(written(session, SETTINGS, structure(*job["setting"])))
    after = shown()
    refused = session.refuses(written(session, SETTINGS, structure(job["setting"][0], "much")))
    why = session.read(session.object(GXDLMSData, REFUSAL), 2)
    return [before, after, refused, [text(message) for _, _, message in why[2]]]


def listed(session, obis):
    return session.read(session.object(GXDLMSData, obis), 2)


def meter_list(session, job):
    session.exchange(written(session, ARCHIVE, structure(job["meter"], list(job["columns"].items()))))
    return [[int(row[0]), text(row[1]), text(row[2])] for row in listed(session, METERS)]


def communication(session, job):
    ipv4 = session.object(GXDLMSIp4Setup, "0.0.25.1.0.255")
    session.read(ipv4, 3)
    session.read(ipv4, 6)
    mac = session.object(GXDLMSMacAddressSetup, "0.0.25.2.0.255")
    session.read(mac, 2)
    tcp = session.object(GXDLMSTcpUdpSetup, "0.0.25.0.0.255")
    session.read(tcp, 2)
    gprs = session.object(GXDLMSGprsSetup, "0.0.25.4.0.255")
    gprs.apn = job["apn"]
    session.exchange(session.client.write(gprs, 2))
    modem = session.object(GXDLMSGSMDiagnostic, "0.0.25.6.0.255")
    session.read(modem, 3)
    dials = session.object(GXDLMSAutoConnect, "0.0.2.1.0.255")
    dials.version = 2
    session.read(dials, 6)
    return {
        "address": ipv4.ipAddress,
        "netmask": ipv4.subnetMask,
        "mac": mac.macAddress,
        "port": int(tcp.port),
        "modem": int(modem.status),
        "destinations": [text(one) for one in dials.destinations],
    }


OPERATIONS = {
    "clock set": clock_set,
    "settings": settings,
    "meter list": meter_list,
    "communication": communication,
}


def main():
    job = json.loads(sys.stdin.readline())
    kind = {"framing": "wrapper", "referencing": "ln", "port": job["port"]}
    session = Session(job["world"], kind, job["kind"])
    session.open()
    told = {}
    for name, operation in OPERATIONS.items():
        try:
            told[name] = {"value": operation(session, job)}
        except Exception as error:  # What one operation ends with must not end the others.
            place = traceback.extract_tb(error.__traceback__)[-1]
            told[name] = {"error": f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})"}
    session.close()
    print(json.dumps(told), file=ANSWERS, flush=True)


main()
