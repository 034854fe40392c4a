"""
A head-end made of the Gurux client: it looks up the logical devices of a concentrator and, of each meter that is asked for, reads a
profile by range and a live register and works the relay, an association each. Reads one job from standard input, answers with
one line.
"""

import json
import sys

from client import ANSWERS, Session, moment, plain
from gurux_dlms.objects import (
    GXDLMSData,
    GXDLMSDisconnectControl,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
    GXDLMSSapAssignment,
)

MANAGEMENT = 1
COUNTER = {"next": 1}


def associated(job, sap):
    """The counter of the head-end's key goes on from one association to the next."""
    session = Session(job["world"], {"framing": "wrapper", "referencing": "ln", "port": job["port"]}, job["kind"])
    session.client.serverAddress = sap
    session.client.ciphering.invocationCounter = COUNTER["next"]
    session.open()
    return session


def released(session):
    session.close()
    COUNTER["next"] = session.client.ciphering.invocationCounter + 1


def sap_list(job):
    session = associated(job, MANAGEMENT)
    assignment = session.object(GXDLMSSapAssignment, "0.0.41.0.0.255")
    session.read(assignment, 2)
    released(session)
    entries = ((item.key, item.value) if hasattr(item, "key") else item for item in assignment.sapAssignmentList)
    return {name if isinstance(name, str) else bytes(name).decode(): sap for sap, name in entries}


def meter(job, sap, wanted):
    session = associated(job, sap)
    name = session.read(session.object(GXDLMSData, "0.0.42.0.0.255"), 2)
    register = session.object(GXDLMSRegister, wanted["register"])
    session.read(register, 3)
    profile = session.object(GXDLMSProfileGeneric, wanted["profile"])
    session.read(profile, 3)
    frames = session.client.readRowsByRange(profile, moment(wanted["from"]), moment(wanted["to"]))
    rows = session.rows(profile, frames)
    live = live_register(session, wanted["live"])
    states = relay(session, wanted["relay"])
    released(session)
    text = name if isinstance(name, str) else bytes(name).decode()
    return {"name": text, "unit": int(register.unit), "rows": rows, "live": live, "relay": states}


def live_register(session, obis):
    """Raw value and unit; the library scales what it has read the scaler of, so another object has the value."""
    register = session.object(GXDLMSRegister, obis)
    session.read(register, 3)
    return [plain(session.read(session.object(GXDLMSRegister, obis), 2)), int(register.unit)]


def relay(session, obis):
    control = session.object(GXDLMSDisconnectControl, obis)
    states = []
    for switch in (control.remoteDisconnect, control.remoteReconnect):
        session.exchange(switch(session.client))
        states.append(plain(bool(session.read(control, 2))))
    return states


def main():
    job = json.loads(sys.stdin.readline())
    COUNTER["next"] = job["counter"]
    saps = sap_list(job)
    meters = {number: meter(job, saps[number], job["wanted"]) for number in job["meters"]}
    print(json.dumps({"saps": saps, "meters": meters}), file=ANSWERS, flush=True)


main()
