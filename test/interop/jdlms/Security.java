import java.io.IOException;
import org.openmuc.jdlms.AuthenticationMechanism;
import org.openmuc.jdlms.SecuritySuite;
import org.openmuc.jdlms.SecuritySuite.EncryptionMechanism;
import org.openmuc.jdlms.SecuritySuite.SecurityPolicy;
import org.openmuc.jdlms.SecuritySuite.SecuritySuiteBuilder;

/** What jDLMS calls a security suite, of a kind of association. */
final class Security {
    private Security() {
    }

    static SecuritySuite of(Json.Fields world, Json.Fields kind, boolean wrong) throws IOException {
        SecuritySuiteBuilder suite = SecuritySuite.builder();
        switch (kind.text("auth")) {
            case "none":
                break;
            case "lls":
                suite.setAuthenticationMechanism(AuthenticationMechanism.LOW);
                suite.setPassword(world.hex(wrong ? "wrongPassword" : "password"));
                break;
            case "hls-gmac":
                suite.setAuthenticationMechanism(AuthenticationMechanism.HLS5_GMAC);
                break;
            default:
                throw new IOException("jDLMS has no mechanism " + kind.text("auth"));
        }
        if (kind.has("suite")) {
            suite.setEncryptionMechanism(EncryptionMechanism.AES_GCM_128);
            suite.setGlobalUnicastEncryptionKey(kind.hex("encryptionKey"));
            suite.setAuthenticationKey(kind.hex(wrong ? "wrongKey" : "authenticationKey"));
            suite.setSecurityPolicy(SecurityPolicy.AUTHENTICATED_AND_ENCRYPTED);
        }
        return suite.build();
    }
}
