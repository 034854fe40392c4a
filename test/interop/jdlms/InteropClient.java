import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.AttributeAddress;
import org.openmuc.jdlms.DlmsConnection;
import org.openmuc.jdlms.GetResult;
import org.openmuc.jdlms.MethodParameter;
import org.openmuc.jdlms.MethodResultCode;
import org.openmuc.jdlms.SelectiveAccessDescription;
import org.openmuc.jdlms.SetParameter;
import org.openmuc.jdlms.TcpConnectionBuilder;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.settings.client.ReferencingMethod;

/**
 * The jDLMS client: reads jobs from standard input, one line of JSON each, and answers each with a line. The first
 * line is the world that both sides share.
 */
public final class InteropClient {
    private static final int TIMEOUT_MS = 5000;
    private static final int LONGEST = 70_000;
    private final Json.Fields world;
    private final Json.Fields facts;
    private final Json.Fields job;
    private final Json.Fields kind;
    private DlmsConnection connection;

    private InteropClient(Json.Fields world, Json.Fields job) {
        this.world = world;
        this.facts = world.fields("facts");
        this.job = job;
        this.kind = world.list("kinds").stream().map(each -> new Json.Fields((Map<?, ?>) each))
                .filter(each -> each.number("client") == job.number("client")).findFirst().orElseThrow();
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Json.Fields world = Json.parse(in.readLine());
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Json.Fields job = Json.parse(line);
            System.out.println(Json.write(Map.of("results", new InteropClient(world, job).run())));
        }
        System.exit(0);
    }

    private Map<String, Object> run() {
        Map<String, Object> results = new LinkedHashMap<>();
        for (Object name : job.list("operations")) {
            try {
                results.put((String) name, Map.of("value", operation((String) name)));
            } catch (Exception error) {
                StackTraceElement place = error.getStackTrace()[0];
                String text = error.getClass().getSimpleName() + ": " + error.getMessage() + " (" + place + ")";
                results.put((String) name, Map.of("error", text));
                close();
            }
        }
        // In a ciphered association jDLMS releases in the clear, which is refused: there the line is closed alone.
        if (connection != null && kind.has("suite")) {
            close();
        }
        else if (connection != null) {
            try {
                connection.disconnect();
            } catch (Exception error) {
                results.put("release", Map.of("error", error.toString()));
            }
        }
        return results;
    }

    private void close() {
        if (connection == null) {
            return;
        }
        try {
            connection.close();
        } catch (IOException error) {
            System.err.println("closing: " + error);
        }
        connection = null;
    }

    private DlmsConnection open(boolean wrong) throws IOException {
        TcpConnectionBuilder builder = new TcpConnectionBuilder(InetAddress.getLoopbackAddress())
                .setPort(job.number("port")).setClientId(kind.number("client")).setLogicalDeviceId(1)
                .setResponseTimeout(TIMEOUT_MS).setChallengeLength(16).setSystemTitle("CLI", 1)
                .setSecuritySuite(Security.of(world, kind, wrong))
                .setReferencingMethod("ln".equals(job.text("referencing")) ? ReferencingMethod.LOGICAL
                        : ReferencingMethod.SHORT);
        return ("hdlc".equals(job.text("framing")) ? builder.useHdlc() : builder.useWrapper()).build();
    }

    private Object operation(String name) throws IOException {
        if (name.equals("wrong secret")) {
            return wrongSecret();
        }
        if (connection == null) {
            connection = open(false);
        }
        return switch (name) {
            case "get" -> get();
            case "list" -> list();
            case "block" -> block();
            case "set" -> set();
            case "action" -> action();
            case "range" -> range();
            case "entry" -> entry();
            case "clock" -> clock();
            case "relay" -> relay();
            case "image" -> image();
            default -> throw new IOException("no operation " + name);
        };
    }

    private String wrongSecret() throws IOException {
        DlmsConnection opened;
        try {
            opened = open(true);
        } catch (IOException | RuntimeException refused) {
            return "refused";
        }
        opened.close();
        return "accepted";
    }

    private Object get() throws IOException {
        List<Object> values = new ArrayList<>();
        for (String name : List.of("energy", "voltage")) {
            values.add(read(3, name, 2));
            values.addAll((List<?>) read(3, name, 3));
        }
        values.add(read(3, "large", 2));
        AccessResultCode missing = connection.get(address(3, "missing", 2)).getResultCode();
        values.add(missing == AccessResultCode.SUCCESS ? "accepted" : "refused");
        return values;
    }

    private Object list() throws IOException {
        DataObject value = DataObject.newUInteger32Data(7);
        List<AccessResultCode> written = connection.set(List.of(new SetParameter(address(1, "writable", 2), value),
                new SetParameter(address(3, "energy", 2), value)));
        must(written.get(0));
        if (written.get(1) == AccessResultCode.SUCCESS) {
            throw new IOException("a register was written");
        }
        MethodParameter reconnect = new MethodParameter(70, obis("relay"), 2, DataObject.newInteger8Data((byte) 0));
        if (connection.action(List.of(reconnect, reconnect)).stream()
                .anyMatch(result -> result.getResultCode() != MethodResultCode.SUCCESS)) {
            throw new IOException("a list of calls was refused");
        }
        List<Object> values = new ArrayList<>();
        for (GetResult result : connection
                .get(List.of(address(3, "energy", 2), address(3, "voltage", 2), address(1, "writable", 2)))) {
            values.add(valueOf(result));
        }
        return values;
    }

    /** A client that takes 65,535 bytes at a time gets blocks only of what is longer. */
    private Object block() throws IOException {
        byte[] longest = HexFormat.of().parseHex((String) read(1, "longest", 2));
        for (int i = 0; i < LONGEST; i++) {
            if (longest.length != LONGEST || longest[i] != (byte) (i % 251)) {
                throw new IOException("the long value is wrong at byte " + i + " of " + longest.length);
            }
        }
        return read(1, "long", 2);
    }

    private Object set() throws IOException {
        Object before = read(1, "writable", 2);
        DataObject value = DataObject.newUInteger32Data(facts.number("written"));
        must(connection.set(new SetParameter(address(1, "writable", 2), value)));
        AccessResultCode fixed = connection.set(new SetParameter(address(3, "energy", 2), value));
        return List.of(before, read(1, "writable", 2), fixed == AccessResultCode.SUCCESS ? "accepted" : "refused");
    }

    private Object action() throws IOException {
        Object before = read(3, "resettable", 2);
        call(9, "scripts", 1, DataObject.newUInteger16Data(1));
        return List.of(before, read(3, "resettable", 2));
    }

    private Object range() throws IOException {
        Json.Fields range = facts.fields("range");
        DataObject restricting = DataObject.newStructureData(DataObject.newUInteger16Data(8),
                DataObject.newOctetStringData(Values.nameBytes(obis("clock"))), DataObject.newInteger8Data((byte) 2),
                DataObject.newUInteger16Data(0));
        DataObject parameter = DataObject.newStructureData(restricting, time(range.text("from")),
                time(range.text("to")), DataObject.newArrayData(new ArrayList<>()));
        return rows(1, parameter);
    }

    private Object entry() throws IOException {
        Json.Fields entries = facts.fields("entries");
        DataObject parameter = DataObject.newStructureData(DataObject.newUInteger32Data(entries.number("from")),
                DataObject.newUInteger32Data(entries.number("to")), DataObject.newUInteger16Data(1),
                DataObject.newUInteger16Data(0));
        return rows(2, parameter);
    }

    private Object rows(int selector, DataObject parameter) throws IOException {
        SelectiveAccessDescription selection = new SelectiveAccessDescription(selector, parameter);
        GetResult result = connection.get(new AttributeAddress(7, obis("profile"), 2, selection));
        must(result.getResultCode());
        List<DataObject> rows = result.getResultData().getValue();
        return rows.stream().map(row -> {
            List<DataObject> cells = row.getValue();
            byte[] at = cells.get(0).getValue();
            return List.of(Values.isoOf(at), Values.plain(cells.get(1)), Values.plain(cells.get(2)));
        }).toList();
    }

    private Object clock() throws IOException {
        Object before = Values.isoOf(HexFormat.of().parseHex((String) read(8, "clock", 2)));
        must(connection.set(new SetParameter(address(8, "clock", 2), time(facts.text("clockAfter")))));
        return List.of(before, Values.isoOf(HexFormat.of().parseHex((String) read(8, "clock", 2))));
    }

    private Object relay() throws IOException {
        List<Object> states = new ArrayList<>();
        for (int method : new int[] { 1, 2 }) {
            call(70, "relay", method, DataObject.newInteger8Data((byte) 0));
            states.add(read(70, "relay", 2));
        }
        return states;
    }

    private Object image() throws IOException {
        byte[] image = facts.hex("image");
        int size = Integer.parseInt((String) read(18, "image", 2));
        byte[] name = facts.text("imageName").getBytes(StandardCharsets.US_ASCII);
        call(18, "image", 1, DataObject.newStructureData(DataObject.newOctetStringData(name),
                DataObject.newUInteger32Data(image.length)));
        for (int number = 0; number * size < image.length; number++) {
            byte[] block = Arrays.copyOfRange(image, number * size, Math.min(image.length, (number + 1) * size));
            call(18, "image", 2, DataObject.newStructureData(DataObject.newUInteger32Data(number),
                    DataObject.newOctetStringData(block)));
        }
        Object missing = read(18, "image", 4);
        call(18, "image", 3, DataObject.newInteger8Data((byte) 0));
        call(18, "image", 4, DataObject.newInteger8Data((byte) 0));
        return List.of(read(18, "image", 6), missing);
    }

    private void call(int classId, String object, int method, DataObject parameter) throws IOException {
        MethodResultCode code = connection.action(new MethodParameter(classId, obis(object), method, parameter))
                .getResultCode();
        if (code != MethodResultCode.SUCCESS) {
            throw new IOException(object + " method " + method + ": " + code);
        }
    }

    private Object read(int classId, String object, int attribute) throws IOException {
        return valueOf(connection.get(address(classId, object, attribute)));
    }

    private static Object valueOf(GetResult result) throws IOException {
        must(result.getResultCode());
        return Values.plain(result.getResultData());
    }

    private static void must(AccessResultCode code) throws IOException {
        if (code != AccessResultCode.SUCCESS) {
            throw new IOException("refused: " + code);
        }
    }

    private AttributeAddress address(int classId, String object, int attribute) {
        return new AttributeAddress(classId, obis(object), attribute);
    }

    private String obis(String object) {
        return facts.fields("obis").text(object);
    }

    private static DataObject time(String iso) {
        return DataObject.newOctetStringData(Values.stamp(Instant.parse(iso)));
    }
}
