import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.openmuc.jdlms.datatypes.BitString;
import org.openmuc.jdlms.datatypes.DataObject;

/** DLMS values as the test compares them, and times as twelve bytes. */
final class Values {
    private Values() {
    }

    /** Numbers and truth values as text, octet-strings as hex, structures and arrays as lists. */
    static Object plain(DataObject data) {
        return switch (data.getType()) {
            case OCTET_STRING -> HexFormat.of().formatHex(data.<byte[]>getValue());
            case LONG64_UNSIGNED -> Long.toUnsignedString(data.<Number>getValue().longValue());
            case ARRAY, STRUCTURE -> data.<List<DataObject>>getValue().stream().map(Values::plain).toList();
            case BIT_STRING -> HexFormat.of().formatHex(data.<BitString>getValue().getBitString());
            default -> String.valueOf(data.getRawValue());
        };
    }

    static byte[] nameBytes(String obis) {
        byte[] bytes = new byte[6];
        String[] groups = obis.split("\\.");
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(groups[i]);
        }
        return bytes;
    }

    /** Every field specified, in UTC. */
    static byte[] stamp(Instant instant) {
        OffsetDateTime at = instant.atOffset(ZoneOffset.UTC);
        return ByteBuffer.allocate(12).putShort((short) at.getYear()).put((byte) at.getMonthValue())
                .put((byte) at.getDayOfMonth()).put((byte) at.getDayOfWeek().getValue()).put((byte) at.getHour())
                .put((byte) at.getMinute()).put((byte) at.getSecond()).put((byte) 0).putShort((short) 0).put((byte) 0)
                .array();
    }

    /** A deviation that is not specified counts as UTC. */
    static Instant instantOf(byte[] stamp) {
        ByteBuffer bytes = ByteBuffer.wrap(stamp);
        int deviation = bytes.getShort(9);
        OffsetDateTime local = OffsetDateTime.of(bytes.getShort(0), bytes.get(2), bytes.get(3), bytes.get(5),
                bytes.get(6), bytes.get(7), 0, ZoneOffset.UTC);
        return local.plusMinutes(deviation == Short.MIN_VALUE ? 0 : deviation).toInstant();
    }

    static String isoOf(byte[] stamp) {
        return instantOf(Arrays.copyOf(stamp, 12)).toString();
    }
}
