import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
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
import org.openmuc.jdlms.TcpConnectionBuilder;
import org.openmuc.jdlms.datatypes.DataObject;

/**
 * A head-end made of the jDLMS client: it looks up the logical devices of a concentrator and, of each meter that is asked for, reads
 * a profile by range and a live register and works the relay, an association each. Reads one job from standard input, answers with
 * one line.
 */
public final class HeadEnd {
    private static final int MANAGEMENT = 1;
    private static final int TIMEOUT_MS = 20_000;
    /** More invocations than one association has. */
    private static final int COUNTERS = 1000;
    private final Json.Fields job;
    private long counter;

    private HeadEnd(Json.Fields job) {
        this.job = job;
        this.counter = job.number("counter");
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println(Json.write(new HeadEnd(Json.parse(in.readLine())).run()));
        System.exit(0);
    }

    private Map<String, Object> run() throws IOException {
        Map<String, Object> saps = saps();
        Map<String, Object> meters = new LinkedHashMap<>();
        for (Object meterNo : job.list("meters")) {
            meters.put((String) meterNo, meter((Integer) saps.get(meterNo)));
        }
        return Map.of("saps", saps, "meters", meters);
    }

    private DlmsConnection associated(int sap) throws IOException {
        Json.Fields kind = job.fields("kind");
        DlmsConnection connection = new TcpConnectionBuilder(InetAddress.getLoopbackAddress())
                .setPort(job.number("port")).setClientId(kind.number("client")).setLogicalDeviceId(sap)
                .setResponseTimeout(TIMEOUT_MS).setChallengeLength(16).setSystemTitle("HES", 1)
                .setFrameCounter(counter).setSecuritySuite(Security.of(job.fields("world"), kind, false)).build();
        counter += COUNTERS;
        return connection;
    }

    private Map<String, Object> saps() throws IOException {
        Map<String, Object> saps = new LinkedHashMap<>();
        try (DlmsConnection connection = associated(MANAGEMENT)) {
            List<DataObject> entries = valueOf(connection.get(new AttributeAddress(17, "0.0.41.0.0.255", 2)))
                    .getValue();
            for (DataObject entry : entries) {
                List<DataObject> pair = entry.getValue();
                Number sap = pair.get(0).getValue();
                saps.put(new String(pair.get(1).<byte[]>getValue(), StandardCharsets.US_ASCII), sap.intValue());
            }
        }
        return saps;
    }

    private Map<String, Object> meter(int sap) throws IOException {
        Json.Fields wanted = job.fields("wanted");
        Map<String, Object> told = new LinkedHashMap<>();
        try (DlmsConnection connection = associated(sap)) {
            byte[] name = valueOf(connection.get(new AttributeAddress(1, "0.0.42.0.0.255", 2))).getValue();
            told.put("name", new String(name, StandardCharsets.US_ASCII));
            told.put("unit", unit(connection, wanted.text("register")));
            told.put("rows", rows(connection, wanted));
            DataObject live = valueOf(connection.get(new AttributeAddress(3, wanted.text("live"), 2)));
            told.put("live", List.of(Values.plain(live), unit(connection, wanted.text("live"))));
            told.put("relay", relay(connection, wanted.text("relay")));
        }
        return told;
    }

    private static int unit(DlmsConnection connection, String obis) throws IOException {
        List<DataObject> scalerUnit = valueOf(connection.get(new AttributeAddress(3, obis, 3))).getValue();
        return scalerUnit.get(1).<Number>getValue().intValue();
    }

    /** Every cell as text; the first is the time. */
    private static List<Object> rows(DlmsConnection connection, Json.Fields wanted) throws IOException {
        DataObject clock = DataObject.newStructureData(DataObject.newUInteger16Data(8),
                DataObject.newOctetStringData(Values.nameBytes("0.0.1.0.0.255")),
                DataObject.newInteger8Data((byte) 2), DataObject.newUInteger16Data(0));
        DataObject range = DataObject.newStructureData(clock, time(wanted.text("from")), time(wanted.text("to")),
                DataObject.newArrayData(new ArrayList<>()));
        SelectiveAccessDescription selection = new SelectiveAccessDescription(1, range);
        List<DataObject> rows = valueOf(
                connection.get(new AttributeAddress(7, wanted.text("profile"), 2, selection))).getValue();
        List<Object> told = new ArrayList<>();
        for (DataObject row : rows) {
            List<DataObject> cells = row.getValue();
            List<Object> texts = new ArrayList<>();
            texts.add(Values.isoOf(cells.get(0).<byte[]>getValue()));
            for (DataObject cell : cells.subList(1, cells.size())) {
                texts.add(Values.plain(cell));
            }
            told.add(texts);
        }
        return told;
    }

    private static List<Object> relay(DlmsConnection connection, String obis) throws IOException {
        List<Object> states = new ArrayList<>();
        for (int method : new int[] { 1, 2 }) {
            MethodResultCode code = connection
                    .action(new MethodParameter(70, obis, method, DataObject.newInteger8Data((byte) 0)))
                    .getResultCode();
            if (code != MethodResultCode.SUCCESS) {
                throw new IOException("the relay refused: " + code);
            }
            states.add(Values.plain(valueOf(connection.get(new AttributeAddress(70, obis, 2)))));
        }
        return states;
    }

    private static DataObject valueOf(GetResult result) throws IOException {
        if (result.getResultCode() != AccessResultCode.SUCCESS) {
            throw new IOException("refused: " + result.getResultCode());
        }
        return result.getResultData();
    }

    private static DataObject time(String iso) {
        return DataObject.newOctetStringData(Values.stamp(Instant.parse(iso)));
    }
}
