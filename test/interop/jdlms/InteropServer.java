import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openmuc.jdlms.DlmsServer;
import org.openmuc.jdlms.LogicalDevice;
import org.openmuc.jdlms.sessionlayer.server.ServerSessionLayerFactories;
import org.openmuc.jdlms.settings.client.ReferencingMethod;

/**
 * jDLMS meters: a port for each framing and referencing, on it a logical device for each kind of association, whose
 * address is that of its client. Runs until its standard input ends.
 */
public final class InteropServer {
    private InteropServer() {
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Json.Fields world = Json.parse(in.readLine());
        Map<String, Object> ports = new LinkedHashMap<>();
        for (String framing : List.of("wrapper", "hdlc")) {
            for (String referencing : List.of("ln", "sn")) {
                ports.put(framing + "/" + referencing, serve(world, framing, referencing));
            }
        }
        System.out.println(Json.write(Map.of("ports", ports)));
        while (in.readLine() != null) {
            // Nothing is asked of it.
        }
        System.exit(0);
    }

    private static int serve(Json.Fields world, String framing, String referencing) throws IOException {
        int port = freePort();
        DlmsServer.TcpServerBuilder builder = DlmsServer.tcpServerBuilder(port)
                .setReferencingMethod("ln".equals(referencing) ? ReferencingMethod.LOGICAL : ReferencingMethod.SHORT)
                .setSessionLayerFactory("hdlc".equals(framing)
                        ? ServerSessionLayerFactories.newHdlcSessionLayerFactory()
                        : ServerSessionLayerFactories.newWrapperSessionLayerFactory());
        for (Object each : world.list("kinds")) {
            Json.Fields kind = new Json.Fields((Map<?, ?>) each);
            LogicalDevice device = deviceOf(world, kind);
            if (device != null) {
                builder.registerLogicalDevice(device);
            }
        }
        builder.build();
        return port;
    }

    /** Null for a kind that jDLMS cannot be configured for. */
    private static LogicalDevice deviceOf(Json.Fields world, Json.Fields kind) {
        LogicalDevice device = new LogicalDevice(kind.number("client"), "MTRINTEROP", "MTR", 2);
        device.setMasterKey(new byte[16]);
        try {
            device.addRestriction(kind.number("client"), Security.of(world, kind, false));
        } catch (IOException | IllegalArgumentException unknown) {
            return null;
        }
        device.registerCosemObject(MeterObjects.all(world.fields("facts")));
        return device;
    }

    /** The library takes a port and does not say which one it got. */
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
