"""
A head-end made of the Gurux client that talks to a meter itself: through the gateway of a concentrator when the job names a
physical device address, else on the meter's own port. Reads one job from standard input, answers with one line.
"""

import json
import sys

from client import ANSWERS, Session, plain
from gurux_dlms import GXDLMSGateway
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.objects import GXDLMSData, GXDLMSRegister


GATEWAY_REQUEST = 0xE6
ENCIPHER = GXDLMS.cipher0


def encipher_behind_prefix(parameters, data):
    """The library enciphers its gateway prefix along with the request; the prefix stands in front of what is ciphered."""
    plain_text = bytes(data.array() if hasattr(data, "array") else data)
    end = 3 + plain_text[2] if plain_text[0] == GATEWAY_REQUEST else 0
    return bytearray(plain_text[:end]) + bytearray(ENCIPHER(parameters, bytearray(plain_text[end:])))


def main():
    GXDLMS.cipher0 = staticmethod(encipher_behind_prefix)
    job = json.loads(sys.stdin.readline())
    session = Session(job["world"], {"framing": "wrapper", "referencing": "ln", "port": job["port"]}, job["kind"])
    session.client.serverAddress = job["server"]
    session.client.ciphering.invocationCounter = job["counter"]
    if job.get("gateway"):
        gateway = GXDLMSGateway()
        gateway.networkId = job["gateway"]["networkId"]
        gateway.physicalDeviceAddress = bytearray.fromhex(job["gateway"]["address"])
        session.client.gateway = gateway
    session.open()
    name = session.read(session.object(GXDLMSData, "0.0.42.0.0.255"), 2)
    value = session.read(session.object(GXDLMSRegister, job["register"]), 2)
    session.close()
    text = name if isinstance(name, str) else bytes(name).decode()
    print(json.dumps({"name": text, "value": plain(value)}), file=ANSWERS, flush=True)


main()
