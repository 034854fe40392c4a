"""
A head-end made of the Gurux client that changes its keys at a concentrator, and that is locked out after failed
authentications until another channel lets it in again. Reads one job from standard input, answers with one line.
"""

import json
import sys

from client import ANSWERS, Refused, Session
from gurux_dlms.enums import DataType
from gurux_dlms.GXDLMSConfirmedServiceError import GXDLMSConfirmedServiceError
from gurux_dlms.GXDLMSException import GXDLMSException
from gurux_dlms.GXDLMSExceptionResponse import GXDLMSExceptionResponse
from gurux_dlms.objects import GXDLMSCommunicationPortProtection, GXDLMSSapAssignment, GXDLMSSecuritySetup
from gurux_dlms.objects.enums import GlobalKeyType

# How the library, or the socket, says that one is not let in.
NOT_IN = (
    Refused,
    OSError,
    GXDLMSException,
    GXDLMSExceptionResponse,
    GXDLMSConfirmedServiceError,
)
# The counters of each key begin anew with it.
COUNTERS = {}


def session_at(job, port, kind, wrong=False):
    session = Session(job["world"], {"framing": "wrapper", "referencing": "ln", "port": port}, kind, wrong)
    if kind["suite"] is not None:
        session.client.ciphering.invocationCounter = COUNTERS.get(kind["encryptionKey"], 1)
    return session


def opened(job, port, kind, wrong=False):
    session = session_at(job, port, kind, wrong)
    try:
        session.open()
    except Exception:
        session.stream.close()
        raise
    return session


def released(session, kind):
    session.close()
    if kind["suite"] is not None:
        COUNTERS[kind["encryptionKey"]] = session.client.ciphering.invocationCounter + 1


def is_in(job, port, kind, wrong=False):
    try:
        session = opened(job, port, kind, wrong)
    except NOT_IN:
        return False
    released(session, kind)
    return True


def devices(session):
    assignment = session.object(GXDLMSSapAssignment, "0.0.41.0.0.255")
    session.read(assignment, 2)
    return len(assignment.sapAssignmentList)


def key_changed(job):
    """Devices listed before, over the same association under the new keys, and over a new one; then the old keys."""
    old, new = job["kind"], job["renewed"]
    session = opened(job, job["port"], old)
    setup = session.object(GXDLMSSecuritySetup, "0.0.43.0.0.255")
    session.read(setup, 2)
    before = devices(session)
    fresh = {name: bytearray.fromhex(new[name]) for name in ("encryptionKey", "authenticationKey")}
    keys = [
        (GlobalKeyType.UNICAST_ENCRYPTION, fresh["encryptionKey"]),
        (GlobalKeyType.AUTHENTICATION, fresh["authenticationKey"]),
    ]
    session.exchange(setup.globalKeyTransfer(session.client, bytearray.fromhex(job["masterKey"]), keys))
    session.client.ciphering.blockCipherKey = fresh["encryptionKey"]
    session.client.ciphering.authenticationKey = fresh["authenticationKey"]
    session.client.ciphering.invocationCounter = 1
    within = devices(session)
    released(session, new)
    session = opened(job, job["port"], new)
    after = devices(session)
    released(session, new)
    COUNTERS[old["encryptionKey"]] = 1000
    return {
        "policy": int(setup.securityPolicy),
        "devices": [before, within, after],
        "old": is_in(job, job["port"], old),
    }


def port_state(session, port):
    for attribute in (8, 9, 10):
        session.read(port, attribute)
    return [int(port.protectionStatus), int(port.failedAttempts), int(port.cumulativeFailedAttempts)]


def locked_out(job):
    """State of the port before, when it is locked and when it was reset; and who is let in at each time."""
    tool = opened(job, job["toolPort"], job["tool"])
    port = tool.object(GXDLMSCommunicationPortProtection, "0.0.44.2.0.255")
    states = [port_state(tool, port)]
    tries = 0
    while tries < job["attempts"]:
        if is_in(job, job["port"], job["kind"], wrong=True):
            break
        tries += 1
    locked = is_in(job, job["port"], job["kind"])
    states.append(port_state(tool, port))
    # The library's own call of the reset leaves out the type of its parameter.
    tool.exchange(tool.client.method(port, 1, 0, DataType.INT8))
    states.append(port_state(tool, port))
    unlocked = is_in(job, job["port"], job["kind"])
    released(tool, job["tool"])
    return {"states": states, "tries": tries, "whileLocked": locked, "afterReset": unlocked}


WORK = {"key changed": key_changed, "locked out": locked_out}


def main():
    job = json.loads(sys.stdin.readline())
    print(json.dumps(WORK[job["work"]](job)), file=ANSWERS, flush=True)


main()
