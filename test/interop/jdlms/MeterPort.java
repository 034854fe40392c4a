import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.AttributeAddress;
import org.openmuc.jdlms.DlmsConnection;
import org.openmuc.jdlms.GetResult;
import org.openmuc.jdlms.TcpConnectionBuilder;

/** The jDLMS client on a meter's own port: reads one job from standard input, answers with one line. */
public final class MeterPort {
    private static final int TIMEOUT_MS = 20_000;

    private MeterPort() {
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Json.Fields job = Json.parse(in.readLine());
        Json.Fields kind = job.fields("kind");
        try (DlmsConnection connection = new TcpConnectionBuilder(InetAddress.getLoopbackAddress())
                .setPort(job.number("port")).setClientId(kind.number("client")).setLogicalDeviceId(job.number("server"))
                .setResponseTimeout(TIMEOUT_MS).setChallengeLength(16).setSystemTitle("HES", 1)
                .setSecuritySuite(Security.of(job.fields("world"), kind, false)).useWrapper().build()) {
            byte[] name = HexFormat.of().parseHex((String) read(connection, 1, "0.0.42.0.0.255"));
            Object value = read(connection, 3, job.text("register"));
            System.out.println(Json.write(Map.of("name", new String(name, StandardCharsets.US_ASCII), "value", value)));
        }
        System.exit(0);
    }

    private static Object read(DlmsConnection connection, int classId, String obis) throws IOException {
        GetResult result = connection.get(new AttributeAddress(classId, obis, 2));
        if (result.getResultCode() != AccessResultCode.SUCCESS) {
            throw new IOException(obis + ": " + result.getResultCode());
        }
        return Values.plain(result.getResultData());
    }
}
