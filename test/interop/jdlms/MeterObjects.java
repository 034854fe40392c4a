import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.openmuc.jdlms.AttributeAccessMode;
import org.openmuc.jdlms.CosemAttribute;
import org.openmuc.jdlms.CosemClass;
import org.openmuc.jdlms.CosemInterfaceObject;
import org.openmuc.jdlms.CosemMethod;
import org.openmuc.jdlms.CosemSnInterfaceObject;
import org.openmuc.jdlms.IllegalAttributeAccessException;
import org.openmuc.jdlms.IllegalMethodAccessException;
import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.MethodResultCode;
import org.openmuc.jdlms.SelectiveAccessDescription;
import org.openmuc.jdlms.datatypes.BitString;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.datatypes.DataObject.Type;

/** The objects of the test meter. jDLMS finds attributes and methods by annotation, in the class itself only. */
final class MeterObjects {
    private static final int ROWS = 288;
    private static final long PERIOD_S = 900;
    private static final int SPACING = 0x100;

    private MeterObjects() {
    }

    /** New objects, as they are at the beginning; base names are handed out in order. */
    static CosemInterfaceObject[] all(Json.Fields facts) {
        Json.Fields obis = facts.fields("obis");
        int[] name = { 0x1000 };
        java.util.function.IntSupplier next = () -> name[0] += SPACING;
        byte[] longValue = new byte[3000];
        for (int i = 0; i < longValue.length; i++) {
            longValue[i] = (byte) (i % 251);
        }
        Register resettable = new Register(next.getAsInt(), obis.text("resettable"), DataObject.newUInteger32Data(77),
                0, 30);
        return new CosemInterfaceObject[] {
                new Data(next.getAsInt(), obis.text("writable"), DataObject.newUInteger32Data(7)),
                new Data(next.getAsInt(), obis.text("long"), DataObject.newOctetStringData(longValue)),
                new Data(next.getAsInt(), obis.text("status"), DataObject.newUInteger8Data((short) 0)),
                new Register(next.getAsInt(), obis.text("energy"), DataObject.newUInteger32Data(123456), 0, 30),
                new Register(next.getAsInt(), obis.text("voltage"), DataObject.newUInteger16Data(2301), -1, 35),
                new Register(next.getAsInt(), obis.text("large"), DataObject.newUInteger64Data((1L << 62) + 5), -3, 30),
                resettable, new ScriptTable(next.getAsInt(), obis.text("scripts"), resettable),
                new Clock(next.getAsInt(), obis.text("clock"), Instant.parse(facts.text("clockBefore"))),
                new Profile(next.getAsInt(), obis), new Relay(next.getAsInt(), obis.text("relay")),
                new Image(next.getAsInt(), obis.text("image"), facts) };
    }

    @CosemClass(id = 1, version = 0)
    public static final class Data extends CosemSnInterfaceObject {
        @CosemAttribute(id = 2, snOffset = 0x08)
        private DataObject value;

        Data(int baseName, String obis, DataObject value) {
            super(baseName, obis);
            this.value = value;
        }
    }

    @CosemClass(id = 3, version = 0)
    public static final class Register extends CosemSnInterfaceObject {
        @CosemAttribute(id = 2, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x08)
        private DataObject value;
        @CosemAttribute(id = 3, accessMode = AttributeAccessMode.READ_ONLY, type = Type.STRUCTURE, snOffset = 0x10)
        private final DataObject scalerUnit;

        Register(int baseName, String obis, DataObject value, int scaler, int unit) {
            super(baseName, obis);
            this.value = value;
            this.scalerUnit = DataObject.newStructureData(DataObject.newInteger8Data((byte) scaler),
                    DataObject.newEnumerateData(unit));
        }

        @CosemMethod(id = 1, consumes = Type.INTEGER, snOffset = 0x28)
        public void reset(DataObject parameter) throws IllegalMethodAccessException {
            value = DataObject.newUInteger32Data(0);
        }
    }

    @CosemClass(id = 9, version = 0)
    public static final class ScriptTable extends CosemSnInterfaceObject {
        @CosemAttribute(id = 2, accessMode = AttributeAccessMode.READ_ONLY, type = Type.ARRAY, snOffset = 0x08)
        private final DataObject scripts = DataObject.newArrayData(new ArrayList<>());
        private final Register target;

        ScriptTable(int baseName, String obis, Register target) {
            super(baseName, obis);
            this.target = target;
        }

        @CosemMethod(id = 1, consumes = Type.LONG_UNSIGNED, snOffset = 0x20)
        public void execute(DataObject script) throws IllegalMethodAccessException {
            if (script.<Number>getValue().intValue() != 1) {
                throw new IllegalMethodAccessException(MethodResultCode.OBJECT_UNAVAILABLE);
            }
            target.reset(script);
        }
    }

    @CosemClass(id = 8, version = 0)
    public static final class Clock extends CosemSnInterfaceObject {
        @CosemAttribute(id = 2, type = Type.OCTET_STRING, snOffset = 0x08)
        private DataObject time;
        @CosemAttribute(id = 3, type = Type.LONG_INTEGER, snOffset = 0x10)
        private DataObject timeZone = DataObject.newInteger16Data((short) 0);
        @CosemAttribute(id = 4, accessMode = AttributeAccessMode.READ_ONLY, type = Type.UNSIGNED, snOffset = 0x18)
        private final DataObject status = DataObject.newUInteger8Data((short) 0);

        Clock(int baseName, String obis, Instant time) {
            super(baseName, obis);
            this.time = DataObject.newOctetStringData(Values.stamp(time));
        }
    }

    @CosemClass(id = 7, version = 1)
    public static final class Profile extends CosemSnInterfaceObject {
        private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
        @CosemAttribute(id = 2, accessMode = AttributeAccessMode.READ_ONLY, type = Type.ARRAY, selector = { 1,
                2 }, snOffset = 0x08)
        private DataObject buffer;
        @CosemAttribute(id = 3, accessMode = AttributeAccessMode.READ_ONLY, type = Type.ARRAY, snOffset = 0x10)
        private final DataObject captureObjects;
        @CosemAttribute(id = 4, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x18)
        private final DataObject capturePeriod = DataObject.newUInteger32Data(PERIOD_S);
        @CosemAttribute(id = 5, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x20)
        private final DataObject sortMethod = DataObject.newEnumerateData(1);
        @CosemAttribute(id = 6, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x28)
        private final DataObject sortObject;
        @CosemAttribute(id = 7, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x30)
        private final DataObject entriesInUse = DataObject.newUInteger32Data(ROWS);
        @CosemAttribute(id = 8, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x38)
        private final DataObject profileEntries = DataObject.newUInteger32Data(2L * ROWS);

        Profile(int baseName, Json.Fields obis) {
            super(baseName, obis.text("profile"));
            this.sortObject = column(8, obis.text("clock"));
            this.captureObjects = DataObject.newArrayData(List.of(column(8, obis.text("clock")),
                    column(3, obis.text("energy")), column(1, obis.text("status"))));
        }

        private static DataObject column(int classId, String obis) {
            return DataObject.newStructureData(DataObject.newUInteger16Data(classId),
                    DataObject.newOctetStringData(Values.nameBytes(obis)), DataObject.newInteger8Data((byte) 2),
                    DataObject.newUInteger16Data(0));
        }

        public DataObject getBuffer(SelectiveAccessDescription selection) throws IllegalAttributeAccessException {
            if (selection == null) {
                return rows(0, ROWS - 1);
            }
            List<DataObject> parameters = selection.getAccessParameter().getValue();
            if (selection.getAccessSelector() == 1) {
                long from = entry(parameters.get(1));
                long to = entry(parameters.get(2));
                return rows((int) from, (int) to);
            }
            if (selection.getAccessSelector() == 2) {
                int last = parameters.get(1).<Number>getValue().intValue();
                return rows(parameters.get(0).<Number>getValue().intValue() - 1, (last == 0 ? ROWS : last) - 1);
            }
            throw new IllegalAttributeAccessException(AccessResultCode.SCOPE_OF_ACCESS_VIOLATED);
        }

        /** The tests ask at whole periods. */
        private static long entry(DataObject time) {
            return (Values.instantOf(time.<byte[]>getValue()).getEpochSecond() - START.getEpochSecond()) / PERIOD_S;
        }

        private static DataObject rows(int first, int last) {
            List<DataObject> rows = new ArrayList<>();
            for (int row = Math.max(first, 0); row <= Math.min(last, ROWS - 1); row++) {
                rows.add(DataObject.newStructureData(
                        DataObject.newOctetStringData(Values.stamp(START.plusSeconds(row * PERIOD_S))),
                        DataObject.newUInteger32Data(1_000_000 + 250L * row),
                        DataObject.newUInteger8Data((short) (row % 96 == 4 ? 128 : 0))));
            }
            return DataObject.newArrayData(rows);
        }
    }

    @CosemClass(id = 70, version = 0)
    public static final class Relay extends CosemSnInterfaceObject {
        @CosemAttribute(id = 2, accessMode = AttributeAccessMode.READ_ONLY, type = Type.BOOLEAN, snOffset = 0x08)
        private DataObject outputState = DataObject.newBoolData(true);
        @CosemAttribute(id = 3, accessMode = AttributeAccessMode.READ_ONLY, type = Type.ENUMERATE, snOffset = 0x10)
        private DataObject controlState = DataObject.newEnumerateData(1);
        @CosemAttribute(id = 4, accessMode = AttributeAccessMode.READ_ONLY, type = Type.ENUMERATE, snOffset = 0x18)
        private final DataObject controlMode = DataObject.newEnumerateData(4);

        Relay(int baseName, String obis) {
            super(baseName, obis);
        }

        @CosemMethod(id = 1, consumes = Type.INTEGER, snOffset = 0x20)
        public void remoteDisconnect(DataObject parameter) throws IllegalMethodAccessException {
            switchTo(false);
        }

        @CosemMethod(id = 2, consumes = Type.INTEGER, snOffset = 0x28)
        public void remoteReconnect(DataObject parameter) throws IllegalMethodAccessException {
            switchTo(true);
        }

        private void switchTo(boolean connected) {
            outputState = DataObject.newBoolData(connected);
            controlState = DataObject.newEnumerateData(connected ? 1 : 0);
        }
    }

    @CosemClass(id = 18, version = 0)
    public static final class Image extends CosemSnInterfaceObject {
        @CosemAttribute(id = 2, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x08)
        private final DataObject blockSize;
        @CosemAttribute(id = 3, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x10)
        private DataObject blocksStatus;
        @CosemAttribute(id = 4, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x18)
        private DataObject firstMissing;
        @CosemAttribute(id = 5, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x20)
        private final DataObject enabled = DataObject.newBoolData(true);
        @CosemAttribute(id = 6, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x28)
        private DataObject status;
        @CosemAttribute(id = 7, accessMode = AttributeAccessMode.READ_ONLY, snOffset = 0x30)
        private DataObject ready;
        private final int bytesOfBlock;
        private final byte[] wanted;
        private byte[] name = {};
        private byte[] image = {};
        private boolean[] received = {};

        Image(int baseName, String obis, Json.Fields facts) {
            super(baseName, obis);
            bytesOfBlock = facts.number("imageBlock");
            wanted = facts.hex("image");
            blockSize = DataObject.newUInteger32Data(bytesOfBlock);
            show(0);
        }

        @CosemMethod(id = 1, consumes = Type.STRUCTURE, snOffset = 0x40)
        public void initiate(DataObject parameter) throws IllegalMethodAccessException {
            List<DataObject> fields = parameter.getValue();
            name = fields.get(0).getValue();
            image = new byte[fields.get(1).<Number>getValue().intValue()];
            received = new boolean[(image.length + bytesOfBlock - 1) / bytesOfBlock];
            show(1);
        }

        @CosemMethod(id = 2, consumes = Type.STRUCTURE, snOffset = 0x48)
        public void block(DataObject parameter) throws IllegalMethodAccessException {
            List<DataObject> fields = parameter.getValue();
            int number = fields.get(0).<Number>getValue().intValue();
            byte[] bytes = fields.get(1).getValue();
            System.arraycopy(bytes, 0, image, number * bytesOfBlock, bytes.length);
            received[number] = true;
            show(1);
        }

        @CosemMethod(id = 3, consumes = Type.INTEGER, snOffset = 0x50)
        public void verify(DataObject parameter) throws IllegalMethodAccessException {
            boolean good = Arrays.equals(image, wanted);
            show(good ? 3 : 4);
            if (!good) {
                throw new IllegalMethodAccessException(MethodResultCode.OTHER_REASON);
            }
        }

        @CosemMethod(id = 4, consumes = Type.INTEGER, snOffset = 0x58)
        public void activate(DataObject parameter) throws IllegalMethodAccessException {
            show(6);
        }

        private void show(int state) {
            int missing = 0;
            while (missing < received.length && received[missing]) {
                missing++;
            }
            byte[] bits = new byte[(received.length + 7) / 8];
            for (int i = 0; i < received.length; i++) {
                bits[i / 8] |= (byte) (received[i] ? 0x80 >> i % 8 : 0);
            }
            blocksStatus = DataObject.newBitStringData(new BitString(bits, received.length));
            firstMissing = DataObject.newUInteger32Data(missing);
            status = DataObject.newEnumerateData(state);
            ready = DataObject.newArrayData(state < 3 ? List.of()
                    : List.of(DataObject.newStructureData(DataObject.newUInteger32Data(image.length),
                            DataObject.newOctetStringData(name), DataObject.newOctetStringData(new byte[0]))));
        }
    }
}
