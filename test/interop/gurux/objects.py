"""The objects of the test meter: attribute values as A-XDR bytes made by the Gurux library."""

import datetime

from gurux_dlms import GXByteBuffer
from gurux_dlms.enums import DataType
from gurux_dlms.internal._GXCommon import _GXCommon

CLOCK = (8, "0.0.1.0.0.255")
PROFILE = (7, "1.0.99.1.0.255")
RELAY = (70, "0.0.96.3.10.255")
SCRIPTS = (9, "0.0.10.0.100.255")
RESETTABLE = (3, "1.0.1.8.1.255")
IMAGE = (18, "0.0.44.0.0.255")
ASSOCIATION = (15, "0.0.40.0.0.255")
ASSOCIATION_SHORT_NAME = 0xFA00
REPLY_TO_HLS = 8
# Where the methods of a class begin, seen from the base name (Blue Book, short names of each class).
METHOD_OFFSETS = {3: 0x28, 7: 0x58, 8: 0x60, 9: 0x20, 12: 0x20, 18: 0x40, 70: 0x20}
FIRST_BASE_NAME, BASE_NAME_SPACING = 0x1000, 0x100

PROFILE_START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
PROFILE_ROWS = 288
PROFILE_PERIOD = datetime.timedelta(minutes=15)
PROFILE_BUFFER = 2

SUCCESS = 0
TEMPORARY_FAILURE = 2
READ_WRITE_DENIED = 3
OBJECT_UNDEFINED = 4
TYPE_UNMATCHED = 12
OTHER_REASON = 250


def encode(data_type, value):
    """One A-XDR value."""
    buffer = GXByteBuffer()
    _GXCommon.setData(None, buffer, data_type, value)
    return bytes(buffer.array())


def octets(value):
    return encode(DataType.OCTET_STRING, bytearray(value))


def name(obis):
    return octets(bytes(int(group) for group in obis.split(".")))


def container(tag, elements):
    buffer = GXByteBuffer()
    buffer.setUInt8(tag)
    _GXCommon.setObjectCount(len(elements), buffer)
    return bytes(buffer.array()) + b"".join(elements)


def structure(*elements):
    return container(DataType.STRUCTURE, elements)


def array(elements):
    return container(DataType.ARRAY, elements)


def scaler_unit(scaler, unit):
    return structure(encode(DataType.INT8, scaler), encode(DataType.ENUM, unit))


def stamp(moment):
    """Twelve bytes of a UTC time stamp with every field specified."""
    return (
        moment.year.to_bytes(2, "big")
        + bytes([moment.month, moment.day, moment.isoweekday(), moment.hour, moment.minute, moment.second, 0])
        + (0).to_bytes(2, "big")
        + b"\x00"
    )


def capture_object(class_id, obis, attribute):
    return structure(
        encode(DataType.UINT16, class_id),
        name(obis),
        encode(DataType.INT8, attribute),
        encode(DataType.UINT16, 0),
    )


class Meter:
    """
    Attributes by (class, logical name, attribute); `get`, `set` and `act` answer with a result code. By short name,
    attributes stand eight apart from the base name on.
    """

    def __init__(self, facts):
        self.wanted_image = bytes.fromhex(facts["image"])
        self.block_size = facts["imageBlock"]
        self.image_name = self.image = b""
        self.missing = set()
        self.rows = [
            (
                PROFILE_START + row * PROFILE_PERIOD,
                1_000_000 + 250 * row,
                0x80 if row % 96 == 4 else 0,
            )
            for row in range(PROFILE_ROWS)
        ]
        columns = [
            (8, "0.0.1.0.0.255", 2),
            (3, "1.0.1.8.0.255", 2),
            (1, "0.0.96.10.1.255", 2),
        ]
        u16, u32 = DataType.UINT16, DataType.UINT32
        self.values = {
            (1, "0.0.42.0.0.255", 2): octets(b"GXDLMS0000000001"),
            (1, "0.0.96.1.0.255", 2): octets(b"GX000001"),
            (1, "0.0.96.1.10.255", 2): encode(u32, 7),
            (1, "0.0.96.1.20.255", 2): octets(bytes(i % 251 for i in range(3000))),
            (1, "0.0.96.10.1.255", 2): encode(DataType.UINT8, 0),
            (3, "1.0.1.8.0.255", 2): encode(u32, 123456),
            (3, "1.0.1.8.0.255", 3): scaler_unit(0, 30),
            (3, "1.0.32.7.0.255", 2): encode(u16, 2301),
            (3, "1.0.32.7.0.255", 3): scaler_unit(-1, 35),
            (3, "1.0.2.8.0.255", 2): encode(DataType.UINT64, 2**62 + 5),
            (3, "1.0.2.8.0.255", 3): scaler_unit(-3, 30),
            (4, "1.0.1.6.0.255", 2): encode(u32, 4321),
            (4, "1.0.1.6.0.255", 3): scaler_unit(0, 27),
            (4, "1.0.1.6.0.255", 4): encode(DataType.UINT8, 1),
            (4, "1.0.1.6.0.255", 5): octets(stamp(datetime.datetime(2026, 1, 2, 18, 30))),
            (8, "0.0.1.0.0.255", 2): octets(stamp(datetime.datetime(2026, 2, 3, 4, 5, 6))),
            (8, "0.0.1.0.0.255", 3): encode(DataType.INT16, 0),
            (8, "0.0.1.0.0.255", 4): encode(DataType.UINT8, 0),
            (7, "1.0.99.1.0.255", 3): array([capture_object(*column) for column in columns]),
            (7, "1.0.99.1.0.255", 4): encode(u32, 900),
            (7, "1.0.99.1.0.255", 5): encode(DataType.ENUM, 1),
            (7, "1.0.99.1.0.255", 6): capture_object(*columns[0]),
            (7, "1.0.99.1.0.255", 7): encode(u32, PROFILE_ROWS),
            (7, "1.0.99.1.0.255", 8): encode(u32, 2 * PROFILE_ROWS),
            (70, "0.0.96.3.10.255", 2): encode(DataType.BOOLEAN, True),
            (70, "0.0.96.3.10.255", 3): encode(DataType.ENUM, 1),
            (70, "0.0.96.3.10.255", 4): encode(DataType.ENUM, 4),
            (*SCRIPTS, 2): array([]),
            (*RESETTABLE, 2): encode(u32, 77),
            (*RESETTABLE, 3): scaler_unit(0, 30),
            (*IMAGE, 2): encode(u32, self.block_size),
            (*IMAGE, 5): encode(DataType.BOOLEAN, True),
        }
        self.show_image(0)
        objects = sorted({key[:2] for key in self.values} | {ASSOCIATION})
        self.base_names = {
            FIRST_BASE_NAME + i * BASE_NAME_SPACING: entry for i, entry in enumerate(objects) if entry != ASSOCIATION
        }
        self.base_names[ASSOCIATION_SHORT_NAME] = (12, ASSOCIATION[1])
        self.values[(12, ASSOCIATION[1], 2)] = array(
            [self.short_entry(base, *entry) for base, entry in sorted(self.base_names.items())]
        )
        self.values[(*ASSOCIATION, 2)] = array([self.list_entry(*entry) for entry in objects])
        for class_id, obis in objects:
            self.values[(class_id, obis, 1)] = name(obis)

    WRITABLE = {(1, "0.0.96.1.10.255", 2), (8, "0.0.1.0.0.255", 2)}

    @staticmethod
    def list_entry(class_id, obis):
        """Class, version, logical name and empty access rights, as in the object list of class 15."""
        return structure(
            encode(DataType.UINT16, class_id),
            encode(DataType.UINT8, 1 if class_id in (7, 15) else 0),
            name(obis),
            structure(array([]), array([])),
        )

    @staticmethod
    def short_entry(base_name, class_id, obis):
        """Base name, class, version and logical name, as in the object list of class 12."""
        return structure(
            encode(DataType.INT16, base_name - 0x10000 if base_name >= 0x8000 else base_name),
            encode(DataType.UINT16, class_id),
            encode(DataType.UINT8, 1 if class_id in (7, 12) else 0),
            name(obis),
        )

    def named(self, short_name):
        """("attribute" or "method", key) of a short name; the key is None when nothing has this name."""
        for base, (class_id, obis) in self.base_names.items():
            offset = short_name - base
            if not 0 <= offset < BASE_NAME_SPACING or offset % 8:
                continue
            methods = METHOD_OFFSETS.get(class_id, BASE_NAME_SPACING)
            if offset >= methods:
                return "method", (class_id, obis, (offset - methods) // 8 + 1)
            return "attribute", (class_id, obis, offset // 8 + 1)
        return "attribute", None

    def get(self, key, selector, parameters):
        if key == (*PROFILE, PROFILE_BUFFER):
            rows = self.select(selector, parameters)
            return (OTHER_REASON, b"") if rows is None else (SUCCESS, self.buffer(rows))
        value = self.values.get(key)
        return (OBJECT_UNDEFINED, b"") if value is None else (SUCCESS, value)

    def select(self, selector, parameters):
        if selector == 0:
            return self.rows
        if selector == 1:
            first, last = (self.moment(bytes(parameters[i])) for i in (1, 2))
            return [row for row in self.rows if first <= row[0] <= last]
        if selector == 2:
            first, last = parameters[0], parameters[1] or len(self.rows)
            return self.rows[max(first, 1) - 1 : last]
        return None

    @staticmethod
    def moment(octet_string):
        """UTC of twelve bytes; an unspecified deviation counts as UTC."""
        year = int.from_bytes(octet_string[0:2], "big")
        month, day = octet_string[2:4]
        hour, minute, second = (0 if part == 0xFF else part for part in octet_string[5:8])
        deviation = int.from_bytes(octet_string[9:11], "big", signed=True)
        local = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.timezone.utc)
        return local + datetime.timedelta(minutes=0 if deviation == -0x8000 else deviation)

    @staticmethod
    def buffer(rows):
        return array(
            [
                structure(octets(stamp(at)), encode(DataType.UINT32, energy), encode(DataType.UINT8, status))
                for at, energy, status in rows
            ]
        )

    def set(self, key, encoded):
        if key not in self.values:
            return OBJECT_UNDEFINED
        if key not in self.WRITABLE:
            return READ_WRITE_DENIED
        if encoded[:1] != self.values[key][:1]:
            return TYPE_UNMATCHED
        self.values[key] = bytes(encoded)
        return SUCCESS

    def act(self, key, parameter):
        if key[:2] == RELAY and key[2] in (1, 2):
            connected = key[2] == 2
            self.values[(*RELAY, 2)] = encode(DataType.BOOLEAN, connected)
            self.values[(*RELAY, 3)] = encode(DataType.ENUM, 1 if connected else 0)
            return SUCCESS
        if key == (*SCRIPTS, 1):
            if parameter != 1:
                return OTHER_REASON
            self.values[(*RESETTABLE, 2)] = encode(DataType.UINT32, 0)
            return SUCCESS
        if key[:2] == IMAGE:
            return self.transfer(key[2], parameter)
        return OBJECT_UNDEFINED

    # Image transfer. Verification and activation take their time: a client that polls finds them done.

    def transfer(self, method, parameter):
        if method == 1:
            self.image_name, size = bytes(parameter[0]), int(parameter[1])
            self.image = bytearray(size)
            self.missing = set(range((size + self.block_size - 1) // self.block_size))
            self.show_image(1)
            return SUCCESS
        if method == 2:
            number, block = int(parameter[0]), bytes(parameter[1])
            start = number * self.block_size
            self.image[start : start + len(block)] = block
            self.missing.discard(number)
            self.show_image(1)
            return SUCCESS
        if method == 3 and not self.missing:
            self.show_image(3 if bytes(self.image) == self.wanted_image else 4)
            return TEMPORARY_FAILURE
        if method == 4:
            self.show_image(6)
            return TEMPORARY_FAILURE
        return OTHER_REASON

    def show_image(self, status):
        blocks = (len(self.image) + self.block_size - 1) // self.block_size
        bits = "".join("0" if block in self.missing else "1" for block in range(blocks))
        self.values[(*IMAGE, 3)] = encode(DataType.BITSTRING, bits)
        self.values[(*IMAGE, 4)] = encode(DataType.UINT32, min(self.missing, default=blocks))
        self.values[(*IMAGE, 6)] = encode(DataType.ENUM, status)
        entry = structure(encode(DataType.UINT32, len(self.image)), octets(self.image_name), octets(b""))
        self.values[(*IMAGE, 7)] = array([entry] if status in (3, 6) else [])
